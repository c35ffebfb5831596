//! Signing in by key, its time counted down, its ends; opening another tenant.

use std::sync::Arc;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::run::{Outcome, Phase, RunEvent, RunId, RunKind};
use crate::domain::sign_in::{Prompt, PromptWay, SignInWay};

use crate::app::action::Place;
use crate::app::effect::Effect;
use crate::app::event::{Event, RequestId, SessionEvent, SignInEnd, What};
use crate::app::fixture::{Driver, at, desk, settings};
use crate::app::lifecycle::{Ending, Lifecycle};
use crate::app::pane::chooser::{Card, Counts, Facts};
use crate::app::session::{Accent, Attempt, Auth, Purpose, Writing};
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

fn says(t: &mut Driver, event: SessionEvent) {
    t.event(What::Session(event));
}

pub(super) fn prompted(t: &mut Driver, prompt: Prompt) -> RequestId {
    let req = t.asked();
    let prompt = Box::new(prompt);
    says(t, SessionEvent::Prompted { req, prompt });
    req
}

fn shows(t: &Driver, text: &str) -> bool {
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
        "run 13 debug sync waits for a sign-in: L signs in and it goes on where it is, c cancels (the sign-in was revoked)"
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
fn esc_on_the_sign_in_that_a_run_waits_for_ends_the_run() {
    let (mut t, running) = waiting();
    t.keys("L");
    let req = t.asked();
    t.keys("<esc>");
    assert_eq!(
        t.effects,
        [
            Effect::CancelSignIn { req },
            Effect::CancelRun { req: running }
        ]
    );
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

fn card(name: &str, tenant: &str, queued: usize) -> Card {
    Card {
        name: name.to_owned(),
        label: name.to_owned(),
        tenant: tenant.to_owned(),
        domains: vec![format!("{name}.example")],
        read_only: true,
        accent: Some(Accent::Green),
        facts: Facts::Known(Counts {
            read_at: Some(at(-7200)),
            users: 23,
            unlicensed: 2,
            queued,
            failed: 1,
        }),
    }
}

pub(super) fn chosen(t: &mut Driver) {
    t.keys("t");
    let req = t.asked();
    assert_eq!(t.effects, [Effect::ListTenants { req }]);
    let mut broken = card("zeta", "z.example", 0);
    broken.facts = Facts::Broken("ledger.db is damaged".to_owned());
    let tenants = vec![
        card("contoso", "11111111-2222-4333-8444-555555555555", 0),
        card("fabrikam", "99999999-2222-4333-8444-555555555555", 3),
        broken,
    ];
    let tenants = Ok(Arc::new(tenants));
    says(t, SessionEvent::Tenants { req, tenants });
}

#[test]
fn tenants_are_found_by_name_domain_and_id_and_opened() {
    for typed in ["fabri", "FABRIKAM.example", "99999999"] {
        let mut t = Driver::new();
        chosen(&mut t);
        t.text(typed);
        t.keys("<enter>");
        let name = "fabrikam".to_owned();
        assert_eq!(t.effects, [Effect::OpenTenant { name }], "{typed}");
        let why = Ending::Switch;
        assert_eq!(t.app.lifecycle(), Lifecycle::Draining { why });
        t.keys("s A y <enter>");
        assert_eq!(t.effects, [], "keys do nothing any more");
    }
    let mut t = Driver::new();
    chosen(&mut t);
    t.keys("<enter>");
    assert_eq!(t.effects, [], "this tenant is open already");
}

#[test]
fn all_tenants_stand_in_columns() {
    let mut t = Driver::new();
    chosen(&mut t);
    let rows = screen(&t.app);
    let row = |text: &str| rows.iter().find(|row| row.contains(text)).unwrap().clone();
    assert_eq!(
        row("fabrikam"),
        "  fabrikam                 RO       2 h    23     2      3      1"
    );
    assert!(row("zeta").contains("! damaged: ledger.db is damaged"));
    let mut t = Driver::sized((140, 40));
    chosen(&mut t);
    let rows = screen(&t.app);
    let row = rows.iter().find(|row| row.contains("fabrikam")).unwrap();
    assert!(row.contains("green"), "the colour has its word: {row}");
    assert!(
        row.contains("99999999-2222-4333-8444-555555555555"),
        "{row}"
    );
}

#[test]
fn a_plan_that_is_open_cannot_be_applied_once_another_tenant_is_opened() {
    let mut t = Driver::new();
    t.keys("p");
    let reading = t.asked();
    let plan = Box::new(crate::app::fixture::plan());
    let ready = crate::domain::run::RunEvent::PlanReady(plan);
    run(&mut t, reading, ready);
    run(&mut t, reading, finished(Outcome::Done));
    assert!(shows(&t, "PLAN  Contoso Ltd 11111111"));
    // Called over the plan and left, the chooser leaves it as it was.
    chosen(&mut t);
    t.keys("<esc>");
    assert!(shows(&t, "PLAN  Contoso Ltd 11111111"));
    chosen(&mut t);
    t.text("fabri");
    t.keys("<enter>");
    assert_eq!(t.effects, [], "it asks first");
    assert!(shows(
        &t,
        "The plan of Contoso Ltd is closed and nothing of it is written"
    ));
    t.keys("n <esc>");
    assert!(shows(&t, "PLAN  Contoso Ltd 11111111"));
    chosen(&mut t);
    t.text("fabri");
    t.keys("<enter> y");
    let name = "fabrikam".to_owned();
    assert_eq!(t.effects, [Effect::OpenTenant { name }]);
    t.keys("p A y <enter>");
    assert_eq!(t.effects, [], "the screen that is left takes no key");
    let other = Driver::empty(
        crate::app::Settings {
            tenant_label: "fabrikam".to_owned(),
            ..crate::app::fixture::settings()
        },
        (80, 24),
    );
    assert_eq!(other.app.plan, None);
}

#[test]
fn a_run_that_reads_is_cancelled_after_asking() {
    let mut t = Driver::new();
    t.keys("s");
    let run = t.asked();
    chosen(&mut t);
    t.text("fabri");
    t.keys("<enter>");
    assert_eq!(t.effects, []);
    assert!(shows(&t, "sync only reads: it is cancelled"));
    t.keys("y");
    let name = "fabrikam".to_owned();
    assert_eq!(
        t.effects,
        [Effect::CancelRun { req: run }, Effect::OpenTenant { name }]
    );
}

#[test]
fn a_run_that_writes_is_waited_for() {
    let mut t = Driver::new();
    t.keys("p");
    let reading = t.asked();
    let plan = Box::new(crate::app::fixture::plan());
    run(&mut t, reading, RunEvent::PlanReady(plan));
    run(&mut t, reading, finished(Outcome::Done));
    t.keys("A");
    let writing = t.asked();
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::StartRun {
            kind: RunKind::Apply { .. },
            ..
        }]
    ));
    chosen(&mut t);
    t.text("fabri");
    t.keys("<enter>");
    assert!(shows(&t, "writes: it is waited for"));
    t.keys("y");
    assert_eq!(t.effects, [], "nothing is cancelled");
    assert!(t.notice().contains("fabrikam is opened when"));
    run(&mut t, writing, finished(Outcome::Done));
    let name = "fabrikam".to_owned();
    assert_eq!(t.effects, [Effect::OpenTenant { name }]);
}

#[test]
fn a_writing_run_that_waits_for_a_person_says_so() {
    let mut t = Driver::new();
    t.keys("p");
    let reading = t.asked();
    let plan = Box::new(crate::app::fixture::plan());
    run(&mut t, reading, RunEvent::PlanReady(plan));
    run(&mut t, reading, finished(Outcome::Done));
    t.keys("A");
    let writing = t.asked();
    let why = Failure::new(FailureKind::SignIn, "the sign-in was revoked", "", "");
    run(&mut t, writing, RunEvent::SignInNeeded { why });
    chosen(&mut t);
    t.text("fabri");
    t.keys("<enter>");
    assert!(shows(&t, "writes, and waits for somebody to sign in"));
    assert!(shows(&t, "L signs in and it goes on; c ends it"));
    t.keys("y");
    assert_eq!(t.effects, []);
    assert_eq!(
        t.notice(),
        "fabrikam is opened when apply has ended: it waits for a sign-in, L; c ends it"
    );
}

#[test]
fn a_form_that_is_open_is_kept_as_a_draft() {
    let mut t = Driver::new();
    t.keys("s");
    chosen(&mut t);
    // The chooser works in panes only, so a form can be open only under a switch that waited.
    t.keys("<esc> e 9");
    t.app.session.then_open = Some("fabrikam".to_owned());
    let running = t.app.runs.active().unwrap().req;
    run(&mut t, running, finished(Outcome::Done));
    assert!(matches!(
        t.effects.as_slice(),
        [
            Effect::KeepDraft { text: Some(_), .. },
            Effect::OpenTenant { .. }
        ]
    ));
}

#[test]
fn an_answer_to_the_tenant_before_means_nothing_to_the_next() {
    let mut before = Driver::new();
    before.keys("s");
    let old = before.asked();
    let mut after = Driver::empty(settings(), (80, 24));
    after.app = App::new(settings(), (80, 24)).numbered_from(1 << 32);
    after.desk(desk());
    after.keys("s");
    assert!(after.asked() > RequestId(1 << 32));
    let known = after.app.clone();
    run(&mut after, old, finished(Outcome::Cancelled));
    assert_eq!(after.effects, []);
    assert_eq!(after.app.runs, known.runs);
    assert_eq!(after.app.notice, known.notice);
}

#[test]
fn the_demo_says_that_it_has_one_tenant() {
    let mut t = Driver::with(
        Settings {
            demo: true,
            ..settings()
        },
        (80, 24),
    );
    t.keys("t");
    assert_eq!(t.notice(), "the demo has one tenant: this one");
}
