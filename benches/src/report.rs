//! Figures side by side.

use std::time::Duration;

/// What one run came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) requests: usize,
    pub(crate) took: Duration,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// Processor time of the server, where it is known.
    pub(crate) cpu: Option<Duration>,
}

impl Figures {
    /// From the latencies of all requests.
    pub(crate) fn of(mut latencies: Vec<Duration>, took: Duration, cpu: Option<Duration>) -> Self {
        latencies.sort_unstable();
        let at = |percent: usize| latencies.get(latencies.len() * percent / 100).copied().unwrap_or_default();
        Self { requests: latencies.len(), took, p50: at(50), p99: at(99), cpu }
    }

    fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let requests = self.requests as f64;
        requests / self.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Prints the heading of a table.
pub(crate) fn heading() {
    println!(
        "{:<28} {:>5} {:>10} {:>9} {:>9} {:>12} {:>9}",
        "what", "conns", "per s", "p50 us", "p99 us", "cpu us/req", "of echo"
    );
}

/// Prints one line; `beside` is what the ratio is to.
pub(crate) fn line(what: &str, connections: usize, figures: &Figures, beside: Option<&Figures>) {
    let micros = |d: Duration| d.as_secs_f64() * 1e6;
    let requests = u32::try_from(figures.requests.max(1)).unwrap_or(u32::MAX);
    let cpu = figures.cpu.map_or_else(|| "-".to_owned(), |cpu| format!("{:.1}", micros(cpu / requests)));
    let ratio =
        beside.map_or_else(|| "1.00".to_owned(), |echo| format!("{:.2}", figures.rate() / echo.rate()));
    println!(
        "{what:<28} {connections:>5} {:>10.0} {:>9.1} {:>9.1} {cpu:>12} {ratio:>9}",
        figures.rate(),
        micros(figures.p50),
        micros(figures.p99),
    );
}
