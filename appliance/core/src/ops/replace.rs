//! What a replacement takes over from the object that it replaces, and what the other keeps.
//!
//! Rules: KMIP 1.4, sections 4.4 and 4.5, tables 172 to 177; KMIP 2.1, sections 6.1.46 and 6.1.47.

use super::call::Call;
use super::create_key_pair::link;
use super::template;
use crate::managed::{AttributeSet, Life};
use crate::object::Object;
use crate::request::of_scope;
use crate::scope::{Scope, ScopeError};
use kmip::attribute::{AttributeName, AttributeValue, Attributes, UsageLimits};
use kmip::enums::{LinkType, ObjectType};
use kmip::primitive::Interval;
use kmip::result::Refusal;
use kmip::tag::Tag;
use std::rc::Rc;

/// Attributes that are not taken over: they are of the other's life, or made anew.
const OWN: [Tag; 18] = [
    Tag::INITIAL_DATE,
    Tag::DESTROY_DATE,
    Tag::COMPROMISE_OCCURRENCE_DATE,
    Tag::COMPROMISE_DATE,
    Tag::REVOCATION_REASON,
    Tag::STATE,
    Tag::DIGEST,
    Tag::LINK,
    Tag::LAST_CHANGE_DATE,
    Tag::RANDOM_NUMBER_GENERATOR,
    Tag::ORIGINAL_CREATION_DATE,
    Tag::ALWAYS_SENSITIVE,
    Tag::NEVER_EXTRACTABLE,
    Tag::ARCHIVE_DATE,
    Tag::FRESH,
    Tag::LEASE_TIME,
    Tag::KEY_VALUE_PRESENT,
    Tag::KEY_VALUE_LOCATION,
];

/// The dates that move together.
const DATES: [Tag; 3] = [Tag::PROCESS_START_DATE, Tag::PROTECT_STOP_DATE, Tag::DEACTIVATION_DATE];

/// May the object be replaced at all?
///
/// # Errors
/// [`Refusal::NotAble`], [`Refusal::Destroyed`], [`Refusal::Archived`], [`Refusal::KeyValueNotPresent`].
pub(super) fn may_be_replaced<S: Scope>(
    call: &Call<'_, S>,
    object: &Object,
    ty: ObjectType,
) -> Result<(), Refusal> {
    let managed = &object.managed;
    if managed.object_type != ty {
        return Err(Refusal::NotAble);
    }
    if managed.state(call.scope.now()).is_destroyed() {
        return Err(Refusal::Destroyed);
    }
    if managed.is_archived() {
        return Err(Refusal::Archived);
    }
    if managed.attributes.get(Tag::KEY_VALUE_PRESENT) == Some(&AttributeValue::Boolean(false)) {
        return Err(Refusal::KeyValueNotPresent);
    }
    Ok(())
}

/// The attributes of the replacement: those of the other, its dates moved by `offset`, and over them what the request gives.
///
/// # Errors
/// As [`template::read`]; [`Refusal::InvalidAttributeValue`] for what cannot change between the two.
pub(super) async fn inherit<S: Scope>(
    call: &Call<'_, S>,
    old: &Object,
    offset: Option<Interval>,
    given: [Option<Attributes<'_>>; 2],
) -> Result<AttributeSet, Refusal> {
    let mut set = AttributeSet::default();
    for attribute in old.managed.attributes.all() {
        let own = attribute.name.tag().is_some_and(|tag| OWN.contains(&tag));
        if let (false, Some(value)) = (own, &attribute.value) {
            set.add(attribute.name.clone(), value.clone());
        }
    }
    let usage = set.get(Tag::USAGE_LIMITS).and_then(AttributeValue::as_usage_limits);
    if let Some(limits) = usage {
        let whole = UsageLimits { count: Some(limits.total), ..limits };
        set.set(Tag::USAGE_LIMITS, AttributeValue::structure(&whole));
    }
    if let Some(Interval(offset)) = offset {
        let dated = |attribute: &kmip::attribute::Attribute<'_>| {
            attribute.name.tag().is_some_and(|tag| tag == Tag::ACTIVATION_DATE || DATES.contains(&tag))
        };
        if given.iter().flatten().any(|given| given.iter().any(|attribute| dated(&attribute))) {
            return Err(Refusal::InvalidMessage);
        }
        let follows = DATES.iter().any(|tag| old.managed.date(*tag).is_some());
        if follows && old.managed.date(Tag::ACTIVATION_DATE).is_none() {
            return Err(Refusal::NoActivationDate);
        }
        let activation = call.scope.now().seconds().saturating_add(i64::from(offset));
        if let Some(before) = old.managed.date(Tag::ACTIVATION_DATE) {
            for tag in DATES {
                if let Some(date) = old.managed.date(tag) {
                    let moved = date.saturating_add(activation.saturating_sub(before));
                    set.set(tag, AttributeValue::DateTime(moved));
                }
            }
        }
        set.set(Tag::ACTIVATION_DATE, AttributeValue::DateTime(activation));
    }
    for given in given.into_iter().flatten() {
        let given = template::read(call, old.managed.object_type, given).await?;
        for attribute in given.all() {
            let Some(value) = &attribute.value else { continue };
            match attribute.name.tag() {
                Some(tag @ (Tag::CRYPTOGRAPHIC_ALGORITHM | Tag::CRYPTOGRAPHIC_LENGTH))
                    if set.get(tag) != Some(value) =>
                {
                    return Err(Refusal::InvalidAttributeValue);
                }
                Some(Tag::NAME) | None => {
                    let there = set.of(&attribute.name).any(|there| there.value.as_ref() == Some(value));
                    if !there {
                        set.add(attribute.name.clone(), value.clone());
                    }
                }
                Some(tag) => set.set(tag, value.clone()),
            }
        }
    }
    Ok(set)
}

/// The other's next state: without its names, and with links both ways.
///
/// # Errors
/// [`Refusal::Unavailable`] if there is no memory for it.
pub(super) fn step_back<S: Scope>(
    call: &Call<'_, S>,
    old: &Rc<Object>,
    new: &mut Object,
) -> Result<Object, Refusal> {
    let mut next = old
        .successor(old.managed.clone(), old.managed.stored_state() != Life::Destroyed)
        .map_err(|_| of_scope(ScopeError::NoMemory))?;
    next.managed.attributes.remove(|attribute| matches!(attribute.name, AttributeName::Standard(Tag::NAME)));
    link(&mut next, LinkType::REPLACEMENT_OBJECT_LINK, new);
    link(new, LinkType::REPLACED_OBJECT_LINK, old);
    next.managed.touch(call.scope.now());
    new.managed.owner = old.managed.owner;
    Ok(next)
}
