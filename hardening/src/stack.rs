//! Runs a closure on a stack in secret memory.
//!
//! Separate from `heap` because values and registers spill to the stack without any allocation: a key schedule that is
//! built on an ordinary stack stays readable there, long after its function returned.
//!
//! The thread's own stack stays as it is and is used again when the closure is done. The switch is one function in
//! assembly with full unwind information: backtraces pass through it, a panic is caught before it and goes on behind
//! it. A guard page lies below: overflow is a SIGSEGV on the thread's signal stack, as everywhere.
//! Rules: System V ABI (x86_64) and AAPCS64 (aarch64): rbp/x29 survive the call, stacks are 16-byte aligned.

use std::any::Any;
use std::arch::naked_asm;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};

use crate::MemoryError;
use crate::region::{Region, wipe};

/// Stacks that nobody runs on. A region is sealed and cannot be given back, so it is used again.
static IDLE: Mutex<Vec<Region>> = Mutex::new(Vec::new());

/// Runs `f` on a stack of at least `bytes` bytes in secret memory, then wipes that stack.
///
/// A panic of `f` goes on in the caller. `f` must leave by returning or panicking, as all safe code does.
///
/// # Errors
/// [`MemoryError::LockLimit`], [`MemoryError::Kernel`], [`MemoryError::Unservable`]: no such stack; `f` was not run.
pub fn run_on_secret_stack<F: FnOnce() -> R, R>(bytes: usize, f: F) -> Result<R, MemoryError> {
    let stack = take(bytes)?;
    let mut run = Run { input: ManuallyDrop::new(f), output: None };
    // One past the last byte; page-aligned, hence 16-byte aligned.
    let top = stack.base().as_ptr().wrapping_add(stack.bytes());
    // SAFETY: `top` is the end of a stack that only this call uses (taken out of IDLE), aligned, with a guard below;
    // `begin` never unwinds and matches the type of `run`, which outlives the call.
    unsafe { switch((&raw mut run).cast(), begin::<F, R>, top) };
    // SAFETY: nothing runs on this stack any more.
    unsafe { wipe(stack.base().as_ptr(), stack.bytes()) };
    IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(stack);
    match run.output {
        Some(Ok(result)) => Ok(result),
        Some(Err(panic)) => resume_unwind(panic),
        // `begin` always sets it; were it not to, nothing after this could be trusted.
        None => std::process::abort(),
    }
}

/// Maps `count` stacks of at least `bytes` bytes ahead, while the process may still lock memory and its sandbox does
/// not forbid mmap. [`run_on_secret_stack`] takes them when it is asked for no more than `bytes`.
///
/// # Errors
/// As [`run_on_secret_stack`].
pub fn reserve(count: usize, bytes: usize) -> Result<(), MemoryError> {
    for _ in 0..count {
        let stack = Region::map(bytes)?;
        IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(stack);
    }
    Ok(())
}

fn take(bytes: usize) -> Result<Region, MemoryError> {
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    match idle.iter().position(|stack| stack.bytes() >= bytes) {
        Some(index) => Ok(idle.swap_remove(index)),
        None => Region::map(bytes),
    }
}

struct Run<F, R> {
    input: ManuallyDrop<F>,
    output: Option<Result<R, Box<dyn Any + Send>>>,
}

/// The first function on the new stack. `extern "C"`: a panic that got this far would abort, not unwind.
extern "C" fn begin<F: FnOnce() -> R, R>(run: *mut ()) {
    // SAFETY: `run_on_secret_stack` passes a pointer to exactly this type, which it does not touch meanwhile.
    let run = unsafe { &mut *run.cast::<Run<F, R>>() };
    // SAFETY: taken once, here; the field is never dropped or read again.
    let f = unsafe { ManuallyDrop::take(&mut run.input) };
    run.output = Some(catch_unwind(AssertUnwindSafe(f)));
}

/// Calls `entry(data)` with the stack pointer at `top`, and comes back.
///
/// # Safety
/// `top` must be the 16-byte aligned end of a stack that nobody else uses; `entry` must accept `data` and not unwind.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn switch(data: *mut (), entry: extern "C" fn(*mut ()), top: *mut u8) {
    // rdi: data (passed on), rsi: entry, rdx: top. rbp holds the old stack; entry preserves it.
    naked_asm!(
        ".cfi_startproc",
        "push rbp",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset rbp, -16",
        "mov rbp, rsp",
        ".cfi_def_cfa_register rbp",
        "mov rsp, rdx",
        "call rsi",
        "mov rsp, rbp",
        "pop rbp",
        ".cfi_def_cfa rsp, 8",
        "ret",
        ".cfi_endproc",
    )
}

/// As above, for AArch64.
///
/// # Safety
/// As above.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn switch(data: *mut (), entry: extern "C" fn(*mut ()), top: *mut u8) {
    // x0: data (passed on), x1: entry, x2: top. x29 holds the old stack; entry preserves it.
    naked_asm!(
        ".cfi_startproc",
        "stp x29, x30, [sp, #-16]!",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset x29, -16",
        ".cfi_offset x30, -8",
        "mov x29, sp",
        ".cfi_def_cfa_register x29",
        "mov sp, x2",
        "blr x1",
        "mov sp, x29",
        ".cfi_def_cfa_register sp",
        "ldp x29, x30, [sp], #16",
        ".cfi_def_cfa_offset 0",
        ".cfi_restore x29",
        ".cfi_restore x30",
        "ret",
        ".cfi_endproc",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK_BYTES: usize = 256 * 1024;

    #[test]
    fn a_closure_runs_on_another_stack_and_its_result_comes_back() {
        let here = 0_u8;
        let far = run_on_secret_stack(STACK_BYTES, || {
            let there = 0_u8;
            (&raw const there).addr().abs_diff((&raw const here).addr())
        });
        assert!(far.unwrap() > STACK_BYTES, "still on the old stack");
        let moved = String::from("moved in");
        assert_eq!(run_on_secret_stack(STACK_BYTES, move || moved + " and out").unwrap(), "moved in and out");
    }

    #[test]
    fn a_panic_there_is_a_panic_here_and_runs_destructors_on_its_way() {
        struct Flag<'a>(&'a std::cell::Cell<bool>);
        impl Drop for Flag<'_> {
            fn drop(&mut self) {
                self.0.set(true);
            }
        }
        let dropped = std::cell::Cell::new(false);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _ = run_on_secret_stack(STACK_BYTES, || {
                let _flag = Flag(&dropped);
                std::hint::black_box(());
                panic!("on the secret stack")
            });
        }));
        assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"on the secret stack"));
        assert!(dropped.get());
    }

    #[test]
    fn a_backtrace_taken_there_reaches_the_caller() {
        #[inline(never)]
        fn caller_by_this_name() -> String {
            let capture = || std::backtrace::Backtrace::force_capture().to_string();
            run_on_secret_stack(4 * STACK_BYTES, capture).unwrap()
        }
        let trace = caller_by_this_name();
        assert!(trace.contains("caller_by_this_name"), "{trace}");
    }

    #[test]
    fn a_stack_is_wiped_afterwards_and_used_again() {
        // A size of its own, so that other tests do not take this stack meanwhile.
        const MINE: usize = 7 * STACK_BYTES;
        let place = run_on_secret_stack(MINE, || {
            let left = std::hint::black_box([0x5a_u8; 512]);
            (&raw const left).addr()
        })
        .unwrap();
        let (base, bytes) = {
            let idle = IDLE.lock().unwrap();
            let stack = idle.iter().find(|s| s.contains(std::ptr::without_provenance(place))).unwrap();
            (stack.base(), stack.bytes())
        };
        // SAFETY: a mapped region; only its content is looked at.
        assert!(unsafe { std::slice::from_raw_parts(base.as_ptr(), bytes) }.iter().all(|b| *b == 0));
    }

    #[test]
    fn stacks_nest_and_run_on_several_threads_at_once() {
        std::thread::scope(|scope| {
            for number in 0..4_u64 {
                scope.spawn(move || {
                    let sum = run_on_secret_stack(STACK_BYTES, || {
                        (0..50).map(|i| run_on_secret_stack(STACK_BYTES, || i + number).unwrap()).sum::<u64>()
                    });
                    assert_eq!(sum.unwrap(), 1225 + 50 * number);
                });
            }
        });
    }
}
