//! XML elements and attributes.

use std::ops::Range;

use memchr::memmem;

/// How far an element is followed.
const REACH: usize = 4 << 10;

/// What stands between an opening tag that ends at `from` and its closing one, or as far as it is followed.
pub(in crate::detect::parse) fn content(bytes: &[u8], from: usize, name: &str) -> Range<usize> {
    let limit = bytes.len().min(from.saturating_add(REACH));
    let rest = bytes.get(from..limit).unwrap_or_default();
    let end = memmem::find(rest, format!("</{name}").as_bytes()).map_or(limit, |at| from + at);
    from..end
}

/// The text of the first element of this name within these bounds: up to the first tag or comment in it, or a section of its own.
pub(in crate::detect::parse) fn element(bytes: &[u8], within: &Range<usize>, name: &str) -> Option<Range<usize>> {
    const SECTION: &[u8] = b"<![CDATA[";
    let scope = bytes.get(within.clone())?;
    let open = format!("<{name}>");
    let mut start = memmem::find(scope, open.as_bytes())? + open.len();
    let length = loop {
        let rest = scope.get(start..)?;
        let gap = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let text = rest.get(gap..)?;
        start += gap;
        if text.starts_with(SECTION) {
            start += SECTION.len();
            break memmem::find(scope.get(start..)?, b"]]>")?;
        }
        if !text.starts_with(b"<!--") {
            break memchr::memchr(b'<', text)?;
        }
        start += memmem::find(text, b"-->")? + 3;
    };
    let text = scope.get(start..start + length)?;
    let margin = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let trimmed = text.trim_ascii();
    (!trimmed.is_empty()).then(|| within.start + start + margin..within.start + start + margin + trimmed.len())
}

/// The tags within these bounds that begin so, each without its brackets.
pub(in crate::detect::parse) fn tags<'a>(
    bytes: &'a [u8],
    within: &Range<usize>,
    open: &'a str,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let start = within.start;
    let scope = bytes.get(within.clone()).unwrap_or_default();
    memmem::find_iter(scope, open.as_bytes()).take(64).filter_map(move |at| {
        let length = memchr::memchr(b'>', scope.get(at..)?)?;
        Some(start + at..start + at + length)
    })
}

/// The value of an attribute of a tag.
pub(in crate::detect::parse) fn attribute(bytes: &[u8], tag: &Range<usize>, name: &str) -> Option<Range<usize>> {
    let scope = bytes.get(tag.clone())?;
    let at = memmem::find_iter(scope, name.as_bytes())
        .find(|at| at.checked_sub(1).and_then(|at| scope.get(at)).is_some_and(u8::is_ascii_whitespace))?;
    let rest = scope.get(at + name.len()..)?;
    let gap = rest.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b'=').count();
    let quote = rest.get(gap).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let start = at + name.len() + gap + 1;
    let length = memchr::memchr(*quote, scope.get(start..)?)?;
    (length > 0).then(|| tag.start + start..tag.start + start + length)
}

/// Text without its entities.
pub(in crate::detect::parse) fn unescaped(text: &[u8]) -> Vec<u8> {
    const ENTITIES: [(&[u8], u8); 5] =
        [(b"&amp;", b'&'), (b"&lt;", b'<'), (b"&gt;", b'>'), (b"&quot;", b'"'), (b"&apos;", b'\'')];
    let mut plain = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        let entity = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity));
        plain.push(entity.map_or(*byte, |(_, stands_for)| *stands_for));
        at += entity.map_or(1, |(entity, _)| entity.len());
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_and_attributes() {
        let text = b"<s><id> a </id><p>x&amp;y</p></s><add key=\"K\" value='v' />";
        let within = content(text, 3, "s");
        assert_eq!(element(text, &within, "id").map(|span| &text[span]), Some(b"a".as_slice()));
        assert_eq!(element(text, &within, "p").map(|span| unescaped(&text[span])), Some(b"x&y".to_vec()));
        for (text, expected) in [
            ("<p><![CDATA[x<&y]]></p>", Some("x<&y")),
            ("<p>\n <!-- <p>old</p> --> x <!-- y --></p>", Some("x")),
            ("<p><!-- x</p>", None),
            ("<p><![CDATA[x</p>", None),
            ("<p><!----><!----></p>", None),
        ] {
            let found = element(text.as_bytes(), &(0..text.len()), "p").map(|span| &text[span]);
            assert_eq!(found, expected, "{text}");
        }
        let tag = tags(text, &(0..text.len()), "<add").next().unwrap();
        assert_eq!(attribute(text, &tag, "value").map(|span| &text[span]), Some(b"v".as_slice()));
        assert_eq!(attribute(text, &tag, "alue"), None);
    }
}
