//! Known answers of the standard, and what must be refused.

use super::*;
use crate::tag::Tag;

const TAG: Tag = Tag::COMPROMISE_DATE;

fn read(hex: &str) -> Result<(), DecodeError> {
    parse(&bytes(hex), &Limits::DEFAULT).map(|_| ())
}

fn bytes(hex: &str) -> Vec<u8> {
    let hex: String = hex.chars().filter(char::is_ascii_hexdigit).collect();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, 1 << 20);
    write(&mut writer);
    writer.finish().unwrap();
    out
}

/// KMIP 1.4, section 9.1.2, in its order.
#[test]
fn the_examples_of_the_standard_are_read_and_written() {
    let sample = bytes("42 00 20 | 02 | 00 00 00 04 | 00 00 00 08 00 00 00 00");
    assert_eq!(parse(&sample, &Limits::DEFAULT).ok().map(|item| item.integer()), Some(Ok(8)));
    assert_eq!(written(|out| out.integer(TAG, 8)), sample);

    let sample = bytes("42 00 20 | 03 | 00 00 00 08 | 01 B6 9B 4B A5 74 92 00");
    assert_eq!(written(|out| out.long_integer(TAG, 123_456_789_000_000_000)), sample);

    let sample = bytes("42 00 20 | 04 | 00 00 00 10 | 00 00 00 00 03 FD 35 EB 6B C2 DF 46 18 08 00 00");
    let number = bytes("03 FD 35 EB 6B C2 DF 46 18 08 00 00");
    assert_eq!(written(|out| out.big_integer(TAG, &number)), sample);

    let sample = bytes("42 00 20 | 05 | 00 00 00 04 | 00 00 00 FF 00 00 00 00");
    assert_eq!(written(|out| out.enumeration(TAG, 255)), sample);

    let sample = bytes("42 00 20 | 06 | 00 00 00 08 | 00 00 00 00 00 00 00 01");
    assert_eq!(written(|out| out.boolean(TAG, true)), sample);

    let sample = bytes("42 00 20 | 07 | 00 00 00 0B | 48 65 6C 6C 6F 20 57 6F 72 6C 64 00 00 00 00 00");
    assert_eq!(written(|out| out.text(TAG, "Hello World")), sample);

    let sample = bytes("42 00 20 | 08 | 00 00 00 03 | 01 02 03 00 00 00 00 00");
    assert_eq!(written(|out| out.bytes(TAG, &[1, 2, 3])), sample);

    let sample = bytes("42 00 20 | 09 | 00 00 00 08 | 00 00 00 00 47 DA 67 F8");
    assert_eq!(written(|out| out.date_time(TAG, 0x47DA_67F8)), sample);

    let sample = bytes("42 00 20 | 0A | 00 00 00 04 | 00 0D 2F 00 00 00 00 00");
    assert_eq!(written(|out| out.interval(TAG, 864_000)), sample);

    let sample = bytes(
        "42 00 20 | 01 | 00 00 00 20 | 42 00 04 | 05 | 00 00 00 04 | 00 00 00 FE 00 00 00 00 | 42 00 05 | 02 | 00 00 00 04 | 00 00 00 FF 00 00 00 00",
    );
    let item = parse(&sample, &Limits::DEFAULT).ok().unwrap();
    let children: Vec<_> = item.children().unwrap().map(|child| (child.tag(), child.offset())).collect();
    assert_eq!(children, [(Tag::APPLICATION_SPECIFIC_INFORMATION, 8), (Tag::ARCHIVE_DATE, 24)]);
    let again = written(|out| {
        out.structure(TAG, |out| {
            out.enumeration(Tag::APPLICATION_SPECIFIC_INFORMATION, 254);
            out.integer(Tag::ARCHIVE_DATE, 255);
        });
    });
    assert_eq!(again, sample);
}

#[test]
fn a_negative_big_integer_is_extended_by_its_sign() {
    let out = written(|out| out.big_integer(TAG, &[0x80]));
    assert_eq!(out[8..], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x80]);
    assert_eq!(written(|out| out.big_integer(TAG, &[]))[8..], [0; 8]);
}

#[test]
fn what_ends_early_is_truncated() {
    let whole = bytes("42 00 20 | 01 | 00 00 00 10 | 42 00 04 | 05 | 00 00 00 04 | 00 00 00 FE 00 00 00 00");
    for cut in 0..whole.len() {
        assert!(matches!(parse(&whole[..cut], &Limits::DEFAULT), Err(DecodeError::Truncated { offset: 0 })));
    }
}

#[test]
fn text_without_its_padding_is_truncated() {
    assert!(matches!(read("42 00 20 07 00 00 00 03 41 42 43"), Err(DecodeError::Truncated { .. })));
}

#[test]
fn what_follows_the_message_is_refused() {
    assert_eq!(
        read("42 00 20 02 00 00 00 04 00 00 00 08 00 00 00 00 42"),
        Err(DecodeError::Trailing { offset: 16 })
    );
}

#[test]
fn a_length_that_does_not_fit_the_type_is_refused() {
    for hex in [
        "42 00 20 02 00 00 00 08 00 00 00 08 00 00 00 00",
        "42 00 20 03 00 00 00 04 00 00 00 08 00 00 00 00",
        "42 00 20 04 00 00 00 04 00 00 00 08 00 00 00 00",
        "42 00 20 04 00 00 00 00",
        "42 00 20 06 00 00 00 01 01 00 00 00 00 00 00 00",
        "42 00 20 01 00 00 00 04 00 00 00 00 00 00 00 00",
    ] {
        assert_eq!(read(hex), Err(DecodeError::Malformed { offset: 0, fault: Fault::Length }), "{hex}");
    }
}

#[test]
fn a_child_that_reaches_beyond_its_structure_is_refused() {
    let lie = "42 00 20 01 00 00 00 10 | 42 00 04 08 00 00 00 09 | 00 00 00 00 00 00 00 00";
    assert_eq!(read(lie), Err(DecodeError::Malformed { offset: 8, fault: Fault::BeyondStructure }));
    let no_room_for_a_header = "42 00 20 01 00 00 00 08 | 42 00 04 01 00 00 00 08";
    assert_eq!(
        read(no_room_for_a_header),
        Err(DecodeError::Malformed { offset: 8, fault: Fault::BeyondStructure })
    );
}

#[test]
fn what_is_no_tag_type_boolean_or_text_is_refused() {
    let fault = |fault| Err(DecodeError::Malformed { offset: 0, fault });
    assert_eq!(read("41 00 20 02 00 00 00 04 00 00 00 08 00 00 00 00"), fault(Fault::NotATag));
    assert_eq!(read("42 00 20 0C 00 00 00 04 00 00 00 08 00 00 00 00"), fault(Fault::NoSuchType));
    assert_eq!(read("42 00 20 06 00 00 00 08 00 00 00 00 00 00 00 02"), fault(Fault::Boolean));
    assert_eq!(read("42 00 20 07 00 00 00 01 FF 00 00 00 00 00 00 00"), fault(Fault::Text));
}

#[test]
fn depth_count_and_size_are_bounded() {
    let limits = Limits { message_bytes: 256, depth: 3, items: 4, string_bytes: 16 };
    let nest = |levels: usize| {
        let mut inner = Vec::new();
        for _ in 0..levels {
            let body = inner;
            inner = written(|out| out.structure(TAG, |out| out.encoded(&body)));
        }
        inner
    };
    assert!(parse(&nest(3), &limits).is_ok());
    assert!(matches!(parse(&nest(4), &limits), Err(DecodeError::TooDeep { offset: 24, .. })));

    let wide = |count: usize| {
        written(|out| out.structure(TAG, |out| (0..count).for_each(|_| out.boolean(TAG, true))))
    };
    assert!(parse(&wide(3), &limits).is_ok());
    assert!(matches!(parse(&wide(4), &limits), Err(DecodeError::TooManyItems { .. })));

    let long = |count: usize| written(|out| out.bytes(TAG, &vec![0; count]));
    assert!(parse(&long(16), &limits).is_ok());
    assert!(matches!(parse(&long(17), &limits), Err(DecodeError::TooLong { bytes: 17, max: 16, .. })));
    assert!(matches!(parse(&long(300), &limits), Err(DecodeError::TooLong { max: 256, .. })));
}

#[test]
fn nesting_without_end_does_not_use_the_stack() {
    let mut lie = Vec::new();
    for _ in 0..100_000 {
        lie.extend_from_slice(&bytes("42 00 20 01 7F FF FF F8"));
    }
    assert!(
        parse(&lie, &Limits { message_bytes: usize::MAX, depth: usize::MAX, ..Limits::DEFAULT }).is_err()
    );
}

#[test]
fn a_field_of_another_type_is_told_from_one_that_is_malformed() {
    let sample = bytes("42 00 20 02 00 00 00 04 00 00 00 08 00 00 00 00");
    let item = parse(&sample, &Limits::DEFAULT).ok().unwrap();
    let error = item.text().unwrap_err();
    assert_eq!(error, DecodeError::WrongType { offset: 0, tag: TAG, expected: ItemType::TextString });
    assert!(!error.is_encoding());
}

#[test]
fn errors_carry_no_byte_of_the_message() {
    let sample = bytes("42 00 20 07 00 00 00 04 70 77 64 FF 00 00 00 00");
    let error = parse(&sample, &Limits::DEFAULT).err().unwrap();
    assert_eq!(error.to_string(), "malformed item at 0: text is not UTF-8");
}

#[test]
fn a_message_beyond_the_writer_s_bound_leaves_the_buffer_as_it_was() {
    let mut out = vec![7];
    let mut writer = Writer::new(&mut out, 40);
    writer.structure(TAG, |out| {
        out.text(TAG, "first");
        out.text(TAG, "second, and too long");
        out.integer(TAG, 1);
    });
    assert_eq!(writer.finish(), Err(EncodeError::TooLong { max: 40 }));
    assert_eq!(out, [7]);
}

#[test]
fn an_empty_text_has_no_padding() {
    assert_eq!(written(|out| out.text(TAG, "")).len(), 8);
    assert_eq!(read("42 00 20 07 00 00 00 00"), Ok(()));
}
