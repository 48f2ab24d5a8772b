"""A KMIP client that is not ours: PyKMIP against a running appliance, one command at a time.

Each command prints one line that a person can follow and exits with 0, or prints why not and exits with 1.
"""

import argparse
import logging
import sys

from kmip import enums
from kmip.core import attributes
from kmip.core.factories.attributes import AttributeFactory
from kmip.pie import client as pie


# PyKMIP looks for configuration files that nobody needs, and says so.
logging.disable(logging.CRITICAL)


def connect(options):
    return pie.ProxyKmipClient(
        hostname="127.0.0.1",
        port=options.port,
        cert=options.cert,
        key=options.key,
        ca=options.ca,
        kmip_version=enums.KMIPVersion.KMIP_1_4,
    )


def cbc():
    return {
        "cryptographic_algorithm": enums.CryptographicAlgorithm.AES,
        "block_cipher_mode": enums.BlockCipherMode.CBC,
        "padding_method": enums.PaddingMethod.PKCS5,
    }


def story(client):
    """Everything a tenant does with one key."""
    mask = [enums.CryptographicUsageMask.ENCRYPT, enums.CryptographicUsageMask.DECRYPT]
    uid = client.create(enums.CryptographicAlgorithm.AES, 256, name="invoices", cryptographic_usage_mask=mask)
    print(f"      Create    an AES-256 key named 'invoices': {uid}")
    client.activate(uid)
    print("      Activate  it")
    found = client.locate(attributes=[name_attribute("invoices")])
    if found != [uid]:
        raise SystemExit(f"Locate found {found}, not the key that was created")
    print("      Locate    by name: found it, and nothing else")
    key = client.get(uid)
    print(f"      Get       its {len(key.value)} bytes, over mutual TLS, as a client that may")
    plain = b"ten thousand euro to the bakery"
    parameters = cbc()
    iv = bytes(range(16))
    sealed, _ = client.encrypt(plain, uid=uid, cryptographic_parameters=parameters, iv_counter_nonce=iv)
    print(f"      Encrypt   {len(plain)} bytes to {len(sealed)}")
    if client.decrypt(sealed, uid=uid, cryptographic_parameters=parameters, iv_counter_nonce=iv) != plain:
        raise SystemExit("Decrypt did not give back what was encrypted")
    print("      Decrypt   gives back what went in")
    client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, uid=uid)
    print("      Revoke    it: from now on it only decrypts")
    try:
        client.encrypt(plain, uid=uid, cryptographic_parameters=parameters, iv_counter_nonce=iv)
        raise SystemExit("a revoked key still encrypts")
    except Exception as refused:  # PyKMIP has one exception for every refusal
        print(f"      Encrypt   is refused: {reason(refused)}")
    client.destroy(uid)
    print("      Destroy   it")
    kept = client.create(enums.CryptographicAlgorithm.AES, 256, name="ledger", cryptographic_usage_mask=mask)
    client.activate(kept)
    print(f"      Create    another key, 'ledger', which stays: {kept}")
    return kept


def name_attribute(name):
    value = attributes.Name.create(name, enums.NameType.UNINTERPRETED_TEXT_STRING)
    return AttributeFactory().create_attribute(enums.AttributeType.NAME, value)


def reason(error):
    return getattr(getattr(error, "reason", None), "name", type(error).__name__)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["story", "peek", "use", "refused"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--uid")
    options = parser.parse_args()
    try:
        with connect(options) as client:
            if options.command == "story":
                kept = story(client)
                print(f"uid={kept}", file=sys.stderr)
            elif options.command == "peek":
                if client.locate():
                    raise SystemExit("another tenant's keys can be seen")
                try:
                    client.get(options.uid)
                except Exception as refused:
                    print(f"      Locate finds nothing; Get of the other tenant's key: {reason(refused)}")
                else:
                    raise SystemExit("another tenant's key can be fetched")
            elif options.command == "use":
                uid = options.uid or client.create(
                    enums.CryptographicAlgorithm.AES,
                    256,
                    cryptographic_usage_mask=[enums.CryptographicUsageMask.ENCRYPT],
                )
                client.get(uid)
                print(f"      Get {uid}: done")
                print(f"uid={uid}", file=sys.stderr)
            else:
                try:
                    client.get(options.uid)
                except Exception as refused:
                    print(f"      Get is refused: {reason(refused)}")
                else:
                    raise SystemExit("the tenant is cut off and still gets its key")
    except SystemExit:
        raise
    except Exception as error:
        print(f"      {options.command} failed: {type(error).__name__}: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
