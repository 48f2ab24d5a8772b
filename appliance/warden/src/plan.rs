//! The table applied to a configuration: every process, every descriptor, every number.

use crate::table::{Counts, Hold, TABLE};
use holdfast_model::role::{Instance, Role};
use holdfast_ports::control::{CONTROL_FD, FIRST_FD, Socket};

/// One descriptor of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// What it is for.
    pub(crate) socket: Socket,
    /// Its number in the process, for ever.
    pub(crate) fd: i32,
    /// Who holds the other end, if it has one.
    pub(crate) peer: Option<Instance>,
}

/// One process.
#[derive(Debug)]
pub(crate) struct Planned {
    /// Who.
    pub(crate) instance: Instance,
    /// Its descriptors.
    pub(crate) places: Vec<Place>,
}

impl Planned {
    /// The highest number at which this process keeps a descriptor.
    pub(crate) fn highest_fd(&self) -> i32 {
        self.places.iter().map(|place| place.fd).max().unwrap_or(CONTROL_FD)
    }

    /// The number at which this process keeps a socket.
    pub(crate) fn fd_of(&self, socket: Socket) -> Option<i32> {
        self.places.iter().find(|place| place.socket == socket).map(|place| place.fd)
    }
}

/// Every process, in the order of starting.
pub(crate) fn plan(counts: &Counts) -> Vec<Planned> {
    let mut plan = Vec::new();
    for row in &TABLE {
        for instance in counts.instances(row.role) {
            let mut places = Vec::new();
            for hold in row.holds {
                let (Hold::Pair(kind, _) | Hold::Shared(kind) | Hold::Given(kind)) = *hold;
                for socket in kind.sockets(instance, counts) {
                    let fd = i32::try_from(places.len()).map_or(i32::MAX, |at| FIRST_FD.saturating_add(at));
                    places.push(Place { socket, fd, peer: peer(*hold, socket) });
                }
            }
            plan.push(Planned { instance, places });
        }
    }
    plan
}

fn peer(hold: Hold, socket: Socket) -> Option<Instance> {
    match (hold, socket) {
        (Hold::Pair(_, Role::RootAgent), Socket::Root { hsm, .. }) => {
            Some(Instance { role: Role::RootAgent, hsm: Some(hsm) })
        }
        (Hold::Pair(_, role), _) => Some(Instance::of(role)),
        (Hold::Shared(_) | Hold::Given(_), _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hardening::fds::SLOT_MAX;
    use holdfast_model::HsmName;
    use holdfast_model::limits::{HSMS_MAX, LANES_MAX};
    use std::collections::BTreeSet;

    fn largest() -> Counts {
        let most = u16::try_from(LANES_MAX).unwrap();
        let hsms = (0..HSMS_MAX).map(|n| HsmName::parse(&format!("hsm-{n}")).unwrap()).collect();
        Counts { lanes: most, workers: most, hsms, https: true, local: true }
    }

    #[test]
    fn numbers_are_dense_and_no_two_descriptors_share_one() {
        for planned in plan(&largest()) {
            let numbers: BTreeSet<i32> = planned.places.iter().map(|place| place.fd).collect();
            assert_eq!(numbers.len(), planned.places.len());
            assert_eq!(numbers.first(), Some(&FIRST_FD));
            assert_eq!(numbers.last().map(|last| last - FIRST_FD + 1), i32::try_from(numbers.len()).ok());
        }
    }

    #[test]
    fn the_largest_box_fits_into_the_numbers_that_a_child_can_be_given() {
        let highest = plan(&largest()).iter().flat_map(|p| &p.places).map(|place| place.fd).max().unwrap();
        assert!(highest < SLOT_MAX, "{highest}");
    }

    #[test]
    fn each_end_of_a_pair_knows_the_other() {
        let plan = plan(&largest());
        for planned in &plan {
            for place in &planned.places {
                let Some(peer) = place.peer else { continue };
                let other = plan.iter().find(|other| other.instance == peer).unwrap();
                let back = other.places.iter().find(|back| back.socket == place.socket).unwrap();
                assert_eq!(back.peer, Some(planned.instance));
            }
        }
    }
}
