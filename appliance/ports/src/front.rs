//! The hot path between a frontend worker and a lane of `core`: a fixed layout, nothing to parse.
//!
//! Content of a frame: kind (1 byte), three zero bytes, connection (4 bytes, big-endian), then the payload. Replies
//! of one connection come in the order of its requests.

use holdfast_model::trust::PeerCertificate;

/// Bytes before the payload.
pub const HEADER_BYTES: usize = 8;

/// Numbers a client connection on one link; chosen by the frontend, not reused while core may still answer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Connection(pub u32);

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Frontend: a client is there; payload is postcard of [`PeerCertificate`].
    Open = 1,
    /// Frontend: one whole KMIP message.
    Request = 2,
    /// Frontend: the client has gone.
    Close = 3,
    /// Core: the response message to the oldest unanswered request of the connection.
    Reply = 4,
    /// Core: send this last response, if not empty, and close the connection.
    Hangup = 5,
}

/// A frame taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Front<'a> {
    /// What it is.
    pub kind: Kind,
    /// Whose.
    pub connection: Connection,
    /// A KMIP message, or a peer, or nothing.
    pub payload: &'a [u8],
}

/// Takes the content of a frame apart; `None` means that the peer is broken.
#[must_use]
pub fn read(content: &[u8]) -> Option<Front<'_>> {
    let (head, payload) = content.split_first_chunk::<HEADER_BYTES>()?;
    let [kind, 0, 0, 0, a, b, c, d] = *head else { return None };
    let kind = match kind {
        1 => Kind::Open,
        2 => Kind::Request,
        3 => Kind::Close,
        4 => Kind::Reply,
        5 => Kind::Hangup,
        _ => return None,
    };
    Some(Front { kind, connection: Connection(u32::from_be_bytes([a, b, c, d])), payload })
}

/// Appends the header; the payload follows.
pub fn write_header(out: &mut Vec<u8>, kind: Kind, connection: Connection) {
    out.extend_from_slice(&[kind as u8, 0, 0, 0]);
    out.extend_from_slice(&connection.0.to_be_bytes());
}

/// Appends the payload of [`Kind::Open`].
pub fn write_peer(out: &mut Vec<u8>, peer: &PeerCertificate) {
    let taken = core::mem::take(out);
    if let Ok(done) = postcard::to_extend(peer, taken) {
        *out = done;
    }
}

/// Reads the payload of [`Kind::Open`]; `None` means that the peer is broken.
#[must_use]
pub fn read_peer(payload: &[u8]) -> Option<PeerCertificate> {
    postcard::from_bytes(payload).ok()
}

/// The lane of a tenant: the same on both sides, for as long as the number of lanes is the same.
#[must_use]
pub fn lane_of(tenant: &holdfast_model::TenantId, lanes: u16) -> holdfast_model::LaneIndex {
    // FNV-1a: spreads names, needs no key because tenants are named by signed orders alone.
    let hash = tenant.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let lane = (hash >> 32) % u64::from(lanes.max(1));
    holdfast_model::LaneIndex(u16::try_from(lane).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_back_as_it_was_written() {
        let mut out = Vec::new();
        write_header(&mut out, Kind::Reply, Connection(77));
        out.extend_from_slice(b"message");
        assert_eq!(
            read(&out),
            Some(Front { kind: Kind::Reply, connection: Connection(77), payload: b"message" })
        );
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for bytes in [&[][..], &[1, 0, 0, 0, 0, 0, 0], &[9, 0, 0, 0, 0, 0, 0, 0], &[1, 1, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(read(bytes), None);
        }
    }
}
