//! Why a call has no answer; a variant is what the caller can do about it.

use crate::enums::{Operation, ResultReason};
use crate::ttlv::{DecodeError, EncodeError};
use std::io;
use std::time::Duration;

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The server says no.
    #[error("{0}")]
    Refused(Refused),
    /// The server answers later: poll with this value.
    #[error("operation pending")]
    Pending {
        /// What to poll with.
        correlation_value: Vec<u8>,
    },
    /// No server could be reached, or none took the whole request: nothing was done, and trying later is safe.
    #[error("no server reached")]
    Unreachable(#[source] io::Error),
    /// The server does not let this client in (or this client does not trust the server): nothing was done.
    #[error("TLS refused")]
    NotAdmitted(#[source] rustls::Error),
    /// The request was sent and the answer did not come: it may have been done or not. Ask before doing it again.
    #[error("no answer: the operation may have been done or not")]
    Uncertain(#[source] io::Error),
    /// There is an answer that cannot be read, or that answers something else.
    #[error("answer cannot be read")]
    Unreadable(#[source] Option<DecodeError>),
    /// The request is longer than configured: nothing was sent.
    #[error("request too long")]
    TooLong(#[from] EncodeError),
    /// All connections were in use for so long: nothing was sent.
    #[error("all connections were in use for {waited:?}")]
    Busy {
        /// The configured bound.
        waited: Duration,
    },
    /// A pipeline has as many requests on their way as configured: receive first. Nothing was sent.
    #[error("too many requests on their way")]
    PipelineFull,
    /// The pool was made by another process, from which this one was forked: [`forget`](super::Pool::forget) it and make another.
    #[error("pool belongs to the parent process")]
    Forked,
}

/// What a server said no to, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The operation, if the server could tell it.
    pub operation: Option<Operation>,
    /// Whether the operation was done and then undone, because another one of its batch failed.
    pub undone: bool,
    /// Why; General Failure if the server did not say.
    pub reason: ResultReason,
    /// The server's words, for people.
    pub message: String,
}

impl core::fmt::Display for Refused {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if let Some(operation) = self.operation {
            write!(f, "{operation:?} ")?;
        }
        f.write_str(if self.undone { "undone" } else { "refused" })?;
        write!(f, ": {:?}", self.reason)?;
        if !self.message.is_empty() {
            write!(f, " ({})", self.message)?;
        }
        Ok(())
    }
}

impl CallError {
    /// The result reason, if the server said no.
    #[must_use]
    pub fn reason(&self) -> Option<ResultReason> {
        match self {
            CallError::Refused(refused) => Some(refused.reason),
            _ => None,
        }
    }

    /// Whether the server certainly did nothing.
    #[must_use]
    pub fn nothing_done(&self) -> bool {
        !matches!(self, CallError::Uncertain(_) | CallError::Unreadable(_) | CallError::Pending { .. })
    }
}
