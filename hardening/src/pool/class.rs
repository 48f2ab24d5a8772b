//! The sizes in which a pool hands out small blocks.
//!
//! Sixteen-byte steps up to 128, then four steps per doubling: at most a quarter of a block is lost to rounding.

/// The block sizes, ascending; each is a multiple of 16.
pub(super) const CLASS_BYTES: [u32; 32] = [
    16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280,
    1536, 1792, 2048, 2560, 3072, 3584, 4096, 5120, 6144, 7168, 8192,
];

/// Every class is a multiple of this, and so is aligned to it.
const STEP_BYTES: usize = 16;

/// The smallest class for each number of steps, so that finding it is one look.
#[expect(
    clippy::indexing_slicing,
    reason = "computed by the compiler: an index out of bounds does not compile"
)]
static SMALLEST: [u8; 8192 / STEP_BYTES + 1] = {
    let mut table = [0; 8192 / STEP_BYTES + 1];
    let (mut steps, mut class) = (0, 0);
    while steps < table.len() {
        if CLASS_BYTES[class as usize] as usize >= steps * STEP_BYTES {
            table[steps] = class;
            steps += 1;
        } else {
            class += 1;
        }
    }
    table
};

/// The smallest class whose blocks hold `bytes` and are all aligned to `align` (a power of two).
///
/// `None`: too large for a class; the caller takes whole spans.
pub(super) fn class_for(bytes: usize, align: usize) -> Option<usize> {
    let start = usize::from(*SMALLEST.get(bytes.div_ceil(STEP_BYTES))?);
    if align <= STEP_BYTES {
        return Some(start);
    }
    (start..CLASS_BYTES.len())
        .find(|class| CLASS_BYTES.get(*class).is_some_and(|s| (*s as usize).is_multiple_of(align)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_holds_what_was_asked_and_wastes_at_most_a_quarter_beyond_the_smallest() {
        for bytes in 1..=8192_usize {
            let size = CLASS_BYTES[class_for(bytes, 1).unwrap()] as usize;
            assert!(size >= bytes);
            assert!(bytes <= 64 || size * 4 <= bytes * 5, "{bytes} in {size}");
        }
        assert_eq!(class_for(8193, 1), None);
    }

    #[test]
    fn a_class_serves_the_alignment_asked_for() {
        for align in [1, 2, 16, 64, 256, 4096, 8192] {
            let size = CLASS_BYTES[class_for(24, align).unwrap()] as usize;
            assert_eq!(size % align, 0);
        }
        assert_eq!(class_for(16, 16384), None);
    }
}
