//! Deltas: instructions that make an object out of another one, its base.
//!
//! Format: gitformat-pack(5), "Deltified representation". Two sizes, then *copy these bytes of the base* and *insert these bytes*.

use super::damage::Damage;
use super::fresh::Freshness;

/// A delta, its sizes read.
#[derive(Clone, Copy)]
pub(super) struct Delta<'d> {
    base_len: u64,
    result_len: u64,
    steps: &'d [u8],
}

enum Step<'d> {
    /// These bytes of the base.
    Copy { from: usize, len: usize },
    /// The first bytes of a text.
    Insert { text: &'d [u8], len: usize },
}

/// A copy of so few bytes is made of as many: what is written too much is written over by the next.
const FEW: usize = 32;

/// What a copy without a length copies.
const DEFAULT_COPY: u64 = 0x10000;

impl<'d> Delta<'d> {
    pub(super) fn parse(bytes: &'d [u8]) -> Result<Self, Damage> {
        let (base_len, rest) = size(bytes)?;
        let (result_len, steps) = size(rest)?;
        Ok(Self { base_len, result_len, steps })
    }

    /// The length of what it makes, as it says.
    pub(super) fn result_len(&self) -> u64 {
        self.result_len
    }

    /// Whether it fits this base and makes what it says, without making it.
    pub(super) fn check(&self, base_len: usize) -> Result<(), Damage> {
        self.fits(base_len)?;
        let mut made = 0u64;
        for step in self.steps() {
            made += match step? {
                Step::Copy { from, len } => {
                    if from.checked_add(len).is_none_or(|end| end > base_len) {
                        return Err(Damage::Delta);
                    }
                    len as u64
                }
                Step::Insert { len, .. } => len as u64,
            };
        }
        if made == self.result_len { Ok(()) } else { Err(Damage::Delta) }
    }

    /// Makes the object, into an `out` that is exactly as long as the delta says, and notes what of it is fresh, and where it has what
    /// the base has at the `known` places.
    pub(super) fn apply(
        &self,
        base: &[u8],
        known: &[usize],
        out: &mut [u8],
        freshness: &mut Freshness,
    ) -> Result<(), Damage> {
        self.fits(base.len())?;
        freshness.begin(base.len(), out.len());
        let mut at = 0;
        for step in self.steps() {
            let (source, from, len) = match step? {
                Step::Copy { from, len } => {
                    freshness.copied(at, from, len, known);
                    (base, from, len)
                }
                Step::Insert { text, len } => {
                    freshness.inserted(at, len);
                    (text, 0, len)
                }
            };
            put(source, from, len, out, at).ok_or(Damage::Delta)?;
            at += len;
        }
        if at != out.len() {
            return Err(Damage::Delta);
        }
        freshness.finish();
        Ok(())
    }

    fn fits(&self, base_len: usize) -> Result<(), Damage> {
        if self.base_len == base_len as u64 { Ok(()) } else { Err(Damage::Delta) }
    }

    fn steps(&self) -> Steps<'d> {
        Steps(self.steps)
    }
}

struct Steps<'d>(&'d [u8]);

impl<'d> Iterator for Steps<'d> {
    type Item = Result<Step<'d>, Damage>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (&op, rest) = self.0.split_first()?;
        let step = if op & 0x80 != 0 { copy(op, rest) } else { insert(op, rest) };
        Some(step.map(|(step, rest)| {
            self.0 = rest;
            step
        }))
    }
}

/// Four bits say which bytes of the offset follow, three which bytes of the length; bytes left out are zero.
#[inline]
fn copy(op: u8, mut rest: &[u8]) -> Result<(Step<'_>, &[u8]), Damage> {
    let mut value = 0u64;
    for place in 0..7 {
        if op & (1 << place) != 0 {
            let (&byte, behind) = rest.split_first().ok_or(Damage::Delta)?;
            value |= u64::from(byte) << (8 * place);
            rest = behind;
        }
    }
    let (from, len) = (value & 0xffff_ffff, value >> 32);
    let len = if len == 0 { DEFAULT_COPY } else { len };
    let from = usize::try_from(from).map_err(|_| Damage::Delta)?;
    let len = usize::try_from(len).map_err(|_| Damage::Delta)?;
    Ok((Step::Copy { from, len }, rest))
}

/// Zero is reserved.
#[inline]
fn insert(op: u8, rest: &[u8]) -> Result<(Step<'_>, &[u8]), Damage> {
    if op == 0 {
        return Err(Damage::Delta);
    }
    let len = usize::from(op);
    let behind = rest.get(len..).ok_or(Damage::Delta)?;
    Ok((Step::Insert { text: rest, len }, behind))
}

/// Copies `len` bytes to `at`; `None` where there are not as many. What stands behind them may change.
#[inline]
fn put(source: &[u8], from: usize, len: usize, to: &mut [u8], at: usize) -> Option<()> {
    let (source, to) = (source.get(from..)?, to.get_mut(at..)?);
    match (source.first_chunk::<FEW>(), to.first_chunk_mut()) {
        (Some(few), Some(to)) if len <= FEW => *to = *few,
        _ => to.get_mut(..len)?.copy_from_slice(source.get(..len)?),
    }
    Some(())
}

/// Seven bits a byte, least significant first; the top bit says that more follow.
fn size(bytes: &[u8]) -> Result<(u64, &[u8]), Damage> {
    let mut value = 0u64;
    for (place, &byte) in bytes.iter().enumerate().take(9) {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok((value, bytes.get(place + 1..).unwrap_or_default()));
        }
    }
    Err(Damage::Delta)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(delta: &[u8], base: &[u8]) -> Result<Vec<u8>, Damage> {
        let delta = Delta::parse(delta)?;
        let checked = delta.check(base.len());
        let mut out = vec![0; usize::try_from(delta.result_len().min(1 << 20)).unwrap()];
        let applied = delta.apply(base, &[], &mut out, &mut Freshness::new(8));
        assert_eq!(checked, applied);
        applied.map(|()| out)
    }

    #[test]
    fn copies_and_inserts() {
        assert_eq!(made(b"\x05\x09\x90\x05\x04worl", b"hello").unwrap(), b"helloworl");
        assert_eq!(made(b"\x05\x02\x91\x03\x02", b"hello").unwrap(), b"lo");
        assert_eq!(made(b"\x05\x00", b"hello").unwrap(), b"");
        let base = vec![7; 0x2_0000];
        assert_eq!(made(b"\x80\x80\x08\x80\x80\x04\x80", &base).unwrap(), vec![7; 0x1_0000]);
    }

    #[test]
    fn whatever_cannot_be_meant_is_refused() {
        let refused: [(&str, &[u8]); 12] = [
            ("empty", b""),
            ("one size", b"\x05"),
            ("an endless size", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"),
            ("another base", b"\x06\x05\x90\x05"),
            ("past the base", b"\x05\x06\x90\x06"),
            ("from past the base", b"\x05\x01\x91\x05\x01"),
            ("far past the base", b"\x05\x01\xff\xff\xff\xff\xff\xff\xff\xff"),
            ("a copy cut off", b"\x05\x05\x91\x00"),
            ("an insert cut off", b"\x05\x05\x05abcd"),
            ("the reserved step", b"\x05\x00\x00"),
            ("more than said", b"\x05\x04\x90\x05"),
            ("less than said", b"\x05\x06\x90\x05"),
        ];
        for (name, delta) in refused {
            assert_eq!(made(delta, b"hello"), Err(Damage::Delta), "{name}");
        }
    }
}
