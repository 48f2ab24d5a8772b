//! The loop that every agent runs: take what has arrived on all links, do it, answer.
//!
//! Takes everything that is there before it acts, so that an agent can share one flush among many requests.

use crate::child;
use crate::control::Wire;
use crate::envelope::{self, Correlation};
use crate::link::{Link, LinkError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::{Serialize, de::DeserializeOwned};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// A request, where it came from, and its number there.
pub struct Arrived<R> {
    /// Index of the link.
    pub from: usize,
    /// To answer with.
    pub correlation: Correlation,
    /// What is asked.
    pub request: R,
}

/// The links of one agent, by index. An empty place waits for warden to wire it anew.
#[derive(Default)]
pub struct Links {
    places: Vec<Option<Link>>,
}

impl Links {
    /// Links in their places.
    #[must_use]
    pub fn new(links: Vec<Link>) -> Self {
        Self { places: links.into_iter().map(Some).collect() }
    }

    /// Puts a new link in the place of an old one.
    pub fn replace(&mut self, at: usize, link: Link) {
        if let Some(place) = self.places.get_mut(at) {
            *place = Some(link);
        }
    }

    /// Closes the link in a place and puts warden's new end there, at the descriptor number that it always has.
    ///
    /// # Errors
    /// When the kernel refuses; end the process.
    pub fn rewire(&mut self, at: usize, wire: Wire, fd: OwnedFd) -> io::Result<()> {
        if let Some(place) = self.places.get_mut(at) {
            *place = Some(child::relink(place.take(), wire, fd)?);
        }
        Ok(())
    }

    /// Queues an answer; a peer that has gone in the meantime gets none.
    pub fn answer<M: Serialize>(&mut self, to: usize, correlation: Correlation, reply: &M) {
        let Some(Some(link)) = self.places.get_mut(to) else { return };
        if link.queue(|out| envelope::write(out, correlation, reply)).is_err() {
            tracing::error!(link = to, "answer-too-long");
            self.drop_link(to);
        }
    }

    /// Waits until something has arrived, `also` becomes readable or `timeout` is over; then takes every whole
    /// request. Returns whether `also` is readable.
    ///
    /// A peer that dies or breaks the protocol loses its link and nothing else happens.
    ///
    /// # Errors
    /// When waiting itself fails.
    pub fn wait<R: DeserializeOwned>(
        &mut self,
        also: &impl AsFd,
        timeout: Option<Duration>,
        arrived: &mut Vec<Arrived<R>>,
    ) -> io::Result<bool> {
        self.flush();
        let (readable, also_readable) = self.poll(also, timeout)?;
        for at in readable {
            let Some(Some(link)) = self.places.get_mut(at) else { continue };
            if let Err(error) = take(link, at, arrived) {
                tracing::info!(link = at, reason = %error, "link-down");
                self.drop_link(at);
            }
        }
        Ok(also_readable)
    }

    /// Writes what is queued, as far as the sockets take it.
    pub fn flush(&mut self) {
        for place in &mut self.places {
            if place.as_mut().is_some_and(|link| link.flush().is_err()) {
                *place = None;
            }
        }
    }

    fn drop_link(&mut self, at: usize) {
        if let Some(place) = self.places.get_mut(at) {
            *place = None;
        }
    }

    fn poll(&self, also: &impl AsFd, timeout: Option<Duration>) -> io::Result<(Vec<usize>, bool)> {
        let mut fds = vec![PollFd::new(also, PollFlags::IN)];
        let mut indices = Vec::new();
        for (at, link) in self.places.iter().enumerate() {
            let Some(link) = link else { continue };
            let congested = if link.is_congested() { PollFlags::empty() } else { PollFlags::IN };
            let writing = if link.wants_to_write() { PollFlags::OUT } else { PollFlags::empty() };
            fds.push(PollFd::new(link, congested | writing));
            indices.push(at);
        }
        let timeout = timeout.and_then(|wait| Timespec::try_from(wait).ok());
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let something = PollFlags::IN | PollFlags::HUP | PollFlags::ERR;
        let mut events = fds.iter().map(|fd| fd.revents().intersects(something));
        let also_readable = events.next().unwrap_or(false);
        Ok((
            indices.into_iter().zip(events).filter_map(|(at, event)| event.then_some(at)).collect(),
            also_readable,
        ))
    }
}

fn take<R: DeserializeOwned>(
    link: &mut Link,
    from: usize,
    arrived: &mut Vec<Arrived<R>>,
) -> Result<(), TakeError> {
    let filled = link.fill();
    while let Some(content) = link.next_frame()? {
        let (correlation, request) = envelope::read(content)?;
        arrived.push(Arrived { from, correlation, request });
    }
    filled?;
    Ok(())
}

#[derive(Debug, thiserror::Error)]
enum TakeError {
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Message(#[from] envelope::NotAMessage),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    fn pair() -> (Link, Link) {
        let (a, b) = UnixStream::pair().unwrap();
        (Link::new(a.into()).unwrap(), Link::new(b.into()).unwrap())
    }

    #[test]
    fn requests_of_several_peers_are_taken_together_and_answered_apart() {
        let ((mut a, a_end), (mut b, b_end)) = (pair(), pair());
        let (control, _other) = UnixStream::pair().unwrap();
        let mut links = Links::new(vec![a_end, b_end]);
        for (peer, word) in [(&mut a, 1_u32), (&mut b, 2)] {
            peer.queue(|out| envelope::write(out, Correlation(9), &word)).unwrap();
            peer.flush().unwrap();
        }
        let mut arrived = Vec::new();
        assert!(!links.wait::<u32>(&control, None, &mut arrived).unwrap());
        for one in arrived {
            links.answer(one.from, one.correlation, &(one.request * 10));
        }
        links.flush();
        for (peer, answer) in [(&mut a, 10_u32), (&mut b, 20)] {
            peer.fill().unwrap();
            assert_eq!(
                envelope::read::<u32>(peer.next_frame().unwrap().unwrap()),
                Ok((Correlation(9), answer))
            );
        }
    }

    #[test]
    fn a_peer_that_sends_nonsense_loses_its_link_and_the_other_goes_on() {
        let ((mut a, a_end), (mut b, b_end)) = (pair(), pair());
        let (control, _other) = UnixStream::pair().unwrap();
        let mut links = Links::new(vec![a_end, b_end]);
        a.queue(|out| out.push(1)).unwrap();
        a.flush().unwrap();
        let mut arrived = Vec::new();
        links.wait::<u32>(&control, Some(Duration::from_secs(1)), &mut arrived).unwrap();
        assert!(arrived.is_empty());
        assert!(matches!(a.fill(), Err(LinkError::Gone)));
        b.queue(|out| envelope::write(out, Correlation(1), &5_u32)).unwrap();
        b.flush().unwrap();
        links.wait::<u32>(&control, Some(Duration::from_secs(1)), &mut arrived).unwrap();
        assert_eq!(arrived.len(), 1);
    }

    #[test]
    fn waiting_ends_when_the_control_socket_speaks() {
        let (control, other) = UnixStream::pair().unwrap();
        io::Write::write_all(&mut &other, b"x").unwrap();
        let mut links = Links::default();
        assert!(links.wait::<u32>(&control, None, &mut Vec::new()).unwrap());
    }
}
