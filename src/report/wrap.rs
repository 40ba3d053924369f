//! Paragraphs with a hanging indent.
//!
//! What comes in: clean text. What goes out: lines of at most the width, in columns. What it must never do: break a word.

use std::io;

use unicode_width::UnicodeWidthStr as _;

/// A space at which no line breaks; written as a space.
pub(super) const NO_BREAK: char = '\u{a0}';

/// Writes `lead` and then `text`, wrapped; later lines start `indent` columns in. `lead_width` is what `lead` takes on the
/// screen, without its colour codes.
pub(super) fn paragraph(
    out: &mut dyn io::Write,
    lead: &str,
    lead_width: usize,
    text: &str,
    indent: usize,
    width: usize,
) -> io::Result<()> {
    let mut line = lead.to_owned();
    let mut column = lead_width;
    let mut empty = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let wide = word.width();
        if !empty && width > 0 && column + 1 + wide > width {
            writeln!(out, "{}", line.trim_end())?;
            line = " ".repeat(indent);
            column = indent;
            empty = true;
        }
        if !empty {
            line.push(' ');
            column += 1;
        }
        line.push_str(&word.replace(NO_BREAK, " "));
        column += wide;
        empty = false;
    }
    writeln!(out, "{}", line.trim_end())
}

/// Prose, with an empty line between its paragraphs, in lines of at most `width` columns.
pub fn wrapped(prose: &str, width: usize) -> String {
    let mut out = Vec::new();
    for (index, part) in prose.trim().split("\n\n").enumerate() {
        if index > 0 {
            out.push(b'\n');
        }
        // Writing to memory does not fail.
        let _ = paragraph(&mut out, "", 0, &part.replace('\n', " "), 0, width);
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: usize) -> String {
        let mut out = Vec::new();
        paragraph(&mut out, "high  ", 6, text, 6, width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn words_stay_whole_and_columns_count() {
        assert_eq!(wrapped("one two three four", 16), "high  one two\n      three four\n");
        assert_eq!(wrapped("one two\u{a0}three four", 16), "high  one\n      two three\n      four\n");
        assert_eq!(wrapped("averyveryverylongword x", 10), "high  averyveryverylongword\n      x\n");
        assert_eq!(wrapped("名前名前 名前", 16), "high  名前名前\n      名前\n");
        assert_eq!(wrapped("one two three four", 0), "high  one two three four\n");
        assert_eq!(wrapped("", 16), "high\n");
    }

    #[test]
    fn prose_keeps_its_paragraphs_and_no_other_line_ends() {
        assert_eq!(super::wrapped("\none two\nthree\n\nfour\n", 9), "one two\nthree\n\nfour\n");
    }
}
