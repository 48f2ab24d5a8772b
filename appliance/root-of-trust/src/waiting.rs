//! Requests that wait for a worker: bounded per lane, taken in turn, so that no lane can starve another.

use crate::limits::WAITING_PER_LANE_MAX;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The lane has as many requests waiting as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// One queue per lane.
pub(crate) struct Waiting<J> {
    queues: Mutex<Queues<J>>,
    more: Condvar,
}

struct Queues<J> {
    lanes: Vec<VecDeque<J>>,
    next: usize,
}

impl<J> Waiting<J> {
    pub(crate) fn new(lanes: usize) -> Self {
        let lanes = (0..lanes).map(|_| VecDeque::new()).collect();
        Self { queues: Mutex::new(Queues { lanes, next: 0 }), more: Condvar::new() }
    }

    /// Puts a request at the end of its lane's queue.
    pub(crate) fn put(&self, lane: usize, job: J) -> Result<(), Full> {
        let mut queues = self.queues();
        let queue =
            queues.lanes.get_mut(lane).filter(|queue| queue.len() < WAITING_PER_LANE_MAX).ok_or(Full)?;
        queue.push_back(job);
        self.more.notify_one();
        Ok(())
    }

    /// Waits for a request; lanes take turns.
    pub(crate) fn take(&self) -> J {
        let mut queues = self.queues();
        loop {
            let lanes = queues.lanes.len();
            for turn in 0..lanes {
                let lane = (queues.next + turn) % lanes;
                if let Some(job) = queues.lanes.get_mut(lane).and_then(VecDeque::pop_front) {
                    queues.next = (lane + 1) % lanes;
                    return job;
                }
            }
            queues = self.more.wait(queues).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Forgets what a lane that has died was waiting for.
    pub(crate) fn forget(&self, lane: usize) {
        if let Some(queue) = self.queues().lanes.get_mut(lane) {
            queue.clear();
        }
    }

    fn queues(&self) -> MutexGuard<'_, Queues<J>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_take_turns_and_each_keeps_its_order() {
        let waiting = Waiting::new(3);
        for job in ["a1", "a2", "a3"] {
            waiting.put(0, job).unwrap();
        }
        waiting.put(2, "c1").unwrap();
        let taken: Vec<_> = (0..4).map(|_| waiting.take()).collect();
        assert_eq!(taken, ["a1", "c1", "a2", "a3"]);
    }

    #[test]
    fn a_lane_that_asks_for_too_much_is_refused_and_the_others_are_not() {
        let waiting = Waiting::new(2);
        for job in 0..WAITING_PER_LANE_MAX {
            waiting.put(0, job).unwrap();
        }
        assert_eq!(waiting.put(0, 9), Err(Full));
        assert_eq!(waiting.put(7, 9), Err(Full));
        waiting.put(1, 9).unwrap();
        waiting.forget(0);
        assert_eq!(waiting.take(), 9);
    }
}
