//! Why one object of a pack cannot be had. Each becomes part of a notification, none ends a walk.

/// What is wrong with an entry of a pack, in words that follow "cannot read it: ".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(in crate::git) enum Damage {
    /// The index points outside the pack, or to something that is no entry.
    #[error("where it should be stands no object")]
    Header,
    /// The compressed bytes do not inflate to what the header says.
    #[error("its compressed data is damaged or not as long as its header says")]
    Inflate,
    /// A delta that cannot be meant: it reads outside its base, or makes more or less than it says.
    #[error("its delta is damaged")]
    Delta,
    /// The base that a delta names is in no pack and not loose, or depends on the delta itself.
    #[error("the object it is a delta of is missing or depends on it")]
    Base,
    /// A base is damaged, so nothing that is made from it can be had.
    #[error("an object that it is a delta of cannot be read")]
    Ancestor,
    /// Longer chains than git itself ever writes.
    #[error("its chain of deltas is too long")]
    Chain,
    /// It was there when the objects were listed.
    #[error("it is not there any more, or cannot be opened")]
    Gone,
    /// Over the size limit.
    #[error("it is over the size limit")]
    TooLarge,
    /// A base is over the size limit.
    #[error("an object that it is a delta of is over the size limit")]
    AncestorTooLarge,
}

impl Damage {
    /// The same trouble, told of an object that is made from the one that has it.
    pub(super) fn of_descendant(self) -> Self {
        match self {
            Self::TooLarge | Self::AncestorTooLarge => Self::AncestorTooLarge,
            Self::Header | Self::Inflate | Self::Gone | Self::Delta | Self::Base | Self::Ancestor | Self::Chain => {
                Self::Ancestor
            }
        }
    }

    /// Whether the size limit is all that is wrong.
    pub(super) fn is_size(self) -> bool {
        matches!(self, Self::TooLarge | Self::AncestorTooLarge)
    }
}
