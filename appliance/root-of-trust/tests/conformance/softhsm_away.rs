//! SoftHSM's token is a directory: taken away and brought back.

use crate::Story;
use crate::operator::{L1, Operator, l1};
use crate::subject::{Subject, place};
use crate::transport_key::Core;
use holdfast_ports::root::{RootError, RootOfTrust};
use std::time::{Duration, Instant};

pub(crate) const STORIES: &[Story] = &[
    ("a_token_that_is_taken_away_is_unavailable_and_heals_when_it_is_back", away_and_back),
    ("a_token_that_comes_after_the_agent_has_started_is_found", comes_late),
];

fn away_and_back(subject: &Subject) {
    Operator::sets_up(subject);
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    let made = driver.make(&l1(L1), &core.public).unwrap();
    let (tokens, elsewhere) = (place().join("tokens"), place().join("elsewhere"));
    std::fs::rename(&tokens, &elsewhere).unwrap();
    for _ in 0..5 {
        let outcome = driver.release(&l1(L1), &made.wrapped, &core.public).err();
        assert_eq!(outcome, Some(RootError::Unavailable));
        assert_eq!(driver.check(&l1(L1)), Err(RootError::Unavailable));
    }
    std::fs::rename(&elsewhere, &tokens).unwrap();
    let began = Instant::now();
    let released = loop {
        match driver.release(&l1(L1), &made.wrapped, &core.public) {
            Ok(released) => break released,
            Err(RootError::Unavailable) => std::thread::sleep(Duration::from_millis(20)),
            Err(other) => panic!("{other}"),
        }
        assert!(began.elapsed() < Duration::from_secs(15));
    };
    assert_eq!(core.opens(&released), core.opens(&made.released));
    driver.check(&l1(L1)).unwrap();
}

fn comes_late(subject: &Subject) {
    Operator::sets_up(subject);
    let (tokens, elsewhere) = (place().join("tokens"), place().join("elsewhere"));
    std::fs::rename(&tokens, &elsewhere).unwrap();
    let mut driver = subject.driver();
    assert_eq!(driver.check(&l1(L1)), Err(RootError::Unavailable));
    std::fs::rename(&elsewhere, &tokens).unwrap();
    let began = Instant::now();
    while driver.check(&l1(L1)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(15));
        std::thread::sleep(Duration::from_millis(20));
    }
}
