//! A double of core: speaks `ports::front` and `ports::edge` as core does, and answers as it is told.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use holdfast_model::status::CoreStatus;
use holdfast_model::trust::{PeerCertificate, TrustRule};
use holdfast_model::{Generation, LaneIndex, Sequence};
use holdfast_ports::control::Socket;
use holdfast_ports::edge::{Rejection, Reply, Request};
use holdfast_ports::envelope::{self, Correlation};
use holdfast_ports::front::{self, Connection, Kind};
use holdfast_ports::link::Link;
use rustix::event::{PollFd, PollFlags, poll};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What the double does with a request.
pub enum Answer {
    Reply(Vec<u8>),
    Hangup(Vec<u8>),
    /// Nothing at all, as a core that is stuck.
    Silence,
}

type Answering = Box<dyn FnMut(Connection, &[u8]) -> Answer + Send>;

/// What the double has seen and what it says.
#[derive(Default)]
pub struct Seen {
    pub opened: Vec<(LaneIndex, PeerCertificate)>,
    pub closed: usize,
    pub requests: usize,
    pub rejections: Vec<Rejection>,
    pub watches: usize,
}

struct Said {
    rules: Vec<TrustRule>,
    changed: bool,
    stop: bool,
    signs: bool,
}

/// A running double of core.
pub struct CoreDouble {
    pub seen: Arc<Mutex<Seen>>,
    said: Arc<Mutex<Said>>,
    wake: UnixStream,
    thread: Option<JoinHandle<()>>,
    /// The frontend's ends.
    pub ends: Vec<(Socket, Generation, OwnedFd)>,
}

/// The box's TLS identity: a chain in DER and a PKCS#8 key.
#[derive(Clone)]
pub struct BoxIdentity {
    pub chain: Vec<Vec<u8>>,
    pub key_pkcs8: Vec<u8>,
}

impl CoreDouble {
    pub fn start(
        generation: u64,
        (workers, lanes): (u16, u16),
        identity: BoxIdentity,
        rules: Vec<TrustRule>,
        answering: impl FnMut(Connection, &[u8]) -> Answer + Send + 'static,
    ) -> Self {
        let mut ends = Vec::new();
        let mut links = Vec::new();
        let fronts = (0..workers)
            .flat_map(|worker| (0..lanes).map(move |lane| Socket::Front { worker, lane: LaneIndex(lane) }));
        let signs = (0..workers).map(|worker| Socket::Sign { worker });
        for socket in fronts.chain(signs).chain([Socket::Edge]) {
            let (ours, theirs) = UnixStream::pair().unwrap();
            links.push((socket, Some(Link::new(ours.into()).unwrap())));
            ends.push((socket, Generation(generation), OwnedFd::from(theirs)));
        }
        let (wake, woken) = UnixStream::pair().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let said = Arc::new(Mutex::new(Said { rules, changed: false, stop: false, signs: true }));
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &identity.key_pkcs8).unwrap();
        let double = Serving {
            links,
            woken,
            seen: seen.clone(),
            said: said.clone(),
            chain: identity.chain,
            key,
            watching: None,
            answering: Box::new(answering),
        };
        let thread = std::thread::spawn(move || double.run());
        Self { seen, said, wake, thread: Some(thread), ends }
    }

    /// Changes the trust rules, as a bundle would.
    pub fn trust(&self, rules: Vec<TrustRule>) {
        {
            let mut said = self.said.lock().unwrap();
            said.rules = rules;
            said.changed = true;
        }
        (&self.wake).write_all(b"x").unwrap();
    }

    /// From now on does not answer when a signature is asked for.
    pub fn stop_signing(&self) {
        self.said.lock().unwrap().signs = false;
    }

    /// Dies: all its ends close.
    pub fn die(&mut self) {
        self.said.lock().unwrap().stop = true;
        let _ = (&self.wake).write_all(b"x");
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for CoreDouble {
    fn drop(&mut self) {
        self.die();
    }
}

struct Serving {
    links: Vec<(Socket, Option<Link>)>,
    woken: UnixStream,
    seen: Arc<Mutex<Seen>>,
    said: Arc<Mutex<Said>>,
    chain: Vec<Vec<u8>>,
    key: EcdsaKeyPair,
    watching: Option<Correlation>,
    answering: Answering,
}

impl Serving {
    fn run(mut self) {
        self.woken.set_nonblocking(true).unwrap();
        loop {
            {
                let mut fds = vec![PollFd::new(&self.woken, PollFlags::IN)];
                fds.extend(self.links.iter().filter_map(|(_, link)| {
                    let link = link.as_ref()?;
                    let out = if link.wants_to_write() { PollFlags::OUT } else { PollFlags::empty() };
                    Some(PollFd::new(link, PollFlags::IN | out))
                }));
                poll(&mut fds, None).unwrap();
            }
            let mut heard = [0; 64];
            let _ = std::io::Read::read(&mut self.woken, &mut heard);
            if self.said.lock().unwrap().stop {
                return;
            }
            let mut links = std::mem::take(&mut self.links);
            for (socket, place) in &mut links {
                let Some(mut link) = place.take() else { continue };
                if self.serve(*socket, &mut link) {
                    *place = Some(link);
                }
            }
            self.links = links;
        }
    }

    /// `false`: the other end is gone.
    fn serve(&mut self, socket: Socket, link: &mut Link) -> bool {
        let filled = link.fill();
        while let Ok(Some(content)) = link.next_frame() {
            let content = content.to_vec();
            match socket {
                Socket::Front { lane, .. } => self.front(lane, &content, link),
                _ => self.edge(&content, link),
            }
        }
        if socket == Socket::Edge {
            self.tell_changes(link);
        }
        filled.is_ok() && link.flush().is_ok()
    }

    fn front(&mut self, lane: LaneIndex, content: &[u8], link: &mut Link) {
        let frame = front::read(content).expect("a frame of this link");
        let mut send = |kind, payload: &[u8]| {
            link.queue(|out| {
                front::write_header(out, kind, frame.connection);
                out.extend_from_slice(payload);
            })
            .unwrap();
        };
        match frame.kind {
            Kind::Open => {
                let peer = front::read_peer(frame.payload).expect("a peer");
                self.seen.lock().unwrap().opened.push((lane, peer));
            }
            Kind::Close => self.seen.lock().unwrap().closed += 1,
            Kind::Request => {
                self.seen.lock().unwrap().requests += 1;
                match (self.answering)(frame.connection, frame.payload) {
                    Answer::Reply(bytes) => send(Kind::Reply, &bytes),
                    Answer::Hangup(bytes) => send(Kind::Hangup, &bytes),
                    Answer::Silence => {}
                }
            }
            Kind::Reply | Kind::Hangup => panic!("the frontend does not answer"),
        }
    }

    fn edge(&mut self, content: &[u8], link: &mut Link) {
        let (number, request) = envelope::read::<Request>(content).expect("a request of this link");
        let reply = match request {
            Request::Watch => {
                self.watching = Some(number);
                self.seen.lock().unwrap().watches += 1;
                self.trust()
            }
            Request::Rejected { why } => {
                self.seen.lock().unwrap().rejections.push(why);
                Reply::Noted
            }
            Request::Status => Reply::Status(status()),
            Request::Sign { .. } if !self.said.lock().unwrap().signs => return,
            Request::Sign { scheme: 0x0403, message } => {
                Reply::Signature(self.key.sign(&SystemRandom::new(), &message).unwrap().as_ref().to_vec())
            }
            Request::Sign { .. } => Reply::CannotSign,
        };
        link.queue(|out| envelope::write(out, number, &reply)).unwrap();
    }

    fn tell_changes(&mut self, link: &mut Link) {
        let changed = std::mem::take(&mut self.said.lock().unwrap().changed);
        if let (true, Some(number)) = (changed, self.watching) {
            let reply = self.trust();
            link.queue(|out| envelope::write(out, number, &reply)).unwrap();
        }
    }

    fn trust(&self) -> Reply {
        Reply::Trust { rules: self.said.lock().unwrap().rules.clone(), chain: self.chain.clone() }
    }
}

fn status() -> CoreStatus {
    use holdfast_model::status::{LATENCY_BOUNDS_US, OperationCount, TenantState, TenantStatus};
    let mut latency_buckets = [0; LATENCY_BOUNDS_US.len() + 1];
    latency_buckets[2] = 7;
    let operations = vec![OperationCount {
        operation: "Encrypt".to_owned(),
        succeeded: 6,
        failed: 1,
        latency_buckets,
        latency_sum_us: 140,
    }];
    CoreStatus {
        tenants: vec![TenantStatus {
            tenant: holdfast_model::TenantId::parse("acme").unwrap(),
            state: TenantState::Unsealed,
            hsm: None,
            services: 2,
            operations,
        }],
        hsms: Vec::new(),
        bundle_sequence: Sequence(3),
        secret_memory: "memfd-secret".to_owned(),
        audit_ready: true,
    }
}
