//! PyKMIP, a KMIP client that is not ours, run as a process of its own.

use crate::appliance::Appliance;
use crate::certificates::Identity;
use crate::configuration::private;
use crate::stage::Stage;
use std::process::Command;

/// Runs a script with a connected `client` in its scope; what it printed.
///
/// # Panics
/// When the script fails, or PyKMIP is not there.
#[must_use]
pub fn pykmip(stage: &Stage, appliance: &Appliance, identity: &Identity, script: &str) -> String {
    let python = std::env::var_os("HOLDFAST_PYTHON").unwrap_or_else(|| "python3".into());
    let directory = tempfile::tempdir_in(stage.path("")).unwrap();
    let file = |name: &str, text: &str| {
        private(&directory.path().join(name), text);
        directory.path().join(name)
    };
    let (cert, key) = (file("cert.pem", &identity.pem), file("key.pem", &identity.key_pem));
    let ca = file("ca.pem", &stage.box_ca.pem);
    let indented: String = script.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!("{PROLOGUE}with open_client() as client:\n{indented}");
    let output = Command::new(&python)
        .arg(file("story.py", &text))
        .arg(appliance.kmip.port().to_string())
        .args([cert, key, ca])
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}: apt-get install python3", python.display()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !said.contains("No module named 'kmip'"),
        "PyKMIP is missing: install it into a venv (pip install pykmip) and set HOLDFAST_PYTHON to its python"
    );
    assert!(output.status.success(), "PyKMIP: {said}\n{}", appliance.log());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What every script begins with.
const PROLOGUE: &str = r#"
import sys
from kmip import enums
from kmip.core import attributes
from kmip.core.factories.attributes import AttributeFactory
from kmip.pie.client import ProxyKmipClient
from kmip.pie.exceptions import KmipOperationFailure

AES = enums.CryptographicAlgorithm.AES
MASK = [enums.CryptographicUsageMask.ENCRYPT, enums.CryptographicUsageMask.DECRYPT]
CBC = {
    "cryptographic_algorithm": AES,
    "block_cipher_mode": enums.BlockCipherMode.CBC,
    "padding_method": enums.PaddingMethod.PKCS5,
}

def open_client():
    return ProxyKmipClient(hostname="127.0.0.1", port=int(sys.argv[1]), cert=sys.argv[2], key=sys.argv[3],
                           ca=sys.argv[4], kmip_version=enums.KMIPVersion.KMIP_1_4)

def named(text):
    return AttributeFactory().create_attribute(enums.AttributeType.NAME, attributes.Name.create(text, enums.NameType.UNINTERPRETED_TEXT_STRING))

def refused(call):
    try:
        call()
    except KmipOperationFailure as failure:
        return failure.reason.name
    raise SystemExit("was not refused")

"#;
