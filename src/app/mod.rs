//! The state machine of the console: events in, effects out. No I/O, no clock, no channel, no ratatui.
//!
//! [`App::update`] is deterministic: the same state and event give the same effects, and time enters only as `event.at`.
//! Every answer carries the number of its question; an answer to another question is dropped.

pub mod action;
mod also;
pub mod available;
pub mod beside;
pub mod bulk;
pub mod cells;
pub mod chooser;
pub mod columns;
pub mod compare;
pub mod copy;
pub mod cursor;
pub mod dispatch;
pub mod doc;
pub mod doubt;
mod drafts;
pub mod earlier;
pub mod effect;
pub mod event;
pub mod field;
pub mod filter;
pub mod first_start;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
pub(crate) mod flows;
pub mod footer;
mod kept;
pub mod keymap;
pub mod keys;
pub mod layout;
pub mod lifecycle;
mod listed;
pub mod logs;
pub mod many;
pub mod marks;
pub mod mend;
pub mod modal;
pub mod mouse;
mod new_tenant;
pub mod notice;
pub mod pane;
pub mod people;
pub mod replies;
pub mod review;
pub mod session;
pub mod settings;
pub mod sign_in;
pub mod stock;
pub mod sync;
pub mod tables;
pub mod tabs;
mod told;
mod typed;
mod undo;
pub mod writing;
pub mod zone;

use std::collections::HashSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::failure::Failure;
use crate::domain::guid::ObjectId;
use crate::domain::phone::PhoneNumber;
use crate::domain::run::RunKind;
use crate::domain::sign_in::SignInWay;
use crate::domain::user::UserId;
use crate::domain::writeplan::WritePlan;
use crate::roster::Roster;
use crate::roster::desk::Desk;
use crate::roster::inventory::Inventory;
use crate::roster::wishes::Wishes;

use beside::Beside;
use doc::Tone;
use effect::Effect;
use event::{Event, RequestId, What};
use filter::{Filter, Typing};
use keymap::Keymap;
use layout::{Layout, Split};
use lifecycle::{Ending, Lifecycle};
use modal::Modal;
use notice::Notice;
use pane::Pane;
use pane::candidates::{Candidates, Picklist, Tenant};
use pane::changes::Changes;
use pane::licences::Licences;
use pane::numbers::Numbers;
use pane::sync::SyncPane;
use pane::users::Users;
use session::{Accent, Auth, Session, Writing};
use sync::{Run, Runs};
use zone::Zone;

/// With what the console starts.
#[derive(Default, Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of configuration and command line, each with a name of its own"
)]
pub struct Settings {
    /// Name of the tenant until it has said its own.
    pub tenant_label: String,
    /// Account or app, as far as it is known before the first sign-in.
    pub account: String,
    /// Who makes the changes of this console, as the outbox has it.
    pub author: String,
    /// Whether the tenant may only be read.
    pub read_only: bool,
    /// Whether users are added by hand, so that no picklist is built.
    pub manual_mode: bool,
    /// The group filter.
    pub group: Option<String>,
    /// Whether this is the demo tenant.
    pub demo: bool,
    /// Whether it is a support bundle that is looked at: no network, nothing is written.
    pub bundle: bool,
    /// Whether the first sync starts by itself.
    pub sync_on_start: bool,
    /// Whether only ASCII is drawn.
    pub ascii: bool,
    /// How a person signs in; `None` where the app signs in by itself.
    pub sign_in: Option<SignInWay>,
    /// What the configuration calls the tenant on its screens.
    pub name: Option<String>,
    /// Whether another tenant of the configuration is shown by the same name.
    pub has_namesake: bool,
    /// The tenant's colour.
    pub accent: Option<Accent>,
    /// Keys and what they mean.
    pub keys: Keymap,
    /// Whether the terminal is asked to tell of the mouse.
    pub mouse: bool,
    /// Whose clock is shown beside UTC.
    pub zone: Zone,
    /// Whether the end of a long run rings the terminal's bell.
    pub bell: bool,
    /// Whether nothing is written without a ticket.
    pub require_ticket: bool,
    /// Whether a shell waits behind the console, so that it can be stopped for a while.
    pub shell: bool,
    /// Whether it was added just now, so that somebody signs in at once; and where its administrator lets the app in.
    pub first: Option<Option<String>>,
    /// Whether its configuration was changed just now in the console that it was open in.
    pub edited: bool,
    /// What went wrong before this tenant was opened.
    pub greeting: Option<Failure>,
}

/// Somebody who was just added.
#[derive(Debug, Clone, PartialEq)]
enum Comer {
    /// A user of the directory.
    Person(ObjectId),
    /// One who is none, by name; with whose row was the newest before.
    Named(String, Option<UserId>),
}

/// What an open question was about.
#[derive(Debug, Clone, PartialEq)]
enum Wait {
    /// People are being added.
    Added {
        /// Whom, by directory id and name; nobody's id for one that is added without.
        people: Vec<(Option<ObjectId>, String)>,
        /// The number that is to move to the one who is added.
        moving: Option<PhoneNumber>,
        /// Whose row was the newest until then.
        newest: Option<UserId>,
    },
    /// A form is being saved.
    Form,
    /// A user is being removed.
    Removed,
    /// A repair, a move or a counter-change is being queued.
    Mended,
    /// A script is being written.
    Script {
        /// What stands over it.
        title: String,
    },
    /// A queued change is being dropped.
    Undone,
    /// An item of the plan is held back, or let go.
    Held {
        /// Whether the plan has to be read again, since the item was not in it.
        replan: bool,
    },
    /// A conflict is being decided.
    Decided,
    /// Writing is being allowed.
    Allowed,
    /// Somebody is being signed out.
    SignedOut,
    /// Something is being copied.
    Copied,
    /// The text of a step that nothing here can do is being copied.
    CopiedStep(usize),
    /// Settings are being saved, or a seat is being moved.
    Settings,
    /// A tenant of this name is being added to the configuration.
    NewTenant(String),
    /// What the configuration says of the tenant of this name is being changed.
    SavedTenant(String),
    /// A tenant that is to leave the configuration.
    RemovedTenant(String),
    /// A plan is being kept, or its ticket noted.
    Kept,
    /// Two runs are being compared.
    Compared,
    /// What was done is being read.
    Handover,
    /// Matches are being taken over, or old numbers queued.
    Adopted,
    /// The pin is being taken off.
    Unpinned,
    /// Rows are being judged.
    Judged,
    /// Many users are being added, changed or removed.
    Bulk,
    /// A file is being written.
    Exported,
}

/// The console.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    /// With what it started.
    pub settings: Settings,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Tenant, account, and whether writing is allowed.
    pub session: Session,
    /// The pane in front.
    pub pane: Pane,
    /// Pane 1.
    pub users: Users,
    /// Pane 2.
    pub candidates: Candidates,
    /// Pane 3.
    pub sync: SyncPane,
    /// Pane 4.
    pub changes: Changes,
    /// Pane 5.
    pub licences: Licences,
    /// Pane 6.
    pub numbers: Numbers,
    /// The active run, its log.
    pub runs: Runs,
    /// What stands over the panes, the topmost last.
    pub modals: Vec<Modal>,
    /// The line that says what just happened.
    pub notice: Option<Notice>,
    /// What this side holds.
    pub desk: Arc<Desk>,
    /// Whether the tenant's files have answered: before that nobody can say what is not in them.
    pub opened: bool,
    /// What the tenant has.
    pub roster: Arc<Roster>,
    /// The tenant's numbers and products.
    pub inventory: Arc<Inventory>,
    /// Directory users that are configured.
    pub configured: Arc<HashSet<ObjectId>>,
    /// The plan that was made last, as long as nothing of it was written.
    pub plan: Option<WritePlan>,
    /// Why the row under the cursor is as it is, on a wide screen.
    pub beside: Beside,
    /// When what is typed into the form is to be kept.
    pub typed_due: Option<Timestamp>,
    /// Text of forms that was kept when they were not saved, by the form's key.
    pub drafts: Vec<(String, String)>,
    /// Which columns the tables have.
    pub columns: columns::Columns,
    /// Filters as they were remembered last.
    filters_kept: String,
    /// What the last import has left out.
    pub left_out: Option<review::LeftOut>,
    /// The time of the last event.
    pub now: Timestamp,
    life: Lifecycle,
    waits: Vec<(RequestId, Wait)>,
    last_request: u64,
    /// What is wished for since the rows were settled.
    wishes: Vec<Effect>,
    wake: Option<Timestamp>,
    dirty: bool,
    /// How many modals were open when a key said what stands in the notice line: with the topmost of them it goes.
    said_over: usize,
    /// Whose row in Users gets the cursor once it is there.
    goto: Option<Comer>,
    /// The key that has confirmed something just now.
    answered_by: Option<keys::Answered>,
    /// When and where the mouse was pressed last.
    pressed: Option<(Timestamp, (u16, u16))>,
}

/// How long the cursor rests on a row before it is explained beside.
const REST: SignedDuration = SignedDuration::from_millis(60);

impl App {
    /// The console before its first event.
    pub fn new(settings: Settings, size: (u16, u16)) -> Self {
        let session = Session {
            tenant: settings
                .name
                .clone()
                .unwrap_or_else(|| settings.tenant_label.clone()),
            auth: Auth::Unknown,
            before: Box::new(Auth::Unknown),
            account: settings.account.clone(),
            writing: if settings.read_only {
                Writing::ReadOnly
            } else {
                Writing::Allowed
            },
            resume: None,
            then_open: None,
            added: None,
            edited: None,
            consent: settings.first.clone().flatten(),
            server_ahead: 0,
        };
        let candidates = Candidates {
            picklist: if settings.manual_mode {
                Picklist::Off
            } else {
                Picklist::Built
            },
            ..Candidates::default()
        };
        Self {
            settings,
            size,
            session,
            pane: Pane::default(),
            users: Users::default(),
            candidates,
            sync: SyncPane::default(),
            changes: Changes::default(),
            licences: Licences::default(),
            numbers: Numbers::default(),
            runs: Runs::default(),
            modals: Vec::new(),
            notice: None,
            desk: Arc::default(),
            opened: false,
            roster: Arc::new(Roster::awaited()),
            inventory: Arc::default(),
            configured: Arc::default(),
            plan: None,
            beside: Beside::default(),
            typed_due: None,
            drafts: Vec::new(),
            columns: columns::Columns::default(),
            filters_kept: String::new(),
            left_out: None,
            now: Timestamp::UNIX_EPOCH,
            life: Lifecycle::Running,
            waits: Vec::new(),
            last_request: 0,
            wishes: Vec::new(),
            wake: None,
            dirty: true,
            said_over: 0,
            goto: None,
            answered_by: None,
            pressed: None,
        }
    }

    /// The same, with its questions numbered from there on.
    #[must_use]
    pub fn numbered_from(mut self, first: u64) -> Self {
        self.last_request = first;
        self
    }

    /// The first effects.
    pub fn start(&mut self, at: Timestamp) -> Vec<Effect> {
        self.now = at;
        if self.settings.edited {
            self.say_edited();
        }
        if let Some(failure) = self.settings.greeting.take() {
            self.fail(failure);
        }
        if self.settings.first.is_some() {
            return self.first_opened();
        }
        if self.settings.sync_on_start {
            self.start_run(RunKind::Sync, false)
        } else {
            Vec::new()
        }
    }

    /// Takes an event.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        self.now = event.at;
        if self.wake.is_some_and(|wake| wake <= self.now) {
            self.wake = None;
        }
        let mut effects = match event.what {
            What::Wake => {
                self.wake = None;
                let mut effects = self.tick();
                effects.extend(self.keep_typed());
                effects
            }
            What::Key(key) => self.touched(|app| app.key(key)),
            What::Mouse(mouse) => self.touched(|app| app.mouse(mouse)),
            What::Paste(text) => self.touched(|app| {
                app.paste(&text);
                Vec::new()
            }),
            What::Resize { width, height } => self.touched(|app| {
                app.size = (width, height);
                Vec::new()
            }),
            What::Run { req, event } => self.touched(|app| app.run_says(req, event)),
            What::Ledger(event) => self.touched(|app| app.ledger_says(event)),
            What::Cache(event) => self.touched(|app| app.cache_says(event)),
            What::Session(event) => self.touched(|app| app.session_says(event)),
            What::Hangup => self.drain(Ending::Hangup),
            What::Terminate { code } => self.drain(Ending::Terminate { code }),
            What::Suspend => vec![Effect::Suspend],
            What::Continued => self.touched(|_| Vec::new()),
        };
        if self.life == Lifecycle::Running {
            effects.extend(self.rest());
            effects.extend(self.want_members());
            self.note_typed();
            effects.extend(self.wake_up());
        }
        effects
    }

    fn touched(&mut self, act: impl FnOnce(&mut Self) -> Vec<Effect>) -> Vec<Effect> {
        self.dirty = true;
        act(self)
    }

    /// Filters, clamps cursors, expires notices: once per batch of events, before drawing.
    pub fn settle(&mut self) {
        if self
            .notice
            .as_ref()
            .and_then(Notice::until)
            .is_some_and(|until| until <= self.now)
        {
            self.notice = None;
            self.dirty = true;
        }
        self.goto_added();
        let stale =
            self.users.stale || self.candidates.stale || self.numbers.stale || self.licences.stale;
        let marked = self.changes.marked.len();
        self.changes.refresh(&self.desk);
        self.marks_gone(marked - self.changes.marked.len());
        let layout = self.layout();
        let heights = self.heights(&layout);
        self.users.settle(&self.desk, self.now, heights.users);
        let tenant = Tenant {
            roster: &self.roster,
            configured: &self.configured,
        };
        self.candidates.settle(tenant, heights.candidates);
        self.wish_for_rows();
        let tenant = Tenant {
            roster: &self.roster,
            configured: &self.configured,
        };
        self.licences
            .settle(&self.inventory, tenant, heights.licences);
        let wishes = Wishes::of(&self.desk);
        self.numbers
            .settle(&self.inventory, &wishes, heights.numbers);
        self.sync.settle(&self.runs, &self.desk, heights.history);
        self.changes.settle(heights.changes);
        if let Some(Modal::Plan(_)) = self.modals.last() {
            self.settle_plan();
        }
        if let Some(Modal::Form(form)) = self.modals.last_mut() {
            form.look_up(&self.desk, &self.roster, &self.inventory);
        }
        if let Some(Modal::Log(view)) = self.modals.last_mut()
            && let Some(lines) = &view.lines
        {
            view.search.settle(lines, lines.len(), &mut view.tail);
        }
        self.settle_bulk();
        let height = self.chooser_height();
        if let Some(Modal::Chooser(open)) = self.modals.last_mut() {
            open.settle(height);
        }
        let room = layout::list_height(layout.body, earlier::AROUND);
        if let Some(Modal::Earlier(open)) = self.modals.last_mut() {
            open.settle(room);
        }
        if let Some(Modal::Free(open)) = self.modals.last_mut() {
            open.settle(layout::list_height(layout.body, 3));
        }
        if let Some(Modal::Seat(open)) = self.modals.last_mut() {
            open.search(&self.desk);
            open.settle(&self.desk, layout::list_height(layout.body, 3));
        }
        if stale {
            self.look_elsewhere();
        }
    }

    /// What is wished for since the rows were settled: to be carried out like the effects of an event.
    pub fn take_wishes(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.wishes)
    }

    /// Whether something has changed since the last call: then a frame is due.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Whether something has changed that is not drawn yet.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// A frame was drawn: what stands on it was seen.
    pub fn drawn(&mut self) {
        if let (Some(Modal::Plan(modal)), true) = (self.modals.last_mut(), self.plan.is_some())
            && modal.stage == pane::plan::Stage::Fresh
        {
            modal.stage = pane::plan::Stage::Drawn;
        }
        self.bulk_drawn();
        if let Some(answered) = &mut self.answered_by {
            answered.unseen = false;
        }
    }

    /// The terminal's title: `tenant RO`.
    pub fn title(&self) -> String {
        let mode = match (self.settings.bundle, self.session.may_write()) {
            (true, _) => "BUNDLE",
            (false, true) => "RW",
            (false, false) => "RO",
        };
        let tenant = crate::domain::text::Label::new(&self.session.tenant);
        format!("{tenant} {mode}")
    }

    /// Whether the console lives.
    pub fn lifecycle(&self) -> Lifecycle {
        self.life
    }

    /// The areas of the screen.
    pub fn layout(&self) -> Layout {
        let split = match (self.pane, self.runs.active()) {
            (Pane::Sync, _) => Split::Whole,
            // Nobody is explained beside a line of the audit: it gets the width.
            (Pane::Changes, Some(_)) if self.who_here().is_none() => Split::Log,
            (Pane::Changes, None) if self.who_here().is_none() => Split::Whole,
            // Nor beside the list of products, only inside one of them.
            (Pane::Licences, Some(_)) if self.licences.inside.is_none() => Split::Log,
            (Pane::Licences, None) if self.licences.inside.is_none() => Split::Whole,
            (_, Some(_)) => Split::BesideAndLog,
            (_, None) => Split::Beside,
        };
        layout::areas(self.size, split)
    }

    /// The tenant as pane 2 shows it.
    pub fn tenant(&self) -> Tenant<'_> {
        Tenant {
            roster: &self.roster,
            configured: &self.configured,
        }
    }

    /// The filter of the pane in front.
    pub fn filter(&self) -> &Filter {
        if let Some(Modal::Log(view)) = self.over() {
            return &view.search.filter;
        }
        match self.pane {
            Pane::Users => &self.users.filter,
            Pane::Candidates => &self.candidates.filter,
            Pane::Sync => &self.sync.search.filter,
            Pane::Changes => &self.changes.filter,
            Pane::Licences => match &self.licences.inside {
                Some(inside) => &inside.filter,
                None => &self.licences.filter,
            },
            Pane::Numbers => &self.numbers.filter,
        }
    }

    fn filter_mut(&mut self) -> &mut Filter {
        let over = self.modals.iter_mut().rev();
        if let Some(Modal::Log(view)) = over.filter(|m| !matches!(m, Modal::Palette(_))).nth(0) {
            return &mut view.search.filter;
        }
        match self.pane {
            Pane::Users => &mut self.users.filter,
            Pane::Candidates => &mut self.candidates.filter,
            Pane::Sync => &mut self.sync.search.filter,
            Pane::Changes => &mut self.changes.filter,
            Pane::Licences => match &mut self.licences.inside {
                Some(inside) => &mut inside.filter,
                None => &mut self.licences.filter,
            },
            Pane::Numbers => &mut self.numbers.filter,
        }
    }

    /// `/`: a new filter, in an empty field; the row under the cursor is remembered.
    fn begin_filter(&mut self) {
        if self.over().is_none() {
            match self.pane {
                Pane::Users => self.users.cursor.remember(),
                Pane::Candidates => self.candidates.cursor.remember(),
                Pane::Licences => match &mut self.licences.inside {
                    Some(inside) => inside.cursor.remember(),
                    None => self.licences.cursor.remember(),
                },
                Pane::Numbers => self.numbers.cursor.remember(),
                Pane::Changes => self.changes.cursor.remember(),
                Pane::Sync => {}
            }
        }
        self.filter_mut().begin();
        self.refilter();
    }

    /// Marks the rows of the pane in front as to be computed again.
    fn refilter(&mut self) {
        if let Some(Modal::Log(view)) = self.modals.last_mut() {
            view.search.stale = true;
            return;
        }
        match self.pane {
            Pane::Users => self.users.stale = true,
            Pane::Candidates => self.candidates.stale = true,
            Pane::Sync => self.sync.search.stale = true,
            Pane::Changes => self.changes.stale = true,
            Pane::Licences => self.licences.stale = true,
            Pane::Numbers => self.numbers.stale = true,
        }
    }

    /// Numbers a question.
    fn ask(&mut self) -> RequestId {
        self.last_request += 1;
        RequestId(self.last_request)
    }

    /// Numbers a question and remembers what it is about.
    fn wait_for(&mut self, wait: Wait) -> RequestId {
        let req = self.ask();
        self.waits.push((req, wait));
        req
    }

    /// What a question was about, if it is open.
    fn answered(&mut self, req: RequestId) -> Option<Wait> {
        let place = self.waits.iter().position(|(open, _)| *open == req)?;
        Some(self.waits.remove(place).1)
    }

    /// Shows a line.
    fn say(&mut self, tone: Tone, text: impl Into<String>) {
        // A key may be another than the table's: texts name the action.
        let text = self.settings.keys.fill(&text.into());
        self.notice = Some(Notice::word(tone, text, self.now));
        self.said_over = 0;
        self.dirty = true;
    }

    /// Shows a failure's headline.
    fn fail(&mut self, failure: Failure) {
        self.notice = Some(Notice::Failed(self.keyed(failure)));
        self.said_over = self.modals.len();
        self.dirty = true;
    }

    /// A failure whose words name actions, with their keys.
    pub(crate) fn keyed(&self, mut failure: Failure) -> Failure {
        let keys = &self.settings.keys;
        failure.headline = keys.fill(&failure.headline);
        failure.detail = self.settings.zone.told(&failure.detail, self.now);
        failure.hint = keys.fill(&failure.hint);
        failure
    }

    /// Starts a run, if none is active.
    fn start_run(&mut self, kind: RunKind, debug: bool) -> Vec<Effect> {
        if self.life != Lifecycle::Running {
            return Vec::new();
        }
        if let Some(run) = self.runs.active() {
            let text = format!("{} is going: {}", run.name(), run.doing());
            self.say(Tone::Busy, text);
            return Vec::new();
        }
        let req = self.ask();
        self.users.written.clear();
        self.users.stale = true;
        self.runs.begin(Run {
            earlier: self.desk.read_at,
            ..Run::new(req, kind.clone(), debug, self.now)
        });
        self.sync.leave_log();
        self.dirty = true;
        vec![Effect::StartRun { req, kind, debug }]
    }

    /// The earliest time at which something is to happen by itself, asked for once.
    fn wake_up(&mut self) -> Option<Effect> {
        let notice = self.notice.as_ref().and_then(Notice::until);
        let tick = self.next_tick();
        let at = notice
            .into_iter()
            .chain(self.beside.due)
            .chain(self.typed_due)
            .chain(tick)
            .min()?;
        if self.wake.is_some_and(|wake| wake <= at) {
            return None;
        }
        self.wake = Some(at);
        Some(Effect::Wake { at })
    }

    /// Whether the filter of the pane in front is being typed.
    pub fn is_typing(&self) -> bool {
        matches!(self.modals.last(), None | Some(Modal::Log(_)))
            && self.filter().typing == Typing::Yes
    }
}
