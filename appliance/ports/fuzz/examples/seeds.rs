//! Writes the seeds of the target `wire`: one of each message that crosses a process boundary, framed.
//!
//! usage: cargo run -p holdfast-ports-fuzz --example seeds
#![allow(clippy::unwrap_used, reason = "a tool for whoever changes the wire")]

use core::time::Duration;
use holdfast_model::l1::{L1Ref, OaepHash, WrapMechanism, WrappedL2};
use holdfast_model::record::{IndexTag, RecordKind, RecordName, Revision, SealedRecord};
use holdfast_model::role::{Instance, Role};
use holdfast_model::trust::{PeerCertificate, Permission, Realm, TrustRule};
use holdfast_model::{
    Fingerprint, Generation, HsmName, LaneIndex, ObjectId, Sequence, ServiceId, TenantId, Timestamp,
};
use holdfast_ports::control::{Socket, ToChild, ToWarden, Wire};
use holdfast_ports::envelope::{self, Correlation};
use holdfast_ports::front::{Connection, Kind};
use holdfast_ports::settings::{KeystoreBackend, Logs};
use holdfast_ports::{audit, edge, frame, front, import, keystore, root, settings};
use serde::Serialize;
use std::path::Path;

fn main() {
    let tenant = TenantId::parse("acme").unwrap();
    let service = ServiceId::parse("db").unwrap();
    let hsm = HsmName::parse("main").unwrap();
    let l1 = L1Ref { hsm, label: "acme-root".to_owned() };
    let wrapped = WrappedL2 { mechanism: WrapMechanism::AesKeyWrapPadded, bytes: vec![1; 40] };
    let transport = root::TransportKey { modulus: vec![0x81; 32], exponent: vec![1, 0, 1] };
    let name = RecordName { tenant, kind: RecordKind::Object, id: ObjectId::from_bytes([7; 16]) };
    let (index, body) = (vec![IndexTag([3; 16])], vec![5; 24]);
    let record = SealedRecord { name, revision: Revision(2), index: index.clone(), body, mac: [9; 32] };
    let query = keystore::Query {
        tenant,
        kind: RecordKind::Object,
        all_of: index,
        older_than: ObjectId::MAX,
        limit: 16,
    };

    link("root-link", &root::Request::Link(l1.clone()));
    link("root-release", &root::Request::Release(l1, wrapped, transport));
    link(
        "root-released",
        &root::Reply::Released(root::Released::Transport { ciphertext: vec![4; 32], oaep: OaepHash::Sha256 }),
    );
    link(
        "root-wait",
        &root::Reply::Failed(root::RootError::RateLimited { retry_after: Duration::from_millis(1500) }),
    );
    let writes = vec![
        keystore::Write::Put(record.clone(), keystore::Expected::At(Revision(1))),
        keystore::Write::Shred(name, Revision(2)),
    ];
    link("keystore-commit", &keystore::Request::Commit(writes));
    link("keystore-find", &keystore::Request::Find(query));
    link("keystore-records", &keystore::Reply::Records(vec![record]));
    link("keystore-bundle", &keystore::Reply::Bundle(Some((Sequence(3), vec![6; 12]))));
    link("audit-flush", &audit::Request::Flush { up_to: 4096 });
    link("audit-head", &audit::Reply::Head(audit::Head { records: 5, hash: [8; 32], bundle: Sequence(3) }));
    link("edge-sign", &edge::Request::Sign { scheme: 0x0403, message: vec![0x20; 20] });
    let rule = TrustRule {
        tenant,
        service,
        anchor_der: vec![0x30; 16],
        anchor: Fingerprint([1; 32]),
        realm: Realm::Shared,
        common_names: vec!["db-1".to_owned()],
        permission: Permission::Use,
    };
    link("edge-trust", &edge::Reply::Trust { rules: vec![rule], chain: vec![vec![0x30; 8]] });
    link("import-refused", &import::Request::Refused { reason: "forged".to_owned() });
    link("import-bundle", &import::Request::Bundle(vec![0xd2; 20]));
    let outcome = import::DirectiveOutcome {
        directive: "l1.link".to_owned(),
        task: "t-1".to_owned(),
        pending: "hsm-unavailable".to_owned(),
    };
    link("import-applied", &import::Reply::Applied { sequence: Sequence(3), outcomes: vec![outcome] });

    let peer = PeerCertificate {
        anchor: Fingerprint([1; 32]),
        leaf: Fingerprint([2; 32]),
        common_name: Some("db-1".to_owned()),
        organization: None,
        not_after: Timestamp::from_millis(1_900_000_000_000),
    };
    let mut open = Vec::new();
    front::write_header(&mut open, Kind::Open, Connection(7));
    front::write_peer(&mut open, &peer);
    framed("front-open", &open);
    let mut request = Vec::new();
    front::write_header(&mut request, Kind::Request, Connection(7));
    request.extend_from_slice(&[0x42, 0, 0x78, 1, 0, 0, 0, 0]);
    framed("front-request", &request);

    let instance = Instance::of(Role::KeystoreAgent);
    let wire = Wire { socket: Socket::Keystore { lane: LaneIndex(1) }, fd: 4, peer: Generation(2) };
    let own = settings::Keystore { backend: KeystoreBackend::Embedded("/store".into()), lanes: 2 };
    let settings = postcard::to_allocvec(&own).unwrap();
    let generation = Generation(1);
    packet(
        "control-start",
        &ToChild::Start { instance, generation, logs: Logs::default(), wires: vec![wire], settings },
    );
    packet("control-rewire", &ToChild::Rewire(wire));
    packet("control-failed", &ToWarden::Failed("no".to_owned()));
}

fn link<M: Serialize>(name: &str, message: &M) {
    let mut content = Vec::new();
    envelope::write(&mut content, Correlation(1), message);
    framed(name, &content);
}

fn framed(name: &str, content: &[u8]) {
    let mut out = Vec::new();
    frame::append(&mut out, |out| out.extend_from_slice(content)).unwrap();
    save(name, &out);
}

fn packet<M: Serialize>(name: &str, message: &M) {
    save(name, &postcard::to_allocvec(message).unwrap());
}

fn save(name: &str, bytes: &[u8]) {
    std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/wire").join(name), bytes).unwrap();
}
