//! A template as the application gave it, copied; and the rules that every template follows.
//!
//! Rules: PKCS#11 3.2, sections 4.1.1 (creating), 4.1.2 (modifying), 4.1.3 (copying).

use crate::attribute::{Kind, Row, class_bit, row};
use crate::fault::{Done, Fault};
use cryptoki_sys as ck;
use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CK_KEY_TYPE, CK_OBJECT_CLASS, CK_ULONG};
use zeroize::Zeroizing;

/// Bytes of a CK_ULONG.
const ULONG_BYTES: usize = size_of::<CK_ULONG>();
/// Bytes of a CK_DATE.
const DATE_BYTES: usize = 8;

/// A value as it was given.
#[derive(Clone, PartialEq)]
pub(crate) enum Held {
    /// Bytes.
    Bytes(Zeroizing<Vec<u8>>),
    /// A template of its own.
    Template(Template),
}

/// One attribute of a template.
#[derive(Clone, PartialEq)]
pub(crate) struct Given {
    /// Which.
    pub(crate) ty: CK_ATTRIBUTE_TYPE,
    /// Its value.
    pub(crate) value: Held,
}

/// A template. No `Debug`: it may hold a key.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct Template {
    /// Its attributes in their order.
    pub(crate) items: Vec<Given>,
}

impl Held {
    /// A boolean.
    pub(crate) fn of_bool(value: bool) -> Self {
        Self::Bytes(Zeroizing::new(vec![u8::from(value)]))
    }

    /// A number.
    pub(crate) fn of_ulong(value: CK_ULONG) -> Self {
        Self::Bytes(Zeroizing::new(value.to_ne_bytes().to_vec()))
    }

    /// Bytes.
    pub(crate) fn of_bytes(value: &[u8]) -> Self {
        Self::Bytes(Zeroizing::new(value.to_vec()))
    }

    /// The bytes; none for a template.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Template(_) => None,
        }
    }

    /// A boolean, if it is one.
    pub(crate) fn bool(&self) -> Option<bool> {
        match self.bytes()? {
            [ck::CK_FALSE] => Some(false),
            [_] => Some(true),
            _ => None,
        }
    }

    /// A number, if it is one.
    pub(crate) fn ulong(&self) -> Option<CK_ULONG> {
        <[u8; ULONG_BYTES]>::try_from(self.bytes()?).ok().map(CK_ULONG::from_ne_bytes)
    }

    /// As it is kept: templates are written out.
    pub(crate) fn to_stored(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Template(template) => {
                let mut out = Zeroizing::new(Vec::new());
                for item in &template.items {
                    let value = item.value.to_stored();
                    out.extend_from_slice(&item.ty.to_be_bytes());
                    out.extend_from_slice(&u64::try_from(value.len()).unwrap_or(u64::MAX).to_be_bytes());
                    out.extend_from_slice(&value);
                }
                out
            }
        }
    }

    /// From what was kept.
    pub(crate) fn from_stored(row: &Row, bytes: &[u8]) -> Option<Self> {
        if row.kind != Kind::Template {
            return Some(Self::of_bytes(bytes));
        }
        let mut template = Template::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (ty, after) = rest.split_first_chunk::<8>()?;
            let (length, after) = after.split_first_chunk::<8>()?;
            let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
            let (value, after) = after.split_at_checked(length)?;
            let ty = CK_ATTRIBUTE_TYPE::from_be_bytes(*ty);
            let value = match self::row(ty) {
                Some(row) => Self::from_stored(row, value)?,
                None => Self::of_bytes(value),
            };
            template.items.push(Given { ty, value });
            rest = after;
        }
        Some(Self::Template(template))
    }
}

impl Template {
    /// The value of an attribute.
    pub(crate) fn get(&self, ty: CK_ATTRIBUTE_TYPE) -> Option<&Held> {
        self.items.iter().find(|item| item.ty == ty).map(|item| &item.value)
    }

    /// Is it given?
    pub(crate) fn has(&self, ty: CK_ATTRIBUTE_TYPE) -> bool {
        self.get(ty).is_some()
    }

    /// A boolean; `checked` has seen that it is one.
    pub(crate) fn bool(&self, ty: CK_ATTRIBUTE_TYPE) -> Option<bool> {
        self.get(ty).and_then(Held::bool)
    }

    /// A number.
    pub(crate) fn ulong(&self, ty: CK_ATTRIBUTE_TYPE) -> Option<CK_ULONG> {
        self.get(ty).and_then(Held::ulong)
    }

    /// Bytes.
    pub(crate) fn bytes(&self, ty: CK_ATTRIBUTE_TYPE) -> Option<&[u8]> {
        self.get(ty).and_then(Held::bytes)
    }

    /// The class.
    pub(crate) fn class(&self) -> Option<CK_OBJECT_CLASS> {
        self.ulong(ck::CKA_CLASS)
    }

    /// The key type.
    pub(crate) fn key_type(&self) -> Option<CK_KEY_TYPE> {
        self.ulong(ck::CKA_KEY_TYPE)
    }

    /// Puts an attribute in place of one that may be there.
    pub(crate) fn set(&mut self, ty: CK_ATTRIBUTE_TYPE, value: Held) {
        match self.items.iter_mut().find(|item| item.ty == ty) {
            Some(item) => item.value = value,
            None => self.items.push(Given { ty, value }),
        }
    }

    /// Puts an attribute that must not be given as another.
    ///
    /// # Errors
    /// [`Fault::TemplateInconsistent`].
    pub(crate) fn agree(&mut self, ty: CK_ATTRIBUTE_TYPE, value: Held) -> Done<()> {
        match self.get(ty) {
            None => {
                self.set(ty, value);
                Ok(())
            }
            Some(there) if *there == value => Ok(()),
            Some(_) => Err(Fault::TemplateInconsistent),
        }
    }

    /// Judges every attribute by itself: that there is such a one, that its value is of its type, that it is given once,
    /// and that it may be given in this way (a bit of `may`).
    ///
    /// # Errors
    /// [`Fault::AttributeTypeInvalid`], [`Fault::AttributeValueInvalid`], [`Fault::AttributeReadOnly`],
    /// [`Fault::TemplateInconsistent`].
    pub(crate) fn judge(&self, class: CK_OBJECT_CLASS, way: u8) -> Done<()> {
        let bit = class_bit(class);
        for (at, item) in self.items.iter().enumerate() {
            let row = row(item.ty).ok_or(Fault::AttributeTypeInvalid)?;
            well_formed(row, &item.value)?;
            if self.items.iter().take(at).any(|other| other.ty == item.ty) {
                return Err(Fault::TemplateInconsistent);
            }
            if row.ty == ck::CKA_UNIQUE_ID {
                // The token's alone: as if an application knew no such attribute.
                return Err(Fault::AttributeTypeInvalid);
            }
            if row.rules == 0 {
                return Err(Fault::AttributeReadOnly);
            }
            if row.classes & bit == 0 {
                return Err(Fault::TemplateInconsistent);
            }
            if row.rules & way == 0 {
                return Err(Fault::TemplateInconsistent);
            }
        }
        Ok(())
    }
}

/// Is the value one of the attribute's type?
///
/// # Errors
/// [`Fault::AttributeValueInvalid`].
pub(crate) fn well_formed(row: &Row, value: &Held) -> Done<()> {
    let sound = match (row.kind, value) {
        (Kind::Template, Held::Template(_)) => true,
        (Kind::Template, Held::Bytes(_)) | (_, Held::Template(_)) => false,
        (Kind::Bool, Held::Bytes(bytes)) => matches!(bytes.as_slice(), [ck::CK_FALSE | ck::CK_TRUE]),
        (Kind::Ulong, Held::Bytes(bytes)) => bytes.len() == ULONG_BYTES,
        (Kind::Date, Held::Bytes(bytes)) => {
            bytes.is_empty() || (bytes.len() == DATE_BYTES && bytes.iter().all(u8::is_ascii_digit))
        }
        (Kind::Bytes, Held::Bytes(bytes)) => {
            row.ty != ck::CKA_ALLOWED_MECHANISMS || bytes.len().is_multiple_of(ULONG_BYTES)
        }
    };
    if sound { Ok(()) } else { Err(Fault::AttributeValueInvalid) }
}

/// The mechanisms of CKA_ALLOWED_MECHANISMS.
pub(crate) fn mechanisms(bytes: &[u8]) -> impl Iterator<Item = CK_ULONG> + '_ {
    bytes.as_chunks::<ULONG_BYTES>().0.iter().map(|one| CK_ULONG::from_ne_bytes(*one))
}
