//! Mending from the keyboard: the numbered ways of an explanation, a repair with the adding behind it, the move of a number.

use crate::domain::country::Country;
use crate::domain::gate::{FirstCause, GateResult};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::EntryId;
use crate::domain::phone::PhoneNumber;
use crate::domain::repair::Repair;
use crate::domain::text::Label;
use crate::domain::user::NewUser;
use crate::domain::why::{Way, Why};
use crate::roster::Person;
use crate::roster::desk::{AuditRow, Desk};
use crate::roster::query::Query;

use super::action::Action;
use super::doc::Tone;
use super::effect::{Effect, LedgerChange};
use super::event::{Code, Key};
use super::field::{Field, Typed};
use super::modal::Modal;
use super::pane::Pane;
use super::pane::candidates::{Tenant, new_user};
use super::pane::changes::whole;
use super::pane::confirm::{Confirm, Question};
use super::{App, Wait};

/// A repair that is asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct Mend {
    /// Whom.
    pub target: ObjectId,
    /// The name, as it has to be typed where a number stops.
    pub name: String,
    /// What is repaired, all of it together.
    pub repairs: Vec<Repair>,
    /// In words, a line for each.
    pub words: Vec<String>,
    /// The number that stops.
    pub stops: Option<PhoneNumber>,
    /// Whether the user is put on the list afterwards.
    pub then_add: bool,
    /// What was typed: the name, or a country.
    pub typed: Field,
}

impl Mend {
    /// What has to be typed: a country, the name, or nothing.
    pub fn wants(&self) -> Wants {
        if self.repairs.contains(&Repair::SetLocation) {
            Wants::Country
        } else if self.stops.is_some() {
            Wants::Name
        } else {
            Wants::Nothing
        }
    }
}

/// What a question wants typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Only y.
    Nothing,
    /// The user's name.
    Name,
    /// Two letters.
    Country,
}

/// A move that is asked about: to whom?
#[derive(Debug, Clone, PartialEq)]
pub struct MoveTo {
    /// The number.
    pub number: PhoneNumber,
    /// Who has it now.
    pub from: String,
    /// Its directory user.
    pub holder: Option<ObjectId>,
    /// What was typed to find the successor.
    pub typed: Field,
    /// Who is found, at most five.
    pub hits: Vec<Successor>,
    /// Which of them is chosen.
    pub at: usize,
}

/// Somebody who is found as a successor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// Whom.
    pub id: ObjectId,
    /// Name and address.
    pub shown: String,
    /// Why the number cannot go there.
    pub cannot: Option<String>,
    /// What has to be known of somebody who is not on the list of users.
    pub off_list: Option<String>,
}

/// Successors that are offered at once.
const OFFERED: usize = 5;

impl App {
    /// A digit in an explanation: the way of that number.
    pub(super) fn choose(&mut self, key: Key) -> Vec<Effect> {
        let Code::Char(digit) = key.code else {
            return Vec::new();
        };
        let number = digit.to_digit(10).unwrap_or_default() as usize;
        let Some(why) = self.why_shown().cloned() else {
            return Vec::new();
        };
        let Some((number, step)) = why.numbered().find(|(n, _)| *n == number) else {
            self.say(Tone::Warn, format!("there is no step {number}"));
            return Vec::new();
        };
        match &step.way {
            Way::Here { repair, stops } => {
                let words = vec![step.text.clone()];
                self.ask_mend(&why, (vec![repair.clone()], words), stops.clone(), false);
                Vec::new()
            }
            Way::Page(page) => {
                let page = page.clone();
                self.copy_text(page)
            }
            Way::Script => self.ask_script(&why),
            Way::Add => self.act(Action::Add),
            Way::ByHand => {
                let text = Label::new(&step.text).as_str().to_owned();
                self.send_copy(Wait::CopiedStep(number), text)
            }
            // What to beware of has no number.
            Way::Beware => Vec::new(),
        }
    }

    fn ask_mend(
        &mut self,
        why: &Why,
        (repairs, words): (Vec<Repair>, Vec<String>),
        stops: Option<PhoneNumber>,
        then_add: bool,
    ) {
        if repairs.contains(&Repair::ClearGroupFilter) {
            self.ask_clear_group();
            return;
        }
        let Some(target) = why.id else {
            self.say(Tone::Warn, "nobody of the directory is shown here");
            return;
        };
        self.question(Question::Mend(Box::new(Mend {
            target,
            name: why.name.clone(),
            repairs,
            words,
            stops,
            then_add,
            typed: Field::default(),
        })));
    }

    /// Where the only failed gate can be repaired from here, `a` is repair, wait and add in one; false where it cannot.
    pub(super) fn ask_chain(&mut self) -> bool {
        let Some(why) = self.why_shown().cloned() else {
            return false;
        };
        let failed = why
            .gates
            .iter()
            .filter(|finding| finding.result == GateResult::Failed)
            .count();
        let unknown = why
            .gates
            .iter()
            .any(|finding| finding.result == GateResult::Unknown);
        if failed != 1 || unknown || why.user.is_some() {
            return false;
        }
        let licences: Vec<(&Repair, &Option<PhoneNumber>, &str)> = why
            .steps
            .iter()
            .filter_map(|step| match &step.way {
                Way::Here {
                    repair: repair @ (Repair::SwitchOff { .. } | Repair::RemoveLicence { .. }),
                    stops,
                } => Some((repair, stops, step.text.as_str())),
                _ => None,
            })
            .collect();
        // A licence that only a group can take away would leave the gate failed.
        let by_hand_first = why
            .steps
            .first()
            .is_none_or(|step| !matches!(step.way, Way::Here { .. }));
        if licences.is_empty() || by_hand_first {
            return false;
        }
        let repairs = licences
            .iter()
            .map(|(repair, ..)| (*repair).clone())
            .collect();
        let words = licences
            .iter()
            .map(|(_, _, text)| (*text).to_owned())
            .collect();
        let stops = licences.iter().find_map(|(_, stops, _)| (*stops).clone());
        self.ask_mend(&why, (repairs, words), stops, true);
        true
    }

    /// The repair is agreed to: it is queued.
    pub(super) fn mend(&mut self, mend: Mend) -> Vec<Effect> {
        self.candidates.goto = Some(mend.target);
        let country = mend.typed.text().trim().parse::<Country>().ok();
        let typed = Some(mend.typed.text().trim().to_owned()).filter(|text| !text.is_empty());
        let req = self.wait_for(Wait::Mended);
        vec![Effect::Ledger {
            req,
            change: LedgerChange::Repair {
                target: mend.target,
                repairs: mend.repairs,
                country,
                typed,
                then_add: mend.then_add,
            },
        }]
    }

    /// Enter behind what a repair wants typed. What does not fit is said, and nothing leaves.
    pub(super) fn mend_typed(&mut self, mend: &Mend) -> Vec<Effect> {
        let typed = mend.typed.text().trim();
        match mend.wants() {
            Wants::Nothing => Vec::new(),
            Wants::Name => {
                let name = Label::new(&mend.name).to_string();
                if !typed.eq_ignore_ascii_case(name.trim())
                    && typed.to_lowercase() != name.trim().to_lowercase()
                {
                    self.say(Tone::Warn, format!("that is not the name: {name}"));
                    return Vec::new();
                }
                self.modals.pop();
                self.mend(mend.clone())
            }
            Wants::Country => match typed.parse::<Country>() {
                Ok(_) => {
                    self.modals.pop();
                    self.mend(mend.clone())
                }
                Err(error) => {
                    self.say(Tone::Warn, error.to_string());
                    Vec::new()
                }
            },
        }
    }

    /// The number under the cursor, with who has it.
    fn movable(&self) -> Option<(PhoneNumber, String, Option<ObjectId>)> {
        if let Some(why) = self.why_shown() {
            let id = why.id?;
            let row = self.roster.find(id)?;
            return Some((row.phone()?, why.name.clone(), Some(id)));
        }
        match self.pane {
            Pane::Users => {
                let row = self.users.row(&self.desk)?;
                let number = row.user.number.clone()?;
                Some((number, row.user.name.clone(), row.user.association.id()))
            }
            Pane::Candidates => {
                let row = self.candidates.row(&self.roster)?;
                Some((row.phone()?, row.name.to_string(), Some(row.id)))
            }
            Pane::Numbers => self.held_number_here(),
            Pane::Sync | Pane::Changes | Pane::Licences => None,
        }
    }

    /// Why no number can be moved here.
    pub(super) fn no_move(&self) -> Option<String> {
        self.movable()
            .is_none()
            .then(|| "nobody with a number is under the cursor: there is none to move".to_owned())
    }

    /// Asks to whom the number goes.
    pub(super) fn ask_move(&mut self) {
        let Some((number, from, holder)) = self.movable() else {
            return;
        };
        self.question(Question::MoveTo(Box::new(MoveTo {
            number,
            from,
            holder,
            typed: Field::default(),
            hits: Vec::new(),
            at: 0,
        })));
    }

    /// A key of the question to whom: letters search, arrows choose.
    pub(super) fn move_key(&mut self, key: Key) {
        let Some(Modal::Confirm(confirm)) = self.modals.last_mut() else {
            return;
        };
        let Question::MoveTo(open) = &mut confirm.question else {
            return;
        };
        match key.code {
            Code::Down => open.at = (open.at + 1).min(open.hits.len().saturating_sub(1)),
            Code::Up => open.at = open.at.saturating_sub(1),
            _ => {
                if open.typed.key(key) == Typed::Changed {
                    self.find_successors();
                }
            }
        }
    }

    /// Looks anew for whom the question means, where it asks for somebody: its text has changed.
    pub(super) fn find_successors(&mut self) {
        let Some(Modal::Confirm(confirm)) = self.modals.last_mut() else {
            return;
        };
        let Question::MoveTo(open) = &mut confirm.question else {
            return;
        };
        open.at = 0;
        let tenant = Tenant {
            roster: &self.roster,
            configured: &self.configured,
        };
        let typed = open.typed.text();
        open.hits = if Query::parse(typed).is_empty() {
            Vec::new()
        } else {
            successors(&tenant, typed, open.holder)
        };
    }

    /// Enter behind the successor: the move is queued.
    pub(super) fn move_chosen(&mut self, open: &MoveTo) -> Vec<Effect> {
        let Some(hit) = open.hits.get(open.at) else {
            self.say(Tone::Warn, "nobody is chosen: type a name or an address");
            return Vec::new();
        };
        if let Some(why) = &hit.cannot {
            self.say(Tone::Warn, format!("the number cannot go there: {why}"));
            return Vec::new();
        }
        let (number, to) = (open.number.clone(), hit.id);
        let off_list = hit.off_list.clone();
        self.modals.pop();
        if let (Some(reason), Some(row)) = (off_list, self.roster.find(to)) {
            let user = Box::new(new_user(row));
            self.question(Question::AddForMove {
                number,
                to,
                user,
                reason,
            });
            return Vec::new();
        }
        self.queue_move(number, to)
    }

    /// Puts whom a number moves to on the list, and queues the move.
    pub(super) fn add_and_move(
        &mut self,
        (number, to): (PhoneNumber, ObjectId),
        user: NewUser,
    ) -> Vec<Effect> {
        let mut effects = self.add_these_for(vec![user], Some(number.clone()));
        effects.extend(self.queue_move(number, to));
        effects
    }

    fn queue_move(&mut self, number: PhoneNumber, to: ObjectId) -> Vec<Effect> {
        let req = self.wait_for(Wait::Mended);
        vec![Effect::Ledger {
            req,
            change: LedgerChange::Move { number, to },
        }]
    }

    /// What was written under the cursor and can be taken back.
    pub(super) fn revertible(&self) -> Option<(EntryId, String)> {
        if self.pane != Pane::Changes || self.over().is_some() {
            return None;
        }
        let row = self.changes.audit(&self.desk)?;
        let entry = written(&self.desk, row)?;
        Some((entry, format!("{}: {}", row.name, row.change)))
    }

    /// Asks before the opposite of what was written is queued.
    pub(super) fn ask_take_back(&mut self) -> bool {
        let Some((entry, what)) = self.revertible() else {
            return false;
        };
        let row = self.changes.audit(&self.desk);
        let giver = row.and_then(|row| giver(&self.desk, row));
        let then = row.map(|row| taken_back(&whole(row, &self.desk), giver));
        let then = then.unwrap_or_default();
        self.question(Question::TakeBack { entry, what, then });
        true
    }

    /// Queues the opposite.
    pub(super) fn take_back(&mut self, entry: EntryId) -> Vec<Effect> {
        let req = self.wait_for(Wait::Mended);
        vec![Effect::Ledger {
            req,
            change: LedgerChange::TakeBack { entry },
        }]
    }

    /// Queues the opposite of all that are marked.
    pub(super) fn take_back_many(&mut self, entries: Vec<EntryId>) -> Vec<Effect> {
        self.changes.marked.clear();
        let req = self.wait_for(Wait::Mended);
        vec![Effect::Ledger {
            req,
            change: LedgerChange::TakeBackMany(entries),
        }]
    }

    /// What Enter does behind what is typed.
    pub fn typed_word(&self) -> &'static str {
        match self.open_confirm().map(|confirm| &confirm.question) {
            Some(Question::MassChange { .. }) => "write",
            Some(Question::MassRemoval { .. }) => "remove",
            Some(Question::Ticket { .. } | Question::KeepPlan { .. }) => "save",
            Some(Question::MoveTo(_)) => "queue the move",
            _ => "queue",
        }
    }

    /// What the question on top wants typed.
    pub fn typed_field(&self) -> Option<&Field> {
        match self.modals.last() {
            Some(Modal::Confirm(confirm)) => confirm.field(),
            _ => None,
        }
    }

    /// Asks for the PowerShell that does the same.
    fn ask_script(&mut self, why: &Why) -> Vec<Effect> {
        let Some(id) = why.id else {
            return Vec::new();
        };
        let title = format!("POWERSHELL  {}", why.name);
        let req = self.wait_for(Wait::Script { title });
        vec![Effect::Script { req, id }]
    }

    pub(super) fn open_confirm(&self) -> Option<&Confirm> {
        match self.modals.last() {
            Some(Modal::Confirm(confirm)) => Some(confirm),
            _ => None,
        }
    }
}

/// Who is found: those first who can hold a number, of them those first of whom a word begins with what was typed, then those who
/// are on the list. The others say why they cannot, or what they are not.
fn successors(tenant: &Tenant<'_>, typed: &str, holder: Option<ObjectId>) -> Vec<Successor> {
    let found = tenant.roster.search(&Query::parse(typed));
    let rows = found
        .into_iter()
        .filter_map(|place| tenant.roster.get(place));
    let mut hits: Vec<_> = rows
        .map(|row| {
            let hit = successor(tenant, row, holder);
            // What all addresses have in common begins nobody.
            let own = row.upn.split('@').next().unwrap_or_default();
            let later = !begins(&format!("{} {own}", row.name), typed);
            ((hit.cannot.is_some(), later, hit.off_list.is_some()), hit)
        })
        .collect();
    hits.sort_by_key(|(rank, _)| *rank);
    hits.into_iter().map(|(_, hit)| hit).take(OFFERED).collect()
}

fn successor(tenant: &Tenant<'_>, row: Person<'_>, holder: Option<ObjectId>) -> Successor {
    let listed = tenant.cause(row) == FirstCause::Configured;
    Successor {
        id: row.id,
        shown: format!("{} <{}>", row.name, row.upn),
        cannot: if Some(row.id) == holder {
            Some("has it now".to_owned())
        } else {
            holds_none(row.cause).then(|| row.cause.words().to_owned())
        },
        off_list: (!listed).then(|| match row.cause {
            cause if cause.is_candidate() => "not on the list of users".to_owned(),
            cause => format!("not on the list of users; {}", cause.words()),
        }),
    }
}

/// Whether each word that was typed begins one of a name or an address.
fn begins(shown: &str, typed: &str) -> bool {
    let shown = shown.to_lowercase();
    let words: Vec<&str> = shown.split(|c: char| !c.is_alphanumeric()).collect();
    let typed = typed.to_lowercase();
    typed
        .split_whitespace()
        .all(|word| words.iter().any(|own| own.starts_with(word)))
}

/// Whether Teams gives nobody of this kind a number.
fn holds_none(cause: FirstCause) -> bool {
    match cause {
        FirstCause::NotInTenant
        | FirstCause::Disabled
        | FirstCause::Guest
        | FirstCause::Unlicensed
        | FirstCause::NoPhoneSystem
        | FirstCause::PlanNotUsable => true,
        FirstCause::Eligible
        | FirstCause::Configured
        | FirstCause::Resource
        | FirstCause::Unknown
        | FirstCause::NotInGroup
        | FirstCause::CallingPlan
        | FirstCause::CommunicationsCredits => false,
    }
}

/// The entry of a line of the audit, if it was written and its opposite was not since.
pub(super) fn written(desk: &Desk, row: &AuditRow) -> Option<EntryId> {
    let entry = row.entry.filter(|_| row.action == "confirmed")?;
    let opposite = opposite(&row.change);
    let undone = desk.audit.iter().any(|later| {
        later.seq > row.seq
            && later.action == "confirmed"
            && later.name == row.name
            && Some(&later.change) == opposite.as_ref()
    });
    (!undone).then_some(entry)
}

/// The words of the opposite of a change.
fn opposite(change: &str) -> Option<String> {
    let (field, values) = change.split_once(' ')?;
    let (old, new) = values.split_once(" -> ")?;
    Some(format!("{field} {new} -> {old}"))
}

/// What the opposite of a change does, from its words: `number +44 1 -> +44 2`.
fn taken_back(change: &str, giver: Option<&str>) -> String {
    let Some((field, values)) = change.split_once(' ') else {
        return String::new();
    };
    let Some((old, new)) = values.split_once(" -> ") else {
        return String::new();
    };
    match (old, new) {
        // `MCOPSTN1 on -> MCOPSTN1 off`: a state, which is no thing to be given.
        (old, new) if field == "plan" || field == "licence" => {
            format!("{new} becomes {old} again.")
        }
        (_, new) if field == "number" && giver.is_some() => {
            let giver = Label::new(giver.unwrap_or_default());
            format!("{} goes back to {giver}.", spaced(new))
        }
        ("none", new) => format!("{} is taken away again.", spaced(new)),
        (old, "none") => format!("{} is given back.", spaced(old)),
        (old, new) if field == "number" => {
            format!(
                "The number goes back to {}, from {}.",
                spaced(old),
                spaced(new)
            )
        }
        (old, new) => format!("{new} goes back to {old}."),
    }
}

/// Who lost the number that a change has moved: its release is told by the same entry, under another's name.
fn giver<'a>(desk: &'a Desk, row: &AuditRow) -> Option<&'a str> {
    let mut rows = desk.audit.iter();
    let released = rows.find(|other| {
        other.entry == row.entry && other.action == "released" && other.name != row.name
    })?;
    Some(released.name.as_str())
}

/// A number as it is said; anything else as it stands.
fn spaced(text: &str) -> String {
    PhoneNumber::from_tenant(text).map_or_else(|| text.to_owned(), |number| number.spaced())
}
