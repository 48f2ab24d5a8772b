//! KMIP over HTTPS and over a socket on the same host: what is served, what is refused, and that one client is no other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A test ends at its first surprise.

mod support;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use support::core_double::Answer;
use support::{House, Tls, eventually, message, settings};

const XML: &str = "<RequestMessage><BatchItem><Operation type=\"Enumeration\" value=\"Query\"/></BatchItem></RequestMessage>";
const JSON: &str = r#"{"tag":"RequestMessage","value":[{"tag":"BatchItem"}]}"#;

/// Core answers each request with a response of the same contents.
fn house() -> House {
    House::new(settings(), |_, request| {
        let mut reply = request.to_vec();
        reply[2] = 0x7B;
        Answer::Reply(reply)
    })
}

fn connect(house: &House, tenant: &str) -> Tls {
    let name = ServerName::try_from("holdfast.test").unwrap();
    let tcp = TcpStream::connect(house.https).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    StreamOwned::new(ClientConnection::new(house.pki.client(tenant), name).unwrap(), tcp)
}

fn post(kind: &str, body: &[u8], more: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST /kmip HTTP/1.1\r\nHost: box\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nCache-Control: no-cache\r\n{more}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// One answer: its head and its body.
fn answer(tls: &mut Tls) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        tls.read_exact(&mut byte).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&head)));
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length =
        head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    tls.read_exact(&mut body).unwrap();
    (head, body)
}

fn is_closed(tls: &mut Tls) -> bool {
    matches!(tls.read(&mut [0]), Ok(0) | Err(_))
}

#[test]
fn each_encoding_is_answered_in_kind_on_one_connection() {
    let house = house();
    let mut tls = connect(&house, "acme");
    for round in 0..3 {
        tls.write_all(&post("application/octet-stream", &message(round, 16), "")).unwrap();
        let (head, body) = answer(&mut tls);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"), "{head}");
        assert!(head.contains("Cache-Control: no-cache\r\n"), "{head}");
        assert_eq!(body[3..], message(round, 16)[3..]);
        tls.write_all(&post("text/xml", XML.as_bytes(), "")).unwrap();
        let (head, body) = answer(&mut tls);
        assert!(head.contains("Content-Type: text/xml\r\n"), "{head}");
        let body = String::from_utf8(body).unwrap();
        assert!(body.starts_with("<ResponseMessage>") && body.contains("value=\"Query\""), "{body}");
        tls.write_all(&post("application/json", JSON.as_bytes(), "")).unwrap();
        let (head, body) = answer(&mut tls);
        assert!(head.contains("Content-Type: application/json\r\n"), "{head}");
        assert!(String::from_utf8(body).unwrap().starts_with("{\"tag\":\"ResponseMessage\""));
    }
    assert_eq!(house.metric("connections_accepted_total"), 1);
}

#[test]
fn requests_that_come_together_are_answered_one_after_the_other() {
    let house = house();
    let mut tls = connect(&house, "acme");
    let all: Vec<u8> = (0..20).flat_map(|n| post("application/octet-stream", &message(n, 8), "")).collect();
    tls.write_all(&all).unwrap();
    for n in 0..20 {
        assert_eq!(answer(&mut tls).1[8..], message(n, 8)[8..]);
    }
}

#[test]
fn a_request_that_comes_byte_by_byte_is_one_request() {
    let house = house();
    let mut tls = connect(&house, "acme");
    for byte in post("application/json", JSON.as_bytes(), "") {
        tls.write_all(&[byte]).unwrap();
        tls.flush().unwrap();
    }
    assert!(answer(&mut tls).0.starts_with("HTTP/1.1 200 OK"));
}

#[test]
fn a_client_that_asks_whether_to_go_on_is_told_so() {
    let house = house();
    let mut tls = connect(&house, "acme");
    let request = post("text/xml", XML.as_bytes(), "Expect: 100-continue\r\n");
    let head = request.len() - XML.len();
    tls.write_all(&request[..head]).unwrap();
    assert_eq!(answer(&mut tls).0, "HTTP/1.1 100 Continue\r\n\r\n");
    tls.write_all(&request[head..]).unwrap();
    assert!(answer(&mut tls).0.starts_with("HTTP/1.1 200 OK"));
}

#[test]
fn a_connection_ends_when_the_client_says_so_and_at_once_for_http_1_0() {
    let house = house();
    let mut tls = connect(&house, "acme");
    tls.write_all(&post("text/xml", XML.as_bytes(), "Connection: close\r\n")).unwrap();
    assert!(answer(&mut tls).0.contains("Connection: close\r\n"));
    assert!(is_closed(&mut tls));
    let mut tls = connect(&house, "acme");
    let old =
        String::from_utf8(post("text/xml", XML.as_bytes(), "")).unwrap().replace("HTTP/1.1", "HTTP/1.0");
    tls.write_all(old.as_bytes()).unwrap();
    assert!(answer(&mut tls).0.starts_with("HTTP/1.1 200 OK"));
    assert!(is_closed(&mut tls));
}

#[test]
fn a_body_that_is_no_request_gets_a_kmip_answer_in_its_encoding_and_never_reaches_core() {
    let house = house();
    let mut tls = connect(&house, "acme");
    for (kind, body) in [
        ("text/xml", &b"<NoSuchThing/>"[..]),
        ("text/xml", b"<ResponseMessage/>"),
        ("text/xml", b"\xFF"),
        ("text/xml", b""),
        ("application/json", b"{}"),
        ("application/octet-stream", b"GET /"),
        ("application/octet-stream", &message(0, 16)[..20]),
    ] {
        tls.write_all(&post(kind, body, "")).unwrap();
        let (head, said) = answer(&mut tls);
        assert!(head.starts_with("HTTP/1.1 200 OK") && head.contains(kind), "{head}");
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.contains("cannot be read"), "{kind}: {said}");
    }
    assert_eq!(house.metric("requests_total"), 0);
}

#[test]
fn what_is_no_post_to_kmip_is_refused_in_http_and_closed() {
    let house = house();
    let good = String::from_utf8(post("text/xml", XML.as_bytes(), "")).unwrap();
    for (request, status) in [
        (good.replace("POST", "GET"), "405 "),
        (good.replace("/kmip", "/"), "404 "),
        (good.replace("text/xml", "text/html"), "415 "),
        (good.replace("Content-Length", "Content-Width"), "411 "),
        (good.replace("Cache-Control: no-cache", "Transfer-Encoding: chunked"), "400 "),
        (good.replace("Content-Length: ", "Content-Length: 99999"), "413 "),
        (good.replace("Host: box\r\n", ""), "400 "),
        (format!("POST /kmip HTTP/1.1\r\nHost: box\r\nX: {}\r\n\r\n", "a".repeat(20_000)), "431 "),
        ("\u{42}\0\u{78}\u{1}\0\0\0\u{8}".to_owned(), "400 "),
    ] {
        let mut tls = connect(&house, "acme");
        tls.write_all(request.as_bytes()).unwrap();
        let (head, _) = answer(&mut tls);
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{status}: {head}");
        assert!(is_closed(&mut tls));
    }
    assert_eq!(house.metric("requests_total"), 0);
}

#[test]
fn a_stranger_gets_no_http_at_all() {
    let house = house();
    let name = ServerName::try_from("holdfast.test").unwrap();
    let tcp = TcpStream::connect(house.https).unwrap();
    let mut tls = StreamOwned::new(ClientConnection::new(house.pki.nobody(), name).unwrap(), tcp);
    let said = tls.write_all(&post("text/xml", XML.as_bytes(), "")).and_then(|()| tls.read(&mut [0; 64]));
    assert!(said.unwrap_err().to_string().contains("CertificateRequired"));
}

#[test]
fn many_clients_are_served_at_once_and_each_gets_its_own_answers() {
    let house = house();
    std::thread::scope(|scope| {
        for client in 0..16_u8 {
            let house = &house;
            scope.spawn(move || {
                let mut tls = connect(house, if client % 2 == 0 { "acme" } else { "globex" });
                for _ in 0..50 {
                    tls.write_all(&post("application/octet-stream", &message(client, 64), "")).unwrap();
                    assert_eq!(answer(&mut tls).1[8..], message(client, 64)[8..]);
                }
            });
        }
    });
}

#[test]
fn core_s_death_and_a_change_of_rules_end_https_clients_too() {
    let house = house();
    let mut tls = connect(&house, "acme");
    tls.write_all(&post("text/xml", XML.as_bytes(), "")).unwrap();
    answer(&mut tls);
    house.core.trust(vec![house.pki.globex.rule("globex")]);
    let began = Instant::now();
    assert!(is_closed(&mut tls));
    assert!(began.elapsed() < Duration::from_secs(5));
    eventually("it is counted", || house.metric("connections_disowned_total") == 1);
}

#[test]
fn a_socket_on_this_host_serves_like_the_network_and_asks_for_the_same_certificate() {
    let house = House::echoing();
    let local = |config| {
        let name = ServerName::try_from("holdfast.test").unwrap();
        let socket = UnixStream::connect(&house.local).unwrap();
        StreamOwned::new(ClientConnection::new(config, name).unwrap(), socket)
    };
    let mut tls = local(house.pki.client("acme"));
    for n in 0..10 {
        tls.write_all(&message(n, 64)).unwrap();
        let mut reply = vec![0; 72];
        tls.read_exact(&mut reply).unwrap();
        assert_eq!(reply, message(n, 64));
    }
    let mut stranger = local(house.pki.nobody());
    let said = stranger.write_all(&message(0, 8)).and_then(|()| stranger.read(&mut [0; 64]));
    assert!(said.unwrap_err().to_string().contains("CertificateRequired"));
    drop(UnixStream::connect(&house.local).unwrap());
}
