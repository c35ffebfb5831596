//! A question before something that is not easily taken back. The key that confirms is never the one that asked, and a paste never does.

mod wording;

use crate::app::effect::Extent;
use crate::app::event::RequestId;
use crate::app::field::Field;
use crate::app::mend::{Mend, MoveTo, Wants};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Entry, EntryId, Removal};
use crate::domain::phone::PhoneNumber;
use crate::domain::settings::TenantSettings;
use crate::domain::sign_in::SignInWay;
use crate::domain::user::{Association, NewUser, Own, UserId};
use crate::domain::words;
use wording::{
    add_anyway, allow_lines, belong, changes, disable_lines, leaving_lines, mass_removal_lines,
    mend_lines, move_lines, open_lines, remove_lines, take_back_lines, undo_lines,
};

/// The question and what is answered so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirm {
    /// What is asked.
    pub question: Question,
    /// The answer of the shell that is waited for.
    pub saving: Option<RequestId>,
    /// The first line shown of what is listed.
    pub top: usize,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Remove a user here?
    Remove {
        /// Whom.
        id: UserId,
        /// Name.
        name: String,
        /// The number that could be released in the tenant.
        number: Option<PhoneNumber>,
        /// What is queued for the user, and goes too.
        drops: Vec<Entry>,
    },
    /// And release the number?
    Release {
        /// Whom.
        id: UserId,
        /// Name.
        name: String,
        /// The number.
        number: PhoneNumber,
        /// What the question before has named as queued for the user.
        drops: Vec<Entry>,
    },
    /// Allow writing to the tenant?
    AllowWriting {
        /// How a person signs in for it; `None` where the app does.
        way: Option<SignInWay>,
    },
    /// Sign out?
    SignOut,
    /// Open another tenant although a run is going, or a plan is open?
    OpenTenant {
        /// Which, by its name in the configuration.
        name: String,
        /// What becomes of them.
        then: Vec<String>,
    },
    /// Take a tenant out of the configuration?
    RemoveTenant {
        /// Which, by its name there.
        name: String,
        /// How many changes wait in its queue.
        queued: usize,
    },
    /// Add somebody who is to have a number that moves?
    AddForMove {
        /// Which number.
        number: PhoneNumber,
        /// To whom.
        to: ObjectId,
        /// The same as a user of the list.
        user: Box<NewUser>,
        /// What they are not.
        reason: String,
    },
    /// Add somebody who is no candidate?
    AddAnyway {
        /// Whom.
        users: Vec<NewUser>,
        /// Name and reason of those who are none.
        reasons: Vec<String>,
    },
    /// Tie a user to another directory user, or to none?
    Tie {
        /// The question.
        text: String,
        /// To whom.
        to: Association,
    },
    /// Replace what somebody else has queued, or saved while the form was open?
    Replace {
        /// Whose change it is, when it was made, and what it wants; one each.
        theirs: Vec<String>,
        /// Own fields as they are now.
        own: Option<Box<Own>>,
    },
    /// Save seats by which somebody loses the license?
    LoseSeats {
        /// What is saved.
        wanted: Box<TenantSettings>,
        /// Who would lose it, in a line.
        losers: String,
    },
    /// Clear the group filter?
    ClearGroup {
        /// The group.
        group: String,
    },
    /// Take the pin off the tenant?
    DisableSync {
        /// The tenant's id.
        id: String,
    },
    /// Take over whom users of the tenant before match by e-mail?
    TakeMatches {
        /// Whose matches.
        users: Vec<UserId>,
        /// The first of them, in words.
        first: String,
    },
    /// Queue the numbers that users had in the tenant before?
    QueueEarlier {
        /// Whose.
        users: Vec<UserId>,
        /// The first of them, in words.
        first: String,
    },
    /// Move a seat?
    MoveSeat {
        /// Who gives it.
        from: UserId,
        /// Who gets it.
        to: UserId,
        /// The names of both.
        names: (String, String),
    },
    /// Leave a form with unsaved text?
    LeaveForm {
        /// Whose form.
        title: String,
    },
    /// Take all that the review of an import proposes?
    TakeProposals {
        /// Each row with what it has and what it would get, in words.
        rows: Vec<String>,
    },
    /// Queue what can be, and leave the rest out?
    QueueGood {
        /// What is done: `Queue 34 rows`.
        going: String,
        /// What does not: `6 rows stay out`.
        staying: String,
        /// Each that stays out, and why.
        out: Vec<String>,
        /// Whether these are rows of an import, which can be saved as a file.
        file: bool,
    },
    /// Cancel the run?
    CancelRun {
        /// The run's question.
        req: RequestId,
        /// Its name.
        name: String,
        /// Whether it writes.
        writes: bool,
    },
    /// Quit?
    Quit {
        /// What is not finished.
        why: String,
    },
    /// Queue a repair?
    Mend(Box<Mend>),
    /// Move a number to whom?
    MoveTo(Box<MoveTo>),
    /// Queue the opposite of what was written?
    TakeBack {
        /// Which change.
        entry: EntryId,
        /// In words.
        what: String,
        /// What becomes of the values, in words.
        then: String,
    },
    /// Drop all these queued changes?
    UndoMany {
        /// Which.
        entries: Vec<EntryId>,
        /// Each in words.
        shown: Vec<String>,
    },
    /// Queue the opposite of all these, which were written?
    TakeBackMany {
        /// Which.
        entries: Vec<EntryId>,
        /// Each in words.
        shown: Vec<String>,
    },
    /// Which ticket do these changes belong to?
    Ticket {
        /// Which.
        entries: Vec<EntryId>,
        /// What was typed.
        typed: Field,
    },
    /// Keep the plan in which file?
    KeepPlan {
        /// The entries that were chosen.
        entries: Vec<EntryId>,
        /// What was typed.
        typed: Field,
    },
    /// Remove more users than the mass-change limit? The tenant's name is typed.
    MassRemoval {
        /// Who goes.
        who: Leaving,
        /// How many.
        count: usize,
        /// What is left of the limit.
        limit: usize,
        /// What was typed.
        typed: Field,
    },
    /// Write more than the mass-change limit? The tenant's name is typed.
    MassChange {
        /// What is written.
        entries: Vec<EntryId>,
        /// How many of them take something away.
        takes_away: usize,
        /// The limit.
        limit: usize,
        /// What was typed.
        typed: Field,
    },
}

/// Who is to leave the list past the limit.
#[derive(Debug, Clone, PartialEq)]
pub enum Leaving {
    /// All that the preview shows, or those without a refusal.
    Shown(Extent),
    /// One more, after many others.
    One {
        /// Name.
        name: String,
        /// Whom.
        removal: Removal,
    },
}

impl Confirm {
    /// A question.
    pub fn new(question: Question) -> Self {
        Self {
            question,
            saving: None,
            top: 0,
        }
    }

    /// What the question is about, one by one: shown below it, and scrolled.
    pub fn listed(&self) -> &[String] {
        match &self.question {
            Question::TakeProposals { rows } => rows,
            Question::QueueGood { out, .. } => out,
            _ => &[],
        }
    }

    /// Whether what it leaves out can be saved as a file.
    pub fn offers_file(&self) -> bool {
        matches!(self.question, Question::QueueGood { file: true, .. })
    }

    /// The field that is typed into, where the question has one.
    pub fn field(&self) -> Option<&Field> {
        match &self.question {
            Question::MassChange { typed, .. }
            | Question::MassRemoval { typed, .. }
            | Question::Ticket { typed, .. }
            | Question::KeepPlan { typed, .. } => Some(typed),
            Question::Mend(mend) => (mend.wants() != Wants::Nothing).then_some(&mend.typed),
            Question::MoveTo(open) => Some(&open.typed),
            Question::Remove { .. }
            | Question::Release { .. }
            | Question::AllowWriting { .. }
            | Question::SignOut
            | Question::OpenTenant { .. }
            | Question::RemoveTenant { .. }
            | Question::AddAnyway { .. }
            | Question::AddForMove { .. }
            | Question::Tie { .. }
            | Question::Replace { .. }
            | Question::LeaveForm { .. }
            | Question::TakeProposals { .. }
            | Question::QueueGood { .. }
            | Question::CancelRun { .. }
            | Question::Quit { .. }
            | Question::LoseSeats { .. }
            | Question::ClearGroup { .. }
            | Question::DisableSync { .. }
            | Question::TakeMatches { .. }
            | Question::QueueEarlier { .. }
            | Question::MoveSeat { .. }
            | Question::TakeBack { .. }
            | Question::UndoMany { .. }
            | Question::TakeBackMany { .. } => None,
        }
    }

    /// The same, to type into.
    pub fn field_mut(&mut self) -> Option<&mut Field> {
        self.field()?;
        match &mut self.question {
            Question::MassChange { typed, .. }
            | Question::MassRemoval { typed, .. }
            | Question::Ticket { typed, .. }
            | Question::KeepPlan { typed, .. } => Some(typed),
            Question::Mend(mend) => Some(&mut mend.typed),
            Question::MoveTo(open) => Some(&mut open.typed),
            _ => None,
        }
    }

    /// Whether its field takes a paste: it says to whom, for which ticket or where to. What agrees to the question is typed.
    pub fn takes_paste(&self) -> bool {
        matches!(
            self.question,
            Question::MoveTo(_) | Question::Ticket { .. } | Question::KeepPlan { .. }
        )
    }

    /// What is asked, line by line; the first is the title.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each, so that none can be forgotten"
    )]
    pub fn lines(&self, tenant: &str) -> Vec<String> {
        match &self.question {
            Question::Remove {
                name,
                number,
                drops,
                ..
            } => remove_lines(name, number.as_ref(), drops),
            Question::Release { name, number, .. } => vec![
                format!("Release {} too?", number.spaced()),
                format!(
                    "{{yes}} queues its release in the tenant; {{no}} removes {name} and leaves the number."
                ),
            ],
            Question::AllowWriting { way } => allow_lines(tenant, *way),
            Question::SignOut => vec![
                format!("Sign out of {tenant}?"),
                "This console forgets its sign-in. What was read and what is queued stays.".to_owned(),
            ],
            Question::OpenTenant { name, then } => open_lines(name, then),
            Question::RemoveTenant { name, queued } => leaving_lines(name, *queued),
            Question::AddForMove {
                number,
                user,
                reason,
                ..
            } => vec![
                format!("Add {} and move {} there?", user.name, number.spaced()),
                format!("{}: {reason}.", user.name),
                "{yes} puts this user on the list, which takes a seat, and queues the move; {no} does nothing."
                    .to_owned(),
            ],
            Question::AddAnyway { users, reasons } => add_anyway(users, reasons),
            Question::Tie { text, .. } => vec![
                text.clone(),
                "Saved here only; no run undoes it. Esc goes back to the form.".to_owned(),
            ],
            Question::Replace { theirs, .. } => {
                let mut lines = vec!["Replace what somebody else has entered?".to_owned()];
                lines.extend(theirs.iter().cloned());
                lines.push(
                    "It is then gone from here; the audit keeps it. Esc goes back to the form."
                        .to_owned(),
                );
                lines
            }
            Question::LoseSeats { wanted, losers } => vec![
                format!("Save {}?", words::seats(wanted.seats)),
                format!("{losers}."),
                "Nothing is written to the tenant; their queued changes are held. Seats that come back flow back by rank."
                    .to_owned(),
            ],
            Question::ClearGroup { group } => vec![
                format!("Clear the group filter \"{group}\"?"),
                "The next sync then looks at everyone in the tenant. Saved here and in config.toml; nothing is sent."
                    .to_owned(),
            ],
            Question::DisableSync { id } => disable_lines(tenant, id),
            Question::TakeMatches { users, first } => {
                let what = match users.len() {
                    1 => first.clone(),
                    n => format!("{n} matches by e-mail, {first} the first"),
                };
                vec![
                    format!("Take over in {tenant}: {what}?"),
                    "They are associated, with the number and the country that they have here. Nothing is written to the tenant.".to_owned(),
                ]
            }
            Question::QueueEarlier { users, first } => {
                let what = match users.len() {
                    1 => first.clone(),
                    n => format!("{n} old numbers, from {first} on"),
                };
                vec![
                    format!("Queue in {tenant}: {what}?"),
                    "Each is a change like any other: nothing is written before its plan is applied.".to_owned(),
                ]
            }
            Question::MoveSeat {
                names: (giver, taker),
                ..
            } => vec![
                format!("Give the seat of {giver} to {taker}?"),
                format!("{giver} is Unlicensed then; nothing is written to the tenant."),
            ],
            Question::LeaveForm { title } => vec![
                format!("Leave without saving?  {title}"),
                "{yes} drops what was typed; Esc goes back to the form.".to_owned(),
            ],
            Question::TakeProposals { rows } => vec![match rows.len() {
                1 => "Take what is proposed for 1 row? It can still be put right after it.".to_owned(),
                rows => {
                    format!("Take what is proposed for {rows} rows? Each can still be put right after it.")
                }
            }],
            Question::QueueGood {
                going,
                staying,
                file,
                ..
            } => {
                let mut lines = vec![format!("{going}?  {staying}:")];
                if *file {
                    lines.push(
                        "{save-left-out} saves those that stay out as a file with the reasons, to be put right and imported later."
                            .to_owned(),
                    );
                }
                lines
            }
            Question::CancelRun {
                name, writes: true, ..
            } => vec![
                format!("Stop {name}?"),
                "What is written stays written; the change that it is at is finished; the rest stays queued."
                    .to_owned(),
            ],
            Question::CancelRun { name, .. } => vec![
                format!("Cancel {name}?"),
                "It stops at its next safe point; the last good picture stays.".to_owned(),
            ],
            Question::Quit { why } => vec![format!("{why} Quit?")],
            Question::Mend(mend) => mend_lines(mend),
            Question::MoveTo(open) => move_lines(open),
            Question::TakeBack { what, then, .. } => vec![
                format!("Take back what was written?  {what}"),
                then.clone(),
                "The opposite is queued; nothing is written before its plan is applied.".to_owned(),
            ],
            Question::UndoMany { shown, .. } => undo_lines(shown),
            Question::TakeBackMany { shown, .. } => take_back_lines(shown),
            Question::Ticket { entries, .. } => vec![
                format!("Which ticket {}?", belong(entries.len())),
                "It is kept in the audit; empty for none. Nothing is written to the tenant by it.".to_owned(),
                "Type its id, then Enter:".to_owned(),
            ],
            Question::KeepPlan { entries, .. } => vec![
                format!("Save the plan of {} as a file?", changes(entries.len())),
                "Only you can read it; `sync --apply FILE` writes what has not moved until then.".to_owned(),
                "The file, then Enter:".to_owned(),
            ],
            Question::MassRemoval {
                who, count, limit, ..
            } => mass_removal_lines(tenant, who, (*count, *limit)),
            Question::MassChange {
                entries,
                takes_away,
                limit,
                ..
            } => vec![
                format!("Write {} changes to {tenant}?", entries.len()),
                format!("{takes_away} of them take something away; more than {limit} want the tenant's name."),
                format!("Type the tenant's name, {tenant}, then Enter:"),
            ],
        }
    }
}
