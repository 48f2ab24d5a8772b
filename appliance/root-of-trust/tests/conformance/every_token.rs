//! What every token must do, whatever its make.

use crate::Story;
use crate::operator::{Key, L1, Operator, USUAL, l1};
use crate::subject::{Make, Subject, pin};
use crate::transport_key::Core;
use holdfast_model::HsmName;
use holdfast_model::l1::{L1Ref, OaepHash, WrapMechanism, WrappedL2};
use holdfast_ports::root::{RootError, RootOfTrust};
use holdfast_root_of_trust::pkcs11::Driver;
use std::time::{Duration, Instant};

/// What a software TPM without a resource manager can show. It has room for three loaded objects and loses that room
/// with each new login, and libtpms 0.9 enters its failure mode when OAEP padding is wrong; so the stories about
/// altered bytes, repeated logins and long runs are told by the other plain-path subjects.
pub(crate) const SMALL_TPM_STORIES: &[Story] = &[
    ("a_link_proves_the_l1_and_says_which_way_l2_goes", link),
    ("what_was_made_is_released_again_and_each_is_another", make_and_release),
    ("a_wrapped_l2_outlives_the_process_that_made_it", outlives),
    ("a_label_that_no_key_bears_is_not_found", wrong_label),
    ("a_key_of_another_hsm_is_not_found", other_hsm),
    ("a_wrong_pin_is_denied_and_stays_denied", wrong_pin),
    ("the_plain_path_is_not_taken_unless_the_configuration_names_it", no_plain),
];

pub(crate) const STORIES: &[Story] = &[
    ("a_link_proves_the_l1_and_says_which_way_l2_goes", link),
    ("what_was_made_is_released_again_and_each_is_another", make_and_release),
    ("a_wrapped_l2_outlives_the_process_that_made_it", outlives),
    ("a_label_that_no_key_bears_is_not_found", wrong_label),
    ("a_label_that_two_keys_bear_is_not_found", two_keys),
    ("a_key_of_another_hsm_is_not_found", other_hsm),
    ("a_key_that_was_destroyed_is_not_found", destroyed),
    ("altered_bytes_do_not_authenticate", altered),
    ("bytes_wrapped_by_another_l1_do_not_authenticate", other_l1),
    ("a_wrong_pin_is_denied_and_stays_denied", wrong_pin),
    ("an_l1_that_could_leave_the_token_is_denied", extractable),
    ("an_l1_that_may_not_wrap_is_refused", unusable),
    ("the_plain_path_is_not_taken_unless_the_configuration_names_it", no_plain),
    ("a_transport_key_that_protects_nothing_is_refused", weak_transport),
    ("a_logout_under_us_is_followed_by_a_login", logged_out),
    ("a_module_that_was_finalised_under_us_is_initialised_again", module_ended),
    ("nothing_is_left_in_the_token_after_many_rounds", nothing_left),
    ("workers_side_by_side_do_not_disturb_each_other", side_by_side),
    ("figures", figures),
];

fn all_four(driver: &mut Driver, l1: &L1Ref, wrapped: &WrappedL2) -> [Option<RootError>; 4] {
    let core = Core::with_one_time_key();
    [
        driver.link(l1).err(),
        driver.make(l1, &core.public).err(),
        driver.release(l1, wrapped, &core.public).err(),
        driver.check(l1).err(),
    ]
}

/// Wrapped bytes of the right form that nobody wrapped.
fn made_up(subject: &Subject) -> WrappedL2 {
    match subject.kind {
        crate::subject::Kind::Aes => WrappedL2 { mechanism: WrapMechanism::AesKeyWrap, bytes: vec![7; 40] },
        crate::subject::Kind::Rsa => {
            WrappedL2 { mechanism: WrapMechanism::RsaOaep(OaepHash::Sha1), bytes: vec![7; 256] }
        }
    }
}

fn link(subject: &Subject) {
    Operator::sets_up(subject);
    let mut driver = subject.driver();
    let linked = driver.link(&l1(L1)).unwrap();
    assert_eq!(linked.transport, !subject.plain);
    let says = match subject.make {
        Make::SoftHsm => "SoftHSM",
        Make::Nss => "Mozilla",
        Make::Tpm2 => "TPM",
    };
    assert!(linked.token.contains(says), "{}", linked.token);
    driver.check(&l1(L1)).unwrap();
}

fn make_and_release(subject: &Subject) {
    Operator::sets_up(subject);
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    let mut seen = Vec::new();
    for _ in 0..5 {
        let made = driver.make(&l1(L1), &core.public).unwrap();
        let (l2, plain) = core.opens(&made.released);
        assert_eq!(plain, subject.plain);
        assert!(!seen.contains(&l2));
        assert!(!made.wrapped.bytes.windows(32).any(|part| part == l2));
        let later = Core::with_one_time_key();
        let released = driver.release(&l1(L1), &made.wrapped, &later.public).unwrap();
        assert_eq!(later.opens(&released), (l2, subject.plain));
        seen.push(l2);
    }
}

fn outlives(subject: &Subject) {
    Operator::sets_up(subject);
    let core = Core::with_one_time_key();
    let made = subject.driver().make(&l1(L1), &core.public).unwrap();
    let released = subject.driver().release(&l1(L1), &made.wrapped, &core.public).unwrap();
    assert_eq!(core.opens(&released), core.opens(&made.released));
}

fn wrong_label(subject: &Subject) {
    Operator::sets_up(subject);
    let mut driver = subject.driver();
    for label in ["acme", "acme-root2", "", &"x".repeat(300), "ACME-ROOT"] {
        let not_found = [const { Some(RootError::NotFound) }; 4];
        assert_eq!(all_four(&mut driver, &l1(label), &made_up(subject)), not_found);
    }
    driver.check(&l1(L1)).unwrap();
}

fn two_keys(subject: &Subject) {
    Operator::sets_up(subject);
    let mut driver = subject.driver();
    driver.link(&l1(L1)).unwrap();
    let operator = Operator::arrives(subject);
    operator.makes_l1(L1);
    assert_eq!(all_four(&mut driver, &l1(L1), &made_up(subject)), [const { Some(RootError::NotFound) }; 4]);
}

fn other_hsm(subject: &Subject) {
    Operator::sets_up(subject);
    let elsewhere = L1Ref { hsm: HsmName::parse("hsm2").unwrap(), label: L1.into() };
    let not_found = [const { Some(RootError::NotFound) }; 4];
    assert_eq!(all_four(&mut subject.driver(), &elsewhere, &made_up(subject)), not_found);
}

fn destroyed(subject: &Subject) {
    Operator::sets_up(subject);
    let mut driver = subject.driver();
    driver.check(&l1(L1)).unwrap();
    let operator = Operator::arrives(subject);
    operator.destroys(L1);
    assert_eq!(driver.check(&l1(L1)), Err(RootError::NotFound));
}

fn altered(subject: &Subject) {
    Operator::sets_up(subject);
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    let wrapped = driver.make(&l1(L1), &core.public).unwrap().wrapped;
    let mut refused = |what: &str, altered: WrappedL2| {
        let outcome = driver.release(&l1(L1), &altered, &core.public).err();
        assert_eq!(outcome, Some(RootError::NotAuthentic), "{what}");
    };
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut altered = wrapped.clone();
        change(&mut altered.bytes);
        altered
    };
    for at in [0, 7, 8, 20, wrapped.bytes.len() - 1] {
        refused("a bit", changed(&|bytes| bytes[at] ^= 1));
    }
    refused("nothing", changed(&Vec::clear));
    refused("a byte less", changed(&|bytes| bytes.truncate(bytes.len() - 1)));
    refused("a block less", changed(&|bytes| bytes.truncate(bytes.len() - 8)));
    refused("a byte more", changed(&|bytes| bytes.push(0)));
    refused("a block more", changed(&|bytes| bytes.extend([0; 8])));
    refused("far too much", changed(&|bytes| bytes.resize(1 << 16, 9)));
    refused(
        "another mechanism",
        WrappedL2 {
            mechanism: match wrapped.mechanism {
                WrapMechanism::AesKeyWrap | WrapMechanism::AesKeyWrapPadded => {
                    WrapMechanism::RsaOaep(OaepHash::Sha1)
                }
                WrapMechanism::RsaOaep(_) => WrapMechanism::AesKeyWrap,
            },
            bytes: wrapped.bytes.clone(),
        },
    );
    driver.release(&l1(L1), &wrapped, &core.public).unwrap();
}

fn other_l1(subject: &Subject) {
    let operator = Operator::arrives(subject);
    operator.makes_l1(L1);
    operator.makes_l1("globex-root");
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    let wrapped = driver.make(&l1(L1), &core.public).unwrap().wrapped;
    let outcome = driver.release(&l1("globex-root"), &wrapped, &core.public).err();
    assert_eq!(outcome, Some(RootError::NotAuthentic));
    driver.release(&l1(L1), &wrapped, &core.public).unwrap();
}

fn wrong_pin(subject: &Subject) {
    Operator::sets_up(subject);
    let mut driver = Driver::load(&subject.settings(), pin("not-the-pin")).unwrap();
    for _ in 0..8 {
        let began = Instant::now();
        assert_eq!(driver.check(&l1(L1)), Err(RootError::Denied));
        assert!(began.elapsed() < Duration::from_secs(3));
    }
    drop(driver);
    // Not locked: the right PIN still opens it.
    subject.driver().check(&l1(L1)).unwrap();
}

fn extractable(subject: &Subject) {
    let operator = Operator::arrives(subject);
    operator.makes_key("loose", Key { extractable: true, ..USUAL });
    operator.makes_key("readable", Key { sensitive: false, ..USUAL });
    operator.ends_module();
    let mut driver = subject.driver();
    for label in ["loose", "readable"] {
        assert_eq!(
            all_four(&mut driver, &l1(label), &made_up(subject)),
            [const { Some(RootError::Denied) }; 4]
        );
    }
}

fn unusable(subject: &Subject) {
    let operator = Operator::arrives(subject);
    operator.makes_key(L1, Key { usable: false, ..USUAL });
    operator.ends_module();
    assert_eq!(
        all_four(&mut subject.driver(), &l1(L1), &made_up(subject)),
        [const { Some(RootError::Denied) }; 4]
    );
}

fn no_plain(subject: &Subject) {
    Operator::sets_up(subject);
    let mut settings = subject.settings();
    settings.plain_path = false;
    let mut driver = Driver::load(&settings, pin(crate::subject::PIN)).unwrap();
    let core = Core::with_one_time_key();
    if subject.plain {
        for outcome in all_four(&mut driver, &l1(L1), &made_up(subject)) {
            assert!(matches!(outcome, Some(RootError::Denied | RootError::Unsupported)), "{outcome:?}");
        }
    } else {
        let (_, plain) = core.opens(&driver.make(&l1(L1), &core.public).unwrap().released);
        assert!(!plain);
    }
}

fn weak_transport(subject: &Subject) {
    Operator::sets_up(subject);
    if subject.plain {
        // Nothing is wrapped for a transport key here.
        return;
    }
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    let mut weak = core.public.clone();
    weak.exponent = vec![1];
    assert_eq!(driver.make(&l1(L1), &weak).err(), Some(RootError::Unsupported));
    let mut short = core.public.clone();
    short.modulus.truncate(64);
    assert_eq!(driver.make(&l1(L1), &short).err(), Some(RootError::Unsupported));
    driver.make(&l1(L1), &core.public).unwrap();
}

fn logged_out(subject: &Subject) {
    healed_after(subject, Operator::logs_everybody_out);
}

fn module_ended(subject: &Subject) {
    healed_after(subject, Operator::ends_module);
}

fn healed_after(subject: &Subject, disturb: fn(&Operator)) {
    Operator::sets_up(subject);
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    let made = driver.make(&l1(L1), &core.public).unwrap();
    for _ in 0..3 {
        disturb(&Operator::arrives(subject));
        let released = driver.release(&l1(L1), &made.wrapped, &core.public).unwrap();
        assert_eq!(core.opens(&released), core.opens(&made.released));
        disturb(&Operator::arrives(subject));
        driver.check(&l1(L1)).unwrap();
        driver.link(&l1(L1)).unwrap();
        // Beyond the longest wait that these few failures bring.
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn nothing_left(subject: &Subject) {
    Operator::sets_up(subject);
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    driver.make(&l1(L1), &core.public).unwrap();
    let operator = Operator::arrives(subject);
    let (objects, sessions) = (operator.objects(), operator.sessions());
    for round in 0..subject.rounds() {
        let made = driver.make(&l1(L1), &core.public).unwrap();
        driver.release(&l1(L1), &made.wrapped, &core.public).unwrap();
        if round % 10 == 0 {
            let mut altered = made.wrapped;
            altered.bytes[3] ^= 1;
            assert!(driver.release(&l1(L1), &altered, &core.public).is_err());
            driver.link(&l1(L1)).unwrap();
        }
    }
    assert_eq!(operator.objects().len(), objects.len());
    assert_eq!(operator.sessions(), sessions);
}

fn side_by_side(subject: &Subject) {
    Operator::sets_up(subject);
    let (driver, core) = (subject.driver(), Core::with_one_time_key());
    let rounds = subject.rounds() / 10;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut driver = driver.clone();
                for _ in 0..rounds {
                    let made = driver.make(&l1(L1), &core.public).unwrap();
                    let released = driver.release(&l1(L1), &made.wrapped, &core.public).unwrap();
                    assert_eq!(core.opens(&released), core.opens(&made.released));
                }
            });
        }
    });
}

fn figures(subject: &Subject) {
    Operator::sets_up(subject);
    let (mut driver, core) = (subject.driver(), Core::with_one_time_key());
    let wrapped = driver.make(&l1(L1), &core.public).unwrap().wrapped;
    let rounds = subject.rounds() / 10;
    let mut line = format!("  {}:", subject.name);
    for (what, act) in [
        (
            "link",
            &mut (|driver: &mut Driver| driver.link(&l1(L1)).map(drop)) as &mut dyn FnMut(&mut Driver) -> _,
        ),
        ("make", &mut |driver| driver.make(&l1(L1), &core.public).map(drop)),
        ("release", &mut |driver| driver.release(&l1(L1), &wrapped, &core.public).map(drop)),
        ("check", &mut |driver| driver.check(&l1(L1))),
    ] {
        let mut took: Vec<Duration> = (0..rounds)
            .map(|_| {
                let began = Instant::now();
                act(&mut driver).unwrap();
                began.elapsed()
            })
            .collect();
        took.sort();
        line += &format!(
            " {what} p50 {} us, p99 {} us;",
            took[rounds / 2].as_micros(),
            took[rounds * 99 / 100].as_micros()
        );
    }
    println!("{line}");
}
