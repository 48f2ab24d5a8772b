//! What a command has to say: once for people, once for programs; and why it could not say it.

use serde_json::{Value, json};
use std::io;
use std::path::Path;

/// The result of a command.
pub(crate) struct Report {
    /// For people; ends with a line break.
    pub(crate) text: String,
    /// For programs.
    pub(crate) json: Value,
    /// Was the answer yes?
    pub(crate) good: bool,
}

impl Report {
    pub(crate) fn good(text: impl Into<String>, json: Value) -> Self {
        Self { text: text.into(), json, good: true }
    }

    /// The command has printed everything itself, as it went.
    pub(crate) const fn printed() -> Self {
        Self { text: String::new(), json: Value::Null, good: true }
    }

    pub(crate) fn print(&self, as_json: bool) -> String {
        if as_json && self.json.is_null() {
            String::new()
        } else if as_json {
            format!("{}\n", self.json)
        } else {
            self.text.clone()
        }
    }
}

/// Why there is no result. The message says what to do next.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The answer is no.
    #[error("refused ({word}): {message}")]
    Refused { word: String, message: String },
    /// It could not be asked.
    #[error("{0}")]
    Unable(String),
}

impl Failure {
    /// A file could not be read or written.
    pub(crate) fn file(path: &Path, source: &io::Error) -> Self {
        Self::Unable(format!("{}: {source}", path.display()))
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { .. } => 1,
            Self::Unable(_) => 2,
        }
    }

    pub(crate) fn json(&self) -> String {
        let word = match self {
            Self::Refused { word, .. } => word.as_str(),
            Self::Unable(_) => "unable",
        };
        format!("{}\n", json!({ "error": word, "message": self.to_string() }))
    }
}

impl From<holdfast_orbital::Refusal> for Failure {
    fn from(refusal: holdfast_orbital::Refusal) -> Self {
        Self::Refused { word: refusal.word().to_owned(), message: refusal.to_string() }
    }
}
