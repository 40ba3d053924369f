//! Why no usable answer came, in plain words. Never shows a URL: an address can carry a credential.

use std::error::Error;
use std::fmt;
use std::io;

/// The ways in which a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The certificates to trust cannot be read, or the network stack cannot be set up.
    SetUp,
    /// The name of the host (or of the proxy) could not be found.
    Dns,
    /// Nobody listens there.
    Refused,
    /// No connection, for another reason.
    Connect,
    /// TLS failed: the certificate is not trusted, or the other side speaks something else.
    Tls,
    /// No answer in time.
    TimedOut,
    /// The connection broke before the answer.
    Reset,
    /// The answer broke off.
    Truncated,
    /// The answer is longer than any such answer should be.
    TooLarge,
    /// What came back is no HTTP.
    Garbled,
    /// The time for verification ran out before it was sent.
    Deadline,
    /// Somebody ended the run.
    Interrupted,
    /// Only explained, not sent.
    NotSent,
    /// A wall of this program held it back.
    Withheld,
}

impl Failure {
    /// Whether sending the same request again may help, and does no harm.
    pub(super) fn is_passing(self) -> bool {
        matches!(self, Self::Refused | Self::Connect | Self::Reset | Self::Truncated)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SetUp => "nothing can be sent: a certificate to trust (--ca-file, SSL_CERT_FILE) cannot be read, or TLS cannot be set up",
            Self::Dns => "the host's name could not be found",
            Self::Refused => "the connection was refused",
            Self::Connect => "no connection",
            Self::Tls => "TLS failed: the server's certificate is not trusted, or it does not speak TLS",
            Self::TimedOut => "no answer in time",
            Self::Reset => "the connection broke before an answer came",
            Self::Truncated => "the answer broke off",
            Self::TooLarge => "the answer was too large",
            Self::Garbled => "the answer was no HTTP",
            Self::Deadline => "the time for verification ran out before it was sent",
            Self::Interrupted => "the run was interrupted before an answer came",
            Self::NotSent => "not sent, only explained",
            Self::Withheld => {
                "withheld: the address is outside the endpoint, the connection would not be encrypted, or no header can hold it"
            }
        })
    }
}

/// An error of the HTTP library with all its causes. For errors before any address was known.
pub(super) fn causes(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut next: Option<&(dyn Error + 'static)> = error.source();
    while let Some(cause) = next {
        words.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    words
}

/// What an error of the HTTP library means.
pub(super) fn classify(error: reqwest::Error) -> Failure {
    let connecting = error.is_connect();
    let timed_out = error.is_timeout();
    let body = error.is_body() || error.is_decode();
    let error = error.without_url();
    let causes = Causes::of(&error);
    if causes.tls {
        Failure::Tls
    } else if timed_out {
        Failure::TimedOut
    } else if causes.dns {
        Failure::Dns
    } else if causes.io == Some(io::ErrorKind::ConnectionRefused) {
        Failure::Refused
    } else if connecting {
        Failure::Connect
    } else if body {
        Failure::Truncated
    } else if causes.parse {
        Failure::Garbled
    } else {
        Failure::Reset
    }
}

/// What an error while reading the answer's body means.
pub(super) fn classify_body(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::TimedOut => Failure::TimedOut,
        _ => match error.into_inner().and_then(|inner| inner.downcast::<reqwest::Error>().ok()) {
            Some(inner) if inner.is_timeout() => Failure::TimedOut,
            _ => Failure::Truncated,
        },
    }
}

/// An I/O error's own content is not in the chain of sources, and may be an I/O error again.
fn is_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| match inner.downcast_ref::<io::Error>() {
        Some(inner) => is_tls(inner),
        None => inner.is::<rustls::Error>(),
    })
}

/// What stands in the chain of an error's causes.
#[derive(Debug, Default)]
struct Causes {
    tls: bool,
    dns: bool,
    parse: bool,
    io: Option<io::ErrorKind>,
}

impl Causes {
    fn of(error: &reqwest::Error) -> Self {
        let mut causes = Self::default();
        let mut next: Option<&(dyn Error + 'static)> = error.source();
        while let Some(cause) = next {
            if let Some(io) = cause.downcast_ref::<io::Error>() {
                causes.io = Some(io.kind());
                causes.tls |= is_tls(io);
            }
            causes.tls |= cause.is::<rustls::Error>();
            // The library's own types for these two are private; their words are all there is.
            let words = cause.to_string();
            causes.dns |= words.contains("dns error") || words.contains("failed to lookup address");
            causes.parse |= words.contains("invalid HTTP");
            next = cause.source();
        }
        causes
    }
}
