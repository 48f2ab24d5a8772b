//! How events are written: one line each, to standard error.
//!
//! A panic is an event too, with its place and without its text, which might hold what must not be shown.

use holdfast_ports::settings::{LogFormat, LogLevel, Logs};
use tracing::Level;

/// From here on, events are written. Once per process.
pub(crate) fn begin(logs: Logs) {
    let level = match logs.level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
    };
    let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_ansi(false);
    match logs.format {
        LogFormat::Json => lines.json().flatten_event(true).init(),
        LogFormat::Text => lines.compact().init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        let (file, line) = panic.location().map_or(("?", 0), |at| (at.file(), at.line()));
        tracing::error!(file, line, "panicked");
    }));
}
