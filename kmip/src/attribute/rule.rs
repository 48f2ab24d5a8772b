//! Who may set, change and delete an attribute, on which objects, and since when.
//!
//! Separate from the table so that the table is data only.
//! Rules: the "attribute rules" tables of KMIP 1.4, section 3, and of KMIP 2.1, section 4. Where the two differ, 1.4 rules what
//! 1.x has and 2.1 the rest; the only differences are the objects an attribute applies to.

use super::table::RULES;
use crate::enums::{ObjectType, Operation};
use crate::tag::Tag;
use crate::ttlv::ItemType;
use crate::version::Version;

/// The rules of one attribute.
#[derive(Debug)]
pub struct Rule {
    /// Its tag, also for 1.x.
    pub tag: Tag,
    /// Its textual name, as 1.x spells it.
    pub name: &'static str,
    /// The TTLV type of its value.
    pub ty: ItemType,
    /// First version that has it.
    pub since: Version,
    /// Last version that has it.
    pub until: Version,
    /// Whether an object of a type it applies to always has it.
    pub always: bool,
    /// Whether an object may have several instances.
    pub multiple: bool,
    /// Who sets it first. Cryptographic Algorithm, Cryptographic Length, and what a certificate request says, are the
    /// server's by the table although a client names them in a template: it sets them *from* the request.
    pub set_by: SetBy,
    /// Whether the server may change it.
    pub server_changes: Change,
    /// Whether a client may change it (Modify, Set and Adjust Attribute).
    pub client_changes: Change,
    /// Whether a client may delete it.
    pub client_deletes: Change,
    /// The object types that have it in 1.x.
    pub on_1x: Applies,
    /// The object types that have it in 2.x.
    pub on_2x: Applies,
    /// The operations that set it without being asked.
    pub implicitly: &'static [Operation],
}

impl Rule {
    /// Whether `version` has the attribute.
    #[must_use]
    pub fn exists_in(&self, version: Version) -> bool {
        (self.since..=self.until).contains(&version)
    }

    /// Whether objects of this type have the attribute in `version`.
    #[must_use]
    pub fn applies_to(&self, object: ObjectType, version: Version) -> bool {
        let applies = if version.tags_attributes() { self.on_2x } else { self.on_1x };
        self.exists_in(version) && applies.to(object)
    }
}

/// The rules of the attribute with this tag; `None` if the tag is no attribute.
#[must_use]
pub fn rule(tag: Tag) -> Option<&'static Rule> {
    RULES.binary_search_by_key(&tag, |rule| rule.tag).ok().and_then(|at| RULES.get(at))
}

/// The rules of the attribute with this textual name. Several blanks between its words are as good as one: the
/// specification's own examples are printed, and sent, with them.
pub(super) fn rule_named(name: &str) -> Option<&'static Rule> {
    let same_words = |rule: &&Rule| rule.name.split(' ').eq(name.split_ascii_whitespace());
    RULES.iter().find(|rule| rule.name == name).or_else(|| RULES.iter().find(same_words))
}

/// The rules of all attributes, by ascending tag.
#[must_use]
pub fn rules() -> &'static [Rule] {
    RULES
}

/// Who may first set an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBy {
    /// The server alone.
    Server,
    /// The client alone.
    Client,
    /// Either.
    Either,
}

impl SetBy {
    /// Whether a client may.
    #[must_use]
    pub fn client(self) -> bool {
        self != SetBy::Server
    }
}

/// Whether, and until when, an attribute may be changed or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Never.
    No,
    /// Always.
    Yes,
    /// Only while the object is Pre-Active.
    WhilePreActive,
    /// Only while it is Pre-Active or Active.
    WhilePreActiveOrActive,
    /// Only while it is Pre-Active or Active and the date that the attribute names has not come.
    UntilReached,
    /// Only as long as Get Usage Allocation has not been performed; a client changes Total and Unit, never Count.
    UntilAllocated,
    /// Only if the object has no value for it yet.
    IfAbsent,
    /// Only if the client left Application Data out.
    IfDataOmitted,
    /// Only what the same side made: `x-` the client's, `y-` the server's.
    OwnOnly,
}

/// The rules of custom (1.x) and vendor (2.x) attributes: 1.4, section 3.39; 2.1, section 4.60.
#[must_use]
pub fn vendor_rule() -> &'static Rule {
    static VENDOR: Rule = Rule {
        tag: Tag::ATTRIBUTE,
        name: "Custom Attribute",
        ty: ItemType::Structure,
        since: Version::V1_0,
        until: Version::V2_1,
        always: false,
        multiple: true,
        set_by: SetBy::Either,
        server_changes: Change::OwnOnly,
        client_changes: Change::OwnOnly,
        client_deletes: Change::OwnOnly,
        on_1x: Applies::ALL,
        on_2x: Applies::ALL,
        implicitly: &[],
    };
    &VENDOR
}

/// A set of object types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applies(u16);

impl Applies {
    /// No object.
    pub const NONE: Applies = Applies(0);
    /// Certificates.
    pub const CERTIFICATE: Applies = Applies(1);
    /// Symmetric keys.
    pub const SYMMETRIC_KEY: Applies = Applies(1 << 1);
    /// Public keys.
    pub const PUBLIC_KEY: Applies = Applies(1 << 2);
    /// Private keys.
    pub const PRIVATE_KEY: Applies = Applies(1 << 3);
    /// Split keys.
    pub const SPLIT_KEY: Applies = Applies(1 << 4);
    /// Templates.
    pub const TEMPLATE: Applies = Applies(1 << 5);
    /// Secret data.
    pub const SECRET_DATA: Applies = Applies(1 << 6);
    /// Opaque objects.
    pub const OPAQUE_OBJECT: Applies = Applies(1 << 7);
    /// PGP keys.
    pub const PGP_KEY: Applies = Applies(1 << 8);
    /// Certificate requests.
    pub const CERTIFICATE_REQUEST: Applies = Applies(1 << 9);
    /// "Asymmetric Keys".
    pub const ASYMMETRIC: Applies = Applies::PUBLIC_KEY.and(Applies::PRIVATE_KEY);
    /// "Keys".
    pub const KEYS: Applies =
        Applies::SYMMETRIC_KEY.and(Applies::ASYMMETRIC).and(Applies::SPLIT_KEY).and(Applies::PGP_KEY);
    /// "All Cryptographic Objects": keys, certificates, secret data.
    pub const CRYPTOGRAPHIC: Applies =
        Applies::KEYS.and(Applies::CERTIFICATE).and(Applies::SECRET_DATA).and(Applies::CERTIFICATE_REQUEST);
    /// "All Objects".
    pub const ALL: Applies = Applies::CRYPTOGRAPHIC.and(Applies::TEMPLATE).and(Applies::OPAQUE_OBJECT);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Applies) -> Applies {
        Applies(self.0 | other.0)
    }

    /// Whether the set holds this object type; of unknown types it holds none.
    #[must_use]
    pub fn to(self, object: ObjectType) -> bool {
        let bit = match object {
            ObjectType::CERTIFICATE => Applies::CERTIFICATE,
            ObjectType::SYMMETRIC_KEY => Applies::SYMMETRIC_KEY,
            ObjectType::PUBLIC_KEY => Applies::PUBLIC_KEY,
            ObjectType::PRIVATE_KEY => Applies::PRIVATE_KEY,
            ObjectType::SPLIT_KEY => Applies::SPLIT_KEY,
            ObjectType::TEMPLATE => Applies::TEMPLATE,
            ObjectType::SECRET_DATA => Applies::SECRET_DATA,
            ObjectType::OPAQUE_OBJECT => Applies::OPAQUE_OBJECT,
            ObjectType::PGP_KEY => Applies::PGP_KEY,
            ObjectType::CERTIFICATE_REQUEST => Applies::CERTIFICATE_REQUEST,
            _ => return false,
        };
        self.0 & bit.0 != 0
    }
}
