//! Adjust Attribute (2.x): counts a number up or down, or negates a Boolean.
//!
//! Rules: KMIP 2.1, section 6.1.3.

use super::alter::{follow, may_become, may_change, open};
use super::call::{Answer, Call};
use super::change::{Fate, change};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::attribute::{Attribute, AttributeValue};
use kmip::enums::AdjustmentType;
use kmip::field::Field;
use kmip::operation::{AdjustAttributeRequest, AdjustAttributeResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: AdjustAttributeRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    let now = call.scope.now();
    let name = request.attribute.into_owned();
    let by = request.value.map(AttributeValue::decode).transpose()?.map(AttributeValue::into_owned);
    change(call, id, |_, managed| {
        let rule = open(managed, &name, call.version, now)?;
        let there = managed.attributes.of(&name).next().cloned().ok_or(Refusal::AttributeNotFound)?;
        if managed.attributes.of(&name).nth(1).is_some() {
            return Err(Refusal::AttributeMultiValued);
        }
        may_change(managed, &name, rule.client_changes, now)?;
        let value = there.value.as_ref().ok_or(Refusal::AttributeNotFound)?;
        let value = adjusted(value, request.adjustment, by.as_ref())?;
        let new = Attribute { value: Some(value.clone()), ..there };
        may_become(managed, &new, rule, call.version)?;
        let index = new.index.unwrap_or(0);
        let instance = managed.attributes.instance_mut(&name, index).ok_or(Refusal::AttributeNotFound)?;
        instance.value = Some(value);
        follow(managed, &name, now);
        Ok((Fate::Changed, ()))
    })
    .await?;
    let answer = Answer::new(move |version, out| {
        let text = id.text();
        let response = AdjustAttributeResponse { unique_identifier: text.as_str().into() };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}

/// The value after the adjustment; by one if nothing is said.
fn adjusted(
    value: &AttributeValue<'static>,
    adjustment: AdjustmentType,
    by: Option<&AttributeValue<'static>>,
) -> Result<AttributeValue<'static>, Refusal> {
    use AttributeValue as V;
    if adjustment == AdjustmentType::NEGATE {
        return match (value, by) {
            (V::Boolean(flag), None) => Ok(V::Boolean(!flag)),
            (V::Integer(number), None) => number.checked_neg().map(V::Integer).ok_or(Refusal::NumericRange),
            (V::LongInteger(number), None) => {
                number.checked_neg().map(V::LongInteger).ok_or(Refusal::NumericRange)
            }
            (_, None) => Err(Refusal::InvalidDataType),
            (_, Some(_)) => Err(Refusal::InvalidField),
        };
    }
    let amount = match by {
        None => 1,
        Some(V::Integer(by)) => i64::from(*by),
        Some(V::LongInteger(by)) => *by,
        Some(V::Interval(by)) => i64::from(*by),
        Some(_) => return Err(Refusal::InvalidDataType),
    };
    let amount = match adjustment {
        AdjustmentType::INCREMENT => Some(amount),
        AdjustmentType::DECREMENT => amount.checked_neg(),
        _ => return Err(Refusal::InvalidField),
    };
    let moved = |number: i64| amount.and_then(|amount| number.checked_add(amount));
    let new = match value {
        V::Integer(number) => moved(i64::from(*number)).and_then(|n| i32::try_from(n).ok()).map(V::Integer),
        V::LongInteger(number) => moved(*number).map(V::LongInteger),
        V::Interval(number) => moved(i64::from(*number)).and_then(|n| u32::try_from(n).ok()).map(V::Interval),
        V::DateTime(number) => moved(*number).map(V::DateTime),
        _ => return Err(Refusal::InvalidDataType),
    };
    new.ok_or(Refusal::NumericRange)
}
