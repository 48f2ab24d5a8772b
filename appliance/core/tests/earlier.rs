//! Items of a batch that take up what items before them yielded.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: what is wrong here is to fail loudly"
)]

#[path = "support/memory.rs"]
mod memory;
#[path = "support/talk.rs"]
mod talk;
#[path = "support/tree.rs"]
mod tree;

use holdfast_model::trust::Permission;
use memory::{Memory, Store};
use talk::{bytes, item, number, pick, text, within};

fn manager() -> Memory {
    Store::new().client("db", Permission::Manage)
}

fn hash(data: &str) -> String {
    let how = within("CryptographicParameters", &pick("HashingAlgorithm", "SHA_256"));
    item("Hash", &format!("{how}{data}"))
}

fn sha_256(hex: &str) -> String {
    let data: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    let hash = hardening::hash::digest(hardening::hash::Hash::Sha256, &data).unwrap();
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn data_is_taken_up_by_what_yielded_it_or_by_its_place() {
    let client = manager();
    let (first, second) = (sha_256("01"), sha_256("02"));
    let items = [
        hash(&bytes("Data", "01")),
        hash(&bytes("Data", "02")),
        hash(&pick("Data", "Hash")),
        hash(&number("Data", 0)),
        hash(&number("Data", -2)),
    ];
    let reply = client.say((2, 1), "", &items);
    assert_eq!(reply.results(), ["Success"; 5]);
    let yielded = reply.values("Data");
    // The third is of the second, the fourth of the first, and the fifth of the third.
    let third = sha_256(&second);
    assert_eq!(yielded, [first.clone(), second, third.clone(), sha_256(&first), sha_256(&third)]);
}

#[test]
fn a_key_works_on_what_the_batch_has_just_made() {
    let client = manager();
    let key = client.active_key("Encrypt Decrypt");
    let how = |inside: &str| {
        let mode = format!("{}{}", pick("BlockCipherMode", "ECB"), pick("PaddingMethod", "None"));
        format!("{}{}{inside}", text("UniqueIdentifier", &key), within("CryptographicParameters", &mode))
    };
    let items = [
        item("Encrypt", &how(&bytes("Data", &"5a".repeat(16)))),
        item("Decrypt", &how(&pick("Data", "Encrypt"))),
    ];
    let reply = client.say((2, 1), "", &items);
    assert_eq!(reply.results(), ["Success"; 2]);
    assert_eq!(reply.values("Data")[1], "5a".repeat(16));
}

#[test]
fn what_nobody_yielded_cannot_be_taken_up() {
    let client = manager();
    for data in [pick("Data", "Encrypt"), number("Data", 1), number("Data", -2)] {
        let reply = client.say((2, 1), "", &[hash(&bytes("Data", "01")), hash(&data)]);
        assert_eq!(reply.results(), ["Success", "MissingData"], "{data}");
    }
    // Alone there is nothing before it.
    assert_eq!(client.say((2, 1), "", &[hash(&pick("Data", "Hash"))]).result(), "MissingData");
}
