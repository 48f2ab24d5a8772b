//! Every bound of this process, with its reason.

use core::time::Duration;

/// Longest PIN. PKCS#11 tokens announce 255 at most; a longer file is not a PIN.
pub const PIN_BYTES_MAX: usize = 255;
/// Worker threads at most, however many sessions the token would give: they wait for the HSM, they do not compute.
pub const WORKERS_MAX: u16 = 8;
/// Requests of one lane that may wait. A lane that asks for more is told to wait; the others do not notice.
pub const WAITING_PER_LANE_MAX: usize = 256;
/// How long a lane whose queue is full, or a token out of sessions, is to wait.
pub const RETRY_AFTER: Duration = Duration::from_millis(250);
/// A call into the vendor's module that takes longer than this will not return: the process ends and is started anew.
pub const CALL_MAX: Duration = Duration::from_secs(60);
/// How often the agent looks for calls that do not return.
pub const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// How often one request is tried: as it is, with new sessions, with the token found anew, with the module begun anew.
pub const ATTEMPTS_MAX: usize = 4;
/// A request waits this long for the back-off to be over; if it takes longer, it fails at once.
pub const HEALING_WAIT_MAX: Duration = Duration::from_millis(250);
/// Objects with the label of an L1 that are looked at: a key pair, a certificate, and enough to see that there are
/// too many.
pub const OBJECTS_PER_LABEL_MAX: usize = 16;
/// Longest wrapped L2: RSA with 8192 bits. Longer bytes were not made by any L1.
pub const WRAPPED_BYTES_MAX: usize = 1024;
/// Length of an L2 (AES-256).
pub const L2_BYTES: usize = 32;
/// Modulus of a transport key: RSA with 2048 to 8192 bits.
pub const TRANSPORT_MODULUS_BYTES: core::ops::RangeInclusive<usize> = 256..=1024;
/// Public exponent of a transport key.
pub const TRANSPORT_EXPONENT_BYTES: core::ops::RangeInclusive<usize> = 1..=8;
/// Longest label of an L1 that is looked for.
pub const LABEL_BYTES_MAX: usize = 255;
