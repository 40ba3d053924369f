//! The one gate for foreign text: paths, commit subjects, names, refs, server words, messages.
//!
//! What comes in: text that somebody else wrote. What goes out: one line that a terminal shows as it is, without secrets.
//! What it must never do: let a control character, an escape sequence, a line break or a change of direction through.

use std::borrow::Cow;

use crate::model::{Run, Scrubber};

/// The text with everything that would move a cursor, colour a line, turn its direction or order a CI runner about shown as
/// an escape.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut done = 0;
    let mut word_starts = true;
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        if is_hostile(c) || orders_a_runner(rest, word_starts) {
            out.push_str(text.get(done..at).unwrap_or_default());
            out.push_str(&escaped(c));
            done = at + c.len_utf8();
        }
        word_starts = c.is_whitespace();
    }
    match done {
        0 => Cow::Borrowed(text),
        _ => Cow::Owned(out + text.get(done..).unwrap_or_default()),
    }
}

fn escaped(c: char) -> String {
    match c {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        c if u32::from(c) < 0x100 => format!("\\x{:02x}", u32::from(c)),
        c => format!("\\u{{{:x}}}", u32::from(c)),
    }
}

/// GitHub obeys `::command::` at the start of a line of a log (and wrapping may put any word there); GitHub and Azure obey
/// `##[command]` and `##vso[command]` anywhere.
fn orders_a_runner(rest: &str, word_starts: bool) -> bool {
    (word_starts && rest.starts_with("::")) || rest.starts_with("##[") || rest.starts_with("##vso[")
}

/// Control characters, changes of direction, and characters without width or form that hide text. The joiners U+200C and
/// U+200D stay: Persian, Hindi and emoji need them.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Takes secrets out of foreign text, and makes it fit for its reader.
#[derive(Clone, Debug)]
pub struct Cleaner {
    scrubber: Scrubber,
}

impl Cleaner {
    /// For a run: knows its secrets. A reader who asked to see them finds them in one field of JSON, and nowhere else.
    pub fn for_run(run: &Run) -> Self {
        let rules = run.rules.rules.iter().flat_map(|rule| [&rule.id, &rule.summary, &rule.help]).cloned();
        // What a found password is called in every report.
        let known = rules.filter(|text| !text.is_empty()).chain(["password".to_owned()]);
        Self::new(Scrubber::new(run.secrets().cloned()).sparing(known))
    }

    /// Knows what this scrubber knows.
    pub fn new(scrubber: Scrubber) -> Self {
        Self { scrubber }
    }

    /// For machines: without secrets, otherwise as it is.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.scrubber.scrub(text)
    }

    /// For people: without secrets, on one line, at most `longest` characters.
    pub fn line(&self, text: &str, longest: usize) -> String {
        let scrubbed = self.scrub(text);
        let clean = sanitise(&scrubbed);
        match clean.char_indices().nth(longest) {
            Some((end, _)) => format!("{}…", clean.get(..end).unwrap_or_default()),
            None => clean.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::model::{Secret, Severity, Unknown};

    #[test]
    fn what_moves_a_terminal_is_shown_as_an_escape() {
        let cases = [
            ("plain/päth ☃ 名前 👩\u{200d}💻", "plain/päth ☃ 名前 👩\u{200d}💻"),
            ("a\nb\rc\td", "a\\nb\\rc\\td"),
            ("\u{1b}[31mred\u{1b}[0m", "\\x1b[31mred\\x1b[0m"),
            ("\u{9b}2J \u{7f} \0", "\\x9b2J \\x7f \\x00"),
            ("\u{1b}]8;;https://a.invalid\u{7}x", "\\x1b]8;;https://a.invalid\\x07x"),
            ("abc\u{202e}gpj.exe", "abc\\u{202e}gpj.exe"),
            ("\u{2066}\u{200f}\u{feff}\u{2028}\u{e0041}", "\\u{2066}\\u{200f}\\u{feff}\\u{2028}\\u{e0041}"),
        ];
        for (text, expected) in cases {
            assert_eq!(sanitise(text), expected);
        }
        let orders = [
            ("::error::x ::set-env::y", r"\x3a:error::x \x3a:set-env::y"),
            ("a::b 1::2", "a::b 1::2"),
            ("x##[group]y ##vso[task] ## [", r"x\x23#[group]y \x23#vso[task] ## ["),
        ];
        for (text, expected) in orders {
            assert_eq!(sanitise(text), expected);
        }
        assert!(matches!(sanitise("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_password_that_is_a_word_is_not_given_away_by_a_gap_in_our_own_words() {
        let mut run = samples::empty();
        for word in ["password", "account"] {
            run.findings.push(samples::finding(
                Secret::password(word),
                Severity::Medium,
                samples::unknown(Unknown::Offline),
            ));
        }
        let clean = Cleaner::for_run(&run);
        let (rule, own) = ("rule npm-password, path src/", "a password works until it is changed");
        assert_eq!((clean.scrub(rule), clean.scrub(own)), (rule.into(), own.into()));
        assert_eq!(clean.scrub("npm account password"), "npm account password");
        assert_eq!(clean.scrub("the account of mia"), "the *** of mia");
    }

    #[test]
    fn a_secret_goes_before_the_line_is_cut() {
        let cleaner = Cleaner::new(Scrubber::new([Secret::password("hunter2hunter2")]));
        assert_eq!(cleaner.line("drop hunter2hunter2 now", 12), "drop *** now");
        assert_eq!(cleaner.line("drop hunter2hunter2 now", 7), "drop **…");
        assert_eq!(cleaner.line("drop hunter2hunter2\nnow", 99), "drop ***\\nnow");
    }
}
