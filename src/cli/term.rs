//! What reaches the terminal beside reports: notes and errors, on standard error, cleaned of secrets and of control
//! characters before they are written.

use std::io::{self, IsTerminal as _, Write as _};

use crate::model::Scrubber;
use crate::report::sanitise;

use super::args::Color;

/// Writes to standard output. A reader that goes away has read enough: that is no error, and changes no verdict.
pub(super) fn answer(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes a note to standard error.
pub(super) fn note(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = writeln!(stderr, "{}", Scrubber::default().scrub(text.trim_end()));
}

/// Writes an error with its causes, the outermost first.
pub(super) fn error(error: &anyhow::Error, color: Color) {
    let style = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
    let text = format!("{error:#}");
    let text = sanitise::sanitise(&Scrubber::default().scrub(&text)).into_owned();
    let mut stderr = anstream::AutoStream::new(io::stderr().lock(), choice(color));
    let _ = writeln!(stderr, "{style}error{style:#}: {text}");
}

/// Whether standard output is to have colour.
pub(super) fn colour(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
    }
}

fn choice(color: Color) -> anstream::ColorChoice {
    match color {
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
        Color::Auto => anstream::AutoStream::choice(&io::stderr()),
    }
}

/// Columns of the terminal that reads standard output; 100 where it is no terminal.
pub(super) fn width() -> usize {
    terminal_size::terminal_size_of(io::stdout()).map_or(100, |(terminal_size::Width(width), _)| width.into())
}

/// Whether a person watches standard error.
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Whether a person types what stands on standard input.
pub(super) fn is_typed() -> bool {
    io::stdin().is_terminal()
}

/// Asks for a one-time code on the terminal, without showing it. `None` where nobody is there to ask.
pub(super) fn ask_code(question: &str) -> Option<String> {
    if !io::stdin().is_terminal() {
        return None;
    }
    rpassword::prompt_password(question).ok().map(|code| code.trim().to_owned()).filter(|code| !code.is_empty())
}
