//! Which part of a stream a request is, and what becomes of the stream after it.
//!
//! Rules: KMIP 1.4, sections 4.29 to 4.34 and 4.37.

use super::call::Call;
use super::streams::{Correlation, Owner, Stream, Work};
use crate::request::of_scope;
use crate::scope::Scope;
use holdfast_model::ObjectId;
use kmip::identifier::{Data, Identifier};
use kmip::result::Refusal;

/// Which part.
pub(super) enum Part {
    /// All there is.
    Whole,
    /// The first of several.
    First,
    /// Another one.
    Next {
        /// Of which stream.
        correlation: Correlation,
        /// The stream.
        stream: Stream,
        /// The last one?
        last: bool,
    },
}

/// Reads the three fields that tell.
///
/// # Errors
/// [`Refusal::InvalidField`] for fields that contradict each other; [`Refusal::InvalidCorrelationValue`].
pub(super) fn part<S: Scope>(
    call: &Call<'_, S>,
    correlation: Option<&[u8]>,
    (init, last): (Option<bool>, Option<bool>),
    object: Option<ObjectId>,
) -> Result<Part, Refusal> {
    let (init, last) = (init == Some(true), last == Some(true));
    match correlation {
        None if init && !last => Ok(Part::First),
        None => Ok(Part::Whole),
        Some(_) if init => Err(Refusal::InvalidField),
        Some(correlation) => {
            let owner = Owner::of(call.scope.identity());
            let whose = (owner, call.operation, object);
            let (correlation, stream) = call.scope.streams().take(correlation, whose, call.scope.now())?;
            Ok(Part::Next { correlation, stream, last })
        }
    }
}

/// The key that a part is about: named, or that of the stream, or the placeholder's.
///
/// # Errors
/// As `Call::identify`.
pub(super) fn named<S: Scope>(
    call: &Call<'_, S>,
    identifier: Option<Identifier<'_>>,
    correlation: Option<&[u8]>,
) -> Result<Option<ObjectId>, Refusal> {
    match (identifier, correlation) {
        (None, Some(_)) => Ok(None),
        _ => call.identify(identifier).map(Some),
    }
}

/// Begins a stream.
///
/// # Errors
/// [`Refusal::ServerLimit`], and what the scope says of its generator.
pub(super) fn begin<S: Scope>(
    call: &Call<'_, S>,
    object: Option<ObjectId>,
    work: Work,
) -> Result<Correlation, Refusal> {
    let mut correlation = Correlation::default();
    call.scope.random(&mut correlation).map_err(of_scope)?;
    let stream = Stream { owner: Owner::of(call.scope.identity()), operation: call.operation, object, work };
    call.scope.streams().keep(correlation, stream, call.scope.now())?;
    Ok(correlation)
}

/// Keeps a stream for its next part.
///
/// # Errors
/// [`Refusal::ServerLimit`].
pub(super) fn go_on<S: Scope>(
    call: &Call<'_, S>,
    correlation: Correlation,
    object: Option<ObjectId>,
    work: Work,
) -> Result<Option<Correlation>, Refusal> {
    let stream = Stream { owner: Owner::of(call.scope.identity()), operation: call.operation, object, work };
    call.scope.streams().keep(correlation, stream, call.scope.now())?;
    Ok(Some(correlation))
}

/// The data of a part: the first and those after it may have none.
///
/// # Errors
/// [`Refusal::InvalidMessage`] where there must be some; [`Refusal::MissingData`] for data of earlier items that there are none of.
pub(super) fn data_of<'a>(data: Option<Data<'a>>, part: &Part) -> Result<&'a [u8], Refusal> {
    match (data, part) {
        (None, Part::Whole) => Err(Refusal::InvalidMessage),
        (None, Part::First | Part::Next { .. }) => Ok(&[]),
        (Some(data), _) => data.bytes().ok_or(Refusal::MissingData),
    }
}
