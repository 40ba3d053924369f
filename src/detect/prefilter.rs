//! The multi-literal search that decides which bytes deserve a second look.
//!
//! In: the beginnings of every literal of every rule. Out: for each place where one stands, that place and the beginning's number.
//! Long literals, of which there are hundreds, are sampled; a few short ones are left to a vector search; and those that begin tokens
//! without a break are looked for in long runs only. It must never look twice at a byte that none of these points to: everything
//! else in this room is paid only by candidates.

use std::ops::Range;

use super::sampled::Sampled;
use aho_corasick::packed::{self, MatchKind as PackedKind, Searcher};
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

/// As much of a literal is looked for, in text or encoded: so much tells enough, and every byte more makes what has to be looked at
/// around new bytes longer.
pub(crate) const LONGEST: usize = 12;
/// How long literals are looked for: by four bytes, at one place of three.
type Long = Sampled<4, 3>;
/// Teddy holds twice as many patterns, but takes half as many bytes at once then.
const GROUP: usize = 32;
/// Teddy tells patterns by as many bytes, four at most, as the shortest has: shorter ones would slow the others down.
const TELLING: usize = 4;
/// Finds every occurrence of every literal, overlapping ones included.
pub(crate) struct Prefilter {
    /// The long ones, which are the most.
    sampled: Long,
    /// The short ones.
    groups: Vec<Group>,
    /// Those that are looked for in long runs only.
    in_runs: Vec<Group>,
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
    /// Takes distinct, non-empty literals of at most `LONGEST` bytes; each is known by its index, and some are of interest in long
    /// runs only. `None` where they are longer, or beyond what an engine can hold.
    pub(crate) fn new(literals: &[Vec<u8>], in_runs: impl Fn(usize) -> bool) -> Option<Self> {
        if literals.iter().any(|text| text.len() > LONGEST) {
            return None;
        }
        let is_long = |index: &usize| literals.get(*index).is_some_and(|text| text.len() >= Long::SHORTEST);
        let (long, short): (Vec<usize>, Vec<usize>) = (0..literals.len()).partition(is_long);
        let sampled = Long::new(long.into_iter().map(|index| (literals[index].clone(), index)).collect())?;
        let (in_runs, short): (Vec<usize>, Vec<usize>) = short.into_iter().partition(|index| in_runs(*index));
        let (groups, in_runs) = (groups(literals, short)?, groups(literals, in_runs)?);
        Some(Self { sampled, groups, in_runs })
    }

    /// Calls `found(literal, start)` for every literal that begins in the stretch and ends before `end`, in ascending order of `start`.
    /// The runs are the long ones around the stretch.
    pub(crate) fn search(
        &self,
        bytes: &[u8],
        stretch: Range<usize>,
        end: usize,
        runs: &[Range<usize>],
        mut found: impl FnMut(usize, usize),
    ) {
        let mut hits: Vec<(usize, usize)> = Vec::new();
        let Range { start: from, end: to } = stretch;
        let overhang = bytes.len().min(end).min(to.saturating_add(LONGEST));
        self.sampled.search(bytes.get(from..overhang).unwrap_or_default(), |literal, start| {
            if from + start < to {
                hits.push((from + start, literal));
            }
        });
        for group in &self.groups {
            group.search(bytes, from..overhang, to, &mut hits);
        }
        for run in runs {
            for group in &self.in_runs {
                group.search(bytes, run.start.max(from)..run.end.min(overhang), to, &mut hits);
            }
        }
        hits.sort_unstable();
        for (start, literal) in hits {
            found(literal, start);
        }
    }
}

/// One vector search for each so many literals that are alike.
fn groups(literals: &[Vec<u8>], mut order: Vec<usize>) -> Option<Vec<Group>> {
    let tells = |index: &usize| literals[*index].len() >= TELLING;
    order.sort_by_key(|index| (tells(index), &literals[*index]));
    let alike = order.chunk_by(|a, b| tells(a) == tells(b));
    alike.flat_map(|alike| alike.chunks(GROUP)).map(|chunk| Group::new(literals, chunk)).collect()
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
        let prefilter = Prefilter::new(&owned, |_| false).unwrap();
        prefilter.search(text.as_bytes(), 0..text.len(), text.len(), &[], |literal, at| out.push((at, literal)));
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
    fn what_begins_in_a_stretch_may_end_behind_it() {
        let prefilter = Prefilter::new(&[b"needle-work".to_vec(), b"need".to_vec()], |_| false).unwrap();
        let text = b"..needle-work..needle-work";
        let starts = |stretch: Range<usize>, end| {
            let mut starts = Vec::new();
            prefilter.search(text, stretch, end, &[], |literal, at| starts.push((at, literal)));
            starts
        };
        assert_eq!(starts(0..3, 26), [(2, 0), (2, 1)]);
        assert_eq!(starts(3..16, 26), [(15, 0), (15, 1)]);
        assert_eq!(starts(3..16, 25), [(15, 1)]);
        assert_eq!(starts(2..16, 13), [(2, 0), (2, 1)]);
        assert_eq!(starts(0..2, 26), []);
    }

    #[test]
    fn some_literals_are_of_interest_in_runs_only() {
        let prefilter = Prefilter::new(&[b"npm_".to_vec(), b"_auth".to_vec()], |literal| literal == 0).unwrap();
        let text = b"npm_auth npm_auth, npm_auth";
        let mut hits = Vec::new();
        prefilter.search(text, 0..17, 17, &[9..17, 19..27], |literal, at| hits.push((at, literal)));
        assert_eq!(hits, [(3, 1), (9, 0), (12, 1)]);
    }
}
