//! From an action to what it does: one arm each.

use crate::domain::outbox::EntryState;

use super::App;
use super::action::Action;
use super::cells;
use super::cursor::Move;
use super::doc::Tone;
use super::effect::Effect;
use super::layout::{self, Layout};
use super::lifecycle::{Ending, Lifecycle};
use super::modal::Modal;
use super::pane::Pane;
use super::pane::candidates::Listing;
use super::pane::confirm::{Confirm, Question};
use super::pane::search::{Jump, Search};
use super::pane::sync::{LogView, Tail};
use super::pane::text::Text;
use super::pane::{changes, plan, sign_in};
use super::sync::Run;

/// Rows that each list has on the screen.
#[derive(Debug, Clone, Copy)]
pub struct Heights {
    /// Pane 1.
    pub users: usize,
    /// Pane 2.
    pub candidates: usize,
    /// The history in pane 3.
    pub history: usize,
    /// Both lists of pane 4.
    pub changes: changes::Rows,
    /// Products, and the rows inside one, in pane 5.
    pub licences: (usize, usize),
    /// Pane 6.
    pub numbers: usize,
}

impl App {
    /// Does what was asked for, or says why not.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each, so that none can be forgotten"
    )]
    pub(super) fn act(&mut self, action: Action) -> Vec<Effect> {
        if let Some(reason) = self.refusal(action) {
            self.say(Tone::Warn, reason);
            return Vec::new();
        }
        if let Some(effects) = self.bulk_act(action) {
            return effects;
        }
        if let Some(effects) = self.table_act(action) {
            return effects;
        }
        match action {
            Action::ShowUsers => self.show(Pane::Users),
            Action::ShowCandidates => self.show(Pane::Candidates),
            Action::ShowSync => self.show(Pane::Sync),
            Action::ShowChanges => self.show(Pane::Changes),
            Action::ShowLicences => self.show(Pane::Licences),
            Action::ShowNumbers => self.show(Pane::Numbers),
            Action::Jump => self.jump_across(),
            Action::NextPane => self.show(self.pane.turn(1)),
            Action::PreviousPane => self.show(self.pane.turn(-1)),
            Action::Down => return self.move_cursor(Move::By(1)),
            Action::Up => return self.move_cursor(Move::By(-1)),
            Action::PageDown => self.page(Move::Pages(1)),
            Action::PageUp => self.page(Move::Pages(-1)),
            Action::First => self.page(Move::First),
            Action::Last => self.page(Move::Last),
            Action::Open => return self.open_row(),
            Action::Filter => self.begin_filter(),
            Action::Everyone => self.everyone(),
            Action::Mark if matches!(self.modals.last(), Some(Modal::Columns(_))) => {
                return self.turn_column();
            }
            Action::Mark if self.earlier_open() => self.mark_earlier(),
            Action::MarkAll if self.earlier_open() => self.mark_all_earlier(),
            Action::Mark if self.pane == Pane::Sync => self.mark_run(),
            Action::Mark => self.mark(),
            Action::MarkAll => self.mark_all(),
            Action::Add => return self.add(),
            Action::AddByHand => self.add_by_hand(),
            Action::MoveNumber => self.ask_move(),
            Action::Edit if self.edits_many() || self.adds_many() => self.edit_many(),
            Action::Edit => self.edit(),
            Action::Remove if self.edits_many() => self.remove_many(),
            Action::Remove => self.ask_remove(),
            Action::Undo => return self.undo(),
            Action::Why => return self.why_here(false),
            Action::Reread => return self.why_here(true),
            Action::SyncNow => return self.sync_or_sign_in(false),
            Action::DebugSync => return self.sync_or_sign_in(true),
            Action::CancelRun => self.ask_cancel(),
            Action::Plan => return self.open_plan(),
            Action::Hold => return self.hold(),
            Action::Apply => return self.apply(),
            Action::Ticket => self.ask_ticket(),
            Action::KeepPlan => self.ask_keep_plan(),
            Action::AllowWriting => self.ask_allow_writing(),
            Action::SignIn => return self.sign_in(),
            Action::OtherWay => return self.sign_in_otherwise(),
            Action::SignOut => self.ask_sign_out(),
            Action::CopyAddress => return self.copy_address(),
            Action::Tenants => return self.open_chooser(),
            Action::AddTenant => self.open_new_tenant(),
            Action::EditTenant => self.open_saved_tenant(),
            Action::RemoveTenant => self.ask_remove_tenant(),
            Action::Settings => self.open_settings(),
            Action::ClearGroup => self.ask_clear_group(),
            Action::DisableSync => self.ask_disable_sync(),
            Action::Earlier => return self.open_earlier(),
            Action::QueueEarlier => self.ask_queue_earlier(),
            Action::Import => self.open_import(),
            Action::Export => self.open_export(),
            Action::SaveLeftOut => self.save_left_out(),
            Action::MoveSeat => self.open_seat(),
            Action::NextHit => self.jump(Jump::Next),
            Action::PreviousHit => self.jump(Jump::Previous),
            Action::NextWarning => self.jump(Jump::Warning),
            Action::Compare => return self.compare(),
            Action::Handover => return self.handover(),
            Action::KeepMine => return self.decide(super::effect::Keep::Mine),
            Action::TakeTheirs => return self.decide(super::effect::Keep::Theirs),
            Action::Save => return self.save_form(),
            // Which number was chosen is only known where the key is.
            // Those of a review are done where it is, those of tables and logs above.
            Action::NextField
            | Action::PreviousField
            | Action::TakeProposal
            | Action::FreeNumbers
            | Action::Choose
            | Action::QueueAll
            | Action::QueueGood
            | Action::OnlyBad
            | Action::TakeAll
            | Action::OtherMode
            | Action::TrustZeros
            | Action::Sort
            | Action::Reverse
            | Action::MarkRange
            | Action::MarkDown
            | Action::MarkUp
            | Action::CopyJson
            | Action::CopyCell
            | Action::LogUp
            | Action::LogDown
            | Action::Levels
            | Action::Columns
            | Action::Wider
            | Action::Narrower => {}
            Action::Yes => return self.confirmed(),
            Action::No => return self.denied(),
            Action::Copy => return self.copy(),
            Action::CopyTable => return self.copy_table(),
            Action::Palette | Action::FormKeys => self.open_palette(),
            Action::Mouse | Action::Suspend => return self.ask_terminal(action),
            Action::Leave => return self.leave(),
            Action::Quit => return self.quit(),
        }
        Vec::new()
    }

    fn show(&mut self, pane: Pane) {
        if pane == Pane::Changes && self.pane != pane {
            self.changes.enter();
            self.dirty = true;
        }
        self.pane = pane;
    }

    /// Rows that each list has on the screen.
    pub fn heights(&self, layout: &Layout) -> Heights {
        let main = layout.main;
        let both = layout::changes_areas(main, self.changes.counts());
        let (_, history) = layout::sync_areas(layout.body);
        Heights {
            users: layout::list_height(main, 1),
            candidates: layout::list_height(main, 1 + self.counts_height(main.width)),
            history: layout::list_height(history, 1),
            changes: changes::Rows {
                waiting: layout::list_height(both.waiting, 1),
                done: layout::list_height(both.done, 1),
            },
            licences: Self::stock_heights(main),
            numbers: Self::stock_heights(main).0,
        }
    }

    /// The lines above the rows of pane 2: a count per cause, or what there is to be known of the picklist.
    pub fn counts(&self, width: u16) -> Vec<String> {
        let width = usize::from(width);
        let mut rows = match self.candidates.listing {
            // Two lines of counts and one of titles: rows are what the pane is for.
            Listing::Everyone => return in_lines(&self.candidates.cause_counts(), width, 2),
            Listing::Candidates if self.settings.manual_mode => cells::wrap(
                &self.settings.keys.fill("Manual mode: no picklist is built. {add-by-hand} in 1 Users adds by hand; {everyone} lists everyone in the tenant."),
                width,
            ),
            Listing::Candidates => return Vec::new(),
        };
        rows.truncate(3);
        rows
    }

    pub(super) fn counts_height(&self, width: u16) -> u16 {
        u16::try_from(self.counts(width).len()).unwrap_or_default()
    }

    /// Moves the cursor, or scrolls what is read.
    pub(super) fn move_cursor(&mut self, step: Move) -> Vec<Effect> {
        let layout = self.layout();
        let heights = self.heights(&layout);
        let body = layout.body;
        match self.modals.last_mut() {
            Some(Modal::Why(modal)) => {
                let doc = modal
                    .doc(&self.settings.keys)
                    .local(&self.settings.zone, self.now);
                let rows = doc.rows(usize::from(body.width)).len();
                scroll(&mut modal.scroll, step, rows, layout::list_height(body, 1));
            }
            Some(Modal::Text(modal)) => {
                let rows = modal.doc.rows(usize::from(body.width)).len();
                scroll(&mut modal.scroll, step, rows, layout::list_height(body, 1));
            }
            Some(Modal::SignIn(open)) => {
                let rows = sign_in::doc(&self.session, &self.settings.keys)
                    .rows(usize::from(body.width))
                    .len();
                scroll(&mut open.scroll, step, rows, layout::list_height(body, 4));
            }
            Some(Modal::Log(_)) => self.step_log(step),
            Some(Modal::Columns(_)) => self.step_columns(step),
            Some(Modal::Earlier(open)) => {
                open.step(step, layout::list_height(body, super::earlier::AROUND));
            }
            Some(Modal::Conflict(open)) => match step {
                Move::By(by) | Move::Pages(by) => open.step(by),
                Move::First => open.step(isize::MIN),
                Move::Last => open.step(isize::MAX),
            },
            Some(Modal::Bulk(_)) => self.move_bulk(step),
            Some(Modal::Confirm(_)) => self.move_question(step),
            Some(Modal::Plan(modal)) => {
                if let Some(known) = &self.plan {
                    let rows = plan::rows(known, &self.desk);
                    modal.step(
                        step,
                        &rows,
                        layout::list_height(body, plan::around(body.height)),
                    );
                }
            }
            Some(
                Modal::Form(_)
                | Modal::Settings(_)
                | Modal::Seat(_)
                | Modal::NewTenant(_)
                | Modal::Free(_)
                | Modal::Chooser(_)
                | Modal::Palette(_),
            ) => {}
            None => match self.pane {
                Pane::Users => self.users.step(step, &self.desk, heights.users),
                Pane::Candidates => {
                    self.candidates.step(step, &self.roster, heights.candidates);
                }
                Pane::Sync => self.sync.step(step, &self.desk, heights.history),
                Pane::Changes => self.changes.step(step, heights.changes),
                Pane::Licences => self.licences.step(step, &self.inventory, heights.licences),
                Pane::Numbers => self.numbers.step(step, heights.numbers),
            },
        }
        Vec::new()
    }

    /// A page, or to an end: in pane 3 of the log, which is what is long there.
    fn page(&mut self, step: Move) {
        if self.modals.is_empty() && self.pane == Pane::Sync {
            self.step_log(step);
        } else {
            self.move_cursor(step);
        }
    }

    fn open_row(&mut self) -> Vec<Effect> {
        if self.reads_line() {
            return self.why_of_line();
        }
        if matches!(self.over(), Some(Modal::Plan(_))) {
            return self.act(Action::Why);
        }
        if let Some(effects) = self.open_elsewhere() {
            return effects;
        }
        match self.pane {
            Pane::Users => {
                let conflict = self
                    .users
                    .row(&self.desk)
                    .and_then(|row| row.entries.iter().find(|entry| is_conflict(entry)).cloned());
                match conflict {
                    Some(entry) => self.open_conflict(&entry),
                    // Enter opens this row, whoever is marked.
                    None => match self.no_user("edit") {
                        Some(reason) => self.say(Tone::Warn, reason),
                        None => self.edit(),
                    },
                }
            }
            Pane::Candidates => return self.act(Action::Why),
            Pane::Sync if self.sync.marked.len() == 2 => return self.compare(),
            Pane::Sync => return self.open_log(),
            Pane::Changes => self.open_change(),
            Pane::Licences => return self.open_licence(),
            Pane::Numbers => return self.open_number(),
        }
        Vec::new()
    }

    fn open_log(&mut self) -> Vec<Effect> {
        let Some(head) = self.sync.row(&self.desk) else {
            self.say(Tone::Dim, "no run yet: {sync} syncs");
            return Vec::new();
        };
        let run = head.id;
        let debug = if head.debug { "debug " } else { "" };
        let title = format!(
            "run {} {debug}{} {} {}",
            run.0,
            head.kind,
            self.when(head.started_at),
            head.outcome
        );
        let req = self.ask();
        self.modals.push(Modal::Log(LogView {
            run,
            title,
            asked: req,
            lines: None,
            tail: Tail::From(0),
            search: Search::default(),
        }));
        vec![Effect::LoadLog { req, run }]
    }

    /// What stands around a change that is explained.
    pub fn around_change(&self) -> changes::Around<'_> {
        changes::Around {
            desk: &self.desk,
            run: self.runs.active(),
            keys: &self.settings.keys,
        }
    }

    fn open_change(&mut self) {
        if let Some(entry) = self.changes.entry(&self.desk).cloned() {
            if is_conflict(&entry) {
                self.open_conflict(&entry);
            } else {
                let text = Text::new(
                    "CHANGE",
                    changes::detail(&entry, self.around_change(), &|at| self.when(at)),
                );
                self.modals.push(Modal::Text(text));
            }
        } else if let Some(row) = self.changes.audit(&self.desk) {
            let known = (&*self.desk, &*self.roster);
            let mut doc = changes::audit_detail(row, known, &|at| self.when(at));
            for step in changes::steps(row, &self.desk) {
                let change = changes::audited(&step.change, &self.roster);
                // What it was before would be a second state in the line.
                let text = format!("{} {change}", step.action);
                let lead = format!("{}  ", self.when(step.at));
                doc.item(Tone::Dim, &lead, text.trim_end());
            }
            let text = Text::new(format!("AUDIT {}", row.seq), doc);
            self.modals.push(Modal::Text(text));
        }
    }

    fn everyone(&mut self) {
        if self.pane == Pane::Candidates {
            self.candidates.listing = match self.candidates.listing {
                Listing::Candidates => Listing::Everyone,
                Listing::Everyone => Listing::Candidates,
            };
        } else {
            self.candidates.listing = Listing::Everyone;
            self.pane = Pane::Candidates;
        }
        // A new listing is read from its top, unless the same person is still there.
        self.candidates.cursor.index = 0;
        self.candidates.stale = true;
    }

    pub(super) fn sort(&mut self) -> Vec<Effect> {
        let word = match self.pane {
            Pane::Candidates => {
                self.candidates.sort = self.candidates.sort.next();
                self.candidates.sort.word()
            }
            Pane::Licences => self.licences.turn_order(),
            Pane::Numbers => {
                self.numbers.sort = self.numbers.sort.next();
                self.numbers.sort.word()
            }
            Pane::Users | Pane::Sync | Pane::Changes => {
                self.users.sort = self.users.sort.next();
                self.users.sort.word()
            }
        };
        self.refilter();
        self.say(Tone::Dim, format!("sorted by {word}"));
        self.keep_tables()
    }

    /// Leaves one level: what stands over the panes, then the marks, then the filter.
    fn leave(&mut self) -> Vec<Effect> {
        if let Some(Modal::Log(view)) = self.modals.last_mut()
            && view.search.filter.is_shown()
        {
            view.search.filter.clear();
            view.search.stale = true;
            return Vec::new();
        }
        if let Some(Modal::SignIn(_)) = self.modals.last() {
            return self.leave_sign_in();
        }
        if self.modals.pop().is_some() {
            return Vec::new();
        }
        if self.filter().is_shown() {
            self.filter_mut().clear();
            self.refilter();
        } else if self.pane == Pane::Sync && self.sync.in_log() {
            self.sync.leave_log();
        } else if self.drop_marks() {
            // They were all that stood between the key and the pane.
        } else if self.pane == Pane::Licences && self.licences.inside.is_some() {
            self.licences.inside = None;
        } else {
            self.notice = None;
        }
        Vec::new()
    }

    fn ask_cancel(&mut self) {
        if let Some(run) = self.runs.active() {
            let question = Question::CancelRun {
                req: run.req,
                name: run.name(),
                writes: run.is_writing(),
            };
            self.question(question);
        }
    }

    /// Puts a question over everything.
    pub(super) fn question(&mut self, question: Question) {
        self.modals
            .push(Modal::Confirm(Box::new(Confirm::new(question))));
    }

    /// `q`: what is queued and not written is said before the console goes.
    fn quit(&mut self) -> Vec<Effect> {
        let queued = self
            .desk
            .entries
            .iter()
            .filter(|entry| matches!(entry.state, EntryState::Queued | EntryState::Held { .. }))
            .count();
        let writing = self.runs.active().is_some_and(Run::is_writing);
        if queued == 0 || writing || self.life != Lifecycle::Running {
            return self.quit_now();
        }
        let why = match queued {
            1 => "1 change is queued and stays queued.".to_owned(),
            n => format!("{n} changes are queued and stay queued."),
        };
        self.question(Question::Quit { why });
        Vec::new()
    }

    /// Ctrl-C: asks only where something would be lost or is under way.
    pub(super) fn quit_now(&mut self) -> Vec<Effect> {
        if let Lifecycle::Draining { why } = self.life {
            return vec![Effect::Quit { code: why.code() }];
        }
        let asked = self.modals.iter().any(|modal| {
            matches!(modal, Modal::Confirm(confirm) if matches!(confirm.question, Question::Quit { .. }))
        });
        let form = self.modals.iter().find_map(|modal| match modal {
            Modal::Form(form) if form.is_dirty() => Some(format!(
                "{} is not saved; its text is kept for the next start.",
                form.title()
            )),
            Modal::NewTenant(form) if form.is_dirty() => Some(format!(
                "{} is not saved; it is lost when the console ends.",
                form.title()
            )),
            Modal::Bulk(open) => {
                let what = open.unsaved()?;
                Some(format!("{what}; it is lost when the console ends."))
            }
            _ => None,
        });
        let writing = self
            .runs
            .active()
            .filter(|run| run.is_writing())
            .map(|run| {
                format!(
                    "{} is writing; it stops after the change that it is at, and the rest stays queued.",
                    run.name()
                )
            });
        match form.or(writing) {
            Some(_) if asked => Vec::new(),
            Some(why) => {
                self.question(Question::Quit { why });
                Vec::new()
            }
            None => self.drain(Ending::Quit),
        }
    }
}

/// Short parts in as few lines as they need, none of them broken; past `most` lines the last ends in a mark.
fn in_lines(parts: &[String], width: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut lines_left = most;
    for part in parts {
        match lines.last_mut() {
            Some(line) if cells::width(line) + 2 + cells::width(part) <= width => {
                line.push_str("  ");
                line.push_str(part);
            }
            Some(line) if lines_left == 0 => {
                while cells::width(line) + 2 > width
                    && let Some(end) = line.rfind("  ")
                {
                    line.truncate(end);
                }
                line.push_str(" …");
                return lines;
            }
            Some(_) | None => {
                lines_left = lines_left.saturating_sub(1);
                lines.push(part.clone());
            }
        }
    }
    lines
}

/// Whether an entry waits for an engineer's decision between two values.
pub fn is_conflict(entry: &crate::domain::outbox::Entry) -> bool {
    matches!(
        entry.state,
        crate::domain::outbox::EntryState::Conflict { .. }
    )
}

fn scroll(scroll: &mut super::doc::Scroll, step: Move, rows: usize, height: usize) {
    let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1);
    let by = match step {
        Move::By(n) => n,
        Move::Pages(n) => n.saturating_mul(page),
        Move::First => isize::MIN,
        Move::Last => isize::MAX,
    };
    scroll.by(by, rows, height);
}
