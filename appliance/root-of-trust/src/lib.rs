//! The root-agent: talks to one HSM through its vendor's PKCS#11 module, on behalf of `core`.
//!
//! Separate because a vendor's module is somebody else's native code: in the process that holds keys it would share
//! the memory and force the sandbox open. On the transport path this process sees two ciphertexts of an L2, never
//! the key.
//!
//! | module | job |
//! |---|---|
//! | [`agent`] | the process's life |
//! | `waiting`, `workers` | requests queued per lane, threads that do them |
//! | [`sandbox`] | what the process may do |
//! | [`pkcs11`] | the driver: module, token, sessions, keys, quirks, errors |
//! | [`pin`] | the token's PIN |
//! | [`limits`] | every bound, with its reason |

pub mod agent;
pub mod limits;
pub mod pin;
pub mod pkcs11;
pub mod sandbox;
mod waiting;
mod workers;

pub use agent::run;
