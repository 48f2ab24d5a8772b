//! Why secret memory could not be had.

/// Why secret memory could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// [`crate::arena::install`] was not called in this process. A mistake in the program.
    #[error("no arena for secrets was installed in this process")]
    NoArena,
    /// The arena exists already with another size; the first stays.
    #[error("the arena is installed already, with {installed_bytes} bytes")]
    AlreadyInstalled {
        /// The size it was installed with.
        installed_bytes: usize,
    },
    /// No room for this many bytes. Nothing grew; free something or install a larger arena.
    #[error("secret memory is exhausted: no room for {wanted_bytes} bytes")]
    Exhausted {
        /// What was asked for.
        wanted_bytes: usize,
    },
    /// A size or alignment that secret memory never serves.
    #[error("secret memory does not serve {wanted_bytes} bytes aligned to {align}")]
    Unservable {
        /// What was asked for.
        wanted_bytes: usize,
        /// The alignment asked for.
        align: usize,
    },
    /// The kernel would not lock that much memory.
    #[error(
        "the kernel would not lock {wanted_bytes} bytes of memory: set LimitMEMLOCK={wanted_bytes} or more, or start as root"
    )]
    LockLimit {
        /// What was asked for.
        wanted_bytes: usize,
        /// What the kernel said.
        #[source]
        source: std::io::Error,
    },
    /// The kernel refused a step that secret memory needs.
    #[error("the kernel refused {step}")]
    Kernel {
        /// The system call or option.
        step: &'static str,
        /// What the kernel said.
        #[source]
        source: std::io::Error,
    },
    /// A step that must happen before other threads exist came too late.
    #[error("other threads run already; this step must come first")]
    NotSingleThreaded,
    /// The program does not use [`crate::heap::SecretHeap`] as its global allocator. A mistake in the program.
    #[error("the secret heap is not this program's global allocator")]
    HeapNotInstalled,
    /// The C library's heap was taken by somebody else, or was used before.
    #[error("the heap of aws-lc could not be taken over")]
    ForeignHeap,
    /// The process is ending and its secrets are wiped.
    #[error("secret memory is wiped; the process is ending")]
    Wiped,
}
