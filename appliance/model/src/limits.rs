//! Every bound of the appliance, with its reason. Everything that can grow has one.

use core::time::Duration;

/// Largest KMIP message. Certificates and opaque objects fit; a peer cannot make us hold more.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Largest frame between two of our processes: one message and its envelope.
pub const FRAME_BYTES_MAX: usize = MESSAGE_BYTES_MAX + (64 << 10);
/// How much one link may have waiting to be written before its owner stops reading from whoever fills it.
pub const LINK_OUTBOX_BYTES_MAX: usize = 8 << 20;
/// Requests of one connection that may be on their way at once (pipelining).
pub const PIPELINED_REQUESTS_MAX: usize = 32;
/// Batch items of one KMIP request.
pub const BATCH_ITEMS_MAX: usize = 128;
/// Connections of one frontend.
pub const CONNECTIONS_MAX: usize = 8192;
/// Time for a TLS handshake; slower peers are let go.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time in which a message that has begun must be complete.
pub const MESSAGE_TIMEOUT: Duration = Duration::from_secs(30);
/// Time a connection may stay silent between messages.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// Time a parked request waits for an agent before the client gets a retryable error.
pub const AGENT_TIMEOUT: Duration = Duration::from_secs(10);
/// Use of a key is on disk in the audit log within this time.
pub const AUDIT_GROUP_INTERVAL: Duration = Duration::from_millis(50);
/// Largest audit event on the wire.
pub const AUDIT_EVENT_BYTES_MAX: usize = 1024;
/// Size of the shared audit ring of one lane: some 30,000 events, half a second at full speed.
pub const AUDIT_RING_BYTES: usize = 4 << 20;
/// Largest record in a keystore: the largest message, wrapped.
pub const RECORD_BYTES_MAX: usize = MESSAGE_BYTES_MAX + (32 << 10);
/// Index entries of one record: every name, link and attribute that can be located by equality.
pub const RECORD_INDEX_TAGS_MAX: usize = 512;
/// Writes that go into a keystore as one.
pub const COMMIT_WRITES_MAX: usize = 256;
/// Identifiers or records in one answer of a keystore.
pub const PAGE_ITEMS_MAX: usize = 1000;
/// Largest bundle file. A bundle holds orders and certificates, not data.
pub const BUNDLE_BYTES_MAX: usize = 1 << 20;
/// Directives in one bundle.
pub const BUNDLE_DIRECTIVES_MAX: usize = 1024;
/// Signatures on one bundle.
pub const BUNDLE_SIGNATURES_MAX: usize = 16;
/// Signers pinned on one box.
pub const SIGNERS_MAX: usize = 16;
/// Tenants of one box.
pub const TENANTS_MAX: usize = 4096;
/// Services of one tenant.
pub const SERVICES_PER_TENANT_MAX: usize = 100_000;
/// Trust rules of one box.
pub const TRUST_RULES_MAX: usize = 16_384;
/// Fast lanes of one core; more CPUs than this serve TLS.
pub const LANES_MAX: usize = 16;
/// HSMs of one box: one root-agent each.
pub const HSMS_MAX: usize = 16;
/// From a verified unlink to the first refused request, 99th percentile.
pub const UNLINK_GOAL: Duration = Duration::from_millis(10);
