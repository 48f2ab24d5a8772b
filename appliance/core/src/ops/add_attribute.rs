//! Add Attribute: gives an object an attribute, or another instance of one.
//!
//! Rules: KMIP 1.4, sections 4.14 and 11.15; KMIP 2.1, section 6.1.2.

use super::alter::{follow, may_add, open};
use super::call::{Answer, Call};
use super::change::{Fate, change};
use super::template::names_are_free;
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::attribute::{Attribute, OneAttribute};
use kmip::field::Field;
use kmip::operation::{AddAttributeRequest, AddAttributeResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: AddAttributeRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    let now = call.scope.now();
    let added = request.attribute.0.into_owned();
    if added.index.is_some_and(|index| index > 0) {
        return Err(Refusal::InvalidField);
    }
    let value = added.value.clone().ok_or(Refusal::InvalidMessage)?;
    if added.name.tag() == Some(Tag::NAME) {
        call.load(id).await?;
        names_are_free(call, std::slice::from_ref(&value), Some(id), Refusal::NameTaken).await?;
        call.identify(request.unique_identifier)?;
    }
    let stored = change(call, id, |_, managed| {
        let rule = open(managed, &added.name, call.version, now)?;
        may_add(managed, &added, rule, call.version, now)?;
        let index = managed.attributes.add(added.name.clone(), value.clone());
        follow(managed, &added.name, now);
        // As it is stored: the server may have filled in what the client left out.
        let stored = managed.attributes.instance_mut(&added.name, index).map(|stored| stored.clone());
        Ok((Fate::Changed, stored.ok_or(Refusal::GeneralFailure)?))
    })
    .await?;
    let answer = Answer::new(move |version, out| {
        let text = id.text();
        let shown = Attribute { index: stored.index.filter(|index| *index > 0), ..stored };
        let response = AddAttributeResponse {
            unique_identifier: text.as_str().into(),
            attribute: Some(OneAttribute(shown)),
        };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}
