//! `docker login -u USER -p PASSWORD HOST` and the same of podman, buildah, skopeo, helm, oras and crane; skopeo's `--creds`; the login
//! action of GitHub's workflows.

use std::ops::Range;

use memchr::memmem;

use super::form::command::{Words, listed, words};
use super::form::lines::{block, inputs};
use super::host::{address, is_address};
use super::{Found, Text, credential};
use crate::model::BoundHost;

const ABOVE: usize = 256;
const COMMANDS: [&[u8]; 3] = [b"docker ", b"podman ", b"buildah "];
const FLAGS: [&str; 6] = ["--password-stdin", "--insecure", "--plain-http", "--tls-verify", "-v", "--verbose"];

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let found = match text.bytes.get(anchor.clone()).unwrap_or_default() {
        b"docker/login-action" => action(text, &anchor),
        b"docker_login:" => task(text, &anchor),
        b"az acr login" => azure(text, &anchor),
        literal if literal.starts_with(b"-creds") => creds(text, &anchor),
        _ => login(text, &anchor),
    };
    found.into_iter().collect()
}

fn login(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    // `RUN ["docker", "login", …]`
    let is_list = bytes.get(anchor.start) == Some(&b'"');
    let words = if is_list { listed(bytes, anchor.end) } else { words(bytes, anchor.end) };
    text.looks_at(&(anchor.start..words.end + 1));
    let user = words.option(&["-u", "--username"]).and_then(|user| bytes.get(user));
    let span = words.option(&["-p", "--password"]).or_else(|| piped(text, anchor.start))?;
    let (host, is_elsewhere) = host(bytes, &words);
    let found = credential::password(span.clone(), bytes.get(span)?, user, host)?;
    (!is_elsewhere).then_some(found)
}

/// The host that a login names; and whether it names one that is not to be read: a variable is not the default.
fn host(bytes: &[u8], words: &Words<'_>) -> (Option<BoundHost>, bool) {
    let plain = words.plain(&FLAGS);
    let host = plain.iter().filter_map(|word| bytes.get(word.clone())).find(|word| is_address(word)).and_then(address);
    let is_elsewhere = host.is_none() && plain.iter().any(|word| bytes.get(word.start) == Some(&b'$'));
    (host, is_elsewhere)
}

/// `echo PASSWORD | docker login … --password-stdin`
fn piped(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    let bytes = text.bytes;
    let floor = at.saturating_sub(ABOVE);
    let head = bytes.get(floor..at)?;
    let line = memchr::memrchr(b'\n', head).map_or(0, |end| end + 1);
    text.looks_at(&(floor + line.saturating_sub(1)..at));
    let pipe = line + memchr::memrchr(b'|', head.get(line..)?)?;
    let echo = line + memmem::rfind(head.get(line..pipe)?, b"echo ")? + b"echo ".len();
    let words = words(bytes, floor + echo);
    let word = words.plain(&["-n", "-e"]).first()?.clone();
    (words.end <= floor + pipe).then_some(word)
}

/// `skopeo copy --src-creds USER:PASSWORD docker://HOST/…`
fn creds(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let words = words(bytes, anchor.end);
    text.looks_at(&(anchor.start..words.end + 1));
    let span = words.all.first()?.clone();
    let (user, secret) = credential::pair(bytes.get(span.clone())?)?;
    let images = words.all.iter().filter_map(|word| bytes.get(word.clone())?.strip_prefix(b"docker://"));
    let is_source = bytes.get(..anchor.start).is_some_and(|head| head.ends_with(b"src"));
    let image = if is_source { images.clone().next() } else { images.clone().next_back() };
    let host = image.and_then(|image| image.split(|byte| *byte == b'/').next()).filter(|host| is_address(host));
    let secret = span.start + user.len() + 1..span.start + user.len() + 1 + secret.len();
    credential::password(secret.clone(), bytes.get(secret)?, Some(user), address(host?))
}

/// `uses: docker/login-action@v3`, `with:` registry, username and password.
fn action(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let table = inputs(bytes, anchor.end);
    text.looks_at(&(anchor.start..table.body.end + 5));
    let span = table.value(&["password"])?;
    let host = table.text(&["registry"]).and_then(address);
    credential::password(span.clone(), bytes.get(span)?, table.text(&["username"]), host)
}

/// Ansible's `docker_login:`, and below it `registry_url`, `username` and `password`.
fn task(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let floor = anchor.start.saturating_sub(ABOVE);
    let next = anchor.end + memchr::memchr(b'\n', bytes.get(anchor.end..bytes.len().min(anchor.end + ABOVE))?)? + 1;
    let own = bytes.get(floor..anchor.start)?.rsplit(|byte| *byte == b'\n').next()?;
    let margin = |line: &[u8]| line.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'+')).count();
    let is_below =
        bytes.get(next..).is_some_and(|line| margin(line) > margin(own) && line.get(margin(line)) != Some(&b'-'));
    text.looks_at(&(anchor.start - own.len()..next + 1));
    if !is_below {
        return None;
    }
    let (table, _) = block(bytes, next, ABOVE);
    text.looks_at(&(anchor.start..table.body.end + 1));
    let span = table.value(&["password"])?;
    let host = table.text(&["registry_url", "registry", "url"]).and_then(address);
    let user = table.text(&["username", "docker_username"]);
    credential::password(span.clone(), bytes.get(span)?, user, host)
}

/// `az acr login -n NAME -u USER -p PASSWORD`: the name is the first label of the host.
fn azure(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let words = words(bytes, anchor.end);
    text.looks_at(&(anchor.start..words.end + 1));
    let span = words.option(&["-p", "--password"])?;
    let name = bytes.get(words.option(&["-n", "--name"])?)?;
    let host = if is_address(name) { address(name) } else { address(&[name, b".azurecr.io"].concat()) };
    let user = words.option(&["-u", "--username"]).and_then(|user| bytes.get(user));
    credential::password(span.clone(), bytes.get(span)?, user, Some(host?))
}

/// Who logs in where, by the command or the action of which this is the word `login`, wherever its password comes from. Without a host
/// it is Docker Hub.
pub(crate) fn user<'t>(text: &Text<'t>, login: &Range<usize>) -> Option<(&'t [u8], Option<BoundHost>)> {
    let bytes = text.bytes;
    let head = bytes.get(..login.start)?;
    if head.ends_with(b"docker/") && bytes.get(login.end..)?.starts_with(b"-action") {
        let inputs = inputs(bytes, login.end);
        let host = inputs.text(&["registry"]);
        let is_readable = host.is_none_or(|host| address(host).is_some());
        return is_readable.then_some((inputs.text(&["username"])?, host.and_then(address)));
    }
    if !COMMANDS.iter().any(|command| head.ends_with(command)) {
        return None;
    }
    let words = words(bytes, login.end);
    let user = bytes.get(words.option(&["-u", "--username"])?)?;
    let (host, is_elsewhere) = host(bytes, &words);
    (!is_elsewhere).then_some((user, host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn logins() {
        let anchors = [
            "\"docker\", \"login\"",
            "\"docker\",\"login\"",
            "docker login",
            "podman login",
            "registry login",
            "-creds ",
            "-creds=",
            "docker/login-action",
            "docker_login:",
            "az acr login",
        ];
        table(
            parse,
            &anchors,
            &[
                ("docker login -u mia -p Kestrel-1 r.invalid\n", &["mia Kestrel-1 r.invalid/"]),
                (
                    "- name: log in\n  community.docker.docker_login:\n    registry_url: r.invalid\n    username: mia\n    password: Kestrel-1\n- name: x\n",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                ("- docker_login:\n    username: mia\n    password: \"{{ pw }}\"\n", &[]),
                ("- docker_login:\n- password: Kestrel-1\n", &[]),
                ("az acr login -n acme -u mia -p Kestrel-1", &["mia Kestrel-1 acme.azurecr.io/"]),
                ("az acr login --name acme --username mia --password $P", &[]),
                ("docker login --username=mia --password=Kestrel-1\r\n", &["mia Kestrel-1 -"]),
                ("RUN [\"docker\", \"login\", \"-u\", \"mia\", \"-p\", \"Kestrel-1\"]\n", &["mia Kestrel-1 -"]),
                ("[\"docker\",\"login\",\"--password=Kestrel-1\",\"r.invalid\"]", &["- Kestrel-1 r.invalid/"]),
                ("RUN [\"docker\", \"login\", \"-u\", \"mia\", \"-p\", \"$PASSWORD\"]\n", &[]),
                ("RUN [\"docker\", \"login\"]\nRUN [\"x\", \"-p\", \"Kestrel-1\"]", &[]),
                ("sudo podman login -umia -pKestrel-1 r.invalid:5000 && x", &["mia Kestrel-1 r.invalid:5000/"]),
                (
                    "RUN helm registry login r.invalid \\\n  -u mia \\\n  --password 'Kes trel'",
                    &["mia Kes trel r.invalid/"],
                ),
                ("echo Kestrel-1 | docker login -u mia --password-stdin r.invalid", &["mia Kestrel-1 r.invalid/"]),
                ("echo \"Kestrel-1\" | docker login -u mia --password-stdin", &["mia Kestrel-1 -"]),
                ("\"run\": \"docker login -u mia -p Kestrel-1\"", &["mia Kestrel-1 -"]),
                (
                    "skopeo copy --src-creds mia:Kestrel-1 docker://r.invalid/a docker://s.invalid/b",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "skopeo copy --dest-creds=mia:Kestrel-1 docker://r.invalid/a docker://s.invalid/b",
                    &["mia Kestrel-1 s.invalid/"],
                ),
                (
                    "- uses: docker/login-action@v3\n  with:\n    registry: r.invalid\n    username: mia\n    password: Kestrel-1\n",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                ("- uses: docker/login-action@v3\n  with:\n    username: mia\n    password: ${{ secrets.P }}\n", &[]),
                ("- uses: docker/login-action@v3\n- uses: x\n  with:\n    password: Kestrel-1\n", &[]),
                ("docker login -u mia -p $PASSWORD r.invalid", &[]),
                ("docker login -u mia -p Kestrel-1 $HOST", &[]),
                ("docker login -u \"$U\" --password-stdin", &[]),
                ("echo \"$PASSWORD\" | docker login -u mia --password-stdin", &[]),
                ("docker login -u username -p password", &[]),
                ("docker login -u <user> -p <password>", &[]),
                ("use docker login and x", &[]),
            ],
        );
    }
}
