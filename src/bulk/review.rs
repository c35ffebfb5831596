//! The review: a verdict per row before anything happens, rows that can be put right one by one, and what would be done.
//!
//! A verdict depends on the row, on what is known, and on the other rows (two of the same, a number that another row gives up). A
//! row that is put right is judged again with those rows alone.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::guid::ObjectId;
use crate::domain::phone::{NumberKind, PhoneNumber};

use super::columns::{Column, Set};
use super::export::Table;
use super::index::{Index, same};
use super::known::{Known, Matched, Person};
use super::near;
use super::number;
use super::sheet::{BOTH, Row, Sheet, place};
use super::verdict::{Fault, Verdict, Why};

mod beside;
mod judging;
pub mod steps;

/// What the file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// New users only.
    Create,
    /// Changes of users only: found by ExternalId, then SIPUsername, by the e-mail where a row has neither; or by TrunkNumber.
    Update,
    /// Each row what it is: a change of the user whom an update would find, else a new user.
    Both,
}

impl Mode {
    /// All of them, in the order in which they are gone through.
    pub const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Both];

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Create => Self::Update,
            Self::Update => Self::Both,
            Self::Both => Self::Create,
        }
    }
}

/// What to think of numbers that end in the same many zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Zeros {
    /// A spreadsheet has probably rounded them.
    #[default]
    Doubted,
    /// A person says that they are right.
    Trusted,
}

/// How a sheet is to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Create, update, or both.
    pub mode: Mode,
    /// Numbers that end in zeros.
    pub zeros: Zeros,
}

/// How many rows have which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// New users.
    pub create: usize,
    /// Users that change.
    pub update: usize,
    /// Users that have all of it.
    pub unchanged: usize,
    /// Rows that go in once what is proposed is taken.
    pub proposal: usize,
    /// Rows with something wrong.
    pub refused: usize,
    /// Those among them that a person has left out.
    pub left_out: usize,
    /// Seats that are missing for the new users.
    pub seats_missing: usize,
    /// New users whom nobody in the tenant matches: a number waits for a match.
    pub unmatched: usize,
    /// Rows that are refused since the file is judged as one of another kind: new users that are on the list, changes of users
    /// who are not.
    pub of_other_kind: usize,
}

impl Summary {
    /// Whether every row can go in.
    pub fn all_good(&self) -> bool {
        self.proposal + self.refused == 0
    }

    /// How many rows cannot go in and were not left out by a person: they are still to be put right.
    pub fn open(&self) -> usize {
        self.proposal + self.refused - self.left_out
    }

    /// How many rows change something.
    pub fn changing(&self) -> usize {
        self.create + self.update
    }
}

/// What is kept of a row beside its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Judged {
    /// The number of the row; `None` for an empty cell.
    number: Option<Result<PhoneNumber, Why>>,
    /// The user that the row is about, by its place; update only.
    target: Option<u32>,
    matched: Matched,
    verdict: Verdict,
    /// The row that gives up the number which this one wants.
    leans_on: Option<u32>,
    seat: bool,
}

/// What a person has said of rows in the review.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct ByHand {
    /// Rows whose number was entered here: it is believed.
    retyped: HashSet<u32>,
    /// Rows that are not to go in: to the others they are not there.
    left: HashSet<u32>,
}

/// A sheet with its verdicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    sheet: Sheet,
    known: Arc<Known>,
    ask: Ask,
    judged: Vec<Judged>,
    mails: Index,
    sips: Index,
    externals: Index,
    numbers: Index,
    /// Rows by the user that they are about.
    about: HashMap<u32, Vec<u32>>,
    /// Rows by the directory user whom their e-mail means.
    people: HashMap<ObjectId, Vec<u32>>,
    by_hand: ByHand,
    /// How many doubtful numbers end in so many zeros or more.
    zeros: [u32; 16],
}

/// Judges every row.
pub fn judge(sheet: Sheet, known: Arc<Known>, ask: Ask) -> Review {
    of(sheet, known, ask, ByHand::default())
}

fn of(sheet: Sheet, known: Arc<Known>, ask: Ask, by_hand: ByHand) -> Review {
    let rows = sheet.len();
    let mut review = Review {
        judged: Vec::with_capacity(rows),
        mails: Index::with_capacity(rows),
        sips: Index::with_capacity(rows),
        externals: Index::with_capacity(rows),
        numbers: Index::with_capacity(rows),
        about: HashMap::new(),
        people: HashMap::new(),
        by_hand,
        zeros: [0; 16],
        sheet,
        known,
        ask,
    };
    for index in 0..rows {
        let judged = review.look(index);
        review.judged.push(judged);
        if !review.is_left_out(index) {
            review.note(index);
        }
    }
    for index in 0..rows {
        review.decide(index);
    }
    review.settle();
    review
}

impl Review {
    /// The rows, as they stand now.
    pub fn sheet(&self) -> &Sheet {
        &self.sheet
    }

    /// What they were judged against.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// How.
    pub fn ask(&self) -> Ask {
        self.ask
    }

    /// The same rows against what is known now.
    #[must_use]
    pub fn again(&self, known: Arc<Known>) -> Self {
        of(self.sheet.clone(), known, self.ask, self.by_hand.clone())
    }

    /// The verdict of a row, by its place.
    pub fn verdict(&self, index: usize) -> &Verdict {
        &self.judged[index].verdict
    }

    /// Whom its e-mail means.
    pub fn matched(&self, index: usize) -> Matched {
        self.judged[index].matched
    }

    /// The directory user whom its e-mail means, if it is one.
    pub fn person(&self, index: usize) -> Option<&Person> {
        match self.judged[index].matched {
            Matched::One(person) => Some(self.known.person(person)),
            Matched::Unsaid | Matched::Several(_) | Matched::Nobody => None,
        }
    }

    /// The number of the row, when it is one.
    pub fn number(&self, index: usize) -> Option<&PhoneNumber> {
        self.judged[index].number.as_ref()?.as_ref().ok()
    }

    /// The numbers that nobody else is to be given because of this row: its own, and what is proposed for it; none of a row that a
    /// person has left out.
    pub fn wants(&self, index: usize) -> impl Iterator<Item = PhoneNumber> {
        let own = self.number(index);
        let proposed = self.verdict(index).faults().iter().map(Fault::proposal);
        let wanted = own.into_iter().chain(proposed.flatten()).cloned();
        wanted.filter(move |_| !self.is_left_out(index))
    }

    /// Whether a new user of this row has a seat; true for every other row.
    pub fn has_seat(&self, index: usize) -> bool {
        self.judged[index].seat
    }

    /// People with nearly the e-mail of the row, when nobody has it: looked for when it is asked, since it takes time.
    pub fn near(&self, index: usize) -> Vec<&Person> {
        match self.judged[index].matched {
            Matched::Nobody => {
                near::misses(&self.known, self.sheet.row(index).trimmed(Column::Email))
            }
            Matched::Unsaid | Matched::One(_) | Matched::Several(_) => Vec::new(),
        }
    }

    /// What the numbering plan finds odd in the row's number: a warning. Looked for when it is asked, since it takes time.
    pub fn doubt(&self, index: usize) -> Option<String> {
        match self.sheet.set() {
            Set::Pbx => self.number(index)?.doubt(),
            Set::Trunk => None,
        }
    }

    /// The rows that cannot go in, as a table that an import reads again: the columns that were kept of theirs, those of an export
    /// that it does not read, the number of the row, and what is wrong with it. A password was never kept.
    pub fn left_out(&self) -> Table {
        let columns = self.sheet.columns();
        let mut header: Vec<&'static str> = columns.iter().map(|column| column.header()).collect();
        header.extend(self.sheet.beside());
        // Which of these are new and which are not, the next import finds out as this one did.
        let both = (self.ask.mode == Mode::Both).then(|| BOTH.to_owned());
        header.extend(both.as_ref().map(|_| "ImportAs"));
        header.extend(["Row", "Reason"]);
        let rows = (0..self.sheet.len()).filter(|&row| !self.verdict(row).is_good());
        let rows = rows.map(|index| {
            let row = self.sheet.row(index);
            let faults = self.verdict(index).faults();
            let reasons: Vec<String> = faults.iter().map(Fault::to_string).collect();
            let cells = columns.iter().map(|&column| row.cell(column).to_owned());
            let behind = [row.number().to_string(), reasons.join("; ")];
            let beside = (0..self.sheet.beside().len()).map(|n| row.beside(n).to_owned());
            cells
                .chain(beside)
                .chain(both.clone())
                .chain(behind)
                .collect()
        });
        Table {
            rows: rows.collect(),
            header,
        }
    }

    /// What a file that was judged as new users rather is: both, where its rows stayed out of such an import; changes, where more than
    /// half of them are about somebody who is on the list, or where they are trunks, which are only changed.
    pub fn rather(&self) -> Option<Mode> {
        if self.ask.mode != Mode::Create {
            return None;
        }
        let changes = || self.is_most(self.summary().of_other_kind);
        match self.sheet.set() {
            Set::Trunk => Some(Mode::Update),
            Set::Pbx if self.sheet.is_of_both() => Some(Mode::Both),
            Set::Pbx => changes().then_some(Mode::Update),
        }
    }

    /// Whether so many rows are more than half of them.
    pub fn is_most(&self, rows: usize) -> bool {
        rows * 2 > self.sheet.len()
    }

    /// How many rows have which verdict.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for judged in &self.judged {
            match &judged.verdict {
                Verdict::Create => {
                    summary.create += 1;
                    summary.unmatched += usize::from(judged.matched == Matched::Nobody);
                }
                Verdict::Update { .. } => summary.update += 1,
                Verdict::Unchanged { .. } => summary.unchanged += 1,
                Verdict::Proposal(_) => summary.proposal += 1,
                Verdict::Refused(_) => summary.refused += 1,
            }
            let is_other =
                |fault: &Fault| matches!(fault.why, Why::Exists { .. } | Why::NoSuchUser);
            let by_hand = |fault: &Fault| fault.why == Why::LeftOut;
            summary.left_out += usize::from(judged.verdict.faults().iter().any(by_hand));
            let other = judged.verdict.faults().iter().any(is_other);
            summary.of_other_kind += usize::from(other);
            summary.seats_missing += usize::from(!judged.seat);
        }
        summary
    }

    /// Puts another text into a cell, as a person entered it, and judges again what depends on it.
    pub fn put_right(&mut self, index: usize, column: Column, text: &str) {
        // Who puts a row right wants it in.
        if self.by_hand.left.remove(&place(index)) {
            self.note(index);
        }
        let mut affected = self.related(index);
        let zeros = self.zeros;
        self.forget(index);
        self.sheet.put(index, column, text);
        if column == self.sheet.set().number() {
            self.by_hand.retyped.insert(place(index));
        }
        self.judged[index] = self.look(index);
        self.note(index);
        affected.extend(self.related(index));
        self.weigh(affected, zeros);
    }

    /// Whether a person has left the row out.
    pub fn is_left_out(&self, index: usize) -> bool {
        self.by_hand.left.contains(&place(index))
    }

    /// Whether an update found the user by the e-mail, since the row has neither key.
    pub fn found_by_mail(&self, index: usize) -> bool {
        let row = self.sheet.row(index);
        let keys = [Column::ExternalId, Column::SipUsername];
        self.judged[index].target.is_some()
            && self.sheet.set() == Set::Pbx
            && keys.iter().all(|key| row.trimmed(*key).is_empty())
    }

    /// Somebody on the list whom a new user of this row is called like: looked for when it is asked, since it takes time.
    pub fn namesake(&self, index: usize) -> Option<&str> {
        let name = self.sheet.row(index).trimmed(Column::Name);
        let mut users = self.known.facts().users.iter();
        let like = users.find(|known| !name.is_empty() && same(known.user.name.trim(), name))?;
        (self.judged[index].verdict == Verdict::Create).then_some(like.user.mail.as_str())
    }

    /// Leaves a row out, or takes it in again; what depends on it is judged anew.
    pub fn leave_out(&mut self, index: usize) {
        let zeros = self.zeros;
        let mut affected = self.related(index);
        if self.by_hand.left.insert(place(index)) {
            self.forget(index);
        } else {
            self.by_hand.left.remove(&place(index));
            self.note(index);
        }
        affected.push(index);
        affected.extend(self.related(index));
        self.weigh(affected, zeros);
    }

    /// Judges these rows anew, and all with zeros at their end where those have become more or fewer.
    fn weigh(&mut self, mut affected: Vec<usize>, zeros: [u32; 16]) {
        if zeros != self.zeros {
            let ends_in_zeros =
                |row: &usize| self.number(*row).is_some_and(|n| number::zeros(n) >= 3);
            affected.extend((0..self.judged.len()).filter(ends_in_zeros));
        }
        affected.sort_unstable();
        affected.dedup();
        for row in affected {
            self.decide(row);
        }
        self.settle();
    }

    /// Takes what is proposed for a row; false when nothing is, or something else is wrong as well.
    pub fn take_proposals(&mut self, index: usize) -> bool {
        let Verdict::Proposal(faults) = &self.judged[index].verdict else {
            return false;
        };
        let texts: Vec<(Column, String)> = faults
            .iter()
            .filter_map(|fault| Some((fault.column, fault.proposal()?.to_string())))
            .collect();
        for (column, text) in texts {
            self.put_right(index, column, &text);
        }
        true
    }
}

#[cfg(test)]
mod tests;
