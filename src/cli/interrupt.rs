//! Ctrl-C: the first ends the search with what was found so far, the second ends the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::term;

/// What shells say of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// From now on, whether somebody has pressed Ctrl-C. Where it cannot be watched for, it ends the program, as ever.
pub(super) fn watch() -> Arc<AtomicBool> {
    let pressed = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&pressed);
    let _ = ctrlc::set_handler(move || {
        if told.swap(true, Ordering::Relaxed) {
            end();
        }
        term::note("interrupted: reporting what was found so far; once more to end at once");
    });
    pressed
}

#[expect(clippy::exit, reason = "whoever presses it twice wants no report")]
fn end() {
    std::process::exit(INTERRUPTED);
}
