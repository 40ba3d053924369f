//! Archives that lie and archives that were damaged: no panic, no more than the limits give, and nothing kept back.

#![no_main]

use std::io::{Cursor, Write as _};
use std::sync::Mutex;

use arbitrary::Arbitrary;
use keyrake::git::Tally;
use keyrake::model::{Below, Blob, Notification, Origin};
use keyrake::source::{Sink, Unpacking};
use libfuzzer_sys::fuzz_target;

/// More than this never comes out of the little that a fuzzer puts in: the limit that holds for small files, and the layers that
/// are searched as they are.
const MOST: usize = 160 << 20;

#[derive(Arbitrary, Debug)]
struct Input {
    layers: Vec<Layer>,
    content: Vec<u8>,
    damage: Vec<(u16, u8)>,
    cut: Option<u16>,
    again: bool,
}

#[derive(Arbitrary, Debug)]
enum Layer {
    Gzip,
    Bzip2,
    Stored { name: Vec<u8>, method: u8, flags: u8, lie: Option<u32> },
    Tar { name: Vec<u8>, kind: u8, lie: Option<u32> },
    Before(Vec<u8>),
}

impl Layer {
    fn around(&self, content: &[u8]) -> Vec<u8> {
        match self {
            Self::Gzip => {
                let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                out.write_all(content).unwrap();
                out.finish().unwrap()
            }
            Self::Bzip2 => {
                let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
                out.write_all(content).unwrap();
                out.finish().unwrap()
            }
            Self::Stored { name, method, flags, lie } => zip(name, *method, *flags, *lie, content),
            Self::Tar { name, kind, lie } => tar(name, *kind, *lie, content),
            Self::Before(text) => [text, content].concat(),
        }
    }
}

fn zip(name: &[u8], method: u8, flags: u8, lie: Option<u32>, content: &[u8]) -> Vec<u8> {
    let name = name.get(..20).unwrap_or(name);
    let size = lie.unwrap_or(content.len() as u32).to_le_bytes();
    let fixed = [&[20, 0, flags, 0, method, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &size, &size, &[name.len() as u8, 0]].concat();
    let mut out = [&b"PK\x03\x04"[..], &fixed, &[0, 0], name, content].concat();
    let start = out.len() as u32;
    out.extend([&b"PK\x01\x02\x14\0"[..], &fixed, &[0; 16], name].concat());
    let size = out.len() as u32 - start;
    out.extend([&b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..], &size.to_le_bytes(), &start.to_le_bytes(), &[0, 0]].concat());
    out
}

fn tar(name: &[u8], kind: u8, lie: Option<u32>, content: &[u8]) -> Vec<u8> {
    let mut block = vec![0; 512];
    let name = name.get(..99).unwrap_or(name);
    block[1..=name.len()].copy_from_slice(name);
    block[0] = b'x';
    block[124..135].copy_from_slice(format!("{:011o}", lie.map_or(content.len() as u64, u64::from)).as_bytes());
    block[148..156].fill(b' ');
    block[156] = kind;
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block.extend(content);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

#[derive(Default)]
struct Seen(Mutex<(usize, usize)>);

impl Sink for Seen {
    fn blob(&self, blob: Blob<'_>) -> Below {
        let mut seen = self.0.lock().unwrap();
        match blob.origin {
            Origin::Member { .. } => seen.1 += blob.bytes.len(),
            _ => seen.0 += 1,
        }
        Below::Known(Vec::new())
    }

    fn reach(&self) -> usize {
        usize::MAX
    }

    fn tally(&self, _: Tally) {}

    fn notify(&self, notification: Notification) {
        assert!(!notification.message.is_empty());
    }
}

fuzz_target!(|input: Input| {
    let mut bytes = input.layers.iter().take(12).fold(input.content.clone(), |inner, layer| layer.around(&inner));
    for (at, byte) in &input.damage {
        let length = bytes.len().max(1);
        if let Some(place) = bytes.get_mut(usize::from(*at) % length) {
            *place = *byte;
        }
    }
    if let Some(cut) = input.cut {
        bytes.truncate(usize::from(cut));
    }
    let seen = Seen::default();
    let unpacking = Unpacking::new(&seen);
    let origin = Origin::File { path: "f".to_owned() };
    if input.again {
        unpacking.again(&origin, &mut Cursor::new(&bytes));
    } else {
        unpacking.blob(Blob::whole(origin, &bytes));
    }
    drop(unpacking);
    let (own, unpacked) = seen.0.into_inner().unwrap();
    assert_eq!(own, usize::from(!input.again));
    assert!(unpacked <= MOST, "{unpacked} bytes");
});
