//! A console that is open while other programs change the same files.

use crate::support::program::Tour;
use crate::support::pty::Terminal;

fn open(tour: &Tour) -> Terminal {
    Terminal::start(
        tour.home.path(),
        &["--tenant", "contoso"],
        Some(tour.bench.simulator.client_secret()),
        (80, 24),
    )
}

const SAYS: &str = "another session has changed something";

#[tokio::test(flavor = "multi_thread")]
async fn what_another_session_changes_is_shown_without_a_key() {
    let tour = Tour::new("").await;
    for (who, number) in [
        ("lee@contoso.example", "+441235123480"),
        ("joni@contoso.example", "+441235123481"),
    ] {
        tour.good(&["users", "add", who, "--number", number]);
    }
    let mut terminal = open(&tour);
    terminal.wait_for("4 Changes 2");
    terminal.press("4");
    terminal.wait_for("+44 1235 123481");
    tour.good(&["outbox", "drop", "1"]);
    terminal.wait_for("4 Changes 1");
    terminal.wait_for(SAYS);
    // What the engineer does now is about what is there.
    terminal.press("* u");
    terminal.wait_for("1 change");
    terminal.press("y");
    terminal.wait_until("nothing is queued", |screen| !screen.contains("Changes 1"));
    // A second console, and a run out of cron.
    let other = open(&tour);
    other.wait_for("Joni Sherman");
    terminal.press("1");
    terminal.wait_for("Joni Sherman");
    tour.good(&[
        "users",
        "edit",
        "joni@contoso.example",
        "--number",
        "+441235123482",
    ]);
    for console in [&terminal, &other] {
        console.wait_for("4 Changes 1");
    }
    let ended = tour.call(&["sync", "--yes"]);
    assert!(ended.err.contains("1 written"), "{ended:?}");
    for console in [&terminal, &other] {
        console.wait_until("it was written", |screen| !screen.contains("Changes 1"));
    }
}

const LEE: &str = "lee@contoso.example";

/// A tenant of which Lee Gu is on the list, and a console over it.
async fn with_lee() -> (Tour, Terminal) {
    let tour = Tour::new("").await;
    tour.good(&["users", "add", LEE]);
    let terminal = open(&tour);
    terminal.wait_for("Lee Gu");
    (tour, terminal)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_session_saves_is_not_overwritten_without_a_word() {
    let (tour, mut terminal) = with_lee().await;
    terminal.press("e tab tab tab tab ctrl-u LG");
    terminal.wait_for("> Name        LG");
    tour.good(&["users", "edit", LEE, "--name", "Gu-of-Leeds"]);
    // Whether the screen knows of it already or the ledger says so: it is not saved, and the next Enter asks.
    terminal.press("enter");
    terminal.wait_for("is now Gu-of-Leeds");
    let shown = tour.good(&["users", "show", LEE]);
    assert!(shown.contains("Gu-of-Leeds"), "{shown}");
    if !terminal
        .screen()
        .contents()
        .contains("Replace what somebody else")
    {
        terminal.wait_for("saving asks");
        terminal.press("enter");
    }
    terminal.wait_for("Replace what somebody else has entered?");
    terminal.press("y");
    terminal.wait_for("LG saved");
    let shown = tour.good(&["users", "show", LEE]);
    assert!(shown.contains("LG"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_session_queues_while_a_removal_is_asked_about_is_not_dropped_unseen() {
    let (tour, mut terminal) = with_lee().await;
    terminal.press("d");
    let screen = terminal.wait_for("Remove Lee Gu here?");
    assert!(!screen.contains("dropped"), "{screen}");
    tour.good(&["users", "edit", LEE, "--number", "+441235123480"]);
    // The question that stands is not about it: Lee stays, and the next question names it.
    let screen = terminal.wait_for("4 Changes 1");
    assert!(!screen.contains("dropped"), "{screen}");
    terminal.press("y");
    terminal.wait_for("This is queued, and is dropped by it:");
    terminal.wait_for("number +44 1235 123480");
    let queued = tour.good(&["outbox", "list"]);
    assert!(queued.contains("+44 1235 123480"), "{queued}");
    // The command line names what goes as well.
    let told = tour.call(&["users", "remove", LEE]).err;
    assert!(told.contains("Lee Gu removed; dropped: "), "{told}");
    assert!(told.contains(": number +44 1235 123480"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_number_is_chosen_in_the_form_and_refused_where_another_session_has_it_by_now() {
    let joni = "joni@contoso.example";
    let tour = Tour::new("").await;
    for who in [LEE, joni] {
        tour.good(&["users", "add", who]);
    }
    let mut terminal = open(&tour);
    terminal.wait_for("Joni Sherman");
    // The free ones are known when all are.
    terminal.wait_for("6 Numbers 28");
    terminal.press("/ joni enter e");
    terminal.wait_for("Ctrl-F free numbers");
    terminal.press("ctrl-f");
    let screen = terminal.wait_for("FREE NUMBERS for Joni Sherman");
    let first = screen
        .lines()
        .skip_while(|row| !row.contains("FREE NUMBERS"))
        .nth(3)
        .unwrap();
    let number = first.trim().split("   ").next().unwrap().to_owned();
    terminal.press("enter");
    terminal.wait_for(&format!("> Number      {number}"));
    let compact: String = number.split(' ').collect();
    tour.good(&["users", "edit", LEE, "--number", &compact]);
    terminal.press("enter");
    let screen = terminal.wait_until("it is refused, with who gets it", |screen| {
        screen.contains("Lee Gu")
            && (screen.contains("promised to Lee Gu") || screen.contains("Lee Gu (queued)"))
    });
    assert!(screen.contains("> Number"), "{screen}");
    let queued = tour.good(&["outbox", "list"]);
    assert_eq!(queued.matches(&number).count(), 1, "{queued}");
}

/// What is compared is what was shown before the question, however long its answer takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_plain_console_puts_no_name_over_one_that_was_saved_since_it_was_shown() {
    let tour = Tour::new("").await;
    tour.good(&["users", "add", LEE]);
    let mut terminal = Terminal::start(
        tour.home.path(),
        &["--tenant", "contoso", "--plain"],
        Some(tour.bench.simulator.client_secret()),
        (100, 90),
    );
    terminal.wait_for("contoso>");
    terminal.press(&format!("5 enter {LEE} enter"));
    terminal.wait_for("Which? Enter goes back:");
    terminal.press("4 enter");
    terminal.wait_for("Name; Enter leaves it:");
    tour.good(&["users", "edit", LEE, "--name", "LG"]);
    terminal.press("Leo enter");
    terminal.wait_for("the name of this user is now LG");
    // It is shown as it is now, and the same again is meant.
    terminal.wait_until("the name that is there", |screen| {
        screen
            .lines()
            .any(|line| line.starts_with("name") && line.ends_with("LG"))
    });
    terminal.press("4 enter Leo enter");
    terminal.wait_for("Leo saved");
}
