//! Everything that the core may ask of the world. Plain data: the shell performs it and answers with events.

use jiff::Timestamp;

use std::sync::Arc;

use crate::bulk::export::Reader;
use crate::bulk::review::{Ask, Review};
use crate::domain::country::Country;
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{EntryId, Removal};
use crate::domain::phone::PhoneNumber;
use crate::domain::repair::Repair;
use crate::domain::run::{RunId, RunKind};
use crate::domain::settings::{NewTenant, TenantSettings};
use crate::domain::user::{NewUser, Patch, UserId};
use crate::domain::writeplan::WritePlan;
use crate::roster::Roster;

use super::event::RequestId;
use super::pane::bulk::source::Source;
use super::pane::rows;
use super::session::Attempt;

/// One wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Have the terminal tell of the mouse, or not. No answer.
    Mouse(Reporting),
    /// Start a run. Its events carry `req`.
    StartRun {
        /// The question.
        req: RequestId,
        /// What it is to do.
        kind: RunKind,
        /// Whether it is a debug sync.
        debug: bool,
    },
    /// Stop the run that `req` started, at its next safe point.
    CancelRun {
        /// The run's question.
        req: RequestId,
    },
    /// Change the ledger.
    Ledger {
        /// The question.
        req: RequestId,
        /// The change.
        change: LedgerChange,
    },
    /// Keep the text of an open form, or forget it (`None`). No answer.
    KeepDraft {
        /// Whose form.
        key: String,
        /// Its text.
        text: Option<String>,
    },
    /// Read the log of an earlier run.
    LoadLog {
        /// The question.
        req: RequestId,
        /// Which run.
        run: RunId,
    },
    /// Compare two runs.
    Compare {
        /// The question.
        req: RequestId,
        /// Which.
        runs: (RunId, RunId),
    },
    /// Read what was done since then.
    Handover {
        /// The question.
        req: RequestId,
        /// From when on.
        since: Timestamp,
        /// As of when.
        now: Timestamp,
    },
    /// Change the settings of the tenant: ledger and configuration.
    Settings {
        /// The question.
        req: RequestId,
        /// The change.
        change: SettingsChange,
    },
    /// Find all rows of pane 2, of which the screen has the first. A newer question ends an older one.
    List {
        /// The question.
        req: RequestId,
        /// Among whom.
        roster: Arc<Roster>,
        /// What.
        ask: Box<rows::Ask>,
    },
    /// Explain somebody.
    Explain {
        /// The question.
        req: RequestId,
        /// Who.
        who: Who,
        /// Whether to read the facts from the tenant again first.
        live: bool,
    },
    /// Load the facts of a directory user before adding.
    LoadPerson {
        /// The question.
        req: RequestId,
        /// Who.
        id: ObjectId,
    },
    /// Write the PowerShell that does the same as an explanation's steps.
    Script {
        /// The question.
        req: RequestId,
        /// For whom.
        id: ObjectId,
    },
    /// Load who has which product.
    LoadMembers {
        /// The question.
        req: RequestId,
        /// The loading of the inventory that it is for.
        loading: u64,
    },
    /// Ask a person to sign in.
    SignIn {
        /// The question.
        req: RequestId,
        /// How, and what for.
        attempt: Attempt,
    },
    /// End the sign-in that `req` began. No answer.
    CancelSignIn {
        /// The question of the sign-in.
        req: RequestId,
    },
    /// Forget the sign-in of this tenant.
    SignOut {
        /// The question.
        req: RequestId,
    },
    /// Look at once whether another session has changed something, instead of at the next beat.
    LookForOthers,
    /// Read all configured tenants from the local files.
    ListTenants {
        /// The question.
        req: RequestId,
    },
    /// Write a new tenant into the configuration.
    AddTenant {
        /// The question.
        req: RequestId,
        /// The tenant.
        new: Box<NewTenant>,
    },
    /// Change what the configuration says of a tenant.
    EditTenant {
        /// The question.
        req: RequestId,
        /// What it is to say.
        new: Box<NewTenant>,
    },
    /// Take a tenant out of the configuration; its files are kept.
    RemoveTenant {
        /// The question.
        req: RequestId,
        /// Its name there.
        name: String,
    },
    /// Read what is left of the tenant that was pinned before.
    LoadEarlier {
        /// The question.
        req: RequestId,
    },
    /// Leave this tenant, and open another in the same terminal.
    OpenTenant {
        /// Its name in the configuration.
        name: String,
    },
    /// Keep a plan as a file.
    KeepPlan {
        /// The question.
        req: RequestId,
        /// The file, as it was typed.
        path: String,
        /// The plan that was shown.
        plan: Box<WritePlan>,
        /// The entries that were chosen in it.
        entries: Vec<EntryId>,
    },
    /// Allow writing until the program ends.
    AllowWriting {
        /// The question.
        req: RequestId,
    },
    /// Read rows and judge each: an import's review.
    Judge {
        /// The question.
        req: RequestId,
        /// Which rows.
        source: Source,
        /// How.
        ask: Ask,
        /// The country whose national numbers are proposed where nobody's own country tells.
        country: Option<Country>,
    },
    /// Write a table to a file that is not there yet.
    Export {
        /// The question.
        req: RequestId,
        /// Which.
        what: Exported,
        /// For whom.
        reader: Reader,
        /// Where, as it was typed.
        path: String,
    },
    /// Send text to the terminal's clipboard.
    Copy {
        /// The question.
        req: RequestId,
        /// The text.
        text: String,
    },
    /// Send [`What::Wake`](super::event::What::Wake) at this time.
    Wake {
        /// When.
        at: Timestamp,
    },
    /// Ring the terminal's bell.
    Bell,
    /// Give the terminal back and stop the process, until it is told to go on.
    Suspend,
    /// End the program with this exit code, once what was begun is closed.
    Quit {
        /// The exit code.
        code: u8,
    },
}

impl Effect {
    /// Whether it only looks at the files that are there: all that a support bundle is good for.
    pub fn only_looks(&self) -> bool {
        match self {
            Self::LoadLog { .. }
            | Self::Compare { .. }
            | Self::Handover { .. }
            | Self::List { .. }
            | Self::Explain { live: false, .. }
            | Self::LoadPerson { .. }
            | Self::Script { .. }
            | Self::LoadMembers { .. }
            | Self::ListTenants { .. }
            | Self::LookForOthers
            | Self::LoadEarlier { .. }
            | Self::Copy { .. }
            | Self::Mouse { .. }
            | Self::Wake { .. }
            | Self::Bell
            | Self::Suspend
            | Self::Quit { .. } => true,
            Self::StartRun { .. }
            | Self::CancelRun { .. }
            | Self::Ledger { .. }
            | Self::KeepDraft { .. }
            | Self::Settings { .. }
            | Self::Explain { live: true, .. }
            | Self::Judge { .. }
            | Self::Export { .. }
            | Self::KeepPlan { .. }
            | Self::SignIn { .. }
            | Self::CancelSignIn { .. }
            | Self::SignOut { .. }
            | Self::OpenTenant { .. }
            | Self::AddTenant { .. }
            | Self::EditTenant { .. }
            | Self::RemoveTenant { .. }
            | Self::AllowWriting { .. } => false,
        }
    }
}

/// Whether the terminal tells of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reporting {
    /// Clicks and the wheel come here.
    On,
    /// They stay the terminal's: it selects text.
    Off,
}

/// Changes of the ledger, each one transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum LedgerChange {
    /// Add users.
    Add(Vec<NewUser>),
    /// Change one.
    Edit {
        /// Whom.
        id: UserId,
        /// What.
        patch: Patch,
    },
    /// Remove one.
    Remove(Removal),
    /// Put the rows of a review in.
    Import {
        /// The review.
        review: Arc<Review>,
        /// All of them, or the good ones.
        extent: Extent,
    },
    /// Change many, all or none.
    EditMany(Vec<(UserId, Patch)>),
    /// Remove many, all or none; their numbers stay in the tenant.
    RemoveMany(Vec<Removal>),
    /// Drop a queued change.
    Undo(EntryId),
    /// Drop queued changes, all or none.
    UndoMany(Vec<EntryId>),
    /// Hold entries back, or let them go again.
    Hold {
        /// Which.
        entries: Vec<EntryId>,
        /// Held, or queued again.
        held: Held,
    },
    /// Note the ticket of entries, or that there is none.
    Ticket {
        /// Which.
        entries: Vec<EntryId>,
        /// The ticket.
        ticket: String,
    },
    /// Queue repairs of one user, all or none.
    Repair {
        /// Whom.
        target: ObjectId,
        /// What.
        repairs: Vec<Repair>,
        /// The country, for a usage location.
        country: Option<Country>,
        /// The name that was typed, for what stops a number.
        typed: Option<String>,
        /// Whether the user is put on the list afterwards.
        then_add: bool,
    },
    /// Queue the move of a number.
    Move {
        /// Which.
        number: PhoneNumber,
        /// To whom.
        to: ObjectId,
    },
    /// Queue the opposite of what was written.
    TakeBack {
        /// Which change.
        entry: EntryId,
    },
    /// Queue the opposite of each of these, as far as that can be.
    TakeBackMany(Vec<EntryId>),
    /// Give somebody's seat to another.
    MoveSeat {
        /// Who gives it.
        from: UserId,
        /// Who gets it.
        to: UserId,
    },
    /// Take over whom users of the tenant before match by e-mail.
    TakeMatches(Vec<UserId>),
    /// Queue the numbers that users had in the tenant before.
    Adopt(Vec<UserId>),
    /// Take the pin off the tenant.
    Unpin,
    /// Decide a conflict.
    Decide {
        /// Which.
        entry: EntryId,
        /// For whom.
        keep: Keep,
    },
}

/// Changes of the settings of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingsChange {
    /// All of the form.
    All(Box<TenantSettings>),
    /// The group filter alone; `None` clears it.
    Group(Option<String>),
}

/// How much of a review goes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All rows, or none.
    All,
    /// The good rows; the others are left out.
    Good,
}

/// What is exported: the rows that a pane shows, by their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exported {
    /// Configured users.
    Users(Vec<UserId>),
    /// Who may be added.
    Candidates(Vec<ObjectId>),
    /// Who is missing, and why.
    Reasons(Vec<ObjectId>),
    /// The tenant's numbers.
    Numbers(Vec<PhoneNumber>),
    /// The log of a run, a row for each line.
    Log(RunId),
    /// The log of a run, as the text that it is.
    LogText(RunId),
    /// The rows of a review that cannot go in, with the reasons.
    LeftOut(Arc<Review>),
}

/// Held back or queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Held back by hand.
    Back,
    /// Queued again.
    Released,
}

/// Whose value stays in a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// What was entered here: the tenant's becomes its base.
    Mine,
    /// What the tenant has.
    Theirs,
}

/// Whom to explain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A directory user.
    Directory(ObjectId),
    /// A configured user.
    User(UserId),
    /// Anyone, by UPN, mail, name, number or id.
    Text(String),
}
