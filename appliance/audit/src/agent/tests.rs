use super::*;
use crate::sample::event_bytes;
use crate::show::each_record;
use crate::verify::verify;
use hardening::ring::{RING_BYTES_MIN, RingProducer};
use holdfast_model::Generation;
use holdfast_ports::control::Wire;
use holdfast_ports::envelope::{self, Correlation};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc;

/// Orders that a test sends; closing its end means stop.
struct Script {
    bell: UnixStream,
    events: mpsc::Receiver<Event>,
}

impl AsFd for Script {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl Orders for Script {
    fn next(&mut self) -> Result<Option<Event>, String> {
        match self.events.try_recv() {
            Ok(event) => {
                std::io::Read::read_exact(&mut &self.bell, &mut [0]).unwrap();
                Ok(Some(event))
            }
            Err(mpsc::TryRecvError::Empty) => Ok(None),
            Err(mpsc::TryRecvError::Disconnected) => Ok(Some(Event::Stop)),
        }
    }
}

/// Core's side of one lane, and an agent in a thread.
struct Core {
    link: Link,
    ring: RingProducer,
    orders: Option<(mpsc::Sender<Event>, UnixStream)>,
    agent: Option<std::thread::JoinHandle<Result<(), String>>>,
    asked: u64,
}

impl Core {
    fn with_agent(directory: &Path) -> Self {
        let (ring, memory) = RingProducer::create(RING_BYTES_MIN).unwrap();
        Self::with_agent_on(directory, ring, memory)
    }

    fn with_agent_on(directory: &Path, ring: RingProducer, memory: OwnedFd) -> Self {
        let ((near, far), (bell, rung)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        let (send, events) = mpsc::channel();
        let path = directory.to_owned();
        let agent = std::thread::spawn(move || {
            let log = Log::open(&path, 1 << 30).unwrap();
            let lane = Lane::new(LaneIndex(0), memory, &log).map_err(words)?;
            let mut links = Links::new(vec![Link::new(far.into()).unwrap()]);
            serve(&mut links, &mut Script { bell: rung, events }, log, vec![lane])
        });
        let link = Link::new(near.into()).unwrap();
        Self { link, ring, orders: Some((send, bell)), agent: Some(agent), asked: 0 }
    }

    fn push(&mut self, number: u64) -> u64 {
        let pushed = self.ring.push(&event_bytes(number)).unwrap();
        if pushed.doorbell == hardening::ring::Doorbell::Ring {
            self.send(&Request::Doorbell);
        }
        pushed.end.bytes()
    }

    fn send(&mut self, request: &Request) -> Correlation {
        self.asked += 1;
        let correlation = Correlation(self.asked);
        self.link.queue(|out| envelope::write(out, correlation, request)).unwrap();
        self.link.flush().unwrap();
        correlation
    }

    fn receive(&mut self) -> (Correlation, Reply) {
        let give_up = Instant::now() + Duration::from_secs(10);
        while Instant::now() < give_up {
            if let Some(content) = self.link.next_frame().unwrap() {
                return envelope::read(content).unwrap();
            }
            self.link.fill().unwrap();
            std::thread::sleep(Duration::from_micros(100));
        }
        panic!("no answer");
    }

    fn ask(&mut self, request: &Request) -> Reply {
        let correlation = self.send(request);
        let (answered, reply) = self.receive();
        assert_eq!(answered, correlation);
        reply
    }

    fn order(&mut self, event: Event) {
        let (send, bell) = self.orders.as_ref().unwrap();
        send.send(event).unwrap();
        std::io::Write::write_all(&mut &*bell, b"x").unwrap();
    }

    fn stop(mut self) {
        drop(self.orders.take());
        self.agent.take().unwrap().join().unwrap().unwrap();
    }
}

fn objects(directory: &Path) -> Vec<u128> {
    let mut seen = Vec::new();
    each_record(directory, |record| {
        if let What::Event(event) = &record.what {
            seen.extend(event.object.map(|object| u128::from_be_bytes(*object.as_bytes())));
        }
        true
    })
    .unwrap();
    assert!(verify(directory, None, &mut |_| ()).unwrap().is_good());
    seen
}

#[test]
fn a_flush_is_answered_when_the_record_is_in_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let mut core = Core::with_agent(directory.path());
    for number in 0..50 {
        let up_to = core.push(number);
        assert!(
            matches!(core.ask(&Request::Flush { up_to }), Reply::Durable { up_to: durable } if durable >= up_to)
        );
        assert_eq!(objects(directory.path()).last(), Some(&u128::from(number)));
    }
    core.stop();
    assert_eq!(objects(directory.path()), (0..50).collect::<Vec<_>>());
}

#[test]
fn a_record_that_nobody_waits_for_is_in_the_log_within_the_group_interval() {
    let directory = tempfile::tempdir().unwrap();
    let mut core = Core::with_agent(directory.path());
    let up_to = core.push(0);
    core.ask(&Request::Flush { up_to });
    let mut slowest = Duration::ZERO;
    for number in 1..20 {
        std::thread::sleep(Duration::from_millis(3 * number));
        let began = Instant::now();
        let end = core.push(number);
        while core.ring.released().unwrap().bytes() < end {
            std::thread::sleep(Duration::from_micros(200));
        }
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest <= AUDIT_GROUP_INTERVAL + Duration::from_millis(150), "{slowest:?} on a busy machine");
    core.stop();
}

#[test]
fn what_is_in_the_ring_when_the_agent_is_told_to_stop_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let mut core = Core::with_agent(directory.path());
    for number in 0..500 {
        core.push(number);
    }
    core.stop();
    assert_eq!(objects(directory.path()), (0..500).collect::<Vec<_>>());
}

#[test]
fn a_flush_for_what_was_never_written_fails_and_does_not_wait_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let mut core = Core::with_agent(directory.path());
    let up_to = core.push(0) + 800;
    assert_eq!(core.ask(&Request::Flush { up_to }), Reply::Failed);
    core.stop();
}

#[test]
fn the_head_says_how_far_the_log_is_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let mut core = Core::with_agent(directory.path());
    let up_to = core.push(0);
    core.ask(&Request::Flush { up_to });
    let Reply::Head(head) = core.ask(&Request::Head) else { panic!("another reply") };
    core.stop();
    let report = verify(directory.path(), None, &mut |_| ()).unwrap();
    assert_eq!((head.records, head.hash), (report.records, report.hash));
}

#[test]
fn a_ring_that_stays_is_read_on_by_the_next_agent_without_loss_or_repetition() {
    let directory = tempfile::tempdir().unwrap();
    let (mut ring, memory) = RingProducer::create(RING_BYTES_MIN).unwrap();
    for number in 0..10 {
        let _ = ring.push(&event_bytes(number)).unwrap();
    }
    let mut core = Core::with_agent_on(directory.path(), ring, memory.try_clone().unwrap());
    let up_to = core.push(10);
    core.ask(&Request::Flush { up_to });
    core.stop();
    let mut ring = RingProducer::attach(&memory).unwrap();
    let _ = ring.push(&event_bytes(11)).unwrap();
    let core = Core::with_agent_on(directory.path(), ring, memory);
    core.stop();
    assert_eq!(objects(directory.path()), (0..12).collect::<Vec<_>>());
}

#[test]
fn records_that_were_written_but_not_released_before_a_crash_are_not_written_again() {
    let directory = tempfile::tempdir().unwrap();
    let (mut ring, memory) = RingProducer::create(RING_BYTES_MIN).unwrap();
    for number in 0..10 {
        let _ = ring.push(&event_bytes(number)).unwrap();
    }
    {
        let mut log = Log::open(directory.path(), 1 << 30).unwrap();
        let mut lane = Lane::new(LaneIndex(0), memory.try_clone().unwrap(), &log).unwrap();
        log.begin_group().unwrap();
        assert!(lane.stage(&mut log, 1 << 20, &mut Vec::new()));
        log.commit().unwrap();
        // Killed here: on disk, not released.
    }
    assert_eq!(ring.released().unwrap().bytes(), 0);
    let _ = ring.push(&event_bytes(10)).unwrap();
    Core::with_agent_on(directory.path(), ring, memory).stop();
    assert_eq!(objects(directory.path()), (0..11).collect::<Vec<_>>());
}

#[test]
fn a_new_ring_is_read_after_the_old_one_is_empty() {
    let directory = tempfile::tempdir().unwrap();
    let mut core = Core::with_agent(directory.path());
    for number in 0..5 {
        core.push(number);
    }
    let (ring, memory) = RingProducer::create(RING_BYTES_MIN).unwrap();
    let wire = Wire { socket: Socket::Ring { lane: LaneIndex(0) }, fd: 9, peer: Generation(2) };
    core.order(Event::Rewire { wire, fd: memory });
    core.ring = ring;
    std::thread::sleep(Duration::from_millis(20));
    for number in 5..9 {
        core.push(number);
    }
    let up_to = core.push(9);
    assert!(matches!(core.ask(&Request::Flush { up_to }), Reply::Durable { .. }));
    core.stop();
    assert_eq!(objects(directory.path()), (0..10).collect::<Vec<_>>());
}

#[test]
fn a_restarted_core_gets_its_answers_on_its_new_link() {
    let directory = tempfile::tempdir().unwrap();
    let mut core = Core::with_agent(directory.path());
    core.push(0);
    let (near, far) = UnixStream::pair().unwrap();
    let wire = Wire { socket: Socket::Audit { lane: LaneIndex(0) }, fd: 9, peer: Generation(2) };
    core.order(Event::Rewire { wire, fd: far.into() });
    core.link = Link::new(near.into()).unwrap();
    let up_to = core.push(1);
    assert!(matches!(core.ask(&Request::Flush { up_to }), Reply::Durable { .. }));
    core.stop();
    assert_eq!(objects(directory.path()), [0, 1]);
}

#[test]
fn a_ring_that_holds_nonsense_is_given_up_and_the_log_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let (ring, memory) = RingProducer::create(RING_BYTES_MIN).unwrap();
    let tampered = memory.try_clone().unwrap();
    let mut core = Core::with_agent_on(directory.path(), ring, memory);
    let up_to = core.push(0);
    core.ask(&Request::Flush { up_to });
    // The word that says how much was written (see the ring's layout) goes back to nothing.
    assert_eq!(rustix::io::pwrite(&tampered, &[0; 8], 64).unwrap(), 8);
    assert_eq!(core.ask(&Request::Flush { up_to: up_to + 8 }), Reply::Failed);
    core.stop();
    let mut given_up = false;
    each_record(directory.path(), |record| {
        given_up |= matches!(record.what, What::RingGivenUp { .. });
        true
    })
    .unwrap();
    assert!(given_up);
}
