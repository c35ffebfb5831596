//! Pane 2: the candidates, or everyone in the tenant with the first cause. Who is configured is laid over the tenant's cause here.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::app::cursor::{Cursor, Move, Seek};
use crate::app::event::RequestId;
use crate::app::filter::Filter;
use crate::app::tables::Direction;
use crate::domain::gate::{FirstCause, Marks, Warning};
use crate::domain::guid::ObjectId;
use crate::domain::phone::NumberKind;
use crate::domain::user::{Association, NewUser};
use crate::domain::words;
use crate::roster::query::Field;
use crate::roster::search::Scope;
use crate::roster::{Person, Roster};

use super::rows::{Ask, Listed, Rows, Since};

/// State of the pane.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Candidates {
    /// Its filter.
    pub filter: Filter,
    /// Who is listed.
    pub listing: Listing,
    /// Whether there is a picklist at all.
    pub picklist: Picklist,
    /// Its order.
    pub sort: Sort,
    /// Its direction.
    pub direction: Direction,
    /// Its cursor.
    pub cursor: Cursor<ObjectId>,
    /// Places in the roster of the rows shown, in order.
    pub shown: Arc<Vec<u32>>,
    /// How they were found, and what of them is not known yet.
    pub rows: Rows,
    /// Who is marked, shown or not.
    pub marked: BTreeSet<ObjectId>,
    /// Who was marked last: a range begins there.
    pub last_mark: Option<ObjectId>,
    /// Who was explained or repaired last: the cursor goes there once the row is listed, unless it was moved since.
    pub goto: Option<ObjectId>,
    /// How many directory users have each first cause, in the order of [`FirstCause::ALL`].
    pub counts: [usize; 13],
    /// Whether rows, filter or order have changed since they were computed.
    pub stale: bool,
}

/// Who is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listing {
    /// Who may be added.
    #[default]
    Candidates,
    /// Everyone in the tenant.
    Everyone,
}

/// Whether candidates are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Picklist {
    /// They are.
    #[default]
    Built,
    /// Users are added by hand.
    Off,
}

/// Order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By name, as the roster has them.
    #[default]
    Name,
    /// By number, blank last.
    Number,
    /// By first cause.
    Cause,
    /// By country, blank last.
    Country,
    /// By sign-in name.
    SignIn,
    /// By what is to be noted, blank last.
    Note,
}

impl Sort {
    /// The next order.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Name => Self::Number,
            Self::Number => Self::Cause,
            Self::Cause => Self::Country,
            Self::Country => Self::SignIn,
            Self::SignIn => Self::Note,
            Self::Note => Self::Name,
        }
    }

    /// The order of a word.
    pub fn of(word: &str) -> Option<Self> {
        let all = [
            Self::Name,
            Self::Number,
            Self::Cause,
            Self::Country,
            Self::SignIn,
            Self::Note,
        ];
        all.into_iter().find(|sort| sort.word() == word)
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Number => "number",
            Self::Cause => "cause",
            Self::Country => "country",
            Self::SignIn => "user name",
            Self::Note => "note",
        }
    }
}

/// The columns that the filter can name.
pub const FIELDS: [Field; 6] = [
    Field::Name,
    Field::SignIn,
    Field::Mail,
    Field::Number,
    Field::Country,
    Field::Cause,
];

/// What the pane shows rows of.
#[derive(Debug, Clone, Copy)]
pub struct Tenant<'a> {
    /// The directory users.
    pub roster: &'a Roster,
    /// Who of them is configured.
    pub configured: &'a HashSet<ObjectId>,
}

impl Tenant<'_> {
    /// The first cause of a row, with who is configured laid over it.
    pub fn cause(&self, row: Person<'_>) -> FirstCause {
        if self.configured.contains(&row.id) {
            FirstCause::Configured
        } else {
            row.cause
        }
    }

    /// How many have each cause.
    pub fn counts(&self) -> [usize; 13] {
        let mut counts = self.roster.counts();
        for place in self.places() {
            counts[usize::from(self.roster.cause(place).byte())] -= 1;
            counts[usize::from(FirstCause::Configured.byte())] += 1;
        }
        counts
    }

    /// The places of those who are configured, in order.
    pub fn places(&self) -> Vec<u32> {
        let ids = self.configured.iter();
        let mut places: Vec<u32> = ids.filter_map(|id| self.roster.place_of(*id)).collect();
        places.sort_unstable();
        places
    }
}

impl Candidates {
    /// Computes the rows again if something has changed: of a large tenant the first of them.
    pub fn settle(&mut self, tenant: Tenant<'_>, height: usize) {
        let roster = tenant.roster;
        if std::mem::take(&mut self.stale) {
            let since = match std::mem::take(&mut self.filter.seek) {
                Seek::First => Since::Typed,
                Seek::Stay => Since::Changed,
                Seek::Back => Since::TakenBack,
            };
            let ask = self.asks(tenant);
            self.rows.list(ask, roster, since);
            match since {
                Since::Typed => {
                    self.goto = None;
                    self.cursor_to_first(roster);
                }
                Since::Changed => {}
                Since::TakenBack => self.cursor.seek(Seek::Back, || None),
            }
        }
        self.place_cursor(roster, height);
    }

    /// What is to be listed.
    fn asks(&self, tenant: Tenant<'_>) -> Ask {
        let configured = Arc::new(tenant.places());
        Ask {
            text: self.filter.field.text().to_owned(),
            scope: match (self.listing, self.picklist) {
                (Listing::Everyone, _) => Scope::everyone(),
                (Listing::Candidates, Picklist::Built) => {
                    Scope::candidates(Arc::clone(&configured))
                }
                (Listing::Candidates, Picklist::Off) => Scope::nobody(),
            },
            sort: self.sort,
            direction: self.direction,
            configured,
            order: None,
            among: None,
        }
    }

    /// A letter was typed, or what it finds is known to the end: the cursor goes to the row that it is about.
    fn cursor_to_first(&mut self, roster: &Roster) {
        if let Some(id) = self.rows.listed.first.and_then(|place| roster.id(place)) {
            self.cursor.key = Some(id);
        }
    }

    fn place_cursor(&mut self, roster: &Roster, height: usize) {
        let listed = &self.rows.listed;
        if let Some(id) = self.goto
            && let Some(place) = roster.place_of(id)
            && listed.hits.binary_search(&place).is_ok()
        {
            self.cursor.key = Some(id);
            self.goto = None;
        }
        self.shown = Arc::clone(&listed.shown);
        let (shown, index) = (&self.shown, self.cursor.index);
        let in_order = Arc::ptr_eq(&listed.shown, &listed.hits);
        self.cursor.settle(
            (shown.len(), height),
            |id| {
                let place = roster.place_of(id)?;
                if shown.get(index) == Some(&place) {
                    return Some(index);
                }
                if in_order {
                    return shown.binary_search(&place).ok();
                }
                shown.iter().position(|&shown| shown == place)
            },
            |n| shown.get(n).and_then(|&place| roster.id(place)),
        );
    }

    /// The answer to a question about the rows; whether it was still open.
    pub fn answer(&mut self, req: RequestId, listed: &Listed, roster: &Roster) -> bool {
        // Rows that are to be listed again are answered by the next question.
        if self.stale {
            return false;
        }
        match self.rows.answer(req, listed) {
            None => return false,
            Some(true) => self.cursor_to_first(roster),
            Some(false) => {}
        }
        true
    }

    /// Finds out all of what is only begun: a key acts on a row, and which one that is must not depend on how fast it was typed.
    pub fn finish(&mut self, roster: &Roster, height: usize) -> bool {
        if !self.rows.finish(roster) {
            return false;
        }
        self.cursor_to_first(roster);
        self.place_cursor(roster, height);
        true
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, roster: &Roster, height: usize) {
        self.goto = None;
        let shown = &self.shown;
        self.cursor.step(step, (shown.len(), height), |n| {
            shown.get(n).and_then(|&place| roster.id(place))
        });
    }

    /// The row under the cursor.
    pub fn row<'a>(&self, roster: &'a Roster) -> Option<Person<'a>> {
        let id = self.cursor.key?;
        let place = *self.shown.get(self.cursor.index)?;
        roster.get(place).filter(|row| row.id == id)
    }

    /// Marks the row under the cursor, whatever it was before.
    pub fn mark_here(&mut self) {
        if let Some(id) = self.cursor.key.filter(|_| !self.shown.is_empty()) {
            self.marked.insert(id);
            self.last_mark = Some(id);
        }
    }

    /// Marks or unmarks the row under the cursor.
    pub fn mark(&mut self) {
        if let Some(id) = self.cursor.key.filter(|_| !self.shown.is_empty())
            && !self.marked.remove(&id)
        {
            self.marked.insert(id);
        }
        self.last_mark = self.cursor.key.filter(|id| self.marked.contains(id));
    }

    /// Marks the rows from the one that was marked last to the one under the cursor; how many. `None` where none was.
    pub fn mark_range(&mut self, roster: &Roster) -> Option<usize> {
        let last = roster.place_of(self.last_mark?)?;
        let from = self.shown.iter().position(|&place| place == last)?;
        let to = self.cursor.index;
        let rows = self.shown.get(from.min(to)..=from.max(to))?;
        let ids = rows.iter().filter_map(|&place| roster.id(place));
        self.marked.extend(ids);
        Some(rows.len())
    }

    /// Marks all rows shown, or takes all their marks away when all have one.
    pub fn mark_all(&mut self, roster: &Roster) {
        let shown: Vec<ObjectId> = self
            .shown
            .iter()
            .filter_map(|&place| roster.id(place))
            .collect();
        if shown.iter().all(|id| self.marked.contains(id)) {
            for id in &shown {
                self.marked.remove(id);
            }
        } else {
            self.marked.extend(shown);
        }
    }

    /// Who is marked: those shown in the order in which they are, then the others.
    pub fn marked_in_order(&self, roster: &Roster) -> (Vec<ObjectId>, Vec<ObjectId>) {
        let hits = &self.rows.listed.hits;
        let mut places = Vec::new();
        let mut hidden = Vec::new();
        for id in &self.marked {
            match roster.place_of(*id) {
                Some(place) if hits.binary_search(&place).is_ok() => places.push(place),
                _ => hidden.push(*id),
            }
        }
        places.sort_unstable();
        let is_marked = |place: &&u32| places.binary_search(place).is_ok();
        let shown = self.shown.iter().filter(is_marked).take(places.len());
        let ids = shown.filter_map(|place| roster.id(*place)).collect();
        (ids, hidden)
    }

    /// `5 marked, 3 not shown`; `None` when none is.
    pub fn marks(&self, roster: &Roster) -> Option<String> {
        let marked = self.marked.len();
        if marked == 0 {
            return None;
        }
        // Few marks among a million rows are found without looking at the rows.
        let hits = &self.rows.listed.hits;
        let places = self.marked.iter().filter_map(|id| roster.place_of(*id));
        let shown = places
            .filter(|place| hits.binary_search(place).is_ok())
            .count();
        words::marked(marked, marked - shown)
    }

    /// A count per cause: `4 can be added  23 configured`, without those that nobody has.
    pub fn cause_counts(&self) -> Vec<String> {
        FirstCause::ALL
            .into_iter()
            .zip(self.counts)
            .filter(|(_, count)| *count > 0)
            .map(|(cause, count)| format!("{count} {}", short(cause)))
            .collect()
    }

    /// How many may be added.
    pub fn candidates(&self) -> usize {
        FirstCause::ALL
            .into_iter()
            .zip(self.counts)
            .filter(|(cause, _)| cause.is_candidate())
            .map(|(_, count)| count)
            .sum()
    }
}

/// A cause in as few letters as a line of counts has room for.
fn short(cause: FirstCause) -> &'static str {
    match cause {
        FirstCause::Unknown => "unknown",
        FirstCause::Disabled => "disabled",
        FirstCause::Resource => "resource",
        FirstCause::Unlicensed => "no licence",
        FirstCause::PlanNotUsable => "not usable",
        FirstCause::CommunicationsCredits => "Credits",
        FirstCause::Eligible
        | FirstCause::Configured
        | FirstCause::Guest
        | FirstCause::NoPhoneSystem
        | FirstCause::CallingPlan => cause.words(),
        FirstCause::NotInTenant => "not in tenant",
        FirstCause::NotInGroup => "not in group",
    }
}

/// What is told of a candidate in a narrow column.
pub fn note(marks: Marks) -> String {
    let resource = marks.is_resource().then_some("resource");
    let warnings = marks.warnings().map(|warning| match warning {
        Warning::NoTeams => "no Teams",
        Warning::Room => "room",
        Warning::NoUsageLocation => "no country",
        Warning::Country => "country?",
        Warning::DirsyncNumber => "DirSync'd",
        Warning::NoName => "no name",
        Warning::NoMail => "no e-mail",
        Warning::CallsBlocked => "voice off",
    });
    resource
        .into_iter()
        .chain(warnings)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The user that adding this row makes: with the number that it holds in the tenant, and nothing queued.
pub fn new_user(row: Person<'_>) -> NewUser {
    let number = row.phone();
    NewUser {
        name: row.name.to_string(),
        mail: row.mail.unwrap_or(row.upn).to_owned(),
        kind: if number.as_ref().is_some_and(|n| n.extension().is_some()) {
            NumberKind::Extension
        } else {
            NumberKind::Ddi
        },
        number,
        country: row.location,
        association: Association::Matched(row.id),
        wanted_number: None,
        wanted_country: None,
        sip_username: None,
        external_id: None,
    }
}
