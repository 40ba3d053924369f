//! Secrets made at run time, and the memory of all of them: what no output of keyrake may ever contain.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use keyrake::model::Checksum;

static COUNTER: AtomicU64 = AtomicU64::new(1);
static REMEMBERED: Mutex<Vec<String>> = Mutex::new(Vec::new());

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const HEX: &[u8; 62] = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd";

/// A well-formed npm token that nobody issued, different on every call and in every process.
pub(crate) fn npm_token() -> String {
    let body = Checksum::Crc32Base62.complete(random(BASE62, 30).as_bytes());
    remember(format!("npm_{}", String::from_utf8(body).expect("base 62 is ASCII")))
}

/// An npm token whose checksum is wrong.
pub(crate) fn fake_npm_token() -> String {
    let token = npm_token();
    let last = if token.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &token[..token.len() - 1])
}

/// A token of the time before 2021: a UUID.
pub(crate) fn uuid_token() -> String {
    let hex = random(HEX, 32);
    remember(format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..]))
}

/// A password that stands nowhere else.
pub(crate) fn password() -> String {
    remember(format!("pw-{}", random(BASE62, 16)))
}

/// Takes a secret that a server issued into the memory.
pub(crate) fn remember(secret: String) -> String {
    REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner).push(secret.clone());
    secret
}

/// The redacted form of the first remembered secret of which `text` holds the whole or a long inner part.
pub(crate) fn leaked_in(text: &str) -> Option<String> {
    let remembered = REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner);
    let leaked = remembered.iter().find(|secret| text.contains(secret.as_str()) || holds_part(text, secret));
    leaked.map(|secret| format!("{}… ({} characters)", &secret[..6.min(secret.len())], secret.len()))
}

/// Redacted forms show the first eight characters at most, and the last four. What lies between must not be seen, in
/// part either: a run of 23 characters of it always holds one of these pieces.
fn holds_part(text: &str, secret: &str) -> bool {
    const PIECE: usize = 12;
    let inner = secret.get(8..secret.len().saturating_sub(4)).unwrap_or_default();
    // A JWT begins with its header, the same in all of them and no secret.
    let inner = inner.split_once('.').map_or(inner, |(_, rest)| rest);
    inner.as_bytes().chunks_exact(PIECE).any(|piece| memchr::memmem::find(text.as_bytes(), piece).is_some())
}

fn random(alphabet: &[u8; 62], len: usize) -> String {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    let seed = u64::from(std::process::id()) << 32 | u64::from(clock);
    let mut state = seed ^ COUNTER.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        // SplitMix64: enough to be different each time.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    (0..len).map(|_| char::from(alphabet[(next() % 62) as usize])).collect()
}

#[test]
fn tokens_differ_hold_and_are_noticed() {
    let (one, two) = (npm_token(), npm_token());
    assert_ne!(one, two);
    assert!(Checksum::Crc32Base62.holds(&one.as_bytes()[4..]));
    assert!(!Checksum::Crc32Base62.holds(&fake_npm_token().as_bytes()[4..]));
    assert!(leaked_in(&format!("found {one} there")).is_some());
    assert!(leaked_in(&format!("found {} there", &one[7..35])).is_some());
    assert_eq!(leaked_in(&format!("found {}…{} there", &one[..8], &one[36..])), None);
}
