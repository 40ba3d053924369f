//! Inflates one entry at once: its size is known before.

use libdeflater::Decompressor;

use super::damage::Damage;

/// Deflate makes at most 1032 bytes out of one: whoever claims more lies, and is found out before anything is allocated.
const MOST_FROM_ONE: u64 = 1032;

/// One thread's inflater.
pub(super) struct Inflater(Decompressor);

impl Inflater {
    pub(super) fn new() -> Self {
        Self(Decompressor::new())
    }

    /// Fills `out` exactly. Bytes behind the compressed stream are left alone.
    pub(super) fn inflate(&mut self, compressed: &[u8], out: &mut [u8]) -> Result<(), Damage> {
        match self.0.zlib_decompress(compressed, out) {
            Ok(written) if written == out.len() => Ok(()),
            Ok(_) | Err(_) => Err(Damage::Inflate),
        }
    }
}

/// The size as a length of memory, unless it is over the limit or cannot come from that many compressed bytes.
pub(super) fn believable(size: u64, compressed: usize, limit: u64) -> Result<usize, Damage> {
    if size > (compressed as u64).saturating_mul(MOST_FROM_ONE) {
        return Err(Damage::Inflate);
    }
    if size > limit {
        return Err(Damage::TooLarge);
    }
    usize::try_from(size).map_err(|_| Damage::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use libdeflater::{CompressionLvl, Compressor};

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut compressor = Compressor::new(CompressionLvl::default());
        let mut out = vec![0; compressor.zlib_compress_bound(bytes.len())];
        let len = compressor.zlib_compress(bytes, &mut out).unwrap();
        out.truncate(len);
        out
    }

    #[test]
    fn only_the_promised_length_is_accepted() {
        let text = b"the quick brown fox ".repeat(50);
        let compressed = deflated(&text);
        let mut inflater = Inflater::new();
        let mut out = vec![0; text.len()];
        assert_eq!(inflater.inflate(&compressed, &mut out), Ok(()));
        assert_eq!(out, text);
        assert_eq!(inflater.inflate(&[&compressed[..], b"next entry"].concat(), &mut out), Ok(()));
        for wrong in [text.len() - 1, text.len() + 1, 0] {
            assert_eq!(inflater.inflate(&compressed, &mut vec![0; wrong]), Err(Damage::Inflate), "{wrong}");
        }
        for cut in 0..compressed.len() {
            assert_eq!(inflater.inflate(&compressed[..cut], &mut out), Err(Damage::Inflate), "{cut}");
        }
        assert_eq!(inflater.inflate(&deflated(b""), &mut []), Ok(()));
    }

    #[test]
    fn sizes_that_cannot_be_are_found_before_allocating() {
        assert_eq!(believable(1032, 1, 5000), Ok(1032));
        assert_eq!(believable(1033, 1, 5000), Err(Damage::Inflate));
        assert_eq!(believable(u64::MAX, usize::MAX, 5000), Err(Damage::TooLarge));
        assert_eq!(believable(5001, 100, 5000), Err(Damage::TooLarge));
        assert_eq!(believable(0, 0, 0), Ok(0));
    }
}
