use super::*;
use holdfast_model::ServiceId;
use holdfast_model::trust::{Permission, Realm};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

struct Ca {
    params: CertificateParams,
    key: KeyPair,
    der: Vec<u8>,
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2040, 1, 1);
    params
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    params
}

fn ca(name: &str) -> Ca {
    let (params, key) = (ca_params(name), KeyPair::generate().unwrap());
    let der = params.self_signed(&key).unwrap().der().to_vec();
    Ca { params, key, der }
}

impl Ca {
    fn sign(&self, params: &CertificateParams) -> CertificateDer<'static> {
        let issuer = Issuer::from_params(&self.params, &self.key);
        params.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().clone()
    }

    fn intermediate(&self, name: &str) -> Ca {
        let (params, key) = (ca_params(name), KeyPair::generate().unwrap());
        let der =
            params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap().der().to_vec();
        Ca { params, key, der }
    }

    fn rule(&self, tenant: &str, realm: Realm) -> TrustRule {
        TrustRule {
            tenant: TenantId::parse(tenant).unwrap(),
            service: ServiceId::parse("db").unwrap(),
            anchor: peer::fingerprint(&self.der),
            anchor_der: self.der.clone(),
            realm,
            common_names: Vec::new(),
            permission: Permission::Use,
        }
    }
}

fn client(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn trust(rules: Vec<TrustRule>) -> Trust {
    Trust::new(Generation(1), rules, Vec::new())
}

fn admit(
    trust: &Trust,
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
) -> Result<TenantId, Rejection> {
    let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
    trust
        .admit(leaf, others, algorithms, UnixTime::now())
        .map(|admitted| admitted.identity.tenant)
        .map_err(|refused| refused.why)
}

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

#[test]
fn a_client_of_a_tenants_ca_is_admitted_as_that_tenants_and_a_strangers_is_not() {
    let (ours, theirs) = (ca("Ours"), ca("Theirs"));
    let trust = trust(vec![ours.rule("acme", Realm::Own)]);
    assert_eq!(admit(&trust, &ours.sign(&client("db")), &[]), Ok(tenant("acme")));
    assert_eq!(admit(&trust, &theirs.sign(&client("db")), &[]), Err(Rejection::UnknownIssuer));
}

#[test]
fn cas_of_the_same_name_are_told_apart_by_their_keys() {
    let (one, two, forged) = (ca("Root CA"), ca("Root CA"), ca("Root CA"));
    let trust = trust(vec![one.rule("acme", Realm::Own), two.rule("globex", Realm::Own)]);
    assert_eq!(admit(&trust, &one.sign(&client("db")), &[]), Ok(tenant("acme")));
    assert_eq!(admit(&trust, &two.sign(&client("db")), &[]), Ok(tenant("globex")));
    assert!(admit(&trust, &forged.sign(&client("db")), &[]).is_err());
}

#[test]
fn an_intermediate_leads_to_its_anchor_and_without_it_nothing_does() {
    let root = ca("Root");
    let middle = root.intermediate("Middle");
    let leaf = middle.sign(&client("db"));
    let trust = trust(vec![root.rule("acme", Realm::Own)]);
    assert_eq!(admit(&trust, &leaf, &[CertificateDer::from(middle.der.clone())]), Ok(tenant("acme")));
    assert_eq!(admit(&trust, &leaf, &[]), Err(Rejection::UnknownIssuer));
}

#[test]
fn a_client_is_worth_no_longer_than_the_shortest_lived_certificate_of_its_path() {
    let root = ca("Root");
    let mut middle = ca_params("Middle");
    middle.not_after = rcgen::date_time_ymd(2035, 1, 1);
    let key = KeyPair::generate().unwrap();
    let der = middle.signed_by(&key, &Issuer::from_params(&root.params, &root.key)).unwrap().der().to_vec();
    let leaf = Ca { params: middle, key, der: der.clone() }.sign(&client("db"));
    let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
    let trust = trust(vec![root.rule("acme", Realm::Own)]);
    let admitted = trust.admit(&leaf, &[CertificateDer::from(der)], algorithms, UnixTime::now()).unwrap();
    assert_eq!(admitted.peer.not_after, Timestamp::from_seconds(2_051_222_401));
}

#[test]
fn an_expired_client_and_one_not_valid_yet_are_refused_as_such() {
    let ours = ca("Ours");
    let trust = trust(vec![ours.rule("acme", Realm::Own)]);
    let mut expired = client("db");
    expired.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let mut early = client("db");
    early.not_before = rcgen::date_time_ymd(2039, 1, 1);
    assert_eq!(admit(&trust, &ours.sign(&expired), &[]), Err(Rejection::Expired));
    assert_eq!(admit(&trust, &ours.sign(&early), &[]), Err(Rejection::Expired));
}

#[test]
fn a_server_certificate_is_no_client_certificate() {
    let ours = ca("Ours");
    let mut server = named("db");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let trust = trust(vec![ours.rule("acme", Realm::Own)]);
    assert_eq!(admit(&trust, &ours.sign(&server), &[]), Err(Rejection::BadCertificate));
}

#[test]
fn a_client_of_a_shared_ca_without_its_tenants_name_is_nobody() {
    let shared = ca("Shared");
    let trust = trust(vec![shared.rule("acme", Realm::Shared)]);
    let mut of_acme = client("db");
    of_acme.distinguished_name.push(DnType::OrganizationName, "acme");
    let mut of_globex = client("db");
    of_globex.distinguished_name.push(DnType::OrganizationName, "globex");
    assert_eq!(admit(&trust, &shared.sign(&of_acme), &[]), Ok(tenant("acme")));
    assert_eq!(admit(&trust, &shared.sign(&of_globex), &[]), Err(Rejection::NoRule));
    assert_eq!(admit(&trust, &shared.sign(&client("db")), &[]), Err(Rejection::NoRule));
}

#[test]
fn an_anchor_that_is_not_the_one_named_admits_nobody() {
    let (ours, other) = (ca("Ours"), ca("Other"));
    let mut rule = ours.rule("acme", Realm::Own);
    rule.anchor = peer::fingerprint(&other.der);
    assert_eq!(admit(&trust(vec![rule]), &ours.sign(&client("db")), &[]), Err(Rejection::UnknownIssuer));
}

#[test]
fn more_certificates_than_may_be_shown_and_bytes_that_are_none_are_refused() {
    let ours = ca("Ours");
    let trust = trust(vec![ours.rule("acme", Realm::Own)]);
    let leaf = ours.sign(&client("db"));
    let many = vec![CertificateDer::from(ours.der.clone()); CLIENT_CHAIN_MAX];
    assert_eq!(admit(&trust, &leaf, &many), Err(Rejection::BadCertificate));
    let cut = CertificateDer::from(leaf[..leaf.len() - 1].to_vec());
    assert_eq!(admit(&trust, &cut, &[]), Err(Rejection::BadCertificate));
}
