//! Where nobody is signed in: what leads there, and what goes on after it.

use crate::app::Settings;
use crate::app::effect::Effect;
use crate::app::event::{SessionEvent, What};
use crate::app::fixture::{Driver, settings};
use crate::app::session::Auth;
use crate::domain::run::RunKind;
use crate::domain::sign_in::SignInWay;
use crate::view::screens::screen;

#[test]
fn a_sync_without_a_sign_in_asks_for_it_and_a_first_sign_in_reads_the_tenant() {
    let person = || Settings {
        sign_in: Some(SignInWay::DeviceCode),
        ..settings()
    };
    let mut t = Driver::with(person(), (80, 24));
    t.app.session.auth = Auth::SignedOut;
    assert!(
        screen(&t.app)[23].starts_with("L sign in  "),
        "{}",
        screen(&t.app)[23]
    );
    t.keys("s");
    assert!(
        matches!(t.effects[..], [Effect::SignIn { .. }]),
        "{:?}",
        t.effects
    );
    let req = t.asked();
    let account = "kim@contoso.example".to_owned();
    t.event(What::Session(SessionEvent::SignedIn {
        req,
        account: account.clone(),
    }));
    assert!(
        matches!(
            t.effects[..],
            [Effect::StartRun {
                kind: RunKind::Sync,
                ..
            }]
        ),
        "{:?}",
        t.effects
    );
    assert!(!screen(&t.app)[23].contains("L sign in"));
    // `L` alone: a tenant that was read stays as it is, one that never was is read.
    for (read, starts) in [(true, 0), (false, 1)] {
        let mut t = Driver::with(person(), (80, 24));
        if !read {
            t.desk(crate::roster::desk::Desk::default());
        }
        t.keys("L");
        let req = t.asked();
        t.event(What::Session(SessionEvent::SignedIn {
            req,
            account: account.clone(),
        }));
        let runs = t
            .effects
            .iter()
            .filter(|e| matches!(e, Effect::StartRun { .. }));
        assert_eq!(runs.count(), starts, "{:?}", t.effects);
    }
}
