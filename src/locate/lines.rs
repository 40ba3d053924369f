//! From byte offsets to lines and columns, in one forward pass over the blob, decoding only the lines that are needed.

use std::ops::Range;

use memchr::{memchr_iter, memmem};

use crate::model::{Blob, Encoding, Hit, Location, Match, ObjectKind, Origin, Place, Region, Start};

/// Gives each match its place. The hits come in the order of the text.
pub fn hits(blob: &Blob<'_>, mut matches: Vec<Match>) -> Vec<Hit> {
    if matches.is_empty() {
        return Vec::new();
    }
    matches.sort_by_key(|found| (found.span.start, found.span.end));
    let (place, path, member) = place_of(&blob.origin);
    let mut counter = Counter { bytes: blob.bytes, encoding: Encoding::of(blob.bytes), at: 0, place: blob.start };
    let (message, headers) = message(blob);
    matches
        .into_iter()
        .map(|found| {
            let mut location = Location::new(place.clone(), path.clone(), counter.region(&found.span));
            location.member.clone_from(&member);
            if found.span.start >= message {
                location.region.line = location.region.line.saturating_sub(headers);
                location.region.end_line = location.region.end_line.saturating_sub(headers);
            }
            location.allow.clone_from(&found.allow);
            Hit { found, location }
        })
        .collect()
}

/// Where the message of a commit or tag begins, and how many lines of headers stand before it: whoever reads the message
/// counts from its own first line.
fn message(blob: &Blob<'_>) -> (usize, u64) {
    match blob.origin {
        Origin::History { kind: ObjectKind::Commit | ObjectKind::Tag, .. } => {
            let headers = memmem::find(blob.bytes, b"\n\n").map_or(0, |at| at + 2);
            let lines = memchr_iter(b'\n', blob.bytes.get(..headers).unwrap_or_default()).count();
            (headers, lines as u64)
        }
        _ => (0, 0),
    }
}

fn place_of(origin: &Origin) -> (Place, String, Option<String>) {
    match origin {
        Origin::Worktree { path } => (Place::Worktree, path.clone(), None),
        Origin::Staged { path, .. } => (Place::Staged, path.clone(), None),
        Origin::History { id, kind } => (Place::History { id: *id, kind: *kind }, String::new(), None),
        Origin::Stdin => (Place::Stdin, String::new(), None),
        Origin::File { path } => (Place::File, path.clone(), None),
        Origin::Member { outer, path } => {
            let (place, outer, _) = place_of(outer);
            (place, outer, Some(path.clone()))
        }
    }
}

struct Counter<'b> {
    bytes: &'b [u8],
    encoding: Encoding,
    at: usize,
    place: Start,
}

impl Counter<'_> {
    /// The region of a span that begins no earlier than the last one did.
    fn region(&mut self, span: &Range<usize>) -> Region {
        let to = self.within(span.start).max(self.at);
        let skipped = self.bytes.get(self.at..to).unwrap_or_default();
        self.encoding.advance(&mut self.place, skipped);
        self.at = to;
        let text = self.bytes.get(to..self.within(span.end)).unwrap_or_default();
        let before_last = text.len() - self.encoding.last_character(text);
        let mut last = self.place;
        self.encoding.advance(&mut last, text.get(..before_last).unwrap_or_default());
        Region {
            line: self.place.line + 1,
            column: self.place.column + 1,
            end_line: last.line + 1,
            end_column: last.column + 1 + u64::from(!text.is_empty()),
        }
    }

    /// Inside the bytes, and at a code unit.
    fn within(&self, offset: usize) -> usize {
        let offset = offset.min(self.bytes.len());
        match self.encoding {
            Encoding::Utf8 => offset,
            Encoding::Utf16Le | Encoding::Utf16Be => offset & !1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{Evidence, Fresh, Secret};

    fn found(span: Range<usize>) -> Match {
        Match {
            rule: 0,
            span,
            secret: Secret::token("s"),
            user: None,
            host: None,
            companions: Vec::new(),
            evidence: Evidence::Pattern,
            offline: BTreeMap::new(),
            allow: Some("a test".to_owned()),
        }
    }

    fn regions(bytes: &[u8], start: Start, spans: &[(usize, usize)]) -> Vec<[u64; 4]> {
        let blob = Blob { origin: Origin::Stdin, bytes, start, fresh: Fresh::All };
        let hits = hits(&blob, spans.iter().map(|span| found(span.0..span.1)).collect());
        hits.iter()
            .map(|hit| {
                let region = hit.location.region;
                [region.line, region.column, region.end_line, region.end_column]
            })
            .collect()
    }

    #[test]
    fn regions_count_lines_and_characters_from_one() {
        let zero = Start::default();
        let window = Start { offset: 100, line: 7, column: 20 };
        let utf16: Vec<u8> = "\u{feff}ä\nkey=s\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let cases = [
            (&b"token"[..], zero, vec![(0, 5)], vec![[1, 1, 1, 6]]),
            (b"a\nb token", zero, vec![(4, 9)], vec![[2, 3, 2, 8]]),
            ("äö\u{1f511} x".as_bytes(), zero, vec![(9, 10)], vec![[1, 5, 1, 6]]),
            (b"\xfe\x80\xfdx", zero, vec![(3, 4)], vec![[1, 4, 1, 5]]),
            (b"one\ntwo\nthree", zero, vec![(8, 13), (0, 3), (4, 9)], vec![[1, 1, 1, 4], [2, 1, 3, 2], [3, 1, 3, 6]]),
            (b"ab\n", zero, vec![(0, 3)], vec![[1, 1, 1, 4]]),
            (b"x token\ny token", window, vec![(2, 7), (10, 15)], vec![[8, 23, 8, 28], [9, 3, 9, 8]]),
            (&utf16, zero, vec![(14, 16)], vec![[2, 5, 2, 6]]),
            (b"short", zero, vec![(3, 99), (50, 60), (2, 2)], vec![[1, 3, 1, 3], [1, 4, 1, 6], [1, 6, 1, 6]]),
        ];
        for (bytes, start, spans, expected) in cases {
            assert_eq!(regions(bytes, start, &spans), expected, "{bytes:?} {spans:?}");
        }
    }

    #[test]
    fn place_path_and_reason_are_kept() {
        let origin = Origin::Worktree { path: "a/b".to_owned() };
        let hits = hits(&Blob::whole(origin, b"x"), vec![found(0..1)]);
        let location = &hits[0].location;
        assert_eq!((&location.place, location.path.as_str()), (&Place::Worktree, "a/b"));
        assert_eq!(location.allow.as_deref(), Some("a test"));
        assert!(location.reachable);
    }
}
