//! Cuts what a client sends into whole KMIP messages, without holding more than has arrived.
//!
//! Separate from `connection` so that it can be tested and fuzzed without a network.
//! Does not trust: any byte. Garbage is refused at the first byte that no message has.

use kmip::ttlv::frame::{self, FrameError};
use zeroize::Zeroize;

/// Above this, an empty buffer is given back rather than kept.
const KEPT_BYTES_MAX: usize = 16 << 10;

/// What has arrived and is not yet a message that was taken.
#[derive(Default)]
pub struct Arrived {
    bytes: Vec<u8>,
}

/// Takes whole messages off the front of `bytes`, as long as `take` wants them; returns how many bytes are used up.
///
/// # Errors
/// [`FrameError`]: the bytes after the messages that were taken are no message, or one too large.
pub fn split(
    bytes: &[u8],
    message_bytes_max: usize,
    mut take: impl FnMut(&[u8]) -> bool,
) -> Result<usize, FrameError> {
    let mut used = 0;
    loop {
        let rest = bytes.get(used..).unwrap_or_default();
        let Some(length) = frame::length(rest, message_bytes_max)? else { return Ok(used) };
        let Some(message) = rest.get(..length) else { return Ok(used) };
        if !take(message) {
            return Ok(used);
        }
        used += length;
    }
}

impl Arrived {
    /// Keeps what `split` left over.
    pub fn keep(&mut self, rest: &[u8]) {
        self.bytes.extend_from_slice(rest);
    }

    /// Takes whole messages from what has arrived, oldest first. Returns how many bytes they had.
    ///
    /// # Errors
    /// As [`split`].
    pub fn take(
        &mut self,
        message_bytes_max: usize,
        take: impl FnMut(&[u8]) -> bool,
    ) -> Result<usize, FrameError> {
        let used = split(&self.bytes, message_bytes_max, take)?;
        if used > 0 {
            let left = self.bytes.len() - used;
            self.bytes.copy_within(used.., 0);
            if let Some(free) = self.bytes.get_mut(left..) {
                free.zeroize();
            }
            self.bytes.truncate(left);
            if left == 0 && self.bytes.capacity() > KEPT_BYTES_MAX {
                self.bytes = Vec::new();
            }
        }
        Ok(used)
    }

    /// Is a message there whole, or certainly none?
    #[must_use]
    pub fn wants_bytes(&self, message_bytes_max: usize) -> bool {
        match frame::length(&self.bytes, message_bytes_max) {
            Ok(Some(length)) => self.bytes.len() < length,
            Ok(None) => true,
            Err(_) => false,
        }
    }

    /// What waits here.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Does nothing wait here?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl Drop for Arrived {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(fill: u8, body: usize) -> Vec<u8> {
        let mut bytes = vec![0x42, 0x00, 0x78, 0x01];
        bytes.extend_from_slice(&u32::try_from(body).unwrap().to_be_bytes());
        bytes.resize(8 + body, fill);
        bytes
    }

    fn collect(bytes: &[u8]) -> (Vec<Vec<u8>>, Result<usize, FrameError>) {
        let mut taken = Vec::new();
        let used = split(bytes, 1024, |m| {
            taken.push(m.to_vec());
            true
        });
        (taken, used)
    }

    #[test]
    fn messages_that_came_together_are_taken_apart_in_order() {
        let bytes = [message(1, 8), message(2, 16), message(3, 8)[..10].to_vec()].concat();
        assert_eq!(collect(&bytes), (vec![message(1, 8), message(2, 16)], Ok(40)));
    }

    #[test]
    fn a_message_that_comes_byte_by_byte_is_taken_once_it_is_whole() {
        let mut arrived = Arrived::default();
        let whole = message(7, 64);
        let mut taken = Vec::new();
        for (at, byte) in whole.iter().enumerate() {
            assert!(taken.is_empty(), "before byte {at}");
            assert!(arrived.wants_bytes(1024));
            arrived.keep(&[*byte]);
            arrived
                .take(1024, |m| {
                    taken.extend_from_slice(m);
                    true
                })
                .unwrap();
        }
        assert_eq!(taken, whole);
        assert!(arrived.is_empty());
    }

    #[test]
    fn what_is_not_wanted_yet_stays_and_its_order_too() {
        let mut arrived = Arrived::default();
        arrived.keep(&[message(1, 8), message(2, 8), message(3, 8)].concat());
        let mut seen = Vec::new();
        for _ in 0..3 {
            let mut one = true;
            arrived
                .take(1024, |m| {
                    core::mem::take(&mut one) && {
                        seen.push(m[8]);
                        true
                    }
                })
                .unwrap();
        }
        assert_eq!(seen, [1, 2, 3]);
    }

    #[test]
    fn garbage_is_refused_at_its_first_byte_and_what_came_before_it_is_taken() {
        let (taken, end) = collect(&[message(1, 8), b"G".to_vec()].concat());
        assert_eq!((taken, end), (vec![message(1, 8)], Err(FrameError::NotKmip)));
    }

    #[test]
    fn an_announced_length_beyond_the_bound_is_refused_and_nothing_is_held_for_it() {
        let mut arrived = Arrived::default();
        arrived.keep(&[0x42, 0x00, 0x78, 0x01, 0xff, 0xff, 0xff, 0xf8]);
        assert!(matches!(arrived.take(1024, |_| true), Err(FrameError::TooLong { .. })));
        assert!(arrived.bytes.capacity() < 64);
    }

    #[test]
    fn however_bytes_are_cut_up_the_same_messages_come_out() {
        let whole: Vec<u8> = (0..40).flat_map(|n| message(n, 8 * usize::from(n % 7))).collect();
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..500 {
            let (mut arrived, mut rest, mut seen) = (Arrived::default(), &whole[..], Vec::new());
            while !rest.is_empty() {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let (now, later) = rest.split_at(rest.len().min(1 + usize::try_from(random % 50).unwrap()));
                rest = later;
                arrived.keep(now);
                arrived
                    .take(1024, |m| {
                        seen.extend_from_slice(m);
                        true
                    })
                    .unwrap();
            }
            assert_eq!(seen, whole);
        }
    }
}
