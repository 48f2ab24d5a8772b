//! Where the programs under test are: built once for each test program, by the cargo that built it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The appliance.
pub fn holdfastd() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| built("holdfastd"))
}

/// The operator's command line.
pub fn holdfast() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| built("holdfast"))
}

/// The PKCS#11 library.
pub(crate) fn library() -> PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| built("libholdfast_pkcs11.so")).clone()
}

/// Beside this program, where cargo puts the workspace's binaries: `target/PROFILE`, one up from the `deps` where tests
/// are. Cargo builds a package's binaries only for its own tests, so ask it for them; nothing happens when they are fresh.
fn built(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    let program = std::env::current_exe().expect("this program has a path");
    let mut beside = program.ancestors().skip(1).skip_while(|directory| directory.ends_with("deps"));
    let directory = beside.next().expect("cargo runs programs in target/PROFILE");
    if let Some(directory) = std::env::var_os("HOLDFAST_BIN") {
        return existing(&Path::new(&directory).join(name));
    }
    BUILT.get_or_init(|| build(directory));
    existing(&directory.join(name))
}

fn build(directory: &Path) {
    let Some(cargo) = std::env::var_os("CARGO") else { return };
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "holdfastd", "--package", "holdfast-cli"]);
    command.args(["--package", "holdfast-pkcs11"]);
    if directory.ends_with("release") {
        command.arg("--release");
    }
    if let Some(target) = directory.parent() {
        command.env("CARGO_TARGET_DIR", target);
    }
    let status = command.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
    assert!(status.success(), "holdfastd or holdfast does not build");
}

fn existing(path: &Path) -> PathBuf {
    let how = "run `cargo build -p holdfastd -p holdfast-cli`";
    assert!(path.exists(), "{} is missing: {how}", path.display());
    path.to_owned()
}

/// A tool of the system; says what to install when it is not there.
pub(crate) fn tool(name: &str, package: &str) -> Command {
    let found = std::env::var_os("PATH")
        .is_some_and(|paths| std::env::split_paths(&paths).any(|directory| directory.join(name).exists()));
    assert!(found, "{name} is missing: apt-get install {package}");
    Command::new(name)
}
