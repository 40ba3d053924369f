//! Reading single objects, raw: no filters, no conversion, no trust in what they say of their own size.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use git2::{ObjectFormat, Odb, OdbObject, Oid};

use super::error::GitError;
use super::kind::Kind;
use super::pack::Loose;
use super::vet::Forbidden;
use crate::model::{ObjectId, ObjectKind};

/// Reads objects of one repository, for one thread.
pub struct Reader<'r> {
    odb: Odb<'r>,
    loose: Loose,
    forbidden: Forbidden,
    /// All ids that are forbidden, once that has been looked up.
    all_forbidden: OnceCell<Arc<HashSet<ObjectId>>>,
}

/// The content of one object.
pub struct Object<'r>(Content<'r>);

enum Content<'r> {
    Packed(OdbObject<'r>),
    Own(Kind, Vec<u8>),
}

impl<'r> Reader<'r> {
    pub(super) fn new(odb: Odb<'r>, loose: Loose, forbidden: Forbidden) -> Self {
        Self { odb, loose, forbidden, all_forbidden: OnceCell::new() }
    }

    /// Kind and size in bytes, without reading the content.
    pub fn header(&self, id: &ObjectId) -> Result<(Kind, u64), GitError> {
        if let Some(header) = self.loose.header(id) {
            return header.map_err(|damage| unreadable(id, &format!("the loose object is damaged: {damage}")));
        }
        if let Some((kind, bytes)) = self.forbidden.few(id) {
            return Ok((kind, bytes.len() as u64));
        }
        let header = self.allowed(id).and_then(|oid| {
            // git2 unwraps the kind of a damaged pack entry. The listing finds those first, but not everyone lists first.
            let read = AssertUnwindSafe(|| self.odb.read_header(oid));
            catch_unwind(read).unwrap_or_else(|_| Err(git2::Error::from_str("its pack entry is of no known kind")))
        });
        let (size, kind) = header.map_err(|error| unreadable(id, error.message()))?;
        Ok((kind_of(kind), size as u64))
    }

    /// The content.
    pub fn read(&self, id: &ObjectId) -> Result<Object<'_>, GitError> {
        if let Some(object) = self.loose.read(id) {
            let object = object.map_err(|damage| unreadable(id, &format!("the loose object is damaged: {damage}")));
            let (kind, bytes) = object?;
            return Ok(Object(Content::Own(kind, bytes)));
        }
        if let Some((kind, bytes)) = self.forbidden.few(id) {
            return Ok(Object(Content::Own(kind, bytes)));
        }
        let object = self.allowed(id).and_then(|oid| self.odb.read(oid));
        object.map(|object| Object(Content::Packed(object))).map_err(|error| unreadable(id, error.message()))
    }

    /// The content, where the object is of this kind.
    pub fn read_as(&self, id: &ObjectId, kind: Kind) -> Result<Object<'_>, GitError> {
        let object = self.read(id)?;
        if object.kind() == kind {
            return Ok(object);
        }
        Err(unreadable(id, &format!("it is no {}", kind.as_str())))
    }

    /// Whether the object is there.
    pub fn contains(&self, id: &ObjectId) -> bool {
        Oid::from_bytes(id.as_bytes()).is_ok_and(|oid| self.odb.exists(oid))
    }

    /// The object whose id begins with these hexadecimal digits.
    pub(super) fn by_prefix(&self, digits: &str, format: ObjectFormat) -> Option<ObjectId> {
        let prefix = Oid::from_str_ext(digits, format).ok()?;
        ObjectId::new(self.odb.exists_prefix(prefix, digits.len()).ok()?.as_bytes())
    }

    fn allowed(&self, id: &ObjectId) -> Result<Oid, git2::Error> {
        if self.all_forbidden.get_or_init(|| self.forbidden.now()).contains(id) {
            return Err(git2::Error::from_str("its pack entry is damaged"));
        }
        Oid::from_bytes(id.as_bytes())
    }
}

impl Object<'_> {
    /// What it is.
    pub fn kind(&self) -> Kind {
        match &self.0 {
            Content::Packed(object) => kind_of(object.kind()),
            Content::Own(kind, _) => *kind,
        }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Content::Packed(object) => object.data(),
            Content::Own(_, bytes) => bytes,
        }
    }
}

fn unreadable(id: &ObjectId, reason: &str) -> GitError {
    GitError::Object { id: *id, reason: reason.to_owned() }
}

fn kind_of(kind: git2::ObjectType) -> Kind {
    match kind {
        git2::ObjectType::Blob => Kind::Text(ObjectKind::Blob),
        git2::ObjectType::Commit => Kind::Text(ObjectKind::Commit),
        git2::ObjectType::Tag => Kind::Text(ObjectKind::Tag),
        git2::ObjectType::Tree => Kind::Tree,
        git2::ObjectType::Any => Kind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_hexadecimal() {
        let digits = "0123456789abcdefABCD0123456789abcdef0123";
        let id = ObjectId::from_hex(digits.as_bytes()).unwrap();
        assert_eq!(id.to_string(), digits.to_lowercase());
        assert!(ObjectId::from_hex("ab".repeat(32).as_bytes()).is_some());
        for bad in ["", "0123", &"0".repeat(41), &"g".repeat(40), &"é".repeat(20)] {
            assert_eq!(ObjectId::from_hex(bad.as_bytes()), None, "{bad}");
        }
    }
}
