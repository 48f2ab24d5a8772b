//! One HTTP/1.1 GET, with a bound and a time limit. Small enough to read; a library would bring an async runtime.
//!
//! Rules: RFC 9112 (message syntax). The connection is closed by the other side; no chunked transfer.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Largest answer: thousands of tenants with all their counters.
const ANSWER_BYTES_MAX: u64 = 64 << 20;
const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn get_tcp(url: &str, path: &str) -> io::Result<Vec<u8>> {
    let wrong = || io::Error::other("write http://HOST:PORT");
    let host = url.strip_prefix("http://").ok_or_else(wrong)?.trim_end_matches('/');
    let address = host.to_socket_addrs().map_err(|_| wrong())?.next().ok_or_else(wrong)?;
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    get(stream, host, path)
}

pub(super) fn get_unix(socket: &Path, path: &str) -> io::Result<Vec<u8>> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    get(stream, "localhost", path)
}

fn get(mut stream: impl Read + Write, host: &str, path: &str) -> io::Result<Vec<u8>> {
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    body(&answer).map(<[u8]>::to_vec)
}

fn body(answer: &[u8]) -> io::Result<&[u8]> {
    let wrong = |what: &str| io::Error::other(what.to_owned());
    let end =
        answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(|| wrong("not an HTTP answer"))?;
    let (head, rest) = answer.split_at(end);
    let body = rest.get(4..).unwrap_or_default();
    let head = core::str::from_utf8(head).map_err(|_| wrong("not an HTTP answer"))?;
    let mut lines = head.split("\r\n");
    let code = lines.next().and_then(|first| first.strip_prefix("HTTP/1.")?.get(2..5));
    match code {
        Some("200") => {}
        Some(code) if code.bytes().all(|digit| digit.is_ascii_digit()) => {
            return Err(wrong(&format!("HTTP status {code}")));
        }
        _ => return Err(wrong("not an HTTP answer")),
    }
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(wrong("an answer in pieces, which a box does not give"));
        }
        if name.eq_ignore_ascii_case("content-length") {
            let length: usize = value.trim().parse().map_err(|_| wrong("not an HTTP answer"))?;
            return body.get(..length).ok_or_else(|| wrong("the answer was cut short"));
        }
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_what_follows_the_head_as_far_as_it_goes() {
        assert_eq!(body(b"HTTP/1.1 200 OK\r\n\r\nall").unwrap(), b"all");
        assert_eq!(body(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabc").unwrap(), b"ab");
    }

    #[test]
    fn what_is_no_good_answer_is_refused() {
        for answer in [
            &b""[..],
            b"hello",
            b"HTTP/1.1 503 Away\r\n\r\n",
            b"HTTP/1.1 2",
            b"SSH-2.0-x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ] {
            assert!(body(answer).is_err(), "{}", String::from_utf8_lossy(answer));
        }
    }
}
