//! `client.trust`: clients that this CA certifies act for that tenant and service.
//!
//! A rule for the same CA, tenant, service and realm replaces the former one: names and permission can be changed.

use super::{Governance, Unfit};
use holdfast_model::limits::TRUST_RULES_MAX;
use holdfast_model::trust::TrustRule;

pub(super) fn apply(state: &mut Governance, rule: &TrustRule) -> Result<(), Unfit> {
    if !state.orders_of(rule.tenant)?.services().contains(&rule.service) {
        return Err(Unfit::UnknownService);
    }
    let same = |other: &TrustRule| {
        (other.anchor, other.tenant, other.service, other.realm)
            == (rule.anchor, rule.tenant, rule.service, rule.realm)
    };
    if let Some(former) = state.trust.iter_mut().find(|other| same(other)) {
        *former = rule.clone();
        return Ok(());
    }
    if state.trust.len() >= TRUST_RULES_MAX {
        return Err(Unfit::Limit);
    }
    state.trust.push(rule.clone());
    Ok(())
}
