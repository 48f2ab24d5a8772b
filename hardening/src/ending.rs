//! Wipes secret memory when the process is ended by a signal or a panic.
//!
//! Separate from `arena` because it is about how a process ends, not about where secrets live.
//! Handlers use only async-signal-safe operations: storing an atomic, overwriting memory, write(2), exit_group(2).
//! Rules: signal-safety(7).

use std::io;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::MemoryError;

/// The exit code of a process that ended because of a panic (what Rust programs use).
pub const EXIT_AFTER_PANIC: i32 = 101;

/// Signals that end the process: asked to stop, or broken. SIGKILL and the sandbox's SIGSYS cannot be
/// caught; the kernel frees the pages.
const ENDING_SIGNALS: [i32; 10] = [
    libc::SIGTERM,
    libc::SIGINT,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGABRT,
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGXFSZ,
];

/// From here on, a panic in any thread and every ending signal wipes all secrets and ends the process at once,
/// with code [`EXIT_AFTER_PANIC`] or 128 plus the signal's number. Nothing is unwound, no destructor runs.
///
/// The panic is reported as file and line only: its text might hold what must not be shown.
/// Call it before the sandbox forbids `rt_sigaction`. Calling twice is harmless.
///
/// # Errors
/// [`MemoryError::Kernel`]: a handler could not be set.
pub fn wipe_on_ending() -> Result<(), MemoryError> {
    for signal in ENDING_SIGNALS {
        set_handler(signal).map_err(|source| MemoryError::Kernel { step: "sigaction", source })?;
    }
    std::panic::set_hook(Box::new(|panic| {
        // Wiped first: reporting may fail, and after wiping no allocation is possible.
        let (file, line) = panic.location().map_or(("?", 0), |at| (at.file(), at.line()));
        end(EXIT_AFTER_PANIC, || report(file, line))
    }));
    Ok(())
}

/// Wipes all secrets, heap included if it is secret, and ends the process at once with `code`.
pub fn wipe_and_exit(code: i32) -> ! {
    end(code, || ())
}

/// The code of whoever began to end the process; once wiped, other threads stumble and come here too.
static CODE: AtomicI32 = AtomicI32::new(-1);

fn end(code: i32, before_exit: impl FnOnce()) -> ! {
    let first = CODE.compare_exchange(-1, code, Ordering::SeqCst, Ordering::SeqCst).err().unwrap_or(code);
    wipe_everything();
    before_exit();
    // SAFETY: _exit ends all threads at once, runs no destructor and needs nothing.
    unsafe { libc::_exit(first) }
}

fn wipe_everything() {
    crate::arena::wipe_all();
    crate::heap::wipe_all();
}

fn set_handler(signal: i32) -> io::Result<()> {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: sigaction is a C struct of integers, a nullable pointer and a set; all zeros are a value of it.
    let action = unsafe { action.assume_init_mut() };
    action.sa_sigaction = on_signal as extern "C" fn(i32) as usize;
    // The alternative stack: a stack overflow arrives as SIGSEGV when no stack is left.
    action.sa_flags = libc::SA_ONSTACK;
    // SAFETY: sa_mask is a valid set that belongs to us.
    unsafe { libc::sigfillset(&raw mut action.sa_mask) };
    // SAFETY: `action` is complete, and `on_signal` does only what a handler may do.
    match unsafe { libc::sigaction(signal, action, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

extern "C" fn on_signal(signal: i32) {
    end(128 + signal, || ())
}

/// "panic at FILE:LINE" on standard error, without allocating.
fn report(file: &str, line: u32) {
    let mut digits = [b'\n'; 11];
    let mut rest = line;
    let mut start = digits.len() - 1;
    while let Some(digit) = start.checked_sub(1).and_then(|at| digits.get_mut(at)) {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        start -= 1;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    for part in [b"panic at ", file.as_bytes(), b":", digits.get(start..).unwrap_or(b"\n")] {
        // SAFETY: a valid slice; whether anything is written does not matter any more.
        unsafe { libc::write(libc::STDERR_FILENO, part.as_ptr().cast(), part.len()) };
    }
}
