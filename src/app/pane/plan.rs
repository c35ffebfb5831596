//! The plan: what the queued changes would write, item by item. It never takes the focus, and `A` counts only once it was drawn.

use crate::app::cursor::{Cursor, Move};
use crate::app::sync::clock;
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{EntryId, EntryState};
use crate::domain::phone::PhoneNumber;
use crate::domain::user::Field;
use crate::domain::writeplan::{PlanItem, WritePlan};
use crate::roster::desk::Desk;

/// Lines around the rows of a body that is so high: title above, and below them the row under the cursor whole, what rings nowhere,
/// the limit.
pub fn around(height: u16) -> u16 {
    1 + WHOLE + warnings(height) + 1
}

/// Lines for what rings nowhere: two numbers' worth each for what stops and for what only pauses, where there is the room.
pub fn warnings(height: u16) -> u16 {
    if height < 18 { 1 } else { 4 }
}

/// Lines for the row under the cursor: a line, and what it says.
pub const WHOLE: u16 = 4;

/// The modal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanBox {
    /// Its cursor.
    pub cursor: Cursor<EntryId>,
    /// How far it is.
    pub stage: Stage,
}

/// How far the modal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// What the changes touch is being read.
    Reading,
    /// There is a plan, but nobody can have seen it yet: keys that write do not count.
    Fresh,
    /// It was drawn.
    Drawn,
}

/// Whether an item is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// It is.
    Chosen,
    /// It is held back; it stays queued.
    HeldBack,
    /// It is not, for this reason.
    LeftOut(String),
}

/// A row of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// The entry.
    pub entry: EntryId,
    /// The directory user, where one is known.
    pub who: Option<ObjectId>,
    /// Whose.
    pub name: String,
    /// Which field.
    pub field: Field,
    /// Old and new value.
    pub change: String,
    /// What should be known of it.
    pub note: String,
    /// Whether it is written.
    pub choice: Choice,
}

impl PlanBox {
    /// A modal for a plan that is there, or that is being read.
    pub fn new(stage: Stage) -> Self {
        Self {
            cursor: Cursor::default(),
            stage,
        }
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, rows: &[PlanRow], height: usize) {
        self.cursor.step(step, (rows.len(), height), |n| {
            rows.get(n).map(|row| row.entry)
        });
    }

    /// Finds the cursor's row again.
    pub fn settle(&mut self, rows: &[PlanRow], height: usize) {
        self.cursor.settle(
            (rows.len(), height),
            |id| rows.iter().position(|row| row.entry == id),
            |n| rows.get(n).map(|row| row.entry),
        );
    }
}

/// Whether an item of the plan would be written: as the ledger has it now, not as it was when the plan was made.
pub fn choice(item: &PlanItem, desk: &Desk) -> Choice {
    let Some(entry) = desk.entries.iter().find(|entry| entry.id == item.entry) else {
        return Choice::LeftOut("no longer queued".to_owned());
    };
    match &entry.state {
        _ if entry.wanted != item.new => {
            Choice::LeftOut("edited since: read the plan again".to_owned())
        }
        EntryState::Queued => Choice::Chosen,
        EntryState::Held { .. } => Choice::HeldBack,
        EntryState::InFlight { .. }
        | EntryState::Accepted { .. }
        | EntryState::Applied { .. }
        | EntryState::Unknown { .. }
        | EntryState::Conflict { .. }
        | EntryState::Rejected { .. } => Choice::LeftOut(entry.state.word().to_owned()),
    }
}

/// All rows: what would be written, then what would not.
pub fn rows(plan: &WritePlan, desk: &Desk) -> Vec<PlanRow> {
    let items = plan.items.iter().map(|item| PlanRow {
        entry: item.entry,
        who: Some(item.target),
        name: item.name.clone(),
        field: item.new.field(),
        change: format!("{} -> {}", item.old.shown(), item.new.shown()),
        note: item.note.clone(),
        choice: choice(item, desk),
    });
    let left = plan.left_out.iter().map(|left| PlanRow {
        entry: left.entry,
        who: desk
            .entries
            .iter()
            .find(|entry| entry.id == left.entry)
            .and_then(|entry| entry.directory_id),
        name: left.name.clone(),
        field: left.new.field(),
        change: format!("-> {}", left.new.shown()),
        note: left.why.clone(),
        choice: Choice::LeftOut(left.why.clone()),
    });
    items.chain(left).collect()
}

/// The entries that would be written.
pub fn chosen(plan: &WritePlan, desk: &Desk) -> Vec<EntryId> {
    plan.items
        .iter()
        .filter(|item| choice(item, desk) == Choice::Chosen)
        .map(|item| item.entry)
        .collect()
}

/// Whether the plan says something of every queued entry, with the value that it has now.
pub fn covers(plan: &WritePlan, desk: &Desk) -> bool {
    desk.entries
        .iter()
        .filter(|entry| entry.state == EntryState::Queued)
        .all(|entry| {
            let planned = plan
                .items
                .iter()
                .any(|item| item.entry == entry.id && item.new == entry.wanted);
            let left = plan
                .left_out
                .iter()
                .any(|left| left.entry == entry.id && left.new == entry.wanted);
            (planned || left) && entry.created_at <= plan.read_at
        })
}

/// What the chosen items silence: `! stops ringing: +1 425 555 0100 (nobody gets it)`.
pub fn silences(plan: &WritePlan, desk: &Desk) -> Vec<String> {
    let chosen = |entry| {
        plan.items
            .iter()
            .any(|item| item.entry == entry && choice(item, desk) == Choice::Chosen)
    };
    plan.silenced(chosen)
        .iter()
        .map(PhoneNumber::spaced)
        .collect()
}

/// What rings nowhere for a while, as a sentence.
pub fn gap(plan: &WritePlan, desk: &Desk) -> Option<String> {
    let chosen = chosen(plan, desk);
    plan.gap(|entry| chosen.contains(&entry))
}

/// How many of the chosen items take something away.
pub fn taking_away(plan: &WritePlan, desk: &Desk) -> usize {
    let chosen = chosen(plan, desk);
    plan.taking_away(|entry| chosen.contains(&entry))
}

/// The plan as text.
pub fn to_text(tenant: &str, plan: &WritePlan, desk: &Desk) -> String {
    let mut text = format!(
        "Plan of {} ({}), read {}\n",
        tenant,
        plan.tenant,
        clock(plan.read_at)
    );
    for row in rows(plan, desk) {
        let (mark, note) = match &row.choice {
            Choice::Chosen => ("[x]", row.note.clone()),
            Choice::HeldBack => ("[ ]", "held back".to_owned()),
            Choice::LeftOut(why) => ("[-]", why.clone()),
        };
        let line = format!(
            "{mark} {}  {}  {}  {note}",
            row.name,
            row.field.as_str(),
            row.change
        );
        text.push_str(crate::domain::text::Label::new(line.trim_end()).as_str());
        text.push('\n');
    }
    for number in silences(plan, desk) {
        text.push_str("! stops ringing: ");
        text.push_str(&number);
        text.push_str(" (nobody gets it)\n");
    }
    if let Some(gap) = gap(plan, desk) {
        text.push_str("! ");
        text.push_str(&gap);
        text.push('\n');
    }
    text
}
