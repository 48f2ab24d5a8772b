//! Encryption and decryption in one part: C_EncryptInit, C_Encrypt, C_DecryptInit, C_Decrypt.
//!
//! Rules: PKCS#11 3.2, sections 5.8 and 5.9, and the ciphers of section 6.

use super::streaming::{self, parts};
use super::{Room, bind, of_use};
use crate::appliance::{Again, Trouble, payload};
use crate::digest::Hash;
use crate::fault::{Done, Fault};
use crate::limits::DATA_BYTES_MAX;
use crate::mechanism::Scheme;
use crate::parameter::{Named, OaepParameter, Parameter};
use crate::session::{Bound, Cipher, Session, Work};
use cryptoki_sys as ck;
use cryptoki_sys::CK_OBJECT_HANDLE;
use kmip::attribute::CryptographicParameters;
use kmip::enums::{BlockCipherMode, MaskGenerator, Operation, PaddingMethod, ResultReason};
use kmip::identifier::{Data, Identifier};
use kmip::operation::{DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse};
use zeroize::Zeroizing;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 16;

/// Bytes of a data unit of XTS: one block, with which ciphertext stealing begins, to what one request holds.
const XTS_UNIT: std::ops::RangeInclusive<usize> = BLOCK..=DATA_BYTES_MAX;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Encrypt,
    Decrypt,
}

impl Way {
    /// Where the operation of this way is.
    pub(crate) fn place(self, work: &mut Work) -> &mut Option<Cipher> {
        match self {
            Self::Encrypt => &mut work.encrypt,
            Self::Decrypt => &mut work.decrypt,
        }
    }
}

/// C_EncryptInit, C_DecryptInit.
///
/// # Errors
/// [`Fault::OperationActive`], [`Fault::MechanismParamInvalid`], and as [`bind`].
pub(crate) fn begin(session: &Session, way: Way, named: Named, key: CK_OBJECT_HANDLE) -> Done<()> {
    if way.place(&mut session.work()).is_some() {
        return Err(Fault::OperationActive);
    }
    let (flag, usage) = match way {
        Way::Encrypt => (ck::CKF_ENCRYPT, ck::CKA_ENCRYPT),
        Way::Decrypt => (ck::CKF_DECRYPT, ck::CKA_DECRYPT),
    };
    let bound = bind(session, named, key, flag, usage)?;
    judge(&bound)?;
    *way.place(&mut session.work()) = Some(Cipher { bound, flow: None, ready: None });
    Ok(())
}

/// Is the parameter what the mechanism needs?
pub(crate) fn judge(bound: &Bound) -> Done<()> {
    let sound = match (bound.mechanism.scheme, &bound.named.parameter) {
        (Scheme::Ecb, Parameter::None) => true,
        (Scheme::Cbc | Scheme::CbcPad | Scheme::Xts, Parameter::Bytes(iv)) => iv.len() == BLOCK,
        (Scheme::Ctr, Parameter::Ctr { bits, .. }) => (8..=128).contains(bits) && bits.is_multiple_of(8),
        (Scheme::Gcm, Parameter::Gcm { iv, tag_bits, .. }) => {
            (1..=256).contains(&iv.len()) && matches!(tag_bits, 96 | 104 | 112 | 120 | 128)
        }
        (Scheme::Ccm, Parameter::Ccm { nonce, mac_len, .. }) => {
            (7..=13).contains(&nonce.len()) && matches!(mac_len, 4 | 6 | 8 | 10 | 12 | 14 | 16)
        }
        (Scheme::Chacha, Parameter::Chacha { nonce, .. }) => nonce.len() == 12,
        (Scheme::Oaep, Parameter::Oaep(oaep)) => {
            Hash::of(oaep.hash).is_some() && Hash::of_mgf(oaep.mgf).is_some()
        }
        _ => false,
    };
    if sound { Ok(()) } else { Err(Fault::MechanismParamInvalid) }
}

/// Bytes that OAEP takes of the key.
fn oaep_overhead(bound: &Bound) -> usize {
    match &bound.named.parameter {
        Parameter::Oaep(oaep) => {
            Hash::of(oaep.hash).map_or(0, |hash| hash.bytes().saturating_mul(2).saturating_add(2))
        }
        _ => 0,
    }
}

/// Bytes of the tag.
pub(crate) fn tag_bytes(bound: &Bound) -> usize {
    match &bound.named.parameter {
        Parameter::Gcm { tag_bits, .. } => usize::try_from(tag_bits / 8).unwrap_or(BLOCK),
        Parameter::Ccm { mac_len, .. } => usize::try_from(*mac_len).unwrap_or(BLOCK),
        Parameter::Chacha { .. } => BLOCK,
        _ => 0,
    }
}

/// What the parameter says of the length of the data.
fn told_length(bound: &Bound) -> Option<usize> {
    match &bound.named.parameter {
        Parameter::Ccm { data_len, .. } => usize::try_from(*data_len).ok(),
        _ => None,
    }
}

/// How long the result of so many bytes is.
///
/// # Errors
/// [`Fault::DataLenRange`], [`Fault::EncryptedDataLenRange`].
fn result(bound: &Bound, way: Way, bytes: usize) -> Done<Room> {
    let whole = bytes.is_multiple_of(BLOCK);
    let (scheme, tag) = (bound.mechanism.scheme, tag_bytes(bound));
    match way {
        Way::Encrypt => match scheme {
            Scheme::Ecb | Scheme::Cbc if !whole => Err(Fault::DataLenRange),
            Scheme::Ccm if told_length(bound).is_some_and(|told| told != bytes) => Err(Fault::DataLenRange),
            Scheme::Xts if !XTS_UNIT.contains(&bytes) => Err(Fault::DataLenRange),
            Scheme::CbcPad => Ok(Room::exact(bytes.saturating_add(BLOCK - bytes % BLOCK))),
            Scheme::Gcm | Scheme::Ccm | Scheme::Chacha => Ok(Room::exact(bytes.saturating_add(tag))),
            Scheme::Oaep if bytes > bound.key_bytes.saturating_sub(oaep_overhead(bound)) => {
                Err(Fault::DataLenRange)
            }
            Scheme::Oaep => Ok(Room::exact(bound.key_bytes)),
            _ => Ok(Room::exact(bytes)),
        },
        Way::Decrypt => match scheme {
            Scheme::Ecb | Scheme::Cbc if !whole => Err(Fault::EncryptedDataLenRange),
            Scheme::Xts if !XTS_UNIT.contains(&bytes) => Err(Fault::EncryptedDataLenRange),
            Scheme::CbcPad if !whole || bytes == 0 => Err(Fault::EncryptedDataLenRange),
            Scheme::CbcPad => Ok(Room::at_most(bytes)),
            Scheme::Gcm | Scheme::Ccm | Scheme::Chacha => {
                bytes.checked_sub(tag).map(Room::exact).ok_or(Fault::EncryptedDataLenRange)
            }
            Scheme::Oaep if bytes != bound.key_bytes => Err(Fault::EncryptedDataLenRange),
            Scheme::Oaep => Ok(Room::at_most(bound.key_bytes.saturating_sub(oaep_overhead(bound)))),
            _ => Ok(Room::exact(bytes)),
        },
    }
}

/// How long the result will be. A length that the mechanism cannot take ends the operation.
///
/// # Errors
/// [`Fault::OperationNotInitialized`], [`Fault::OperationActive`], and the lengths.
pub(crate) fn room(session: &Session, way: Way, bytes: usize) -> Done<Room> {
    let mut work = session.work();
    let place = way.place(&mut work);
    let cipher = place.as_ref().ok_or(Fault::OperationNotInitialized)?;
    if cipher.flow.is_some() {
        return Err(Fault::OperationActive);
    }
    if cipher.bound.asks_again {
        return Err(Fault::UserNotLoggedIn);
    }
    if let Some(ready) = &cipher.ready {
        return Ok(Room::exact(ready.len()));
    }
    let room = result(&cipher.bound, way, bytes);
    if room.is_err() {
        *place = None;
    }
    room
}

/// C_Encrypt, C_Decrypt. The operation is over, unless the result is `kept` for a larger buffer.
///
/// # Errors
/// What the appliance says of key and data.
pub(crate) fn run(session: &Session, way: Way, data: &[u8]) -> Done<Zeroizing<Vec<u8>>> {
    let cipher = way.place(&mut session.work()).take().ok_or(Fault::OperationNotInitialized)?;
    match cipher.ready {
        Some(ready) => Ok(ready),
        None => whole(session, way, &cipher.bound, data),
    }
}

/// Keeps a result that did not fit; the operation stays.
pub(crate) fn keep(session: &Session, way: Way, bound: Bound, ready: Zeroizing<Vec<u8>>) {
    *way.place(&mut session.work()) = Some(Cipher { bound, flow: None, ready: Some(ready) });
}

/// What the operation is bound to, to keep a result with it.
pub(crate) fn bound(session: &Session, way: Way) -> Option<Bound> {
    way.place(&mut session.work()).as_ref().map(|cipher| cipher.bound.clone())
}

/// All of the data at once, in as many requests as it takes.
///
/// # Errors
/// As [`run`].
pub(crate) fn whole(session: &Session, way: Way, bound: &Bound, data: &[u8]) -> Done<Zeroizing<Vec<u8>>> {
    result(bound, way, data.len())?;
    if data.len() <= DATA_BYTES_MAX {
        return once(session, way, bound, data);
    }
    match bound.mechanism.scheme {
        Scheme::Gcm if way == Way::Decrypt => streaming::open_gcm(session, bound, data),
        // Of these the appliance takes what one request holds.
        Scheme::Ccm | Scheme::Chacha => Err(Fault::DataLenRange),
        _ => parts(session, way, bound, data),
    }
}

fn once(session: &Session, way: Way, bound: &Bound, data: &[u8]) -> Done<Zeroizing<Vec<u8>>> {
    let question = Question::of(bound, true);
    let done = match way {
        Way::Encrypt => question.encrypt(session, bound, data, &Part::default()).map(|answer| answer.data),
        Way::Decrypt => {
            let (data, tag) =
                data.split_at_checked(data.len().saturating_sub(tag_bytes(bound))).unwrap_or((data, &[]));
            let tag = (!tag.is_empty()).then_some(tag);
            question.decrypt(session, bound, data, tag, &Part::default()).map(|answer| answer.data)
        }
    };
    done.map_err(|trouble| of_cipher(session, way, bound, trouble))
}

/// What it means that the appliance refuses.
pub(crate) fn of_cipher(session: &Session, way: Way, bound: &Bound, trouble: Trouble) -> Fault {
    match (way, trouble) {
        (Way::Decrypt, Trouble::Refused(ResultReason::CRYPTOGRAPHIC_FAILURE)) => Fault::EncryptedDataInvalid,
        (Way::Encrypt, Trouble::Refused(ResultReason::CRYPTOGRAPHIC_FAILURE)) => Fault::DataLenRange,
        _ => of_use(session, &bound.key, trouble),
    }
}

/// Which part of a stream is sent.
#[derive(Default)]
pub(crate) struct Part<'p> {
    /// The stream that goes on.
    pub(crate) correlation: Option<&'p [u8]>,
    /// One begins.
    pub(crate) first: bool,
    /// It ends.
    pub(crate) last: bool,
}

/// OAEP in KMIP's words.
pub(crate) fn of_oaep(oaep: &OaepParameter) -> CryptographicParameters<'_> {
    CryptographicParameters {
        padding_method: Some(PaddingMethod::OAEP),
        hashing_algorithm: Hash::of(oaep.hash).map(Hash::kmip),
        mask_generator: Some(MaskGenerator::MGF1),
        mask_generator_hashing_algorithm: Hash::of_mgf(oaep.mgf).map(Hash::kmip),
        p_source: (!oaep.label.is_empty()).then_some(oaep.label.as_slice()),
        ..CryptographicParameters::default()
    }
}

/// What comes back.
pub(crate) struct Answer {
    pub(crate) data: Zeroizing<Vec<u8>>,
    pub(crate) correlation: Option<Vec<u8>>,
    /// An IV that the appliance made.
    pub(crate) iv: Option<Vec<u8>>,
}

/// A mechanism in KMIP's words.
pub(crate) struct Question<'p> {
    parameters: CryptographicParameters<'p>,
    iv: Option<&'p [u8]>,
    aad: Option<&'p [u8]>,
    tag_bytes: usize,
}

impl<'p> Question<'p> {
    /// `padded`: does the appliance pad? Where data comes in parts, it is padded here.
    pub(crate) fn of(bound: &'p Bound, padded: bool) -> Self {
        let blank = CryptographicParameters::default();
        let mode = |mode| CryptographicParameters { block_cipher_mode: Some(mode), ..blank };
        let none = Self { parameters: blank, iv: None, aad: None, tag_bytes: 0 };
        match (bound.mechanism.scheme, &bound.named.parameter) {
            (Scheme::Ecb, _) => Self { parameters: mode(BlockCipherMode::ECB), ..none },
            (Scheme::Cbc, Parameter::Bytes(iv)) => {
                Self { parameters: mode(BlockCipherMode::CBC), iv: Some(iv), ..none }
            }
            (Scheme::Xts, Parameter::Bytes(tweak)) => {
                Self { parameters: mode(BlockCipherMode::XTS), iv: Some(tweak), ..none }
            }
            (Scheme::CbcPad, Parameter::Bytes(iv)) => {
                let padding = if padded { PaddingMethod::PKCS5 } else { PaddingMethod::NONE };
                let parameters =
                    CryptographicParameters { padding_method: Some(padding), ..mode(BlockCipherMode::CBC) };
                Self { parameters, iv: Some(iv), ..none }
            }
            (Scheme::Ctr, Parameter::Ctr { bits, block }) => {
                let bits = i32::try_from(*bits).ok();
                let parameters =
                    CryptographicParameters { counter_length: bits, ..mode(BlockCipherMode::CTR) };
                Self { parameters, iv: Some(block), ..none }
            }
            (Scheme::Gcm, Parameter::Gcm { iv, aad, .. }) => {
                let tag_bytes = tag_bytes(bound);
                Self::gcm((!iv.is_empty()).then_some(iv.as_slice()), aad, tag_bytes)
            }
            (Scheme::Ccm, Parameter::Ccm { nonce, aad, .. }) => {
                let tag_bytes = tag_bytes(bound);
                let parameters = CryptographicParameters {
                    tag_length: i32::try_from(tag_bytes).ok(),
                    ..mode(BlockCipherMode::CCM)
                };
                let aad = (!aad.is_empty()).then_some(aad.as_slice());
                Self { parameters, iv: Some(nonce), aad, tag_bytes }
            }
            (Scheme::Chacha, Parameter::Chacha { nonce, aad }) => {
                let aad = (!aad.is_empty()).then_some(aad.as_slice());
                Self { parameters: mode(BlockCipherMode::AEAD), iv: Some(nonce), aad, tag_bytes: BLOCK }
            }
            (Scheme::Oaep, Parameter::Oaep(oaep)) => Self { parameters: of_oaep(oaep), ..none },
            _ => none,
        }
    }

    /// GCM; without an IV the appliance makes one.
    pub(crate) fn gcm(iv: Option<&'p [u8]>, aad: &'p [u8], tag_bytes: usize) -> Self {
        let parameters = CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::GCM),
            tag_length: i32::try_from(tag_bytes).ok(),
            random_iv: iv.is_none().then_some(true),
            ..CryptographicParameters::default()
        };
        Self { parameters, iv, aad: (!aad.is_empty()).then_some(aad), tag_bytes }
    }

    /// Asks for encryption; the tag follows the ciphertext.
    pub(crate) fn encrypt(
        &self,
        session: &Session,
        bound: &Bound,
        data: &[u8],
        part: &Part<'_>,
    ) -> Result<Answer, Trouble> {
        let begins = part.correlation.is_none();
        let request = EncryptRequest {
            unique_identifier: Some(Identifier::Text(&bound.key.uid)),
            cryptographic_parameters: begins.then_some(self.parameters),
            data: Some(Data::Bytes(data)),
            iv_counter_nonce: self.iv.filter(|_| begins),
            correlation_value: part.correlation,
            init: part.first.then_some(true),
            last: part.last.then_some(true),
            additional_data: self.aad.filter(|_| begins),
        };
        let again = if part.first || part.correlation.is_some() { Again::MayNot } else { Again::May };
        session.slot.appliance.ask(Operation::ENCRYPT, &request, again, |item| {
            let response: EncryptResponse<'_> = payload(item)?;
            let mut data = Zeroizing::new(response.data.unwrap_or_default().to_vec());
            if let Some(tag) = response.tag {
                data.extend_from_slice(tag.get(..self.tag_bytes).unwrap_or(tag));
            }
            let correlation = response.correlation_value.map(<[u8]>::to_vec);
            Some(Answer { data, correlation, iv: response.iv_counter_nonce.map(<[u8]>::to_vec) })
        })
    }

    /// Asks for decryption.
    pub(crate) fn decrypt(
        &self,
        session: &Session,
        bound: &Bound,
        data: &[u8],
        tag: Option<&[u8]>,
        part: &Part<'_>,
    ) -> Result<Answer, Trouble> {
        let begins = part.correlation.is_none();
        let request = DecryptRequest {
            unique_identifier: Some(Identifier::Text(&bound.key.uid)),
            cryptographic_parameters: begins.then_some(self.parameters),
            data: Some(Data::Bytes(data)),
            iv_counter_nonce: self.iv.filter(|_| begins),
            correlation_value: part.correlation,
            init: part.first.then_some(true),
            last: part.last.then_some(true),
            additional_data: self.aad.filter(|_| begins),
            tag,
        };
        let again = if part.first || part.correlation.is_some() { Again::MayNot } else { Again::May };
        session.slot.appliance.ask(Operation::DECRYPT, &request, again, |item| {
            let response: DecryptResponse<'_> = payload(item)?;
            let data = Zeroizing::new(response.data.unwrap_or_default().to_vec());
            let correlation = response.correlation_value.map(<[u8]>::to_vec);
            Some(Answer { data, correlation, iv: None })
        })
    }
}
