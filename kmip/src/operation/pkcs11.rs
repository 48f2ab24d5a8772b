//! PKCS#11: calls a PKCS#11 function.
//!
//! Rules: KMIP 2.1, section 6.1.37.

use crate::enums::{Pkcs11Function, Pkcs11ReturnCode};
use crate::field::structure;

structure! {
    /// What PKCS#11 is given.
    #[derive(Clone, Copy)]
    Pkcs11Request<'a> {
        /// Which interface; 3.0 if absent.
        interface: Option<&'a str> = PKCS_11_INTERFACE,
        /// Which function.
        function: Pkcs11Function = PKCS_11_FUNCTION,
        /// What the last call gave to go on with.
        correlation_value: Option<&'a [u8]> = CORRELATION_VALUE,
        /// The parameters.
        input: Option<&'a [u8]> = PKCS_11_INPUT_PARAMETERS,
    }
}

structure! {
    /// What PKCS#11 yields.
    #[derive(Clone, Copy)]
    Pkcs11Response<'a> {
        /// Which interface.
        interface: Option<&'a str> = PKCS_11_INTERFACE,
        /// Which function.
        function: Pkcs11Function = PKCS_11_FUNCTION,
        /// What to give with the next call.
        correlation_value: Option<&'a [u8]> = CORRELATION_VALUE,
        /// The results.
        output: Option<&'a [u8]> = PKCS_11_OUTPUT_PARAMETERS,
        /// The return code.
        code: Pkcs11ReturnCode = PKCS_11_RETURN_CODE,
    }
}
