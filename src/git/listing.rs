//! Every object of the database, reachable or not: packs, loose files, alternates.
//!
//! What comes in: a repository. What goes out: each id once, packed ones in pack order (a delta stands near its base there,
//! which keeps libgit2's small cache useful), and a notification for each place that cannot be listed.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::entries as pack;
use super::objects::hex_id;
use super::repo::Repo;
use crate::model::{Code, Notification, ObjectId, ObjectKind};

/// git's own limit on alternates of alternates.
const DEEPEST_ALTERNATE: usize = 5;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One that is searched.
    Text(ObjectKind),
    /// A directory listing.
    Tree,
    /// Not known before it is read: loose.
    Unknown,
    /// Its pack entry makes no sense.
    Damaged,
}

impl Kind {
    /// The word for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text(ObjectKind::Blob) => "blob",
            Self::Text(ObjectKind::Commit) => "commit",
            Self::Text(ObjectKind::Tag) => "tag",
            Self::Tree => "tree",
            Self::Unknown => "known object",
            Self::Damaged => "intact object",
        }
    }
}

/// One object of the database.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// Its id.
    pub id: ObjectId,
    /// What it is.
    pub kind: Kind,
    /// Its size, where the header alone tells.
    pub size: Option<u64>,
}

impl Repo {
    /// Every object of the database once, and what could not be listed.
    pub fn list_objects(&self) -> (Vec<Listed>, Vec<Notification>) {
        let mut notes = Vec::new();
        let mut parts = Vec::new();
        for objects in object_directories(self.common_dir().join("objects")) {
            parts.extend(packed(&objects, self.id_length(), &mut notes));
            parts.push(loose(&objects, self.id_length(), &mut notes));
        }
        parts.retain(|part| !part.is_empty());
        // Before copies are dropped: which of two copies libgit2 would read is its own choice.
        let damaged = parts.iter().flatten().filter(|object| object.kind == Kind::Damaged);
        self.forbidden().add(damaged.map(|object| object.id));
        let mut listed = parts.pop().unwrap_or_default();
        if !parts.is_empty() {
            parts.push(listed);
            let mut seen = HashSet::new();
            listed = parts.into_iter().flatten().filter(|object| seen.insert(object.id)).collect();
        }
        (listed, notes)
    }
}

/// The object directory and those that it borrows from.
pub(super) fn object_directories(first: PathBuf) -> Vec<PathBuf> {
    let mut found = vec![first.clone()];
    let mut layer = vec![first];
    for _ in 0..DEEPEST_ALTERNATE {
        let next: Vec<PathBuf> = layer.iter().flat_map(|objects| alternates(objects)).collect();
        layer = next.into_iter().filter(|objects| !found.contains(objects)).collect();
        found.extend(layer.iter().cloned());
    }
    found
}

fn alternates(objects: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(objects.join("info/alternates")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| objects.join(line)).collect()
}

fn packed(objects: &Path, id_length: usize, notes: &mut Vec<Notification>) -> Vec<Vec<Listed>> {
    let directory = objects.join("pack");
    let mut names: Vec<PathBuf> = children(&directory, notes);
    names.sort();
    let mut packs = Vec::new();
    for path in names {
        let is = |extension: &str| path.extension().is_some_and(|found| found == extension);
        if is("pack") && !path.with_extension("idx").exists() {
            notes.push(unlisted(&path, "its index is missing"));
        } else if is("idx") {
            match pack::entries(&path, id_length) {
                Ok(entries) => packs.push(entries),
                Err(error) => notes.push(unlisted(&path, &error.to_string())),
            }
        }
    }
    packs
}

fn loose(objects: &Path, id_length: usize, notes: &mut Vec<Notification>) -> Vec<Listed> {
    let mut listed = Vec::new();
    for first in 0..=u8::MAX {
        let prefix = format!("{first:02x}");
        for path in children(&objects.join(&prefix), notes) {
            let Some(rest) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let id = hex_id(format!("{prefix}{rest}").as_bytes()).filter(|id| id.as_bytes().len() == id_length);
            listed.extend(id.map(|id| Listed { id, kind: Kind::Unknown, size: None }));
        }
    }
    listed
}

fn children(directory: &Path, notes: &mut Vec<Notification>) -> Vec<PathBuf> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            notes.push(unlisted(directory, &error.to_string()));
            Vec::new()
        }
    }
}

fn unlisted(path: &Path, reason: &str) -> Notification {
    let place = path.display().to_string();
    Notification::warning(Code::ObjectUnreadable, place, format!("the objects in it cannot be listed: {reason}"))
}
