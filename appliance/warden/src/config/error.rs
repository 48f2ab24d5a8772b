//! Why a configuration is refused: the file, the line, and what to do.

use std::io;
use std::path::PathBuf;

/// The configuration is refused; nothing was started.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {problem}", file.display(), At(*line))]
pub struct ConfigError {
    /// The configuration file.
    pub file: PathBuf,
    /// The line in it, where the problem has one.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    #[source]
    pub problem: Problem,
}

struct At(Option<usize>);

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// What is wrong with a configuration. Each text says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The syntax, an unknown key, a missing key, a value of the wrong type.
    #[error("{0}; see holdfast.example.toml for every section and key")]
    Syntax(String),
    /// A path from the root is needed: the directory that we were started in means nothing.
    #[error("{} is relative; write the path from the root", path.display())]
    Relative {
        /// As it was written.
        path: PathBuf,
    },
    /// A file or directory cannot be opened.
    #[error("{} cannot be opened ({source}); create it, or correct the path or its owner", path.display())]
    NotThere {
        /// Its path.
        path: PathBuf,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// Not what it should be.
    #[error("{} is not a {wanted}", path.display())]
    WrongKind {
        /// Its path.
        path: PathBuf,
        /// What it should be.
        wanted: &'static str,
    },
    /// Others may do with it what they must not.
    #[error("{} may be {who} (mode {mode:04o}); run: chmod {fix} {}", path.display(), path.display())]
    Loose {
        /// Its path.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// What others may do.
        who: &'static str,
        /// The argument for chmod.
        fix: &'static str,
    },
    /// It belongs to somebody who could change it.
    #[error("{} belongs to user {owner}; run: chown {wanted} {}", path.display(), path.display())]
    ForeignOwner {
        /// Its path.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Whose it should be.
        wanted: u32,
    },
    /// A file is larger than anything that belongs here.
    #[error("{} has {bytes} bytes, more than {bytes_max}; this is not the right file", path.display())]
    TooLarge {
        /// Its path.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The most that is read.
        bytes_max: u64,
    },
    /// A number is out of range.
    #[error("{key} is {value}; it must be from {least} to {most}")]
    OutOfRange {
        /// Which key.
        key: &'static str,
        /// What was written.
        value: u64,
        /// The smallest.
        least: u64,
        /// The largest.
        most: u64,
    },
    /// Not a name as names are here.
    #[error("{key}: {source}")]
    Name {
        /// Which key.
        key: &'static str,
        /// The rule.
        #[source]
        source: holdfast_model::NameError,
    },
    /// The same thing twice.
    #[error("{what} stands here twice; give each its own")]
    Twice {
        /// What.
        what: String,
    },
    /// Not an address.
    #[error("{text:?} is no address; write it as 127.0.0.1:5696 or [::1]:5696")]
    Address {
        /// As it was written.
        text: String,
    },
    /// None, or both.
    #[error("the keystore is either `embedded = \"/a/directory\"` or `memory = true`; write one of the two")]
    Backend,
    /// No certificate in the chain file, or a damaged one.
    #[error("{} holds no chain of PEM certificates; put the box's certificate first, then its issuers", path.display())]
    Chain {
        /// Its path.
        path: PathBuf,
    },
    /// A private key where only public things belong.
    #[error("{} holds a private key; keep it in the file of `key` alone", path.display())]
    KeyInChain {
        /// Its path.
        path: PathBuf,
    },
    /// Not a label that a token can have.
    #[error("`token` is the label that the token was initialised with: 1 to 32 bytes")]
    TokenLabel,
    /// Not a name for a signer.
    #[error("a `kid` has 1 to 64 printable ASCII characters and no space")]
    Kid,
    /// Not a public key on P-256.
    #[error(
        "this is no P-256 public key; write the PEM of `openssl ec -pubout`, or the uncompressed point (65 bytes) in hexadecimal"
    )]
    PublicKey,
    /// Not a variable that may be set.
    #[error("{name} is no variable for a vendor's module; {why}")]
    Environment {
        /// Its name.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// Started as root without a user to become.
    #[error(
        "started as root: set `user` in [box] to the unprivileged user to run as (useradd --system holdfast)"
    )]
    NoUser,
    /// The user does not exist, or is root.
    #[error("{name:?} is no unprivileged user of this system; create it with: useradd --system {name}")]
    UnknownUser {
        /// As it was written.
        name: String,
    },
    /// Only root can become another user.
    #[error(
        "this is user {now}, and only root can become {name:?}; start as root, as {name:?}, or take `user` out"
    )]
    OtherUser {
        /// As it was written.
        name: String,
        /// Who we are.
        now: u32,
    },
}
