use super::aes::{Aes, Schedules};
use super::padding::{Padding, pad, unpad};
use super::random::Random;
use super::{CipherError, gcm, selftest};

fn arena() {
    hardening::arena::install(hardening::arena::ArenaSize::mib(4)).unwrap();
}

#[test]
fn every_algorithm_gives_its_known_answers() {
    arena();
    assert_eq!(selftest::run(), Ok(()));
}

#[test]
fn a_key_of_no_aes_length_is_no_key() {
    let schedules = Schedules::default();
    for length in [0, 8, 15, 17, 31, 33, 64] {
        assert_eq!(Aes::new(&vec![0; length], &schedules).err(), Some(CipherError::KeyLength));
    }
}

#[test]
fn without_padding_only_whole_blocks_are_taken() {
    arena();
    let schedules = Schedules::default();
    let key = Aes::new(&[1; 16], &schedules).unwrap();
    for length in [1, 15, 17] {
        let mut data = vec![0; length];
        assert_eq!(key.ecb_encrypt(&mut data), Err(CipherError::DataLength));
        assert_eq!(key.ecb_decrypt(&mut data), Err(CipherError::DataLength));
        assert_eq!(key.cbc_encrypt(&[0; 16], &mut data), Err(CipherError::DataLength));
        assert_eq!(key.cbc_decrypt(&[0; 16], &mut data), Err(CipherError::DataLength));
    }
    assert_eq!(key.ecb_encrypt(&mut []), Ok(()));
}

#[test]
fn padding_comes_off_as_it_went_on() {
    for padding in [Padding::None, Padding::Pkcs5, Padding::AnsiX923] {
        for length in 0..=33 {
            let data: Vec<u8> = (0..length).collect();
            let mut padded = data.clone();
            pad(padding, 16, &mut padded);
            assert!(padding == Padding::None || padded.len().is_multiple_of(16) && padded.len() > data.len());
            unpad(padding, 16, &mut padded).unwrap();
            assert_eq!(padded, data);
        }
    }
}

#[test]
fn what_is_no_padding_does_not_come_off() {
    for last in [0, 17, 18, 255] {
        let mut data = vec![last; 16];
        for padding in [Padding::Pkcs5, Padding::AnsiX923] {
            assert_eq!(unpad(padding, 16, &mut data), Err(CipherError::NotAuthentic), "{last} {padding:?}");
        }
    }
    let mut one_wrong = vec![4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 4, 4];
    assert_eq!(unpad(Padding::Pkcs5, 16, &mut one_wrong), Err(CipherError::NotAuthentic));
    assert_eq!(unpad(Padding::AnsiX923, 16, &mut one_wrong), Err(CipherError::NotAuthentic));
    assert_eq!(unpad(Padding::Pkcs5, 16, &mut vec![1; 15]), Err(CipherError::NotAuthentic));
    assert_eq!(unpad(Padding::Pkcs5, 16, &mut Vec::new()), Err(CipherError::NotAuthentic));
}

#[test]
fn a_counter_that_would_begin_again_is_refused() {
    arena();
    let schedules = Schedules::default();
    let key = Aes::new(&[1; 32], &schedules).unwrap();
    let mut first = [0; 16];
    first[12..].copy_from_slice(&[0xff; 4]);
    assert_eq!(key.ctr(&first, 32, &mut [0; 16]), Ok(()));
    assert_eq!(key.ctr(&first, 32, &mut [0; 17]), Err(CipherError::CounterExhausted));
    assert_eq!(key.ctr(&first, 128, &mut [0; 17]), Ok(()));
}

#[test]
fn a_tag_or_a_nonce_of_a_forbidden_length_is_refused() {
    arena();
    let schedules = Schedules::default();
    let key = Aes::new(&[1; 32], &schedules).unwrap();
    assert_eq!(gcm::open(key, &[0; 12], &[], &mut [0; 4], &[0; 11]), Err(CipherError::TagLength));
    assert_eq!(gcm::open(key, &[0; 12], &[], &mut [0; 4], &[0; 17]), Err(CipherError::TagLength));
    assert_eq!(gcm::seal(key, &[], &[], &mut [0; 4]), Err(CipherError::IvLength));
}

#[test]
fn a_counter_of_gcm_begins_again_without_touching_the_rest_of_the_block() {
    arena();
    let schedules = Schedules::default();
    let key = Aes::new(&[7; 16], &schedules).unwrap();
    let mut first = [9; 16];
    first[12..].copy_from_slice(&0xffff_fffe_u32.to_be_bytes());
    let mut stream = [0; 48];
    gcm::stream(key, &first, &mut stream).unwrap();
    for (at, count) in [0xffff_ffff_u32, 0, 1].into_iter().enumerate() {
        let mut block = [9; 16];
        block[12..].copy_from_slice(&count.to_be_bytes());
        key.ecb_encrypt(&mut block).unwrap();
        assert_eq!(stream[at * 16..at * 16 + 16], block, "block {at}");
    }
}

#[test]
fn a_nonce_of_any_length_seals_and_opens_and_its_data_is_authentic() {
    arena();
    let schedules = Schedules::default();
    let key = Aes::new(&[7; 24], &schedules).unwrap();
    for length in [1, 7, 8, 11, 12, 13, 16, 17, 60, 128] {
        let (nonce, plain) = (vec![3; length], vec![5; 100]);
        let mut data = plain.clone();
        let tag = gcm::seal(key, &nonce, b"a", &mut data).unwrap();
        assert_eq!(gcm::open(key, &nonce, b"b", &mut data.clone(), &tag), Err(CipherError::NotAuthentic));
        let mut changed = data.clone();
        changed[0] ^= 1;
        assert_eq!(gcm::open(key, &nonce, b"a", &mut changed, &tag), Err(CipherError::NotAuthentic));
        gcm::open(key, &nonce, b"a", &mut data.clone(), &tag[..13]).unwrap();
        gcm::open(key, &nonce, b"a", &mut data, &tag).unwrap();
        assert_eq!(data, plain);
    }
}

#[test]
fn random_bytes_differ_across_the_edge_of_the_buffer() {
    arena();
    let mut random = Random::new().unwrap();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1000 {
        let mut out = [0; 24];
        random.fill(&mut out).unwrap();
        assert!(seen.insert(out));
    }
    let mut large = vec![0; 10_000];
    random.fill(&mut large).unwrap();
    assert!(large.iter().any(|b| *b != 0));
}
