//! The search for very many literals: four bytes at a time are looked up among all that stand in literals.
//!
//! In: literals and a text. Out: every place of every literal. A vector search costs one pass for each few dozen literals; this one
//! costs the same however many there are, since one look into a table that stays in the nearest cache tells almost every place away.
//! Where literals are long enough, every other place is not even looked at.

/// Bytes looked up at once.
const QUAD: usize = 4;
/// As a power of two, how many answers the first table has.
const BITS: u32 = 16;
/// As a power of two, how many lists the second table has.
const LISTS: u32 = 12;

/// Finds literals of at least `3 + STRIDE` bytes by their four bytes that people write least, at one place of `STRIDE` places.
pub(crate) struct Sampled<const STRIDE: usize> {
    /// Whether four bytes with this hash stand in any literal.
    known: Box<[u64; 1 << (BITS - 6)]>,
    /// Where the list of each part of the hashes begins.
    lists: Vec<u16>,
    samples: Vec<Sample>,
    literals: Vec<(Vec<u8>, usize)>,
}

/// Four bytes of a literal.
#[derive(Clone, Copy, Debug)]
struct Sample {
    hash: u32,
    quad: u32,
    literal: u16,
    offset: u16,
}

impl<const STRIDE: usize> Sampled<STRIDE> {
    /// The shortest literal that it can find.
    pub(crate) const SHORTEST: usize = QUAD + STRIDE - 1;

    /// Takes literals, each with the number under which it is told. `None` where one is too short, or where they are too many.
    pub(crate) fn new(literals: Vec<(Vec<u8>, usize)>) -> Option<Self> {
        let mut samples = Vec::with_capacity(literals.len() * STRIDE);
        for (index, (literal, _)) in literals.iter().enumerate() {
            for phase in 0..STRIDE {
                let (offset, quad) = rarest(literal, phase, STRIDE)?;
                let offset = u16::try_from(offset).ok()?;
                samples.push(Sample { hash: hash(quad), quad, literal: u16::try_from(index).ok()?, offset });
            }
        }
        samples.sort_by_key(|sample| sample.hash);
        let mut known = Box::new([0; 1 << (BITS - 6)]);
        for sample in &samples {
            known[(sample.hash >> 6) as usize] |= 1 << (sample.hash & 63);
        }
        let starts =
            (0..=1 << LISTS).map(|list| samples.partition_point(|sample| sample.hash >> (BITS - LISTS) < list));
        let lists = starts.map(|start| u16::try_from(start).ok()).collect::<Option<_>>()?;
        Some(Self { known, lists, samples, literals })
    }

    /// Calls `found(number, start)` for every literal that stands wholly within the text; `start` counts from its beginning.
    pub(crate) fn search(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        let Some(head) = text.first_chunk::<QUAD>() else { return };
        let mut quad = u32::from_le_bytes(*head);
        self.look(text, quad, 0, &mut found);
        let (steps, _) = text.get(QUAD..).unwrap_or_default().as_chunks::<STRIDE>();
        for (step, bytes) in steps.iter().enumerate() {
            for byte in bytes {
                quad = quad >> 8 | u32::from(*byte) << 24;
            }
            self.look(text, quad, (step + 1) * STRIDE, &mut found);
        }
    }

    #[inline(always)]
    fn look(&self, text: &[u8], quad: u32, at: usize, found: &mut impl FnMut(usize, usize)) {
        let hash = hash(quad);
        if self.known[(hash >> 6) as usize] >> (hash & 63) & 1 != 0 {
            self.compare(text, quad, hash, at, found);
        }
    }

    fn compare(&self, text: &[u8], quad: u32, hash: u32, at: usize, found: &mut impl FnMut(usize, usize)) {
        let list = (hash >> (BITS - LISTS)) as usize;
        let (Some(start), Some(end)) = (self.lists.get(list), self.lists.get(list + 1)) else { return };
        let samples = self.samples.get(usize::from(*start)..usize::from(*end)).unwrap_or_default();
        for sample in samples.iter().filter(|sample| sample.quad == quad) {
            let Some((literal, number)) = self.literals.get(usize::from(sample.literal)) else { continue };
            if let Some(start) = at.checked_sub(usize::from(sample.offset))
                && text.get(start..start + literal.len()) == Some(literal)
            {
                found(*number, start);
            }
        }
    }
}

fn hash(quad: u32) -> u32 {
    quad.wrapping_mul(0x9E37_79B1) >> (32 - BITS)
}

/// The four bytes at an offset of this phase that people write least.
fn rarest(literal: &[u8], phase: usize, stride: usize) -> Option<(usize, u32)> {
    let common = |byte: &u8| match byte {
        b'a'..=b'z' | b' ' => 4,
        b'/' | b'"' | b'.' | b'0'..=b'9' => 2,
        _ => 1,
    };
    let quads = literal.windows(QUAD).enumerate().skip(phase).step_by(stride);
    let (offset, quad) = quads.min_by_key(|(_, quad)| quad.iter().map(common).sum::<u32>())?;
    Some((offset, u32::from_le_bytes(quad.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn places<const STRIDE: usize>(literals: &[&str], text: &[u8]) -> Vec<(usize, usize)> {
        let numbered = literals.iter().enumerate().map(|(number, text)| (text.as_bytes().to_vec(), number)).collect();
        let mut places = Vec::new();
        Sampled::<STRIDE>::new(numbered).unwrap().search(text, |number, start| places.push((start, number)));
        places.sort_unstable();
        places
    }

    fn naive(literals: &[&str], text: &[u8]) -> Vec<(usize, usize)> {
        let of = |(number, literal): (usize, &&str)| {
            text.windows(literal.len())
                .enumerate()
                .filter(|(_, window)| *window == literal.as_bytes())
                .map(|(start, _)| (start, number))
                .collect::<Vec<_>>()
        };
        let mut places: Vec<_> = literals.iter().enumerate().flat_map(of).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn literals_that_are_too_short_are_refused() {
        assert!(Sampled::<2>::new(vec![(b"abcd".to_vec(), 0)]).is_none());
        assert!(Sampled::<1>::new(vec![(b"abcd".to_vec(), 0)]).is_some());
    }

    proptest! {
        #[test]
        fn every_place_is_found_once(
            text in prop::collection::vec(prop::sample::select(b"ab_T".to_vec()), 0..60),
        ) {
            let literals = ["ab_ab", "b_abT", "aaaaa", "T_T_T_ab", "abTab", "bTabb", "ab_aba"];
            prop_assert_eq!(places::<1>(&literals, &text), naive(&literals, &text));
            prop_assert_eq!(places::<2>(&literals, &text), naive(&literals, &text));
        }
    }
}
