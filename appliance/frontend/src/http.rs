//! The HTTP of the HTTPS profile, without a socket: the head of a request, the head of an answer, and bodies to TTLV and back.
//!
//! Separate from `worker::https` so that it can be tested and fuzzed without a network, and from `ops`, whose clients ask for
//! something else. Bodies in XML and JSON become TTLV here, before core: one decoder judges requests.
//! Does not trust: any byte. What could be read in two ways (two lengths, a length and a transfer encoding) is refused.
//! Rules: KMIP Additional Message Encodings 1.0, section 2; RFC 9110; RFC 9112, sections 3, 5, 6, 7 and 9.

use holdfast_model::limits::{HTTP_BODY_BYTES_MAX, HTTP_HEAD_BYTES_MAX, HTTP_HEADERS_MAX};
use kmip::ttlv::{Limits, frame};
use kmip::{json, xml};
use zeroize::Zeroizing;

/// Where KMIP is: what the profile says a server should serve.
const TARGET: &str = "/kmip";
/// What a client waits for that asked whether to go on.
pub const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// How the message in a body is written; the answer is written the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As on 5696.
    Ttlv,
    /// The XML profile.
    Xml,
    /// The JSON profile.
    Json,
}

impl Encoding {
    fn of(content_type: &str) -> Option<Self> {
        let mut parts = content_type.split(';').map(str::trim);
        let found = match parts.next()?.to_ascii_lowercase().as_str() {
            "application/octet-stream" => return Some(Encoding::Ttlv),
            "text/xml" | "application/xml" => Encoding::Xml,
            "application/json" => Encoding::Json,
            _ => return None,
        };
        let utf8 = |value: &str| value.trim_matches('"').eq_ignore_ascii_case("utf-8");
        let charset = |part: &str| match part.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => utf8(value.trim()),
            _ => true,
        };
        parts.all(charset).then_some(found)
    }

    fn content_type(self) -> &'static str {
        match self {
            Encoding::Ttlv => "application/octet-stream",
            Encoding::Xml => "text/xml",
            Encoding::Json => "application/json",
        }
    }
}

/// The head of a request that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its own bytes.
    pub bytes: usize,
    /// Those of the body behind it.
    pub body: usize,
    /// How the body is written.
    pub encoding: Encoding,
    /// Whether another request may follow on this connection.
    pub keep: bool,
    /// Whether the client waits for [`GO_ON`] before it sends the body.
    pub asks: bool,
    /// HTTP/1.0: its clients must be told that the connection stays.
    pub old: bool,
}

/// Why a request is refused; the connection closes behind the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Not HTTP, or ambiguous.
    BadRequest,
    /// Not [`TARGET`].
    NotFound,
    /// Not POST.
    MethodNotAllowed,
    /// The body's length is not said.
    LengthRequired,
    /// The body is longer than is taken.
    ContentTooLarge,
    /// The body is in none of the encodings.
    UnsupportedMediaType,
    /// Something other than [`GO_ON`] is expected.
    ExpectationFailed,
    /// The head is longer than is taken.
    HeadTooLarge,
}

impl Refusal {
    /// The whole answer.
    #[must_use]
    pub fn answer(self) -> Vec<u8> {
        let (line, more) = match self {
            Self::BadRequest => ("400 Bad Request", ""),
            Self::NotFound => ("404 Not Found", ""),
            Self::MethodNotAllowed => ("405 Method Not Allowed", "Allow: POST\r\n"),
            Self::LengthRequired => ("411 Length Required", ""),
            Self::ContentTooLarge => ("413 Content Too Large", ""),
            Self::UnsupportedMediaType => (
                "415 Unsupported Media Type",
                "Accept-Post: application/octet-stream, text/xml, application/json\r\n",
            ),
            Self::ExpectationFailed => ("417 Expectation Failed", ""),
            Self::HeadTooLarge => ("431 Request Header Fields Too Large", ""),
        };
        let rest = "Cache-Control: no-cache\r\nContent-Length: 0\r\nConnection: close\r\n";
        format!("HTTP/1.1 {line}\r\n{more}{rest}\r\n").into_bytes()
    }
}

/// Reads the head at the beginning of `bytes`; `None` while it is not whole.
///
/// # Errors
/// [`Refusal`].
pub fn head(bytes: &[u8]) -> Result<Option<Head>, Refusal> {
    let mut room = [httparse::EMPTY_HEADER; HTTP_HEADERS_MAX];
    let mut request = httparse::Request::new(&mut room);
    let start = bytes.get(..HTTP_HEAD_BYTES_MAX).unwrap_or(bytes);
    let length = match request.parse(start) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() >= HTTP_HEAD_BYTES_MAX => {
            return Err(Refusal::HeadTooLarge);
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadTooLarge),
        Err(_) => return Err(Refusal::BadRequest),
    };
    let old = request.version == Some(0);
    let fields = Fields::read(request.headers)?;
    if fields.hosts > 1 || (fields.hosts == 0 && !old) {
        return Err(Refusal::BadRequest);
    }
    if request.path.map(path) != Some(TARGET) {
        return Err(Refusal::NotFound);
    }
    if request.method != Some("POST") {
        return Err(Refusal::MethodNotAllowed);
    }
    if fields.transfer_encoding {
        // The profile demands a length; with both, others on the way may see another end than we do.
        return Err(if fields.length.is_some() { Refusal::BadRequest } else { Refusal::LengthRequired });
    }
    let body = fields.length.ok_or(Refusal::LengthRequired)?;
    if body > HTTP_BODY_BYTES_MAX {
        return Err(Refusal::ContentTooLarge);
    }
    let encoding = fields.content_type.and_then(Encoding::of).ok_or(Refusal::UnsupportedMediaType)?;
    let keep = if old { fields.keep_alive && !fields.close } else { !fields.close };
    Ok(Some(Head { bytes: length, body, encoding, keep, asks: fields.asks && !old, old }))
}

/// The path of a target in origin or absolute form, without its query.
fn path(target: &str) -> &str {
    let path = match target.split_once("://") {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") =>
        {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => target,
    };
    path.split_once('?').map_or(path, |(path, _)| path)
}

/// The fields that matter here.
#[derive(Default)]
struct Fields<'h> {
    hosts: usize,
    length: Option<usize>,
    content_type: Option<&'h str>,
    transfer_encoding: bool,
    keep_alive: bool,
    close: bool,
    asks: bool,
}

impl<'h> Fields<'h> {
    fn read(headers: &[httparse::Header<'h>]) -> Result<Self, Refusal> {
        let mut fields = Fields::default();
        for header in headers {
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            let text = || core::str::from_utf8(header.value).map(str::trim).map_err(|_| Refusal::BadRequest);
            if is("host") {
                fields.hosts += 1;
            } else if is("content-length") {
                let text = text()?;
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                // A number beyond any is too large, not unreadable.
                let length = digits.then(|| text.parse().unwrap_or(usize::MAX)).ok_or(Refusal::BadRequest)?;
                if fields.length.replace(length).is_some_and(|before| before != length) {
                    return Err(Refusal::BadRequest);
                }
            } else if is("content-type") {
                if fields.content_type.replace(text()?).is_some() {
                    return Err(Refusal::BadRequest);
                }
            } else if is("transfer-encoding") {
                fields.transfer_encoding = true;
            } else if is("connection") {
                let words = text()?;
                let has = |word: &str| words.split(',').any(|one| one.trim().eq_ignore_ascii_case(word));
                fields.close |= has("close");
                fields.keep_alive |= has("keep-alive");
            } else if is("expect") {
                if !text()?.eq_ignore_ascii_case("100-continue") {
                    return Err(Refusal::ExpectationFailed);
                }
                fields.asks = true;
            }
        }
        Ok(fields)
    }
}

/// That a body is no KMIP request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// The one request message in a body, as TTLV of at most `message_bytes_max`; wiped when dropped.
///
/// # Errors
/// [`Unreadable`].
pub fn to_ttlv(
    encoding: Encoding,
    body: &[u8],
    message_bytes_max: usize,
) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let limits = Limits { message_bytes: message_bytes_max, ..Limits::DEFAULT };
    let text = || core::str::from_utf8(body).map_err(|_| Unreadable);
    let message = match encoding {
        Encoding::Ttlv => Zeroizing::new(body.to_vec()),
        Encoding::Xml => xml::to_ttlv(text()?, &limits).map_err(|_| Unreadable)?,
        Encoding::Json => json::to_ttlv(text()?, &limits).map_err(|_| Unreadable)?,
    };
    // Core takes whole requests and nothing else.
    match frame::length(&message, message_bytes_max) {
        Ok(Some(length)) if length == message.len() => Ok(message),
        _ => Err(Unreadable),
    }
}

/// The whole answer around a response message. `None`: the message is none.
#[must_use]
pub fn answer(encoding: Encoding, message: &[u8], keep: bool, old: bool) -> Option<Zeroizing<Vec<u8>>> {
    let limits = Limits { message_bytes: usize::MAX, items: usize::MAX, ..Limits::DEFAULT };
    let text = match encoding {
        Encoding::Ttlv => None,
        Encoding::Xml => Some(xml::from_ttlv(message, &limits).ok()?),
        Encoding::Json => Some(json::from_ttlv(message, &limits).ok()?),
    };
    let body = text.as_ref().map_or(message, |text| text.as_bytes());
    let connection = match (keep, old) {
        (false, _) => "Connection: close\r\n",
        (true, true) => "Connection: keep-alive\r\n",
        (true, false) => "",
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\n{connection}\r\n",
        encoding.content_type(),
        body.len()
    );
    let mut out = Zeroizing::new(Vec::with_capacity(head.len().saturating_add(body.len())));
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(body);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(more: &str) -> String {
        format!("POST /kmip HTTP/1.1\r\nHost: box\r\nContent-Type: text/xml\r\n{more}\r\n")
    }

    fn understood(text: &str) -> Head {
        head(text.as_bytes()).unwrap().unwrap()
    }

    fn refused(text: &str) -> Refusal {
        head(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_request_of_the_profile_is_understood() {
        let text = post("Content-Length: 7\r\nCache-Control: no-cache\r\n");
        let found = understood(&text);
        assert_eq!((found.bytes, found.body, found.encoding), (text.len(), 7, Encoding::Xml));
        assert!(found.keep && !found.asks && !found.old);
        assert_eq!(head(&text.as_bytes()[..text.len() - 1]), Ok(None));
        assert!(!understood(&post("Content-Length: 7\r\nConnection: Keep-Alive, Close\r\n")).keep);
        assert!(understood(&post("content-length: 7\r\nexpect: 100-Continue\r\n")).asks);
        let old = post("Content-Length: 7\r\n").replace("1.1", "1.0").replace("Host: box\r\n", "");
        assert!(!understood(&old).keep);
        let kept = old.replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n");
        assert!(understood(&kept).keep);
        let absolute = post("Content-Length: 7\r\n").replace("/kmip", "https://box:5697/kmip?x=1");
        assert_eq!(understood(&absolute).body, 7);
    }

    #[test]
    fn a_body_in_each_encoding_of_the_profiles_is_taken_and_in_no_other() {
        let with = |kind: &str| post("Content-Length: 7\r\n").replace("text/xml", kind);
        for (kind, encoding) in [
            ("application/octet-stream", Encoding::Ttlv),
            ("text/xml; charset=UTF-8", Encoding::Xml),
            ("Application/XML", Encoding::Xml),
            ("application/json;charset=\"utf-8\"", Encoding::Json),
        ] {
            assert_eq!(understood(&with(kind)).encoding, encoding, "{kind}");
        }
        for kind in ["text/plain", "text/xml; charset=utf-16", "", "application/jsonp"] {
            assert_eq!(refused(&with(kind)), Refusal::UnsupportedMediaType, "{kind}");
        }
        assert_eq!(
            refused(&post("Content-Length: 7\r\n").replace("Content-Type", "X-Type")),
            Refusal::UnsupportedMediaType
        );
    }

    #[test]
    fn what_is_not_the_profile_s_is_refused_and_says_why() {
        assert_eq!(refused("\u{16}\u{3}\u{1}\u{2}\r\n\r\n"), Refusal::BadRequest);
        assert_eq!(refused(&post("Content-Length: 7\r\n").replace("/kmip", "/")), Refusal::NotFound);
        assert_eq!(refused(&post("Content-Length: 7\r\n").replace("POST", "GET")), Refusal::MethodNotAllowed);
        assert_eq!(refused(&post("")), Refusal::LengthRequired);
        assert_eq!(refused(&post("Transfer-Encoding: chunked\r\n")), Refusal::LengthRequired);
        assert_eq!(refused(&post("Content-Length: 99999999\r\n")), Refusal::ContentTooLarge);
        assert_eq!(
            refused(&post(&format!("Content-Length: {}\r\n", "9".repeat(60)))),
            Refusal::ContentTooLarge
        );
        assert_eq!(refused(&post("Content-Length: 7\r\nExpect: tea\r\n")), Refusal::ExpectationFailed);
        assert_eq!(refused(&post("Content-Length: 7\r\n").replace("Host: box\r\n", "")), Refusal::BadRequest);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for more in [
            "Content-Length: 7\r\nContent-Length: 8\r\n",
            "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 7, 7\r\n",
            "Content-Length: +7\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: 0x7\r\n",
            "Content-Length: \r\n",
            "Content-Length: 7\r\nContent-Type: application/json\r\n",
            "Content-Length: 7\r\nHost: other\r\n",
            "Content-Length : 7\r\n",
        ] {
            assert_eq!(refused(&post(more)), Refusal::BadRequest, "{more}");
        }
    }

    #[test]
    fn a_head_without_end_is_refused_at_the_bound() {
        let long = post(&format!("X: {}\r\n", "a".repeat(HTTP_HEAD_BYTES_MAX)));
        assert_eq!(refused(&long), Refusal::HeadTooLarge);
        assert_eq!(head(&long.as_bytes()[..HTTP_HEAD_BYTES_MAX - 1]), Ok(None));
        assert_eq!(refused(&post(&"X: a\r\n".repeat(HTTP_HEADERS_MAX))), Refusal::HeadTooLarge);
    }

    #[test]
    fn a_body_is_one_request_message_in_any_encoding() {
        let xml = b"<RequestMessage><BatchItem/></RequestMessage>";
        let json = br#"{"tag":"RequestMessage","value":[{"tag":"BatchItem"}]}"#;
        let ttlv = [&[0x42, 0, 0x78, 1, 0, 0, 0, 8][..], &[0x42, 0, 0x0F, 1, 0, 0, 0, 0]].concat();
        for (encoding, body) in [(Encoding::Xml, &xml[..]), (Encoding::Json, json), (Encoding::Ttlv, &ttlv)] {
            assert_eq!(to_ttlv(encoding, body, 4096).as_deref(), Ok(&ttlv), "{encoding:?}");
            assert_eq!(to_ttlv(encoding, body, 8), Err(Unreadable), "{encoding:?}");
            assert_eq!(to_ttlv(encoding, &body[1..], 4096), Err(Unreadable), "{encoding:?}");
        }
        assert_eq!(to_ttlv(Encoding::Xml, b"<ResponseMessage/>", 4096), Err(Unreadable));
        assert_eq!(to_ttlv(Encoding::Ttlv, &[&ttlv[..], &ttlv].concat(), 4096), Err(Unreadable));
    }

    #[test]
    fn an_answer_has_what_the_profile_demands() {
        let ttlv = [0x42, 0, 0x7B, 1, 0, 0, 0, 0];
        for (encoding, kind, body) in [
            (Encoding::Ttlv, "application/octet-stream", &ttlv[..]),
            (Encoding::Xml, "text/xml", b"<ResponseMessage/>\n"),
            (Encoding::Json, "application/json", b"{\"tag\":\"ResponseMessage\", \"value\":[]}\n"),
        ] {
            let whole = answer(encoding, &ttlv, true, false).unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\n\r\n",
                body.len()
            );
            assert_eq!(*whole, [head.as_bytes(), body].concat());
        }
    }
}
