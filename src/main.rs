//! The `keyrake` binary.

fn main() {}
