//! Objects that were used lately, unwrapped. Bounded: two generations, of which the older is dropped whole.

use crate::object::Object;
use holdfast_model::ObjectId;
use holdfast_model::record::Revision;
use std::collections::HashMap;
use std::rc::Rc;

/// Objects of one generation. Two of them at most are held for one tenant.
const GENERATION_OBJECTS_MAX: usize = 16_384;
/// Bytes of secret material of one generation.
const GENERATION_BYTES_MAX: usize = 4 << 20;

/// The cache of one tenant.
#[derive(Default)]
pub struct Cache {
    young: HashMap<ObjectId, Rc<Object>>,
    old: HashMap<ObjectId, Rc<Object>>,
    young_bytes: usize,
}

impl Cache {
    /// The object, if it is here.
    pub fn get(&mut self, id: &ObjectId) -> Option<Rc<Object>> {
        if let Some(object) = self.young.get(id) {
            return Some(Rc::clone(object));
        }
        let object = self.old.remove(id)?;
        self.put(Rc::clone(&object));
        Some(object)
    }

    /// Takes an object in, in the place of an older state of it.
    pub fn put(&mut self, object: Rc<Object>) {
        let bytes = object.material.as_ref().map_or(0, hardening::secret::SecretBytes::len);
        if self.young.len() >= GENERATION_OBJECTS_MAX || self.young_bytes + bytes > GENERATION_BYTES_MAX {
            self.old = core::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += bytes;
        self.old.remove(&object.id);
        self.young.insert(object.id, object);
    }

    /// Forgets a state of an object that is older than `revision`.
    pub fn remove_before(&mut self, id: &ObjectId, revision: Revision) {
        for generation in [&mut self.young, &mut self.old] {
            if generation.get(id).is_some_and(|object| object.revision < revision) {
                generation.remove(id);
            }
        }
    }

    /// Forgets an object.
    pub fn remove(&mut self, id: &ObjectId) {
        self.young.remove(id);
        self.old.remove(id);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
