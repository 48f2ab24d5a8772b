//! One client's connection from accept to close: bytes in, requests to core, replies out, and its time limits.
//!
//! Separate from `framing`, `handshake` and `client`, each of which can be understood without this.
//! Holds back rather than reads on: when core, the client or the tenant's rate is behind, the socket's own flow
//! control tells the peer.

use super::client::{Client, End};

use super::handshake::{self, Met, NotMet};
use super::lane::Up;
use super::stream::{Accepted, Stream};
use super::{Speech, Worker, https};
use crate::counters::Place;
use crate::framing::{Arrived, split};
use crate::rate::Bucket;
use crate::refusal;
use crate::tls::trust::{Admitted, Trust};
use holdfast_model::Timestamp;
use holdfast_model::limits::{
    HANDSHAKE_TIMEOUT, IDLE_TIMEOUT, LINGER_TIMEOUT, MESSAGE_TIMEOUT, PIPELINED_REQUESTS_MAX,
};
use holdfast_ports::front::{self, Connection as Number};
use kmip::ttlv::frame::FrameError;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_rustls::server::TlsStream;
use zeroize::Zeroize;

/// Rounds of reading and writing before the other connections have their turn.
const ROUNDS_MAX: usize = 4;
/// Above this, an emptied buffer is given back rather than kept.
const KEPT_BYTES_MAX: usize = 16 << 10;
/// What is read and thrown away at most while the client reads our last words.
const LINGER_BYTES_MAX: usize = 4 << 20;
/// Certificates that end later than this are looked at again by then; the runtime's clock has an end.
const RECHECK: Duration = Duration::from_secs(24 * 3600);

/// Serves one connection.
pub(super) async fn serve(
    worker: Rc<Worker>,
    stream: Accepted,
    speech: Speech,
    place: Place,
    handshaking: Place,
) {
    let counters = worker.shared.counters.clone();
    let met = match Stream::new(stream) {
        Ok(stream) => handshake::meet(&worker, stream).await,
        Err(_) => Err(NotMet::OurFault),
    };
    drop(handshaking);
    match met {
        Ok(met) => {
            counters.admitted.add(1);
            let end = serve_client(&worker, met, speech).await;
            match end {
                End::Closed | End::Left | End::HungUp => {}
                End::CoreLost => counters.core_lost.add(1),
                End::Disowned => counters.disowned.add(1),
                End::TooSlow => counters.timed_out.add(1),
                End::Misframed | End::TooLong => counters.misframed.add(1),
                End::Overloaded => counters.overloaded.add(1),
            }
            tracing::debug!(?end, "connection-closed");
        }
        Err(NotMet::Refused(why)) => {
            counters.rejected.add(why);
            // Full queue: the report is dropped, the count stands.
            let _ = worker.shared.rejections.try_send(why);
        }
        Err(NotMet::OurFault) => counters.unserved.add(1),
        Err(NotMet::Silent) => {}
    }
    drop(place);
}

async fn serve_client(worker: &Rc<Worker>, met: Met, speech: Speech) -> End {
    let Met { stream, admitted, trust } = met;
    let open = match open(worker, admitted, &trust).await {
        Ok(open) => open,
        Err(end) => return end,
    };
    drop(trust);
    match speech {
        Speech::Ttlv => speak_ttlv(worker, stream, open).await,
        Speech::Https => https::converse(worker.clone(), stream, open).await,
    }
}

/// A client that core knows of.
pub(super) struct Open {
    pub(super) client: Rc<Client>,
    pub(super) up: Rc<Up>,
    pub(super) number: Number,
    pub(super) bucket: Arc<Bucket>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.up.forget(self.number);
    }
}

/// Tells core of an admitted client.
async fn open(worker: &Worker, admitted: Admitted, trust: &Trust) -> Result<Open, End> {
    let tenant = admitted.identity.tenant;
    let lane = front::lane_of(&tenant, worker.shared.lanes);
    let lane = worker.lanes.get(usize::from(lane.0)).ok_or(End::CoreLost)?;
    // Core of the same start as the rules by which the client was admitted, or none.
    let Ok(Some(up)) = timeout(HANDSHAKE_TIMEOUT, lane.up(trust.generation)).await else {
        return Err(End::CoreLost);
    };
    let client = Rc::new(Client::new(admitted, worker.budget.share()));
    let number = up.open(&client).ok_or(End::CoreLost)?;
    let open = Open { client, up, number, bucket: worker.shared.rates.of(tenant) };
    // Rules may have changed between the handshake and now; from here on changes reach the client.
    let newest = worker.shared.trust.borrow().clone();
    let still = newest.and_then(|trust| trust.resolve(&open.client.admitted.peer, Timestamp::now()));
    if still == Some(open.client.admitted.identity) { Ok(open) } else { Err(End::Disowned) }
}

async fn speak_ttlv(worker: &Rc<Worker>, stream: TlsStream<Stream>, open: Open) -> End {
    let now = Instant::now();
    let mut connection = Connection {
        worker: worker.clone(),
        stream,
        arrived: Arrived::default(),
        sending: Vec::new(),
        sent: 0,
        unflushed: false,
        reads: true,
        turn: Turn::Unasked,
        expires: now + RECHECK,
        now,
        last_moved: now,
        message_since: None,
        sending_since: None,
        // At once, so that the end of the certificate is looked at first.
        timer: Box::pin(sleep_until(now)),
        bucket: open.bucket.clone(),
        up: open.up.clone(),
        number: open.number,
        client: open.client.clone(),
        _open: open,
    };
    let end = poll_fn(|cx| connection.poll(cx)).await;
    connection.close(end).await;
    end
}

struct Connection {
    worker: Rc<Worker>,
    bucket: Arc<Bucket>,
    stream: TlsStream<Stream>,
    client: Rc<Client>,
    up: Rc<Up>,
    number: Number,
    /// Bytes of requests that core has not been given.
    arrived: Arrived,
    /// Replies on their way into the TLS library, of which `sent` bytes are in.
    sending: Vec<u8>,
    sent: usize,
    unflushed: bool,
    /// The client has not closed its direction.
    reads: bool,
    /// Where its next request stands in its tenant's rate.
    turn: Turn,
    /// When to look at the client's certificate again.
    expires: Instant,
    /// When this turn of the task began: one look at the clock for all that it does.
    now: Instant,
    last_moved: Instant,
    /// A message has begun and is not whole.
    message_since: Option<Instant>,
    /// What is being sent is not sent.
    sending_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    /// Core is told at its end.
    _open: Open,
}

/// Where a request stands in its tenant's rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// No place taken.
    Unasked,
    /// Its place is at that time.
    At(Instant),
    /// That time has come.
    Now,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.sending.zeroize();
    }
}

impl Connection {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.client.attend(cx.waker());
        self.now = Instant::now();
        for round in 0.. {
            if let Some(end) = self.client.ended() {
                return Poll::Ready(end);
            }
            let moved = match self.round(cx) {
                Ok(moved) => moved,
                Err(end) => return Poll::Ready(end),
            };
            if !moved {
                break;
            }
            if round == ROUNDS_MAX {
                cx.waker().wake_by_ref();
                break;
            }
        }
        self.poll_time(cx)
    }

    /// Writes what can be written, then reads what may be read. Did anything move?
    fn round(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        let wrote = self.write(cx)?;
        let all_said = self.sending.is_empty() && !self.unflushed;
        if all_said && self.client.has_last_word() {
            return Err(End::HungUp);
        }
        if all_said && !self.reads && self.client.in_flight() == 0 && self.wants_bytes() {
            return Err(End::Closed);
        }
        Ok(self.read(cx)? || wrote)
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        let mut moved = false;
        loop {
            if self.sending.is_empty() {
                self.client.take_replies(&mut self.sending);
                if self.sending.is_empty() {
                    break;
                }
                self.sending_since = Some(self.now);
            }
            let rest = self.sending.get(self.sent..).unwrap_or_default();
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Pending => return Ok(moved),
                Poll::Ready(Err(_) | Ok(0)) => return Err(End::Left),
                Poll::Ready(Ok(bytes)) => {
                    moved = true;
                    self.unflushed = true;
                    self.sent += bytes;
                }
            }
            if self.sent >= self.sending.len() {
                self.client.share.shrink(self.sending.len());
                self.sending.zeroize();
                self.sent = 0;
                self.sending_since = None;
                self.sending.shrink_to(KEPT_BYTES_MAX);
                self.last_moved = self.now;
            }
        }
        if self.unflushed {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Pending => {}
                Poll::Ready(Err(_)) => return Err(End::Left),
                Poll::Ready(Ok(())) => self.unflushed = false,
            }
        }
        Ok(moved)
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        if !self.may_take(cx) {
            return Ok(false);
        }
        if !self.arrived.is_empty() {
            let mut arrived = core::mem::take(&mut self.arrived);
            let taken = arrived.take(self.worker.shared.message_bytes_max, |m| self.take(m));
            self.arrived = arrived;
            let taken = taken.map_err(misframed)?;
            self.client.share.shrink(taken);
            self.note_begun(taken > 0);
            if !self.may_take(cx) {
                return Ok(taken > 0);
            }
        }
        if !self.reads {
            return Ok(false);
        }
        let worker = self.worker.clone();
        let mut scratch = worker.scratch.borrow_mut();
        let mut room = ReadBuf::new(&mut scratch);
        match Pin::new(&mut self.stream).poll_read(cx, &mut room) {
            Poll::Pending => return Ok(false),
            Poll::Ready(Err(_)) => return Err(End::Left),
            Poll::Ready(Ok(())) => {}
        }
        let bytes = room.filled().len();
        let outcome = match bytes {
            0 => {
                self.reads = false;
                Ok(())
            }
            _ => self.digest(room.filled()),
        };
        if let Some(used) = scratch.get_mut(..bytes) {
            used.zeroize();
        }
        outcome.map(|()| true)
    }

    /// Hands on what is whole, keeps the rest.
    fn digest(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.last_moved = self.now;
        let max = self.worker.shared.message_bytes_max;
        let used = if self.arrived.is_empty() { split(bytes, max, |m| self.take(m)) } else { Ok(0) };
        let used = match used {
            Ok(used) => used,
            Err(error) => {
                // Kept for the version in its header, in which it is answered.
                self.arrived.keep(bytes);
                return Err(misframed(error));
            }
        };
        let rest = bytes.get(used..).unwrap_or_default();
        if !self.client.share.grow(rest.len()) {
            return Err(End::Overloaded);
        }
        self.arrived.keep(rest);
        self.note_begun(used > 0);
        Ok(())
    }

    /// Keeps the time since which a message has been arriving.
    fn note_begun(&mut self, anew: bool) {
        let begun = !self.arrived.is_empty() && self.wants_bytes();
        self.message_since = match self.message_since {
            Some(since) if begun && !anew => Some(since),
            _ => begun.then_some(self.last_moved),
        };
    }

    /// Is there no whole message that waits to be taken?
    fn wants_bytes(&self) -> bool {
        self.arrived.wants_bytes(self.worker.shared.message_bytes_max)
    }

    /// May another request be taken in? If not, whatever is behind wakes this task.
    fn may_take(&mut self, cx: &Context<'_>) -> bool {
        !matches!(self.turn, Turn::At(_)) && self.has_room() && self.up.takes_more(cx.waker())
    }

    fn has_room(&self) -> bool {
        self.client.in_flight() < PIPELINED_REQUESTS_MAX
            && !self.client.has_backlog()
            && !self.client.has_last_word()
    }

    /// Gives one request to core, unless it is to wait. `false`: not taken.
    fn take(&mut self, message: &[u8]) -> bool {
        if !self.has_room() || self.client.ended().is_some() {
            return false;
        }
        if self.turn == Turn::Unasked {
            let now = self.now;
            let wait = self.bucket.reserve(now.into_std());
            if !wait.is_zero() {
                self.worker.shared.counters.delayed.add(1);
                self.turn = Turn::At(now + wait);
                return false;
            }
        }
        self.turn = Turn::Unasked;
        self.client.asked();
        self.worker.shared.counters.requests.add(1);
        if !self.up.request(self.number, message) {
            self.client.end(End::CoreLost);
        }
        true
    }

    /// Ends what is too slow; sets the timer to the next moment at which that must be asked again.
    fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let due = self.due();
            if due < self.timer.deadline() {
                self.timer.as_mut().reset(due);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            let left = self.client.admitted.identity.not_after.since(Timestamp::now());
            if left.is_zero() {
                return Poll::Ready(End::Disowned);
            }
            self.expires = now + left.min(RECHECK);
            if self.limits().any(|limit| limit <= now) {
                return Poll::Ready(End::TooSlow);
            }
            if matches!(self.turn, Turn::At(until) if until <= now) {
                self.turn = Turn::Now;
                cx.waker().wake_by_ref();
            }
            let due = self.due();
            self.timer.as_mut().reset(due);
        }
    }

    fn limits(&self) -> impl Iterator<Item = Instant> {
        let slow = self.message_since.into_iter().chain(self.sending_since).map(|t| t + MESSAGE_TIMEOUT);
        slow.chain([self.last_moved + IDLE_TIMEOUT])
    }

    fn due(&self) -> Instant {
        let turn = if let Turn::At(until) = self.turn { Some(until) } else { None };
        self.limits().chain(turn).fold(self.expires, Ord::min)
    }

    /// Says the last word where there is one, and closes so that the client can still read it.
    async fn close(mut self, end: End) {
        let last_word = match end {
            End::TooLong => refusal::too_long(self.arrived.bytes()),
            End::Left | End::Overloaded => return,
            End::Closed | End::HungUp | End::CoreLost | End::Disowned | End::Misframed | End::TooSlow => {
                Vec::new()
            }
        };
        let said = timeout(LINGER_TIMEOUT, part(&mut self.stream, &last_word));
        if !matches!(said.await, Ok(Ok(()))) {
            tracing::debug!(?end, "last-word-not-read");
        }
    }
}

/// Says the last word and closes, in order.
pub(super) async fn part(stream: &mut TlsStream<Stream>, last_word: &[u8]) -> io::Result<()> {
    stream.write_all(last_word).await?;
    stream.shutdown().await?;
    // What is unread when a socket closes makes the kernel reset the connection, and the last word is lost.
    let (socket, _) = stream.get_mut();
    let mut waste = [0; 4096];
    let mut read = 0;
    while read < LINGER_BYTES_MAX {
        match socket.read(&mut waste).await? {
            0 => break,
            bytes => read += bytes,
        }
    }
    Ok(())
}

fn misframed(error: FrameError) -> End {
    match error {
        FrameError::TooLong { .. } => End::TooLong,
        _ => End::Misframed,
    }
}
