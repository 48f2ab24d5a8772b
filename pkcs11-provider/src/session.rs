//! A session: which slot, what may be done, and the operations under way.
//!
//! Each session has a lock of its own; there is none that calls of different sessions share.
//! Rules: PKCS#11 3.2, sections 2.4, 5.6 and 5.7.

use crate::fault::{Done, Fault};
use crate::mechanism::Mechanism;
use crate::object::Object;
use crate::parameter::Named;
use crate::slot::Slot;
use aws_lc_rs::digest::Context;
use cryptoki_sys as ck;
use cryptoki_sys::{CK_OBJECT_HANDLE, CK_SESSION_HANDLE};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// A session.
pub(crate) struct Session {
    /// Its handle.
    pub(crate) handle: CK_SESSION_HANDLE,
    /// Where it is.
    pub(crate) slot: Arc<Slot>,
    /// May it change token objects?
    pub(crate) writes: bool,
    work: Mutex<Work>,
}

/// What is under way, one operation of each kind.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) find: Option<Vec<CK_OBJECT_HANDLE>>,
    pub(crate) encrypt: Option<Cipher>,
    pub(crate) decrypt: Option<Cipher>,
    pub(crate) digest: Option<Digesting>,
    pub(crate) sign: Option<Signing>,
    pub(crate) verify: Option<Signing>,
    pub(crate) message_encrypt: Option<MessageCipher>,
    pub(crate) message_decrypt: Option<MessageCipher>,
    pub(crate) message_sign: Option<Signing>,
    pub(crate) message_verify: Option<Signing>,
    /// Random bytes that were fetched and not yet given out.
    pub(crate) random: Zeroizing<Vec<u8>>,
}

/// What a key does, and with what.
#[derive(Clone)]
pub(crate) struct Bound {
    /// The row of the mechanism.
    pub(crate) mechanism: &'static Mechanism,
    /// With its parameter.
    pub(crate) named: Named,
    /// The key.
    pub(crate) key: Arc<Object>,
    /// Bytes of the key: of the modulus, of the group, of the secret.
    pub(crate) key_bytes: usize,
    /// CKA_ALWAYS_AUTHENTICATE: must the user say again who it is?
    pub(crate) asks_again: bool,
}

/// An encryption or decryption.
pub(crate) struct Cipher {
    pub(crate) bound: Bound,
    /// Under way in parts.
    pub(crate) flow: Option<Flow>,
    /// A result that did not fit the buffer it was asked into.
    pub(crate) ready: Option<Zeroizing<Vec<u8>>>,
}

/// A cipher between two parts.
#[derive(Default)]
pub(crate) struct Flow {
    /// What the appliance goes on with.
    pub(crate) correlation: Option<Vec<u8>>,
    /// What does not fill a block, or must be held back.
    pub(crate) held: Zeroizing<Vec<u8>>,
}

/// A digest.
pub(crate) struct Digesting {
    /// What it has seen.
    pub(crate) context: Context,
    /// Were there parts?
    pub(crate) parts: bool,
}

/// A signature or MAC, being made or checked.
pub(crate) struct Signing {
    pub(crate) bound: Bound,
    /// The digest of the parts, for mechanisms that have one.
    pub(crate) digest: Option<Context>,
    /// The parts themselves, for others.
    pub(crate) gathered: Zeroizing<Vec<u8>>,
    /// Were there parts?
    pub(crate) parts: bool,
    /// The signature, where it comes first.
    pub(crate) signature: Option<Vec<u8>>,
}

/// Messages with one key.
pub(crate) struct MessageCipher {
    pub(crate) bound: Bound,
    /// A message in parts.
    pub(crate) parts: Option<MessageParts>,
}

/// A message in parts.
pub(crate) struct MessageParts {
    pub(crate) iv: Vec<u8>,
    pub(crate) aad: Vec<u8>,
    pub(crate) tag_bytes: usize,
    pub(crate) flow: Flow,
}

impl Session {
    /// A session with nothing under way.
    pub(crate) fn new(handle: CK_SESSION_HANDLE, slot: Arc<Slot>, writes: bool) -> Self {
        Self { handle, slot, writes, work: Mutex::new(Work::default()) }
    }

    /// What is under way, for one call at a time.
    pub(crate) fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// May this session make or change an object of this kind?
    ///
    /// # Errors
    /// [`Fault::SessionReadOnly`], [`Fault::UserNotLoggedIn`].
    pub(crate) fn may_write(&self, token: bool, private: bool) -> Done<()> {
        if token && !self.writes {
            return Err(Fault::SessionReadOnly);
        }
        if private && !self.slot.sees_private() {
            return Err(Fault::UserNotLoggedIn);
        }
        Ok(())
    }

    /// The state of the session (section 2.4).
    pub(crate) fn state(&self) -> ck::CK_STATE {
        match (self.slot.user(), self.writes) {
            (Some(ck::CKU_SO), _) => ck::CKS_RW_SO_FUNCTIONS,
            (Some(_), true) => ck::CKS_RW_USER_FUNCTIONS,
            (Some(_), false) => ck::CKS_RO_USER_FUNCTIONS,
            (None, true) => ck::CKS_RW_PUBLIC_SESSION,
            (None, false) => ck::CKS_RO_PUBLIC_SESSION,
        }
    }
}
