//! What the figures were taken on, and what else ran there.

use serde_json::{Value, json};
use std::fs::read_to_string;

/// The machine in a few words.
pub(crate) fn describe() -> Value {
    let first = |path: &str, key: &str| {
        let text = read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_once(':').map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    json!({
        "processor": first("/proc/cpuinfo", "model name"),
        "cpus": std::thread::available_parallelism().map_or(0, std::num::NonZeroUsize::get),
        "memory": first("/proc/meminfo", "MemTotal"),
        "kernel": kernel.trim(),
        "load_average_before": load(),
    })
}

/// Runnable tasks of the last one, five and fifteen minutes.
pub(crate) fn load() -> String {
    let text = read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}
