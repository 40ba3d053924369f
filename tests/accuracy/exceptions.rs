//! What is known not to be found, or to be found wrongly, and why.

use crate::judge::{Tried, Variant};

/// A set of contexts in which it is known to be otherwise; `*` stands for any.
#[derive(Debug)]
pub(crate) struct Exception {
    pub(crate) rule: &'static str,
    pub(crate) token: &'static str,
    /// The beginning of the form's or wrapping's name.
    pub(crate) context: &'static str,
    pub(crate) variant: Variant,
    pub(crate) reason: &'static str,
}

impl Exception {
    pub(crate) fn covers(&self, tried: &Tried) -> bool {
        let case = &tried.case;
        let is_context = |name: &str| self.context == "*" || name.starts_with(self.context);
        self.variant == tried.variant
            && (self.rule == "*" || self.rule == case.kind.rule)
            && (self.token == "*" || self.token == case.kind.token)
            && (is_context(&case.form) || is_context(case.wrapping.name))
    }
}

const fn cut(rule: &'static str, token: &'static str, reason: &'static str) -> Exception {
    Exception { rule, token, context: "*", variant: Variant::CutShort, reason }
}

const NO_LENGTH: &str = "it has no fixed length, and nothing in it tells that it is whole";
const TWO_LENGTHS: &str = "what is left has the length of an older token";
const SIGNED: &str = "its signature has no fixed length, and only its issuer can check it";
const FIRST_OF_TWO: &str = "the first of its two macaroons is still whole";
const ANY_TEXT: &str = "any text may be a password";

pub(crate) const EXCEPTIONS: &[Exception] = &[
    cut("buildkite-token", "{buildkite_packages}", NO_LENGTH),
    cut("buildkite-token", "{buildkite_registry}", NO_LENGTH),
    cut("buildkite-token", "{buildkite_agent}", NO_LENGTH),
    cut("buildkite-token", "{buildkite_registration}", NO_LENGTH),
    cut("buildkite-token", "{buildkite_cluster}", NO_LENGTH),
    cut("buildkite-token", "{buildkite_job}", SIGNED),
    cut("buildkite-token", "{buildkite_portal_secret}", NO_LENGTH),
    cut("chartmuseum-token", "*", SIGNED),
    cut("codeartifact-token", "*", SIGNED),
    cut("fly-token", "{fly_tokens}", FIRST_OF_TWO),
    cut("fly-token", "{fly_tokens_old}", FIRST_OF_TWO),
    cut("github-installation-token", "*", SIGNED),
    cut("github-refresh-token", "*", NO_LENGTH),
    cut("gitlab-job-token", "{gitlab_job_claims}", SIGNED),
    cut("jfrog-access-token", "*", SIGNED),
    cut("chrome-web-store-refresh-token", "*", NO_LENGTH),
    cut("crates-alternative-token", "*", NO_LENGTH),
    cut("gradle-plugin-portal-secret", "*", NO_LENGTH),
    cut("maven-central-password", "*", ANY_TEXT),
    cut("pub-variable-token", "*", NO_LENGTH),
    cut("pypi-password", "*", ANY_TEXT),
    cut("snapcraft-variable", "*", NO_LENGTH),
    cut("terraform-host-token", "*", NO_LENGTH),
    cut("anaconda-url-token", "{opaque}", NO_LENGTH),
    cut("maven-central-bearer", "*", NO_LENGTH),
    cut("nuget-source-password", "*", ANY_TEXT),
    cut("packagist-url-token", "*", TWO_LENGTHS),
    cut("pub-refresh-token", "*", NO_LENGTH),
    cut("pub-access-token", "*", NO_LENGTH),
];
