//! RNG Retrieve: gives random bytes.
//!
//! Rules: KMIP 1.4, section 4.35; KMIP 2.1, section 6.1.49.

use crate::field::structure;

structure! {
    /// What RNG Retrieve is given.
    #[derive(Clone, Copy)]
    RngRetrieveRequest {
        /// How many bytes.
        data_length: i32 = DATA_LENGTH,
    }
}

structure! {
    /// What RNG Retrieve yields.
    #[derive(Clone, Copy)]
    RngRetrieveResponse<'a> {
        /// The bytes.
        data: &'a [u8] = DATA,
    }
}
