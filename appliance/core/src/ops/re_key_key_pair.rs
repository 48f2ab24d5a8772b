//! Re-key Key Pair: makes a pair that replaces another and takes over its names.
//!
//! Rules: KMIP 1.4, sections 4.5 and 11.6; KMIP 2.1, section 6.1.47.

use super::birth::store;
use super::call::{Answer, Call};
use super::create_key_pair::{bear_pair, plan};
use super::replace::{inherit, may_be_replaced, step_back};
use crate::audited::Unaudited;
use crate::object::Object;
use crate::scope::Scope;
use holdfast_model::ObjectId;
use kmip::attribute::{AttributeName, AttributeValue};
use kmip::enums::{LinkType, ObjectType};
use kmip::field::Field;
use kmip::operation::{ReKeyKeyPairRequest, ReKeyKeyPairResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: ReKeyKeyPairRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let old_private = call.object(request.private_key_unique_identifier).await?;
    may_be_replaced(call, &old_private, ObjectType::PRIVATE_KEY)?;
    let old_public = call.load(public_of(&old_private)?).await?;
    may_be_replaced(call, &old_public, ObjectType::PUBLIC_KEY)?;
    let given = [request.common, request.private_key];
    let private = inherit(call, &old_private, request.offset, given).await?;
    let given = [request.common, request.public_key];
    let public = inherit(call, &old_public, request.offset, given).await?;
    let what = plan(&private)?;
    if what != plan(&public)? {
        return Err(Refusal::InvalidField);
    }
    let replaced = [Some(old_private.id), Some(old_public.id)];
    let (mut private, mut public) = bear_pair(call, what, private, public, replaced).await?;
    let (private_id, public_id) = (private.id, public.id);
    let old_private = step_back(call, &old_private, &mut private)?;
    let old_public = step_back(call, &old_public, &mut public)?;
    store(call, vec![public, private, old_public, old_private]).await?;
    let answer = Answer::new(move |version, out| {
        let (private, public) = (private_id.to_string(), public_id.to_string());
        let response = ReKeyKeyPairResponse {
            private_key_unique_identifier: private.as_str().into(),
            public_key_unique_identifier: public.as_str().into(),
            private_key: None,
            public_key: None,
        };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(private_id)))
}

/// The other half, as the link says.
fn public_of(private: &Object) -> Result<ObjectId, Refusal> {
    let name = AttributeName::Standard(Tag::LINK);
    private
        .managed
        .attributes
        .of(&name)
        .filter_map(|attribute| attribute.value.as_ref().and_then(AttributeValue::as_link))
        .find(|link| link.ty == LinkType::PUBLIC_KEY_LINK)
        .and_then(|link| link.linked.text().and_then(|text| text.parse().ok()))
        .ok_or(Refusal::NotFound)
}
