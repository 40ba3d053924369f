//! `keyrake rules`: what is looked for, and whether it works.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};

use crate::detect::rules;
use crate::model::{Matcher, Part, Rule, RuleSet};
use crate::report::wrapped;

use super::args::{RulesArgs, RulesCommand};
use super::exit::Exit;
use super::{settings, term};

/// Lists, shows or tests.
pub(super) fn run(args: RulesArgs) -> Result<Exit> {
    match args.command {
        RulesCommand::List(args) if args.literals => {
            let set = settings::rule_set(&args.detect)?;
            let literals: BTreeSet<&str> =
                set.rules.iter().flat_map(|rule| &rule.literals).map(String::as_str).collect();
            say(&lines(literals))
        }
        RulesCommand::List(args) if args.table => say(&rules::table(&settings::rule_set(&args.detect)?)),
        RulesCommand::List(args) => say(&list(&settings::rule_set(&args.detect)?)),
        RulesCommand::Show(args) => {
            let set = settings::rule_set(&args.detect)?;
            match set.rule(&args.id) {
                Some(rule) => say(&show(rule, &set)),
                None => bail!("no rule {:?}; `keyrake rules list` names them", args.id),
            }
        }
        RulesCommand::Test(args) => test(&settings::rule_set(&args.detect)?),
    }
}

fn say(text: &str) -> Result<Exit> {
    term::answer(text.as_bytes()).context("cannot write the answer")?;
    Ok(Exit::Clean)
}

fn lines<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| format!("{item}\n")).collect()
}

fn list(set: &RuleSet) -> String {
    let width = set.rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    lines(set.rules.iter().map(|rule| format!("{:width$}  {}", rule.id, rule.summary)))
}

fn show(rule: &Rule, set: &RuleSet) -> String {
    let mut out = String::new();
    let mut row = |name: &str, text: &str| {
        let _ = writeln!(out, "{name:9} {text}");
    };
    row("rule", &rule.id);
    row("registry", rule.registry.as_str());
    row("what", &rule.summary);
    row("evidence", rule.evidence.as_str());
    match &rule.matcher {
        Matcher::Pattern { pattern, proof, .. } => {
            row("pattern", pattern);
            proof.iter().for_each(|proof| row("proof", proof));
        }
        Matcher::Names { names, value, proof } => {
            row("names", &names.join(" "));
            row("value", value.as_deref().unwrap_or("any text that is no placeholder"));
            proof.iter().for_each(|proof| row("proof", proof));
        }
        Matcher::Parser(parser) => row("parser", parser),
        Matcher::Bound => row("bound", "what a credential file binds to a host of the registry"),
    }
    if !rule.literals.is_empty() {
        row("literals", &rule.literals.join(" "));
    }
    if let Some(facts) = set.registry(&rule.registry) {
        for part in [Part::User, Part::Organization, Part::Host] {
            let names: Vec<&str> =
                facts.companions.iter().filter(|(of, _)| *of == part).map(|(_, name)| name.as_str()).collect();
            if !names.is_empty() {
                row("beside", &format!("{}: {}", part.as_str(), names.join(" ")));
            }
        }
        if let Some(page) = &facts.owner_page {
            row("owner", page);
        }
        for reference in &facts.references {
            row("source", reference);
        }
    }
    for example in &rule.examples {
        row("finds", &format!("{example:?}"));
    }
    for example in &rule.counter_examples {
        row("not", &format!("{example:?}"));
    }
    let _ = write!(out, "\n{}", wrapped(&rule.help, term::width()));
    out
}

fn test(set: &RuleSet) -> Result<Exit> {
    let verdicts = rules::check(set);
    let mut out = String::new();
    for verdict in &verdicts {
        let _ = match verdict.problems.as_slice() {
            [] => writeln!(out, "ok    {}", verdict.rule),
            problems => problems.iter().try_for_each(|problem| writeln!(out, "FAIL  {}: {problem}", verdict.rule)),
        };
    }
    let failed = verdicts.iter().filter(|verdict| !verdict.problems.is_empty()).count();
    let _ = writeln!(out, "{} rules, {failed} failed", verdicts.len());
    let said = say(&out)?;
    Ok(if failed == 0 { said } else { Exit::Findings })
}
