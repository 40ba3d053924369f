//! The multi-literal search that decides which bytes deserve a second look.
//!
//! In: every literal of every rule, encoded forms included. Out: for each place where one stands, that place and the literal's number.
//! Long literals, of which there are hundreds, are sampled; a few short ones are left to a vector search. It must never look twice at
//! a byte that neither points to: everything else in this room is paid only by candidates.

use std::ops::Range;

use super::sampled::Sampled;
use aho_corasick::packed::{self, MatchKind as PackedKind, Searcher};
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

/// Long literals are looked for at every other place.
const STRIDE: usize = 2;
/// Teddy stays at its full speed up to this many patterns; past about twice as many it gives way to an automaton.
const GROUP: usize = 32;
/// Bytes that one group after the other searches: they stay in the processor's cache meanwhile, and the hits kept at once are bounded.
const STRETCH: usize = 128 << 10;

/// Finds every occurrence of every literal, overlapping ones included.
pub(crate) struct Prefilter {
    /// The long ones, which are the most.
    sampled: Sampled<STRIDE>,
    /// The short ones.
    groups: Vec<Group>,
    longest: usize,
}

struct Group {
    engine: Engine,
    members: Vec<Member>,
}

enum Engine {
    /// Vector search.
    Packed(Searcher),
    /// For processors without the vector instructions.
    Automaton(AhoCorasick),
}

struct Member {
    /// Number of the literal.
    literal: usize,
    /// Other literals of the group that begin it: they stand wherever it stands.
    prefixes: Vec<usize>,
}

impl Prefilter {
    /// Takes distinct, non-empty literals; each is known by its index. `None` where the literals are beyond what an engine can hold.
    pub(crate) fn new(literals: &[Vec<u8>]) -> Option<Self> {
        let is_long =
            |index: &usize| literals.get(*index).is_some_and(|text| text.len() >= Sampled::<STRIDE>::SHORTEST);
        let (long, mut order): (Vec<usize>, Vec<usize>) = (0..literals.len()).partition(is_long);
        let sampled = Sampled::new(long.into_iter().map(|index| (literals[index].clone(), index)).collect())?;
        order.sort_by(|a, b| literals[*a].cmp(&literals[*b]));
        let groups = order.chunks(GROUP).map(|chunk| Group::new(literals, chunk)).collect::<Option<_>>()?;
        Some(Self { sampled, groups, longest: literals.iter().map(Vec::len).max().unwrap_or(0) })
    }

    /// The length of the longest literal.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// Calls `found(literal, start)` for every literal that stands wholly within `range`, in ascending order of `start`.
    pub(crate) fn search(&self, bytes: &[u8], range: Range<usize>, mut found: impl FnMut(usize, usize)) {
        let mut hits: Vec<(usize, usize)> = Vec::new();
        let range = range.start..range.end.min(bytes.len());
        let mut from = range.start;
        while from < range.end {
            let to = range.end.min(from.saturating_add(STRETCH));
            let overhang = range.end.min(to.saturating_add(self.longest));
            self.sampled.search(bytes.get(from..overhang).unwrap_or_default(), |literal, start| {
                if from + start < to {
                    hits.push((from + start, literal));
                }
            });
            for group in &self.groups {
                group.search(bytes, from..overhang, to, &mut hits);
            }
            hits.sort_unstable();
            for (start, literal) in hits.drain(..) {
                found(literal, start);
            }
            from = to;
        }
    }
}

impl Group {
    fn new(literals: &[Vec<u8>], chunk: &[usize]) -> Option<Self> {
        let patterns: Vec<&[u8]> = chunk.iter().map(|index| literals[*index].as_slice()).collect();
        let mut builder = packed::Config::new().match_kind(PackedKind::LeftmostLongest).builder();
        builder.extend(&patterns);
        let engine = match builder.build() {
            Some(searcher) => Engine::Packed(searcher),
            None => Engine::Automaton(
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostLongest)
                    .kind(Some(AhoCorasickKind::DFA))
                    .build(&patterns)
                    .ok()?,
            ),
        };
        let begins = |long: usize, short: usize| short != long && literals[long].starts_with(&literals[short]);
        let members = chunk
            .iter()
            .map(|literal| Member {
                literal: *literal,
                prefixes: chunk.iter().copied().filter(|short| begins(*literal, *short)).collect(),
            })
            .collect();
        Some(Self { engine, members })
    }

    /// Collects what starts before `to` and ends within `range`.
    fn search(&self, bytes: &[u8], range: Range<usize>, to: usize, hits: &mut Vec<(usize, usize)>) {
        let mut at = range.start;
        while let Some((member, start)) = self.next(bytes, at..range.end).filter(|(_, start)| *start < to) {
            if let Some(member) = self.members.get(member) {
                hits.push((start, member.literal));
                hits.extend(member.prefixes.iter().map(|prefix| (start, *prefix)));
            }
            // Not to the end of this literal: another may begin inside it.
            at = start + 1;
        }
    }

    fn next(&self, bytes: &[u8], range: Range<usize>) -> Option<(usize, usize)> {
        if range.start >= range.end {
            return None;
        }
        match &self.engine {
            Engine::Packed(searcher) => {
                let found = searcher.find_in(bytes, range.into())?;
                Some((found.pattern().as_usize(), found.start()))
            }
            Engine::Automaton(automaton) => {
                let found = automaton.find(Input::new(bytes).range(range))?;
                Some((found.pattern().as_usize(), found.start()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(literals: &[&str], text: &str) -> Vec<(usize, usize)> {
        let owned: Vec<Vec<u8>> = literals.iter().map(|literal| literal.as_bytes().to_vec()).collect();
        let mut out = Vec::new();
        Prefilter::new(&owned).unwrap().search(text.as_bytes(), 0..text.len(), |literal, at| out.push((at, literal)));
        out.sort_unstable();
        out
    }

    #[test]
    fn overlapping_and_nested_literals_are_all_found() {
        let padding = "·".repeat(40);
        for text in ["x:_authToken=1".to_owned(), format!("{padding}x:_authToken=1{padding}")] {
            let at = text.find(':').unwrap();
            assert_eq!(
                all(&["_auth", "_authToken", ":_auth", "Token", "npm_"], &text),
                [(at, 2), (at + 1, 0), (at + 1, 1), (at + 6, 3)]
            );
        }
    }

    #[test]
    fn more_literals_than_one_group_holds() {
        let literals: Vec<String> = (0..100).map(|number| format!("lit{number:03}")).collect();
        let borrowed: Vec<&str> = literals.iter().map(String::as_str).collect();
        let text = literals.join(" ");
        assert_eq!(all(&borrowed, &text).len(), 100);
    }

    #[test]
    fn stretches_join_without_a_gap_or_a_double() {
        let prefilter = Prefilter::new(&[b"needle".to_vec(), b"need".to_vec()]).unwrap();
        for shift in 0..12 {
            let mut text = vec![b'.'; STRETCH * 2 + 64];
            let at = STRETCH - shift;
            text[at..at + 6].copy_from_slice(b"needle");
            let mut hits = Vec::new();
            prefilter.search(&text, 0..text.len(), |literal, start| hits.push((start, literal)));
            assert_eq!(hits, [(at, 0), (at, 1)]);
        }
    }

    #[test]
    fn a_literal_must_end_within_the_range() {
        let prefilter = Prefilter::new(&[b"needle".to_vec()]).unwrap();
        let text = b"..needle..needle";
        let mut starts = Vec::new();
        prefilter.search(text, 3..15, |_, at| starts.push(at));
        prefilter.search(text, 2..8, |_, at| starts.push(at));
        assert_eq!(starts, [2]);
    }
}
