//! A module that fails on command: each error code where it hurts.

use crate::Story;
use crate::operator::{L1, Operator, l1};
use crate::subject::{PIN, Subject, pin, place};
use crate::transport_key::Core;
use holdfast_ports::root::{RootError, RootOfTrust};
use holdfast_root_of_trust::pkcs11::Driver;
use std::time::{Duration, Instant};

pub(crate) const STORIES: &[Story] = &[
    ("sessions_closed_under_us_are_opened_again", sessions_closed),
    ("a_call_that_fails_once_is_healed_within_the_request", fails_once),
    ("a_token_that_fails_for_long_is_unavailable_and_heals_by_itself", fails_for_long),
    ("a_wrong_pin_is_tried_once_however_often_we_are_asked", pin_tried_once),
    ("a_pin_that_locks_later_is_not_tried_again", pin_locked_later),
    ("an_object_that_will_not_be_destroyed_goes_with_its_session", will_not_be_destroyed),
    ("a_request_that_fails_midway_leaves_nothing_behind", fails_midway),
    ("a_token_out_of_sessions_asks_to_wait", out_of_sessions),
    ("a_broken_token_is_not_mistaken_for_altered_bytes", broken_not_altered),
    ("healing_is_not_attempted_more_often_than_the_back_off_allows", back_off),
];

const DEVICE_ERROR: u64 = 0x30;
const DEVICE_REMOVED: u64 = 0x32;
const GENERAL_ERROR: u64 = 0x05;
const SESSION_CLOSED: u64 = 0xB0;
const SESSION_COUNT: u64 = 0xB1;
const SESSION_HANDLE_INVALID: u64 = 0xB3;
const TOKEN_NOT_PRESENT: u64 = 0xE0;
const USER_NOT_LOGGED_IN: u64 = 0x101;
const PIN_LOCKED: u64 = 0xA4;
const NOT_INITIALIZED: u64 = 0x190;
/// Not an error: the module behind closes all sessions, then goes on.
const CLOSE_ALL_SESSIONS: u64 = 0xC105_EA11;
const FOR_EVER: u64 = 1 << 30;

fn orders(lines: &[(&str, u64, u64)]) {
    let text: String = lines.iter().map(|(call, rv, times)| format!("{call} {rv:x} {times} 0\n")).collect();
    std::fs::write(place().join("orders"), text).unwrap();
}

fn calls(of: &str) -> usize {
    let log = std::fs::read_to_string(place().join("calls")).unwrap();
    log.lines().filter(|line| *line == of).count()
}

fn sessions_closed(subject: &Subject) {
    Operator::sets_up(subject);
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    let made = driver.make(&l1(L1), &core.public).unwrap();
    for call in ["C_FindObjectsInit", "C_GetAttributeValue", "C_UnwrapKey", "C_WrapKey", "C_DestroyObject"] {
        orders(&[(call, CLOSE_ALL_SESSIONS, 1)]);
        let released = driver.release(&l1(L1), &made.wrapped, &core.public).unwrap();
        assert_eq!(core.opens(&released), core.opens(&made.released), "{call}");
        std::thread::sleep(Duration::from_millis(120));
        driver.check(&l1(L1)).unwrap();
    }
}

fn fails_once(subject: &Subject) {
    Operator::sets_up(subject);
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    let made = driver.make(&l1(L1), &core.public).unwrap();
    for rv in [
        SESSION_HANDLE_INVALID,
        SESSION_CLOSED,
        USER_NOT_LOGGED_IN,
        DEVICE_ERROR,
        DEVICE_REMOVED,
        TOKEN_NOT_PRESENT,
        GENERAL_ERROR,
        NOT_INITIALIZED,
    ] {
        for call in ["C_FindObjectsInit", "C_GetAttributeValue", "C_UnwrapKey", "C_CreateObject", "C_WrapKey"]
        {
            orders(&[(call, rv, 1)]);
            let released = driver
                .release(&l1(L1), &made.wrapped, &core.public)
                .unwrap_or_else(|error| panic!("{call} {rv:#x}: {error:?}"));
            assert_eq!(core.opens(&released), core.opens(&made.released));
            // Let the back-off come to its end, as it would between two rare faults.
            std::thread::sleep(Duration::from_millis(120));
            driver.check(&l1(L1)).unwrap();
        }
    }
    // Also while it is being healed.
    orders(&[("C_WrapKey", SESSION_CLOSED, 1), ("C_OpenSession", DEVICE_REMOVED, 1)]);
    driver.release(&l1(L1), &made.wrapped, &core.public).unwrap();
}

fn fails_for_long(subject: &Subject) {
    Operator::sets_up(subject);
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    let made = driver.make(&l1(L1), &core.public).unwrap();
    for rv in [DEVICE_REMOVED, NOT_INITIALIZED, GENERAL_ERROR] {
        orders(&[("C_OpenSession", rv, FOR_EVER), ("C_FindObjectsInit", rv, FOR_EVER)]);
        for _ in 0..4 {
            let outcome = driver.release(&l1(L1), &made.wrapped, &core.public).err();
            assert_eq!(outcome, Some(RootError::Unavailable));
        }
        orders(&[]);
        let began = Instant::now();
        while driver.release(&l1(L1), &made.wrapped, &core.public).is_err() {
            assert!(began.elapsed() < Duration::from_secs(15));
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn pin_tried_once(subject: &Subject) {
    Operator::sets_up(subject);
    let before = calls("C_Login");
    let mut driver = Driver::load(&subject.settings(), pin("not-the-pin")).unwrap();
    for _ in 0..50 {
        assert_eq!(driver.check(&l1(L1)), Err(RootError::Denied));
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(driver.clone().check(&l1(L1)), Err(RootError::Denied)));
        }
    });
    assert_eq!(calls("C_Login") - before, 1);
}

fn pin_locked_later(subject: &Subject) {
    Operator::sets_up(subject);
    let mut driver = Driver::load(&subject.settings(), pin(PIN)).unwrap();
    driver.check(&l1(L1)).unwrap();
    let before = calls("C_Login");
    orders(&[("C_FindObjectsInit", SESSION_CLOSED, 1), ("C_Login", PIN_LOCKED, FOR_EVER)]);
    for _ in 0..10 {
        assert_eq!(driver.check(&l1(L1)), Err(RootError::Denied));
    }
    assert_eq!(calls("C_Login") - before, 1);
}

fn will_not_be_destroyed(subject: &Subject) {
    Operator::sets_up(subject);
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    driver.make(&l1(L1), &core.public).unwrap();
    let operator = Operator::arrives(subject);
    let objects = operator.objects().len();
    for _ in 0..20 {
        orders(&[("C_DestroyObject", GENERAL_ERROR, 2)]);
        driver.make(&l1(L1), &core.public).unwrap();
    }
    orders(&[]);
    assert_eq!(operator.objects().len(), objects);
}

fn fails_midway(subject: &Subject) {
    Operator::sets_up(subject);
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    let made = driver.make(&l1(L1), &core.public).unwrap();
    let operator = Operator::arrives(subject);
    let objects = operator.objects().len();
    const REJECTED: u64 = 0x200;
    const ARGUMENTS_BAD: u64 = 0x07;
    for rv in [REJECTED, ARGUMENTS_BAD] {
        for call in ["C_WrapKey", "C_CreateObject", "C_UnwrapKey", "C_GenerateKey"] {
            orders(&[(call, rv, FOR_EVER)]);
            assert!(driver.link(&l1(L1)).is_err());
            if call != "C_UnwrapKey" {
                assert!(driver.make(&l1(L1), &core.public).is_err());
            }
            if call != "C_GenerateKey" {
                assert!(driver.release(&l1(L1), &made.wrapped, &core.public).is_err());
            }
            orders(&[]);
            assert_eq!(operator.objects().len(), objects, "{call} {rv:#x}");
        }
    }
}

fn out_of_sessions(subject: &Subject) {
    Operator::sets_up(subject);
    let mut driver = subject.driver();
    orders(&[("C_OpenSession", SESSION_COUNT, 1)]);
    assert!(matches!(driver.check(&l1(L1)), Err(RootError::RateLimited { .. })));
    driver.check(&l1(L1)).unwrap();
}

fn broken_not_altered(subject: &Subject) {
    Operator::sets_up(subject);
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    let made = driver.make(&l1(L1), &core.public).unwrap();
    for rv in [GENERAL_ERROR, DEVICE_ERROR] {
        orders(&[("C_UnwrapKey", rv, FOR_EVER)]);
        let outcome = driver.release(&l1(L1), &made.wrapped, &core.public).err();
        assert_eq!(outcome, Some(RootError::Unavailable));
        orders(&[]);
        std::thread::sleep(Duration::from_secs(1));
    }
    driver.release(&l1(L1), &made.wrapped, &core.public).unwrap();
}

fn back_off(subject: &Subject) {
    Operator::sets_up(subject);
    let mut driver = subject.driver();
    driver.check(&l1(L1)).unwrap();
    orders(&[("C_FindObjectsInit", DEVICE_REMOVED, FOR_EVER)]);
    let before = calls("C_GetSlotList");
    let (began, mut asked) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(3) {
        assert_eq!(driver.check(&l1(L1)), Err(RootError::Unavailable));
        asked += 1;
        std::thread::sleep(Duration::from_millis(1));
    }
    // 50, 100, 200, 400, 800, 1600 ms: seven healings at most, and C_GetSlotList is called twice in each.
    assert!(calls("C_GetSlotList") - before <= 14, "{}", calls("C_GetSlotList") - before);
    assert!(asked > 100, "a request that cannot be served must fail at once");
}
