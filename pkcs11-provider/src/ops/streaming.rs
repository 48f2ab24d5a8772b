//! Encryption and decryption in parts: C_EncryptUpdate, C_EncryptFinal, C_DecryptUpdate, C_DecryptFinal.
//!
//! Whole blocks go to the appliance as they come; what does not fill one waits here. Nothing of an authenticated ciphertext
//! is given out before its tag was checked.
//! Rules: PKCS#11 3.2, sections 5.8.3, 5.8.4, 5.9.3, 5.9.4.

use super::Room;
use super::cipher::{Answer, BLOCK, Part, Question, Way, of_cipher, tag_bytes, whole};
use crate::fault::{Done, Fault};
use crate::limits::{CALL_BYTES_MAX, DATA_BYTES_MAX};
use crate::mechanism::Scheme;
use crate::session::{Bound, Cipher, Flow, Session};
use zeroize::Zeroizing;

/// How much goes out of what is held and what comes.
fn goes(bound: &Bound, way: Way, held: usize, comes: usize) -> usize {
    let all = held.saturating_add(comes);
    match (bound.mechanism.scheme, way) {
        (Scheme::Ecb | Scheme::Cbc, _) | (Scheme::CbcPad, Way::Encrypt) => all - all % BLOCK,
        // The last block may be padding.
        (Scheme::CbcPad, Way::Decrypt) => {
            let before = all.saturating_sub(1);
            before - before % BLOCK
        }
        (Scheme::Gcm, Way::Decrypt) | (Scheme::Oaep | Scheme::Ccm | Scheme::Chacha | Scheme::Xts, _) => 0,
        _ => all,
    }
}

/// How long the result of the next part is.
///
/// # Errors
/// [`Fault::OperationNotInitialized`].
pub(crate) fn room(session: &Session, way: Way, comes: usize) -> Done<Room> {
    let mut work = session.work();
    let cipher = way.place(&mut work).as_ref().ok_or(Fault::OperationNotInitialized)?;
    if cipher.bound.asks_again {
        return Err(Fault::UserNotLoggedIn);
    }
    let held = cipher.flow.as_ref().map_or(0, |flow| flow.held.len());
    Ok(Room::exact(goes(&cipher.bound, way, held, comes)))
}

/// C_EncryptUpdate, C_DecryptUpdate. A fault ends the operation.
///
/// # Errors
/// [`Fault::OperationNotInitialized`], and what the appliance says.
pub(crate) fn update(session: &Session, way: Way, data: &[u8]) -> Done<Zeroizing<Vec<u8>>> {
    let mut cipher = way.place(&mut session.work()).take().ok_or(Fault::OperationNotInitialized)?;
    if cipher.bound.mechanism.scheme == Scheme::Oaep {
        return Err(Fault::FunctionNotSupported);
    }
    let mut flow = cipher.flow.take().unwrap_or_default();
    if flow.held.len().saturating_add(data.len()) > CALL_BYTES_MAX {
        return Err(Fault::DataLenRange);
    }
    let out = send(session, way, &cipher.bound, &mut flow, data)?;
    cipher.flow = Some(flow);
    *way.place(&mut session.work()) = Some(cipher);
    Ok(out)
}

/// Sends what goes out and holds the rest.
fn send(
    session: &Session,
    way: Way,
    bound: &Bound,
    flow: &mut Flow,
    data: &[u8],
) -> Done<Zeroizing<Vec<u8>>> {
    let goes = goes(bound, way, flow.held.len(), data.len());
    let mut all = std::mem::take(&mut flow.held);
    all.extend_from_slice(data);
    flow.held = Zeroizing::new(all.split_off(goes));
    let mut out = Zeroizing::new(Vec::with_capacity(all.len()));
    for chunk in all.chunks(DATA_BYTES_MAX - DATA_BYTES_MAX % BLOCK) {
        let answer = step(session, way, bound, flow, chunk, None, false)?;
        out.extend_from_slice(&answer.data);
    }
    Ok(out)
}

fn step(
    session: &Session,
    way: Way,
    bound: &Bound,
    flow: &mut Flow,
    data: &[u8],
    tag: Option<&[u8]>,
    last: bool,
) -> Done<Answer> {
    let question = Question::of(bound, false);
    let correlation = flow.correlation.take();
    let part = Part {
        correlation: correlation.as_deref(),
        first: correlation.is_none() && !last,
        last: last && correlation.is_some(),
    };
    let answer = match way {
        Way::Encrypt => question.encrypt(session, bound, data, &part),
        Way::Decrypt => question.decrypt(session, bound, data, tag, &part),
    };
    let mut answer = answer.map_err(|trouble| of_cipher(session, way, bound, trouble))?;
    flow.correlation = answer.correlation.take();
    Ok(answer)
}

/// How long the result of the end is.
///
/// # Errors
/// [`Fault::OperationNotInitialized`]; a length that cannot be ends the operation.
pub(crate) fn end_room(session: &Session, way: Way) -> Done<Room> {
    let mut work = session.work();
    let place = way.place(&mut work);
    let cipher = place.as_ref().ok_or(Fault::OperationNotInitialized)?;
    if let Some(ready) = &cipher.ready {
        return Ok(Room::exact(ready.len()));
    }
    let held = cipher.flow.as_ref().map_or(0, |flow| flow.held.len());
    let tag = tag_bytes(&cipher.bound);
    let room = match (cipher.bound.mechanism.scheme, way) {
        (Scheme::Ecb | Scheme::Cbc, Way::Encrypt) if held > 0 => Err(Fault::DataLenRange),
        (Scheme::Ecb | Scheme::Cbc, Way::Decrypt) if held > 0 => Err(Fault::EncryptedDataLenRange),
        (Scheme::CbcPad, Way::Encrypt) => Ok(Room::exact(BLOCK)),
        (Scheme::CbcPad, Way::Decrypt) if held != BLOCK => Err(Fault::EncryptedDataLenRange),
        (Scheme::CbcPad, Way::Decrypt) => Ok(Room::at_most(BLOCK)),
        (Scheme::Gcm, Way::Encrypt) => Ok(Room::exact(tag)),
        (Scheme::Ccm | Scheme::Chacha, Way::Encrypt) => Ok(Room::exact(held.saturating_add(tag))),
        (Scheme::Gcm | Scheme::Ccm | Scheme::Chacha, Way::Decrypt) => {
            held.checked_sub(tag).map(Room::exact).ok_or(Fault::EncryptedDataLenRange)
        }
        _ => Ok(Room::exact(0)),
    };
    if room.is_err() {
        *place = None;
    }
    room
}

/// C_EncryptFinal, C_DecryptFinal. The operation is over.
///
/// # Errors
/// What the appliance says.
pub(crate) fn end(session: &Session, way: Way) -> Done<Zeroizing<Vec<u8>>> {
    let Cipher { bound, flow, ready } =
        way.place(&mut session.work()).take().ok_or(Fault::OperationNotInitialized)?;
    if let Some(ready) = ready {
        return Ok(ready);
    }
    finish(session, way, &bound, flow.unwrap_or_default())
}

fn finish(session: &Session, way: Way, bound: &Bound, mut flow: Flow) -> Done<Zeroizing<Vec<u8>>> {
    match (bound.mechanism.scheme, way) {
        (Scheme::Gcm, Way::Decrypt) | (Scheme::Ccm | Scheme::Chacha, _) => {
            let held = std::mem::take(&mut flow.held);
            whole(session, way, bound, &held)
        }
        (Scheme::CbcPad, Way::Encrypt) => {
            let mut last = std::mem::take(&mut flow.held);
            let missing = BLOCK - last.len() % BLOCK;
            let fill = u8::try_from(missing).unwrap_or(16);
            let length = last.len().saturating_add(missing);
            last.resize(length, fill);
            step(session, way, bound, &mut flow, &last, None, true).map(|answer| answer.data)
        }
        (Scheme::CbcPad, Way::Decrypt) => {
            let last = std::mem::take(&mut flow.held);
            let mut plain = step(session, way, bound, &mut flow, &last, None, true)?.data;
            let fill = plain.last().copied().map_or(0, usize::from);
            let keep = plain.len().checked_sub(fill).filter(|_| (1..=BLOCK).contains(&fill));
            let sound = keep.is_some_and(|keep| {
                plain.get(keep..).is_some_and(|end| end.iter().all(|byte| usize::from(*byte) == fill))
            });
            plain.truncate(keep.filter(|_| sound).ok_or(Fault::EncryptedDataInvalid)?);
            Ok(plain)
        }
        (Scheme::Gcm, Way::Encrypt) => {
            step(session, way, bound, &mut flow, &[], None, true).map(|answer| answer.data)
        }
        _ => {
            if flow.correlation.is_some() {
                // The appliance need not wait for more.
                step(session, way, bound, &mut flow, &[], None, true)?;
            }
            Ok(Zeroizing::default())
        }
    }
}

/// Data that is too long for one request.
///
/// # Errors
/// What the appliance says.
pub(crate) fn parts(session: &Session, way: Way, bound: &Bound, data: &[u8]) -> Done<Zeroizing<Vec<u8>>> {
    let mut flow = Flow::default();
    let mut out = send(session, way, bound, &mut flow, data)?;
    let end = finish(session, way, bound, flow)?;
    out.extend_from_slice(&end);
    Ok(out)
}

/// An authenticated ciphertext that is too long for one request: the appliance holds it until the tag is there, and gives it
/// back in one answer, which bounds it.
///
/// # Errors
/// [`Fault::EncryptedDataLenRange`] beyond what one answer holds.
pub(crate) fn open_gcm(session: &Session, bound: &Bound, data: &[u8]) -> Done<Zeroizing<Vec<u8>>> {
    let (cipher, tag) = data
        .split_at_checked(data.len().saturating_sub(tag_bytes(bound)))
        .ok_or(Fault::EncryptedDataLenRange)?;
    let mut flow = Flow::default();
    let mut out = Zeroizing::new(Vec::with_capacity(cipher.len()));
    let mut chunks = cipher.chunks(DATA_BYTES_MAX).peekable();
    while let Some(chunk) = chunks.next() {
        let last = chunks.peek().is_none();
        let tag = last.then_some(tag);
        out.extend_from_slice(&step(session, Way::Decrypt, bound, &mut flow, chunk, tag, last)?.data);
    }
    Ok(out)
}
