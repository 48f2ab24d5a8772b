//! Secret memory and the sandbox: the only unsafe code besides the provider's ffi.
#![allow(unsafe_code)] // This is the crate where it may be; every block argues for itself.

pub mod fds;
