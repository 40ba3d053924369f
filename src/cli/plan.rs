//! Arguments and configuration to a plan: what the targets are, which keyrake.toml applies, what was known before.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::config::{Config, FailOn};
use crate::model::Severity;
use crate::scan::{Baseline, Objects, Selection, Target, Trust, baseline};

use super::args::{InputArgs, PolicyArgs};
use super::{files, hook};

/// Name of the configuration that is looked for at the top of a target.
const CONFIG: &str = "keyrake.toml";

/// Every target, opened; one that is named twice, once.
pub(super) fn targets(args: &InputArgs) -> Result<Vec<Target>> {
    let mut seen = BTreeSet::new();
    let paths: Vec<&PathBuf> = args.targets.iter().filter(|path| seen.insert(path.as_os_str())).collect();
    let several = paths.len() > 1;
    let hook = hook::objects(args)?;
    if several && hook.is_some() {
        bail!("a hook is about one repository: name no other target");
    }
    let objects = if let Some(pushed) = hook {
        pushed
    } else if args.staged {
        Objects::Staged(hook::index().filter(|_| !several))
    } else if !args.range.is_empty() {
        Objects::Ranges(args.range.clone())
    } else if args.no_history {
        Objects::None
    } else {
        Objects::All
    };
    let is_part = matches!(objects, Objects::Ranges(_) | Objects::Push(..));
    let borrowed = if is_part && !several { hook::borrowed() } else { Vec::new() };
    let selection = Selection {
        worktree: !args.no_worktree && matches!(objects, Objects::All | Objects::None),
        ignored: args.ignored,
        objects,
        connectivity: args.connectivity,
        max_object_size: args.max_object_size,
        borrowed,
    };
    let open = |path: &PathBuf| Target::open(path, &selection, several).with_context(|| path.display().to_string());
    paths.into_iter().map(open).collect()
}

/// The configurations that apply: the one that the user names is trusted; one that a target brings along is not.
pub(super) fn configs(args: &PolicyArgs, targets: &[Target]) -> Result<Vec<Config>> {
    if let Some(path) = &args.config {
        return Ok(vec![Config::parse(&files::read(path)?, &path.display().to_string(), Trust::Given)?]);
    }
    if args.no_config {
        return Ok(Vec::new());
    }
    let mut found: Vec<(PathBuf, BTreeSet<usize>)> = Vec::new();
    for (index, target) in targets.iter().enumerate() {
        let Some(path) = target.folder().map(|folder| folder.join(CONFIG)).filter(|path| path.is_file()) else {
            continue;
        };
        match found.iter_mut().find(|(known, _)| *known == path) {
            Some((_, targets)) => drop(targets.insert(index)),
            None => found.push((path, BTreeSet::from([index]))),
        }
    }
    found.into_iter().map(|(path, targets)| discovered(&path, targets)).collect()
}

fn discovered(path: &Path, targets: BTreeSet<usize>) -> Result<Config> {
    let here = std::env::current_dir().unwrap_or_default();
    let shown = path.strip_prefix(here).unwrap_or(path).display().to_string();
    let mut config = files::read(path)
        .and_then(|text| Ok(Config::parse(&text, &shown, Trust::Discovered)?))
        .context("the target's own configuration is not valid (--no-config searches without it)")?;
    config.allowances.targets = targets;
    Ok(config)
}

/// The flag outweighs the user's own configuration.
pub(super) fn fail_on(args: &PolicyArgs, configs: &[Config]) -> FailOn {
    args.fail_on.or_else(|| configs.iter().find_map(|config| config.fail_on)).unwrap_or(FailOn::At(Severity::Medium))
}

/// The baseline file: the flag's, or the user's own configuration's, which starts from where that configuration lies.
pub(super) fn baseline_path(args: &PolicyArgs, configs: &[Config]) -> Option<PathBuf> {
    let configured = || {
        let config = configs.iter().find(|config| config.baseline.is_some())?;
        Some(PathBuf::from(&config.origin).with_file_name(config.baseline.as_ref()?))
    };
    args.baseline.clone().or_else(configured)
}

/// The findings known before. One that is about to be written need not exist yet.
pub(super) fn baseline(path: Option<&PathBuf>, update: bool) -> Result<Option<Baseline>> {
    let Some(path) = path.filter(|path| !update || path.exists()) else { return Ok(None) };
    Ok(Some(baseline::parse(&files::read(path)?, &path.display().to_string())?))
}
