//! Making objects, giving them to the server and fetching them.

use super::answer::{Answer, Secrets};
use super::attribute::{self, named, parse_one, standard};
use super::bytes::{self, Out, hex};
use super::link::Link;
use super::parameters::Parameters;
use crate::{Failure, Report};
use clap::Args;
use kmip::attribute::{Attribute, AttributeValue, CryptographicParameters};
use kmip::enums::{
    BlockCipherMode, CertificateType, CryptographicAlgorithm, DerivationMethod, EncodingOption, Enumeration,
    KeyFormatType, ObjectType, OpaqueDataType, SecretDataType, WrappingMethod,
};
use kmip::identifier::Identifier;
use kmip::object::{
    Certificate, KeyBlock, KeyInformation, KeyMaterial, KeyValue, KeyWrappingSpecification, Object,
    OpaqueObject, PgpKey, PrivateKey, PublicKey, SecretData, SymmetricKey,
};
use kmip::operation::{
    CreateKeyPairRequest, CreateRequest, DerivationParameters, DeriveKeyRequest, ExportRequest, GetRequest,
    ImportRequest, ReKeyKeyPairRequest, ReKeyRequest, RegisterRequest,
};
use kmip::primitive::Interval;
use kmip::tag::Tag;
use std::path::PathBuf;

/// Attributes of a new object.
#[derive(Args)]
pub(super) struct New {
    /// A name for it.
    #[arg(long)]
    name: Option<String>,
    /// What it may be used for: Encrypt|Decrypt, Sign, …
    #[arg(long, value_name = "MASK")]
    usage: Option<String>,
    /// Any other attribute. Give several.
    #[arg(long = "attribute", short, value_name = "NAME=VALUE", value_parser = parse_one)]
    attributes: Vec<Attribute<'static>>,
}

impl New {
    fn all(&self, usage: Option<&str>) -> Result<Vec<Attribute<'static>>, Failure> {
        let mut all = Vec::new();
        if let Some(name) = &self.name {
            all.push(parse_one(&format!("Name={name}")).map_err(attribute::bad)?);
        }
        if let Some(usage) = self.usage.as_deref().or(usage) {
            all.push(parse_one(&format!("Cryptographic Usage Mask={usage}")).map_err(attribute::bad)?);
        }
        all.extend(self.attributes.iter().cloned());
        Ok(all)
    }
}

fn kind(algorithm: CryptographicAlgorithm, length: i32) -> [Attribute<'static>; 2] {
    [
        standard(Tag::CRYPTOGRAPHIC_ALGORITHM, AttributeValue::Enumeration(algorithm.code())),
        standard(Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(length)),
    ]
}

/// Makes a symmetric key and prints its identifier. It is pre-active: activate it before use.
#[derive(Args)]
#[command(after_help = attribute::HELP)]
pub(super) struct Create {
    /// AES, HMAC_SHA256, ChaCha20Poly1305, …
    #[arg(long, default_value = "AES", value_parser = named::<CryptographicAlgorithm>)]
    algorithm: CryptographicAlgorithm,
    /// Bits.
    #[arg(long, default_value_t = 256)]
    length: i32,
    #[command(flatten)]
    new: New,
}

impl Create {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let usage = if self.algorithm == CryptographicAlgorithm::AES {
            "Encrypt|Decrypt"
        } else {
            "MACGenerate|MACVerify"
        };
        let mut attributes = kind(self.algorithm, self.length).to_vec();
        attributes.extend(self.new.all(Some(usage))?);
        link.ask(&CreateRequest {
            object_type: ObjectType::SYMMETRIC_KEY,
            attributes: (&attributes).into(),
            protection_storage_masks: None,
        })?
        .report(Secrets::Hidden)
    }
}

/// Makes a key pair and prints both identifiers.
#[derive(Args)]
#[command(after_help = "\
Examples:
  holdfast kmip create-key-pair --name web --algorithm RSA --length 3072
  holdfast kmip create-key-pair --name web --algorithm EC --length 256 --curve P_256")]
pub(super) struct CreateKeyPair {
    /// RSA, EC, ECDSA, Ed25519, …
    #[arg(long, default_value = "RSA", value_parser = named::<CryptographicAlgorithm>)]
    algorithm: CryptographicAlgorithm,
    /// Bits.
    #[arg(long, default_value_t = 2048)]
    length: i32,
    /// Curve: P_256, P_384, …
    #[arg(long, value_parser = named::<kmip::enums::RecommendedCurve>)]
    curve: Option<kmip::enums::RecommendedCurve>,
    /// A name; the keys are called NAME.private and NAME.public.
    #[arg(long)]
    name: Option<String>,
    /// What the private key may be used for.
    #[arg(long, value_name = "MASK", default_value = "Sign")]
    private_usage: String,
    /// What the public key may be used for.
    #[arg(long, value_name = "MASK", default_value = "Verify")]
    public_usage: String,
    /// Any other attribute of both. Give several.
    #[arg(long = "attribute", short, value_name = "NAME=VALUE", value_parser = parse_one)]
    attributes: Vec<Attribute<'static>>,
}

impl CreateKeyPair {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let mut common = kind(self.algorithm, self.length).to_vec();
        if let Some(curve) = self.curve {
            let parameters = kmip::attribute::CryptographicDomainParameters {
                qlength: None,
                recommended_curve: Some(curve),
            };
            let value = AttributeValue::Structure(kmip::attribute::StructureValue::of(&parameters));
            common.push(standard(Tag::CRYPTOGRAPHIC_DOMAIN_PARAMETERS, value));
        }
        common.extend(self.attributes.iter().cloned());
        let half = |which: &str, usage: &String| {
            let name = self.name.as_ref().map(|name| format!("{name}.{which}"));
            New { name, usage: Some(usage.clone()), attributes: Vec::new() }.all(None)
        };
        let (private, public) = (half("private", &self.private_usage)?, half("public", &self.public_usage)?);
        link.ask(&CreateKeyPairRequest {
            common: Some((&common).into()),
            private_key: Some((&private).into()),
            public_key: Some((&public).into()),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        })?
        .report(Secrets::Hidden)
    }
}

/// An object from a file.
#[derive(Args)]
pub(super) struct FromFile {
    /// SymmetricKey, PrivateKey, PublicKey, Certificate, SecretData, OpaqueObject, PGPKey.
    #[arg(long = "type", value_parser = named::<ObjectType>)]
    ty: ObjectType,
    /// The bytes: a file, or `-` for standard input. They never go into arguments, which everybody can see.
    #[arg(long = "in", value_name = "FILE", default_value = "-")]
    input: PathBuf,
    /// What they are: Raw, PKCS_8, PKCS_1, X_509, ECPrivateKey, Opaque. Default: Raw for keys, X_509 for public and PKCS_8 for private ones.
    #[arg(long, value_parser = named::<KeyFormatType>)]
    format: Option<KeyFormatType>,
    /// Algorithm of a key.
    #[arg(long, value_parser = named::<CryptographicAlgorithm>)]
    algorithm: Option<CryptographicAlgorithm>,
    /// Its bits. Default: those of the bytes, for a symmetric key.
    #[arg(long)]
    length: Option<i32>,
    /// Kind of secret data: Password or Seed.
    #[arg(long, default_value = "Password", value_parser = named::<SecretDataType>)]
    secret: SecretDataType,
}

impl FromFile {
    fn object<'b>(&self, bytes: &'b [u8]) -> Result<Object<'b>, Failure> {
        let format = self.format.unwrap_or(match self.ty {
            ObjectType::PRIVATE_KEY => KeyFormatType::PKCS_8,
            ObjectType::PUBLIC_KEY => KeyFormatType::X_509,
            ObjectType::SECRET_DATA => KeyFormatType::OPAQUE,
            _ => KeyFormatType::RAW,
        });
        let bits = i32::try_from(bytes.len().saturating_mul(8)).ok();
        let symmetric = self.ty == ObjectType::SYMMETRIC_KEY;
        let key_block = KeyBlock {
            format,
            compression: None,
            value: Some(KeyValue::plain(KeyMaterial::Bytes(bytes))),
            algorithm: self.algorithm.or(symmetric.then_some(CryptographicAlgorithm::AES)),
            length: self.length.or(bits.filter(|_| symmetric)),
            wrapping: None,
        };
        Ok(match self.ty {
            ObjectType::SYMMETRIC_KEY => Object::SymmetricKey(SymmetricKey { key_block }),
            ObjectType::PRIVATE_KEY => Object::PrivateKey(PrivateKey { key_block }),
            ObjectType::PUBLIC_KEY => Object::PublicKey(PublicKey { key_block }),
            ObjectType::SECRET_DATA => Object::SecretData(SecretData { ty: self.secret, key_block }),
            ObjectType::PGP_KEY => Object::PgpKey(PgpKey { pgp_version: 4, key_block }),
            ObjectType::CERTIFICATE => {
                Object::Certificate(Certificate { ty: CertificateType::X_509, value: bytes })
            }
            ObjectType::OPAQUE_OBJECT => Object::OpaqueObject(OpaqueObject {
                ty: OpaqueDataType::from_code(0x8000_0000),
                value: bytes,
            }),
            other => {
                return Err(Failure::Unable(format!(
                    "{other:?} cannot be made of a file; see `holdfast kmip raw`"
                )));
            }
        })
    }
}

/// Gives the server an object of yours and prints its identifier.
#[derive(Args)]
#[command(after_help = "\
Examples:
  holdfast kmip register --type SymmetricKey --in key.bin --name mine --usage 'Encrypt|Decrypt'
  holdfast kmip register --type PrivateKey --algorithm RSA --length 2048 --in key.p8 --usage Sign
  holdfast kmip register --type Certificate --in cert.der --name web
  pass show db | holdfast kmip register --type SecretData --name db")]
pub(super) struct Register {
    #[command(flatten)]
    from: FromFile,
    #[command(flatten)]
    new: New,
}

impl Register {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let bytes = bytes::read(&self.from.input)?;
        // 1.x demands a usage mask of everything that is a key or a certificate.
        let usage = match self.from.ty {
            ObjectType::OPAQUE_OBJECT => None,
            ObjectType::SECRET_DATA | ObjectType::CERTIFICATE | ObjectType::PUBLIC_KEY => Some("Verify"),
            ObjectType::PRIVATE_KEY => Some("Sign"),
            _ => Some("Encrypt|Decrypt"),
        };
        let attributes = self.new.all(usage)?;
        link.ask(&RegisterRequest {
            object_type: self.from.ty,
            attributes: (&attributes).into(),
            object: self.from.object(&bytes)?,
            protection_storage_masks: None,
        })?
        .report(Secrets::Hidden)
    }
}

/// Gives the server an object under an identifier that you choose.
#[derive(Args)]
pub(super) struct Import {
    /// The identifier it gets.
    id: String,
    #[command(flatten)]
    from: FromFile,
    /// Put it in the place of what has that identifier already.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    new: New,
}

impl Import {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let bytes = bytes::read(&self.from.input)?;
        let attributes = self.new.all(None)?;
        link.ask(&ImportRequest {
            unique_identifier: Identifier::Text(&self.id),
            object_type: Some(self.from.ty),
            replace_existing: self.replace.then_some(true),
            key_wrap_type: None,
            attributes: (&attributes).into(),
            object: Some(self.from.object(&bytes)?),
        })?
        .report(Secrets::Hidden)
    }
}

/// How an object is wanted.
#[derive(Args)]
pub(super) struct Wanted {
    /// The object.
    id: String,
    /// Format: Raw, PKCS_1, PKCS_8, X_509, TransparentSymmetricKey, …
    #[arg(long, value_parser = named::<KeyFormatType>)]
    format: Option<KeyFormatType>,
    /// Wrapped by this key of the server.
    #[arg(long, value_name = "ID")]
    wrap_with: Option<String>,
    /// How it is wrapped: NISTKeyWrap (RFC 3394), AESKeyWrapPadding (RFC 5649), …
    #[arg(long, default_value = "NISTKeyWrap", value_parser = named::<BlockCipherMode>)]
    wrap_mode: BlockCipherMode,
    /// Wrap the encoded key value, attributes and all, instead of the key's bytes.
    #[arg(long)]
    wrap_encoded: bool,
    /// Show key material.
    #[arg(long)]
    show_secrets: bool,
    #[command(flatten)]
    out: Out,
}

impl Wanted {
    fn wrapping(&self) -> Option<KeyWrappingSpecification<'_>> {
        let id = self.wrap_with.as_deref()?;
        let cryptographic_parameters = CryptographicParameters {
            block_cipher_mode: Some(self.wrap_mode),
            ..CryptographicParameters::default()
        };
        Some(KeyWrappingSpecification {
            method: WrappingMethod::ENCRYPT,
            encryption: Some(KeyInformation {
                unique_identifier: Identifier::Text(id),
                cryptographic_parameters: Some(cryptographic_parameters),
            }),
            mac_signature_key: None,
            attribute_names: kmip::field::List::default(),
            encoding: (!self.wrap_encoded).then_some(EncodingOption::NO_ENCODING),
        })
    }

    fn finish(&self, answer: &Answer, object: Option<Object<'_>>) -> Result<Report, Failure> {
        let report = answer.report(Secrets::shown_if(self.show_secrets))?;
        let Some(object) = object.filter(|_| self.out.is_given()) else { return Ok(report) };
        let bytes = match (&object, object.key_block().and_then(|block| block.value)) {
            (Object::Certificate(certificate), _) => Some(certificate.value),
            (Object::CertificateRequest(request), _) => Some(request.value),
            (Object::OpaqueObject(opaque), _) => Some(opaque.value),
            (_, Some(KeyValue::Wrapped(bytes))) => Some(bytes),
            (_, Some(KeyValue::Plain(plain))) => plain.material.bytes(),
            (_, None) => None,
        };
        let bytes = bytes.ok_or_else(|| {
            Failure::Unable("the object is no single string of bytes; ask for another --format".to_owned())
        })?;
        self.out.write(bytes, report)
    }
}

/// Fetches an object. Its key material goes to --out; it is shown only with --show-secrets.
#[derive(Args)]
#[command(after_help = "\
Examples:
  holdfast kmip get ID --out key.bin
  holdfast kmip get ID --format PKCS_8 --out key.p8
  holdfast kmip get ID --wrap-with OTHER --out wrapped.bin")]
pub(super) struct Get {
    #[command(flatten)]
    wanted: Wanted,
}

impl Get {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let answer = link.ask(&GetRequest {
            unique_identifier: Some(Identifier::Text(&self.wanted.id)),
            key_format_type: self.wanted.format,
            key_wrap_type: None,
            key_compression_type: None,
            key_wrapping_specification: self.wanted.wrapping(),
        })?;
        let got: kmip::operation::GetResponse<'_> = answer.read()?;
        self.wanted.finish(&answer, Some(got.object))
    }
}

/// Fetches an object with all its attributes.
#[derive(Args)]
pub(super) struct Export {
    #[command(flatten)]
    wanted: Wanted,
}

impl Export {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let answer = link.ask(&ExportRequest {
            unique_identifier: Some(Identifier::Text(&self.wanted.id)),
            key_format_type: self.wanted.format,
            key_wrap_type: None,
            key_compression_type: None,
            key_wrapping_specification: self.wanted.wrapping(),
        })?;
        let got: kmip::operation::ExportResponse<'_> = answer.read()?;
        self.wanted.finish(&answer, got.object)
    }
}

/// Makes a key that takes the place of another, and its name.
#[derive(Args)]
pub(super) struct ReKey {
    /// The key to be replaced.
    id: String,
    /// The new key is activated so many seconds after it is made.
    #[arg(long, value_name = "SECONDS")]
    offset: Option<u32>,
    #[command(flatten)]
    new: New,
}

impl ReKey {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let attributes = self.new.all(None)?;
        link.ask(&ReKeyRequest {
            unique_identifier: Some(Identifier::Text(&self.id)),
            offset: self.offset.map(Interval),
            attributes: (!attributes.is_empty()).then(|| (&attributes).into()),
            protection_storage_masks: None,
        })?
        .report(Secrets::Hidden)
    }
}

/// Makes a key pair that takes the place of another.
#[derive(Args)]
pub(super) struct ReKeyKeyPair {
    /// The private key to be replaced.
    id: String,
    /// The new keys are activated so many seconds after they are made.
    #[arg(long, value_name = "SECONDS")]
    offset: Option<u32>,
}

impl ReKeyKeyPair {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        link.ask(&ReKeyKeyPairRequest {
            private_key_unique_identifier: Some(Identifier::Text(&self.id)),
            offset: self.offset.map(Interval),
            common: None,
            private_key: None,
            public_key: None,
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        })?
        .report(Secrets::Hidden)
    }
}

/// Derives a key or a secret from others and prints its identifier.
#[derive(Args)]
#[command(after_help = "\
Examples:
  holdfast kmip derive ID --method HMAC --hash SHA_256 --data 6c6162656c --length 256 --key-algorithm AES --name child
  holdfast kmip derive ID --method PBKDF2 --hash SHA_256 --salt HEX --iterations 600000 --length 256")]
pub(super) struct Derive {
    /// What to derive from.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// PBKDF2, HASH, HMAC, ENCRYPT, NIST800_108_C, HKDF, AsymmetricKey, …
    #[arg(long, value_parser = named::<DerivationMethod>)]
    method: DerivationMethod,
    /// SymmetricKey or SecretData.
    #[arg(long = "type", default_value = "SymmetricKey", value_parser = named::<ObjectType>)]
    ty: ObjectType,
    /// Algorithm of what is derived.
    #[arg(long, default_value = "AES", value_parser = named::<CryptographicAlgorithm>)]
    key_algorithm: CryptographicAlgorithm,
    /// Its bits.
    #[arg(long, default_value_t = 256)]
    length: i32,
    #[command(flatten)]
    parameters: Parameters,
    /// IV, in hex.
    #[arg(long, value_name = "HEX", value_parser = hex)]
    iv: Option<Hex>,
    /// Derivation data, in hex.
    #[arg(long, value_name = "HEX", value_parser = hex)]
    data: Option<Hex>,
    /// Salt, in hex.
    #[arg(long, value_name = "HEX", value_parser = hex)]
    salt: Option<Hex>,
    /// Iterations (PBKDF2).
    #[arg(long, value_name = "COUNT")]
    iterations: Option<i32>,
    #[command(flatten)]
    new: New,
}

/// Bytes that were given in hex.
type Hex = Vec<u8>;

impl Derive {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let ids: Vec<Identifier<'_>> = self.ids.iter().map(|id| Identifier::Text(id)).collect();
        let mut attributes = kind(self.key_algorithm, self.length).to_vec();
        attributes.extend(self.new.all(Some("Encrypt|Decrypt"))?);
        let data: Vec<&[u8]> = self.data.as_deref().into_iter().collect();
        link.ask(&DeriveKeyRequest {
            object_type: self.ty,
            unique_identifiers: (&ids).into(),
            method: self.method,
            parameters: DerivationParameters {
                cryptographic_parameters: self.parameters.get(),
                initialization_vector: self.iv.as_deref(),
                derivation_data: data.as_slice().into(),
                salt: self.salt.as_deref(),
                iteration_count: self.iterations,
            },
            attributes: (&attributes).into(),
        })?
        .report(Secrets::Hidden)
    }
}
