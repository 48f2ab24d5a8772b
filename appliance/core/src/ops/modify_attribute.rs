//! Modify Attribute: gives an instance of an attribute another value.
//!
//! 1.x names the instance by its index, 2.x by the value it has.
//! Rules: KMIP 1.4, sections 4.15 and 11.16; KMIP 2.1, section 6.1.34.

use super::alter::{follow, may_become, may_change, open};
use super::call::{Answer, Call};
use super::change::{Fate, change};
use super::template::names_are_free;
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::attribute::OneAttribute;
use kmip::field::Field;
use kmip::operation::{ModifyAttributeRequest, ModifyAttributeResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: ModifyAttributeRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    let now = call.scope.now();
    let new = request.attribute.0.into_owned();
    let current = request.current.map(|current| current.0.into_owned());
    if current.as_ref().is_some_and(|current| current.name != new.name) {
        return Err(Refusal::InvalidField);
    }
    let value = new.value.clone().ok_or(Refusal::InvalidMessage)?;
    if new.name.tag() == Some(Tag::NAME) {
        call.load(id).await?;
        names_are_free(call, std::slice::from_ref(&value), Some(id), Refusal::NameTaken).await?;
        call.identify(request.unique_identifier)?;
    }
    change(call, id, |_, managed| {
        let rule = open(managed, &new.name, call.version, now)?;
        let instances: Vec<u32> = managed
            .attributes
            .of(&new.name)
            .filter(|there| current.as_ref().is_none_or(|current| there.value == current.value))
            .map(|there| there.index.unwrap_or(0))
            .collect();
        let index = match (&current, new.index, instances.as_slice()) {
            (Some(_), _, [index, ..]) => *index,
            (Some(_), _, []) => return Err(Refusal::AttributeInstanceNotFound),
            (None, _, []) => {
                // What is always the server's is told as that, whether it is there or not.
                may_change(managed, &new.name, rule.client_changes, now)?;
                return Err(if call.version.tags_attributes() {
                    Refusal::AttributeNotFound
                } else {
                    Refusal::InvalidField
                });
            }
            (None, Some(index), _) => index,
            (None, None, [_, _, ..]) if call.version.tags_attributes() => {
                return Err(Refusal::AttributeMultiValued);
            }
            (None, None, [index, ..]) => *index,
        };
        may_change(managed, &new.name, rule.client_changes, now)?;
        may_become(managed, &new, rule, call.version)?;
        let instance =
            managed.attributes.instance_mut(&new.name, index).ok_or(Refusal::AttributeInstanceNotFound)?;
        instance.value = Some(value.clone());
        follow(managed, &new.name, now);
        Ok((Fate::Changed, ()))
    })
    .await?;
    let answer = Answer::new(move |version, out| {
        let text = id.text();
        let response = ModifyAttributeResponse {
            unique_identifier: text.as_str().into(),
            attribute: Some(OneAttribute(new)),
        };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}
