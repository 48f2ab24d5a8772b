//! Signing and verifying, MACs included: C_Sign..., C_Verify..., C_VerifySignature..., and the same with messages.
//!
//! What a mechanism hashes is hashed here; the appliance sees the digest. A MAC needs its key, so its data goes there.
//! Rules: PKCS#11 3.2, sections 5.13 to 5.17.

use super::{Room, bind, of_use};
use crate::appliance::{Again, payload};
use crate::der::{halves, whole};
use crate::digest::Hash;
use crate::fault::{Done, Fault};
use crate::lattice::Lattice;
use crate::limits::GATHERED_BYTES_MAX;
use crate::mechanism::Scheme;
use crate::parameter::{Named, Parameter};
use crate::session::{Bound, Session, Signing, Work};
use cryptoki_sys as ck;
use cryptoki_sys::{CK_FLAGS, CK_OBJECT_HANDLE, CK_ULONG};
use kmip::attribute::CryptographicParameters;
use kmip::enums::{
    BlockCipherMode, CryptographicAlgorithm, MaskGenerator, Operation, PaddingMethod, ResultReason,
    ValidityIndicator,
};
use kmip::identifier::{Data, Identifier};
use kmip::operation::{
    MacRequest, MacResponse, MacVerifyRequest, MacVerifyResponse, SignRequest, SignResponse,
    SignatureVerifyRequest, SignatureVerifyResponse,
};
use zeroize::Zeroizing;

/// Which of the operations of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Sign,
    Verify,
    MessageSign,
    MessageVerify,
}

impl Way {
    const fn signs(self) -> bool {
        matches!(self, Self::Sign | Self::MessageSign)
    }

    fn place(self, work: &mut Work) -> &mut Option<Signing> {
        match self {
            Self::Sign => &mut work.sign,
            Self::Verify => &mut work.verify,
            Self::MessageSign => &mut work.message_sign,
            Self::MessageVerify => &mut work.message_verify,
        }
    }
}

/// C_SignInit, C_VerifyInit, C_VerifySignatureInit (with the signature), C_MessageSignInit, C_MessageVerifyInit.
///
/// # Errors
/// [`Fault::OperationActive`], and as [`bind`].
pub(crate) fn begin(
    session: &Session,
    way: Way,
    named: Named,
    key: CK_OBJECT_HANDLE,
    signature: Option<Vec<u8>>,
) -> Done<()> {
    if way.place(&mut session.work()).is_some() {
        return Err(Fault::OperationActive);
    }
    let (flag, usage) =
        if way.signs() { (ck::CKF_SIGN, ck::CKA_SIGN) } else { (ck::CKF_VERIFY, ck::CKA_VERIFY) };
    let bound = bind(session, named, key, flag, usage)?;
    judge(&bound)?;
    if let Some(signature) = &signature {
        fits(&bound, signature)?;
    }
    let signing = Signing {
        digest: digest(&bound).and_then(Hash::begin),
        bound,
        gathered: Zeroizing::default(),
        parts: false,
        signature,
    };
    *way.place(&mut session.work()) = Some(signing);
    Ok(())
}

/// Is the parameter what the mechanism needs?
fn judge(bound: &Bound) -> Done<()> {
    let sound = match (bound.mechanism.scheme, &bound.named.parameter) {
        (Scheme::RsaPss(hash), Parameter::Pss { hash: named, mgf, salt }) => {
            let named = Hash::of(*named);
            let room = bound.key_bytes.saturating_sub(2);
            named.is_some()
                && (hash.is_none() || hash == named)
                && Hash::of_mgf(*mgf).is_some()
                && usize::try_from(*salt)
                    .is_ok_and(|salt| salt.saturating_add(named.map_or(0, Hash::bytes)) <= room)
        }
        (Scheme::RsaPss(_), _) => false,
        (Scheme::Hmac(hash, true), Parameter::Ulong(length)) => {
            usize::try_from(*length).is_ok_and(|length| (1..=hash.bytes()).contains(&length))
        }
        (Scheme::Cmac(true), Parameter::Ulong(length)) => (1..=16).contains(length),
        (Scheme::Hmac(_, true) | Scheme::Cmac(true), _) => false,
        (Scheme::Eddsa, Parameter::Eddsa { prehash, context }) => !prehash && context.is_empty(),
        // KMIP has no place for a context, and the appliance's signatures are hedged.
        (Scheme::MlDsa, Parameter::MlDsa { deterministic, context }) => !deterministic && context.is_empty(),
        (_, Parameter::None) => true,
        _ => false,
    };
    if sound { Ok(()) } else { Err(Fault::MechanismParamInvalid) }
}

/// The hash that the mechanism applies to data.
const fn digest(bound: &Bound) -> Option<Hash> {
    match bound.mechanism.scheme {
        Scheme::RsaPkcs(hash) | Scheme::RsaPss(hash) | Scheme::Ecdsa(hash) => hash,
        _ => None,
    }
}

/// Bytes of a signature.
fn length(bound: &Bound) -> usize {
    match (bound.mechanism.scheme, &bound.named.parameter) {
        (Scheme::Ecdsa(_), _) => bound.key_bytes.saturating_mul(2),
        (Scheme::Eddsa, _) => 64,
        (Scheme::MlDsa, _) => Lattice::ALL
            .into_iter()
            .find(|set| set.public_bytes() == bound.key_bytes)
            .map_or(0, Lattice::signature_bytes),
        (Scheme::Hmac(hash, _), Parameter::Ulong(length)) => {
            usize::try_from(*length).unwrap_or(hash.bytes()).min(hash.bytes())
        }
        (Scheme::Hmac(hash, _), _) => hash.bytes(),
        (Scheme::Cmac(_), Parameter::Ulong(length)) => usize::try_from(*length).unwrap_or(16).min(16),
        (Scheme::Cmac(_), _) => 16,
        _ => bound.key_bytes,
    }
}

/// Has a signature the length that it must have?
fn fits(bound: &Bound, signature: &[u8]) -> Done<()> {
    if signature.len() == length(bound) { Ok(()) } else { Err(Fault::SignatureLenRange) }
}

/// How long the signature will be. `alone`: of one part.
///
/// # Errors
/// [`Fault::OperationNotInitialized`], [`Fault::OperationActive`].
pub(crate) fn room(session: &Session, way: Way, alone: bool) -> Done<Room> {
    let mut work = session.work();
    let signing = way.place(&mut work).as_ref().ok_or(Fault::OperationNotInitialized)?;
    if alone && signing.parts {
        return Err(Fault::OperationActive);
    }
    if signing.bound.asks_again {
        return Err(Fault::UserNotLoggedIn);
    }
    Ok(Room::exact(length(&signing.bound)))
}

/// C_SignUpdate, C_VerifyUpdate, C_VerifySignatureUpdate. A fault ends the operation.
///
/// # Errors
/// [`Fault::OperationNotInitialized`], [`Fault::DataLenRange`].
pub(crate) fn update(session: &Session, way: Way, data: &[u8]) -> Done<()> {
    let mut work = session.work();
    let place = way.place(&mut work);
    let signing = place.as_mut().ok_or(Fault::OperationNotInitialized)?;
    let refused = if signing.bound.asks_again {
        Some(Fault::UserNotLoggedIn)
    } else if matches!(
        signing.bound.mechanism.scheme,
        Scheme::RsaPkcs(None) | Scheme::RsaPss(None) | Scheme::Ecdsa(None)
    ) {
        // What is signed as it is comes whole.
        Some(Fault::FunctionNotSupported)
    } else if signing.gathered.len().saturating_add(data.len()) > GATHERED_BYTES_MAX
        && signing.digest.is_none()
    {
        Some(Fault::DataLenRange)
    } else {
        None
    };
    if let Some(fault) = refused {
        *place = None;
        return Err(fault);
    }
    signing.parts = true;
    match &mut signing.digest {
        Some(digest) => digest.update(data),
        None => signing.gathered.extend_from_slice(data),
    }
    Ok(())
}

/// C_Sign and C_SignFinal. The operation is over, whatever comes of it.
///
/// # Errors
/// [`Fault::OperationNotInitialized`], [`Fault::DataLenRange`], and as [`of_use`].
pub(crate) fn sign(session: &Session, way: Way, data: &[u8]) -> Done<Vec<u8>> {
    let signing = way.place(&mut session.work()).take().ok_or(Fault::OperationNotInitialized)?;
    if signing.bound.asks_again {
        return Err(Fault::UserNotLoggedIn);
    }
    let bound = signing.bound;
    let gathered = gather(signing.digest, signing.gathered, data);
    make(session, &bound, &gathered)
}

/// C_SignMessage: the operation goes on.
///
/// # Errors
/// As [`sign`].
pub(crate) fn sign_message(session: &Session, data: &[u8]) -> Done<Vec<u8>> {
    let bound = {
        let work = session.work();
        work.message_sign.as_ref().ok_or(Fault::OperationNotInitialized)?.bound.clone()
    };
    let gathered = gather(digest(&bound).and_then(Hash::begin), Zeroizing::default(), data);
    make(session, &bound, &gathered)
}

/// C_SignMessageNext and C_VerifyMessageNext with the last part: starts the next message.
///
/// # Errors
/// [`Fault::OperationNotInitialized`].
pub(crate) fn end_message(session: &Session, way: Way, data: &[u8]) -> Done<(Bound, Zeroizing<Vec<u8>>)> {
    let mut work = session.work();
    let signing = way.place(&mut work).as_mut().ok_or(Fault::OperationNotInitialized)?;
    let fresh = digest(&signing.bound).and_then(Hash::begin);
    let context = std::mem::replace(&mut signing.digest, fresh);
    let held = std::mem::take(&mut signing.gathered);
    signing.parts = false;
    Ok((signing.bound.clone(), gather(context, held, data)))
}

/// The digest of all parts, or all parts.
fn gather(
    digest: Option<aws_lc_rs::digest::Context>,
    mut gathered: Zeroizing<Vec<u8>>,
    data: &[u8],
) -> Zeroizing<Vec<u8>> {
    match digest {
        Some(mut context) => {
            context.update(data);
            Zeroizing::new(context.finish().as_ref().to_vec())
        }
        None => {
            gathered.extend_from_slice(data);
            gathered
        }
    }
}

/// Is what is to be signed of a length that the mechanism takes?
fn signable(bound: &Bound, data: &[u8]) -> Done<()> {
    let sound = match (bound.mechanism.scheme, &bound.named.parameter) {
        (Scheme::RsaPkcs(None), _) => data.len() <= bound.key_bytes.saturating_sub(11),
        (Scheme::RsaPss(None), Parameter::Pss { hash, .. }) => {
            Hash::of(*hash).is_some_and(|hash| hash.bytes() == data.len())
        }
        (Scheme::Ecdsa(None), _) => !data.is_empty(),
        _ => data.len() <= GATHERED_BYTES_MAX,
    };
    if sound { Ok(()) } else { Err(Fault::DataLenRange) }
}

/// What KMIP calls the mechanism.
fn parameters(bound: &Bound) -> CryptographicParameters<'static> {
    let blank = CryptographicParameters::default();
    match (bound.mechanism.scheme, &bound.named.parameter) {
        (Scheme::RsaPkcs(hash), _) => CryptographicParameters {
            padding_method: Some(PaddingMethod::PKCS1_V1_5),
            hashing_algorithm: hash.map(Hash::kmip),
            ..blank
        },
        (Scheme::RsaPss(_), Parameter::Pss { hash, mgf, salt }) => CryptographicParameters {
            padding_method: Some(PaddingMethod::PSS),
            hashing_algorithm: Hash::of(*hash).map(Hash::kmip),
            mask_generator: Some(MaskGenerator::MGF1),
            mask_generator_hashing_algorithm: Hash::of_mgf(*mgf).map(Hash::kmip),
            salt_length: i32::try_from(*salt).ok(),
            ..blank
        },
        (Scheme::Ecdsa(hash), _) => {
            CryptographicParameters { hashing_algorithm: hash.map(Hash::kmip), ..blank }
        }
        (Scheme::Cmac(_), _) => {
            CryptographicParameters { block_cipher_mode: Some(BlockCipherMode::CMAC), ..blank }
        }
        (Scheme::Hmac(hash, _), _) => {
            CryptographicParameters { cryptographic_algorithm: hmac(hash), ..blank }
        }
        _ => blank,
    }
}

const fn hmac(hash: Hash) -> Option<CryptographicAlgorithm> {
    Some(match hash {
        Hash::Sha1 => CryptographicAlgorithm::HMAC_SHA1,
        Hash::Sha224 => CryptographicAlgorithm::HMAC_SHA224,
        Hash::Sha256 => CryptographicAlgorithm::HMAC_SHA256,
        Hash::Sha384 => CryptographicAlgorithm::HMAC_SHA384,
        Hash::Sha512 => CryptographicAlgorithm::HMAC_SHA512,
        Hash::Sha3_224 => CryptographicAlgorithm::HMAC_SHA3_224,
        Hash::Sha3_256 => CryptographicAlgorithm::HMAC_SHA3_256,
        Hash::Sha3_384 => CryptographicAlgorithm::HMAC_SHA3_384,
        Hash::Sha3_512 => CryptographicAlgorithm::HMAC_SHA3_512,
        Hash::Sha512_256 => return None,
    })
}

/// Bytes of the whole MAC, for mechanisms that are one.
const fn mac_bytes(scheme: Scheme) -> Option<usize> {
    match scheme {
        Scheme::Hmac(hash, _) => Some(hash.bytes()),
        Scheme::Cmac(_) => Some(16),
        _ => None,
    }
}

/// Is the data given to KMIP as a digest?
const fn is_digest(scheme: Scheme) -> bool {
    !matches!(scheme, Scheme::Eddsa | Scheme::MlDsa)
}

/// Makes a signature or MAC of what was gathered.
///
/// # Errors
/// [`Fault::DataLenRange`], and as [`of_use`].
pub(crate) fn make(session: &Session, bound: &Bound, data: &[u8]) -> Done<Vec<u8>> {
    signable(bound, data)?;
    let (id, parameters) = (Some(Identifier::Text(bound.key.uid.as_str())), Some(parameters(bound)));
    let appliance = &session.slot.appliance;
    let made = if mac_bytes(bound.mechanism.scheme).is_some() {
        let request = MacRequest {
            unique_identifier: id,
            cryptographic_parameters: parameters,
            data: Some(Data::Bytes(data)),
            correlation_value: None,
            init: None,
            last: None,
        };
        appliance.ask(Operation::MAC, &request, Again::May, |item| {
            let response: MacResponse<'_> = payload(item)?;
            response.mac_data.map(<[u8]>::to_vec)
        })
    } else {
        let digested = is_digest(bound.mechanism.scheme);
        let request = SignRequest {
            unique_identifier: id,
            cryptographic_parameters: parameters,
            data: (!digested).then_some(Data::Bytes(data)),
            digested_data: digested.then_some(data),
            correlation_value: None,
            init: None,
            last: None,
        };
        appliance.ask(Operation::SIGN, &request, Again::May, |item| {
            let response: SignResponse<'_> = payload(item)?;
            response.signature_data.map(<[u8]>::to_vec)
        })
    };
    let mut made = made.map_err(|trouble| of_use(session, &bound.key, trouble))?;
    if let Scheme::Ecdsa(_) = bound.mechanism.scheme {
        made = halves(&made, bound.key_bytes).ok_or(Fault::DeviceError)?;
    }
    made.truncate(length(bound));
    Ok(made)
}

/// C_Verify, C_VerifyFinal, C_VerifySignature, C_VerifySignatureFinal. The operation is over.
///
/// # Errors
/// [`Fault::SignatureInvalid`], [`Fault::SignatureLenRange`], [`Fault::OperationNotInitialized`].
pub(crate) fn verify(session: &Session, data: &[u8], signature: Option<&[u8]>, alone: bool) -> Done<()> {
    let signing = {
        let mut work = session.work();
        let there = work.verify.as_ref().ok_or(Fault::OperationNotInitialized)?;
        if there.signature.is_some() == signature.is_some() {
            return Err(Fault::OperationNotInitialized);
        }
        if alone && there.parts {
            return Err(Fault::OperationActive);
        }
        work.verify.take().ok_or(Fault::OperationNotInitialized)?
    };
    let bound = signing.bound;
    let gathered = gather(signing.digest, signing.gathered, data);
    let signature = signature.or(signing.signature.as_deref()).unwrap_or_default();
    confirm(session, &bound, &gathered, signature)
}

/// C_VerifyMessage: the operation goes on.
///
/// # Errors
/// As [`verify`].
pub(crate) fn verify_message(session: &Session, data: &[u8], signature: &[u8]) -> Done<()> {
    let bound = {
        let work = session.work();
        work.message_verify.as_ref().ok_or(Fault::OperationNotInitialized)?.bound.clone()
    };
    let gathered = gather(digest(&bound).and_then(Hash::begin), Zeroizing::default(), data);
    confirm(session, &bound, &gathered, signature)
}

/// Is it a signature of what was gathered?
///
/// # Errors
/// As [`verify`].
pub(crate) fn confirm(session: &Session, bound: &Bound, data: &[u8], signature: &[u8]) -> Done<()> {
    fits(bound, signature)?;
    signable(bound, data)?;
    let id = Some(Identifier::Text(bound.key.uid.as_str()));
    let appliance = &session.slot.appliance;
    let valid = if let Some(full) = mac_bytes(bound.mechanism.scheme) {
        let mut parameters = parameters(bound);
        if signature.len() < full {
            parameters.tag_length = i32::try_from(signature.len()).ok();
        }
        let request = MacVerifyRequest {
            unique_identifier: id,
            cryptographic_parameters: Some(parameters),
            data: Some(Data::Bytes(data)),
            mac_data: Some(signature),
            correlation_value: None,
            init: None,
            last: None,
        };
        appliance.ask(Operation::MAC_VERIFY, &request, Again::May, |item| {
            let response: MacVerifyResponse<'_> = payload(item)?;
            Some(response.validity == Some(ValidityIndicator::VALID))
        })
    } else {
        let digested = is_digest(bound.mechanism.scheme);
        let written = match bound.mechanism.scheme {
            Scheme::Ecdsa(_) => whole(signature).ok_or(Fault::SignatureLenRange)?,
            _ => signature.to_vec(),
        };
        let request = SignatureVerifyRequest {
            unique_identifier: id,
            cryptographic_parameters: Some(parameters(bound)),
            data: (!digested).then_some(Data::Bytes(data)),
            digested_data: digested.then_some(data),
            signature_data: Some(&written),
            correlation_value: None,
            init: None,
            last: None,
        };
        appliance.ask(Operation::SIGNATURE_VERIFY, &request, Again::May, |item| {
            let response: SignatureVerifyResponse<'_> = payload(item)?;
            Some(response.validity == Some(ValidityIndicator::VALID))
        })
    };
    match valid {
        Ok(true) => Ok(()),
        Ok(false) => Err(Fault::SignatureInvalid),
        Err(crate::appliance::Trouble::Refused(ResultReason::CRYPTOGRAPHIC_FAILURE)) => {
            Err(Fault::SignatureInvalid)
        }
        Err(trouble) => Err(of_use(session, &bound.key, trouble)),
    }
}

/// C_MessageSignFinal, C_MessageVerifyFinal.
///
/// # Errors
/// [`Fault::OperationNotInitialized`].
pub(crate) fn end(session: &Session, way: Way) -> Done<()> {
    way.place(&mut session.work()).take().map(drop).ok_or(Fault::OperationNotInitialized)
}

/// C_SessionCancel: ends what the flags name.
pub(crate) fn cancel(session: &Session, flags: CK_FLAGS) {
    let mut work = session.work();
    let named = |flag: CK_ULONG| flags & flag != 0;
    if named(ck::CKF_FIND_OBJECTS) {
        work.find = None;
    }
    if named(ck::CKF_ENCRYPT) {
        work.encrypt = None;
    }
    if named(ck::CKF_DECRYPT) {
        work.decrypt = None;
    }
    if named(ck::CKF_DIGEST) {
        work.digest = None;
    }
    if named(ck::CKF_SIGN) {
        work.sign = None;
    }
    if named(ck::CKF_VERIFY) {
        work.verify = None;
    }
    if named(ck::CKF_MESSAGE_ENCRYPT) {
        work.message_encrypt = None;
    }
    if named(ck::CKF_MESSAGE_DECRYPT) {
        work.message_decrypt = None;
    }
    if named(ck::CKF_MESSAGE_SIGN) {
        work.message_sign = None;
    }
    if named(ck::CKF_MESSAGE_VERIFY) {
        work.message_verify = None;
    }
}
