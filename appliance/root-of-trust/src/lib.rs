//! The root-agent: talks to one HSM through its vendor's PKCS#11 module, on behalf of `core`.
//!
//! Separate because a vendor's module is somebody else's native code: in the process that holds keys it would share
//! the memory and force the sandbox open. On the transport path this process sees two ciphertexts of an L2, never
//! the key.
//!
//! | module | job |
//! |---|---|
//! | [`pkcs11`] | the driver: module, token, sessions, keys, quirks, errors |
//! | [`pin`] | the token's PIN |
//! | [`limits`] | every bound, with its reason |

pub mod limits;
pub mod pin;
pub mod pkcs11;
