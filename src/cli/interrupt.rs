//! Ctrl-C: the first ends the search, or the asking, with what is known so far; the second ends the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::term;

/// What shells say of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// From now on, whether somebody has pressed Ctrl-C. Where it cannot be watched for, it ends the program, as ever.
pub(super) fn watch() -> Arc<AtomicBool> {
    let pressed = Arc::new(AtomicBool::new(false));
    tell(Arc::clone(&pressed));
    pressed
}

/// The same, for a flag that others look at already.
pub(super) fn tell(pressed: Arc<AtomicBool>) {
    let _ = ctrlc::set_handler(move || {
        if pressed.swap(true, Ordering::Relaxed) {
            end();
        }
        term::note("interrupted: reporting what is known so far; once more to end at once");
    });
}

#[expect(clippy::exit, reason = "whoever presses it twice wants no report")]
fn end() {
    std::process::exit(INTERRUPTED);
}
