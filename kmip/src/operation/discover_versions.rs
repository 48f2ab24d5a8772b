//! Discover Versions: tells the versions that both sides speak.
//!
//! Rules: KMIP 1.4, section 4.26; KMIP 2.1, section 6.1.16.

use crate::field::{List, structure};
use crate::version::ProtocolVersion;

structure! {
    /// What Discover Versions is given.
    #[derive(Clone, Copy)]
    DiscoverVersionsRequest<'a> {
        /// Versions the client speaks, newest first; none asks for all of the server's.
        versions: List<'a, ProtocolVersion> = PROTOCOL_VERSION,
    }
}

structure! {
    /// What Discover Versions yields.
    #[derive(Clone, Copy)]
    DiscoverVersionsResponse<'a> {
        /// Versions both speak, newest first.
        versions: List<'a, ProtocolVersion> = PROTOCOL_VERSION,
    }
}
