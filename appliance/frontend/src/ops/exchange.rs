//! As much HTTP/1.1 as a scrape needs: one GET or HEAD without a body, one answer, closed.
//!
//! Separate so that the parser of bytes from outside is small and stands alone.
//! Rules: RFC 9112, sections 2.2, 3 and 9.6.

use holdfast_model::limits::OPS_REQUEST_BYTES_MAX;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Pieces of a too long request that are read and thrown away before the connection is cut.
const WASTE_PIECES_MAX: usize = 128;

/// A request that is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The target without its query.
    pub path: String,
    head_only: bool,
}

/// What an answer says first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Here it is.
    Ok,
    /// Not understood.
    BadRequest,
    /// No such path.
    NotFound,
    /// Nothing can be changed here.
    MethodNotAllowed,
    /// The head of the request is too long.
    TooLarge,
    /// We could not say it.
    Failed,
}

impl Status {
    const fn line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::BadRequest => "400 Bad Request",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::TooLarge => "431 Request Header Fields Too Large",
            Self::Failed => "500 Internal Server Error",
        }
    }
}

/// An answer.
pub(super) struct Response {
    pub(super) status: Status,
    pub(super) kind: &'static str,
    pub(super) body: String,
    pub(super) head_only: bool,
}

impl Response {
    pub(super) fn ok(asked: &Asked) -> Self {
        Self { status: Status::Ok, kind: "", body: String::new(), head_only: asked.head_only }
    }

    pub(super) fn bare(status: Status) -> Self {
        let body = format!("{}\n", status.line());
        Self { status, kind: "text/plain; charset=utf-8", body, head_only: false }
    }
}

/// Reads one request. `None`: the peer left.
pub(super) async fn read(stream: &mut TcpStream) -> Option<Result<Asked, Status>> {
    let mut head = Vec::new();
    let mut piece = [0; 512];
    loop {
        let bytes = stream.read(&mut piece).await.ok().filter(|bytes| *bytes > 0)?;
        head.extend_from_slice(piece.get(..bytes).unwrap_or_default());
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return Some(parse(&head));
        }
        if head.len() > OPS_REQUEST_BYTES_MAX {
            return Some(Err(Status::TooLarge));
        }
    }
}

/// Writes the answer and closes.
pub(super) async fn write(mut stream: TcpStream, response: Response) {
    let Response { status, kind, body, head_only } = response;
    let allow = if status == Status::MethodNotAllowed { "Allow: GET, HEAD\r\n" } else { "" };
    let mut out = format!(
        "HTTP/1.1 {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{allow}Cache-Control: no-store\r\nConnection: close\r\n\r\n",
        status.line(),
        body.len(),
    );
    if !head_only {
        out.push_str(&body);
    }
    // The peer may have left; there is nobody to tell. What it still sends is thrown away: a socket that closes with
    // unread bytes makes the kernel reset the connection, and the answer is lost.
    let said = stream.write_all(out.as_bytes()).await.is_ok() && stream.shutdown().await.is_ok();
    let mut waste = [0; 512];
    let mut pieces = 0..WASTE_PIECES_MAX;
    while said && pieces.next().is_some() && matches!(stream.read(&mut waste).await, Ok(1..)) {}
}

/// Understands the request line; headers are not needed.
///
/// # Errors
/// The [`Status`] to answer with.
pub fn parse(head: &[u8]) -> Result<Asked, Status> {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = core::str::from_utf8(line).map_err(|_| Status::BadRequest)?;
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Status::BadRequest);
    };
    let head_only = match method {
        "GET" => false,
        "HEAD" => true,
        _ => return Err(Status::MethodNotAllowed),
    };
    let path = target.split('?').next().unwrap_or_default();
    if !path.starts_with('/') {
        return Err(Status::BadRequest);
    }
    Ok(Asked { path: path.to_owned(), head_only })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_get_is_understood_with_or_without_a_query() {
        let asked = Asked { path: "/metrics".to_owned(), head_only: false };
        assert_eq!(parse(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), Ok(asked.clone()));
        assert_eq!(parse(b"GET /metrics?a=b HTTP/1.0\r\n\r\n"), Ok(asked));
    }

    #[test]
    fn a_method_that_would_change_something_is_refused() {
        assert_eq!(parse(b"POST /status HTTP/1.1\r\n\r\n"), Err(Status::MethodNotAllowed));
    }

    #[test]
    fn what_is_not_http_is_refused() {
        for bytes in [
            &b"\r\n\r\n"[..],
            b"GET\r\n\r\n",
            b"GET / HTTP/2\r\n\r\n",
            b"GET x HTTP/1.1\r\n\r\n",
            b"\xff\r\n\r\n",
        ] {
            assert_eq!(parse(bytes), Err(Status::BadRequest));
        }
    }
}
