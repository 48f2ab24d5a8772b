//! RNG Seed: offers a seed to the random number generator.
//!
//! Rules: KMIP 1.4, section 4.36; KMIP 2.1, section 6.1.50.

use crate::field::structure;
use crate::identifier::Data;

structure! {
    /// What RNG Seed is given.
    #[derive(Clone, Copy)]
    RngSeedRequest<'a> {
        /// The seed.
        data: Data<'a> = DATA,
    }
}

structure! {
    /// What RNG Seed yields.
    #[derive(Clone, Copy)]
    RngSeedResponse {
        /// How many bytes of it were used.
        data_length: i32 = DATA_LENGTH,
    }
}
