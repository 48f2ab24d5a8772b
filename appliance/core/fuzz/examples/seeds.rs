//! Writes the seeds of the target `answer`: the requests among the seeds of the codec, about the object that is there.
//!
//! usage: cargo run -p holdfast-core-fuzz --example seeds
#![allow(clippy::unwrap_used, reason = "a tool for whoever changes the seeds of the codec")]

use kmip::ttlv::Limits;
use kmip::xml;
use std::path::Path;

const KNOWN: &str = "00000000-0000-7000-8000-000000000001";
const MARK: &str = "<UniqueIdentifier type=\"TextString\" value=\"";

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(here.join("../../../kmip/fuzz/corpus/message")).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_string_lossy().ends_with("-request.bin") {
            continue;
        }
        let mut text = xml::from_ttlv(&std::fs::read(&path).unwrap(), &Limits::DEFAULT).unwrap();
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| rest.find(MARK)) {
            let begin = from + at + MARK.len();
            let Some(length) = text.get(begin..).and_then(|rest| rest.find('"')) else { break };
            text.replace_range(begin..begin + length, KNOWN);
            from = begin;
        }
        let request = xml::to_ttlv(&text, &Limits::DEFAULT).unwrap();
        std::fs::write(here.join("corpus/answer").join(path.file_name().unwrap()), &request).unwrap();
    }
}
