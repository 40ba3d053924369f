//! `hex.config`: Erlang terms such as `{'$write_key',<<"…">>}`, `{api_key,<<"…">>}` and `auth_key => <<"…">>`.

use std::ops::Range;

use super::{Found, Text, credential};

/// A key has this many hexadecimal digits.
const LENGTH: usize = 32;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    read(text, anchor).into_iter().collect()
}

fn read(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let rest = text.bytes.get(anchor.end..)?;
    let is_gap = |byte: &&u8| byte.is_ascii_whitespace() || matches!(**byte, b',' | b'\'' | b'=' | b'>');
    let gap = rest.iter().take(24).take_while(is_gap).count();
    let rest = rest.get(gap..)?.strip_prefix(b"<<\"")?;
    let secret = rest.get(..LENGTH).filter(|secret| secret.iter().all(u8::is_ascii_hexdigit))?;
    if rest.get(LENGTH) != Some(&b'"') {
        return None;
    }
    let start = anchor.end + gap + 3;
    credential::token(start..start + LENGTH, secret, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn terms() {
        table(
            parse,
            &["$write_key", "$read_key", "{api_key", "auth_key", "repos_key"],
            &[
                ("{'$write_key',<<\"{hex32}\">>}.\n{'$read_key',<<\"{hex40}\">>}.", &["- {hex32} -"]),
                ("{'$read_key', <<\"{hex32}\">>}.\r\n", &["- {hex32} -"]),
                ("{api_key,<<\"{hex32}\">>}.", &["- {hex32} -"]),
                ("#{<<\"hexpm:acme\">> =>\n  #{auth_key => <<\"{hex32}\">>,url => <<\"x\">>}}", &["- {hex32} -"]),
                ("{'$repos_key',\n   <<\"{hex32}\">>}.", &["- {hex32} -"]),
                ("{'$write_key',nil}.", &[]),
                ("{'$write_key',<<\"00000000000000000000000000000000\">>}.", &[]),
                ("{'$encrypted_key',<<\"{hex32}\">>}.", &[]),
                ("auth_key: System.get_env(\"X\")", &[]),
            ],
        );
    }
}
