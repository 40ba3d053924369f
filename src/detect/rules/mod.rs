//! Rules as data: read from TOML, validated, merged, and held to their own examples.
//!
//! In: the text of a rule file, ours or a user's. Out: a `RuleSet`, or an error that says where and why. It must never repeat a line
//! of the file in an error: somebody may have pasted a real secret into it.

mod check;
mod file;
mod schema;
mod table;

use regex::bytes::{Regex, RegexBuilder};

use crate::model::RuleSet;

pub use check::{Verdict, check, filled};
pub(crate) use check::{failures, first_failure};
pub use table::table;

/// What is wrong with a rule or a rule file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// At a place in a file.
    #[error("{origin}:{line}:{column}: {reason}")]
    At {
        /// The file.
        origin: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// Why.
        reason: String,
    },
    /// In a rule whose file is not known any more.
    #[error("rule {rule}: {reason}")]
    Rule {
        /// Its id.
        rule: String,
        /// Why.
        reason: String,
    },
    /// In a file of ours.
    #[error("{origin}: {reason}")]
    Embedded {
        /// The file.
        origin: String,
        /// Why.
        reason: String,
    },
    /// The build has not embedded the rules as this program reads them.
    #[error("the embedded rules cannot be read: this build is broken")]
    Build,
    /// The literals of all rules together are more than the search can hold.
    #[error("the rules have more literals than can be searched for at once")]
    TooManyLiterals,
}

/// Every file of `rules/`, by name, in the compact form that the build makes of them.
static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rules.bin"));

/// The rules that are built in.
pub fn embedded() -> Result<RuleSet, RuleError> {
    let files: Vec<(String, schema::File)> = postcard::from_bytes(EMBEDDED).map_err(|_| RuleError::Build)?;
    let mut rules = RuleSet::default();
    for (origin, file) in files {
        let new = file::embedded(&origin, file, &rules)?;
        rules.registries.extend(new.registries);
        rules.rules.extend(new.rules);
    }
    Ok(rules)
}

/// Reads one rule file and adds its rules. `custom` marks them as the user's own. A registry that is known already takes new rules,
/// but nothing may change where its secrets are sent.
pub fn add(rules: &mut RuleSet, text: &str, origin: &str, custom: bool) -> Result<(), RuleError> {
    let new = file::parse(text, origin, custom, rules)?;
    rules.registries.extend(new.registries);
    rules.rules.extend(new.rules);
    Ok(())
}

/// A compiled pattern takes no more memory than this.
const LARGEST_PATTERN: usize = 1 << 20;

/// Compiles a pattern over bytes; the error is a reason without the pattern in it.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    let built =
        RegexBuilder::new(pattern).unicode(false).size_limit(LARGEST_PATTERN).dfa_size_limit(LARGEST_PATTERN).build();
    match built {
        // Beside nothing, beside a word, beside a line break.
        Ok(regex)
            if [b"".as_slice(), b"a", b"\n "].iter().any(|text| regex.find_iter(text).any(|each| each.is_empty())) =>
        {
            Err("the pattern matches nothing at all, so it would match everywhere".to_owned())
        }
        Ok(regex) => Ok(regex),
        Err(regex::Error::CompiledTooBig(_)) => Err("the pattern is too large when compiled".to_owned()),
        Err(regex::Error::Syntax(text)) => {
            // The last line of the message says what is wrong; the others show the pattern.
            let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            Err(format!("the pattern is not a regular expression: {last}"))
        }
        Err(_) => Err("the pattern is not a regular expression".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Matcher, RegistryId};

    const HEAD: &str = "[registry]\nid = \"acme\"\n\n";
    const RULE: &str = r#"[[rule]]
id = "acme-token"
summary = "Acme token"
help = "Ask Acme."
pattern = "acme-[0-9a-f]{20}"
literals = ["acme-"]
evidence = "pattern"
kind = "token"
examples = ["acme-0f1e2d3c4b5a69788796"]
"#;

    fn parse(text: &str) -> Result<RuleSet, RuleError> {
        let mut rules = RuleSet::default();
        add(&mut rules, text, "acme.toml", true).map(|()| rules)
    }

    fn error(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn faults_have_a_place_and_a_reason_and_show_nothing_of_the_file() {
        let changed = |from: &str, to: &str| format!("{HEAD}{}", RULE.replace(from, to));
        for (text, expected) in [
            (changed("kind = \"token\"", "kind = \"SECRET\""), "acme.toml:11:8: kind is `token` or `password`"),
            (changed("evidence = \"pattern\"", "evidence = \"SECRET\""), "acme.toml:10:12: evidence is one of"),
            (changed("[\"acme-\"]", "[\"ac\"]"), "acme.toml:9:13: a literal has at least three bytes"),
            (changed("[\"acme-\"]", "[]"), "acme.toml:9:12: a rule needs a literal"),
            (changed("[\"acme-\"]", "\"SECRET\""), "acme.toml:9:12: invalid type: string …, expected a sequence"),
            (
                changed("acme-[0-9a-f]{20}", "(SECRET"),
                "acme.toml:8:11: the pattern is not a regular expression: unclosed group",
            ),
            (changed("acme-[0-9a-f]{20}", "(?:SECRET)?"), "acme.toml:8:11: the pattern matches nothing at all"),
            (changed("acme-[0-9a-f]{20}", "(?:[a-z]{500}){500}"), "acme.toml:8:11: the pattern is too large"),
            (changed("pattern = \"acme-[0-9a-f]{20}\"\n", ""), "acme.toml:4:1: a rule needs a `pattern`, `names`, a"),
            (
                changed("pattern = \"acme-[0-9a-f]{20}\"", "parser = \"SECRET\""),
                "acme.toml:8:10: there is no parser of that name",
            ),
            (changed("pattern =", "parser = \"npm-legacy-token\"\npattern ="), "acme.toml:8:10: a rule has one of"),
            (changed("literals", "proof = \"SECRET\"\nliterals"), "acme.toml:9:9: there is no proof of that name"),
            (changed("literals", "value = \"SECRET\"\nliterals"), "acme.toml:9:9: a value needs `names`"),
            (
                changed("pattern = \"acme-[0-9a-f]{20}\"", "names = [\"ACME_TOKEN\"]"),
                "acme.toml:11:8: a token that is known",
            ),
            (
                changed("pattern = \"acme-[0-9a-f]{20}\"", "names = [\"SECRET KEY\"]\nvalue = \"x\""),
                "acme.toml:8:10: a name is made of",
            ),
            (
                changed("pattern = \"acme-[0-9a-f]{20}\"", "names = [\"ACME_ID\"]\nvalue = \"x\""),
                "acme.toml:4:1: a name holds neither",
            ),
            (changed("[\"acme-0f1e2d3c4b5a69788796\"]", "[]"), "acme.toml:12:12: a rule needs an example"),
            (changed("\"Acme token\"", "\"SECRET\\nSECRET\""), "acme.toml:6:11: a summary is one line"),
            (changed("id = \"acme-token\"", "id = \"SECRET\""), "acme.toml:5:6: an id is made of lower-case letters"),
            (changed("kind", "knd"), "acme.toml:11:1: unknown field `knd`"),
            (changed("kind", "SECRET"), "acme.toml:11:1: unknown field `…`, expected one of `id`"),
            (
                changed("kind = \"token\"", "kind = 5551234"),
                "acme.toml:11:8: invalid type: integer `…`, expected a string",
            ),
            (changed("acme-[0-9a-f]{20}", "acme-SECRET|$"), "acme.toml:8:11: the pattern matches nothing at all"),
            (changed("acme-[0-9a-f]{20}", "acme-SECRET|\\\\b"), "acme.toml:8:11: the pattern matches nothing at all"),
            (format!("{HEAD}{RULE}{RULE}"), "acme.toml:14:6: there is another rule with this id"),
            (format!("{HEAD}x = SECRET"), "acme.toml:4:5: "),
            (
                "[registry]\nid = \"acme\"\nendpoint.api = \"http://SECRET.invalid\"".into(),
                "acme.toml:3:16: an endpoint is an https URL",
            ),
            (
                "[registry]\nid = \"acme\"\nendpoint.api = \"http://localhost.SECRET.invalid\"".into(),
                "acme.toml:3:16: an endpoint is an https URL",
            ),
            (
                "[registry]\nid = \"acme\"\nendpoint.api = \"http://127.SECRET.invalid\"".into(),
                "acme.toml:3:16: an endpoint is an https URL",
            ),
            (
                "[registry]\nid = \"acme\"\nendpoint.api = \"http://127.0.0.1@SECRET.invalid/\"".into(),
                "acme.toml:3:16: an endpoint is an https URL",
            ),
            (
                "[registry]\nid = \"acme\"\nendpoint.api = \"https://mia:SECRET@acme.invalid/\"".into(),
                "acme.toml:3:16: an endpoint has no user name",
            ),
            (RULE.to_owned(), "acme.toml:1:1: missing field `registry`"),
        ] {
            let error = error(&text);
            assert!(error.starts_with(expected) && !error.contains("SECRET"), "{error}\nfor\n{text}");
        }
    }

    #[test]
    fn a_file_may_add_rules_to_a_registry_but_not_change_where_its_secrets_go() {
        let mut all = embedded().unwrap();
        let before = (all.rules.len(), all.registries.len());
        let mut more = |head: &str| add(&mut all, &format!("{head}{RULE}"), "more.toml", true);
        more("[registry]\nid = \"npm\"\n").unwrap();
        for fact in [
            "endpoint.api = \"https://evil.invalid\"",
            "endpoint.mirror = [\"evil.invalid\"]",
            "endpoint.web = \"https://evil.invalid\"",
            "page.owner = \"https://evil.invalid\"",
        ] {
            let error = more(&format!("[registry]\nid = \"npm\"\n{fact}\n")).unwrap_err().to_string();
            assert!(error.starts_with("more.toml:2:6: this registry is known already"), "{error}");
        }
        let error = more(HEAD).unwrap_err().to_string();
        assert_eq!(error, "more.toml:5:6: there is another rule with this id");
        assert_eq!((all.rules.len(), all.registries.len()), (before.0 + 1, before.1));
    }

    #[test]
    fn endpoints_on_this_machine_need_no_encryption() {
        for api in ["http://127.0.0.1:4873", "http://localhost/npm", "http://[::1]:4873/", "https://acme.invalid"] {
            let text = format!("[registry]\nid = \"acme\"\nendpoint.api = \"{api}\"\n\n{RULE}");
            assert!(parse(&text).is_ok(), "{api}");
        }
    }

    #[test]
    fn every_expression_compiles() {
        for rule in embedded().unwrap().rules {
            let expression = match &rule.matcher {
                Matcher::Pattern { pattern, .. } => Some(pattern),
                Matcher::Names { value, .. } => value.as_ref(),
                Matcher::Parser(_) | Matcher::Bound => None,
            };
            assert!(expression.is_none_or(|text| compile(text).is_ok()), "{}", rule.id);
        }
    }

    #[test]
    fn the_registry_of_npm() {
        let rules = embedded().unwrap();
        let npm = rules.registry(&RegistryId::new("npm")).unwrap();
        let page = npm.owner_page.as_deref().unwrap();
        assert!(page.starts_with("https://") && page.ends_with("/settings/~/tokens"));
        assert!(npm.api.is_some() && npm.mirrors.len() == 1 && rules.rules.iter().all(|rule| !rule.custom));
    }

    #[test]
    fn verdicts_name_what_is_wrong() {
        let text = format!("{HEAD}{}", RULE.replace("[\"acme-\"]", "[\"acme-\", \"other\"]"))
            + "counter_examples = [\"acme-0f1e2d3c4b5a69788796\"]";
        let verdicts = check(&parse(&text).unwrap());
        assert_eq!(verdicts[0].problems, ["counter-example 1 is found", "literal 2 stands in none of the examples"]);
        let text = format!("{HEAD}{}", RULE.replace("[\"acme-0f", "[\"acme_0f"));
        let verdicts = check(&parse(&text).unwrap());
        assert_eq!(verdicts[0].problems, ["example 1 is not found", "literal 1 stands in none of the examples"]);
    }
}
