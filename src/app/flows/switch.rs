//! Choosing among tenants, and what happens to runs, plans and forms once another is opened.

use std::sync::Arc;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::run::{Outcome, RunEvent, RunKind};
use crate::domain::settings::{NewTenant, SavedTenant, SignsIn, Start};

use crate::app::effect::Effect;
use crate::app::event::{RequestId, SessionEvent};
use crate::app::fixture::{Driver, at, desk, settings};
use crate::app::lifecycle::{Ending, Lifecycle};
use crate::app::pane::chooser::{Card, Counts, Facts};
use crate::app::pane::tenant::{NotSaved, TenantField};
use crate::app::session::Accent;
use crate::app::{App, Settings};
use crate::view::screens::screen;

use super::sign_in::{says, shows};
use super::{finished, run};

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
        lacks: None,
        saved: None,
    }
}

fn cards() -> Vec<Card> {
    let mut broken = card("zeta", "z.example", 0);
    broken.facts = Facts::Broken("ledger.db is damaged".to_owned());
    vec![
        card("contoso", "11111111-2222-4333-8444-555555555555", 0),
        card("fabrikam", "99999999-2222-4333-8444-555555555555", 3),
        broken,
    ]
}

pub(super) fn chosen(t: &mut Driver) {
    choosing(t, cards());
}

fn choosing(t: &mut Driver, cards: Vec<Card>) {
    t.keys("t");
    let req = t.asked();
    assert_eq!(t.effects, [Effect::ListTenants { req }]);
    let tenants = Ok(Arc::new(cards));
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
        "  fabrikam                      RO       2 h    23     2      3      1 99999999"
    );
    assert!(row("zeta").contains("! ledger.db is damaged"));
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

/// A console whose plan is being written.
fn writing() -> (Driver, RequestId) {
    let mut t = Driver::new();
    t.keys("p");
    let reading = t.asked();
    let plan = Box::new(crate::app::fixture::plan());
    run(&mut t, reading, RunEvent::PlanReady(plan));
    run(&mut t, reading, finished(Outcome::Done));
    t.keys("A");
    let writing = t.asked();
    (t, writing)
}

#[test]
fn a_run_that_writes_is_waited_for() {
    let (mut t, writing) = writing();
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
    let (mut t, writing) = writing();
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
    assert_eq!(
        t.notice(),
        "the demo has one tenant: quit, start without --demo, and c connects a real one"
    );
}

#[test]
fn a_tenant_that_is_not_finished_says_what_it_lacks_and_is_not_opened() {
    let mut t = Driver::new();
    t.keys("t");
    let req = t.asked();
    let mut first = card("first", "f.example", 0);
    first.lacks = Some("first lacks client_id".to_owned());
    let tenants = Ok(Arc::new(vec![first]));
    says(&mut t, SessionEvent::Tenants { req, tenants });
    t.text("first");
    t.keys("<enter>");
    assert_eq!(t.effects, []);
    assert_eq!(t.notice(), "first lacks client_id");
    assert_eq!(t.app.modals.len(), 1, "the chooser stays");
}

fn filled(t: &mut Driver) {
    t.text("adatum");
    t.keys("<tab>").text("adatum.example");
    t.keys("<tab> <tab>")
        .text("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
}

#[test]
fn a_tenant_is_added_from_the_chooser_and_its_screen_opened() {
    let mut t = Driver::new();
    chosen(&mut t);
    assert!(shows(&t, "Ctrl-N add a tenant"));
    t.keys("Ctrl-N <enter>");
    assert_eq!(t.effects, [], "nothing is typed yet");
    assert!(shows(&t, "a name has letters, digits"));
    filled(&mut t);
    t.keys("<enter>");
    let Some(Effect::AddTenant { req, new }) = t.effects.first().cloned() else {
        panic!("it was to be added: {:?}", t.effects);
    };
    assert_eq!(
        (new.name.as_str(), new.tenant_id.as_str()),
        ("adatum", "adatum.example")
    );
    // It is being written: neither Enter nor Esc does anything more.
    t.keys("<enter> <esc>");
    assert_eq!(t.effects, []);
    let failure = Failure::new(
        FailureKind::Config,
        "There is a tenant adatum already: give another name here, or change that one in the list of tenants, or in config.toml",
        "",
        "Nothing was changed.",
    );
    let why = Box::new(NotSaved::about(TenantField::Name, failure));
    says(&mut t, SessionEvent::TenantNotSaved { req, why });
    assert!(shows(&t, "There is a tenant adatum already"));
    assert!(shows(&t, "> Name here   adatum"), "the keys go to it");
    assert!(
        shows(&t, "  Client id   aaaaaaaa-bbbb"),
        "what was typed stays"
    );
    t.keys("<enter>");
    let req = t.asked();
    let notice = "adatum is in the configuration".to_owned();
    says(&mut t, SessionEvent::Done { req, notice });
    let name = "adatum".to_owned();
    assert_eq!(t.effects, [Effect::OpenTenant { name }]);
    assert_eq!(t.app.session.added.as_deref(), Some("adatum"));
}

#[test]
fn a_failure_of_before_does_not_stand_under_a_form() {
    let mut t = Driver::new();
    t.app.fail(super::failure());
    let line = super::failure().headline;
    assert!(shows(&t, &line));
    t.keys("Ctrl-N");
    assert!(!shows(&t, &line), "it is not what is wrong here");
    t.keys("<esc>");
    assert!(shows(&t, &line), "it was not read yet");
    // One that comes meanwhile is seen, without the keys that are the form's.
    t.keys("Ctrl-N");
    t.app.fail(super::failure());
    assert!(shows(&t, &line));
    assert!(!shows(&t, "Enter: what to do"));
}

#[test]
fn the_interrupt_asks_before_it_drops_what_was_typed_of_a_tenant() {
    let mut t = Driver::new();
    chosen(&mut t);
    t.keys("Ctrl-N").text("fab").keys("Ctrl-C");
    assert_eq!(t.effects, []);
    assert!(shows(&t, "it is lost when the console ends"));
    t.keys("n");
    assert!(shows(&t, "ADD A TENANT"));
    assert!(shows(&t, "fab"));
}

#[test]
fn a_tenant_that_was_saved_wrongly_is_mended_in_its_form() {
    let saved = |pinned: Option<&str>| SavedTenant {
        with: NewTenant {
            name: "fabrikam".to_owned(),
            display: None,
            tenant_id: "fabrikan.example".to_owned(),
            way: SignsIn::DeviceCode,
            client_id: None,
            file: None,
            start: Start::ReadOnly,
        },
        identity: None,
        pinned: pinned.map(str::to_owned),
    };
    let open = |saved: SavedTenant| {
        let mut t = Driver::new();
        let mut cards = cards();
        cards[1].saved = Some(Box::new(saved));
        choosing(&mut t, cards);
        t.keys("<down> Ctrl-E");
        t
    };
    let mut t = open(saved(None));
    assert!(shows(&t, "EDIT A TENANT  fabrikam"));
    assert!(!shows(&t, "Name here"), "the name is that of its files");
    t.keys("<enter>");
    assert_eq!(
        (t.effects.len(), t.notice()),
        (0, "nothing was changed".to_owned())
    );
    t.keys("Ctrl-E Ctrl-U").text("fabrikam.example");
    t.keys("<esc> n");
    t.keys("<tab> <right> <tab>")
        .text("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
    t.keys("<enter>");
    let Some(Effect::EditTenant { req, new }) = t.effects.first().cloned() else {
        panic!("it was to be changed: {:?}", t.effects);
    };
    assert_eq!(new.tenant_id, "fabrikam.example");
    assert_eq!((new.name.as_str(), new.way), ("fabrikam", SignsIn::Browser));
    let notice = "fabrikam is changed in the configuration".to_owned();
    says(&mut t, SessionEvent::Done { req, notice });
    assert!(matches!(t.effects.as_slice(), [Effect::ListTenants { .. }]));
    assert!(shows(&t, "TENANTS"), "the list is there again");
    // The address of a tenant that was read is what its files belong to.
    let mut t = open(saved(Some("Fabrikam Ltd")));
    t.keys("Ctrl-U").text("other.example");
    assert!(shows(&t, "fabrikan.example"));
    assert!(shows(&t, "those of Fabrikam Ltd"));
    t.keys("<esc>");
    assert!(shows(&t, "TENANTS"), "nothing was typed");
}

#[test]
fn the_tenant_of_this_screen_is_opened_anew_after_its_form_and_says_so() {
    let mut t = Driver::new();
    let mut cards = cards();
    cards[0].saved = Some(Box::new(SavedTenant {
        with: NewTenant {
            name: "contoso".to_owned(),
            display: None,
            tenant_id: "contoso.example".to_owned(),
            way: SignsIn::DeviceCode,
            client_id: None,
            file: None,
            start: Start::ReadOnly,
        },
        identity: None,
        pinned: None,
    }));
    choosing(&mut t, cards);
    // It is not removed while it is open: the key is named as on other rows, and says why.
    assert!(shows(&t, "Ctrl-X remove it"));
    t.keys("Ctrl-X");
    assert_eq!(
        t.notice(),
        "contoso is open here: open another one first, then remove it"
    );
    t.keys("Ctrl-E Ctrl-U").text("contoso2.example");
    t.keys("<enter>");
    let Some(Effect::EditTenant { req, .. }) = t.effects.first().cloned() else {
        panic!("it was to be changed: {:?}", t.effects);
    };
    let notice = "saved".to_owned();
    says(&mut t, SessionEvent::Done { req, notice });
    let name = "contoso".to_owned();
    assert_eq!(t.effects, [Effect::OpenTenant { name }]);
    assert_eq!(t.app.session.edited.as_deref(), Some("contoso"));
    let anew = Settings {
        edited: true,
        ..settings()
    };
    let mut app = App::new(anew, (80, 24));
    assert_eq!(app.start(at(0)), []);
    t.app = app;
    let said = "saved: contoso is open anew, as it is now configured";
    assert_eq!(t.notice(), said);
    assert!(shows(&t, said), "whole, on a narrow screen");
    // Where somebody has to sign in, both are said.
    t.app.settings.sign_in = Some(crate::domain::sign_in::SignInWay::Browser);
    for said in ["saved: contoso; sign-in needed", "sign-in needed"] {
        says(&mut t, SessionEvent::NobodySignedIn { why: None });
        assert_eq!(t.notice(), format!("{said}: L signs in"));
    }
}

#[test]
fn a_tenant_that_is_added_waits_for_what_is_being_written_here() {
    let (mut t, writing) = writing();
    t.keys("Ctrl-N");
    filled(&mut t);
    t.keys("<enter>");
    let req = t.asked();
    let notice = "adatum is in the configuration".to_owned();
    says(&mut t, SessionEvent::Done { req, notice });
    assert_eq!(t.effects, []);
    assert!(shows(&t, "writes: it is waited for"));
    // Whoever stays finds it in the list.
    t.keys("n");
    assert_eq!(t.notice(), "adatum is in the configuration; t lists it");
    run(&mut t, writing, finished(Outcome::Done));
    assert_eq!(t.questions(), [], "it was not wanted");
}

#[test]
fn a_form_of_a_new_tenant_is_not_thrown_away_by_one_key() {
    let mut t = Driver::new();
    t.keys("Ctrl-N <esc>");
    assert_eq!(t.app.modals, []);
    t.keys("Ctrl-N").text("a");
    t.keys("<esc>");
    assert_eq!(t.app.place(), crate::app::action::Place::Confirm);
    t.keys("n");
    assert!(shows(&t, "> Name here   a"));
    t.keys("<esc> y");
    assert_eq!(t.app.modals, []);
}

#[test]
fn a_tenant_that_was_just_added_asks_to_sign_in_and_names_the_administrators_page() {
    let page = "https://login.example/adatum.example/adminconsent?client_id=a";
    let first = Settings {
        first: Some(Some(page.to_owned())),
        sign_in: Some(crate::domain::sign_in::SignInWay::DeviceCode),
        ..settings()
    };
    let mut t = Driver::with(first.clone(), (80, 24));
    let mut app = App::new(first, (80, 24));
    let effects = app.start(at(0));
    let [Effect::SignIn { req, .. }] = effects.as_slice() else {
        panic!("somebody was to sign in: {effects:?}");
    };
    let req = *req;
    t.app = app;
    let prompt = Box::new(super::sign_in::code(600));
    says(&mut t, SessionEvent::Prompted { req, prompt });
    assert!(shows(&t, page), "{:?}", screen(&t.app));
    // The app needs nobody.
    let alone = Settings {
        first: Some(None),
        sign_in: None,
        ..settings()
    };
    let mut app = App::new(alone, (80, 24));
    assert_eq!(app.start(at(0)), []);
}
