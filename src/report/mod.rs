//! Stage 7: a run becomes bytes. Pure writers, one file a format.
//!
//! What comes in: a run, or the receipts of a revocation. What goes out: text for people, JSON, SARIF 2.1.0.
//! What it must never do: show a raw secret (unless the run says so, and then only JSON does), or let foreign text (paths,
//! commit subjects, server words) through to a terminal as it is.

mod claims;
mod closing;
pub mod json;
mod numbers;
mod places;
mod read;
mod receipts;
pub mod sanitise;
mod sarif;
mod sentence;
mod text;
mod wrap;

use std::cmp::Reverse;
use std::fmt;
use std::io;
use std::str::FromStr;

use crate::model::{Finding, Run};

pub use receipts::{Revocations, write as write_receipts};
pub use wrap::wrapped;

/// The name of the tool in reports.
const TOOL: &str = "keyrake";
/// Its version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// For people.
    Text,
    /// The contract, `keyrake/report/1`.
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Text, Self::Json, Self::Sarif];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Sarif => "sarif",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = ReportError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.as_str() == word).ok_or(ReportError::UnknownFormat)
    }
}

/// How text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextStyle {
    /// Whether severities have colours.
    pub colour: bool,
    /// Columns to wrap at; 0 does not wrap.
    pub width: usize,
}

impl Default for TextStyle {
    fn default() -> Self {
        Self { colour: false, width: 100 }
    }
}

/// Why a report could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The bytes did not go out.
    #[error("the report could not be written")]
    Write(#[from] io::Error),
    /// The words of the command line.
    #[error("no such format; text, json and sarif are known")]
    UnknownFormat,
    /// Receipts have no SARIF.
    #[error("there is no {0} form of this; text and json are")]
    NoSuchForm(Format),
    /// What was given is no report.
    #[error("this is no keyrake report: {0}")]
    NotAReport(String),
    /// Another version wrote it.
    #[error("this report has schema {0}, and this version of keyrake reads {schema} only", schema = json::SCHEMA)]
    UnknownSchema(String),
}

/// Writes a run.
pub fn write(run: &Run, format: Format, out: &mut dyn io::Write, style: &TextStyle) -> Result<(), ReportError> {
    match format {
        Format::Text => text::write(run, out, style),
        Format::Json => json::write(run, out),
        Format::Sarif => sarif::write(run, out),
    }
}

/// Findings, gravest first; those of one severity stay in the run's order.
fn gravest_first(run: &Run) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = run.findings.iter().collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    findings
}

fn write_json(value: &impl serde::Serialize, out: &mut dyn io::Write) -> Result<(), ReportError> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}

#[cfg(test)]
mod samples;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_format_shows_a_secret() {
        for run in [samples::ordinary(), samples::alone(), samples::hostile()] {
            for format in Format::ALL {
                for colour in [false, true] {
                    let mut out = Vec::new();
                    write(&run, format, &mut out, &TextStyle { colour, width: 60 }).unwrap();
                    let unescaped = String::from_utf8(out).unwrap().replace("\\u001b", "\u{1b}");
                    for text in [unescaped.replace("\\\\", "\\"), unescaped] {
                        for secret in run.secrets() {
                            let raw = std::str::from_utf8(secret.expose()).unwrap();
                            assert!(!text.contains(raw) && !text.contains(&raw[4..]), "{format}: {text}");
                            assert!(!text.contains("hunter2"), "{format}: {text}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn raw_secrets_on_request_stand_in_one_field_of_json_and_nowhere_else() {
        let run = Run { show_secrets: true, ..samples::hostile() };
        for (format, expected) in [(Format::Text, 0), (Format::Sarif, 0), (Format::Json, run.findings.len())] {
            let mut out = Vec::new();
            write(&run, format, &mut out, &TextStyle::default()).unwrap();
            let text = String::from_utf8(out).unwrap();
            let raw = std::str::from_utf8(samples::token("7890").expose()).unwrap().to_owned();
            assert_eq!(text.matches(&raw).count() + text.matches("hunter2").count() / 2, expected, "{format}: {text}");
        }
    }

    #[test]
    fn machine_formats_take_ten_thousand_findings() {
        let run = samples::huge();
        for format in [Format::Json, Format::Sarif] {
            let start = std::time::Instant::now();
            let mut out = Vec::new();
            write(&run, format, &mut out, &TextStyle::default()).unwrap();
            assert!(start.elapsed() < std::time::Duration::from_secs(60), "{format} {:?}", start.elapsed());
        }
    }

    #[test]
    fn formats_have_names() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse::<Format>().unwrap(), format);
        }
        assert_eq!("xml".parse::<Format>().unwrap_err().to_string(), "no such format; text, json and sarif are known");
    }
}
