//! The law of the fresh ranges, `windowed == full`, and what broken packs cost. The packs are written by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::fixture::{DeltaText, IndexFormat, Stored, Written, deflated, distance, header, id, image, index, size};
use super::{Database, Limits, Object, Stop, Tally, Visitor, Walked};
use crate::model::{Below, Checksum, Code, Fresh, Notification, ObjectId, ObjectKind};

/// What a search for tokens finds in one object: rule, secret, and the host that the file names.
type Found = BTreeSet<(&'static str, Vec<u8>, Vec<u8>)>;

/// As long as any anchor below.
const REACH: usize = 11;
const KEY: &[u8] = b"pass: \"";
const ANCHOR: &[u8] = b"_authToken=";
const HOST: &[u8] = b"host=";

/// A detector in miniature. One rule finds tokens by their checksum between non-word characters, one finds what stands in
/// quotes behind a key, and one is of the kind that reads a whole file once an anchor is seen.
fn search(bytes: &[u8], fresh: &Fresh<'_>) -> (Found, Below) {
    let all = 0..bytes.len();
    let (ranges, places): (&[Range<usize>], &[usize]) = match fresh {
        Fresh::All => (std::slice::from_ref(&all), &[]),
        Fresh::Part { ranges, places } => (ranges, places),
    };
    let mut found = Found::new();
    let mut known: Vec<usize> = ranges.iter().cloned().flatten().chain(places.iter().copied()).collect();
    known.retain(|at| [&b"npm_"[..], KEY, ANCHOR].iter().any(|anchor| bytes[*at..].starts_with(anchor)));
    known.sort_unstable();
    known.dedup();
    let mut reads_all = false;
    for at in &known {
        let rest = &bytes[*at..];
        if rest.starts_with(b"npm_")
            && let Some(body) = rest.get(4..40)
            && Checksum::Crc32Base62.holds(body)
            && !bytes[..*at].last().is_some_and(u8::is_ascii_alphanumeric)
            && !rest.get(40).is_some_and(u8::is_ascii_alphanumeric)
        {
            found.insert(("token", rest[..40].to_vec(), Vec::new()));
        }
        if rest.starts_with(KEY)
            && let Some(end) = rest.iter().skip(KEY.len()).take(45).position(|byte| *byte == b'"')
        {
            found.insert(("quoted", rest[KEY.len()..KEY.len() + end].to_vec(), Vec::new()));
        }
        if rest.starts_with(ANCHOR) {
            reads_all = true;
            found.extend(parsed(bytes));
        }
    }
    let below = if found.is_empty() && !reads_all { Below::Known(known) } else { Below::Whole };
    (found, below)
}

/// Every value behind an anchor, with the host that is named last in the file.
fn parsed(bytes: &[u8]) -> Found {
    let behind = |what: &'static [u8]| {
        bytes.windows(what.len()).enumerate().filter(move |(_, window)| *window == what).map(move |(at, _)| {
            let value = &bytes[at + what.len()..];
            value[..value.iter().take(40).take_while(|byte| byte.is_ascii_alphanumeric()).count()].to_vec()
        })
    };
    let host = behind(HOST).next_back().unwrap_or_default();
    behind(ANCHOR).map(|value| ("file", value, host.clone())).collect()
}

#[derive(Default)]
struct Searched {
    found: Mutex<BTreeMap<ObjectId, Found>>,
    seen: Mutex<Vec<(ObjectId, ObjectKind)>>,
    tally: Mutex<Tally>,
    stop: Option<Stop>,
    deadline: Option<Instant>,
}

impl Visitor for Searched {
    fn object(&self, object: Object<'_>) -> Below {
        if let Fresh::Part { ranges, places } = object.fresh {
            assert!(ranges.iter().all(|range| range.start < range.end && range.end <= object.bytes.len()));
            assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start));
            assert!(places.is_sorted_by(|one, next| one < next));
            assert!(places.last().is_none_or(|last| *last < object.bytes.len()));
        }
        self.seen.lock().unwrap().push((object.id, object.kind));
        let (found, below) = search(object.bytes, &object.fresh);
        if !found.is_empty() {
            self.found.lock().unwrap().insert(object.id, found);
        }
        below
    }

    fn tally(&self, tally: Tally) {
        let mut sum = self.tally.lock().unwrap();
        sum.objects += tally.objects;
        sum.bytes += tally.bytes;
        sum.commits += tally.commits;
    }

    fn stop(&self) -> Option<Stop> {
        let late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        self.stop.or_else(|| late.then_some(Stop::Deadline))
    }
}

/// Whatever takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes a loose blob.
fn loosen(objects: &Path, id: &ObjectId, bytes: &[u8]) {
    let name = id.to_string();
    std::fs::create_dir_all(objects.join(&name[..2])).unwrap();
    let stored = [format!("blob {}\0", bytes.len()).as_bytes(), bytes].concat();
    std::fs::write(objects.join(&name[..2]).join(&name[2..]), deflated(&stored)).unwrap();
}

fn limits(threads: usize, memory: usize) -> Limits {
    Limits { max_object: 8 << 20, reach: REACH, threads: NonZeroUsize::new(threads), memory }
}

fn walk_with(objects: &Path, id_len: usize, limits: &Limits) -> (Searched, Walked) {
    let searched = Searched { deadline: Some(Instant::now() + PATIENCE), ..Searched::default() };
    let walked = Database::open(objects, &[], id_len).walk(limits, &searched);
    (searched, walked)
}

fn walk(objects: &Path) -> (Searched, Walked) {
    walk_with(objects, 20, &limits(2, 64 << 20))
}

fn codes(walked: &Walked) -> Vec<(Code, &str)> {
    walked.notifications.iter().map(|said| (said.code, said.place.as_str())).collect()
}

fn token(seed: u8) -> Vec<u8> {
    let entropy: Vec<u8> = (0..30u8).map(|at| b'a' + (at.wrapping_mul(7) ^ seed) % 26).collect();
    [b"npm_".as_slice(), &Checksum::Crc32Base62.complete(&entropy)].concat()
}

fn filler(len: usize, seed: u8) -> Vec<u8> {
    (0..len).map(|at| b" .,;\n-"[(at * 31 + usize::from(seed)) % 6]).collect()
}

fn blob(bytes: &[u8]) -> Written {
    Written { id: id(bytes, 20), stored: Stored::Whole(3, bytes.to_vec()) }
}

fn child(base: usize, delta: &DeltaText) -> Written {
    Written { id: id(&delta.result, 20), stored: Stored::Offset(base, delta.text()) }
}

/// A walk of a base and children of it, against a search of every byte.
fn agrees(name: &str, base: &[u8], children: &[DeltaText]) -> Vec<Found> {
    let scratch = tempfile::tempdir().unwrap();
    let mut entries = vec![blob(base)];
    entries.extend(children.iter().map(|delta| child(0, delta)));
    image(&entries, IndexFormat::V2).write(scratch.path(), "a");
    let (searched, walked) = walk(scratch.path());
    assert_eq!(walked.notifications, [], "{name}");
    let found = searched.found.into_inner().unwrap();
    children
        .iter()
        .map(|delta| {
            let full = search(&delta.result, &Fresh::All).0;
            assert_eq!(found.get(&id(&delta.result, 20)).cloned().unwrap_or_default(), full, "{name}");
            full
        })
        .collect()
}

#[test]
fn what_a_delta_brings_is_found_wherever_it_brings_it() {
    let (token, far) = (token(1), filler(500, 3));
    let (head, tail) = token.split_at(17);
    let around = |middle: &[&[u8]]| [&[far.as_slice()], middle, &[far.as_slice()]].concat().concat();

    let apart = around(&[head, b" ", &far, b" ", tail]);
    let seam = DeltaText::of(&apart).copy(0, 517).copy(apart.len() - 500 - tail.len(), tail.len() + 500);
    assert_eq!(agrees("a token made by the seam of two copies", &apart, &[seam])[0].len(), 1);

    let whole = around(&[&token]);
    let cut = DeltaText::of(&whole).copy(0, 520).insert(b"-").copy(520, whole.len() - 520);
    let dropped = DeltaText::of(&whole).copy(0, 520).copy(521, whole.len() - 521);
    let same = DeltaText::of(&whole).insert(b"#").copy(0, whole.len());
    let found = agrees("a token cut, shortened and kept", &whole, &[cut, dropped, same]);
    assert_eq!(found.iter().map(BTreeSet::len).collect::<Vec<_>>(), [0, 0, 1]);

    let mended = around(&[&token[..20], b"-", &token[20..]]);
    let joined = DeltaText::of(&mended).copy(0, 520).copy(521, mended.len() - 521);
    assert_eq!(agrees("a token mended by leaving one byte out", &mended, &[joined])[0].len(), 1);

    let bounded = around(&[b"x", &token, b"y"]);
    let one_side = DeltaText::of(&bounded).copy(0, 500).copy(501, bounded.len() - 501);
    let both = DeltaText::of(&bounded).copy(0, 500).copy(501, 40).copy(542, 500);
    let found = agrees("a token freed of its neighbours", &bounded, &[one_side, both]);
    assert_eq!(found.iter().map(BTreeSet::len).collect::<Vec<_>>(), [0, 1]);

    let keyed = around(&[KEY, b"\""]);
    let body = DeltaText::of(&keyed).copy(0, 507).insert(b"hunter2hunter2").copy(507, 501);
    assert_eq!(agrees("context copied, body inserted", &keyed, &[body])[0].len(), 1);

    let bare = around(&[b"hunter2hunter2\""]);
    let context = DeltaText::of(&bare).copy(0, 500).insert(KEY).copy(500, bare.len() - 500);
    assert_eq!(agrees("body copied, context inserted", &bare, &[context])[0].len(), 1);

    let ends = DeltaText::of(&far).insert(&token).copy(0, 500).insert(&token);
    let only = DeltaText::of(&whole).copy(500, 40);
    let first = DeltaText::of(&bounded).copy(501, 40).insert(b" ");
    assert_eq!(agrees("tokens at the ends", &far, &[ends])[0].len(), 1);
    assert_eq!(agrees("a token and nothing else", &whole, &[only])[0].len(), 1);
    assert_eq!(agrees("a token whose left neighbour is gone", &bounded, &[first])[0].len(), 1);

    let other = self::token(2);
    let near = DeltaText::of(&whole).copy(0, 545).insert(&other).copy(545, whole.len() - 545);
    assert_eq!(agrees("a second token within the reach of the first", &whole, &[near])[0].len(), 2);

    let anchored = around(&[ANCHOR, b"secretvalue\n", &far, b"end\n"]);
    let host = DeltaText::of(&anchored).copy(0, anchored.len()).insert(b"\nhost=elsewhere\n");
    let found = agrees("a file read as a whole, decided over from far away", &anchored, &[host]);
    assert_eq!(found[0].first().unwrap().2, b"elsewhere");
}

#[test]
fn chains_are_as_deep_as_git_writes_them_and_deeper() {
    for depth in [4095, 20_000] {
        let mut text = DeltaText::of(b"").insert(&filler(300, 1));
        let mut entries = vec![blob(&text.result)];
        let mut expected = BTreeSet::new();
        for number in 0..depth {
            let kept = text.result.len().min(300);
            let line = format!("line {number}\n");
            text = DeltaText::of(&text.result).insert(line.as_bytes()).copy(0, kept);
            if number % 1000 == 999 {
                let secret = token((number / 1000) as u8);
                text = text.insert(b" ").insert(&secret);
                expected.insert(secret);
            }
            entries.push(child(number, &text));
        }
        let scratch = tempfile::tempdir().unwrap();
        image(&entries, IndexFormat::V2).write(scratch.path(), "a");
        for memory in [0, 64 << 20] {
            let (searched, walked) = walk_with(scratch.path(), 20, &limits(2, memory));
            assert_eq!(walked.notifications, []);
            let found: BTreeSet<Vec<u8>> =
                searched.found.into_inner().unwrap().into_values().flatten().map(|found| found.1).collect();
            assert_eq!(found, expected);
        }
    }
}

/// One step of a generated delta: what share of the base to copy, or which word to insert.
#[derive(Clone, Debug)]
enum Step {
    Copy(u16, u16),
    Insert(usize, u8),
}

#[derive(Clone, Debug)]
struct Plan {
    /// Which of the objects before it is its base; none for a root.
    base: Option<usize>,
    steps: Vec<Step>,
    by_id: bool,
}

fn words() -> Vec<Vec<u8>> {
    let token = token(5);
    let changed = [&token[..39], b"_"].concat();
    vec![
        token.clone(),
        token[..13].to_vec(),
        token[13..].to_vec(),
        token[..39].to_vec(),
        token[39..].to_vec(),
        changed,
        KEY.to_vec(),
        b"pass: ".to_vec(),
        b"\"".to_vec(),
        b"hunter2".to_vec(),
        b"x".to_vec(),
        b" ".to_vec(),
        ANCHOR.to_vec(),
        b"_auth".to_vec(),
        b"Token=abc".to_vec(),
        b"\nhost=one\n".to_vec(),
        b"host=two ".to_vec(),
        filler(70, 1),
        filler(300, 2),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (any::<u16>(), any::<u16>()).prop_map(|(from, len)| Step::Copy(from, len)),
        (any::<u16>()).prop_map(|from| Step::Copy(from, u16::MAX)),
        Just(Step::Copy(0, u16::MAX)),
        (0..words().len(), any::<u8>()).prop_map(|(word, cut)| Step::Insert(word, cut)),
    ]
}

fn plan() -> impl Strategy<Value = (Option<prop::sample::Index>, Vec<Step>, bool)> {
    (prop::option::weighted(0.9, any::<prop::sample::Index>()), prop::collection::vec(step(), 0..9), any::<bool>())
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    prop::collection::vec(plan(), 1..40).prop_map(|plans| {
        plans
            .into_iter()
            .enumerate()
            .map(|(at, (base, steps, by_id))| Plan {
                base: base.filter(|_| at > 0).map(|base| base.index(at)),
                steps,
                by_id,
            })
            .collect()
    })
}

/// The objects of a plan: how each is stored, and its text. The number in front keeps their ids apart.
fn objects(plans: &[Plan], id_len: usize) -> Vec<(Written, Vec<u8>)> {
    let words = words();
    let mut objects: Vec<(Written, Vec<u8>)> = Vec::new();
    for (number, plan) in plans.iter().enumerate() {
        let base = plan.base.map(|base| objects[base].1.clone()).unwrap_or_default();
        let mut delta = DeltaText::of(&base);
        for step in &plan.steps {
            delta = match step {
                Step::Copy(from, len) => {
                    let from = base.len() * usize::from(*from) / (usize::from(u16::MAX) + 1);
                    let len = ((base.len() - from) * usize::from(*len)).div_ceil(usize::from(u16::MAX));
                    if len == 0 { delta } else { delta.copy(from, len) }
                }
                Step::Insert(word, cut) => {
                    let word = &words[*word];
                    // One time in eight only a part of the word.
                    let len = if *cut < 32 { word.len() * usize::from(*cut) / 32 } else { word.len() };
                    if len == 0 { delta } else { delta.insert(&word[..len]) }
                }
            };
            if delta.result.len() > 4000 {
                break;
            }
        }
        let id = id(format!("{number}").as_bytes(), id_len);
        let stored = match plan.base {
            None => Stored::Whole(3, delta.result.clone()),
            Some(base) if plan.by_id => Stored::Id(objects[base].0.id, delta.text()),
            Some(base) => Stored::Offset(base, delta.text()),
        };
        objects.push((Written { id, stored }, delta.result));
    }
    objects
}

fn full(objects: &[(Written, Vec<u8>)]) -> BTreeMap<ObjectId, Found> {
    objects
        .iter()
        .map(|(written, text)| (written.id, search(text, &Fresh::All).0))
        .filter(|(_, found)| !found.is_empty())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// `windowed == full`: whatever the deltas, the walk finds in each object what a search of every byte of it finds;
    /// with any number of threads, with memory and without.
    #[test]
    fn windowed_is_full(plans in plans(), threads in 1..4usize, roomy in any::<bool>(), sha256 in any::<bool>()) {
        let id_len = if sha256 { 32 } else { 20 };
        let objects = objects(&plans, id_len);
        let scratch = tempfile::tempdir().unwrap();
        let entries: Vec<Written> = objects.iter().map(|(written, _)| written.clone()).collect();
        image(&entries, IndexFormat::V2).write(scratch.path(), "a");
        let limits = limits(threads, if roomy { 64 << 20 } else { 0 });
        let (searched, walked) = walk_with(scratch.path(), id_len, &limits);
        prop_assert_eq!(walked.notifications, []);
        prop_assert_eq!(searched.found.into_inner().unwrap(), full(&objects));
        let tally = searched.tally.into_inner().unwrap();
        prop_assert_eq!(tally.objects, objects.len() as u64);
        prop_assert_eq!(tally.bytes, objects.iter().map(|(_, text)| text.len() as u64).sum::<u64>());
    }

    /// The same objects spread over several packs and the loose ones, copies and bases elsewhere included.
    #[test]
    fn windowed_is_full_over_several_packs(
        plans in plans(),
        places in prop::collection::vec((0..3usize, prop::option::weighted(0.3, 0..3usize)), 40),
    ) {
        let objects = objects(&plans, 20);
        let scratch = tempfile::tempdir().unwrap();
        for pack in 0..3usize {
            let mut entries = Vec::new();
            for (at, (written, text)) in objects.iter().enumerate() {
                let (home, copy) = places[at];
                // Pack 0 is the loose objects.
                if pack == 0 && (home == 0 || copy == Some(0)) {
                    loosen(scratch.path(), &written.id, text);
                } else if pack > 0 && (home == pack || copy == Some(pack)) {
                    let stored = match (&written.stored, plans[at].base) {
                        (Stored::Offset(_, delta), Some(base)) => Stored::Id(objects[base].0.id, delta.clone()),
                        (stored, _) => stored.clone(),
                    };
                    entries.push(Written { id: written.id, stored });
                }
            }
            if pack > 0 {
                image(&entries, IndexFormat::V1).write(scratch.path(), &pack.to_string());
            }
        }
        let (searched, walked) = walk_with(scratch.path(), 20, &limits(2, 64 << 20));
        prop_assert_eq!(walked.notifications, []);
        prop_assert_eq!(searched.found.into_inner().unwrap(), full(&objects));
        prop_assert_eq!(searched.tally.into_inner().unwrap().objects, objects.len() as u64);
    }

    /// Damage anywhere costs at most what it damages: no panic, no hang, and what is found is really there.
    #[test]
    fn damage_costs_no_more_than_notifications(
        plans in plans(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        in_index in any::<bool>(),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let objects = objects(&plans, 20);
        let scratch = tempfile::tempdir().unwrap();
        let entries: Vec<Written> = objects.iter().map(|(written, _)| written.clone()).collect();
        let mut image = image(&entries, IndexFormat::V2);
        let file = if in_index { &mut image.index } else { &mut image.pack };
        for (at, byte) in hits {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        image.write(scratch.path(), "a");
        let (_, walked) = walk(scratch.path());
        prop_assert_eq!(walked.stopped, None);
    }
}

#[test]
fn every_index_format_is_read() {
    let texts: Vec<Vec<u8>> = (0..20).map(|number| [filler(100, number), token(number)].concat()).collect();
    for (format, id_len) in [
        (IndexFormat::V1, 20),
        (IndexFormat::V2, 20),
        (IndexFormat::V2Far, 20),
        (IndexFormat::V2, 32),
        (IndexFormat::V2Far, 32),
    ] {
        let scratch = tempfile::tempdir().unwrap();
        let entries: Vec<Written> = (1..=4)
            .cycle()
            .zip(&texts)
            .map(|(kind, text)| Written { id: id(text, id_len), stored: Stored::Whole(kind, text.clone()) })
            .collect();
        image(&entries, format).write(scratch.path(), "a");
        let (searched, walked) = walk_with(scratch.path(), id_len, &limits(2, 1 << 20));
        assert_eq!(walked.notifications, [], "{format:?}");
        let mut seen = searched.seen.into_inner().unwrap();
        seen.sort_unstable();
        let mut expected: Vec<(ObjectId, ObjectKind)> =
            [ObjectKind::Commit, ObjectKind::Blob, ObjectKind::Blob, ObjectKind::Tag]
                .into_iter()
                .cycle()
                .zip(&texts)
                .enumerate()
                .filter(|(at, _)| at % 4 != 1)
                .map(|(_, (kind, text))| (id(text, id_len), kind))
                .collect();
        expected.sort_unstable();
        assert_eq!(seen, expected, "{format:?}: commits, blobs and tags, no trees");
    }
}

/// One pack of these entries, walked; and what was said.
fn said(entries: &[Written], max_object: u64) -> (Searched, Vec<Notification>) {
    let scratch = tempfile::tempdir().unwrap();
    image(entries, IndexFormat::V2).write(scratch.path(), "a");
    let started = Instant::now();
    let (searched, walked) = walk_with(scratch.path(), 20, &Limits { max_object, ..limits(2, 1 << 20) });
    assert!(started.elapsed() < Duration::from_secs(20), "a hang");
    assert_eq!(walked.stopped, None);
    (searched, walked.notifications)
}

fn raw(name: &str, bytes: Vec<u8>) -> Written {
    Written { id: id(name.as_bytes(), 20), stored: Stored::Raw(bytes) }
}

#[test]
fn an_index_that_calls_two_objects_by_one_id_hides_neither() {
    for harmless_first in [true, false] {
        let harmless = blob(&filler(200, 1));
        let other = Written { id: harmless.id, ..blob(&[filler(200, 1), token(3)].concat()) };
        let entries = if harmless_first { [harmless, other] } else { [other, harmless] };
        let scratch = tempfile::tempdir().unwrap();
        image(&entries, IndexFormat::V2).write(scratch.path(), "a");
        let (searched, _) = walk(scratch.path());
        let found = searched.found.into_inner().unwrap();
        assert_eq!(found.get(&entries[0].id).map(BTreeSet::len), Some(1), "{harmless_first}");
    }
}

#[test]
fn each_lie_costs_one_notification() {
    let good = [filler(200, 1), token(3)].concat();
    let lie = |name: &'static str, bytes: Vec<u8>| (name, raw(name, bytes));
    let delta = |steps: &[u8], base: u64, result: u64| {
        let text = [size(base), size(result), steps.to_vec()].concat();
        [header(7, text.len() as u64), id(&good, 20).as_bytes().to_vec(), deflated(&text)].concat()
    };
    let long = good.len() as u64;
    let lies = [
        lie("a type that is none", [header(5, 3), deflated(b"abc")].concat()),
        lie("the reserved type", [header(0, 3), deflated(b"abc")].concat()),
        lie("longer than said", [header(3, 2), deflated(b"abc")].concat()),
        lie("shorter than said", [header(3, 4), deflated(b"abc")].concat()),
        lie("a terabyte", [header(3, 1 << 40), deflated(b"abc")].concat()),
        lie("a size without end", [vec![0xff; 40], deflated(b"abc")].concat()),
        lie("not deflated", [header(3, 3), b"abc".to_vec()].concat()),
        lie("a base before the pack", [header(6, 3), distance(1 << 40), deflated(b"abc")].concat()),
        lie("a base between entries", [header(6, 3), distance(1), deflated(b"abc")].concat()),
        lie("itself as its base", [header(6, 3), distance(0), deflated(b"abc")].concat()),
        lie(
            "a base that is nowhere",
            [header(7, 3), id(b"nowhere", 20).as_bytes().to_vec(), deflated(b"\0\x01x")].concat(),
        ),
        lie("a base of another length", delta(b"\x90\x05", 5, 5)),
        lie("a result of another length", delta(b"\x90\x05", long, 6)),
        lie("a result without end", delta(b"\x90\x05", long, 1 << 40)),
        lie("a large result that is not made", delta(b"\x90\x05", long, 7 << 20)),
        lie("a copy from behind the base", delta(b"\x91\xff\x05", long, 5)),
        lie("no delta", delta(b"", 1 << 62, 1 << 62)),
    ];
    for (name, lie) in lies {
        let (searched, said) = said(&[blob(&good), lie.clone(), blob(b"the next one")], 8 << 20);
        assert_eq!(searched.tally.into_inner().unwrap().objects, 2, "{name}");
        assert_eq!(searched.found.into_inner().unwrap().len(), 1, "{name}");
        assert_eq!(said.len(), 1, "{name}: {said:?}");
        assert_eq!(said[0].place, lie.id.to_string(), "{name}");
        assert_eq!(said[0].code, Code::ObjectUnreadable, "{name}");
    }
}

#[test]
fn bases_in_a_circle_are_told_and_left() {
    let ids: Vec<ObjectId> = (0..4000u32).map(|number| id(&number.to_be_bytes(), 20)).collect();
    let delta = DeltaText::of(b"x").copy(0, 1).text();
    // Pairs, one great circle, and one that is its own base; with things hanging on them.
    let base = |at: usize| match at {
        0..2000 => at ^ 1,
        2000..3999 => 2000 + (at - 2000 + 1) % 1999,
        _ => at,
    };
    let mut entries: Vec<Written> =
        (0..4000).map(|at| Written { id: ids[at], stored: Stored::Id(ids[base(at)], delta.clone()) }).collect();
    entries.extend((0..50).map(|at| Written {
        id: id(format!("hanging {at}").as_bytes(), 20),
        stored: Stored::Offset(at * 80, delta.clone()),
    }));
    entries.push(blob(&token(1)));
    let (searched, said) = said(&entries, 8 << 20);
    assert_eq!(searched.tally.into_inner().unwrap().objects, 1);
    assert!(said.len() < 50 && said.iter().all(|said| said.code == Code::ObjectUnreadable));
    let more: u64 = said.iter().filter_map(|said| said.message.split(' ').next()?.parse::<u64>().ok()).sum();
    assert_eq!(more + said.iter().filter(|said| !said.place.is_empty()).count() as u64, 4050);
}

#[test]
fn what_hangs_on_damage_is_looked_for_elsewhere() {
    let text = [filler(300, 1), token(1)].concat();
    let delta = DeltaText::of(&text).copy(0, text.len()).insert(b"\n");
    let grandchild = DeltaText::of(&delta.result).insert(&token(2)).insert(b"\n").copy(0, delta.result.len());
    let broken = Written { id: id(&text, 20), stored: Stored::Raw([header(3, 9), b"garbage".to_vec()].concat()) };
    let entries = [broken, child(0, &delta), child(1, &grandchild)];

    let (searched, told) = said(&entries, 8 << 20);
    assert_eq!(searched.found.into_inner().unwrap().len(), 0);
    assert_eq!(told.len(), 3);

    for loose_too in [false, true] {
        let scratch = tempfile::tempdir().unwrap();
        image(&entries, IndexFormat::V2).write(scratch.path(), "a");
        if loose_too {
            loosen(scratch.path(), &id(&text, 20), &text);
        } else {
            image(&[blob(&text)], IndexFormat::V2).write(scratch.path(), "b");
        }
        let (searched, walked) = walk_with(scratch.path(), 20, &limits(1, 1 << 20));
        assert_eq!(codes(&walked), []);
        assert_eq!(searched.found.into_inner().unwrap().len(), 3);
        assert_eq!(searched.seen.into_inner().unwrap().len(), 3);
    }
}

#[test]
fn objects_over_the_limit_are_left_out_and_told() {
    let big = [token(1), filler(5000, 1)].concat();
    let small = DeltaText::of(&big).copy(0, 40);
    let bigger = DeltaText::of(&big).copy(0, 5000).copy(0, 5000);
    let entries = [blob(&big), child(0, &small), child(0, &bigger), blob(&token(2))];
    let (searched, told) = said(&entries, 5040);
    assert_eq!(searched.found.into_inner().unwrap().len(), 3);
    assert_eq!(told.iter().map(|said| said.code).collect::<Vec<_>>(), [Code::ObjectTooLarge]);
    let (searched, told) = said(&entries, 5039);
    assert_eq!(searched.found.into_inner().unwrap().len(), 1);
    assert_eq!(told.iter().map(|said| said.code).collect::<Vec<_>>(), [Code::ObjectTooLarge; 3]);
}

/// A few hundred bytes of deltas that make 8 MB each, all alive at once if one lets them.
#[test]
fn deltas_that_unfold_stay_within_memory() {
    let mut text = vec![b' '; 4096];
    let mut entries = vec![blob(&text)];
    let grow = |text: &[u8]| {
        let mut delta = DeltaText::of(text);
        for _ in 0..11 {
            delta = delta.copy(0, text.len());
        }
        delta
    };
    for level in 0..3 {
        let delta = grow(&text);
        entries.push(child(level, &delta));
        text = delta.result.clone();
    }
    let last = entries.len() - 1;
    for number in 0..200u32 {
        let delta = DeltaText::of(&text).copy(0, text.len() - 4).insert(&number.to_be_bytes());
        entries.push(child(last, &delta));
    }
    let (searched, told) = said(&entries, 8 << 20);
    assert_eq!(told, []);
    assert_eq!(searched.tally.into_inner().unwrap().objects, 204);
}

#[test]
fn broken_files_are_told() {
    let entries = [blob(&token(1)), blob(&token(2))];
    let pack_len = image(&entries, IndexFormat::V2).pack.len();
    let sorted = |offsets: [u64; 2]| {
        let mut sorted: Vec<(ObjectId, u64)> = entries.iter().map(|entry| entry.id).zip(offsets).collect();
        sorted.sort_unstable();
        index(&sorted, 20, IndexFormat::V2)
    };
    type Change<'c> = Box<dyn Fn(&mut Vec<u8>, &mut Vec<u8>) + 'c>;
    let cases: Vec<(&str, Change<'_>, usize, usize)> = vec![
        ("whole", Box::new(|_, _| {}), 2, 0),
        ("no pack", Box::new(|pack, _| pack.clear()), 0, 1),
        ("no index", Box::new(|_, index| index.clear()), 0, 1),
        ("another file", Box::new(|pack, _| pack[..4].copy_from_slice(b"KCAP")), 0, 1),
        ("a version to come", Box::new(|pack, _| pack[7] = 9), 0, 1),
        ("billions claimed by the pack", Box::new(|pack, _| pack[8..12].fill(0xff)), 2, 1),
        ("billions claimed by the index", Box::new(|_, index| index[8 + 255 * 4..8 + 256 * 4].fill(0xff)), 0, 1),
        ("a fan-out that falls", Box::new(|_, index| index[8] = 1), 0, 1),
        ("cut in the last entry", Box::new(move |pack, _| pack.truncate(pack_len - 40)), 1, 1),
        ("an index cut short", Box::new(|_, index| index.truncate(1060)), 0, 1),
        ("offsets outside", Box::new(move |_, index| *index = sorted([12, 1 << 30])), 1, 1),
    ];
    for (name, change, found, told) in cases {
        let scratch = tempfile::tempdir().unwrap();
        let mut image = image(&entries, IndexFormat::V2);
        change(&mut image.pack, &mut image.index);
        image.write(scratch.path(), "a");
        let (searched, walked) = walk(scratch.path());
        assert_eq!(searched.found.into_inner().unwrap().len(), found, "{name}");
        assert_eq!(walked.notifications.len(), told, "{name}: {:?}", walked.notifications);
    }
}

#[test]
fn a_walk_stops_when_told() {
    let entries: Vec<Written> = (0..3000u32).map(|number| blob(&number.to_be_bytes())).collect();
    let scratch = tempfile::tempdir().unwrap();
    image(&entries, IndexFormat::V2).write(scratch.path(), "a");
    let searched = Searched { stop: Some(Stop::Cancelled), ..Searched::default() };
    let walked = Database::open(scratch.path(), &[], 20).walk(&limits(2, 1 << 20), &searched);
    assert_eq!(walked.stopped, Some(Stop::Cancelled));
    assert!(searched.tally.into_inner().unwrap().objects < 3000);
}

#[test]
fn files_that_go_after_they_were_opened_cost_what_was_not_read() {
    let scratch = tempfile::tempdir().unwrap();
    let pack = image(&[blob(&token(1)), blob(&token(2))], IndexFormat::V2).write(scratch.path(), "a");
    loosen(scratch.path(), &id(b"loose", 20), &token(3));
    let database = Database::open(scratch.path(), &[], 20);
    std::fs::remove_file(&pack).unwrap();
    std::fs::remove_file(pack.with_extension("idx")).unwrap();
    let name = id(b"loose", 20).to_string();
    std::fs::remove_file(scratch.path().join(&name[..2]).join(&name[2..])).unwrap();
    let searched = Searched::default();
    let walked = database.walk(&limits(2, 1 << 20), &searched);
    assert_eq!(codes(&walked), [(Code::ObjectUnreadable, name.as_str())]);
    assert_eq!(searched.found.into_inner().unwrap().len(), 2);
}
