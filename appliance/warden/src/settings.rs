//! Each process's own part of the configuration, and nothing else of it.

use crate::config::{Config, Hsm};
use holdfast_model::role::{Instance, Role};
use holdfast_ports::settings;

/// The settings of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the settings type of the role of the same name")]
pub enum RoleSettings {
    Frontend(settings::Frontend),
    Core(settings::Core),
    Keystore(settings::Keystore),
    Root(settings::Root),
    Audit(settings::Audit),
    Importer(settings::Importer),
}

impl RoleSettings {
    /// The settings of a process. `None`: the configuration has no such process.
    pub(crate) fn of(instance: Instance, config: &Config) -> Option<Self> {
        Some(match instance.role {
            Role::Warden => return None,
            Role::Frontend => Self::Frontend(settings::Frontend {
                workers: config.workers,
                lanes: config.lanes,
                message_bytes_max: config.message_bytes_max,
                connections_max: config.connections_max,
                tenant_requests_per_second: config.tenant_requests_per_second,
            }),
            Role::Core => Self::Core(settings::Core {
                cluster: config.cluster,
                appliance: config.appliance,
                lanes: config.lanes,
                workers: config.workers,
                hsms: config.hsms.iter().map(|hsm| hsm.name).collect(),
                signers: config.signers.clone(),
                signers_needed: config.signers_needed,
                tls_chain: config.tls_chain.clone(),
                arena_bytes: config.arena_bytes,
                heap_bytes: config.heap_bytes,
                l1_check_interval: config.l1_check_interval,
                l1_grace: config.l1_grace,
            }),
            Role::KeystoreAgent => {
                Self::Keystore(settings::Keystore { backend: config.keystore.clone(), lanes: config.lanes })
            }
            Role::RootAgent => Self::Root(root(hsm(instance, config)?, config.lanes)),
            Role::AuditAgent => Self::Audit(settings::Audit {
                directory: config.audit_directory.clone(),
                segment_bytes_max: config.segment_bytes_max,
                lanes: config.lanes,
            }),
            Role::Importer => Self::Importer(settings::Importer {
                spool: config.spool.clone(),
                outbox: config.outbox.clone(),
                signers: config.signers.clone(),
                signers_needed: config.signers_needed,
                cluster: config.cluster,
                appliance: config.appliance,
            }),
        })
    }

    /// As they go over the control socket.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, postcard::Error> {
        match self {
            Self::Frontend(settings) => postcard::to_allocvec(settings),
            Self::Core(settings) => postcard::to_allocvec(settings),
            Self::Keystore(settings) => postcard::to_allocvec(settings),
            Self::Root(settings) => postcard::to_allocvec(settings),
            Self::Audit(settings) => postcard::to_allocvec(settings),
            Self::Importer(settings) => postcard::to_allocvec(settings),
        }
    }
}

/// The HSM of a root-agent.
pub(crate) fn hsm(instance: Instance, config: &Config) -> Option<&Hsm> {
    config.hsms.iter().find(|hsm| Some(hsm.name) == instance.hsm)
}

fn root(hsm: &Hsm, lanes: u16) -> settings::Root {
    settings::Root {
        hsm: hsm.name,
        module: hsm.module.clone(),
        token_label: hsm.token_label.clone(),
        plain_path: hsm.plain_path,
        writable: hsm.writable.clone(),
        readable: hsm.readable.clone(),
        connect_ports: hsm.connect_ports.clone(),
        sessions_max: hsm.sessions_max,
        lanes,
    }
}
