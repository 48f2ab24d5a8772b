//! C_SeedRandom, C_GenerateRandom: the appliance's generator, a small stock of whose bytes each session holds.
//!
//! Rules: PKCS#11 3.2, section 5.20.

use crate::appliance::{Again, Trouble, payload};
use crate::fault::{Done, Fault};
use crate::limits::{RANDOM_BYTES_AT_ONCE, RANDOM_BYTES_MAX};
use crate::session::Session;
use crate::slot::of_trouble;
use kmip::enums::Operation;
use kmip::identifier::Data;
use kmip::operation::{RngRetrieveRequest, RngRetrieveResponse, RngSeedRequest};
use zeroize::{Zeroize, Zeroizing};

/// C_GenerateRandom. Bytes are given once: what leaves the stock is wiped there.
///
/// # Errors
/// [`Fault::DeviceError`].
pub(crate) fn generate(session: &Session, out: &mut [u8]) -> Done<()> {
    let mut stock = std::mem::take(&mut session.work().random);
    let mut rest = out;
    while !rest.is_empty() {
        if stock.is_empty() {
            stock = fetch(session, rest.len().clamp(RANDOM_BYTES_AT_ONCE, RANDOM_BYTES_MAX))?;
        }
        let count = rest.len().min(stock.len());
        let (now, later) = rest.split_at_mut(count);
        let keep = stock.len().saturating_sub(count);
        if let Some(taken) = stock.get_mut(keep..) {
            now.copy_from_slice(taken);
            taken.zeroize();
        }
        stock.truncate(keep);
        rest = later;
    }
    session.work().random = stock;
    Ok(())
}

/// C_SeedRandom: the appliance mixes it in, or leaves it; its generator does not depend on it.
///
/// # Errors
/// [`Fault::RandomSeedNotSupported`], [`Fault::DeviceError`].
pub(crate) fn seed(session: &Session, seed: &[u8]) -> Done<()> {
    let request = RngSeedRequest { data: Data::Bytes(seed) };
    let taken = session.slot.appliance.ask(Operation::RNG_SEED, &request, Again::May, |_| Some(()));
    taken.map_err(|trouble| match trouble {
        Trouble::Refused(_) => Fault::RandomSeedNotSupported,
        Trouble::Silent => Fault::DeviceError,
    })
}

fn fetch(session: &Session, bytes: usize) -> Done<Zeroizing<Vec<u8>>> {
    let request = RngRetrieveRequest { data_length: i32::try_from(bytes).map_err(|_| Fault::General)? };
    let fetched = session.slot.appliance.ask(Operation::RNG_RETRIEVE, &request, Again::May, |item| {
        let response: RngRetrieveResponse<'_> = payload(item)?;
        (!response.data.is_empty()).then(|| Zeroizing::new(response.data.to_vec()))
    });
    fetched.map_err(of_trouble)
}
