//! DER as keys and certificates need it: read in place, written into room that is wiped.
//!
//! Separate so that nothing else looks at tag and length bytes. Does not trust: any byte.
//! Rules: ITU-T X.690, sections 8 and 10 (definite, shortest lengths; shortest integers).

use zeroize::Zeroizing;

/// BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// NULL.
pub const NULL: u8 = 0x05;
/// OBJECT IDENTIFIER.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// The context's own tag 0, constructed.
pub const CONTEXT_0: u8 = 0xa0;
/// The context's own tag 1, constructed.
pub const CONTEXT_1: u8 = 0xa1;
/// The context's own tag 3, constructed.
pub const CONTEXT_3: u8 = 0xa3;

/// These bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the encoding is not sound DER of this kind")]
pub struct Malformed;

/// One element.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    /// Its tag.
    pub tag: u8,
    /// What is in it.
    pub content: &'a [u8],
    /// All of it, with tag and length.
    pub whole: &'a [u8],
}

/// Reads one element after the other.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Begins at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The tag that comes next.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element.
    ///
    /// # Errors
    /// [`Malformed`]: it is cut, or its length is not in the one form that DER allows.
    pub fn element(&mut self) -> Result<Element<'a>, Malformed> {
        let from = self.rest;
        let (&tag, rest) = from.split_first().ok_or(Malformed)?;
        // Tags of several bytes stand in nothing that is read here.
        if tag & 0x1f == 0x1f {
            return Err(Malformed);
        }
        let (&first, mut rest) = rest.split_first().ok_or(Malformed)?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let count = usize::from(first & 0x7f);
            let (digits, after) = rest.split_at_checked(count).ok_or(Malformed)?;
            if count == 0 || count > 4 || digits.first() == Some(&0) {
                return Err(Malformed);
            }
            length = digits.iter().fold(0, |sum, digit| (sum << 8) | usize::from(*digit));
            if length < 0x80 {
                return Err(Malformed);
            }
            rest = after;
        }
        let (content, after) = rest.split_at_checked(length).ok_or(Malformed)?;
        let whole = from.get(..from.len() - after.len()).ok_or(Malformed)?;
        self.rest = after;
        Ok(Element { tag, content, whole })
    }

    /// The content of the next element, which must have this tag.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn expect(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let element = self.element()?;
        if element.tag == tag { Ok(element.content) } else { Err(Malformed) }
    }

    /// The content of the next element, if it has this tag.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        if self.peek() == Some(tag) { self.expect(tag).map(Some) } else { Ok(None) }
    }

    /// What is in the next element, which must be a SEQUENCE.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn sequence(&mut self) -> Result<Reader<'a>, Malformed> {
        self.expect(SEQUENCE).map(Reader::new)
    }

    /// The magnitude, without leading zeros, of the next element, which must be an INTEGER that is not negative.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn unsigned(&mut self) -> Result<&'a [u8], Malformed> {
        let content = self.expect(INTEGER)?;
        match content {
            [] => Err(Malformed),
            [0] => Ok(&[]),
            [0, second, ..] if *second < 0x80 => Err(Malformed),
            [0, magnitude @ ..] => Ok(magnitude),
            [first, ..] if *first >= 0x80 => Err(Malformed),
            magnitude => Ok(magnitude),
        }
    }

    /// The whole bytes of the next element, which must be a BIT STRING.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn bit_string(&mut self) -> Result<&'a [u8], Malformed> {
        whole_bits(self.expect(BIT_STRING)?)
    }

    /// Nothing may come after.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn end(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

/// The bytes of a BIT STRING's content, if it has no odd bits.
///
/// # Errors
/// [`Malformed`].
pub fn whole_bits(content: &[u8]) -> Result<&[u8], Malformed> {
    match content {
        [0, bytes @ ..] => Ok(bytes),
        _ => Err(Malformed),
    }
}

/// Room for what may be secret. Give it capacity for all that will be written: what grows leaves a copy behind.
pub type Room = Zeroizing<Vec<u8>>;

/// Room of this capacity.
#[must_use]
pub fn room(bytes: usize) -> Room {
    Zeroizing::new(Vec::with_capacity(bytes))
}

/// Writes an element.
pub fn write(out: &mut Room, tag: u8, content: &[u8]) {
    out.push(tag);
    let length = content.len();
    if length < 0x80 {
        out.push(u8::try_from(length).unwrap_or_default());
    } else {
        let digits = length.to_be_bytes();
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        let digits = digits.get(zeros..).unwrap_or_default();
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
        out.extend_from_slice(digits);
    }
    out.extend_from_slice(content);
}

/// Writes an element of what `inside` writes.
pub fn nest(out: &mut Room, tag: u8, inside: impl FnOnce(&mut Room)) {
    let mut content = room(out.capacity());
    inside(&mut content);
    write(out, tag, &content);
}

/// Writes a whole number by its magnitude.
pub fn unsigned(out: &mut Room, magnitude: &[u8]) {
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    let magnitude = magnitude.get(zeros..).unwrap_or_default();
    if magnitude.first().is_none_or(|first| *first >= 0x80) {
        let mut content = room(magnitude.len() + 1);
        content.push(0);
        content.extend_from_slice(magnitude);
        write(out, INTEGER, &content);
    } else {
        write(out, INTEGER, magnitude);
    }
}

/// Writes a BIT STRING of whole bytes.
pub fn bit_string(out: &mut Room, bytes: &[u8]) {
    let mut content = room(bytes.len() + 1);
    content.push(0);
    content.extend_from_slice(bytes);
    write(out, BIT_STRING, &content);
}

#[cfg(test)]
mod tests {
    use super::{Malformed, Reader, SEQUENCE, nest, room, unsigned};

    #[test]
    fn what_is_written_is_read() {
        for magnitude in [&[][..], &[1], &[0x7f], &[0x80], &[1, 0], &[0xff; 300]] {
            let mut out = room(1024);
            nest(&mut out, SEQUENCE, |out| unsigned(out, magnitude));
            let mut reader = Reader::new(&out);
            let mut inside = reader.sequence().unwrap();
            assert_eq!(inside.unsigned().unwrap(), magnitude);
            inside.end().unwrap();
            reader.end().unwrap();
        }
    }

    #[test]
    fn what_is_cut_or_not_in_its_one_form_is_refused() {
        for bytes in [
            &[][..],
            &[0x02],
            &[0x02, 0x01],
            &[0x02, 0x00],
            &[0x02, 0x01, 0x80],
            &[0x02, 0x02, 0x00, 0x7f],
            &[0x02, 0x81, 0x01, 0x05],
            &[0x02, 0x80, 0x05, 0x00, 0x00],
            &[0x02, 0x82, 0x00, 0x81],
            &[0x02, 0x85, 1, 1, 1, 1, 1],
            &[0x1f, 0x01, 0x05],
            &[0x04, 0x01, 0x05],
        ] {
            assert_eq!(Reader::new(bytes).unsigned(), Err(Malformed), "{bytes:02x?}");
        }
        let reader = Reader::new(&[0]);
        assert_eq!(reader.end(), Err(Malformed));
    }
}
