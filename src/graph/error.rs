//! Everything that can go wrong between this console and Entra or Graph, and how it is told to a person.
//!
//! Holds no token and no secret: what a server echoes is scrubbed before it gets here.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::sign_in::SignInWay;
use crate::domain::words;

use super::aadsts::SignInRefusal;
use super::echo;
use super::hints;
use super::local::LocalError;
use super::trust::Untrusted;

/// What the errors of the port call it that a browser comes back to.
pub(super) const LOOPBACK: &str = "A port on 127.0.0.1";

/// What a server answered when it refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `error.code`, the inner one where the outer says nothing.
    pub code: String,
    /// `error.message`, unwrapped where it was JSON in a string.
    pub message: String,
    /// `request-id`, for support cases.
    pub request_id: String,
    /// The content type of an answer that was not JSON: a proxy or a portal wrote it, not Graph.
    pub foreign: Option<String>,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(kind) = &self.foreign {
            write!(f, ", content type {kind}: not an answer of Graph")?;
        }
        if !self.request_id.is_empty() {
            write!(f, " (request-id {})", self.request_id)?;
        }
        Ok(())
    }
}

/// How far a request got before the connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No connection came about: nothing was sent.
    NotSent,
    /// It may have been sent, and no status came back.
    NoReply,
    /// A status came back, and its body was cut off.
    CutReply,
}

/// What went wrong with Entra or Graph.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The secret or the certificate cannot be had; nothing was sent.
    #[error("{}", .0.headline)]
    Lacking(Box<Failure>),
    /// The token was not accepted, a new one neither.
    #[error("Graph did not accept the token: {reply}")]
    Unauthorized {
        /// What came back.
        reply: Box<Reply>,
    },
    /// A permission is missing.
    #[error("Graph refused: {reply}")]
    Forbidden {
        /// The permissions of which any one would do: as the reply names them, else as the documentation does.
        scopes: Vec<String>,
        /// What came back.
        reply: Box<Reply>,
    },
    /// It is not there.
    #[error("not found: {reply}")]
    NotFound {
        /// What came back.
        reply: Box<Reply>,
    },
    /// The delta link is refused: a full read is due. Only from a reading of changes.
    #[error("Graph does not take the delta link any more: {reply}")]
    Gone {
        /// What came back.
        reply: Box<Reply>,
    },
    /// Somebody else is changing the same thing.
    #[error("conflict: {reply}")]
    Conflict {
        /// What came back.
        reply: Box<Reply>,
    },
    /// Too many requests.
    #[error("Graph asks to wait {} s: {reply}", after.as_secs())]
    Throttled {
        /// How long from now.
        after: Duration,
        /// What came back.
        reply: Box<Reply>,
    },
    /// The server failed, or a gateway before it.
    #[error("the server failed: {reply}")]
    Server {
        /// How long it asks to wait, when it does.
        after: Option<Duration>,
        /// What came back.
        reply: Box<Reply>,
    },
    /// The request was refused as such.
    #[error("Graph refused the request: {reply}")]
    BadRequest {
        /// What came back.
        reply: Box<Reply>,
    },
    /// Something between here and Graph answered in its place (a proxy's page, a portal, a redirect).
    #[error("{host} answered, but not as Graph does: {reply}")]
    NotGraph {
        /// Who was asked.
        host: String,
        /// What came back.
        reply: Box<Reply>,
    },
    /// The network failed.
    #[error("{}", transport_text(host, *stage))]
    Transport {
        /// Who was asked.
        host: String,
        /// How far it got.
        stage: Stage,
        /// Whether the proxy, if there is one, was given a name and a password.
        named: bool,
        /// What the network said.
        source: reqwest::Error,
    },
    /// A reply that cannot be read.
    #[error("the answer to {path} cannot be read: {why}")]
    Decode {
        /// What was asked for.
        path: String,
        /// What is wrong with it.
        why: DecodeError,
        /// Whether this was the reply to a write that Graph had accepted.
        accepted: bool,
        /// `request-id`.
        request_id: String,
    },
    /// Entra did not give a token.
    #[error("Entra ID refused: {0}")]
    SignIn(Box<SignInRefusal>),
    /// A file or a port of this machine cannot be used.
    #[error("{what}")]
    Local {
        /// The path or the address.
        what: String,
        /// Why.
        source: LocalError,
    },
    /// Nobody is signed in, and this call may not ask a person.
    #[error("{}", words::SIGNED_OUT)]
    SignedOut,
    /// A person is signed in, and has not agreed to what a write needs.
    #[error("the sign-in does not carry {}", scopes.join(", "))]
    NotAgreed {
        /// The permissions that lack.
        scopes: Vec<String>,
    },
    /// The sign-in landed in another tenant than the one that was asked for.
    #[error("signed in to tenant {got}, but {wanted} was asked for")]
    WrongTenant {
        /// The tenant that was asked for.
        wanted: String,
        /// The tenant of the token.
        got: String,
    },
    /// A link that leads away from Graph: nothing was sent there.
    #[error("the reply holds a link that does not lead to {host}: {link}")]
    Hostile {
        /// The link without its query, each of its parts cut.
        link: String,
        /// Where it should have led.
        host: String,
    },
    /// Paging that does not end.
    #[error("the pages of {path} do not end: {why}")]
    Endless {
        /// What was being read.
        path: String,
        /// A link that came twice, or too many pages.
        why: &'static str,
    },
    /// A search for one found several.
    #[error("{count} users have the address {what}")]
    Ambiguous {
        /// What was looked for.
        what: String,
        /// How many were found.
        count: usize,
    },
    /// The Teams administration API does not exist in this cloud.
    #[error("this cloud has no Teams administration API")]
    NoTeamsApi,
    /// The HTTP client could not be built, or an identifier in the configuration cannot stand in an address.
    #[error("the connection to {host} cannot be prepared")]
    Setup {
        /// Who was to be asked.
        host: String,
        /// What the library said.
        source: Option<reqwest::Error>,
    },
}

/// What is wrong with the body of a reply.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, or cut off.
    #[error("not the JSON that was expected ({0})")]
    Json(#[from] serde_json::Error),
    /// Not UTF-8.
    #[error("not UTF-8")]
    Utf8,
    /// The gzip stream is damaged.
    #[error("its compression is damaged")]
    Gzip,
    /// A compression that was not asked for.
    #[error("it is encoded as {0}, which was not asked for")]
    Encoding(String),
    /// Bigger than any reply may be.
    #[error("it is bigger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Still coming when no reply may any more.
    #[error("it was still coming after {} s", longest.as_secs())]
    TooSlow {
        /// The limit.
        longest: Duration,
    },
    /// Something that must be there is not, or is of another type.
    #[error("{0} is missing or of another type")]
    Missing(&'static str),
}

impl GraphError {
    /// What came back, when a refusal came back.
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Unauthorized { reply }
            | Self::Forbidden { reply, .. }
            | Self::NotFound { reply }
            | Self::Gone { reply }
            | Self::Conflict { reply }
            | Self::Throttled { reply, .. }
            | Self::Server { reply, .. }
            | Self::BadRequest { reply }
            | Self::NotGraph { reply, .. } => Some(reply),
            Self::Lacking(_)
            | Self::Transport { .. }
            | Self::Decode { .. }
            | Self::SignIn(_)
            | Self::Local { .. }
            | Self::SignedOut
            | Self::NotAgreed { .. }
            | Self::WrongTenant { .. }
            | Self::Hostile { .. }
            | Self::Endless { .. }
            | Self::Ambiguous { .. }
            | Self::NoTeamsApi
            | Self::Setup { .. } => None,
        }
    }

    /// The request-id to name in a support case; empty when there is none.
    pub fn request_id(&self) -> &str {
        match self {
            Self::Decode { request_id, .. } => request_id,
            Self::SignIn(refusal) => &refusal.trace_id,
            other => other.reply().map_or("", |reply| &reply.request_id),
        }
    }

    /// The same, with a secret that a server has echoed taken out.
    pub(super) fn scrubbed(mut self, secret: &str) -> Self {
        let scrub = |text: &mut String| echo::scrub(text, secret);
        match &mut self {
            Self::Unauthorized { reply }
            | Self::Forbidden { reply, .. }
            | Self::NotFound { reply }
            | Self::Gone { reply }
            | Self::Conflict { reply }
            | Self::Throttled { reply, .. }
            | Self::Server { reply, .. }
            | Self::BadRequest { reply }
            | Self::NotGraph { reply, .. } => {
                scrub(&mut reply.code);
                scrub(&mut reply.message);
                scrub(&mut reply.request_id);
                reply.foreign.as_mut().map(scrub);
            }
            Self::SignIn(refusal) => {
                for text in [
                    &mut refusal.error,
                    &mut refusal.text,
                    &mut refusal.trace_id,
                    &mut refusal.correlation_id,
                    &mut refusal.suberror,
                ] {
                    scrub(text);
                }
                refusal.claims.as_mut().map(scrub);
            }
            Self::Decode {
                path,
                request_id,
                why,
                ..
            } => {
                scrub(path);
                scrub(request_id);
                if let DecodeError::Encoding(name) = why {
                    scrub(name);
                }
            }
            Self::Hostile { link, .. } => scrub(link),
            _ => {}
        }
        self
    }

    /// Whether the same request may well succeed later, with nothing changed by anybody.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Throttled { .. } | Self::Server { .. } | Self::Transport { .. } => true,
            Self::Conflict { reply } => reply.code == "Directory_ConcurrencyViolation",
            Self::SignIn(refusal) => refusal.is_transient(),
            _ => false,
        }
    }

    /// Whether a write may have been carried out although no clear answer came: it is settled by reading, never by sending again.
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::Transport { stage, .. } => *stage != Stage::NotSent,
            Self::Server { .. } => true,
            Self::Decode { accepted, .. } => *accepted,
            Self::NotGraph { reply, .. } => (200..300).contains(&reply.status),
            _ => false,
        }
    }

    /// A refusal of the sign-in.
    pub(super) fn sign_in(refusal: SignInRefusal) -> Self {
        Self::SignIn(Box::new(refusal))
    }

    /// The same, with the way that was tried.
    pub(super) fn tried(mut self, way: SignInWay) -> Self {
        if let Self::SignIn(refusal) = &mut self {
            refusal.tried = Some(way);
        }
        self
    }

    /// The other way in which a person can sign in, when this one is closed to them.
    pub fn next_way(&self) -> Option<SignInWay> {
        match self {
            Self::SignIn(refusal) => refusal.next_way(),
            // No port to come back to.
            Self::Local { what, .. } if what == LOOPBACK => Some(SignInWay::DeviceCode),
            _ => None,
        }
    }

    /// Whether a person has to sign in before this can go on; what was read before stays readable.
    pub fn needs_person(&self) -> bool {
        match self {
            Self::SignedOut => true,
            Self::SignIn(refusal) => refusal.ends_sign_in(),
            _ => false,
        }
    }

    /// The refusal of a write, for its diagnosis; `None` when nobody refused (the request was not sent, or nobody is signed in).
    pub fn refusal(&self) -> Option<crate::domain::refusal::Refusal> {
        let reply = self.reply()?;
        Some(crate::domain::refusal::Refusal {
            status: Some(reply.status),
            code: reply.code.clone(),
            text: reply.message.clone(),
            request_id: reply.request_id.clone(),
        })
    }

    /// Whether a list has lost its place and must be read from its first page (an expired or unknown page token).
    pub fn list_must_restart(&self) -> bool {
        matches!(self, Self::BadRequest { reply } | Self::NotFound { reply }
            if reply.code == "Directory_ExpiredPageToken"
                || reply.code == "DirectoryPageTokenNotFoundException")
    }

    /// The failure in words. `tried` says what was tried, as in "Reading the users".
    pub fn failure(&self, tried: &str) -> Failure {
        if let Self::Lacking(why) = self {
            return why.as_ref().clone();
        }
        let (kind, short) = self.in_short();
        // What the headline says already is not said again.
        let text = self.to_string();
        let beyond = text.strip_prefix(&short).unwrap_or(&text);
        let mut detail = beyond.strip_prefix(": ").unwrap_or(beyond).to_owned();
        let untrusted = match self {
            Self::Transport { source, .. } => Untrusted::within(source),
            _ => None,
        };
        // TLS errors name what is inside of them for programmers only: a certificate speaks for itself.
        let mut cause = match untrusted {
            Some(untrusted) => Some(untrusted as &(dyn std::error::Error + 'static)),
            None => self.source(),
        };
        while let Some(error) = cause {
            let text = plainly(&error.to_string());
            if !detail.contains(&text) {
                if !detail.is_empty() {
                    detail.push_str(": ");
                }
                detail.push_str(&text);
            }
            cause = error.source();
        }
        Failure::new(
            kind,
            format!("{tried} failed: {short}"),
            detail,
            hints::next_step(self),
        )
    }

    fn in_short(&self) -> (FailureKind, String) {
        match self {
            Self::Lacking(why) => (why.kind, why.headline.clone()),
            Self::Unauthorized { .. } => (FailureKind::SignIn, "the token was not accepted".into()),
            Self::Forbidden { scopes, .. } if scopes.is_empty() => {
                (FailureKind::SignIn, "Graph refused access".into())
            }
            Self::Forbidden { scopes, .. } => (
                FailureKind::SignIn,
                format!("the permission {} is missing", scopes.join(" or ")),
            ),
            Self::NotFound { .. } => (FailureKind::Other, "Graph does not know it".into()),
            Self::Gone { .. } => (FailureKind::Other, "the delta link has expired".into()),
            Self::Conflict { .. } => (
                FailureKind::Other,
                "it was being changed at the same time".into(),
            ),
            Self::Throttled { after, .. } => (
                FailureKind::TryAgain,
                format!("Graph asks to wait {} s", after.as_secs()),
            ),
            Self::Server { reply, .. } => (
                FailureKind::TryAgain,
                format!("the server answered {}", reply.status),
            ),
            Self::BadRequest { .. } => (FailureKind::Other, "Graph refused the request".into()),
            Self::NotGraph { host, .. } => (
                FailureKind::TryAgain,
                format!("something other than {host} answered"),
            ),
            Self::Transport {
                host,
                stage,
                source,
                ..
            } => match Untrusted::within(source) {
                Some(_) => (
                    FailureKind::Config,
                    format!("the certificate of {host} is not trusted"),
                ),
                None => (FailureKind::TryAgain, transport_text(host, *stage)),
            },
            Self::Decode { .. } => (FailureKind::Other, "the answer cannot be read".into()),
            Self::SignIn(refusal) if refusal.is_transient() => {
                (FailureKind::TryAgain, refusal.cause().into())
            }
            Self::SignIn(refusal) => (FailureKind::SignIn, refusal.cause().into()),
            Self::Local {
                what,
                source: LocalError::Held { .. },
            } => (
                FailureKind::TryAgain,
                format!("another program holds {what}"),
            ),
            Self::Local { what, .. } => (FailureKind::Config, format!("{what} cannot be used")),
            Self::SignedOut => (FailureKind::SignIn, words::SIGNED_OUT.into()),
            Self::NotAgreed { scopes } => {
                let names = scopes.join(", ");
                (FailureKind::SignIn, format!("{names} is not granted yet"))
            }
            Self::WrongTenant { .. } => (
                FailureKind::Refused,
                "the sign-in belongs to another tenant".into(),
            ),
            Self::Hostile { .. } => (
                FailureKind::Refused,
                "the answer points to a foreign address".into(),
            ),
            Self::Endless { .. } => (FailureKind::Other, "the list does not end".into()),
            Self::Ambiguous { .. } => (FailureKind::Other, "more than one user fits".into()),
            Self::NoTeamsApi => (
                FailureKind::Config,
                "this cloud has no Teams administration API".into(),
            ),
            Self::Setup { .. } => (
                FailureKind::Config,
                "the connection cannot be prepared".into(),
            ),
        }
    }
}

impl From<&GraphError> for Failure {
    fn from(error: &GraphError) -> Self {
        error.failure("The request to Microsoft Graph")
    }
}

fn transport_text(host: &str, stage: Stage) -> String {
    match stage {
        Stage::NotSent => format!("{host} cannot be reached"),
        Stage::NoReply => format!("{host} did not answer"),
        Stage::CutReply => format!("the answer of {host} was cut off"),
    }
}

/// What a library says of a name that was not found, without its own innards.
fn plainly(text: &str) -> String {
    let text = text.split(" for Query {").next().unwrap_or(text);
    match text {
        "dns error" => "the name could not be resolved".to_owned(),
        "error resolving DNS" | "DNS error" => String::new(),
        text => text
            .replace("error resolving DNS: ", "")
            .replace("DNS error: ", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_found_is_told_without_the_query() {
        assert_eq!(plainly("dns error"), "the name could not be resolved");
        let said = "error resolving DNS: DNS error: no records found for Query { name: Name(\"login.example.\"), query_type: AAAA }";
        assert_eq!(plainly(said), "no records found");
        assert_eq!(plainly("connection refused"), "connection refused");
    }
}
