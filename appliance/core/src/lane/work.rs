//! Work that would hold up a fast lane, handed to a slow one: RSA keys that are made, PBKDF2 with many iterations.
//!
//! A lane puts a job into one bounded queue and parks the request; the slow lane's thread does one job after the other and wakes
//! the lane that waits for it. A request that is gone meanwhile leaves its job to be done for nobody: its result is wiped.
//! Trusts: the lanes. Rules: DESIGN, section 3 (a lane never blocks; slow work goes to a bounded slow lane).

use super::task::{Promise, Tasks};
use core::cell::{Cell, RefCell};
use holdfast_model::LaneIndex;
use holdfast_model::limits::{SLOW_JOBS_MAX, SLOW_JOBS_PER_TENANT_MAX};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// How much the slow lane steps back behind the fast ones where they want the same processor: about a tenth of it is left to
/// it, so that it goes on.
const NICE: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

/// A lane's way to the slow lane, before it is in its thread.
#[derive(Clone)]
pub struct Queue {
    jobs: SyncSender<(LaneIndex, Job)>,
}

/// The slow lane's end.
pub struct Worker {
    jobs: Receiver<(LaneIndex, Job)>,
    wake: Vec<UnixStream>,
}

/// Makes the queue. `wake` are the lanes' wake sockets, in order.
#[must_use]
pub fn queue(wake: Vec<UnixStream>) -> (Queue, Worker) {
    let (send, jobs) = sync_channel(SLOW_JOBS_MAX);
    (Queue { jobs: send }, Worker { jobs, wake })
}

impl Worker {
    /// Steps back behind the fast lanes. Asks for nothing that a sandbox would allow, so it comes before one.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn step_back() -> rustix::io::Result<()> {
        // Zero means the thread that asks.
        match rustix::process::setpriority_process(None, NICE) {
            // It stands further back already, as the whole process does: it may not come forward, and need not.
            Ok(()) | Err(rustix::io::Errno::ACCESS) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The slow lane's thread: does what comes, until all lanes are gone.
    pub fn run(&self) {
        while let Ok((lane, job)) = self.jobs.recv() {
            job();
            if let Some(wake) = self.wake.get(usize::from(lane.0)) {
                // A wake socket that is full wakes its lane just as well.
                let _full = (&*wake).write(&[1]);
            }
        }
    }
}

/// There is no room for more slow work: of the tenant, or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// Tells whether its result has come, and delivers it if so.
type Collect = Box<dyn Fn() -> bool>;

/// A lane's slow work.
pub struct Work {
    queue: Queue,
    lane: LaneIndex,
    awaited: RefCell<Vec<Collect>>,
}

impl Work {
    /// Nothing is awaited yet.
    #[must_use]
    pub fn new(queue: Queue, lane: LaneIndex) -> Self {
        Self { queue, lane, awaited: RefCell::default() }
    }

    /// Hands over a job; what it yields will come. `of_tenant` counts the tenant's jobs.
    ///
    /// # Errors
    /// [`Busy`]: nothing was handed over.
    pub fn start<T: Send + 'static>(
        &self,
        tasks: &Tasks,
        of_tenant: &Rc<Cell<usize>>,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Promise<T>, Busy> {
        if of_tenant.get() >= SLOW_JOBS_PER_TENANT_MAX {
            return Err(Busy);
        }
        let slot = Arc::new(Mutex::new(None));
        let fill = Arc::clone(&slot);
        let job: Job = Box::new(move || {
            let done = job();
            *fill.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        });
        self.queue.jobs.try_send((self.lane, job)).map_err(|_| Busy)?;
        of_tenant.set(of_tenant.get() + 1);
        let (promise, resolver) = tasks.promise();
        let (resolver, of_tenant) = (Cell::new(Some(resolver)), Rc::clone(of_tenant));
        self.awaited.borrow_mut().push(Box::new(move || {
            let Some(done) = slot.lock().unwrap_or_else(PoisonError::into_inner).take() else { return false };
            of_tenant.set(of_tenant.get().saturating_sub(1));
            if let Some(resolver) = resolver.take() {
                resolver.resolve(done);
            }
            true
        }));
        Ok(promise)
    }

    /// Delivers what has come; called when the lane is woken.
    pub fn collect(&self) {
        if self.awaited.borrow().is_empty() {
            return;
        }
        let awaited = core::mem::take(&mut *self.awaited.borrow_mut());
        let mut open: Vec<_> = awaited.into_iter().filter(|collect| !collect()).collect();
        self.awaited.borrow_mut().append(&mut open);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn stage() -> (Work, Worker, UnixStream) {
        let (lane, wake) = UnixStream::pair().unwrap();
        let (queue, worker) = queue(vec![wake]);
        (Work::new(queue, LaneIndex(0)), worker, lane)
    }

    #[test]
    fn a_job_is_done_elsewhere_and_its_lane_is_woken_for_it() {
        let (work, worker, mut lane) = stage();
        let (tasks, seen) = (Tasks::default(), Rc::new(Cell::new(0)));
        let promise = work.start(&tasks, &Rc::default(), || 6 * 7).unwrap();
        let into = Rc::clone(&seen);
        tasks.start(async move { into.set(promise.await) });
        work.collect();
        tasks.run_ready();
        assert_eq!(seen.get(), 0);
        let thread = std::thread::spawn(move || worker.run());
        lane.read_exact(&mut [0]).unwrap();
        work.collect();
        tasks.run_ready();
        assert_eq!(seen.get(), 42);
        drop(work);
        thread.join().unwrap();
    }

    #[test]
    fn a_tenant_has_so_many_jobs_and_no_more_and_all_tenants_together_likewise() {
        let (work, _worker, _lane) = stage();
        let (tasks, tenant) = (Tasks::default(), Rc::default());
        for _ in 0..SLOW_JOBS_PER_TENANT_MAX {
            assert!(work.start(&tasks, &tenant, || ()).is_ok());
        }
        assert!(work.start(&tasks, &tenant, || ()).is_err());
        let mut others = SLOW_JOBS_PER_TENANT_MAX;
        while work.start(&tasks, &Rc::default(), || ()).is_ok() {
            others += 1;
        }
        assert_eq!(others, SLOW_JOBS_MAX);
    }

    #[test]
    fn a_job_whose_request_is_gone_is_done_for_nobody_and_frees_its_place() {
        let (work, worker, mut lane) = stage();
        let (tasks, tenant) = (Tasks::default(), Rc::<Cell<usize>>::default());
        drop(work.start(&tasks, &tenant, || vec![1, 2, 3]).unwrap());
        assert_eq!(tenant.get(), 1);
        let thread = std::thread::spawn(move || worker.run());
        lane.read_exact(&mut [0]).unwrap();
        work.collect();
        assert_eq!(tenant.get(), 0);
        drop(work);
        thread.join().unwrap();
    }
}
