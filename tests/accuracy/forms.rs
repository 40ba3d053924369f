//! The forms in which a token is written: the lines of a file that hold it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in an address.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How the token itself stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    AsItIs,
    Percent,
    /// Every sign as an address may write it.
    Signs,
    /// The same as a string may.
    Escapes,
    Base64,
}

impl Written {
    pub(crate) fn of(self, token: &str) -> String {
        match self {
            Self::AsItIs => token.to_owned(),
            Self::Percent => utf8_percent_encode(token, &UNRESERVED).to_string(),
            Self::Signs => token
                .replace('_', "%5F")
                .replace('-', "%2D")
                .replace('.', "%2E")
                .replace('+', "%2B")
                .replace('/', "%2F"),
            Self::Escapes => token.replace('_', r"\u005f").replace('-', r"\u002D").replace('+', r"\u002B"),
            Self::Base64 => STANDARD.encode(token),
        }
    }
}

/// A form: `N` stands for the name as a variable, `O` for it as an option, `K` for it as the rule has it, `T` for the token.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    pub(crate) written: Written,
}

impl Form {
    pub(crate) fn fill(&self, name: &str, token: &str) -> String {
        // A setting with dots in its name is a variable in capital letters.
        let variable = if name.contains('.') { name.replace('.', "_").to_ascii_uppercase() } else { name.to_owned() };
        let option = name.to_ascii_lowercase().replace(['.', '_'], "-");
        let text = self.text.replace("«N»", &variable).replace("«O»", &option).replace("«K»", name);
        text.replace("«T»", token)
    }
}

const fn form(name: &'static str, text: &'static str) -> Form {
    Form { name, text, written: Written::AsItIs }
}

/// The one that wrappings are tried with.
pub(crate) const PLAIN: &Form = &form(".env", "A=1\n«N»=«T»\nB=2\n");

/// Forms that hold a name and its value.
pub(crate) const NAMED: &[Form] = &[
    form(".env", "A=1\n«N»=«T»\nB=2\n"),
    form(".env, quoted", "A=1\n«N»=\"«T»\"\nB=2\n"),
    form("shell", "#!/bin/sh\nexport «N»=«T»\nmake\n"),
    form("shell, quoted", "#!/bin/sh\nexport «N»='«T»'\nmake\n"),
    form("before a command", "«N»=«T» make publish\n"),
    form("PowerShell", "Set-Location a\n$env:«N» = \"«T»\"\n"),
    form("properties", "a=b\n«K» = «T»\n"),
    form("YAML", "a: b\nenv:\n  «N»: «T»\n  B: c\n"),
    form("YAML, quoted", "env:\n  «N»: '«T»'\n"),
    form("JSON", "{\n  \"a\": 1,\n  \"«K»\": \"«T»\",\n  \"b\": 2\n}\n"),
    form("JSON on one line", "{\"a\":1,\"«K»\":\"«T»\",\"b\":2}"),
    form("JSON in a string", "{\"body\": \"{\\\"a\\\":1,\\\"«K»\\\":\\\"«T»\\\"}\"}\n"),
    form("XML", "<project>\n  <«K»>«T»</«K»>\n</project>\n"),
    form("TOML", "[env]\n«N» = \"«T»\"\n"),
    form("Dockerfile ENV", "FROM a\nENV «N»=«T»\nRUN make\n"),
    form("Dockerfile ENV with a space", "FROM a\nENV «N» «T»\nRUN make\n"),
    form("Dockerfile ARG", "FROM a\nARG «N»=\"«T»\"\nRUN make\n"),
    form("option", "$ tool publish --«O» «T» --verbose\n"),
    form("option with =", "$ tool publish --«O»=«T»\n"),
    form("name and value", "env:\n  - name: «N»\n    value: «T»\n  - name: B\n    value: c\n"),
    form("name and value, quoted", "env:\n- name: \"«N»\"\n  value: \"«T»\"\n"),
    form("Kubernetes, clear text", "kind: Secret\nstringData:\n  «N»: «T»\n"),
    Form { name: "Kubernetes", text: "kind: Secret\ndata:\n  «N»: «T»\n", written: Written::Base64 },
    form("code", "fn main() {\n    let «N» = \"«T»\";\n}\n"),
    form("process.env", "process.env.«N» = '«T»';\n"),
    form("default", "x=${«N»:-«T»}\n"),
];

/// Forms that hold the token alone.
pub(crate) const BARE: &[Form] = &[
    form("alone", "«T»"),
    form("line", "a\n«T»\nb\n"),
    form("CSV", "id,value,who\n7,«T»,mia\n"),
    form("CSV, quoted", "\"7\",\"«T»\",\"mia\"\n"),
    form("prose", "Use this one: «T», until Monday.\n"),
    form("Markdown", "The token is `«T»`.\n"),
    form("call", "fn main() {\n    f(\"«T»\");\n}\n"),
    form("call without quotes", "f(«T»)\n"),
    form("array", "let all = ['a', '«T»', 'b'];\n"),
    form("XML", "<t>«T»</t>\n"),
    form("XML attribute", "<add key=\"x\" value=\"«T»\" />\n"),
    form("echo", "echo «T» > f\n"),
    form("header", "curl -H 'Authorization: Bearer «T»' https://registry.invalid/\n"),
    Form { name: "address", text: "url = https://mia:«T»@registry.invalid/x\n", written: Written::Percent },
    Form { name: "query", text: "GET /a?b=c&key=«T»&d=e\n", written: Written::Percent },
    Form { name: "query, every sign encoded", text: "GET /a?b=c&key=«T»&d=e\n", written: Written::Signs },
    Form { name: "JSON, every sign escaped", text: "{\"a\": \"«T»\", \"b\": 1}\n", written: Written::Escapes },
    Form { name: "value in base64", text: "x: «T»\n", written: Written::Base64 },
];

/// What stands in a file instead of a token.
pub(crate) const PLACEHOLDERS: [&str; 6] =
    ["${MY_TOKEN}", "your-token-here", "$MY_TOKEN", "${{ secrets.MY_TOKEN }}", "<your-token>", "xxxxxxxxxxxxxxxxxxxx"];
