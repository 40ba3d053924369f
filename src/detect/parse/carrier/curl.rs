//! `curl -u user:password https://host/…`.

use std::ops::Range;

use super::form::command::words;
use super::host::address;
use super::{Found, Text, credential};

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    read(text, anchor).into_iter().collect()
}

fn read(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let words = words(bytes, anchor.start + b"curl".len());
    text.looks_at(&(anchor.start..words.end + 1));
    let span = words.option(&["-u", "--user", "--proxy-user"])?;
    let (user, secret) = credential::pair(bytes.get(span.clone())?)?;
    let is_address = |word: &&[u8]| word.starts_with(b"https://") || word.starts_with(b"http://");
    let address = words.all.iter().filter_map(|word| bytes.get(word.clone())).find(is_address).and_then(address)?;
    credential::password(span.start + user.len() + 1..span.end, secret, Some(user), Some(address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn commands() {
        table(
            parse,
            &["curl -", "curl \\\n"],
            &[
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
