//! Log: writes a client's message to the server's log.
//!
//! Rules: KMIP 2.1, section 6.1.29.

use crate::field::structure;

structure! {
    /// What Log is given.
    #[derive(Clone, Copy)]
    LogRequest<'a> {
        /// What to log: it is the client's, and never goes to our own logs.
        message: &'a str = LOG_MESSAGE,
    }
}

structure! {
    /// What Log yields.
    #[derive(Clone, Copy)]
    LogResponse {
    }
}
