//! Any bytes as the body of a record: read by its type or refused, and what was read is written and read alike.
#![no_main]
#![allow(clippy::expect_used, reason = "a crash is how a fuzz target reports")]

use holdfast_core::custody::tenant_record::{self, TenantRecord};
use holdfast_core::managed::Managed;
use holdfast_model::TenantId;
use holdfast_model::record::{Revision, SealedRecord};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(managed) = Managed::decode(bytes) {
        let mut out = Vec::new();
        managed.encode(&mut out);
        let mut again = Vec::new();
        Managed::decode(&out).expect("what was written can be read").encode(&mut again);
        assert_eq!(again, out, "and says the same");
        let _ = managed.facts();
        let mut entries = 0_usize;
        managed.index(&mut |_, _| entries += 1);
    }
    let tenant = TenantId::parse("acme").expect("a name");
    let name = tenant_record::name(tenant);
    let record =
        SealedRecord { name, revision: Revision(1), index: Vec::new(), body: bytes.to_vec(), mac: [0; 32] };
    let _ = TenantRecord::read_unchecked(tenant, &record);
});
