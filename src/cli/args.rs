//! The command line as clap parses it: raw values, nothing done yet. Doc comments are the help text.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::FailOn;
use crate::model::RegistryId;
use crate::report::Format;

/// Find leaked package-registry tokens in repositories and their whole history, see with proof what each can still
/// do, and revoke them.
///
/// A found token is sent to the registry that issued it, and nowhere else, to ask what it can do; nothing is ever
/// written there unless you say `revoke --yes`. `--offline` sends nothing.
#[derive(Debug, Parser)]
#[command(name = "keyrake", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) global: Global,
}

const EXIT_CODES: &str = "Exit codes: 0 clean · 1 findings at or above --fail-on · 2 usage, configuration or \
                          internal error · 3 incomplete: something could not be looked at";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Search repositories (work tree and whole history), directories, files or standard input
    ///
    /// Of a git repository, or a folder in one, that is the files below it as git sees them and the whole history: every
    /// ref, stash, notes, tags, messages, and what no ref reaches any more.
    ///
    /// A found token is sent to the registry that issued it, and nowhere else, to ask what it can do. `--offline` sends
    /// nothing; `--explain-requests` shows first what would be sent.
    #[command(after_help = EXIT_CODES)]
    Scan(Box<ScanArgs>),
    /// Ask the registry about one credential from standard input, or again about those of a report
    Verify(Box<VerifyArgs>),
    /// Revoke one credential from standard input, or those of a report; a dry run unless --yes
    Revoke(Box<RevokeArgs>),
    /// List, show or test the rules
    Rules(RulesArgs),
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "General")]
pub(super) struct Global {
    /// When to use colour: auto, always or never
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t = Color::Auto,
        value_name = "WHEN",
        hide_possible_values = true
    )]
    pub(super) color: Color,
    /// Show no progress
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct ScanArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) detect: DetectArgs,
    #[command(flatten)]
    pub(super) verify: NetworkArgs,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "What to search")]
pub(super) struct InputArgs {
    /// Git repositories (with or without a work tree), directories, files, or - for standard input
    #[arg(value_name = "TARGET", default_value = ".", help_heading = None)]
    pub(super) targets: Vec<PathBuf>,
    /// Leave the history out
    #[arg(long)]
    pub(super) no_history: bool,
    /// Leave the work tree out
    #[arg(long, conflicts_with = "no_history")]
    pub(super) no_worktree: bool,
    /// Search what the index would commit, and nothing else
    #[arg(long, conflicts_with_all = ["no_history", "no_worktree", "range", "ignored"])]
    pub(super) staged: bool,
    /// Search what is new in A..B (also A...B, or B alone: all that B reaches), and nothing else; repeatable
    #[arg(long, value_name = "A..B", conflicts_with_all = ["no_history", "no_worktree", "ignored"])]
    pub(super) range: Vec<String>,
    /// In a pre-push hook (keyrake scan --pre-push "$1"): search what the push brings to this remote, and nothing else; git's
    /// lines are read from standard input
    #[arg(long, value_name = "REMOTE", conflicts_with_all = ["no_history", "no_worktree", "range", "staged", "ignored"])]
    pub(super) pre_push: Option<String>,
    /// In a pre-receive hook: search what the push brings, still in quarantine, and nothing else
    #[arg(long, conflicts_with_all = ["no_history", "no_worktree", "range", "staged", "ignored", "pre_push"])]
    pub(super) pre_receive: bool,
    /// Search files that git ignores too
    #[arg(long)]
    pub(super) ignored: bool,
    /// Look whether anything is missing that older commits need, too, which takes about half as long again (where a history lacks
    /// what HEAD or a branch needs, this is done in any case)
    #[arg(long, conflicts_with_all = ["no_history", "range", "staged", "pre_push", "pre_receive"])]
    pub(super) connectivity: bool,
    /// Skip git objects larger than this (the run is then incomplete); units k, M, G
    #[arg(long, value_name = "SIZE", default_value = "256M", value_parser = size)]
    pub(super) max_object_size: u64,
    /// Search no longer than this many seconds (the run is incomplete where that was not enough)
    #[arg(long, value_name = "SECONDS")]
    pub(super) scan_time: Option<u64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Detection")]
pub(super) struct DetectArgs {
    /// Add the rules of every *.toml file in this directory
    #[arg(long, value_name = "DIR")]
    pub(super) rules: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Verification")]
pub(super) struct NetworkArgs {
    /// Send nothing
    #[arg(long)]
    pub(super) offline: bool,
    /// Print what would be sent, and send nothing
    #[arg(long, conflicts_with = "offline")]
    pub(super) explain_requests: bool,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
    /// Stop asking after this many seconds; what was not asked by then is unknown
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(super) verify_time: u64,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct ConnectionArgs {
    /// A compatible server of your own: credentials that a file binds to its host are asked about there; repeatable
    #[arg(long, value_name = "REGISTRY=URL", value_parser = endpoint)]
    pub(super) endpoint: Vec<(RegistryId, String)>,
    /// The owner's own session token, in an environment variable: makes every limit of the owner's tokens visible. It goes to
    /// the first --endpoint given for the registry, or else to the public instance, and nowhere else
    #[arg(long, value_name = "REGISTRY=env:NAME", value_parser = operator)]
    pub(super) operator: Vec<(RegistryId, String)>,
    /// Trust the certificates of this PEM file too (so does SSL_CERT_FILE)
    #[arg(long, value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,
    /// Send from this local address
    #[arg(long, value_name = "ADDRESS")]
    pub(super) source_address: Option<IpAddr>,
    /// Wait this many seconds for one answer
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    pub(super) timeout: u64,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Policy")]
pub(super) struct PolicyArgs {
    /// Exit with 1 when a finding is at least this grave: low, medium, high, critical or never [default: medium]
    #[arg(long, value_name = "SEVERITY")]
    pub(super) fail_on: Option<FailOn>,
    /// Set aside the findings that this file knows
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Write the baseline file anew with what is found now
    #[arg(long)]
    pub(super) update_baseline: bool,
    /// Use this configuration instead of the target's keyrake.toml
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Do not look for a keyrake.toml in the target
    #[arg(long, conflicts_with = "config")]
    pub(super) no_config: bool,
    /// Exit with 0, not 3, where something could not be looked at
    #[arg(long)]
    pub(super) allow_incomplete: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Form of the report on standard output: text, json or sarif
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
    /// Write a report to a file as well; repeatable
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report)]
    pub(super) report: Vec<(Format, PathBuf)>,
    /// Write secrets in full into JSON reports; no other form ever holds them
    #[arg(long)]
    pub(super) show_secrets: bool,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Read one credential from standard input (the default; never an argument: arguments show in process lists)
    #[arg(value_name = "-")]
    pub(super) stdin: Option<String>,
    /// Ask again about the findings of this JSON report; secrets are read where they were found
    #[arg(long, value_name = "FILE", conflicts_with = "stdin")]
    pub(super) report: Option<PathBuf>,
    /// Which registry issued it, where its own form does not say
    #[arg(long, value_name = "REGISTRY", value_parser = registry, conflicts_with = "report")]
    pub(super) registry: Option<RegistryId>,
    /// It is the password of this user
    #[arg(long, value_name = "NAME", conflicts_with = "report")]
    pub(super) user: Option<String>,
    /// Print what would be sent, and send nothing
    #[arg(long)]
    pub(super) explain_requests: bool,
    /// Stop asking after this many seconds; what was not asked by then is unknown
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(super) verify_time: u64,
    #[command(flatten)]
    pub(super) detect: DetectArgs,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
    /// Exit with 1 when it is at least this grave: low, medium, high, critical or never [default: medium]
    #[arg(long, value_name = "SEVERITY", help_heading = "Policy")]
    pub(super) fail_on: Option<FailOn>,
    /// Form of the report on standard output: text, json or sarif
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// Read one credential from standard input (the default)
    #[arg(value_name = "-")]
    pub(super) stdin: Option<String>,
    /// Revoke the findings of this JSON report; secrets are read where they were found
    #[arg(long, value_name = "FILE", conflicts_with = "stdin")]
    pub(super) report: Option<PathBuf>,
    /// Only these findings of the report; repeatable
    #[arg(long, value_name = "FINGERPRINT", requires = "report")]
    pub(super) fingerprint: Vec<String>,
    /// Which registry issued it, where its own form does not say
    #[arg(long, value_name = "REGISTRY", value_parser = registry, conflicts_with = "report")]
    pub(super) registry: Option<RegistryId>,
    /// Do it; without this nothing is changed anywhere
    #[arg(long)]
    pub(super) yes: bool,
    /// The one-time code of the owner, in an environment variable; asked for on a terminal otherwise
    #[arg(long, value_name = "env:NAME", value_parser = variable)]
    pub(super) otp: Option<String>,
    /// Ask again for up to this many seconds whether it is dead: registries cache
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(super) wait: u64,
    /// Write the receipt, as JSON, to this file
    #[arg(long, value_name = "FILE")]
    pub(super) receipt: Option<PathBuf>,
    #[command(flatten)]
    pub(super) detect: DetectArgs,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
    /// Form of the receipt on standard output: text or json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = receipt_format, help_heading = "Output")]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    #[command(subcommand)]
    pub(super) command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// List the rules, a line each
    List(RulesListArgs),
    /// Show one rule
    Show(RulesShowArgs),
    /// Check every rule against its own examples and counter-examples
    Test(RulesTestArgs),
}

#[derive(Debug, Args)]
pub(super) struct RulesListArgs {
    /// List the literals that the first pass looks for instead, a line each
    #[arg(long)]
    pub(super) literals: bool,
    /// Print a table of the registries in Markdown instead
    #[arg(long, conflicts_with = "literals")]
    pub(super) table: bool,
    #[command(flatten)]
    pub(super) detect: DetectArgs,
}

#[derive(Debug, Args)]
pub(super) struct RulesShowArgs {
    /// The rule's name
    #[arg(value_name = "ID")]
    pub(super) id: String,
    #[command(flatten)]
    pub(super) detect: DetectArgs,
}

#[derive(Debug, Args)]
pub(super) struct RulesTestArgs {
    #[command(flatten)]
    pub(super) detect: DetectArgs,
}

fn size(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 1 << 10),
        Some(b'm' | b'M') => (&text[..text.len() - 1], 1 << 20),
        Some(b'g' | b'G') => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .filter(|size| *size > 0)
        .ok_or_else(|| "a size is a number with or without k, M or G behind it".to_owned())
}

fn registry(text: &str) -> Result<RegistryId, String> {
    Ok(RegistryId::new(text))
}

fn endpoint(text: &str) -> Result<(RegistryId, String), String> {
    match text.split_once('=') {
        Some((registry, url)) if !registry.is_empty() && !url.is_empty() => {
            Ok((RegistryId::new(registry), url.to_owned()))
        }
        _ => Err("a registry and a URL are expected, as in npm=https://npm.corp.invalid/".to_owned()),
    }
}

fn operator(text: &str) -> Result<(RegistryId, String), String> {
    match text.split_once('=') {
        Some((registry, value)) if !registry.is_empty() => Ok((RegistryId::new(registry), variable(value)?)),
        _ => Err("a registry and a variable are expected, as in npm=env:NPM_SESSION".to_owned()),
    }
}

/// The name of a variable: a secret itself is never an argument, since arguments show in process lists.
fn variable(text: &str) -> Result<String, String> {
    text.strip_prefix("env:")
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| "the name of an environment variable is expected, as in env:NPM_SESSION".to_owned())
}

fn report(text: &str) -> Result<(Format, PathBuf), String> {
    match text.split_once('=') {
        Some((format, file)) if !file.is_empty() => {
            Ok((format.parse::<Format>().map_err(|error| error.to_string())?, PathBuf::from(file)))
        }
        _ => Err("a format and a file are expected, as in sarif=keyrake.sarif".to_owned()),
    }
}

fn receipt_format(text: &str) -> Result<Format, String> {
    match text.parse::<Format>() {
        Ok(format @ (Format::Text | Format::Json)) => Ok(format),
        _ => Err("text or json is expected".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn values_are_parsed_at_the_edge() {
        assert_eq!(size("256M"), Ok(256 << 20));
        assert!(size("0").is_err() && size("many").is_err() && size("99999999999G").is_err());
        assert!(operator("npm=npm_secret").is_err());
        assert_eq!(operator("npm=env:S").map(|(_, name)| name), Ok("S".to_owned()));
        assert!(endpoint("npm=").is_err());
    }
}
