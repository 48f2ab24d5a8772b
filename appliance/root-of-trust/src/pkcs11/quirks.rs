//! The habits of each make of token: one row each. Whoever has an HSM with odd habits adds a row here.
//!
//! A row is found by what the library and the token say of themselves (CK_INFO, CK_TOKEN_INFO). It only ever chooses
//! among mechanisms that are sound; it cannot loosen a check.
//!
//! Not in the table: CKM_AES_KEY_WRAP_KWP (0x210B). The crate `cryptoki` cannot name it, and an L2 of 32 bytes needs
//! no padding: every token with 0x210B that we know has 0x2109 as well.

use cryptoki::context::Info;
use cryptoki::slot::TokenInfo;
use holdfast_model::l1::{OaepHash, WrapMechanism};

/// Whether L2 can leave the token wrapped for the transport key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Try it; the token's answer decides.
    Try,
    /// The token has no C_WrapKey or C_UnwrapKey at all.
    Never,
}

/// One make.
#[derive(Debug)]
pub(crate) struct Quirks {
    /// For logs and for the operator.
    pub make: &'static str,
    /// Substring of CK_INFO's manufacturer or library description, or of CK_TOKEN_INFO's manufacturer or model.
    says: &'static str,
    /// AES key wrap mechanisms, the preferred first. `AesKeyWrap` is CKM_AES_KEY_WRAP
    /// (0x2109), `AesKeyWrapPadded` CKM_AES_KEY_WRAP_PAD (0x210A).
    pub aes_wraps: &'static [WrapMechanism],
    /// Hashes of RSA-OAEP, the preferred first.
    pub oaep: &'static [OaepHash],
    /// The way of L2 out of the token.
    pub transport: Transport,
}

const SHA256_THEN_SHA1: &[OaepHash] = &[OaepHash::Sha256, OaepHash::Sha1];

/// Every make we have met. The first row that matches counts.
static ROWS: &[Quirks] = &[
    // SoftHSM 2.6.1 (Debian 12, OpenSSL). OAEP knows SHA-1 only and refuses all else with CKR_ARGUMENTS_BAD; 0x210A is
    // RFC 5649; a wrapped key that was altered is CKR_GENERAL_ERROR.
    Quirks {
        make: "SoftHSM",
        says: "SoftHSM",
        aes_wraps: &[WrapMechanism::AesKeyWrap, WrapMechanism::AesKeyWrapPadded],
        oaep: &[OaepHash::Sha1],
        transport: Transport::Try,
    },
    // NSS softokn 3.87 (Debian 12). Wants its own parameters in C_Initialize (reached through p11-kit's
    // x-init-reserved, or a module that adds them).
    Quirks {
        make: "NSS softokn",
        says: "Mozilla",
        aes_wraps: &[WrapMechanism::AesKeyWrap],
        oaep: SHA256_THEN_SHA1,
        transport: Transport::Try,
    },
    // tpm2-pkcs11 1.9 (Debian 12) over a TPM 2.0: C_WrapKey and C_UnwrapKey are not there; the L1 is an RSA key pair
    // and L2 takes the plain path.
    Quirks {
        make: "tpm2-pkcs11",
        says: "tpm2-software",
        aes_wraps: &[],
        oaep: SHA256_THEN_SHA1,
        transport: Transport::Never,
    },
    // kryoptic (2026-08): AES key wrap and every OAEP hash; no 0x210A. From its documentation and the figures in the
    // decision record on tokens; not run in our suite.
    Quirks {
        make: "kryoptic",
        says: "Kryoptic",
        aes_wraps: &[WrapMechanism::AesKeyWrap],
        oaep: SHA256_THEN_SHA1,
        transport: Transport::Try,
    },
];

/// Any other make: what PKCS#11 v3.1 describes, best first.
static GENERIC: Quirks = Quirks {
    make: "generic",
    says: "",
    aes_wraps: &[WrapMechanism::AesKeyWrap],
    oaep: SHA256_THEN_SHA1,
    transport: Transport::Try,
};

/// The row for this library and token.
pub(crate) fn of(library: &Info, token: &TokenInfo) -> &'static Quirks {
    of_words(&[
        library.manufacturer_id(),
        library.library_description(),
        token.manufacturer_id(),
        token.model(),
    ])
}

fn of_words(words: &[&str]) -> &'static Quirks {
    ROWS.iter().find(|row| words.iter().any(|word| word.contains(row.says))).unwrap_or(&GENERIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_make_is_known_by_what_it_says_of_itself() {
        for (says, make) in [
            ("SoftHSM project", "SoftHSM"),
            ("Mozilla Foundation", "NSS softokn"),
            ("tpm2-software.github.io", "tpm2-pkcs11"),
            ("Kryoptic Project", "kryoptic"),
            ("Another Vendor Inc.", "generic"),
        ] {
            assert_eq!(of_words(&[says]).make, make);
        }
    }

    #[test]
    fn every_row_has_a_way_to_wrap_and_only_authenticated_ones() {
        for row in ROWS.iter().chain([&GENERIC]) {
            assert!(!row.oaep.is_empty(), "{}", row.make);
            let aes = |wrap: &WrapMechanism| !matches!(wrap, WrapMechanism::RsaOaep(_));
            assert!(row.aes_wraps.iter().all(aes), "{}", row.make);
        }
    }
}
