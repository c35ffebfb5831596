//! Everything that can happen, nested by source and stamped with the time.

use std::sync::Arc;

use jiff::Timestamp;

use crate::bulk::review::Review;
use crate::domain::added::Added;
use crate::domain::difference::Difference;
use crate::domain::directory::DirectoryUser;
use crate::domain::earlier::Earlier;
use crate::domain::failure::Failure;
use crate::domain::gate::Class;
use crate::domain::run::{LogLine, RunEvent, RunId};
use crate::domain::settings::Selection;
use crate::domain::sign_in::{Prompt, SignInWay};
use crate::domain::why::Why;
use crate::roster::Roster;
use crate::roster::desk::Desk;
use crate::roster::inventory::Inventory;
use crate::roster::products::Members;

use super::pane::chooser::Card;
use super::pane::rows::Listed;
use super::pane::tenant::NotSaved;

/// Ties a reply to its question: a reply with another number than the one waited for is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct RequestId(pub u64);

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// Where it came from.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A key.
    Key(Key),
    /// The mouse, where it is asked for.
    Mouse(Mouse),
    /// Pasted text: never a command.
    Paste(String),
    /// The terminal has a new size, in cells.
    Resize {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// A run speaks.
    Run {
        /// The request that started it.
        req: RequestId,
        /// What it says.
        event: RunEvent,
    },
    /// The ledger answers.
    Ledger(LedgerEvent),
    /// The cache answers.
    Cache(CacheEvent),
    /// An action asked of the session was done or refused (allow writing, save a file, copy).
    Session(SessionEvent),
    /// A wake-up that was asked for.
    Wake,
    /// The terminal has gone away.
    Hangup,
    /// The system asks to end (SIGTERM, SIGINT, SIGQUIT).
    Terminate {
        /// The exit code.
        code: u8,
    },
    /// The system asks to stop for a while (SIGTSTP).
    Suspend,
    /// A program that was stopped goes on.
    Continued,
}

/// Something done with the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// Column and row, from 0.
    pub at: (u16, u16),
    /// What.
    pub did: Did,
}

/// What is done with a mouse. Moving and letting go mean nothing, and are not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// The first button went down.
    Press,
    /// The wheel turned away.
    WheelUp,
    /// The wheel turned near.
    WheelDown,
}

/// Answers of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub enum LedgerEvent {
    /// The desk as it is now.
    Desk(Arc<Desk>),
    /// The desk as it is now that another session has changed the ledger.
    ChangedElsewhere(Arc<Desk>),
    /// What was asked is committed. A new desk follows as an event of its own.
    Saved {
        /// The question.
        req: RequestId,
        /// One line to show: `Lee Gu queued: +44 …`.
        notice: String,
    },
    /// Users that were to be added are; a new desk comes first.
    Added {
        /// The question.
        req: RequestId,
        /// Who, and what is to be said of them.
        added: Added,
    },
    /// What was asked is not done; nothing has changed.
    Refused {
        /// The question.
        req: RequestId,
        /// Why.
        failure: Failure,
    },
    /// Rows with a verdict for each.
    Judged {
        /// The question.
        req: RequestId,
        /// The rows.
        review: Arc<Review>,
    },
    /// The rows that were to be queued have other verdicts now: nothing was.
    Moved {
        /// The question.
        req: RequestId,
        /// The rows as they stand now.
        review: Arc<Review>,
    },
    /// A draft that was kept when the terminal went away.
    Draft {
        /// Whose form, by its key.
        key: String,
        /// Its text, one `field=value` per line.
        text: String,
    },
    /// What is left of the tenant that was pinned before.
    Earlier {
        /// The question.
        req: RequestId,
        /// It, or why it could not be read.
        earlier: Result<Arc<Earlier>, Failure>,
    },
    /// Group and mode of the tenant as they are now.
    Selection(Selection),
    /// Two runs compared.
    Compared {
        /// The question.
        req: RequestId,
        /// The difference.
        diff: Box<Difference>,
    },
    /// What was done since some time, line by line.
    Handover {
        /// The question.
        req: RequestId,
        /// From when on.
        since: Timestamp,
        /// The lines; what belongs to a heading is set in.
        lines: Vec<String>,
    },
    /// The log of an earlier run.
    Log {
        /// The question.
        req: RequestId,
        /// Which run.
        run: RunId,
        /// Its lines.
        lines: Arc<Vec<LogLine>>,
    },
}

/// Answers of the cache.
#[derive(Debug, Clone, PartialEq)]
pub enum CacheEvent {
    /// A whole snapshot, or the first rows of one that is being loaded.
    Roster(Arc<Roster>),
    /// All rows of pane 2.
    Listed {
        /// The question.
        req: RequestId,
        /// The answer.
        listed: Arc<Listed>,
    },
    /// Its numbers and products.
    Inventory(Arc<Inventory>),
    /// Who has which product.
    Members {
        /// The question.
        req: RequestId,
        /// The answer.
        members: Arc<Members>,
    },
    /// Why somebody is missing.
    Why {
        /// The question.
        req: RequestId,
        /// The answer.
        why: Box<Why>,
    },
    /// The PowerShell for somebody.
    Script {
        /// The question.
        req: RequestId,
        /// The script, whole.
        text: String,
    },
    /// One directory user with all facts, asked for before adding.
    Person {
        /// The question.
        req: RequestId,
        /// The user and its class, if there.
        found: Option<Box<(DirectoryUser, Class)>>,
    },
    /// It could not be read.
    Failed {
        /// The question.
        req: RequestId,
        /// Why.
        failure: Failure,
    },
}

/// Answers about the session.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionEvent {
    /// Writing is allowed until the program ends.
    WritingAllowed {
        /// The question.
        req: RequestId,
    },
    /// Nobody is signed in, and a person has to: found by a run, or at the start.
    NobodySignedIn {
        /// What was told of it.
        why: Option<Failure>,
    },
    /// What a person is to do now.
    Prompted {
        /// The question.
        req: RequestId,
        /// What.
        prompt: Box<Prompt>,
    },
    /// A person has signed in.
    SignedIn {
        /// The question.
        req: RequestId,
        /// As whom.
        account: String,
    },
    /// The sign-in has ended without success.
    NotSignedIn {
        /// The question.
        req: RequestId,
        /// How.
        end: SignInEnd,
    },
    /// Nobody is signed in any more.
    SignedOut {
        /// The question.
        req: RequestId,
    },
    /// All configured tenants.
    Tenants {
        /// The question.
        req: RequestId,
        /// The tenants, or why they could not be read.
        tenants: Result<Arc<Vec<Card>>, Failure>,
    },
    /// Done, with one line to show.
    Done {
        /// The question.
        req: RequestId,
        /// What to show.
        notice: String,
    },
    /// Not done.
    Refused {
        /// The question.
        req: RequestId,
        /// Why.
        failure: Failure,
    },
    /// The form of a tenant is not saved.
    TenantNotSaved {
        /// The question.
        req: RequestId,
        /// Why, and which field it is about.
        why: Box<NotSaved>,
    },
}

/// How a sign-in ended that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInEnd {
    /// It was not used in time.
    Expired,
    /// It was declined, or it failed.
    Failed(Box<Failure>),
    /// A policy of the customer forbids it.
    Blocked {
        /// What came back.
        failure: Box<Failure>,
        /// The way that may be open.
        other: Option<SignInWay>,
    },
}

/// A key as the core knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Which.
    pub code: Code,
    /// Whether Ctrl is held.
    pub ctrl: bool,
}

/// Keys by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// A printable character, with Shift already in it.
    Char(char),
    /// Enter.
    Enter,
    /// Esc.
    Esc,
    /// Tab.
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow up with Shift, where the terminal tells it apart.
    ShiftUp,
    /// Arrow down with Shift.
    ShiftDown,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key.
    F(u8),
}

impl From<Code> for Key {
    fn from(code: Code) -> Self {
        Self { code, ctrl: false }
    }
}
