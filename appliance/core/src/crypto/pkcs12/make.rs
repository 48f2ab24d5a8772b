//! Makes a container.

use super::derive::mac_key;
use super::{
    AES, AES_256_CBC, BAG, BMP_STRING, CERTIFICATE_BAG, ContainerError, Contents, DATA, FRIENDLY_NAME, HMAC,
    HMAC_SHA_256, LOCAL_KEY_ID, PBES2, PBKDF2, SET, SHA_2, SHROUDED_KEY_BAG, X509_CERTIFICATE,
};
use crate::crypto::aes::{Aes, Schedules};
use crate::crypto::der::{self, CONTEXT_0, INTEGER, NULL, OBJECT_IDENTIFIER, OCTET_STRING, Room, SEQUENCE};
use crate::crypto::padding::{Padding, pad};
use core::num::NonZeroU32;
use hardening::hash::{Hash, digest};
use hardening::mac::{hmac, pbkdf2};

/// Iterations of both derivations: some milliseconds each.
const ITERATIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9_999);
/// Bytes around key and certificates.
const FRAME_BYTES: usize = 2048;

/// Random bytes of one container.
#[derive(Default)]
pub struct Chance {
    /// Salt of the key's password.
    pub salt: [u8; 16],
    /// Initialisation vector.
    pub iv: [u8; 16],
    /// Salt of the MAC's password.
    pub mac_salt: [u8; 16],
}

/// Makes one; the key's own certificate is the first.
///
/// # Errors
/// [`ContainerError::Unsupported`]: the library refused.
pub fn make(contents: &Contents, password: &str, chance: &Chance) -> Result<Vec<u8>, ContainerError> {
    let shrouded = shroud(&contents.key, password, chance)?;
    let id = contents.certificates.first().map(|first| digest(Hash::Sha1, first));
    let id = id.transpose().map_err(|_| ContainerError::Unsupported)?;
    let id = id.as_ref().map(AsRef::<[u8]>::as_ref);
    let length: usize = contents.certificates.iter().map(Vec::len).sum();
    let capacity = FRAME_BYTES + shrouded.len() + length + contents.certificates.len() * 256;
    let mut safe = der::room(capacity);
    der::nest(&mut safe, SEQUENCE, |out| {
        if !contents.certificates.is_empty() {
            data(out, |out| {
                for (at, certificate) in contents.certificates.iter().enumerate() {
                    let own = at == 0;
                    bag(
                        out,
                        CERTIFICATE_BAG,
                        |out| {
                            der::nest(out, SEQUENCE, |out| {
                                der::write(out, OBJECT_IDENTIFIER, X509_CERTIFICATE);
                                der::nest(out, CONTEXT_0, |out| der::write(out, OCTET_STRING, certificate));
                            });
                        },
                        contents.name.as_deref().filter(|_| own),
                        id.filter(|_| own),
                    );
                }
            });
        }
        data(out, |out| {
            let name = contents.name.as_deref();
            bag(out, SHROUDED_KEY_BAG, |out| out.extend_from_slice(&shrouded), name, id);
        });
    });
    let key = mac_key(Hash::Sha256, password, &chance.mac_salt, ITERATIONS.get())?;
    let mac = hmac(Hash::Sha256, &key, &[&safe]).map_err(|_| ContainerError::Unsupported)?;
    let mut whole = der::room(safe.len() + FRAME_BYTES);
    der::nest(&mut whole, SEQUENCE, |out| {
        der::write(out, INTEGER, &[3]);
        der::nest(out, SEQUENCE, |out| {
            der::write(out, OBJECT_IDENTIFIER, DATA);
            der::nest(out, CONTEXT_0, |out| der::write(out, OCTET_STRING, &safe));
        });
        der::nest(out, SEQUENCE, |out| {
            der::nest(out, SEQUENCE, |out| {
                algorithm(out, SHA_2, 1, |out| der::write(out, NULL, &[]));
                der::write(out, OCTET_STRING, mac.as_ref());
            });
            der::write(out, OCTET_STRING, &chance.mac_salt);
            der::unsigned(out, &ITERATIONS.get().to_be_bytes());
        });
    });
    Ok(whole.to_vec())
}

/// `EncryptedPrivateKeyInfo`.
fn shroud(key: &[u8], password: &str, chance: &Chance) -> Result<Room, ContainerError> {
    let refused = |_| ContainerError::Unsupported;
    let mut kek = der::room(32);
    kek.resize(32, 0);
    pbkdf2(Hash::Sha256, password.as_bytes(), &chance.salt, ITERATIONS, &mut kek)
        .map_err(|_| ContainerError::Unsupported)?;
    let mut sealed = der::room(key.len() + 16);
    sealed.extend_from_slice(key);
    pad(Padding::Pkcs5, 16, &mut sealed);
    let schedules = Schedules::default();
    Aes::new(&kek, &schedules).and_then(|aes| aes.cbc_encrypt(&chance.iv, &mut sealed)).map_err(refused)?;
    let mut out = der::room(sealed.len() + 512);
    der::nest(&mut out, SEQUENCE, |out| {
        der::nest(out, SEQUENCE, |out| {
            der::write(out, OBJECT_IDENTIFIER, PBES2);
            der::nest(out, SEQUENCE, |out| {
                der::nest(out, SEQUENCE, |out| {
                    der::write(out, OBJECT_IDENTIFIER, PBKDF2);
                    der::nest(out, SEQUENCE, |out| {
                        der::write(out, OCTET_STRING, &chance.salt);
                        der::unsigned(out, &ITERATIONS.get().to_be_bytes());
                        algorithm(out, HMAC, HMAC_SHA_256, |out| der::write(out, NULL, &[]));
                    });
                });
                algorithm(out, AES, AES_256_CBC, |out| der::write(out, OCTET_STRING, &chance.iv));
            });
        });
        der::write(out, OCTET_STRING, &sealed);
    });
    Ok(out)
}

fn algorithm(out: &mut Room, family: &[u8], last: u8, parameters: impl FnOnce(&mut Room)) {
    der::nest(out, SEQUENCE, |out| {
        let mut oid = family.to_vec();
        oid.push(last);
        der::write(out, OBJECT_IDENTIFIER, &oid);
        parameters(out);
    });
}

/// A `ContentInfo` of bags in clear.
fn data(out: &mut Room, bags: impl FnOnce(&mut Room)) {
    der::nest(out, SEQUENCE, |out| {
        der::write(out, OBJECT_IDENTIFIER, DATA);
        der::nest(out, CONTEXT_0, |out| {
            der::nest(out, OCTET_STRING, |out| der::nest(out, SEQUENCE, bags));
        });
    });
}

fn bag(out: &mut Room, kind: u8, value: impl FnOnce(&mut Room), name: Option<&str>, id: Option<&[u8]>) {
    der::nest(out, SEQUENCE, |out| {
        let mut oid = BAG.to_vec();
        oid.push(kind);
        der::write(out, OBJECT_IDENTIFIER, &oid);
        der::nest(out, CONTEXT_0, value);
        if name.is_none() && id.is_none() {
            return;
        }
        der::nest(out, SET, |out| {
            if let Some(name) = name {
                let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
                attribute(out, FRIENDLY_NAME, BMP_STRING, &wide);
            }
            if let Some(id) = id {
                attribute(out, LOCAL_KEY_ID, OCTET_STRING, id);
            }
        });
    });
}

fn attribute(out: &mut Room, oid: &[u8], tag: u8, value: &[u8]) {
    der::nest(out, SEQUENCE, |out| {
        der::write(out, OBJECT_IDENTIFIER, oid);
        der::nest(out, SET, |out| der::write(out, tag, value));
    });
}
