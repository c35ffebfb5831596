//! Signing in by key, its time counted down, its ends; opening another tenant.

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::run::{Outcome, Phase, RunEvent, RunId, RunKind};
use crate::domain::sign_in::{Prompt, PromptWay, SignInWay};

use crate::app::action::Place;
use crate::app::effect::Effect;
use crate::app::event::{Event, RequestId, SessionEvent, SignInEnd, What};
use crate::app::fixture::{Driver, at, settings};
use crate::app::session::{Attempt, Auth, Purpose, Writing};
use crate::app::{App, Settings};
use crate::view::screens::screen;

use super::{finished, run};

fn interactive(size: (u16, u16)) -> Driver {
    let settings = Settings {
        sign_in: Some(SignInWay::DeviceCode),
        read_only: true,
        ..settings()
    };
    Driver::with(settings, size)
}

/// A console that asks somebody to sign in, and waits for the code.
pub(super) fn asking() -> Driver {
    let mut t = interactive((80, 24));
    t.keys("L");
    t
}

pub(super) fn code(until: i64) -> Prompt {
    Prompt {
        way: PromptWay::Code {
            code: "FJC3RD2JY".to_owned(),
            address: "https://microsoft.com/devicelogin".to_owned(),
            message: "To sign in, use a web browser".to_owned(),
        },
        scopes: [
            "offline_access",
            "User.Read.All",
            "Organization.Read.All",
            "GroupMember.Read.All",
            "TeamsUserConfiguration.Read.All",
            "TeamsTelephoneNumber.Read.All",
        ]
        .map(str::to_owned)
        .to_vec(),
        app: "22222222-2222-4333-8444-555555555555".to_owned(),
        tenant: "11111111-2222-4333-8444-555555555555".to_owned(),
        until: at(until),
    }
}

pub(super) fn browser() -> Prompt {
    Prompt {
        way: PromptWay::Browser {
            address: "https://login.example/authorize?client_id=2&state=3".to_owned(),
            port: 40123,
            forward: "ssh -L 40123:127.0.0.1:40123 ann@jump01".to_owned(),
        },
        ..code(600)
    }
}

pub(super) fn says(t: &mut Driver, event: SessionEvent) {
    t.event(What::Session(event));
}

pub(super) fn prompted(t: &mut Driver, prompt: Prompt) -> RequestId {
    let req = t.asked();
    let prompt = Box::new(prompt);
    says(t, SessionEvent::Prompted { req, prompt });
    req
}

pub(super) fn shows(t: &Driver, text: &str) -> bool {
    screen(&t.app).iter().any(|row| row.contains(text))
}

fn signed_out() -> Outcome {
    Outcome::Failed(Failure::new(
        FailureKind::SignIn,
        "Signing in: nobody is signed in",
        "",
        "",
    ))
}

#[test]
fn a_run_without_a_sign_in_asks_for_the_key_and_starts_anew_after_it() {
    let mut t = interactive((80, 24));
    t.keys("S");
    let req = t.asked();
    run(&mut t, req, finished(signed_out()));
    says(&mut t, SessionEvent::NobodySignedIn { why: None });
    assert_eq!(
        t.notice(),
        "sign-in needed: L signs in, then the run starts anew"
    );
    assert!(shows(&t, "Ben Walters"), "what was read stays readable");
    t.keys("L");
    let attempt = Attempt {
        way: SignInWay::DeviceCode,
        purpose: Purpose::Usual,
    };
    let req = t.asked();
    assert_eq!(t.effects, [Effect::SignIn { req, attempt }]);
    let stranger = RequestId(req.0 + 7);
    let account = "ann@msp.example".to_owned();
    says(
        &mut t,
        SessionEvent::SignedIn {
            req: stranger,
            account: account.clone(),
        },
    );
    assert_eq!(
        t.app.place(),
        Place::SignIn,
        "a stranger's answer is dropped"
    );
    says(&mut t, SessionEvent::SignedIn { req, account });
    assert_eq!(t.app.session.auth, Auth::SignedIn);
    assert_eq!(t.app.session.account, "ann@msp.example");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::StartRun {
            kind: RunKind::Sync,
            debug: true,
            ..
        }]
    ));
}

/// A run that has lost its sign-in while it reads users.
fn waiting() -> (Driver, RequestId) {
    let mut t = interactive((80, 24));
    t.keys("S");
    let req = t.asked();
    run(&mut t, req, RunEvent::Started { number: RunId(13) });
    run(&mut t, req, RunEvent::Phase(Phase::ReadUsers));
    let why = Failure::new(FailureKind::SignIn, "the sign-in was revoked", "", "");
    run(&mut t, req, RunEvent::SignInNeeded { why });
    (t, req)
}

#[test]
fn a_run_that_waits_for_a_sign_in_goes_on_after_it_and_does_not_start_anew() {
    let (mut t, running) = waiting();
    assert_eq!(
        t.notice(),
        "run 13 debug sync waits for a sign-in: L signs in and it goes on, c cancels (the sign-in was revoked)"
    );
    assert_eq!(
        t.app.runs.active().unwrap().doing(),
        "reading users, waits for a sign-in"
    );
    assert!(shows(&t, "L signs in"), "{:?}", screen(&t.app));
    t.keys("L");
    let req = t.asked();
    let account = "ann@msp.example".to_owned();
    run(
        &mut t,
        running,
        RunEvent::GoesOn {
            account: account.clone(),
        },
    );
    assert_eq!(t.app.place(), Place::SignIn, "its own answer closes it");
    says(&mut t, SessionEvent::SignedIn { req, account });
    assert_eq!(t.effects, [], "the run is there still");
    assert_eq!(t.app.session.auth, Auth::SignedIn);
    assert_eq!(t.app.runs.active().unwrap().doing(), "reading users");
}

#[test]
fn esc_on_the_sign_in_that_a_run_waits_for_leaves_the_run_waiting() {
    let (mut t, running) = waiting();
    t.keys("L");
    let req = t.asked();
    t.keys("<esc>");
    assert_eq!(t.effects, [Effect::CancelSignIn { req }]);
    assert_eq!(
        t.notice(),
        "not signed in: L begins anew, c cancels; run 13 debug sync still waits"
    );
    assert_eq!(
        t.app.runs.active().unwrap().doing(),
        "reading users, waits for a sign-in"
    );
    // A new code is asked for, and who wants no run any more says so.
    t.keys("L");
    assert!(matches!(t.effects.as_slice(), [Effect::SignIn { .. }]));
    t.keys("<esc>").keys("c y");
    assert_eq!(t.effects, [Effect::CancelRun { req: running }]);
    assert_eq!(t.app.runs.active().unwrap().doing(), "stopping");
    run(&mut t, running, finished(Outcome::Cancelled));
    assert!(t.app.runs.active().is_none());
}

#[test]
fn the_code_is_shown_counted_down_and_copied() {
    for size in [(80, 24), (140, 40)] {
        let mut t = interactive(size);
        t.keys("L");
        prompted(&mut t, code(600));
        let rows = screen(&t.app).join("\n");
        assert!(rows.contains(" FJC3RD2JY"), "{rows}");
        let is_large = screen(&t.app).iter().any(|row| row.starts_with("█████ "));
        assert!(is_large, "{rows}");
        assert!(rows.contains("https://microsoft.com/devicelogin"), "{rows}");
        assert!(rows.contains("Contoso Ltd"), "{rows}");
        assert!(
            rows.contains("22222222-2222-4333-8444-555555555555"),
            "{rows}"
        );
        assert!(
            rows.contains("This console asked for it just now"),
            "{rows}"
        );
        // A picture beside it, where both have room.
        assert_eq!(rows.contains('▀'), size == (140, 40), "{rows}");
        assert!(rows.contains("left"), "{rows}");
        t.keys("y");
        assert!(matches!(
            t.effects.as_slice(),
            [Effect::Copy { text, .. }] if text == "FJC3RD2JY"
        ));
        t.keys("Y");
        assert!(matches!(
            t.effects.as_slice(),
            [Effect::Copy { text, .. }] if text == "https://microsoft.com/devicelogin"
        ));
    }
}

#[test]
fn it_wakes_each_second_while_the_code_is_shown_and_never_after() {
    let mut app = App::new(
        Settings {
            sign_in: Some(SignInWay::DeviceCode),
            ..settings()
        },
        (80, 24),
    );
    let send = |app: &mut App, second: i64, what: What| {
        let effects = app.update(Event {
            at: at(second),
            what,
        });
        app.settle();
        app.take_dirty();
        effects
    };
    let key = |c| What::Key(crate::app::event::Code::Char(c).into());
    let asked = send(&mut app, 10, key('L'));
    let [Effect::SignIn { req, .. }] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    let (req, prompt) = (*req, Box::new(code(14)));
    let shown = SessionEvent::Prompted { req, prompt };
    let effects = send(&mut app, 11, What::Session(shown));
    assert_eq!(effects, [Effect::Wake { at: at(12) }]);
    for second in [12, 13] {
        assert_eq!(
            send(&mut app, second, What::Wake),
            [Effect::Wake { at: at(second + 1) }]
        );
    }
    assert_eq!(
        send(&mut app, 14, What::Wake),
        [Effect::CancelSignIn { req }],
        "it is worth nothing now, and nothing is counted any more"
    );
    assert!(matches!(app.session.auth, Auth::Expired(_)));
    assert_eq!(send(&mut app, 15, What::Wake), []);
    assert!(!app.is_dirty());
    let anew = send(&mut app, 16, key('L'));
    assert!(matches!(anew.as_slice(), [Effect::SignIn { req: new, .. }] if *new != req));
}

#[test]
fn a_block_is_explained_and_leads_to_the_other_way() {
    let mut t = interactive((80, 24));
    t.keys("L");
    let req = prompted(&mut t, code(600));
    let failure = Failure::new(
        FailureKind::SignIn,
        "Signing in: the policy wants a managed device",
        "AADSTS530033: Your administrator requires the device to be managed. Trace ID: t-1 Correlation ID: c-1",
        "Sign in with a browser on a managed device.",
    );
    let end = SignInEnd::Blocked {
        failure: Box::new(failure),
        other: Some(SignInWay::Browser),
    };
    says(&mut t, SessionEvent::NotSignedIn { req, end });
    assert!(shows(&t, "For the administrator of Contoso Ltd"));
    assert!(shows(&t, "AADSTS530033"));
    t.keys("y");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::Copy { text, .. }]
            if text.contains("Trace ID: t-1 Correlation ID: c-1") && text.contains("with a device code")
                && text.contains("let this sign-in in") && !text.contains("instead")
    ));
    t.keys("b");
    let new = t.asked();
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::SignIn {
            attempt: Attempt {
                way: SignInWay::Browser,
                ..
            },
            ..
        }]
    ));
    let prompt = Box::new(browser());
    says(&mut t, SessionEvent::Prompted { req: new, prompt });
    assert!(shows(&t, "ssh -L 40123:127.0.0.1:40123 ann@jump01"));
    let rows = screen(&t.app);
    let row = |text: &str| rows.iter().position(|row| row.contains(text));
    let warned = row("Go on only if you started this").unwrap();
    assert!(warned < row("ssh -L").unwrap(), "{rows:#?}");
    t.keys("y");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::Copy { text, .. }] if text == "ssh -L 40123:127.0.0.1:40123 ann@jump01"
    ));
    t.keys("<esc>");
    assert_eq!(t.effects, [Effect::CancelSignIn { req: new }]);
    assert_eq!(t.app.session.auth, Auth::Unknown);
    let late = "ann@msp.example".to_owned();
    says(
        &mut t,
        SessionEvent::SignedIn {
            req: new,
            account: late,
        },
    );
    assert_eq!(
        t.app.session.auth,
        Auth::Unknown,
        "what was left signs nobody in"
    );
}

#[test]
fn allowing_to_write_signs_in_for_it_and_a_decline_leaves_it_read_only() {
    let mut t = interactive((80, 24));
    t.keys("W");
    assert!(shows(&t, "You sign in for it (code)"));
    t.keys("y");
    let req = t.asked();
    assert_eq!(t.app.session.writing, Writing::Asking(req));
    let declined = Failure::new(FailureKind::SignIn, "Signing in: declined", "", "");
    let end = SignInEnd::Failed(Box::new(declined));
    says(&mut t, SessionEvent::NotSignedIn { req, end });
    assert_eq!(t.app.session.writing, Writing::ReadOnly);
    assert!(shows(&t, "Signing in: declined"));
    t.keys("L");
    let req = t.asked();
    assert_eq!(
        t.app.session.attempt().map(|attempt| attempt.purpose),
        Some(Purpose::Write),
        "begun anew, it is for the same"
    );
    let account = "ann@msp.example".to_owned();
    says(&mut t, SessionEvent::SignedIn { req, account });
    assert_eq!(t.app.session.writing, Writing::Allowed);
    assert_eq!(t.app.title(), "Contoso Ltd RW");
}

#[test]
fn an_app_that_signs_in_by_itself_asks_nobody() {
    let mut t = Driver::new();
    t.keys("L");
    assert_eq!(t.effects, []);
    assert!(t.notice().contains("the app signs in by itself"));
    says(&mut t, SessionEvent::NobodySignedIn { why: None });
    assert_eq!(t.app.session.auth, Auth::Unknown);
}

#[test]
fn signing_out_asks_and_takes_back_what_was_allowed() {
    let mut t = interactive((80, 24));
    t.app.session.writing = Writing::Allowed;
    t.keys("?").text("sign out");
    t.keys("<enter>");
    assert!(shows(&t, "Sign out of Contoso Ltd?"));
    t.keys("y");
    let req = t.asked();
    assert_eq!(t.effects, [Effect::SignOut { req }]);
    says(&mut t, SessionEvent::SignedOut { req });
    assert_eq!(t.app.session.auth, Auth::SignedOut);
    assert_eq!(t.app.session.writing, Writing::ReadOnly);
}
