//! The importer: reads bundles from the spool, shows the good ones to core, writes receipts.
//!
//! A process of its own because files from outside are hostile: it has no key, no network, and can write only
//! receipts. Its own verification keeps rubbish away from core; core verifies again and believes only signatures.
//! One bundle is at core at a time, so that their order is core's order. What the importer refuses by itself it tells
//! core, which records it, before the receipt is written.
//! Trusts: the pins. Does not trust: the spool, nor that core is there.

mod ledger;
mod receipt;
mod sandbox;
mod spool;
#[cfg(test)]
mod tests;

pub use receipt::{About, Done, Receipt};
pub use sandbox::profile;

use crate::{Checked, Policy, Received, Refusal, Signers, inspect};
use hardening::sandbox::Lockdown;
use holdfast_model::Timestamp;
use holdfast_model::limits::SPOOL_FILES_MAX;
use holdfast_ports::backoff::Backoff;
use holdfast_ports::child::{Child, Control, Event};
use holdfast_ports::control::Socket;
use holdfast_ports::envelope::{self, Correlation};
use holdfast_ports::import::{Reply, Request};
use holdfast_ports::link::{Link, LinkError};
use holdfast_ports::settings;
use ledger::{Ledger, State};
use receipt::Outbox;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use spool::{Spool, Unreadable};
use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// The spool is looked through this often even without news: some file systems give none.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);
/// A bundle whose time has not come is looked at again after this.
const EARLY_INTERVAL: Duration = Duration::from_secs(10);
/// Receipts written between two looks at core and warden; each takes a flush of the disk.
const RECEIPTS_PER_TURN: usize = 4;

/// Where the importer's orders come from: warden's control socket, or a test in its place.
pub trait Orders: AsFd {
    /// The next order, if there is one.
    ///
    /// # Errors
    /// When there will be no more; the importer ends.
    fn next(&mut self) -> Result<Option<Event>, String>;
}

impl Orders for Control {
    fn next(&mut self) -> Result<Option<Event>, String> {
        self.receive().map_err(|error| error.to_string())
    }
}

/// The whole life of the process: locks itself down, serves until warden says stop.
///
/// # Errors
/// Why it cannot serve, in our own words; warden has been told.
pub fn run(child: Child) -> Result<(), String> {
    let mut child = child;
    let outcome = start(&mut child).and_then(|(mut importer, link)| {
        child.control.ready().map_err(|error| error.to_string())?;
        importer.serve(Some(link), &mut child.control)
    });
    if let Err(why) = &outcome {
        // Warden may be gone; then there is nobody to tell.
        drop(child.control.failed(why));
    }
    outcome
}

fn start(child: &mut Child) -> Result<(Importer, Link), String> {
    let settings: settings::Importer = child.settings().map_err(|error| error.to_string())?;
    let end = child.take(Socket::Import).ok_or("warden gave no link to core")?;
    let link = Link::new(end).map_err(|error| error.to_string())?;
    let (importer, _lockdown) = Importer::lock_down(settings)?;
    Ok((importer, link))
}

/// How a file was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Applied(Vec<Done>),
    AppliedAlready,
    Refused { reason: String, detail: String },
    Waiting { reason: String, detail: String },
}

/// The importer at work.
pub struct Importer {
    settings: settings::Importer,
    signers: Signers,
    spool: Spool,
    outbox: Outbox,
    ledger: Ledger,
    /// Receipts that could not be written yet.
    owed: VecDeque<Receipt>,
    at_core: Option<AtCore>,
    /// Refusals of our own that are not in the audit log yet; about the first one core may have been told.
    unrecorded: VecDeque<Refused>,
    recording: Option<Correlation>,
    correlation: u64,
    backoff: Backoff,
    not_before: Instant,
}

/// The bundle that core is judging.
struct AtCore {
    correlation: Correlation,
    file: String,
    file_sha256: String,
    about: About,
}

/// A file that we refused.
struct Refused {
    file: String,
    file_sha256: String,
    refusal: Refusal,
}

impl Importer {
    /// Opens spool and outbox, then enters the sandbox. Nothing is read before that.
    ///
    /// # Errors
    /// Why not, in our own words.
    pub fn lock_down(settings: settings::Importer) -> Result<(Self, Lockdown), String> {
        let importer = Self::open(settings)?;
        let lockdown = Lockdown::enter(&profile(&importer.settings)).map_err(|error| error.to_string())?;
        Ok((importer, lockdown))
    }

    fn open(settings: settings::Importer) -> Result<Self, String> {
        let signers =
            Signers::pin(&settings.signers, settings.signers_needed).map_err(|error| error.to_string())?;
        let spool =
            Spool::open(&settings.spool).map_err(|error| format!("the spool cannot be opened: {error}"))?;
        let outbox = Outbox::open(&settings.outbox)
            .map_err(|error| format!("the outbox cannot be opened: {error}"))?;
        Ok(Self {
            settings,
            signers,
            spool,
            outbox,
            ledger: Ledger::default(),
            owed: VecDeque::new(),
            at_core: None,
            unrecorded: VecDeque::new(),
            recording: None,
            correlation: 0,
            backoff: Backoff::new(),
            not_before: Instant::now(),
        })
    }

    /// Serves until an order to stop.
    ///
    /// # Errors
    /// When waiting fails or the orders end.
    pub fn serve(&mut self, link: Option<Link>, orders: &mut impl Orders) -> Result<(), String> {
        let mut link = link;
        let mut looked: Option<Instant> = None;
        let mut news = true;
        loop {
            let now = Instant::now();
            if news || looked.is_none_or(|at| now.duration_since(at) >= LOOK_INTERVAL) {
                self.look();
                looked = Some(now);
            }
            if let Some(open) = &mut link
                && self.send_next(open, now).is_err()
            {
                link = None;
                self.core_is_gone();
            }
            // While core judges: a receipt takes a flush of the disk, an unlink must not wait for that.
            let more = self.settle_debts();
            let woken = self.wait(link.as_ref(), orders, more)?;
            news = woken.spool;
            if woken.core
                && let Some(open) = &mut link
                && self.take_replies(open).is_err()
            {
                link = None;
                self.core_is_gone();
            }
            while woken.orders
                && let Some(event) = orders.next()?
            {
                match event {
                    Event::Stop => return Ok(()),
                    Event::Rewire { wire, fd } if wire.socket == Socket::Import => {
                        self.core_is_gone();
                        link = Some(Link::new(fd).map_err(|error| error.to_string())?);
                    }
                    Event::Rewire { .. } | Event::Processes(_) => {}
                }
            }
        }
    }

    /// Looks through the spool and into every file that is new or due.
    fn look(&mut self) {
        self.spool.clear_news();
        match self.spool.list() {
            Ok(listing) => self.ledger.update(listing),
            Err(error) => {
                tracing::error!(reason = %error.kind(), "spool-unreadable");
                return;
            }
        }
        for name in self.ledger.to_look_into(Instant::now()) {
            self.look_into(&name);
        }
    }

    fn look_into(&mut self, name: &str) {
        let bytes = match self.spool.read(name) {
            Ok(bytes) => bytes,
            Err(Unreadable::Gone) => return,
            Err(Unreadable::NotAFile) => return self.ledger.set(name, State::Settled),
            Err(Unreadable::TooLarge) => return self.refuse(name, "", Refusal::TooLarge),
        };
        let file_sha256 = receipt::file_sha256(&bytes);
        if self.outbox.is_settled(name, &file_sha256) {
            return self.ledger.set(name, State::Settled);
        }
        match self.inspect(bytes) {
            Ok(checked) => self.ledger.set(name, State::Ready(about(&checked))),
            Err(refusal) => self.refuse(name, &file_sha256, refusal),
        }
    }

    fn inspect(&self, bytes: Vec<u8>) -> Result<Checked, Refusal> {
        let policy = Policy {
            signers: &self.signers,
            cluster: self.settings.cluster,
            appliance: self.settings.appliance,
            high_water: None,
        };
        inspect(Received::new(bytes)?, &policy, Timestamp::now())
    }

    /// Notes our own refusal: what may become good later waits, the rest is to be recorded by core.
    fn refuse(&mut self, name: &str, file_sha256: &str, refusal: Refusal) {
        if refusal == Refusal::NotYetValid {
            let (reason, detail) = (refusal.word().to_owned(), refusal.to_string());
            return self.note(name, file_sha256, None, Verdict::Waiting { reason, detail });
        }
        if self.unrecorded.len() >= SPOOL_FILES_MAX {
            return self.ledger.set(name, State::Later(Instant::now() + EARLY_INTERVAL));
        }
        self.ledger.set(name, State::Settled);
        let (file, file_sha256) = (name.to_owned(), file_sha256.to_owned());
        self.unrecorded.push_back(Refused { file, file_sha256, refusal });
    }

    /// Sets what becomes of a file, and owes a receipt for it.
    fn note(&mut self, name: &str, file_sha256: &str, about: Option<About>, verdict: Verdict) {
        let state = match (&verdict, &about) {
            (Verdict::Waiting { reason, .. }, Some(about)) if reason == Refusal::BrokenChain.word() => {
                State::MissesOne(about.clone())
            }
            (Verdict::Waiting { .. }, _) => State::Later(Instant::now() + EARLY_INTERVAL),
            (Verdict::Applied(_) | Verdict::AppliedAlready | Verdict::Refused { .. }, _) => State::Settled,
        };
        let worth_a_receipt = match &verdict {
            Verdict::Waiting { reason, .. } => self.ledger.tells(name, reason),
            Verdict::Applied(_) | Verdict::AppliedAlready | Verdict::Refused { .. } => true,
        };
        self.ledger.set(name, state);
        if worth_a_receipt {
            let receipt = Receipt::new(name, file_sha256, about, &verdict);
            tracing::info!(file = name, outcome = %receipt.outcome, reason = %receipt.reason, "bundle-judged");
            if self.owed.len() >= SPOOL_FILES_MAX {
                self.owed.pop_front();
            }
            self.owed.push_back(receipt);
        }
    }

    /// Writes some receipts. `true` if more can be written at once; one that failed is tried at the next turn.
    fn settle_debts(&mut self) -> bool {
        for _ in 0..RECEIPTS_PER_TURN {
            let Some(receipt) = self.owed.front() else { return false };
            if let Err(error) = self.outbox.add(receipt) {
                tracing::error!(file = %receipt.file, reason = %error.kind(), "receipt-not-written");
                return false;
            }
            self.owed.pop_front();
        }
        !self.owed.is_empty()
    }

    fn send_next(&mut self, link: &mut Link, now: Instant) -> Result<(), LinkError> {
        while self.at_core.is_none() && now >= self.not_before {
            let Some((name, _)) = self.ledger.next() else { break };
            let name = name.to_owned();
            // Read and checked again: what is sent is what this receipt will be about.
            let Ok(bytes) = self.spool.read(&name) else {
                self.ledger.set(&name, State::New);
                break;
            };
            let file_sha256 = receipt::file_sha256(&bytes);
            match self.inspect(bytes) {
                Err(refusal) => self.refuse(&name, &file_sha256, refusal),
                Ok(checked) => {
                    let correlation = self.next_correlation();
                    let request = Request::Bundle(checked.received().as_bytes().to_vec());
                    // A bundle and its envelope fit into a frame (model::limits); if not, this link is of no use.
                    link.queue(|out| envelope::write(out, correlation, &request))
                        .map_err(|_| LinkError::Gone)?;
                    self.at_core =
                        Some(AtCore { correlation, file: name, file_sha256, about: about(&checked) });
                }
            }
        }
        if self.recording.is_none()
            && now >= self.not_before
            && let Some(refused) = self.unrecorded.front()
        {
            let request = Request::Refused { reason: refused.refusal.word().to_owned() };
            let correlation = self.next_correlation();
            link.queue(|out| envelope::write(out, correlation, &request)).map_err(|_| LinkError::Gone)?;
            self.recording = Some(correlation);
        }
        link.flush().map(|_| ())
    }

    fn next_correlation(&mut self) -> Correlation {
        self.correlation = self.correlation.wrapping_add(1);
        Correlation(self.correlation)
    }

    /// Core has answered about our own refusal.
    fn recorded(&mut self, reply: &Reply) {
        match reply {
            Reply::Recorded => {
                self.backoff.succeeded();
                if let Some(Refused { file, file_sha256, refusal }) = self.unrecorded.pop_front() {
                    let (reason, detail) = (refusal.word().to_owned(), refusal.to_string());
                    self.note(&file, &file_sha256, None, Verdict::Refused { reason, detail });
                }
            }
            // Anything else: told again, after a while.
            Reply::Retry | Reply::Applied { .. } | Reply::Refused { .. } => self.hold_back(),
        }
    }

    /// Core has no time: nothing is sent for a while.
    fn hold_back(&mut self) {
        let noise = u32::try_from(Timestamp::now().millis() % 256).unwrap_or(0);
        self.not_before = Instant::now() + self.backoff.failed(noise);
    }

    fn take_replies(&mut self, link: &mut Link) -> Result<(), LinkError> {
        let filled = link.fill();
        while let Some(content) = link.next_frame()? {
            let Ok((correlation, reply)) = envelope::read::<Reply>(content) else {
                return Err(LinkError::Gone);
            };
            if self.recording.take_if(|recording| *recording == correlation).is_some() {
                self.recorded(&reply);
            } else if let Some(at_core) = self.at_core.take_if(|at_core| at_core.correlation == correlation) {
                self.judged(at_core, reply);
            }
        }
        filled.map(|_| ())
    }

    fn judged(&mut self, at_core: AtCore, reply: Reply) {
        let verdict = match reply {
            // `Recorded` is no answer to a bundle.
            Reply::Retry | Reply::Recorded => return self.hold_back(),
            Reply::Applied { sequence, outcomes } => {
                self.ledger.applied(sequence);
                Verdict::Applied(
                    outcomes
                        .into_iter()
                        .map(|one| Done { task: one.task, directive: one.directive, pending: one.pending })
                        .collect(),
                )
            }
            Reply::Refused { reason, .. } if reason == Refusal::Replayed.word() => Verdict::AppliedAlready,
            Reply::Refused { reason, detail } => {
                let waits = [Refusal::BrokenChain, Refusal::NotYetValid];
                if waits.into_iter().any(|one| one.word() == reason) {
                    Verdict::Waiting { reason, detail }
                } else {
                    Verdict::Refused { reason, detail }
                }
            }
        };
        self.backoff.succeeded();
        self.note(&at_core.file, &at_core.file_sha256, Some(at_core.about), verdict);
    }

    /// Whatever was at core is to be asked again. If it was applied, core will say so.
    fn core_is_gone(&mut self) {
        self.at_core = None;
        self.recording = None;
    }

    fn wait(&self, link: Option<&Link>, orders: &impl Orders, busy: bool) -> Result<Woken, String> {
        let mut fds = vec![PollFd::new(orders, PollFlags::IN), PollFd::new(&self.spool, PollFlags::IN)];
        if let Some(link) = link {
            let writing = if link.wants_to_write() { PollFlags::OUT } else { PollFlags::empty() };
            fds.push(PollFd::new(link, PollFlags::IN | writing));
        }
        let held_back = self.not_before.saturating_duration_since(Instant::now());
        let timeout = match (busy, held_back.is_zero()) {
            (true, _) => Duration::ZERO,
            (false, true) => LOOK_INTERVAL,
            (false, false) => held_back.min(LOOK_INTERVAL),
        };
        let timeout = Timespec::try_from(timeout).map_err(|error| error.to_string())?;
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.to_string()),
        }
        let something = PollFlags::IN | PollFlags::HUP | PollFlags::ERR;
        let mut woken = fds.iter().map(|fd| fd.revents().intersects(something));
        let mut next = || woken.next().unwrap_or(false);
        Ok(Woken { orders: next(), spool: next(), core: next() })
    }
}

/// Who has something.
struct Woken {
    orders: bool,
    spool: bool,
    core: bool,
}

fn about(checked: &Checked) -> About {
    let header = checked.header();
    About {
        source: header.source.to_string(),
        sequence: header.sequence.0,
        lane: header.lane.into(),
        digest: checked.digest().to_string(),
    }
}
