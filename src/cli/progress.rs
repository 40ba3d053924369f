//! Progress on a terminal, for runs that take longer than a moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::scan::Progress;

use super::term;

/// Nothing is shown for runs shorter than this.
const PATIENCE: Duration = Duration::from_millis(600);
const BEAT: Duration = Duration::from_millis(100);

/// Shows a scan's progress until it is dropped.
pub(super) struct Shown {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Shown {
    /// Starts watching `progress`, if somebody watches standard error and did not ask for quiet.
    pub(super) fn start(progress: &Arc<Progress>, quiet: bool) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let thread = (!quiet && term::is_watched()).then(|| {
            let (progress, over) = (Arc::clone(progress), Arc::clone(&over));
            thread::spawn(move || watch(&progress, &over))
        });
        Self { over, thread }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn watch(progress: &Progress, over: &AtomicBool) {
    let started = Instant::now();
    let mut bar: Option<ProgressBar> = None;
    while !over.load(Ordering::Relaxed) {
        thread::park_timeout(BEAT);
        if started.elapsed() >= PATIENCE && !over.load(Ordering::Relaxed) {
            let bar = bar.get_or_insert_with(spinner);
            bar.set_message(line(progress));
            bar.tick();
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.with_style(ProgressStyle::default_spinner())
}

fn line(progress: &Progress) -> String {
    let verifying = progress.verifying.load(Ordering::Relaxed);
    if verifying > 0 {
        return format!("asking the registry about {verifying} finding{}", if verifying == 1 { "" } else { "s" });
    }
    format!(
        "{} files, {} objects, {} searched",
        HumanCount(progress.files.load(Ordering::Relaxed)),
        HumanCount(progress.objects.load(Ordering::Relaxed)),
        HumanBytes(progress.bytes.load(Ordering::Relaxed)),
    )
}
