//! `~/.vsce` and `~/.ovsx`: `{"publishers":[{"name":"…","pat":"…"}]}`. Which of the two it is the token's shape says.

use std::ops::Range;

use super::form::json::{objects, opened};
use super::{Found, Text, credential};
use crate::detect::placeholder::{is_placeholder, is_typed_uuid};

/// Azure DevOps tokens, old and new.
const LENGTHS: [usize; 2] = [52, 84];
const UUID: usize = 36;

/// The Visual Studio Marketplace's.
pub(super) fn vsce(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    read(text, &anchor, |secret| LENGTHS.contains(&secret.len()) && secret.iter().all(u8::is_ascii_alphanumeric))
}

/// Open VSX's.
pub(super) fn ovsx(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    read(text, &anchor, |secret| {
        let uuid = secret.strip_prefix(b"ovsxp_").unwrap_or(secret);
        uuid.len() == UUID && uuid.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-')
    })
}

fn read(text: &Text<'_>, anchor: &Range<usize>, fits: impl Fn(&[u8]) -> bool) -> Vec<Found> {
    let bytes = text.bytes;
    let Some(open) = opened(bytes, anchor.end) else { return Vec::new() };
    let objects = objects(bytes, open);
    text.looks_at(&(anchor.start..objects.end + 1));
    let found = objects.all.iter().filter_map(|publisher| {
        let span = publisher.value(bytes, &["pat"])?;
        let secret = bytes.get(span.clone()).filter(|secret| fits(secret))?;
        let user = publisher.text(bytes, &["name"]).and_then(credential::user_name);
        let is_token = !is_placeholder(secret) && !is_typed_uuid(secret);
        is_token.then(|| Found { user, ..Found::new(span, secret.to_vec()) })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn publishers() {
        table(
            ovsx,
            &["\"publishers"],
            &[
                ("{\"publishers\":[{\"name\":\"mia\",\"pat\":\"{uuid}\"}]}", &["mia {uuid} -"]),
                ("{\n  \"publishers\" : [\r\n {\"pat\":\"ovsxp_{uuid}\", \"name\":\"mia\"},", &["mia ovsxp_{uuid} -"]),
                ("{\"publishers\":[{\"name\":\"mia\",\"pat\":\"$PAT\"}]}", &[]),
                ("{\"publishers\":[\"{uuid}\"]}", &[]),
            ],
        );
        let old = ["7kq2m5x3zt7vb4nd6hw2yf5cj3", "rs7pg4ua6le2io5bq7tz3mx4vn"].concat();
        table(
            vsce,
            &["\"publishers"],
            &[
                (&format!("{{\"publishers\":[{{\"name\":\"mia\",\"pat\":\"{old}\"}}]}}"), &[&format!("mia {old} -")]),
                ("{\"publishers\":[{\"name\":\"mia\",\"pat\":\"{uuid}\"}]}", &[]),
            ],
        );
    }
}
