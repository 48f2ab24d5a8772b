//! Messages that share a key: C_MessageEncryptInit, C_EncryptMessage..., C_MessageDecryptInit, C_DecryptMessage....
//!
//! The IV is the application's, or the appliance makes it: then it is given back in the parameter.
//! Rules: PKCS#11 3.2, sections 5.10 and 5.12, and 6.13.3 (AES-GCM with messages).

use super::bind;
use super::cipher::{Part, Question, Way, of_cipher};
use crate::fault::{Done, Fault};
use crate::limits::DATA_BYTES_MAX;
use crate::parameter::Named;
use crate::session::{Flow, MessageCipher, MessageParts, Session, Work};
use cryptoki_sys as ck;
use cryptoki_sys::CK_OBJECT_HANDLE;
use zeroize::Zeroizing;

/// The parameter of one message, copied.
pub(crate) struct Message {
    /// The IV, or room for it.
    pub(crate) iv: Vec<u8>,
    /// Does the token make it?
    pub(crate) makes_iv: bool,
    /// Bits of the tag.
    pub(crate) tag_bits: u64,
    /// The tag, for decryption.
    pub(crate) tag: Vec<u8>,
}

/// What came of a message.
pub(crate) struct Sealed {
    pub(crate) data: Zeroizing<Vec<u8>>,
    pub(crate) iv: Option<Vec<u8>>,
    pub(crate) tag: Vec<u8>,
}

fn place(way: Way, work: &mut Work) -> &mut Option<MessageCipher> {
    match way {
        Way::Encrypt => &mut work.message_encrypt,
        Way::Decrypt => &mut work.message_decrypt,
    }
}

/// C_MessageEncryptInit, C_MessageDecryptInit.
///
/// # Errors
/// [`Fault::OperationActive`], and as [`bind`].
pub(crate) fn begin(session: &Session, way: Way, named: Named, key: CK_OBJECT_HANDLE) -> Done<()> {
    if place(way, &mut session.work()).is_some() {
        return Err(Fault::OperationActive);
    }
    let (flag, usage) = match way {
        Way::Encrypt => (ck::CKF_MESSAGE_ENCRYPT, ck::CKA_ENCRYPT),
        Way::Decrypt => (ck::CKF_MESSAGE_DECRYPT, ck::CKA_DECRYPT),
    };
    let bound = bind(session, named, key, flag, usage)?;
    *place(way, &mut session.work()) = Some(MessageCipher { bound, parts: None });
    Ok(())
}

/// Is there such an operation, and no message half done?
///
/// # Errors
/// [`Fault::OperationNotInitialized`], [`Fault::OperationActive`].
pub(crate) fn ready(session: &Session, way: Way) -> Done<()> {
    let mut work = session.work();
    match place(way, &mut work) {
        None => Err(Fault::OperationNotInitialized),
        Some(cipher) if cipher.parts.is_some() => Err(Fault::OperationActive),
        Some(_) => Ok(()),
    }
}

fn judge(message: &Message) -> Done<usize> {
    let tag = matches!(message.tag_bits, 96 | 104 | 112 | 120 | 128);
    let iv = (1..=256).contains(&message.iv.len()) && (!message.makes_iv || message.iv.len() == 12);
    if !tag || !iv {
        return Err(Fault::MechanismParamInvalid);
    }
    usize::try_from(message.tag_bits / 8).map_err(|_| Fault::MechanismParamInvalid)
}

/// C_EncryptMessage.
///
/// # Errors
/// [`Fault::MechanismParamInvalid`], [`Fault::DataLenRange`], and what the appliance says.
pub(crate) fn encrypt(session: &Session, message: &Message, aad: &[u8], data: &[u8]) -> Done<Sealed> {
    ready(session, Way::Encrypt)?;
    let tag_bytes = judge(message)?;
    if data.len().saturating_add(aad.len()) > DATA_BYTES_MAX {
        return Err(Fault::DataLenRange);
    }
    let bound = bound(session, Way::Encrypt)?;
    let iv = (!message.makes_iv).then_some(message.iv.as_slice());
    let answer = Question::gcm(iv, aad, tag_bytes).encrypt(session, &bound, data, &Part::default());
    let answer = answer.map_err(|trouble| of_cipher(session, Way::Encrypt, &bound, trouble))?;
    let mut data = answer.data;
    let at = data.len().saturating_sub(tag_bytes);
    let tag = data.split_off(at);
    Ok(Sealed { data, iv: answer.iv, tag })
}

/// C_DecryptMessage.
///
/// # Errors
/// [`Fault::AeadDecryptFailed`], [`Fault::MechanismParamInvalid`].
pub(crate) fn decrypt(
    session: &Session,
    message: &Message,
    aad: &[u8],
    data: &[u8],
) -> Done<Zeroizing<Vec<u8>>> {
    ready(session, Way::Decrypt)?;
    let tag_bytes = judge(message)?;
    if data.len().saturating_add(aad.len()) > DATA_BYTES_MAX {
        return Err(Fault::EncryptedDataLenRange);
    }
    let bound = bound(session, Way::Decrypt)?;
    let question = Question::gcm(Some(&message.iv), aad, tag_bytes);
    let answer = question.decrypt(session, &bound, data, Some(&message.tag), &Part::default());
    answer.map(|answer| answer.data).map_err(|trouble| {
        match of_cipher(session, Way::Decrypt, &bound, trouble) {
            Fault::EncryptedDataInvalid => Fault::AeadDecryptFailed,
            other => other,
        }
    })
}

fn bound(session: &Session, way: Way) -> Done<crate::session::Bound> {
    let mut work = session.work();
    place(way, &mut work).as_ref().map(|cipher| cipher.bound.clone()).ok_or(Fault::OperationNotInitialized)
}

/// C_EncryptMessageBegin, C_DecryptMessageBegin.
///
/// # Errors
/// As [`ready`], [`Fault::MechanismParamInvalid`].
pub(crate) fn start(session: &Session, way: Way, message: &Message, aad: &[u8]) -> Done<()> {
    ready(session, way)?;
    let tag_bytes = judge(message)?;
    if message.makes_iv {
        // An IV that is made with the first part could not be given back before it.
        return Err(Fault::MechanismParamInvalid);
    }
    let mut work = session.work();
    let cipher = place(way, &mut work).as_mut().ok_or(Fault::OperationNotInitialized)?;
    let parts = MessageParts { iv: message.iv.clone(), aad: aad.to_vec(), tag_bytes, flow: Flow::default() };
    cipher.parts = Some(parts);
    Ok(())
}

/// How long the result of the next part is.
///
/// # Errors
/// [`Fault::OperationNotInitialized`].
pub(crate) fn next_room(session: &Session, way: Way, comes: usize, last: bool) -> Done<usize> {
    let mut work = session.work();
    let parts = place(way, &mut work).as_ref().and_then(|cipher| cipher.parts.as_ref());
    let held = parts.ok_or(Fault::OperationNotInitialized)?.flow.held.len();
    Ok(match (way, last) {
        (Way::Encrypt, _) => comes,
        (Way::Decrypt, true) => held.saturating_add(comes),
        (Way::Decrypt, false) => 0,
    })
}

/// C_EncryptMessageNext, C_DecryptMessageNext: the message is gathered, and given out when it is whole and, for
/// decryption, its tag was found right.
///
/// # Errors
/// As [`encrypt`] and [`decrypt`].
pub(crate) fn next(session: &Session, way: Way, tag: &[u8], data: &[u8], last: bool) -> Done<Sealed> {
    let (bound, mut parts) = {
        let mut work = session.work();
        let cipher = place(way, &mut work).as_mut().ok_or(Fault::OperationNotInitialized)?;
        (cipher.bound.clone(), cipher.parts.take().ok_or(Fault::OperationNotInitialized)?)
    };
    if parts.flow.held.len().saturating_add(data.len()) > DATA_BYTES_MAX {
        return Err(Fault::DataLenRange);
    }
    let question = Question::gcm(Some(&parts.iv), &parts.aad, parts.tag_bytes);
    let mut sealed = Sealed { data: Zeroizing::default(), iv: None, tag: Vec::new() };
    match way {
        Way::Encrypt => {
            let correlation = parts.flow.correlation.take();
            let part = Part {
                correlation: correlation.as_deref(),
                first: correlation.is_none() && !last,
                last: last && correlation.is_some(),
            };
            let answer = question.encrypt(session, &bound, data, &part);
            let mut answer = answer.map_err(|trouble| of_cipher(session, way, &bound, trouble))?;
            if last {
                let at = answer.data.len().saturating_sub(parts.tag_bytes);
                sealed.tag = answer.data.split_off(at);
            }
            sealed.data = answer.data;
            parts.flow.correlation = answer.correlation;
        }
        Way::Decrypt => {
            parts.flow.held.extend_from_slice(data);
            if last {
                let answer = question.decrypt(session, &bound, &parts.flow.held, Some(tag), &Part::default());
                sealed.data = answer.map(|answer| answer.data).map_err(|trouble| {
                    match of_cipher(session, way, &bound, trouble) {
                        Fault::EncryptedDataInvalid => Fault::AeadDecryptFailed,
                        other => other,
                    }
                })?;
            }
        }
    }
    if !last && let Some(cipher) = place(way, &mut session.work()) {
        cipher.parts = Some(parts);
    }
    Ok(sealed)
}

/// C_MessageEncryptFinal, C_MessageDecryptFinal.
///
/// # Errors
/// [`Fault::OperationNotInitialized`].
pub(crate) fn end(session: &Session, way: Way) -> Done<()> {
    place(way, &mut session.work()).take().map(drop).ok_or(Fault::OperationNotInitialized)
}
