//! Archives with one member.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

/// Behind the member's own text, so that nothing is stored as it is.
const PADDING: &str = "\n# and much more that is said again and again and again\n";

fn padded(content: &[u8]) -> Vec<u8> {
    [content, PADDING.repeat(40).as_bytes()].concat()
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(content).expect("a vector takes everything");
    out.finish().expect("a vector takes everything")
}

pub(crate) fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    block[156] = b'0';
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let rest = content.len().next_multiple_of(512) - content.len();
    [&block[..], content, &vec![0; rest + 1024]].concat()
}

pub(crate) fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let content = padded(content);
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(&content).expect("a vector takes everything");
    let packed = deflate.finish().expect("a vector takes everything");
    let sizes = [crc32fast::hash(&content), packed.len() as u32, content.len() as u32].map(u32::to_le_bytes).concat();
    // Version 2.0, no flags, deflate, 1980-01-01.
    let facts = [&[20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0][..], &sizes, &(name.len() as u16).to_le_bytes(), &[0, 0]].concat();
    let local = [b"PK\x03\x04", &facts[..], name.as_bytes(), &packed].concat();
    let central = [b"PK\x01\x02\x14\x00", &facts[..], &[0; 14], name.as_bytes()].concat();
    let mut end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice()].concat();
    end.extend((central.len() as u32).to_le_bytes());
    end.extend((local.len() as u32).to_le_bytes());
    end.extend([0, 0]);
    [local, central, end].concat()
}
