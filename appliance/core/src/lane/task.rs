//! Parked requests: futures, polled once when they begin and again when what they wait for has come.
//!
//! No runtime and no wakers: one thread, one list of tasks that can go on. A request that never waits is polled once
//! and is never stored.

use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// Names a parked task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TaskId(u64);

/// Who runs now, and who can go on.
#[derive(Default)]
struct Schedule {
    current: Cell<TaskId>,
    ready: RefCell<VecDeque<TaskId>>,
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// All tasks of one lane.
#[derive(Default)]
pub struct Tasks {
    schedule: Rc<Schedule>,
    parked: RefCell<HashMap<TaskId, Task>>,
    last: Cell<u64>,
}

impl Tasks {
    /// Starts a task and runs it until it waits. `None` means that it is finished.
    pub fn start(&self, task: impl Future<Output = ()> + 'static) -> Option<TaskId> {
        self.last.set(self.last.get() + 1);
        let id = TaskId(self.last.get());
        self.poll(id, Box::pin(task))
    }

    /// Runs every task that can go on, and those that these let go on, until all wait.
    pub fn run_ready(&self) {
        loop {
            let next = self.schedule.ready.borrow_mut().pop_front();
            let Some(id) = next else { return };
            let parked = self.parked.borrow_mut().remove(&id);
            if let Some(task) = parked {
                self.poll(id, task);
            }
        }
    }

    /// Drops a parked task and everything that it holds; whatever it waits for goes on without it.
    pub fn cancel(&self, id: TaskId) {
        let task = self.parked.borrow_mut().remove(&id);
        drop(task);
    }

    /// How many tasks are parked.
    #[must_use]
    pub fn parked(&self) -> usize {
        self.parked.borrow().len()
    }

    /// A value that will come, and the means to deliver it.
    #[must_use]
    pub fn promise<T>(&self) -> (Promise<T>, Resolver<T>) {
        let slot = Rc::new(Slot { value: RefCell::new(None), waiting: Cell::new(None) });
        (
            Promise { slot: Rc::clone(&slot), schedule: Rc::clone(&self.schedule) },
            Resolver { slot, schedule: Rc::clone(&self.schedule) },
        )
    }

    fn poll(&self, id: TaskId, mut task: Task) -> Option<TaskId> {
        let before = self.schedule.current.replace(id);
        let poll = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        self.schedule.current.set(before);
        match poll {
            Poll::Ready(()) => None,
            Poll::Pending => {
                self.parked.borrow_mut().insert(id, task);
                Some(id)
            }
        }
    }
}

struct Slot<T> {
    value: RefCell<Option<T>>,
    waiting: Cell<Option<TaskId>>,
}

/// A value that will come.
pub struct Promise<T> {
    slot: Rc<Slot<T>>,
    schedule: Rc<Schedule>,
}

/// Delivers the value of one [`Promise`]. Dropped undelivered, it leaves the task parked: every holder delivers.
pub struct Resolver<T> {
    slot: Rc<Slot<T>>,
    schedule: Rc<Schedule>,
}

impl<T> Resolver<T> {
    /// Delivers; the waiting task can go on.
    pub fn resolve(self, value: T) {
        *self.slot.value.borrow_mut() = Some(value);
        if let Some(id) = self.slot.waiting.take() {
            self.schedule.ready.borrow_mut().push_back(id);
        }
    }
}

impl<T> Future for Promise<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        match self.slot.value.borrow_mut().take() {
            Some(value) => Poll::Ready(value),
            None => {
                self.slot.waiting.set(Some(self.schedule.current.get()));
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_never_waits_is_never_parked() {
        let tasks = Tasks::default();
        assert!(tasks.start(async {}).is_none());
        assert_eq!(tasks.parked(), 0);
    }

    #[test]
    fn a_task_goes_on_when_its_value_comes_and_not_before() {
        let (tasks, seen) = (Tasks::default(), Rc::new(Cell::new(0)));
        let (promise, resolver) = tasks.promise();
        let into = Rc::clone(&seen);
        assert!(tasks.start(async move { into.set(promise.await) }).is_some());
        tasks.run_ready();
        assert_eq!(seen.get(), 0);
        resolver.resolve(7);
        tasks.run_ready();
        assert_eq!((seen.get(), tasks.parked()), (7, 0));
    }

    #[test]
    fn a_cancelled_task_drops_what_it_holds_and_its_value_goes_nowhere() {
        let tasks = Tasks::default();
        let held = Rc::new(());
        let (promise, resolver) = tasks.promise::<()>();
        let inside = Rc::clone(&held);
        let id = tasks.start(async move {
            promise.await;
            drop(inside);
        });
        tasks.cancel(id.unwrap());
        assert_eq!(Rc::strong_count(&held), 1);
        resolver.resolve(());
        tasks.run_ready();
    }

    #[test]
    fn a_task_may_start_another() {
        let tasks = Rc::new(Tasks::default());
        let (promise, resolver) = tasks.promise::<u8>();
        let inner = Rc::clone(&tasks);
        let seen = Rc::new(Cell::new(0));
        let into = Rc::clone(&seen);
        tasks.start(async move {
            inner.start(async move { into.set(promise.await) });
        });
        resolver.resolve(3);
        tasks.run_ready();
        assert_eq!(seen.get(), 3);
    }
}
