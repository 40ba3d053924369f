//! Installs the servers on first need, by `tests/beds.sh`, and says loudly when a test cannot have them.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use super::client;

/// How long a server may take to start on a busy machine.
const START: Duration = Duration::from_secs(90);

/// Something that `tests/beds.sh` installs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bed {
    /// Node and Verdaccio.
    Verdaccio,
    /// mitmproxy.
    Mitm,
}

/// The folder with this bed in it. Where it cannot be had: `None`, after saying so past the test harness's capture;
/// with `CI=true` that is a failure.
pub(crate) fn ready(bed: Bed) -> Option<PathBuf> {
    static VERDACCIO: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    static MITM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let (once, name) = match bed {
        Bed::Verdaccio => (&VERDACCIO, "verdaccio"),
        Bed::Mitm => (&MITM, "mitm"),
    };
    match once.get_or_init(|| install(name)) {
        Ok(folder) => Some(folder.clone()),
        Err(why) => {
            not_run(why);
            None
        }
    }
}

/// Says that the current test did not run, and why.
pub(crate) fn not_run(why: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{test} cannot run: {why}");
    let message = format!("\n##### NOT RUN: {test}: {why}\n");
    std::io::stderr().write_all(message.as_bytes()).expect("standard error takes a line");
}

fn install(name: &str) -> Result<PathBuf, String> {
    if cfg!(windows) {
        return Err(format!("the servers are installed by a shell script, and this is Windows ({name})"));
    }
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("KEYRAKE_BEDS").map_or_else(|| top.join("target").join("beds"), PathBuf::from);
    let mut script = Command::new("bash");
    script.arg(top.join("tests").join("beds.sh")).arg(name).env("KEYRAKE_BEDS", &folder);
    let output = script.output().map_err(|error| format!("bash does not start: {error}"))?;
    if output.status.success() {
        return Ok(folder);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().last().unwrap_or("tests/beds.sh failed and said nothing").to_owned())
}

/// A port of loopback that nobody listens on now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// A server process, ended when dropped. It also ends itself when its standard input closes, so that a test run that
/// dies leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// Takes a started process and waits until `url` answers anything. `None` if the process ends before (its port was
    /// taken, say).
    pub(crate) fn wait(mut child: Child, url: &str) -> Option<Self> {
        let start = Instant::now();
        while client::send("GET", url, None, None).is_err() {
            if child.try_wait().expect("the child can be waited for").is_some() {
                return None;
            }
            assert!(start.elapsed() < START, "no answer from {url}");
            thread::sleep(Duration::from_millis(50));
        }
        Some(Self { child })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
