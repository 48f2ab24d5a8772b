//! Certificates of the box, of two tenants and of strangers, made anew for each test.

use super::core_double::BoxIdentity;
use aws_lc_rs::digest::{SHA256, digest};
use holdfast_model::trust::{Permission, Realm, TrustRule};
use holdfast_model::{Fingerprint, ServiceId, TenantId};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

pub struct Ca {
    params: CertificateParams,
    key: KeyPair,
    pub der: Vec<u8>,
}

/// A certificate and its key.
pub struct Issued {
    pub der: Vec<u8>,
    pub key: KeyPair,
}

impl Ca {
    pub fn new(name: &str) -> Self {
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { params, key, der }
    }

    pub fn issue(&self, params: &CertificateParams) -> Issued {
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        Issued { der: params.signed_by(&key, &issuer).unwrap().der().to_vec(), key }
    }

    pub fn rule(&self, tenant: &str) -> TrustRule {
        let mut anchor = [0; 32];
        anchor.copy_from_slice(digest(&SHA256, &self.der).as_ref());
        TrustRule {
            tenant: TenantId::parse(tenant).unwrap(),
            service: ServiceId::parse("db").unwrap(),
            anchor_der: self.der.clone(),
            anchor: Fingerprint(anchor),
            realm: Realm::Own,
            common_names: Vec::new(),
            permission: Permission::Manage,
        }
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params
}

pub fn client_params(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

pub struct Pki {
    pub box_ca: Ca,
    pub server: Issued,
    pub acme: Ca,
    pub globex: Ca,
}

impl Pki {
    pub fn new() -> Self {
        let box_ca = Ca::new("Box CA");
        let mut params = named("holdfast.test");
        params.subject_alt_names = vec![rcgen::SanType::DnsName("holdfast.test".try_into().unwrap())];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let server = box_ca.issue(&params);
        Self { box_ca, server, acme: Ca::new("Acme CA"), globex: Ca::new("Globex CA") }
    }

    pub fn identity(&self) -> BoxIdentity {
        BoxIdentity { chain: vec![self.server.der.clone()], key_pkcs8: self.server.key.serialize_der() }
    }

    pub fn rules(&self) -> Vec<TrustRule> {
        vec![self.acme.rule("acme"), self.globex.rule("globex")]
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.box_ca.der.clone())).unwrap();
        roots
    }

    /// A client of a tenant, TLS 1.3 or 1.2.
    pub fn client(&self, tenant: &str) -> Arc<ClientConfig> {
        let ca = if tenant == "acme" { &self.acme } else { &self.globex };
        self.client_with(&ca.issue(&client_params("db-1")), rustls::DEFAULT_VERSIONS)
    }

    pub fn client_with(
        &self,
        issued: &Issued,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        self.config(rustls::crypto::aws_lc_rs::default_provider(), issued, versions)
    }

    /// A client of a tenant that knows one key exchange: P-256.
    pub fn client_of_old(&self, tenant: &str) -> Arc<ClientConfig> {
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        provider.kx_groups = vec![rustls::crypto::aws_lc_rs::kx_group::SECP256R1];
        let ca = if tenant == "acme" { &self.acme } else { &self.globex };
        self.config(provider, &ca.issue(&client_params("db-1")), rustls::DEFAULT_VERSIONS)
    }

    fn config(
        &self,
        provider: rustls::crypto::CryptoProvider,
        issued: &Issued,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(issued.key.serialize_der()));
        let chain = vec![CertificateDer::from(issued.der.clone())];
        Arc::new(
            ClientConfig::builder_with_provider(Arc::new(provider))
                .with_protocol_versions(versions)
                .unwrap()
                .with_root_certificates(self.roots())
                .with_client_auth_cert(chain, key)
                .unwrap(),
        )
    }

    /// A client that shows no certificate.
    pub fn nobody(&self) -> Arc<ClientConfig> {
        Arc::new(
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_protocol_versions(rustls::DEFAULT_VERSIONS)
                .unwrap()
                .with_root_certificates(self.roots())
                .with_no_client_auth(),
        )
    }
}
