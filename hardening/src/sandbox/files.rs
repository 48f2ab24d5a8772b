//! Turns the files and ports of a profile into a Landlock ruleset that is enforced whole or not at all.
//!
//! Separate from `filter` because Landlock binds objects where seccomp binds calls.
//! The rights are those of ABI 6 (Linux 6.12: files, devices, TCP, abstract sockets, signals), on every kernel alike;
//! an older kernel is refused.
//! Rules: landlock(7), Documentation/userspace-api/landlock.rst.

use std::os::fd::AsFd;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use super::SandboxError;
use super::profile::{FileAccess, FileRule, PortAccess, PortRule};

const WANTED: ABI = ABI::V6;

/// A ruleset whose paths are open already. Nothing is enforced yet.
pub(super) fn prepare(files: &[FileRule], ports: &[PortRule]) -> Result<RulesetCreated, SandboxError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(WANTED))
        .and_then(|r| r.handle_access(AccessNet::from_all(WANTED)))
        .and_then(|r| r.scope(Scope::from_all(WANTED)))
        .and_then(Ruleset::create)
        .map_err(landlock)?;
    for rule in files {
        let open = PathFd::new(&rule.path)
            .map_err(|source| SandboxError::Path { path: rule.path.clone(), source: Box::new(source) })?;
        let mut rights = rights(rule.access);
        if !is_directory(&open, rule)? {
            rights &= AccessFs::from_file(WANTED);
        }
        ruleset = ruleset.add_rule(PathBeneath::new(open, rights)).map_err(landlock)?;
    }
    for rule in ports {
        let right = match rule.access {
            PortAccess::Bind => AccessNet::BindTcp,
            PortAccess::Connect => AccessNet::ConnectTcp,
        };
        ruleset = ruleset.add_rule(NetPort::new(rule.port, right)).map_err(landlock)?;
    }
    Ok(ruleset)
}

/// Enforces a ruleset on this thread and all its future children.
pub(super) fn enforce(ruleset: RulesetCreated) -> Result<(), SandboxError> {
    let status = ruleset.restrict_self().map_err(landlock)?;
    match status.ruleset {
        RulesetStatus::FullyEnforced if status.no_new_privs => Ok(()),
        _ => Err(SandboxError::NotInEffect { what: "Landlock ruleset" }),
    }
}

fn rights(access: FileAccess) -> BitFlags<AccessFs> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    match access {
        FileAccess::Read => read,
        FileAccess::ReadExecute => read | AccessFs::Execute,
        FileAccess::ReadWrite => {
            read | AccessFs::WriteFile
                | AccessFs::Truncate
                | AccessFs::MakeReg
                | AccessFs::MakeDir
                | AccessFs::RemoveFile
                | AccessFs::RemoveDir
                | AccessFs::Refer
        }
        FileAccess::Device => AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev,
        FileAccess::Listen => AccessFs::MakeSock | AccessFs::RemoveFile,
    }
}

fn is_directory(open: &PathFd, rule: &FileRule) -> Result<bool, SandboxError> {
    let status = rustix::fs::fstat(open.as_fd()).map_err(|errno| SandboxError::Path {
        path: rule.path.clone(),
        source: Box::new(std::io::Error::from(errno)),
    })?;
    Ok(rustix::fs::FileType::from_raw_mode(status.st_mode) == rustix::fs::FileType::Directory)
}

fn landlock(source: RulesetError) -> SandboxError {
    SandboxError::Landlock { source }
}
