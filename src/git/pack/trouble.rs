//! Collects what could not be read, so that a broken repository gives a page of notifications and not a million.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use super::damage::Damage;
use crate::model::{Code, Notification, ObjectId};

/// So many objects are named for each kind of trouble: those with the smallest ids, so that two runs say the same.
const NAMED: usize = 20;

#[derive(Default)]
pub(super) struct Troubles(Mutex<BTreeMap<Damage, Group>>);

#[derive(Default)]
struct Group {
    count: u64,
    named: BTreeSet<ObjectId>,
}

impl Troubles {
    pub(super) fn add(&self, damage: Damage, id: ObjectId) {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let group = groups.entry(damage).or_default();
        group.count += 1;
        group.named.insert(id);
        if group.named.len() > NAMED {
            group.named.pop_last();
        }
    }

    /// `max_object` is the size limit that was set.
    pub(super) fn into_notifications(self, max_object: u64) -> Vec<Notification> {
        let groups = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        groups.into_iter().flat_map(|(damage, group)| group.into_notifications(damage, max_object)).collect()
    }
}

impl Group {
    fn into_notifications(self, damage: Damage, max_object: u64) -> impl Iterator<Item = Notification> {
        let (code, what) = if damage.is_size() {
            (Code::ObjectTooLarge, format!("not searched: {damage} of {max_object} bytes"))
        } else {
            (Code::ObjectUnreadable, format!("cannot be read: {damage}"))
        };
        let more = self.count.saturating_sub(self.named.len() as u64);
        let rest = (more > 0).then(|| Notification::warning(code, "", format!("{more} more objects {what}")));
        self.named.into_iter().map(move |id| Notification::warning(code, id.to_string(), what.clone())).chain(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Level;

    #[test]
    fn a_million_troubles_are_one_page() {
        let troubles = Troubles::default();
        for number in (0..1000u16).rev() {
            let mut raw = [0; 20];
            raw[..2].copy_from_slice(&number.to_be_bytes());
            troubles.add(Damage::Inflate, ObjectId::new(&raw).unwrap());
        }
        troubles.add(Damage::TooLarge, ObjectId::new(&[7; 20]).unwrap());
        let said = troubles.into_notifications(1 << 20);
        assert_eq!(said.len(), NAMED + 2);
        assert!(said.iter().all(|notification| notification.level == Level::Warning));
        assert_eq!(said[0].place, "0".repeat(40));
        assert_eq!(said[NAMED].message.split(':').next(), Some("980 more objects cannot be read"));
        assert_eq!(said[NAMED + 1].code, Code::ObjectTooLarge);
        assert_eq!(said[NAMED + 1].message, "not searched: it is over the size limit of 1048576 bytes");
    }
}
