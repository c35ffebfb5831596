//! Edits of all marked users, and exports of what a pane shows.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::user::UserId;
use crate::domain::words;

use super::action::Action;
use super::cells::thousands;
use super::doc::Tone;
use super::effect::{Effect, Exported, Extent, LedgerChange};
use super::field::Field;
use super::pane::Pane;
use super::pane::bulk::Bulk;
use super::pane::bulk::export::{ExportField, ExportForm};
use super::pane::bulk::many::{Change, ManyForm};
use super::pane::bulk::preview::{Preview, Whom};
use super::pane::candidates::Listing;
use super::pane::confirm::{Leaving, Question};
use super::pane::editor::EditState;
use super::{App, Wait};

impl App {
    /// The marked users in the order in which the pane shows them; those that a filter hides come last.
    fn marked_users(&self) -> Vec<Whom> {
        let marked = &self.users.marked;
        let shown = self.users.shown.iter();
        let shown = shown
            .filter_map(|&place| self.desk.users.get(place))
            .map(|row| row.user.id)
            .filter(|id| marked.contains(id));
        let ids: Vec<UserId> = shown.collect();
        let seen: HashSet<UserId> = ids.iter().copied().collect();
        let hidden = marked.iter().copied().filter(|id| !seen.contains(id));
        ids.into_iter().chain(hidden).map(Whom::User).collect()
    }

    /// Whether `e` and `d` are about all marked users.
    pub fn edits_many(&self) -> bool {
        self.over().is_none() && self.pane == Pane::Users && !self.users.marked.is_empty()
    }

    /// Whether `e` is about all marked people, who are added by it.
    pub fn adds_many(&self) -> bool {
        let marked = &self.candidates.marked;
        self.over().is_none() && self.pane == Pane::Candidates && !marked.is_empty()
    }

    /// The marked people in the order in which the pane shows them; those that a filter hides come last.
    fn marked_people(&self) -> Vec<Whom> {
        let (shown, hidden) = self.candidates.marked_in_order(&self.roster);
        shown.into_iter().chain(hidden).map(Whom::Person).collect()
    }

    /// Opens the form for all marked.
    pub(super) fn edit_many(&mut self) {
        let whom = if self.pane == Pane::Users {
            self.marked_users()
        } else {
            self.marked_people()
        };
        self.open_bulk(Bulk::Many(ManyForm::open(whom)));
    }

    /// Shows what removing all marked would do.
    pub(super) fn remove_many(&mut self) {
        let users = self.marked_users();
        self.open_bulk(Bulk::Preview(Preview::new(users, Change::Remove)));
    }

    /// Enter in the form: the preview stands over it, so that Esc goes back.
    pub(super) fn preview_many(&mut self) -> Vec<Effect> {
        let Some(Bulk::Many(form)) = self.bulk() else {
            return Vec::new();
        };
        if let Some(change) = form.finish() {
            let whom = form.whom.clone();
            self.open_bulk(Bulk::Preview(Preview::new(whom, change)));
        }
        Vec::new()
    }

    pub(super) fn preview_act(&mut self, action: Action) -> Option<Vec<Effect>> {
        let Some(Bulk::Preview(open)) = self.bulk() else {
            return None;
        };
        let waiting = open.is_waiting();
        match action {
            Action::Leave => return Some(self.leave_bulk()),
            Action::NextWarning => {
                if !open.jump() {
                    self.say(Tone::Good, "nobody is refused: {queue-all} queues them");
                }
                self.settle();
            }
            Action::Hold | Action::QueueAll | Action::QueueGood if waiting => {
                self.say(Tone::Busy, "it is being queued");
            }
            Action::Hold => {
                open.leave_out();
                self.settle();
            }
            Action::QueueAll => return Some(self.queue_many(Extent::All)),
            Action::QueueGood => self.ask_leave_out(),
            Action::Copy => {
                let rows = open.rows.iter();
                let lines: Vec<String> = rows
                    .map(|row| format!("{}  {}  {}", row.name, row.change, row.note))
                    .map(|line| crate::domain::text::Label::new(line.trim_end()).to_string())
                    .collect();
                return Some(self.copy_text(lines.join("\n")));
            }
            action if is_general(action) => return None,
            // What stands below is not what the cursor is on here.
            _ => self.say(
                Tone::Warn,
                "here: {queue-all} queues all, {queue-good} without those marked [!], {hold} leaves one out, {back} goes back",
            ),
        }
        Some(Vec::new())
    }

    /// Asks before those who can be changed are, without the others: the question names these.
    fn ask_leave_out(&mut self) {
        let Some(Bulk::Preview(open)) = self.bulk() else {
            return;
        };
        if !open.seen || open.stale {
            return;
        }
        let (done, out) = (open.counts()[0], open.refused_words());
        if done == 0 {
            self.say(Tone::Dim, "nothing would be changed");
            return;
        }
        if out.is_empty() {
            self.say(Tone::Good, "nobody is refused: {queue-all} queues them");
            return;
        }
        let verb = match open.change {
            Change::Remove => "Remove",
            Change::Edit { .. } if open.adds() => "Add",
            Change::Edit { .. } => "Change",
        };
        let noun = match (open.adds(), done) {
            (true, 1) => "person",
            (true, _) => "people",
            (false, 1) => "user",
            (false, _) => "users",
        };
        let going = format!("{verb} {} {noun}", thousands(done as u64));
        let staying = match out.len() {
            1 => "1 cannot be part of it".to_owned(),
            n => format!("{} cannot be part of it", thousands(n as u64)),
        };
        self.question(Question::QueueGood {
            going,
            staying,
            out,
            file: false,
        });
    }

    /// Asks for the tenant's name before more users are removed than may go without it, as the plan does.
    fn ask_removal(&mut self, extent: Extent) -> bool {
        let limit = self.desk.removals_left();
        let Some(Bulk::Preview(open)) = self.bulk() else {
            return false;
        };
        let count = open.counts()[0];
        if open.change != Change::Remove || count <= limit {
            return false;
        }
        self.question(Question::MassRemoval {
            who: Leaving::Shown(extent),
            count,
            limit,
            typed: Field::default(),
        });
        true
    }

    /// Asks the ledger for all of it in one transaction.
    pub(super) fn queue_many(&mut self, extent: Extent) -> Vec<Effect> {
        self.many_wanted(extent, false)
    }

    /// The same once the tenant's name was typed.
    pub(super) fn remove_typed(&mut self, extent: Extent) -> Vec<Effect> {
        self.many_wanted(extent, true)
    }

    fn many_wanted(&mut self, extent: Extent, typed: bool) -> Vec<Effect> {
        let roster = Arc::clone(&self.roster);
        let Some(Bulk::Preview(open)) = self.bulk() else {
            return Vec::new();
        };
        // What no frame has shown was seen by nobody.
        if !open.seen || open.stale {
            if typed || extent == Extent::Good {
                let text = words::JUDGED_ANEW;
                self.say(Tone::Warn, text);
            }
            return Vec::new();
        }
        if extent == Extent::All
            && let Some((name, why)) = open.refused()
        {
            let text = match open.counts()[3] {
                1 => format!("1 cannot ({{queue-good}} leaves it out): {name}: {why}"),
                n => format!("{n} cannot ({{queue-good}} leaves them out): {name}: {why}"),
            };
            self.say(Tone::Warn, text);
            return Vec::new();
        }
        if open.counts()[0] == 0 {
            self.say(Tone::Dim, "nothing would be changed");
            return Vec::new();
        }
        if !typed && self.ask_removal(extent) {
            return Vec::new();
        }
        let Some(Bulk::Preview(open)) = self.bulk() else {
            return Vec::new();
        };
        let change = match open.change {
            Change::Remove => LedgerChange::RemoveMany(open.removals()),
            Change::Edit { .. } if open.adds() => LedgerChange::Add(open.new_users(&roster)),
            Change::Edit { .. } => LedgerChange::EditMany(open.patches()),
        };
        let req = self.wait_for(Wait::Bulk);
        if let Some(Bulk::Preview(open)) = self.bulk() {
            open.state = EditState::Saving(vec![req]);
        }
        vec![Effect::Ledger { req, change }]
    }

    /// Why what the pane shows is no table to be exported.
    pub(super) fn no_export(&self) -> Option<String> {
        if self.searched().is_some() && self.log_run().is_some() {
            return None;
        }
        match self.pane {
            Pane::Users | Pane::Candidates | Pane::Numbers => None,
            Pane::Sync => {
                (self.sync.row(&self.desk).is_none()).then(|| words::NO_RUN_HERE.to_owned())
            }
            Pane::Changes | Pane::Licences => {
                Some("works in 1 Users, 2 Add users, 3 Sync, 6 Numbers".to_owned())
            }
        }
    }

    /// Opens the form of an export: the rows that the pane shows.
    pub(super) fn open_export(&mut self) {
        let Some((what, words, name)) = self.exported() else {
            return;
        };
        let mut name = self.file_name(&name);
        if matches!(what, Exported::LogText(_)) {
            name = name.replace(".csv", ".txt");
        }
        self.open_bulk(Bulk::Export(ExportForm::open(what, words, &name)));
    }

    /// A name for a file: tenant, what is in it, day.
    pub(super) fn file_name(&self, what: &str) -> String {
        let tenant: String = self
            .settings
            .tenant_label
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            .collect();
        format!("{tenant}-{what}-{}.csv", self.today())
    }

    fn exported(&self) -> Option<(Exported, String, String)> {
        let count = |n: usize, one: &str, many: &str| {
            let noun = if n == 1 { one } else { many };
            format!("{} {noun}", thousands(n as u64))
        };
        if let Some(run) = self.searched().and_then(|_| self.log_run()) {
            let words = format!("the log of run {}", run.0);
            return Some((Exported::LogText(run), words, format!("run-{}", run.0)));
        }
        Some(match self.pane {
            Pane::Users => {
                let rows = self.users.shown.iter();
                let rows = rows.filter_map(|&place| self.desk.users.get(place));
                let ids: Vec<UserId> = rows.map(|row| row.user.id).collect();
                let words = count(ids.len(), "user", "users");
                (Exported::Users(ids), words, "users".to_owned())
            }
            Pane::Candidates => {
                let rows = self.candidates.shown.iter();
                let ids: Vec<_> = rows.filter_map(|&place| self.roster.id(place)).collect();
                let n = ids.len();
                match self.candidates.listing {
                    Listing::Candidates => {
                        let words = count(n, "candidate", "candidates");
                        (Exported::Candidates(ids), words, "candidates".to_owned())
                    }
                    Listing::Everyone => {
                        let words = format!(
                            "{} of the {} shown: who is missing, with the reason",
                            thousands(self.missing_shown()),
                            thousands(n as u64)
                        );
                        (Exported::Reasons(ids), words, "reasons".to_owned())
                    }
                }
            }
            Pane::Numbers => {
                let rows = self.numbers.shown.iter();
                let rows = rows.filter_map(|&place| self.inventory.numbers.get(place as usize));
                let numbers: Vec<_> = rows.map(|row| row.record.number.clone()).collect();
                let words = count(numbers.len(), "number", "numbers");
                (Exported::Numbers(numbers), words, "numbers".to_owned())
            }
            Pane::Sync => {
                let head = self.sync.row(&self.desk)?;
                let words = format!("the log of run {}", head.id.0);
                (
                    Exported::LogText(head.id),
                    words,
                    format!("run-{}", head.id.0),
                )
            }
            Pane::Changes | Pane::Licences => return None,
        })
    }

    /// How many of everyone shown are neither on the list nor can be added: those are the rows of an export with reasons.
    fn missing_shown(&self) -> u64 {
        let tenant = self.tenant();
        let rows = self.candidates.shown.iter();
        let causes = rows.filter_map(|&place| Some(tenant.cause(self.roster.get(place)?)));
        causes.filter(|cause| cause.is_missing()).count() as u64
    }

    /// Enter in the form of an export.
    pub(super) fn write_export(&mut self) -> Vec<Effect> {
        let Some(Bulk::Export(form)) = self.bulk() else {
            return Vec::new();
        };
        if form.is_writing() {
            return Vec::new();
        }
        let path = form.path.text().trim().to_owned();
        if path.is_empty() {
            form.focus = ExportField::Path;
            form.fault = Some("a file has a name");
            return Vec::new();
        }
        let (what, reader) = (form.what.clone(), form.reader);
        let req = self.wait_for(Wait::Exported);
        if let Some(Bulk::Export(form)) = self.bulk() {
            form.state = EditState::Saving(vec![req]);
        }
        vec![Effect::Export {
            req,
            what,
            reader,
            path,
        }]
    }
}

/// Whether an action moves the cursor or is about the console as a whole: in a preview it does what it does everywhere.
fn is_general(action: Action) -> bool {
    matches!(
        action,
        Action::Down
            | Action::Up
            | Action::PageDown
            | Action::PageUp
            | Action::First
            | Action::Last
            | Action::Palette
            | Action::Mouse
            | Action::Quit
    )
}
