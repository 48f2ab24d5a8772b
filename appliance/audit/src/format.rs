//! What is in a segment: a mark, then frames; the first frame is a header, all others are records.
//!
//! ```text
//! segment = "HFAUDIT" 0x01, frame (header), frame (record) ...
//! frame   = length of the content (u32, big-endian), chain hash (32 bytes), content
//! chain   = SHA-256("holdfast/audit/v1" 0x00, chain hash before, length, content); the first comes after 32 zeros
//! ```
//!
//! The chain runs through headers and records of all segments in order, so that nothing can be changed, left out,
//! moved or doubled without a break. Whoever can write the files can also make a new chain from any point on: what
//! shows that is a head (count and hash) kept elsewhere.

use aws_lc_rs::digest::{Context, SHA256};
use holdfast_model::audit::AuditEvent;
use holdfast_model::limits::AUDIT_EVENT_BYTES_MAX;
use holdfast_model::{LaneIndex, Sequence, Timestamp};
use serde::{Deserialize, Serialize};

/// The first bytes of a segment; the last of them is the version of the frames.
pub const MARK: &[u8; 8] = b"HFAUDIT\x01";
/// Bytes of a frame before its content.
pub const FRAME_HEADER_BYTES: usize = 4 + 32;
/// Longest content of a frame: the largest event, or a header with every lane, and room around it.
pub const CONTENT_BYTES_MAX: usize = AUDIT_EVENT_BYTES_MAX + 2048;
/// Longest word that says why something was refused.
const REASON_BYTES_MAX: usize = 48;

/// A hash of the chain.
pub type ChainHash = [u8; 32];

/// Which ring a record came from: the memory's inode and time of birth. Another ring has another, also after a reboot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingId {
    /// Inode number of the shared memory.
    pub inode: u64,
    /// When it was made, in nanoseconds since 1970.
    pub born_ns: u64,
}

/// Where a record came from, so that one that is still in its ring after a crash is not written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Which lane.
    pub lane: LaneIndex,
    /// Which ring of that lane.
    pub ring: RingId,
    /// Position in the ring just after the record.
    pub end: u64,
}

/// The first content of a segment: enough to go on from here without reading the segments before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Number of this segment; the first is 1.
    pub segment: u64,
    /// Records in all segments before.
    pub records_before: u64,
    /// Chain hash that this segment goes on from.
    pub previous: ChainHash,
    /// When it was begun, by the agent's clock.
    pub begun: Timestamp,
    /// Highest bundle applied, as far as the segments before say.
    pub bundle: Sequence,
    /// The last record of each lane in the segments before.
    pub lanes: Vec<Source>,
}

/// One record of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its place in the log; the first is 0.
    pub index: u64,
    /// The ring it came from; none for the agent's own notes.
    pub source: Option<Source>,
    /// What it says.
    pub what: What,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// An event as `core` reported it.
    Event(AuditEvent),
    /// `core` put something into the ring that is not an event. Its bytes are not kept: nobody checked what they are.
    Unreadable {
        /// How many bytes it had.
        bytes: u32,
    },
    /// The audit-agent took the log up.
    Opened {
        /// When, by the agent's clock.
        at: Timestamp,
        /// Bytes at the end that a crash had left unfinished and nobody had been told were durable; cut off.
        cut_bytes: u64,
    },
    /// A lane's ring held nonsense and was given up; what was in it and not yet here is lost.
    RingGivenUp {
        /// When, by the agent's clock.
        at: Timestamp,
        /// Whose.
        lane: LaneIndex,
    },
}

/// Content with its version.
#[derive(Serialize, Deserialize)]
enum Versioned<T> {
    V1(T),
}

/// A content that is not what belongs there, or is of a newer version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the content of a frame does not read")]
pub struct NotReadable;

/// The chain hash of a frame with this content that comes after `previous`.
#[must_use]
pub fn chain(previous: &ChainHash, content: &[u8]) -> ChainHash {
    let mut hash = Context::new(&SHA256);
    hash.update(b"holdfast/audit/v1\0");
    hash.update(previous);
    hash.update(&length(content));
    hash.update(content);
    hash.finish().as_ref().try_into().unwrap_or_default()
}

fn length(content: &[u8]) -> [u8; 4] {
    u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// Appends a frame that goes on from `previous`, and returns its chain hash.
fn append<T: Serialize>(out: &mut Vec<u8>, previous: &ChainHash, content: T) -> ChainHash {
    let start = out.len();
    out.extend_from_slice(&[0; FRAME_HEADER_BYTES]);
    let taken = core::mem::take(out);
    // Serialising plain data into memory does not fail.
    *out = postcard::to_extend(&Versioned::V1(content), taken).unwrap_or_default();
    let (head, content) = out.get_mut(start..).unwrap_or_default().split_at_mut(FRAME_HEADER_BYTES);
    let hash = chain(previous, content);
    let (length_at, hash_at) = head.split_at_mut(4);
    length_at.copy_from_slice(&length(content));
    hash_at.copy_from_slice(&hash);
    hash
}

/// Appends mark and header of a new segment.
pub fn append_header(out: &mut Vec<u8>, header: &Header) -> ChainHash {
    out.extend_from_slice(MARK);
    append(out, &header.previous, header)
}

/// Appends a record.
pub fn append_record(out: &mut Vec<u8>, previous: &ChainHash, record: &Record) -> ChainHash {
    append(out, previous, record)
}

/// Reads a header.
///
/// # Errors
/// [`NotReadable`].
pub fn read_header(content: &[u8]) -> Result<Header, NotReadable> {
    read(content)
}

/// Reads a record; text in it is of our own alphabet and length.
///
/// # Errors
/// [`NotReadable`].
pub fn read_record(content: &[u8]) -> Result<Record, NotReadable> {
    let record: Record = read(content)?;
    match &record.what {
        What::Event(event) if !is_word(event) => Err(NotReadable),
        _ => Ok(record),
    }
}

/// Reads an event as it is in a ring.
///
/// # Errors
/// [`NotReadable`]: too long, not an event, or with a reason that is not one of our words.
pub fn read_event(bytes: &[u8]) -> Result<AuditEvent, NotReadable> {
    if bytes.len() > AUDIT_EVENT_BYTES_MAX {
        return Err(NotReadable);
    }
    let (event, rest) = postcard::take_from_bytes(bytes).map_err(|_| NotReadable)?;
    if rest.is_empty() && is_word(&event) { Ok(event) } else { Err(NotReadable) }
}

fn read<T: for<'de> Deserialize<'de>>(content: &[u8]) -> Result<T, NotReadable> {
    match postcard::take_from_bytes(content) {
        Ok((Versioned::V1(read), [])) => Ok(read),
        _ => Err(NotReadable),
    }
}

fn is_word(event: &AuditEvent) -> bool {
    let word = event.reason.as_str();
    word.len() <= REASON_BYTES_MAX
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
