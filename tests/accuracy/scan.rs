//! One text on the way that every file takes: through the archives, the detector and the count of lines.

use std::sync::{Mutex, PoisonError};

use keyrake::detect::Detector;
use keyrake::git::Tally;
use keyrake::locate::lines;
use keyrake::model::{Below, Blob, Evidence, Notification, Origin, Region};
use keyrake::source::{Sink, Unpacking};

/// What was found.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) rule: String,
    pub(crate) registry: String,
    pub(crate) secret: String,
    pub(crate) evidence: Evidence,
    /// The bytes of its span; `None` where that lies outside the text.
    pub(crate) written: Option<Vec<u8>>,
    pub(crate) region: Region,
    pub(crate) member: Option<String>,
}

struct Collector<'d> {
    detector: &'d Detector,
    seen: Mutex<Vec<Seen>>,
}

impl Sink for Collector<'_> {
    fn blob(&self, blob: Blob<'_>) -> Below {
        let (found, below) = self.detector.search(&blob);
        let seen = lines::hits(&blob, found).into_iter().map(|hit| {
            let rule = &self.detector.rules().rules[hit.found.rule];
            Seen {
                rule: rule.id.clone(),
                registry: rule.registry.as_str().to_owned(),
                secret: String::from_utf8_lossy(hit.found.secret.expose()).into_owned(),
                evidence: hit.found.evidence,
                written: blob.bytes.get(hit.found.span).map(<[u8]>::to_vec),
                region: hit.location.region,
                member: hit.location.member,
            }
        });
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).extend(seen);
        below
    }

    fn reach(&self) -> usize {
        self.detector.reach()
    }

    fn tally(&self, _tally: Tally) {}

    fn notify(&self, _notification: Notification) {}
}

/// Everything that is found in a file with these bytes.
pub(crate) fn scan(detector: &Detector, bytes: &[u8]) -> Vec<Seen> {
    let collector = Collector { detector, seen: Mutex::new(Vec::new()) };
    Unpacking::new(&collector).blob(Blob::whole(Origin::File { path: "a".into() }, bytes));
    collector.seen.into_inner().unwrap_or_else(PoisonError::into_inner)
}
