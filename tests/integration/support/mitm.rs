//! mitmproxy in front of a server: faults on the way to a real registry, and the production address led to it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::beds::{Bed, Server, free_port, ready};
use super::verdaccio::fixtures;

/// A running proxy.
#[derive(Debug)]
pub(crate) struct Mitm {
    port: u16,
    root: TempDir,
    _server: Server,
}

impl Mitm {
    /// Stands in front of the server with this base URL: what is sent to the proxy's own address goes there.
    pub(crate) fn in_front_of(url: &str) -> Option<Self> {
        Self::start(&["--mode", &format!("reverse:{url}")])
    }

    /// A company's proxy, with a certificate authority of its own: whatever host a request is for, it goes to the
    /// server with this base URL, and no other is ever connected to.
    pub(crate) fn leading_all_to(url: &str) -> Option<Self> {
        let map = format!("|^https?://[^/]+/|{url}/");
        let lazy = ["--set", "connection_strategy=lazy", "--set", "upstream_cert=false"];
        Self::start(&[&["--mode", "regular", "--map-remote", &map], &lazy[..]].concat())
    }

    fn start(options: &[&str]) -> Option<Self> {
        let beds = ready(Bed::Mitm)?;
        let root = tempfile::tempdir().expect("a temporary directory");
        // The first request is our own, whether it answers; the addon answers it, and the server behind sees nothing.
        std::fs::write(root.path().join("faults"), "200").expect("a file can be written");
        for _ in 0..5 {
            let port = free_port();
            if let Some(server) =
                Server::wait(spawn(&beds, root.path(), port, options), &format!("http://127.0.0.1:{port}/"))
            {
                let mitm = Self { port, root, _server: server };
                std::fs::write(mitm.root.path().join("requests"), "").expect("a file can be written");
                return Some(mitm);
            }
        }
        let log = std::fs::read_to_string(root.path().join("out.log")).unwrap_or_default();
        panic!("mitmdump does not start:\n{log}");
    }

    /// Its own address as a URL, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `//host:port/`, as a key of `.npmrc` names it.
    pub(crate) fn npmrc_host(&self) -> String {
        format!("//127.0.0.1:{}/", self.port)
    }

    /// The certificate of its authority.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.root.path().join("conf").join("mitmproxy-ca-cert.pem")
    }

    /// Sets the faults of the next requests, one a line; see fixtures/faults.py.
    pub(crate) fn faults(&self, lines: &str) {
        std::fs::write(self.root.path().join("faults"), lines).expect("a file can be written");
    }

    /// What came so far: `METHOD HOST PATH`, one a request.
    pub(crate) fn requests(&self) -> Vec<String> {
        let record = std::fs::read_to_string(self.root.path().join("requests")).expect("the record can be read");
        record.lines().map(str::to_owned).collect()
    }
}

fn spawn(beds: &Path, root: &Path, port: u16, options: &[&str]) -> Child {
    let program = std::path::absolute(beds.join("mitm").join("bin").join("mitmdump")).expect("the beds have a place");
    let log = File::create(root.join("out.log")).expect("a file can be made");
    Command::new(program)
        .args(["--quiet", "--listen-host", "127.0.0.1", "--listen-port", &port.to_string(), "--set", "confdir=conf"])
        .args(options)
        .arg("--scripts")
        .arg(fixtures().join("faults.py"))
        .current_dir(root)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", root)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("KEYRAKE_FAULTS", root.join("faults"))
        .env("KEYRAKE_REQUESTS", root.join("requests"))
        .stdin(Stdio::piped())
        .stdout(log.try_clone().expect("a handle can be copied"))
        .stderr(log)
        .spawn()
        .expect("mitmdump starts")
}
