//! Archives of every sort, made for tests.

use std::io::Write as _;

use super::magic::Compression;

pub(super) fn compress(how: Compression, content: &[u8]) -> Vec<u8> {
    match how {
        Compression::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            out.write_all(content).unwrap();
            out.finish().unwrap()
        }
        Compression::Deflate => {
            let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
            out.write_all(content).unwrap();
            out.finish().unwrap()
        }
        Compression::Bzip2 => {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
            out.write_all(content).unwrap();
            out.finish().unwrap()
        }
        Compression::Xz => {
            let mut out = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(3)).unwrap();
            out.write_all(content).unwrap();
            out.finish().unwrap()
        }
        Compression::Zstd => ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest),
    }
}

pub(super) fn gzip(content: &[u8]) -> Vec<u8> {
    compress(Compression::Gzip, content)
}

pub(super) fn gzip_named(name: &str, content: &[u8]) -> Vec<u8> {
    let builder = flate2::GzBuilder::new().filename(name).extra(b"abcd".to_vec());
    let mut out = builder.write(Vec::new(), flate2::Compression::default());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

/// A header of tar for content of this size, and its checksum.
pub(super) fn header(name: &[u8], kind: u8, size: u64) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    sealed(block)
}

pub(super) fn sealed(mut block: [u8; 512]) -> [u8; 512] {
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

pub(super) fn tar_entry(name: &[u8], kind: u8, content: &[u8]) -> Vec<u8> {
    let mut out = header(name, kind, content.len() as u64).to_vec();
    out.extend(content);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

pub(super) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out: Vec<u8> =
        members.iter().flat_map(|(name, content)| tar_entry(name.as_bytes(), b'0', content)).collect();
    out.resize(out.len() + 1024, 0);
    out
}

/// How a zip is made.
#[derive(Clone, Copy, Default)]
pub(super) struct Form {
    pub(super) how: Option<Compression>,
    /// Sizes stand behind the content.
    pub(super) descriptors: bool,
    /// Sizes of eight bytes.
    pub(super) large: bool,
    pub(super) encrypted: bool,
    /// A comment at the end.
    pub(super) comment: &'static [u8],
}

impl Form {
    pub(super) const DEFLATED: Self =
        Self { how: Some(Compression::Deflate), descriptors: false, large: false, encrypted: false, comment: b"" };
}

pub(super) fn zip(form: Form, members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let method: u16 = match form.how {
        None => 0,
        Some(Compression::Deflate) => 8,
        Some(Compression::Bzip2) => 12,
        Some(Compression::Zstd) => 93,
        Some(Compression::Xz) => 95,
        Some(Compression::Gzip) => 77,
    };
    let flags = u16::from(form.encrypted) | u16::from(form.descriptors) << 3;
    for (name, content) in members {
        let packed = form.how.map_or_else(|| content.to_vec(), |how| compress(how, content));
        let at = out.len() as u64;
        let sizes = [packed.len() as u64, content.len() as u64];
        let short = |number: u64| if form.large { u32::MAX } else { u32::try_from(number).unwrap() };
        let fixed = |sizes: [u32; 2]| {
            let mut bytes = [&20_u16.to_le_bytes()[..], &flags.to_le_bytes(), &method.to_le_bytes(), &[0; 8]].concat();
            bytes.extend(sizes.iter().flat_map(|size| size.to_le_bytes()));
            bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            bytes
        };
        out.extend(b"PK\x03\x04");
        out.extend(fixed(if form.descriptors { [0, 0] } else { sizes.map(short) }));
        out.extend([0, 0]);
        out.extend(name.as_bytes());
        out.extend(&packed);
        if form.descriptors {
            out.extend(b"PK\x07\x08\0\0\0\0");
            out.extend(sizes.iter().flat_map(|size| u32::try_from(*size).unwrap().to_le_bytes()));
        }
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(fixed(sizes.map(short)));
        let extra = if form.large {
            [&[9, 0, 1, 0, b'x', 1, 0, 24, 0][..], &sizes[1].to_le_bytes(), &sizes[0].to_le_bytes(), &at.to_le_bytes()]
                .concat()
        } else {
            Vec::new()
        };
        directory.extend(u16::try_from(extra.len()).unwrap().to_le_bytes());
        directory.extend([0; 10]);
        directory.extend(short(at).to_le_bytes());
        directory.extend(name.as_bytes());
        directory.extend(extra);
    }
    let (start, size) = (out.len() as u64, directory.len() as u64);
    out.extend(directory);
    if form.large {
        let at = out.len() as u64;
        out.extend(b"PK\x06\x06");
        out.extend(44_u64.to_le_bytes());
        out.extend([0; 12]);
        out.extend([members.len() as u64, members.len() as u64, size, start].iter().flat_map(|n| n.to_le_bytes()));
        out.extend(b"PK\x06\x07\0\0\0\0");
        out.extend(at.to_le_bytes());
        out.extend([1, 0, 0, 0]);
    }
    let short = |number: u64| if form.large { u32::MAX } else { u32::try_from(number).unwrap() };
    out.extend(b"PK\x05\x06\0\0\0\0");
    let count = u16::try_from(members.len()).unwrap_or(u16::MAX).to_le_bytes();
    out.extend([count, count].concat());
    out.extend([short(size).to_le_bytes(), short(start).to_le_bytes()].concat());
    out.extend(u16::try_from(form.comment.len()).unwrap().to_le_bytes());
    out.extend(form.comment);
    out
}
