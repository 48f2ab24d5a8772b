//! Turns the system calls of a profile into a seccomp filter, and installs it on all threads.
//!
//! Separate from `profile` so that what is allowed can be read without knowing how it is enforced.
//! What is not allowed kills the process; calls of another architecture or of the x32 ABI are never allowed.
//! Rules: seccomp(2), Documentation/userspace-api/seccomp_filter.rst.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

use super::SandboxError;
use super::names::{Known, number};
use super::profile::{Condition, Rule, Test, Width};

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: TargetArch = TargetArch::x86_64;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: TargetArch = TargetArch::aarch64;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("the sandbox knows the system calls of x86_64 and aarch64 only");

/// In every filter: it must be possible to ask whether the filter stands.
const READ_BACK: Rule = Rule::when(
    "prctl",
    &[Condition::int(0, Test::Equals(libc::PR_GET_SECCOMP as u64))],
    "the sandbox reads back that it stands",
);

/// Compiles the rules of a role.
pub(super) fn compile(rules: &[Rule]) -> Result<BpfProgram, SandboxError> {
    let mut by_number: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    let mut unconditional = Vec::new();
    for rule in rules.iter().chain([&READ_BACK]) {
        let number = match number(rule.syscall) {
            Some(Known::Here(number)) => number,
            Some(Known::NotOnThisArchitecture) => continue,
            None => return Err(SandboxError::UnknownSyscall { name: rule.syscall }),
        };
        let alternatives = by_number.entry(number).or_default();
        if rule.when.is_empty() {
            unconditional.push(number);
            continue;
        }
        let conditions =
            rule.when.iter().map(conditions).collect::<Result<Vec<_>, _>>().map_err(not_compilable)?;
        let compiled =
            SeccompRule::new(conditions.into_iter().flatten().collect()).map_err(not_compilable)?;
        alternatives.push(compiled);
    }
    for number in unconditional {
        // To the compiler, a call without alternatives is allowed with any arguments.
        by_number.insert(number, Vec::new());
    }
    SeccompFilter::new(by_number, SeccompAction::KillProcess, SeccompAction::Allow, ARCHITECTURE)
        .and_then(BpfProgram::try_from)
        .map_err(not_compilable)
}

/// Installs a filter on every thread of the process, and reads back that it stands.
pub(super) fn install(program: BpfProgram) -> Result<(), SandboxError> {
    // Leaked on purpose: giving the memory back might need a call that the filter forbids.
    let program: &'static [_] = program.leak();
    seccompiler::apply_filter_all_threads(program).map_err(|error| match error {
        seccompiler::Error::ThreadSync(thread) => SandboxError::ThreadOutside { thread },
        other => SandboxError::Seccomp { source: other },
    })?;
    // SAFETY: PR_GET_SECCOMP takes no pointer and changes nothing; READ_BACK allows it.
    match unsafe { libc::prctl(libc::PR_GET_SECCOMP, 0_u64, 0_u64, 0_u64, 0_u64) } {
        2 => Ok(()),
        _ => Err(SandboxError::NotInEffect { what: "seccomp filter" }),
    }
}

fn conditions(condition: &Condition) -> Result<Vec<SeccompCondition>, seccompiler::BackendError> {
    let width = match condition.width {
        Width::Int => SeccompCmpArgLen::Dword,
        Width::Long => SeccompCmpArgLen::Qword,
    };
    let one = |op, value| SeccompCondition::new(condition.argument, width.clone(), op, value);
    Ok(match condition.test {
        Test::Equals(value) => vec![one(SeccompCmpOp::Eq, value)?],
        Test::Differs(value) => vec![one(SeccompCmpOp::Ne, value)?],
        Test::AtMost(value) => vec![one(SeccompCmpOp::Le, value)?],
        Test::Between(from, to) => vec![one(SeccompCmpOp::Ge, from)?, one(SeccompCmpOp::Le, to)?],
        Test::Masked { mask, equals } => vec![one(SeccompCmpOp::MaskedEq(mask), equals)?],
    })
}

fn not_compilable(source: seccompiler::BackendError) -> SandboxError {
    SandboxError::Seccomp { source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_call_is_refused_and_named() {
        let error = compile(&[Rule::any("wriet", "a mistake")]).err();
        assert!(matches!(error, Some(SandboxError::UnknownSyscall { name: "wriet" })));
    }

    #[test]
    fn an_argument_that_does_not_exist_is_refused() {
        const SEVENTH: &[Condition] = &[Condition::int(6, Test::Equals(0))];
        assert!(matches!(
            compile(&[Rule::when("write", SEVENTH, "a mistake")]),
            Err(SandboxError::Seccomp { .. })
        ));
    }

    #[test]
    fn a_call_of_the_old_architecture_is_known_everywhere() {
        assert!(compile(&[Rule::any("open", "an old library")]).is_ok());
    }
}
