//! The contexts of a kind of token: its forms alone, and one form in every wrapping.

use keyrake::detect::{Detector, mint};
use keyrake::model::{Matcher, Rule};

use crate::forms::{BARE, Form, NAMED, PLAIN, Written};
use crate::kinds::{Kind, Way};
use crate::wrappings::{Layer, WRAPPINGS, Wrapping};

/// A name that tells no registry.
const NO_REGISTRY: &str = "MY_SECRET";
/// For what else an example holds.
const OTHER_SEED: u64 = 99;
pub(crate) const TOKEN: &str = "«T»";

/// One context: a text in which the token is missing.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) kind: &'static Kind,
    pub(crate) registry: String,
    pub(crate) form: String,
    /// With `«T»` where the token belongs.
    pub(crate) text: String,
    pub(crate) written: Written,
    pub(crate) wrapping: &'static Wrapping,
}

/// All contexts of this kind.
pub(crate) fn of(detector: &Detector, kind: &'static Kind) -> Vec<Case> {
    let rule = detector.rules().rules.iter().find(|rule| rule.id == kind.rule).expect("a rule of that name");
    let registry = rule.registry.as_str().to_owned();
    let case = |form: String, text: String, written: Written, wrapping: &'static Wrapping| Case {
        kind,
        registry: registry.clone(),
        form,
        text,
        written,
        wrapping,
    };
    let written = |form: &Form, name: &str| {
        case(format!("{} ({name})", form.name), form.fill(name, TOKEN), form.written, &WRAPPINGS[0])
    };
    let wrapped = |name: &str, text: &str| -> Vec<Case> {
        let wrappings = WRAPPINGS.iter().filter(|wrapping| kind.way == Way::Bare || wrapping.layer != Layer::Base64);
        wrappings.map(|wrapping| case(name.to_owned(), text.to_owned(), Written::AsItIs, wrapping)).collect()
    };
    match kind.way {
        Way::Bare => {
            let alone = BARE.iter().chain(NAMED).map(|form| written(form, NO_REGISTRY));
            alone.chain(wrapped(PLAIN.name, &PLAIN.fill(NO_REGISTRY, TOKEN)).into_iter().skip(1)).collect()
        }
        Way::Named => {
            let names = names(rule);
            let first = NAMED.iter().map(|form| written(form, &names[0]));
            // Every other name in another form.
            let others = names.iter().enumerate().skip(1).map(|(turn, name)| written(&NAMED[turn % NAMED.len()], name));
            let wrapped = wrapped(PLAIN.name, &PLAIN.fill(&names[0], TOKEN)).into_iter().skip(1);
            first.chain(others).chain(wrapped).collect()
        }
        Way::File => {
            let examples = rule.examples.iter().filter(|example| example.matches(kind.token).count() == 1);
            let texts = examples.map(|example| mint::fill(&example.replace(kind.token, TOKEN), OTHER_SEED));
            texts.enumerate().flat_map(|(index, text)| wrapped(&format!("example {}", index + 1), &text)).collect()
        }
    }
}

fn names(rule: &Rule) -> Vec<String> {
    match &rule.matcher {
        Matcher::Names { names, .. } => names.iter().map(|name| name.replace('*', "MIA")).collect(),
        _ => Vec::new(),
    }
}
