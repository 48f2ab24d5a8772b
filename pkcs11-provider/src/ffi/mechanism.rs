//! Copies a mechanism in, with its parameter and every buffer that the parameter points to.

use super::memory::Caller;
use crate::fault::{Done, Fault};
use crate::limits::{KDF_FIELDS_MAX, PARAMETER_BYTES_MAX};
use crate::parameter::{Fixed, HkdfParameter, Named, OaepParameter, Parameter, PbkdParameter};
use cryptoki_sys as ck;
use cryptoki_sys::{CK_BYTE, CK_MECHANISM, CK_ULONG};
use std::ffi::c_void;

/// Reads the mechanism. A parameter that is not what the mechanism has becomes [`Parameter::Malformed`], which every
/// mechanism refuses in its turn.
///
/// # Errors
/// [`Fault::ArgumentsBad`].
pub(super) fn named(caller: Caller, mechanism: *const CK_MECHANISM) -> Done<Named> {
    let raw = caller.read(mechanism)?;
    let parameter = if raw.ulParameterLen == 0 || raw.pParameter.is_null() {
        if raw.ulParameterLen == 0 { Parameter::None } else { Parameter::Malformed }
    } else {
        parameter(caller, &raw).unwrap_or(Parameter::Malformed)
    };
    Ok(Named { ty: raw.mechanism, parameter })
}

fn structure<T: Copy>(caller: Caller, raw: &CK_MECHANISM) -> Option<T> {
    let size = CK_ULONG::try_from(size_of::<T>()).ok()?;
    if raw.ulParameterLen != size {
        return None;
    }
    caller.read(raw.pParameter.cast_const().cast::<T>()).ok()
}

fn buffer(caller: Caller, at: *mut CK_BYTE, length: CK_ULONG) -> Option<Vec<u8>> {
    if usize::try_from(length).ok()? > PARAMETER_BYTES_MAX {
        return None;
    }
    caller.bytes(at.cast_const(), length).ok().map(|bytes| bytes.to_vec())
}

fn anything(caller: Caller, at: *mut c_void, length: CK_ULONG) -> Option<Vec<u8>> {
    buffer(caller, at.cast(), length)
}

fn oaep(caller: Caller, raw: &ck::CK_RSA_PKCS_OAEP_PARAMS) -> Option<OaepParameter> {
    let label = anything(caller, raw.pSourceData, raw.ulSourceDataLen)?;
    // No source is written as zero by many, and may not have data then.
    if raw.source != ck::CKZ_DATA_SPECIFIED && !(raw.source == 0 && label.is_empty()) {
        return None;
    }
    Some(OaepParameter { hash: raw.hashAlg, mgf: raw.mgf, label })
}

fn parameter(caller: Caller, raw: &CK_MECHANISM) -> Option<Parameter> {
    Some(match raw.mechanism {
        ck::CKM_AES_CTR => {
            let given: ck::CK_AES_CTR_PARAMS = structure(caller, raw)?;
            Parameter::Ctr { bits: given.ulCounterBits, block: given.cb }
        }
        ck::CKM_AES_GCM => {
            let given: ck::CK_GCM_PARAMS = structure(caller, raw)?;
            Parameter::Gcm {
                iv: buffer(caller, given.pIv, given.ulIvLen)?,
                aad: buffer(caller, given.pAAD, given.ulAADLen)?,
                tag_bits: given.ulTagBits,
            }
        }
        ck::CKM_AES_CCM => {
            let given: ck::CK_CCM_PARAMS = structure(caller, raw)?;
            Parameter::Ccm {
                data_len: given.ulDataLen,
                nonce: buffer(caller, given.pNonce, given.ulNonceLen)?,
                aad: buffer(caller, given.pAAD, given.ulAADLen)?,
                mac_len: given.ulMACLen,
            }
        }
        ck::CKM_CHACHA20_POLY1305 => {
            let given: ck::CK_SALSA20_CHACHA20_POLY1305_PARAMS = structure(caller, raw)?;
            Parameter::Chacha {
                nonce: buffer(caller, given.pNonce, given.ulNonceLen)?,
                aad: buffer(caller, given.pAAD, given.ulAADLen)?,
            }
        }
        ck::CKM_RSA_PKCS_OAEP => {
            let given: ck::CK_RSA_PKCS_OAEP_PARAMS = structure(caller, raw)?;
            Parameter::Oaep(oaep(caller, &given)?)
        }
        ck::CKM_RSA_PKCS_PSS
        | ck::CKM_SHA1_RSA_PKCS_PSS
        | ck::CKM_SHA224_RSA_PKCS_PSS
        | ck::CKM_SHA256_RSA_PKCS_PSS
        | ck::CKM_SHA384_RSA_PKCS_PSS
        | ck::CKM_SHA512_RSA_PKCS_PSS
        | ck::CKM_SHA3_256_RSA_PKCS_PSS
        | ck::CKM_SHA3_384_RSA_PKCS_PSS
        | ck::CKM_SHA3_512_RSA_PKCS_PSS => {
            let given: ck::CK_RSA_PKCS_PSS_PARAMS = structure(caller, raw)?;
            Parameter::Pss { hash: given.hashAlg, mgf: given.mgf, salt: given.sLen }
        }
        ck::CKM_ECDH1_DERIVE | ck::CKM_ECDH1_COFACTOR_DERIVE => {
            let given: ck::CK_ECDH1_DERIVE_PARAMS = structure(caller, raw)?;
            Parameter::Ecdh {
                kdf: given.kdf,
                shared: buffer(caller, given.pSharedData, given.ulSharedDataLen)?,
                public: buffer(caller, given.pPublicData, given.ulPublicDataLen)?,
            }
        }
        ck::CKM_EDDSA => {
            let given: ck::CK_EDDSA_PARAMS = structure(caller, raw)?;
            let context = buffer(caller, given.pContextData, given.ulContextDataLen)?;
            Parameter::Eddsa { prehash: given.phFlag != ck::CK_FALSE, context }
        }
        ck::CKM_ML_DSA => {
            let given: ck::CK_SIGN_ADDITIONAL_CONTEXT = structure(caller, raw)?;
            if given.hedgeVariant > ck::CKH_DETERMINISTIC_REQUIRED {
                return None;
            }
            let context = buffer(caller, given.pContext, given.ulContextLen)?;
            Parameter::MlDsa { deterministic: given.hedgeVariant == ck::CKH_DETERMINISTIC_REQUIRED, context }
        }
        ck::CKM_HKDF_DERIVE | ck::CKM_HKDF_DATA => {
            let given: ck::CK_HKDF_PARAMS = structure(caller, raw)?;
            Parameter::Hkdf(HkdfParameter {
                extract: given.bExtract != ck::CK_FALSE,
                expand: given.bExpand != ck::CK_FALSE,
                hash: given.prfHashMechanism,
                salt_type: given.ulSaltType,
                salt: buffer(caller, given.pSalt, given.ulSaltLen)?,
                salt_key: given.hSaltKey,
                info: buffer(caller, given.pInfo, given.ulInfoLen)?,
            })
        }
        ck::CKM_SP800_108_COUNTER_KDF => counter_kdf(caller, raw)?,
        ck::CKM_PKCS5_PBKD2 => pbkd2(caller, raw)?,
        ck::CKM_AES_ECB_ENCRYPT_DATA => {
            let given: ck::CK_KEY_DERIVATION_STRING_DATA = structure(caller, raw)?;
            Parameter::Data(buffer(caller, given.pData, given.ulLen)?)
        }
        ck::CKM_AES_CBC_ENCRYPT_DATA => {
            let given: ck::CK_AES_CBC_ENCRYPT_DATA_PARAMS = structure(caller, raw)?;
            Parameter::CbcData { iv: given.iv, data: buffer(caller, given.pData, given.length)? }
        }
        ck::CKM_SHA_1_HMAC_GENERAL
        | ck::CKM_SHA224_HMAC_GENERAL
        | ck::CKM_SHA256_HMAC_GENERAL
        | ck::CKM_SHA384_HMAC_GENERAL
        | ck::CKM_SHA512_HMAC_GENERAL
        | ck::CKM_SHA3_224_HMAC_GENERAL
        | ck::CKM_SHA3_256_HMAC_GENERAL
        | ck::CKM_SHA3_384_HMAC_GENERAL
        | ck::CKM_SHA3_512_HMAC_GENERAL
        | ck::CKM_AES_CMAC_GENERAL => Parameter::Ulong(structure(caller, raw)?),
        _ => Parameter::Bytes(anything(caller, raw.pParameter, raw.ulParameterLen)?),
    })
}

/// The fixed input of the counter mode, in its order. What KMIP cannot say is malformed here: a counter that is not the
/// first field, of 32 bits, big-endian; keys among the fields; more keys than one.
fn counter_kdf(caller: Caller, raw: &CK_MECHANISM) -> Option<Parameter> {
    let given: ck::CK_SP800_108_KDF_PARAMS = structure(caller, raw)?;
    let count = usize::try_from(given.ulNumberOfDataParams).ok()?;
    if given.ulAdditionalDerivedKeys != 0
        || given.pDataParams.is_null()
        || !(1..=KDF_FIELDS_MAX).contains(&count)
    {
        return None;
    }
    let mut fields = Vec::with_capacity(count);
    for at in 0..count {
        let field = caller.read(caller.element(given.pDataParams, at).cast_const()).ok()?;
        fields.push(match (field.type_, at) {
            (ck::CK_SP800_108_ITERATION_VARIABLE, 0) => {
                let counter: ck::CK_SP800_108_COUNTER_FORMAT = within(caller, &field)?;
                if counter.bLittleEndian != ck::CK_FALSE || counter.ulWidthInBits != 32 {
                    return None;
                }
                continue;
            }
            (_, 0) => return None,
            (ck::CK_SP800_108_BYTE_ARRAY, _) => {
                Fixed::Bytes(anything(caller, field.pValue, field.ulValueLen)?)
            }
            (ck::CK_SP800_108_DKM_LENGTH, _) => {
                let length: ck::CK_SP800_108_DKM_LENGTH_FORMAT = within(caller, &field)?;
                let segments = match length.dkmLengthMethod {
                    ck::CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS => false,
                    ck::CK_SP800_108_DKM_LENGTH_SUM_OF_SEGMENTS => true,
                    _ => return None,
                };
                let little = length.bLittleEndian != ck::CK_FALSE;
                Fixed::Length { segments, little, bits: length.ulWidthInBits }
            }
            _ => return None,
        });
    }
    Some(Parameter::CounterKdf { prf: given.prfType, fields })
}

fn within<T: Copy>(caller: Caller, field: &ck::CK_PRF_DATA_PARAM) -> Option<T> {
    if field.ulValueLen != CK_ULONG::try_from(size_of::<T>()).ok()? {
        return None;
    }
    caller.read(field.pValue.cast_const().cast::<T>()).ok()
}

fn pbkd2(caller: Caller, raw: &CK_MECHANISM) -> Option<Parameter> {
    let given: ck::CK_PKCS5_PBKD2_PARAMS2 = structure(caller, raw)?;
    if given.saltSource != ck::CKZ_SALT_SPECIFIED || given.ulPrfDataLen != 0 {
        return None;
    }
    let length = usize::try_from(given.ulPasswordLen).ok()?;
    if length > PARAMETER_BYTES_MAX {
        return None;
    }
    Some(Parameter::Pbkd(PbkdParameter {
        salt: anything(caller, given.pSaltSourceData, given.ulSaltSourceDataLen)?,
        iterations: given.iterations,
        prf: given.prf,
        password: caller.bytes(given.pPassword.cast_const(), given.ulPasswordLen).ok()?,
    }))
}

/// A mechanism that must be there: a null pointer is refused.
///
/// # Errors
/// [`Fault::ArgumentsBad`].
pub(super) fn needed(caller: Caller, mechanism: *mut CK_MECHANISM) -> Done<Named> {
    if mechanism.is_null() {
        return Err(Fault::ArgumentsBad);
    }
    named(caller, mechanism.cast_const())
}
