//! A cipher between two parts of its data: what comes out of each part, and what is held back.
//!
//! The parts of a plaintext, put together, encrypt to what the whole does. Of an authenticated ciphertext nothing is
//! given out before its tag was checked.
//! Rules: KMIP 1.4, sections 4.29 and 4.30; SP 800-38A, SP 800-38D.

use super::cipher::{MISSING_IV, Plan, block_iv, counter_block};
use super::protect::{protect, reveal};
use crate::crypto::aes::{Aes, BLOCK_BYTES, Block};
use crate::crypto::block::BlockKey;
use crate::crypto::feedback::Feedback;
use crate::crypto::padding::{Padding, pad, unpad};
use crate::crypto::{CipherError, Schedules, chacha20, gcm};
use crate::request::of_cipher;
use kmip::result::Refusal;
use zeroize::{Zeroize, Zeroizing};

/// A cipher under way.
pub(crate) struct Flow {
    plan: Plan,
    iv: Option<Vec<u8>>,
    aad: Vec<u8>,
    /// What a client has given of the tag, for Decrypt.
    pub(super) tag: Vec<u8>,
    held: Zeroizing<Vec<u8>>,
    /// The state of a mode that feeds itself.
    feedback: Option<Feedback>,
    /// Bytes that have come out.
    out: usize,
}

impl Flow {
    /// Nothing has come yet.
    pub(super) fn new(plan: Plan, iv: Option<&[u8]>, aad: &[u8]) -> Self {
        Self {
            plan,
            iv: iv.map(<[u8]>::to_vec),
            aad: aad.to_vec(),
            tag: Vec::new(),
            held: Zeroizing::new(Vec::new()),
            feedback: None,
            out: 0,
        }
    }

    pub(super) const fn plan(&self) -> Plan {
        self.plan
    }

    /// Bytes that it holds.
    pub(super) fn bytes(&self) -> usize {
        self.held.len().saturating_add(self.aad.len())
    }

    /// Encrypts a part: what comes out, and with the last part the whole tag of an authenticated mode.
    ///
    /// # Errors
    /// As Encrypt of the whole.
    pub(super) fn encrypt(
        &mut self,
        (key, schedules): (&[u8], &Schedules),
        data: &[u8],
        last: bool,
    ) -> Result<(Vec<u8>, Option<Block>), Refusal> {
        let aes = || Aes::new(key, schedules).map_err(of_cipher);
        match self.plan {
            Plan::Ecb(cipher, padding) | Plan::Cbc(cipher, padding) => {
                let (key, size) =
                    (BlockKey::new(cipher, key, schedules).map_err(of_cipher)?, cipher.block_bytes());
                self.hold(data);
                if last {
                    pad(padding, size, &mut self.held);
                }
                let mut ready = self.ready(if last { self.held.len() } else { whole(self.held.len(), size) });
                let done = if let Plan::Cbc(..) = self.plan {
                    let done = key.encrypt(Some(self.iv.as_deref().ok_or(MISSING_IV)?), &mut ready);
                    self.chain(&ready, size);
                    done
                } else {
                    key.encrypt(None, &mut ready)
                };
                wiped_unless(done, ready).map(|ready| (ready, None))
            }
            Plan::Ctr { counter_bits, first } => {
                Ok((self.key_stream(aes()?, counter_bits, first, data)?, None))
            }
            Plan::Feedback(mode) => {
                let iv = block_iv(self.iv.as_deref())?;
                let begin = || Feedback::encrypting(mode, key, &iv);
                Ok((fed(&mut self.feedback, begin, data)?, None))
            }
            Plan::ChaCha20 { first } => Ok((self.chacha20(key, first, data)?, None)),
            Plan::Xts | Plan::Ccm { .. } | Plan::KeyWrap { .. } | Plan::ChaCha20Poly1305 { .. } => {
                // What comes out depends on all of it, or the library has no way to do it in parts.
                self.hold(data);
                if !last {
                    return Ok((Vec::new(), None));
                }
                let mut all = core::mem::take(&mut *self.held);
                let tag = protect(key, schedules, self.plan, (self.iv.as_deref(), &self.aad), &mut all)?;
                Ok((all, tag))
            }
            Plan::Gcm { .. } => {
                // What has come out is held for the tag, which is of all of it.
                let iv = self.iv.clone().ok_or(MISSING_IV)?;
                let mut new = data.to_vec();
                let done = gcm::seal_part(aes()?, &iv, self.out, &mut new);
                let new = wiped_unless(done, new)?;
                self.out += new.len();
                self.hold(&new);
                let tag = if last {
                    Some(gcm::tag(aes()?, &iv, &self.aad, &self.held).map_err(of_cipher)?)
                } else {
                    None
                };
                Ok((new, tag))
            }
        }
    }

    /// Decrypts a part.
    ///
    /// # Errors
    /// As Decrypt of the whole.
    pub(super) fn decrypt(
        &mut self,
        (key, schedules): (&[u8], &Schedules),
        data: &[u8],
        last: bool,
    ) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        match self.plan {
            Plan::Ecb(cipher, padding) | Plan::Cbc(cipher, padding) => {
                let (key, size) =
                    (BlockKey::new(cipher, key, schedules).map_err(of_cipher)?, cipher.block_bytes());
                self.hold(data);
                let length = self.held.len();
                let ready = match (last, padding) {
                    (true, _) => length,
                    (false, Padding::None) => whole(length, size),
                    // The last block may be padding.
                    (false, _) => whole(length.saturating_sub(1), size),
                };
                let mut ready = Zeroizing::new(self.ready(ready));
                if let Plan::Cbc(..) = self.plan {
                    let iv = self.iv.take().ok_or(MISSING_IV)?;
                    self.iv = Some(iv.clone());
                    self.chain(&ready, size);
                    key.decrypt(Some(&iv), &mut ready).map_err(of_cipher)?;
                } else {
                    key.decrypt(None, &mut ready).map_err(of_cipher)?;
                }
                if last {
                    unpad(padding, size, &mut ready).map_err(of_cipher)?;
                }
                Ok(ready)
            }
            Plan::Ctr { counter_bits, first } => {
                let key = Aes::new(key, schedules).map_err(of_cipher)?;
                self.key_stream(key, counter_bits, first, data).map(Zeroizing::new)
            }
            Plan::Feedback(mode) => {
                let iv = block_iv(self.iv.as_deref())?;
                let begin = || Feedback::decrypting(mode, key, &iv);
                fed(&mut self.feedback, begin, data).map(Zeroizing::new)
            }
            Plan::ChaCha20 { first } => self.chacha20(key, first, data).map(Zeroizing::new),
            Plan::Gcm { .. }
            | Plan::Xts
            | Plan::Ccm { .. }
            | Plan::KeyWrap { .. }
            | Plan::ChaCha20Poly1305 { .. } => {
                self.hold(data);
                if !last {
                    return Ok(Zeroizing::default());
                }
                let mut opened = core::mem::take(&mut self.held);
                let beside = (self.iv.as_deref(), self.aad.as_slice(), self.tag.as_slice());
                reveal(key, schedules, self.plan, beside, &mut opened)?;
                Ok(opened)
            }
        }
    }

    /// Takes the tag off the end of the data, where a version has no field for it.
    ///
    /// # Errors
    /// [`Refusal::CryptographicFailure`]: there is less than a tag.
    pub(super) fn split_tag(&mut self, data: &[u8], tag_bytes: usize) -> Result<(), Refusal> {
        self.hold(data);
        let at = self.held.len().checked_sub(tag_bytes).ok_or(Refusal::CryptographicFailure)?;
        self.tag = self.held.split_off(at);
        Ok(())
    }

    /// Appends, leaving no copy behind where the vector grows.
    fn hold(&mut self, data: &[u8]) {
        if self.held.capacity() - self.held.len() < data.len() + BLOCK_BYTES {
            let room = (self.held.len() + data.len() + BLOCK_BYTES) * 2;
            let mut larger = Zeroizing::new(Vec::with_capacity(room));
            larger.extend_from_slice(&self.held);
            self.held = larger;
        }
        self.held.extend_from_slice(data);
    }

    /// Takes the first `bytes` out of what is held.
    fn ready(&mut self, bytes: usize) -> Vec<u8> {
        let (ready, rest) = self.held.split_at_checked(bytes).unwrap_or((&[], &self.held));
        let (ready, rest) = (ready.to_vec(), Zeroizing::new(rest.to_vec()));
        self.held = rest;
        ready
    }

    /// The last block of ciphertext is the IV of what follows.
    fn chain(&mut self, ciphertext: &[u8], block_bytes: usize) {
        if let Some(start) = ciphertext.len().checked_sub(block_bytes) {
            self.iv = ciphertext.get(start..).map(<[u8]>::to_vec);
        }
    }

    fn chacha20(&mut self, key: &[u8], first: u32, data: &[u8]) -> Result<Vec<u8>, Refusal> {
        let nonce = self.iv.as_deref().ok_or(MISSING_IV)?;
        let mut out = data.to_vec();
        let done = chacha20::stream(key, nonce, first, self.out, &mut out);
        self.out += data.len();
        wiped_unless(done, out)
    }

    fn key_stream(
        &mut self,
        key: Aes<'_>,
        counter_bits: u32,
        first: u32,
        data: &[u8],
    ) -> Result<Vec<u8>, Refusal> {
        let first = counter_block(self.iv.as_deref(), counter_bits, first)?;
        let skipped = self.out % BLOCK_BYTES;
        let block = advanced(first, counter_bits, self.out / BLOCK_BYTES).map_err(of_cipher)?;
        let mut all = vec![0; skipped];
        all.extend_from_slice(data);
        let done = key.ctr(&block, counter_bits, &mut all);
        let mut all = wiped_unless(done, all)?;
        self.out += data.len();
        Ok(all.split_off(skipped))
    }
}

fn whole(bytes: usize, block_bytes: usize) -> usize {
    bytes - bytes % block_bytes
}

/// More of a stream whose state is kept, begun if it is the first time.
fn fed(
    state: &mut Option<Feedback>,
    begin: impl FnOnce() -> Result<Feedback, CipherError>,
    data: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let stream = match state {
        Some(stream) => stream,
        None => state.insert(begin().map_err(of_cipher)?),
    };
    stream.update(data).map_err(of_cipher)
}

fn wiped_unless(done: Result<(), CipherError>, mut data: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    match done {
        Ok(()) => Ok(data),
        Err(error) => {
            data.zeroize();
            Err(of_cipher(error))
        }
    }
}

/// The counter block so many blocks later.
fn advanced(first: Block, counter_bits: u32, blocks: usize) -> Result<Block, CipherError> {
    let (block, blocks) = (u128::from_be_bytes(first), u128::try_from(blocks).unwrap_or(u128::MAX));
    if counter_bits >= 128 {
        return Ok(block.wrapping_add(blocks).to_be_bytes());
    }
    let room = 1u128 << counter_bits;
    // One past the end is no counter, but there may be nothing left to encrypt under it.
    let counter = (block & (room - 1)).saturating_add(blocks);
    if counter >= room {
        return Err(CipherError::CounterExhausted);
    }
    Ok((block - (block & (room - 1)) + counter).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::crypto::block::Cipher;
    use crate::crypto::feedback::Mode;

    const KEY: [u8; 32] = *b"thirty-two bytes that are a key.";
    const IV: [u8; 16] = *b"another sixteen!";

    /// As large as the other tests of this binary want it.
    fn arena() {
        hardening::arena::install(hardening::arena::ArenaSize::mib(4)).unwrap();
    }

    fn cut((plan, key_bytes, iv): (Plan, usize, Option<&[u8]>), parts: &[&[u8]]) -> (Vec<u8>, Option<Block>) {
        let schedules = Schedules::default();
        let mut flow = Flow::new(plan, iv, b"beside");
        let (mut out, mut tag) = (Vec::new(), None);
        for (at, part) in (1..).zip(parts) {
            let (new, with) = flow.encrypt((&KEY[..key_bytes], &schedules), part, at == parts.len()).unwrap();
            out.extend(new);
            tag = with;
        }
        (out, tag)
    }

    type Case = (Plan, usize, Option<&'static [u8]>);

    /// Plan, bytes of the key, IV.
    fn plans() -> [Case; 15] {
        let nonce: Option<&[u8]> = Some(b"twelve bytes");
        [
            (Plan::Ecb(Cipher::Aes, Padding::Pkcs5), 16, None),
            (Plan::Cbc(Cipher::Aes, Padding::Pkcs5), 24, Some(&IV)),
            (Plan::Ecb(Cipher::Des3, Padding::AnsiX923), 24, None),
            (Plan::Cbc(Cipher::Des3, Padding::Pkcs5), 16, Some(b"eight by")),
            (Plan::Ctr { counter_bits: 128, first: 1 }, 16, Some(&IV)),
            (Plan::Ctr { counter_bits: 32, first: 1 }, 16, Some(&IV)),
            (Plan::Feedback(Mode::Cfb), 32, Some(&IV)),
            (Plan::Feedback(Mode::Ofb), 16, Some(&IV)),
            (Plan::Xts, 32, Some(&IV)),
            (Plan::Gcm { tag_bytes: 16 }, 16, nonce),
            (Plan::Gcm { tag_bytes: 12 }, 32, Some(&IV)),
            (Plan::Ccm { tag_bytes: 8 }, 16, nonce),
            (Plan::KeyWrap { padded: true }, 32, None),
            (Plan::ChaCha20 { first: 0 }, 32, nonce),
            (Plan::ChaCha20Poly1305 { tag_bytes: 16 }, 32, nonce),
        ]
    }

    #[test]
    fn parts_encrypt_to_what_the_whole_does_and_come_back() {
        arena();
        let text: Vec<u8> = (0..101).collect();
        for case in plans() {
            let (plan, key_bytes, iv) = case;
            let key = &KEY[..key_bytes];
            let once = cut(case, &[&text]);
            for at in [0, 1, 7, 8, 15, 16, 17, 48, 100, 101] {
                let (head, tail) = text.split_at(at);
                assert!(cut(case, &[head, tail]) == once, "{plan:?} cut at {at}");
                assert!(cut(case, &[head, &[], tail, &[]]) == once, "{plan:?} cut at {at} with nothing");
                let schedules = Schedules::default();
                let mut back = Flow::new(plan, iv, b"beside");
                back.tag = once.1.map_or_else(Vec::new, |tag| tag.to_vec());
                back.tag.truncate(plan.tag_bytes().unwrap_or_default());
                let (head, tail) = once.0.split_at(at);
                let mut plain = back.decrypt((key, &schedules), head, false).unwrap().to_vec();
                plain.extend(back.decrypt((key, &schedules), tail, true).unwrap().iter());
                assert!(plain == text, "{plan:?} back, cut at {at}");
            }
        }
    }

    #[test]
    fn nothing_of_an_authenticated_text_comes_out_before_its_tag_is_checked() {
        arena();
        for case in plans().into_iter().filter(|(plan, _, _)| plan.tag_bytes().is_some()) {
            let (plan, key_bytes, iv) = case;
            let (sealed, _) = cut(case, &[b"a text that is longer than a block"]);
            let schedules = Schedules::default();
            let mut flow = Flow::new(plan, iv, b"beside");
            flow.tag = vec![0; plan.tag_bytes().unwrap()];
            assert!(flow.decrypt((&KEY[..key_bytes], &schedules), &sealed, false).unwrap().is_empty());
            let refused = flow.decrypt((&KEY[..key_bytes], &schedules), &[], true).err();
            assert_eq!(refused, Some(Refusal::CryptographicFailure));
        }
    }

    #[test]
    fn a_counter_that_would_begin_again_ends_the_stream() {
        arena();
        let schedules = Schedules::default();
        let mut flow = Flow::new(Plan::Ctr { counter_bits: 8, first: 1 }, Some(&[0xFF; 16]), b"");
        assert!(flow.encrypt((&KEY[..16], &schedules), &[0; 16], false).is_ok());
        assert!(flow.encrypt((&KEY[..16], &schedules), &[0; 1], false).is_err());
    }
}
