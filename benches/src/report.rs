//! Figures side by side: as a table for people, as JSON for programs.

use serde_json::{Value, json};
use std::time::Duration;

/// What one round came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// Processor time of the server for one request.
    pub(crate) cpu_us: f64,
}

impl Round {
    /// From the latencies of all requests of a round.
    pub(crate) fn of(mut latencies: Vec<Duration>, took: Duration, cpu: Duration) -> Self {
        latencies.sort_unstable();
        let requests = u32::try_from(latencies.len().max(1)).unwrap_or(u32::MAX);
        Self {
            per_second: f64::from(requests) / took.as_secs_f64().max(f64::MIN_POSITIVE),
            p50_us: micros(percentile(&latencies, 50)),
            p99_us: micros(percentile(&latencies, 99)),
            cpu_us: micros(cpu) / f64::from(requests),
        }
    }

    /// The median of rounds, figure by figure.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            per_second: of(|r| r.per_second),
            p50_us: of(|r| r.p50_us),
            p99_us: of(|r| r.p99_us),
            cpu_us: of(|r| r.cpu_us),
        }
    }
}

/// The middle one.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// Of sorted latencies.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default()
}

/// In microseconds.
pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// A goal and whether it was reached.
pub(crate) struct Goal {
    said: String,
    met: bool,
}

impl Goal {
    /// At most so much.
    pub(crate) fn at_most(what: &str, figure: f64, limit: f64) -> Self {
        Self { said: format!("{what} at most {limit}"), met: figure <= limit }
    }

    /// At least so much.
    pub(crate) fn at_least(what: &str, figure: f64, limit: f64) -> Self {
        Self { said: format!("{what} at least {limit}"), met: figure >= limit }
    }

    fn text(&self) -> String {
        format!("{}: {}", self.said, if self.met { "met" } else { "MISSED" })
    }
}

/// Everything that was measured.
pub(crate) struct Report {
    json: bool,
    rows: Vec<Value>,
    facts: Vec<Value>,
    in_table: bool,
}

impl Report {
    /// Prints as it goes, or all at the end as JSON.
    pub(crate) const fn new(json: bool) -> Self {
        Self { json, rows: Vec::new(), facts: Vec::new(), in_table: false }
    }

    /// Says what is going on; not part of the figures.
    pub(crate) fn note(&mut self, text: &str) {
        if self.json {
            eprintln!("{text}");
        } else {
            println!("{text}");
        }
        self.in_table = false;
    }

    /// A line of the table: `ratio` is the median of the rounds' ratios to the echo's rate.
    pub(crate) fn row(
        &mut self,
        what: &str,
        connections: usize,
        figures: &Round,
        ratio: f64,
        goal: Option<Goal>,
    ) {
        let Round { per_second, p50_us, p99_us, cpu_us } = figures;
        self.rows.push(json!({
            "what": what, "connections": connections, "per_second": per_second, "p50_us": p50_us,
            "p99_us": p99_us, "cpu_us": cpu_us, "of_echo": ratio,
            "goal": goal.as_ref().map(|goal| goal.said.clone()), "met": goal.as_ref().map(|goal| goal.met),
        }));
        if self.json {
            return;
        }
        if !self.in_table {
            println!(
                "\n{:<32} {:>5} {:>9} {:>9} {:>9} {:>9} {:>8}  goal",
                "what", "conns", "per s", "p50 us", "p99 us", "cpu us", "of echo"
            );
            self.in_table = true;
        }
        let goal = goal.map_or_else(String::new, |goal| goal.text());
        println!(
            "{what:<32} {connections:>5} {per_second:>9.0} {p50_us:>9.1} {p99_us:>9.1} {cpu_us:>9.1} {ratio:>8.2}  {goal}"
        );
    }

    /// One figure with its unit and what it means.
    pub(crate) fn fact(&mut self, what: &str, figure: f64, unit: &str, means: &str, goal: Option<Goal>) {
        self.facts.push(json!({
            "what": what, "figure": figure, "unit": unit, "means": means,
            "goal": goal.as_ref().map(|goal| goal.said.clone()), "met": goal.as_ref().map(|goal| goal.met),
        }));
        if self.json {
            return;
        }
        if self.in_table {
            println!();
            self.in_table = false;
        }
        let goal = goal.map_or_else(String::new, |goal| format!("  {}", goal.text()));
        println!("{what:<46} {figure:>10.2} {unit:<4}{goal}\n    {means}");
    }

    /// The whole, for programs.
    pub(crate) fn finish(self, machine: &Value) {
        if self.json {
            println!("{:#}", json!({ "machine": machine, "rows": self.rows, "facts": self.facts }));
        }
    }
}
