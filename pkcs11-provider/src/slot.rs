//! A slot: one tenant (and service) as one client; its handles, who is logged in, and what the appliance says of its objects.

use crate::appliance::{Again, Answered, Appliance, Trouble, payload};
use crate::config::SlotConfig;
use crate::der::{PublicInfo, read_curve_private, read_rsa_private, read_rsa_public};
use crate::fault::{Done, Fault};
use crate::limits::BATCH_ITEMS_MAX;
use crate::log::Log;
use crate::object::{Material, Object, Seen};
use crate::token::{Pins, locate, vendor};
use cryptoki_sys as ck;
use cryptoki_sys::{CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_SLOT_ID, CK_USER_TYPE};
use kmip::attribute::{AttributeValue, RevocationReason};
use kmip::enums::{KeyFormatType, ObjectType, Operation, ResultReason, RevocationReasonCode};
use kmip::field::List;
use kmip::identifier::Identifier;
use kmip::object::Object as Wire;
use kmip::operation::{
    DestroyRequest, GetAttributesRequest, GetAttributesResponse, GetRequest, GetResponse, RevokeRequest,
};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use zeroize::Zeroizing;

/// Parts of the handle table; each has a lock of its own.
const SHARDS: usize = 16;
/// Nobody is logged in. No user type has this number.
const NOBODY: u64 = u64::MAX;

/// A slot and its token.
pub(crate) struct Slot {
    /// Its number.
    pub(crate) id: CK_SLOT_ID,
    /// As configured.
    pub(crate) label: String,
    /// Names this library's session objects.
    pub(crate) instance: String,
    /// Where its token is.
    pub(crate) appliance: Appliance,
    user: AtomicU64,
    pins: RwLock<Option<Arc<Pins>>>,
    next: AtomicU64,
    handles: [RwLock<HashMap<CK_OBJECT_HANDLE, Arc<Object>>>; SHARDS],
    by_uid: RwLock<HashMap<String, CK_OBJECT_HANDLE>>,
}

impl Slot {
    /// A slot that has not spoken to its appliance yet.
    ///
    /// # Errors
    /// What is wrong with its files, in words.
    pub(crate) fn new(
        id: CK_SLOT_ID,
        config: &SlotConfig,
        instance: &str,
        log: Arc<Log>,
    ) -> Result<Self, String> {
        Ok(Self {
            id,
            label: config.label.clone(),
            instance: instance.to_owned(),
            appliance: Appliance::new(config, log)?,
            user: AtomicU64::new(NOBODY),
            pins: RwLock::new(None),
            next: AtomicU64::new(1),
            handles: std::array::from_fn(|_| RwLock::new(HashMap::new())),
            by_uid: RwLock::new(HashMap::new()),
        })
    }

    /// Who is logged in.
    pub(crate) fn user(&self) -> Option<CK_USER_TYPE> {
        Some(self.user.load(Ordering::Acquire)).filter(|user| *user != NOBODY)
    }

    /// Notes who is.
    pub(crate) fn set_user(&self, user: Option<CK_USER_TYPE>) {
        self.user.store(user.unwrap_or(NOBODY), Ordering::Release);
    }

    /// The PINs of the token, as last seen.
    ///
    /// # Errors
    /// [`Fault::DeviceError`].
    pub(crate) fn pins(&self) -> Done<Arc<Pins>> {
        if let Some(known) = read(&self.pins).clone() {
            return Ok(known);
        }
        self.look_up_pins()
    }

    /// The PINs of the token, as they are now.
    ///
    /// # Errors
    /// [`Fault::DeviceError`].
    pub(crate) fn look_up_pins(&self) -> Done<Arc<Pins>> {
        let found = Arc::new(Pins::find(self)?);
        *write(&self.pins) = Some(Arc::clone(&found));
        Ok(found)
    }

    /// May private objects be seen? Where no PIN is set, the certificate is the login.
    pub(crate) fn sees_private(&self) -> bool {
        match self.user() {
            Some(ck::CKU_USER) => true,
            Some(_) => false,
            None => self.pins().is_ok_and(|pins| pins.user.is_none()),
        }
    }

    /// The handle of an object of the appliance, an old one if there is one.
    pub(crate) fn adopt(
        &self,
        uid: &str,
        session: Option<CK_SESSION_HANDLE>,
        seen: Option<Arc<Seen>>,
    ) -> Arc<Object> {
        let known = read(&self.by_uid).get(uid).copied();
        if let Some(object) = known.and_then(|handle| self.entry(handle)) {
            if seen.is_some() {
                *write(&object.seen) = seen;
            }
            return object;
        }
        let mut by_uid = write(&self.by_uid);
        if let Some(object) = by_uid.get(uid).and_then(|handle| self.entry(*handle)) {
            return object;
        }
        let handle = self.next.fetch_add(1, Ordering::Relaxed);
        let object = Arc::new(Object {
            handle,
            uid: uid.to_owned(),
            session,
            seen: RwLock::new(seen),
            public: OnceLock::new(),
        });
        if let Some(shard) = self.shard(handle) {
            write(shard).insert(handle, Arc::clone(&object));
        }
        by_uid.insert(uid.to_owned(), handle);
        object
    }

    fn shard(&self, handle: CK_OBJECT_HANDLE) -> Option<&RwLock<HashMap<CK_OBJECT_HANDLE, Arc<Object>>>> {
        let at = usize::try_from(handle % 16).ok()?;
        self.handles.get(at)
    }

    fn entry(&self, handle: CK_OBJECT_HANDLE) -> Option<Arc<Object>> {
        read(self.shard(handle)?).get(&handle).cloned()
    }

    /// Forgets an object.
    pub(crate) fn forget(&self, object: &Object) {
        write(&self.by_uid).remove(&object.uid);
        if let Some(shard) = self.shard(object.handle) {
            write(shard).remove(&object.handle);
        }
    }

    /// Every object that belongs to a session; to this one, if it is named.
    pub(crate) fn of_sessions(&self, session: Option<CK_SESSION_HANDLE>) -> Vec<Arc<Object>> {
        let mut found = Vec::new();
        for shard in &self.handles {
            let ours = |object: &&Arc<Object>| match session {
                None => object.session.is_some(),
                some => object.session == some,
            };
            found.extend(read(shard).values().filter(ours).cloned());
        }
        found
    }

    /// The object of a handle, which must be one that may be seen now.
    ///
    /// # Errors
    /// [`Fault::ObjectHandleInvalid`], [`Fault::DeviceError`].
    pub(crate) fn object(&self, handle: CK_OBJECT_HANDLE) -> Done<(Arc<Object>, Arc<Seen>)> {
        let object = self.entry(handle).ok_or(Fault::ObjectHandleInvalid)?;
        let known = read(&object.seen).clone();
        let seen = match known {
            Some(seen) => seen,
            None => self.look(&object)?,
        };
        if seen.is_private() && !self.sees_private() {
            return Err(Fault::ObjectHandleInvalid);
        }
        Ok((object, seen))
    }

    /// What the appliance says of an object now.
    ///
    /// # Errors
    /// [`Fault::ObjectHandleInvalid`]: it is gone.
    pub(crate) fn look(&self, object: &Arc<Object>) -> Done<Arc<Seen>> {
        let request = GetAttributesRequest {
            unique_identifier: Some(Identifier::Text(&object.uid)),
            names: List::default(),
        };
        let seen = self.appliance.ask(Operation::GET_ATTRIBUTES, &request, Again::May, |item| {
            let response: GetAttributesResponse<'_> = payload(item)?;
            Some(Seen::read(response.attributes.iter()))
        });
        let seen = Arc::new(seen.map_err(|trouble| self.lost(object, trouble))?);
        *write(&object.seen) = Some(Arc::clone(&seen));
        Ok(seen)
    }

    /// What is said of many objects; what is gone is left out.
    ///
    /// # Errors
    /// [`Fault::DeviceError`].
    pub(crate) fn look_at_all(&self, uids: &[String]) -> Done<Vec<(String, Seen)>> {
        let mut found = Vec::with_capacity(uids.len());
        for uids in uids.chunks(BATCH_ITEMS_MAX) {
            let write = |items: &mut kmip::message::RequestItems<'_, '_>| {
                for uid in uids {
                    let request = GetAttributesRequest {
                        unique_identifier: Some(Identifier::Text(uid)),
                        names: List::default(),
                    };
                    items.add(Operation::GET_ATTRIBUTES, None, &request);
                }
            };
            let mut read = |at: usize, answer: Answered<'_>| {
                let response = answer.ok().flatten().and_then(payload::<GetAttributesResponse<'_>>);
                if let (Some(uid), Some(response)) = (uids.get(at), response) {
                    found.push((uid.clone(), Seen::read(response.attributes.iter())));
                }
            };
            self.appliance.batch(uids.len(), Again::May, &write, &mut read).map_err(of_trouble)?;
        }
        Ok(found)
    }

    /// The value of an object, where it may be seen.
    ///
    /// # Errors
    /// [`Fault::AttributeSensitive`], [`Fault::ObjectHandleInvalid`].
    pub(crate) fn material(&self, object: &Arc<Object>, seen: &Seen) -> Done<Material> {
        self.material_of(&object.uid, seen).map_err(|trouble| match trouble {
            Trouble::Refused(ResultReason::SENSITIVE | ResultReason::NOT_EXTRACTABLE) => {
                Fault::AttributeSensitive
            }
            other => self.lost(object, other),
        })
    }

    /// The same, of what has no handle.
    ///
    /// # Errors
    /// [`Trouble`].
    pub(crate) fn material_of(&self, uid: &str, seen: &Seen) -> Result<Material, Trouble> {
        let rsa = seen.key_type() == Some(ck::CKK_RSA);
        let lattice = seen.key_type() == Some(ck::CKK_ML_DSA);
        let format = match seen.object_type() {
            Some(ObjectType::PRIVATE_KEY) if rsa => Some(KeyFormatType::PKCS_1),
            Some(ObjectType::PRIVATE_KEY) if lattice => Some(KeyFormatType::RAW),
            Some(ObjectType::PRIVATE_KEY) => Some(KeyFormatType::PKCS_8),
            Some(ObjectType::PUBLIC_KEY) => Some(KeyFormatType::X_509),
            Some(ObjectType::SYMMETRIC_KEY) => Some(KeyFormatType::RAW),
            _ => None,
        };
        let request = GetRequest {
            unique_identifier: Some(Identifier::Text(uid)),
            key_format_type: format,
            key_wrap_type: None,
            key_compression_type: None,
            key_wrapping_specification: None,
        };
        self.appliance.ask(Operation::GET, &request, Again::May, |item| {
            let response: GetResponse<'_> = payload(item)?;
            let bytes = match &response.object {
                Wire::Certificate(certificate) => certificate.value,
                Wire::OpaqueObject(opaque) => opaque.value,
                other => match other.key_block()?.value? {
                    kmip::object::KeyValue::Plain(plain) => plain.material.bytes()?,
                    kmip::object::KeyValue::Wrapped(_) => return None,
                },
            };
            match response.object {
                Wire::PrivateKey(_) if rsa => read_rsa_private(bytes).map(Material::Rsa),
                Wire::PrivateKey(_) if lattice => Some(Material::Bytes(Zeroizing::new(bytes.to_vec()))),
                Wire::PrivateKey(_) => read_curve_private(bytes).map(|(_, scalar)| Material::Scalar(scalar)),
                Wire::PublicKey(_) => PublicInfo::read(bytes)
                    .or_else(|| {
                        let (modulus, exponent) = read_rsa_public(bytes)?;
                        Some(PublicInfo::Rsa { modulus, exponent })
                    })
                    .map(Material::Public),
                _ => Some(Material::Bytes(Zeroizing::new(bytes.to_vec()))),
            }
        })
    }

    /// The public numbers of a half of a pair: its own, those that were kept with it, or those of the other half.
    pub(crate) fn public(&self, object: &Arc<Object>, seen: &Seen) -> Option<PublicInfo> {
        if let Some(known) = object.public.get() {
            return known.clone();
        }
        let kept = seen.vendor_bytes("CKA_PUBLIC_KEY_INFO").and_then(PublicInfo::read);
        let info = match (kept, seen.object_type()) {
            (Some(kept), _) => Some(kept),
            (None, Some(ObjectType::PUBLIC_KEY)) => self.public_of(&object.uid, seen),
            (None, _) => {
                let linked = seen.linked.clone()?;
                let other = self.look_at_all(std::slice::from_ref(&linked)).ok()?.pop()?.1;
                self.public_of(&linked, &other)
            }
        };
        if info.is_some() {
            let _ = object.public.set(info.clone());
        }
        info
    }

    fn public_of(&self, uid: &str, seen: &Seen) -> Option<PublicInfo> {
        match self.material_of(uid, seen) {
            Ok(Material::Public(info)) => Some(info),
            _ => None,
        }
    }

    /// Destroys an object of the appliance. One that is in use is taken out of use by the same request (KMIP 1.4,
    /// section 4.21); that this is not needed for others is no fault.
    ///
    /// # Errors
    /// [`Trouble`].
    pub(crate) fn destroy(&self, uid: &str) -> Result<(), Trouble> {
        let id = Some(Identifier::Text(uid));
        let reason = RevocationReason { code: RevocationReasonCode::CESSATION_OF_OPERATION, message: None };
        let write = |items: &mut kmip::message::RequestItems<'_, '_>| {
            let revoke = RevokeRequest { unique_identifier: id, reason, compromise_occurrence_date: None };
            items.add(Operation::REVOKE, None, &revoke);
            items.add(Operation::DESTROY, None, &DestroyRequest { unique_identifier: id });
        };
        let mut destroyed = Err(Trouble::Silent);
        self.appliance.batch(2, Again::MayNot, &write, &mut |at, answer| {
            if at == 1 {
                destroyed = answer.map(drop).map_err(Trouble::Refused);
            }
        })?;
        destroyed
    }

    /// Objects that only who is logged in sees.
    pub(crate) fn private_objects(&self) -> Vec<Arc<Object>> {
        let private =
            |object: &&Arc<Object>| read(&object.seen).as_ref().is_none_or(|seen| seen.is_private());
        self.handles
            .iter()
            .flat_map(|shard| read(shard).values().filter(private).cloned().collect::<Vec<_>>())
            .collect()
    }

    /// Destroys every object that PKCS#11 made here.
    ///
    /// # Errors
    /// [`Fault::DeviceError`].
    pub(crate) fn empty(&self) -> Done<()> {
        for private in [true, false] {
            let wanted = [vendor("CKA_PRIVATE", AttributeValue::Boolean(private))];
            for uid in locate(self, &wanted)? {
                // What may not be destroyed stays (section 5.5.7).
                if self.destroy(&uid) == Err(Trouble::Silent) {
                    return Err(Fault::DeviceError);
                }
            }
        }
        Ok(())
    }

    /// What it means that the appliance refuses to speak of an object.
    pub(crate) fn lost(&self, object: &Object, trouble: Trouble) -> Fault {
        match trouble {
            Trouble::Refused(ResultReason::ITEM_NOT_FOUND | ResultReason::OBJECT_DESTROYED) => {
                self.forget(object);
                Fault::ObjectHandleInvalid
            }
            other => of_trouble(other),
        }
    }
}

/// What a trouble is where nothing more is known.
pub(crate) fn of_trouble(trouble: Trouble) -> Fault {
    match trouble {
        Trouble::Silent => Fault::DeviceError,
        Trouble::Refused(reason) => match reason {
            ResultReason::PERMISSION_DENIED | ResultReason::NOT_AUTHORISED => Fault::ActionProhibited,
            ResultReason::SERVER_LIMIT_EXCEEDED => Fault::DeviceMemory,
            ResultReason::RESPONSE_TOO_LARGE => Fault::DataLenRange,
            ResultReason::USAGE_LIMIT_EXCEEDED => Fault::KeyExhausted,
            ResultReason::INTERNAL_SERVER_ERROR => Fault::DeviceError,
            _ => Fault::FunctionFailed,
        },
    }
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
