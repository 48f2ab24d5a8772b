//! What a tenant's keys may be used for, algorithm by algorithm: practices by name, and what holds where nobody said otherwise.
//!
//! Separate so that governance, which sets a tenant's policy, and `core`, which follows it, mean the same by a name. What stands
//! in no row is allowed. Keeping an old key, and getting it back, is no practice: that is always possible.
//! Rules: NIST SP 800-131A Rev. 2 (March 2019) with its dates as they have passed; where a row departs from it, it says why.

use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

macro_rules! practices {
    ($( $(#[doc = $doc:literal])* $practice:ident = $name:literal, $allowed:literal, $why:literal; )*) => {
        /// One use of one kind of algorithm, good enough or not.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Practice {
            $( $(#[doc = $doc])* $practice, )*
        }

        impl Practice {
            /// Every practice, in the table's order.
            pub const ALL: &'static [Self] = &[$( Self::$practice, )*];

            /// Its name, as directives write it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$practice => $name, )* }
            }

            /// Is it allowed where nobody said otherwise?
            #[must_use]
            pub const fn by_default(self) -> bool {
                match self { $( Self::$practice => $allowed, )* }
            }

            /// Why.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self { $( Self::$practice => $why, )* }
            }
        }
    };
}

practices! {
    /// Encrypting with triple DES.
    Des3Encrypt = "3des-encrypt", false, "SP 800-131A section 2: disallowed after 2023";
    /// Decrypting with triple DES.
    Des3Decrypt = "3des-decrypt", true, "SP 800-131A section 2: legacy use, for what is encrypted already";
    /// Making a CMAC with triple DES.
    Des3Mac = "3des-mac", false, "SP 800-131A section 10: disallowed after 2023";
    /// Checking a CMAC of triple DES.
    Des3MacVerify = "3des-mac-verify", true, "SP 800-131A section 10: legacy use";
    /// Signing with SHA-1.
    Sha1Sign = "sha1-sign", false, "SP 800-131A section 9: disallowed";
    /// Verifying a signature with SHA-1.
    Sha1Verify = "sha1-verify", true, "SP 800-131A section 9: legacy use";
    /// Making an RSA key below 2048 bits.
    ShortRsaMake = "rsa-below-2048-make", true, "a key by itself protects nothing; what it would protect is in the rows below";
    /// Signing with an RSA key below 2048 bits.
    ShortRsaSign = "rsa-below-2048-sign", false, "SP 800-131A section 3: disallowed";
    /// Verifying with an RSA key below 2048 bits.
    ShortRsaVerify = "rsa-below-2048-verify", true, "SP 800-131A section 3: legacy use from 1024 bits";
    /// Encrypting to an RSA key below 2048 bits.
    ShortRsaEncrypt = "rsa-below-2048-encrypt", false, "SP 800-131A section 6: disallowed";
    /// Decrypting with an RSA key below 2048 bits.
    ShortRsaDecrypt = "rsa-below-2048-decrypt", true, "SP 800-131A section 6: legacy use";
    /// Encrypting with RSA and the padding of PKCS #1 v1.5.
    Pkcs1Encrypt = "rsa-pkcs1-v1.5-encrypt", false, "SP 800-131A section 6: disallowed after 2023";
    /// Decrypting with RSA and the padding of PKCS #1 v1.5.
    Pkcs1Decrypt = "rsa-pkcs1-v1.5-decrypt", false,
        "SP 800-131A section 6 would allow legacy use; who may ask often learns whether a padding was right, and with it any plaintext (Bleichenbacher)";
    /// HMAC with SHA-1.
    Sha1Mac = "hmac-sha1", true, "SP 800-131A section 10: acceptable, collisions do not matter here";
    /// ChaCha20, with Poly1305 or without.
    ChaCha20 = "chacha20", true, "not NIST's: RFC 8439; the profiles of KMIP want it, and it has 256 bits of strength";
    /// Signing on secp256k1.
    K256Sign = "secp256k1-sign", true, "SP 800-186 section 3.2.1 leaves it to the applications that need it";
    /// Agreeing on a secret with X25519.
    X25519Agree = "x25519-agree", true, "not in SP 800-56A Rev. 3: RFC 7748; it has 128 bits of strength";
}

impl fmt::Display for Practice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Practice {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Practice {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Name;
        impl de::Visitor<'_> for Name {
            type Value = Practice;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a practice")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Practice, E> {
                name.parse().map_err(E::custom)
            }
        }
        from.deserialize_str(Name)
    }
}

/// There is no such practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no practice of this name")]
pub struct UnknownPractice;

impl FromStr for Practice {
    type Err = UnknownPractice;

    fn from_str(name: &str) -> Result<Self, UnknownPractice> {
        Self::ALL.iter().copied().find(|practice| practice.name() == name).ok_or(UnknownPractice)
    }
}

/// What a tenant allows: the default, and the exceptions that its governance ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy(u64);

impl Default for Policy {
    fn default() -> Self {
        let allowed = Practice::ALL.iter().filter(|practice| practice.by_default());
        Self(allowed.fold(0, |bits, practice| bits | bit(*practice)))
    }
}

impl Policy {
    /// The default with these exceptions. A practice in both lists is refused.
    #[must_use]
    pub fn with(allow: &[Practice], refuse: &[Practice]) -> Self {
        let all = |practices: &[Practice]| practices.iter().fold(0, |bits, practice| bits | bit(*practice));
        Self((Self::default().0 | all(allow)) & !all(refuse))
    }

    /// Is this allowed?
    #[must_use]
    pub const fn allows(self, practice: Practice) -> bool {
        self.0 & bit(practice) != 0
    }
}

const fn bit(practice: Practice) -> u64 {
    1 << practice as u64
}

const _: () = assert!(Practice::ALL.len() <= 64, "a bit for each practice");

#[cfg(test)]
mod tests {
    use super::{Policy, Practice};

    #[test]
    fn each_practice_is_found_by_its_name_alone() {
        for practice in Practice::ALL {
            assert_eq!(practice.name().parse(), Ok(*practice));
            assert!(practice.name().to_uppercase().parse::<Practice>().is_err());
        }
    }

    #[test]
    fn what_nobody_spoke_of_is_as_the_table_says() {
        let policy = Policy::with(&[Practice::Des3Encrypt], &[Practice::ChaCha20]);
        for practice in Practice::ALL {
            let expected = match practice {
                Practice::Des3Encrypt => true,
                Practice::ChaCha20 => false,
                other => other.by_default(),
            };
            assert_eq!(policy.allows(*practice), expected, "{practice}");
        }
        assert!(!Policy::with(&[Practice::Sha1Sign], &[Practice::Sha1Sign]).allows(Practice::Sha1Sign));
    }

    #[test]
    fn old_ways_to_protect_are_refused_and_old_things_can_still_be_read() {
        let policy = Policy::default();
        for refused in [
            Practice::Des3Encrypt,
            Practice::Sha1Sign,
            Practice::ShortRsaSign,
            Practice::ShortRsaEncrypt,
            Practice::Pkcs1Encrypt,
            Practice::Pkcs1Decrypt,
        ] {
            assert!(!policy.allows(refused));
        }
        for allowed in [Practice::Des3Decrypt, Practice::Sha1Verify, Practice::ShortRsaVerify] {
            assert!(policy.allows(allowed));
        }
    }
}
