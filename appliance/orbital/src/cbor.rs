//! Reads deterministic CBOR item by item, without allocating, and refuses every other encoding.
//!
//! Separate from the CBOR library because it runs on bytes whose signature is not yet checked: it bounds length,
//! count and nesting before anything is built from them. What passes has exactly one spelling.
//! Rules: RFC 8949 section 4.2.1 (core deterministic encoding), section 3.1 (text is UTF-8), section 5.6 (keys
//! once). Narrower than the RFC: no floating point and no tags inside, because a bundle has none.

/// Not deterministic CBOR, or beyond the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotDeterministic;

/// Checks that `bytes` are one item, and nothing after it.
pub(crate) fn check(bytes: &[u8], depth_max: usize, items_max: usize) -> Result<(), NotDeterministic> {
    let mut reader = Reader::new(bytes);
    let mut items_left = items_max;
    reader.item(depth_max, &mut items_left)?;
    reader.end()
}

/// What an item begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Major {
    Unsigned,
    Negative,
    Bytes,
    Text,
    Array,
    Map,
    Tag,
    Simple,
}

/// Walks over bytes.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Nothing may follow.
    pub(crate) const fn end(&self) -> Result<(), NotDeterministic> {
        if self.rest.is_empty() { Ok(()) } else { Err(NotDeterministic) }
    }

    /// The next item is this tag.
    pub(crate) fn tag(&mut self, number: u64) -> Result<(), NotDeterministic> {
        self.expect(Major::Tag).and_then(|found| if found == number { Ok(()) } else { Err(NotDeterministic) })
    }

    /// The next item is an array; how many items it has.
    pub(crate) fn array(&mut self) -> Result<u64, NotDeterministic> {
        self.expect(Major::Array)
    }

    /// The next item is a map; how many pairs it has.
    pub(crate) fn map(&mut self) -> Result<u64, NotDeterministic> {
        self.expect(Major::Map)
    }

    /// The next item is a byte string.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], NotDeterministic> {
        let length = self.expect(Major::Bytes)?;
        self.take(length)
    }

    fn expect(&mut self, wanted: Major) -> Result<u64, NotDeterministic> {
        let (major, argument) = self.head()?;
        if major == wanted { Ok(argument) } else { Err(NotDeterministic) }
    }

    fn item(&mut self, depth_left: usize, items_left: &mut usize) -> Result<(), NotDeterministic> {
        *items_left = items_left.checked_sub(1).ok_or(NotDeterministic)?;
        let (major, argument) = self.head()?;
        match major {
            Major::Unsigned | Major::Negative => Ok(()),
            Major::Bytes => self.take(argument).map(|_| ()),
            Major::Text => {
                let text = self.take(argument)?;
                core::str::from_utf8(text).map(|_| ()).map_err(|_| NotDeterministic)
            }
            Major::Array => {
                let below = depth_left.checked_sub(1).ok_or(NotDeterministic)?;
                (0..argument).try_for_each(|_| self.item(below, items_left))
            }
            Major::Map => {
                let below = depth_left.checked_sub(1).ok_or(NotDeterministic)?;
                let mut previous: Option<&[u8]> = None;
                for _ in 0..argument {
                    let before = self.rest;
                    self.item(below, items_left)?;
                    let key = before.get(..before.len() - self.rest.len()).ok_or(NotDeterministic)?;
                    if previous.is_some_and(|previous| previous >= key) {
                        return Err(NotDeterministic);
                    }
                    previous = Some(key);
                    self.item(below, items_left)?;
                }
                Ok(())
            }
            Major::Tag => Err(NotDeterministic),
            // false, true, null
            Major::Simple if matches!(argument, 20..=22) => Ok(()),
            Major::Simple => Err(NotDeterministic),
        }
    }

    /// Major type and argument, in the shortest form alone; indefinite lengths and floats have none.
    fn head(&mut self) -> Result<(Major, u64), NotDeterministic> {
        let (first, rest) = self.rest.split_first().ok_or(NotDeterministic)?;
        self.rest = rest;
        let major = match first >> 5 {
            0 => Major::Unsigned,
            1 => Major::Negative,
            2 => Major::Bytes,
            3 => Major::Text,
            4 => Major::Array,
            5 => Major::Map,
            6 => Major::Tag,
            _ => Major::Simple,
        };
        let (argument, smallest) = match first & 0x1f {
            short @ 0..=23 => (u64::from(short), 0),
            24 if major != Major::Simple => (self.number::<1>()?, 24),
            25 if major != Major::Simple => (self.number::<2>()?, 0x100),
            26 if major != Major::Simple => (self.number::<4>()?, 0x1_0000),
            27 if major != Major::Simple => (self.number::<8>()?, 0x1_0000_0000),
            _ => return Err(NotDeterministic),
        };
        if argument < smallest { Err(NotDeterministic) } else { Ok((major, argument)) }
    }

    fn number<const N: usize>(&mut self) -> Result<u64, NotDeterministic> {
        let (bytes, rest) = self.rest.split_first_chunk::<N>().ok_or(NotDeterministic)?;
        self.rest = rest;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], NotDeterministic> {
        let length = usize::try_from(length).map_err(|_| NotDeterministic)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(NotDeterministic)?;
        self.rest = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(bytes: &[u8]) -> bool {
        check(bytes, 4, 100).is_ok()
    }

    #[test]
    fn the_shortest_form_is_read() {
        for bytes in [
            &[0x00][..],
            &[0x18, 24],
            &[0x19, 1, 0],
            &[0x20],
            &[0x41, 0],
            &[0x61, b'a'],
            &[0x82, 1, 2],
            &[0xa2, 0x61, b'a', 1, 0x61, b'b', 2],
            &[0xf4],
            &[0xf6],
            &[0x1b, 0, 0, 0, 1, 0, 0, 0, 0],
        ] {
            assert!(good(bytes), "{bytes:x?}");
        }
    }

    #[test]
    fn a_longer_form_than_needed_is_refused() {
        for bytes in [
            &[0x18, 23][..],
            &[0x19, 0, 255],
            &[0x1a, 0, 0, 255, 255],
            &[0x1b, 0, 0, 0, 0, 255, 255, 255, 255],
            &[0x58, 1, 0],
            &[0x98, 1, 0],
        ] {
            assert!(!good(bytes), "{bytes:x?}");
        }
    }

    #[test]
    fn indefinite_lengths_tags_floats_and_other_simple_values_are_refused() {
        for bytes in [
            &[0x5f, 0x41, 0, 0xff][..],
            &[0x9f, 0, 0xff],
            &[0xbf, 0xff],
            &[0xc0, 0x60],
            &[0xf9, 0, 0],
            &[0xfb, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0xf7],
            &[0xf8, 32],
            &[0xff],
        ] {
            assert!(!good(bytes), "{bytes:x?}");
        }
    }

    #[test]
    fn keys_out_of_order_or_twice_are_refused() {
        assert!(!good(&[0xa2, 0x61, b'b', 1, 0x61, b'a', 2]));
        assert!(!good(&[0xa2, 0x61, b'a', 1, 0x61, b'a', 2]));
        assert!(!good(&[0xa2, 0x62, b'a', b'a', 1, 0x61, b'b', 2]), "shorter keys come first");
    }

    #[test]
    fn truncated_trailing_and_ill_formed_bytes_are_refused() {
        for bytes in [&[][..], &[0, 0], &[0x42, 0], &[0x61, 0xff], &[0x19, 1], &[0x81], &[0xa1, 0]] {
            assert!(!good(bytes), "{bytes:x?}");
        }
    }

    #[test]
    fn length_count_and_nesting_are_bounded_before_anything_is_built() {
        assert!(!good(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
        assert!(!good(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
        assert!(good(&[0x81, 0x81, 0x81, 0x81, 0]));
        assert!(!good(&[0x81, 0x81, 0x81, 0x81, 0x81, 0]));
        assert!(!good(&[0x81; 100_000]));
        let many = [&[0x98, 99][..], &[0; 99]].concat();
        assert!(good(&many));
        assert_eq!(check(&many, 4, 99), Err(NotDeterministic));
    }
}
