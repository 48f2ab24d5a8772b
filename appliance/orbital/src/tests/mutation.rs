//! No bit of a signed bundle can change, and no bytes at all make the verifier panic.

use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

struct Scene {
    signers: Signers,
    bytes: Vec<u8>,
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let office = Office::new();
    let bundle = office.draft(
        1,
        BundleDigest::NONE,
        vec![define("acme"), link("acme"), trust(certificate(true), &["a"])],
    );
    Scene { signers: office.signers(), bytes: office.sign(&bundle).as_bytes().to_vec() }
});

fn judge(bytes: Vec<u8>) -> Result<Verified<Bundle>, Refusal> {
    verify(Received::new(bytes)?, &Office::policy(&SCENE.signers, None), NOW)
}

#[test]
fn any_bit_flipped_in_the_envelope_or_the_header_is_refused() {
    assert!(judge(SCENE.bytes.clone()).is_ok());
    // The ends hold the envelope, the signatures and most header fields; the middle is left to chance below.
    let length = SCENE.bytes.len();
    for at in (0..96).chain(length - 180..length) {
        for bit in 0..8 {
            let mut bytes = SCENE.bytes.clone();
            bytes[at] ^= 1 << bit;
            assert!(judge(bytes).is_err(), "byte {at}, bit {bit}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_flipped_bit_anywhere_is_refused(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut bytes = SCENE.bytes.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(judge(bytes).is_err());
    }

    #[test]
    fn a_stretch_replaced_removed_or_inserted_is_refused(
        from in any::<prop::sample::Index>(),
        length in 0..40_usize,
        with in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut bytes = SCENE.bytes.clone();
        let from = from.index(bytes.len());
        let to = (from + length).min(bytes.len());
        bytes.splice(from..to, with);
        prop_assume!(bytes != SCENE.bytes);
        prop_assert!(judge(bytes).is_err());
    }

    #[test]
    fn bytes_that_mean_nothing_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(judge(bytes).is_err());
    }
}
