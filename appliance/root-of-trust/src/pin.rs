//! The token's PIN: read from a descriptor, kept in memory that is wiped, lent to C_Login alone.
//!
//! Separate so that nothing else in this process holds it. Never from the command line or the environment, never
//! logged. The vendor's module sees it, by the nature of C_Login.

use crate::limits::PIN_BYTES_MAX;
use cryptoki::types::RawAuthPin;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use zeroize::{Zeroize, Zeroizing};

/// Why there is no PIN.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// The file is empty.
    #[error("the PIN file is empty")]
    Empty,
    /// The file is longer than any PIN.
    #[error("the PIN file holds more than {PIN_BYTES_MAX} bytes")]
    TooLong,
    /// The file cannot be read.
    #[error("the PIN file cannot be read")]
    Unreadable(#[source] io::Error),
}

/// The PIN of the token's normal user (CKU_USER).
///
/// It cannot be printed:
/// ```compile_fail,E0277
/// fn show(pin: holdfast_root_of_trust::pin::Pin) { println!("{pin:?}"); }
/// ```
pub struct Pin(Zeroizing<Vec<u8>>);

impl Pin {
    /// Reads the PIN from the beginning of the file, wherever its offset stands, so that the process that is started
    /// after this one can read it again. One line ending at the end is not part of it.
    ///
    /// # Errors
    /// [`PinError`].
    pub fn read(file: OwnedFd) -> Result<Self, PinError> {
        // Room for a line ending (two bytes) and one byte more, to see that the file is too long. Never grows, so
        // that no copy is left behind.
        let mut bytes = Zeroizing::new(vec![0; PIN_BYTES_MAX + 3]);
        let file = File::from(file);
        let mut read = 0;
        loop {
            let room = bytes.get_mut(read..).unwrap_or_default();
            if room.is_empty() {
                return Err(PinError::TooLong);
            }
            match file.read_at(room, u64::try_from(read).unwrap_or(u64::MAX)) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(PinError::Unreadable(error)),
            }
        }
        bytes.truncate(read);
        if bytes.ends_with(b"\n") {
            bytes.pop();
            if bytes.ends_with(b"\r") {
                bytes.pop();
            }
        }
        match bytes.len() {
            0 => Err(PinError::Empty),
            1..=PIN_BYTES_MAX => Ok(Self(bytes)),
            _ => Err(PinError::TooLong),
        }
    }

    /// Lends the PIN to one C_Login; the copy is wiped afterwards.
    pub(crate) fn lend<R>(&self, log_in: impl FnOnce(&RawAuthPin) -> R) -> R {
        let mut copy = RawAuthPin::new(Box::new(self.0.to_vec()));
        let outcome = log_in(&copy);
        copy.zeroize();
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek, Write};

    fn file(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file
    }

    fn pin(content: &[u8]) -> Result<Vec<u8>, PinError> {
        Pin::read(file(content).into()).map(|pin| pin.0.to_vec())
    }

    #[test]
    fn one_line_ending_at_the_end_is_not_part_of_the_pin() {
        assert_eq!(pin(b"1234").unwrap(), b"1234");
        assert_eq!(pin(b"1234\n").unwrap(), b"1234");
        assert_eq!(pin(b"1234\r\n").unwrap(), b"1234");
        assert_eq!(pin(b" 12 34 \n\n").unwrap(), b" 12 34 \n");
    }

    #[test]
    fn a_second_reader_of_the_same_descriptor_reads_the_same_pin() {
        let mut file = file(b"1234\n");
        file.seek(io::SeekFrom::End(0)).unwrap();
        for _ in 0..2 {
            let again = file.try_clone().unwrap();
            assert!(Pin::read(again.into()).is_ok_and(|pin| pin.0.as_slice() == b"1234"));
        }
    }

    #[test]
    fn an_empty_or_endless_file_is_no_pin() {
        assert!(matches!(pin(b""), Err(PinError::Empty)));
        assert!(matches!(pin(b"\n"), Err(PinError::Empty)));
        assert!(pin(&[b'1'; PIN_BYTES_MAX]).is_ok());
        assert!(matches!(pin(&[b'1'; PIN_BYTES_MAX + 1]), Err(PinError::TooLong)));
        assert!(matches!(pin(&[b'1'; 100_000]), Err(PinError::TooLong)));
    }
}
