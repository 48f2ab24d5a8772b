//! The straight line from a configuration to a running box: open, drop privileges, lock down, watch.

use crate::config::Config;
use crate::error::StartError;
use crate::plan::{self, Planned};
use crate::process::Process;
use crate::resources::Resources;
use crate::sandbox;
use crate::settings::{self, RoleSettings};
use crate::table::Counts;
use crate::watch::Watch;
use hardening::memory_right::drop_to_user_with_it;
use hardening::process::{LockedBy, drop_to_user, raise_memlock};
use hardening::sandbox::{Lockdown, Profile};
use hardening::signals::Asked;
use holdfast_model::role::{Instance, Role};
use holdfast_ports::control::{PACKET_BYTES_MAX, Socket};
use rustix::process::{Resource, Rlimit};

/// What core locks beside arena and heap: stacks, alignment, the rings' pages.
const LOCKED_BESIDE_BYTES: u64 = 32 << 20;
/// Descriptors of one process beside its connections: its table, and those on their way to it.
const DESCRIPTORS_BESIDE: u64 = 2048;
/// Bytes of a `Start` packet that are not settings: the largest table of wires.
const WIRES_BYTES_MAX: usize = 64 << 10;

/// Runs the box until it is asked to stop (SIGTERM, SIGINT). The calling process becomes warden.
///
/// `profile_of` says what a role may do with its settings and with descriptors up to the number given; warden's own
/// sandbox is the union. Call it while single-threaded.
///
/// # Errors
/// [`StartError`]: nothing runs any more, and why.
pub fn run(config: Config, profile_of: impl Fn(&RoleSettings, i32) -> Profile) -> Result<(), StartError> {
    hardening::process::enter()?;
    let asked = Asked::to_stop().map_err(|source| StartError::Kernel { step: "signalfd", source })?;
    let counts = Counts {
        lanes: config.lanes,
        workers: config.workers,
        hsms: config.hsms.iter().map(|hsm| hsm.name).collect(),
        https: config.https.is_some(),
        local: config.local.is_some(),
    };
    let plan = plan::plan(&counts);
    let mut resources = Resources::new(&plan)?;
    resources.listen(Socket::ListenKmip, config.kmip)?;
    if let Some(address) = config.https {
        resources.listen(Socket::ListenHttps, address)?;
    }
    if let Some(path) = &config.local {
        resources.listen_local(path)?;
    }
    resources.listen(Socket::ListenOps, config.ops)?;
    let locked_by = raise_memlock(config.arena_bytes + config.heap_bytes + LOCKED_BESIDE_BYTES)?;
    allow_descriptors(u64::from(config.connections_max) + DESCRIPTORS_BESIDE)?;
    let mut profiles = vec![sandbox::profile()];
    let mut processes = Vec::new();
    for planned in plan {
        let Some(settings) = RoleSettings::of(planned.instance, &config) else { continue };
        profiles.push(profile_of(&settings, planned.highest_fd()));
        processes.push(process(planned, &settings, &config)?);
    }
    let (user, logs) = (config.run_as, config.logs);
    give_files(&mut resources, config);
    let mut union = Profile::union("warden", &profiles.iter().collect::<Vec<_>>());
    match (user, locked_by) {
        (None, _) => {}
        (Some(user), LockedBy::Limit) => drop_to_user(user.uid, user.gid)?,
        (Some(user), LockedBy::Capability) => {
            tracing::warn!("memory-locked-by-capability");
            drop_to_user_with_it(user.uid, user.gid)?;
            union = union.keeping_memory_right();
        }
    }
    let lockdown = Lockdown::enter(&union)?;
    tracing::info!(
        processes = processes.len(),
        lanes = counts.lanes,
        workers = counts.workers,
        "box-starting"
    );
    Watch::new(processes, resources, logs, asked, lockdown).run()
}

fn process(planned: Planned, settings: &RoleSettings, config: &Config) -> Result<Process, StartError> {
    let too_large = || StartError::Settings { process: planned.instance.to_string() };
    let bytes = settings.to_bytes().ok().filter(|bytes| bytes.len() <= PACKET_BYTES_MAX - WIRES_BYTES_MAX);
    let bytes = bytes.ok_or_else(too_large)?;
    let environment =
        settings::hsm(planned.instance, config).map_or_else(Vec::new, |hsm| hsm.environment.clone());
    Ok(Process::new(planned, bytes, environment))
}

/// The secret files go to those who may read them.
fn give_files(resources: &mut Resources, config: Config) {
    resources.give(Instance::of(Role::Core), Socket::TlsKey, config.tls_key);
    for hsm in config.hsms {
        let agent = Instance { role: Role::RootAgent, hsm: Some(hsm.name) };
        resources.give(agent, Socket::Pin, hsm.pin);
    }
}

/// As many descriptors as the hard limit gives, which must be enough; children inherit it.
fn allow_descriptors(wanted: u64) -> Result<(), StartError> {
    let held = rustix::process::getrlimit(Resource::Nofile);
    if let Some(allowed) = held.maximum.filter(|allowed| *allowed < wanted) {
        return Err(StartError::TooFewDescriptors { wanted, allowed });
    }
    let raised = Rlimit { current: held.maximum.or(Some(wanted)), maximum: held.maximum };
    rustix::process::setrlimit(Resource::Nofile, raised)
        .map_err(|errno| StartError::Kernel { step: "setrlimit of RLIMIT_NOFILE", source: errno.into() })
}
