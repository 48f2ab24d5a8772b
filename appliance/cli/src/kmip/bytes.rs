//! Bytes in and out: from files and standard input, to files and standard output; secrets only where asked.

use crate::{Failure, Report};
use clap::Args;
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// No KMIP message is longer, so no input need be.
const INPUT_BYTES_MAX: usize = 1 << 20;
/// Bits of a mode that give others a share of a file.
const OTHERS: u32 = 0o077;

/// Reads a file, or standard input if it is `-`. Wiped when dropped.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if path == Path::new("-") {
        return take(std::io::stdin().lock(), path);
    }
    take(File::open(path).map_err(|error| Failure::file(path, &error))?, path)
}

/// The same for a file that must be nobody else's.
pub(super) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error: std::io::Error| Failure::file(path, &error);
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.mode() & OTHERS != 0 {
        return Err(Failure::Unable(format!("{}: others may read it; chmod 600 it first", path.display())));
    }
    take(file, path)
}

fn take(from: impl Read, path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    // Its full size at once: a vector that grows leaves what it held behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(INPUT_BYTES_MAX + 1));
    from.take(INPUT_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::file(path, &error))?;
    if bytes.len() > INPUT_BYTES_MAX {
        return Err(Failure::Unable(format!("{}: longer than {INPUT_BYTES_MAX} bytes", path.display())));
    }
    Ok(bytes)
}

/// The password in a file, without the line break that editors leave.
pub(super) fn password(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let bytes = read_private(path)?;
    let text = core::str::from_utf8(&bytes)
        .map_err(|_| Failure::Unable(format!("{}: a password is text", path.display())))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Where what comes back goes.
#[derive(Args)]
pub(super) struct Out {
    /// Write the bytes to a new file that is yours alone, or to standard output if it is `-`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Out {
    pub(super) fn is_given(&self) -> bool {
        self.out.is_some()
    }

    /// Writes `bytes`, if there is somewhere to write them, and says so.
    pub(super) fn write(&self, bytes: &[u8], mut otherwise: Report) -> Result<Report, Failure> {
        let Some(path) = &self.out else { return Ok(otherwise) };
        let failed = |error: std::io::Error| Failure::file(path, &error);
        if path == Path::new("-") {
            std::io::stdout().lock().write_all(bytes).map_err(failed)?;
            return Ok(Report::printed());
        }
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
        otherwise.text.push_str(&format!("wrote {} bytes to {}\n", bytes.len(), path.display()));
        if let Some(object) = otherwise.json.as_object_mut() {
            object.insert("wrote".to_owned(), json!(path));
        }
        Ok(otherwise)
    }
}

/// Bytes given in hex: what is no secret (an IV, a nonce, additional data).
pub(super) fn hex(text: &str) -> Result<Vec<u8>, String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !digits || !text.len().is_multiple_of(2) {
        return Err("hex digits, two for each byte".to_owned());
    }
    let pairs = text.as_bytes().chunks_exact(2).filter_map(|pair| core::str::from_utf8(pair).ok());
    pairs.map(|pair| u8::from_str_radix(pair, 16).map_err(|error| error.to_string())).collect()
}

/// Bytes in hex.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_and_what_is_no_hex_is_refused() {
        assert_eq!(hex("00fF"), Ok(vec![0, 255]));
        for bad in ["0", "0x00", "+1", "zz"] {
            assert!(hex(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_private_file_that_others_may_read_is_not_read() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().ok();
        let path = directory.as_ref().map(|directory| directory.path().join("key")).unwrap_or_default();
        assert!(std::fs::write(&path, "secret\n").is_ok());
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).is_ok();
        assert!(mode(0o640) && read_private(&path).is_err());
        assert!(mode(0o600) && password(&path).is_ok_and(|password| *password == "secret"));
    }
}
