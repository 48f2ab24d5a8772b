//! Set Endpoint Role: changes which end of the connection is the server.
//!
//! Rules: KMIP 2.1, section 6.1.54.

use crate::enums::EndpointRole;
use crate::field::structure;

structure! {
    /// What Set Endpoint Role is given.
    #[derive(Clone, Copy)]
    SetEndpointRoleRequest {
        /// The role.
        role: EndpointRole = ENDPOINT_ROLE,
    }
}

structure! {
    /// What Set Endpoint Role yields.
    #[derive(Clone, Copy)]
    SetEndpointRoleResponse {
        /// The role.
        role: EndpointRole = ENDPOINT_ROLE,
    }
}
