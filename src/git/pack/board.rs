//! Shares the walk among threads: first the roots in small lots, then, when those are gone, branches of the trees that
//! others are still busy with.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Roots handed out at once.
const LOT: usize = 32;

/// What a thread does next.
pub(super) enum Work<B> {
    /// These roots of this pack.
    Roots(usize, Range<usize>),
    /// These of the loose objects.
    Loose(Range<usize>),
    /// What another thread gave away.
    Branch(B),
}

pub(super) struct Board<B> {
    lots: Vec<Lot>,
    next: AtomicUsize,
    threads: usize,
    state: Mutex<State<B>>,
    change: Condvar,
    /// Threads that wait and for which nothing has been offered yet: what `state` says, to be read without its lock.
    hungry: AtomicUsize,
    closed: AtomicBool,
}

enum Lot {
    Roots(usize, Range<usize>),
    Loose(Range<usize>),
}

struct State<B> {
    offers: Vec<B>,
    waiting: usize,
}

impl<B> Board<B> {
    /// `roots` says how many roots each pack has, `loose` how many loose objects there are.
    pub(super) fn new(roots: impl Iterator<Item = usize>, loose: usize, threads: usize) -> Self {
        let lots = |count: usize| (0..count).step_by(LOT).map(move |first| first..count.min(first + LOT));
        let roots = roots.enumerate().flat_map(|(pack, count)| lots(count).map(move |lot| Lot::Roots(pack, lot)));
        let lots = roots.chain(lots(loose).map(Lot::Loose)).collect();
        Self {
            lots,
            next: AtomicUsize::new(0),
            threads,
            state: Mutex::new(State { offers: Vec::new(), waiting: 0 }),
            change: Condvar::new(),
            hungry: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        }
    }

    /// The next piece of work; `None` once nobody has any, or the board is closed. Waits while others may still offer some.
    pub(super) fn take(&self) -> Option<Work<B>> {
        if self.is_closed() {
            return None;
        }
        match self.lots.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            Some(Lot::Roots(pack, roots)) => return Some(Work::Roots(*pack, roots.clone())),
            Some(Lot::Loose(loose)) => return Some(Work::Loose(loose.clone())),
            None => {}
        }
        let mut state = self.state();
        state.waiting += 1;
        if state.waiting == self.threads && state.offers.is_empty() {
            self.closed.store(true, Ordering::Relaxed);
            self.change.notify_all();
        }
        loop {
            if self.is_closed() {
                return None;
            }
            if let Some(branch) = state.offers.pop() {
                state.waiting -= 1;
                self.count(&state);
                return Some(Work::Branch(branch));
            }
            self.count(&state);
            state = self.change.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether a thread is out of work.
    pub(super) fn is_hungry(&self) -> bool {
        self.hungry.load(Ordering::Relaxed) > 0
    }

    /// Gives work away.
    pub(super) fn offer(&self, branch: B) {
        let mut state = self.state();
        state.offers.push(branch);
        self.count(&state);
        self.change.notify_one();
    }

    /// Ends the walk: nobody gets any more work.
    pub(super) fn close(&self) {
        let _state = self.state(); // nobody is between looking and waiting
        self.closed.store(true, Ordering::Relaxed);
        self.change.notify_all();
    }

    /// Whether the walk has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn count(&self, state: &State<B>) {
        self.hungry.store(state.waiting.saturating_sub(state.offers.len()), Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State<B>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the board when a thread dies, so that the others do not wait for it.
pub(super) struct Seat<'b, B>(pub(super) &'b Board<B>);

impl<B> Drop for Seat<'_, B> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    /// Threads split a tree of work as deep as its numbers: all of it is done, once, and everybody stops.
    #[test]
    fn all_work_is_done_once() {
        for threads in [1, 2, 5] {
            let board: Board<u32> = Board::new([0, 70, 1].into_iter(), 5, threads);
            let (roots, branches) = (AtomicU64::new(0), AtomicU64::new(0));
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        let _seat = Seat(&board);
                        while let Some(work) = board.take() {
                            let depth = match work {
                                Work::Roots(pack, lot) => {
                                    assert!(lot.len() <= LOT && (pack == 1 || lot == (0..1)));
                                    roots.fetch_add(lot.len() as u64, Ordering::Relaxed);
                                    10
                                }
                                Work::Loose(lot) => {
                                    assert_eq!(lot, 0..5);
                                    10
                                }
                                Work::Branch(depth) => {
                                    branches.fetch_add(1, Ordering::Relaxed);
                                    depth
                                }
                            };
                            for below in 0..depth {
                                board.offer(below);
                            }
                        }
                    });
                }
            });
            assert_eq!(roots.into_inner(), 71);
            assert_eq!(branches.into_inner(), 5 * 1023);
        }
    }

    #[test]
    fn a_thread_that_dies_leaves_nobody_waiting() {
        let board: Board<()> = Board::new([1].into_iter(), 0, 2);
        let died = std::thread::scope(|scope| {
            let dies = scope.spawn(|| {
                let _seat = Seat(&board);
                let _lot = board.take();
                panic!("on purpose");
            });
            scope.spawn(|| while board.take().is_some() {});
            dies.join()
        });
        assert!(died.is_err());
    }
}
