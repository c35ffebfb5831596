//! Signing in from the console: asked by a key, shown until it is done, begun anew by a key; what waited for it goes on after it.

use jiff::{SignedDuration, Timestamp};

use crate::domain::failure::Failure;
use crate::domain::run::RunKind;
use crate::domain::sign_in::Prompt;
use crate::domain::words;

use super::action::Action;
use super::doc::Tone;
use super::effect::Effect;
use super::event::{RequestId, SignInEnd};
use super::modal::Modal;
use super::pane::confirm::Question;
use super::pane::sign_in::{self, SignInBox};
use super::session::{Attempt, Auth, Purpose, Resume, Writing};
use super::sync::Course;
use super::{App, Wait};

/// How often what is left of the time is drawn.
const TICK: SignedDuration = SignedDuration::from_secs(1);

impl App {
    /// Why nobody can sign in here.
    pub(super) fn no_sign_in(&self) -> Option<String> {
        if self.settings.sign_in.is_none() {
            return Some(
                "the app signs in by itself here: its secret or certificate is configured"
                    .to_owned(),
            );
        }
        self.session
            .asking()
            .map(|_| "a sign-in is under way: Esc ends it".to_owned())
    }

    /// Why nobody can sign out here.
    pub(super) fn no_sign_out(&self) -> Option<String> {
        match &self.session.auth {
            _ if self.settings.sign_in.is_none() => {
                Some("the app signs in by itself here: there is nobody to sign out".to_owned())
            }
            Auth::SignedOut => Some(words::SIGNED_OUT.to_owned()),
            _ => self.runs.active().map(|run| {
                format!(
                    "{} is going ({} cancels)",
                    run.name(),
                    self.settings.keys.first(Action::CancelRun)
                )
            }),
        }
    }

    /// `L`: signs in as the tenant is set up, or as was tried last.
    pub(super) fn sign_in(&mut self) -> Vec<Effect> {
        let Some(way) = self.settings.sign_in else {
            return Vec::new();
        };
        let attempt = self.session.attempt().unwrap_or(Attempt {
            way,
            purpose: Purpose::Usual,
        });
        self.begin_sign_in(attempt)
    }

    /// Syncs; where nobody is signed in, that comes first and the run follows it.
    pub(super) fn sync_or_sign_in(&mut self, debug: bool) -> Vec<Effect> {
        if self.needs_sign_in() {
            self.missed(&RunKind::Sync, debug);
            return self.sign_in();
        }
        self.start_run(RunKind::Sync, debug)
    }

    /// Whether nobody is signed in, and a person has to.
    pub fn needs_sign_in(&self) -> bool {
        let waits = matches!(self.runs.active(), Some(run) if run.course == Course::SignInNeeded);
        self.settings.sign_in.is_some() && (waits || self.session.auth == Auth::SignedOut)
    }

    /// The other way than the one that is tried, or was.
    pub(super) fn sign_in_otherwise(&mut self) -> Vec<Effect> {
        let Some(attempt) = self.session.attempt() else {
            return Vec::new();
        };
        let mut effects = self.end_sign_in();
        effects.extend(self.begin_sign_in(Attempt {
            way: attempt.way.other(),
            ..attempt
        }));
        effects
    }

    /// Asks a person to sign in.
    pub(super) fn begin_sign_in(&mut self, attempt: Attempt) -> Vec<Effect> {
        let req = self.ask();
        if attempt.purpose == Purpose::Write {
            self.session.writing = Writing::Asking(req);
        }
        if self.session.attempt().is_none() {
            *self.session.before = self.session.auth.clone();
        }
        self.session.auth = Auth::Asking {
            req,
            attempt,
            prompt: None,
        };
        self.notice = None;
        if !self.is_signing_in() {
            self.modals.push(Modal::SignIn(SignInBox::default()));
        }
        vec![Effect::SignIn { req, attempt }]
    }

    /// Whether the screen of a sign-in is open.
    fn is_signing_in(&self) -> bool {
        self.modals
            .iter()
            .any(|modal| matches!(modal, Modal::SignIn(_)))
    }

    fn close_sign_in(&mut self) {
        self.modals
            .retain(|modal| !matches!(modal, Modal::SignIn(_)));
    }

    /// Ends the sign-in that is under way, if one is.
    fn end_sign_in(&mut self) -> Vec<Effect> {
        let Some(req) = self.session.asking() else {
            return Vec::new();
        };
        self.no_writing(req);
        vec![Effect::CancelSignIn { req }]
    }

    fn no_writing(&mut self, req: RequestId) {
        if self.session.writing == Writing::Asking(req) {
            self.session.writing = Writing::ReadOnly;
        }
    }

    /// Esc: the screen goes, and with it the sign-in; a run that waits for one goes on waiting, since nobody has said that it is to
    /// end.
    pub(super) fn leave_sign_in(&mut self) -> Vec<Effect> {
        self.close_sign_in();
        let effects = self.end_sign_in();
        self.session.auth = (*self.session.before).clone();
        self.session.resume = None;
        if let Some(run) = self.runs.active()
            && run.course == Course::SignInNeeded
        {
            let text = format!(
                "not signed in: {{sign-in}} begins anew, {{cancel-run}} cancels; {} still waits",
                run.name()
            );
            let text = self.settings.keys.fill(&text);
            self.session.auth = Auth::SignedOut;
            self.notice = Some(super::notice::Notice::lasting(Tone::Warn, text));
            self.dirty = true;
            return effects;
        }
        let text = if self.session.auth == Auth::SignedIn {
            "left: you stay signed in as before"
        } else {
            "not signed in: {sign-in} begins anew"
        };
        self.say(Tone::Warn, text);
        effects
    }

    /// What is to be done has come.
    pub(super) fn prompted(&mut self, req: RequestId, told: Prompt) {
        if let Auth::Asking {
            req: open, prompt, ..
        } = &mut self.session.auth
            && *open == req
        {
            *prompt = Some(Box::new(told));
        }
    }

    /// Somebody has signed in.
    pub(super) fn signed_in(&mut self, req: RequestId, account: String) -> Vec<Effect> {
        if self.session.asking() != Some(req) {
            return Vec::new();
        }
        let attempt = self.session.attempt();
        self.session.auth = Auth::SignedIn;
        self.session.account = account;
        self.close_sign_in();
        if attempt.is_some_and(|attempt| attempt.purpose == Purpose::Write) {
            self.session.writing = Writing::Allowed;
            let text = format!(
                "signed in; {} may be written to until this console ends",
                self.session.tenant
            );
            self.say(Tone::Warn, text);
        } else {
            let text = format!("signed in as {}", self.session.account);
            self.say(Tone::Good, text);
        }
        self.resume()
    }

    /// What a sign-in was missed for goes on; what was to be written is read again first, and shown.
    fn resume(&mut self) -> Vec<Effect> {
        if self.runs.active().is_some() {
            self.session.resume = None;
            return Vec::new();
        }
        let Some(Resume { kind, debug }) = self.session.resume.take() else {
            // Nothing is known of this tenant yet: who signs in wants to see it.
            if self.desk.read_at.is_none() {
                return self.start_run(RunKind::Sync, false);
            }
            return Vec::new();
        };
        match kind {
            RunKind::Apply { .. } => self.start_run(RunKind::Plan, debug),
            kind => self.start_run(kind, debug),
        }
    }

    /// The sign-in has ended without success.
    pub(super) fn not_signed_in(&mut self, req: RequestId, end: SignInEnd) {
        if self.session.asking() != Some(req) {
            return;
        }
        let Some(attempt) = self.session.attempt() else {
            return;
        };
        self.no_writing(req);
        self.session.auth = match end {
            SignInEnd::Expired => Auth::Expired(attempt),
            SignInEnd::Failed(failure) => Auth::Failed(attempt, failure),
            SignInEnd::Blocked { failure, other } => Auth::Blocked {
                attempt,
                failure,
                other,
            },
        };
    }

    /// A run, or the start, has found nobody signed in.
    pub(super) fn nobody_signed_in(&mut self, why: Option<Failure>) {
        if self.settings.sign_in.is_none() || self.session.asking().is_some() {
            return;
        }
        // The first that is heard of it: whoever has just saved the form of this tenant reads that before.
        let saved = if self.settings.edited && self.session.auth == Auth::Unknown {
            format!("saved: {}; ", self.settings.tenant_label)
        } else {
            String::new()
        };
        self.session.auth = Auth::SignedOut;
        let then = match &self.session.resume {
            Some(Resume {
                kind: RunKind::Apply { .. },
                ..
            }) => ", then the plan is read again",
            Some(_) => ", then the run starts anew",
            None => "",
        };
        let why = why.map_or_else(String::new, |why| format!(" ({})", why.headline));
        let key = self.settings.keys.first(Action::SignIn);
        let text = format!("{saved}sign-in needed: {key} signs in{then}{why}");
        self.notice = Some(super::notice::Notice::lasting(Tone::Warn, text));
        self.dirty = true;
    }

    /// The run under way has found nobody signed in any more, and keeps its place.
    pub(super) fn run_waits_for_sign_in(&mut self, why: &Failure) {
        let Some(run) = self.runs.active_mut() else {
            return;
        };
        if run.course != Course::Stopping {
            run.course = Course::SignInNeeded;
        }
        let name = run.name();
        if self.session.asking().is_some() {
            return;
        }
        self.session.auth = Auth::SignedOut;
        let text = format!(
            "{name} waits for a sign-in: {{sign-in}} signs in and it goes on, {{cancel-run}} cancels ({})",
            why.headline
        );
        let text = self.settings.keys.fill(&text);
        self.notice = Some(super::notice::Notice::lasting(Tone::Warn, text));
        self.dirty = true;
    }

    /// The run under way has its sign-in.
    pub(super) fn run_goes_on(&mut self, account: String) {
        let Some(run) = self.runs.active_mut() else {
            return;
        };
        if run.course == Course::SignInNeeded {
            run.course = Course::Going;
        }
        let text = format!("signed in as {account}: {} goes on", run.name());
        self.session.account = account;
        self.session.run_signed_in();
        self.say(Tone::Good, text);
    }

    /// Remembers what could not run for want of a sign-in.
    pub(super) fn missed(&mut self, kind: &RunKind, debug: bool) {
        if self.settings.sign_in.is_some() {
            self.session.resume = Some(Resume {
                kind: kind.clone(),
                debug,
            });
        }
    }

    /// Asks before somebody is signed out.
    pub(super) fn ask_sign_out(&mut self) {
        self.question(Question::SignOut);
    }

    pub(super) fn sign_out(&mut self) -> Vec<Effect> {
        let req = self.wait_for(Wait::SignedOut);
        vec![Effect::SignOut { req }]
    }

    pub(super) fn signed_out(&mut self, req: RequestId) {
        if self.answered(req).is_none() {
            return;
        }
        self.session.auth = Auth::SignedOut;
        self.session.account.clear();
        self.session.resume = None;
        if !self.settings.read_only {
            self.say(Tone::Good, "signed out: {sign-in} signs in");
            return;
        }
        self.session.writing = Writing::ReadOnly;
        self.say(
            Tone::Good,
            "signed out, READ-ONLY again: {sign-in} signs in",
        );
    }

    /// Time has passed: a prompt that is too old is worth nothing, and what is left of the others is drawn.
    pub(super) fn tick(&mut self) -> Vec<Effect> {
        self.dirty |= self.runs.active().is_some();
        let Auth::Asking {
            req,
            attempt,
            prompt: Some(prompt),
        } = &self.session.auth
        else {
            return Vec::new();
        };
        self.dirty = true;
        let (req, attempt) = (*req, *attempt);
        if prompt.until > self.now {
            return Vec::new();
        }
        self.no_writing(req);
        self.session.auth = Auth::Expired(attempt);
        vec![Effect::CancelSignIn { req }]
    }

    /// When the time that is left is to be drawn again: only while it is shown, or a run goes, whose time is.
    pub(super) fn next_tick(&self) -> Option<Timestamp> {
        if self.runs.active().is_none() {
            self.session.prompt()?;
        }
        self.now.checked_add(TICK).ok()
    }

    /// The other copy key: the address.
    pub(super) fn copy_address(&mut self) -> Vec<Effect> {
        let Some(text) = sign_in::address(&self.session).map(str::to_owned) else {
            return Vec::new();
        };
        self.copy_text(text)
    }

    /// Why there is no address to copy.
    pub(super) fn no_address(&self) -> Option<String> {
        sign_in::address(&self.session)
            .is_none()
            .then(|| "there is no address now".to_owned())
    }
}
