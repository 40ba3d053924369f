//! Checksums that registries put inside their tokens.

/// A proof inside the token's own text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// npm's: after the prefix, thirty characters and six of checksum, which are CRC-32/ISO-HDLC over the thirty, in base 62
    /// (`0-9A-Za-z`, most significant first, padded with zeros). Source: GitHub's announcement of the format, 2021-09-23,
    /// and published vectors.
    Crc32Base62,
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECK: usize = 6;

impl Checksum {
    /// Whether the checksum at the end of `body` (the token without its prefix) holds.
    pub fn holds(self, body: &[u8]) -> bool {
        match self {
            Self::Crc32Base62 => body
                .split_last_chunk::<CHECK>()
                .is_some_and(|(entropy, check)| !entropy.is_empty() && base62(crc32fast::hash(entropy)) == *check),
        }
    }

    /// `entropy` with its checksum behind it: the body of a well-formed token.
    pub fn complete(self, entropy: &[u8]) -> Vec<u8> {
        match self {
            Self::Crc32Base62 => [entropy, &base62(crc32fast::hash(entropy))].concat(),
        }
    }
}

fn base62(mut value: u32) -> [u8; CHECK] {
    let mut digits = [b'0'; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(value % 62) as usize];
        value /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_vectors_hold() {
        let vectors: [(&[u8], &[u8; 6]); 6] = [
            (&[b'0'; 30], b"2C8GjS"),
            (&[b'A'; 30], b"0uCPlr"),
            (b"abcdefghijklmnopqrstuvwxyz0123", b"2LolCm"),
            (b"TESTTESTTESTTESTTESTTESTTEST00", b"3MrsGA"),
            (b"ZZZZZZZZZZZZZZZZZZZZZZZZ000006", b"00Tu7c"),
            (b"UEuirnhN6qyDNigmWWTIEHMNquQHF5", b"4FKSCV"),
        ];
        for (entropy, check) in vectors {
            let body = Checksum::Crc32Base62.complete(entropy);
            assert_eq!(&body[30..], check);
            assert!(Checksum::Crc32Base62.holds(&body));
            let mut changed = body;
            changed[0] ^= 1;
            assert!(!Checksum::Crc32Base62.holds(&changed));
        }
        assert_eq!(base62(0), *b"000000");
        assert_eq!(base62(u32::MAX), *b"4gfFC3");
        assert!(!Checksum::Crc32Base62.holds(b"abc"));
    }
}
