//! Cryptographic operations that come in parts: what is between two parts, by its correlation value.
//!
//! Separate because it outlives a request, and belongs to a tenant. A part takes its stream out and puts it back: a
//! stream that failed is gone, and two parts of one stream never run at once. Bounded in number, bytes and idle time;
//! wiped when it is dropped, and with the tenant's keys.
//! Rules: KMIP 1.4, sections 4.29 to 4.34 and 4.37 (Correlation Value, Init Indicator, Final Indicator).

use super::flow::Flow;
use super::message::Message;
use crate::crypto::asymmetric::Scheme;
use crate::crypto::mac::Mac;
use core::cell::RefCell;
use hardening::hash::Digest;
use holdfast_model::limits::{STREAM_BYTES_PER_TENANT_MAX, STREAM_IDLE_MAX, STREAMS_PER_TENANT_MAX};
use holdfast_model::trust::Identity;
use holdfast_model::{Fingerprint, ObjectId, ServiceId, Timestamp};
use kmip::enums::Operation;
use kmip::result::Refusal;
use std::collections::BTreeMap;

/// What a client names a stream, or a request under way, by. Nobody can guess it.
pub(crate) type Correlation = [u8; 16];

/// What has come so far.
pub(crate) enum Work {
    /// Of Hash.
    Hash(Digest),
    /// Of MAC.
    Mac(Mac),
    /// Of MAC Verify, with the MAC that was given so far.
    CheckMac(Mac, Vec<u8>),
    /// Of Sign and Signature Verify, with the signature that was given so far.
    Signature(Scheme, Message, Vec<u8>),
    /// Of Encrypt and Decrypt.
    Cipher(Box<Flow>),
    /// Of PKCS#11: a library that a client began to use.
    Library,
}

impl Work {
    /// Bytes that are held, beside a few hundred that every stream has.
    fn bytes(&self) -> usize {
        match self {
            Self::Hash(_) | Self::Mac(_) | Self::Library => 0,
            Self::CheckMac(_, given) => given.len(),
            Self::Signature(_, message, given) => message.bytes().saturating_add(given.len()),
            Self::Cipher(flow) => flow.bytes(),
        }
    }
}

/// Whose a stream is: another client of the same tenant has no part in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    service: ServiceId,
    client: Fingerprint,
}

impl Owner {
    pub(crate) const fn of(identity: &Identity) -> Self {
        Self { service: identity.service, client: identity.client }
    }
}

/// One operation under way.
pub(crate) struct Stream {
    /// Whose.
    pub(crate) owner: Owner,
    /// Which operation.
    pub(crate) operation: Operation,
    /// With which key; Hash has none.
    pub(crate) object: Option<ObjectId>,
    /// What has come so far.
    pub(crate) work: Work,
}

struct Kept {
    stream: Stream,
    bytes: usize,
    touched: Timestamp,
}

/// The streams of one tenant.
#[derive(Default)]
pub struct Streams {
    kept: RefCell<BTreeMap<Correlation, Kept>>,
}

impl Streams {
    /// Takes a stream out, to go on with it.
    ///
    /// # Errors
    /// [`Refusal::InvalidCorrelationValue`]: not there, not the client's, of another operation or key.
    pub(crate) fn take(
        &self,
        correlation: &[u8],
        (owner, operation, object): (Owner, Operation, Option<ObjectId>),
        now: Timestamp,
    ) -> Result<(Correlation, Stream), Refusal> {
        self.forget_idle(now);
        let correlation = Correlation::try_from(correlation).map_err(|_| Refusal::InvalidCorrelationValue)?;
        let mut kept = self.kept.borrow_mut();
        let fits = kept.get(&correlation).is_some_and(|kept| {
            let stream = &kept.stream;
            let same_key = object.is_none() || stream.object == object;
            stream.owner == owner && stream.operation == operation && same_key
        });
        let found = if fits { kept.remove(&correlation) } else { None };
        found.map(|kept| (correlation, kept.stream)).ok_or(Refusal::InvalidCorrelationValue)
    }

    /// Keeps a stream until its next part.
    ///
    /// # Errors
    /// [`Refusal::ServerLimit`]: the tenant has as many streams, or as many bytes in them, as it may; this one is wiped.
    pub(crate) fn keep(
        &self,
        correlation: Correlation,
        stream: Stream,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.forget_idle(now);
        let bytes = stream.work.bytes();
        let mut kept = self.kept.borrow_mut();
        let held: usize = kept.values().map(|kept| kept.bytes).sum();
        if kept.len() >= STREAMS_PER_TENANT_MAX || held.saturating_add(bytes) > STREAM_BYTES_PER_TENANT_MAX {
            return Err(Refusal::ServerLimit);
        }
        kept.insert(correlation, Kept { stream, bytes, touched: now });
        Ok(())
    }

    /// Wipes all.
    pub fn clear(&self) {
        self.kept.borrow_mut().clear();
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.borrow().len()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.borrow().is_empty()
    }

    fn forget_idle(&self, now: Timestamp) {
        self.kept.borrow_mut().retain(|_, kept| now <= kept.touched.after(STREAM_IDLE_MAX));
    }
}
