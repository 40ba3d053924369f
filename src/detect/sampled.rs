//! The search for very many literals: a few bytes at a time are looked up among all that stand in literals.
//!
//! In: literals and a text. Out: every place of every literal. A vector search costs one pass for each few dozen literals; this one
//! costs the same however many there are, since one look into a table, of which texts touch a small part, tells almost every place away.
//! Where literals are long enough, most places are not even looked at.

/// Words of programs that stand in literals, too, and what of URLs and settings does.
const WORDS: &[u8] = b"access action add api_key author build bundle code config create credentials default delete directories docker \
    entries fetch founded get github header helper: https://.com .org identity install key loader login logs machine match new \
    organization owner packages password _path private_key published pushed read repositories repository registry rubygems secure \
    server = \" set set sources store strings tests tokens type user verify version write";

/// Bytes read for one look; a gram is the first of them.
const WORD: usize = 8;
/// Bytes whose places are looked up together; every stride divides it.
const BLOCK: usize = 24;
/// A block, and what the last place in it reads behind it.
const WITH_OVERHANG: usize = BLOCK + WORD - 1;
/// As a power of two, how many answers the first table has.
const BITS: u32 = 16;
/// As a power of two, how many lists the second table has.
const LISTS: u32 = 12;

/// Finds literals of at least `GRAM + STRIDE - 1` bytes by the `GRAM` bytes of them that people write least, at one place of `STRIDE`
/// places.
pub(crate) struct Sampled<const GRAM: usize, const STRIDE: usize> {
    /// Whether a gram with this hash stands in any literal: a byte each, since taking bits apart costs more than the memory.
    known: Box<[u8; 1 << BITS]>,
    /// Where the list of each part of the hashes begins.
    lists: Vec<u16>,
    samples: Vec<Sample>,
    literals: Vec<(Vec<u8>, usize)>,
}

/// A gram of a literal.
#[derive(Clone, Copy, Debug)]
struct Sample {
    hash: u32,
    /// Where the gram stands, the literal goes on like this, as far as it goes.
    word: u64,
    mask: u64,
    literal: u16,
    offset: u16,
}

impl<const GRAM: usize, const STRIDE: usize> Sampled<GRAM, STRIDE> {
    /// The shortest literal that it can find.
    pub(crate) const SHORTEST: usize = GRAM + STRIDE - 1;

    /// Takes literals, each with the number under which it is told. `None` where one is too short, or where they are too many.
    pub(crate) fn new(literals: Vec<(Vec<u8>, usize)>) -> Option<Self> {
        let mut of_words = vec![false; 1 << BITS];
        WORDS.windows(GRAM).for_each(|gram| of_words[Self::hash_of(gram)] = true);
        let mut samples = Vec::with_capacity(literals.len() * STRIDE);
        for (index, (literal, _)) in literals.iter().enumerate() {
            for phase in 0..STRIDE {
                let offset = Self::rarest(literal, phase, &of_words)?;
                let (word, mask) = beginning(literal.get(offset..)?);
                let hash = hash(Self::gram(word));
                let (literal, offset) = (u16::try_from(index).ok()?, u16::try_from(offset).ok()?);
                samples.push(Sample { hash, word, mask, literal, offset });
            }
        }
        samples.sort_by_key(|sample| sample.hash);
        let mut known = Box::new([0; 1 << BITS]);
        for sample in &samples {
            known[sample.hash as usize] = 1;
        }
        let starts =
            (0..=1 << LISTS).map(|list| samples.partition_point(|sample| sample.hash >> (BITS - LISTS) < list));
        let lists = starts.map(|start| u16::try_from(start).ok()).collect::<Option<_>>()?;
        Some(Self { known, lists, samples, literals })
    }

    /// Calls `found(number, start)` for every literal that stands wholly within the text; `start` counts from its beginning.
    pub(crate) fn search(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        let mut at = 0;
        while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<WITH_OVERHANG>) {
            // One branch for all places of the block: hardly any holds what is looked for.
            let known =
                (0..BLOCK).step_by(STRIDE).fold(0, |known, place| known | self.knows(Self::gram(word(block, place))));
            if known != 0 {
                for place in (0..BLOCK).step_by(STRIDE) {
                    self.look(text, word(block, place), at + place, &mut found);
                }
            }
            at += BLOCK;
        }
        for place in (at..(text.len() + 1).saturating_sub(GRAM)).step_by(STRIDE) {
            let mut end = [0; WITH_OVERHANG];
            for (to, from) in end.iter_mut().zip(text.get(place..).unwrap_or_default()) {
                *to = *from;
            }
            self.look(text, word(&end, 0), place, &mut found);
        }
    }

    /// The gram that a word begins with, in the upper bytes.
    #[inline(always)]
    fn gram(word: u64) -> u64 {
        word << (8 * (WORD - GRAM))
    }

    /// Not 0 if the gram stands in any literal, and seldom otherwise.
    #[inline(always)]
    fn knows(&self, gram: u64) -> u8 {
        self.known[hash(gram) as usize & ((1 << BITS) - 1)]
    }

    #[inline(always)]
    fn look(&self, text: &[u8], word: u64, at: usize, found: &mut impl FnMut(usize, usize)) {
        if self.knows(Self::gram(word)) != 0 {
            self.compare(text, word, at, found);
        }
    }

    #[inline(never)]
    fn compare(&self, text: &[u8], word: u64, at: usize, found: &mut impl FnMut(usize, usize)) {
        let list = (hash(Self::gram(word)) >> (BITS - LISTS)) as usize;
        let (Some(start), Some(end)) = (self.lists.get(list), self.lists.get(list + 1)) else { return };
        let samples = self.samples.get(usize::from(*start)..usize::from(*end)).unwrap_or_default();
        for sample in samples.iter().filter(|sample| word & sample.mask == sample.word) {
            let Some((literal, number)) = self.literals.get(usize::from(sample.literal)) else { continue };
            if let Some(start) = at.checked_sub(usize::from(sample.offset))
                && text.get(start..start + literal.len()) == Some(literal)
            {
                found(*number, start);
            }
        }
    }

    fn hash_of(gram: &[u8]) -> usize {
        hash(Self::gram(beginning(gram).0)) as usize
    }

    /// The offset of this phase at which the gram stands that people write least: none of a common word, if there is another.
    fn rarest(literal: &[u8], phase: usize, of_words: &[bool]) -> Option<usize> {
        let common = |byte: &u8| match byte {
            b'a'..=b'z' | b' ' => 4,
            b'/' | b'"' | b'.' | b'0'..=b'9' => 2,
            _ => 1,
        };
        let grams = literal.windows(GRAM).enumerate().skip(phase).step_by(STRIDE);
        let key = |gram: &[u8]| (of_words[Self::hash_of(gram)], gram.iter().map(common).sum::<u32>());
        grams.min_by_key(|(_, gram)| key(gram)).map(|(offset, _)| offset)
    }
}

/// The word that begins at a place of the block.
#[inline(always)]
fn word(block: &[u8; WITH_OVERHANG], place: usize) -> u64 {
    u64::from_le_bytes(block.get(place..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default())
}

/// The first bytes of a text as a word, and which of its bytes the text has.
fn beginning(text: &[u8]) -> (u64, u64) {
    let (mut word, mut mask) = ([0; WORD], [0; WORD]);
    for ((word, mask), byte) in word.iter_mut().zip(&mut mask).zip(text) {
        (*word, *mask) = (*byte, u8::MAX);
    }
    (u64::from_le_bytes(word), u64::from_le_bytes(mask))
}

fn hash(gram: u64) -> u32 {
    (gram.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - BITS)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn places<const GRAM: usize, const STRIDE: usize>(literals: &[&str], text: &[u8]) -> Vec<(usize, usize)> {
        let numbered = literals.iter().enumerate().map(|(number, text)| (text.as_bytes().to_vec(), number)).collect();
        let mut places = Vec::new();
        Sampled::<GRAM, STRIDE>::new(numbered).unwrap().search(text, |number, start| places.push((start, number)));
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
        assert!(Sampled::<4, 2>::new(vec![(b"abcd".to_vec(), 0)]).is_none());
        assert!(Sampled::<4, 1>::new(vec![(b"abcd".to_vec(), 0)]).is_some());
    }

    proptest! {
        #[test]
        fn every_place_is_found_once(
            text in prop::collection::vec(prop::sample::select(b"ab_T".to_vec()), 0..120),
        ) {
            let literals = ["ab_ab", "b_abT", "aaaaa", "T_T_T_ab", "abTab", "bTabb", "ab_aba"];
            prop_assert_eq!(places::<4, 1>(&literals, &text), naive(&literals, &text));
            prop_assert_eq!(places::<4, 2>(&literals, &text), naive(&literals, &text));
            let longer = ["ab_abT_a", "aaaaaaaa", "T_T_T_T_", "T_T_T_aba"];
            prop_assert_eq!(places::<5, 4>(&longer, &text), naive(&longer, &text));
        }
    }
}
