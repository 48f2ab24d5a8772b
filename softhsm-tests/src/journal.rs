//! What `holdfastd` writes to standard error, and what it says about its processes.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex};

/// Everything written so far, by one start of the box.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<String>>>);

/// One process as the journal tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) pid: i32,
    pub(crate) generation: u64,
    pub(crate) up: bool,
    pub(crate) ready: bool,
}

impl Journal {
    /// Reads until the pipe is closed, in the background: a full pipe would stop the box.
    pub(crate) fn follow(source: impl Read + Send + 'static) -> Self {
        let journal = Self::default();
        let lines = Arc::clone(&journal.0);
        std::thread::spawn(move || {
            for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
                lines.lock().unwrap().push(String::from_utf8_lossy(&line).into_owned());
            }
        });
        journal
    }

    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }

    /// Every event so far with this name.
    pub(crate) fn events(&self, name: &str) -> Vec<Value> {
        let lines = self.0.lock().unwrap();
        let events = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events.filter(|event| event["message"] == name).collect()
    }

    /// Every process, by its name (`root-agent:hsm-1`).
    pub(crate) fn processes(&self) -> BTreeMap<String, Known> {
        let lines = self.0.lock().unwrap();
        let mut known = BTreeMap::new();
        for line in lines.iter().filter(|line| line.contains("\"process-")) {
            let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
            let Some(process) = event["process"].as_str() else { continue };
            let generation = event["generation"].as_u64().unwrap_or_default();
            let entry: Option<&mut Known> = known.get_mut(process);
            match (event["message"].as_str().unwrap_or_default(), entry) {
                ("process-started", _) => {
                    let pid = event["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()).unwrap_or(0);
                    known.insert(process.to_owned(), Known { pid, generation, up: true, ready: false });
                }
                ("process-ready", Some(entry)) => entry.ready = entry.generation == generation,
                ("process-ended", Some(entry)) => (entry.up, entry.ready) = (false, false),
                _ => {}
            }
        }
        known
    }
}
