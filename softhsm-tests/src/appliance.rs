//! One running `holdfastd`: started, asked, hurt, stopped.

use crate::binaries::holdfastd;
use crate::journal::Journal;
use crate::waiting::{eventually, within};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Every process that warden starts in a story's box.
pub const PROCESSES: [&str; 6] =
    ["audit-agent", "keystore-agent", "root-agent:hsm-1", "core", "importer", "frontend"];

/// A running box.
pub struct Appliance {
    warden: Child,
    journal: Journal,
    /// Where it serves KMIP.
    pub kmip: SocketAddr,
    /// Where it serves KMIP over HTTPS.
    pub https: SocketAddr,
    ops: SocketAddr,
}

impl Appliance {
    /// Starts it and waits until every process serves.
    ///
    /// # Panics
    /// When it does not; says what the box wrote.
    #[must_use]
    pub fn start(configuration: &Path) -> Self {
        let mut warden = Command::new(holdfastd())
            .arg("--config")
            .arg(configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let journal = Journal::follow(warden.stderr.take().unwrap());
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        // Whole from the start, so that a box that does not come up is ended with the story.
        let mut appliance = Self { warden, journal, kmip: nowhere, https: nowhere, ops: nowhere };
        appliance.kmip = appliance.listening("ListenKmip");
        appliance.https = appliance.listening("ListenHttps");
        appliance.ops = appliance.listening("ListenOps");
        appliance.wait_until_whole();
        appliance
    }

    fn listening(&mut self, socket: &str) -> SocketAddr {
        let Self { warden, journal, .. } = self;
        within(Duration::from_secs(20), "the box to listen", || {
            assert!(warden.try_wait().unwrap().is_none(), "holdfastd ended:\n{}", journal.text());
            let events = journal.events("listening");
            let event = events.iter().find(|event| event["socket"] == socket)?;
            event["address"].as_str()?.parse().ok()
        })
    }

    /// Waits until every process has said that it serves.
    ///
    /// # Panics
    /// When one does not; says what the box wrote.
    pub fn wait_until_whole(&mut self) {
        let until = std::time::Instant::now() + Duration::from_secs(30);
        while !self.is_whole() {
            let ended = self.warden.try_wait().unwrap();
            let patient = std::time::Instant::now() < until;
            assert!(ended.is_none() && patient, "not every process serves; the box wrote:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn is_whole(&self) -> bool {
        let known = self.journal.processes();
        PROCESSES.iter().all(|name| known.get(*name).is_some_and(|known| known.up && known.ready))
    }

    /// Everything that the box wrote to standard error.
    #[must_use]
    pub fn log(&self) -> String {
        self.journal.text()
    }

    /// Every event with this name that the box wrote.
    #[must_use]
    pub fn events(&self, name: &str) -> Vec<Value> {
        self.journal.events(name)
    }

    /// The process id of a running process.
    ///
    /// # Panics
    /// When it was never started.
    #[must_use]
    pub fn pid(&self, process: &str) -> i32 {
        if process == "warden" {
            return i32::try_from(self.warden.id()).unwrap();
        }
        self.journal.processes()[process].pid
    }

    /// Which start of a process runs now.
    #[must_use]
    pub fn generation(&self, process: &str) -> u64 {
        self.journal.processes()[process].generation
    }

    /// kill -9.
    pub fn kill(&self, process: &str) {
        kill_process(Pid::from_raw(self.pid(process)).unwrap(), Signal::KILL).unwrap();
    }

    /// kill -9, and waits until warden has started it again and it serves.
    pub fn kill_and_heal(&mut self, process: &str) {
        let before = self.generation(process);
        self.kill(process);
        eventually("warden to start it again", || (self.generation(process) > before).then_some(()));
        self.wait_until_whole();
    }

    /// Asks it to stop, as a service manager does.
    #[must_use]
    pub fn stop(mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.warden), Signal::TERM).unwrap();
        self.warden.wait().unwrap()
    }

    /// kill -9 of every process at once: as near to a power cut as a process comes.
    pub fn cut_power(mut self) {
        let pids: Vec<i32> =
            self.journal.processes().values().filter(|known| known.up).map(|k| k.pid).collect();
        self.warden.kill().unwrap();
        for pid in &pids {
            // It may have ended with warden.
            let _ = kill_process(Pid::from_raw(*pid).unwrap(), Signal::KILL);
        }
        self.warden.wait().unwrap();
        eventually("every process to end", || pids.iter().all(|pid| is_gone(*pid)).then_some(()));
    }

    /// What the ops listener says.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn ops(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.ops)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::InvalidData)?;
        Ok(body.to_owned())
    }

    /// `/status`, once it has an answer of core's.
    #[must_use]
    pub fn status(&self) -> Value {
        eventually("the status of core", || {
            let status: Value = serde_json::from_str(&self.ops("/status").ok()?).ok()?;
            (!status["core"].is_null()).then_some(status)
        })
    }

    /// The state of a tenant, as `/status` has it.
    #[must_use]
    pub fn tenant_state(&self, tenant: &str) -> String {
        let status = self.status();
        let tenants = status["core"]["tenants"].as_array().unwrap();
        let found = tenants.iter().find(|found| found["tenant"] == tenant);
        found.map_or("unknown", |found| found["state"].as_str().unwrap()).to_owned()
    }

    /// Where `holdfast status` asks.
    #[must_use]
    pub fn ops_url(&self) -> String {
        format!("http://{}", self.ops)
    }

    /// Resident memory of a process in KiB.
    #[must_use]
    pub fn resident_kib(&self, process: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid(process))).unwrap();
        let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        if self.warden.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.warden.kill();
            let _ = self.warden.wait();
        }
    }
}

fn is_gone(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    matches!(state, None | Some('Z' | 'X')) || stat.is_empty()
}
