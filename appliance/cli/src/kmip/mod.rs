//! `holdfast kmip`: a client for any KMIP server, to look around and to work by hand.
//!
//! One command, one operation: it builds the request, and `answer` shows what came back. Key material comes from files or
//! standard input, never from arguments, and is shown or written only where that was asked for.

mod answer;
mod attribute;
mod bytes;
mod cryptography;
mod explore;
mod lifecycle;
mod link;
mod objects;
mod parameters;
mod raw;

use crate::{Failure, Report};
use clap::{Args, Subcommand};

/// Talk to any KMIP server.
#[derive(Args)]
#[command(arg_required_else_help = true, after_help = HELP)]
pub(crate) struct Kmip {
    #[command(flatten)]
    link: link::Options,
    #[command(subcommand)]
    command: Command,
}

const HELP: &str = "\
Say once who you are and whom you talk to, in ~/.config/holdfast/kmip.toml (or --config FILE):

  default = \"north\"
  [profile.north]
  servers = [\"kmip.example:5696\", \"standby.example:5696\"]
  ca = \"/etc/kmip/ca.pem\"
  certificate = \"/etc/kmip/client.pem\"
  key = \"/etc/kmip/client-key.pem\"
  version = \"1.4\"

Then look around:
  holdfast kmip discover                                  which versions does it speak?
  holdfast kmip query                                     what can it do?
  holdfast kmip create --name first                       an AES-256 key; prints its identifier
  holdfast kmip activate ID
  holdfast kmip encrypt ID --mode GCM --random-iv --in plain.txt --out sealed.bin
  holdfast kmip attributes get ID
  holdfast kmip locate --attribute 'State=Active'
  holdfast kmip raw request.xml                           any request, as XML, JSON or TTLV

Key material is read from files or standard input and shown only when asked (--out FILE, --out - or --show-secrets).";

#[derive(Subcommand)]
enum Command {
    /// Ask which versions of KMIP the server speaks.
    Discover(explore::Discover),
    /// Ask what the server is and can do.
    Query(explore::Query),
    /// Find objects by their attributes.
    Locate(explore::Locate),
    /// Look at an object's attributes, or change them.
    #[command(subcommand)]
    Attributes(explore::Attributes),
    /// Make a symmetric key.
    Create(objects::Create),
    /// Make a key pair.
    CreateKeyPair(objects::CreateKeyPair),
    /// Give the server an object of yours.
    Register(objects::Register),
    /// Give the server an object under an identifier of your choice (1.4 and later).
    Import(objects::Import),
    /// Fetch an object.
    Get(objects::Get),
    /// Fetch an object with all its attributes (1.4 and later).
    Export(objects::Export),
    /// Make a key that takes the place of another.
    ReKey(objects::ReKey),
    /// Make a key pair that takes the place of another.
    ReKeyKeyPair(objects::ReKeyKeyPair),
    /// Derive a key or a secret from another.
    Derive(objects::Derive),
    /// Make objects usable.
    Activate(lifecycle::Activate),
    /// Make objects unusable, and say why.
    Revoke(lifecycle::Revoke),
    /// Destroy the key material of objects. There is no way back.
    Destroy(lifecycle::Destroy),
    /// Put objects into the archive.
    Archive(lifecycle::Archive),
    /// Take objects out of the archive.
    Recover(lifecycle::Recover),
    /// Encrypt with a key of the server.
    Encrypt(cryptography::Encrypt),
    /// Decrypt with a key of the server.
    Decrypt(cryptography::Decrypt),
    /// Sign with a key of the server.
    Sign(cryptography::Sign),
    /// Verify a signature with a key of the server. Exit code 1 if it does not hold.
    Verify(cryptography::Verify),
    /// Compute a message authentication code with a key of the server.
    Mac(cryptography::Mac),
    /// Verify a message authentication code with a key of the server. Exit code 1 if it does not hold.
    MacVerify(cryptography::MacVerify),
    /// Hash on the server.
    Hash(cryptography::Hash),
    /// Get random bytes from the server.
    Random(cryptography::Random),
    /// Send a request from a file, as TTLV, XML or JSON, and show the answer.
    Raw(raw::Raw),
}

impl Kmip {
    pub(crate) fn run(&self) -> Result<Report, Failure> {
        let link = self.link.open()?;
        match &self.command {
            Command::Discover(command) => command.run(&link),
            Command::Query(command) => command.run(&link),
            Command::Locate(command) => command.run(&link),
            Command::Attributes(command) => command.run(&link),
            Command::Create(command) => command.run(&link),
            Command::CreateKeyPair(command) => command.run(&link),
            Command::Register(command) => command.run(&link),
            Command::Import(command) => command.run(&link),
            Command::Get(command) => command.run(&link),
            Command::Export(command) => command.run(&link),
            Command::ReKey(command) => command.run(&link),
            Command::ReKeyKeyPair(command) => command.run(&link),
            Command::Derive(command) => command.run(&link),
            Command::Activate(command) => command.run(&link),
            Command::Revoke(command) => command.run(&link),
            Command::Destroy(command) => command.run(&link),
            Command::Archive(command) => command.run(&link),
            Command::Recover(command) => command.run(&link),
            Command::Encrypt(command) => command.run(&link),
            Command::Decrypt(command) => command.run(&link),
            Command::Sign(command) => command.run(&link),
            Command::Verify(command) => command.run(&link),
            Command::Mac(command) => command.run(&link),
            Command::MacVerify(command) => command.run(&link),
            Command::Hash(command) => command.run(&link),
            Command::Random(command) => command.run(&link),
            Command::Raw(command) => command.run(&link),
        }
    }
}
