//! The decompressors, and the readers around them.
//!
//! What comes in: compressed bytes. What goes out: the content, as a reader that never fails: whatever goes wrong is its end, and
//! the account says so. What it must never do: take more memory than is allowed, whatever the bytes ask for.

use std::io::{self, BufRead, Cursor, ErrorKind, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::budget::{Budget, Cause, MEMORY};
use super::magic::Compression;

/// Bytes of compressed input that are kept, in case they turn out to be none.
const KEPT: usize = 64 << 10;

impl Compression {
    /// Reads the content of what `input` holds, several one after another as one.
    pub(super) fn decoder<'i>(self, input: &'i mut dyn BufRead) -> Box<dyn Read + 'i> {
        match self {
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
            Self::Deflate => Box::new(flate2::bufread::DeflateDecoder::new(input)),
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(input)),
            Self::Xz => {
                let limit = u32::try_from(MEMORY / 1024).unwrap_or(u32::MAX);
                Box::new(lzma_rust2::XzReader::new_mem_limit(input, true, limit))
            }
            Self::Zstd => Box::new(Frames::new(input)),
        }
    }
}

/// The frames of zstd, those without content skipped.
struct Frames<'i> {
    input: &'i mut dyn BufRead,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<'i> Frames<'i> {
    fn new(input: &'i mut dyn BufRead) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MEMORY);
        Self { input, decoder, in_frame: false }
    }

    /// Goes on to the next frame, or past one that is to be skipped.
    fn begin(&mut self) -> io::Result<()> {
        match self.decoder.init(&mut self.input) {
            Ok(()) => self.in_frame = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                let skipped = io::copy(&mut (&mut *self.input).take(u64::from(length)), &mut io::sink())?;
                if skipped < u64::from(length) {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
            }
            Err(FrameDecoderError::WindowSizeTooBig { .. }) => return Err(ErrorKind::OutOfMemory.into()),
            Err(error) => return Err(io::Error::other(error)),
        }
        Ok(())
    }
}

impl Read for Frames<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.in_frame {
                if self.input.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                self.begin()?;
                continue;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.input, one).map_err(io::Error::other)?;
            }
            let read = self.decoder.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            self.in_frame = false;
        }
    }
}

/// What a decompressor makes, counted; its failure is kept and is its end.
pub(super) struct Metered<'b, R> {
    inner: R,
    budget: &'b Budget,
    failure: Option<Cause>,
}

impl<'b, R: Read> Metered<'b, R> {
    pub(super) fn new(inner: R, budget: &'b Budget) -> Self {
        Self { inner, budget, failure: None }
    }

    /// What went wrong.
    pub(super) fn failure(&self) -> Option<Cause> {
        self.failure
    }

    fn some(&mut self, out: &mut [u8]) -> usize {
        match self.inner.read(out) {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => self.some(out),
            Err(error) => {
                self.failure = Some(match error.kind() {
                    ErrorKind::OutOfMemory => Cause::Memory,
                    ErrorKind::Unsupported => Cause::Unsupported,
                    _ => Cause::Damaged,
                });
                0
            }
        }
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.failure.is_some() || self.budget.is_spent() || out.is_empty() {
            return Ok(0);
        }
        let room = usize::try_from(self.budget.room()).unwrap_or(usize::MAX);
        if room == 0 {
            if self.some(&mut [0]) > 0 {
                self.budget.overdrawn();
            }
            return Ok(0);
        }
        let length = out.len().min(room);
        let read = self.some(out.get_mut(..length).unwrap_or_default());
        self.budget.unpacked(read);
        Ok(read)
    }
}

/// Input that can be had again from its beginning, unless much of it has been used.
pub(super) struct Kept<R> {
    inner: R,
    kept: Vec<u8>,
    overflown: bool,
}

impl<R: BufRead> Kept<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, kept: Vec::new(), overflown: false }
    }

    /// Everything, or, where more has been used than was kept, what has not been used.
    pub(super) fn again(self) -> impl Read {
        let kept = if self.overflown { Vec::new() } else { self.kept };
        Cursor::new(kept).chain(self.inner)
    }
}

impl<R: BufRead> Read for Kept<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Kept<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, used: usize) {
        if !self.overflown {
            let bytes = self.inner.fill_buf().ok().and_then(|bytes| bytes.get(..used)).unwrap_or_default();
            if self.kept.len() + bytes.len() > KEPT {
                self.overflown = true;
                self.kept = Vec::new();
            } else {
                self.kept.extend_from_slice(bytes);
            }
        }
        self.inner.consume(used);
    }
}
