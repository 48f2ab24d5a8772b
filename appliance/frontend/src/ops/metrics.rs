//! The counts of the box as Prometheus reads them.
//!
//! Core's own counts come with each scrape as a status, so that nothing is counted twice; labels are names from
//! signed orders and our own words, never text from a request.
//! Rules: OpenMetrics 1.0; names as in the Prometheus guide (base units, `_total` by the encoder).

use crate::counters::Counters;
use holdfast_model::status::{BoxStatus, HsmState, LATENCY_BOUNDS_US, OperationCount, TenantState};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;

/// The content type of [`text()`].
pub(super) const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const MICROSECONDS: f64 = 1e-6;

/// Writes all metrics.
pub(super) fn text(counters: Arc<Counters>, status: BoxStatus) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("holdfast");
    registry.register_collector(Box::new(Frontend(counters)));
    registry.register_collector(Box::new(WholeBox(status)));
    let mut out = String::new();
    text::encode(&mut out, &registry)?;
    Ok(out)
}

/// One family of metrics: `each` gives labels and values.
fn family<'l, L, M>(
    to: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    kind: MetricType,
    each: impl IntoIterator<Item = (L, M)>,
) -> fmt::Result
where
    L: AsRef<[(&'l str, &'l str)]>,
    M: EncodeMetric,
{
    let mut family = to.encode_descriptor(name, help, None, kind)?;
    for (labels, metric) in each {
        let labels = labels.as_ref();
        metric.encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn counter(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let metric = ConstCounter::new(value);
    metric.encode(to.encode_descriptor(name, help, None, MetricType::Counter)?)
}

fn gauge(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let metric = ConstGauge::new(value);
    metric.encode(to.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

#[derive(Debug)]
struct Frontend(Arc<Counters>);

impl Collector for Frontend {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        let (c, to) = (&*self.0, &mut to);
        gauge(to, "connections_open", "Connections open now", c.open.get())?;
        gauge(to, "connections_handshaking", "Connections in their TLS handshake now", c.handshaking.get())?;
        for (name, help, count) in [
            ("connections_accepted", "Connections accepted", &c.accepted),
            (
                "connections_turned_away",
                "Connections closed at once because there were too many",
                &c.turned_away,
            ),
            (
                "accept_failures",
                "Times that a connection could not be accepted for want of resources",
                &c.accept_failures,
            ),
            ("clients_admitted", "Clients admitted by their certificate", &c.admitted),
            ("handshakes_unserved", "Handshakes that failed because core was away", &c.unserved),
            ("requests", "Requests handed to core", &c.requests),
            ("replies", "Replies from core", &c.replies),
            ("requests_delayed", "Requests that waited for their tenant's rate", &c.delayed),
            (
                "connections_misframed",
                "Connections closed because of bytes that are no KMIP request",
                &c.misframed,
            ),
            ("connections_timed_out", "Connections closed because they were slow or silent", &c.timed_out),
            ("connections_overloaded", "Connections closed because too much waited for them", &c.overloaded),
            ("connections_core_lost", "Connections closed because core went away", &c.core_lost),
            (
                "connections_disowned",
                "Connections closed because their client is no longer who it was",
                &c.disowned,
            ),
            ("edge_protocol_errors", "Times that core said what it must not", &c.protocol_errors),
        ] {
            counter(to, name, help, count.get())?;
        }
        let rejected: Vec<_> =
            c.rejected.each().map(|(why, n)| ([("reason", why)], ConstCounter::new(n))).collect();
        family(to, ("clients_rejected", "Clients refused, by reason"), MetricType::Counter, rejected)
    }
}

#[derive(Debug)]
struct WholeBox(BoxStatus);

impl Collector for WholeBox {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        let to = &mut to;
        self.processes(to)?;
        gauge(to, "core_up", "Does core answer", u64::from(self.0.core.is_some()))?;
        let Some(core) = &self.0.core else { return Ok(()) };
        gauge(to, "audit_ready", "Does the audit log take records", u64::from(core.audit_ready))?;
        gauge(to, "bundle_sequence", "Highest bundle sequence applied", core.bundle_sequence.0)?;
        let hsms = core.hsms.iter().map(|h| (h.hsm.as_str(), h.state));
        let hsms: Vec<_> = hsms
            .map(|(name, state)| ([("hsm", name)], ConstGauge::new(u64::from(state == HsmState::Healthy))))
            .collect();
        family(to, ("hsm_healthy", "Was the last call to the HSM answered"), MetricType::Gauge, hsms)?;
        self.tenants(to)
    }
}

impl WholeBox {
    fn processes(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.processes.iter().map(|p| (p.instance.to_string(), p)).collect();
        let ready =
            names.iter().map(|(n, p)| ([("process", n.as_str())], ConstGauge::new(u64::from(p.ready))));
        family(to, ("process_ready", "Does the process serve"), MetricType::Gauge, ready)?;
        let starts =
            names.iter().map(|(n, p)| ([("process", n.as_str())], ConstCounter::new(p.generation.0)));
        family(to, ("process_starts", "How often the process was started"), MetricType::Counter, starts)
    }

    fn tenants(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Some(core) = &self.0.core else { return Ok(()) };
        let tenants = || core.tenants.iter().map(|t| (t.tenant.as_str(), t));
        let unsealed = tenants()
            .map(|(n, t)| ([("tenant", n)], ConstGauge::new(u64::from(t.state == TenantState::Unsealed))));
        family(to, ("tenant_unsealed", "Are the tenant's keys in memory"), MetricType::Gauge, unsealed)?;
        let services = tenants().map(|(n, t)| ([("tenant", n)], ConstGauge::new(u64::from(t.services))));
        family(to, ("tenant_services", "Services defined"), MetricType::Gauge, services)?;
        let operations = || tenants().flat_map(|(n, t)| t.operations.iter().map(move |o| (n, o)));
        let outcomes = operations().flat_map(|(tenant, o)| {
            [("succeeded", o.succeeded), ("failed", o.failed)].map(|(outcome, n)| {
                let labels = [("tenant", tenant), ("operation", o.operation.as_str()), ("outcome", outcome)];
                (labels, ConstCounter::new(n))
            })
        });
        family(to, ("operations", "KMIP operations, by outcome"), MetricType::Counter, outcomes)?;
        let latencies = operations()
            .map(|(tenant, o)| ([("tenant", tenant), ("operation", o.operation.as_str())], Latency(o)));
        let named = ("operation_duration_seconds", "Time that core took for an operation");
        family(to, named, MetricType::Histogram, latencies)
    }
}

/// A histogram that core has counted.
struct Latency<'o>(&'o OperationCount);

impl EncodeMetric for Latency<'_> {
    #[expect(clippy::cast_precision_loss, reason = "a sum of microseconds beyond 2^53 may be off by one")]
    fn encode(&self, mut to: prometheus_client::encoding::MetricEncoder<'_>) -> fmt::Result {
        let bounds = LATENCY_BOUNDS_US.iter().map(|us| *us as f64 * MICROSECONDS).chain([f64::MAX]);
        let buckets: Vec<_> = bounds.zip(self.0.latency_buckets).collect();
        let count = self.0.latency_buckets.iter().sum();
        to.encode_histogram::<NoLabelSet>(self.0.latency_sum_us as f64 * MICROSECONDS, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
