//! PyKMIP, a KMIP client that is not ours, run as a process of its own.

use crate::appliance::Appliance;
use crate::certificates::Identity;
use crate::python::run;
use crate::stage::Stage;

/// The versions that it speaks, as it names them.
pub const VERSIONS: [&str; 6] = ["1_0", "1_1", "1_2", "1_3", "1_4", "2_0"];

/// Runs a script with a connected `client` in its scope, in KMIP 1.4; what it printed.
///
/// # Panics
/// When the script fails, or PyKMIP is not there.
#[must_use]
pub fn pykmip(stage: &Stage, appliance: &Appliance, identity: &Identity, script: &str) -> String {
    pykmip_in("1_4", stage, appliance, identity, script)
}

/// The same in one of [`VERSIONS`].
///
/// # Panics
/// When the script fails, or PyKMIP is not there.
#[must_use]
pub fn pykmip_in(
    version: &str,
    stage: &Stage,
    appliance: &Appliance,
    identity: &Identity,
    script: &str,
) -> String {
    let indented: String = script.lines().map(|line| format!("    {line}\n")).collect();
    let prologue = PROLOGUE.replace("@VERSION@", version);
    let text = format!("{prologue}with open_client() as client:\n{indented}");
    run(stage, appliance, identity, &text, "PyKMIP")
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

VERSION = enums.KMIPVersion.KMIP_@VERSION@

def open_client():
    return ProxyKmipClient(hostname="127.0.0.1", port=int(sys.argv[1]), cert=sys.argv[2], key=sys.argv[3],
                           ca=sys.argv[4], kmip_version=VERSION)

def named(text):
    return AttributeFactory().create_attribute(enums.AttributeType.NAME, attributes.Name.create(text, enums.NameType.UNINTERPRETED_TEXT_STRING))

def refused(call):
    try:
        call()
    except KmipOperationFailure as failure:
        return failure.reason.name
    raise SystemExit("was not refused")

"#;
