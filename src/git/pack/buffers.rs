//! The memory that objects are made in: used again and again, and counted.
//!
//! Each thread has its own pool and its own share of the budget. A buffer may be held by several frames or threads; whoever
//! lets go of it last has it back.

use std::ops::Deref;
use std::sync::Arc;

/// Buffers start at this length, so that small objects do not make them grow.
const SMALLEST: usize = 64 * 1024;

/// From this length on memory counts for more than time.
const LARGE: usize = 4 << 20;

/// The bytes of one object.
pub(super) struct Buffer {
    /// Longer than the object as a rule: what was used before need not be cleared.
    room: Vec<u8>,
    len: usize,
}

impl Buffer {
    /// Where the object is written.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        self.room.get_mut(..self.len).unwrap_or_default()
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.room.get(..self.len).unwrap_or_default()
    }
}

/// One thread's buffers.
pub(super) struct Pool {
    free: Vec<Arc<Buffer>>,
    /// Bytes of all buffers that this thread holds or keeps.
    held: usize,
    share: usize,
}

impl Pool {
    pub(super) fn new(share: usize) -> Self {
        Self { free: Vec::new(), held: 0, share }
    }

    /// Whether a buffer of this length can be had within the share.
    pub(super) fn has_room(&self, len: usize) -> bool {
        self.free.last().is_some_and(|buffer| buffer.room.len() >= len) || self.held.saturating_add(len) <= self.share
    }

    /// Whether no more is held than may be.
    pub(super) fn is_within_share(&self) -> bool {
        self.held <= self.share
    }

    /// Gives memory that is not in use back to the system.
    pub(super) fn trim(&mut self) {
        for buffer in self.free.drain(..) {
            self.held = self.held.saturating_sub(buffer.room.len());
        }
    }

    /// A buffer of this length, with anything in it.
    pub(super) fn take(&mut self, len: usize) -> Buffer {
        let mut buffer = match self.free.pop().map(Arc::try_unwrap) {
            Some(Ok(buffer)) => buffer,
            Some(Err(_)) | None => Buffer { room: Vec::new(), len: 0 },
        };
        if buffer.room.len() < len {
            self.held = self.held.saturating_sub(buffer.room.len());
            drop(std::mem::take(&mut buffer.room));
            // More than asked for, since the next version of a file is a little longer.
            let more = if len < LARGE { len / 4 } else { len / 64 };
            buffer.room = vec![0; len.max(SMALLEST).saturating_add(more)];
            self.held += buffer.room.len();
        }
        buffer.len = len;
        buffer
    }

    /// Counts a buffer that another thread handed over.
    pub(super) fn adopt(&mut self, buffer: &Buffer) {
        self.held += buffer.room.len();
    }

    /// Takes a buffer back, unless somebody else still holds it.
    pub(super) fn give(&mut self, mut buffer: Arc<Buffer>) {
        if Arc::get_mut(&mut buffer).is_some() && self.is_within_share() {
            self.free.push(buffer);
        } else {
            self.held = self.held.saturating_sub(buffer.room.len());
        }
    }
}
