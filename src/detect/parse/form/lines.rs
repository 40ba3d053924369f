//! `name = value` and `name: value`, one a line, below a `[header]` or an indented key: ini, TOML, properties, YAML.

use std::ops::Range;

use crate::detect::parse::key::{begins_line, is_margin};

/// How far a table is followed.
const REACH: usize = 4 << 10;
/// Lines beyond these are not read.
const MOST: usize = 96;
const LONGEST_LINE: usize = 1 << 10;
const LONGEST_NAME: usize = 96;
const LONGEST_HEADER: usize = 128;

/// Settings that belong together.
#[derive(Clone, Debug)]
pub(in crate::detect::parse) struct Table<'a> {
    bytes: &'a [u8],
    /// Where they stand.
    pub(in crate::detect::parse) body: Range<usize>,
}

impl<'a> Table<'a> {
    /// Everything within these bounds.
    pub(in crate::detect::parse) fn new(bytes: &'a [u8], body: Range<usize>) -> Self {
        let end = body.end.min(bytes.len()).min(body.start.saturating_add(REACH));
        Self { bytes, body: body.start.min(end)..end }
    }

    /// The table whose `[header]` begins at `at` and a line, and the header's text without its brackets.
    pub(in crate::detect::parse) fn below(bytes: &'a [u8], at: usize) -> Option<(&'a [u8], Self)> {
        let rest = bytes.get(at..bytes.len().min(at.saturating_add(REACH)))?;
        if !begins_line(bytes, at) {
            return None;
        }
        let line = rest.get(..LONGEST_HEADER).unwrap_or(rest);
        let line = line.get(..memchr::memchr(b'\n', line).unwrap_or(line.len()))?;
        let close = memchr::memrchr(b']', line)?;
        let name = line.get(..close)?.trim_ascii();
        let name = name.strip_prefix(b"[[").map_or(name.get(1..)?, |name| name.strip_suffix(b"]").unwrap_or(name));
        let is_header = |end: &usize| {
            let next = rest.get(end + 1..).unwrap_or_default();
            next.iter().find(|byte| !is_margin(**byte)) == Some(&b'[')
        };
        let end = memchr::memchr_iter(b'\n', rest).find(is_header).unwrap_or(rest.len());
        Some((name.trim_ascii(), Self { bytes, body: at + line.len()..at + end }))
    }

    /// Its settings: name and place of the value.
    pub(in crate::detect::parse) fn settings(&self) -> impl Iterator<Item = (&'a [u8], Range<usize>)> + 'a {
        let (bytes, start) = (self.bytes, self.body.start);
        let body = bytes.get(self.body.clone()).unwrap_or_default();
        let ends = memchr::memchr_iter(b'\n', body).chain([body.len()]).take(MOST);
        let mut from = start;
        ends.filter_map(move |end| {
            let line = from..start + end;
            from = start + end + 1;
            setting(bytes, line)
        })
    }

    /// The value of the first setting with one of these names.
    pub(in crate::detect::parse) fn value(&self, names: &[&str]) -> Option<Range<usize>> {
        let is_one = |name: &[u8]| names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
        self.settings().find(|(name, _)| is_one(name)).map(|(_, value)| value)
    }

    /// The same as text.
    pub(in crate::detect::parse) fn text(&self, names: &[&str]) -> Option<&'a [u8]> {
        self.value(names).and_then(|value| self.bytes.get(value))
    }
}

/// The inputs of a workflow's action that is named before `at`, up to the next action.
pub(in crate::detect::parse) fn inputs(bytes: &[u8], at: usize) -> Table<'_> {
    /// How far they are followed.
    const INPUTS: usize = 400;
    let end = bytes.len().min(at.saturating_add(INPUTS));
    let rest = bytes.get(at..end).unwrap_or_default();
    Table::new(bytes, at..memchr::memmem::find(rest, b"uses:").map_or(end, |next| at + next))
}

/// The settings of a deployment of Travis CI whose provider is named before `at`: up to the next provider, or a line of less indent.
pub(in crate::detect::parse) fn deployment(bytes: &[u8], at: usize) -> Table<'_> {
    /// How far they are followed.
    const SETTINGS: usize = 512;
    let end = bytes.len().min(at.saturating_add(SETTINGS));
    let rest = bytes.get(at..end).unwrap_or_default();
    let is_outer = |line: &usize| rest.get(line + 1).is_some_and(|first| !matches!(first, b' ' | b'\t' | b'+' | b'#'));
    let outer = memchr::memchr_iter(b'\n', rest).find(is_outer);
    let next = memchr::memmem::find(rest, b"provider:");
    Table::new(bytes, at..outer.into_iter().chain(next).min().map_or(end, |length| at + length))
}

/// A setting that fills a line.
fn setting(bytes: &[u8], line: Range<usize>) -> Option<(&[u8], Range<usize>)> {
    let text = bytes.get(line.start..line.end.min(line.start.saturating_add(LONGEST_LINE)))?;
    let margin = text.iter().take_while(|byte| is_margin(**byte) || matches!(byte, b'"' | b'\'')).count();
    let rest = text.get(margin..)?;
    // YAML's and Ruby's keys may hold colons: `:name: value`, `https://host: value`.
    let is_separator = |at: &usize| match rest.get(*at) {
        Some(b'=') => true,
        Some(b':') => *at > 0 && rest.get(at + 1).is_none_or(|next| !matches!(next, b'/' | b':')),
        _ => false,
    };
    let separator = (0..rest.len().min(LONGEST_NAME)).find(is_separator)?;
    let name = rest.get(..separator)?.trim_ascii_end();
    let name = name.strip_suffix(b"\"").or_else(|| name.strip_suffix(b"'")).unwrap_or(name);
    let span = value(bytes, line.start + margin + separator + 1..line.end)?;
    (!name.is_empty()).then_some((name, span))
}

/// The value within these bounds: in quotes, or up to the comment or the end.
pub(in crate::detect::parse) fn value(bytes: &[u8], within: Range<usize>) -> Option<Range<usize>> {
    let text = bytes.get(within.start..within.end.min(within.start.saturating_add(LONGEST_LINE)))?;
    let gap = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let start = within.start + gap;
    let rest = text.get(gap..)?;
    for quotes in [b"\"\"\"", b"'''"] {
        if let Some(inner) = rest.strip_prefix(quotes) {
            let length = memchr::memmem::find(inner, quotes)?;
            return (length > 0).then_some(start + quotes.len()..start + quotes.len() + length);
        }
    }
    if let Some(quote @ (b'"' | b'\'')) = rest.first() {
        let length = memchr::memchr(*quote, rest.get(1..)?)?;
        return Some(start + 1..start + 1 + length);
    }
    let comment = [b" #".as_slice(), b" ;", b"\t#", b"\t;"];
    // The quotes of a value in a string have an escape before them.
    let slashes = rest.iter().take_while(|byte| **byte == b'\\').count();
    if slashes > 0 && matches!(rest.get(slashes), Some(b'"' | b'\'')) {
        let inner = rest.get(slashes + 1..)?;
        let length = memchr::memchr3(b'\\', b'"', b'\'', inner)?;
        return (length > 0).then_some(start + slashes + 1..start + slashes + 1 + length);
    }
    // A line of a notebook ends with what breaks it there, and with its quote.
    let quoted = [br#"\n""#.as_slice(), br#"\r\n""#, br#"\n\""#];
    let marks = comment.iter().chain(&quoted);
    let end = marks.filter_map(|mark| memchr::memmem::find(rest, mark)).min().unwrap_or(rest.len());
    let length = rest.get(..end)?.trim_ascii_end().len();
    (length > 0).then_some(start..start + length)
}

/// The lines around the one at `at` that are indented like it, in a list item too: one block of YAML. And the key of the less indented
/// line above them.
pub(in crate::detect::parse) fn block(bytes: &[u8], at: usize, reach: usize) -> (Table<'_>, Option<Range<usize>>) {
    let floor = at.saturating_sub(reach);
    let ceiling = bytes.len().min(at.saturating_add(reach));
    let begin = |place: usize| {
        let head = bytes.get(floor..place).unwrap_or_default();
        memchr::memrchr(b'\n', head).map_or(floor, |end| floor + end + 1)
    };
    let depth = |line: usize| {
        let text = bytes.get(line..ceiling).unwrap_or_default();
        let depth = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'+' | b'>')).count();
        (depth, text.get(depth).is_none_or(|byte| matches!(byte, b'\n' | b'\r')))
    };
    let begins_item = |line: usize| {
        let text = bytes.get(line..ceiling).unwrap_or_default();
        text.trim_ascii_start().starts_with(b"- ")
    };
    let own = begin(at);
    let (width, _) = depth(own);
    let (mut start, mut parent) = (own, None);
    while start > floor && !begins_item(start) {
        let above = begin(start - 1);
        let (other, is_empty) = depth(above);
        if other < width && !is_empty {
            let end = start.saturating_sub(1);
            parent = Some(above + other..end);
            break;
        }
        start = above;
    }
    let mut end = own;
    while let Some(next) = memchr::memchr(b'\n', bytes.get(end..ceiling).unwrap_or_default()).map(|line| end + line + 1)
    {
        let (other, is_empty) = depth(next);
        end = next;
        if next >= ceiling || (!is_empty && (other < width || begins_item(next))) {
            return (Table { bytes, body: start..next.saturating_sub(1) }, parent);
        }
    }
    (Table { bytes, body: start..ceiling }, parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_every_dress() {
        for (text, expected) in [
            ("name = value", Some("value")),
            ("name=value\r\n", Some("value")),
            ("name: value # why", Some("value")),
            ("  \"name\" : \"a # b\", ", Some("a # b")),
            ("+ name = 'v w'", Some("v w")),
            ("name = a;b#c", Some("a;b#c")),
            ("name = \"\"\"a\"b\"\"\"", Some("a\"b")),
            ("name = '''a'b''' # why", Some("a'b")),
            ("name = \"\"\"\"\"\"", None),
            ("name = value\\n\",", Some("value")),
            ("name = \\n\",", None),
            (r#"name = \"value\"\n"#, Some("value")),
            (r#"name = \"\"\n"#, None),
            ("name =", None),
            ("name = \"open", None),
            ("other: value", None),
        ] {
            let table = Table::new(text.as_bytes(), 0..text.len());
            assert_eq!(table.value(&["name"]).map(|span| &text[span]), expected, "{text}");
        }
        let text = "---\n:key: v1\nhttps://r.invalid: v2\n";
        let found: Vec<_> = Table::new(text.as_bytes(), 0..text.len()).settings().collect();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].0, found[1].0), (b":key".as_slice(), b"https://r.invalid".as_slice()));
    }

    #[test]
    fn tables_end_at_the_next_header() {
        let text = "x = 1\n[a.b]\nname = 1\n\n  [c]\nname = 2";
        let (name, table) = Table::below(text.as_bytes(), 6).unwrap();
        assert_eq!(name, b"a.b");
        assert_eq!(table.text(&["name"]), Some(b"1".as_slice()));
        assert!(Table::below(b"x[a]\n", 1).is_none());
        assert_eq!(Table::below(b"[[ a ]]\r\nb = 1", 0).unwrap().0, b"a");
    }

    #[test]
    fn blocks_and_their_parents() {
        let text = "a:\n  x: 1\nb.c:\n    user: mia\n    token: t\n\n    git: ssh\nd:\n    token: u\n";
        let (table, parent) = block(text.as_bytes(), text.find("token").unwrap(), 400);
        assert_eq!(table.text(&["user"]), Some(b"mia".as_slice()));
        assert_eq!(table.text(&["git"]), Some(b"ssh".as_slice()));
        assert_eq!(parent.map(|span| &text[span]), Some("b.c:"));
        let text = "r:\n- name: a\n  url: x\n- name: b\n  url: y\n  k: 1\n- name: c\n";
        let (table, _) = block(text.as_bytes(), text.find("url: y").unwrap(), 400);
        assert_eq!(table.text(&["name"]), Some(b"b".as_slice()));
        assert_eq!(table.text(&["k"]), Some(b"1".as_slice()));
    }
}
