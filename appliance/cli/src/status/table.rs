//! The status of a box as a table that fits a terminal.

use holdfast_model::status::{BoxStatus, CoreStatus, HsmState, TenantState, TenantStatus};
use std::time::Duration;

/// Is there nothing that a person must look at?
pub(super) fn is_healthy(status: &BoxStatus) -> bool {
    let core = status
        .core
        .as_ref()
        .is_some_and(|core| core.audit_ready && core.hsms.iter().all(|hsm| hsm.state != HsmState::Failing));
    core && !status.processes.is_empty() && status.processes.iter().all(|process| process.ready)
}

/// The whole page.
pub(super) fn render(status: &BoxStatus) -> String {
    let mut page = format!(
        "{}, up {} at {}\n",
        if is_healthy(status) { "healthy" } else { "NOT HEALTHY" },
        duration(status.at.since(status.started)),
        status.at
    );
    match &status.core {
        None => page.push_str("core is away: its tenants unseal again when it is back\n"),
        Some(core) => {
            let audit =
                if core.audit_ready { "takes records" } else { "TAKES NO RECORDS: requests are refused" };
            let memory: String = core.secret_memory.chars().filter(|c| !c.is_control()).take(40).collect();
            page.push_str(&format!(
                "bundle sequence {}, secret memory {memory}, audit log {audit}\n",
                core.bundle_sequence
            ));
        }
    }
    page.push('\n');
    page.push_str(&processes(status));
    if let Some(core) = &status.core {
        page.push('\n');
        page.push_str(&hsms(status, core));
        page.push('\n');
        page.push_str(&tenants(core));
    }
    page
}

fn processes(status: &BoxStatus) -> String {
    let rows = status.processes.iter().map(|process| {
        let state = match (process.pid, process.ready) {
            (Some(_), true) => "serving",
            (Some(_), false) => "STARTING",
            (None, _) => "DOWN",
        };
        let up = process.pid.map_or_else(|| "-".to_owned(), |_| duration(status.at.since(process.started)));
        [
            process.instance.to_string(),
            process.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
            process.generation.to_string(),
            up,
            state.to_owned(),
        ]
    });
    columns(["PROCESS", "PID", "STARTS", "UP", "STATE"], rows.collect())
}

fn hsms(status: &BoxStatus, core: &CoreStatus) -> String {
    if core.hsms.is_empty() {
        return "no HSM is configured\n".to_owned();
    }
    let rows = core.hsms.iter().map(|hsm| {
        let state = match hsm.state {
            HsmState::Unknown => "not asked yet",
            HsmState::Healthy => "healthy",
            HsmState::Failing => "FAILING",
        };
        let seen = match hsm.state {
            HsmState::Unknown => "-".to_owned(),
            HsmState::Healthy | HsmState::Failing => format!("{} ago", duration(status.at.since(hsm.since))),
        };
        [hsm.hsm.to_string(), state.to_owned(), seen]
    });
    columns(["HSM", "STATE", "SEEN"], rows.collect())
}

fn tenants(core: &CoreStatus) -> String {
    if core.tenants.is_empty() {
        return "no tenant is defined: carry in a bundle with tenant.define\n".to_owned();
    }
    let rows = core.tenants.iter().map(|tenant| {
        let state = match tenant.state {
            TenantState::Unlinked => "unlinked",
            TenantState::Sealed => "sealed",
            TenantState::Unsealed => "unsealed",
            TenantState::Revoked => "REVOKED",
        };
        let (succeeded, failed, mean_us) = totals(tenant);
        [
            tenant.tenant.to_string(),
            state.to_owned(),
            tenant.hsm.map_or_else(|| "-".to_owned(), |hsm| hsm.to_string()),
            tenant.services.to_string(),
            succeeded.to_string(),
            failed.to_string(),
            mean_us.map_or_else(|| "-".to_owned(), |mean_us| format!("{mean_us} us")),
        ]
    });
    columns(["TENANT", "STATE", "HSM", "SERVICES", "DONE", "REFUSED", "MEAN"], rows.collect())
}

/// Succeeded, failed, and the mean time of both.
fn totals(tenant: &TenantStatus) -> (u64, u64, Option<u64>) {
    let sum = |of: fn(&holdfast_model::status::OperationCount) -> u64| {
        tenant.operations.iter().map(of).fold(0_u64, u64::saturating_add)
    };
    let (succeeded, failed) = (sum(|one| one.succeeded), sum(|one| one.failed));
    (succeeded, failed, sum(|one| one.latency_sum_us).checked_div(succeeded.saturating_add(failed)))
}

/// Rows under headings, each column as wide as its widest cell.
fn columns<const N: usize>(headings: [&str; N], rows: Vec<[String; N]>) -> String {
    let mut widths = headings.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> =
            cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(headings.to_vec());
    for row in &rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    text
}

/// Two units at most: `3d 4h`, `12m 5s`, `7s`.
fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_two_units_at_most() {
        for (seconds, text) in [(7, "7s"), (125, "2m 5s"), (7_380, "2h 3m"), (273_600, "3d 4h")] {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn columns_line_up() {
        let rows = vec![["a".to_owned(), "long cell".to_owned()], ["longer".to_owned(), "b".to_owned()]];
        assert_eq!(columns(["X", "Y"], rows), "X       Y\na       long cell\nlonger  b\n");
    }
}
