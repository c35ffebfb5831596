//! What a test can turn: faults, lags, limits and refusals. None of it is kept over a restart.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::token;
use super::wire::{Call, Payload, Refusal, Reply};

/// How a delta link is refused: the three shapes that occur in the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DeltaRefusal {
    Gone,
    SyncStateNotFound,
    UnsupportedQuery,
}

/// For how long Teams goes on showing what was before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Lag {
    #[default]
    None,
    Seconds(i64),
    /// Until the knob is turned back.
    Always,
}

impl Serialize for Lag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_bool(false),
            Self::Seconds(seconds) => serializer.serialize_i64(*seconds),
            Self::Always => serializer.serialize_bool(true),
        }
    }
}

impl<'de> Deserialize<'de> for Lag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Null | Value::Bool(false) => Ok(Self::None),
            Value::Bool(true) => Ok(Self::Always),
            Value::Number(seconds) => Ok(Self::Seconds(seconds.as_i64().unwrap_or(i64::MAX))),
            other => Err(serde::de::Error::custom(format!(
                "teams_lag is true, false or seconds, not {other}"
            ))),
        }
    }
}

/// One fault, and how often it strikes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of a fault as a test writes it in JSON"
)]
pub(super) struct Fault {
    /// A part of path and question, as sent.
    pub path_contains: String,
    /// Any method, if none is named.
    pub method: Option<String>,
    /// So many such calls are let through before it strikes.
    pub skip: u32,
    pub times: u32,
    pub status: u16,
    /// Seconds, a date, or nonsense: sent as it is.
    pub retry_after: Option<Value>,
    /// A page as proxies send it, in place of an error body.
    pub html: bool,
    /// The connection breaks before a byte of the answer.
    pub drop: bool,
    /// The request is carried out first; only its answer is lost.
    pub after: bool,
    /// The true answer is sent, and breaks off after so many bytes.
    pub cut: Option<u64>,
    /// The true answer is sent in small pieces, with so many milliseconds between two.
    pub slow: Option<u64>,
    pub code: Option<String>,
    pub message: Option<String>,
    /// A body of the test's own.
    pub body: Option<Value>,
    /// A body of the test's own that may be no JSON, or no text: as base64, sent as JSON.
    pub raw: Option<String>,
    /// A `Location` of the test's own.
    pub location: Option<String>,
    /// Nothing is ever answered, and the connection stays open; `GET /_sim/held?N` tells when it has come to that.
    pub hold: bool,
}

impl Default for Fault {
    fn default() -> Self {
        Self {
            path_contains: String::new(),
            method: None,
            skip: 0,
            times: 1,
            status: 503,
            retry_after: None,
            html: false,
            drop: false,
            after: false,
            cut: None,
            slow: None,
            code: None,
            message: None,
            body: None,
            raw: None,
            location: None,
            hold: false,
        }
    }
}

/// What another administrator does when a certain call arrives: before it is carried out, or straight after.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Meanwhile {
    /// A part of path and question, as sent.
    pub path_contains: String,
    /// Any method, if none is named.
    pub method: Option<String>,
    /// So many such calls are let through before.
    pub skip: u32,
    /// Not before the call but after it.
    pub after: bool,
    /// A call of the control plane: its method, its path from `/_sim/` on, its body.
    pub edit: Edit,
}

/// A call of the control plane.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    pub method: String,
    pub path: String,
    pub body: Value,
}

fn is_meant(call: &Call, path_contains: &str, method: Option<&str>) -> bool {
    call.target().contains(path_contains)
        && method.is_none_or(|method| method.eq_ignore_ascii_case(&call.method))
}

/// All knobs.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a knob of its own on the wire"
)]
pub(super) struct Knobs {
    pub latency_ms: u64,
    /// All connections together send no faster; none is no limit.
    pub link_bits_per_second: u64,
    pub page_size: Option<usize>,
    pub deny_scopes: Vec<String>,
    /// Another tenant answers, from now on.
    pub organization_id: Option<String>,
    pub delta_refusal: Option<DeltaRefusal>,
    /// The first item of each delta page comes twice.
    pub delta_replay: bool,
    /// The list of users breaks off at the first page that ends behind this place: no link, and no word of it.
    pub ends_early: Option<u64>,
    /// Each page of a list begins with so many of the page before.
    pub overlap: u64,
    pub teams_lag: Lag,
    pub next_link_numbers: bool,
    /// Put in the place of every link to a next page; `{self}` stands for the address of the request.
    pub next_link: Option<String>,
    /// Put in the place of every link to the next delta.
    pub delta_link: Option<String>,
    pub reject_secret: bool,
    /// The application permissions that a token names, where they are others than all.
    pub roles: Option<Vec<String>>,
    /// The certificate that the application is known by, as PEM text: its signature is checked.
    pub certificate: Option<String>,
    /// Tokens are handed out for another tenant than the one that was asked.
    pub token_tenant: Option<String>,
    /// Who signs in, by id or sign-in name, other than the person of the scenario.
    pub signs_in: Option<String>,
    /// How often a refresh token is taken. Entra does not withdraw one that was used, and says nothing of a limit.
    pub refresh_uses: u8,
    /// What each poll of a device code is told; the last holds on.
    pub device_polls: Vec<String>,
    pub token_seconds: i64,
    /// What a policy wants to see in a token: without it, Graph answers with a claims challenge.
    pub claims_challenge: Option<String>,
    /// Only a person can fulfil it: a refresh token cannot.
    pub claims_need_person: bool,
    /// What is handed out is remembered in clear, for a test that looks where it has gone.
    pub remember_secrets: bool,
    /// Turned up by one with each `expire_tokens`.
    pub token_epoch: u64,
    pub fail_next: Vec<Fault>,
    pub meanwhile: Vec<Meanwhile>,
    /// The log tells bodies of writes as well, what became of each answer, and each change of a number's holder, of a usage
    /// location or of somebody's licences, in the order in which they came about. Looks at everybody after each call: for small
    /// tenants.
    pub remember_truth: bool,
    /// Long pages of a `size:N` tenant are made and packed once, as one stream, and kept in memory until something changes: what is
    /// measured after a first read has the reader alone on its clock. About half a megabyte for 999 users.
    pub keep_pages: bool,
}

impl fmt::Debug for Knobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Knobs")
            .field("faults", &self.fail_next.len())
            .finish_non_exhaustive()
    }
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            link_bits_per_second: 0,
            page_size: None,
            deny_scopes: Vec::new(),
            organization_id: None,
            delta_refusal: None,
            delta_replay: false,
            ends_early: None,
            overlap: 0,
            teams_lag: Lag::None,
            next_link_numbers: false,
            next_link: None,
            delta_link: None,
            reject_secret: false,
            roles: None,
            certificate: None,
            token_tenant: None,
            signs_in: None,
            refresh_uses: 2,
            device_polls: vec!["authorization_pending".to_owned(), "approve".to_owned()],
            token_seconds: 3599,
            claims_challenge: None,
            claims_need_person: false,
            remember_secrets: false,
            token_epoch: 0,
            fail_next: Vec::new(),
            meanwhile: Vec::new(),
            remember_truth: false,
            keep_pages: false,
        }
    }
}

impl Knobs {
    /// As a scenario begins.
    pub(super) fn of(scenario: &str) -> Self {
        let mut knobs = Self::default();
        if scenario == super::Scenario::CodeBlocked.name() {
            knobs.device_polls = vec!["policy".to_owned()];
        }
        knobs
    }

    /// These knobs with some of them turned; what is not named stays.
    pub(super) fn turned(&self, body: &serde_json::Map<String, Value>) -> Result<Self, String> {
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (name, value) in body {
            if name == "expire_tokens" {
                all["token_epoch"] =
                    (self.token_epoch + u64::from(value == &Value::Bool(true))).into();
            } else {
                all[name] = value.clone();
            }
        }
        serde_json::from_value(all).map_err(|error| error.to_string())
    }

    /// Whether Teams still shows what was before a change.
    pub(super) fn lags(&self, changed: Timestamp, now: Timestamp) -> bool {
        match self.teams_lag {
            Lag::None => false,
            Lag::Seconds(seconds) => {
                now.duration_since(changed) < SignedDuration::from_secs(seconds)
            }
            Lag::Always => true,
        }
    }

    /// Graph's word about a token that does not fulfil what a policy wants.
    pub(super) fn challenge(&self, call: &Call) -> Option<Refusal> {
        let wanted = self.claims_challenge.as_ref()?;
        let token = call.header("authorization")?.split_once(' ')?.1;
        if token::claims_unverified(token)?.1["fulfilled"] == wanted.as_str() {
            return None;
        }
        let told = format!(
            "Bearer realm=\"\", authorization_uri=\"/common/oauth2/authorize\", error=\"insufficient_claims\", claims=\"{}\"",
            STANDARD.encode(wanted)
        );
        Some(
            Refusal::new(
                401,
                "InvalidAuthenticationToken",
                "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp",
            )
            .with("WWW-Authenticate", told),
        )
    }

    /// A link to the next page, or the one that a test wants in its place.
    pub(super) fn bent_link(&self, call: &Call, link: String) -> String {
        match &self.next_link {
            Some(bent) => bent.replace("{self}", &format!("{}{}", call.base, call.target())),
            None => link,
        }
    }

    /// Where the page after the one that ends before `next` begins; `None` where the list breaks off.
    pub(super) fn bent_place(&self, call: &Call, next: u64) -> Option<u64> {
        let is_of_users = call.path.last().is_some_and(|part| part == "users");
        if is_of_users && self.ends_early.is_some_and(|end| next >= end) {
            return None;
        }
        let most = self.page_size.map_or(u64::MAX, |size| size as u64 - 1);
        Some(next.saturating_sub(self.overlap.min(most)))
    }

    /// The fault that strikes this call, if one does; it is used up by that.
    pub(super) fn take_fault(&mut self, call: &Call) -> Option<Fault> {
        let mut fault = None;
        for meant in self.fail_next.iter_mut().filter(|fault| {
            fault.times > 0 && is_meant(call, &fault.path_contains, fault.method.as_deref())
        }) {
            if meant.skip == 0 {
                fault = Some(meant);
                break;
            }
            meant.skip -= 1;
        }
        let fault = fault?;
        fault.times -= 1;
        let struck = fault.clone();
        self.fail_next.retain(|fault| fault.times > 0);
        Some(struck)
    }

    /// What others do at this call; each is done once.
    pub(super) fn take_meanwhile(&mut self, call: &Call) -> Vec<Meanwhile> {
        self.meanwhile
            .extract_if(.., |one| {
                let is_now = is_meant(call, &one.path_contains, one.method.as_deref());
                let waits = is_now && one.skip > 0;
                one.skip -= u32::from(waits);
                is_now && !waits
            })
            .collect()
    }
}

impl Fault {
    /// The answer that takes the place of the true one.
    pub(super) fn reply(&self, call: &Call) -> Result<Reply, Refusal> {
        let wait = self.retry_after.as_ref().map(|wait| {
            wait.as_str()
                .map_or_else(|| wait.to_string(), str::to_owned)
        });
        if self.html {
            let page = format!(
                "<html><head><title>{0}</title></head><body><h1>{0}</h1><p>The proxy could not reach the server.</p></body></html>",
                self.status
            );
            let reply = Reply {
                payload: Payload::Html(page),
                ..Reply::empty(self.status)
            };
            return Ok(wait
                .into_iter()
                .fold(reply, |reply, wait| reply.with("Retry-After", wait)));
        }
        if let Some(location) = &self.location {
            return Ok(Reply::empty(self.status).with("Location", location.clone()));
        }
        if let Some(raw) = &self.raw {
            let payload = Payload::Json(STANDARD.decode(raw).unwrap_or_default(), Vec::new());
            return Ok(Reply {
                payload,
                ..Reply::empty(self.status)
            });
        }
        if let Some(body) = &self.body {
            let reply = Reply::json(self.status, body);
            return Ok(wait
                .into_iter()
                .fold(reply, |reply, wait| reply.with("Retry-After", wait)));
        }
        let (code, message) = usual(self.status);
        let mut refusal = Refusal::new(
            self.status,
            self.code.as_deref().unwrap_or(code),
            self.message.clone().unwrap_or_else(|| message.to_owned()),
        );
        refusal.gateway = call.raw_path.contains("/admin/teams");
        if self.status == 429 {
            refusal = refusal
                .with(
                    "x-ms-throttle-scope",
                    "Tenant_Application/ReadWrite/sim/tenant".to_owned(),
                )
                .with(
                    "x-ms-throttle-information",
                    "ResourceUnitLimitExceeded".to_owned(),
                )
                .with("x-ms-throttle-limit-percentage", "1.4".to_owned());
        }
        Err(wait
            .into_iter()
            .fold(refusal, |refusal, wait| refusal.with("Retry-After", wait)))
    }
}

fn usual(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("Request_BadRequest", "Invalid request."),
        401 => (
            "InvalidAuthenticationToken",
            "Lifetime validation failed, the token is expired.",
        ),
        403 => (
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        ),
        404 => (
            "Request_ResourceNotFound",
            "Resource does not exist or one of its queried reference-property objects are not present.",
        ),
        409 => (
            "Directory_ConcurrencyViolation",
            "There are too many concurrent requests being made to the tenant. Please wait briefly and retry.",
        ),
        410 => ("resyncRequired", "Resync required."),
        429 => ("TooManyRequests", "Too many requests."),
        503 => ("serviceNotAvailable", "The service is unavailable."),
        504 => ("GatewayTimeout", "The request timed out."),
        _ => ("InternalServerError", "An internal error has occurred."),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn knobs_that_are_not_named_stay() {
        let knobs = Knobs::default();
        let body = json!({ "page_size": 5, "teams_lag": 30, "expire_tokens": true });
        let turned = knobs.turned(body.as_object().unwrap()).unwrap();
        assert_eq!(turned.page_size, Some(5));
        assert_eq!(turned.teams_lag, Lag::Seconds(30));
        assert_eq!(turned.token_epoch, 1);
        assert_eq!(turned.device_polls, knobs.device_polls);
        assert!(
            knobs
                .turned(json!({ "pagesize": 5 }).as_object().unwrap())
                .is_err()
        );
    }

    #[test]
    fn a_fault_is_used_up() {
        let mut knobs = Knobs {
            fail_next: vec![Fault {
                path_contains: "/users".to_owned(),
                times: 2,
                status: 429,
                retry_after: Some(json!(7)),
                ..Fault::default()
            }],
            ..Knobs::default()
        };
        let call = Call::new("GET", "/v1.0/users?$top=1", "http://h".to_owned());
        assert!(
            knobs
                .take_fault(&Call::new("GET", "/v1.0/groups", String::new()))
                .is_none()
        );
        let refusal = knobs.take_fault(&call).unwrap().reply(&call).unwrap_err();
        assert_eq!(
            (refusal.status, refusal.code.as_str()),
            (429, "TooManyRequests")
        );
        assert!(refusal.headers.contains(&("Retry-After", "7".to_owned())));
        assert!(knobs.take_fault(&call).is_some());
        assert!(knobs.take_fault(&call).is_none());
        assert!(knobs.fail_next.is_empty());
    }
}
