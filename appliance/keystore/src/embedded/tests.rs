use super::*;
use crate::conformance::{any_of, put, record, suite, tenant};
use holdfast_ports::keystore::Expected;
use std::os::unix::fs::{FileExt, PermissionsExt};

#[test]
fn the_embedded_store_passes_the_conformance_suite() {
    let mut directories = Vec::new();
    suite(|| {
        let directory = tempfile::tempdir().unwrap();
        let store = Embedded::open(directory.path()).unwrap();
        directories.push(directory);
        store
    });
}

fn filled(directory: &Path, records: u64) -> Embedded {
    let mut store = Embedded::open(directory).unwrap();
    let commits: Vec<_> =
        (1..=records).map(|id| vec![put(&record(tenant("acme"), id, 1, &[1]), Expected::Absent)]).collect();
    assert!(store.commit(&commits).iter().all(Result::is_ok));
    store
}

#[test]
fn what_was_committed_is_there_after_opening_anew() {
    let directory = tempfile::tempdir().unwrap();
    drop(filled(directory.path(), 10));
    let mut store = Embedded::open(directory.path()).unwrap();
    assert_eq!(store.find(&any_of(tenant("acme"), &[1])).unwrap().len(), 10);
}

#[test]
fn two_stores_do_not_share_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let _first = filled(directory.path(), 1);
    assert!(matches!(Embedded::open(directory.path()), Err(OpenError::File(_))));
}

#[test]
fn the_file_is_its_owners_alone() {
    let directory = tempfile::tempdir().unwrap();
    let _store = filled(directory.path(), 1);
    let mode = std::fs::metadata(directory.path().join(FILE_NAME)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_directory_that_is_not_there_is_refused() {
    assert!(matches!(Embedded::open(Path::new("/nonexistent/place")), Err(OpenError::File(_))));
}

#[test]
fn a_file_that_is_no_store_is_damaged_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE_NAME);
    let nonsense = vec![0x5a; 1 << 20];
    std::fs::write(&path, &nonsense).unwrap();
    let mut store = Embedded::open(directory.path()).unwrap();
    let wanted = record(tenant("acme"), 1, 1, &[]);
    assert_eq!(store.get(&wanted.name), Err(KeystoreError::Damaged));
    assert_eq!(store.commit(&[vec![put(&wanted, Expected::Absent)]]), [Err(KeystoreError::Damaged)]);
    assert_eq!(store.health(), Err(KeystoreError::Damaged));
    drop(store);
    assert_eq!(std::fs::read(&path).unwrap(), nonsense);
}

#[test]
fn a_store_that_was_emptied_is_damaged_and_not_taken_for_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    drop(filled(directory.path(), 1));
    std::fs::write(directory.path().join(FILE_NAME), b"").unwrap();
    let mut store = Embedded::open(directory.path()).unwrap();
    assert_eq!(store.get(&record(tenant("acme"), 1, 1, &[]).name), Err(KeystoreError::Damaged));
}

#[test]
fn what_a_power_cut_left_of_a_store_half_made_is_swept_away() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("keystore.unfinished"), vec![0; 5000]).unwrap();
    drop(filled(directory.path(), 1));
    let names: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [FILE_NAME]);
}

#[test]
fn a_truncated_file_is_damaged() {
    let directory = tempfile::tempdir().unwrap();
    drop(filled(directory.path(), 2000));
    let path = directory.path().join(FILE_NAME);
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() / 3).unwrap();
    let mut store = Embedded::open(directory.path()).unwrap();
    assert_eq!(store.get(&record(tenant("acme"), 1, 1, &[]).name), Err(KeystoreError::Damaged));
}

#[test]
fn a_flipped_byte_anywhere_never_gives_a_wrong_record_and_never_stops_the_process() {
    let directory = tempfile::tempdir().unwrap();
    drop(filled(directory.path(), 300));
    let path = directory.path().join(FILE_NAME);
    let good = std::fs::read(&path).unwrap();
    let mut refused = 0;
    for step in 0..60 {
        let at = step * good.len() / 60 + 13;
        std::fs::write(&path, &good).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.write_all_at(&[good[at] ^ 0x40], u64::try_from(at).unwrap()).unwrap();
        let mut store = Embedded::open(directory.path()).unwrap();
        let damaged = store.health() == Err(KeystoreError::Damaged);
        refused += u32::from(damaged);
        for id in 1..=300 {
            let wanted = record(tenant("acme"), id, 1, &[1]);
            let got = store.get(&wanted.name);
            if !damaged {
                assert_eq!(got, Ok(Some(wanted)), "byte {at}: damage that was not found");
            }
        }
    }
    assert!(refused > 0, "no byte of the sample lay in a page in use");
}

mod forgetful;
mod power;
mod trouble;
