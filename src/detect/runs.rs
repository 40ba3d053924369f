//! Long runs of base64 characters, in which alone encoded texts and most tokens can stand.
//!
//! In: a text and a range of it. Out: the runs that touch the range. Texts of people hold next to none, so that what is looked for in
//! runs only costs next to nothing. It must never decide by where a range begins: whether a place stands in a long run is seen from
//! what stands within a run's shortest length around it.

use std::ops::Range;

use super::decode::is_base64;

/// Shorter runs are none. No token that is one run may be shorter.
pub(crate) const SHORTEST: usize = 32;
/// Bytes looked at together. A run that is long holds at least one whole block, wherever the blocks begin.
const BLOCK: usize = 16;

/// The long runs that touch the range, in order, each as far as it goes within `SHORTEST` bytes of the range.
pub(crate) fn long(bytes: &[u8], range: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let start = range.start.saturating_sub(SHORTEST);
    let end = bytes.len().min(range.end.saturating_add(SHORTEST));
    let mut at = start;
    std::iter::from_fn(move || {
        loop {
            let run = around(bytes, next_block(bytes, at..end)?, start..end);
            at = run.end;
            if run.len() >= SHORTEST {
                return Some(run);
            }
        }
    })
}

/// The first block within the range that holds nothing but base64.
fn next_block(bytes: &[u8], within: Range<usize>) -> Option<Range<usize>> {
    let (blocks, _) = bytes.get(within.clone())?.as_chunks::<BLOCK>();
    let at = blocks.iter().position(is_base64_throughout::<BLOCK>)?;
    let start = within.start + at * BLOCK;
    Some(start..start + BLOCK)
}

/// Without branches, so that the compiler makes vector instructions of it.
pub(crate) fn is_base64_throughout<const LENGTH: usize>(block: &[u8; LENGTH]) -> bool {
    let mut other = 0_u8;
    for byte in block {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        let digit = byte.wrapping_sub(b'0') < 10;
        let sign = (*byte == b'+') | (*byte == b'/') | (*byte == b'-') | (*byte == b'_');
        other |= u8::from(!(letter | digit | sign));
    }
    other == 0
}

/// The run that a block is part of.
fn around(bytes: &[u8], block: Range<usize>, within: Range<usize>) -> Range<usize> {
    let before = bytes.get(within.start..block.start).unwrap_or_default();
    let after = bytes.get(block.end..within.end).unwrap_or_default();
    let start = block.start - before.iter().rev().take_while(|byte| is_base64(**byte)).count();
    start..block.end + after.iter().take_while(|byte| is_base64(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_seen_from_their_shortest_length_on() {
        for length in SHORTEST - 2..SHORTEST + 40 {
            for margin in 0..40 {
                let text = [".".repeat(margin), "aB+/-_09".repeat(10)[..length].to_owned(), "=".repeat(40)].concat();
                let runs: Vec<_> = long(text.as_bytes(), &(0..text.len())).collect();
                let expected = (length >= SHORTEST).then_some(margin..margin + length);
                assert_eq!(runs, Vec::from_iter(expected), "{margin} {length}");
            }
        }
    }

    #[test]
    fn whether_a_place_stands_in_a_run_does_not_depend_on_the_range() {
        let text = format!("{} {}.{}", "a".repeat(31), "b".repeat(32), "c".repeat(100));
        let is_long = |at: usize| matches!(text.as_bytes()[at], b'b' | b'c');
        for start in 0..text.len() {
            for end in start + 1..text.len() + 1 {
                let runs: Vec<_> = long(text.as_bytes(), &(start..end)).collect();
                for at in start..end {
                    assert_eq!(runs.iter().any(|run| run.contains(&at)), is_long(at), "{start}..{end} {at}");
                }
            }
        }
    }
}
