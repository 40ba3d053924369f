//! Git repositories, read as data.

pub mod pack;
