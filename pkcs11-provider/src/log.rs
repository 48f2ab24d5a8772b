//! Errors go to the file that the configuration names, and nowhere else: the process is not ours.
//!
//! A line has the time, the process, and fixed words; never a value of the application's.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

/// The log of one library.
#[derive(Default)]
pub(crate) struct Log(Option<Mutex<File>>);

impl Log {
    /// Opens the file; a file that cannot be opened means no log.
    pub(crate) fn open(path: Option<&Path>) -> Self {
        let open = |path: &Path| OpenOptions::new().create(true).append(true).open(path).ok();
        Self(path.and_then(open).map(Mutex::new))
    }

    /// Writes a line. What cannot be written is lost: there is nobody to tell.
    pub(crate) fn say(&self, what: &str, more: &dyn std::fmt::Display) {
        let Some(file) = &self.0 else { return };
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let line = format!("{seconds} holdfast-pkcs11[{}] {what}: {more}\n", std::process::id());
        if let Ok(mut file) = file.lock() {
            let _ = file.write_all(line.as_bytes());
        }
    }
}
