//! Finds the way from a certificate to an anchor, and says whether it holds.
//!
//! An anchor is trusted because somebody put it where anchors are; what is not an anchor is trusted for its signature alone.
//! Rules: RFC 5280, section 6.1: signatures, times, names, basic constraints and key usage of every certificate on the way.
//! Policies and name constraints are not followed: a certificate that demands it by a critical extension does not hold.
//! Revocation is what the caller leaves out.

use super::certificate::Certificate;
use super::signature::{Text, check};

/// Longest way that is followed, anchor included.
const CHAIN_MAX: usize = 16;
/// Signatures that are checked for one question: certificates with the same names could otherwise be tried in every order.
const CHECKS_MAX: usize = 256;

/// What there is to say of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There is a way to an anchor and it holds.
    Holds,
    /// There is something on the way that does not hold.
    Broken,
    /// Nothing is broken, and there is no way to an anchor.
    NoAnchor,
}

/// One certificate among those that may be on the way.
pub struct Link<'a> {
    /// The certificate.
    pub certificate: Certificate<'a>,
    /// May it end the chain?
    pub anchor: bool,
}

/// Judges every one of `subjects` at a time (seconds since 1970): each must have a way through `links` to an anchor.
/// The links that may be used are `links` and the subjects themselves.
#[must_use]
pub fn judge(subjects: &[Link<'_>], links: &[Link<'_>], at: i64) -> Verdict {
    let mut checks = 0;
    let mut verdict = Verdict::Holds;
    let all: Vec<&Link<'_>> = subjects.iter().chain(links).collect();
    for subject in subjects {
        match follow(subject, &all, at, 0, &mut checks) {
            Verdict::Holds => {}
            Verdict::Broken => return Verdict::Broken,
            Verdict::NoAnchor => verdict = Verdict::NoAnchor,
        }
    }
    verdict
}

fn follow(link: &Link<'_>, all: &[&Link<'_>], at: i64, depth: usize, checks: &mut usize) -> Verdict {
    let certificate = &link.certificate;
    if at < certificate.not_before || at > certificate.not_after || certificate.extensions.demand_too_much() {
        return Verdict::Broken;
    }
    if link.anchor {
        return Verdict::Holds;
    }
    if depth + 1 >= CHAIN_MAX {
        return Verdict::NoAnchor;
    }
    let mut best = Verdict::NoAnchor;
    let (mut issuers, mut signed) = (0, 0);
    for issuer in all {
        let above = &issuer.certificate;
        if above.subject.whole != certificate.issuer.whole || above.whole == certificate.whole {
            continue;
        }
        issuers += 1;
        *checks += 1;
        if *checks > CHECKS_MAX {
            return Verdict::NoAnchor;
        }
        let (algorithm, signature) = (certificate.algorithm, certificate.signature);
        if check(Text::Others, algorithm, above.key, certificate.signed, signature).is_err() {
            continue;
        }
        signed += 1;
        // An anchor may be of a version that has no extensions.
        let old_anchor = issuer.anchor && above.extensions.is_empty();
        if !old_anchor && !above.extensions.may_issue(depth) {
            best = Verdict::Broken;
            continue;
        }
        match follow(issuer, all, at, depth + 1, checks) {
            Verdict::Holds => return Verdict::Holds,
            Verdict::Broken => best = Verdict::Broken,
            Verdict::NoAnchor => {}
        }
    }
    if issuers > 0 && signed == 0 {
        return Verdict::Broken;
    }
    if issuers == 0 && certificate.is_self_issued() {
        // Its own signature can be checked even if nobody vouches for it.
        let (algorithm, signature) = (certificate.algorithm, certificate.signature);
        let own = check(Text::Others, algorithm, certificate.key, certificate.signed, signature);
        return if own.is_ok() { Verdict::NoAnchor } else { Verdict::Broken };
    }
    best
}
