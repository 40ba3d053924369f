//! Runs the binary in an environment that holds nothing of the machine's own, behind a door that lets nothing out.
//!
//! Two walls stand in every run, whatever the test is about: no output holds a remembered secret (unless the test asks
//! for raw secrets), and nobody outside loopback is spoken to (the proxy of the environment is ours and refuses).

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::mint;
use super::script::{Answer, Script};

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(300);
/// What programs need on their platform; everything else of the environment stays outside.
const KEPT: [&str; 6] = ["PATH", "PATHEXT", "SYSTEMROOT", "COMSPEC", "WINDIR", "LLVM_PROFILE_FILE"];

/// A run in preparation.
pub(crate) struct Keyrake {
    command: Command,
    home: TempDir,
    door: Script,
    input: Vec<u8>,
    may_show_secrets: bool,
    may_knock: bool,
}

impl Keyrake {
    /// The binary under test with these arguments.
    pub(crate) fn new<I: AsRef<OsStr>>(args: impl IntoIterator<Item = I>) -> Self {
        Self::wrapped(Command::new(env!("CARGO_BIN_EXE_keyrake")), args)
    }

    /// `keyrake scan --format json` in this directory, with these arguments.
    pub(crate) fn scan<I: AsRef<OsStr>>(dir: &Path, args: impl IntoIterator<Item = I>) -> Self {
        Self::new(["scan", "--format", "json"]).args(args).dir(dir)
    }

    /// `keyrake scan --format json --offline` in this directory, with these arguments.
    pub(crate) fn scan_offline<I: AsRef<OsStr>>(dir: &Path, args: impl IntoIterator<Item = I>) -> Self {
        Self::scan(dir, ["--offline"]).args(args)
    }

    /// The binary within so much address space, counted in KiB, as the shell does.
    #[cfg(target_os = "linux")]
    pub(crate) fn within<I: AsRef<OsStr>>(kib: u64, args: impl IntoIterator<Item = I>) -> Self {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit -v {kib}; exec \"$0\" \"$@\"")).arg(env!("CARGO_BIN_EXE_keyrake"));
        Self::wrapped(shell, args)
    }

    fn wrapped<I: AsRef<OsStr>>(mut command: Command, args: impl IntoIterator<Item = I>) -> Self {
        let home = tempfile::tempdir().expect("a temporary home");
        let door = Script::new(|_| Answer::status(403));
        command.args(args).env_clear().env("NO_COLOR", "1").current_dir(home.path());
        for name in KEPT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        for name in ["HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "APPDATA", "TMPDIR", "TMP", "TEMP"] {
            command.env(name, home.path());
        }
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] {
            command.env(name, door.url());
        }
        command.env("NO_PROXY", "127.0.0.1,localhost");
        Self { command, home, door, input: Vec::new(), may_show_secrets: false, may_knock: false }
    }

    /// Adds arguments.
    pub(crate) fn args<I: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = I>) -> Self {
        self.command.args(args);
        self
    }

    /// Runs in this directory.
    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Goes through this proxy instead of the door.
    pub(crate) fn proxy(self, url: &str) -> Self {
        self.env("HTTPS_PROXY", url).env("HTTP_PROXY", url).env("ALL_PROXY", url)
    }

    /// Feeds standard input.
    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// The output of this run may hold raw secrets.
    pub(crate) fn may_show_secrets(mut self) -> Self {
        self.may_show_secrets = true;
        self
    }

    /// This run may try to reach the outside; it gets as far as the door.
    pub(crate) fn may_knock(mut self) -> Self {
        self.may_knock = true;
        self
    }

    /// Runs to the end.
    pub(crate) fn run(mut self) -> Output {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let args = self.command.get_args().map(|arg| format!(" {}", arg.to_string_lossy()));
        let shown = format!("keyrake{}", args.collect::<String>());
        let mut child = self.command.spawn().expect("keyrake starts");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        let input = std::mem::take(&mut self.input);
        // A run that does not read its input closes it: that is its right.
        let feeder = thread::spawn(move || stdin.write_all(&input).is_ok());
        let stdout = collect(child.stdout.take());
        let stderr = collect(child.stderr.take());
        let code = wait(&mut child, &shown);
        feeder.join().expect("the feeder ends");
        let output = Output {
            command: shown,
            code,
            stdout: stdout.join().expect("stdout is read"),
            stderr: stderr.join().expect("stderr is read"),
            knocked: self.door.requests().into_iter().map(|request| request.target).collect(),
        };
        drop(self.home);
        if !self.may_show_secrets {
            output.assert_no_secret();
        }
        assert!(self.may_knock || output.knocked.is_empty(), "spoke to {:?}\n{output:?}", output.knocked);
        assert!(!output.stderr.contains("panicked at"), "a panic\n{output:?}");
        output
    }
}

fn collect(stream: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    let mut stream = stream.expect("the stream is piped");
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("the output is readable");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child, shown: &str) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("the child can be waited for") {
            return status.code();
        }
        if start.elapsed() > PATIENCE {
            child.kill().expect("a child that hangs can be ended");
            panic!("still running after {PATIENCE:?}: {shown}");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Output {
    /// The command line, for messages.
    pub(crate) command: String,
    /// Exit code; none after a signal.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
    /// What it asked the door for: `host:port`, or a whole URL.
    pub(crate) knocked: Vec<String>,
}

impl Output {
    /// The run ended with this code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "exit code\n{}\n{}\n{}", self.command, self.stdout, self.stderr);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("no JSON: {error}\n{}\n{}\n{}", self.command, self.stdout, self.stderr),
        }
    }

    /// The findings of the JSON report.
    #[track_caller]
    pub(crate) fn findings(&self) -> Vec<Value> {
        self.json()["findings"].as_array().expect("findings is a list").clone()
    }

    /// The one finding of the JSON report.
    #[track_caller]
    pub(crate) fn finding(&self) -> Value {
        match self.findings().as_slice() {
            [one] => one.clone(),
            other => panic!("{} findings instead of one\n{}\n{}", other.len(), self.stdout, self.stderr),
        }
    }

    /// The finding whose redacted form has these ends.
    #[track_caller]
    pub(crate) fn finding_of(&self, secret: &str) -> Value {
        let tail = &secret[secret.len() - 4..];
        let shown = |finding: &Value| finding["secret"]["redacted"].as_str().is_some_and(|text| text.ends_with(tail));
        match self.findings().into_iter().find(shown) {
            Some(finding) => finding,
            None => panic!("no finding ends with {tail}\n{}\n{}", self.stdout, self.stderr),
        }
    }

    /// Codes of the notifications of the JSON report.
    #[track_caller]
    pub(crate) fn notifications(&self) -> Vec<String> {
        let json = self.json();
        let list = json["notifications"].as_array().expect("notifications is a list");
        list.iter().filter_map(|notification| notification["code"].as_str()).map(str::to_owned).collect()
    }

    #[track_caller]
    fn assert_no_secret(&self) {
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if let Some(secret) = mint::leaked_in(text) {
                panic!("{name} of {} holds {secret}", self.command);
            }
        }
    }
}
