//! The search of texts that look like credential files and are not: no panic, no hang, every match in its place, and the law that
//! lets a history be searched by what is new in it.

#![no_main]

use std::ops::Range;

use arbitrary::Arbitrary;
use keyrake::model::{Below, Blob, BoundHost, Evidence, Fresh, Match, Offline, Origin, Secret};
use libfuzzer_sys::fuzz_target;

#[path = "detect/pieces.rs"]
mod pieces;

use pieces::{DETECTOR, LARGEST, Piece, text};

/// What decides over a match stands mostly as near to it.
const NEAR: isize = 700;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    text: Vec<Piece<'a>>,
    /// Each makes another text of it.
    deltas: Vec<Vec<Step<'a>>>,
}

/// One step through a text, which makes another of it; what is left at the end is kept.
#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Keep(u16),
    /// Up to so far before or behind where the next match begins.
    KeepNear(i16),
    Skip(u16),
    /// From here, so many bytes, wherever the way has come to.
    Copy(u16, u16),
    Insert(Vec<Piece<'a>>),
}

/// What the steps make.
#[derive(Default)]
struct Made {
    text: Vec<u8>,
    /// Where in it bytes are new, or stand beside others than before.
    new: Vec<Range<usize>>,
    /// The same of the text before, if that were made from this one.
    gone: Vec<Range<usize>>,
    /// Where in it parts of the text before stand: those that are in the way, and then also those from elsewhere.
    kept: Vec<(usize, Range<usize>)>,
    copied: Vec<(usize, Range<usize>)>,
}

impl Made {
    /// Makes a text of the one before, in which these matches stand.
    fn of(before: &[u8], matches: &[Told], steps: &[Step<'_>]) -> Self {
        let mut made = Self::default();
        let mut at = 0;
        for step in steps.iter().take(20) {
            match step {
                Step::Keep(length) => {
                    let end = at + usize::from(*length).min(before.len() - at);
                    made.keep(before, at..end);
                    at = end;
                }
                Step::KeepNear(distance) => {
                    let next = matches.iter().map(|found| found.1.start).find(|start| *start >= at).unwrap_or(at);
                    let end = next.saturating_add_signed(isize::from(*distance) % NEAR).clamp(at, before.len());
                    made.keep(before, at..end);
                    at = end;
                }
                Step::Skip(length) => {
                    let end = at + usize::from(*length).min(before.len() - at);
                    made.differs(0, at..end);
                    at = end;
                }
                Step::Copy(from, length) => {
                    let from = usize::from(*from) % (before.len() + 1);
                    let end = from + usize::from(*length).min(before.len() - from);
                    made.differs(0, at..at);
                    made.copied.push((made.text.len(), from..end));
                    made.text.extend(&before[from..end]);
                    made.differs(0, at..at);
                }
                Step::Insert(pieces) => {
                    let inserted = text(pieces);
                    made.text.extend(&inserted);
                    made.differs(inserted.len(), at..at);
                }
            }
        }
        made.keep(before, at..before.len());
        made
    }

    fn keep(&mut self, before: &[u8], part: Range<usize>) {
        self.kept.push((self.text.len(), part.clone()));
        self.copied.push((self.text.len(), part.clone()));
        self.text.extend(&before[part]);
    }

    /// Where in the text the places of the text before stand.
    fn forth(&self, places: &[usize]) -> Vec<usize> {
        let moved = |(at, part): &(usize, Range<usize>)| {
            let (at, start, end) = (*at, part.start, part.end);
            places.iter().filter(move |place| (start..end).contains(*place)).map(move |place| place - start + at)
        };
        self.copied.iter().flat_map(moved).collect()
    }

    /// Where in the text before the places of the text stand.
    fn back(&self, places: &[usize]) -> Vec<usize> {
        let moved = |(at, part): &(usize, Range<usize>)| {
            let (at, start, length) = (*at, part.start, part.len());
            places.iter().filter(move |place| (at..at + length).contains(*place)).map(move |place| place - at + start)
        };
        self.kept.iter().flat_map(moved).collect()
    }

    /// The last so many bytes of the text stand where these of the text before did.
    fn differs(&mut self, length: usize, before: Range<usize>) {
        self.new.push(self.text.len() - length..self.text.len());
        self.gone.push(before);
    }
}

/// What a search has to look at if these parts of a text of that length are new.
fn fresh(parts: &[Range<usize>], length: usize) -> Vec<Range<usize>> {
    let reach = DETECTOR.reach();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for part in parts {
        let wide = part.start.saturating_sub(reach)..(part.end + reach).min(length);
        match ranges.last_mut() {
            Some(last) if wide.start <= last.end => last.end = last.end.max(wide.end),
            _ if wide.is_empty() => {}
            _ => ranges.push(wide),
        }
    }
    ranges
}

/// All that a match says of itself. What else its file says of it may stand so far away that a part of an encoded text does not hold it.
type Told = (usize, Range<usize>, Secret, Option<String>, Option<BoundHost>, Evidence, Offline, Option<String>);

fn told(found: Match) -> Told {
    let Match { rule, span, secret, user, host, evidence, offline, allow, companions: _ } = found;
    (rule, span, secret, user, host, evidence, offline, allow)
}

/// What is found, and how texts made from this one are to be searched.
fn search(bytes: &[u8], fresh: Fresh<'_>) -> (Vec<Told>, Below) {
    let (found, below) = DETECTOR.search(&Blob { fresh, ..Blob::whole(Origin::Stdin, bytes) });
    for each in &found {
        assert!(each.span.start < each.span.end && each.span.end <= bytes.len(), "{each:?} in {} bytes", bytes.len());
        assert!(!each.secret.is_empty() && each.rule < DETECTOR.rules().rules.len(), "{each:?}");
    }
    assert!(found.is_sorted_by(|one, next| one.span.end <= next.span.start), "{found:?}");
    assert!(found.is_empty() || below == Below::Whole, "what has matches is searched whole below");
    (found.into_iter().map(told).collect(), below)
}

fuzz_target!(|input: Input<'_>| {
    let before = text(&input.text);
    let known = search(&before, Fresh::All);
    assert_eq!(search(&before, Fresh::All), known, "a second search finds something else");
    for steps in input.deltas.iter().take(8) {
        let made = Made::of(&before, &known.0, steps);
        let text = &made.text;
        if text.len() > LARGEST {
            continue;
        }
        let all = search(text, Fresh::All);
        if let Below::Known(known_places) = &known.1 {
            let ranges = fresh(&made.new, text.len());
            let places = made.forth(known_places);
            agree(&search(text, Fresh::Part { ranges: &ranges, places: &places }), &all, "by what is new");
        }
        if let Below::Known(all_places) = &all.1 {
            let ranges = fresh(&made.gone, before.len());
            let places = made.back(all_places);
            agree(&search(&before, Fresh::Part { ranges: &ranges, places: &places }), &known, "by what had gone");
        }
    }
});

/// The same is found, and no place is missed at which something could lead to a match.
fn agree(part: &(Vec<Told>, Below), all: &(Vec<Told>, Below), what: &str) {
    assert_eq!(part.0, all.0, "{what}");
    match (&part.1, &all.1) {
        (Below::Known(part), Below::Known(all)) => {
            assert!(all.iter().all(|place| part.binary_search(place).is_ok()), "{what}: {part:?} and not {all:?}");
        }
        (part, all) => assert_eq!(part, all, "{what}"),
    }
}
