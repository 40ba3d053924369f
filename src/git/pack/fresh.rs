//! Which bytes of a result its base did not have, in that order and with those neighbours.
//!
//! What could lead to a match is seen by a literal. One that lies in one copied run stood in the base too, and where it stood there is
//! known, so that it is known where it stands now. What remains: inserted bytes, and the seams where two runs meet that were not
//! neighbours in the base, the two ends of the text included. Each is widened by the reach of the detector, so that a literal which
//! touches it lies inside whole.

use std::ops::Range;

/// Ranges closer than this are searched as one: cheaper than starting anew.
const GAP: usize = 48;

/// More places are not followed: a delta may copy one part of its base a million times.
const MOST_PLACES: usize = 64 << 10;

/// The fresh ranges of one result; its memory is used again for the next.
pub(super) struct Freshness {
    reach: usize,
    ranges: Vec<Range<usize>>,
    places: Vec<usize>,
    base_len: usize,
    result_len: usize,
    /// Where in the base the bytes stand that would continue the result without a seam; `None` behind inserted bytes,
    /// which are fresh themselves.
    continues: Option<usize>,
}

impl Freshness {
    pub(super) fn new(reach: usize) -> Self {
        Self { reach, ranges: Vec::new(), places: Vec::new(), base_len: 0, result_len: 0, continues: None }
    }

    pub(super) fn begin(&mut self, base_len: usize, result_len: usize) {
        self.ranges.clear();
        self.places.clear();
        self.base_len = base_len;
        self.result_len = result_len;
        self.continues = Some(0);
    }

    /// The next `len` bytes of the result, at `at`, are those of the base at `from`, in which these places are known.
    #[inline]
    pub(super) fn copied(&mut self, at: usize, from: usize, len: usize, known: &[usize]) {
        if self.continues.is_some_and(|expected| expected != from) {
            self.touch(at..at);
        }
        let end = from.saturating_add(len);
        self.continues = Some(end);
        if let (Some(first), Some(last)) = (known.first(), known.last())
            && from <= *last
            && end > *first
        {
            let known = known.get(known.partition_point(|place| *place < from)..).unwrap_or_default();
            let room = (MOST_PLACES + 1).saturating_sub(self.places.len());
            let places = known.iter().take_while(|place| **place < end).map(|place| place - from + at);
            self.places.extend(places.take(room));
        }
    }

    /// The next `len` bytes of the result, at `at`, are new.
    #[inline]
    pub(super) fn inserted(&mut self, at: usize, len: usize) {
        self.touch(at..at.saturating_add(len));
        self.continues = None;
    }

    /// The result is complete.
    pub(super) fn finish(&mut self) {
        if self.continues.is_some_and(|expected| expected != self.base_len) {
            self.touch(self.result_len..self.result_len);
        }
    }

    /// Sorted and disjoint.
    pub(super) fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// Where the result has what its base has at the places that are known of it, in order; `None` where that is too often.
    pub(super) fn places(&self) -> Option<&[usize]> {
        (self.places.len() <= MOST_PLACES).then_some(&self.places)
    }

    /// How many bytes of the result the ranges cover.
    pub(super) fn covered(&self) -> usize {
        self.ranges.iter().map(Range::len).sum()
    }

    fn touch(&mut self, range: Range<usize>) {
        let start = range.start.saturating_sub(self.reach);
        let end = range.end.saturating_add(self.reach).min(self.result_len);
        match self.ranges.last_mut() {
            Some(last) if start <= last.end.saturating_add(GAP) => last.end = last.end.max(end),
            _ if start < end => self.ranges.push(start..end),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Part {
        Copy(usize, usize),
        Insert(usize),
    }
    use Part::{Copy, Insert};

    fn traced(base_len: usize, parts: &[Part], known: &[usize]) -> Freshness {
        let len = |part: &Part| match part {
            Copy(_, len) | Insert(len) => *len,
        };
        let mut freshness = Freshness::new(10);
        freshness.begin(base_len, parts.iter().map(len).sum());
        let mut at = 0;
        for part in parts {
            match part {
                Copy(from, len) => freshness.copied(at, *from, *len, known),
                Insert(len) => freshness.inserted(at, *len),
            }
            at += len(part);
        }
        freshness.finish();
        freshness
    }

    fn fresh(base_len: usize, parts: &[Part]) -> Vec<(usize, usize)> {
        traced(base_len, parts, &[]).ranges().iter().map(|range| (range.start, range.end)).collect()
    }

    /// A name, what makes a text from a base of 1000 bytes, and what of it is fresh.
    type Case<'c> = (&'c str, &'c [Part], &'c [(usize, usize)]);

    #[test]
    fn inserted_bytes_and_seams_are_fresh() {
        let cases: [Case<'_>; 12] = [
            ("nothing", &[], &[]),
            ("the same", &[Copy(0, 1000)], &[]),
            ("the same in two runs", &[Copy(0, 400), Copy(400, 600)], &[]),
            ("inserted in the middle", &[Copy(0, 400), Insert(5), Copy(400, 600)], &[(390, 415)]),
            ("inserted at the ends", &[Insert(5), Copy(0, 1000), Insert(5)], &[(0, 15), (995, 1010)]),
            ("something left out", &[Copy(0, 400), Copy(500, 500)], &[(390, 410)]),
            ("cut at the start", &[Copy(10, 990)], &[(0, 10)]),
            ("cut at the end", &[Copy(0, 990)], &[(980, 990)]),
            ("swapped", &[Copy(500, 500), Copy(0, 500)], &[(0, 10), (490, 510), (990, 1000)]),
            ("twice", &[Copy(0, 1000), Copy(0, 1000)], &[(990, 1010)]),
            ("near", &[Copy(0, 400), Insert(1), Copy(400, 68), Insert(1), Copy(468, 532)], &[(390, 480)]),
            (
                "not near",
                &[Copy(0, 400), Insert(1), Copy(400, 70), Insert(1), Copy(470, 530)],
                &[(390, 411), (461, 482)],
            ),
        ];
        for (name, parts, expected) in cases {
            assert_eq!(fresh(1000, parts), expected, "{name}");
        }
        assert_eq!(fresh(0, &[Insert(3)]), [(0, 3)]);
    }

    #[test]
    fn places_go_where_their_bytes_go() {
        let known = [0, 5, 389, 390, 410, 450, 999];
        let cases: [(&str, &[Part], &[usize]); 5] = [
            ("nothing", &[], &[]),
            ("the same", &[Copy(0, 400), Copy(400, 600)], &known),
            ("inserted in the middle", &[Copy(0, 400), Insert(5), Copy(400, 600)], &[0, 5, 389, 390, 415, 455, 1004]),
            ("a part, twice", &[Copy(390, 60), Insert(1), Copy(390, 61)], &[0, 20, 61, 81, 121]),
            ("swapped", &[Copy(500, 500), Copy(0, 500)], &[499, 500, 505, 889, 890, 910, 950]),
        ];
        for (name, parts, expected) in cases {
            assert_eq!(traced(1000, parts, &known).places().unwrap(), expected, "{name}");
        }
        let often: Vec<Part> = (0..10_000).map(|_| Copy(0, 1000)).collect();
        assert_eq!(traced(1000, &often, &known).places(), None);
    }
}
