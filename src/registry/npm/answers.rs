//! What one answer of an npm-compatible server means: status × headers × body → meaning.
//!
//! A 401 is three answers, and only one of them speaks of a dead token. Whatever is not understood means nothing: it never reads as dead.

use serde_json::Value;

use crate::model::Unknown;
use crate::registry::http::{Answer, Exchange, Failure};

/// What an answer says about the credential that signed the request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reading {
    /// Accepted, and this is what it got.
    Accepted(Value),
    /// 401 without more: not known here, or not for this request.
    Rejected,
    /// 401 that names the address: known, but not from here.
    WrongAddress,
    /// 401 that asks for a one-time code: known, and more is wanted.
    CodeAsked,
    /// 403, in the server's words.
    Forbidden(String),
    /// 404: no such thing here.
    Missing,
    /// Nothing can be concluded, and why.
    Unclear(Unknown),
}

/// Reads an answer.
pub(super) fn read(exchange: &Exchange) -> Reading {
    let answer = match &exchange.outcome {
        Ok(answer) => answer,
        Err(Failure::Deadline) => return Reading::Unclear(Unknown::Deadline),
        Err(Failure::Interrupted) => return Reading::Unclear(Unknown::Interrupted),
        Err(Failure::NotSent) => return Reading::Unclear(Unknown::Offline),
        Err(failure) => return Reading::Unclear(Unknown::Unavailable(failure.to_string())),
    };
    let unavailable = |words: String| Reading::Unclear(Unknown::Unavailable(words));
    match answer.status {
        200..=299 => match serde_json::from_slice(&answer.body) {
            Ok(value) => Reading::Accepted(value),
            Err(_) if is_html(answer) => unavailable(format!("HTTP {}: a web page, not a registry", answer.status)),
            Err(_) => unavailable(format!("HTTP {}: the answer is no JSON", answer.status)),
        },
        300..=399 => unavailable(format!("HTTP {}: a redirect, which is not followed", answer.status)),
        401 => unauthorized(answer),
        403 | 404 if is_html(answer) => unavailable(format!("HTTP {}: a web page, not a registry", answer.status)),
        403 => Reading::Forbidden(words(answer)),
        404 => Reading::Missing,
        429 => Reading::Unclear(Unknown::RateLimited),
        status => unavailable(format!("HTTP {status}")),
    }
}

fn unauthorized(answer: &Answer) -> Reading {
    let schemes = challenges(answer);
    let named = |name: &str| schemes.iter().any(|scheme| scheme == name);
    if named("ipaddress") {
        Reading::WrongAddress
    } else if named("otp") || asks_for_code(answer) {
        Reading::CodeAsked
    } else if is_html(answer) && schemes.is_empty() {
        Reading::Unclear(Unknown::Unavailable("HTTP 401: a web page, not a registry".to_owned()))
    } else if !schemes.is_empty() && !named("bearer") && !named("basic") {
        // Something in front of the registry asks for its own kind of ticket (Negotiate, NTLM, Digest): it has not seen the token.
        Reading::Unclear(Unknown::Unavailable("HTTP 401: it asks for another kind of credential".to_owned()))
    } else {
        Reading::Rejected
    }
}

/// The names of the challenges in every `www-authenticate` header, in lower case. Commas inside quotes separate nothing, and
/// what has a `=` is a parameter of the challenge before it.
fn challenges(answer: &Answer) -> Vec<String> {
    let mut names = Vec::new();
    for value in answer.values("www-authenticate") {
        let mut quoted = false;
        let items = value.split(|c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        });
        let first = items.filter_map(|item| item.split_whitespace().next());
        names.extend(first.filter(|word| !word.contains('=')).map(str::to_ascii_lowercase));
    }
    names
}

/// npm's wording: "You must provide a one-time pass", "A One Time Password (OTP) by email is required", "invalid OTP", or the
/// addresses of a web login.
fn asks_for_code(answer: &Answer) -> bool {
    let text = words(answer).to_ascii_lowercase();
    let web_login = serde_json::from_slice::<Value>(&answer.body)
        .is_ok_and(|body| body.get("authUrl").is_some() && body.get("doneUrl").is_some());
    web_login || text.contains("one-time pass") || text.contains("one time pass") || text.contains("invalid otp")
}

/// The server's own words: `error` or `message` of the body, else a short text body, else the status.
pub(super) fn words(answer: &Answer) -> String {
    let body = serde_json::from_slice::<Value>(&answer.body).ok();
    let said = body.as_ref().and_then(|body| ["error", "message"].iter().find_map(|key| body.get(key)?.as_str()));
    match said {
        Some(said) if !said.is_empty() => said.to_owned(),
        _ if is_html(answer) || body.is_some() || answer.body.is_empty() => format!("HTTP {}", answer.status),
        _ => String::from_utf8_lossy(answer.body.get(..200).unwrap_or(&answer.body)).trim().to_owned(),
    }
}

fn is_html(answer: &Answer) -> bool {
    let typed = answer.values("content-type").next();
    let start = answer.body.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
    typed.is_some_and(|typed| typed.trim_start().to_ascii_lowercase().starts_with("text/html"))
        || answer.body.get(start) == Some(&b'<')
}

/// Why nobody could tell, as part of a sentence.
pub(super) fn phrase(unknown: &Unknown) -> String {
    match unknown {
        Unknown::Unavailable(words) | Unknown::Refused(words) => words.clone(),
        Unknown::RateLimited => "the registry asks for fewer requests".to_owned(),
        Unknown::Deadline => "the time for verification ran out".to_owned(),
        Unknown::Interrupted => "the run was interrupted".to_owned(),
        _ => "not asked".to_owned(),
    }
}

/// A JSON text field that says something.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str().filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers<'h> = &'h [(&'h str, &'h str)];

    fn answer(status: u16, headers: Headers<'_>, body: &str) -> Exchange {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let answer = Answer { status, headers: headers.collect(), body: body.as_bytes().to_vec() };
        Exchange { id: 1, url: url::Url::parse("http://127.0.0.1/").unwrap(), outcome: Ok(answer) }
    }

    fn unavailable(words: &str) -> Reading {
        Reading::Unclear(Unknown::Unavailable(words.into()))
    }

    #[test]
    fn www_authenticate_tells_three_401_apart() {
        let another = || unavailable("HTTP 401: it asks for another kind of credential");
        let cases: [(&[&str], Reading); 21] = [
            (&[], Reading::Rejected),
            (&["Bearer"], Reading::Rejected),
            (&["Basic, Bearer"], Reading::Rejected),
            (&["Bearer realm=\"x\""], Reading::Rejected),
            (&["OTP"], Reading::CodeAsked),
            (&["otp"], Reading::CodeAsked),
            (&["Bearer, OTP"], Reading::CodeAsked),
            (&["Bearer", "OTP"], Reading::CodeAsked),
            (&["ipaddress"], Reading::WrongAddress),
            (&["IPAddress"], Reading::WrongAddress),
            (&["Bearer,ipAddress"], Reading::WrongAddress),
            (&["OTP, ipaddress"], Reading::WrongAddress),
            (&["Bearer realm=\"a, ipaddress\""], Reading::Rejected),
            (&["Bearer realm=\"ipaddress\", charset=\"otp\""], Reading::Rejected),
            (&[", ,", ""], Reading::Rejected),
            (&["Negotiate"], another()),
            (&["Negotiate", "NTLM"], another()),
            (&["Digest realm=\"a\", nonce=\"b\""], another()),
            (&["Negotiate", "Basic realm=\"a\""], Reading::Rejected),
            (&["BASIC realm=\"a\", charset=\"UTF-8\""], Reading::Rejected),
            (&["Bearer error=\"invalid_token\",scope=otp"], Reading::Rejected),
        ];
        for (values, expected) in cases {
            let headers: Vec<_> = values.iter().map(|value| ("www-authenticate", *value)).collect();
            assert_eq!(read(&answer(401, &headers, r#"{"error":"Unauthorized"}"#)), expected, "{values:?}");
        }
    }

    #[test]
    fn bodies_and_statuses() {
        let json = [("content-type", "application/json")];
        let html = [("content-type", "text/html; charset=utf-8")];
        let pass = "You must provide a one-time pass. Upgrade your client to npm@latest in order to use 2FA.";
        let page = "a web page, not a registry";
        let cases: [(u16, Headers<'_>, &str, Reading); 17] = [
            (200, &json, r#"{"username":"a"}"#, Reading::Accepted(serde_json::json!({"username": "a"}))),
            (200, &json, r#"{"username": "#, unavailable("HTTP 200: the answer is no JSON")),
            (200, &html, "<html>", unavailable("HTTP 200: a web page, not a registry")),
            (200, &[], "\n <!doctype html>", unavailable("HTTP 200: a web page, not a registry")),
            (
                302,
                &[("location", "http://127.0.0.1:9/")],
                "",
                unavailable("HTTP 302: a redirect, which is not followed"),
            ),
            (401, &json, r#"{"error":"Unauthorized"}"#, Reading::Rejected),
            (401, &json, r#"{"message":"Unauthorized"}"#, Reading::Rejected),
            (401, &[], "", Reading::Rejected),
            (401, &json, &format!(r#"{{"error":"{pass}"}}"#), Reading::CodeAsked),
            (401, &json, r#"{"error":"A One Time Password (OTP) by email is required."}"#, Reading::CodeAsked),
            (401, &json, r#"{"authUrl":"https://a.invalid/","doneUrl":"https://a.invalid/"}"#, Reading::CodeAsked),
            (401, &html, "<html>log in to the proxy", unavailable(&format!("HTTP 401: {page}"))),
            (403, &json, r#"{"error":"unauthorized access"}"#, Reading::Forbidden("unauthorized access".into())),
            (403, &html, "<html>blocked", unavailable(&format!("HTTP 403: {page}"))),
            (404, &json, "{}", Reading::Missing),
            (429, &html, "Too many requests", Reading::Unclear(Unknown::RateLimited)),
            (503, &json, r#"{"error":"injected"}"#, unavailable("HTTP 503")),
        ];
        for (status, headers, body, expected) in cases {
            assert_eq!(read(&answer(status, headers, body)), expected, "{status} {body}");
        }
    }
}
