//! Macaroons in their two binary forms, read to the last byte.
//!
//! Source: rescrv/libmacaroons `doc/format.txt`. Nothing here checks a signature; only the issuer can.

/// What a macaroon holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Macaroon<'a> {
    /// Who issued it, in the issuer's own words.
    pub(super) location: &'a [u8],
    /// What it is known by.
    pub(super) identifier: &'a [u8],
    /// What limits it, in order. Third parties' caveats are among them.
    pub(super) caveats: Vec<&'a [u8]>,
    /// The chained hash over all of it.
    pub(super) signature: &'a [u8],
    /// How many bytes it takes.
    pub(super) length: usize,
}

const SIGNATURE: usize = 32;
/// Fields of the second form.
const END: u8 = 0;
const LOCATION: u8 = 1;
const IDENTIFIER: u8 = 2;
const VERIFICATION: u8 = 4;
const SIGNED: u8 = 6;
/// No server makes more.
const MOST_CAVEATS: usize = 1000;

/// Bytes that are read from the front.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// Whether this byte is next; if it is, it is taken.
    fn is_next(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// A length, seven bits a byte, lowest first; no field of ours needs more than three of them.
    fn length(&mut self) -> Option<usize> {
        let mut length = 0;
        for shift in [0, 7, 14] {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(length);
            }
        }
        None
    }

    /// The contents of a field of this type.
    fn field(&mut self, kind: u8) -> Option<&'a [u8]> {
        if !self.is_next(kind) {
            return None;
        }
        let length = self.length()?;
        self.take(length)
    }

    /// A packet of the first form: its length in four hexadecimal digits, a name, a space, the value and a line break.
    fn packet(&mut self, name: &[u8]) -> Option<&'a [u8]> {
        let digits = std::str::from_utf8(self.rest.get(..4)?).ok()?;
        let length = usize::from_str_radix(digits, 16).ok()?;
        let packet = self.rest.get(4..length)?;
        let value = packet.strip_prefix(name)?.strip_prefix(b" ")?.strip_suffix(b"\n")?;
        self.rest = self.rest.get(length..)?;
        Some(value)
    }
}

/// Reads a macaroon of the second form, which may have other bytes behind it.
pub(super) fn second(bytes: &[u8]) -> Option<Macaroon<'_>> {
    let mut reader = Reader { rest: bytes.strip_prefix(&[2])? };
    let location = reader.field(LOCATION).unwrap_or_default();
    let identifier = reader.field(IDENTIFIER)?;
    let mut caveats = Vec::new();
    if !reader.is_next(END) {
        return None;
    }
    while !reader.is_next(END) {
        let _ = reader.field(LOCATION);
        caveats.push(reader.field(IDENTIFIER)?);
        let _ = reader.field(VERIFICATION);
        if !reader.is_next(END) || caveats.len() > MOST_CAVEATS {
            return None;
        }
    }
    let signature = reader.field(SIGNED).filter(|signature| signature.len() == SIGNATURE)?;
    Some(Macaroon { location, identifier, caveats, signature, length: bytes.len() - reader.rest.len() })
}

/// Reads a macaroon of the first form.
pub(super) fn first(bytes: &[u8]) -> Option<Macaroon<'_>> {
    let mut reader = Reader { rest: bytes };
    let location = reader.packet(b"location")?;
    let identifier = reader.packet(b"identifier")?;
    let mut caveats = Vec::new();
    while let Some(caveat) = reader.packet(b"cid") {
        let _ = reader.packet(b"vid");
        let _ = reader.packet(b"cl");
        caveats.push(caveat);
    }
    let signature = reader.packet(b"signature").filter(|signature| signature.len() == SIGNATURE)?;
    Some(Macaroon { location, identifier, caveats, signature, length: bytes.len() - reader.rest.len() })
}

/// A macaroon to write.
pub(in crate::detect) struct Draft<'a> {
    pub(in crate::detect) location: &'a [u8],
    pub(in crate::detect) identifier: &'a [u8],
    pub(in crate::detect) caveats: &'a [&'a [u8]],
    pub(in crate::detect) signature: &'a [u8],
}

impl Draft<'_> {
    /// In the second form.
    pub(in crate::detect) fn second(&self) -> Vec<u8> {
        let mut bytes = vec![2];
        write(&mut bytes, LOCATION, self.location);
        write(&mut bytes, IDENTIFIER, self.identifier);
        bytes.push(END);
        for caveat in self.caveats {
            write(&mut bytes, IDENTIFIER, caveat);
            bytes.push(END);
        }
        bytes.push(END);
        write(&mut bytes, SIGNED, self.signature);
        bytes
    }

    /// In the first form.
    pub(in crate::detect) fn first(&self) -> Vec<u8> {
        let ends = [(&b"location"[..], self.location), (b"identifier", self.identifier)];
        let caveats = self.caveats.iter().map(|caveat| (&b"cid"[..], *caveat));
        let packets = ends.into_iter().chain(caveats).chain([(&b"signature"[..], self.signature)]);
        packets
            .flat_map(|(name, value)| {
                let body = [name, b" ", value, b"\n"].concat();
                [format!("{:04x}", body.len() + 4).into_bytes(), body].concat()
            })
            .collect()
    }
}

fn write(bytes: &mut Vec<u8>, kind: u8, contents: &[u8]) {
    bytes.push(kind);
    let mut length = contents.len();
    while length > 0x7F {
        bytes.push((length & 0x7F) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(contents);
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = for<'a> fn(&'a [u8]) -> Option<Macaroon<'a>>;

    fn draft<'a>(caveats: &'a [&'a [u8]]) -> Draft<'a> {
        Draft { location: b"r.invalid", identifier: b"row 1", caveats, signature: &[7; 32] }
    }

    #[test]
    fn both_forms_are_read_to_the_end_and_no_further() {
        let long = [b'x'; 300];
        let caveats: [&[u8]; 3] = [b"a", &long, b""];
        let forms: [(Vec<u8>, Read); 2] = [(draft(&caveats).second(), second), (draft(&caveats).first(), first)];
        for (bytes, read) in forms {
            let more = [bytes.as_slice(), b"rest"].concat();
            let macaroon = read(&more).unwrap();
            assert_eq!((macaroon.location, macaroon.identifier), (&b"r.invalid"[..], &b"row 1"[..]));
            assert_eq!((macaroon.caveats.as_slice(), macaroon.length), (&caveats[..], bytes.len()));
            assert_eq!(macaroon.signature, [7; 32]);
            for cut in 0..bytes.len() {
                assert!(read(&bytes[..cut]).is_none(), "{cut}");
            }
        }
    }

    #[test]
    fn a_third_partys_caveat_is_one() {
        let bytes = [&b"\x02\x02\x01i\x00\x01\x01l\x02\x01c\x04\x01v\x00\x00\x06\x20"[..], &[1; 32]].concat();
        assert_eq!(second(&bytes).unwrap().caveats, [b"c"]);
    }

    #[test]
    fn what_is_no_macaroon() {
        for bytes in [
            &b""[..],
            b"\x02",
            b"\x01\x02\x00",
            b"\x02\x01\xFF\xFF\xFF\xFF\xFF",
            b"00",
            b"ffff",
            b"0003",
            b"000flocation x\n",
        ] {
            assert!(first(bytes).is_none() && second(bytes).is_none(), "{bytes:?}");
        }
    }
}
