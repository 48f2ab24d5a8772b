//! Every bound of the library, with its reason.

use std::time::Duration;

/// Largest KMIP message that the appliance takes (its own bound).
pub(crate) const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Data of one request: the rest of a message is room for parameters, identifiers and headers.
pub(crate) const DATA_BYTES_MAX: usize = MESSAGE_BYTES_MAX - (16 << 10);
/// Data of one call that an application may give: more comes in parts.
pub(crate) const CALL_BYTES_MAX: usize = 1 << 30;
/// Attributes in one template.
pub(crate) const TEMPLATE_ITEMS_MAX: usize = 256;
/// Bytes of one attribute: a value that is larger does not fit a message.
pub(crate) const ATTRIBUTE_BYTES_MAX: usize = DATA_BYTES_MAX;
/// Templates within templates.
pub(crate) const TEMPLATE_DEPTH_MAX: usize = 2;
/// Bytes of one mechanism parameter, or of one buffer that it points to.
pub(crate) const PARAMETER_BYTES_MAX: usize = 64 << 10;
/// Sessions of one library; an application that leaks them is told.
pub(crate) const SESSIONS_MAX: usize = 65_536;
/// Identifiers that one Locate gives.
pub(crate) const FOUND_MAX: i32 = 10_000;
/// Items of one batch of Get Attributes.
pub(crate) const BATCH_ITEMS_MAX: usize = 64;
/// PIN lengths. Shorter ones are guessed, longer ones are a mistake.
pub(crate) const PIN_BYTES_MIN: usize = 4;
/// See [`PIN_BYTES_MIN`].
pub(crate) const PIN_BYTES_MAX: usize = 255;
/// Rounds of PBKDF2 between a PIN and the key that the appliance knows it by.
pub(crate) const PIN_ROUNDS: u32 = 20_000;
/// Random bytes that are fetched at once; what is left of them is wiped with the session.
pub(crate) const RANDOM_BYTES_AT_ONCE: usize = 1024;
/// Random bytes of one request.
pub(crate) const RANDOM_BYTES_MAX: usize = 64 << 10;
/// Slots of one configuration.
pub(crate) const SLOTS_MAX: usize = 256;
/// Bytes of a configuration, certificate or key file.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 20;
/// Time to reach an appliance before the next one is tried.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Time for an answer; the appliance itself waits 10 seconds for its agents.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// The appliance closes connections that were silent for 300 seconds; older ones are not used.
pub(crate) const IDLE_MAX: Duration = Duration::from_secs(240);
/// How long an appliance that could not be reached is tried last.
pub(crate) const SHUNNED: Duration = Duration::from_secs(5);
/// Data that a multi-part signature without a digest of its own may gather.
pub(crate) const GATHERED_BYTES_MAX: usize = DATA_BYTES_MAX;
/// Fields of the fixed input of SP 800-108.
pub(crate) const KDF_FIELDS_MAX: usize = 64;
