//! A first look at what is new in a blob: most of it leads to nothing, and that is seen without a search.
//!
//! In: the blob, the ranges of it that are new, and the places at which it has, from the blob it was made from, what could lead to a
//! match. Out: what of it has to be searched, if anything has. The ranges are many and short, so they are copied together and looked
//! at as one text. It must never leave out a place at which a search would look; it may name others.

use std::ops::Range;

use super::decode::is_base64;
use super::parse::{AFTER, BEFORE};
use super::prefilter::LONGEST;
use super::runs;
use super::search::{Engine, MOST_PLACES, stretches};

/// Stands between two ranges: no literal holds it, and no run.
const CUT: u8 = 1;
/// So many bytes are looked at together, and stay in the processor's cache until then. Tests have few, so that texts of all kinds
/// are cut.
const TOGETHER: usize = if cfg!(test) { 512 } else { 32 << 10 };
/// A range of this length is looked at where it stands.
const LONG: usize = if cfg!(test) { 256 } else { 4 << 10 };

/// A look at what is new in a blob.
struct Glance<'g> {
    engine: &'g Engine,
    bytes: &'g [u8],
    /// Of each range where it begins in the text, and where in the blob.
    pieces: Vec<(usize, usize)>,
    text: Vec<u8>,
    places: Vec<usize>,
    has_zero: bool,
}

impl Engine {
    /// How far from a place bytes may decide over it. A name, too, is no longer than what counts before it.
    fn context(&self) -> usize {
        BEFORE + self.longest + AFTER
    }

    /// Parts the places of a blob: those over which what is new may decide, and the others.
    pub(crate) fn part(&self, ranges: &[Range<usize>], places: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let context = self.context();
        let mut ranges = ranges.iter().peekable();
        places.iter().partition(|place| {
            while ranges.next_if(|range| range.end.saturating_add(context) <= **place).is_some() {}
            ranges.peek().is_some_and(|range| range.start <= place.saturating_add(context))
        })
    }

    /// What has to be searched of a blob with these new ranges, and with these places near them; sorted and disjoint.
    pub(crate) fn glance(&self, bytes: &[u8], ranges: &[Range<usize>], near: &[usize]) -> Vec<Range<usize>> {
        let length: usize = ranges.iter().map(|range| range.len() + 1).sum();
        let mut glance = Glance {
            engine: self,
            bytes,
            pieces: Vec::with_capacity(ranges.len()),
            text: Vec::with_capacity(length.min(TOGETHER)),
            places: Vec::new(),
            has_zero: false,
        };
        for range in ranges {
            glance.add(range);
        }
        glance.look();
        let Glance { places: mut found, has_zero, .. } = glance;
        if has_zero || found.len() > MOST_PLACES {
            // Two-byte characters are seen where they stand.
            let wider = |range: &Range<usize>| {
                range.start.saturating_sub(runs::SHORTEST)..bytes.len().min(range.end.saturating_add(runs::SHORTEST))
            };
            return merged(ranges.iter().map(wider).chain(near.iter().map(|place| behind(bytes, *place))).collect());
        }
        found.extend_from_slice(near);
        merged(found.into_iter().map(|place| behind(bytes, place)).collect())
    }
}

/// As much of the blob as a search needs to look at a place.
fn behind(bytes: &[u8], place: usize) -> Range<usize> {
    place..bytes.len().min(place.saturating_add(LONGEST))
}

/// The range, and where a run leads out of it, what says whether the run is long: a literal in the run, however far from what is new,
/// may lead to a match only since it is.
fn with_runs(bytes: &[u8], range: &Range<usize>) -> Range<usize> {
    let Range { start, end } = range.start..range.end.min(bytes.len());
    let text = bytes.get(start..end).unwrap_or_default();
    let leads = |edge: Option<&[u8; LONGEST]>| edge.is_none_or(runs::is_base64_throughout);
    let before = || bytes.get(start.saturating_sub(runs::SHORTEST)..start).unwrap_or_default().iter().rev();
    let after = || bytes.get(end..).unwrap_or_default().iter().take(runs::SHORTEST);
    let before = if leads(text.first_chunk()) { before().take_while(|byte| is_base64(**byte)).count() } else { 0 };
    let after = if leads(text.last_chunk()) { after().take_while(|byte| is_base64(**byte)).count() } else { 0 };
    start - before..end + after
}

impl Glance<'_> {
    fn add(&mut self, range: &Range<usize>) {
        let range = with_runs(self.bytes, range);
        let bytes = self.bytes.get(range.clone()).unwrap_or_default();
        if bytes.len() >= LONG {
            self.look_at(bytes, |at| range.start + at);
            return;
        }
        if self.text.len() + bytes.len() > TOGETHER {
            self.look();
        }
        if !self.text.is_empty() {
            self.text.push(CUT);
        }
        self.pieces.push((self.text.len(), range.start));
        self.text.extend_from_slice(bytes);
    }

    /// Looks at the ranges that have been copied together.
    fn look(&mut self) {
        let (text, pieces) = (std::mem::take(&mut self.text), std::mem::take(&mut self.pieces));
        self.look_at(&text, |at| {
            let piece = pieces.partition_point(|(start, _)| *start <= at).saturating_sub(1);
            pieces.get(piece).map_or(at, |(start, place)| at - start + place)
        });
        (self.text, self.pieces) = (text, pieces);
        self.text.clear();
        self.pieces.clear();
    }

    fn look_at(&mut self, text: &[u8], place: impl Fn(usize) -> usize) {
        self.has_zero |= memchr::memchr(0, text).is_some();
        let mut runs = Vec::new();
        for stretch in stretches(0..text.len()) {
            if self.places.len() > MOST_PLACES {
                return;
            }
            runs.clear();
            runs.extend(runs::long(text, &stretch));
            let Engine { prefilter, forms, .. } = self.engine;
            prefilter.search(text, stretch, text.len(), &runs, |_, at| self.places.push(place(at)));
            runs.iter().for_each(|run| forms.places(text, run, |at| self.places.push(place(at))));
        }
    }
}

/// Sorted, and one where they touch.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, last| {
        let touches = next.start <= last.end;
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
    ranges
}
