//! Scripts in Python, run as processes of their own with an identity and the box's port.

use crate::appliance::Appliance;
use crate::certificates::Identity;
use crate::configuration::private;
use crate::stage::Stage;
use std::process::Command;

/// Runs a script; what it printed. Its arguments are the port, the client's certificate and key, and the box's CA.
///
/// # Panics
/// When the script fails, or a module that it imports is not there; `install` says how to get that.
pub(crate) fn run(
    stage: &Stage,
    appliance: &Appliance,
    identity: &Identity,
    script: &str,
    install: &str,
) -> String {
    let python = std::env::var_os("HOLDFAST_PYTHON").unwrap_or_else(|| "python3".into());
    let directory = tempfile::tempdir_in(stage.path("")).unwrap();
    let file = |name: &str, text: &str| {
        private(&directory.path().join(name), text);
        directory.path().join(name)
    };
    let (cert, key) = (file("cert.pem", &identity.pem), file("key.pem", &identity.key_pem));
    let ca = file("ca.pem", &stage.box_ca.pem);
    let output = Command::new(&python)
        .arg(file("story.py", script))
        .arg(appliance.kmip.port().to_string())
        .args([cert, key, ca])
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}: apt-get install python3", python.display()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !said.contains("ModuleNotFoundError"),
        "{said}\ninstall it into a venv (pip install {install}) and set HOLDFAST_PYTHON to its python"
    );
    assert!(output.status.success(), "the script: {said}\n{}", appliance.log());
    String::from_utf8_lossy(&output.stdout).into_owned()
}
