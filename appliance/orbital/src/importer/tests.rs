//! The importer against a core that verifies for real, without a sandbox (that is `tests/sandboxed.rs`).

use super::*;
use crate::sign::sign;
use crate::tests::{APPLIANCE, CLUSTER, Office, define, link, unlink};
use crate::{BundleDigest, HighWater, Lane, verify};
use holdfast_model::{Generation, Sequence};
use holdfast_ports::control::Wire;
use holdfast_ports::import::DirectiveOutcome;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// Orders over a channel; the socket only wakes.
struct TestOrders {
    wake: UnixStream,
    events: Receiver<Event>,
}

impl AsFd for TestOrders {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

impl Orders for TestOrders {
    fn next(&mut self) -> Result<Option<Event>, String> {
        std::io::Read::read(&mut self.wake, &mut [0; 16]).ok();
        Ok(self.events.try_recv().ok())
    }
}

/// A box with a spool, an outbox, an importer, and a core of which this thread plays the part.
struct Scene {
    office: Office,
    dir: tempfile::TempDir,
    core: Link,
    last: Option<HighWater>,
    wake: UnixStream,
    orders: Sender<Event>,
    importer: Option<JoinHandle<Result<(), String>>>,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["spool", "outbox"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        let (core, wake) = (UnixStream::pair().unwrap().0, UnixStream::pair().unwrap().0);
        let core = Link::new(core.into()).unwrap();
        let mut scene =
            Self { office: Office::new(), dir, core, last: None, wake, orders: channel().0, importer: None };
        scene.start();
        scene
    }

    fn settings(&self) -> settings::Importer {
        settings::Importer {
            spool: self.dir.path().join("spool"),
            outbox: self.dir.path().join("outbox"),
            signers: self.office.pins(),
            signers_needed: 2,
            cluster: CLUSTER,
            appliance: APPLIANCE,
        }
    }

    fn start(&mut self) {
        let (core, far) = UnixStream::pair().unwrap();
        let (wake, woken) = UnixStream::pair().unwrap();
        woken.set_nonblocking(true).unwrap();
        let (orders, events) = channel();
        (self.core, self.wake, self.orders) = (Link::new(core.into()).unwrap(), wake, orders);
        let settings = self.settings();
        self.importer = Some(std::thread::spawn(move || {
            let link = Link::new(far.into()).unwrap();
            Importer::open(settings)?.serve(Some(link), &mut TestOrders { wake: woken, events })
        }));
    }

    fn order(&self, event: Event) {
        self.orders.send(event).unwrap();
        std::io::Write::write_all(&mut &self.wake, b"x").unwrap();
    }

    fn stop(&mut self) {
        if let Some(importer) = self.importer.take() {
            self.order(Event::Stop);
            importer.join().unwrap().unwrap();
        }
    }

    /// Core died and was started anew; it remembers what it applied.
    fn restart_core(&mut self) {
        let (core, far) = UnixStream::pair().unwrap();
        self.core = Link::new(core.into()).unwrap();
        let wire = Wire { socket: Socket::Import, fd: 4, peer: Generation(2) };
        self.order(Event::Rewire { wire, fd: far.into() });
    }

    /// Puts a file in as one should: whole, by renaming.
    fn put(&self, name: &str, bytes: &[u8]) {
        let new = self.dir.path().join("new");
        std::fs::write(&new, bytes).unwrap();
        std::fs::rename(new, self.dir.path().join("spool").join(name)).unwrap();
    }

    fn bundle(&self, sequence: u64, previous: BundleDigest) -> Received {
        let mut bundle = self.office.draft(sequence, previous, vec![define("acme"), link("acme")]);
        at_present(&mut bundle);
        self.office.sign(&bundle)
    }

    /// What the importer brings next.
    fn request(&mut self) -> (Correlation, Request) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            self.core.fill().unwrap();
            if let Some(content) = self.core.next_frame().unwrap() {
                return envelope::read(content).unwrap();
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        panic!("nothing arrives at core");
    }

    /// The bundle that the importer brings next.
    fn arrives(&mut self) -> (Correlation, Vec<u8>) {
        match self.request() {
            (correlation, Request::Bundle(bytes)) => (correlation, bytes),
            (_, Request::Refused { reason }) => panic!("refused by the importer: {reason}"),
        }
    }

    /// The word of the importer's own refusal, which it brings next.
    fn refusal(&mut self) -> (Correlation, String) {
        match self.request() {
            (correlation, Request::Refused { reason }) => (correlation, reason),
            (_, Request::Bundle(_)) => panic!("a bundle that should have been refused came to core"),
        }
    }

    fn answer(&mut self, correlation: Correlation, reply: &Reply) {
        self.core.queue(|out| envelope::write(out, correlation, reply)).unwrap();
        assert!(self.core.flush().unwrap());
    }

    /// Judges as core does, without answering yet.
    fn judge(&mut self, bytes: Vec<u8>) -> Reply {
        let signers = self.office.signers();
        let policy = Office::policy(&signers, self.last);
        match verify(Received::new(bytes).unwrap(), &policy, Timestamp::now()) {
            Err(refusal) => refused(refusal),
            Ok(verified) => {
                self.last = Some(verified.high_water());
                let outcomes = verified.content().directives.iter().map(|one| DirectiveOutcome {
                    directive: one.order.kind().to_owned(),
                    task: one.task_id.clone(),
                    pending: String::new(),
                });
                Reply::Applied { sequence: verified.high_water().sequence, outcomes: outcomes.collect() }
            }
        }
    }

    /// Takes one bundle and judges it as core would.
    fn judge_one(&mut self) -> Reply {
        let (correlation, bytes) = self.arrives();
        let reply = self.judge(bytes);
        self.answer(correlation, &reply);
        reply
    }

    /// The receipt of a file, once it has this many lines.
    fn receipts(&self, name: &str, lines: usize) -> Vec<Receipt> {
        let path: PathBuf = self.dir.path().join("outbox").join(format!("{name}.receipt.json"));
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let found: Vec<Receipt> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            if found.len() >= lines {
                return found;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("no receipt for {name}");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

/// Bundles of these tests are judged by the wall clock.
/// As core words it.
fn refused(refusal: Refusal) -> Reply {
    Reply::Refused { reason: refusal.word().to_owned(), detail: refusal.to_string() }
}

fn at_present(bundle: &mut crate::Bundle) {
    let now = Timestamp::now();
    bundle.header.issued_at = now;
    bundle.header.not_before = now;
    bundle.header.not_after = now.after(Duration::from_secs(3600));
}

#[test]
fn a_good_bundle_reaches_core_byte_for_byte_and_gets_a_receipt() {
    let mut scene = Scene::new();
    let bundle = scene.bundle(1, BundleDigest::NONE);
    scene.put("a.bundle", bundle.as_bytes());
    let (correlation, bytes) = scene.arrives();
    assert_eq!(bytes, bundle.as_bytes());
    let reply = scene.judge(bytes);
    scene.answer(correlation, &reply);
    let receipt = scene.receipts("a.bundle", 1).remove(0);
    assert_eq!(receipt.outcome, "applied");
    assert_eq!(receipt.bundle.unwrap().digest, scene.last.unwrap().digest.to_string());
    let done: Vec<_> = receipt.directives.iter().map(|one| one.directive.as_str()).collect();
    assert_eq!(done, ["tenant.define", "l1.link"]);
}

#[test]
fn rubbish_and_forgeries_never_reach_core_and_get_a_receipt_with_the_reason() {
    let mut scene = Scene::new();
    let good = scene.bundle(1, BundleDigest::NONE).as_bytes().to_vec();
    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 1;
    let mut one = scene.office.draft(1, BundleDigest::NONE, vec![define("acme")]);
    at_present(&mut one);
    let one = sign(&one, "alice", &scene.office.alice).unwrap();
    let mut foreign = scene.office.draft(1, BundleDigest::NONE, vec![define("acme")]);
    at_present(&mut foreign);
    foreign.header.cluster = holdfast_model::ClusterId::parse("south").unwrap();
    let foreign = scene.office.sign(&foreign);
    let old = scene.office.sign(&scene.office.draft(1, BundleDigest::NONE, vec![define("acme")]));
    for (name, bytes, reason) in [
        ("rubbish.bundle", b"hello".as_slice(), "malformed"),
        ("empty.bundle", b"", "malformed"),
        ("large.bundle", &[0; (1 << 20) + 1], "too-large"),
        ("forged.bundle", &forged, "forged"),
        ("one.bundle", one.as_bytes(), "not-enough-signers"),
        ("foreign.bundle", foreign.as_bytes(), "another-box"),
        ("old.bundle", old.as_bytes(), "expired"),
    ] {
        scene.put(name, bytes);
        let (correlation, word) = scene.refusal();
        assert_eq!(word, reason, "{name}");
        scene.answer(correlation, &Reply::Recorded);
        let receipt = scene.receipts(name, 1).remove(0);
        assert_eq!((receipt.outcome.as_str(), receipt.reason.as_str()), ("refused", reason), "{name}");
        assert!(!receipt.detail.is_empty());
    }
    scene.put("good.bundle", &good);
    assert!(matches!(scene.judge_one(), Reply::Applied { .. }), "the first thing that core sees");
}

#[test]
fn a_refusal_of_the_importer_has_no_receipt_before_core_has_recorded_it() {
    let mut scene = Scene::new();
    scene.put("rubbish.bundle", b"hello");
    let (correlation, _) = scene.refusal();
    scene.answer(correlation, &Reply::Retry);
    let (_, word) = scene.refusal();
    assert_eq!(word, "malformed", "told again, since it was not recorded");
    let receipt = scene.dir.path().join("outbox/rubbish.bundle.receipt.json");
    assert!(!receipt.exists());
    scene.restart_core();
    let (correlation, word) = scene.refusal();
    assert_eq!(word, "malformed", "told again, since nobody knows whether the core that died recorded it");
    scene.answer(correlation, &Reply::Recorded);
    assert_eq!(scene.receipts("rubbish.bundle", 1)[0].outcome, "refused");
}

#[test]
fn an_unlink_that_waits_goes_before_everything_else() {
    let mut scene = Scene::new();
    scene.stop();
    let standard = scene.bundle(1, BundleDigest::NONE);
    let mut kill = scene.office.draft(2, BundleDigest::NONE, vec![unlink("acme")]);
    at_present(&mut kill);
    kill.header.lane = Lane::Critical;
    scene.put("a.bundle", standard.as_bytes());
    scene.put("z.bundle", scene.office.sign(&kill).as_bytes());
    scene.start();
    assert!(matches!(scene.judge_one(), Reply::Applied { sequence: Sequence(2), .. }));
    assert_eq!(scene.judge_one(), refused(Refusal::Stale));
}

#[test]
fn a_bundle_that_came_too_early_is_given_again_after_the_one_before_it() {
    let mut scene = Scene::new();
    let first = scene.bundle(1, BundleDigest::NONE);
    scene.put("1.bundle", first.as_bytes());
    scene.judge_one();
    let second = scene.bundle(2, scene.last.unwrap().digest);
    let second_digest = crate::sign::unverified(&second).unwrap().digest;
    scene.put("3.bundle", scene.bundle(3, second_digest).as_bytes());
    assert_eq!(scene.judge_one(), refused(Refusal::BrokenChain));
    assert_eq!(scene.receipts("3.bundle", 1)[0].outcome, "waiting");
    scene.put("2.bundle", second.as_bytes());
    assert!(matches!(scene.judge_one(), Reply::Applied { .. }));
    assert!(matches!(scene.judge_one(), Reply::Applied { sequence: Sequence(3), .. }));
    assert_eq!(scene.receipts("3.bundle", 2)[1].outcome, "applied");
}

#[test]
fn a_core_that_has_no_time_is_asked_again() {
    let mut scene = Scene::new();
    scene.put("a.bundle", scene.bundle(1, BundleDigest::NONE).as_bytes());
    for _ in 0..3 {
        let (correlation, _) = scene.arrives();
        scene.answer(correlation, &Reply::Retry);
    }
    assert!(matches!(scene.judge_one(), Reply::Applied { .. }));
    assert_eq!(scene.receipts("a.bundle", 1).len(), 1);
}

#[test]
fn a_core_that_dies_after_applying_is_asked_again_and_the_receipt_says_that_it_was_applied() {
    let mut scene = Scene::new();
    scene.put("a.bundle", scene.bundle(1, BundleDigest::NONE).as_bytes());
    let (_, bytes) = scene.arrives();
    assert!(matches!(scene.judge(bytes), Reply::Applied { .. }));
    scene.restart_core();
    assert_eq!(scene.judge_one(), refused(Refusal::Replayed));
    assert_eq!(scene.receipts("a.bundle", 1)[0].outcome, "applied-already");
}

#[test]
fn a_restarted_importer_does_not_ask_again_about_what_a_receipt_settles() {
    let mut scene = Scene::new();
    scene.put("1.bundle", scene.bundle(1, BundleDigest::NONE).as_bytes());
    scene.judge_one();
    let second = scene.bundle(2, scene.last.unwrap().digest);
    scene.put("2.bundle", second.as_bytes());
    scene.judge_one();
    scene.receipts("2.bundle", 1);
    scene.stop();
    scene.start();
    scene.put("3.bundle", scene.bundle(3, scene.last.unwrap().digest).as_bytes());
    assert!(matches!(scene.judge_one(), Reply::Applied { sequence: Sequence(3), .. }));
    assert_eq!(scene.receipts("1.bundle", 1).len(), 1);
}

#[test]
fn the_spool_is_never_changed() {
    let mut scene = Scene::new();
    scene.put("a.bundle", scene.bundle(1, BundleDigest::NONE).as_bytes());
    scene.judge_one();
    scene.receipts("a.bundle", 1);
    scene.put("b.bundle", b"rubbish");
    let (correlation, _) = scene.refusal();
    scene.answer(correlation, &Reply::Recorded);
    scene.receipts("b.bundle", 1);
    assert_eq!(std::fs::read_dir(scene.dir.path().join("spool")).unwrap().count(), 2);
}

#[test]
fn a_bundle_whose_time_has_not_come_waits_and_says_so_once() {
    let scene = Scene::new();
    let mut early = scene.office.draft(1, BundleDigest::NONE, vec![define("acme")]);
    at_present(&mut early);
    early.header.not_before = Timestamp::now().after(Duration::from_secs(600));
    scene.put("a.bundle", scene.office.sign(&early).as_bytes());
    let receipt = scene.receipts("a.bundle", 1).remove(0);
    assert_eq!((receipt.outcome.as_str(), receipt.reason.as_str()), ("waiting", "not-yet-valid"));
}

#[test]
fn a_full_outbox_delays_the_receipt_and_nothing_else() {
    let mut scene = Scene::new();
    let outbox = scene.dir.path().join("outbox");
    // A directory in the way of the receipt's first name: it cannot be written.
    let obstacle = outbox.join(".a.bundle.receipt.json.new");
    std::fs::create_dir(&obstacle).unwrap();
    scene.put("a.bundle", scene.bundle(1, BundleDigest::NONE).as_bytes());
    scene.judge_one();
    scene.put("b.bundle", scene.bundle(2, scene.last.unwrap().digest).as_bytes());
    assert!(matches!(scene.judge_one(), Reply::Applied { sequence: Sequence(2), .. }));
    std::fs::remove_dir(&obstacle).unwrap();
    assert_eq!(scene.receipts("a.bundle", 1)[0].outcome, "applied");
    assert_eq!(scene.receipts("b.bundle", 1)[0].outcome, "applied");
}
