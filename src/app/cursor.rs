//! A cursor that stays on the same row by identity while rows come, go and are sorted, and the first row that is shown.

use super::event::Code;

/// Where the cursor of a list is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor<K> {
    /// The row it is on; kept while the list is empty, so that a reload does not lose it.
    pub key: Option<K>,
    /// Its place among the rows.
    pub index: usize,
    /// First row shown.
    pub top: usize,
    /// The row it was on before a filter was typed.
    pub before: Option<K>,
}

/// Where the cursor goes when the rows are computed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Seek {
    /// It stays on its row.
    #[default]
    Stay,
    /// To the first match: what is typed now is about that row, and the next key acts on it.
    First,
    /// To the row it was on before the filter was typed.
    Back,
}

impl<K> Default for Cursor<K> {
    fn default() -> Self {
        Self {
            key: None,
            index: 0,
            top: 0,
            before: None,
        }
    }
}

/// A step of the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// So many rows down, or up when negative.
    By(isize),
    /// So many pages down, or up when negative.
    Pages(isize),
    /// To the first row.
    First,
    /// To the last row.
    Last,
}

impl Move {
    /// The move that a key means in a list under a field that takes the letters.
    pub(super) fn under_a_field(code: Code) -> Option<Self> {
        match code {
            Code::Down => Some(Self::By(1)),
            Code::Up => Some(Self::By(-1)),
            Code::PageDown => Some(Self::Pages(1)),
            Code::PageUp => Some(Self::Pages(-1)),
            _ => None,
        }
    }
}

impl<K: Copy + PartialEq> Cursor<K> {
    /// Moves among `len` rows, of which `height` are shown; `key_at` names the row at a place.
    pub fn step(
        &mut self,
        step: Move,
        (len, height): (usize, usize),
        key_at: impl Fn(usize) -> Option<K>,
    ) {
        let last = len.saturating_sub(1);
        let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1);
        let to = match step {
            Move::By(n) => self.index.saturating_add_signed(n),
            Move::Pages(n) => self.index.saturating_add_signed(n.saturating_mul(page)),
            Move::First => 0,
            Move::Last => last,
        };
        self.index = to.min(last);
        self.key = key_at(self.index).or(self.key);
        self.show(len, height);
    }

    /// A filter begins: the row is remembered.
    pub fn remember(&mut self) {
        self.before = self.key;
    }

    /// Before the rows are settled: names the row that a filter asks for. `first` is the first match.
    pub fn seek(&mut self, seek: Seek, first: impl FnOnce() -> Option<K>) {
        self.key = match seek {
            Seek::Stay => None,
            Seek::First => first(),
            Seek::Back => self.before,
        }
        .or(self.key);
    }

    /// After the rows have changed: finds the same row again, else stays near.
    pub fn settle(
        &mut self,
        (len, height): (usize, usize),
        place_of: impl Fn(K) -> Option<usize>,
        key_at: impl Fn(usize) -> Option<K>,
    ) {
        if len == 0 {
            self.index = 0;
            self.top = 0;
            return;
        }
        self.index = self
            .key
            .and_then(place_of)
            .unwrap_or_else(|| self.index.min(len - 1));
        self.key = key_at(self.index);
        self.show(len, height);
    }

    /// Scrolls so that the cursor is among the rows shown, and no room is left at the end.
    fn show(&mut self, len: usize, height: usize) {
        let height = height.max(1);
        if self.index < self.top {
            self.top = self.index;
        }
        if self.index >= self.top + height {
            self.top = self.index + 1 - height;
        }
        self.top = self.top.min(len.saturating_sub(height));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_row_when_rows_move() {
        let mut rows = vec!['a', 'b', 'c', 'd'];
        let mut cursor = Cursor::default();
        cursor.settle((4, 2), |_| None, |n| rows.get(n).copied());
        cursor.step(Move::By(2), (4, 2), |n| rows.get(n).copied());
        assert_eq!((cursor.key, cursor.index, cursor.top), (Some('c'), 2, 1));
        rows.insert(0, 'z');
        cursor.settle(
            (5, 2),
            |k| rows.iter().position(|r| *r == k),
            |n| rows.get(n).copied(),
        );
        assert_eq!((cursor.key, cursor.index), (Some('c'), 3));
        rows.retain(|r| *r != 'c');
        cursor.settle(
            (4, 2),
            |k| rows.iter().position(|r| *r == k),
            |n| rows.get(n).copied(),
        );
        assert_eq!((cursor.key, cursor.index), (Some('d'), 3));
    }

    #[test]
    fn an_empty_list_keeps_the_key() {
        let mut cursor = Cursor {
            key: Some('x'),
            index: 7,
            top: 3,
            before: None,
        };
        cursor.settle((0, 5), |_| None, |_| None);
        assert_eq!((cursor.key, cursor.index, cursor.top), (Some('x'), 0, 0));
        cursor.step(Move::Last, (0, 5), |_| None);
        assert_eq!(cursor.key, Some('x'));
    }
}
