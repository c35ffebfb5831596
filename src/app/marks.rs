//! Marks: which rows of a pane are meant together, and what takes them away.

use std::collections::BTreeSet;

use crate::domain::guid::SkuId;
use crate::domain::words;

use super::App;
use super::action::Action;
use super::cells::thousands;
use super::cursor::Move;
use super::doc::Tone;
use super::modal::Modal;
use super::notice::Notice;
use super::pane::Pane;

/// The marked rows of a table, by their keys, shown or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks<K> {
    keys: BTreeSet<K>,
    /// Which was marked last: a range begins there.
    last: Option<K>,
}

impl<K> Default for Marks<K> {
    fn default() -> Self {
        Self {
            keys: BTreeSet::new(),
            last: None,
        }
    }
}

impl<K: Copy + Ord> Marks<K> {
    /// How many rows are marked.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// Whether no row is marked.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether a row is marked.
    pub fn has(&self, key: K) -> bool {
        self.keys.contains(&key)
    }

    /// Marks a row, whatever it was before.
    pub fn put(&mut self, key: K) {
        self.keys.insert(key);
        self.last = Some(key);
    }

    /// Marks a row, or takes its mark away.
    pub fn turn(&mut self, key: K) {
        if !self.keys.remove(&key) {
            self.keys.insert(key);
        }
        self.last = Some(key).filter(|key| self.keys.contains(key));
    }

    /// Marks the rows from the one that was marked last to a place among those shown; how many. `None` where none was.
    pub fn range(&mut self, shown: &[K], to: usize) -> Option<usize> {
        let last = self.last?;
        let from = shown.iter().position(|key| *key == last)?;
        let rows = shown.get(from.min(to)..=from.max(to))?;
        self.keys.extend(rows);
        Some(rows.len())
    }

    /// Marks all rows shown, or takes all their marks away when all have one.
    pub fn all(&mut self, shown: &[K]) {
        if shown.iter().all(|key| self.has(*key)) {
            self.keys.retain(|key| !shown.contains(key));
        } else {
            self.keys.extend(shown);
        }
    }

    /// Takes all marks away.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The marked rows in the order in which they are shown, then those that a filter hides.
    pub fn in_order(&self, shown: &[K]) -> Vec<K> {
        let seen = shown.iter().copied().filter(|key| self.has(*key));
        let seen: Vec<K> = seen.collect();
        let there: BTreeSet<K> = seen.iter().copied().collect();
        let hidden = self.keys.difference(&there).copied();
        seen.iter().copied().chain(hidden).collect()
    }

    /// `5 marked, 3 not shown`; `None` when none is.
    pub fn words(&self, shown: &[K]) -> Option<String> {
        let seen = shown.iter().filter(|key| self.has(**key)).count();
        words::marked(self.keys.len(), self.keys.len() - seen)
    }

    /// Keys have become others: marks go with their rows, and those of rows that are gone go away.
    pub fn follow(&mut self, new: impl Fn(K) -> Option<K>) {
        self.keys = self.keys.iter().filter_map(|key| new(*key)).collect();
        self.last = self.last.and_then(new);
    }
}

impl App {
    /// Marks the row under the cursor or takes its mark away, and goes down.
    pub(super) fn mark(&mut self) {
        match self.pane {
            Pane::Users => self.users.mark(),
            Pane::Changes => self.changes.mark(&self.desk),
            Pane::Numbers => {
                if let Some(key) = self.numbers.row(&self.inventory).map(|row| row.key) {
                    self.numbers.marks.turn(key);
                }
            }
            Pane::Licences => {
                if let Some(key) = self.licence_here() {
                    self.licences.marks.turn(key);
                }
            }
            Pane::Candidates | Pane::Sync => self.candidates.mark(),
        }
        self.move_cursor(Move::By(1));
    }

    /// Marks all that are shown, or takes their marks away.
    pub(super) fn mark_all(&mut self) {
        match self.pane {
            Pane::Users => self.users.mark_all(&self.desk),
            Pane::Changes => self.changes.mark_all(&self.desk),
            Pane::Numbers => self.numbers.marks.all(&self.numbers.shown),
            Pane::Licences => {
                let shown = self.licences.keys(&self.inventory);
                self.licences.marks.all(&shown);
            }
            Pane::Candidates | Pane::Sync => self.candidates.mark_all(&self.roster),
        }
    }

    /// Marks the row under the cursor, whatever it was before.
    pub(super) fn mark_under_cursor(&mut self) {
        match self.pane {
            Pane::Users => self.users.mark_here(),
            Pane::Numbers => {
                if let Some(key) = self.numbers.row(&self.inventory).map(|row| row.key) {
                    self.numbers.marks.put(key);
                }
            }
            Pane::Licences => {
                if let Some(key) = self.licence_here() {
                    self.licences.marks.put(key);
                }
            }
            Pane::Candidates => self.candidates.mark_here(),
            // Marked one by one: a step here must not mark somebody of another pane.
            Pane::Sync | Pane::Changes => {}
        }
    }

    /// Marks all rows from the one that was marked last to the one under the cursor; how many. `None` where none was.
    pub(super) fn mark_to_here(&mut self) -> Option<usize> {
        match self.pane {
            Pane::Users => self.users.mark_range(&self.desk),
            Pane::Numbers => {
                let to = self.numbers.cursor.index;
                self.numbers.marks.range(&self.numbers.shown, to)
            }
            Pane::Licences => {
                let shown = self.licences.keys(&self.inventory);
                self.licences
                    .marks
                    .range(&shown, self.licences.cursor.index)
            }
            Pane::Candidates | Pane::Sync | Pane::Changes => {
                self.candidates.mark_range(&self.roster)
            }
        }
    }

    /// Takes the marks of the pane in front away; whether there were any.
    pub(super) fn drop_marks(&mut self) -> bool {
        if !self.has_marks() {
            return false;
        }
        match self.pane {
            Pane::Users => self.users.marked.clear(),
            Pane::Candidates => self.candidates.marked.clear(),
            Pane::Changes => self.changes.marked.clear(),
            Pane::Numbers => self.numbers.marks.clear(),
            Pane::Licences => self.licences.marks.clear(),
            Pane::Sync => self.sync.marked.clear(),
        }
        true
    }

    /// Whether rows are marked in the pane in front.
    pub(super) fn has_marks(&self) -> bool {
        match self.pane {
            Pane::Users => !self.users.marked.is_empty(),
            Pane::Candidates => !self.candidates.marked.is_empty(),
            Pane::Changes => !self.changes.marked.is_empty(),
            Pane::Numbers => !self.numbers.marks.is_empty(),
            Pane::Licences => self.licences.inside.is_none() && !self.licences.marks.is_empty(),
            Pane::Sync => !self.sync.marked.is_empty(),
        }
    }

    /// Says that marks went away with their rows: what is done to the marked is done to fewer then.
    pub(super) fn marks_gone(&mut self, gone: usize) {
        let word = match gone {
            0 => return,
            1 => "1 mark is gone with its row".to_owned(),
            n => format!("{} marks are gone with their rows", thousands(n as u64)),
        };
        match &mut self.notice {
            Some(Notice::Word { text, .. }) => *text = format!("{text}; {word}"),
            // What went wrong stays until it is read, and says more.
            Some(Notice::Failed(_)) => {}
            None => self.say(Tone::Warn, word),
        }
    }

    /// Why nothing can be marked here, or no mark taken away.
    pub(super) fn no_mark(&self, action: Action) -> Option<String> {
        let is_open = self.over().is_some();
        let is_range = !matches!(action, Action::Mark | Action::MarkAll);
        match self.pane {
            _ if self.earlier_open() || matches!(self.over(), Some(Modal::Columns(_))) => None,
            Pane::Users if !is_open || is_range => self.no_user("mark"),
            Pane::Sync if !is_open && action == Action::Mark => {
                let row = self.sync.row(&self.desk);
                row.is_none().then(|| words::NO_RUN_HERE.to_owned())
            }
            Pane::Changes if !is_open && action == Action::Mark => {
                self.changes.markable(&self.desk).is_none().then(|| {
                    "only what waits unsent, or was confirmed and not undone, can be marked"
                        .to_owned()
                })
            }
            Pane::Changes if !is_open && action == Action::MarkAll => {
                let all = self.changes.all_markable(&self.desk);
                let none = "nothing in this list can be undone";
                all.is_empty().then(|| none.to_owned())
            }
            Pane::Licences | Pane::Numbers if !is_open => self.no_stock_row(),
            _ => self.no_candidate(action),
        }
    }

    /// Why no row can be marked here for copying.
    fn no_stock_row(&self) -> Option<String> {
        let is_row = match self.pane {
            Pane::Numbers => self.numbers.row(&self.inventory).is_some(),
            _ if self.licences.inside.is_some() => {
                return Some("rows inside a licence are copied one by one".to_owned());
            }
            _ => self.licence_here().is_some(),
        };
        (!is_row).then(|| "no row is under the cursor".to_owned())
    }

    /// The licence under the cursor, where none is looked into.
    fn licence_here(&self) -> Option<SkuId> {
        let open = self.licences.inside.is_none();
        let product = self.licences.product(&self.inventory);
        product.filter(|_| open).map(|product| product.sku.id)
    }
}
