//! Secret memory and the sandbox: the only unsafe code besides the provider's ffi.
//!
//! Separate so that everything which must be argued by hand (raw memory, raw system calls, the C heap) stands in
//! one small crate, and every other crate forbids unsafe code.
//! Trusts: the Linux kernel. Does not trust: anything that another process wrote (see [`ring`]).
//!
//! | module | job |
//! |---|---|
//! | [`arena`] | the process's one store of secrets |
//! | [`secret`] | types that live there: [`Secret`], [`SecretBytes`], [`SecretBox`] |
//! | [`ending`] | wipes secret memory when the process is ended by a signal or a panic |
//! | [`heap`] | puts the whole heap, Rust's and the C library's, into secret memory |
//! | [`stack`] | runs a closure on a stack in secret memory |
//! | [`process`] | the early, irreversible steps of a process: limits, dumps, user, capabilities |
//! | [`memory_right`] | the one privilege that a parent may keep for its children |
//! | [`sandbox`] | seccomp and Landlock from a profile that is data |
//! | [`hash`], [`mac`] | every hash function, and HMAC and PBKDF2 with it, through the C library |
//! | [`rsa`] | RSA with every padding and hash, through the C library |
//! | [`prime`] | whether a number is prime, through the C library |
//! | [`des3`], [`chacha20`] | ciphers that the safe binding keeps to itself, through the C library |
//! | [`ring`] | a record ring between two processes that do not trust each other |
//! | [`signals`] | being asked to stop, as a descriptor |
//! | [`fds`] | descriptors over sockets, and children with an exact table of descriptors |
#![allow(unsafe_code)] // This is the crate where it may be; every block argues for itself.

pub mod arena;
pub mod chacha20;
pub mod des3;
pub mod ending;
mod error;
pub mod fds;
pub mod hash;
pub mod heap;
pub mod mac;
pub mod memory_right;
mod pool;
pub mod prime;
pub mod process;
mod region;
pub mod ring;
pub mod rsa;
pub mod sandbox;
pub mod secret;
pub mod signals;
pub mod stack;

pub use error::MemoryError;
pub use secret::{Secret, SecretBox, SecretBytes};
