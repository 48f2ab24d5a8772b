//! The client against a real TLS server on loopback: what it does when all is well, and when a server or a network is not.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test: what is wrong here is to fail loudly"
)]

mod server;

use kmip::client::{Batch, CallError, Config, Pool, Repeat, Server as Place, tls};
use kmip::enums::{Operation, ResultReason};
use kmip::identifier::{Data, Identifier};
use kmip::message::RequestHeader;
use kmip::operation::{ActivateRequest, DestroyRequest, EncryptRequest};
use kmip::version::Version;
use server::{Identity, Pki, Reaction, Server};
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(200);

fn tls_of(pki: &Pki, identity: &Identity) -> std::sync::Arc<rustls::ClientConfig> {
    tls::from_pem(pki.ca_pem.as_bytes(), identity.chain.as_bytes(), identity.key.as_bytes()).unwrap()
}

fn place(address: &str) -> Place {
    Place::tcp(address).unwrap().named("box.test").unwrap()
}

fn config(pki: &Pki, addresses: &[&str]) -> Config {
    let places = addresses.iter().map(|address| place(address)).collect();
    let mut config = Config::new(places, tls_of(pki, &pki.issue("client.test")));
    config.timeouts.back_off = SHORT;
    config
}

fn pool(pki: &Pki, server: &Server) -> Pool {
    Pool::new(config(pki, &[&server.address]))
}

fn encrypt(data: &[u8]) -> EncryptRequest<'_> {
    EncryptRequest {
        unique_identifier: Some(Identifier::Text("key-1")),
        cryptographic_parameters: None,
        data: Some(Data::Bytes(data)),
        iv_counter_nonce: None,
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
    }
}

fn destroy(id: &str) -> DestroyRequest<'_> {
    DestroyRequest { unique_identifier: Some(Identifier::Text(id)) }
}

/// Encrypts: what came back.
fn echo(pool: &Pool, data: &[u8]) -> Result<Vec<u8>, CallError> {
    pool.call(&encrypt(data), |answer| answer.data.unwrap_or_default().to_vec())
}

fn end(pool: &Pool) -> Result<String, CallError> {
    pool.call(&destroy("key-1"), |answer| answer.unique_identifier.text().unwrap_or_default().to_owned())
}

#[test]
fn an_operation_is_done_and_its_answer_read() {
    let pki = Pki::new();
    let server = Server::start(&pki, |_| Reaction::Answer);
    let pool = pool(&pki, &server);
    assert_eq!(echo(&pool, b"plain").unwrap(), b"plain");
    let long = vec![7; 300_000];
    assert_eq!(echo(&pool, &long).unwrap(), long);
    assert_eq!(end(&pool).unwrap(), "key-1");
    assert_eq!(server.connections(), 1, "a thread uses its connection again");
}

#[test]
fn a_refusal_tells_operation_reason_and_words() {
    let pki = Pki::new();
    let server = Server::start(&pki, |_| Reaction::Answer);
    let pool = pool(&pki, &server);
    let activate = ActivateRequest { unique_identifier: Some(Identifier::Text("key-1")) };
    let error = pool.call(&activate, |_| ()).unwrap_err();
    assert_eq!(error.reason(), Some(ResultReason::PERMISSION_DENIED));
    assert!(error.nothing_done());
    let CallError::Refused(refused) = error else { panic!("{error}") };
    assert_eq!(refused.operation, Some(Operation::ACTIVATE));
    assert!(!refused.message.is_empty());
    assert_eq!(server.requests(), 1, "a refusal is an answer: nothing is repeated");
}

#[test]
fn answers_to_a_batch_are_found_by_their_place_whatever_their_order() {
    let pki = Pki::new();
    let server = Server::start(&pki, |_| Reaction::Answer);
    let pool = pool(&pki, &server);
    let mut batch = Batch::new(&RequestHeader::new(Version::V2_1, 0), Version::V2_1, 1 << 20).unwrap();
    let activate = ActivateRequest { unique_identifier: Some(Identifier::Text("key-1")) };
    assert_eq!(batch.add(&encrypt(b"first")).unwrap(), 0);
    assert_eq!(batch.repeat(), Repeat::Harmless);
    assert_eq!(batch.add(&activate).unwrap(), 1);
    assert_eq!(batch.add(&encrypt(&[7; 5000])).unwrap(), 2);
    assert_eq!(batch.repeat(), Repeat::Never);
    pool.batch(&batch, |answers| {
        assert_eq!(answers.len(), 3);
        assert_eq!(answers.version(), Version::V2_1);
        assert_eq!(answers.read::<EncryptRequest<'_>>(0).unwrap().data, Some(&b"first"[..]));
        let refused = answers.read::<ActivateRequest<'_>>(1).err().unwrap();
        assert_eq!(refused.reason(), Some(ResultReason::PERMISSION_DENIED));
        assert_eq!(answers.read::<EncryptRequest<'_>>(2).unwrap().data.map(<[u8]>::len), Some(5000));
        assert!(matches!(answers.read::<DestroyRequest<'_>>(2), Err(CallError::Unreadable(None))));
        assert!(answers.get(3).is_none());
    })
    .unwrap();
}

#[test]
fn threads_do_not_wait_for_each_other() {
    let pki = Pki::new();
    let server = Server::start(&pki, |_| Reaction::AnswerAfter(SHORT));
    let pool = pool(&pki, &server);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| echo(&pool, b"x").unwrap());
        }
    });
    assert!(began.elapsed() < SHORT * 5, "{:?}", began.elapsed());
    assert_eq!(server.connections(), 8);
}

#[test]
fn more_threads_than_connections_take_turns_and_give_up_in_time() {
    let pki = Pki::new();
    let server = Server::start(&pki, |_| Reaction::AnswerAfter(Duration::from_millis(5)));
    let mut config = config(&pki, &[&server.address]);
    config.connections_max = 2;
    let patient = Pool::new(config.clone());
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| (0..4).for_each(|_| drop(echo(&patient, b"x").unwrap())));
        }
    });
    assert_eq!(server.connections(), 2);
    config.connections_max = 1;
    config.timeouts.turn = SHORT;
    let hasty = Pool::new(config);
    let held = hasty.pipeline().unwrap();
    let busy = echo(&hasty, b"x").unwrap_err();
    assert!(matches!(busy, CallError::Busy { .. }) && busy.nothing_done());
    drop(held);
    echo(&hasty, b"x").unwrap();
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_is_replaced_unnoticed() {
    let pki = Pki::new();
    let server = Server::start(&pki, |_| Reaction::AnswerAndClose);
    let pool = pool(&pki, &server);
    for times in 1..4 {
        end(&pool).unwrap();
        assert_eq!((server.requests(), server.connections()), (times, times));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_changes_nothing_is_repeated_when_the_connection_breaks() {
    let pki = Pki::new();
    let server = Server::start(&pki, |nth| if nth < 2 { Reaction::Close } else { Reaction::Answer });
    let pool = pool(&pki, &server);
    assert_eq!(echo(&pool, b"plain").unwrap(), b"plain");
    assert_eq!(server.requests(), 3);
}

#[test]
fn what_changes_something_is_never_sent_twice() {
    let pki = Pki::new();
    let server = Server::start(&pki, |_| Reaction::Close);
    let pool = pool(&pki, &server);
    let error = end(&pool).unwrap_err();
    assert!(matches!(error, CallError::Uncertain(_)), "{error}");
    assert!(!error.nothing_done());
    assert_eq!(*server.seen.operations.lock().unwrap(), [Operation::DESTROY]);
    assert!(matches!(echo(&pool, b"x"), Err(CallError::Uncertain(_))));
    assert_eq!(server.requests(), 4, "and the rest not without end");
}

#[test]
fn a_piece_of_a_stream_is_never_sent_twice() {
    let pki = Pki::new();
    let server = Server::start(&pki, |_| Reaction::Close);
    let pool = pool(&pki, &server);
    let piece = EncryptRequest { init: Some(true), ..encrypt(b"part") };
    assert!(matches!(pool.call(&piece, |_| ()), Err(CallError::Uncertain(_))));
    assert_eq!(server.requests(), 1);
}

#[test]
fn the_next_server_takes_over_and_the_first_is_tried_again() {
    let pki = Pki::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let first = closed.local_addr().unwrap();
    drop(closed);
    let second = Server::start(&pki, |_| Reaction::Answer);
    let mut config = config(&pki, &[&first.to_string(), &second.address]);
    config.timeouts.age = Duration::from_millis(300);
    let pool = Pool::new(config);
    end(&pool).unwrap();
    assert_eq!(second.requests(), 1);
    let first = Server::on(TcpListener::bind(first).unwrap(), &pki, |_| Reaction::Answer);
    let began = Instant::now();
    while first.requests() == 0 {
        end(&pool).unwrap();
        assert!(began.elapsed() < Duration::from_secs(10), "the first server is not used again");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn without_any_server_nothing_is_done_and_it_is_said_at_once() {
    let pki = Pki::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let pool = Pool::new(config(&pki, &[&closed, &closed]));
    for _ in 0..3 {
        let began = Instant::now();
        let error = end(&pool).unwrap_err();
        assert!(matches!(error, CallError::Unreachable(_)) && error.nothing_done());
        assert!(began.elapsed() < Duration::from_secs(1));
    }
    assert!(matches!(end(&Pool::new(config(&pki, &[]))), Err(CallError::Unreachable(_))));
}

#[test]
fn a_silent_server_costs_no_more_than_the_time_out() {
    let pki = Pki::new();
    let silent = Server::start(&pki, |_| Reaction::AnswerAfter(Duration::from_secs(60)));
    let second = Server::start(&pki, |_| Reaction::Answer);
    let mut config = config(&pki, &[&silent.address, &second.address]);
    config.timeouts.read = SHORT;
    let began = Instant::now();
    let pool = Pool::new(config);
    assert!(matches!(end(&pool), Err(CallError::Uncertain(_))));
    assert!(began.elapsed() < SHORT * 4, "{:?}", began.elapsed());
    assert_eq!(echo(&pool, b"x").unwrap(), b"x", "the next one serves");
}

#[test]
fn a_server_that_does_not_shake_hands_costs_no_more_than_the_time_out() {
    let pki = Pki::new();
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = config(&pki, &[&mute.local_addr().unwrap().to_string()]);
    config.timeouts.connect = SHORT;
    let began = Instant::now();
    assert!(matches!(end(&Pool::new(config)), Err(CallError::Unreachable(_))));
    assert!(began.elapsed() < SHORT * 4, "{:?}", began.elapsed());
}

#[test]
fn a_client_that_is_not_let_in_and_a_server_that_is_not_trusted_are_told_from_an_outage() {
    let (pki, strangers) = (Pki::new(), Pki::new());
    let server = Server::start(&pki, |_| Reaction::Answer);
    let of = |roots: &Pki, identity: &Identity, name: &str| {
        let place = Place::tcp(&server.address).unwrap().named(name).unwrap();
        end(&Pool::new(Config::new(vec![place], tls_of(roots, identity)))).unwrap_err()
    };
    let ours = pki.issue("client.test");
    for error in [
        of(&pki, &strangers.issue("client.test"), "box.test"),
        of(&strangers, &ours, "box.test"),
        of(&pki, &ours, "other.test"),
    ] {
        assert!(matches!(error, CallError::NotAdmitted(_)), "{error:?}");
        assert!(error.nothing_done());
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_reply_that_is_no_kmip_or_beyond_the_bound_is_refused() {
    let pki = Pki::new();
    let huge = [0x42, 0, 0x7B, 1, 0x7F, 0xFF, 0xFF, 0xF8];
    let request = [0x42, 0, 0x78, 1, 0, 0, 0, 0];
    let hollow = [0x42, 0, 0x7B, 1, 0, 0, 0, 0];
    for garbage in [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), huge.to_vec(), request.to_vec(), hollow.to_vec()] {
        let server = Server::start(&pki, move |_| Reaction::Garbage(garbage.clone()));
        let pool = pool(&pki, &server);
        assert!(matches!(end(&pool), Err(CallError::Unreadable(_))));
    }
}

#[test]
fn a_request_beyond_the_bound_is_not_sent() {
    let pki = Pki::new();
    let server = Server::start(&pki, |_| Reaction::Answer);
    let mut config = config(&pki, &[&server.address]);
    config.request_bytes_max = 4096;
    let pool = Pool::new(config);
    assert!(matches!(echo(&pool, &[7; 5000]), Err(CallError::TooLong(_))));
    assert!(matches!(pool.exchange(&[0; 5000], Repeat::Never, |_| ()), Err(CallError::TooLong(_))));
    assert_eq!(server.requests(), 0);
    echo(&pool, &[7; 3000]).unwrap();
}

#[test]
fn several_requests_are_on_their_way_and_answered_in_order() {
    let pki = Pki::new();
    let server = Server::start(&pki, |_| Reaction::Answer);
    let mut config = config(&pki, &[&server.address]);
    config.in_flight_max = 4;
    let pool = Pool::new(config);
    let mut pipeline = pool.pipeline().unwrap();
    for round in 0..10_u8 {
        for nth in 0..4 {
            pipeline.send(&encrypt(&[round, nth])).unwrap();
        }
        assert_eq!(pipeline.in_flight(), 4);
        assert!(matches!(pipeline.send(&encrypt(b"x")), Err(CallError::PipelineFull)));
        for nth in 0..4 {
            pipeline
                .receive::<EncryptRequest<'_>, _>(|answer| assert_eq!(answer.data, Some(&[round, nth][..])))
                .unwrap();
        }
    }
    assert!(pipeline.receive_bytes(|_| ()).is_err(), "nothing is outstanding");
    assert_eq!(server.connections(), 1);
    pipeline.send(&encrypt(b"x")).unwrap();
    drop(pipeline);
    echo(&pool, b"y").unwrap();
    assert_eq!(server.connections(), 2, "an answer nobody fetched is nobody else's");
}

#[test]
fn a_socket_on_the_same_host_serves_as_well() {
    let pki = Pki::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kmip");
    let seen = Server::behind(&path, &pki);
    let place = Place::unix(&path, "box.test").unwrap();
    let pool = Pool::new(Config::new(vec![place], tls_of(&pki, &pki.issue("client.test"))));
    assert_eq!(echo(&pool, b"plain").unwrap(), b"plain");
    assert_eq!(seen.requests.load(Ordering::SeqCst), 1);
}

#[test]
fn forgetting_closes_what_is_idle_and_tells_what_is_in_use() {
    let pki = Pki::new();
    let server = Server::start(&pki, |_| Reaction::Answer);
    let pool = pool(&pki, &server);
    echo(&pool, b"x").unwrap();
    assert!(pool.forget().is_empty());
    let held = pool.pipeline().unwrap();
    assert_eq!(pool.forget().len(), 1);
    drop(held);
    assert!(pool.forget().is_empty());
    echo(&pool, b"x").unwrap();
    assert_eq!(server.connections(), 3);
}

#[test]
fn bytes_go_as_they_are() {
    let pki = Pki::new();
    let server = Server::start(&pki, |_| Reaction::Answer);
    let pool = pool(&pki, &server);
    let mut request = Vec::new();
    kmip::message::request(
        &mut request,
        4096,
        &RequestHeader::new(Version::V1_0, 1),
        Version::V1_0,
        |items| {
            items.add(Operation::DESTROY, None, &destroy("key-1"));
        },
    )
    .unwrap();
    let reply = pool.exchange(&request, Repeat::Never, <[u8]>::to_vec).unwrap();
    assert_eq!(kmip::ttlv::frame::response_length(&reply, 4096), Ok(Some(reply.len())));
}
