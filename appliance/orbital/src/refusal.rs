//! Why a bundle was refused: a fixed word for receipts and the audit log, a sentence for people.

/// Why a bundle was refused. It was refused whole; nothing of it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// More bytes than a bundle may have.
    #[error("the bundle is larger than 1 MiB: split it")]
    TooLarge,
    /// Not COSE_Sign over deterministic CBOR, or not the fields of a bundle.
    #[error("not a bundle: {0}")]
    Malformed(&'static str),
    /// A header that must be understood (COSE `crit`) and is not.
    #[error("a signature demands a header parameter that this box does not know (crit)")]
    UnknownCritical,
    /// A signature with another algorithm than ES256.
    #[error("a signature is not ES256, or its algorithm is not protected")]
    Algorithm,
    /// A signature by somebody who is not pinned here.
    #[error("a signature is by a signer who is not pinned on this box")]
    UnknownSigner,
    /// A signature that does not match.
    #[error("a signature does not match: the bundle was changed, or made by somebody else")]
    Forged,
    /// Good signatures, but of too few distinct signers.
    #[error("signed by {had} of the {needed} signers needed: let another one sign it too")]
    NotEnoughSigners {
        /// Distinct pinned signers.
        had: usize,
        /// Wanted.
        needed: usize,
    },
    /// A format version that this box does not know.
    #[error("the bundle has a format version that this box does not know: update the box or re-issue it")]
    UnknownFormat,
    /// For another cluster or appliance.
    #[error("the bundle is for another cluster or appliance")]
    AnotherBox,
    /// From another source than the one whose chain this box follows.
    #[error("the bundle is from another source than the one this box follows")]
    AnotherSource,
    /// The very bundle that was taken last.
    #[error("the bundle has been applied already")]
    Replayed,
    /// Not newer than what was taken last.
    #[error("the bundle's sequence is not newer than the last one's: re-issue it with a larger sequence")]
    Stale,
    /// The bundle before this one was not applied here.
    #[error(
        "the bundle before this one has not been applied here: carry it first, or re-issue this one on top of the last receipt"
    )]
    BrokenChain,
    /// Before its time, or issued in the future.
    #[error("the bundle's time has not come: wait, or check the clock of the box")]
    NotYetValid,
    /// After its time.
    #[error("the bundle's time is over: issue a new one")]
    Expired,
    /// A directive that this box does not know.
    #[error("directive {0} is of a type that this box does not know")]
    UnknownDirective(usize),
    /// A directive in a faster lane than its own.
    #[error("directive {0} may not travel in so fast a lane")]
    WrongLane(usize),
    /// A directive that makes no sense.
    #[error("directive {index}: {what}")]
    Senseless {
        /// Position in the bundle, from 0.
        index: usize,
        /// What is wrong.
        what: &'static str,
    },
}

/// Every word that [`Refusal::word`] gives.
const WORDS: [&str; 18] = [
    "too-large",
    "malformed",
    "unknown-critical",
    "wrong-algorithm",
    "unknown-signer",
    "forged",
    "not-enough-signers",
    "unknown-format",
    "another-box",
    "another-source",
    "replayed",
    "stale",
    "broken-chain",
    "not-yet-valid",
    "expired",
    "unknown-directive",
    "wrong-lane",
    "senseless-directive",
];

impl Refusal {
    /// The fixed word that somebody less trusted has sent as text; None if it is none of ours.
    #[must_use]
    pub fn known_word(text: &str) -> Option<&'static str> {
        WORDS.into_iter().find(|word| *word == text)
    }

    /// The fixed word in receipts, metrics and the audit log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::Malformed(_) => "malformed",
            Self::UnknownCritical => "unknown-critical",
            Self::Algorithm => "wrong-algorithm",
            Self::UnknownSigner => "unknown-signer",
            Self::Forged => "forged",
            Self::NotEnoughSigners { .. } => "not-enough-signers",
            Self::UnknownFormat => "unknown-format",
            Self::AnotherBox => "another-box",
            Self::AnotherSource => "another-source",
            Self::Replayed => "replayed",
            Self::Stale => "stale",
            Self::BrokenChain => "broken-chain",
            Self::NotYetValid => "not-yet-valid",
            Self::Expired => "expired",
            Self::UnknownDirective(_) => "unknown-directive",
            Self::WrongLane(_) => "wrong-lane",
            Self::Senseless { .. } => "senseless-directive",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_word_of_its_own_that_is_known_again_and_no_other_text_is() {
        let all = [
            Refusal::TooLarge,
            Refusal::Malformed(""),
            Refusal::UnknownCritical,
            Refusal::Algorithm,
            Refusal::UnknownSigner,
            Refusal::Forged,
            Refusal::NotEnoughSigners { had: 0, needed: 1 },
            Refusal::UnknownFormat,
            Refusal::AnotherBox,
            Refusal::AnotherSource,
            Refusal::Replayed,
            Refusal::Stale,
            Refusal::BrokenChain,
            Refusal::NotYetValid,
            Refusal::Expired,
            Refusal::UnknownDirective(0),
            Refusal::WrongLane(0),
            Refusal::Senseless { index: 0, what: "" },
        ];
        assert_eq!(all.map(Refusal::word), WORDS);
        for word in WORDS {
            assert_eq!(Refusal::known_word(word), Some(word));
            assert_eq!(WORDS.into_iter().filter(|other| *other == word).count(), 1);
        }
        assert_eq!(Refusal::known_word("forged "), None);
        assert_eq!(Refusal::known_word("a secret from outside"), None);
    }
}
