//! The contracts between `core` and its neighbours: traits, and the messages that carry them.
//!
//! Separate from the drivers so that `core` can depend on this and on no driver. Every message between two
//! processes is a frame (`frame`) on a link (`link`); what is in it is postcard, except on the hot path between
//! frontend and core (`front`), which has a fixed layout.

pub mod agent;
pub mod audit;
pub mod backoff;
pub mod child;
pub mod control;
pub mod edge;
pub mod envelope;
pub mod frame;
pub mod front;
pub mod import;
pub mod keystore;
pub mod link;
pub mod root;
pub mod settings;
