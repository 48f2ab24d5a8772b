//! Every operation that a client can ask for again and again, at one connection and at sixteen, beside the echo.
//!
//! Separate from `operations`, whose few rows have goals. What makes or ends an object is durable before its answer and so
//! measures the disk; operations that only work once on an object come as a batch that begins with making one.

use crate::load::{Requests, Server};
use crate::operations::{Asked, Turns, in_turns};
use crate::report::Report;
use crate::requests::identifier;
use crate::subject::Subject;
use kmip::ttlv::Limits;
use std::cell::Cell;

/// Objects that the requests are about.
struct Objects {
    aes: String,
    mac: String,
    private: String,
    public: String,
    base: String,
    limited: String,
    signature: String,
    code: String,
}

/// All of them.
///
/// # Errors
/// When a server fails or answers with an error.
pub(crate) fn measure(
    report: &mut Report,
    subject: &Subject,
    echo: &Server,
    turns: Turns,
) -> Result<(), String> {
    let objects = Objects::made(subject)?;
    for connections in [1, 16] {
        // A few at a time, so that each is measured beside an echo of its own time.
        for rows in rows(&objects).chunks(6) {
            let asked = rows.iter().map(|row| -> Asked<'_> { (row.what, requests(&row.message), None) });
            in_turns(report, &subject.server()?, echo, connections, turns, asked)?;
        }
    }
    Ok(())
}

/// A message; `@` stands for another number each time.
struct Row {
    what: &'static str,
    message: String,
}

fn requests(message: &str) -> Requests {
    let (message, number) = (message.to_owned(), Cell::new(0_u64));
    let fixed = (!message.contains('@')).then(|| encoded(&message));
    Box::new(move || match &fixed {
        Some(bytes) => bytes.clone(),
        None => {
            number.set(number.get() + 1);
            encoded(&message.replace('@', &format!("{:x}", number.get())))
        }
    })
}

fn encoded(message: &str) -> Vec<u8> {
    let bytes = kmip::xml::to_ttlv(message, &Limits::DEFAULT);
    assert!(bytes.is_ok(), "requests of a benchmark are sound: {message}");
    bytes.map(|bytes| bytes.to_vec()).unwrap_or_default()
}

impl Objects {
    fn made(subject: &Subject) -> Result<Self, String> {
        let ask = |operation: &str, payload: &str| subject.done(&encoded(&one(operation, payload)));
        let id = |answer: Vec<u8>| identifier(&answer).ok_or("an answer without an identifier".to_owned());
        let create = |algorithm: &str, bits: u32, mask: &str, more: &str| {
            let id = id(ask("Create", &created(algorithm, bits, mask, more))?)?;
            ask("Activate", &uid(&id))?;
            Ok::<_, String>(id)
        };
        let aes = create("AES", 256, "Encrypt Decrypt", "")?;
        let mac = create("HMAC_SHA256", 256, "MACGenerate MACVerify", "")?;
        let base = create("AES", 256, "DeriveKey", "")?;
        let usage = "<Attribute><AttributeName type=\"TextString\" value=\"Usage Limits\"/><AttributeValue>\
                     <UsageLimitsTotal type=\"LongInteger\" value=\"9000000000000000\"/>\
                     <UsageLimitsUnit type=\"Enumeration\" value=\"Byte\"/></AttributeValue></Attribute>";
        let limited = create("AES", 256, "Encrypt", usage)?;
        let pair = format!(
            "<CommonTemplateAttribute>{}{}</CommonTemplateAttribute><PrivateKeyTemplateAttribute>{}\
             </PrivateKeyTemplateAttribute><PublicKeyTemplateAttribute>{}</PublicKeyTemplateAttribute>",
            algorithm("ECDSA"),
            length(256),
            mask("Sign"),
            mask("Verify")
        );
        let made = ask("CreateKeyPair", &pair)?;
        let text = kmip::xml::from_ttlv(&made, &Limits::DEFAULT).map_err(|e| e.to_string())?;
        let value = |text: &str, tag: &str| {
            let (_, rest) = text.split_once(&format!("<{tag} "))?;
            Some(rest.split_once("value=\"")?.1.split_once('"')?.0.to_owned())
        };
        let half = |tag: &str| value(&text, tag).ok_or("a pair without identifiers".to_owned());
        let (private, public) = (half("PrivateKeyUniqueIdentifier")?, half("PublicKeyUniqueIdentifier")?);
        ask("Activate", &uid(&private))?;
        ask("Activate", &uid(&public))?;
        let told = |answer: Vec<u8>, tag: &str| {
            let text = kmip::xml::from_ttlv(&answer, &Limits::DEFAULT).map_err(|e| e.to_string())?;
            value(&text, tag).ok_or(format!("an answer without {tag}"))
        };
        let signature = told(ask("Sign", &format!("{}{ECDSA}{DATA}", uid(&private)))?, "SignatureData")?;
        let code = told(ask("MAC", &format!("{}{DATA}", uid(&mac)))?, "MACData")?;
        Ok(Self { aes, mac, private, public, base, limited, signature, code })
    }
}

/// 32 bytes.
const DATA: &str =
    "<Data type=\"ByteString\" value=\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"/>";
const IV: &str = "<IVCounterNonce type=\"ByteString\" value=\"00112233445566778899aabbccddeeff\"/>";
const CBC: &str = "<CryptographicParameters><BlockCipherMode type=\"Enumeration\" value=\"CBC\"/></CryptographicParameters>";
const ECDSA: &str = "<CryptographicParameters><HashingAlgorithm type=\"Enumeration\" value=\"SHA_256\"/>\
                     <CryptographicAlgorithm type=\"Enumeration\" value=\"ECDSA\"/></CryptographicParameters>";
const SHA_256: &str = "<CryptographicParameters><HashingAlgorithm type=\"Enumeration\" value=\"SHA_256\"/></CryptographicParameters>";

fn uid(id: &str) -> String {
    format!("<UniqueIdentifier type=\"TextString\" value=\"{id}\"/>")
}

fn attribute(name: &str, value: &str) -> String {
    format!("<Attribute><AttributeName type=\"TextString\" value=\"{name}\"/>{value}</Attribute>")
}

fn algorithm(name: &str) -> String {
    attribute("Cryptographic Algorithm", &format!("<AttributeValue type=\"Enumeration\" value=\"{name}\"/>"))
}

fn length(bits: u32) -> String {
    attribute("Cryptographic Length", &format!("<AttributeValue type=\"Integer\" value=\"{bits}\"/>"))
}

fn mask(bits: &str) -> String {
    attribute("Cryptographic Usage Mask", &format!("<AttributeValue type=\"Integer\" value=\"{bits}\"/>"))
}

fn created(of: &str, bits: u32, usage: &str, more: &str) -> String {
    format!(
        "<ObjectType type=\"Enumeration\" value=\"SymmetricKey\"/><TemplateAttribute>{}{}{}{more}</TemplateAttribute>",
        algorithm(of),
        length(bits),
        mask(usage)
    )
}

fn one(operation: &str, payload: &str) -> String {
    several((1, 4), &[(operation, payload)])
}

fn several((major, minor): (i32, i32), items: &[(&str, &str)]) -> String {
    let batch: String = items
        .iter()
        .enumerate()
        .map(|(at, (operation, payload))| {
            let id = if items.len() > 1 {
                format!("<UniqueBatchItemID type=\"ByteString\" value=\"{at:02x}\"/>")
            } else {
                String::new()
            };
            format!(
                "<BatchItem><Operation type=\"Enumeration\" value=\"{operation}\"/>{id}<RequestPayload>{payload}\
                 </RequestPayload></BatchItem>"
            )
        })
        .collect();
    format!(
        "<RequestMessage><RequestHeader><ProtocolVersion><ProtocolVersionMajor type=\"Integer\" value=\"{major}\"/>\
         <ProtocolVersionMinor type=\"Integer\" value=\"{minor}\"/></ProtocolVersion>\
         <BatchCount type=\"Integer\" value=\"{}\"/></RequestHeader>{batch}</RequestMessage>",
        items.len()
    )
}

fn rows(objects: &Objects) -> Vec<Row> {
    let Objects { aes, mac, private, public, base, limited, signature, code } = objects;
    let (key, hmac, limited) = (uid(aes), uid(mac), uid(limited));
    let (private, public, base) = (uid(private), uid(public), uid(base));
    let row = |what, operation: &str, payload: &str| Row { what, message: one(operation, payload) };
    let aes = created("AES", 256, "Encrypt Decrypt", "");
    let why = "<RevocationReason><RevocationReasonCode type=\"Enumeration\" value=\"CessationOfOperation\"/></RevocationReason>";
    let life = [("Create", aes.as_str()), ("Activate", ""), ("Revoke", why), ("Destroy", "")];
    let shelf = [("Create", aes.as_str()), ("Archive", ""), ("Recover", "")];
    let replaced = [("Create", aes.as_str()), ("ReKey", "")];
    let register = "<ObjectType type=\"Enumeration\" value=\"SecretData\"/><TemplateAttribute/><SecretData>\
                    <SecretDataType type=\"Enumeration\" value=\"Password\"/><KeyBlock>\
                    <KeyFormatType type=\"Enumeration\" value=\"Opaque\"/><KeyValue>\
                    <KeyMaterial type=\"ByteString\" value=\"000102030405060708090a0b0c0d0e0f\"/></KeyValue></KeyBlock></SecretData>";
    let derived = format!(
        "<ObjectType type=\"Enumeration\" value=\"SymmetricKey\"/>{base}<DerivationMethod type=\"Enumeration\" value=\"HASH\"/>\
         <DerivationParameters>{SHA_256}</DerivationParameters><TemplateAttribute>{}{}{}</TemplateAttribute>",
        algorithm("AES"),
        length(256),
        mask("Encrypt")
    );
    let note = attribute("x-note", "<AttributeValue type=\"TextString\" value=\"@\"/>");
    let noted =
        [("Create", aes.as_str()), ("AddAttribute", note.as_str()), ("ModifyAttribute", note.as_str())];
    vec![
        row(
            "Query, operations and objects",
            "Query",
            "<QueryFunction type=\"Enumeration\" value=\"QueryOperations\"/><QueryFunction type=\"Enumeration\" value=\"QueryObjects\"/>",
        ),
        row("Discover Versions", "DiscoverVersions", ""),
        Row { what: "Ping", message: several((2, 1), &[("Ping", "")]) },
        row("Check", "Check", &key),
        row("Get", "Get", &key),
        row("Get Attributes, all", "GetAttributes", &key),
        row("Get Attribute List", "GetAttributeList", &key),
        row("Obtain Lease", "ObtainLease", &key),
        row(
            "Get Usage Allocation, durable",
            "GetUsageAllocation",
            &format!("{limited}<UsageLimitsCount type=\"LongInteger\" value=\"1\"/>"),
        ),
        row("Encrypt 32 B, AES-256-CBC", "Encrypt", &format!("{key}{CBC}{DATA}{IV}")),
        row("Decrypt 32 B, AES-256-CBC", "Decrypt", &format!("{key}{CBC}{DATA}{IV}")),
        row("Sign 32 B, ECDSA P-256", "Sign", &format!("{private}{ECDSA}{DATA}")),
        row(
            "Signature Verify, the same",
            "SignatureVerify",
            &format!("{public}{ECDSA}{DATA}<SignatureData type=\"ByteString\" value=\"{signature}\"/>"),
        ),
        row("MAC 32 B, HMAC-SHA-256", "MAC", &format!("{hmac}{DATA}")),
        row(
            "MAC Verify, the same",
            "MACVerify",
            &format!("{hmac}{DATA}<MACData type=\"ByteString\" value=\"{code}\"/>"),
        ),
        row("Hash 32 B, SHA-256", "Hash", &format!("{SHA_256}{DATA}")),
        row("RNG Retrieve 32 B", "RNGRetrieve", "<DataLength type=\"Integer\" value=\"32\"/>"),
        row("RNG Seed 32 B", "RNGSeed", DATA),
        row("Register, secret of 16 B", "Register", register),
        row(
            "Create Key Pair, P-256",
            "CreateKeyPair",
            &format!(
                "<CommonTemplateAttribute>{}{}</CommonTemplateAttribute><PrivateKeyTemplateAttribute>{}\
                 </PrivateKeyTemplateAttribute><PublicKeyTemplateAttribute>{}</PublicKeyTemplateAttribute>",
                algorithm("ECDSA"),
                length(256),
                mask("Sign"),
                mask("Verify")
            ),
        ),
        row("Derive Key, SHA-256", "DeriveKey", &derived),
        Row { what: "Create, Activate, Revoke, Destroy", message: several((1, 4), &life) },
        Row { what: "Create, Archive, Recover", message: several((1, 4), &shelf) },
        Row { what: "Create, Re-key", message: several((1, 4), &replaced) },
        Row { what: "Create, Add and Modify Attribute", message: several((1, 4), &noted) },
    ]
}
