//! Numbers and bytes as tokens write them: base 62 and base 32.

/// Digits, capitals, small letters: how Microsoft, GitHub and JSR count.
pub(in crate::detect) const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The small letters of RFC 4648.
pub(in crate::detect) const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The number that the digits write.
pub(super) fn from_base62(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0u64, |number, byte| {
        let digit = BASE62.iter().position(|digit| digit == byte)?;
        number.checked_mul(62)?.checked_add(digit as u64)
    })
}

/// The number in base 62, as short as it is.
pub(in crate::detect) fn to_base62(mut number: u64) -> Vec<u8> {
    let mut digits = Vec::new();
    while number > 0 {
        digits.extend(BASE62.get((number % 62) as usize));
        number /= 62;
    }
    digits.reverse();
    digits
}

/// The same, filled with zeros on the left.
pub(in crate::detect) fn to_base62_wide(number: u64, width: usize) -> Vec<u8> {
    let digits = to_base62(number);
    [vec![b'0'; width.saturating_sub(digits.len())], digits].concat()
}

/// The bytes that small letters and digits of base 32 write, and the bits at the end that belong to no byte. `None` where other
/// characters stand among them.
pub(super) fn from_base32(text: &[u8]) -> Option<(Vec<u8>, u32)> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut held, mut bits) = (0u32, 0);
    for byte in text {
        let value = match byte {
            b'a'..=b'z' => byte - b'a',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        held = held << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Some((bytes, held))
}

/// The bytes in base 32.
pub(in crate::detect) fn to_base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let digit = |value: u32| BASE32.get((value & 31) as usize).copied().map_or('a', char::from);
    let (mut held, mut bits) = (0u32, 0);
    for byte in bytes {
        held = (held << 8 | u32::from(*byte)) & 0xFFF;
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(digit(held >> bits));
        }
    }
    if bits > 0 {
        text.push(digit(held << (5 - bits)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(from_base62(b"0000LZ"), Some(1337));
        assert_eq!(to_base62_wide(1337, 6), b"0000LZ");
        assert_eq!((to_base62(0), to_base62(61), to_base62(62)), (vec![], b"z".to_vec(), b"10".to_vec()));
        assert_eq!((from_base62(b"a-"), from_base62(&[b'z'; 40])), (None, None));
    }

    #[test]
    fn bytes() {
        for (plain, text) in [("", ""), ("f", "my"), ("fo", "mzxq"), ("foobar", "mzxw6ytboi")] {
            assert_eq!(to_base32(plain.as_bytes()), text);
            assert_eq!(from_base32(text.as_bytes()), Some((plain.as_bytes().to_vec(), 0)));
        }
        assert_eq!(from_base32(b"mzxr"), Some((b"fo".to_vec(), 1)));
        for text in ["mz1q", "MZXQ"] {
            assert_eq!(from_base32(text.as_bytes()), None, "{text}");
        }
    }
}
