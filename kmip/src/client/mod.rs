//! A blocking KMIP client: a pool of warm connections over mutual TLS, for programs and for libraries inside other programs.
//!
//! It has no thread and no signal handler of its own, raises no signal, panics on nothing a server sends, and waits for nothing
//! longer than [`Timeouts`] says. Threads that call at the same time use connections of their own and share no lock.
//!
//! | | |
//! |---|---|
//! | [`Config`], [`Server`], [`tls`] | whom to talk to, and as whom |
//! | [`Pool::call`] | one operation, typed both ways |
//! | [`Batch`], [`Pool::batch`] | several operations in one message |
//! | [`Pool::pipeline`] | several messages on their way on one connection |
//! | [`Pool::exchange`] | bytes as they are |
//! | [`Pool::forget`] | after a fork |
//! | [`CallError`] | what to do when there is no answer |
//!
//! An answer is lent to a closure, read in place from a buffer that is wiped afterwards; the request's buffer is wiped too. TLS
//! has buffers of its own, which this crate cannot wipe.
//!
//! # Several servers
//!
//! The first server in the list that works is used. One that cannot be reached, or does not answer, rests for a time that doubles
//! with each failure, and is tried again. A call moves on to the next server by itself if the request cannot have been received whole, or if doing it
//! twice is as doing it once ([`Repeat`]); otherwise it says [`CallError::Uncertain`].
//!
//! ```no_run
//! use kmip::client::{Config, Pool, Server, tls};
//! use kmip::identifier::{Data, Identifier};
//! use kmip::operation::EncryptRequest;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tls = tls::from_pem(&std::fs::read("ca.pem")?, &std::fs::read("client.pem")?, &std::fs::read("client-key.pem")?)?;
//! let pool = Pool::new(Config::new(vec![Server::tcp("kmip.example:5696")?, Server::tcp("standby.example:5696")?], tls));
//! let encrypt = EncryptRequest {
//!     unique_identifier: Some(Identifier::Text("7f0c")),
//!     cryptographic_parameters: None,
//!     data: Some(Data::Bytes(b"plain")),
//!     iv_counter_nonce: None,
//!     correlation_value: None,
//!     init: None,
//!     last: None,
//!     additional_data: None,
//! };
//! let ciphertext = pool.call(&encrypt, |answer| answer.data.map(<[u8]>::to_vec))?;
//! # Ok(())
//! # }
//! ```

mod batch;
mod buffer;
mod config;
mod connection;
mod error;
mod pipeline;
mod pool;
mod repeat;
mod servers;
mod slots;
mod socket;
pub mod tls;

pub use batch::{Answers, Batch};
pub use config::{Address, BadName, Config, Login, Server, Timeouts};
pub use error::{CallError, Refused};
pub use pipeline::Pipeline;
pub use pool::Pool;
pub use repeat::Repeat;
