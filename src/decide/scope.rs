//! How much of its targets a run looks at.

/// How much was searched. Only a run over everything can say that an allowance is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything that the target has.
    Whole,
    /// A range, the index, one file, the work tree without its history.
    Part,
}
