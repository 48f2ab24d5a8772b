//! Spreads the requests of one tenant over time: more than its rate are made to wait, none are dropped.
//!
//! Shared by all workers, so that a tenant cannot multiply its rate by its connections.
//! Rules: the generic cell rate algorithm, ITU-T I.371, with one atomic for the theoretical arrival time.

use holdfast_model::TenantId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far a tenant may run ahead of its rate after a pause.
const BURST: Duration = Duration::from_millis(100);

/// One tenant's rate.
#[derive(Debug)]
pub(crate) struct Bucket {
    origin: Instant,
    per_request_ns: u64,
    /// When the next request would come if they came evenly, in nanoseconds since `origin`.
    arrival_ns: AtomicU64,
}

impl Bucket {
    fn new(per_second: u32) -> Self {
        Self {
            origin: Instant::now(),
            per_request_ns: 1_000_000_000 / u64::from(per_second.max(1)),
            arrival_ns: AtomicU64::new(0),
        }
    }

    /// Takes one request's place. Returns how long it is to wait; zero within the rate.
    pub(crate) fn reserve(&self, now: Instant) -> Duration {
        let now_ns = nanos(now.saturating_duration_since(self.origin));
        let next = |arrival: u64| arrival.max(now_ns).saturating_add(self.per_request_ns);
        let arrival = self.arrival_ns.fetch_update(Relaxed, Relaxed, |a| Some(next(a))).unwrap_or_default();
        Duration::from_nanos(arrival.saturating_sub(now_ns.saturating_add(nanos(BURST))))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The rates of all tenants.
#[derive(Debug)]
pub(crate) struct Rates {
    per_second: u32,
    buckets: Mutex<HashMap<TenantId, Arc<Bucket>>>,
}

impl Rates {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, buckets: Mutex::default() }
    }

    /// The rate of a tenant. Tenants come from trust rules alone, which bounds how many there can be.
    pub(crate) fn of(&self, tenant: TenantId) -> Arc<Bucket> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.entry(tenant).or_insert_with(|| Arc::new(Bucket::new(self.per_second))).clone()
    }

    /// Forgets tenants that no rule names any more and no connection uses.
    pub(crate) fn keep(&self, is_known: impl Fn(&TenantId) -> bool) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.retain(|tenant, bucket| Arc::strong_count(bucket) > 1 || is_known(tenant));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_its_rate_a_tenant_does_not_wait() {
        let bucket = Bucket::new(1000);
        let start = bucket.origin;
        for at_ms in 0..500 {
            assert_eq!(bucket.reserve(start + Duration::from_millis(at_ms)), Duration::ZERO);
        }
    }

    #[test]
    fn beyond_its_rate_each_request_waits_for_its_own_place() {
        let bucket = Bucket::new(100);
        let waits: Vec<_> = (0..13).map(|_| bucket.reserve(bucket.origin).as_millis()).collect();
        assert_eq!(waits[..11], [0; 11], "a burst of a tenth of a second is free");
        assert_eq!(waits[11..], [10, 20]);
    }

    #[test]
    fn a_tenant_of_any_rate_gets_on() {
        assert!(Bucket::new(0).per_request_ns > 0);
        assert_eq!(Rates::new(0).of(TenantId::parse("a").unwrap()).reserve(Instant::now()), Duration::ZERO);
    }

    #[test]
    fn connections_of_one_tenant_share_its_rate_and_another_tenant_has_its_own() {
        let rates = Rates::new(1);
        let (a, b) = (TenantId::parse("a").unwrap(), TenantId::parse("b").unwrap());
        let now = Instant::now();
        rates.of(a).reserve(now);
        assert!(rates.of(a).reserve(now) > Duration::from_millis(800));
        assert_eq!(rates.of(b).reserve(now), Duration::ZERO);
    }

    #[test]
    fn a_tenant_that_is_gone_is_forgotten_once_its_connections_are() {
        let rates = Rates::new(1);
        let held = rates.of(TenantId::parse("a").unwrap());
        rates.keep(|_| false);
        assert_eq!(rates.buckets.lock().unwrap().len(), 1);
        drop(held);
        rates.keep(|_| false);
        assert_eq!(rates.buckets.lock().unwrap().len(), 0);
    }
}
