//! Whatever the bytes, reading them ends in a value or an error, and what was read can be written.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test: what is wrong here is to fail loudly"
)]

use std::path::Path;

use kmip::attribute::Attributes;
use kmip::field::Field;
use kmip::message::{RequestMessage, ResponseMessage};
use kmip::operation::{Request, Response};
use kmip::tag::Tag;
use kmip::ttlv::{Item, ItemType, Limits, Writer, frame, parse};
use kmip::version::Version;
use proptest::prelude::*;

/// Reads bytes in every way there is, and writes again what was read.
fn exercise(bytes: &[u8]) {
    let limits = Limits::DEFAULT;
    let _ = frame::length(bytes, limits.message_bytes);
    if let Ok(item) = parse(bytes, &limits) {
        walk(item);
        for version in Version::NEWEST_FIRST {
            if let Ok(attributes) = Attributes::decode(item, version) {
                attributes.iter().for_each(drop);
            }
        }
    }
    if let Ok(request) = RequestMessage::decode(bytes, &limits) {
        let mut out = Vec::new();
        request.encode(&mut out, usize::MAX).unwrap();
        for item in request.items.iter() {
            if let Some(Ok(payload)) = Request::of(&item, request.version) {
                rewrite(|writer| payload.encode(Tag::REQUEST_PAYLOAD, request.version, writer));
            }
        }
    }
    if let Ok(response) = ResponseMessage::decode(bytes, &limits) {
        for item in response.items.iter() {
            let (Some(operation), Some(payload)) = (item.operation, item.payload) else { continue };
            if let Some(Ok(payload)) = Response::decode(operation, payload, response.version) {
                rewrite(|writer| payload.encode(Tag::RESPONSE_PAYLOAD, response.version, writer));
            }
        }
    }
}

fn walk(item: Item<'_>) {
    let Ok(children) = item.children() else { return };
    let inside: usize = children.map(|child| 8 + child.value().len().next_multiple_of(8)).sum();
    assert_eq!(inside, item.value().len(), "children fill their structure");
    children.for_each(walk);
}

fn rewrite(write: impl FnOnce(&mut Writer<'_>)) {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, usize::MAX);
    write(&mut writer);
    writer.finish().unwrap();
    assert!(
        parse(&out, &Limits { message_bytes: usize::MAX, ..Limits::DEFAULT }).is_ok(),
        "what is written can be read"
    );
}

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/message");
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 40, "the corpus is missing from {}", folder.display());
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A sequence of numbers that is the same in each run (xorshift, G. Marsaglia).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

#[test]
fn mutated_messages_are_read_or_refused_and_never_panic() {
    let corpus = corpus();
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    for round in 0..400 {
        for message in &corpus {
            let mut bytes = message.clone();
            for _ in 0..=numbers.below(3) {
                if bytes.is_empty() {
                    break;
                }
                let at = numbers.below(bytes.len());
                match numbers.below(6) {
                    0 => bytes[at] ^= 1 << numbers.below(8),
                    1 => bytes.truncate(at),
                    2 => bytes[at] = [0x00, 0x01, 0x07, 0x08, 0x7F, 0x80, 0xFF][numbers.below(7)],
                    // A lie about a length: lengths end at a multiple of eight.
                    3 => {
                        let at = (at & !7) + 7;
                        if let Some(byte) = bytes.get_mut(at) {
                            *byte = u8::try_from(numbers.below(256)).unwrap();
                        }
                    }
                    // A piece of another message, in whole items' steps.
                    4 => {
                        let other = &corpus[numbers.below(corpus.len())];
                        let from = numbers.below(other.len()) & !7;
                        let length = (numbers.below(64) & !7).min(other.len() - from);
                        let at = at & !7;
                        bytes.splice(at..at, other[from..from + length].iter().copied());
                    }
                    _ => {
                        let end = (at + 8).min(bytes.len());
                        bytes.drain(at..end);
                    }
                }
            }
            // Half of them get a message length that fits, so that the inside is reached.
            if round % 2 == 0 && bytes.len() >= 8 {
                let length = u32::try_from((bytes.len() - 8) & !7).unwrap();
                bytes.truncate(8 + usize::try_from(length).unwrap());
                bytes[4..8].copy_from_slice(&length.to_be_bytes());
            }
            exercise(&bytes);
        }
    }
}

/// An item and what it holds.
#[derive(Clone, Debug)]
enum Tree {
    Integer(i32),
    Long(i64),
    Big(Vec<u8>),
    Enumeration(u32),
    Boolean(bool),
    Text(String),
    Bytes(Vec<u8>),
    Date(i64),
    Interval(u32),
    Micro(i64),
    Structure(Vec<(u32, Tree)>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        any::<i32>().prop_map(Tree::Integer),
        any::<i64>().prop_map(Tree::Long),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Tree::Big),
        any::<u32>().prop_map(Tree::Enumeration),
        any::<bool>().prop_map(Tree::Boolean),
        ".{0,20}".prop_map(Tree::Text),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Tree::Bytes),
        any::<i64>().prop_map(Tree::Date),
        any::<u32>().prop_map(Tree::Interval),
        any::<i64>().prop_map(Tree::Micro),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        proptest::collection::vec((0x42_0001..0x42_0180_u32, inner), 0..8).prop_map(Tree::Structure)
    })
}

fn write(tag: Tag, tree: &Tree, out: &mut Writer<'_>) {
    match tree {
        Tree::Integer(value) => out.integer(tag, *value),
        Tree::Long(value) => out.long_integer(tag, *value),
        Tree::Big(value) => out.big_integer(tag, value),
        Tree::Enumeration(value) => out.enumeration(tag, *value),
        Tree::Boolean(value) => out.boolean(tag, *value),
        Tree::Text(value) => out.text(tag, value),
        Tree::Bytes(value) => out.bytes(tag, value),
        Tree::Date(value) => out.date_time(tag, *value),
        Tree::Interval(value) => out.interval(tag, *value),
        Tree::Micro(value) => out.date_time_extended(tag, *value),
        Tree::Structure(children) => out.structure(tag, |out| {
            for (number, child) in children {
                write(Tag::new(*number).unwrap(), child, out);
            }
        }),
    }
}

fn same(tree: &Tree, item: &Item<'_>) -> bool {
    match tree {
        Tree::Integer(value) => item.integer() == Ok(*value),
        Tree::Long(value) => item.long_integer() == Ok(*value),
        Tree::Big(value) => item.big_integer().is_ok_and(|read| read.ends_with(value) && read.len() % 8 == 0),
        Tree::Enumeration(value) => item.enumeration() == Ok(*value),
        Tree::Boolean(value) => item.boolean() == Ok(*value),
        Tree::Text(value) => item.text() == Ok(value),
        Tree::Bytes(value) => item.bytes() == Ok(value),
        Tree::Date(value) => item.date_time() == Ok(*value),
        Tree::Interval(value) => item.interval() == Ok(*value),
        Tree::Micro(value) => item.date_time_extended() == Ok(*value),
        Tree::Structure(children) => {
            item.ty() == ItemType::Structure
                && item.children().is_ok_and(|read| {
                    read.count() == children.len()
                        && read.zip(children).all(|(item, (number, child))| {
                            item.tag().number() == *number && same(child, &item)
                        })
                })
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(tree in tree()) {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, usize::MAX);
        write(Tag::REQUEST_MESSAGE, &tree, &mut writer);
        writer.finish().unwrap();
        let item = parse(&out, &Limits::DEFAULT);
        prop_assert!(item.is_ok_and(|item| same(&tree, &item)));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        exercise(&bytes);
    }
}
