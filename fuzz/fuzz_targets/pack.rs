//! Packs that are whole, packs that lie, and packs that were damaged.

#![no_main]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use keyrake::git::{Database, Shown, Stop, Visitor, WalkLimits};
use keyrake::model::{Below, Fresh, ObjectId};
use libfuzzer_sys::fuzz_target;

/// What the fixture takes from the crate that it is part of.
mod model {
    pub(crate) use keyrake::model::ObjectId;
}

#[path = "../../src/git/pack/fixture.rs"]
#[allow(dead_code, unreachable_pub)]
mod fixture;

use fixture::{DeltaText, IndexFormat, Stored, Written, deflated, distance, header, id, image};

#[derive(Arbitrary, Debug)]
struct Input {
    entries: Vec<Item>,
    format: u8,
    /// Place and new value, in the pack and in the index.
    pack_damage: Vec<(u16, u8)>,
    index_damage: Vec<(u16, u8)>,
    cut: Option<u16>,
    memory: u16,
    max_object: u16,
    reach: u8,
    threads: bool,
}

#[derive(Arbitrary, Debug)]
enum Item {
    Whole(u8, Vec<u8>),
    Delta {
        base: u8,
        by_id: bool,
        steps: Vec<Step>,
    },
    /// A header with any type and size, before bytes that inflate to something.
    Lie {
        kind: u8,
        size: u32,
        distance: u16,
        content: Vec<u8>,
    },
    /// A delta by id of an entry that comes later, or of nothing.
    Ahead {
        base: u8,
        text: Vec<u8>,
    },
    Raw(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Step {
    Copy(u16, u16),
    Insert(Vec<u8>),
}

static OBJECTS: LazyLock<PathBuf> = LazyLock::new(|| {
    let shared = PathBuf::from("/dev/shm");
    let root = if shared.is_dir() { shared } else { std::env::temp_dir() };
    root.join(format!("keyrake-fuzz-{}", std::process::id()))
});

fn name(number: usize) -> ObjectId {
    id(&(number as u64).to_be_bytes(), 20)
}

/// The entries, and the text of those that are sound.
fn entries(items: &[Item]) -> (Vec<Written>, Vec<Option<Vec<u8>>>) {
    let mut entries = Vec::new();
    let mut texts: Vec<Option<Vec<u8>>> = Vec::new();
    for (number, item) in items.iter().take(60).enumerate() {
        let (stored, text) = match item {
            Item::Whole(kind, bytes) => {
                (Stored::Whole([1, 3, 3, 4][usize::from(kind % 4)], bytes.clone()), Some(bytes.clone()))
            }
            Item::Delta { base, by_id, steps } if number > 0 => {
                let base = usize::from(*base) % number;
                let text = texts[base].clone().unwrap_or_default();
                let mut delta = DeltaText::of(&text);
                for step in steps.iter().take(40) {
                    delta = match step {
                        Step::Copy(from, length) if !text.is_empty() => {
                            let from = usize::from(*from) % text.len();
                            let length = usize::from(*length).min(text.len() - from);
                            if length == 0 { delta } else { delta.copy(from, length) }
                        }
                        Step::Insert(bytes) if !bytes.is_empty() => delta.insert(bytes),
                        Step::Copy(..) | Step::Insert(_) => delta,
                    };
                    if delta.result.len() > 1 << 16 {
                        break;
                    }
                }
                let text = texts[base].is_some().then(|| delta.result.clone());
                let stored =
                    if *by_id { Stored::Id(name(base), delta.text()) } else { Stored::Offset(base, delta.text()) };
                (stored, text)
            }
            Item::Delta { .. } => (Stored::Raw(Vec::new()), None),
            Item::Lie { kind, size, distance: far, content } => {
                let mut raw = header(kind % 8, u64::from(*size));
                match kind % 8 {
                    6 => raw.extend(distance(u64::from(*far))),
                    7 => raw.extend(name(usize::from(*far) % 64).as_bytes()),
                    _ => {}
                }
                raw.extend(deflated(content));
                (Stored::Raw(raw), None)
            }
            Item::Ahead { base, text } => (Stored::Id(name(usize::from(*base) % 64), text.clone()), None),
            Item::Raw(bytes) => (Stored::Raw(bytes.clone()), None),
        };
        entries.push(Written { id: name(number), stored });
        texts.push(text);
    }
    (entries, texts)
}

struct Seen(Mutex<BTreeMap<ObjectId, Vec<u8>>>, Instant);

impl Visitor for Seen {
    fn object(&self, object: Shown<'_>) -> Below {
        if let Fresh::Part { ranges, places } = object.fresh {
            assert!(places.is_sorted_by(|one, next| one < next));
            assert!(places.last().is_none_or(|last| *last < object.bytes.len()));
            assert!(ranges.iter().all(|range| range.start < range.end && range.end <= object.bytes.len()));
            assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
        let again = self.0.lock().unwrap().insert(object.id, object.bytes.to_vec());
        assert!(again.is_none(), "shown twice");
        match object.bytes.len() % 3 {
            0 => Below::Whole,
            _ => Below::Known((0..object.bytes.len()).step_by(7).collect()),
        }
    }

    fn stop(&self) -> Option<Stop> {
        (Instant::now() >= self.1).then_some(Stop::Deadline)
    }
}

fuzz_target!(|input: Input| {
    let (entries, texts) = entries(&input.entries);
    let format = [IndexFormat::V1, IndexFormat::V2, IndexFormat::V2Far][usize::from(input.format % 3)];
    let mut image = image(&entries, format);
    for (bytes, damage) in [(&mut image.pack, &input.pack_damage), (&mut image.index, &input.index_damage)] {
        for (place, value) in damage {
            let place = usize::from(*place) % bytes.len();
            bytes[place] = *value;
        }
    }
    let is_sound = input.pack_damage.is_empty() && input.index_damage.is_empty() && input.cut.is_none();
    if let Some(cut) = input.cut {
        image.pack.truncate(usize::from(cut) % image.pack.len());
    }
    image.write(&OBJECTS, "a");
    let max_object = u64::from(input.max_object).max(64) << 4;
    let limits = WalkLimits {
        max_object,
        reach: usize::from(input.reach),
        threads: NonZeroUsize::new(1 + usize::from(input.threads)),
        memory: usize::from(input.memory) << 6,
    };
    let seen = Seen(Mutex::default(), Instant::now() + Duration::from_secs(20));
    let walked = Database::open(&OBJECTS, &[], 20).walk(&limits, &seen);
    assert_eq!(walked.stopped, None, "a hang");
    let seen = seen.0.into_inner().unwrap();
    if is_sound {
        for (number, text) in texts.iter().enumerate() {
            // What has nothing fresh is not shown.
            if let (Some(text), Some(shown)) = (text, seen.get(&name(number))) {
                assert_eq!(text, shown, "entry {number}");
            }
        }
        if texts.iter().all(Option::is_some) && texts.iter().flatten().all(|text| text.len() as u64 * 2 <= max_object) {
            assert_eq!(walked.notifications, []);
        }
    }
});
