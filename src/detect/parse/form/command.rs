//! The words of a command line, in a shell, a Dockerfile or a quoted string.

use std::ops::Range;

/// How far a command is followed.
const REACH: usize = 512;
const MOST: usize = 48;

/// The words behind the beginning of a command.
#[derive(Debug)]
pub(in crate::detect::parse) struct Words<'a> {
    bytes: &'a [u8],
    /// Without quotes.
    pub(in crate::detect::parse) all: Vec<Range<usize>>,
    /// Where the command ends.
    pub(in crate::detect::parse) end: usize,
}

/// Reads the words from here to the end of the command.
pub(in crate::detect::parse) fn words(bytes: &[u8], from: usize) -> Words<'_> {
    let limit = bytes.len().min(from.saturating_add(REACH));
    let mut all: Vec<Range<usize>> = Vec::new();
    let mut at = from;
    while at < limit && all.len() < MOST {
        let rest = bytes.get(at..limit).unwrap_or_default();
        match rest {
            [b' ' | b'\t', ..] => at += 1,
            // The command goes on in the next line.
            [b'\\' | b'`' | b'^', b'\n', ..] => at += 2,
            [b'\\' | b'`' | b'^', b'\r', b'\n', ..] => at += 3,
            // The string ends in which the command stands. (`mia"$X"` goes on: to a shell it is one word.)
            [b'\\', b'"' | b'\'', behind @ ..] | [b'"' | b'\'', behind @ ..]
                if all.last().is_some_and(|word| word.end == at)
                    && matches!(
                        behind,
                        [] | [b'"' | b'\'' | b',' | b':' | b';' | b']' | b'}' | b')' | b'\\' | b'\n' | b'\r', ..]
                    ) =>
            {
                break;
            }
            [] | [b'\n' | b'\r' | b';' | b'|' | b'&' | b'<' | b'>' | b')' | b'`' | b'#' | b'\0', ..] => break,
            _ => match word(rest) {
                Some((inner, length)) => {
                    all.push(at + inner.start..at + inner.end);
                    at += length;
                }
                None => break,
            },
        }
    }
    Words { bytes, all, end: at }
}

/// Reads the words of a command that is a list of strings, from behind its first ones to the bracket: `"-u", "mia"]`.
pub(in crate::detect::parse) fn listed(bytes: &[u8], from: usize) -> Words<'_> {
    let limit = bytes.len().min(from.saturating_add(REACH));
    let mut all: Vec<Range<usize>> = Vec::new();
    let mut at = from;
    while at < limit && all.len() < MOST {
        let rest = bytes.get(at..limit).unwrap_or_default();
        match rest {
            [b' ' | b'\t' | b'\n' | b'\r' | b',', ..] => at += 1,
            [b'"' | b'\\', ..] => match quoted(rest) {
                Some((inner, length)) => {
                    all.push(at + inner.start..at + inner.end);
                    at += length;
                }
                None => break,
            },
            _ => break,
        }
    }
    Words { bytes, all, end: at }
}

/// A word and how far it reaches with its quotes.
fn word(rest: &[u8]) -> Option<(Range<usize>, usize)> {
    if let Some((inner, length)) = quoted(rest) {
        return Some((inner, length));
    }
    let is_end = |byte: &u8| {
        byte.is_ascii_whitespace()
            || matches!(byte, b'"' | b'\'' | b'`' | b';' | b'|' | b'&' | b'<' | b'>' | b')' | b'\\')
    };
    let length = rest.iter().position(is_end).unwrap_or(rest.len());
    let tail = rest.get(length..)?;
    // `--option="value"`
    if rest.get(..length)?.ends_with(b"=")
        && let Some((_, more)) = quoted(tail)
    {
        return Some((0..length + more, length + more));
    }
    (length > 0).then_some((0..length, length))
}

fn quoted(rest: &[u8]) -> Option<(Range<usize>, usize)> {
    let slash = usize::from(rest.first() == Some(&b'\\'));
    let quote = *rest.get(slash).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let start = slash + 1;
    let body = rest.get(start..)?;
    let end =
        body.iter().position(|byte| *byte == quote || *byte == b'\n').filter(|end| body.get(*end) == Some(&quote))?;
    let inner = start..start + end - slash.min(end);
    Some((inner, start + end + 1))
}

impl Words<'_> {
    /// The value of an option: `--name value`, `--name=value`, `-nvalue`.
    pub(in crate::detect::parse) fn option(&self, names: &[&str]) -> Option<Range<usize>> {
        self.all.iter().enumerate().find_map(|(index, span)| {
            let text = self.bytes.get(span.clone())?;
            names.iter().find_map(|name| {
                let tail = text.get(..name.len()).filter(|head| head.eq_ignore_ascii_case(name.as_bytes()));
                match (tail, text.get(name.len()..)?) {
                    (Some(_), []) => self.all.get(index + 1).cloned(),
                    (Some(_), [b'=', ..]) => Some(self.bare(span.start + name.len() + 1..span.end)),
                    (Some(_), _) if name.len() == 2 && text.starts_with(name.as_bytes()) => {
                        Some(self.bare(span.start + 2..span.end))
                    }
                    _ => None,
                }
            })
        })
    }

    /// The words that are no options and no values of them.
    pub(in crate::detect::parse) fn plain(&self, flags: &[&str]) -> Vec<Range<usize>> {
        let mut plain = Vec::new();
        let mut is_value = false;
        for span in &self.all {
            let text = self.bytes.get(span.clone()).unwrap_or_default();
            if text.starts_with(b"-") {
                // `-uUSER` holds its value.
                let is_short = text.len() > 2 && text.get(1) != Some(&b'-');
                is_value = !is_short && !text.contains(&b'=') && !flags.iter().any(|flag| flag.as_bytes() == text);
            } else if !std::mem::take(&mut is_value) {
                plain.push(span.clone());
            }
        }
        plain
    }

    /// A value without the quotes around it.
    fn bare(&self, span: Range<usize>) -> Range<usize> {
        let text = self.bytes.get(span.clone()).unwrap_or_default();
        let is_quote = |byte: &&u8| matches!(**byte, b'"' | b'\'' | b'\\');
        let head = text.iter().take_while(is_quote).count();
        let tail = text.iter().rev().take(text.len() - head).take_while(is_quote).count();
        span.start + head..span.end - tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_options() {
        for (text, name, expected) in [
            ("-u mia -p pw1 r.invalid\nnext", "-p", Some("pw1")),
            ("-u mia -ppw1 r.invalid", "-p", Some("pw1")),
            ("--password='p w' r.invalid", "--password", Some("p w")),
            ("--password \"p;w\" r.invalid", "--password", Some("p;w")),
            (r#"--password \"pw1\" r.invalid"#, "--password", Some("pw1")),
            ("-u mia \\\n  --password pw1 && x", "--password", Some("pw1")),
            ("-u mia && x --password pw1", "--password", None),
            ("-p pw1\"}", "-p", Some("pw1")),
            ("x pw1\",\"-p\":\"no\"}", "-p", None),
            ("-u mia\"$X\" -p pw1 r.invalid", "-p", Some("pw1")),
            ("-u a\"b\" -p pw1 r.invalid", "-p", Some("pw1")),
            ("dist/a-\"$V\".whl -u mia -p pw1", "-p", Some("pw1")),
            (r#"x pw1\",\"-p\":\"no\"}"#, "-p", None),
            (r#"-p \"pw1\" r.invalid"#, "-p", Some("pw1")),
        ] {
            let words = words(text.as_bytes(), 0);
            assert_eq!(words.option(&[name]).map(|span| &text[span]), expected, "{text}");
        }
        let text = "-u mia --tls r.invalid x\",\"y\":1";
        let plain: Vec<&str> =
            words(text.as_bytes(), 0).plain(&["--tls"]).into_iter().map(|span| &text[span]).collect();
        assert_eq!(plain, ["r.invalid", "x"]);
    }
}
