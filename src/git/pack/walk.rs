//! The walk of one thread: down each tree, depth first, every entry made once from its parent's bytes.
//!
//! A frame is an entry that has been made and whose children are under way. The child with most below it comes last and takes
//! its parent's place, so that as many objects are held at once as the logarithm of a tree's size, not as its depth. Past the
//! memory budget the lowest frames let go of their bytes, to be made anew when their next child's turn comes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::board::{Board, Work};
use super::buffers::{Buffer, Pool};
use super::damage::Damage;
use super::file::Content;
use super::forest::Node;
use super::single::{Bench, Library, Packed};
use super::trouble::Troubles;
use super::{Object, Tally, Tree, Visitor};
use crate::git::Kind;
use crate::model::{Below, Fresh, ObjectId, ObjectKind};

/// Objects between two looks at the clock and two handings-over of the tally.
const BATCH: u32 = 256;

/// What the threads of one walk share.
pub(super) struct Shared<'w, V> {
    pub(super) library: Library<'w>,
    pub(super) visitor: &'w V,
    /// Whether trees are shown, and nothing else.
    pub(super) seeks_trees: bool,
    pub(super) board: Board<Branch>,
    pub(super) troubles: Troubles,
    pub(super) clock: Clock,
    /// Held by the one thread that needs more memory than its share.
    pub(super) heavy: Mutex<()>,
}

/// When to stop before the end.
pub(super) struct Clock {
    /// What may be spent, in bytes made.
    pub(super) allowance: u64,
    pub(super) spent: AtomicU64,
    pub(super) stopped: Mutex<Option<Stop>>,
}

/// Why a walk ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It was asked to.
    Cancelled,
    /// Its time was over.
    Deadline,
    /// The packs unfold to more than anybody writes in earnest.
    Unfolding,
}

/// The bytes of a frame.
enum Base {
    /// At hand.
    Held(Arc<Buffer>),
    /// Let go of; to be made anew.
    LetGo,
    /// Not to be had.
    Gone(Damage),
}

/// An entry whose children are under way.
struct Frame {
    node: Node,
    /// Its children still to come, in the forest's list.
    next: u32,
    end: u32,
    kind: Kind,
    below: Below,
    base: Base,
}

/// What of an entry is to be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    All,
    Fresh,
}

/// A frame that was given to another thread.
pub(super) struct Branch {
    pack: usize,
    frame: Frame,
}

/// One thread.
pub(super) struct Walker<'w, V> {
    shared: &'w Shared<'w, V>,
    bench: Bench,
    pack: usize,
    stack: Vec<Frame>,
    heavy: Option<MutexGuard<'w, ()>>,
    tally: Tally,
    until_look: u32,
}

impl<'w, V: Visitor> Walker<'w, V> {
    pub(super) fn new(shared: &'w Shared<'w, V>, reach: usize, share: usize) -> Self {
        Self {
            shared,
            bench: Bench::new(reach, share),
            pack: 0,
            stack: Vec::new(),
            heavy: None,
            tally: Tally::default(),
            until_look: BATCH,
        }
    }

    /// Works until there is nothing left to do.
    pub(super) fn run(mut self) {
        while let Some(work) = self.shared.board.take() {
            match work {
                Work::Roots(pack, lot) => {
                    self.pack = pack;
                    let roots = self.packed().and_then(|packed| packed.forest.roots().get(lot)).unwrap_or_default();
                    for root in roots {
                        self.root(*root);
                        self.descend();
                        if self.shared.board.is_closed() {
                            break;
                        }
                    }
                }
                Work::Loose(lot) => {
                    for id in self.shared.library.loose_ids.get(lot).unwrap_or_default() {
                        self.loose(id);
                    }
                }
                Work::Branch(Branch { pack, frame }) => {
                    self.pack = pack;
                    if let Base::Held(buffer) = &frame.base {
                        self.bench.pool.adopt(buffer);
                    }
                    self.stack.push(frame);
                    self.descend();
                }
            }
        }
        self.hand_over();
    }

    /// An object that is in no pack.
    fn loose(&mut self, id: &ObjectId) {
        self.look();
        let Self { shared, bench, stack, heavy, .. } = self;
        let is_packed = shared.library.packs.iter().any(|pack| pack.file.find(id).is_some());
        if is_packed || shared.board.is_closed() {
            return;
        }
        let room = |len| make_room(&mut bench.pool, stack, heavy, &shared.heavy, len);
        match shared.library.loose.text(id, shared.library.max_object, room) {
            Some(Ok((Kind::Text(kind), bytes))) => {
                bench.charge(bytes.len());
                self.show(*id, kind, &bytes, Scope::All);
            }
            Some(Ok(_)) => {}
            Some(Err(damage)) => shared.troubles.add(damage, *id),
            None => shared.troubles.add(Damage::Gone, *id),
        }
        self.heavy = None;
    }

    fn packed(&self) -> Option<&'w Packed> {
        self.shared.library.packs.get(self.pack)
    }

    fn root(&mut self, node: Node) {
        match self.root_bytes(node) {
            Ok((kind, buffer)) => self.arrive(node, kind, Arc::new(buffer), Scope::All, None),
            Err(damage) => self.failed(node, damage),
        }
    }

    fn root_bytes(&mut self, node: Node) -> Result<(Kind, Buffer), Damage> {
        let packed = self.packed().ok_or(Damage::Header)?;
        let entry = packed.file.entry(packed.forest.start(node))?;
        let end = packed.forest.end(node);
        let library = &self.shared.library;
        match entry.content {
            Content::Whole(kind) => {
                if let Ok(len) = usize::try_from(entry.size.min(library.max_object)) {
                    self.make_room(len);
                }
                Ok((kind, library.whole(&mut self.bench, &packed.file, &entry, end)?))
            }
            Content::IdDelta(base) => {
                let (kind, base) = library.find(&mut self.bench, &base, None).ok_or(Damage::Base)?;
                let made = library.made(&mut self.bench, &packed.file, &entry, end, (&base, &[]), |_, _| {});
                self.bench.pool.give(Arc::new(base));
                Ok((kind, made?))
            }
            Content::OffsetDelta(_) => Err(Damage::Base),
        }
    }

    /// Everything below the frames on the stack.
    fn descend(&mut self) {
        while let Some(top) = self.stack.last_mut() {
            if top.next >= top.end {
                self.leave();
                continue;
            }
            let at = top.next;
            top.next += 1;
            self.child(at);
            if self.shared.board.is_closed() {
                self.stack.clear();
            } else if self.shared.board.is_hungry() {
                self.share();
            }
        }
        self.heavy = None;
    }

    /// Lets go of the frame on top, whose children are done or taken.
    fn leave(&mut self) {
        if let Some(Frame { base: Base::Held(buffer), .. }) = self.stack.pop() {
            self.give(buffer);
        }
    }

    /// The child at this place of the forest's list, below the frame on top.
    fn child(&mut self, at: u32) {
        let Some(node) = self.packed().and_then(|packed| packed.forest.child(at)) else { return };
        let Some(top) = self.stack.last_mut() else { return };
        let (kind, parent) = (top.kind, top.node);
        let is_last = top.next >= top.end;
        let below = std::mem::replace(&mut top.below, Below::Whole);
        let base = match std::mem::replace(&mut top.base, Base::LetGo) {
            Base::LetGo => self.again(parent),
            base => base,
        };
        let made = match &base {
            Base::Held(buffer) => self.make(node, buffer, &below),
            Base::Gone(damage) => Err(*damage),
            Base::LetGo => Err(Damage::Ancestor),
        };
        let scope = if below == Below::Whole { Scope::All } else { Scope::Fresh };
        if is_last {
            self.stack.pop();
            if let Base::Held(buffer) = base {
                self.give(buffer);
            }
        } else if let Some(top) = self.stack.last_mut() {
            (top.base, top.below) = (base, below);
        }
        match made {
            Ok(buffer) => self.arrive(node, kind, Arc::new(buffer), scope, Some(parent)),
            Err(damage) => self.failed(node, damage),
        }
    }

    /// Makes a delta from its base.
    fn make(&mut self, node: Node, base: &[u8], below: &Below) -> Result<Buffer, Damage> {
        let known = if let Below::Known(places) = below { places } else { &Vec::new() };
        let packed = self.packed().ok_or(Damage::Header)?;
        let entry = packed.file.entry(packed.forest.start(node))?;
        let end = packed.forest.end(node);
        let Self { shared, bench, stack, heavy, .. } = self;
        shared.library.made(bench, &packed.file, &entry, end, (base, known), |pool, len| {
            make_room(pool, stack, heavy, &shared.heavy, len);
        })
    }

    /// Makes an entry anew whose bytes were let go of.
    fn again(&mut self, node: Node) -> Base {
        let Some(packed) = self.packed() else { return Base::Gone(Damage::Ancestor) };
        match self.shared.library.at(&mut self.bench, self.pack, packed.forest.start(node)) {
            Ok((_, buffer)) => Base::Held(Arc::new(buffer)),
            Err(damage) => Base::Gone(damage.of_descendant()),
        }
    }

    /// An entry has been made: shows it, and puts it on the stack if anything is made from it.
    fn arrive(&mut self, node: Node, kind: Kind, buffer: Arc<Buffer>, scope: Scope, base: Option<Node>) {
        self.look();
        let Some(packed) = self.packed() else { return };
        let id = packed.file.id(packed.forest.place(node)).filter(|_| packed.forest.is_wanted(node));
        let below = match (kind, id) {
            (Kind::Tree, id) if self.shared.seeks_trees => {
                if let Some(id) = id {
                    self.show_tree(node, id, &buffer, base.filter(|_| scope == Scope::Fresh));
                }
                Below::Known(Vec::new())
            }
            (Kind::Text(kind), Some(id)) if !self.shared.seeks_trees => self.show(id, kind, &buffer, scope),
            // What another pack's copy held is not known here.
            (Kind::Text(_), None) if !self.shared.seeks_trees => Below::Whole,
            _ => {
                self.give(buffer); // whatever is made from a tree is a tree, and what is made from a text a text
                return;
            }
        };
        let children = packed.forest.children(node);
        if children.is_empty() {
            self.give(buffer);
        } else {
            let base = Base::Held(buffer);
            self.stack.push(Frame { node, next: children.start, end: children.end, kind, below, base });
        }
    }

    fn show(&mut self, id: ObjectId, kind: ObjectKind, bytes: &[u8], scope: Scope) -> Below {
        self.tally.objects += 1;
        self.tally.commits += u64::from(kind == ObjectKind::Commit);
        self.tally.bytes += bytes.len() as u64;
        let freshness = &self.bench.freshness;
        let ranges = freshness.ranges();
        let fresh = match freshness.places().filter(|_| scope == Scope::Fresh) {
            Some(places) if ranges.is_empty() => return Below::Known(places.to_vec()),
            // Nearly all of it: one search is cheaper than many.
            Some(places) if freshness.covered() < bytes.len() - bytes.len() / 8 => Fresh::Part { ranges, places },
            _ => Fresh::All,
        };
        self.shared.visitor.object(Object { id, kind, bytes, fresh })
    }

    fn show_tree(&self, node: Node, id: ObjectId, bytes: &[u8], base: Option<Node>) {
        let Some(packed) = self.packed() else { return };
        let own = |node| packed.first.checked_add(packed.forest.place(node));
        let Some(number) = own(node) else { return };
        // One that is not wanted may be a copy, which goes by the number of another.
        let base = base.and_then(|node| match packed.forest.is_wanted(node) {
            true => own(node),
            false => self.shared.library.number(&packed.file.id(packed.forest.place(node))?),
        });
        let ranges = self.bench.freshness.ranges();
        let fresh = if base.is_some() { Fresh::Part { ranges, places: &[] } } else { Fresh::All };
        self.shared.visitor.tree(Tree { id, number, base, bytes, fresh });
    }

    /// An entry cannot be made from this pack: it is looked for elsewhere, and what is made from it goes on either way.
    fn failed(&mut self, node: Node, damage: Damage) {
        self.look();
        let Some(packed) = self.packed() else { return };
        let Some(id) = packed.file.id(packed.forest.place(node)) else { return };
        if damage != Damage::TooLarge
            && let Some((kind, buffer)) = self.shared.library.find(&mut self.bench, &id, Some(self.pack))
        {
            self.arrive(node, kind, Arc::new(buffer), Scope::All, None);
            return;
        }
        if packed.forest.is_wanted(node) {
            self.shared.troubles.add(damage, id);
        }
        let children = packed.forest.children(node);
        if !children.is_empty() {
            let base = Base::Gone(damage.of_descendant());
            let (kind, below) = (Kind::Text(ObjectKind::Blob), Below::Whole);
            self.stack.push(Frame { node, next: children.start, end: children.end, kind, below, base });
        }
    }

    fn give(&mut self, buffer: Arc<Buffer>) {
        self.bench.pool.give(buffer);
        if self.heavy.is_some() && self.bench.pool.is_within_share() {
            self.heavy = None;
        }
    }

    fn make_room(&mut self, len: usize) {
        let Self { shared, bench, stack, heavy, .. } = self;
        make_room(&mut bench.pool, stack, heavy, &shared.heavy, len);
    }

    /// Gives the later half of the lowest frame that has any to spare to a thread that is out of work.
    fn share(&mut self) {
        let top = self.stack.len().saturating_sub(1);
        for (at, frame) in self.stack.iter_mut().enumerate() {
            let left = frame.end.saturating_sub(frame.next);
            let given = if at == top { left / 2 } else { left.div_ceil(2) };
            if given == 0 {
                continue;
            }
            let base = match &frame.base {
                Base::Held(buffer) => Base::Held(Arc::clone(buffer)),
                Base::LetGo => Base::LetGo,
                Base::Gone(damage) => Base::Gone(*damage),
            };
            let next = frame.end - given;
            let below = frame.below.clone();
            let branch = Frame { node: frame.node, next, end: frame.end, kind: frame.kind, below, base };
            frame.end = next;
            self.shared.board.offer(Branch { pack: self.pack, frame: branch });
            return;
        }
    }

    /// From time to time: hands the tally over, and looks whether to stop.
    fn look(&mut self) {
        self.until_look -= 1;
        if self.until_look > 0 {
            return;
        }
        self.until_look = BATCH;
        self.hand_over();
        if let Some(stop) = self.shared.visitor.stop().or_else(|| self.shared.clock.look()) {
            self.shared.clock.stopped.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(stop);
            self.shared.board.close();
        }
    }

    fn hand_over(&mut self) {
        self.shared.visitor.tally(std::mem::take(&mut self.tally));
        self.shared.clock.spent.fetch_add(std::mem::take(&mut self.bench.cost), Ordering::Relaxed);
    }
}

impl Clock {
    fn look(&self) -> Option<Stop> {
        (self.spent.load(Ordering::Relaxed) > self.allowance).then_some(Stop::Unfolding)
    }
}

/// Makes room for a buffer of this length: first unused buffers go, then the bytes of the lowest frames; and where one object
/// and its base alone are over the share, this thread is the only one that goes over it.
fn make_room<'w>(
    pool: &mut Pool,
    stack: &mut [Frame],
    heavy: &mut Option<MutexGuard<'w, ()>>,
    turn: &'w Mutex<()>,
    len: usize,
) {
    if pool.has_room(len) {
        return;
    }
    pool.trim();
    for frame in stack {
        if pool.has_room(len) {
            return;
        }
        if matches!(frame.base, Base::Held(_))
            && let Base::Held(buffer) = std::mem::replace(&mut frame.base, Base::LetGo)
        {
            pool.give(buffer);
            pool.trim();
        }
    }
    if !pool.has_room(len) && heavy.is_none() {
        *heavy = Some(turn.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
