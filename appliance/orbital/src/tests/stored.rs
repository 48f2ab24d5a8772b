//! Bundles that were signed once and are kept: a change of this code must not refuse what was good.

use super::*;

const SIGNERS: &str = include_str!("../../fuzz/signers.txt");
const ONE: &[u8] = include_bytes!("../../fuzz/corpus/bundle/all-one.bundle");
const TWO: &[u8] = include_bytes!("../../fuzz/corpus/bundle/all-two.bundle");
const UNLINK: &[u8] = include_bytes!("../../fuzz/corpus/bundle/unlink.bundle");

fn signers(needed: u16) -> Signers {
    let pins: Vec<Signer> = SIGNERS
        .lines()
        .map(|line| {
            let (kid, hex) = line.split_once('=').unwrap();
            let key = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
            Signer { kid: kid.to_owned(), public_key: key.collect() }
        })
        .collect();
    Signers::pin(&pins, needed).unwrap()
}

fn judge(bytes: &[u8], needed: u16, last: Option<HighWater>) -> Result<Verified<Bundle>, Refusal> {
    let signers = signers(needed);
    let policy = Policy {
        signers: &signers,
        cluster: CLUSTER,
        appliance: ApplianceId::parse("north-1").unwrap(),
        high_water: last,
    };
    verify(Received::new(bytes.to_vec()).unwrap(), &policy, Timestamp::from_seconds(1_800_000_000))
}

#[test]
fn bundles_of_format_1_are_read_as_they_were_written() {
    let all = judge(TWO, 2, None).unwrap();
    let kinds: Vec<_> = all.content().directives.iter().map(|one| one.order.kind()).collect();
    assert_eq!(kinds, ["tenant.define", "l1.link", "service.define", "client.trust"]);
    assert_eq!(all.content().directives[0].metadata["ticket"], "42");
    assert_eq!(all.signed_by(), ["alice", "bob"]);
    let unlink = judge(UNLINK, 1, Some(all.high_water())).unwrap();
    assert!(unlink.skipped(), "lane 0 does not name the bundle before");
}

#[test]
fn the_digest_does_not_depend_on_who_signed() {
    assert_eq!(judge(ONE, 1, None).unwrap().digest(), judge(TWO, 2, None).unwrap().digest());
    assert_eq!(judge(ONE, 2, None).err(), Some(Refusal::NotEnoughSigners { had: 1, needed: 2 }));
}
