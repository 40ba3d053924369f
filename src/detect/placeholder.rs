//! Tells what somebody meant as a secret from what stands in for one.
//!
//! In: the text of a value. Out: yes or no. It must never call a machine-made value a placeholder for a reason that one in a
//! thousand real secrets would share: being silent about a real leak is the worse mistake.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// Words that no random text holds and that people put where a secret goes. Lower case.
const WORDS: [&[u8]; 35] = [
    b"access",
    b"account",
    b"auth",
    b"changeme",
    b"config",
    b"deadbeef",
    b"default",
    b"dummy",
    b"enter",
    b"example",
    b"fake",
    b"foobar",
    b"hidden",
    b"insert",
    b"invalid",
    b"lorem",
    b"masked",
    b"mytoken",
    b"package",
    b"passw",
    b"placeholder",
    b"process",
    b"publish",
    b"random",
    b"redacted",
    b"registry",
    b"replace",
    b"sample",
    b"scope",
    b"secret",
    b"test",
    b"token",
    b"undefined",
    b"xxxx",
    b"your",
];
/// In text longer than this a word of four letters may stand by chance.
const LONGEST_WITH_WORDS: usize = 64;
/// Equal or consecutive characters in a row that random text does not have: `aaaaa`, `12345`, `fedcb`.
const STREAK: usize = 5;
/// The same among sixteen digits, where five happen.
const STREAK_OF_HEX: usize = 7;
const SHORTEST_OPAQUE: usize = 16;
/// From this length on, the average tells more.
const LONG_OPAQUE: usize = 28;

/// Whether a value is a variable, a template or a mask: it says where a secret goes, and holds none.
pub(crate) fn is_reference(value: &[u8]) -> bool {
    let may_hold_a_mark = value.iter().any(|byte| matches!(byte, b'$' | b'{' | b'<' | b'.' | b'*') || !byte.is_ascii());
    let starts = |prefix: &[u8]| value.len() >= prefix.len() && value[..prefix.len()].eq_ignore_ascii_case(prefix);
    let has = |part: &[u8]| memchr::memmem::find(value, part).is_some();
    match value.first() {
        None | Some(b'$' | b'<' | b'{' | b'[' | b'%' | b'*' | b'`') => true,
        Some(b'!') if is_tag(value) => true,
        // `<` in a page and in a string.
        Some(b'&' | b'\\') if starts(b"&lt;") || starts(b"\\u003c") => true,
        Some(_) => {
            may_hold_a_mark
                && (starts(b"process.env")
                    || starts(b"env.")
                    || has(b"${")
                    || has(b"$(")
                    || has(b"{{")
                    || has(b"<%")
                    || has(b"...")
                    || has("…".as_bytes())
                    || has(b"***"))
        }
    }
}

/// YAML's way to say that a value is of a kind of its own: Ansible's `!vault |`, CloudFormation's `!Ref X`, `!secret` and their like.
fn is_tag(value: &[u8]) -> bool {
    const ALONE: [&[u8]; 10] =
        [b"vault", b"ref", b"sub", b"getatt", b"secret", b"env", b"env_var", b"reference", b"include", b"file"];
    let name = value.strip_prefix(b"!").unwrap_or_default();
    let length = name.iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'_').count();
    let is_followed = name.get(length) == Some(&b' ');
    let name = name.get(..length).unwrap_or_default();
    let is_whole = length + 1 == value.len();
    !name.is_empty() && (is_followed || (is_whole && ALONE.iter().any(|tag| name.eq_ignore_ascii_case(tag))))
}

/// Whether a value stands in for a secret: a reference, a word of the trade, or a pattern typed by hand.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    is_reference(value) || has_streak(value) || has_word(value)
}

/// Whether text that no grammar knows is likely to be made by a machine: long enough, letters and digits well mixed, no words.
pub(crate) fn is_machine_made(value: &[u8]) -> bool {
    value.len() >= SHORTEST_OPAQUE
        && value.iter().any(u8::is_ascii_alphabetic)
        && distinct(value) >= 8
        && is_mixed(value)
        && !is_placeholder(value)
}

/// Whether a value begins as the tokens of some registry do. Such a token's own rule judges it: where that is silent, the value is cut,
/// masked or made up, and no password either.
pub(crate) fn begins_as_token(value: &[u8]) -> bool {
    const PREFIXES: [&[u8]; 16] = [
        b"pypi-",
        b"npm_",
        b"cio_tp_",
        b"rubygems_",
        b"jsrp_",
        b"jsrd_",
        b"jsrw_",
        b"ovsxp_",
        b"packagist_",
        b"CLOJARS_",
        b"dckr_pat_",
        b"dckr_oat_",
        b"glpat-",
        b"ghp_",
        b"ghs_",
        b"github_pat_",
    ];
    PREFIXES.iter().any(|prefix| value.starts_with(prefix)) || memchr::memmem::find(value, b".atlasv1.").is_some()
}

/// Whether user and password are the ones of a manual or a test suite. A weak password is a password all the same.
pub(crate) fn is_placeholder_pair(user: &[u8], password: &[u8]) -> bool {
    const USERS: [&str; 18] = [
        "", "a", "bar", "foo", "hello", "login", "me", "my", "myuser", "name", "secret", "test", "tester", "testuser",
        "u", "user", "username", "usr",
    ];
    const PASSWORDS: [&str; 21] = [
        "1234",
        "b",
        "bar",
        "baz",
        "foo",
        "hello",
        "mypass",
        "mypassword",
        "p",
        "pass",
        "passwd",
        "password",
        "pw",
        "pwd",
        "secret",
        "test",
        "testing",
        "testpass",
        "testpassword",
        "token",
        "world",
    ];
    let among = |value: &[u8], words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()));
    let digits = password.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let without_digits = password.get(..password.len() - digits).unwrap_or_default();
    // `password0123`
    let is_of_manual = among(password, &PASSWORDS) || (digits >= 3 && among(without_digits, &PASSWORDS));
    (among(user, &USERS) && is_of_manual) || stands_for_password(user) || stands_for_password(password)
}

/// References, masks and `YOUR_PASSWORD`: what nobody has as a password.
fn stands_for_password(value: &[u8]) -> bool {
    const STANDING: [&[u8]; 9] =
        [b"your", b"example", b"placeholder", b"changeme", b"hidden", b"hunter2", b"redacted", b"xxxx", b"my_pass"];
    let reference = is_reference(value) && value.last().is_some_and(|last| !last.is_ascii_alphanumeric());
    let lower = value.to_ascii_lowercase();
    let has = |word: &[u8]| memchr::memmem::find(&lower, word).is_some();
    // "not my real password"
    let is_sentence = has(b" ") && has(b"password");
    reference
        || is_sentence
        || value.starts_with(b"$")
        || value.iter().all(|byte| matches!(byte, b'*' | b'.' | b'x' | b'X')) && !value.is_empty()
        || STANDING.iter().any(|word| has(word))
}

/// A UUID that a person typed: few different digits, or groups of one digit each.
pub(crate) fn is_typed_uuid(uuid: &[u8]) -> bool {
    let flat = |group: &[u8]| group.iter().all(|byte| Some(byte) == group.first());
    let mut groups = uuid.split(|byte| *byte == b'-');
    let flats = groups.by_ref().filter(|group| flat(group)).count();
    distinct(uuid) < 7 || flats >= 3 || has_streak(uuid) || has_word(uuid)
}

fn has_word(value: &[u8]) -> bool {
    /// `None` would be a program that does not pass its own tests.
    static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(WORDS).ok()
    });
    let counts = |length: usize| length > 4 || value.len() <= LONGEST_WITH_WORDS;
    SEARCH.as_ref().is_some_and(|search| search.find_overlapping_iter(value).any(|word| counts(word.len())))
}

fn has_streak(value: &[u8]) -> bool {
    let is_hex = value.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    value.windows(if is_hex { STREAK_OF_HEX } else { STREAK }).any(|window| {
        [0u8, 1, u8::MAX].iter().any(|step| {
            window.iter().zip(window.iter().skip(1)).all(|(left, right)| left.wrapping_add(*step) == *right)
        })
    })
}

fn distinct(value: &[u8]) -> usize {
    let mut seen = [false; 256];
    value.iter().filter(|byte| !std::mem::replace(&mut seen[usize::from(**byte)], true)).count()
}

/// Random text changes between lower case, upper case and digits all the time; words, numbers and CamelCase do not.
fn is_mixed(value: &[u8]) -> bool {
    let plain = value.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let pairs = plain.clone().zip(plain.clone().skip(1));
    let (mut digits, mut capitals) = (0, 0);
    for (left, right) in pairs {
        digits += usize::from(left.is_ascii_digit() != right.is_ascii_digit());
        capitals += usize::from(left.is_ascii_lowercase() && right.is_ascii_uppercase());
    }
    let length = plain.count();
    match digits {
        0 => capitals * 5 >= length,
        _ if length >= LONG_OPAQUE => (digits + capitals) * 8 >= length,
        _ => (digits + capitals) * 6 >= length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mint::Mint;

    #[test]
    fn what_stands_in_for_a_secret() {
        for value in [
            "${NPM_TOKEN}",
            "$NPM_TOKEN",
            "${{ secrets.NPM_TOKEN }}",
            "{{ token }}",
            "<your-token>",
            "%NPM_TOKEN%",
            "$(cat token)",
            "process.env.NPM_TOKEN_2",
            "***",
            "XXXXX-XXXXX-XXXXX-XXXXX",
            "xxxxxxxx",
            "YOUR_TOKEN_HERE_1",
            "!vault |",
            "!Ref Password",
            "!secret",
            "&lt;&lt;&gt;&gt;",
            "&lt;your-password&gt;",
            "\\u003cpassword\\u003e",
            "abc1...7890",
            "abc1…7890",
            "00000000000000000000",
            "1234567890abcdef",
            "",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
            assert!(!is_machine_made(value.as_bytes()), "{value}");
        }
        for value in [
            "foo",
            "bar",
            "super-secret-token-1234",
            "verdaccio-for-tests-2",
            "TestAuthForMyServer1",
            "my-npm-auth-key-1",
            "authorization",
            "c0ffee",
            "version-10.20.30-beta",
            "get_auth_from_env2",
            "abababababababab12",
            "aaaa1111bbbb2222",
        ] {
            assert!(!is_machine_made(value.as_bytes()), "{value}");
        }
    }

    /// What registries make: base 62 of Fury, base64 of Verdaccio, hexadecimal of Cloudsmith, base 32 of Azure, and longer ones.
    #[test]
    fn machine_made_values_pass() {
        const BASE62: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        const BASE64: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/";
        const BASE32: &str = "abcdefghijklmnopqrstuvwxyz234567";
        let kinds = [
            (BASE62, 20, 10),
            (BASE64, 24, 8),
            (BASE62, 40, 1),
            (BASE62, 84, 1),
            (BASE62, 1000, 3),
            (BASE32, 52, 20),
            ("0123456789abcdef", 32, 1),
            ("0123456789abcdef", 40, 1),
            ("0123456789abcdef", 64, 1),
        ];
        for (alphabet, length, permille) in kinds {
            let mut mint = Mint::new(7);
            let values = (0..2000).map(|_| mint.text(alphabet.as_bytes(), length));
            let failed = values.filter(|value| !is_machine_made(value.as_bytes())).count();
            assert!(failed <= permille * 2, "{failed} of 2000 with {length} of {alphabet}");
        }
        let mut mint = Mint::new(7);
        let typed = (0..20_000).filter(|_| is_typed_uuid(mint.uuid().as_bytes())).count();
        assert!(typed <= 2, "{typed} of 20000");
    }

    #[test]
    fn typed_uuids() {
        for uuid in [
            "00000000-0000-0000-0000-000000000000",
            "12345678-1234-1234-1234-123456789012",
            "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "deadbeef-dead-beef-dead-beefdeadbeef",
        ] {
            assert!(is_typed_uuid(uuid.as_bytes()), "{uuid}");
        }
    }

    #[test]
    fn pairs_of_manuals_and_weak_pairs_of_people() {
        for (user, password) in [
            ("user", "pass"),
            ("username", "password"),
            ("test", "test"),
            ("user", "password0123"),
            ("secret", "token"),
            ("mia", "${PASSWORD}"),
            ("mia", "YOUR_PASSWORD"),
            ("mia", "****"),
            ("mia", "not my real password"),
        ] {
            assert!(is_placeholder_pair(user.as_bytes(), password.as_bytes()), "{user}:{password}");
        }
        for (user, password) in [("mia", "password"), ("admin", "admin123"), ("deploy", "pa$$word"), ("ci", "x")] {
            let weak = is_placeholder_pair(user.as_bytes(), password.as_bytes());
            assert_eq!(weak, password == "x", "{user}:{password}");
        }
    }
}
