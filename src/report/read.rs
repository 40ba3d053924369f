//! Reads a JSON report back, for `keyrake verify --report` and `keyrake revoke --report`.
//!
//! What comes in: the text of a report, which anybody may have written. What goes out: what is needed to find each credential
//! again, or the credential itself where the report was written with raw secrets.
//! What it must never do: repeat the text in an error, or trust it further than a scanned file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::ReportError;
use super::json::SCHEMA;
use crate::model::{
    BoundHost, Commit, Location, ObjectId, ObjectKind, Place, Region, RegistryId, Reported, Secret, Suppressed,
    SuppressedBy,
};

#[derive(Deserialize)]
struct Header {
    schema: String,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    targets: Vec<String>,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    fingerprint: String,
    rule: String,
    registry: String,
    secret: SecretForm,
    endpoint: Option<String>,
    user: Option<String>,
    #[serde(default)]
    hosts: Vec<Host>,
    #[serde(default)]
    locations: Vec<Spot>,
    suppressed: Option<Aside>,
}

#[derive(Deserialize)]
struct Aside {
    by: By,
    #[serde(default)]
    reason: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum By {
    Inline,
    Config,
    Baseline,
}

#[derive(Deserialize)]
struct SecretForm {
    redacted: String,
    #[serde(default)]
    kind: Kind,
    value: Option<String>,
    value_base64: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Token,
    Password,
}

#[derive(Deserialize)]
struct Host {
    host: String,
    port: Option<u16>,
    path: String,
}

#[derive(Deserialize)]
struct Spot {
    origin: OriginWord,
    path: String,
    member: Option<String>,
    line: u64,
    #[serde(default = "first")]
    column: u64,
    end_line: Option<u64>,
    end_column: Option<u64>,
    object: Option<Object>,
    commit: Option<CommitForm>,
    removed: Option<CommitForm>,
    #[serde(default = "yes")]
    reachable: bool,
    #[serde(default)]
    at_tip: Vec<String>,
    allow: Option<String>,
}

#[derive(Deserialize)]
struct CommitForm {
    id: String,
    #[serde(default)]
    author: String,
    #[serde(default)]
    time: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    boundary: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OriginWord {
    Worktree,
    Staged,
    History,
    Stdin,
    File,
}

#[derive(Deserialize)]
struct Object {
    id: String,
    kind: ObjectWord,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ObjectWord {
    Blob,
    Commit,
    Tag,
}

/// Reads a report.
pub fn read(text: &str) -> Result<Vec<Reported>, ReportError> {
    let Header { schema } = serde_json::from_str(text).map_err(not_a_report)?;
    if schema != SCHEMA {
        let named: String = schema.chars().filter(|c| c.is_ascii_graphic()).take(40).collect();
        return Err(ReportError::UnknownSchema(named));
    }
    let Document { targets, findings } = serde_json::from_str(text).map_err(not_a_report)?;
    findings.into_iter().map(|finding| finding.reported(&targets)).collect()
}

/// Where, and of which sort; serde's own words may quote a value.
fn not_a_report(error: serde_json::Error) -> ReportError {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a field is missing or has another type",
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is no JSON",
    };
    ReportError::NotAReport(format!("{what}, at line {} column {}", error.line(), error.column()))
}

impl Finding {
    fn reported(self, targets: &[String]) -> Result<Reported, ReportError> {
        Ok(Reported {
            fingerprint: self.fingerprint,
            rule: self.rule,
            registry: RegistryId::new(&self.registry),
            value: self.secret.value()?,
            redacted: self.secret.redacted,
            endpoint: self.endpoint,
            locations: self.locations.into_iter().map(Spot::location).collect::<Result<_, _>>()?,
            hosts: self.hosts.into_iter().map(|Host { host, port, path }| BoundHost { host, port, path }).collect(),
            user: self.user,
            suppressed: self.suppressed.map(Aside::suppressed),
            targets: targets.to_vec(),
        })
    }
}

impl Aside {
    fn suppressed(self) -> Suppressed {
        let by = match self.by {
            By::Inline => SuppressedBy::Inline,
            By::Config => SuppressedBy::Config,
            By::Baseline => SuppressedBy::Baseline,
        };
        Suppressed { by, reason: self.reason }
    }
}

impl SecretForm {
    fn value(&self) -> Result<Option<Secret>, ReportError> {
        let bytes = match (&self.value, &self.value_base64) {
            (Some(text), _) => text.as_bytes().to_vec(),
            (None, Some(encoded)) => {
                STANDARD.decode(encoded).map_err(|_| ReportError::NotAReport("a value is no base64".to_owned()))?
            }
            (None, None) => return Ok(None),
        };
        Ok(Some(match self.kind {
            Kind::Token => Secret::token(bytes),
            Kind::Password => Secret::password(bytes),
        }))
    }
}

impl Spot {
    fn location(self) -> Result<Location, ReportError> {
        let place = match (self.origin, self.object) {
            (OriginWord::Worktree, _) => Place::Worktree,
            (OriginWord::Staged, _) => Place::Staged,
            (OriginWord::Stdin, _) => Place::Stdin,
            (OriginWord::File, _) => Place::File,
            (OriginWord::History, Some(Object { id, kind })) => Place::History {
                id: object_id(&id)?,
                kind: match kind {
                    ObjectWord::Blob => ObjectKind::Blob,
                    ObjectWord::Commit => ObjectKind::Commit,
                    ObjectWord::Tag => ObjectKind::Tag,
                },
            },
            (OriginWord::History, None) => {
                return Err(ReportError::NotAReport("a place in history names no object".to_owned()));
            }
        };
        let region = Region {
            line: self.line,
            column: self.column,
            end_line: self.end_line.unwrap_or(self.line),
            end_column: self.end_column.unwrap_or(self.column),
        };
        Ok(Location {
            member: self.member.map(|member| within(&self.path, member)),
            commit: self.commit.map(CommitForm::commit).transpose()?,
            removed: self.removed.map(CommitForm::commit).transpose()?,
            reachable: self.reachable,
            at_tip: self.at_tip,
            allow: self.allow,
            ..Location::new(place, self.path, region)
        })
    }
}

/// The way through the archive, of a way that begins with the archive's own path.
fn within(path: &str, member: String) -> String {
    member.strip_prefix(path).and_then(|rest| rest.strip_prefix('!')).map(str::to_owned).unwrap_or(member)
}

impl CommitForm {
    fn commit(self) -> Result<Commit, ReportError> {
        let Self { id, author, time, summary, boundary } = self;
        Ok(Commit { id: object_id(&id)?, author, time, summary, boundary })
    }
}

fn object_id(hex: &str) -> Result<ObjectId, ReportError> {
    ObjectId::from_hex(hex.as_bytes()).ok_or_else(|| ReportError::NotAReport("an object id is none".to_owned()))
}

fn yes() -> bool {
    true
}

fn first() -> u64 {
    1
}
