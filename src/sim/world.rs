//! The tenant together with everything around it that a request can meet: knobs, the log, the clock, sign-ins under
//! way. A request goes in at [`World::answer`] and comes out as bytes.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::access::{self, Need};

use super::knobs::{Fault, Knobs, Lag, Meanwhile};
use super::rendered::Rendered;
use super::sign_in::{AuthorizationCode, DeviceCode};
use super::tenant::Tenant;
use super::token::{self, Caller};
use super::wire::{Call, Payload, Refusal, Reply};
use super::{Clock, batch, control, directory, entra, numbers, operations, pack, persist, teams};

const LOG: usize = 2000;
/// Smaller bodies are not worth packing.
const PACKED: usize = 512;
const JSON: &str = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/// What goes back over the wire.
#[derive(Debug)]
pub(super) struct Sent {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// After so many bytes the connection breaks.
    pub cut: Option<u64>,
    /// So many milliseconds lie between two pieces of it.
    pub slow: Option<u64>,
    /// It is never sent.
    pub hold: bool,
}

/// The value of each field that a client can write, by what and whose it is.
type Truth = BTreeMap<(&'static str, String), Option<String>>;

/// Everything behind the server.
pub(super) struct World {
    pub tenant: Tenant,
    pub knobs: Knobs,
    pub log: VecDeque<Value>,
    pub devices: BTreeMap<String, DeviceCode>,
    pub codes: BTreeMap<String, AuthorizationCode>,
    /// Tokens and codes that were handed out, while a knob says so.
    pub issued: Vec<String>,
    /// How many answers were held back for ever, since the tenant was described.
    pub held: watch::Sender<u64>,
    /// Who holds each number and where each person is, when the log last told of it.
    truth: Truth,
    clock: Clock,
    file: Option<PathBuf>,
    changed: bool,
    /// Pages of a large tenant, while a knob says that they are kept.
    pub rendered: Rendered,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("scenario", &self.tenant.scenario)
            .finish_non_exhaustive()
    }
}

impl World {
    /// A world around a tenant; changes are kept in the file, if there is one.
    pub(super) fn new(tenant: Tenant, clock: Clock, file: Option<PathBuf>) -> Self {
        let knobs = Knobs::of(&tenant.scenario);
        Self {
            tenant,
            knobs,
            log: VecDeque::new(),
            devices: BTreeMap::new(),
            codes: BTreeMap::new(),
            issued: Vec::new(),
            held: watch::Sender::new(0),
            truth: Truth::new(),
            clock,
            file,
            changed: false,
            rendered: Rendered::default(),
        }
    }

    /// A scenario at a fixed moment.
    #[cfg(test)]
    pub(super) fn for_test(scenario: &super::Scenario) -> Self {
        let at: Timestamp = "2026-11-20T09:00:00Z".parse().expect("this is a moment");
        Self::new(
            super::scenarios::build(scenario, at),
            std::sync::Arc::new(move || at),
            None,
        )
    }

    /// What time it is.
    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The tenant's id, or that of the tenant that it pretends to be.
    pub(super) fn tenant_id(&self) -> &str {
        self.knobs
            .organization_id
            .as_deref()
            .unwrap_or(&self.tenant.id)
    }

    /// Lets a caller through a door, or not.
    pub(super) fn allow(&self, caller: &Caller, need: Need) -> Result<(), Refusal> {
        access::check(caller, &self.knobs.deny_scopes, need)
    }

    /// Keeps what Teams shows of a person at this moment: called before anything that Teams shows is changed.
    pub(super) fn remember_view(&mut self, place: u64) {
        if let Some(person) = self.tenant.anyone(place) {
            let shown = teams::view(self, &person);
            let now = self.now();
            self.tenant.keep_view(place, shown, now);
        }
    }

    /// Marks that the tenant has to be written to its file before the answer goes out, and that no page is the one of before.
    pub(super) fn note_change(&mut self) {
        self.rendered.forget();
        self.changed = true;
    }

    /// Answers one request of the server.
    pub(super) fn answer(&mut self, call: &Call) -> Sent {
        if call.path.first().is_some_and(|part| part == "_sim") {
            let outcome = control::route(self, call);
            self.remember_truth("another");
            let outcome = self.saved(outcome);
            return self.sent(call, outcome, None);
        }
        let (later, before): (Vec<_>, Vec<_>) = self
            .knobs
            .take_meanwhile(call)
            .into_iter()
            .partition(|one| one.after);
        self.others(before, call);
        let fault = self.knobs.take_fault(call);
        let fate = fate(fault.as_ref());
        let hold = fault.as_ref().is_some_and(|fault| fault.hold);
        let slow = fault.as_ref().and_then(|fault| fault.slow);
        let true_answer = match &fault {
            Some(fault) if !fault.after && fault.cut.is_none() && slow.is_none() => None,
            _ => Some(self.serve(call)),
        };
        let (outcome, cut) = match (fault, true_answer) {
            (None, Some(outcome)) => (outcome, None),
            (Some(fault), Some(outcome)) if fault.cut.is_some() || slow.is_some() => {
                (outcome, fault.cut)
            }
            (Some(fault), _) => (fault.reply(call), fault.drop.then_some(0)),
            (None, None) => unreachable!("without a fault the request was served"),
        };
        self.remember_truth("caller");
        let outcome = self.saved(outcome);
        let sent = self.sent(call, outcome, cut);
        self.note(call, sent.status, fate);
        self.others(later, call);
        Sent { slow, hold, ..sent }
    }

    /// Carries out what other administrators do at this moment.
    fn others(&mut self, edits: Vec<Meanwhile>, at: &Call) {
        for one in edits {
            let target = format!("/_sim/{}", one.edit.path);
            let mut call = Call::new(&one.edit.method, &target, at.base.clone());
            call.body = one.edit.body.to_string().into_bytes();
            if let Err(refusal) = control::route(self, &call) {
                tracing::warn!(
                    target,
                    message = refusal.message,
                    "an edit of another was refused"
                );
            }
            self.remember_truth("another");
        }
    }

    /// Tells the log what is another way now than when it was told last.
    fn remember_truth(&mut self, by: &str) {
        if !self.knobs.remember_truth {
            return;
        }
        let holders = self.tenant.numbers.values();
        let holders = holders.map(|row| (("number", row.number.clone()), row.target.clone()));
        let people = self.tenant.people.values().filter(|one| !one.deleted);
        let told = people.flat_map(|one| {
            [
                (("country", one.id.clone()), one.location.clone()),
                (("licences", one.id.clone()), Some(one.grants_told())),
            ]
        });
        let truth: Truth = holders.chain(told).collect();
        let before = std::mem::take(&mut self.truth);
        for ((what, whose), value) in &truth {
            let known = before.get(&(*what, whose.clone())).cloned().flatten();
            if known != *value {
                let line = json!({ "changed": what, "of": whose, "from": known, "to": value, "by": by, "at": self.now().to_string() });
                self.push(line);
            }
        }
        self.truth = truth;
    }

    /// Answers one item of a batch.
    pub(super) fn answer_item(&mut self, call: &Call) -> Result<Reply, Refusal> {
        let outcome = match self.knobs.take_fault(call) {
            None => self.serve(call),
            Some(fault) if fault.after => {
                // The item is carried out, and its answer lost; that it was refused makes no difference to the caller.
                let _lost = self.serve(call);
                fault.reply(call)
            }
            Some(fault) => fault.reply(call),
        };
        self.note(
            call,
            outcome
                .as_ref()
                .map_or_else(|refusal| refusal.status, |reply| reply.status),
            "item",
        );
        outcome
    }

    /// An answer as bytes, with all its headers; an error body where it was a refusal.
    pub(super) fn sent(
        &self,
        call: &Call,
        outcome: Result<Reply, Refusal>,
        cut: Option<u64>,
    ) -> Sent {
        let reply = outcome.unwrap_or_else(|refusal| {
            let at = directory::error_moment(self.now());
            let mut reply = Reply::json(refusal.status, &refusal.body(&at, call));
            reply.headers.clone_from(&refusal.headers);
            reply
        });
        let mut headers = reply.headers;
        headers.push(("Date", http_date(self.now())));
        if is_graph(call) {
            headers.push(("request-id", call.id.clone()));
            headers.push((
                "client-request-id",
                call.header("client-request-id")
                    .unwrap_or(&call.id)
                    .to_owned(),
            ));
            headers.push(("x-ms-resource-unit", reply.units.to_string()));
        } else {
            headers.push(("x-ms-request-id", call.id.clone()));
            headers.push(("Cache-Control", "no-store".to_owned()));
        }
        let body = self.body(call, reply.payload, &mut headers);
        Sent {
            status: reply.status,
            headers,
            body,
            cut,
            slow: None,
            hold: false,
        }
    }

    /// The bytes of a body, and the headers that say what they are.
    fn body(
        &self,
        call: &Call,
        payload: Payload,
        headers: &mut Vec<(&'static str, String)>,
    ) -> Vec<u8> {
        let patterns = self
            .tenant
            .crowd
            .as_ref()
            .map_or(&[][..], |crowd| crowd.patterns());
        let mut kind = |kind: &str| headers.push(("Content-Type", kind.to_owned()));
        match payload {
            Payload::Empty => Vec::new(),
            Payload::Text(text) => {
                kind("text/plain");
                text.into_bytes()
            }
            Payload::Html(text) => {
                kind("text/html; charset=utf-8");
                text.into_bytes()
            }
            Payload::Packed(body) => {
                kind(JSON);
                headers.push(("OData-Version", "4.0".to_owned()));
                say_packed(headers);
                body.to_vec()
            }
            Payload::Json(text, cuts) => {
                if is_graph(call) {
                    kind(JSON);
                    headers.push(("OData-Version", "4.0".to_owned()));
                } else {
                    kind("application/json; charset=utf-8");
                }
                if call.takes_gzip() && (text.len() > PACKED || !cuts.is_empty()) {
                    say_packed(headers);
                    pack::gzip(&text, &cuts, patterns)
                } else {
                    pack::plain(text, &cuts, patterns)
                }
            }
        }
    }

    fn serve(&mut self, call: &Call) -> Result<Reply, Refusal> {
        operations::carry_out_late(self);
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["v1.0" | "beta", rest @ ..] => {
                if let Some(refusal) = self.knobs.challenge(call) {
                    return Err(refusal);
                }
                let caller = token::caller(
                    &self.tenant.key,
                    call.header("authorization"),
                    self.now().as_second(),
                    self.knobs.token_epoch,
                )?;
                if let Some(page) = self.rendered.find(&caller, call) {
                    return Ok(page);
                }
                let reply = match rest {
                    ["$batch"] => batch::answer(self, call),
                    ["admin", "teams", rest @ ..] => numbers::route(self, &caller, call, rest),
                    rest => directory::route(self, &caller, call, rest),
                }?;
                let settled = self.knobs.keep_pages && self.knobs.teams_lag == Lag::None;
                let crowd = self.tenant.crowd.as_ref().filter(|_| settled);
                Ok(match crowd {
                    Some(crowd) => self.rendered.keep((&caller, call), reply, crowd.patterns()),
                    None => reply,
                })
            }
            path => Ok(entra::route(self, call, path)),
        }
    }

    /// Writes the tenant down, if it was changed. A change that cannot be kept is not acknowledged.
    fn saved(&mut self, outcome: Result<Reply, Refusal>) -> Result<Reply, Refusal> {
        if !std::mem::take(&mut self.changed) {
            return outcome;
        }
        match &self.file {
            None => outcome,
            Some(file) => match persist::save(&self.tenant, file) {
                Ok(()) => outcome,
                Err(error) => Err(Refusal::new(
                    503,
                    "serviceNotAvailable",
                    format!(
                        "The simulated tenant could not be kept in {}: {error}",
                        file.display()
                    ),
                )),
            },
        }
    }

    fn note(&mut self, call: &Call, status: u16, fate: &str) {
        let path = if call.raw_path.contains("/oauth2/") {
            call.raw_path.clone()
        } else {
            call.target()
        };
        let mut line = json!({ "method": call.method, "path": path, "status": status, "at": self.now().to_string() });
        if self.knobs.remember_truth {
            line["fate"] = fate.into();
            if is_graph(call) {
                line["body"] = serde_json::from_slice(&call.body).unwrap_or_default();
            }
        }
        self.push(line);
    }

    fn push(&mut self, line: Value) {
        if self.log.len() == LOG {
            self.log.pop_front();
        }
        self.log.push_back(line);
    }
}

/// What becomes of a call and of its answer, in a word.
fn fate(fault: Option<&Fault>) -> &'static str {
    match fault {
        None => "answered",
        Some(fault) if fault.after || fault.cut.is_some() => "lost",
        Some(fault) if fault.slow.is_some() => "answered",
        Some(fault) if fault.drop || fault.hold => "dropped",
        Some(_) => "refused",
    }
}

fn say_packed(headers: &mut Vec<(&'static str, String)>) {
    headers.push(("Content-Encoding", "gzip".to_owned()));
    headers.push(("Vary", "Accept-Encoding".to_owned()));
}

fn is_graph(call: &Call) -> bool {
    call.path
        .first()
        .is_some_and(|part| part == "v1.0" || part == "beta")
}

fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
