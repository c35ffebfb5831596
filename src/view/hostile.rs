//! Hostile text in every field, on every screen, as a terminal shows it: nothing outside the field changes.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::cells;
use crate::app::event::{CacheEvent, What};
use crate::app::fixture::{
    Driver, desk, inventory_called, object, plan, roster, settings, why_alex,
};
use crate::app::{App, Settings};
use crate::domain::outbox::{EntryState, Giver};
use crate::domain::run::{Level, LogLine, RunEvent, Source};
use crate::domain::text::Label;
use crate::domain::why::WhyStep;
use crate::domain::writeplan::LeftOut;
use crate::roster::{Roster, Row};

use super::paint;
use super::theme::Theme;
use super::wire::Wire;
use super::wire::seen::{assert_seen, is_same};

/// What stands in a plain screen where the other has hostile text.
const STAND_IN: char = '¤';

/// One string after the other, as it is or as its stand-in: as many cells, with its spaces where they are.
struct Words<'a> {
    all: &'a [String],
    next: usize,
    plain: bool,
}

impl Words<'_> {
    /// The next one, behind two letters that give it its place in every order.
    fn next(&mut self) -> String {
        let n = self.next;
        self.next += 1;
        let word = format!("N{:02} {}", n % 100, self.all[n % self.all.len()]);
        if !self.plain {
            return word;
        }
        let label = Label::new(&word);
        let mut out = word[..4].to_owned();
        for piece in cells::pieces(label.as_str()).skip(4) {
            match piece {
                " " => out.push(' '),
                piece => out.extend(std::iter::repeat_n(STAND_IN, cells::width(piece))),
            }
        }
        out
    }
}

/// Unicode's unseen characters, twelve to a name, and the list of naughty strings.
fn hostile() -> Vec<String> {
    let unseen = regex::Regex::new(
        r"^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Variation_Selector}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]$",
    );
    let unseen = unseen.unwrap();
    let unseen: Vec<char> = ('\0'..=char::MAX)
        // The plane of tags is one block of 4,096: its ends and the assigned ones stand for it.
        .filter(|c| !('\u{e01f0}'..'\u{e0ff0}').contains(c))
        .filter(|c| unseen.is_match(c.encode_utf8(&mut [0; 4])) || *c == '\n')
        .collect();
    assert!(unseen.len() > 400, "{}", unseen.len());
    let mut all: Vec<String> = unseen
        .chunks(12)
        .map(|some| some.iter().flat_map(|c| ['a', *c]).collect())
        .collect();
    let naughty: serde_json::Map<String, serde_json::Value> = serde_json::from_str(include_str!(
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/naughty.json")
    ))
    .unwrap();
    for category in naughty.values() {
        for text in category.as_array().unwrap() {
            all.push(text.as_str().unwrap().to_owned());
        }
    }
    // This emulator lays the halfwidth sound marks over the letter; terminals give them a cell, and so does `cells`.
    all.retain(|text| !text.contains(['\u{ff9e}', '\u{ff9f}']));
    all.push("x\u{1b}[2J\u{202e}山".repeat(6_000));
    all
}

fn people(words: &mut Words<'_>) -> Roster {
    let plain = roster();
    let renamed = plain.rows().map(|row| Row {
        name: words.next().into(),
        upn: words.next().into(),
        mail: Some(words.next().into()),
        ..row.to_row()
    });
    // Marks beside names depend on what stands in them, and would shift the one and not the other.
    Roster::new(1, renamed.collect::<Vec<_>>()).without_doubts()
}

/// A console whose every word from outside is hostile, or its stand-in.
fn console(words: &mut Words<'_>, size: (u16, u16)) -> Driver {
    let settings = Settings {
        tenant_label: words.next(),
        account: words.next(),
        group: Some(words.next()),
        name: Some(words.next()),
        ..settings()
    };
    let mut t = Driver::empty(settings, size);
    t.event(What::Cache(CacheEvent::Roster(Arc::new(people(words)))));
    let things = inventory_called(1, |_| words.next());
    t.event(What::Cache(CacheEvent::Inventory(Arc::new(things))));
    let mut desk = desk();
    desk.pin = desk.pin.map(|(id, _)| (id, words.next()));
    for row in &mut desk.users {
        row.user.name = words.next();
        row.user.mail = words.next();
        row.user.sip_username = Some(words.next());
        row.user.external_id = Some(words.next());
        row.upn = Some(words.next());
    }
    for entry in &mut desk.entries {
        entry.name = words.next();
        entry.author = words.next();
        if let EntryState::Rejected { cause, raw, hint } = &mut entry.state {
            (*cause, *raw, *hint) = (words.next(), words.next(), words.next());
        }
        desk.tickets.insert(entry.id, words.next());
    }
    for row in &mut desk.users {
        for entry in &mut row.entries {
            if let Some(same) = desk.entries.iter().find(|same| same.id == entry.id) {
                entry.clone_from(same);
            }
        }
    }
    for line in &mut desk.audit {
        line.author = words.next();
        line.name = words.next();
        line.action = words.next();
        line.change = words.next();
        line.outcome = words.next();
        line.ticket = words.next();
    }
    for head in &mut desk.history {
        head.author = words.next();
        head.failure = words.next();
    }
    desk.notes.push(words.next());
    t.desk(desk);
    t
}

fn answer_why(t: &mut Driver, words: &mut Words<'_>) {
    let mut why = why_alex();
    let req = t.asked();
    (why.name, why.upn, why.verdict) = (words.next(), words.next(), words.next());
    why.steps = vec![
        WhyStep::by_hand(words.next()),
        WhyStep::by_hand(words.next()),
    ];
    for gate in &mut why.gates {
        gate.evidence = words.next();
    }
    for fact in &mut why.facts {
        fact.text = words.next();
    }
    for list in [&mut why.lately, &mut why.near, &mut why.also] {
        *list = vec![words.next(), words.next()];
    }
    let why = Box::new(why);
    t.event(What::Cache(CacheEvent::Why { req, why }));
}

fn says(t: &mut Driver, event: RunEvent) {
    let req = t.app.runs.active().expect("a run is going").req;
    t.event(What::Run { req, event });
}

fn log(t: &mut Driver, words: &mut Words<'_>) {
    for level in [Level::Info, Level::Warning, Level::Error] {
        let line = LogLine {
            at: 1,
            source: Source::Graph,
            level,
            text: words.next(),
        };
        says(t, RunEvent::Log(line));
    }
}

fn show_plan(t: &mut Driver, words: &mut Words<'_>) {
    let mut plan = plan();
    plan.tenant_name = words.next();
    for item in &mut plan.items {
        item.name = words.next();
        item.note = words.next();
        item.from = Some(Giver {
            id: object(7),
            name: words.next(),
        });
    }
    plan.left_out = vec![LeftOut {
        entry: plan.items[0].entry,
        name: words.next(),
        new: plan.items[0].new.clone(),
        why: words.next(),
    }];
    says(t, RunEvent::PlanReady(Box::new(plan)));
}

/// What is typed, and what then comes in, until the screen is there.
type Step = (&'static str, Option<fn(&mut Driver, &mut Words<'_>)>);

const STEPS: &[Step] = &[
    ("1", None),
    ("j j", None),
    ("w", Some(answer_why)),
    ("G", None),
    ("<esc>", None),
    ("e", None),
    ("<esc>", None),
    ("e 9 <enter>", None),
    ("<esc> <esc>", None),
    ("j d", None),
    ("<esc>", None),
    ("A", None),
    ("<esc>", None),
    ("/ n 0", None),
    ("<esc>", None),
    ("2", None),
    ("f Space Space", None),
    ("<esc> 2 Space j Space <enter>", None),
    ("<esc> <esc>", None),
    ("4", None),
    ("<enter>", None),
    ("<esc> 4 G", None),
    ("4 j j <enter>", None),
    ("<esc> 4 j j j <enter>", None),
    ("<esc> <esc> 5", None),
    ("<enter>", None),
    ("<esc> 6", None),
    ("j j <enter>", None),
    ("<esc> 6 m", None),
    ("<esc> <esc> ?", None),
    ("<esc> : w h y Space n", None),
    ("<esc> W", None),
    ("<esc> 3", None),
    ("<enter>", None),
    ("<esc> 3 s", Some(log)),
    ("3 <enter>", None),
    ("<esc> 1 p", None),
];

/// What a terminal was told beside its cells.
#[derive(Default)]
struct Told(Vec<String>);

impl vt100::Callbacks for Told {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.0.push(format!("title {title:?}"));
    }

    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.0.push(format!("icon {name:?}"));
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], text: &[u8]) {
        self.0.push(format!("clipboard {text:?}"));
    }

    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("bell".to_owned());
    }

    fn unhandled_control(&mut self, _: &mut vt100::Screen, b: u8) {
        self.0.push(format!("control {b}"));
    }

    fn unhandled_escape(&mut self, _: &mut vt100::Screen, _: Option<u8>, _: Option<u8>, b: u8) {
        self.0.push(format!("escape {b}"));
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        self.0.push(format!("command {params:?}"));
    }
}

fn side(cells: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(cells).expect("a terminal has a size")
}

/// A console and the terminal that it draws on, frame after frame.
struct Shown {
    wire: Wire,
    parser: vt100::Parser<Told>,
}

impl Shown {
    fn new((width, height): (u16, u16)) -> Self {
        Self {
            wire: Wire::default(),
            parser: vt100::Parser::new_with_callbacks(
                side(height),
                side(width),
                0,
                Told::default(),
            ),
        }
    }

    fn draw(&mut self, app: &App) {
        let (width, height) = app.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let cursor = paint(app, &Theme::default(), &mut buffer);
        self.parser.process(&self.wire.frame(&buffer, cursor));
        assert_seen(self.parser.screen(), &buffer, cursor, &"");
        assert_eq!(self.parser.callbacks().0, Vec::<String>::new());
    }
}

/// Asserts that the two differ only where the plain one shows stand-ins.
#[track_caller]
fn alike(hostile: &vt100::Screen, plain: &vt100::Screen, what: &str) {
    let (height, width) = plain.size();
    for y in 0..height.get() {
        for x in 0..width.get() {
            let (found, expected) = (hostile.cell(y, x).unwrap(), plain.cell(y, x).unwrap());
            let text = expected.contents();
            let of_field = text.starts_with(STAND_IN)
                // A wide sign that does not fit leaves a blank; the mark of the cut stands a cell before.
                || (text == "…" && found.contents().trim().is_empty());
            assert!(
                is_same(found, expected) || of_field,
                "{what}: row {y}, column {x}: {:?} instead of {text:?}\n{}\n{}",
                found.contents(),
                hostile.contents(),
                plain.contents(),
            );
        }
    }
}

#[test]
fn nothing_outside_its_field_changes_whatever_a_name_holds() {
    let all = hostile();
    let mut seen = 0;
    for size in [(80, 24), (140, 40)] {
        let mut next = 0;
        while next < all.len() {
            let words = |plain| Words {
                all: &all,
                next,
                plain,
            };
            let (mut hostile, mut plain) = (words(false), words(true));
            let mut consoles = [console(&mut hostile, size), console(&mut plain, size)];
            let mut terminals = [Shown::new(size), Shown::new(size)];
            for (n, (keys, then)) in STEPS
                .iter()
                .chain([&("", Some(show_plan as _))])
                .enumerate()
            {
                for (t, words) in consoles.iter_mut().zip([&mut hostile, &mut plain]) {
                    t.keys(keys);
                    if let Some(then) = then {
                        then(t, words);
                    }
                }
                for (t, terminal) in consoles.iter().zip(&mut terminals) {
                    terminal.draw(&t.app);
                }
                let [one, other] = &terminals;
                let what = format!("{size:?} from {next} step {n} {keys:?}");
                alike(one.parser.screen(), other.parser.screen(), &what);
                seen += 1;
            }
            next = hostile.next;
        }
    }
    // Every string has been in some field at each size.
    assert!(seen > 2 * STEPS.len(), "{seen}");
}
