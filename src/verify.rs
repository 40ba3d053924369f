//! Stage 4: asks the issuers.
//!
//! What comes in: findings. What goes out: the same findings with what their issuers say. Each credential is asked about once per
//! endpoint, each host by one worker, all within one deadline, and none any more once somebody has ended the run.
//!
//! What it must never do: send a credential to an endpoint that `Endpoints` did not choose, or let one server's trouble cost the run.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::model::{Code, Credential, Finding, Inspection, Notification, Proof, Secret, Unknown, Validity};
use crate::registry;
use crate::registry::client::{Memory, Session};
use crate::registry::endpoint::{Endpoint, Endpoints};
use crate::registry::http::Http;

/// Hosts asked at the same time.
const WORKERS: usize = 8;

/// How to verify.
#[derive(Clone, Debug)]
pub struct VerifyOptions {
    /// For all of it together.
    pub deadline: Option<Duration>,
    /// Ask about findings that are set aside, too.
    pub suppressed_too: bool,
    /// The credentials were handed over alone (`keyrake verify`): `--endpoint` decides where they belong.
    pub lone: bool,
    /// What counts as now for expiry dates.
    pub now: Timestamp,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self { deadline: None, suppressed_too: false, lone: false, now: Timestamp::now() }
    }
}

/// One question: a credential at an endpoint, and the findings that wait for the answer.
struct Question<'f> {
    endpoint: &'f Endpoint,
    credential: Credential,
    findings: Vec<usize>,
}

/// What came of a question.
struct Asked<'f> {
    question: Question<'f>,
    inspection: Inspection,
    /// Somebody ended the run before it was answered to the end.
    is_cut: bool,
}

/// Fills in `endpoint` and `inspection`. Without a client nothing is sent, and only the endpoints are filled in.
pub fn run(
    findings: &mut [Finding],
    endpoints: &Endpoints,
    http: Option<&Http>,
    options: &VerifyOptions,
) -> Vec<Notification> {
    let mut hosts: BTreeMap<String, Vec<Question<'_>>> = BTreeMap::new();
    let mut known: HashMap<(String, Secret, Option<String>), (String, usize)> = HashMap::new();
    let mut elsewhere: HashMap<usize, String> = HashMap::new();
    for (at, finding) in findings.iter_mut().enumerate() {
        let credential = &finding.credential;
        let resolved = if options.lone { endpoints.resolve_lone(credential) } else { endpoints.resolve(credential) };
        let first = resolved.as_ref().ok().and_then(|issuers| issuers.endpoints.first());
        finding.endpoint = first.map(|endpoint| endpoint.base.to_string());
        let set_aside = finding.suppressed.is_some() && !options.suppressed_too;
        let issuers = match resolved {
            _ if http.is_none() || set_aside => {
                finding.inspection = Inspection::unknown(Unknown::Offline, Proof::default());
                continue;
            }
            Err(why) => {
                finding.inspection = Inspection::unknown(why, Proof::default());
                continue;
            }
            Ok(issuers) => issuers,
        };
        elsewhere.extend(issuers.elsewhere.map(|host| (at, host)));
        for endpoint in issuers.endpoints {
            let key = (endpoint.base.to_string(), credential.secret.clone(), credential.user.clone());
            let (host, index) = known.entry(key).or_insert_with(|| {
                let questions = hosts.entry(endpoint.origin()).or_default();
                questions.push(Question { endpoint, credential: credential.clone(), findings: Vec::new() });
                (endpoint.origin(), questions.len() - 1)
            });
            if let Some(question) = hosts.get_mut(host).and_then(|questions| questions.get_mut(*index)) {
                question.findings.push(at);
            }
        }
    }
    let Some(http) = http else { return Vec::new() };
    let mut silent = BTreeMap::new();
    let mut answers: HashMap<usize, Vec<(String, Inspection)>> = HashMap::new();
    for Asked { question, inspection, is_cut } in ask_all(hosts, http, options) {
        let base = question.endpoint.base.to_string();
        let why = match &inspection.validity {
            Validity::Unknown(why @ (Unknown::Unavailable(_) | Unknown::RateLimited | Unknown::Deadline)) => Some(why),
            // What it can do may not have been asked to the end.
            _ => is_cut.then_some(&Unknown::Interrupted),
        };
        if let Some(why) = why {
            silent.entry(base.clone()).or_insert_with(|| unavailable(question.endpoint, why));
        }
        for at in question.findings {
            answers.entry(at).or_default().push((base.clone(), inspection.clone()));
        }
    }
    for (at, answers) in answers {
        if let (Some(finding), Some((base, inspection))) = (findings.get_mut(at), verdict(answers, elsewhere.get(&at)))
        {
            finding.endpoint = Some(base);
            finding.inspection = inspection;
        }
    }
    silent.into_values().collect()
}

/// What all that were asked say together. Alive at one is alive; dead is only what is dead wherever it may have come from.
fn verdict(mut answers: Vec<(String, Inspection)>, elsewhere: Option<&String>) -> Option<(String, Inspection)> {
    let rank = |inspection: &Inspection| match inspection.validity {
        Validity::Active => 0,
        Validity::Unknown(_) => 1,
        Validity::Inactive(_) => 2,
    };
    answers.sort_by(|a, b| (rank(&a.1), &a.0).cmp(&(rank(&b.1), &b.0)));
    let mut answers = answers.into_iter();
    let (base, mut inspection) = answers.next()?;
    match (&inspection.validity, elsewhere) {
        (Validity::Active, _) => {
            let too = answers.filter(|(_, other)| other.validity == Validity::Active);
            inspection.notes.extend(too.map(|(other, _)| format!("{other} accepts it too")));
        }
        (Validity::Inactive(_), Some(host)) => {
            let note = format!("{base} does not accept it, but a file names {host} for it too, and that is not asked");
            inspection = Inspection::unknown(Unknown::ForeignHost(host.clone()), inspection.proof);
            inspection.notes.push(note);
        }
        _ => {}
    }
    Some((base, inspection))
}

fn ask_all<'f>(hosts: BTreeMap<String, Vec<Question<'f>>>, http: &Http, options: &VerifyOptions) -> Vec<Asked<'f>> {
    let deadline = options.deadline.and_then(|deadline| Instant::now().checked_add(deadline));
    let workers = hosts.len().min(WORKERS);
    let queue = Mutex::new(hosts.into_values());
    let answers = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(questions) = next else { break };
                    let answered = ask_host(questions, http, deadline, options.now);
                    answers.lock().unwrap_or_else(PoisonError::into_inner).extend(answered);
                }
            });
        }
    });
    answers.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// One host's questions, one after the other; what does not depend on the credential is asked once per endpoint.
fn ask_host<'f>(
    questions: Vec<Question<'f>>,
    http: &Http,
    deadline: Option<Instant>,
    now: Timestamp,
) -> Vec<Asked<'f>> {
    let mut memories: HashMap<String, Memory> = HashMap::new();
    let mut answered = Vec::new();
    for question in questions {
        let memory = memories.entry(question.endpoint.base.to_string()).or_default();
        let credential = &question.credential;
        let inspection = match registry::by_id(&question.endpoint.registry) {
            None => Inspection::unknown(Unknown::Unsupported, Proof::default()),
            Some(_) if http.is_interrupted() => Inspection::unknown(Unknown::Interrupted, Proof::default()),
            Some(_) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                Inspection::unknown(Unknown::Deadline, Proof::default())
            }
            Some(registry) => {
                let session = Session::new(http, question.endpoint, memory, Some(credential), now, deadline);
                registry.inspect(&session, credential)
            }
        };
        answered.push(Asked { question, inspection, is_cut: http.is_interrupted() });
    }
    answered
}

fn unavailable(endpoint: &Endpoint, why: &Unknown) -> Notification {
    let words = match why {
        Unknown::Unavailable(words) => words.clone(),
        Unknown::RateLimited => "it asks for fewer requests".to_owned(),
        Unknown::Interrupted => "the run was interrupted".to_owned(),
        _ => "the time for verification ran out".to_owned(),
    };
    let message = format!("the registry could not be asked: {words}");
    Notification::warning(Code::RegistryUnavailable, endpoint.origin(), message)
}

#[cfg(test)]
mod tests;
