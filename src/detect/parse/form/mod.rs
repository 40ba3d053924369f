//! The forms that credential files share, read tolerantly around an anchor: lines of settings, JSON objects, XML elements, the words of
//! a command. None needs its document to be whole, and each looks at a bounded stretch. Parsing libraries want a document that parses,
//! and a leak stands in fragments, diffs, manuals and quoted strings just as well.

pub(super) mod command;
pub(super) mod json;
pub(super) mod lines;
pub(super) mod xml;
