//! What an admitted client gets: its answers, in order, whatever way its bytes come and whoever else is there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A test ends at its first surprise.

mod support;

use holdfast_ports::front;
use std::io::{Read, Write};
use std::time::{Duration, Instant};
use support::core_double::Answer;
use support::{House, echo, eventually, exchange, last_words, message, settings};

#[test]
fn a_client_of_a_trusted_ca_has_its_request_answered_over_tls_1_3_and_1_2() {
    let house = House::echoing();
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let issued = house.pki.acme.issue(&support::pki::client_params("db-1"));
        let mut tls = house.connect(house.pki.client_with(&issued, &[version])).unwrap();
        let request = message(7, 192);
        assert_eq!(exchange(&mut tls, &request).unwrap(), request);
        assert_eq!(tls.conn.protocol_version(), Some(version.version));
    }
}

#[test]
fn core_is_told_who_the_client_is_on_its_tenants_own_lane() {
    let house = House::echoing();
    for tenant in ["acme", "globex"] {
        exchange(&mut house.connect(house.pki.client(tenant)).unwrap(), &message(1, 8)).unwrap();
    }
    let seen = house.core.seen.lock().unwrap();
    for (tenant, (lane, peer)) in ["acme", "globex"].iter().zip(&seen.opened) {
        let tenant = holdfast_model::TenantId::parse(tenant).unwrap();
        assert_eq!(*lane, front::lane_of(&tenant, 2));
        assert_eq!(peer.common_name.as_deref(), Some("db-1"));
        let rules = house.pki.rules();
        let found = holdfast_model::trust::resolve(&rules, peer, holdfast_model::Timestamp::now());
        assert_eq!(found.unwrap().tenant, tenant, "core and frontend agree");
    }
}

#[test]
fn a_client_without_post_quantum_key_exchange_is_served_and_one_with_it_gets_it() {
    let house = House::echoing();
    let mut tls = house.acme();
    exchange(&mut tls, &message(1, 8)).unwrap();
    let group = tls.conn.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(group, rustls::NamedGroup::X25519MLKEM768);
    let old = house.pki.client_of_old("acme");
    let mut tls = house.connect(old).unwrap();
    exchange(&mut tls, &message(1, 8)).unwrap();
    assert_eq!(tls.conn.negotiated_key_exchange_group().unwrap().name(), rustls::NamedGroup::secp256r1);
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let house = House::echoing();
    let mut tls = house.acme();
    let requests: Vec<_> = (0..500_u32)
        .map(|n| {
            let mut m = message(0, 8 + 8 * (n as usize % 40));
            m[8..12].copy_from_slice(&n.to_be_bytes());
            m
        })
        .collect();
    let all = requests.concat();
    let (mut reader, expected) = (Vec::new(), all.len());
    // More than may be on their way at once, so some wait; writing and reading take turns as clients do.
    for chunk in all.chunks(8 << 10) {
        tls.write_all(chunk).unwrap();
    }
    tls.flush().unwrap();
    let mut piece = [0; 4096];
    while reader.len() < expected {
        let bytes = tls.read(&mut piece).unwrap();
        assert!(bytes > 0, "closed after {} of {expected}", reader.len());
        reader.extend_from_slice(&piece[..bytes]);
    }
    assert_eq!(reader, all);
}

#[test]
fn a_request_that_comes_one_byte_at_a_time_is_answered() {
    let house = House::echoing();
    let mut tls = house.acme();
    let request = message(9, 64);
    for byte in &request {
        tls.write_all(&[*byte]).unwrap();
        tls.flush().unwrap();
    }
    let mut reply = vec![0; request.len()];
    tls.read_exact(&mut reply).unwrap();
    assert_eq!(reply, request);
}

#[test]
fn the_largest_message_allowed_is_answered() {
    let house = House::echoing();
    let mut tls = house.acme();
    let request = message(3, (64 << 10) - 8);
    assert_eq!(exchange(&mut tls, &request).unwrap(), request);
}

#[test]
fn a_client_that_closes_its_direction_still_gets_the_answers_it_asked_for() {
    let house = House::new(settings(), |_, request| {
        std::thread::sleep(Duration::from_millis(20));
        Answer::Reply(request.to_vec())
    });
    let mut tls = house.acme();
    let request = message(5, 16);
    tls.write_all(&[request.clone(), request.clone()].concat()).unwrap();
    tls.conn.send_close_notify();
    tls.flush().unwrap();
    let (said, outcome) = last_words(&mut tls);
    outcome.unwrap();
    assert_eq!(said, [request.clone(), request].concat());
}

#[test]
fn cores_last_word_reaches_the_client_before_the_connection_closes() {
    let house = House::new(settings(), |_, request| Answer::Hangup(request.to_vec()));
    let mut tls = house.acme();
    let request = message(5, 512);
    // More than will be read, so that a careless close would reset the connection.
    tls.write_all(&request.repeat(20)).unwrap();
    let (said, outcome) = last_words(&mut tls);
    outcome.unwrap();
    assert!(said.starts_with(&request));
}

#[test]
fn core_is_told_when_a_client_leaves() {
    let house = House::echoing();
    let mut tls = house.acme();
    exchange(&mut tls, &message(1, 8)).unwrap();
    drop(tls);
    eventually("close is said", || house.core.seen.lock().unwrap().closed == 1);
}

#[test]
fn more_requests_than_the_tenants_rate_are_made_to_wait_and_none_is_lost() {
    let house = House::new(
        holdfast_ports::settings::Frontend { tenant_requests_per_second: 100, ..settings() },
        echo,
    );
    let mut tls = house.acme();
    let start = Instant::now();
    for _ in 0..40 {
        exchange(&mut tls, &message(1, 8)).unwrap();
    }
    // Ten at once, then a hundred a second.
    assert!(start.elapsed() > Duration::from_millis(250), "{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let mut other = house.connect(house.pki.client("globex")).unwrap();
    let start = Instant::now();
    exchange(&mut other, &message(1, 8)).unwrap();
    assert!(start.elapsed() < Duration::from_millis(200), "another tenant does not wait");
    assert!(house.metric("requests_delayed_total") > 20);
}

#[test]
fn a_thousand_idle_clients_do_not_keep_another_from_being_served() {
    let house = House::echoing();
    let config = house.pki.client("acme");
    let idle: Vec<_> = (0..1000)
        .map(|_| {
            let mut tls = house.connect(config.clone()).unwrap();
            exchange(&mut tls, &message(1, 8)).unwrap();
            tls
        })
        .collect();
    assert_eq!(house.metric("connections_open"), 1000);
    let mut busy = house.connect(house.pki.client("globex")).unwrap();
    let start = Instant::now();
    for _ in 0..100 {
        exchange(&mut busy, &message(2, 192)).unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    drop(idle);
    eventually("places are given back", || house.metric("connections_open") == 1);
}

#[test]
fn connections_beyond_the_bound_are_closed_and_those_within_it_served() {
    let house = House::new(holdfast_ports::settings::Frontend { connections_max: 2, ..settings() }, echo);
    let (mut one, mut two) = (house.acme(), house.acme());
    exchange(&mut one, &message(1, 8)).unwrap();
    exchange(&mut two, &message(1, 8)).unwrap();
    assert!(
        house.connect(house.pki.client("acme")).and_then(|mut t| exchange(&mut t, &message(1, 8))).is_err()
    );
    exchange(&mut one, &message(1, 8)).unwrap();
    drop(two);
    eventually("a place is free", || {
        house.connect(house.pki.client("acme")).and_then(|mut t| exchange(&mut t, &message(1, 8))).is_ok()
    });
}
