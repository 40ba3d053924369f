//! The registries and what is found of each, as a table in Markdown.

use std::fmt::Write as _;

use crate::model::{RegistryFacts, RuleSet};

/// A row for each registry, by its id.
pub fn table(rules: &RuleSet) -> String {
    let mut registries: Vec<&RegistryFacts> = rules.registries.iter().collect();
    registries.sort_by_key(|facts| facts.name.to_ascii_lowercase());
    let mut out = "| registry | what is found |\n|---|---|\n".to_owned();
    for facts in registries {
        let own = rules.rules.iter().filter(|rule| rule.registry == facts.id);
        let mut found: Vec<&str> = own.map(|rule| without_name(&rule.summary, &facts.name)).collect();
        found.dedup();
        let _ = writeln!(out, "| {} | {} |", facts.name, found.join("; "));
    }
    out
}

/// A summary begins with the registry's name, which stands in the row already.
fn without_name<'s>(summary: &'s str, name: &str) -> &'s str {
    summary.strip_prefix(name).map_or(summary, |rest| rest.trim_start_matches([':', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "<!-- registries: `keyrake rules list --table` writes them -->\n";
    const END: &str = "<!-- end of registries -->";

    #[test]
    fn the_readme_has_the_table_of_these_rules() {
        let readme = include_str!("../../../README.md");
        let written = readme.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(table, _)| table);
        let table = table(&crate::detect::rules::embedded().unwrap());
        assert_eq!(written, Some(table.as_str()), "`keyrake rules list --table` prints what belongs there");
    }

    #[test]
    fn a_name_is_not_said_twice() {
        assert_eq!(without_name("Acme token", "Acme"), "token");
        assert_eq!(without_name("Acme: key", "Acme"), "key");
        assert_eq!(without_name("Another token", "Acme"), "Another token");
    }
}
