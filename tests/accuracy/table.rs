//! The table of what was found, and the list of what was not right.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::exceptions::{EXCEPTIONS, Exception};
use crate::judge::{Tried, Variant};

/// So many of what was wrong are shown.
const SHOWN: usize = 40;

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    contexts: usize,
    found: usize,
    others: usize,
    wrong: usize,
    /// Known to be missed: contexts that count as missed all the same.
    missed: usize,
    /// Known to be said of what is no token.
    said: usize,
}

/// Prints the table; fails where something was missed or false that no exception covers, or an exception covers nothing.
pub(crate) fn finish(tried: Vec<Tried>) {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut faults = Vec::new();
    let mut needed = vec![false; EXCEPTIONS.len()];
    for each in &tried {
        let row = rows.entry(each.case.registry.clone()).or_default();
        let is_token = each.variant == Variant::Token;
        row.contexts += usize::from(is_token);
        row.others += usize::from(!is_token);
        let exception = each.wrong.as_ref().and_then(|_| EXCEPTIONS.iter().position(|known| known.covers(each)));
        if let Some(index) = exception {
            needed[index] = true;
            row.missed += usize::from(is_token);
            row.said += usize::from(!is_token);
            continue;
        }
        match &each.wrong {
            None if is_token => row.found += 1,
            None => {}
            Some(wrong) => {
                row.wrong += usize::from(!is_token);
                faults.push(fault(each, wrong));
            }
        }
    }
    println!("{}", render(&rows));
    let stale = EXCEPTIONS.iter().zip(&needed).filter(|(_, needed)| !**needed);
    faults.extend(stale.map(|(known, _)| unneeded(known)));
    fail(&faults);
}

fn render(rows: &BTreeMap<String, Row>) -> String {
    let head =
        ["contexts", "found", "recall", "excepted", "others", "false", "excepted"].map(|name| format!("{name:>9}"));
    let mut text = format!("{:<26} {}\n", "registry", head.join(" "));
    let sum = rows.values().fold(Row::default(), |sum, row| Row {
        contexts: sum.contexts + row.contexts,
        found: sum.found + row.found,
        others: sum.others + row.others,
        wrong: sum.wrong + row.wrong,
        missed: sum.missed + row.missed,
        said: sum.said + row.said,
    });
    let all = "all".to_owned();
    for (name, row) in rows.iter().chain([(&all, &sum)]) {
        let recall = 100.0 * row.found as f64 / row.contexts.max(1) as f64;
        let Row { contexts, found, others, wrong, missed, said } = row;
        let counts = format!("{contexts:>9} {found:>9} {recall:>8.1}% {missed:>9} {others:>9} {wrong:>9} {said:>9}");
        writeln!(text, "{name:<26} {counts}").expect("a string takes everything");
    }
    text
}

fn fault(tried: &Tried, wrong: &str) -> String {
    let Tried { case, variant, text, .. } = tried;
    format!(
        "{} {} [{} / {}] {variant:?}: {wrong}: {text:?}",
        case.kind.rule, case.kind.token, case.form, case.wrapping.name
    )
}

fn unneeded(exception: &Exception) -> String {
    let Exception { rule, token, context, variant, reason } = exception;
    format!("an exception is not needed: {rule} {token} [{context}] {variant:?}: {reason}")
}

fn fail(faults: &[String]) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("accuracy.txt");
    fs::write(&file, faults.join("\n")).expect("a scratch directory");
    let shown = faults.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(faults.is_empty(), "{} wrong, all of them in {}:\n{shown}", faults.len(), file.display());
}
