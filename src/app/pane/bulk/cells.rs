//! One row of an import, field by field: what is wrong stands below its field, with what one key takes instead.

use crate::app::event::Key;
use crate::app::field::{Field as Line, Typed};
use crate::app::pane::turned;
use crate::bulk::columns::Column;
use crate::bulk::review::Review;
use crate::bulk::verdict::Fault;

/// The form.
#[derive(Debug, Clone, PartialEq)]
pub struct RowForm {
    /// Place of the row.
    pub row: usize,
    /// The number that a spreadsheet shows.
    pub number: u32,
    /// Its cells: column, text, and the text as it was.
    pub cells: Vec<(Column, Line, String)>,
    /// The cell that keys go to, by its place.
    pub focus: usize,
    /// What was wrong when the form was opened.
    pub faults: Vec<Fault>,
    /// People with nearly the e-mail of the row: name and address.
    pub near: Vec<(String, String)>,
}

impl RowForm {
    /// The form of a row, on the first cell that is wrong.
    pub fn open(review: &Review, row: usize) -> Self {
        let cells = review.sheet().row(row);
        let faults = review.verdict(row).faults().to_vec();
        let cells: Vec<(Column, Line, String)> = review
            .sheet()
            .columns()
            .iter()
            .map(|&column| {
                let text = cells.trimmed(column);
                (column, Line::new(text), text.to_owned())
            })
            .collect();
        let first = faults.first().map(|fault| fault.column);
        let at = cells.iter().position(|(column, ..)| Some(*column) == first);
        let near = review
            .near(row)
            .into_iter()
            .map(|person| (person.name.clone(), person.upn.clone()))
            .collect();
        Self {
            row,
            number: review.sheet().row(row).number(),
            focus: at.unwrap_or_default(),
            cells,
            faults,
            near,
        }
    }

    /// What it goes by.
    pub fn title(&self) -> String {
        format!("ROW {}", self.number)
    }

    /// Takes a key that is no action of the form.
    pub fn key(&mut self, key: Key) {
        if let Some((column, line, _)) = self.cells.get_mut(self.focus)
            && line.key(key) == Typed::Changed
        {
            let column = *column;
            self.faults.retain(|fault| fault.column != column);
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if let Some((column, line, _)) = self.cells.get_mut(self.focus)
            && line.paste(text) == Typed::Changed
        {
            let column = *column;
            self.faults.retain(|fault| fault.column != column);
        }
    }

    /// Goes to another cell.
    pub fn turn(&mut self, by: isize) {
        self.focus = turned(self.focus, by, self.cells.len());
    }

    /// What one key takes over: in the cell that has the focus, else in the first that proposes something.
    pub fn proposal(&self) -> Option<(Column, String)> {
        let here = self.cells.get(self.focus).map(|(column, ..)| *column);
        let of = |fault: &Fault| Some((fault.column, fault.proposal()?.spaced()));
        let mut proposals = self.faults.iter().filter_map(of).chain(self.near_one());
        let all: Vec<(Column, String)> = proposals.by_ref().collect();
        let focused = all.iter().find(|(column, _)| Some(*column) == here);
        focused.or_else(|| all.first()).cloned()
    }

    /// The nearest e-mail, as long as the cell has not been typed in.
    fn near_one(&self) -> Option<(Column, String)> {
        let (_, address) = self.near.first()?;
        let (_, line, was) = self.cells.iter().find(|cell| cell.0 == Column::Email)?;
        (line.text() == was).then(|| (Column::Email, address.clone()))
    }

    /// Whether the number's cell has the focus, so that a free one can be taken.
    pub fn takes_free(&self) -> bool {
        let here = self.cells.get(self.focus).map(|(column, ..)| *column);
        here == Some(Column::PhoneNumber)
    }

    /// The text of a cell.
    pub fn text(&self, column: Column) -> &str {
        let cell = self.cells.iter().find(|(of, ..)| *of == column);
        cell.map_or("", |(_, line, _)| line.text().trim())
    }

    /// Puts a text into the cell here, as if it had been typed there.
    pub fn put(&mut self, text: &str) {
        if let Some((column, line, _)) = self.cells.get_mut(self.focus) {
            line.set(text);
            let column = *column;
            self.faults.retain(|fault| fault.column != column);
        }
    }

    /// Takes the proposal over.
    pub fn take_proposal(&mut self) {
        let Some((column, text)) = self.proposal() else {
            return;
        };
        for (other, line, _) in &mut self.cells {
            if *other == column {
                line.set(&text);
            }
        }
        self.faults.retain(|fault| fault.column != column);
    }

    /// Whether something was typed that is not saved.
    pub fn is_dirty(&self) -> bool {
        self.cells.iter().any(|(_, line, was)| line.text() != was)
    }

    /// The cells that were changed.
    pub fn changed(&self) -> Vec<(Column, String)> {
        let changed = self
            .cells
            .iter()
            .filter(|(_, line, was)| line.text() != was);
        changed
            .map(|(column, line, _)| (*column, line.text().trim().to_owned()))
            .collect()
    }
}
