//! What a text may be wrapped in: other text, other encodings, archives.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::archives;

/// What a wrapping does to the place at which a secret stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    /// Nothing: the text is still there, byte by byte.
    Plain,
    /// Its characters take two bytes; lines and columns stay.
    Wide,
    /// It is base64: only a token that is found anywhere is found there.
    Base64,
    /// It is a member of an archive.
    Member(&'static str),
}

#[derive(Debug)]
pub(crate) struct Wrapping {
    pub(crate) name: &'static str,
    pub(crate) layer: Layer,
    pub(crate) wrap: fn(&str) -> Vec<u8>,
}

const fn wrapping(name: &'static str, layer: Layer, wrap: fn(&str) -> Vec<u8>) -> Wrapping {
    Wrapping { name, layer, wrap }
}

/// Before and behind the text, so that a mark is not on its line and an encoding has something to be recognised by.
fn among(text: &str) -> String {
    format!("# the settings of a build\r\n{text}\r\n# and its end\r\n")
}

fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn notebook(text: &str) -> Vec<u8> {
    let lines: Vec<String> = text.lines().map(|line| json(&format!("{line}\n"))).collect();
    format!("{{\"cells\": [{{\"source\": [\n    {}\n   ]}}]}}", lines.join(",\n    ")).into()
}

fn diff(text: &str) -> Vec<u8> {
    text.lines().map(|line| format!("+{line}\n")).collect::<String>().into()
}

fn base64(text: String) -> String {
    STANDARD.encode(text)
}

pub(crate) const WRAPPINGS: &[Wrapping] = &[
    wrapping("alone", Layer::Plain, |text| text.into()),
    wrapping("CRLF", Layer::Plain, |text| text.replace("\r\n", "\n").replace('\n', "\r\n").into()),
    wrapping("byte order mark", Layer::Plain, |text| format!("\u{feff}{}", among(text)).into()),
    wrapping("other letters", Layer::Plain, |text| format!("# пароль 密码\n{text}\n").into()),
    wrapping("diff", Layer::Plain, diff),
    wrapping("JSON string", Layer::Plain, |text| format!("{{\"a\":{},\"b\":1}}", json(text)).into()),
    wrapping("JSON string in JSON", Layer::Plain, |text| format!("{{\"a\":{}}}", json(&json(text))).into()),
    wrapping("notebook", Layer::Plain, notebook),
    wrapping("UTF-16LE", Layer::Wide, |text| wide(&format!("\u{feff}{}", among(text)), u16::to_le_bytes)),
    wrapping("UTF-16BE", Layer::Wide, |text| wide(&format!("\u{feff}{}", among(text)), u16::to_be_bytes)),
    wrapping("UTF-16LE without a mark", Layer::Wide, |text| wide(&among(text), u16::to_le_bytes)),
    wrapping("UTF-16BE without a mark", Layer::Wide, |text| wide(&among(text), u16::to_be_bytes)),
    wrapping("base64", Layer::Base64, |text| format!("data: {}\n", base64(among(text))).into()),
    wrapping("base64, one on", Layer::Base64, |text| format!("data: {}\n", base64(format!(";{}", among(text)))).into()),
    wrapping("base64, two on", Layer::Base64, |text| {
        format!("data: {}\n", base64(format!(";;{}", among(text)))).into()
    }),
    wrapping("base64 twice", Layer::Base64, |text| format!("data: {}\n", base64(base64(among(text)))).into()),
    wrapping("base64 of UTF-16", Layer::Base64, |text| {
        let wide = wide(&among(text), u16::to_le_bytes);
        format!("powershell -EncodedCommand {}\n", STANDARD.encode(wide)).into()
    }),
    wrapping("base64 in lines", Layer::Base64, |text| {
        let encoded = base64(among(text));
        let lines = encoded.as_bytes().chunks(40).map(|line| String::from_utf8_lossy(line).into_owned());
        format!("data:\n  settings: |-\n    {}\n", lines.collect::<Vec<_>>().join("\n    ")).into()
    }),
    wrapping("zip", Layer::Member("a/settings"), |text| archives::zip("a/settings", text.as_bytes())),
    wrapping("tar.gz", Layer::Member("a/settings"), |text| {
        archives::gzip(&archives::tar("a/settings", text.as_bytes()))
    }),
    wrapping("zip in tar", Layer::Member("in.zip!a/settings"), |text| {
        archives::tar("in.zip", &archives::zip("a/settings", text.as_bytes()))
    }),
];
