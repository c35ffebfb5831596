//! Pane 2: the candidates, or everyone in the tenant with the first cause. Who is configured is laid over the tenant's cause here.

use std::collections::{BTreeSet, HashSet};

use crate::app::cursor::{Cursor, Move, Seek};
use crate::app::filter::Filter;
use crate::app::tables::Direction;
use crate::domain::gate::{FirstCause, Warning};
use crate::domain::guid::ObjectId;
use crate::domain::phone::NumberKind;
use crate::domain::user::{Association, NewUser};
use crate::roster::query::Field;
use crate::roster::{Roster, Row};

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
    pub shown: Vec<u32>,
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
    pub fn cause(&self, row: &Row) -> FirstCause {
        if self.configured.contains(&row.id) {
            FirstCause::Configured
        } else {
            row.cause
        }
    }

    /// How many have each cause.
    pub fn counts(&self) -> [usize; 13] {
        let mut counts = [0; 13];
        for row in self.roster.rows() {
            counts[usize::from(self.cause(row).byte())] += 1;
        }
        counts
    }
}

impl Candidates {
    /// Computes the rows again if something has changed.
    pub fn settle(&mut self, tenant: Tenant<'_>, height: usize) {
        let roster = tenant.roster;
        if std::mem::take(&mut self.stale) {
            let (listing, picklist) = (self.listing, self.picklist);
            self.shown = roster.search(&self.filter.row_query(), |row| match (listing, picklist) {
                (Listing::Everyone, _) => true,
                (Listing::Candidates, Picklist::Built) => tenant.cause(row).is_candidate(),
                (Listing::Candidates, Picklist::Off) => false,
            });
            self.order(tenant);
            let seek = std::mem::take(&mut self.filter.seek);
            if seek == Seek::First {
                self.goto = None;
            }
            self.cursor.seek(seek, || {
                let filter = &self.filter;
                let first = filter.first(&self.shown, |place| {
                    let row = roster.get(place);
                    row.is_some_and(|row| filter.starts(&row.name))
                })?;
                roster.get(first).map(|row| row.id)
            });
        }
        if let Some(id) = self.goto
            && let Some(place) = roster.place_of(id)
            && self.shown.contains(&place)
        {
            self.cursor.key = Some(id);
            self.goto = None;
        }
        let shown = &self.shown;
        self.cursor.settle(
            (shown.len(), height),
            |id| {
                let place = roster.place_of(id)?;
                shown.iter().position(|&shown| shown == place)
            },
            |n| {
                shown
                    .get(n)
                    .and_then(|&place| roster.get(place))
                    .map(|row| row.id)
            },
        );
    }

    fn order(&mut self, tenant: Tenant<'_>) {
        let row = |place: &u32| tenant.roster.get(*place);
        match self.sort {
            Sort::Name => {}
            Sort::Number => self.shown.sort_by_cached_key(|place| {
                let number = row(place).and_then(|row| row.number.clone());
                (number.is_none(), number)
            }),
            Sort::Cause => self
                .shown
                .sort_by_cached_key(|place| row(place).map(|row| tenant.cause(row))),
            Sort::Country => self.shown.sort_by_cached_key(|place| {
                let country = row(place).and_then(|row| row.location);
                (country.is_none(), country)
            }),
            Sort::SignIn => self
                .shown
                .sort_by_cached_key(|place| row(place).map(|row| row.upn.to_lowercase())),
            Sort::Note => self.shown.sort_by_cached_key(|place| {
                let note = row(place).map(note).unwrap_or_default();
                (note.is_empty(), note)
            }),
        }
        let sort = self.sort;
        self.direction.apply(&mut self.shown, |place| {
            row(place).is_some_and(|row| match sort {
                Sort::Name | Sort::Cause | Sort::SignIn => false,
                Sort::Number => row.number.is_none(),
                Sort::Country => row.location.is_none(),
                Sort::Note => note(row).is_empty(),
            })
        });
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, roster: &Roster, height: usize) {
        self.goto = None;
        let shown = &self.shown;
        self.cursor.step(step, (shown.len(), height), |n| {
            shown
                .get(n)
                .and_then(|&place| roster.get(place))
                .map(|row| row.id)
        });
    }

    /// The row under the cursor.
    pub fn row<'a>(&self, roster: &'a Roster) -> Option<&'a Row> {
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
        let ids = rows.iter().filter_map(|&place| roster.get(place));
        self.marked.extend(ids.map(|row| row.id));
        Some(rows.len())
    }

    /// Marks all rows shown, or takes all their marks away when all have one.
    pub fn mark_all(&mut self, roster: &Roster) {
        let shown: Vec<ObjectId> = self
            .shown
            .iter()
            .filter_map(|&place| roster.get(place))
            .map(|row| row.id)
            .collect();
        if shown.iter().all(|id| self.marked.contains(id)) {
            for id in &shown {
                self.marked.remove(id);
            }
        } else {
            self.marked.extend(shown);
        }
    }

    /// `5 marked, 3 not shown`; `None` when none is.
    pub fn marks(&self, roster: &Roster) -> Option<String> {
        let marked = self.marked.len();
        if marked == 0 {
            return None;
        }
        let mut places: Vec<u32> = self
            .marked
            .iter()
            .filter_map(|id| roster.place_of(*id))
            .collect();
        places.sort_unstable();
        let shown = if self.sort == Sort::Name && self.direction == Direction::Up {
            // In the order of the roster: few marks among a million rows are found without looking at the rows.
            places
                .iter()
                .filter(|place| self.shown.binary_search(place).is_ok())
                .count()
        } else {
            self.shown
                .iter()
                .filter(|place| places.binary_search(place).is_ok())
                .count()
        };
        Some(match marked - shown {
            0 => format!("{marked} marked"),
            hidden => format!("{marked} marked, {hidden} not shown"),
        })
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
pub fn note(row: &Row) -> String {
    let resource = (row.marks.is_resource()).then_some("resource");
    let warnings = row.marks.warnings().map(|warning| match warning {
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
pub fn new_user(row: &Row) -> NewUser {
    NewUser {
        name: row.name.to_string(),
        mail: row.mail.as_ref().unwrap_or(&row.upn).to_string(),
        number: row.number.clone(),
        kind: if row.number.as_ref().is_some_and(|n| n.extension().is_some()) {
            NumberKind::Extension
        } else {
            NumberKind::Ddi
        },
        country: row.location,
        association: Association::Matched(row.id),
        wanted_number: None,
        wanted_country: None,
        sip_username: None,
        external_id: None,
    }
}
