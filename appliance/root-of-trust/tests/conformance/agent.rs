//! The agent as a whole: in its full sandbox, over real links, with a thread in place of core and warden.

use crate::Story;
use crate::operator::{L1, Operator, l1};
use crate::subject::{Make, PIN, Subject, pin, place};
use crate::transport_key::Core;
use holdfast_ports::child::Event;
use holdfast_ports::envelope::{self, Correlation};
use holdfast_ports::link::Link;
use holdfast_ports::root::{Reply, Request, RootError};
use holdfast_root_of_trust::agent::{Agent, Orders};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

pub(crate) const STORIES: &[Story] = &[("the_agent_serves_in_its_full_sandbox_and_ends_when_told", serves)];

/// Starts this program as an agent.
pub(crate) const BE_AGENT: &str = "--agent";

/// Orders to stop as soon as its peer closes.
struct StopWhenClosed(UnixStream);

impl AsFd for StopWhenClosed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Orders for StopWhenClosed {
    fn next(&mut self) -> Result<Option<Event>, String> {
        self.0.set_nonblocking(true).unwrap();
        match std::io::Read::read(&mut self.0, &mut [0]) {
            Ok(_) => Ok(Some(Event::Stop)),
            Err(_) => Ok(None),
        }
    }
}

fn ask(link: &mut Link, number: u64, request: &Request) -> Reply {
    link.queue(|out| envelope::write(out, Correlation(number), request)).unwrap();
    link.flush().unwrap();
    let began = Instant::now();
    loop {
        let _ = link.fill().unwrap();
        if let Some(content) = link.next_frame().unwrap() {
            let (correlation, reply) = envelope::read(content).unwrap();
            assert_eq!(correlation, Correlation(number));
            return reply;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "no reply");
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// The agent's process: orders at descriptor 0, the one lane at 1.
pub(crate) fn be(subject: &Subject) {
    let orders = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    let lane = std::io::stdout().as_fd().try_clone_to_owned().unwrap();
    let mut orders = StopWhenClosed(orders.into());
    let mut agent = Agent::start(&subject.settings(), pin(PIN), vec![lane], &orders).unwrap();
    agent.serve(&mut orders).unwrap();
}

fn serves(subject: &Subject) {
    Operator::sets_up(subject);
    let (orders, orders_end) = UnixStream::pair().unwrap();
    let (lane, lane_end) = UnixStream::pair().unwrap();
    let mut agent = Command::new(std::env::current_exe().unwrap())
        .args([BE_AGENT, subject.name])
        .stdin(OwnedFd::from(orders_end))
        .stdout(OwnedFd::from(lane_end))
        .spawn()
        .unwrap();
    let (mut lane, core) = (Link::new(lane.into()).unwrap(), Core::with_one_time_key());
    let Reply::Linked(linked) = ask(&mut lane, 1, &Request::Link(l1(L1))) else { panic!("not linked") };
    assert_eq!(linked.transport, !subject.plain);
    let made = ask(&mut lane, 2, &Request::Make(l1(L1), core.public.clone()));
    let Reply::Made(made) = made else { panic!("not made") };
    let release = Request::Release(l1(L1), made.wrapped.clone(), core.public.clone());
    let Reply::Released(released) = ask(&mut lane, 3, &release) else { panic!("not released") };
    assert_eq!(core.opens(&released), core.opens(&made.released));
    assert!(matches!(ask(&mut lane, 4, &Request::Check(l1(L1))), Reply::Usable));
    assert!(matches!(ask(&mut lane, 5, &Request::Check(l1("none"))), Reply::Failed(RootError::NotFound)));
    if subject.make == Make::SoftHsm {
        let (tokens, elsewhere) = (place().join("tokens"), place().join("tokens-away"));
        std::fs::rename(&tokens, &elsewhere).unwrap();
        let away = ask(&mut lane, 6, &Request::Check(l1(L1)));
        assert!(matches!(away, Reply::Failed(RootError::Unavailable)));
        std::fs::rename(&elsewhere, &tokens).unwrap();
        let began = Instant::now();
        while !matches!(ask(&mut lane, 7, &Request::Check(l1(L1))), Reply::Usable) {
            assert!(began.elapsed() < Duration::from_secs(15));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    drop(orders);
    assert!(agent.wait().unwrap().success());
}
