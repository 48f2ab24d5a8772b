//! Bounds what a message may ask of the reader, and says why.

/// How much a reader accepts. Every bound is inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a whole message, its header included: bounds the buffer of a connection.
    pub message_bytes: usize,
    /// Structures within structures, the message itself counting one: bounds the stack of whoever walks it.
    pub depth: usize,
    /// Items in a message: bounds the time to walk it.
    pub items: usize,
    /// Bytes of one text string, byte string or big integer.
    pub string_bytes: usize,
}

impl Limits {
    /// What a server takes from a client. The largest of the published test cases has 7 structures within each other,
    /// 147 items and 5,448 bytes; the rest is room for certificates, wrapped keys and long batches.
    pub const DEFAULT: Limits =
        Limits { message_bytes: 1024 * 1024, depth: 24, items: 32 * 1024, string_bytes: 1024 * 1024 };
}

impl Default for Limits {
    fn default() -> Self {
        Limits::DEFAULT
    }
}
