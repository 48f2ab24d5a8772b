//! AES-XTS of one data unit, with ciphertext stealing, for both key lengths.
//!
//! aws-lc offers the longer key alone; both are ECB between two tweaks.
//! Rules: IEEE 1619-2007; SP 800-38E; FIPS 140-3 IG C.I (the two halves of the key differ).

use super::CipherError;
use super::aes::{Aes, BLOCK_BYTES, Block, Schedules};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What x^128 is, in the field that tweaks are multiplied in.
const REDUCTION: u128 = 0x87;
/// Most bytes of one data unit (SP 800-38E, section 4).
pub const UNIT_BYTES_MAX: usize = (1 << 20) * BLOCK_BYTES;

/// The two keys of one XTS key, ready.
pub struct Xts<'k> {
    data_key: &'k [u8],
    tweak_key: &'k [u8],
    data: Schedules,
    tweak: Schedules,
}

impl<'k> Xts<'k> {
    /// A key of 32 or 64 bytes.
    ///
    /// # Errors
    /// [`CipherError::KeyLength`] also for a key whose halves are the same.
    pub fn new(key: &'k [u8]) -> Result<Self, CipherError> {
        let (data_key, tweak_key) = match key.len() {
            32 | 64 => key.split_at_checked(key.len() / 2).ok_or(CipherError::KeyLength)?,
            _ => return Err(CipherError::KeyLength),
        };
        if bool::from(data_key.ct_eq(tweak_key)) {
            return Err(CipherError::KeyLength);
        }
        Ok(Self { data_key, tweak_key, data: Schedules::default(), tweak: Schedules::default() })
    }

    /// Encrypts one data unit in place.
    ///
    /// # Errors
    /// [`CipherError::DataLength`]: less than a block, or more than a unit.
    pub fn encrypt(&self, unit: &Block, in_out: &mut [u8]) -> Result<(), CipherError> {
        let aes = self.aes()?;
        self.whole_blocks(unit, in_out, |data| aes.ecb_encrypt(data))?;
        let rest = in_out.len() % BLOCK_BYTES;
        if rest == 0 {
            return Ok(());
        }
        let (last, tail) = last_two(in_out, rest)?;
        tail.swap_with_slice(last.get_mut(..rest).ok_or(CipherError::DataLength)?);
        let tweak = self.tweak(unit, in_out.len() / BLOCK_BYTES)?;
        let (last, _) = last_two(in_out, rest)?;
        add(last, tweak);
        aes.ecb_encrypt(last)?;
        add(last, tweak);
        Ok(())
    }

    /// Decrypts one data unit in place.
    ///
    /// # Errors
    /// As [`Xts::encrypt`].
    pub fn decrypt(&self, unit: &Block, in_out: &mut [u8]) -> Result<(), CipherError> {
        let aes = self.aes()?;
        let rest = in_out.len() % BLOCK_BYTES;
        if rest == 0 {
            return self.whole_blocks(unit, in_out, |data| aes.ecb_decrypt(data));
        }
        // The block before the last bytes was encrypted after them: its tweak is the next one.
        let tweak = self.tweak(unit, in_out.len() / BLOCK_BYTES)?;
        let (last, _) = last_two(in_out, rest)?;
        add(last, tweak);
        aes.ecb_decrypt(last)?;
        add(last, tweak);
        let (last, tail) = last_two(in_out, rest)?;
        tail.swap_with_slice(last.get_mut(..rest).ok_or(CipherError::DataLength)?);
        self.whole_blocks(unit, in_out, |data| aes.ecb_decrypt(data))
    }

    fn aes(&self) -> Result<Aes<'_>, CipherError> {
        Aes::new(self.data_key, &self.data)
    }

    /// The cipher over all whole blocks, each between its tweak.
    fn whole_blocks(
        &self,
        unit: &Block,
        in_out: &mut [u8],
        cipher: impl FnOnce(&mut [u8]) -> Result<(), CipherError>,
    ) -> Result<(), CipherError> {
        if !(BLOCK_BYTES..=UNIT_BYTES_MAX).contains(&in_out.len()) {
            return Err(CipherError::DataLength);
        }
        let whole = in_out.len() - in_out.len() % BLOCK_BYTES;
        let data = in_out.get_mut(..whole).ok_or(CipherError::DataLength)?;
        let first = self.tweak(unit, 0)?;
        add_all(data, first);
        cipher(data)?;
        add_all(data, first);
        Ok(())
    }

    /// The tweak of a block.
    fn tweak(&self, unit: &Block, block: usize) -> Result<u128, CipherError> {
        let mut first = Zeroizing::new(*unit);
        Aes::new(self.tweak_key, &self.tweak)?.ecb_encrypt(first.as_mut_slice())?;
        Ok((0..block).fold(u128::from_le_bytes(*first), |tweak, _| next(tweak)))
    }
}

/// The last whole block, and the `rest` bytes after it.
fn last_two(data: &mut [u8], rest: usize) -> Result<(&mut [u8], &mut [u8]), CipherError> {
    let at = data.len().checked_sub(rest + BLOCK_BYTES).ok_or(CipherError::DataLength)?;
    let (_, end) = data.split_at_mut_checked(at).ok_or(CipherError::DataLength)?;
    end.split_at_mut_checked(BLOCK_BYTES).ok_or(CipherError::DataLength)
}

fn add_all(data: &mut [u8], first: u128) {
    let mut tweak = first;
    for block in data.chunks_exact_mut(BLOCK_BYTES) {
        add(block, tweak);
        tweak = next(tweak);
    }
}

fn add(block: &mut [u8], tweak: u128) {
    block.iter_mut().zip(tweak.to_le_bytes()).for_each(|(byte, tweak)| *byte ^= tweak);
}

/// Times x, without a branch.
const fn next(tweak: u128) -> u128 {
    (tweak << 1) ^ (REDUCTION & 0u128.wrapping_sub(tweak >> 127))
}
