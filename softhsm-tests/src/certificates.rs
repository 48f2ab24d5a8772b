//! Certificates, made anew for each story: the box's, the tenants', and those that must not be let in.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};
use std::net::{IpAddr, Ipv4Addr};

/// A CA.
pub struct Authority {
    params: CertificateParams,
    key: KeyPair,
    /// Its certificate.
    pub der: Vec<u8>,
    /// The same.
    pub pem: String,
}

/// A certificate and its private key.
#[derive(Clone)]
pub struct Identity {
    /// Certificate in DER.
    pub der: Vec<u8>,
    /// Certificate in PEM.
    pub pem: String,
    /// Key in PKCS#8, DER.
    pub key_der: Vec<u8>,
    /// Key in PKCS#8, PEM.
    pub key_pem: String,
}

/// What a client certificate is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As it should be.
    Good,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    Early,
    /// For servers, not for clients.
    ServerOnly,
}

impl Authority {
    /// Makes one.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        Self { der: made.der().to_vec(), pem: made.pem(), params, key }
    }

    /// Certifies the appliance itself.
    #[must_use]
    pub fn server(&self) -> Identity {
        let mut params = named("appliance");
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        params.subject_alt_names =
            vec![SanType::IpAddress(loopback), SanType::DnsName("localhost".try_into().unwrap())];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(&params)
    }

    /// Certifies a client.
    #[must_use]
    pub fn client(&self, name: &str) -> Identity {
        self.client_of(name, Kind::Good)
    }

    /// Certifies a client of some kind.
    #[must_use]
    pub fn client_of(&self, name: &str, kind: Kind) -> Identity {
        let mut params = named(name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        match kind {
            Kind::Good => {}
            Kind::Expired => {
                params.not_before = date_time_ymd(2020, 1, 1);
                params.not_after = date_time_ymd(2020, 2, 1);
            }
            Kind::Early => {
                params.not_before = date_time_ymd(2090, 1, 1);
                params.not_after = date_time_ymd(2091, 1, 1);
            }
            Kind::ServerOnly => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
        }
        self.issue(&params)
    }

    fn issue(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        let made = params.signed_by(&key, &issuer).unwrap();
        Identity {
            der: made.der().to_vec(),
            pem: made.pem(),
            key_der: key.serialize_der(),
            key_pem: key.serialize_pem(),
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
