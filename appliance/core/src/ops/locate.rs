//! Locate: which objects have these attributes.
//!
//! What can be compared for equality comes from the index; what the clock moves, ranges and masks are compared by
//! looking at each object that the index finds.
//! Rules: KMIP 1.4, sections 4.9 and 11.10; KMIP 2.1, section 6.1.28.

use super::call::{Answer, Call};
use super::rules::is_date;
use super::view;
use crate::audited::Unaudited;
use crate::managed::{Indexed, names_hidden};
use crate::object::Object;
use crate::request::{Leaves, of_scope};
use crate::scope::{Find, Scope, ScopeError};
use holdfast_model::ObjectId;
use holdfast_model::limits::PAGE_ITEMS_MAX;
use kmip::attribute::{AttributeName, AttributeValue, Link, Name, X509CertificateIdentifier};
use kmip::enums::ObjectGroupMember;
use kmip::field::Field;
use kmip::identifier::Identifier;
use kmip::mask::StorageStatusMask;
use kmip::operation::{LocateRequest, LocateResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

/// Attributes in one question.
const QUESTIONS_MAX: usize = 64;
/// Identifiers in one answer: what fits a message.
const ANSWERS_MAX: usize = 10_000;
/// Objects that are looked at for one question; a wider one must name something that the index has.
const LOOKS_MAX: usize = 100_000;
/// Objects that are looked at before others go first: what is in the cache is not waited for.
const LOOKS_AT_ONCE: usize = 64;

/// What the index cannot compare.
struct Look {
    name: AttributeName<'static>,
    values: Vec<AttributeValue<'static>>,
}

/// What is looked for.
struct Question {
    find: Find,
    looks: Vec<Look>,
    id: Option<ObjectId>,
    storage: StorageStatusMask,
    fresh: Option<bool>,
    nothing: bool,
    /// Is it for what is hidden from those who do not name it?
    hidden: bool,
}

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: LocateRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let bound = |number: Option<i32>, default: usize| match number {
        None => Ok(default),
        Some(number) => usize::try_from(number).map_err(|_| Refusal::InvalidField),
    };
    let wanted = bound(request.maximum_items, ANSWERS_MAX)?.min(ANSWERS_MAX);
    let skipped = bound(request.offset_items, 0)?;
    let question = ask(call, &request)?;
    // Whoever pages is told how many there are, as far as one answer could list them.
    let pages = request.offset_items.is_some();
    let enough = if pages { ANSWERS_MAX } else { skipped.saturating_add(wanted) };
    let found = search(call, question, enough).await?;
    let total = (pages && !found.more).then(|| i32::try_from(found.ids.len()).unwrap_or(i32::MAX));
    let ids: Vec<ObjectId> = found.ids.into_iter().skip(skipped).take(wanted).collect();
    let leaves = match ids.as_slice() {
        [only] => Leaves::Object(*only),
        _ => Leaves::Empty,
    };
    let answer = Answer::new(move |version, out| {
        let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let identifiers: Vec<Identifier<'_>> = texts.iter().map(|text| text.as_str().into()).collect();
        let response = LocateResponse { located_items: total, unique_identifiers: (&identifiers).into() };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.used(Answer { leaves, ..answer }))
}

fn ask<S: Scope>(call: &Call<'_, S>, request: &LocateRequest<'_>) -> Result<Question, Refusal> {
    let on_line = StorageStatusMask::ON_LINE_STORAGE;
    let mut question = Question {
        find: Find { all_of: Vec::new(), older_than: Some(ObjectId::MAX), limit: 0 },
        looks: Vec::new(),
        id: None,
        storage: request.storage_status_mask.filter(|mask| !mask.is_empty()).unwrap_or(on_line),
        fresh: request.object_group_member.map(|member| member == ObjectGroupMember::GROUP_MEMBER_FRESH),
        nothing: false,
        hidden: false,
    };
    for (at, attribute) in request.attributes.iter().enumerate() {
        if at >= QUESTIONS_MAX {
            return Err(Refusal::ServerLimit);
        }
        let value = attribute.value.ok_or(Refusal::InvalidMessage)?;
        if matches!(attribute.name, AttributeName::Unknown(_)) {
            return Err(Refusal::UnknownAttribute);
        }
        question.hidden |= names_hidden(&attribute.name);
        question.take(call, attribute.name, value);
    }
    let single = [on_line, StorageStatusMask::ARCHIVAL_STORAGE, StorageStatusMask::DESTROYED_STORAGE]
        .contains(&question.storage);
    if single && !question.hidden {
        let storage = Indexed::storage(question.storage);
        question.find.all_of.push((storage.field, storage.value));
    }
    Ok(question)
}

impl Question {
    fn take<S: Scope>(&mut self, call: &Call<'_, S>, name: AttributeName<'_>, value: AttributeValue<'_>) {
        match (&name, &value) {
            (AttributeName::Standard(Tag::UNIQUE_IDENTIFIER), AttributeValue::Text(text)) => {
                match text.parse().or_else(|_| call.foreign(text)) {
                    Ok(id) if self.id.is_none_or(|there| there == id) => self.id = Some(id),
                    _ => self.nothing = true,
                }
                return;
            }
            (AttributeName::Standard(Tag::OBJECT_TYPE), AttributeValue::Enumeration(code)) => {
                let ty = Indexed::object_type(*code);
                self.find.all_of.push((ty.field, ty.value));
                return;
            }
            _ => {}
        }
        if is_indexed_whole(&name, &value)
            && let Some(indexed) = Indexed::of(&name, &value)
        {
            self.find.all_of.push((indexed.field, indexed.value));
            return;
        }
        let (name, value) = (name.into_owned(), value.into_owned());
        // Two values of one date are a range; two of anything else are two questions.
        match self.looks.iter_mut().find(|look| look.name == name && is_date(&value)) {
            Some(look) => look.values.push(value),
            None => self.looks.push(Look { name, values: vec![value] }),
        }
    }
}

/// Does equality of the whole value decide? Structures of which a client may give a part do not.
fn is_indexed_whole(name: &AttributeName<'_>, value: &AttributeValue<'_>) -> bool {
    match (name, value) {
        (AttributeName::Standard(Tag::NAME), AttributeValue::Structure(name)) => {
            name.read::<Name<'_>>().is_ok()
        }
        (AttributeName::Standard(Tag::LINK), AttributeValue::Structure(link)) => {
            link.read::<Link<'_>>().is_ok()
        }
        (
            AttributeName::Standard(Tag::X_509_CERTIFICATE_IDENTIFIER),
            AttributeValue::Structure(identifier),
        ) => identifier.read::<X509CertificateIdentifier<'_>>().is_ok(),
        (AttributeName::Standard(_), AttributeValue::Structure(_)) => false,
        // Computed, so never in the index.
        (
            AttributeName::Standard(
                Tag::KEY_FORMAT_TYPE | Tag::SHORT_UNIQUE_IDENTIFIER | Tag::PROTECTION_STORAGE_MASK,
            ),
            _,
        ) => false,
        _ => true,
    }
}

struct Found {
    ids: Vec<ObjectId>,
    more: bool,
}

async fn search<S: Scope>(
    call: &Call<'_, S>,
    mut question: Question,
    enough: usize,
) -> Result<Found, Refusal> {
    let mut found = Found { ids: Vec::new(), more: false };
    if question.nothing {
        return Ok(found);
    }
    let single = question.find.all_of.iter().any(|(field, _)| *field == Tag::STORAGE_STATUS_MASK.number());
    let must_look =
        !question.looks.is_empty() || question.fresh.is_some() || !single || question.id.is_some();
    let page = u16::try_from(PAGE_ITEMS_MAX).unwrap_or(u16::MAX);
    let mut looked = 0;
    if let Some(id) = question.id {
        // An index may page from just above it.
        question.find.older_than = above(id);
    }
    loop {
        let missing = enough.saturating_sub(found.ids.len()).saturating_add(1);
        question.find.limit = if question.id.is_some() {
            1
        } else if must_look {
            page
        } else {
            u16::try_from(missing).unwrap_or(page).min(page)
        };
        let ids = call.scope.find(&question.find).await.map_err(of_scope)?;
        for id in &ids {
            if question.id.is_some_and(|only| only != *id) {
                return Ok(found);
            }
            if found.ids.len() > enough {
                found.more = true;
                return Ok(found);
            }
            if !call.caller().may_touch(call.operation, *id) {
                continue;
            }
            if must_look {
                looked += 1;
                if looked > LOOKS_MAX {
                    return Err(Refusal::ServerLimit);
                }
                if looked % LOOKS_AT_ONCE == 0 {
                    call.scope.rest().await;
                }
                match call.scope.load(*id).await {
                    Ok(object) if fits(call, &object, &question) => found.ids.push(*id),
                    Ok(_) | Err(ScopeError::NotThere) => {}
                    Err(error) => return Err(of_scope(error)),
                }
            } else {
                found.ids.push(*id);
            }
        }
        if question.id.is_some() || ids.len() < usize::from(question.find.limit) {
            break;
        }
        if found.ids.len() > enough {
            found.more = true;
            break;
        }
        question.find.older_than = ids.last().copied();
    }
    Ok(found)
}

/// The identifier just above this one.
fn above(id: ObjectId) -> Option<ObjectId> {
    let next = u128::from_be_bytes(*id.as_bytes()).checked_add(1)?;
    Some(ObjectId::from_bytes(next.to_be_bytes()))
}

fn fits<S: Scope>(call: &Call<'_, S>, object: &Object, question: &Question) -> bool {
    if !question.storage.intersects(object.managed.storage())
        || (object.managed.is_hidden_from_others() && !question.hidden)
    {
        return false;
    }
    if let Some(fresh) = question.fresh {
        let is = object.managed.attributes.get(Tag::FRESH) == Some(&AttributeValue::Boolean(true));
        if is != fresh {
            return false;
        }
    }
    question.looks.iter().all(|look| {
        let there = view::named(object, &look.name, call.version, call.scope.now());
        there.iter().filter_map(|attribute| attribute.value.as_ref()).any(|value| matches(look, value))
    })
}

fn matches(look: &Look, value: &AttributeValue<'_>) -> bool {
    match look.values.as_slice() {
        [AttributeValue::DateTime(from), AttributeValue::DateTime(to)] => {
            let (from, to) = (from.min(to), from.max(to));
            value.as_date_time().is_some_and(|date| (*from..=*to).contains(&date))
        }
        [AttributeValue::Integer(bits)] if look.name.tag() == Some(Tag::CRYPTOGRAPHIC_USAGE_MASK) => {
            value.as_integer().is_some_and(|there| there & bits == *bits)
        }
        [AttributeValue::Structure(asked)] => match value {
            // Every field that is asked for is there; fields that are not asked for do not matter.
            AttributeValue::Structure(there) => asked.children().all(|asked| {
                there.children().any(|there| {
                    there.tag() == asked.tag() && there.ty() == asked.ty() && there.value() == asked.value()
                })
            }),
            _ => false,
        },
        [asked] => asked == value,
        _ => false,
    }
}
