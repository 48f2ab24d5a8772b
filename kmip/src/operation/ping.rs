//! Ping: asks whether the server is there.
//!
//! Rules: KMIP 2.1, section 6.1.36.

use crate::field::structure;

structure! {
    /// What Ping is given.
    #[derive(Clone, Copy)]
    PingRequest {
    }
}

structure! {
    /// What Ping yields.
    #[derive(Clone, Copy)]
    PingResponse {
    }
}
