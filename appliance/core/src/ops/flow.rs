//! A cipher between two parts of its data: what comes out of each part, and what is held back.
//!
//! The parts of a plaintext, put together, encrypt to what the whole does. Of an authenticated ciphertext nothing is
//! given out before its tag was checked.
//! Rules: KMIP 1.4, sections 4.29 and 4.30; SP 800-38A, SP 800-38D.

use super::cipher::{MISSING_IV, Plan, block_iv, counter_block};
use crate::crypto::aes::{Aes, BLOCK_BYTES, Block};
use crate::crypto::padding::{Padding, pad, unpad};
use crate::crypto::{CipherError, Schedules, gcm};
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
        let key = Aes::new(key, schedules).map_err(of_cipher)?;
        match self.plan {
            Plan::Ecb(padding) | Plan::Cbc(padding) => {
                self.hold(data);
                if last {
                    pad(padding, &mut self.held);
                }
                let mut ready = self.ready(if last { self.held.len() } else { whole(self.held.len()) });
                let done = if let Plan::Cbc(_) = self.plan {
                    let iv = block_iv(self.iv.as_deref())?;
                    let done = key.cbc_encrypt(&iv, &mut ready);
                    self.chain(&ready);
                    done
                } else {
                    key.ecb_encrypt(&mut ready)
                };
                wiped_unless(done, ready).map(|ready| (ready, None))
            }
            Plan::Ctr { counter_bits, first } => Ok((self.key_stream(key, counter_bits, first, data)?, None)),
            Plan::Gcm { .. } => {
                // The whole again each time: the library has no way to seal in parts, and a stream is short.
                self.hold(data);
                let mut sealed = self.held.to_vec();
                let iv = self.iv.as_deref().ok_or(MISSING_IV)?;
                let tag = gcm::seal(key, iv, &self.aad, &mut sealed).map_err(of_cipher)?;
                let new = sealed.split_off(self.out.min(sealed.len()));
                self.out = self.held.len();
                Ok((new, last.then_some(tag)))
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
        let key = Aes::new(key, schedules).map_err(of_cipher)?;
        match self.plan {
            Plan::Ecb(padding) | Plan::Cbc(padding) => {
                self.hold(data);
                let length = self.held.len();
                let ready = match (last, padding) {
                    (true, _) => length,
                    (false, Padding::None) => whole(length),
                    // The last block may be padding.
                    (false, _) => whole(length.saturating_sub(1)),
                };
                let mut ready = Zeroizing::new(self.ready(ready));
                if let Plan::Cbc(_) = self.plan {
                    let iv = block_iv(self.iv.as_deref())?;
                    self.chain(&ready);
                    key.cbc_decrypt(&iv, &mut ready).map_err(of_cipher)?;
                } else {
                    key.ecb_decrypt(&mut ready).map_err(of_cipher)?;
                }
                if last {
                    unpad(padding, &mut ready).map_err(of_cipher)?;
                }
                Ok(ready)
            }
            Plan::Ctr { counter_bits, first } => {
                self.key_stream(key, counter_bits, first, data).map(Zeroizing::new)
            }
            Plan::Gcm { tag_bytes } => {
                self.hold(data);
                if !last {
                    return Ok(Zeroizing::default());
                }
                let iv = self.iv.as_deref().ok_or(MISSING_IV)?;
                if self.tag.len() != tag_bytes && self.tag.len() != BLOCK_BYTES {
                    return Err(Refusal::CryptographicFailure);
                }
                let mut opened = core::mem::take(&mut self.held);
                gcm::open(key, iv, &self.aad, &mut opened, &self.tag).map_err(of_cipher)?;
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
    fn chain(&mut self, ciphertext: &[u8]) {
        if let Some(block) = ciphertext.last_chunk::<BLOCK_BYTES>() {
            self.iv = Some(block.to_vec());
        }
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

fn whole(bytes: usize) -> usize {
    bytes - bytes % BLOCK_BYTES
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

    const KEY: [u8; 16] = *b"sixteen bytes ok";
    const IV: [u8; 16] = *b"another sixteen!";

    /// As large as the other tests of this binary want it.
    fn arena() {
        hardening::arena::install(hardening::arena::ArenaSize::mib(4)).unwrap();
    }

    fn cut(plan: Plan, iv: Option<&[u8]>, parts: &[&[u8]]) -> (Vec<u8>, Option<Block>) {
        let schedules = Schedules::default();
        let mut flow = Flow::new(plan, iv, b"beside");
        let (mut out, mut tag) = (Vec::new(), None);
        for (at, part) in (1..).zip(parts) {
            let (new, with) = flow.encrypt((&KEY, &schedules), part, at == parts.len()).unwrap();
            out.extend(new);
            tag = with;
        }
        (out, tag)
    }

    fn plans() -> [(Plan, Option<&'static [u8]>); 5] {
        [
            (Plan::Ecb(Padding::Pkcs5), None),
            (Plan::Cbc(Padding::Pkcs5), Some(&IV)),
            (Plan::Ctr { counter_bits: 128, first: 1 }, Some(&IV)),
            (Plan::Ctr { counter_bits: 32, first: 1 }, Some(&IV)),
            (Plan::Gcm { tag_bytes: 16 }, Some(b"twelve bytes")),
        ]
    }

    #[test]
    fn parts_encrypt_to_what_the_whole_does_and_come_back() {
        arena();
        let text: Vec<u8> = (0..101).collect();
        for (plan, iv) in plans() {
            let once = cut(plan, iv, &[&text]);
            for at in [0, 1, 15, 16, 17, 48, 100, 101] {
                let (head, tail) = text.split_at(at);
                assert!(cut(plan, iv, &[head, tail]) == once, "{plan:?} cut at {at}");
                assert!(cut(plan, iv, &[head, &[], tail, &[]]) == once, "{plan:?} cut at {at} with nothing");
                let schedules = Schedules::default();
                let mut back = Flow::new(plan, iv, b"beside");
                back.tag = once.1.map_or_else(Vec::new, |tag| tag.to_vec());
                let (head, tail) = once.0.split_at(at);
                let mut plain = back.decrypt((&KEY, &schedules), head, false).unwrap().to_vec();
                plain.extend(back.decrypt((&KEY, &schedules), tail, true).unwrap().iter());
                assert!(plain == text, "{plan:?} back, cut at {at}");
            }
        }
    }

    #[test]
    fn nothing_of_an_authenticated_text_comes_out_before_its_tag_is_checked() {
        arena();
        let plan = Plan::Gcm { tag_bytes: 16 };
        let (sealed, _) = cut(plan, Some(b"twelve bytes"), &[b"a text that is longer than a block"]);
        let schedules = Schedules::default();
        let mut flow = Flow::new(plan, Some(b"twelve bytes"), b"beside");
        flow.tag = vec![0; 16];
        assert!(flow.decrypt((&KEY, &schedules), &sealed, false).unwrap().is_empty());
        let refused = flow.decrypt((&KEY, &schedules), &[], true).err();
        assert_eq!(refused, Some(Refusal::CryptographicFailure));
    }

    #[test]
    fn a_counter_that_would_begin_again_ends_the_stream() {
        arena();
        let schedules = Schedules::default();
        let mut flow = Flow::new(Plan::Ctr { counter_bits: 8, first: 1 }, Some(&[0xFF; 16]), b"");
        assert!(flow.encrypt((&KEY, &schedules), &[0; 16], false).is_ok());
        assert!(flow.encrypt((&KEY, &schedules), &[0; 1], false).is_err());
    }
}
