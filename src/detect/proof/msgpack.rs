//! Just enough of MessagePack to read what a macaroon of Fly.io holds. Source: the MessagePack specification.

/// Nothing that is read here lies deeper.
const DEEPEST: usize = 16;

/// Reads values one after the other; `None` where the bytes are none, or end early.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// The length of an array, whose values come next.
    pub(super) fn array(&mut self) -> Option<usize> {
        match self.byte()? {
            head @ 0x90..=0x9f => Some(usize::from(head & 0x0f)),
            0xdc => self.length(2),
            0xdd => self.length(4),
            _ => None,
        }
    }

    /// The number of entries of a map, whose keys and values come next.
    pub(super) fn map(&mut self) -> Option<usize> {
        match self.byte()? {
            head @ 0x80..=0x8f => Some(usize::from(head & 0x0f)),
            0xde => self.length(2),
            0xdf => self.length(4),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    pub(super) fn number(&mut self) -> Option<u64> {
        match self.byte()? {
            small @ 0..=0x7f => Some(u64::from(small)),
            0xcc | 0xd0 => self.unsigned(1),
            0xcd | 0xd1 => self.unsigned(2),
            0xce | 0xd2 => self.unsigned(4),
            0xcf | 0xd3 => self.unsigned(8),
            _ => None,
        }
    }

    /// A text or a run of bytes.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = match self.byte()? {
            head @ 0xa0..=0xbf => usize::from(head & 0x1f),
            0xc4 | 0xd9 => self.length(1)?,
            0xc5 | 0xda => self.length(2)?,
            0xc6 | 0xdb => self.length(4)?,
            _ => return None,
        };
        self.take(length)
    }

    /// Passes over one value, whatever it is, and gives its bytes.
    pub(super) fn skip(&mut self) -> Option<&'a [u8]> {
        let before = self.rest;
        self.pass(0)?;
        before.get(..before.len() - self.rest.len())
    }

    fn pass(&mut self, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        let inner = match *self.rest.first()? {
            0x80..=0x8f | 0xde | 0xdf => self.map()?.checked_mul(2)?,
            0x90..=0x9f | 0xdc | 0xdd => self.array()?,
            0xa0..=0xbf | 0xc4..=0xc6 | 0xd9..=0xdb => self.bytes().map(|_| 0)?,
            0..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => self.take(1).map(|_| 0)?,
            0xcc | 0xd0 => self.take(2).map(|_| 0)?,
            0xcd | 0xd1 => self.take(3).map(|_| 0)?,
            0xca | 0xce | 0xd2 => self.take(5).map(|_| 0)?,
            0xcb | 0xcf | 0xd3 => self.take(9).map(|_| 0)?,
            _ => return None, // extensions: the issuer uses none
        };
        // Every value takes a byte, so a number of them that the text cannot hold ends soon.
        (0..inner).try_for_each(|_| self.pass(depth + 1))
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn unsigned(&mut self, bytes: usize) -> Option<u64> {
        Some(self.take(bytes)?.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte)))
    }

    fn length(&mut self, bytes: usize) -> Option<usize> {
        usize::try_from(self.unsigned(bytes)?).ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_width() {
        let bytes = [0x93, 0x07, 0xcd, 0x01, 0x00, 0xa2, b'h', b'i', 0x81, 0x01, 0xc4, 0x01, 0xff, 0xc3];
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.array(), Some(3));
        assert_eq!((reader.number(), reader.number()), (Some(7), Some(256)));
        assert_eq!(reader.bytes(), Some(b"hi".as_slice()));
        assert_eq!(reader.skip(), Some([0x81, 0x01, 0xc4, 0x01, 0xff].as_slice()));
        assert_eq!(reader.skip(), Some([0xc3].as_slice()));
        assert!(reader.is_done());
    }

    #[test]
    fn bytes_that_are_none_or_end_early() {
        for bytes in [
            [].as_slice(),
            &[0xdd, 0xff, 0xff, 0xff, 0xff],
            &[0xdf, 0xff, 0xff, 0xff, 0xff, 1],
            &[0xc6, 0xff, 0xff, 0xff, 0xff, 1],
            &[0x91; 40],
            &[0xc1],
            &[0xd4, 1, 2],
        ] {
            assert_eq!(Reader::new(bytes).skip(), None, "{bytes:?}");
        }
    }
}
