//! The law that lets a history be searched by what is new in it: what a search of the fresh ranges finds in a text, together
//! with what was known of the text it was made from, is what a search of all of it finds.

use std::ops::Range;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::model::{Below, Origin};

static DETECTOR: LazyLock<Detector> = LazyLock::new(|| Detector::new(rules::embedded().unwrap()).unwrap());

/// What texts are made of: credentials of every form, in pieces, and what decides over them from near and far.
static PIECES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut pieces: Vec<Vec<u8>> = [
        "{npm_token}",
        "{npm_token_long}",
        "{npm_token_bad_checksum}",
        "npm_",
        "{opaque}",
        "{uuid}",
        "{jwt}",
        "{auth}",
        "{password}",
        "{base64:{password}}",
        "//r.invalid/:_authToken=",
        "//r.invalid/a/b/c/:_authToken = \"",
        "_authToken",
        "_auth=",
        "//r.invalid/:_auth={auth}\n",
        "\n_password={base64:{password}}\n",
        "//r.invalid/:_password=",
        "\n_password=cGFzc3dvcmQ=\n",
        "\nusername=foo\n",
        "\nusername=mia\n",
        "//r.invalid/:username=mia\n",
        "https://r.invalid/:username=mia",
        ":_password=",
        "\nregistry=https://r.invalid/npm/\n",
        "\n[install]\n",
        "\n[install.scopes]\n",
        "\n[server]\n",
        "token = \"",
        "password = \"",
        "url = \"https://r.invalid/\"\n",
        "npmAuthToken: \"${T:-",
        "npmAuthToken: \"",
        "npmAuthIdent: mia:{password}\n",
        "npmRegistries:\n  \"//r.invalid\":\n    ",
        "https://mia:{password}@",
        "https://",
        "mia:{password}@",
        "r.invalid/a/-/a-1.0.0.tgz",
        "?token=",
        "?_authToken=",
        "resolved \"",
        "NPM_TOKEN=",
        "NPM_CONFIG_TOKEN=",
        "NODE_AUTH_TOKEN: ",
        "- name: NPM_TOKEN\n  value: ",
        "{base64:a=//r.invalid/:_authToken={npm_token}\n}",
        "{base64:{base64:a={npm_token}}}",
        " # keyrake:allow x",
        "# keyrake:allow-next-line y\n",
        "${NPM}",
        "}",
        "\"",
        "\n",
        " ",
        "=",
        "x",
    ]
    .iter()
    .map(|text| mint::fill(text, 7).into_bytes())
    .collect();
    let token = mint::fill("//r.invalid/:_authToken={npm_token}\n", 3);
    let long = mint::fill(&format!("{{base64:{}{token}{}}}", "word ".repeat(150), "word ".repeat(150)), 3);
    let (head, tail) = token.split_at(40);
    pieces.extend([head, tail].map(|half| half.as_bytes().to_vec()));
    pieces.extend(long.as_bytes().chunks(130).map(<[u8]>::to_vec));
    pieces.push(long.into_bytes());
    pieces.push(token.encode_utf16().flat_map(u16::to_le_bytes).collect());
    pieces.push([b"\xff\xfe".to_vec(), token.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat());
    pieces.extend([60, 250, 300, 700, 5000].map(|length| b"some words, and more of them\n".repeat(length / 29)));
    pieces.push(b"oneword/".repeat(60));
    pieces
});

#[derive(Clone, Debug)]
enum Step {
    /// From here on this much of the text before, both in shares of what there is.
    Copy(u16, u16),
    /// All of a piece, or up to here.
    Insert(usize, u16),
}

fn step() -> impl Strategy<Value = Step> {
    let pieces = PIECES.len();
    prop_oneof![
        2 => (any::<u16>(), any::<u16>()).prop_map(|(from, length)| Step::Copy(from, length)),
        2 => Just(Step::Copy(0, u16::MAX)),
        1 => any::<u16>().prop_map(|from| Step::Copy(from, u16::MAX)),
        1 => any::<u16>().prop_map(|length| Step::Copy(0, length)),
        6 => (0..pieces, prop_oneof![5 => Just(u16::MAX), 1 => any::<u16>()]).prop_map(|(piece, part)| Step::Insert(piece, part)),
    ]
}

/// Builds a text from the one before, with its fresh ranges.
fn build(before: &[u8], steps: &[Step]) -> (Vec<u8>, Vec<Range<usize>>) {
    let share = |of: usize, part: u16| of * usize::from(part) / usize::from(u16::MAX);
    let (mut text, mut touched, mut goes_on) = (Vec::new(), Vec::new(), Some(0));
    for step in steps {
        match step {
            Step::Copy(from, length) => {
                let from = share(before.len(), *from);
                let length = share(before.len() - from, *length);
                if goes_on != Some(from) {
                    touched.push(text.len()..text.len());
                }
                text.extend_from_slice(&before[from..from + length]);
                goes_on = Some(from + length);
            }
            Step::Insert(piece, part) => {
                let piece = &PIECES[*piece];
                let start = text.len();
                text.extend_from_slice(&piece[..share(piece.len(), *part)]);
                touched.push(start..text.len());
                goes_on = None;
            }
        }
    }
    if goes_on != Some(before.len()) {
        touched.push(text.len()..text.len());
    }
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for range in touched {
        let range = range.start.saturating_sub(DETECTOR.reach())..(range.end + DETECTOR.reach()).min(text.len());
        match ranges.last_mut() {
            Some(last) if range.start <= last.end => last.end = range.end,
            _ => ranges.push(range),
        }
    }
    (text, ranges)
}

fn search(bytes: &[u8], fresh: Fresh<'_>) -> (Vec<String>, Below) {
    let (found, below) = DETECTOR.search(&Blob { fresh, ..Blob::whole(Origin::Stdin, bytes) });
    let told = |found: &Match| {
        format!(
            "{:?} {} {} {:?} {:?} {:?} {:?} {:?}",
            found.span,
            found.rule,
            String::from_utf8_lossy(found.secret.expose()),
            found.user,
            found.host,
            found.evidence,
            found.offline,
            found.allow
        )
    };
    (found.iter().map(told).collect(), below)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 3000 } else { 100_000 }))]

    #[test]
    fn fresh_ranges_are_enough(generations in prop::collection::vec(prop::collection::vec(step(), 1..7), 1..6)) {
        let (mut text, mut below) = (Vec::new(), Below::Whole);
        for steps in generations {
            let (next, ranges) = build(&text, &steps);
            let all = search(&next, Fresh::All);
            if below == Below::Fresh {
                prop_assert_eq!(&search(&next, Fresh::Ranges(&ranges)), &all);
            }
            if next.len() < 40_000 {
                (text, below) = (next, all.1);
            }
        }
    }
}
