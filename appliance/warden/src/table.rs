//! The one static table of processes: who there is, who is wired to whom, and what follows when one dies.
//!
//! Everything that warden makes (socket pairs, rings, descriptor numbers, the order of starting and stopping) is
//! read off this table; there is no wiring anywhere else.

use holdfast_model::role::{Instance, Role};
use holdfast_model::{HsmName, LaneIndex};
use holdfast_ports::control::Socket;

/// One kind of process.
#[derive(Debug)]
pub struct Row {
    /// What it does.
    pub role: Role,
    /// Its descriptors, in the order of their numbers.
    pub holds: &'static [Hold],
    /// What clients see when it dies, and what warden does. For people: `holdfastd --processes` prints it.
    pub when_it_dies: &'static str,
}

/// A kind of descriptor in one kind of process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// One end of a socket pair; the other end is with this role. New at each start of either, both told.
    Pair(Kind, Role),
    /// Shared memory that outlives all who use it: the same at each start.
    Shared(Kind),
    /// Something that warden opened once and keeps: the same at each start.
    Given(Kind),
}

/// [`Socket`], without saying which of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the `Socket` of the same name")]
pub enum Kind {
    Front,
    Edge,
    Sign,
    Keystore,
    Root,
    Audit,
    Ring,
    Import,
    ListenKmip,
    ListenHttps,
    ListenLocal,
    ListenOps,
    Pin,
    TlsKey,
}

/// All processes, in the order in which they start. They stop in the reverse order.
pub static TABLE: [Row; 6] = [
    Row {
        role: Role::AuditAgent,
        holds: &[Hold::Pair(Kind::Audit, Role::Core), Hold::Shared(Kind::Ring)],
        when_it_dies: "requests are refused until it is back; nothing is done unaudited",
    },
    Row {
        role: Role::KeystoreAgent,
        holds: &[Hold::Pair(Kind::Keystore, Role::Core)],
        when_it_dies: "a short pause; uncertain writes are settled by compare-and-set",
    },
    Row {
        role: Role::RootAgent,
        holds: &[Hold::Pair(Kind::Root, Role::Core), Hold::Given(Kind::Pin)],
        when_it_dies: "unsealed tenants go on; sealed ones wait until it is back",
    },
    Row {
        role: Role::Core,
        holds: &[
            Hold::Given(Kind::TlsKey),
            Hold::Pair(Kind::Audit, Role::AuditAgent),
            Hold::Shared(Kind::Ring),
            Hold::Pair(Kind::Keystore, Role::KeystoreAgent),
            Hold::Pair(Kind::Root, Role::RootAgent),
            Hold::Pair(Kind::Import, Role::Importer),
            Hold::Pair(Kind::Edge, Role::Frontend),
            Hold::Pair(Kind::Sign, Role::Frontend),
            Hold::Pair(Kind::Front, Role::Frontend),
        ],
        when_it_dies: "connections drop; every key is gone; tenants unseal again from the HSM. Frontend and agents are wired anew; nothing else restarts",
    },
    Row {
        role: Role::Importer,
        holds: &[Hold::Pair(Kind::Import, Role::Core)],
        when_it_dies: "nothing; it reads the spool again",
    },
    Row {
        role: Role::Frontend,
        holds: &[
            Hold::Given(Kind::ListenKmip),
            Hold::Given(Kind::ListenHttps),
            Hold::Given(Kind::ListenLocal),
            Hold::Given(Kind::ListenOps),
            Hold::Pair(Kind::Edge, Role::Core),
            Hold::Pair(Kind::Sign, Role::Core),
            Hold::Pair(Kind::Front, Role::Core),
        ],
        when_it_dies: "clients reconnect; the listening sockets stay open meanwhile",
    },
];

/// How many there are of what.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Fast lanes of core.
    pub lanes: u16,
    /// Frontend workers.
    pub workers: u16,
    /// HSMs, one root-agent each.
    pub hsms: Vec<HsmName>,
    /// Whether KMIP is served over HTTPS too.
    pub https: bool,
    /// Whether KMIP is served on a socket of this host too.
    pub local: bool,
}

impl Counts {
    /// Every process of a role.
    pub(crate) fn instances(&self, role: Role) -> Vec<Instance> {
        match role {
            Role::RootAgent => self.hsms.iter().map(|hsm| Instance { role, hsm: Some(*hsm) }).collect(),
            _ => vec![Instance::of(role)],
        }
    }

    fn lanes(&self) -> impl Iterator<Item = LaneIndex> + use<> {
        (0..self.lanes).map(LaneIndex)
    }
}

impl Kind {
    /// Every socket of this kind that one process holds.
    pub(crate) fn sockets(self, holder: Instance, counts: &Counts) -> Vec<Socket> {
        match self {
            Self::Front => (0..counts.workers)
                .flat_map(|worker| counts.lanes().map(move |lane| Socket::Front { worker, lane }))
                .collect(),
            Self::Sign => (0..counts.workers).map(|worker| Socket::Sign { worker }).collect(),
            Self::Keystore => counts.lanes().map(|lane| Socket::Keystore { lane }).collect(),
            Self::Audit => counts.lanes().map(|lane| Socket::Audit { lane }).collect(),
            Self::Ring => counts.lanes().map(|lane| Socket::Ring { lane }).collect(),
            Self::Root => {
                let hsms = holder.hsm.map_or_else(|| counts.hsms.clone(), |hsm| vec![hsm]);
                let each = |hsm| counts.lanes().map(move |lane| Socket::Root { hsm, lane });
                hsms.into_iter().flat_map(each).collect()
            }
            Self::Edge => vec![Socket::Edge],
            Self::Import => vec![Socket::Import],
            Self::ListenKmip => vec![Socket::ListenKmip],
            Self::ListenHttps => counts.https.then_some(Socket::ListenHttps).into_iter().collect(),
            Self::ListenLocal => counts.local.then_some(Socket::ListenLocal).into_iter().collect(),
            Self::ListenOps => vec![Socket::ListenOps],
            Self::Pin => vec![Socket::Pin],
            Self::TlsKey => vec![Socket::TlsKey],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_that_warden_starts_stands_in_the_table_once_and_in_order() {
        assert_eq!(TABLE.each_ref().map(|row| row.role), Role::CHILDREN);
    }

    #[test]
    fn every_pair_has_two_ends() {
        for row in &TABLE {
            for hold in row.holds {
                let Hold::Pair(kind, peer) = hold else { continue };
                let other = TABLE.iter().find(|other| other.role == *peer).unwrap();
                assert!(other.holds.contains(&Hold::Pair(*kind, row.role)), "{kind:?} of {}", row.role);
            }
        }
    }

    #[test]
    fn only_core_gets_the_tls_key_and_only_the_root_agent_a_pin() {
        let holders = |kind| {
            let holds = move |row: &&Row| row.holds.contains(&Hold::Given(kind));
            TABLE.iter().filter(holds).map(|row| row.role).collect::<Vec<_>>()
        };
        assert_eq!(holders(Kind::TlsKey), [Role::Core]);
        assert_eq!(holders(Kind::Pin), [Role::RootAgent]);
        assert_eq!(holders(Kind::ListenKmip), [Role::Frontend]);
    }

    #[test]
    fn nobody_but_core_is_wired_to_more_than_one_process() {
        for row in TABLE.iter().filter(|row| row.role != Role::Core) {
            let peers = row.holds.iter().filter_map(|hold| match hold {
                Hold::Pair(_, peer) => Some(*peer),
                Hold::Shared(_) | Hold::Given(_) => None,
            });
            assert!(peers.into_iter().all(|peer| peer == Role::Core), "{}", row.role);
        }
    }
}
