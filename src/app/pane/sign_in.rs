//! What stands on the screen while a person signs in, and the text that a customer's administrator gets when a policy forbids it.
//!
//! Everything here may be read by anybody who looks at the screen: codes and addresses do, tokens never come here.

use jiff::Timestamp;

use crate::app::doc::{Doc, Scroll, Tone};
use crate::app::keymap::Keymap;
use crate::app::session::{Attempt, Auth, Purpose, Session};
use crate::app::sync::clock;
use crate::domain::failure::Failure;
use crate::domain::sign_in::{Prompt, PromptWay, SignInWay, in_words};
use crate::domain::words;

/// The modal: where its text is read. What it shows is the session's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignInBox {
    /// Where it is read.
    pub scroll: Scroll,
}

/// `14:32` until then, zero when it is past.
pub fn left(until: Timestamp, now: Timestamp) -> String {
    let seconds = until.duration_since(now).as_secs().max(0);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// How far it is, in a few words.
pub fn state(session: &Session, now: Timestamp) -> String {
    match &session.auth {
        Auth::Asking { prompt: None, .. } => "asking Entra…".to_owned(),
        Auth::Asking {
            prompt: Some(prompt),
            ..
        } => format!("waiting, {} left", left(prompt.until, now)),
        Auth::Expired(_) => "not used in time".to_owned(),
        Auth::Failed(..) => "not signed in".to_owned(),
        Auth::Blocked { .. } => "blocked by a policy".to_owned(),
        Auth::SignedIn => "signed in".to_owned(),
        Auth::Unknown | Auth::SignedOut => words::SIGNED_OUT.to_owned(),
    }
}

/// The text of the modal. A code stands above it, large.
pub fn doc(session: &Session, keys: &Keymap) -> Doc {
    text(session).keyed(keys)
}

fn text(session: &Session) -> Doc {
    match &session.auth {
        Auth::Asking { prompt: None, .. } => {
            said("Entra is asked how to sign in. Esc ends it.", Tone::Plain)
        }
        Auth::Asking {
            prompt: Some(prompt),
            ..
        } => asked(session, prompt),
        Auth::Expired(attempt) => expired(*attempt),
        Auth::Failed(attempt, failure) => failed(*attempt, failure),
        Auth::Blocked {
            attempt,
            failure,
            other,
        } => blocked(session, *attempt, (failure, *other)),
        Auth::SignedIn => said("Signed in.", Tone::Good),
        Auth::Unknown | Auth::SignedOut => {
            said("Nobody is signed in: {sign-in} begins.", Tone::Plain)
        }
    }
}

fn said(text: &str, tone: Tone) -> Doc {
    let mut doc = Doc::default();
    doc.line(tone, text);
    doc
}

fn asked(session: &Session, prompt: &Prompt) -> Doc {
    let mut doc = Doc::default();
    match &prompt.way {
        PromptWay::Code { address, .. } => {
            doc.item(Tone::Strong, "Open    ", address);
            doc.line(
                Tone::Dim,
                "in a browser on any machine, and type the code there.",
            );
        }
        PromptWay::Browser {
            address, forward, ..
        } => {
            // First: below a long address a low screen ends.
            doc.line(
                Tone::Warn,
                "This console asked for it just now. Go on only if you started this yourself.",
            );
            doc.line(
                Tone::Plain,
                "1. On your own machine, in a terminal that stays open:",
            );
            doc.line(Tone::Strong, forward);
            doc.line(
                Tone::Plain,
                "2. There, open in a browser ({copy-address} copies it):",
            );
            doc.line(Tone::Dim, address);
        }
    }
    doc.gap();
    doc.item(
        Tone::Plain,
        "Valid   ",
        &format!("until {}", clock(prompt.until)),
    );
    doc.item(Tone::Plain, "Tenant  ", &tenant_words(session, prompt));
    doc.item(Tone::Plain, "App     ", &prompt.app);
    let asks = in_words(&prompt.scopes);
    doc.item(Tone::Plain, "Asks to ", &asks.join(", "));
    if let Some(page) = &session.consent {
        doc.item(
            Tone::Plain,
            "Admin   ",
            "an administrator of the tenant lets the app in once, at",
        );
        doc.item(Tone::Dim, "        ", page);
    }
    if let PromptWay::Code { .. } = prompt.way {
        doc.gap();
        doc.line(
            Tone::Warn,
            "This console asked for it just now. Type the code only if you started this yourself: whoever sends you a code wants your sign-in.",
        );
    }
    doc
}

fn tenant_words(session: &Session, prompt: &Prompt) -> String {
    if session.tenant == prompt.tenant {
        prompt.tenant.clone()
    } else {
        format!("{} {}", session.tenant, prompt.tenant)
    }
}

fn expired(attempt: Attempt) -> Doc {
    let mut doc = Doc::default();
    let what = match attempt.way {
        SignInWay::DeviceCode => "The code was not used in time, and is worth nothing now.",
        SignInWay::Browser => "The page was not used in time, and nothing listens for it any more.",
    };
    doc.line(Tone::Warn, what);
    begin_anew(&mut doc, attempt);
    doc
}

/// The ways on after a sign-in that came to nothing.
fn begin_anew(doc: &mut Doc, attempt: Attempt) {
    doc.gap();
    doc.item(Tone::Strong, "{sign-in}  ", "begins anew");
    other_key(doc, attempt.way.other());
    doc.gap();
    doc.line(Tone::Dim, "Whatever was read before stays readable.");
}

fn other_key(doc: &mut Doc, other: SignInWay) {
    doc.item(
        Tone::Strong,
        "{sign-in-otherwise}  ",
        match other {
            SignInWay::DeviceCode => "signs in with a code instead",
            SignInWay::Browser => "signs in with a browser that reaches this machine instead",
        },
    );
}

fn failed(attempt: Attempt, failure: &Failure) -> Doc {
    let mut doc = Doc::default();
    doc.failure(failure);
    begin_anew(&mut doc, attempt);
    doc
}

/// What the customer's administrator gets: what was refused, and what is asked of them.
fn for_administrator(session: &Session, attempt: Attempt, failure: &Failure) -> Doc {
    let mut doc = Doc::default();
    doc.line(
        Tone::Strong,
        &format!(
            "For the administrator of {}: a policy of your tenant refused this sign-in.",
            session.tenant
        ),
    );
    doc.gap();
    doc.item(
        Tone::Plain,
        "Tried      ",
        &format!(
            "sign-in {}, {}",
            match attempt.way {
                SignInWay::DeviceCode => "with a device code",
                SignInWay::Browser => "with a browser",
            },
            match attempt.purpose {
                Purpose::Usual => "with the permissions that the tenant is set to",
                Purpose::Write => "for the permissions to write",
            }
        ),
    );
    doc.line(Tone::Bad, &failure.headline);
    doc.gap();
    doc.item(Tone::Plain, "Because    ", &failure.detail);
    doc.gap();
    doc.item(
        Tone::Plain,
        "Please     ",
        "look up the correlation id in the log of sign-ins (Conditional Access tab), and let this sign-in in.",
    );
    doc
}

fn blocked(
    session: &Session,
    attempt: Attempt,
    (failure, other): (&Failure, Option<SignInWay>),
) -> Doc {
    let mut doc = for_administrator(session, attempt, failure);
    doc.gap();
    doc.item(Tone::Strong, "To do      ", &failure.hint);
    match other {
        Some(other) => other_key(&mut doc, other),
        None => doc.item(
            Tone::Strong,
            "{sign-in}  ",
            "tries again, once the policy is changed",
        ),
    }
    doc.line(
        Tone::Dim,
        "{copy} copies the administrator's part. What was read before stays readable.",
    );
    doc
}

/// What `y` sends to the clipboard.
pub fn copied(session: &Session) -> String {
    match session.prompt().map(|prompt| &prompt.way) {
        Some(PromptWay::Code { code, .. }) => code.clone(),
        Some(PromptWay::Browser { forward, .. }) => forward.clone(),
        None => match &session.auth {
            Auth::Blocked {
                attempt, failure, ..
            } => for_administrator(session, *attempt, failure).to_text(),
            _ => text(session).to_text(),
        },
    }
}

/// The address, for the other key that copies.
pub fn address(session: &Session) -> Option<&str> {
    match &session.prompt()?.way {
        PromptWay::Code { address, .. } | PromptWay::Browser { address, .. } => Some(address),
    }
}
