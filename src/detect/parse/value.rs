//! The right side of a credential field: separator, quotes, escapes, and the value itself.

use std::ops::Range;

use super::npm::is_self_evident;
use crate::detect::placeholder::is_reference;

/// The longest value that is read.
const LONGEST: usize = 4 << 10;
/// The longest way from a name to its value: quotes, escapes, separators, indentation.
const LONGEST_GAP: usize = 96;
/// The longest text of any characters.
pub(super) const LONGEST_CLEAR: usize = 256;
/// What follows a token is looked at this far: two equals signs, and what comes behind them.
const AFTER_TOKEN: usize = 5;

/// Where a value begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    /// Its first byte.
    pub(super) at: usize,
    /// The quote it stands in.
    pub(super) quote: Option<u8>,
    /// What stands between it and its name.
    pub(super) link: Link,
}

/// How a value is tied to its name, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Link {
    /// A comma or bracket: the next of a list.
    List,
    /// Spaces and quotes: `.yarnrc`, Dockerfiles, command lines.
    Space,
    /// `:` after a quoted name, and a value without quotes: an expression of some program, or YAML.
    Expression,
    /// `=` or `:`.
    Assigned,
}

impl Opening {
    /// A value whose place is known already.
    pub(super) fn at(at: usize, quote: Option<u8>) -> Self {
        Self { at, quote, link: Link::Assigned }
    }
}

/// Whether a value may stand on the line below its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// Only after a colon or comma, and indented: JSON and YAML. In an ini file the next line is another setting.
    AfterColon,
    /// Anyhow: for values of so strict a shape that a wrong neighbour does not matter.
    Any,
}

/// Skips from the end of a name to the beginning of its value.
pub(super) fn opening(bytes: &[u8], name_end: usize, lines: Lines) -> Option<Opening> {
    let end = bytes.len().min(name_end.saturating_add(LONGEST_GAP));
    let gap = bytes.get(..end)?;
    let may_break = lines == Lines::Any;
    let mut walk =
        Walk { at: name_end, quote: None, is_name_quoted: false, is_apart: false, link: None, may_break, lines };
    while let Some(rest) = gap.get(walk.at..).filter(|rest| !rest.is_empty()) {
        match walk.step(rest)? {
            0 => break,
            length => walk.at += length,
        }
    }
    let link = match walk.link.unwrap_or(Link::Space) {
        Link::Assigned if walk.is_name_quoted && walk.quote.is_none() => Link::Expression,
        link => link,
    };
    (walk.is_apart && walk.at < end).then_some(Opening { at: walk.at, quote: walk.quote, link })
}

struct Walk {
    at: usize,
    quote: Option<u8>,
    is_name_quoted: bool,
    /// Whether anything but a quote, which may be the name's own, stands between the name and the value.
    is_apart: bool,
    link: Option<Link>,
    may_break: bool,
    lines: Lines,
}

impl Walk {
    /// The length of the next piece of the gap; zero where the value begins, `None` where there is none.
    fn step(&mut self, rest: &[u8]) -> Option<usize> {
        Some(match rest {
            [b'\\', ..] => {
                let length = escaped(rest, &mut self.quote)?;
                let last = length.checked_sub(1).and_then(|at| rest.get(at));
                self.is_apart |= !matches!(last, Some(b'"' | b'\'' | b'`' | b'/'));
                length
            }
            [byte @ (b'"' | b'\'' | b'`'), next, after, ..] if byte == next && byte == after => {
                self.quote = Some(*byte);
                3
            }
            // Nothing is between the quotes, unless they are YAML's way of writing one.
            [byte @ (b'"' | b'\'' | b'`'), next, ..]
                if self.quote == Some(*byte) && self.is_apart && !next.is_ascii_alphanumeric() =>
            {
                return None;
            }
            [byte @ (b'"' | b'\'' | b'`'), ..] => {
                self.quote = Some(*byte);
                1
            }
            // `=[hidden]` is a mask.
            [b'[', next, ..] if next.is_ascii_alphanumeric() => return None,
            [b':', b'-' | b'=', ..] => self.separator(b':', 2),
            [b'>' | b'|', b'-' | b'+', b'\n' | b'\r', ..] => self.separator(b'>', 3),
            [byte @ (b'=' | b':' | b',' | b'>' | b'|' | b'?' | b'(' | b'[' | b']'), ..] => self.separator(*byte, 1),
            [b' ' | b'\t', ..] => {
                self.end_quote();
                self.is_apart = true;
                1
            }
            // The next line of a diff, a quotation or a comment.
            [b'\n', b'+' | b'>' | b'#' | b'|', b' ' | b'\t', ..] if self.may_break => {
                self.is_apart = true;
                2
            }
            [b'\n' | b'\r', next, ..] if self.may_break && (self.lines == Lines::Any || is_indent(*next)) => {
                self.is_apart = true;
                1
            }
            _ => match encoded(rest) {
                Some(length) => self.separator(b'=', length),
                None => 0,
            },
        })
    }

    fn separator(&mut self, byte: u8, length: usize) -> usize {
        self.end_quote();
        self.is_apart = true;
        self.may_break |= !matches!(byte, b'=' | b'?' | b']');
        let link = if matches!(byte, b',' | b'(' | b'[' | b']') { Link::List } else { Link::Assigned };
        self.link = self.link.max(Some(link));
        length
    }

    /// A quote before a separator was the name's.
    fn end_quote(&mut self) {
        self.is_name_quoted |= self.quote.take().is_some() && self.link.is_none();
    }
}

fn is_indent(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

/// Backslashes and what they escape.
fn escaped(rest: &[u8], quote: &mut Option<u8>) -> Option<usize> {
    let slashes = rest.iter().take_while(|byte| **byte == b'\\').count();
    let tail = rest.get(slashes..)?;
    match tail {
        [byte @ (b'"' | b'\'' | b'`'), ..] => {
            *quote = Some(*byte);
            Some(slashes + 1)
        }
        [b't' | b'/', ..] => Some(slashes + 1),
        [b'u', b'0', b'0', digits @ ..] => {
            let known = [b"3d", b"3D", b"3a", b"3A", b"22", b"27", b"20"];
            known.iter().any(|code| digits.starts_with(*code)).then_some(slashes + 5)
        }
        _ => None,
    }
}

/// Separators and quotes as URLs and HTML write them.
fn encoded(rest: &[u8]) -> Option<usize> {
    const FORMS: [&[u8]; 13] = [
        b"%3D", b"%3d", b"%3A", b"%3a", b"%22", b"%27", b"%20", b"&quot;", b"&#34;", b"&#39;", b"&#x3D;", b"&#61;",
        b"&apos;",
    ];
    FORMS.iter().find(|form| rest.starts_with(form)).map(|form| form.len())
}

/// Reads the token that begins at the opening. `None` where it is a reference, is cut by a template, or goes on in another character set.
pub(super) fn token(bytes: &[u8], opening: Opening) -> Option<(Range<usize>, Vec<u8>)> {
    token_up_to(bytes, opening, LONGEST)
}

/// Up to where reading that token looks.
pub(super) fn token_end(bytes: &[u8], opening: Opening) -> usize {
    let rest = bytes.get(opening.at..).unwrap_or_default();
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let length = rest.iter().take_while(|byte| is_token_character(**byte) || **byte == b'\\').count();
    opening.at + length + AFTER_TOKEN
}

/// The same for a token of at most this length.
pub(super) fn token_up_to(bytes: &[u8], opening: Opening, longest: usize) -> Option<(Range<usize>, Vec<u8>)> {
    let rest = bytes.get(opening.at..)?;
    let rest = rest.get(..longest.saturating_add(1)).unwrap_or(rest);
    let mut length = 0;
    loop {
        length += rest.get(length..)?.iter().take_while(|byte| is_token_character(**byte)).count();
        match rest.get(length..)? {
            // PHP escapes slashes in JSON.
            [b'\\', b'/', ..] => length += 2,
            _ => break,
        }
    }
    // Base64 ends so; elsewhere an equals sign is another setting's.
    let padding = rest.get(length..)?.iter().take(2).take_while(|byte| **byte == b'=').count();
    length += padding;
    if padding > 0 && rest.get(length).is_some_and(|byte| is_token_character(*byte)) {
        return None;
    }
    if length > longest || continues(bytes, opening.at + length, opening.quote) {
        return None;
    }
    let raw = rest.get(..length)?;
    let raw = raw.get(..raw.len() - raw.iter().rev().take_while(|byte| **byte == b'.').count())?;
    let text: Vec<u8> = raw.iter().copied().filter(|byte| *byte != b'\\').collect();
    (!text.is_empty() && !is_reference(&text)).then_some((opening.at..opening.at + raw.len(), text))
}

/// Whether something follows a value that shows it to be part of something else.
fn continues(bytes: &[u8], end: usize, quote: Option<u8>) -> bool {
    match (bytes.get(end..).unwrap_or_default(), quote) {
        ([b'<', b'/', ..], _) => false,
        ([b'$' | b'{' | b'<' | b'*' | b'(' | b'[' | b'@' | b'=', ..], _) => true,
        ([0xE2, 0x80, 0xA6, ..], _) => true,
        ([] | [b'\\' | b'&' | b'%' | b'\n' | b'\r', ..], Some(_)) => false,
        ([byte, ..], Some(quote)) => *byte != quote,
        _ => false,
    }
}

fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
}

/// Reads text that may hold any character: to the closing quote, or to the next space or comma where there is no quote.
pub(super) fn clear(bytes: &[u8], opening: Opening) -> Option<Range<usize>> {
    let rest = bytes.get(opening.at..)?;
    let limit = rest.get(..LONGEST_CLEAR).unwrap_or(rest);
    let length = limit.iter().position(|byte| match opening.quote {
        Some(quote) => *byte == quote || matches!(byte, b'\n' | b'\\' | b'\0'),
        None => byte.is_ascii_whitespace() || matches!(byte, b',' | b'"' | b'\'' | b'`' | b'\\' | b'\0'),
    });
    let length = length.or((rest.len() <= LONGEST_CLEAR).then_some(rest.len()))?;
    (length > 0).then_some(opening.at..opening.at + length)
}

/// What stands in the braces of a variable instead of its name alone: the fallback of `${NAME:-fallback}` and `${NAME-fallback}`, as
/// yarn and shells have it, or a token that somebody put there.
pub(super) fn fallback(bytes: &[u8], opening: Opening) -> Option<Opening> {
    let rest = bytes.get(opening.at..)?.strip_prefix(b"${")?;
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let inner = rest.get(..memchr::memchr(b'}', rest)?)?;
    if is_self_evident(inner) {
        return Some(Opening::at(opening.at + 2, Some(b'}')));
    }
    let name = inner.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let tail = inner.get(name..)?;
    let dash = if tail.starts_with(b":-") { 2 } else { usize::from(tail.starts_with(b"-")) };
    (name > 0 && dash > 0).then_some(Opening::at(opening.at + 2 + name + dash, Some(b'}')))
}

/// Up to where looking into the braces of a variable looks.
pub(super) fn fallback_end(bytes: &[u8], opening: Opening) -> usize {
    let rest = bytes.get(opening.at..).unwrap_or_default();
    if !rest.starts_with(b"${") {
        return opening.at + 2;
    }
    let limit = rest.get(..LONGEST).unwrap_or(rest);
    opening.at + memchr::memchr(b'}', limit).unwrap_or(LONGEST) + 1
}

/// `- name: NAME`, `<env name="NAME"`, `--name NAME`: where the value is given on its own, by one of these words.
pub(super) fn neighbour(bytes: &[u8], name_end: usize, near: Option<Opening>) -> Option<Opening> {
    const WORDS: [&[u8]; 4] = [b"value", b"--value", b"--body", b"-b"];
    let at = match near {
        Some(near) => near.at,
        None => match opening(bytes, name_end, Lines::Any) {
            Some(next) => next.at,
            None => next_escaped_line(bytes, name_end)?,
        },
    };
    let rest = bytes.get(at..)?;
    let word = WORDS.iter().find(|word| rest.get(..word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word)))?;
    let end = at + word.len();
    match rest.get(word.len()..)? {
        [quote @ (b'"' | b'\''), ..] if word.starts_with(b"-") => Some(Opening::at(end + 1, Some(*quote))),
        [byte, ..] if *word == b"-b" && byte.is_ascii_alphanumeric() => Some(Opening::at(end, None)),
        _ => opening(bytes, end, Lines::AfterColon),
    }
}

/// Where the next line begins, behind its indent, if an escaped line break ends this one here: in a string, or in the strings of a
/// notebook that are lines.
fn next_escaped_line(bytes: &[u8], at: usize) -> Option<usize> {
    let gap = bytes.get(at..bytes.len().min(at.saturating_add(LONGEST_GAP)))?;
    let skip = |at: usize, is_skipped: fn(u8) -> bool| {
        at + gap.get(at..).unwrap_or_default().iter().take_while(|byte| is_skipped(**byte)).count()
    };
    let slashes = |at: usize| skip(at, |byte| byte == b'\\');
    let blanks = |at: usize| skip(at, |byte| byte.is_ascii_whitespace());
    let quote = |at: usize| matches!(gap.get(slashes(at)), Some(b'"' | b'\'')).then_some(slashes(at) + 1);
    let escape =
        |at: usize, letter: u8| (slashes(at) > at && gap.get(slashes(at)) == Some(&letter)).then_some(slashes(at) + 1);
    let end = quote(0).unwrap_or(0);
    let next = escape(escape(end, b'r').unwrap_or(end), b'n')?;
    // `",` and on the next line `"`
    let comma = |at: usize| (gap.get(blanks(at)) == Some(&b',')).then_some(blanks(at) + 1);
    let seam = quote(next).and_then(comma).and_then(|at| quote(blanks(at)));
    Some(at + skip(seam.unwrap_or(next), |byte| matches!(byte, b' ' | b'\t')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_name_and_value_in_strings() {
        for (text, expected) in [
            ("N\n  value: v1\n", Some("v1")),
            ("N\r\n  value: v1\r\n", Some("v1")),
            ("N\\\"\\n  value: \\\"v1\\\"\\n", Some("v1")),
            (r"N\\n  value: v1\\n", Some("v1")),
            ("N\\n\",\n    \"  value: v1\\n\"", Some("v1")),
            ("N\\n  other: x\\n  value: v1", None),
            ("N\\n", None),
            ("N\\", None),
        ] {
            let found = neighbour(text.as_bytes(), 1, opening(text.as_bytes(), 1, Lines::AfterColon))
                .and_then(|opening| token(text.as_bytes(), opening));
            assert_eq!(found.map(|(_, value)| String::from_utf8(value).unwrap()).as_deref(), expected, "{text}");
        }
    }

    fn read(text: &str) -> Option<String> {
        let opening = opening(text.as_bytes(), 1, Lines::AfterColon)?;
        token(text.as_bytes(), opening).map(|(span, value)| {
            assert!(span.end <= text.len());
            String::from_utf8(value).unwrap()
        })
    }

    #[test]
    fn separators_quotes_and_escapes() {
        for text in [
            "K=v1",
            "K = v1",
            "K=\"v1\"",
            "K='v1'",
            "K: v1",
            "K\": \"v1\"",
            "K \"v1\"",
            "K\" \"v1\"",
            "K v1",
            "K\\\":\\\"v1\\\"",
            "K\\\\\\\"=\\\\\\\"v1\\\\\\\"",
            "K=v1\\n",
            "K=v1;comment",
            "K=v1 # comment",
            "K=v1#c",
            "K%3Dv1%0A",
            "K\\u003dv1",
            "K&quot;:&quot;v1&quot;",
            "K>v1</K>",
            "K', 'v1')",
            "K'] = 'v1'",
            "K=v1\r\n",
            "K=v1.",
            "K\":\n    \"v1\"",
            "K: >-\n  v1\n",
            "K=\"v1\n",
            "K = \"\"\"v1\"\"\"",
            "K = ''v1''",
            "K\":\n+   \"v1\"",
        ] {
            assert_eq!(read(text).as_deref(), Some("v1"), "{text}");
        }
        assert_eq!(read("K=a\\/b").as_deref(), Some("a/b"));
    }

    #[test]
    fn no_value() {
        for text in [
            "K",
            "K=",
            "Kv1",
            "K=\nv1",
            "K:\nv1",
            "K=${V}",
            "K=$V",
            "K=<v>",
            "K={{ v }}",
            "K=%V%",
            "K=***",
            "K=[v1]",
            "K=v1${V}",
            "K=v1***",
            "K=v1…v2",
            "K=v1...v2",
            "K=f(x)",
            "K=v1=v2",
            "K=v1===",
            "K=\"v1 v2\"",
            "K\\n=v1",
            "K\"v1\"",
            "K = \"\", v1",
            "K=''\nv1",
            "K\\\"v1",
            "K\"))||(a.get(\"b\")",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn fallbacks() {
        for (text, expected) in [
            ("K: ${A:-v1}", Some("v1")),
            ("K: \"${A-v1}\"", Some("v1")),
            ("K: ${A}", None),
            ("K: ${A:-${B}}", None),
            ("K: ${A:-v1", None),
            ("K: ${20fcc725-c7ff-4bbf-3de8-632c89a16c87}", Some("20fcc725-c7ff-4bbf-3de8-632c89a16c87")),
        ] {
            let found = opening(text.as_bytes(), 1, Lines::AfterColon)
                .and_then(|opening| fallback(text.as_bytes(), opening))
                .and_then(|opening| token(text.as_bytes(), opening));
            assert_eq!(found.map(|(_, value)| String::from_utf8(value).unwrap()).as_deref(), expected, "{text}");
        }
    }
}
