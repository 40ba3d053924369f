//! The binary, end to end: hermetic repositories, minted tokens, a real npm registry, and everything that goes wrong.

#![expect(clippy::expect_used, reason = "a test that cannot be set up fails, and says why")]

mod archives;
mod bed_checks;
mod faults;
#[cfg(unix)]
mod hooks;
mod input;
mod policy;
mod scan;
#[cfg(unix)]
mod stops;
mod support;
mod verdaccio;
mod verdicts;
mod walls;
