//! What stands above every pane: which tenant, by which name, on whose clock.

use crate::app::Settings;
use crate::app::event::{CacheEvent, What};
use crate::app::fixture::{Driver, plan, settings};
use crate::domain::run::RunEvent;

use super::screens::screen;

fn says(t: &mut Driver, event: RunEvent) {
    let req = t.app.runs.active().expect("a run is going").req;
    t.event(What::Run { req, event });
}

#[test]
fn a_narrow_header_has_the_id_where_there_is_room_or_the_name_is_anothers_too() {
    for (has_namesake, account, shown) in [
        (false, "j.smith@msp.example", false),
        (true, "j.smith@msp.example", true),
        (false, "", true),
    ] {
        let t = Driver::with(
            Settings {
                has_namesake,
                account: account.to_owned(),
                ..settings()
            },
            (80, 24),
        );
        let rows = screen(&t.app);
        assert!(rows[0].starts_with("Contoso Ltd"), "{}", rows[0]);
        assert_eq!(rows[0].contains("11111111"), shown, "{}", rows[0]);
        assert!(rows[0].contains("read "), "{}", rows[0]);
    }
}

#[test]
fn a_long_name_is_cut_last_and_in_its_middle() {
    let header = |name: &str, width| {
        let t = Driver::with(
            Settings {
                name: Some(name.to_owned()),
                ..settings()
            },
            (width, 24),
        );
        screen(&t.app)[0].clone()
    };
    let [alpha, beta] = ["Alpha", "Beta"].map(|end| format!("Northern Region Hospitals {end}"));
    assert!(header(&alpha, 80).starts_with(&format!("{alpha}   READ-WRITE ")));
    for width in [60, 80] {
        assert_ne!(header(&alpha, width), header(&beta, width));
        assert!(header(&beta, width).contains("Beta   READ-WRITE "));
    }
    let longer = header(&format!("The United {alpha} and {beta}"), 80);
    assert!(
        longer.contains('…') && longer.contains("Hospitals Beta   READ-WRITE "),
        "{longer}"
    );
}

#[test]
fn the_name_of_the_configuration_stands_everywhere_and_is_what_is_typed() {
    let mut t = Driver::with(
        Settings {
            name: Some("Contoso North".to_owned()),
            ..settings()
        },
        (80, 24),
    );
    assert_eq!(t.app.title(), "Contoso North RW");
    t.keys("p");
    let req = t.asked();
    let mut many = plan();
    many.limit = 0;
    let event = RunEvent::PlanReady(Box::new(many));
    t.event(What::Run { req, event });
    let shows = |t: &Driver, text: &str| {
        let shown = screen(&t.app).join("\n");
        assert!(shown.contains(text), "{text}\n{shown}");
    };
    shows(&t, "PLAN  Contoso North 11111111");
    t.keys("A");
    shows(&t, "changes to Contoso North?");
    shows(&t, "Type the tenant's name, Contoso North, then Enter:");
    t.text("Contoso Ltd").keys("<enter>");
    assert_eq!(t.notice(), "that is not the tenant's name: Contoso North");
    t.keys("Ctrl-U").text("Contoso North").keys("<enter>");
    assert_eq!(t.app.modals.len(), 0);
    t.keys("T");
    shows(&t, "TENANT SETTINGS  Contoso North");
}

#[test]
fn a_clock_that_is_wrong_is_said_in_the_header() {
    let mut t = Driver::new();
    t.keys("s");
    for (ahead, shown) in [
        (60, None),
        (61, Some("! clock 61 s behind  seats 5/25")),
        (-180, Some("! clock 3 min ahead  seats 5/25")),
        (-200_000, Some("! clock 2 days ahead  seats 5/25")),
        (-59, None),
    ] {
        says(&mut t, RunEvent::ServerTime { ahead });
        let header = &screen(&t.app)[0];
        match shown {
            Some(words) => assert!(header.contains(words), "{header}"),
            None => assert!(!header.contains("clock"), "{header}"),
        }
    }
}

#[test]
fn nobody_is_nowhere_while_the_rows_of_the_first_sync_are_awaited() {
    let mut t = Driver::empty(settings(), (80, 24));
    t.keys("2 f s");
    says(&mut t, RunEvent::SnapshotChanged);
    t.keys("/").text("zoe");
    let row = screen(&t.app)[2].clone();
    assert!(
        row.contains("0 so far: the tenant's users are being loaded"),
        "{row}"
    );
    t.event(What::Cache(CacheEvent::Roster(std::sync::Arc::new(
        crate::app::fixture::roster(),
    ))));
    let row = screen(&t.app)[2].clone();
    assert!(row.contains("nobody anywhere"), "{row}");
}
