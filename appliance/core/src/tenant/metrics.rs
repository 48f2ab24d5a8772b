//! Counts of one tenant's operations, with a histogram of how long they took.

use core::time::Duration;
use holdfast_model::audit::{Action, Outcome};
use holdfast_model::status::{LATENCY_BOUNDS_US, OperationCount};
use kmip::enums::{Enumeration, Operation};
use kmip::version::Version;
use std::collections::BTreeMap;

/// Counters by KMIP operation number.
#[derive(Default)]
pub struct Metrics {
    operations: BTreeMap<u32, Counter>,
}

#[derive(Default)]
struct Counter {
    succeeded: u64,
    failed: u64,
    buckets: [u64; LATENCY_BOUNDS_US.len() + 1],
    sum_us: u64,
}

impl Metrics {
    /// Counts one operation.
    pub fn count(&mut self, action: Action, outcome: Outcome, took: Duration) {
        let Action::Kmip(operation) = action else { return };
        let counter = self.operations.entry(operation).or_default();
        match outcome {
            Outcome::Done => counter.succeeded += 1,
            Outcome::Refused => counter.failed += 1,
        }
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket =
            LATENCY_BOUNDS_US.iter().position(|bound| took_us <= *bound).unwrap_or(LATENCY_BOUNDS_US.len());
        if let Some(count) = counter.buckets.get_mut(bucket) {
            *count += 1;
        }
        counter.sum_us = counter.sum_us.saturating_add(took_us);
    }

    /// All of them, by name.
    #[must_use]
    pub fn counts(&self) -> Vec<OperationCount> {
        let count = |(operation, counter): (&u32, &Counter)| OperationCount {
            operation: Operation::from_code(*operation).name(Version::V2_1).unwrap_or("Unknown").to_owned(),
            succeeded: counter.succeeded,
            failed: counter.failed,
            latency_buckets: counter.buckets,
            latency_sum_us: counter.sum_us,
        };
        self.operations.iter().map(count).collect()
    }
}
