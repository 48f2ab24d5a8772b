//! libmongocrypt, MongoDB's client in C: it writes and reads KMIP by itself, a script only carries its bytes.
//!
//! It opens a connection for each message, as its drivers do.

use crate::appliance::Appliance;
use crate::certificates::Identity;
use crate::python::run;
use crate::stage::Stage;

/// Runs a script with `vault(...)` in its scope, which makes an encrypter whose data keys the box protects.
///
/// # Panics
/// When the script fails, or the library is not there.
#[must_use]
pub fn mongocrypt(stage: &Stage, appliance: &Appliance, identity: &Identity, script: &str) -> String {
    run(stage, appliance, identity, &format!("{PROLOGUE}{script}"), "pymongocrypt pymongo")
}

/// What every script begins with.
const PROLOGUE: &str = r#"
import socket, ssl, sys, uuid
import bson
from bson import CodecOptions
from pymongocrypt.errors import MongoCryptError
from pymongocrypt.options import MongoCryptOptions
from pymongocrypt.synchronous.explicit_encrypter import ExplicitEncrypter
from pymongocrypt.synchronous.state_machine import MongoCryptCallback

ENDPOINT = "127.0.0.1:" + sys.argv[1]
STANDARD = CodecOptions(uuid_representation=bson.binary.UuidRepresentation.STANDARD)

class Carrier(MongoCryptCallback):
    """Carries KMIP messages to the box, and keeps data keys in memory."""
    def __init__(self):
        self.keys = []
        self.messages = 0
        self.tls = ssl.create_default_context(cafile=sys.argv[4])
        self.tls.load_cert_chain(sys.argv[2], sys.argv[3])

    def kms_request(self, context):
        host, port = context.endpoint.split(":")
        with socket.create_connection((host, int(port)), timeout=20) as plain:
            with self.tls.wrap_socket(plain, server_hostname=host) as connection:
                connection.sendall(context.message)
                self.messages += 1
                while context.bytes_needed > 0:
                    data = connection.recv(context.bytes_needed)
                    if not data:
                        raise OSError("the box closed the connection")
                    context.feed(data)

    def collection_info(self, database, filter):
        raise NotImplementedError

    def mark_command(self, database, command):
        raise NotImplementedError

    def fetch_keys(self, filter):
        return iter(self.keys)

    def insert_data_key(self, data_key):
        self.keys.append(bytes(data_key))
        return bson.decode(bytes(data_key), STANDARD)["_id"].bytes

    def bson_encode(self, document):
        return bson.encode(document, codec_options=STANDARD)

    def close(self):
        pass

def vault(carrier):
    return ExplicitEncrypter(carrier, MongoCryptOptions({"kmip": {"endpoint": ENDPOINT}}))

def master(carrier, **more):
    return {"endpoint": ENDPOINT, **more}

def there_and_back(carrier, encrypter, key):
    secret = carrier.bson_encode({"v": "ten thousand euro to the bakery"})
    sealed = encrypter.encrypt(secret, "AEAD_AES_256_CBC_HMAC_SHA_512-Random", key_id=key)
    assert secret not in bytes(sealed)
    # Another process: nothing is cached, the data key is opened by the box again.
    other = vault(carrier)
    assert bson.decode(bytes(other.decrypt(sealed))) == bson.decode(secret)
    other.close()
"#;
