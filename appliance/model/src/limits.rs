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
/// Bundle files looked at in one spool; the rest waits until some are taken away.
pub const SPOOL_FILES_MAX: usize = 4096;
/// Receipt of one bundle file: every judgement on it, the oldest forgotten first.
pub const RECEIPT_BYTES_MAX: usize = 1 << 20;
/// CBOR items (keys and values each count) of one bundle's body: a small item costs 32 bytes decoded.
pub const BUNDLE_ITEMS_MAX: usize = 1 << 16;
/// CBOR nesting of one bundle's body: body, directives, directive, data, common names.
pub const BUNDLE_DEPTH_MAX: usize = 6;
/// Protected header of one bundle signature: an algorithm and a name.
pub const BUNDLE_PROTECTED_BYTES_MAX: usize = 256;
/// Appliances that one bundle can be addressed to.
pub const BUNDLE_APPLIANCES_MAX: usize = 256;
/// Name of a signer (COSE `kid`).
pub const SIGNER_NAME_BYTES_MAX: usize = 64;
/// Task id of one directive; it comes back in receipts.
pub const TASK_ID_BYTES_MAX: usize = 64;
/// External id, etag, display name, metadata value or L1 label of one directive.
pub const TASK_TEXT_BYTES_MAX: usize = 256;
/// Working state of one directive: opaque, carried for the sender.
pub const TASK_WORKING_STATE_BYTES_MAX: usize = 4096;
/// Metadata entries of one directive.
pub const TASK_METADATA_MAX: usize = 16;
/// CA certificate of one trust rule; the largest post-quantum ones have some 15,000 bytes.
pub const CA_CERTIFICATE_BYTES_MAX: usize = 24 << 10;
/// Common names of one trust rule.
pub const COMMON_NAMES_MAX: usize = 256;
/// One common name (ub-common-name of RFC 5280 appendix A.1).
pub const COMMON_NAME_CHARS_MAX: usize = 64;
/// Signers pinned on one box.
pub const SIGNERS_MAX: usize = 16;
/// Tenants of one box.
pub const TENANTS_MAX: usize = 4096;
/// Services of one tenant.
pub const SERVICES_PER_TENANT_MAX: usize = 100_000;
/// Versions of one service key: each is unwrapped when the service is first asked for something.
pub const SERVICE_KEY_VERSIONS_MAX: u32 = 1024;
/// Trust rules of one box.
pub const TRUST_RULES_MAX: usize = 16_384;
/// Fast lanes of one core; more CPUs than this serve TLS.
pub const LANES_MAX: usize = 16;
/// HSMs of one box: one root-agent each.
pub const HSMS_MAX: usize = 16;
/// From a verified unlink to the first refused request, 99th percentile.
pub const UNLINK_GOAL: Duration = Duration::from_millis(10);
/// Connections that are in their TLS handshake at once: strangers cannot take the places of clients.
pub const HANDSHAKES_MAX: usize = 1024;
/// Certificates that a client may show: its own and four intermediates. Path building stays cheap.
pub const CLIENT_CHAIN_MAX: usize = 5;
/// Trust anchors of one name that are tried for one client. Names of CAs are not unique; each try costs signatures.
pub const SAME_NAME_ANCHORS_MAX: usize = 64;
/// Replies that may wait for one client to read them before no more of its requests are taken.
pub const REPLY_BACKLOG_BYTES_MAX: usize = 2 << 20;
/// Bytes of all clients of one frontend worker that may wait in either direction; who wants more is closed.
pub const WORKER_BUFFER_BYTES_MAX: usize = 256 << 20;
/// Time for a TLS signature from core; the frontend worker waits for it, so it is short.
pub const SIGNATURE_TIMEOUT: Duration = Duration::from_millis(250);
/// Time in which a client may still read the last words before its connection is closed.
pub const LINGER_TIMEOUT: Duration = Duration::from_secs(1);
/// Refused clients that are reported to the audit log per second; more are only counted.
pub const REJECTION_REPORTS_PER_SECOND: u32 = 20;
/// Head of one HTTPS request: a POST needs a few hundred bytes, proxies add some.
pub const HTTP_HEAD_BYTES_MAX: usize = 16 << 10;
/// Fields of such a head.
pub const HTTP_HEADERS_MAX: usize = 64;
/// Body of one HTTPS request: the largest message in XML or JSON, whose byte strings are in hex.
pub const HTTP_BODY_BYTES_MAX: usize = 4 * MESSAGE_BYTES_MAX;
/// Connections to the metrics and status listener at once.
pub const OPS_CONNECTIONS_MAX: usize = 16;
/// Largest request head on that listener.
pub const OPS_REQUEST_BYTES_MAX: usize = 4096;
/// Time for one exchange on that listener.
pub const OPS_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for core to say how it is; after that it counts as away.
pub const OPS_CORE_TIMEOUT: Duration = Duration::from_secs(2);
/// Jobs that wait for the slow lane: RSA keys to be made, long derivations. Each takes up to seconds.
pub const SLOW_JOBS_MAX: usize = 64;
/// Of these, one tenant's: the others have room beside it.
pub const SLOW_JOBS_PER_TENANT_MAX: usize = 16;
/// Cryptographic operations of one tenant that are under way in parts.
pub const STREAMS_PER_TENANT_MAX: usize = 256;
/// Data of these that is held until it can be given out; most modes hold a block, authenticated ones the whole.
pub const STREAM_BYTES_PER_TENANT_MAX: usize = 16 << 20;
/// A stream whose next part does not come in this time is wiped.
pub const STREAM_IDLE_MAX: Duration = Duration::from_secs(300);
/// Requests of one tenant whose answers are to be fetched later.
pub const PENDING_PER_TENANT_MAX: usize = 256;
/// Bytes of these requests.
pub const PENDING_BYTES_PER_TENANT_MAX: usize = 4 << 20;
/// After this time such a request is done when its client speaks next, if it was not asked for before.
pub const PENDING_START_AFTER: Duration = Duration::from_secs(5);
/// Tickets of one tenant that are good at a time.
pub const TICKETS_PER_TENANT_MAX: usize = 1024;
/// How long a ticket is good where nobody says.
pub const TICKET_TIME_DEFAULT: Duration = Duration::from_secs(3600);
/// How long a ticket is good at most.
pub const TICKET_TIME_MAX: Duration = Duration::from_secs(24 * 3600);
/// Rights, operations and objects that one ticket names.
pub const RIGHT_ENTRIES_MAX: usize = 256;
/// After this time an answer that nobody fetched is forgotten.
pub const PENDING_TIME_MAX: Duration = Duration::from_secs(3600);
