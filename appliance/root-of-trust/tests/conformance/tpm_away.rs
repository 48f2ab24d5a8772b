//! A TPM behind a socket: it dies and is started again, as a network HSM would.

use crate::Story;
use crate::operator::{L1, Operator, l1};
use crate::subject::{Subject, Tpm, place};
use crate::transport_key::Core;
use holdfast_ports::root::{RootError, RootOfTrust};
use std::process::Command;
use std::time::{Duration, Instant};

pub(crate) const STORIES: &[Story] =
    &[("a_device_that_dies_is_unavailable_and_heals_when_it_is_started_again", dies_and_returns)];

fn dies_and_returns(subject: &Subject) {
    Operator::sets_up(subject);
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    let made = driver.make(&l1(L1), &core.public).unwrap();
    let number = |file: &str| std::fs::read_to_string(place().join(file)).unwrap();
    assert!(Command::new("kill").args(["-9", &number("tpm.pid")]).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(200));
    for _ in 0..3 {
        let outcome = driver.release(&l1(L1), &made.wrapped, &core.public).err();
        assert_eq!(outcome, Some(RootError::Unavailable));
    }
    let _tpm = Tpm::start(&place(), number("tpm.port").parse().unwrap());
    let began = Instant::now();
    let released = loop {
        match driver.release(&l1(L1), &made.wrapped, &core.public) {
            Ok(released) => break released,
            Err(RootError::Unavailable) => std::thread::sleep(Duration::from_millis(50)),
            Err(other) => panic!("{other}"),
        }
        assert!(began.elapsed() < Duration::from_secs(30));
    };
    assert_eq!(core.opens(&released), core.opens(&made.released));
}
