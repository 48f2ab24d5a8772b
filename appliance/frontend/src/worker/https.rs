//! One client that speaks KMIP over HTTPS: a request at a time, each answered before the next is looked at.
//!
//! Separate from `connection`, whose clients speak TTLV and send many requests at once: here a straight line is enough. Bounds,
//! rates and time limits are the same; memory for a body is taken as it comes, not as it is announced.

use super::Worker;
use super::client::{Client, End};
use super::connection::{Open, part};
use super::stream::Stream;
use crate::http::{self, Head};
use crate::refusal;
use holdfast_model::Timestamp;
use holdfast_model::limits::{HTTP_HEAD_BYTES_MAX, IDLE_TIMEOUT, LINGER_TIMEOUT, MESSAGE_TIMEOUT};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::server::TlsStream;
use zeroize::Zeroize;

/// Above this, an emptied buffer is given back rather than kept.
const KEPT_BYTES_MAX: usize = HTTP_HEAD_BYTES_MAX;

/// Serves one admitted client to its end.
pub(super) async fn converse(worker: Rc<Worker>, stream: TlsStream<Stream>, open: Open) -> End {
    let mut talk = Talk { worker, stream, open, arrived: Vec::new() };
    let end = loop {
        match talk.exchange().await {
            Ok(true) => {}
            Ok(false) => break End::Closed,
            Err(Broken::End(end)) => break end,
            Err(Broken::Refused(refusal)) => {
                let answer = refusal.answer();
                let said = timeout(LINGER_TIMEOUT, part(&mut talk.stream, &answer));
                if !matches!(said.await, Ok(Ok(()))) {
                    tracing::debug!("last-word-not-read");
                }
                return End::Misframed;
            }
        }
    };
    if !matches!(end, End::Left | End::Overloaded)
        && !matches!(timeout(LINGER_TIMEOUT, part(&mut talk.stream, &[])).await, Ok(Ok(())))
    {
        tracing::debug!(?end, "last-word-not-read");
    }
    end
}

struct Talk {
    worker: Rc<Worker>,
    stream: TlsStream<Stream>,
    open: Open,
    /// What the client sent and is not yet used up.
    arrived: Vec<u8>,
}

/// Why a conversation does not go on.
enum Broken {
    End(End),
    Refused(http::Refusal),
}

impl From<End> for Broken {
    fn from(end: End) -> Self {
        Broken::End(end)
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.arrived.zeroize();
    }
}

impl Talk {
    /// One request and its answer. `false`: the client closed in order, or is not to send another.
    async fn exchange(&mut self) -> Result<bool, Broken> {
        let Some(head) = self.head().await? else { return Ok(false) };
        let whole = head.bytes.saturating_add(head.body);
        let deadline = Instant::now() + MESSAGE_TIMEOUT;
        if head.asks && self.arrived.len() < whole {
            self.write(http::GO_ON).await?;
        }
        while self.arrived.len() < whole {
            if !self.read(deadline).await? {
                return Err(End::Left.into());
            }
        }
        let body = self.arrived.get(head.bytes..whole).unwrap_or_default();
        let message = http::to_ttlv(head.encoding, body, self.worker.shared.message_bytes_max);
        let (mut reply, last) = match message {
            Ok(message) => self.ask(&message).await?,
            Err(http::Unreadable) => (refusal::unreadable(), false),
        };
        self.used_up(whole);
        let keep = head.keep && !last;
        let answer = http::answer(head.encoding, &reply, keep, head.old);
        reply.zeroize();
        self.write(&answer.ok_or(End::CoreLost)?).await?;
        Ok(keep)
    }

    /// The head of the next request; `None` if the client closed in order.
    async fn head(&mut self) -> Result<Option<Head>, Broken> {
        let mut deadline = Instant::now() + IDLE_TIMEOUT;
        let mut begun = false;
        loop {
            if !self.arrived.is_empty() {
                if let Some(head) = http::head(&self.arrived).map_err(Broken::Refused)? {
                    return Ok(Some(head));
                }
                if !begun {
                    begun = true;
                    deadline = Instant::now() + MESSAGE_TIMEOUT;
                }
            }
            if !self.read(deadline).await? {
                return if self.arrived.is_empty() { Ok(None) } else { Err(End::Left.into()) };
            }
        }
    }

    /// Hands a request to core when its turn has come; the reply, and whether it is core's last word.
    async fn ask(&mut self, message: &[u8]) -> Result<(Vec<u8>, bool), End> {
        let wait = self.open.bucket.reserve(Instant::now().into_std());
        if !wait.is_zero() {
            self.worker.shared.counters.delayed.add(1);
            sleep(wait).await;
        }
        let Open { up, client, number, .. } = &self.open;
        let patience = Instant::now() + IDLE_TIMEOUT;
        until(
            client,
            patience,
            |cx| if up.takes_more(cx.waker()) { Poll::Ready(Ok(())) } else { Poll::Pending },
        )
        .await?;
        if client.admitted.identity.not_after.since(Timestamp::now()).is_zero() {
            return Err(End::Disowned);
        }
        client.asked();
        self.worker.shared.counters.requests.add(1);
        if !up.request(*number, message) {
            return Err(End::CoreLost);
        }
        let mut reply = Vec::new();
        until(client, patience, |_| {
            client.take_replies(&mut reply);
            match (reply.is_empty(), client.has_last_word()) {
                (false, _) => Poll::Ready(Ok(())),
                (true, true) => Poll::Ready(Err(End::HungUp)),
                (true, false) => Poll::Pending,
            }
        })
        .await?;
        client.share.shrink(reply.len());
        Ok((reply, client.has_last_word()))
    }

    /// Reads some more. `false`: the client closed its direction.
    async fn read(&mut self, deadline: Instant) -> Result<bool, End> {
        let Self { worker, stream, open, arrived } = self;
        let bytes = until(&open.client, deadline, |cx| {
            let mut scratch = worker.scratch.borrow_mut();
            let mut room = ReadBuf::new(&mut scratch);
            match Pin::new(&mut *stream).poll_read(cx, &mut room) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(Err(End::Left)),
                Poll::Ready(Ok(())) => {}
            }
            let bytes = room.filled().len();
            let kept = open.client.share.grow(bytes);
            if kept {
                keep(arrived, room.filled());
            }
            if let Some(used) = scratch.get_mut(..bytes) {
                used.zeroize();
            }
            Poll::Ready(if kept { Ok(bytes) } else { Err(End::Overloaded) })
        })
        .await?;
        Ok(bytes > 0)
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), End> {
        let written = timeout(MESSAGE_TIMEOUT, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Left),
            Err(_) => Err(End::TooSlow),
        }
    }

    /// Wipes a request that was answered; what came behind it stays.
    fn used_up(&mut self, bytes: usize) {
        self.open.client.share.shrink(bytes);
        let left = self.arrived.len().saturating_sub(bytes);
        let behind = self.arrived.len() - left;
        self.arrived.copy_within(behind.., 0);
        if let Some(free) = self.arrived.get_mut(left..) {
            free.zeroize();
        }
        self.arrived.truncate(left);
        if left == 0 && self.arrived.capacity() > KEPT_BYTES_MAX {
            self.arrived = Vec::new();
        }
    }
}

/// Appends, and wipes what it moves.
fn keep(arrived: &mut Vec<u8>, more: &[u8]) {
    let wanted = arrived.len().saturating_add(more.len());
    if wanted > arrived.capacity() {
        let mut grown = Vec::with_capacity(wanted.saturating_mul(2));
        grown.extend_from_slice(arrived);
        arrived.zeroize();
        *arrived = grown;
    }
    arrived.extend_from_slice(more);
}

/// Polls until it is done, the client is to be ended, or the time is over.
async fn until<T>(
    client: &Client,
    deadline: Instant,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<Result<T, End>>,
) -> Result<T, End> {
    let polled = poll_fn(|cx| {
        client.attend(cx.waker());
        match client.ended() {
            Some(end) => Poll::Ready(Err(end)),
            None => poll(cx),
        }
    });
    timeout_at(deadline, polled).await.unwrap_or(Err(End::TooSlow))
}
