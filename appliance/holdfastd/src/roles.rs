//! Which crate serves which role, and what each may do.

use hardening::sandbox::{Profile, Rule};
use holdfast_model::role::Role;
use holdfast_ports::child::Child;
use holdfast_warden::RoleSettings;

/// What roles do between their start and their own filter, and never again. Only warden's union has these: a filter
/// that they inherit must let them get as far as their own.
const PREPARING: &[Rule] = &[
    Rule::any("open", "importer opens its spool"),
    Rule::any("inotify_init1", "importer wants to hear of new files"),
    Rule::any("inotify_add_watch", "importer wants to hear of new files"),
    Rule::any("epoll_create1", "frontend's runtime"),
    Rule::any("eventfd2", "frontend's runtime"),
    Rule::any("socketpair", "frontend's runtime listens for signals through one"),
    Rule::any("getsockname", "frontend looks at its listeners"),
    Rule::any("getsockopt", "frontend looks at its listeners"),
];

/// Runs a role until warden says to stop. The role tells warden when it fails, and why.
pub(crate) fn run(role: Role, child: Child) -> Result<(), String> {
    // Secrets pass through these: bytes of clients, the PIN.
    if matches!(role, Role::Frontend | Role::RootAgent) {
        hardening::heap::wipe_what_is_freed();
    }
    match role {
        Role::Warden => Err("warden is started with --config".to_owned()),
        Role::Frontend => holdfast_frontend::run(child),
        Role::KeystoreAgent => holdfast_keystore::run(child),
        Role::AuditAgent => holdfast_audit::run(child),
        Role::Importer => holdfast_orbital::importer::run(child),
        Role::RootAgent => holdfast_root_of_trust::run(child),
        Role::Core => holdfast_core::run(child),
    }
}

/// What a role may do, with these settings and with descriptors up to `_highest_fd` from its start on.
pub(crate) fn profile(settings: &RoleSettings, _highest_fd: i32) -> Profile {
    let own = match settings {
        RoleSettings::Frontend(_) => holdfast_frontend::profile(),
        RoleSettings::Keystore(settings) => holdfast_keystore::profile(&settings.backend),
        RoleSettings::Audit(settings) => holdfast_audit::profile(&settings.directory),
        RoleSettings::Importer(settings) => holdfast_orbital::importer::profile(settings),
        RoleSettings::Core(_) => holdfast_core::sandbox::profile(holdfast_core::sandbox::HIGHEST_FD),
        RoleSettings::Root(settings) => holdfast_root_of_trust::sandbox::profile(settings),
    };
    own.and_syscalls(PREPARING)
}
