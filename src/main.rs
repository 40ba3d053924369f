//! The `keyrake` binary: parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    keyrake::cli::main()
}
