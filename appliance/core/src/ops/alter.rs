//! Whether a client may change or delete an attribute of an object, and what follows when it does.
//!
//! Rules: the rows "Modifiable by client" and "Deletable by client" of KMIP 1.4, section 3, and of 2.1, section 4.

use super::birth::LEASE_SECONDS;
use super::rules::{INSTANCES_MAX, rule_of, well_formed};
use super::usage::limits_of;
use crate::managed::{Life, Managed, is_token_attribute};
use holdfast_model::Timestamp;
use kmip::attribute::{
    Attribute, AttributeName, AttributeValue, Change, Rule, SERVER_VENDOR, SetBy, UsageLimits,
};
use kmip::mask::CryptographicUsageMask;
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::version::Version;

/// The rule of an attribute that this object may have, if a client may touch the object at all.
///
/// # Errors
/// [`Refusal::Archived`], [`Refusal::Destroyed`], [`Refusal::UnknownAttribute`], [`Refusal::ConstraintViolation`].
pub(super) fn open(
    managed: &Managed,
    name: &AttributeName<'_>,
    version: Version,
    now: Timestamp,
) -> Result<&'static Rule, Refusal> {
    if managed.is_archived() {
        return Err(Refusal::Archived);
    }
    if managed.state(now).is_destroyed() {
        return Err(Refusal::Destroyed);
    }
    managed.may_be_modified()?;
    rule_of(name, version)
}

/// May a client change this attribute now?
///
/// # Errors
/// [`Refusal::AttributeReadOnly`], [`Refusal::WrongState`], [`Refusal::PermissionDenied`].
pub(super) fn may_change(
    managed: &Managed,
    name: &AttributeName<'_>,
    change: Change,
    now: Timestamp,
) -> Result<(), Refusal> {
    let state = managed.state(now);
    let usable = matches!(state, Life::PreActive | Life::Active);
    let allow = |allowed: bool, refusal| if allowed { Ok(()) } else { Err(refusal) };
    match change {
        Change::No => Err(Refusal::AttributeReadOnly),
        Change::Yes | Change::IfDataOmitted => Ok(()),
        Change::WhilePreActive => allow(state == Life::PreActive, Refusal::WrongState),
        Change::WhilePreActiveOrActive => allow(usable, Refusal::WrongState),
        Change::UntilReached => {
            let date = name.tag().and_then(|tag| managed.date(tag));
            allow(usable && date.is_none_or(|date| date > now.seconds()), Refusal::WrongState)
        }
        Change::UntilAllocated => {
            let untouched = |limits: UsageLimits| limits.count.is_none_or(|count| count == limits.total);
            allow(limits_of(managed).is_none_or(untouched), Refusal::PermissionDenied)
        }
        Change::IfAbsent => allow(managed.attributes.of(name).next().is_none(), Refusal::AttributeReadOnly),
        Change::OwnOnly => {
            let theirs = matches!(name, AttributeName::Vendor { vendor, .. } if vendor != SERVER_VENDOR);
            allow(theirs, Refusal::AttributeReadOnly)
        }
    }
}

/// Judges a new value, and that the change does not set free what was bound.
///
/// # Errors
/// As `well_formed`; [`Refusal::PermissionDenied`] for an object that would be less protected than before.
pub(super) fn may_become(
    managed: &Managed,
    attribute: &Attribute<'_>,
    rule: &Rule,
    version: Version,
) -> Result<(), Refusal> {
    well_formed(attribute, rule)?;
    if matches!(attribute.name, AttributeName::Standard(_)) && !rule.applies_to(managed.object_type, version)
    {
        return Err(Refusal::InvalidAttribute);
    }
    managed.may_token_attribute_become(&attribute.name, attribute.value.as_ref())?;
    if let (Some(Tag::CRYPTOGRAPHIC_USAGE_MASK), Some(AttributeValue::Integer(mask))) =
        (attribute.name.tag(), &attribute.value)
    {
        managed.may_be_used_for(CryptographicUsageMask::from_bits(mask.cast_unsigned()))?;
    }
    let flag = attribute.value.as_ref().and_then(AttributeValue::as_boolean);
    let looser = match attribute.name.tag() {
        Some(Tag::SENSITIVE) => managed.is_sensitive() && flag == Some(false),
        Some(Tag::EXTRACTABLE) => !managed.is_extractable() && flag == Some(true),
        _ => false,
    };
    if looser { Err(Refusal::PermissionDenied) } else { Ok(()) }
}

/// May a client give the object an attribute it does not have?
///
/// # Errors
/// [`Refusal::AttributeReadOnly`], [`Refusal::AttributeExists`], [`Refusal::ServerLimit`], and as [`may_change`].
pub(super) fn may_add(
    managed: &Managed,
    attribute: &Attribute<'_>,
    rule: &Rule,
    version: Version,
    now: Timestamp,
) -> Result<(), Refusal> {
    let vendor = matches!(&attribute.name, AttributeName::Vendor { .. });
    let ours = matches!(&attribute.name, AttributeName::Vendor { vendor, .. } if vendor == SERVER_VENDOR);
    if ours || (!vendor && rule.set_by == SetBy::Server) {
        return Err(Refusal::AttributeReadOnly);
    }
    let mut there = managed.attributes.of(&attribute.name);
    let single = !rule.multiple || is_token_attribute(&attribute.name);
    if (!vendor || is_token_attribute(&attribute.name)) && single && there.next().is_some() {
        return Err(Refusal::AttributeExists);
    }
    if there.any(|there| there.value == attribute.value.clone().map(AttributeValue::into_owned)) {
        return Err(Refusal::AttributeExists);
    }
    if managed.attributes.len() >= INSTANCES_MAX {
        return Err(Refusal::ServerLimit);
    }
    // Dates that bind a state may not be given after it, either. What may never be changed may still be given once.
    match rule.client_changes {
        Change::No => {}
        other => may_change(managed, &attribute.name, other, now)?,
    }
    may_become(managed, attribute, rule, version)
}

/// What follows from a changed attribute: the state that a date brings, flags that remember, counts that begin.
pub(super) fn follow(managed: &mut Managed, name: &AttributeName<'_>, now: Timestamp) {
    match name.tag() {
        Some(Tag::SENSITIVE) if !managed.is_sensitive() => {
            managed.attributes.set(Tag::ALWAYS_SENSITIVE, AttributeValue::Boolean(false));
        }
        Some(Tag::EXTRACTABLE) if managed.is_extractable() => {
            managed.attributes.set(Tag::NEVER_EXTRACTABLE, AttributeValue::Boolean(false));
        }
        Some(Tag::USAGE_LIMITS) => {
            if let Some(limits) = limits_of(managed) {
                let whole = UsageLimits { count: Some(limits.total), ..limits };
                managed.attributes.set(Tag::USAGE_LIMITS, AttributeValue::structure(&whole));
            }
        }
        Some(Tag::LEASE_TIME) => {
            if let Some(AttributeValue::Interval(seconds)) = managed.attributes.get(Tag::LEASE_TIME) {
                let bounded = AttributeValue::Interval((*seconds).min(LEASE_SECONDS));
                managed.attributes.set(Tag::LEASE_TIME, bounded);
            }
        }
        _ => {}
    }
    if managed.has_state() {
        let state = managed.state(now);
        managed.attributes.set(Tag::STATE, AttributeValue::Enumeration(state.code()));
    }
    managed.touch(now);
}
