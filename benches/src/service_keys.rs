//! Secret memory for many service keys (L3): the types that core keeps them in, in an arena and a heap of core's sizes.
//!
//! A process of its own, because secret memory is entered once and early.

use crate::report::{Goal, Report};
use aws_lc_rs::rand;
use hardening::arena::{self, ArenaSize};
use hardening::secret::Secret;
use holdfast_core::custody::CustodyError;
use holdfast_core::custody::keys::TenantKey;
use holdfast_core::custody::service_record::ServiceKeys;
use holdfast_core::tenant::Tenant;
use holdfast_core::tenant::orders::Orders;
use holdfast_model::{ClusterId, ServiceId, TenantId};
use serde_json::{Value, json};
use std::process::Command;
use std::rc::Rc;
use std::time::Instant;

/// What the configuration gives core when nothing is said.
const ARENA_MIB: usize = 64;
/// The same, for everything else.
const HEAP_MIB: usize = 128;

/// Measures in a process of its own and reports.
///
/// # Errors
/// When the keys do not fit.
pub(crate) fn measure(report: &mut Report, keys: usize) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let child = Command::new(program).args(["service-keys", &keys.to_string()]).output();
    let output = child.map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let said: Value = serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
    let figure = |name: &str| said.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let mib = 1_048_576.0;
    let used = figure("arena_used_bytes") / mib;
    let goal = Goal::at_most("MiB", used, 64.0);
    let means = "wiped on drop, never dumped; the keys alone";
    report.fact(&format!("arena taken by {keys} L3 keys"), used, "MiB", means, Some(goal));
    let means = "the table that finds them, in core's secret heap";
    report.fact(
        &format!("heap taken by {keys} L3 keys"),
        figure("heap_used_bytes") / mib,
        "MiB",
        means,
        None,
    );
    let means = "each record checked and its key unwrapped, as on unsealing";
    report.fact(&format!("unsealing {keys} L3 keys"), figure("opened_ms"), "ms", means, None);
    let means = "as an unlink does";
    report.fact(&format!("wiping {keys} L3 keys"), figure("wiped_ms"), "ms", means, None);
    Ok(())
}

/// What the process does.
///
/// # Errors
/// When the keys do not fit.
pub(crate) fn hold(keys: usize) -> Result<(), String> {
    hardening::heap::enter_secret(HEAP_MIB << 20).map_err(say)?;
    let arena = arena::install(ArenaSize::bytes(ARENA_MIB << 20)).map_err(say)?;
    let (arena_before, heap_before) = (arena.free_bytes(), heap_free());
    let id = TenantId::parse("acme").map_err(say)?;
    let root =
        Secret::init_with(|bytes| rand::fill(bytes).map_err(|_| CustodyError::NoMemory)).map_err(say)?;
    let cluster = ClusterId::parse("bench").map_err(say)?;
    let tenant = Tenant::new(id, Orders::default());
    tenant.unseal(TenantKey::new(root, cluster, id).map_err(say)?, tenant.epoch());
    let mut opening = std::time::Duration::ZERO;
    for number in 0..keys {
        let service = ServiceId::parse(&format!("service-{number}")).map_err(say)?;
        let put = tenant.with_keys_mut(|held| {
            let record = ServiceKeys::first(service).and_then(|first| first.seal(&held.tenant));
            let record = record.map_err(say)?;
            let start = Instant::now();
            let opened = ServiceKeys::open(&held.tenant, service, &record).map_err(say)?;
            held.services.insert(service, Rc::new(opened));
            opening += start.elapsed();
            Ok::<_, String>(())
        });
        put.ok_or("the tenant is sealed")??;
    }
    let (arena_used, heap_used) = (arena_before - arena.free_bytes(), heap_before - heap_free());
    let start = Instant::now();
    tenant.wipe();
    let wiped = start.elapsed();
    println!(
        "{}",
        json!({
            "arena_used_bytes": arena_used, "heap_used_bytes": heap_used,
            "opened_ms": opening.as_secs_f64() * 1e3, "wiped_ms": wiped.as_secs_f64() * 1e3,
        })
    );
    Ok(())
}

fn heap_free() -> usize {
    hardening::heap::free_bytes().unwrap_or_default()
}

fn say(error: impl std::fmt::Display) -> String {
    error.to_string()
}
