//! Delete Attribute: takes an instance of an attribute, or in 2.x all of them, from an object.
//!
//! Rules: KMIP 1.4, sections 4.16 and 11.17; KMIP 2.1, section 6.1.13.

use super::alter::{follow, may_change, open};
use super::call::{Answer, Call};
use super::change::{Fate, change};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::attribute::{Attribute, OneAttribute};
use kmip::field::Field;
use kmip::operation::{DeleteAttributeRequest, DeleteAttributeResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: DeleteAttributeRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    let now = call.scope.now();
    let current = request.current.map(|current| current.0.into_owned());
    let named = request.name.map(kmip::attribute::AttributeName::into_owned);
    let name = match (&current, named) {
        (Some(current), _) => current.name.clone(),
        (None, Some(name)) => name,
        (None, None) => return Err(Refusal::InvalidMessage),
    };
    let index = request.index.map(u32::try_from).transpose().map_err(|_| Refusal::InvalidField)?;
    let deleted = change(call, id, |_, managed| {
        let rule = open(managed, &name, call.version, now)?;
        if managed.attributes.of(&name).next().is_none() {
            let always = rule.always && rule.applies_to(managed.object_type, call.version);
            return Err(if always { Refusal::AttributeReadOnly } else { Refusal::AttributeNotFound });
        }
        may_change(managed, &name, rule.client_deletes, now)?;
        managed.may_token_attribute_become(&name, None)?;
        let which = |there: &Attribute<'static>| match (&current, index) {
            (Some(current), _) => there.value == current.value,
            (None, Some(index)) => there.index.unwrap_or(0) == index,
            // A reference without more means all in 2.x, the first in 1.x.
            (None, None) => call.version.tags_attributes() || there.index.unwrap_or(0) == 0,
        };
        let gone = managed.attributes.of(&name).find(|there| which(there)).cloned();
        let gone = gone.ok_or(Refusal::AttributeInstanceNotFound)?;
        managed.attributes.remove(|there| there.name == name && which(there));
        follow(managed, &name, now);
        Ok((Fate::Changed, gone))
    })
    .await?;
    let answer = Answer::new(move |version, out| {
        let text = id.text();
        let shown = Attribute { index: deleted.index.filter(|index| *index > 0), ..deleted };
        let response = DeleteAttributeResponse {
            unique_identifier: text.as_str().into(),
            attribute: Some(OneAttribute(shown)),
        };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}
