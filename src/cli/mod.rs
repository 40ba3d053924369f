//! The door: the only room that knows the command line, the terminal, the environment and exit codes.
//!
//! What comes in: arguments, variables, standard input. What goes out: bytes on the two streams, files that were asked
//! for, and an exit code. What it must never do: decide anything about a secret, or print one that was not asked for.

mod args;
mod exit;
mod files;
mod hook;
mod interrupt;
mod plan;
mod progress;
mod revoke;
mod rules;
mod scan;
mod settings;
mod term;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::{ContextKind, ContextValue};

use args::{Cli, Command};
use exit::Exit;

/// Parses the arguments, runs the command, reports an error, and says with which code to end.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(error).into(),
    };
    let colour = cli.global.color;
    let result = match cli.command {
        Command::Scan(args) => scan::run(&args, &cli.global),
        Command::Verify(args) => verify::run(&args, &cli.global),
        Command::Revoke(args) => revoke::run(&args, &cli.global),
        Command::Rules(args) => rules::run(args),
    };
    result
        .unwrap_or_else(|error| {
            term::error(&error, colour);
            Exit::Error
        })
        .into()
}

/// Help and version go to standard output with success; a usage error to standard error, without echoing a value that
/// has a token's shape, or that stands where somebody may have written a secret itself.
fn usage(mut error: clap::Error) -> Exit {
    let delicate = |arg: &ContextValue| matches!(arg, ContextValue::String(arg) if arg.starts_with("--operator") || arg.starts_with("--otp"));
    if error.get(ContextKind::InvalidArg).is_some_and(delicate) {
        error.insert(ContextKind::InvalidValue, ContextValue::String("***".to_owned()));
    }
    if error.use_stderr() {
        term::note(&error.render().to_string());
        Exit::Error
    } else {
        let shown = term::answer(error.render().to_string().as_bytes());
        if shown.is_ok() { Exit::Clean } else { Exit::Error }
    }
}
