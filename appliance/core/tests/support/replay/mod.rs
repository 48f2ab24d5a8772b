//! One published case, replayed against a peer: its requests are sent, and the whole of each answer is compared.
//!
//! Shared by the replay in memory and the one over TLS. What may differ is in `compare` and nowhere else.
//! Rules: the README beside the cases, which has the permitted variations of the KMIP profiles.
#![allow(dead_code, reason = "each user needs a part of it")]

mod compare;
mod dates;
mod placeholders;
#[path = "../tree.rs"]
pub(crate) mod tree;

use compare::Compared;
use kmip::ttlv::Limits;
use placeholders::Placeholders;
use tree::Node;

/// Who answers.
pub(crate) trait Peer {
    /// Sends a message in TTLV; the answer in TTLV.
    fn exchange(&mut self, message: &[u8]) -> Result<Vec<u8>, String>;
    /// Its time, in seconds since 1970.
    fn now(&self) -> i64;
    /// Lets time go by until then.
    fn wait_until(&mut self, seconds: i64);
    /// Lets the time go by that people need between two messages, where that costs nothing.
    fn rest(&mut self) {}
}

/// The folders of the cases.
pub(crate) const FOLDERS: [&str; 4] = ["1.0", "1.4-profiles", "1.4-testcases", "2.1-profiles"];

/// Cases that belong together (a tape is configured, written, read) share a namespace: its name.
pub(crate) fn namespace(case: &str) -> &str {
    let family = case.split(|c: char| c.is_ascii_digit()).next().unwrap_or(case);
    if family.starts_with("TL") || family.starts_with("SASED") { family } else { case }
}

/// Replays one case.
///
/// # Errors
/// Where it ends and why, in words for people.
pub(crate) fn replay(text: &str, peer: &mut impl Peer) -> Result<(), String> {
    let begun = peer.now();
    // What was written in another year is told as if it happened today.
    let written = dates::first_time_stamp(text);
    let text = dates::shifted(text, written.map_or(0, |written| begun - written));
    let messages = tree::messages(&text);
    let mut known = Placeholders::new(&text, begun);
    for (at, pair) in messages.chunks(2).enumerate() {
        let [request, expected] = pair else {
            return Err(format!("message {at}: a request without a response"));
        };
        // Where nothing comes due, the pauses of whoever wrote the case mean nothing.
        if let Some(then) = dates::time_stamp(&expected.0).filter(|then| known.awaits(peer.now(), *then)) {
            peer.wait_until(then);
        }
        known.begin(&request.1, peer.now());
        let filled =
            known.fill(&request.1).map_err(|unbound| format!("message {at}: {unbound} is unbound"))?;
        let bytes =
            kmip::xml::to_ttlv(&filled, &Limits::DEFAULT).map_err(|e| format!("message {at}: {e}"))?;
        let answer = peer.exchange(&bytes).map_err(|e| format!("message {at}: {e}"))?;
        let answer = kmip::xml::from_ttlv(&answer, &Limits::DEFAULT)
            .map_err(|e| format!("message {at}: the answer is no message: {e}"))?;
        let actual = one(&answer);
        known.remember(&actual, peer.now());
        Compared { request: &one(&filled), known: &mut known }.message(&expected.0, &actual).map_err(
            |why| {
                let reason = actual.all("ResultReason").first().map(|node| node.value.clone());
                let said = actual.all("ResultMessage").first().map(|node| node.value.clone());
                let (reason, said) = (reason.unwrap_or_default(), said.unwrap_or_default());
                format!("message {at} ({}): {why} {reason}({said})", operations(&expected.0))
            },
        )?;
        peer.rest();
    }
    Ok(())
}

/// The only message of a text.
fn one(text: &str) -> Node {
    tree::messages(&format!("<KMIP>{text}</KMIP>")).swap_remove(0).0
}

fn operations(message: &Node) -> String {
    message.all("Operation").iter().map(|node| node.value.clone()).collect::<Vec<_>>().join("+")
}
