//! Any bytes as a segment: read to their end, shown, and the frames lie one behind the other.
#![no_main]

use holdfast_audit::segment::Segment;
use holdfast_audit::{format, show};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = format::read_event(data);
    let Ok((mut segment, header)) = Segment::open(data) else { return };
    let mut end = header.offset;
    while let Ok(Some(frame)) = segment.next_record() {
        assert!(frame.offset > end && segment.offset() > frame.offset);
        end = frame.offset;
        let name = |_| None;
        assert!(!show::text_line(&frame.content, &name).contains('\n'));
        assert!(!show::json_line(&frame.content, &name).contains('\n'));
    }
    assert!(segment.offset() <= data.len() as u64);
});
