//! Archives of every form, nested, lying, cut short, and made to do harm.

use std::io::Cursor;
use std::sync::Mutex;

use proptest::prelude::*;

use super::budget::{LIMITS, Limits};
use super::build::{self, Form, compress, gzip, gzip_named, header, sealed, tar, tar_entry, zip};
use super::magic::{Compression, Kind};
use super::{Content, Unpacking};
use crate::model::{Below, Blob, Code, Fresh, Notification, ObjectId, ObjectKind, Origin};
use crate::source::collect::Collected;
use crate::source::visit::{Sink, Source as _};
use crate::source::{Stdin, WINDOW};

const NPMRC: &[u8] = b"registry=x\n//r.invalid/:_authToken=planted\n";

const PACKED: [Compression; 4] = [Compression::Gzip, Compression::Bzip2, Compression::Xz, Compression::Zstd];

fn file() -> Origin {
    Origin::File { path: "f".to_owned() }
}

/// A file of a work tree that is this large would come in windows.
fn object(kind: ObjectKind) -> Origin {
    Origin::History { id: ObjectId::new(&[7; 20]).unwrap(), kind }
}

/// Members with their content, in the order in which they came.
fn members(seen: &Collected) -> Vec<(String, Vec<u8>)> {
    let blobs = seen.blobs.lock().unwrap();
    blobs
        .iter()
        .filter_map(|(origin, bytes)| match origin {
            Origin::Member { path, .. } => Some((path.clone(), bytes.clone())),
            _ => None,
        })
        .collect()
}

fn unpacked_with(limits: Limits, bytes: &[u8]) -> Collected {
    let seen = Collected::default();
    let unpacking = Unpacking { limits, ..Unpacking::new(&seen) };
    unpacking.blob(Blob::whole(file(), bytes));
    drop(unpacking);
    seen
}

fn unpacked(bytes: &[u8]) -> Collected {
    unpacked_with(LIMITS, bytes)
}

/// Paths of members that hold the npmrc, and what was said.
fn planted(seen: &Collected) -> Vec<String> {
    members(seen).into_iter().filter(|(_, bytes)| bytes == NPMRC).map(|(path, _)| path).collect()
}

fn said(seen: &Collected) -> Vec<String> {
    seen.notes.lock().unwrap().iter().map(|note| format!("{}: {}", note.code.as_str(), note.message)).collect()
}

#[test]
fn every_form_is_unpacked() {
    let one: &[(&str, &[u8])] = &[("package/readme", b"text"), ("package/.npmrc", NPMRC)];
    let stored = Form::default();
    let deflated = Form::DEFLATED;
    let mut cases = vec![
        ("tar", tar(one)),
        ("stored", zip(stored, one)),
        ("deflated", zip(deflated, one)),
        ("descriptors", zip(Form { descriptors: true, ..deflated }, one)),
        ("stored, descriptors", zip(Form { descriptors: true, ..stored }, one)),
        ("zip64", zip(Form { large: true, ..deflated }, one)),
        ("comment", zip(Form { comment: b"said PK\x05\x06 of it", ..deflated }, one)),
        ("self-extracting", [&b"#!/bin/sh\nexec x\n"[..], &zip(deflated, one)].concat()),
        ("self-extracting zip64", [&b"MZ and so on"[..], &zip(Form { large: true, ..deflated }, one)].concat()),
        ("program, comment", [&b"MZ"[..], &zip(Form { comment: b"signed", ..deflated }, one)].concat()),
        ("two streams", [gzip(&tar(one)[..700]), gzip(&tar(one)[700..])].concat()),
        ("zip in gzip", gzip(&zip(deflated, one))),
        ("skipped frame", [&b"\x50\x2a\x4d\x18\x03\0\0\0abc"[..], &compress(Compression::Zstd, &tar(one))].concat()),
    ];
    for how in [Compression::Bzip2, Compression::Xz, Compression::Zstd] {
        cases.push(("method", zip(Form { how: Some(how), ..stored }, one)));
    }
    for how in PACKED {
        cases.push(("packed tar", compress(how, &tar(one))));
    }
    for (name, bytes) in cases {
        let seen = unpacked(&bytes);
        assert_eq!(planted(&seen), ["package/.npmrc"], "{name}");
        assert!(said(&seen).is_empty(), "{name}: {:?}", said(&seen));
        let blobs = seen.blobs.lock().unwrap();
        assert!(blobs[0] == (file(), bytes.clone()), "{name}: its own bytes come first");
    }
}

#[test]
fn one_content_has_a_name_too() {
    for how in PACKED {
        assert_eq!(planted(&unpacked(&compress(how, NPMRC))), ["content"], "{how:?}");
    }
    assert_eq!(planted(&unpacked(&gzip_named("dir/.npmrc", NPMRC))), ["dir/.npmrc"]);
    assert_eq!(planted(&unpacked(&zip(Form::DEFLATED, &[("a.gz", &gzip(NPMRC))]))), ["a.gz!content"]);
}

#[test]
fn archives_in_archives_are_unpacked_too() {
    let tgz = gzip(&tar(&[("package/.npmrc", NPMRC)]));
    let gem = tar(&[("metadata.gz", &gzip(b"---")), ("data.tar.gz", &gzip(&tar(&[("lib/.npmrc", NPMRC)])))]);
    let layer = compress(
        Compression::Zstd,
        &tar(&[("root/.npmrc", NPMRC), ("app/a.jar", &zip(Form::DEFLATED, &[(".npmrc", NPMRC)]))]),
    );
    let image = tar(&[("blobs/sha256/ab", &layer), ("oci-layout", b"{}")]);
    let cases: [(&[u8], &[&str]); 4] = [
        (&zip(Form::DEFLATED, &[("dist/a.tgz", &tgz)]), &["dist/a.tgz!package/.npmrc"]),
        (&gem, &["data.tar.gz!lib/.npmrc"]),
        (&image, &["blobs/sha256/ab!root/.npmrc", "blobs/sha256/ab!app/a.jar!.npmrc"]),
        (&compress(Compression::Xz, &compress(Compression::Bzip2, &tgz)), &["package/.npmrc"]),
    ];
    for (bytes, expected) in cases {
        let seen = unpacked(bytes);
        assert_eq!(planted(&seen), expected);
        assert!(said(&seen).is_empty(), "{:?}", said(&seen));
    }
}

#[test]
fn names_are_shown_and_lead_nowhere() {
    let long = format!("{}/.npmrc", "d".repeat(150));
    let pax = |text: &str| tar_entry(b"pax", b'x', format!("{} {text}\n", text.len() + 4).as_bytes());
    let gnu = tar_entry(b"././@LongLink", b'L', format!("{long}\0").as_bytes());
    let mut prefixed = header(b".npmrc", b'0', NPMRC.len() as u64);
    prefixed[345..351].copy_from_slice(b"before");
    let prefixed = [&sealed(prefixed)[..], &tar_entry(b"", b'0', NPMRC)[512..]].concat();
    let entry = |name: &[u8]| tar_entry(name, b'0', NPMRC);
    let cases: [(Vec<u8>, &str); 8] = [
        (entry(b"/etc/npmrc"), "etc/npmrc"),
        (entry(b"../../npmrc"), "\\x2e\\x2e/\\x2e\\x2e/npmrc"),
        (entry(b"n\xffpmrc"), "n\\xffpmrc"),
        ([gnu, entry(b"short")].concat(), &long),
        ([pax("path=a/b c"), entry(b"short")].concat(), "a/b c"),
        (prefixed, "before/.npmrc"),
        ([entry(b"same"), entry(b"same")].concat(), "same same"),
        ([tar_entry(b"link", b'2', b""), entry(b"a")].concat(), "a"),
    ];
    for (bytes, expected) in cases {
        let seen = unpacked(&bytes);
        assert_eq!(planted(&seen).join(" "), expected);
        assert!(said(&seen).is_empty(), "{expected}: {:?}", said(&seen));
    }
    let twice = zip(Form::DEFLATED, &[("same", NPMRC), ("same", NPMRC), ("../x", NPMRC), ("C:\\x", NPMRC)]);
    assert_eq!(planted(&unpacked(&twice)), ["same", "same", "\\x2e\\x2e/x", "C:\\x"]);
}

#[test]
fn oddities_of_tar_cost_no_other_member() {
    let entry = |name: &[u8]| tar_entry(name, b'0', NPMRC);
    let mut sparse = header(b"sparse", b'S', NPMRC.len() as u64);
    sparse[482] = 1;
    let sparse = [&sealed(sparse)[..], &[0; 512], &entry(b"")[512..]].concat();
    let mut large = header(b"large", b'0', 0);
    large[124..136].copy_from_slice(&[&[0x80, 0, 0, 0][..], &(NPMRC.len() as u64).to_be_bytes()].concat());
    let large = [&sealed(large)[..], &entry(b"")[512..]].concat();
    let mut old = header(b"old", 0, NPMRC.len() as u64);
    old[257..265].fill(0);
    let old = [&sealed(old)[..], &entry(b"")[512..]].concat();
    let pax = [
        tar_entry(b"pax", b'x', format!("11 size={}\n", NPMRC.len()).as_bytes()),
        header(b"pax", b'0', 0).to_vec(),
        entry(b"")[512..].to_vec(),
    ]
    .concat();
    let cases: [(&str, Vec<u8>, &[&str]); 6] = [
        ("sparse", sparse, &["sparse", "a"]),
        ("binary size", large, &["large", "a"]),
        ("of 1979", old, &["old", "a"]),
        ("size in an extended header", pax, &["pax", "a"]),
        ("a comment on all", tar_entry(b"pax_global_header", b'g', b"13 comment=x\n"), &["a"]),
        ("one after another", tar(&[("z", NPMRC)]), &["z", "a"]),
    ];
    for (name, bytes, expected) in cases {
        let seen = unpacked(&[bytes, entry(b"a")].concat());
        assert_eq!(planted(&seen), expected, "{name}");
        assert!(said(&seen).is_empty(), "{name}: {:?}", said(&seen));
    }
    assert!(
        said(&unpacked(&tar_entry(b"pax_global_header", b'g', b"13 comment=x\n"))).is_empty(),
        "nothing but a comment"
    );
}

#[test]
fn what_makes_no_sense_is_searched_as_it_is() {
    let entry = |name: &[u8]| tar_entry(name, b'0', NPMRC);
    let junk = [b"needle".repeat(200), vec![b'x'; 512 * 3 - 1200]].concat();
    let broken = [entry(b"a"), junk, entry(b"b")].concat();
    for (bytes, around) in [(broken.clone(), 1), (gzip(&broken), 0)] {
        let seen = unpacked(&bytes);
        assert_eq!(planted(&seen), ["a", "b"]);
        assert_eq!((seen.count("needle") / 200, seen.codes()), (1, vec![Code::ArchiveDamaged]), "{around}");
    }
    for start in [&b"\x1f\x8b\x08\0"[..], b"PK\x03\x04", b"BZh91AY&SY", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"] {
        let text = [start, &b"needle and thread ".repeat(20_000)].concat();
        let outer = unpacked(&text);
        assert_eq!(outer.count("needle"), 20_000, "{start:?}");
        assert_eq!(outer.codes(), [Code::ArchiveDamaged], "{start:?}");
        let inner = unpacked(&gzip(&text));
        assert!(inner.count("needle") >= 20_000, "{start:?}: {}", inner.count("needle"));
        assert_eq!(inner.codes(), [Code::ArchiveDamaged], "{start:?}");
    }
    let stdin = Collected::default();
    Stdin::new(&gzip(NPMRC)[..]).visit(&Unpacking::new(&stdin)).unwrap();
    assert_eq!(planted(&stdin), ["content"]);
}

#[test]
fn a_lost_directory_leaves_the_members() {
    let many: &[(&str, &[u8])] = &[("a", NPMRC), ("b", NPMRC), ("c", NPMRC)];
    for form in [Form::DEFLATED, Form { descriptors: true, ..Form::DEFLATED }, Form::default()] {
        let whole = zip(form, many);
        let directory = memchr::memmem::find(&whole, b"PK\x01\x02").unwrap();
        let seen = unpacked(&whole[..directory]);
        assert_eq!(
            (planted(&seen), seen.codes()),
            (vec!["a".to_owned(), "b".to_owned(), "c".to_owned()], vec![Code::ArchiveDamaged])
        );
        let mut overwritten = whole.clone();
        let second = memchr::memmem::find_iter(&whole, b"PK\x01\x02").nth(1).unwrap();
        overwritten[second] = b'x';
        let seen = unpacked(&overwritten);
        assert_eq!((planted(&seen).len(), seen.codes()), (3, vec![Code::ArchiveDamaged]));
    }
}

#[test]
fn what_is_encrypted_or_unknown_is_said_once() {
    let form = Form { encrypted: true, ..Form::DEFLATED };
    let seen = unpacked(&zip(form, &[("a", NPMRC), ("b", NPMRC)]));
    assert_eq!(said(&seen), ["archive-encrypted: 2 members are encrypted and not searched (first at a)"]);
    let seen = unpacked(&zip(Form { how: Some(Compression::Gzip), ..Form::default() }, &[("a", NPMRC)]));
    assert_eq!(said(&seen), ["archive-unsupported: 1 member is compressed in a way that cannot be unpacked (at a)"]);
}

/// Archives at every depth, with text beside each.
fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(NPMRC.to_vec(), |inner, _| zip(Form::DEFLATED, &[("z", &inner), (".npmrc", NPMRC)]))
}

#[test]
fn depth_is_limited() {
    assert!(said(&unpacked(&nested(8))).is_empty());
    let seen = unpacked(&nested(9));
    let nine = "archive-limited: the archive was not unpacked whole: archives inside each other more than 8 deep (at z!z!z!z!z!z!z!z)";
    assert_eq!(said(&seen), [nine]);
    assert_eq!(planted(&seen).len(), 8);
}

#[test]
fn an_archive_that_holds_itself_ends() {
    // Russ Cox's gzip that unpacks to itself, as its construction makes it: a literal block that copies what comes next.
    // Any content that begins like an archive at every layer does as well here.
    let mut layers = gzip(NPMRC);
    for _ in 0..50 {
        layers = gzip(&layers);
    }
    let seen = unpacked(&layers);
    assert_eq!(seen.codes(), [Code::ArchiveLimited]);
    assert_eq!(seen.blobs.lock().unwrap().len(), 2, "the outermost and the innermost that was reached");
}

/// A zip whose directory names its one member many times.
fn repeated(members: usize, content: &[u8]) -> Vec<u8> {
    let one = zip(Form::DEFLATED, &[("a", content)]);
    let directory = memchr::memmem::rfind(&one, b"PK\x01\x02").unwrap();
    let end = memchr::memmem::rfind(&one, b"PK\x05\x06").unwrap();
    let mut out = one[..directory].to_vec();
    out.extend(one[directory..end].repeat(members));
    let size = u32::try_from((end - directory) * members).unwrap();
    out.extend(&one[end..end + 12]);
    out.extend(size.to_le_bytes());
    out.extend(u32::try_from(directory).unwrap().to_le_bytes());
    out.extend([0, 0]);
    out
}

#[test]
fn a_content_is_unpacked_once_however_often_the_directory_names_it() {
    let seen = unpacked(&repeated(100_000, NPMRC));
    assert_eq!((planted(&seen), said(&seen)), (vec!["a".to_owned()], Vec::new()));
}

#[test]
fn a_length_that_lies_hides_nothing_that_another_entry_names() {
    let mut twice = repeated(2, NPMRC);
    let first = memchr::memmem::find(&twice, b"PK\x01\x02").unwrap();
    twice[first + 20..first + 24].copy_from_slice(&3_u32.to_le_bytes());
    assert!(planted(&unpacked(&twice)).contains(&"a".to_owned()));
}

#[test]
fn members_that_the_directory_misses_are_found() {
    let whole = zip(Form::DEFLATED, &[("a", NPMRC), ("b", NPMRC), ("c", NPMRC)]);
    let place = memchr::memmem::find_iter(&whole, b"PK\x01\x02").nth(1).unwrap() + 42;
    for wrong in [1, u32::MAX - 1, u32::try_from(whole.len()).unwrap()] {
        let mut misled = whole.clone();
        misled[place..place + 4].copy_from_slice(&wrong.to_le_bytes());
        let seen = unpacked(&misled);
        assert_eq!(
            (planted(&seen), seen.codes()),
            (vec!["a".to_owned(), "c".to_owned(), "b".to_owned()], vec![Code::ArchiveDamaged]),
            "{wrong}"
        );
    }
}

#[test]
fn so_many_members_are_too_many() {
    let seen = Counted::default();
    let bytes = zip(Form::default(), &vec![("a", b"x".as_slice()); 600_000]);
    Unpacking::new(&seen).blob(Blob::whole(object(ObjectKind::Blob), &bytes));
    assert_eq!(*seen.members.lock().unwrap(), (500_000, 500_000));
    let notes = seen.notes.lock().unwrap();
    assert_eq!((notes.len(), notes[0].code), (1, Code::ArchiveLimited));
    assert!(notes[0].message.contains("more than 500000 members"), "{}", notes[0].message);
}

/// Counts members and their bytes, and does not keep them.
#[derive(Default)]
struct Counted {
    members: Mutex<(u64, u64)>,
    notes: Mutex<Vec<Notification>>,
}

impl Sink for Counted {
    fn blob(&self, blob: Blob<'_>) -> Below {
        assert!(blob.bytes.len() <= WINDOW || matches!(blob.origin, Origin::History { .. }));
        if let Origin::Member { .. } = blob.origin {
            let mut members = self.members.lock().unwrap();
            members.0 += u64::from(blob.start.offset == 0);
            members.1 += blob.bytes.len() as u64;
        }
        Below::Whole
    }

    fn reach(&self) -> usize {
        usize::MAX
    }

    fn tally(&self, _: crate::git::Tally) {}

    fn notify(&self, notification: Notification) {
        self.notes.lock().unwrap().push(notification);
    }
}

#[test]
fn bombs_go_off_within_bounds() {
    let zeros = vec![0; 20 << 20];
    let limits = Limits { total: 30 << 20, free: 1 << 20, held: 1 << 20, ..LIMITS };
    let floor = gzip(&vec![0; 2 << 20]);
    let mut lying = header(b"a", b'0', u64::MAX >> 31).to_vec();
    lying.extend(NPMRC);
    let noise: Vec<u8> = (0..2_u32 << 20).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let cases: [(&str, Vec<u8>, &str); 7] = [
        ("ratio", gzip(&zeros), "unpacks to more than 250 times its size"),
        ("ratio in layers", zip(Form::DEFLATED, &[("a", &gzip(&zeros))]), "unpacks to more than 250 times its size"),
        ("many", zip(Form::DEFLATED, &vec![("a", &zeros[..1 << 20]); 100]), "more than 31457280 bytes unpacked"),
        (
            "total",
            zip(Form::default(), &[("a", &noise), ("b", &noise), ("c", &noise), ("d", &noise)]),
            "more than 31457280 bytes unpacked",
        ),
        ("member", tar(&[("a", &noise), ("b", NPMRC)]), "a member of more than 4194304 bytes (at a)"),
        ("held", gzip(&zip(Form::default(), &[("a", &noise[..2 << 20])])), "a zip of more than 1048576 bytes"),
        ("42", zip(Form::default(), &[("a", floor.as_slice()); 50]), "unpack"),
    ];
    for (name, bytes, expected) in cases {
        let seen = Counted::default();
        let limits = match name {
            "member" => Limits { member: 4 << 20, ..limits },
            "many" => Limits { ratio: u64::MAX, ..limits },
            _ => limits,
        };
        let unpacking = Unpacking { limits, ..Unpacking::new(&seen) };
        unpacking.blob(Blob::whole(object(ObjectKind::Blob), &bytes));
        let notes = seen.notes.lock().unwrap();
        assert_eq!(notes.iter().map(|note| note.code).collect::<Vec<_>>(), [Code::ArchiveLimited], "{name}");
        assert!(notes[0].message.contains(expected), "{name}: {}", notes[0].message);
        assert!(seen.members.lock().unwrap().1 <= 40 << 20, "{name}");
    }
    let seen = unpacked(&lying);
    assert_eq!((seen.count("planted"), seen.codes()), (2, vec![Code::ArchiveDamaged]));
}

#[test]
fn what_many_files_may_unpack_to_beyond_their_size_is_shared() {
    let limits = Limits { ratio: 10, free: 1 << 20, shared: 3 << 20, ..LIMITS };
    let (bomb, seen) = (gzip(&vec![0; 2 << 20]), Counted::default());
    let unpacking = Unpacking { limits, ..Unpacking::new(&seen) };
    for _ in 0..10 {
        unpacking.blob(Blob::whole(object(ObjectKind::Blob), &bomb));
    }
    let least = bomb.len() as u64 * 10;
    let unpacked = seen.members.lock().unwrap().1;
    assert!(unpacked > 3 << 20 && unpacked < (4 << 20) + 10 * least, "{unpacked}");
    assert_eq!(seen.notes.lock().unwrap().len(), 10);
}

#[test]
fn memory_that_a_decompressor_asks_for_is_limited() {
    let mut xz = compress(Compression::Xz, NPMRC);
    // The dictionary's size in the block's header: 4 GB, and the header's checksum made right again.
    let length = (usize::from(xz[12]) + 1) * 4;
    let property = 12 + memchr::memmem::find(&xz[12..12 + length], b"\x21\x01").unwrap() + 2;
    xz[property] = 40;
    let sum = crc32fast::hash(&xz[12..12 + length - 4]).to_le_bytes();
    xz[12 + length - 4..12 + length].copy_from_slice(&sum);
    let zstd = [&b"\x28\xb5\x2f\xfd\x00"[..], &[0xa8], &[0; 20]].concat();
    for bytes in [xz, zstd] {
        let seen = unpacked(&bytes);
        assert!(said(&seen)[0].contains("more than 134217728 bytes of memory"), "{:?}", said(&seen));
    }
}

#[test]
fn large_members_and_large_files_go_in_windows() {
    let mut large = vec![b'.'; WINDOW * 2];
    large.extend(NPMRC);
    let bytes = gzip(&tar(&[("large", &large), ("a", NPMRC)]));
    let seen = unpacked(&bytes);
    let found = members(&seen);
    assert!(found.iter().all(|(_, bytes)| bytes.len() <= WINDOW));
    assert_eq!((seen.count("planted"), found.last().unwrap().0.as_str()), (2, "a"));

    let scratch = crate::git::fixture::Scratch::empty();
    let noise: Vec<u8> = (0..3_u32 << 20).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    for (name, bytes) in [
        ("zip", zip(Form::default(), &[("noise", &noise), (".npmrc", NPMRC)])),
        ("tar", tar(&[("noise", &noise), (".npmrc", NPMRC)])),
        ("gzip", gzip(&tar(&[("noise", &noise), (".npmrc", NPMRC)]))),
        (
            "self-extracting",
            [&b"#!/bin/sh\n"[..], &zip(Form::default(), &[("noise", &noise), (".npmrc", NPMRC)])].concat(),
        ),
    ] {
        scratch.write(name, &bytes);
        let seen = Collected::default();
        crate::source::Directory::new(scratch.file(name), None).visit(&Unpacking::new(&seen)).unwrap();
        assert_eq!(planted(&seen), [".npmrc"], "{name}");
        let seen = Collected::default();
        Stdin::new(&bytes[..]).visit(&Unpacking::new(&seen)).unwrap();
        let by_beginning = Kind::of_head(&bytes).is_some();
        assert_eq!(planted(&seen).len(), usize::from(by_beginning), "{name} on standard input");
    }
}

#[test]
fn an_archive_is_unpacked_whole_whatever_of_it_is_new() {
    let bytes = tar(&[(".npmrc", NPMRC)]);
    let seen = Collected::default();
    let unpacking = Unpacking::new(&seen);
    let blob = |kind| Blob { fresh: Fresh::Part { ranges: &[], places: &[] }, ..Blob::whole(object(kind), &bytes) };
    unpacking.blob(blob(ObjectKind::Blob));
    unpacking.blob(blob(ObjectKind::Commit));
    assert_eq!(planted(&seen), [".npmrc"]);
    drop(unpacking);
}

/// One of each, small.
fn samples() -> Vec<Vec<u8>> {
    let tgz = gzip(&tar(&[("a/.npmrc", NPMRC)]));
    let mut samples = vec![
        zip(Form::DEFLATED, &[("a.tgz", &tgz), ("b", NPMRC)]),
        zip(Form { large: true, ..Form::default() }, &[("a.tgz", &tgz)]),
        zip(Form { descriptors: true, ..Form::DEFLATED }, &[("a", NPMRC), ("b", NPMRC)]),
        tar(&[("a.zip", &zip(Form::DEFLATED, &[("a", NPMRC)])), ("b", NPMRC)]),
        gzip_named("named", NPMRC),
    ];
    samples.extend(PACKED.map(|how| compress(how, &tar(&[("a", NPMRC)]))));
    samples.extend(
        [Compression::Xz, Compression::Zstd, Compression::Bzip2]
            .map(|how| zip(Form { how: Some(how), ..Form::default() }, &[("a", NPMRC)])),
    );
    samples
}

#[test]
fn cut_anywhere_it_costs_one_note_of_a_sort() {
    for bytes in samples() {
        for length in 0..bytes.len() {
            let mut codes = unpacked(&bytes[..length]).codes();
            let all = codes.len();
            codes.dedup();
            assert_eq!(codes.len(), all, "{length}");
        }
    }
}

proptest! {
    #[test]
    fn damaged_anywhere_it_does_not_panic(which in 0_usize..12, damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let samples = samples();
        let mut bytes = samples[which % samples.len()].clone();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let seen = unpacked(&bytes);
        prop_assert!(seen.codes().len() <= 4);
        let again = Collected::default();
        Unpacking::new(&again).again(&file(), &mut Cursor::new(&bytes) as &mut dyn Content);
    }

    #[test]
    fn ordinary_text_is_no_archive(text in "[ -~\\n]{0,2000}") {
        prop_assert!(Kind::of_whole(text.as_bytes()).is_none() || text.starts_with("PK"));
    }
}

#[test]
fn headers_are_told_from_text() {
    assert!(super::tar::is_header(&build::tar(&[("a", b"")])));
    assert!(!super::tar::is_header(&[b'0'; 512]));
    assert!(!super::tar::is_header(&[b' '; 512]));
    assert!(!super::tar::is_header(&[0; 512]));
}
