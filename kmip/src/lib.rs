//! KMIP 1.0 to 2.1 without I/O: TTLV, messages, operations.

pub mod attribute;
pub mod enums;
pub mod field;
pub mod identifier;
pub mod mask;
pub mod message;
mod name;
pub mod object;
pub mod primitive;
pub mod result;
pub mod tag;
pub mod ttlv;
pub mod version;

pub use name::Names;
