//! Runs the box of children in a directory of its own and reads its log.
//!
//! Started as root, the box becomes `nobody`; otherwise it stays who we are. Dropped, nothing of it is left.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends here"
)]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Every child, in the order of starting, with the HSMs of the harness's configuration.
pub(crate) const PROCESSES: [&str; 7] =
    ["audit-agent", "keystore-agent", "root-agent:hsm-1", "root-agent:hsm-2", "core", "importer", "frontend"];

/// One line of the log.
#[derive(Debug, Clone)]
pub(crate) struct Line(Value);

impl Line {
    pub(crate) fn is(&self, event: &str) -> bool {
        self.text("message") == event
    }

    pub(crate) fn text(&self, field: &str) -> String {
        self.0["fields"][field].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn number(&self, field: &str) -> u64 {
        self.0["fields"][field].as_u64().unwrap_or(u64::MAX)
    }
}

/// A running box.
pub(crate) struct Box {
    warden: Child,
    lines: Receiver<String>,
    log: Vec<Line>,
    _directory: tempfile::TempDir,
}

impl Box {
    pub(crate) fn start(cluster: &str) -> Self {
        Self::start_at(cluster, "127.0.0.1:0")
    }

    pub(crate) fn start_at(cluster: &str, kmip: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = configure(directory.path(), cluster, kmip);
        let mut warden = Command::new(program())
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(warden.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { warden, lines, log: Vec::new(), _directory: directory }
    }

    /// Waits until `count` lines of the log are as wanted.
    pub(crate) fn wait_for(&mut self, wanted: impl Fn(&Line) -> bool, count: usize) {
        self.wait_within(wanted, count, Duration::from_secs(20));
    }

    pub(crate) fn wait_within(&mut self, wanted: impl Fn(&Line) -> bool, count: usize, limit: Duration) {
        let until = Instant::now() + limit;
        let mut found = self.log.iter().filter(|line| wanted(line)).count();
        while found < count {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("{found} of {count} lines came; the log was:\n{}", self.whole_log());
            };
            found += usize::from(wanted(self.keep(&line)));
        }
    }

    fn keep(&mut self, line: &str) -> &Line {
        let value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not a log line: {line}"));
        self.log.push(Line(value));
        self.log.last().unwrap()
    }

    fn whole_log(&self) -> String {
        self.log.iter().map(|line| format!("{}\n", line.0["fields"])).collect()
    }

    pub(crate) fn wait_until_serving(&mut self) {
        self.wait_for(|line| line.is("process-ready"), PROCESSES.len());
    }

    /// As many are ready as were started since.
    pub(crate) fn wait_for_all_ready(&mut self) {
        let ended = self.seen("process-ended").len();
        self.wait_for(|line| line.is("process-ended"), ended + 2);
        self.wait_for(|line| line.is("process-ready"), PROCESSES.len() + ended + 2);
    }

    /// What was logged so far.
    pub(crate) fn seen(&mut self, event: &str) -> Vec<Line> {
        while let Ok(line) = self.lines.try_recv() {
            self.keep(&line);
        }
        self.log.iter().filter(|line| line.is(event)).cloned().collect()
    }

    fn last_start(&mut self, process: &str) -> Line {
        self.seen("process-started").into_iter().rfind(|line| line.text("process") == process).unwrap()
    }

    pub(crate) fn generation(&mut self, process: &str) -> u64 {
        self.last_start(process).number("generation")
    }

    /// kill -9.
    pub(crate) fn kill(&mut self, process: &str) {
        let pid = i32::try_from(self.last_start(process).number("pid")).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    }

    pub(crate) fn kill_warden(&mut self) {
        self.warden.kill().unwrap();
        self.warden.wait().unwrap();
    }

    /// Asks warden to stop; its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.warden), Signal::TERM).unwrap();
        self.exit()
    }

    pub(crate) fn exit(&mut self) -> Option<i32> {
        let code = self.warden.wait().unwrap().code();
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(5)) {
            self.keep(&line);
        }
        code
    }

    pub(crate) fn nobody_is_left(&mut self) -> bool {
        let started = self.seen("process-started");
        started.iter().all(|line| !is_alive(line.number("pid")))
    }
}

impl Drop for Box {
    fn drop(&mut self) {
        let _ = self.warden.kill();
        let _ = self.warden.wait();
    }
}

/// Runs, and is not merely waited for.
fn is_alive(pid: u64) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = status.rsplit(") ").next().and_then(|rest| rest.chars().next());
    status.contains("box_of_children") && state != Some('Z')
}

/// Beside this test's own program: target/debug/examples.
fn program() -> PathBuf {
    let me = std::env::current_exe().unwrap();
    let program = me.parent().unwrap().parent().unwrap().join("examples/box_of_children");
    assert!(program.exists(), "cargo builds {} with the tests", program.display());
    program
}

fn configure(at: &Path, cluster: &str, kmip: &str) -> PathBuf {
    fs::set_permissions(at, Permissions::from_mode(0o755)).unwrap();
    let root = rustix::process::geteuid().is_root();
    let user = if root { "user = \"nobody\"" } else { "" };
    for name in ["keystore", "audit", "in", "out"] {
        fs::create_dir(at.join(name)).unwrap();
        fs::set_permissions(at.join(name), Permissions::from_mode(0o700)).unwrap();
        if root {
            chown(at.join(name), Some(65534), Some(65534)).unwrap();
        }
    }
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let private = |name: &str, content: &str| {
        fs::write(at.join(name), content).unwrap();
        fs::set_permissions(at.join(name), Permissions::from_mode(0o600)).unwrap();
    };
    private("key.pem", &certified.signing_key.serialize_pem());
    private("chain.pem", &certified.cert.pem());
    private("pin", "1234");
    private("module.so", "");
    let hsm = |name: &str| {
        format!(
            "[[hsm]]\nname = \"{name}\"\nmodule = \"{0}/module.so\"\ntoken = \"t\"\npin_file = \"{0}/pin\"\n\
             env = [\"SOFTHSM2_CONF=/x\"]\n",
            at.display()
        )
    };
    private(
        "box.toml",
        &format!(
            "[box]\ncluster = \"{cluster}\"\nappliance = \"one\"\n{user}\n\
             [listen]\nkmip = \"{kmip}\"\nops = \"127.0.0.1:0\"\nworkers = 2\n\
             [tls]\nchain = \"{0}/chain.pem\"\nkey = \"{0}/key.pem\"\n\
             [keystore]\nembedded = \"{0}/keystore\"\n[audit]\ndirectory = \"{0}/audit\"\n\
             {1}{2}\
             [bundles]\nspool = \"{0}/in\"\noutbox = \"{0}/out\"\nsigners_needed = 1\n\
             [[bundles.signer]]\nkid = \"k\"\npublic_key = \"{GENERATOR}\"\n\
             [core]\nlanes = 2\narena_mib = 8\nheap_mib = 32\n",
            at.display(),
            hsm("hsm-1"),
            hsm("hsm-2"),
        ),
    );
    at.join("box.toml")
}

/// The generator of P-256 (SEC 2, section 2.4.2): a point that is nobody's key.
const GENERATOR: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                         4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
