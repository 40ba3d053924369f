//! Where a secret stands: line and column at once, commit and path late and only for what matched.
//!
//! What comes in: matches in a blob; later, the locations of a whole run. What goes out: hits with their regions; locations with paths,
//! commits and refs. What it must never do: keep a blob's bytes, or walk history when there is nothing in it to look for.

pub mod commits;
pub mod lines;

mod paths;
mod tips;
#[cfg(test)]
mod truth;
