//! cabal's command, its `config` (`username:`, `password:`, `token:`) and LuaRocks' `upload_config.lua` (`key = "…"`): files of a few plain lines, known by
//! a line that only they have.

use std::ops::Range;

use super::form::command::words;
use super::form::lines::Table;
use super::{Found, Text, credential};

/// How far around that line the others stand.
const ABOVE: usize = 256;
const BELOW: usize = 128;

/// `password-command:` stands in every configuration that cabal writes, below the other two.
pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    if text.bytes.get(anchor.start) == Some(&b'c') {
        return upload(text, &anchor).into_iter().collect();
    }
    read(text, &anchor, |table| {
        let span = table.value(&["token", "password"]);
        let user = table.text(&["username"]);
        span.and_then(|span| credential::password(span.clone(), text.bytes.get(span)?, user, None))
    })
}

/// `cabal upload -u USER -p PASSWORD`.
fn upload(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let words = words(text.bytes, anchor.end);
    text.looks_at(&(anchor.start..words.end + 1));
    let span = words.option(&["-p", "--password"])?;
    let user = words.option(&["-u", "--username"]).and_then(|user| text.bytes.get(user));
    credential::password(span.clone(), text.bytes.get(span)?, user, None)
}

/// The server's address tells the file.
pub(super) fn luarocks(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    read(text, &anchor, |table| {
        let span = table.value(&["key"])?;
        let raw = text.bytes.get(span.clone())?;
        if raw.len() == 40 { credential::token(span, raw, None) } else { None }
    })
}

fn read(text: &Text<'_>, anchor: &Range<usize>, of: impl FnOnce(&Table<'_>) -> Option<Found>) -> Vec<Found> {
    let around = anchor.start.saturating_sub(ABOVE)..anchor.end.saturating_add(BELOW);
    text.looks_at(&(around.start.saturating_sub(1)..around.end + 1));
    of(&Table::new(text.bytes, around)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn settings() {
        table(
            parse,
            &["password-command:", "cabal upload"],
            &[
                ("cabal upload --publish -u mia -p Kestrel-1 a.tar.gz", &["mia Kestrel-1 -"]),
                ("cabal upload --publish -u mia -p $PASSWORD a.tar.gz", &[]),
                ("username: mia\npassword: Kestrel-1\n-- password-command:\n", &["mia Kestrel-1 -"]),
                ("-- token:\r\nusername: mia\r\npassword: Kestrel-1\r\n-- password-command:\r\n", &["mia Kestrel-1 -"]),
                ("-- username:\n-- password:\n-- password-command:\n-- builder:\n", &[]),
                ("username: mia\n-- password:\npassword-command: pass show x\n", &[]),
            ],
        );
        table(
            luarocks,
            &["server = \"https://luarocks"],
            &[
                ("key = \"{opaque}\"\nserver = \"https://luarocks.org\"\n", &["- {opaque} -"]),
                ("server = \"https://luarocks.org\"\nkey = \"{opaque}\"\nversion = \"1.0\"", &["- {opaque} -"]),
                ("key = \"\"\nserver = \"https://luarocks.org\"\n", &[]),
            ],
        );
    }
}
