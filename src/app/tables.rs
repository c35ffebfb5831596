//! What the tables of panes 1, 2, 5 and 6 have in common: their order in both directions, marks from one row to another, their
//! rows as text for other programs, and what is remembered of them for this tenant.

use crate::domain::text::Label;
use crate::domain::words;
use crate::roster::inventory::{NumberRow, kind_words};
use crate::roster::products::Product;

use super::App;
use super::action::Action;
use super::cells::thousands;
use super::cursor::{Cursor, Move};
use super::doc::Tone;
use super::effect::Effect;
use super::pane::{Pane, candidates, licences, numbers, users};

/// Under which key the order of the tables is kept with the tenant.
pub const KEPT: &str = "tables";

/// In which direction rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// The smallest first.
    #[default]
    Up,
    /// The largest first. What is blank stays last.
    Down,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub fn turned(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }

    /// What stands behind the name of the column.
    pub fn words(self) -> &'static str {
        match self {
            Self::Up => "",
            Self::Down => ", reversed",
        }
    }

    /// Turns sorted rows round; those that are blank stay behind the others.
    pub fn apply<T>(self, rows: &mut [T], is_blank: impl Fn(&T) -> bool) {
        if self == Self::Down {
            let end = rows.iter().rposition(|row| !is_blank(row));
            let end = end.map_or(0, |last| last + 1);
            rows[..end].reverse();
        }
    }
}

/// A form in which rows are copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A line for each, its cells apart by tabs, under a line of titles.
    Tsv,
    /// A list of objects.
    Json,
}

/// Rows that are copied.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Copied {
    titles: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

impl Copied {
    /// The text. Made safe like everything that is drawn: a clipboard is a way into a shell.
    fn to_text(&self, form: Form) -> String {
        let safe = |cell: &String| Label::new(cell).as_str().to_owned();
        match form {
            Form::Tsv => {
                let mut lines = vec![self.titles.join("\t")];
                for row in &self.rows {
                    let cells: Vec<String> = row.iter().map(safe).collect();
                    lines.push(cells.join("\t"));
                }
                lines.join("\n")
            }
            Form::Json => {
                let rows = self.rows.iter().map(|row| {
                    let pairs = self.titles.iter().zip(row);
                    let pairs = pairs
                        .map(|(title, cell)| format!("{}: {}", quoted(title), quoted(&safe(cell))));
                    format!("  {{{}}}", pairs.collect::<Vec<_>>().join(", "))
                });
                format!("[\n{}\n]", rows.collect::<Vec<_>>().join(",\n"))
            }
        }
    }
}

/// A text as JSON has it. Control characters are none here: what is copied was made safe.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl App {
    /// Does what belongs to tables and logs; `None` for every other action.
    pub(super) fn table_act(&mut self, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::Sort => return Some(self.sort()),
            Action::Reverse => return Some(self.reverse()),
            Action::MarkRange => self.mark_range(),
            Action::MarkDown => return Some(self.mark_step(1)),
            Action::MarkUp => return Some(self.mark_step(-1)),
            Action::CopyJson => return Some(self.copy_rows(Form::Json)),
            Action::CopyCell => return Some(self.copy_cell()),
            Action::LogUp => self.step_log(Move::By(-1)),
            Action::LogDown => self.step_log(Move::By(1)),
            Action::Levels => self.turn_levels(),
            Action::Columns => self.open_columns(),
            Action::Wider => return Some(self.widen_column(1)),
            Action::Narrower => return Some(self.widen_column(-1)),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Turns the order of the table round.
    pub(super) fn reverse(&mut self) -> Vec<Effect> {
        let (word, direction) = match self.pane {
            Pane::Candidates => {
                self.candidates.direction = self.candidates.direction.turned();
                (self.candidates.sort.word(), self.candidates.direction)
            }
            Pane::Numbers => {
                self.numbers.direction = self.numbers.direction.turned();
                (self.numbers.sort.word(), self.numbers.direction)
            }
            Pane::Licences => self.licences.reverse(),
            Pane::Users | Pane::Sync | Pane::Changes => {
                self.users.direction = self.users.direction.turned();
                (self.users.sort.word(), self.users.direction)
            }
        };
        self.refilter();
        self.say(Tone::Dim, format!("sorted by {word}{}", direction.words()));
        self.keep_tables()
    }

    /// Has the order of the tables remembered for this tenant.
    pub(super) fn keep_tables(&self) -> Vec<Effect> {
        if self.settings.bundle {
            return Vec::new();
        }
        let line = |pane: &str, sort: &str, direction: Direction| {
            let reversed = if direction == Direction::Down {
                " reversed"
            } else {
                ""
            };
            format!("{pane}={sort}{reversed}")
        };
        let lines = [
            line("users", self.users.sort.word(), self.users.direction),
            line(
                "add-users",
                self.candidates.sort.word(),
                self.candidates.direction,
            ),
            line("numbers", self.numbers.sort.word(), self.numbers.direction),
            line(
                "licences",
                self.licences.sort.word(),
                self.licences.direction,
            ),
        ];
        let mut text = lines.join("\n");
        text.push_str(&self.filters());
        text.push_str(&self.columns.lines());
        vec![Effect::KeepDraft {
            key: KEPT.to_owned(),
            text: Some(text),
        }]
    }

    /// The filters that stand, a line for each. One that finds nobody in its pane was a question, and no view.
    fn filters(&self) -> String {
        let all = [
            ("users", &self.users.filter),
            ("add-users", &self.candidates.filter),
            ("numbers", &self.numbers.filter),
        ];
        let set = all
            .iter()
            .filter(|(_, filter)| filter.is_shown() && filter.elsewhere.is_none());
        set.fold(String::new(), |text, (pane, filter)| {
            text + "\n" + pane + "/filter=" + filter.field.text()
        })
    }

    /// A filter was set, or taken away: it is remembered as well.
    pub(super) fn keep_filters(&mut self) -> Vec<Effect> {
        if self.is_typing() {
            return Vec::new();
        }
        let filters = self.filters();
        if filters == self.filters_kept {
            return Vec::new();
        }
        self.filters_kept = filters;
        self.keep_tables()
    }

    /// The order of the tables as it was left. What is not known any more is passed over.
    pub(super) fn tables_kept(&mut self, text: &str) {
        for line in text.lines() {
            let Some((pane, order)) = line.split_once('=') else {
                continue;
            };
            let (word, direction) = match order.strip_suffix(" reversed") {
                Some(word) => (word, Direction::Down),
                None => (order, Direction::Up),
            };
            match pane {
                "users" => {
                    if let Some(sort) = users::Sort::of(word) {
                        (self.users.sort, self.users.direction) = (sort, direction);
                    }
                }
                "add-users" => {
                    if let Some(sort) = candidates::Sort::of(word) {
                        (self.candidates.sort, self.candidates.direction) = (sort, direction);
                    }
                }
                "numbers" => {
                    if let Some(sort) = numbers::Sort::of(word) {
                        (self.numbers.sort, self.numbers.direction) = (sort, direction);
                    }
                }
                "licences" => {
                    if let Some(sort) = licences::Sort::of(word) {
                        (self.licences.sort, self.licences.direction) = (sort, direction);
                    }
                }
                "users/filter" => self.users.filter.stand(order),
                "add-users/filter" => self.candidates.filter.stand(order),
                "numbers/filter" => self.numbers.filter.stand(order),
                _ => self.columns.take(pane, order),
            }
        }
        self.filters_kept = self.filters();
        self.users.stale = true;
        self.candidates.stale = true;
        self.numbers.stale = true;
        self.licences.stale = true;
        // Nobody has moved yet: the first row of this order, not that of another.
        self.users.cursor = Cursor::default();
        self.candidates.cursor = Cursor::default();
        self.numbers.cursor = Cursor::default();
        self.licences.cursor = Cursor::default();
    }

    /// Marks all rows from the one that was marked last to the one under the cursor.
    pub(super) fn mark_range(&mut self) {
        match self.mark_to_here() {
            Some(1) => self.say(Tone::Dim, "1 row marked"),
            Some(n) => self.say(Tone::Dim, format!("{} rows marked", thousands(n as u64))),
            None => self.say(
                Tone::Warn,
                "Space marks the first row of a range, this key the rows from there to here",
            ),
        }
    }

    /// Marks the row under the cursor and the next one in a direction.
    fn mark_step(&mut self, by: isize) -> Vec<Effect> {
        self.mark_under_cursor();
        let effects = self.move_cursor(Move::By(by));
        self.mark_under_cursor();
        effects
    }

    /// Copies the marked rows, or the row under the cursor where none is marked.
    pub(super) fn copy_rows(&mut self, form: Form) -> Vec<Effect> {
        let Some(copied) = self.rows_copied() else {
            self.say(Tone::Dim, words::NOTHING_TO_COPY);
            return Vec::new();
        };
        self.copy_text(copied.to_text(form))
    }

    /// Copies the cell of the column by which the rows are sorted.
    pub(super) fn copy_cell(&mut self) -> Vec<Effect> {
        if self.searched().is_some() {
            return self.copy_line();
        }
        let column = match self.pane {
            Pane::Users => match self.users.sort {
                users::Sort::Name => 0,
                users::Sort::Mail => 1,
                users::Sort::Number => 2,
                users::Sort::Country => 3,
                users::Sort::State => 4,
                users::Sort::Cause => 5,
            },
            Pane::Candidates => match self.candidates.sort {
                candidates::Sort::Name => 0,
                candidates::Sort::SignIn => 1,
                candidates::Sort::Number => 2,
                candidates::Sort::Country => 3,
                candidates::Sort::Cause => 4,
                candidates::Sort::Note => {
                    let row = self.candidates.row(&self.roster);
                    return self.copy_one(row.map(|row| candidates::note(row.marks)));
                }
            },
            Pane::Numbers => match self.numbers.sort {
                numbers::Sort::Number => 0,
                numbers::Sort::Type => 1,
                numbers::Sort::State => 2,
                numbers::Sort::Holder => 3,
                numbers::Sort::Note => 5,
                numbers::Sort::Country => {
                    let country = self.number_row().and_then(|row| row.country);
                    return self.copy_one(country.map(|country| country.to_string()));
                }
            },
            Pane::Sync | Pane::Changes | Pane::Licences => return Vec::new(),
        };
        let cell = self.row_here().and_then(|row| row.into_iter().nth(column));
        self.copy_one(cell)
    }

    fn copy_one(&mut self, cell: Option<String>) -> Vec<Effect> {
        match cell {
            Some(cell) if !cell.is_empty() => self.copy_text(Label::new(&cell).as_str().to_owned()),
            Some(_) | None => {
                self.say(Tone::Dim, words::NOTHING_TO_COPY);
                Vec::new()
            }
        }
    }

    fn row_here(&self) -> Option<Vec<String>> {
        match self.pane {
            Pane::Users => Some(self.user_cells(self.users.row(&self.desk)?)),
            Pane::Candidates => Some(self.person_cells(self.candidates.row(&self.roster)?)),
            Pane::Numbers => Some(self.number_cells(self.number_row()?)),
            Pane::Licences if self.licences.inside.is_none() => {
                Some(self.licence_cells(self.licences.product(&self.inventory)?))
            }
            Pane::Sync | Pane::Changes | Pane::Licences => None,
        }
    }

    fn rows_copied(&self) -> Option<Copied> {
        let titles: &[&str] = match self.pane {
            Pane::Users => &["name", "mail", "number", "country", "state", "cause"],
            Pane::Candidates => &["name", "upn", "number", "country", "cause"],
            Pane::Numbers => &["number", "type", "status", "holder", "upn", "note"],
            Pane::Licences => &[
                "licence",
                "part number",
                "bought",
                "used",
                "free",
                "users",
                "status",
                "brings",
            ],
            Pane::Sync | Pane::Changes => return None,
        };
        let rows = match self.pane {
            // In the order of the pane; those that a filter hides come last.
            Pane::Users if self.has_marks() => {
                let (shown, hidden): (Vec<_>, Vec<_>) = (0..self.desk.users.len())
                    .filter(|&n| self.users.marked.contains(&self.desk.users[n].user.id))
                    .partition(|n| self.users.shown.contains(n));
                let place = |n: &usize| self.users.shown.iter().position(|shown| shown == n);
                let mut shown = shown;
                shown.sort_by_key(place);
                let all = shown.into_iter().chain(hidden);
                all.map(|n| self.user_cells(&self.desk.users[n])).collect()
            }
            Pane::Candidates if self.has_marks() => {
                let (shown, hidden) = self.candidates.marked_in_order(&self.roster);
                let all = shown.into_iter().chain(hidden);
                all.filter_map(|id| self.roster.find(id))
                    .map(|row| self.person_cells(row))
                    .collect()
            }
            Pane::Numbers if self.has_marks() => {
                let keys = self.numbers.marks.in_order(&self.numbers.shown);
                let rows = keys.iter().map(|key| *key as usize);
                rows.filter_map(|place| self.inventory.numbers.get(place))
                    .map(|row| self.number_cells(row))
                    .collect()
            }
            Pane::Licences if self.has_marks() => {
                let shown = self.licences.keys(&self.inventory);
                let keys = self.licences.marks.in_order(&shown).into_iter();
                keys.filter_map(|id| self.inventory.product(id))
                    .map(|product| self.licence_cells(product))
                    .collect()
            }
            Pane::Users
            | Pane::Candidates
            | Pane::Numbers
            | Pane::Sync
            | Pane::Changes
            | Pane::Licences => vec![self.row_here()?],
        };
        Some(Copied { titles, rows })
    }

    /// The cells of a user, as they are copied.
    pub(super) fn user_cells(&self, row: &crate::roster::desk::DeskUser) -> Vec<String> {
        let state = self.users.state(row, self.now);
        let number = row.user.number.as_ref().map(ToString::to_string);
        vec![
            row.user.name.clone(),
            row.user.mail.clone(),
            number.unwrap_or_default(),
            row.user.country.map(|c| c.to_string()).unwrap_or_default(),
            state.word.to_owned(),
            state.cause,
        ]
    }

    /// The cells of somebody in the tenant, as they are copied.
    pub(super) fn person_cells(&self, row: crate::roster::Person<'_>) -> Vec<String> {
        let number = row.number.map(str::to_owned);
        vec![
            row.name.to_owned(),
            row.upn.to_string(),
            number.unwrap_or_default(),
            row.location.map(|c| c.to_string()).unwrap_or_default(),
            self.tenant().cause(row).words().to_owned(),
        ]
    }

    /// The cells of a licence, as they are copied.
    fn licence_cells(&self, product: &Product) -> Vec<String> {
        let users = self.licences.users(product, &self.inventory);
        vec![
            product.name.clone(),
            product.sku.part_number.clone(),
            product.bought().to_string(),
            product.sku.consumed.to_string(),
            product.sku.free().to_string(),
            users.map(|users| users.to_string()).unwrap_or_default(),
            product.state(),
            product.marks(),
        ]
    }

    /// The cells of a number, as they are copied.
    pub(super) fn number_cells(&self, row: &NumberRow) -> Vec<String> {
        let state = numbers::state(row, &self.wishes());
        let owner = row.holder();
        let name = owner.map(|owner| owner.name().to_owned());
        let upn = owner.map(|owner| owner.upn().to_owned());
        vec![
            row.record.number.to_string(),
            kind_words(row.record.kind).to_owned(),
            state.word.to_owned(),
            name.unwrap_or_default(),
            upn.unwrap_or_default(),
            state.note,
        ]
    }
}
