//! Pane 2 over 10,000, 100,000 and a million users: what a key costs, what all of it costs, against SQLite's `LIKE`.
//!
//! `cargo bench --bench filter` prints ratios that were measured in one run, the one after the other in turn; `-- 100000` takes as
//! many users at most. Nothing is asserted: a busy machine is no failure, and beside the time that passed stands that of the
//! processors, which others cannot take.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints what it has measured by the clock"
)]

#[path = "crowd/mod.rs"]
mod crowd;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use rusqlite::Connection;
use teamsconnector::app::event::{CacheEvent, Code, Event, What};
use teamsconnector::app::pane::candidates::Sort;
use teamsconnector::app::pane::rows::{Ask, Rows, Since};
use teamsconnector::app::tables::Direction;
use teamsconnector::app::{App, Settings};
use teamsconnector::roster::Roster;
use teamsconnector::roster::search::Scope;
use teamsconnector::roster::table::Unsorted;
use teamsconnector::view::{draw, theme::Theme};

use crowd::{FIRST, LAST, Random};

/// Prefixes that are looked for.
const QUERIES: usize = 600;

fn main() {
    let most = std::env::args().find_map(|arg| arg.parse().ok());
    let most: u32 = most.unwrap_or(1_000_000);
    let before = resident();
    let roster = roster(most);
    let table = resident().saturating_sub(before);
    println!(
        "table of {most} users: {:.0} B a user resident",
        1024.0 * f64::from(table) / f64::from(most)
    );
    for of in [10_000, 100_000, 1_000_000] {
        if of <= most {
            keys(of);
        }
    }
    against_like(most, &roster);
    orders(&roster);
    frames(most, roster);
}

fn roster(of: u32) -> Roster {
    let mut rows = Unsorted::default();
    for n in 0..of {
        crowd::with(n, |row| rows.push(row));
    }
    let roster = Roster::sorted(1, rows);
    black_box(roster.clone().with_doubts());
    roster
}

/// Kibibytes of the process that are in memory.
fn resident() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    kib.unwrap_or(0)
}

fn ask(text: &str) -> Ask {
    Ask {
        text: text.to_owned(),
        scope: Scope::everyone(),
        sort: Sort::Name,
        direction: Direction::Up,
        configured: Arc::default(),
        order: None,
        among: None,
    }
}

/// A word that stands somewhere in the data.
fn word(random: &mut Random) -> String {
    match random.below(4) {
        0 => FIRST[random.below(FIRST.len())].to_lowercase(),
        1 => LAST[random.below(LAST.len())].to_lowercase(),
        2 => format!("u{:06}", random.below(1_000_000)),
        _ => format!("441235{:06}", random.below(1_000_000)),
    }
}

/// Prefixes of words in the data, one in ten of them of no word.
fn queries() -> Vec<String> {
    let mut random = Random(7);
    let one = |n: usize| {
        let mut text = word(&mut random);
        let letters = 1 + random.below(text.chars().count());
        text = text.chars().take(letters).collect();
        if n.is_multiple_of(10) {
            text.push_str("qxz");
        }
        text
    };
    (0..QUERIES).map(one).collect()
}

/// How long something took, by the clock and by the processors.
fn timed(times: &mut Times, what: impl FnOnce()) {
    let (begun, spent) = (Instant::now(), processor());
    what();
    times.passed.push(begun.elapsed());
    times.spent.push(processor().saturating_sub(spent));
}

#[derive(Default)]
struct Times {
    passed: Vec<Duration>,
    spent: Vec<Duration>,
}

/// What this process has had of the processors.
fn processor() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the system knows");
    let spent = (usage.user_time() + usage.system_time()).num_microseconds();
    Duration::from_micros(spent.unsigned_abs())
}

fn percentile(times: &mut [Duration], of: usize) -> f64 {
    times.sort_unstable();
    let at = (times.len() * of / 100).min(times.len() - 1);
    times[at].as_secs_f64() * 1e3
}

/// From a letter to the first screenful, and to all rows.
fn keys(of: u32) {
    let roster = roster(of);
    let mut first = Times::default();
    let mut all = Times::default();
    let mut typed = Times::default();
    for text in queries() {
        let mut rows = Rows::default();
        rows.list(ask(""), &roster, Since::Changed);
        timed(&mut first, || {
            rows.list(ask(&text), &roster, Since::Typed);
            if rows.is_partial() && rows.listed.shown.len() < 45 {
                // The first screenful was not among the rows that the key looked at: it comes with all of it.
                black_box(ask(&text).answer(&roster));
            }
        });
        timed(&mut all, || {
            black_box(ask(&text).answer(&roster));
        });
        // Letter by letter, as it is typed: each among the hits of the one before.
        let mut rows = Rows::default();
        rows.list(ask(""), &roster, Since::Changed);
        for n in 1..=text.chars().count() {
            let part: String = text.chars().take(n).collect();
            timed(&mut typed, || {
                rows.list(ask(&part), &roster, Since::Typed);
                rows.finish(&roster);
            });
        }
    }
    for (what, times) in [
        ("first screenful", &mut first),
        ("all rows", &mut all),
        ("all rows, letter by letter", &mut typed),
    ] {
        println!(
            "{of:>9} users, {what}: median {:.2} ms, p99 {:.2} ms; of the processors {:.2} and {:.2} ms",
            percentile(&mut times.passed, 50),
            percentile(&mut times.passed, 99),
            percentile(&mut times.spent, 50),
            percentile(&mut times.spent, 99),
        );
    }
}

/// The same words counted by SQLite over the same rows.
fn against_like(of: u32, roster: &Roster) {
    let connection = Connection::open_in_memory().expect("SQLite opens in memory");
    connection
        .execute_batch("CREATE TABLE users (name TEXT, upn TEXT, mail TEXT, number TEXT); BEGIN")
        .expect("a table is made");
    let mut statement = connection
        .prepare("INSERT INTO users VALUES (?1, ?2, ?3, ?4)")
        .expect("a statement is made");
    for n in 0..of {
        crowd::with(n, |row| {
            let mail = row.mail.filter(|mail| *mail != row.upn);
            statement
                .execute((row.name, row.upn, mail, row.number))
                .expect("a row goes in");
        });
    }
    drop(statement);
    let count = "SELECT count(*) FROM users WHERE name LIKE ?1 OR upn LIKE ?1 OR mail LIKE ?1 OR number LIKE ?1";
    let mut statement = connection.prepare(count).expect("a statement is made");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for text in queries().iter().filter(|text| text.len() > 3).take(40) {
        let begun = Instant::now();
        black_box(ask(text).answer(roster));
        ours.push(begun.elapsed());
        let begun = Instant::now();
        let found: i64 = statement
            .query_row([format!("%{text}%")], |row| row.get(0))
            .expect("SQLite counts");
        theirs.push(begun.elapsed());
        black_box(found);
    }
    let (ours, theirs) = (percentile(&mut ours, 50), percentile(&mut theirs, 50));
    println!(
        "{of:>9} users, a word: {ours:.2} ms, SQLite LIKE {theirs:.2} ms: {:.0}x",
        theirs / ours
    );
}

/// The orders that are computed once.
fn orders(roster: &Roster) {
    for sort in [Sort::Number, Sort::SignIn, Sort::Cause, Sort::Country] {
        let first = Ask { sort, ..ask("") };
        let begun = Instant::now();
        let listed = first.answer(roster);
        let once = begun.elapsed();
        let again = Ask {
            sort,
            order: listed.order,
            ..ask("")
        };
        let begun = Instant::now();
        black_box(again.answer(roster));
        println!(
            "{:>9} users by {}: {:.0} ms the first time, then {:.1} ms",
            roster.len(),
            sort.word(),
            once.as_secs_f64() * 1e3,
            begun.elapsed().as_secs_f64() * 1e3
        );
    }
}

/// A key and the frame behind it, with many rows and with few.
fn frames(of: u32, roster: Roster) {
    let mut apps = [console(self::roster(10_000)), console(roster)];
    let mut times = [Vec::new(), Vec::new()];
    let mut terminal = Terminal::new(TestBackend::new(200, 50)).expect("a screen in memory");
    for n in 0..400 {
        for (app, times) in apps.iter_mut().zip(&mut times) {
            let code = [
                Code::Down,
                Code::PageDown,
                Code::Char('G'),
                Code::Up,
                Code::Char('g'),
            ][n % 5];
            let begun = Instant::now();
            event(app, What::Key(code.into()));
            terminal
                .draw(|frame| draw(app, &Theme::default(), frame))
                .expect("it draws in memory");
            times.push(begun.elapsed());
        }
    }
    let [few, many] = &mut times;
    let (few, many) = (percentile(few, 50), percentile(many, 50));
    println!(
        "a key and its frame, 200x50: {few:.2} ms with 10000 rows behind, {many:.2} ms with {of}: {:.2}x",
        many / few
    );
}

fn event(app: &mut App, what: What) {
    let at = jiff::Timestamp::from_second(1_795_356_000).expect("a time of this century");
    black_box(app.update(Event { at, what }));
    app.settle();
    black_box(app.take_wishes());
}

fn console(roster: Roster) -> App {
    let mut app = App::new(Settings::default(), (200, 50));
    event(&mut app, What::Cache(CacheEvent::Roster(Arc::new(roster))));
    for key in ['2', 'f'] {
        event(&mut app, What::Key(Code::Char(key).into()));
    }
    app
}
