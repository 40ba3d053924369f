//! The record of a run: what was looked at, asked, found and done.

use std::collections::BTreeMap;

use super::access::Validity;
use super::finding::{Finding, Severity};
use super::rule::{RegistryId, RuleSet};
use super::secret::Secret;

/// How grave a notification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Something was not looked at: the run is incomplete.
    Warning,
}

/// What a notification is about; kebab-case words in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Code {
    /// A file could not be opened or read.
    FileUnreadable,
    /// A file changed while it was read.
    FileChanged,
    /// A file is no regular file (a pipe, a socket, a device) and was not opened.
    FileSpecial,
    /// A large file was searched in windows.
    FileWindowed,
    /// A directory could not be listed.
    DirectoryUnreadable,
    /// A git object could not be read.
    ObjectUnreadable,
    /// The history needs a git object that is not there.
    ObjectMissing,
    /// An object is over the size limit.
    ObjectTooLarge,
    /// An archive goes past a limit; what lies beyond was not searched.
    ArchiveLimited,
    /// A member of an archive is compressed in a way that cannot be unpacked.
    ArchiveUnsupported,
    /// A member of an archive is encrypted.
    ArchiveEncrypted,
    /// An archive does not unpack to its end.
    ArchiveDamaged,
    /// The clone is shallow.
    HistoryShallow,
    /// The clone is partial: objects are missing.
    HistoryPartial,
    /// A repository inside the target, whose history was not searched.
    HistoryNested,
    /// The repository has no commit yet.
    HistoryUnborn,
    /// The search stopped before its end.
    SearchUnfinished,
    /// A ref does not resolve.
    RefBroken,
    /// Part of the history could not be walked for attribution; findings there have no commit.
    AttributionIncomplete,
    /// A range holds nothing.
    RangeEmpty,
    /// A suppression or baseline entry matched nothing.
    SuppressionUnused,
    /// A setting that the scanned repository's own configuration may not make.
    SettingIgnored,
    /// A registry could not be asked.
    RegistryUnavailable,
}

impl Code {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FileUnreadable => "file-unreadable",
            Self::FileChanged => "file-changed",
            Self::FileSpecial => "file-special",
            Self::FileWindowed => "file-windowed",
            Self::DirectoryUnreadable => "directory-unreadable",
            Self::ObjectUnreadable => "object-unreadable",
            Self::ObjectMissing => "object-missing",
            Self::ObjectTooLarge => "object-too-large",
            Self::ArchiveLimited => "archive-limited",
            Self::ArchiveUnsupported => "archive-unsupported",
            Self::ArchiveEncrypted => "archive-encrypted",
            Self::ArchiveDamaged => "archive-damaged",
            Self::HistoryShallow => "history-shallow",
            Self::HistoryPartial => "history-partial",
            Self::HistoryNested => "history-nested",
            Self::HistoryUnborn => "history-unborn",
            Self::SearchUnfinished => "search-unfinished",
            Self::RefBroken => "ref-broken",
            Self::AttributionIncomplete => "attribution-incomplete",
            Self::RangeEmpty => "range-empty",
            Self::SuppressionUnused => "suppression-unused",
            Self::SettingIgnored => "setting-ignored",
            Self::RegistryUnavailable => "registry-unavailable",
        }
    }
}

/// Something about one input, or about the run, that is no finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// About what.
    pub code: Code,
    /// How grave.
    pub level: Level,
    /// One sentence.
    pub message: String,
    /// Path, object id or ref; empty where it is about the whole run.
    pub place: String,
}

impl Notification {
    /// Something was not looked at.
    pub fn warning(code: Code, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, level: Level::Warning, message: message.into(), place: place.into() }
    }

    /// Worth knowing.
    pub fn note(code: Code, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, level: Level::Note, message: message.into(), place: place.into() }
    }
}

/// Who signed a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// Nobody: public data.
    Nobody,
    /// The credential that was found.
    Credential,
    /// The owner's own session, given with `--operator`.
    Operator,
    /// A freshly minted token that nobody issued: the control that shows whether the server tells good from bad.
    Control,
}

/// One request and its answer. Paths are redacted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Number within the run, from 1.
    pub id: u32,
    /// Which registry.
    pub registry: RegistryId,
    /// Scheme, host and port.
    pub origin: String,
    /// `GET`, or `DELETE` when revoking.
    pub method: &'static str,
    /// Path and query, secrets redacted.
    pub path: String,
    /// Who signed.
    pub signer: Signer,
    /// Whether it was sent, or only explained.
    pub sent: bool,
    /// Status of the answer; `None` where none came.
    pub status: Option<u16>,
    /// What it shows, in words; set once.
    pub shows: String,
}

/// How a revocation goes, or would go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// `DELETE` by the token's key, signed with the owner's session.
    OperatorByKey,
    /// `DELETE` by the token's key, signed with the token itself.
    SelfByKey,
    /// `DELETE` by the token's value, signed with the token itself.
    SelfByValue,
    /// Only its owner can, on this page.
    OwnerPage(String),
}

/// What came of a revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Dry run: nothing was sent that changes anything.
    Planned,
    /// It was dead before.
    AlreadyInactive,
    /// The registry answered and a probe afterwards shows it dead.
    Revoked,
    /// The registry said yes, but it still works: nothing is proven. The text says what to do.
    NotRevoked(String),
    /// The registry refused, in these words.
    Refused(String),
    /// No answer to the deletion, or no telling afterwards; or none before, and then nothing was sent that changes anything. Not retried.
    Unknown(String),
    /// Nothing could be tried, and why.
    NotPossible(String),
}

/// What was asked for, answered and seen afterwards, for one credential.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The finding's fingerprint.
    pub fingerprint: String,
    /// The registry.
    pub registry: RegistryId,
    /// Base URL of the endpoint.
    pub endpoint: Option<String>,
    /// The redacted form, to look for in the owner's list.
    pub redacted: String,
    /// Whose, where known.
    pub user: Option<String>,
    /// How.
    pub way: Way,
    /// What came of it.
    pub outcome: Outcome,
    /// Before.
    pub before: Validity,
    /// After; `None` on a dry run or where nothing was sent.
    pub after: Option<Validity>,
    /// Requests of the ledger, in order.
    pub requests: Vec<u32>,
    /// When the outcome was known, RFC 3339, UTC, to the second.
    pub time: String,
    /// The page on which the owner can do it by hand.
    pub owner_page: Option<String>,
}

/// What a configuration switched off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchedOff {
    /// `exclude`, `suppress` or `rule`.
    pub what: &'static str,
    /// The pattern, fingerprint or rule.
    pub subject: String,
    /// The reason given.
    pub reason: String,
    /// How much it set aside: for `exclude` files, folders and places in history, otherwise findings.
    pub count: u64,
    /// Where it is written: file and line.
    pub place: String,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files of work trees, indexes, directories.
    pub files: u64,
    /// Git objects searched.
    pub objects: u64,
    /// Bytes searched.
    pub bytes: u64,
    /// Commits among the objects.
    pub commits: u64,
    /// Rules active.
    pub rules: u64,
    /// Requests sent; explained ones do not count.
    pub requests: u64,
    /// Milliseconds from start to end.
    pub duration_ms: u64,
}

/// Everything about one run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// As the user named them.
    pub targets: Vec<String>,
    /// What was looked at.
    pub summary: Summary,
    /// What could not be, and other things worth knowing.
    pub notifications: Vec<Notification>,
    /// What was found, gravest first.
    pub findings: Vec<Finding>,
    /// What was asked.
    pub ledger: Vec<LedgerEntry>,
    /// What configurations switched off.
    pub switched_off: Vec<SwitchedOff>,
    /// The rules that were active.
    pub rules: RuleSet,
    /// Set when the reader asked for raw secrets.
    pub show_secrets: bool,
}

impl Run {
    /// Whether everything was looked at.
    pub fn is_complete(&self) -> bool {
        self.notifications.iter().all(|notification| notification.level < Level::Warning)
    }

    /// Findings that count, by severity.
    pub fn by_severity(&self) -> BTreeMap<Severity, u64> {
        let mut counts = BTreeMap::new();
        for finding in self.findings.iter().filter(|finding| finding.suppressed.is_none()) {
            *counts.entry(finding.severity).or_default() += 1;
        }
        counts
    }

    /// Every secret of the run.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.findings.iter().map(|finding| &finding.credential.secret)
    }
}
