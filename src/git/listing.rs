//! Every object of the database, reachable or not: packs, loose files, alternates.
//!
//! What comes in: a repository. What goes out: each id once with its kind, and a notification for whatever cannot be listed.

use super::kind::{Kind, Listed};
use super::pack::Database;
use super::repo::Repo;
use crate::model::{Notification, ObjectId};

impl Repo {
    /// The object database.
    pub fn database(&self) -> Database {
        Database::open(&self.common_dir().join("objects"), self.borrowed(), self.id_length())
    }

    /// Every object of the database once, and what could not be listed.
    pub fn list_objects(&self) -> (Vec<Listed>, Vec<Notification>) {
        let (listed, notes) = self.database().list();
        self.forbid(listed.iter().filter(|object| object.kind == Kind::Damaged).map(|object| object.id));
        (listed, notes)
    }

    /// Which of two copies libgit2 would read is its own choice, so one that is damaged forbids the other.
    pub(super) fn forbid(&self, ids: impl IntoIterator<Item = ObjectId>) {
        self.forbidden().add(ids);
    }
}
