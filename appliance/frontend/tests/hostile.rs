//! What bad input and bad manners get, and that nobody else notices.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A test ends at its first surprise.

mod support;

use std::io::{Read, Write};
use std::time::{Duration, Instant};
use support::{House, MESSAGE_BYTES_MAX, echo, eventually, exchange, last_words, message};

#[test]
fn bytes_that_are_no_kmip_end_the_connection_at_once_and_core_sees_none_of_them() {
    let house = House::echoing();
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0], &[0x42, 0, 0x7b, 1, 0, 0, 0, 8], &[0xff; 4000]] {
        let mut tls = house.acme();
        tls.write_all(garbage).unwrap();
        let (said, outcome) = last_words(&mut tls);
        outcome.unwrap();
        assert!(said.is_empty());
    }
    assert_eq!(house.core.seen.lock().unwrap().requests, 0);
    assert_eq!(house.metric("connections_misframed_total"), 4);
}

#[test]
fn a_good_request_before_garbage_is_answered() {
    let house = House::echoing();
    let mut tls = house.acme();
    let request = message(1, 8);
    tls.write_all(&request).unwrap();
    let mut reply = vec![0; request.len()];
    tls.read_exact(&mut reply).unwrap();
    tls.write_all(b"nonsense").unwrap();
    last_words(&mut tls).1.unwrap();
}

#[test]
fn a_message_one_byte_over_the_bound_is_refused() {
    let house = House::echoing();
    let mut tls = house.acme();
    tls.write_all(&message(1, MESSAGE_BYTES_MAX as usize)[..64]).unwrap();
    let (said, outcome) = last_words(&mut tls);
    outcome.unwrap();
    assert!(said.starts_with(&[0x42, 0, 0x7b, 1]));
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_message_or_handshake_disturbs_nobody() {
    let house = House::echoing();
    let mut other = house.connect(house.pki.client("globex")).unwrap();
    for cut in [1, 7, 8, 9, 50] {
        let mut tls = house.acme();
        tls.write_all(&message(1, 64)[..cut]).unwrap();
        tls.flush().unwrap();
        drop(tls);
        let mut half = house.tcp();
        half.write_all(&[0x16, 3, 1, 2, 0, 1][..cut.min(6)]).unwrap();
        drop(half);
        exchange(&mut other, &message(2, 16)).unwrap();
    }
    eventually("all places are given back", || house.metric("connections_open") == 1);
    assert_eq!(house.core.seen.lock().unwrap().requests, 5, "those of the other client alone");
}

#[test]
fn bytes_that_are_no_tls_are_refused_and_counted_as_broken_handshakes() {
    let house = House::echoing();
    for _ in 0..3 {
        let mut stream = house.tcp();
        stream.write_all(&message(1, 64)).unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        assert!(said.len() <= 7, "an alert at most");
    }
    eventually("counted", || {
        house.get("/metrics").contains("clients_rejected_total{reason=\"handshake\"} 3")
    });
}

#[test]
fn a_probe_that_connects_and_leaves_is_no_refused_client() {
    let house = House::echoing();
    drop(house.tcp());
    exchange(&mut house.acme(), &message(1, 8)).unwrap();
    eventually("its place is given back", || house.metric("connections_open") == 0);
    assert!(house.core.seen.lock().unwrap().rejections.is_empty());
}

#[test]
fn a_peer_that_never_finishes_its_handshake_is_let_go_in_time() {
    let house = House::echoing();
    let start = Instant::now();
    let mut silent = house.tcp();
    let mut begun = house.tcp();
    begun.write_all(&[0x16, 3, 1]).unwrap();
    let _ = silent.read_to_end(&mut Vec::new());
    let _ = begun.read_to_end(&mut Vec::new());
    assert!((9..14).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[test]
fn the_operators_listener_answers_three_questions_and_no_others() {
    let house = House::echoing();
    exchange(&mut house.acme(), &message(1, 8)).unwrap();
    assert!(house.get("/health").starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(house.get("/").starts_with("HTTP/1.1 404 "));
    assert!(house.get("/../../etc/passwd").starts_with("HTTP/1.1 404 "));
    assert!(house.get(&format!("/{}", "a".repeat(8192))).starts_with("HTTP/1.1 431 "));
    let status = house.get("/status");
    let body = status.split("\r\n\r\n").nth(1).unwrap();
    let status: holdfast_model::status::BoxStatus = serde_json::from_str(body).unwrap();
    assert_eq!(status.core.unwrap().tenants[0].services, 2);
    let metrics = house.get("/metrics");
    for line in [
        "holdfast_requests_total 1",
        "holdfast_operations_total{tenant=\"acme\",operation=\"Encrypt\",outcome=\"succeeded\"} 6",
        "holdfast_operation_duration_seconds_count{tenant=\"acme\",operation=\"Encrypt\"} 7",
        "holdfast_tenant_unsealed{tenant=\"acme\"} 1",
        "holdfast_core_up 1",
    ] {
        assert!(metrics.lines().any(|l| l == line), "{line} in\n{metrics}");
    }
}

#[test]
fn when_core_dies_its_clients_are_closed_and_a_new_core_serves_new_ones() {
    let mut house = House::echoing();
    let mut acme = house.acme();
    exchange(&mut acme, &message(1, 8)).unwrap();
    house.core.die();
    let (said, outcome) = last_words(&mut acme);
    outcome.unwrap();
    assert!(said.is_empty());
    let status = house.get("/status");
    assert!(status.contains("\"core\":null"), "{status}");
    // A client that comes while core is away waits, and is served by the next one.
    let config = house.pki.client("acme");
    let at = house.kmip;
    let early = std::thread::spawn(move || {
        let name = rustls::pki_types::ServerName::try_from("holdfast.test").unwrap();
        let stream = std::net::TcpStream::connect(at).unwrap();
        let mut tls = rustls::StreamOwned::new(rustls::ClientConnection::new(config, name).unwrap(), stream);
        exchange(&mut tls, &message(3, 8))
    });
    std::thread::sleep(Duration::from_millis(300));
    house.new_core(echo);
    assert_eq!(early.join().unwrap().unwrap(), message(3, 8));
    exchange(&mut house.acme(), &message(1, 8)).unwrap();
    let seen = house.core.seen.lock().unwrap();
    assert_eq!((seen.watches, seen.opened.len()), (1, 2), "the new core knows only what came to it");
}

#[test]
fn core_may_die_and_come_back_again_and_again_under_load() {
    let mut house = House::echoing();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let clients: Vec<_> = (0..4)
        .map(|n| {
            let (stop, config, at) = (stop.clone(), house.pki.client("acme"), house.kmip);
            std::thread::spawn(move || {
                let mut done = 0_u32;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let name = rustls::pki_types::ServerName::try_from("holdfast.test").unwrap();
                    let Ok(stream) = std::net::TcpStream::connect(at) else { continue };
                    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    let mut tls = rustls::StreamOwned::new(
                        rustls::ClientConnection::new(config.clone(), name).unwrap(),
                        stream,
                    );
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        let mut request = message(n, 64);
                        request[8..12].copy_from_slice(&done.to_be_bytes());
                        match exchange(&mut tls, &request) {
                            Ok(reply) => {
                                assert_eq!(reply, request, "no answer of another request or generation")
                            }
                            Err(_) => break,
                        }
                        done += 1;
                    }
                }
                done
            })
        })
        .collect();
    for _ in 0..10 {
        std::thread::sleep(Duration::from_millis(100));
        house.core.die();
        house.new_core(echo);
    }
    std::thread::sleep(Duration::from_millis(300));
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for client in clients {
        assert!(client.join().unwrap() > 20);
    }
}
