//! Helm's `repositories.yaml`: a list of repositories with `url`, `username` and `password`; and `helm repo add`.

use std::ops::Range;

use super::form::command::words;
use super::form::lines::block;
use super::host::{address, is_address};
use super::{Found, Text, credential};

/// How far an item is followed.
const REACH: usize = 768;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let found = match text.bytes.get(anchor.clone()).unwrap_or_default() {
        b"helm repo add" => command(text, &anchor),
        _ => item(text, &anchor),
    };
    found.into_iter().collect()
}

fn item(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let (table, _) = block(bytes, anchor.start, REACH);
    text.looks_at(&(table.body.start.saturating_sub(1)..table.body.end + 1));
    let span = table.value(&["password"])?;
    let host = table.text(&["url"]).and_then(address)?;
    credential::password(span.clone(), bytes.get(span)?, table.text(&["username"]), Some(host))
}

fn command(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let words = words(bytes, anchor.end);
    text.looks_at(&(anchor.start..words.end + 1));
    let span = words.option(&["--password"])?;
    let user = words.option(&["--username"]).and_then(|user| bytes.get(user));
    let host =
        words.all.iter().filter_map(|word| bytes.get(word.clone())).find(|word| is_address(word)).and_then(address);
    credential::password(span.clone(), bytes.get(span)?, user, host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn repositories() {
        let item = "repositories:\n- caFile: \"\"\n  insecure_skip_tls_verify: false\n  name: corp\n  pass_credentials_all: false\n  password: Kestrel-1\n  url: https://r.invalid/charts\n  username: mia\n- name: other\n  url: https://s.invalid\n";
        table(
            parse,
            &["pass_credentials_all:", "insecure_skip_tls_verify:", "helm repo add"],
            &[
                (item, &["mia Kestrel-1 r.invalid/charts/"]),
                (&item.replace('\n', "\r\n"), &["mia Kestrel-1 r.invalid/charts/"]),
                (
                    "helm repo add corp https://r.invalid/charts --username mia --password Kestrel-1",
                    &["mia Kestrel-1 r.invalid/charts/"],
                ),
                ("helm repo add corp https://r.invalid/charts --username mia --password \"$P\"", &[]),
                (&item.replace("Kestrel-1", "\"\""), &[]),
                (&item.replace("Kestrel-1", "{{ .Values.password }}"), &[]),
            ],
        );
    }
}
