//! Which server to try next: the first in order that is not resting after a failure.
//!
//! Without locks: two threads that judge a server at once may each be a little behind, and no more.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Doublings of the pause: enough to reach any bound.
const DOUBLINGS_MAX: u32 = 20;

pub(super) struct Servers {
    began: Instant,
    states: Box<[State]>,
}

#[derive(Default)]
struct State {
    failures: AtomicU32,
    /// Milliseconds since `began` until which it rests.
    rests_until_ms: AtomicU64,
}

impl Servers {
    pub(super) fn new(count: usize) -> Self {
        Servers { began: Instant::now(), states: (0..count).map(|_| State::default()).collect() }
    }

    /// The servers to try now, in order. If all rest, the one that has rested enough soonest: no call fails untried.
    pub(super) fn to_try(&self) -> impl Iterator<Item = usize> + '_ {
        let now = self.now_ms();
        let resting = move |state: &State| state.rests_until_ms.load(Ordering::Relaxed) > now;
        let all_rest = self.states.iter().all(resting);
        let soonest = self.states.iter().enumerate();
        let soonest = soonest.min_by_key(|(_, state)| state.rests_until_ms.load(Ordering::Relaxed));
        let soonest = soonest.map(|(index, _)| index).filter(|_| all_rest);
        let awake = self.states.iter().enumerate().filter(move |(_, state)| !resting(state));
        awake.map(|(index, _)| index).chain(soonest)
    }

    /// It answered.
    pub(super) fn works(&self, server: usize) {
        if let Some(state) = self.states.get(server)
            && state.failures.load(Ordering::Relaxed) != 0
        {
            state.failures.store(0, Ordering::Relaxed);
            state.rests_until_ms.store(0, Ordering::Relaxed);
        }
    }

    /// It could not be reached, or did not answer.
    pub(super) fn fails(&self, server: usize, first: Duration, longest: Duration) {
        if let Some(state) = self.states.get(server) {
            let failures = state.failures.fetch_add(1, Ordering::Relaxed).min(DOUBLINGS_MAX);
            let pause = first.saturating_mul(1 << failures).min(longest);
            // A little less, by the clock's last digits: not all clients come back at once.
            let spread = u64::from(self.began.elapsed().subsec_nanos() % 256);
            let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            let pause = pause.saturating_sub(pause / 4 * spread / 256);
            state.rests_until_ms.store(self.now_ms().saturating_add(pause), Ordering::Relaxed);
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn to_try(servers: &Servers) -> Vec<usize> {
        servers.to_try().collect()
    }

    #[test]
    fn the_first_that_works_is_tried_first() {
        let servers = Servers::new(3);
        assert_eq!(to_try(&servers), [0, 1, 2]);
        servers.fails(0, HOUR, HOUR);
        assert_eq!(to_try(&servers), [1, 2]);
        servers.works(0);
        assert_eq!(to_try(&servers), [0, 1, 2]);
    }

    #[test]
    fn a_server_is_tried_again_after_its_rest() {
        let servers = Servers::new(2);
        servers.fails(0, Duration::from_millis(20), HOUR);
        assert_eq!(to_try(&servers), [1]);
        std::thread::sleep(Duration::from_millis(25));
        assert_eq!(to_try(&servers), [0, 1]);
    }

    #[test]
    fn when_all_rest_the_one_that_rests_least_is_tried() {
        let servers = Servers::new(2);
        servers.fails(0, HOUR * 2, HOUR * 2);
        servers.fails(1, HOUR, HOUR);
        assert_eq!(to_try(&servers), [1]);
    }

    #[test]
    fn a_rest_grows_to_its_bound() {
        let servers = Servers::new(1);
        for _ in 0..100 {
            servers.fails(0, Duration::from_millis(1), Duration::from_secs(1));
        }
        let until = servers.states.iter().map(|state| state.rests_until_ms.load(Ordering::Relaxed)).max();
        assert!(until.is_some_and(|until| until <= servers.now_ms() + 1000));
    }
}
