//! Socket pairs between processes: made when one end starts, held while the other end is not there yet.
//!
//! Separate from `watch` because this is the whole of "who gets which end".

use crate::process::Process;
use crate::resources::Resources;
use holdfast_model::Generation;
use holdfast_model::role::Instance;
use holdfast_ports::control::{Socket, ToChild, Wire};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Ends that wait for their process to start.
pub(crate) type Held = BTreeMap<(Instance, Socket), OwnedFd>;

/// The descriptors of one start: new ends of pairs, and copies of what is given or shared.
pub(crate) struct Wiring<'a> {
    /// What the child is told.
    pub(crate) wires: Vec<Wire>,
    own: Vec<(OwnedFd, i32)>,
    lent: Vec<(BorrowedFd<'a>, i32)>,
}

impl Wiring<'_> {
    /// The table for the start.
    pub(crate) fn table(&self) -> Vec<(BorrowedFd<'_>, i32)> {
        let own = self.own.iter().map(|(end, fd)| (end.as_fd(), *fd));
        own.chain(self.lent.iter().copied()).collect()
    }
}

/// Wires one process for its next start, and tells its running neighbours about their new ends.
///
/// A neighbour that is down finds its end in `held` when it starts; what is written to it until then is not lost.
/// A neighbour that cannot be told is broken; its watch ends it.
pub(crate) fn wire<'a>(
    processes: &mut [Process],
    at: usize,
    held: &mut Held,
    resources: &'a Resources,
) -> io::Result<Wiring<'a>> {
    let mut wiring = Wiring { wires: Vec::new(), own: Vec::new(), lent: Vec::new() };
    let Some(process) = processes.get(at) else { return Ok(wiring) };
    let (me, generation) = (process.instance(), process.generation);
    for place in process.planned.places.clone() {
        let mut peer_generation = generation;
        match place.peer {
            None => wiring.lent.push((resources.find(me, place.socket)?, place.fd)),
            Some(peer) => {
                let Some(peer) = processes.iter_mut().find(|process| process.instance() == peer) else {
                    continue;
                };
                peer_generation = peer.generation_to_meet();
                let mine = match held.remove(&(me, place.socket)) {
                    Some(waiting) => waiting,
                    None => {
                        let (mine, theirs) = pair()?;
                        hand_over(peer, place.socket, generation, theirs, held);
                        mine
                    }
                };
                wiring.own.push((mine, place.fd));
            }
        }
        wiring.wires.push(Wire { socket: place.socket, fd: place.fd, peer: peer_generation });
    }
    Ok(wiring)
}

/// Gives a neighbour its new end, now or at its next start.
fn hand_over(peer: &mut Process, socket: Socket, from: Generation, end: OwnedFd, held: &mut Held) {
    let (instance, fd) = (peer.instance(), peer.planned.fd_of(socket));
    let Some(running) = peer.running_mut() else {
        held.insert((instance, socket), end);
        return;
    };
    let (Some(control), Some(fd)) = (&mut running.control, fd) else { return };
    if let Err(error) = control.tell(&ToChild::Rewire(Wire { socket, fd, peer: from }), Some(end)) {
        running.give_up(instance, &error);
    }
}

fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?)
}
