//! The only way from received bytes to a bundle that may be applied.
//!
//! Separate so that whoever holds a [`Verified`] knows that everything here was asked, in this order: signatures,
//! format, audience, source, sequence, chain, time, directives.
//! Trusts: the pins, the caller's clock and high-water mark. Does not trust: whoever brought the bytes.
//! Rules: the crate's header (order).

use crate::bundle::{self, Bundle, BundleDigest, Header, Lane};
use crate::envelope::{self, Received};
use crate::refusal::Refusal;
use crate::signers::Signers;
use holdfast_model::{ApplianceId, ClusterId, Sequence, SourceId, Timestamp};
use serde::{Deserialize, Serialize};

/// The last bundle that this box took: what the next one must build upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HighWater {
    /// Whose chain the box follows.
    pub source: SourceId,
    /// The last sequence.
    pub sequence: Sequence,
    /// The last digest.
    pub digest: BundleDigest,
}

/// What a box demands of a bundle.
#[derive(Clone, Copy)]
pub struct Policy<'a> {
    /// Who may sign.
    pub signers: &'a Signers,
    /// Which cluster this is.
    pub cluster: ClusterId,
    /// Which appliance this is.
    pub appliance: ApplianceId,
    /// What it took last; `None` if it never took one.
    pub high_water: Option<HighWater>,
}

/// Proof that something was verified; only this module makes one.
///
/// ```compile_fail
/// fn forge(bundle: holdfast_orbital::Bundle) -> holdfast_orbital::Verified<holdfast_orbital::Bundle> {
///     holdfast_orbital::Verified { content: bundle }
/// }
/// ```
pub struct Verified<T> {
    content: T,
    received: Received,
    digest: BundleDigest,
    signed_by: Vec<String>,
    skipped: bool,
}

impl<T> Verified<T> {
    /// What was verified.
    pub const fn content(&self) -> &T {
        &self.content
    }

    /// The exact bytes, to be kept for [`verify_stored`].
    pub const fn received(&self) -> &Received {
        &self.received
    }

    /// Digest of the payload: what the next bundle must name.
    pub const fn digest(&self) -> BundleDigest {
        self.digest
    }

    /// Names of the distinct signers, in the order of their signatures.
    pub fn signed_by(&self) -> &[String] {
        &self.signed_by
    }

    /// Did it (in lane 0) jump over bundles that this box has not seen and will never take?
    pub const fn skipped(&self) -> bool {
        self.skipped
    }
}

impl Verified<Bundle> {
    /// The mark after this bundle: make it durable together with what the bundle changes.
    #[must_use]
    pub const fn high_water(&self) -> HighWater {
        let header = &self.content.header;
        HighWater { source: header.source, sequence: header.sequence, digest: self.digest }
    }
}

/// Verifies a bundle that arrives now.
///
/// # Errors
/// The first [`Refusal`] that applies. The bundle is refused whole and its bytes are gone.
pub fn verify(received: Received, policy: &Policy<'_>, now: Timestamp) -> Result<Verified<Bundle>, Refusal> {
    judge(received, policy, Some(now))
}

/// Verifies a bundle from the box's own log at start: everything but the time window, in which it was taken then.
///
/// `policy.high_water` is the mark after the bundle before it in the log; a log with a bundle changed, missing or
/// moved is found out, except for the last ones missing, which the mark kept elsewhere tells.
///
/// # Errors
/// Like [`verify`], without [`Refusal::NotYetValid`] and [`Refusal::Expired`].
pub fn verify_stored(received: Received, policy: &Policy<'_>) -> Result<Verified<Bundle>, Refusal> {
    judge(received, policy, None)
}

/// What can be known of a bundle without the box's history: enough to put it in a queue, not to apply it.
///
/// ```compile_fail
/// fn apply(_: holdfast_orbital::Verified<holdfast_orbital::Bundle>) {}
/// fn hurry(checked: holdfast_orbital::Checked) { apply(checked) }
/// ```
pub struct Checked {
    received: Received,
    header: Header,
    digest: BundleDigest,
}

impl Checked {
    /// The exact bytes.
    #[must_use]
    pub const fn received(&self) -> &Received {
        &self.received
    }

    /// The header, which is signed.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Digest of the payload.
    #[must_use]
    pub const fn digest(&self) -> BundleDigest {
        self.digest
    }
}

/// Checks all that [`verify`] checks except source, sequence and chain; `policy.high_water` is not looked at.
///
/// # Errors
/// The first [`Refusal`] that applies.
pub fn inspect(received: Received, policy: &Policy<'_>, now: Timestamp) -> Result<Checked, Refusal> {
    let authentic = envelope::authenticate(&received, policy.signers)?;
    let opened = bundle::open(&authentic.payload)?;
    opened.header.is_for(policy)?;
    opened.header.is_in_time(now)?;
    let header = opened.bundle()?.header;
    Ok(Checked { received, header, digest: BundleDigest::of(&authentic.payload) })
}

fn judge(
    received: Received,
    policy: &Policy<'_>,
    now: Option<Timestamp>,
) -> Result<Verified<Bundle>, Refusal> {
    let authentic = envelope::authenticate(&received, policy.signers)?;
    let digest = BundleDigest::of(&authentic.payload);
    let opened = bundle::open(&authentic.payload)?;
    opened.header.is_for(policy)?;
    let skipped = opened.header.follows(policy.high_water.as_ref(), digest)?;
    if let Some(now) = now {
        opened.header.is_in_time(now)?;
    }
    Ok(Verified { content: opened.bundle()?, received, digest, signed_by: authentic.signed_by, skipped })
}

impl Header {
    fn is_for(&self, policy: &Policy<'_>) -> Result<(), Refusal> {
        let meant = self.cluster == policy.cluster && self.appliances.contains(&policy.appliance);
        if meant { Ok(()) } else { Err(Refusal::AnotherBox) }
    }

    /// Does it build upon the last bundle? `true` if it jumps over some.
    fn follows(&self, last: Option<&HighWater>, digest: BundleDigest) -> Result<bool, Refusal> {
        let Some(last) = last else {
            return if self.previous == BundleDigest::NONE { Ok(false) } else { Err(Refusal::BrokenChain) };
        };
        if self.source != last.source {
            return Err(Refusal::AnotherSource);
        }
        if self.sequence <= last.sequence {
            return Err(if digest == last.digest { Refusal::Replayed } else { Refusal::Stale });
        }
        match (self.previous == last.digest, self.lane) {
            (true, _) => Ok(false),
            (false, Lane::Critical) => Ok(true),
            (false, Lane::High | Lane::Standard) => Err(Refusal::BrokenChain),
        }
    }

    fn is_in_time(&self, now: Timestamp) -> Result<(), Refusal> {
        if now < self.not_before || now < self.issued_at {
            return Err(Refusal::NotYetValid);
        }
        if now >= self.not_after { Err(Refusal::Expired) } else { Ok(()) }
    }
}
