//! The conformance suite of the root-of-trust port: the same stories for every make of token.
//!
//! A PKCS#11 module has one state per process and is told by the environment where its tokens are, so each story
//! runs in a process of its own: this program starts itself again for each. It takes the usual `--list` and a part
//! of a name.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod agent;
mod every_token;
mod faults;
mod operator;
mod softhsm_away;
mod subject;
mod tpm_away;
mod transport_key;

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use subject::{Make, Subject};

/// A story that runs longer than this has hung.
const STORY_MAX: Duration = Duration::from_secs(300);
const STORY: &str = "--story";

/// A sentence, and what shows it.
type Story = (&'static str, fn(&Subject));

/// A story's full name, whom it is about, and what shows it.
type Told = (String, Subject, fn(&Subject));

fn stories() -> Vec<Told> {
    let mut all = Vec::new();
    for subject in Subject::all() {
        let own: &[Story] = match subject.name {
            "softhsm-aes" => softhsm_away::STORIES,
            "softhsm-aes-behind-faults" => faults::STORIES,
            "tpm2-rsa-plain" => tpm_away::STORIES,
            _ => &[],
        };
        let shared = match subject.make {
            Make::SoftHsm | Make::Nss => every_token::STORIES,
            Make::Tpm2 => every_token::SMALL_TPM_STORIES,
        };
        for (sentence, story) in shared.iter().chain(agent::STORIES).chain(own) {
            all.push((format!("{}::{sentence}", subject.name), subject.clone(), *story));
        }
    }
    all
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name] = arguments.as_slice()
        && flag == STORY
    {
        let (_, subject, story) = stories().into_iter().find(|(of, ..)| of == name).unwrap();
        story(&subject);
        return ExitCode::SUCCESS;
    }
    if let [flag, name] = arguments.as_slice()
        && flag == agent::BE_AGENT
    {
        agent::be(&Subject::all().into_iter().find(|subject| subject.name == name).unwrap());
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let chosen: Vec<_> = stories()
        .into_iter()
        .filter(|(name, ..)| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())))
        .collect();
    if arguments.iter().any(|argument| argument == "--list") {
        for (name, ..) in chosen {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    let mut failed = Vec::new();
    for (name, subject, _) in &chosen {
        match tell(name, subject) {
            Ok(took) => println!("story {name} ... ok ({} ms)", took.as_millis()),
            Err(output) => {
                println!("story {name} ... FAILED\n{output}");
                failed.push(name);
            }
        }
    }
    println!("\n{} stories, {} failed", chosen.len(), failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one story in a process of its own. What it prints to stdout is shown at once: figures.
fn tell(name: &str, subject: &Subject) -> Result<Duration, String> {
    let began = Instant::now();
    let place = subject.prepare();
    let complaints = tempfile::tempfile().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([STORY, name]).stdin(Stdio::null()).stderr(complaints.try_clone().unwrap());
    let mut child = command.envs(place.environment()).spawn().unwrap();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if began.elapsed() > STORY_MAX {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    match status {
        Some(status) if status.success() => Ok(began.elapsed()),
        status => {
            use std::os::unix::fs::FileExt;
            let mut text = vec![0; 16 << 10];
            let read = complaints.read_at(&mut text, 0).unwrap();
            Err(format!("{status:?}\n{}", String::from_utf8_lossy(&text[..read])))
        }
    }
}
