//! Who is trusted, as core said last: decides which client certificates are admitted, and as whom.
//!
//! Separate from the TLS library's trait so that the decision can be tested without a handshake.
//! Trusts: core, for the rules. Does not trust: anything in the certificates until a path to one anchor is verified.
//! Rules: RFC 5280, section 6 (by `webpki`); `model::trust::resolve`.

use super::peer;
use holdfast_model::limits::{CLIENT_CHAIN_MAX, SAME_NAME_ANCHORS_MAX};
use holdfast_model::trust::{Identity, PeerCertificate, TrustRule, resolve};
use holdfast_model::{Fingerprint, Generation, TenantId, Timestamp};
use holdfast_ports::edge::Rejection;
use rustls::CertificateError;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use std::collections::HashMap;
use webpki::{EndEntityCert, KeyUsage};

/// The rules in force, by anchor, and the box's own certificate chain.
pub(crate) struct Trust {
    /// Which start of core said so.
    pub(crate) generation: Generation,
    /// The server certificate chain, leaf first.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    rules: HashMap<Fingerprint, Vec<TrustRule>>,
    /// Anchors by the name of the CA. Several may have the same.
    anchors: HashMap<Vec<u8>, Vec<Anchor>>,
}

struct Anchor {
    fingerprint: Fingerprint,
    subject_key: Option<Vec<u8>>,
    anchor: TrustAnchor<'static>,
}

/// A client that may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// What core is told.
    pub(crate) peer: PeerCertificate,
    /// Who it is by the rules of that moment.
    pub(crate) identity: Identity,
}

/// A client that may not, for the audit log and for its own ears.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) why: Rejection,
    pub(crate) alert: CertificateError,
}

impl Trust {
    /// Sorts what core said. An anchor that is no certificate admits nobody.
    pub(crate) fn new(generation: Generation, rules: Vec<TrustRule>, chain: Vec<Vec<u8>>) -> Self {
        let mut trust = Self {
            generation,
            chain: chain.into_iter().map(CertificateDer::from).collect(),
            rules: HashMap::new(),
            anchors: HashMap::new(),
        };
        for rule in rules {
            trust.add_anchor(&rule);
            trust.rules.entry(rule.anchor).or_default().push(rule);
        }
        trust
    }

    fn add_anchor(&mut self, rule: &TrustRule) {
        if self.rules.contains_key(&rule.anchor) {
            return;
        }
        let der = CertificateDer::from_slice(&rule.anchor_der);
        // Core names the anchor; that the name is this certificate's must not be taken on trust.
        let named = peer::fingerprint(&der) == rule.anchor;
        let (true, Ok(anchor)) = (named, webpki::anchor_from_trusted_cert(&der)) else {
            tracing::warn!(tenant = %rule.tenant, anchor = %rule.anchor, "trust-anchor-unusable");
            return;
        };
        let anchor = Anchor {
            fingerprint: rule.anchor,
            subject_key: peer::subject_key(&der),
            anchor: anchor.to_owned(),
        };
        self.anchors.entry(anchor.anchor.subject.to_vec()).or_default().push(anchor);
    }

    /// Does any rule name this tenant?
    pub(crate) fn names(&self, tenant: &TenantId) -> bool {
        self.rules.values().flatten().any(|rule| rule.tenant == *tenant)
    }

    /// Who a client is now.
    pub(crate) fn resolve(&self, peer: &PeerCertificate, now: Timestamp) -> Option<Identity> {
        resolve(self.rules.get(&peer.anchor)?, peer, now)
    }

    /// Decides about the certificates that a client shows: `leaf` is its own, `others` may lead to an anchor.
    ///
    /// Possession of the private key is not decided here.
    pub(crate) fn admit(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        algorithms: WebPkiSupportedAlgorithms,
        now: UnixTime,
    ) -> Result<Admitted, Refused> {
        let malformed = Refused { why: Rejection::BadCertificate, alert: CertificateError::BadEncoding };
        if others.len() >= CLIENT_CHAIN_MAX {
            return Err(malformed);
        }
        let client = EndEntityCert::try_from(leaf).map_err(|_| malformed.clone())?;
        let subject = peer::subject(leaf).ok_or(malformed)?;
        let mut refused = Refused { why: Rejection::UnknownIssuer, alert: CertificateError::UnknownIssuer };
        for candidate in self.candidates(leaf, others).take(SAME_NAME_ANCHORS_MAX) {
            let anchors = core::slice::from_ref(&candidate.anchor);
            let path = client.verify_for_usage(
                algorithms.all,
                anchors,
                others,
                now,
                KeyUsage::client_auth(),
                None,
                None,
            );
            let path = match path {
                Ok(path) => path,
                Err(error) => {
                    refused = refused.or(refusal(&error));
                    continue;
                }
            };
            let ends = path.intermediate_certificates().filter_map(|c| peer::not_after(&c.der()));
            let peer = PeerCertificate {
                anchor: candidate.fingerprint,
                leaf: peer::fingerprint(leaf),
                common_name: subject.common_name.clone(),
                organization: subject.organization.clone(),
                not_after: ends.fold(subject.not_after, Ord::min),
            };
            match self.resolve(&peer, Timestamp::from_millis(now.as_secs().saturating_mul(1000))) {
                Some(identity) => return Ok(Admitted { peer, identity }),
                None => {
                    let alert = CertificateError::ApplicationVerificationFailure;
                    refused = refused.or(Refused { why: Rejection::NoRule, alert });
                }
            }
        }
        Err(refused)
    }

    /// Anchors that may have signed one of these certificates, by name and, where both say, by key.
    fn candidates<'t>(
        &'t self,
        leaf: &'t CertificateDer<'t>,
        others: &'t [CertificateDer<'t>],
    ) -> impl Iterator<Item = &'t Anchor> {
        core::iter::once(leaf).chain(others).flat_map(move |der| {
            let named = EndEntityCert::try_from(der).ok().and_then(|c| self.anchors.get(c.issuer()));
            let key = named.and_then(|_| peer::authority_key(der));
            named.into_iter().flatten().filter(move |anchor| match (&key, &anchor.subject_key) {
                (Some(wanted), Some(has)) => wanted == has,
                _ => true,
            })
        })
    }
}

impl Refused {
    /// Of two reasons the one that says more: that an issuer is unknown is true of every other anchor as well.
    fn or(self, other: Self) -> Self {
        if other.why == Rejection::UnknownIssuer { self } else { other }
    }
}

fn refusal(error: &webpki::Error) -> Refused {
    use webpki::Error as E;
    let (why, alert) = match error {
        E::UnknownIssuer => (Rejection::UnknownIssuer, CertificateError::UnknownIssuer),
        E::CertExpired { .. } => (Rejection::Expired, CertificateError::Expired),
        E::CertNotValidYet { .. } => (Rejection::Expired, CertificateError::NotValidYet),
        E::InvalidSignatureForPublicKey => (Rejection::BadCertificate, CertificateError::BadSignature),
        E::RequiredEkuNotFoundContext(_) => (Rejection::BadCertificate, CertificateError::InvalidPurpose),
        _ => (Rejection::BadCertificate, CertificateError::BadEncoding),
    };
    Refused { why, alert }
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
