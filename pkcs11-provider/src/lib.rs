//! PKCS#11 2.40 to 3.2 for applications: every key and every decision about one is in the appliance.
//!
//! Loaded into somebody else's process, so: no panic leaves, nothing is printed, no signal handler, no thread of its own, and
//! a child of a fork begins anew without touching its parent's connections.
//!
//! | Module | What for |
//! |---|---|
//! | [`ffi`] | the C functions: copies in, calls what follows, copies out; the only unsafe code |
//! | `library`, `slot`, `session` | the state between calls |
//! | `attribute`, `template`, `object` | PKCS#11 attributes, what templates may say, how objects are seen |
//! | `mechanism` | one table of what there is, and how it maps to KMIP |
//! | `ops` | one file for each family of functions |
//! | `appliance` | KMIP over mutual TLS: warm connections, fail-over |
//! | `config`, `log` | `holdfast-pkcs11.toml`; errors go to the file it names |
//!
//! Rules: PKCS#11 3.2 (and what 2.40, 3.0 and 3.1 say of older functions).

mod appliance;
mod attribute;
mod config;
mod der;
mod digest;
mod fault;
pub mod ffi;
mod lattice;
mod library;
mod limits;
mod log;
mod mechanism;
mod object;
mod ops;
mod parameter;
mod session;
mod slot;
mod template;
mod token;
