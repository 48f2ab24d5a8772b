//! The words of the domain: names, levels, records, events. No I/O, no secrets.
//!
//! Everything above speaks in these types, so that a tenant cannot be left out of a lookup and a number
//! cannot lose its unit.

pub mod audit;
pub mod ids;
pub mod key_ref;
pub mod l1;
pub mod limits;
pub mod policy;
pub mod record;
pub mod role;
pub mod status;
pub mod time;
pub mod trust;

pub use ids::{
    ApplianceId, ClusterId, Fingerprint, Generation, HsmName, KeyVersion, LaneIndex, NameError, ObjectId,
    Sequence, ServiceId, SourceId, TenantId,
};
pub use key_ref::{KeyRef, Level};
pub use time::Timestamp;
