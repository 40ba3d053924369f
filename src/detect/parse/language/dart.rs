//! Dart's `pub-tokens.json`: `{"version": 1, "hosted": [{"url": "https://…", "token": "…"}]}`; an `env` names a variable.

use std::ops::Range;

use super::form::json::{objects, opened};
use super::host::address;
use super::{Found, Text, credential};

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let bytes = text.bytes;
    // The anchor is the key with its quotes.
    let Some(open) = opened(bytes, anchor.end) else { return Vec::new() };
    let objects = objects(bytes, open);
    text.looks_at(&(anchor.start..objects.end + 1));
    let found = objects.all.iter().filter_map(|server| {
        let span = server.value(bytes, &["token"])?;
        let host = server.text(bytes, &["url"]).and_then(address)?;
        credential::token(span.clone(), bytes.get(span)?, Some(host))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn servers() {
        table(
            parse,
            &["\"hosted\""],
            &[
                (
                    "{\"version\":1,\"hosted\":[{\"url\":\"https://r.invalid\",\"token\":\"{opaque}\"}]}",
                    &["- {opaque} r.invalid/"],
                ),
                (
                    "{\n  \"version\": 1,\n  \"hosted\": [\n    {\"url\": \"https://r.invalid/a\", \"env\": \"T\"},\n    {\"url\": \"https://s.invalid\", \"token\": \"{opaque}\"}\n  ]\n}",
                    &["- {opaque} s.invalid/"],
                ),
                ("{\"hosted\":[{\"url\":\"https://r.invalid\",\"env\":\"PUB_TOKEN\"}]}", &[]),
                ("{\"hosted\":[{\"url\":\"https://r.invalid\",\"token\":\"${PUB_TOKEN}\"}]}", &[]),
                ("{\"hosted\":[{\"token\":\"{opaque}\"}]}", &[]),
                ("dependencies:\n  a:\n    hosted: {\"url\": \"https://r.invalid\"}", &[]),
            ],
        );
    }
}
