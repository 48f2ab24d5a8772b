use super::{Chance, ContainerError, Contents, make, read};
use crate::crypto::der::room;

fn contents() -> Contents {
    let mut key = room(64);
    key.extend_from_slice(&[7; 40]);
    Contents { key, name: Some("alias".to_owned()), certificates: vec![vec![1; 300], vec![2; 100]] }
}

fn container(password: &str) -> Vec<u8> {
    hardening::arena::install(hardening::arena::ArenaSize::mib(4)).unwrap();
    let chance = Chance { salt: [1; 16], iv: [2; 16], mac_salt: [3; 16] };
    make(&contents(), password, &chance).unwrap()
}

#[test]
fn what_is_put_in_comes_out_with_its_password_alone() {
    let bytes = container("pässword");
    let read_back = read(&bytes, "pässword", None).unwrap();
    let put_in = contents();
    assert_eq!(*read_back.key, *put_in.key);
    assert_eq!((read_back.name, read_back.certificates), (put_in.name, put_in.certificates));
    assert_eq!(read(&bytes, "password", None).err(), Some(ContainerError::BadPassword));
    assert_eq!(read(&bytes, "", None).err(), Some(ContainerError::BadPassword));
    assert!(read(&bytes, "pässword", Some("ALIAS")).is_ok());
    assert_eq!(read(&bytes, "pässword", Some("other")).err(), Some(ContainerError::NoKey));
}

#[test]
fn what_is_cut_or_changed_does_not_open() {
    let bytes = container("p");
    for length in (0..bytes.len()).step_by(7) {
        assert!(read(&bytes[..length], "p", None).is_err(), "{length}");
    }
    for at in (60..bytes.len() - 80).step_by(31) {
        let mut other = bytes.clone();
        other[at] ^= 1;
        assert!(read(&other, "p", None).is_err(), "{at}");
    }
}

#[test]
fn a_container_that_asks_for_too_much_work_is_refused_before_any() {
    let mut bytes = container("p");
    // Of the MAC, which is the last: 10,000 iterations become 3,500,000, in one byte more.
    assert_eq!(bytes.split_off(bytes.len() - 4), [0x02, 0x02, 0x27, 0x10]);
    bytes.extend_from_slice(&[0x02, 0x03, 0x35, 0x67, 0xe0]);
    let mac = bytes.len() - 76;
    assert_eq!(bytes[mac..mac + 2], [0x30, 73]);
    bytes[mac + 1] += 1;
    bytes[3] += 1;
    assert_eq!(read(&bytes, "p", None).err(), Some(ContainerError::Unsupported));
}
