//! JSON objects: the strings in them, each with its key and the keys of the objects around it.

use std::ops::Range;

/// How far an object is followed.
const REACH: usize = 8 << 10;
/// Objects beyond these are not read.
const MOST: usize = 256;
const DEEPEST: usize = 16;

/// One object of a document.
#[derive(Debug, Default)]
pub(in crate::detect::parse) struct Object {
    /// The key whose value it is.
    pub(in crate::detect::parse) key: Option<Range<usize>>,
    /// Its strings: key and value, without quotes.
    pub(in crate::detect::parse) strings: Vec<(Range<usize>, Range<usize>)>,
}

impl Object {
    /// The place of the string with one of these keys.
    pub(in crate::detect::parse) fn value(&self, bytes: &[u8], keys: &[&str]) -> Option<Range<usize>> {
        let is_one = |key: &Range<usize>| {
            bytes
                .get(key.clone())
                .is_some_and(|key| keys.iter().any(|known| key.eq_ignore_ascii_case(known.as_bytes())))
        };
        self.strings.iter().find(|(key, _)| is_one(key)).map(|(_, value)| value.clone())
    }

    /// The same as text.
    pub(in crate::detect::parse) fn text<'a>(&self, bytes: &'a [u8], keys: &[&str]) -> Option<&'a [u8]> {
        self.value(bytes, keys).and_then(|value| bytes.get(value))
    }
}

/// The objects from an opening brace on, and where they end.
#[derive(Debug)]
pub(in crate::detect::parse) struct Objects {
    /// The outermost first.
    pub(in crate::detect::parse) all: Vec<Object>,
    /// Where the outermost ends, or reading did.
    pub(in crate::detect::parse) end: usize,
}

/// Reads the object whose brace stands at `open`, or the list whose bracket does.
pub(in crate::detect::parse) fn objects(bytes: &[u8], open: usize) -> Objects {
    let limit = bytes.len().min(open.saturating_add(REACH));
    let (mut all, mut stack) = (Vec::<Object>::new(), Vec::<usize>::new());
    let (mut at, mut key, mut lists) = (open, None, 0usize);
    // The key of a list of strings.
    let mut list = None;
    while at < limit {
        match bytes.get(at) {
            Some(b'"') => {
                let Some(end) = string_end(bytes, at + 1, limit) else { break };
                let span = at + 1..end;
                at = end + 1;
                if next(bytes, at) == Some(b':') {
                    key = Some(span);
                } else if let (Some(key), Some(object)) =
                    (key.take().or_else(|| list.clone()), stack.last().and_then(|top| all.get_mut(*top)))
                {
                    object.strings.push((key, span));
                }
                continue;
            }
            Some(b'{') if all.len() < MOST && stack.len() < DEEPEST => {
                list = None;
                all.push(Object { key: key.take(), strings: Vec::new() });
                stack.push(all.len() - 1);
            }
            Some(b'{') | None => break,
            Some(b'[') if lists >= DEEPEST => break,
            Some(b'}') => _ = stack.pop(),
            Some(b'[') => {
                lists += 1;
                list = key.clone();
            }
            Some(b']') => {
                lists = lists.saturating_sub(1);
                list = None;
            }
            Some(b',') => key = None,
            Some(_) => {}
        }
        at += 1;
        if stack.is_empty() && lists == 0 {
            break;
        }
    }
    Objects { all, end: at }
}

/// The brace or bracket behind a key that ends at `at`, quote included.
pub(in crate::detect::parse) fn opened(bytes: &[u8], at: usize) -> Option<usize> {
    let skip = |at: usize| {
        let rest = bytes.get(at..).unwrap_or_default();
        at + rest.iter().take(64).take_while(|byte| byte.is_ascii_whitespace()).count()
    };
    let quote = usize::from(bytes.get(at) == Some(&b'"'));
    let colon = skip(at + quote);
    let open = skip(colon + 1);
    (bytes.get(colon) == Some(&b':') && matches!(bytes.get(open), Some(b'{' | b'['))).then_some(open)
}

fn blanks(bytes: &[u8], at: usize) -> usize {
    bytes.get(at..).unwrap_or_default().iter().take(64).take_while(|byte| byte.is_ascii_whitespace()).count()
}

fn next(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at + blanks(bytes, at)).copied()
}

fn string_end(bytes: &[u8], from: usize, limit: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr3(b'"', b'\\', b'\n', bytes.get(at..limit)?)?;
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => return None,
        }
    }
}

/// A string without its escapes.
pub(in crate::detect::parse) fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => plain.extend(bytes.next()),
            byte => plain.push(*byte),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_have_keys_and_objects_too() {
        let text = br#"{"auths" : { "r.invalid": {"auth":"x\"y", "n": 1, "l": ["a"], "username": "mia"}, "e": {} }, "z": "w"} {"#;
        let objects = objects(text, 0);
        assert_eq!(objects.end, text.len() - 2);
        assert_eq!(objects.all.len(), 4);
        let entry = &objects.all[2];
        assert_eq!(entry.key.clone().map(|key| &text[key]), Some(b"r.invalid".as_slice()));
        assert_eq!(entry.text(text, &["auth"]).map(unescaped).as_deref(), Some(b"x\"y".as_slice()));
        assert_eq!(entry.text(text, &["username"]), Some(b"mia".as_slice()));
        assert_eq!(objects.all[0].text(text, &["z"]), Some(b"w".as_slice()));
        assert_eq!(opened(text, 7), Some(11));
    }

    #[test]
    fn the_strings_of_a_list_have_its_key() {
        let text = br#"{"h": ["a: 1", "b: 2"], "k": "v", "l": [["c"], {"m": "n"}, "d"]}"#;
        let strings = |object: &Object| -> Vec<(String, String)> {
            let part = |span: &Range<usize>| String::from_utf8_lossy(&text[span.clone()]).into_owned();
            object.strings.iter().map(|(key, value)| (part(key), part(value))).collect()
        };
        let all = objects(text, 0).all;
        let expected = [("h", "a: 1"), ("h", "b: 2"), ("k", "v"), ("l", "c")];
        assert_eq!(strings(&all[0]), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!(strings(&all[1]), [("m".to_owned(), "n".to_owned())]);
    }

    #[test]
    fn broken_objects_are_read_as_far_as_they_go() {
        for text in [r#"{"a":{"b":"c","#, r#"{"a":{"b":"c"}"#, "{\"a\":{\"b\":\"c\",\n\"open"] {
            assert_eq!(
                objects(text.as_bytes(), 0).all[1].text(text.as_bytes(), &["b"]),
                Some(b"c".as_slice()),
                "{text}"
            );
        }
        assert!(objects(b"{".repeat(99_999).as_slice(), 0).all.len() <= MOST);
    }
}
