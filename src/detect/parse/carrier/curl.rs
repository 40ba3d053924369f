//! `curl -u user:password https://host/…`, and `wget --user=user --password=password`.

use std::ops::Range;

use super::form::command::{Words, words};
use super::host::address;
use super::{Found, Text, credential};
use crate::model::BoundHost;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    read(text, anchor).into_iter().collect()
}

fn read(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let words = words(bytes, anchor.start + b"curl".len());
    text.looks_at(&(anchor.start..words.end + 1));
    if bytes.get(anchor.start) == Some(&b'w') {
        let span = words.option(&["--password", "--http-password"])?;
        let user = words.option(&["--user", "--http-user"]).and_then(|user| bytes.get(user));
        return credential::password(span.clone(), bytes.get(span)?, user, Some(url(bytes, &words)?));
    }
    let span = words.option(&["-u", "--user", "--proxy-user"])?;
    let (user, secret) = credential::pair(bytes.get(span.clone())?)?;
    credential::password(span.start + user.len() + 1..span.end, secret, Some(user), Some(url(bytes, &words)?))
}

/// The host of the first address among the words.
fn url(bytes: &[u8], words: &Words<'_>) -> Option<BoundHost> {
    let is_address = |word: &&[u8]| word.starts_with(b"https://") || word.starts_with(b"http://");
    words.all.iter().filter_map(|word| bytes.get(word.clone())).find(is_address).and_then(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn commands() {
        table(
            parse,
            &["curl -", "curl \\\n", "wget -", "wget http"],
            &[
                ("wget --user=mia --password='Kestrel-1' https://r.invalid/x", &["mia Kestrel-1 r.invalid/x/"]),
                ("wget https://r.invalid/x --http-user mia --http-password Kestrel-1", &["mia Kestrel-1 r.invalid/x/"]),
                ("wget --user=mia --password=$P https://r.invalid/x", &[]),
                ("wget -q https://r.invalid/x", &[]),
                ("curl -u mia:Kestrel-1 https://r.invalid/x", &["mia Kestrel-1 r.invalid/x/"]),
                ("curl -sSf --user 'mia:Kestrel-1' -T a 'https://r.invalid/x/a'", &["mia Kestrel-1 r.invalid/x/a/"]),
                ("curl \\\n  -umia:Kestrel-1 \\\n  https://r.invalid/\n", &["mia Kestrel-1 r.invalid/"]),
                ("RUN curl -u \"mia:Kestrel-1\" \"https://r.invalid/\" && x", &["mia Kestrel-1 r.invalid/"]),
                ("curl -u mia:$TOKEN https://r.invalid/x", &[]),
                ("curl -u mia https://r.invalid/x", &[]),
                ("curl -u user:password https://r.invalid/x", &[]),
                ("curl -u <user>:<password> https://r.invalid/x", &[]),
                ("curl -u mia:Kestrel-1", &[]),
            ],
        );
    }
}
