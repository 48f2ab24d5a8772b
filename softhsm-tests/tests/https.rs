//! KMIP over HTTPS on a whole box, by HTTP clients that are not ours: Python's and curl.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use softhsm_tests::certificates::Identity;
use softhsm_tests::configuration::Settings;
use softhsm_tests::{Appliance, Stage};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// A product's life over HTTPS in KMIP 1.4 (make a key, name it, activate it, find it, fetch it, replace it), the cases
/// MSGENC-HTTPS-M-1, MSGENC-XML-M-1 and MSGENC-JSON-M-1, and what must not work.
const WORK: &str = r#"
import http.client, json, ssl, sys
import xml.etree.ElementTree as ET

context = ssl.create_default_context(cafile=sys.argv[4])
context.load_cert_chain(sys.argv[2], sys.argv[3])
connection = http.client.HTTPSConnection("127.0.0.1", int(sys.argv[1]), context=context)
XML, JSON = "text/xml", "application/json"

def post(kind, body, path="/kmip", method="POST"):
    connection.request(method, path, body, {"Content-Type": kind, "Cache-Control": "no-cache"})
    response = connection.getresponse()
    return response, response.read()

def said(kind, body):
    response, text = post(kind, body)
    assert response.status == 200, response.status
    assert response.headers["Content-Type"] == kind, response.headers
    assert response.headers["Cache-Control"] == "no-cache", response.headers
    assert int(response.headers["Content-Length"]) == len(text)
    return text

def message(items, minor=4, header=""):
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<RequestMessage xmlns="urn:oasis:tc:kmip:xmlns"><RequestHeader><ProtocolVersion>
<ProtocolVersionMajor type="Integer" value="1"/><ProtocolVersionMinor type="Integer" value="{minor}"/>
</ProtocolVersion>{header}<BatchCount type="Integer" value="1"/></RequestHeader>{items}</RequestMessage>"""

def item(operation, payload=""):
    return f"""<BatchItem><Operation type="Enumeration" value="{operation}"/>
<RequestPayload>{payload}</RequestPayload></BatchItem>"""

def ask(operation, payload="", minor=4, header=""):
    tree = ET.fromstring(said(XML, message(item(operation, payload), minor, header)))
    assert tree.tag == "ResponseMessage", tree.tag
    return tree.find("BatchItem")

def done(operation, payload=""):
    answer = ask(operation, payload)
    assert answer.find("ResultStatus").get("value") == "Success", ET.tostring(answer)
    return answer.find("ResponsePayload")

def attribute(name, kind, value):
    return f"""<Attribute><AttributeName type="TextString" value="{name}"/>
<AttributeValue type="{kind}" value="{value}"/></Attribute>"""

def called(name):
    return f"""<Attribute><AttributeName type="TextString" value="Name"/><AttributeValue>
<NameValue type="TextString" value="{name}"/><NameType type="Enumeration" value="UninterpretedTextString"/>
</AttributeValue></Attribute>"""

def uid(tree):
    return tree.find("UniqueIdentifier").get("value")

def of(key):
    return f'<UniqueIdentifier type="TextString" value="{key}"/>'

key = uid(done("Create", '<ObjectType type="Enumeration" value="SymmetricKey"/><TemplateAttribute>'
    + attribute("Cryptographic Algorithm", "Enumeration", "AES") + attribute("Cryptographic Length", "Integer", "256")
    + attribute("Cryptographic Usage Mask", "Integer", "Encrypt Decrypt") + called("cluster &amp; &quot;one&quot;")
    + "</TemplateAttribute>"))
done("AddAttribute", of(key) + attribute("x-tenant", "TextString", "gr&#252;n"))
done("Activate", of(key))
found = done("Locate", called("cluster &amp; &quot;one&quot;"))
assert uid(found) == key
material = done("Get", of(key)).find(".//KeyMaterial").get("value")
assert len(material) == 64, material
shown = done("GetAttributes", of(key) + '<AttributeName type="TextString" value="x-tenant"/>')
assert shown.find(".//AttributeValue").get("value") == "grün"
fresh = uid(done("ReKey", of(key)))
assert fresh != key and uid(done("Locate", called("cluster &amp; &quot;one&quot;"))) == fresh

# Refusals of KMIP are answers of HTTP.
refused = ask("Get", of("no-such-key"))
assert refused.find("ResultReason").get("value") == "ItemNotFound"

# The published cases: an answer that is too large for the client, by the size that it has in TTLV.
query = ('<QueryFunction type="Enumeration" value="QueryOperations"/>'
         '<QueryFunction type="Enumeration" value="QueryObjects"/>')
for minor in range(5):
    small = ask("Query", query, minor, '<MaximumResponseSize type="Integer" value="256"/>')
    assert small.find("ResultReason").get("value") == "ResponseTooLarge", ET.tostring(small)
    large = ask("Query", query, minor, '<MaximumResponseSize type="Integer" value="2048"/>')
    operations = [one.get("value") for one in large.iter("Operation")]
    assert "Create" in operations and "Locate" in operations

def tag(name, value, kind=None):
    return {"tag": name, "value": value} | ({"type": kind} if kind else {})

def in_json(operation, payload):
    version = tag("ProtocolVersion", [tag("ProtocolVersionMajor", 1, "Integer"),
                                      tag("ProtocolVersionMinor", "0x00000002", "Integer")])
    header = tag("RequestHeader", [version, tag("BatchCount", 1, "Integer")])
    batch = tag("BatchItem", [tag("Operation", operation, "Enumeration"), tag("RequestPayload", payload)])
    answer = json.loads(said(JSON, json.dumps(tag("RequestMessage", [header, batch]))))
    assert answer["tag"] == "ResponseMessage", answer
    return answer["value"][1]["value"]

def field(fields, name):
    return next(one["value"] for one in fields if one["tag"] == name)

answer = in_json("Get", [tag("UniqueIdentifier", key, "TextString")])
assert field(answer, "ResultStatus") == "Success", answer
block = field(field(field(answer, "ResponsePayload"), "SymmetricKey"), "KeyBlock")
assert field(field(block, "KeyValue"), "KeyMaterial") == material, "the same key in either encoding"
assert field(in_json("Get", [tag("UniqueIdentifier", "nobody", "TextString")]), "ResultReason") == "ItemNotFound"

# TTLV, as on 5696.
query = bytes.fromhex("42007801000000904200770100000048420069010000002042006a02000000040000000100000000"
    "42006b020000000400000000000000004200500200000004000008000000000042000d0200000004000000010000000042000f01"
    "0000003842005c0500000004000000180000000042007901000000204200740500000004000000010000000042007405000000040000000200000000")
answer = said("application/octet-stream", query)
assert answer[:4] == bytes.fromhex("42007b01") and len(answer) == 8 + int.from_bytes(answer[4:8], "big")

# What is no request gets an answer of KMIP's, and the connection stays.
broken = ET.fromstring(said(XML, "<RequestMessage>"))
assert broken.find("BatchItem/ResultReason").get("value") == "InvalidMessage"
broken = json.loads(said(JSON, "[]"))
assert broken["tag"] == "ResponseMessage"

for kind, path, method, status in [("text/html", "/kmip", "POST", 415), (XML, "/other", "POST", 404), (XML, "/kmip", "PUT", 405)]:
    response, _ = post(kind, "x", path, method)
    assert response.status == status, (response.status, status)
print("worked", key)
"#;

struct Files<'s> {
    stage: &'s Stage,
}

impl Files<'_> {
    fn put(&self, name: &str, text: &[u8]) -> String {
        let path = self.stage.path(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    }

    fn identity(&self, name: &str, identity: &Identity) -> (String, String) {
        let cert = self.put(&format!("{name}.pem"), identity.pem.as_bytes());
        (cert, self.put(&format!("{name}-key.pem"), identity.key_pem.as_bytes()))
    }
}

fn python(files: &Files<'_>, appliance: &Appliance, tenant: &str, script: &str) -> String {
    let python = std::env::var_os("HOLDFAST_PYTHON").unwrap_or_else(|| "python3".into());
    let (cert, key) = files.identity("python", &files.stage.identity(tenant));
    let output = Command::new(&python)
        .arg(files.put("story.py", script.as_bytes()))
        .arg(appliance.https.port().to_string())
        .args([cert, key, files.put("ca.pem", files.stage.box_ca.pem.as_bytes())])
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}: apt-get install python3", python.display()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", appliance.log());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn python_s_http_client_works_in_all_three_encodings_and_sees_its_own_keys_alone() {
    let (stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let files = Files { stage: &stage };
    let worked = python(&files, &appliance, "acme", WORK);
    let key = worked.trim().strip_prefix("worked ").unwrap();
    let peek = WORK.split("key = uid(").next().unwrap().to_owned()
        + &format!("assert ask('Get', of('{key}')).find('ResultReason').get('value') == 'ItemNotFound'\n")
        + "assert done('Locate').find('UniqueIdentifier') is None\nprint('peeked')\n";
    assert_eq!(
        python(&files, &appliance, "globex", &peek),
        "peeked\n",
        "another tenant's key does not exist"
    );
    assert!(appliance.stop().success());
    assert!(stage.verify_audit().status.success());
    let lines = stage.audit_lines();
    assert!(lines.iter().any(|line| line.contains("ReKey") || line.contains("Re-key")), "{lines:#?}");
}

#[test]
fn curl_with_a_client_certificate_is_answered_and_without_one_is_not_let_in() {
    let (stage, appliance) = Stage::serving(&["acme"], &Settings::default());
    let files = Files { stage: &stage };
    let (cert, key) = files.identity("curl", &stage.identity("acme"));
    let ca = files.put("ca.pem", stage.box_ca.pem.as_bytes());
    let query = "<RequestMessage><RequestHeader><ProtocolVersion>\
        <ProtocolVersionMajor type=\"Integer\" value=\"2\"/><ProtocolVersionMinor type=\"Integer\" value=\"1\"/>\
        </ProtocolVersion><BatchCount type=\"Integer\" value=\"1\"/></RequestHeader><BatchItem>\
        <Operation type=\"Enumeration\" value=\"DiscoverVersions\"/><RequestPayload/></BatchItem></RequestMessage>";
    let body = files.put("query.xml", query.as_bytes());
    let url = format!("https://127.0.0.1:{}/kmip", appliance.https.port());
    let curl = |more: &[&str]| {
        Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--max-time", "20", "--cacert", &ca])
            .args(["--header", "Content-Type: text/xml", "--data-binary", &format!("@{body}"), &url])
            .args(more)
            .output()
            .expect("this story needs curl: apt-get install curl")
    };
    for more in [&[][..], &["--http1.0"], &["--header", "Expect: 100-continue"], &["--tls-max", "1.2"]] {
        let output = curl(&[&["--cert", &cert, "--key", &key], more].concat());
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{more:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("<ProtocolVersionMajor type=\"Integer\" value=\"2\"/>"), "{said}");
    }
    assert!(!curl(&[]).status.success(), "without a certificate");
}
