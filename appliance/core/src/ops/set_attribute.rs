//! Set Attribute (2.x): gives an attribute that has one value this value, whether it had one or not.
//!
//! Rules: KMIP 2.1, section 6.1.51.

use super::alter::{follow, may_add, may_become, may_change, open};
use super::call::{Answer, Call};
use super::change::{Fate, change};
use crate::audited::Unaudited;
use crate::managed::is_token_attribute;
use crate::scope::Scope;
use kmip::field::Field;
use kmip::operation::{SetAttributeRequest, SetAttributeResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: SetAttributeRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    let now = call.scope.now();
    let new = request.attribute.0.into_owned();
    let value = new.value.clone().ok_or(Refusal::InvalidMessage)?;
    change(call, id, |_, managed| {
        let rule = open(managed, &new.name, call.version, now)?;
        if rule.multiple && !is_token_attribute(&new.name) {
            return Err(Refusal::AttributeMultiValued);
        }
        if managed.attributes.of(&new.name).next().is_some() {
            may_change(managed, &new.name, rule.client_changes, now)?;
            may_become(managed, &new, rule, call.version)?;
            managed.attributes.remove(|there| there.name == new.name);
        } else {
            may_add(managed, &new, rule, call.version, now)?;
        }
        managed.attributes.add(new.name.clone(), value.clone());
        follow(managed, &new.name, now);
        Ok((Fate::Changed, ()))
    })
    .await?;
    let answer = Answer::new(move |version, out| {
        let text = id.text();
        let response = SetAttributeResponse { unique_identifier: text.as_str().into() };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}
