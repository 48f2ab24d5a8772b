//! The attributes that a request gives a new object, by themselves and through templates.
//!
//! Rules: KMIP 1.4, sections 2.1.8 (Template-Attribute), 4.1, 11.2 and 11.4.

use super::call::Call;
use super::rules::{INSTANCES_MAX, may_be_given, rule_of};
use crate::managed::{AttributeSet, Indexed};
use crate::request::of_scope;
use crate::scope::{Find, Scope};
use holdfast_model::ObjectId;
use kmip::attribute::{
    ApplicationSpecificInformation, Attribute, AttributeName, AttributeValue, Attributes, Name,
};
use kmip::enums::{Enumeration, ObjectType};
use kmip::result::Refusal;
use kmip::tag::Tag;

/// Reads and judges the attributes for a new object of type `object`.
///
/// # Errors
/// What the error tables of Create and Register name; [`Refusal::NotFound`] for a template that is not there.
pub(super) async fn read<S: Scope>(
    call: &Call<'_, S>,
    object: ObjectType,
    given: Attributes<'_>,
) -> Result<AttributeSet, Refusal> {
    let mut set = AttributeSet::default();
    let mut instances = 0;
    for attribute in given.iter() {
        instances += 1;
        if instances > INSTANCES_MAX {
            return Err(Refusal::ServerLimit);
        }
        may_be_given(&attribute, object, call.version)?;
        put(call, &mut set, attribute)?;
    }
    // What is given outright goes before what a template says.
    for name in given.templates() {
        let template = template_named(call, name).await?;
        for attribute in template.all() {
            let there = set.of(&attribute.name).next().is_some();
            let fits = may_be_given(attribute, object, call.version).is_ok();
            if fits && !there && !matches!(attribute.name, AttributeName::Standard(Tag::NAME)) {
                put(call, &mut set, attribute.clone())?;
            }
        }
    }
    Ok(set)
}

/// Takes up attributes that came with a key value, where the request says nothing else and a client may give them.
///
/// # Errors
/// As [`read`], for those that are taken up.
pub(super) fn take_beside<S: Scope>(
    call: &Call<'_, S>,
    set: &mut AttributeSet,
    object: ObjectType,
    beside: Attributes<'_>,
) -> Result<(), Refusal> {
    let named: Vec<_> = set.all().iter().map(|attribute| attribute.name.clone()).collect();
    for (at, attribute) in beside.iter().enumerate() {
        if at >= INSTANCES_MAX {
            return Err(Refusal::ServerLimit);
        }
        let told = named.contains(&attribute.name);
        if !told && may_be_given(&attribute, object, call.version).is_ok() {
            put(call, set, attribute)?;
        }
    }
    Ok(())
}

fn put<S: Scope>(
    call: &Call<'_, S>,
    set: &mut AttributeSet,
    attribute: Attribute<'_>,
) -> Result<(), Refusal> {
    let rule = rule_of(&attribute.name, call.version)?;
    let standard = matches!(attribute.name, AttributeName::Standard(_));
    let value = attribute.value.ok_or(Refusal::InvalidMessage)?;
    if attribute.name.tag() == Some(Tag::APPLICATION_SPECIFIC_INFORMATION) {
        let information = value.as_structure::<ApplicationSpecificInformation<'_>>();
        if information.is_some_and(|information| information.data.is_none()) {
            return Err(Refusal::ApplicationNamespaceNotSupported);
        }
    }
    if standard && !rule.multiple && set.of(&attribute.name).next().is_some() {
        let tagged = call.version.tags_attributes();
        return Err(if tagged { Refusal::AttributeSingleValued } else { Refusal::InvalidField });
    }
    if set.of(&attribute.name).any(|there| there.value.as_ref() == Some(&value)) && rule.multiple {
        return Err(Refusal::InvalidAttributeValue);
    }
    set.add(attribute.name.into_owned(), value.into_owned());
    Ok(())
}

async fn template_named<S: Scope>(call: &Call<'_, S>, name: Name<'_>) -> Result<AttributeSet, Refusal> {
    let tag = AttributeName::Standard(Tag::NAME);
    let indexed = Indexed::of(&tag, &AttributeValue::structure(&name)).ok_or(Refusal::NotFound)?;
    let ty = Indexed::object_type(ObjectType::TEMPLATE.code());
    let find = Find {
        all_of: vec![(indexed.field, indexed.value), (ty.field, ty.value)],
        older_than: Some(ObjectId::MAX),
        limit: 1,
    };
    let found = call.scope.find(&find).await.map_err(of_scope)?;
    let template = call.scope.load(*found.first().ok_or(Refusal::NotFound)?).await.map_err(of_scope)?;
    if template.managed.is_archived() {
        return Err(Refusal::Archived);
    }
    Ok(template.managed.attributes.clone())
}

/// Refuses a name that another object of the service has already. A destroyed object gives its name free.
///
/// # Errors
/// `taken`.
pub(super) async fn names_are_free<S: Scope>(
    call: &Call<'_, S>,
    names: &[AttributeValue<'_>],
    except: Option<ObjectId>,
    taken: Refusal,
) -> Result<(), Refusal> {
    for value in names {
        let Some(indexed) = Indexed::of(&AttributeName::Standard(Tag::NAME), value) else { continue };
        let mut find = Find {
            all_of: vec![(indexed.field, indexed.value)],
            older_than: Some(ObjectId::MAX),
            limit: HOLDERS_PAGE,
        };
        loop {
            let found = call.scope.find(&find).await.map_err(of_scope)?;
            for id in &found {
                let holder = match call.scope.load(*id).await {
                    Ok(holder) => holder,
                    Err(crate::scope::ScopeError::NotThere) => continue,
                    Err(error) => return Err(of_scope(error)),
                };
                if Some(*id) != except && !holder.managed.stored_state().is_destroyed() {
                    return Err(taken);
                }
            }
            if found.len() < usize::from(HOLDERS_PAGE) {
                break;
            }
            find.older_than = found.last().copied();
        }
    }
    Ok(())
}

/// Holders of one name that are looked at together. All but one are destroyed.
const HOLDERS_PAGE: u16 = 64;
