//! Key scripts: what is typed, and what the console asks for.

mod bulk;
mod drafts;
mod earlier;
mod filter;
mod form;
mod listed;
mod logs;
mod many;
mod mending;
mod people;
mod plan;
mod review;
mod runs;
mod said;
mod screen;
mod settings;
mod sign_in;
mod signed_out;
mod stock;
mod switch;
mod tables;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::run::{Outcome, RunEvent, Summary};

use super::effect::{Effect, LedgerChange};
use super::event::{RequestId, What};
use super::fixture::Driver;

pub(crate) fn run(t: &mut Driver, req: RequestId, event: RunEvent) {
    t.event(What::Run { req, event });
}

pub(crate) fn finished(outcome: Outcome) -> RunEvent {
    RunEvent::Finished {
        outcome,
        summary: Summary::default(),
    }
}

/// The change that the only effect asks of the ledger.
pub(crate) fn change(t: &Driver) -> LedgerChange {
    match t.questions().as_slice() {
        [Effect::Ledger { change, .. }] => change.clone(),
        other => panic!("one change was expected: {other:?}"),
    }
}

pub(crate) fn failure() -> Failure {
    Failure::new(
        FailureKind::TryAgain,
        "the ledger is busy",
        "locked",
        "try again",
    )
}

pub(crate) fn here(t: &Driver) -> String {
    t.app
        .users
        .row(&t.app.desk)
        .map(|row| row.user.name.clone())
        .unwrap_or_default()
}

mod any {
    use proptest::prelude::*;

    use super::*;
    use crate::app::event::{CacheEvent, Code, Key, LedgerEvent, What};
    use crate::app::fixture::{Driver, plan, why_alex};
    use crate::view::screens::screen;

    fn keys() -> impl Strategy<Value = Key> {
        let letters = "jkgGaAedwrsSpuofycqWxmtnLbY/:?*1234 -+09!@.zKIXPTZ".chars();
        let mut all: Vec<Key> = letters.map(|c| Code::Char(c).into()).collect();
        for code in [
            Code::Enter,
            Code::Enter,
            Code::Esc,
            Code::Tab,
            Code::BackTab,
            Code::Backspace,
            Code::Up,
            Code::Down,
            Code::Left,
            Code::Right,
            Code::PageUp,
            Code::PageDown,
            Code::Home,
            Code::End,
            Code::Delete,
        ] {
            all.push(code.into());
        }
        all.push(Key {
            code: Code::Char('t'),
            ctrl: true,
        });
        prop::sample::select(all)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn sequence_of_keys_never_panics(
            typed in prop::collection::vec(keys(), 1..60),
            wide in any::<bool>(),
        ) {
            let mut t = Driver::sized(if wide { (140, 40) } else { (80, 24) });
            for (n, key) in typed.into_iter().enumerate() {
                t.event(What::Key(key));
                // Some questions are answered, so that the states behind them are reached.
                let open = t.effects.clone();
                for effect in open {
                    match effect {
                        Effect::Ledger { req, .. } if n % 2 == 0 => { t.saved(req); }
                        Effect::Judge { req, .. } => {
                            let failure = failure();
                            t.event(What::Ledger(LedgerEvent::Refused { req, failure }));
                        }
                        Effect::Explain { req, .. } => {
                            t.event(What::Cache(CacheEvent::Why { req, why: Box::new(why_alex()) }));
                        }
                        Effect::StartRun { req, .. } => {
                            run(&mut t, req, RunEvent::PlanReady(Box::new(plan())));
                            if n % 2 == 0 {
                                run(&mut t, req, finished(Outcome::Done));
                            }
                        }
                        _ => {}
                    }
                }
                if n % 8 == 0 {
                    screen(&t.app);
                }
            }
            screen(&t.app);
        }
    }

    /// Lines of drafts as this version writes them, as others might, and none at all.
    fn lines() -> impl Strategy<Value = String> {
        let field = prop::sample::select(vec![
            "name",
            "mail",
            "number",
            "kind",
            "country",
            "association",
            "users",
            "users/filter",
            "numbers",
            "users/columns",
            "later",
        ]);
        let value = prop_oneof![
            "\\PC{0,40}",
            any::<String>(),
            Just("matched:07070707-0707-0707-0707-070707070707".to_owned()),
            Just("matched:nobody".to_owned()),
            Just("manual:".to_owned()),
            Just("+441235123455".to_owned()),
            Just("trunk".to_owned()),
        ];
        (field, value, any::<bool>()).prop_map(|(field, value, is_whole)| {
            if is_whole {
                format!("{field}={value}")
            } else {
                value
            }
        })
    }

    fn draft() -> impl Strategy<Value = (String, String)> {
        let key = prop_oneof![
            (0..9_u8).prop_map(|id| format!("edit:{id}")),
            Just("add".to_owned()),
            Just("tables".to_owned()),
            Just("edit:".to_owned()),
            Just("edit:-99999999999999999999".to_owned()),
            any::<String>(),
        ];
        let text = prop::collection::vec(lines(), 0..9).prop_map(|all| all.join("\n"));
        (key, text)
    }

    proptest! {
        #![proptest_config(ProptestConfig::default())]

        /// Whatever is kept, by whatever version: it is offered or passed over, and nothing throws it away before somebody has
        /// decided.
        #[test]
        fn whatever_is_kept_is_opened_or_left_alone(
            kept in prop::collection::vec(draft(), 1..4),
            typed in prop::collection::vec(keys(), 0..20),
        ) {
            let mut t = Driver::new();
            let thrown = |t: &Driver, text: &str| {
                let keeps = |effect: &Effect| matches!(effect, Effect::KeepDraft { text: Some(kept), .. } if kept == text);
                let throws = |effect: &Effect| matches!(effect, Effect::KeepDraft { text: None, .. });
                t.effects.iter().any(throws) && !t.effects.iter().any(keeps)
            };
            for (key, text) in kept {
                t.event(What::Ledger(LedgerEvent::Draft { key, text: text.clone() }));
                assert!(!thrown(&t, &text), "{:?}", t.effects);
            }
            screen(&t.app);
            for key in ["A", "<esc>", "n", "e"] {
                t.keys(key).event(What::Wake);
                assert!(!thrown(&t, ""), "{key}: {:?}", t.effects);
                screen(&t.app);
            }
            for key in typed {
                t.event(What::Key(key)).event(What::Wake);
            }
            screen(&t.app);
            t.event(What::Hangup);
        }
    }
}

/// Screens that keys alone do not lead to, at 80x24: each with its name.
pub(crate) fn answered() -> Vec<(&'static str, Driver)> {
    let mut code = sign_in::asking();
    sign_in::prompted(&mut code, sign_in::code(600));
    let mut browser = sign_in::asking();
    sign_in::prompted(&mut browser, sign_in::browser());
    let mut chooser = Driver::new();
    switch::chosen(&mut chooser);
    let mut many = many::marked();
    many.keys("g <space> <space> G <space> e");
    let mut preview = many::marked();
    preview.keys("g <space> <space> G <space> e");
    preview.text("+441235123471..");
    preview.keys("<enter>");
    let mut left_out = bulk::reviewing();
    left_out.keys("P");
    vec![
        ("code", code),
        ("browser", browser),
        ("chooser", chooser),
        ("earlier", earlier::opened((80, 24))),
        ("many", many),
        ("preview", preview),
        ("review", bulk::reviewing()),
        ("left out", left_out),
    ]
}
