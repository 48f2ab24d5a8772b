//! The C functions: each copies in, calls the safe function of the same name, and copies out.
//!
//! The only unsafe code of the library. What an application passes is reached through a [`memory::Caller`] alone, the proof that a
//! pointer comes from the application, which vouches for it by the rules of PKCS#11 (3.2, section 5.1). Input and output may be
//! the same memory, so no reference into it is ever held: bytes are copied in before anything is computed.
//! Rules: PKCS#11 3.2, section 5.

#![allow(unsafe_code)]
#![allow(unreachable_pub, reason = "C reaches them by their names")]
#![allow(non_snake_case, reason = "the names are PKCS#11's")]
#![allow(missing_docs, reason = "PKCS#11 documents its functions")]
#![allow(clippy::missing_safety_doc, reason = "PKCS#11, section 5.1, says what a caller vouches for")]
#![allow(clippy::too_many_arguments, reason = "PKCS#11 has so many")]

mod crypt;
mod general;
mod keys;
mod lists;
mod mechanism;
mod memory;
mod messages;
mod objects;
mod sessions;
mod signatures;

use crate::fault::{Done, Fault};
use crate::library::{Library, library};
use crate::session::Session;
use cryptoki_sys as ck;
use cryptoki_sys::{CK_RV, CK_SESSION_HANDLE};
use memory::Caller;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Runs the safe part of a C function: no panic crosses into C.
fn guard(run: impl FnOnce(Caller) -> Done<()>) -> CK_RV {
    // SAFETY: this runs inside a C function only, whose pointers the application vouches for until it returns.
    let caller = unsafe { Caller::vouched() };
    match catch_unwind(AssertUnwindSafe(|| run(caller))) {
        Ok(Ok(())) => ck::CKR_OK,
        Ok(Err(fault)) => {
            if matches!(fault, Fault::General | Fault::DeviceError | Fault::FunctionFailed)
                && let Ok(library) = library()
            {
                library.log.say("fault", &fault.name());
            }
            fault.code()
        }
        Err(_) => Fault::General.code(),
    }
}

/// The same for a function of a session.
fn with(
    handle: CK_SESSION_HANDLE,
    run: impl FnOnce(Caller, &Arc<Library>, &Arc<Session>) -> Done<()>,
) -> CK_RV {
    guard(|caller| {
        let library = library()?;
        let session = library.session(handle)?;
        run(caller, &library, &session)
    })
}

/// Defines C functions.
macro_rules! functions {
    ($( $name:ident ( $($arg:ident : $ty:ty),* $(,)? ) $body:expr; )*) => { $(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($arg: $ty),*) -> cryptoki_sys::CK_RV {
            $body
        }
    )* };
}
pub(crate) use functions;
