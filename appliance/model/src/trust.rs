//! Who a client is: from its certificate and from trust rules alone, never from a request.
//!
//! The frontend and `core` both resolve with the same function over the same rules. A client that no rule
//! names is nobody.

use crate::{Fingerprint, ServiceId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// What the frontend learnt of a peer whose certificate chain it has verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerCertificate {
    /// SHA-256 of the trust anchor that the chain ended in.
    pub anchor: Fingerprint,
    /// SHA-256 of the client's own certificate.
    pub leaf: Fingerprint,
    /// Subject common name, if there is exactly one.
    pub common_name: Option<String>,
    /// Subject organisation (O), if there is exactly one.
    pub organization: Option<String>,
    /// The certificate is worthless from here on, also on a connection that is already open.
    pub not_after: Timestamp,
}

/// How a rule finds the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Realm {
    /// The CA is the tenant's own: whoever it certifies belongs to the tenant.
    Own,
    /// The CA is shared: the subject organisation must be the tenant's name.
    Shared,
}

/// One rule of a `client.trust` directive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustRule {
    /// Whom the client acts for.
    pub tenant: TenantId,
    /// Which of the tenant's services it uses.
    pub service: ServiceId,
    /// The CA certificate in DER.
    pub anchor_der: Vec<u8>,
    /// SHA-256 of `anchor_der`.
    pub anchor: Fingerprint,
    /// How the tenant is found.
    pub realm: Realm,
    /// If not empty, only these common names.
    pub common_names: Vec<String>,
    /// What the client may do at most.
    pub permission: Permission,
}

/// What a trusted client may do at most; policy may narrow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Permission {
    /// Locate and look at attributes.
    Observe,
    /// Also use keys: encrypt, decrypt, sign, verify.
    Use,
    /// Also create, change, fetch and destroy.
    Manage,
}

/// The tenant and service that a verified peer acts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Whom it acts for.
    pub tenant: TenantId,
    /// Which service it uses.
    pub service: ServiceId,
    /// What it may do at most.
    pub permission: Permission,
    /// SHA-256 of its certificate: who it is in the audit log.
    pub client: Fingerprint,
    /// When it stops being anybody.
    pub not_after: Timestamp,
}

/// Finds the identity of a verified peer: the first rule that names it.
///
/// Deny by default: no rule, an expired certificate, or a shared CA without the tenant's name give `None`.
#[must_use]
pub fn resolve<'r>(
    rules: impl IntoIterator<Item = &'r TrustRule>,
    peer: &PeerCertificate,
    now: Timestamp,
) -> Option<Identity> {
    if now >= peer.not_after {
        return None;
    }
    let names = |rule: &TrustRule| {
        let realm = match rule.realm {
            Realm::Own => true,
            Realm::Shared => peer.organization.as_deref() == Some(rule.tenant.as_str()),
        };
        let name = rule.common_names.is_empty()
            || peer.common_name.as_ref().is_some_and(|name| rule.common_names.contains(name));
        rule.anchor == peer.anchor && realm && name
    };
    rules.into_iter().find(|rule| names(rule)).map(|rule| Identity {
        tenant: rule.tenant,
        service: rule.service,
        permission: rule.permission,
        client: peer.leaf,
        not_after: peer.not_after,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(realm: Realm, names: &[&str]) -> TrustRule {
        TrustRule {
            tenant: TenantId::parse("acme").unwrap(),
            service: ServiceId::parse("db").unwrap(),
            anchor_der: Vec::new(),
            anchor: Fingerprint([1; 32]),
            realm,
            common_names: names.iter().map(|n| (*n).to_owned()).collect(),
            permission: Permission::Manage,
        }
    }

    fn peer(organization: Option<&str>) -> PeerCertificate {
        PeerCertificate {
            anchor: Fingerprint([1; 32]),
            leaf: Fingerprint([2; 32]),
            common_name: Some("client".to_owned()),
            organization: organization.map(str::to_owned),
            not_after: Timestamp::from_millis(100),
        }
    }

    fn found(rule: &TrustRule, peer: &PeerCertificate, now: u64) -> bool {
        resolve([rule], peer, Timestamp::from_millis(now)).is_some()
    }

    #[test]
    fn a_client_of_the_tenants_own_ca_is_the_tenants() {
        assert!(found(&rule(Realm::Own, &[]), &peer(None), 1));
    }

    #[test]
    fn a_client_of_another_ca_is_nobody() {
        let stranger = PeerCertificate { anchor: Fingerprint([9; 32]), ..peer(Some("acme")) };
        assert!(!found(&rule(Realm::Own, &[]), &stranger, 1));
        assert!(!found(&rule(Realm::Shared, &[]), &stranger, 1));
    }

    #[test]
    fn under_a_shared_ca_only_the_named_tenant_counts() {
        assert!(found(&rule(Realm::Shared, &[]), &peer(Some("acme")), 1));
        assert!(!found(&rule(Realm::Shared, &[]), &peer(Some("globex")), 1));
        assert!(!found(&rule(Realm::Shared, &[]), &peer(None), 1));
    }

    #[test]
    fn an_expired_client_is_nobody_even_on_an_open_connection() {
        assert!(!found(&rule(Realm::Own, &[]), &peer(None), 100));
    }

    #[test]
    fn a_rule_with_names_admits_those_alone() {
        assert!(found(&rule(Realm::Own, &["client"]), &peer(None), 1));
        assert!(!found(&rule(Realm::Own, &["other"]), &peer(None), 1));
    }
}
