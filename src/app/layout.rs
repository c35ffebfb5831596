//! Areas of the screen from its size, as integers: for the update, which scrolls by them, and for the view alike.

/// The smallest screen on which the console is shown.
pub const SMALLEST: (u16, u16) = (60, 15);

/// From this width on, the right half explains the row under the cursor.
pub const WIDE: u16 = 120;

/// From this height on, a screen that is not wide explains the row below the pane.
pub const TALL: u16 = 50;

/// Columns that rows with a number in their last column need: what stands beside them gets the rest.
const LEAST: u16 = 76;

/// A rectangle in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// Left column.
    pub x: u16,
    /// Top row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    /// Whether a cell is in it.
    pub fn has(self, (x, y): (u16, u16)) -> bool {
        let across = x >= self.x && x - self.x < self.width;
        across && y >= self.y && y - self.y < self.height
    }

    /// Its first rows, and the rest.
    pub fn split(self, rows: u16) -> (Self, Self) {
        let rows = rows.min(self.height);
        (
            Self {
                height: rows,
                ..self
            },
            Self {
                y: self.y + rows,
                height: self.height - rows,
                ..self
            },
        )
    }

    /// Its last rows, after the rest.
    pub fn split_end(self, rows: u16) -> (Self, Self) {
        self.split(self.height - rows.min(self.height))
    }
}

/// The areas of a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Tenant, session, seats, time of the last read.
    pub header: Area,
    /// The panes.
    pub tabs: Area,
    /// Filter, or counts.
    pub filter: Area,
    /// Everything between the header and the status line: what stands over the panes fills it.
    pub body: Area,
    /// The pane in front.
    pub main: Area,
    /// Why the row under the cursor is as it is, on a wide screen.
    pub beside: Option<Area>,
    /// The log of a run, on a wide screen.
    pub log: Option<Area>,
    /// Notice or progress.
    pub status: Area,
    /// Keys.
    pub footer: Area,
}

/// What decides the areas beside the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// The pane has the whole body.
    Whole,
    /// A wide screen shows `why` beside the pane.
    Beside,
    /// And the log below.
    BesideAndLog,
    /// The pane has the width, and the log is below.
    Log,
}

/// Cells that the tenant's name has in the header, whatever else stands there.
pub const LEAST_NAME: u16 = 20;

/// Whether the screen is too small to show anything but a word about it.
pub fn too_small((width, height): (u16, u16)) -> bool {
    width < SMALLEST.0 || height < SMALLEST.1
}

/// The areas at a size.
pub fn areas((width, height): (u16, u16), split: Split) -> Layout {
    let screen = Area {
        x: 0,
        y: 0,
        width,
        height,
    };
    let (header, rest) = screen.split(1);
    let (tabs, rest) = rest.split(1);
    let (rest, footer) = rest.split_end(1);
    let (rest, status) = rest.split_end(1);
    let (filter, body) = rest.split(1);
    let wide = width >= WIDE;
    let logs = matches!(split, Split::BesideAndLog | Split::Log);
    let (upper, log) = if wide && logs && body.height >= 18 {
        let (upper, log) = body.split_end(body.height / 3);
        (upper, Some(log))
    } else {
        (body, None)
    };
    let explains = matches!(split, Split::BesideAndLog | Split::Beside);
    let (main, beside) = if wide && explains {
        let left = (upper.width * 11 / 20).max(LEAST);
        let main = Area {
            width: left,
            ..upper
        };
        let beside = Area {
            x: left + 1,
            width: upper.width - left - 1,
            ..upper
        };
        (main, Some(beside))
    } else if explains && height >= TALL {
        let (main, below) = upper.split_end(upper.height / 2);
        (main, Some(below))
    } else {
        (upper, None)
    };
    Layout {
        header,
        tabs,
        filter,
        body,
        main,
        beside,
        log,
        status,
        footer,
    }
}

/// Rows below the list of all actions, for the whole text of the one that is chosen.
pub const PALETTE_WHOLE: u16 = 3;

/// Rows of a list below so many lines of title.
pub fn list_height(area: Area, titles: u16) -> usize {
    usize::from(area.height.saturating_sub(titles))
}

/// Log and history inside pane 3, each below a title.
pub fn sync_areas(main: Area) -> (Area, Area) {
    let history = (main.height / 3).clamp(3, 12);
    main.split_end(history)
}

/// Rows of the detail in panes 4 to 6, with the line above it.
const DETAIL: u16 = 6;

/// The areas of pane 4: both lists below their titles, and everything about the row under the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangesAreas {
    /// What waits, with its title.
    pub waiting: Area,
    /// What was done, with its title.
    pub done: Area,
    /// The row under the cursor, with the line above it.
    pub detail: Area,
}

/// A list, and below it everything about the row under the cursor where there is room for that.
pub fn with_detail(main: Area) -> (Area, Area) {
    let detail = if main.height < 14 { 0 } else { DETAIL };
    main.split_end(detail)
}

/// The areas of pane 4 for so many rows of both lists: what waits is always there, and room that one list leaves is the other's.
pub fn changes_areas(main: Area, (waiting, done): (usize, usize)) -> ChangesAreas {
    let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    let (waiting, done) = (cells(waiting), cells(done));
    let titles = 1 + u16::from(done > 0);
    let wanted = waiting.saturating_add(done).saturating_add(titles);
    let detail = match main.height {
        0..14 => 0,
        _ if waiting == 0 && done == 0 => 0,
        height => height.saturating_sub(wanted).max(DETAIL),
    };
    let (lists, detail) = main.split_end(detail);
    let room = lists.height.saturating_sub(titles);
    let least = room - done.min(room).min(room / 3);
    let rows = waiting.min(least.max(room.saturating_sub(done)));
    let (waiting, done) = lists.split(1 + rows);
    ChangesAreas {
        waiting,
        done,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_fill_the_screen_at_any_size() {
        for width in [0, 1, 59, 80, 119, 120, 140, 300] {
            for height in 0..60 {
                for split in [Split::Whole, Split::Beside, Split::BesideAndLog, Split::Log] {
                    let l = areas((width, height), split);
                    let rows = l.header.height
                        + l.tabs.height
                        + l.filter.height
                        + l.body.height
                        + l.status.height
                        + l.footer.height;
                    assert_eq!(rows, height);
                    let below = l.beside.filter(|a| a.x == 0).map_or(0, |a| a.height);
                    let log = l.log.map_or(0, |a| a.height);
                    assert_eq!(l.main.height + log + below, l.body.height);
                    assert!(l.beside.is_none_or(|a| a.x + a.width == width));
                }
            }
        }
    }

    #[test]
    fn a_tall_screen_explains_below_the_list() {
        for (width, height, below) in [(60, 90, 42), (100, 50, 22), (119, 60, 27), (80, 49, 0)] {
            let l = areas((width, height), Split::Beside);
            assert_eq!(
                l.beside.map_or(0, |area| area.height),
                below,
                "{width}x{height}"
            );
            assert_eq!(l.main.width, width);
        }
    }

    #[test]
    fn a_small_screen_shows_one_pane() {
        let l = areas((80, 24), Split::BesideAndLog);
        assert_eq!((l.main.width, l.main.height), (80, 19));
        assert_eq!((l.beside, l.log), (None, None));
    }

    #[test]
    fn what_waits_is_always_in_sight_and_no_row_is_wasted() {
        let main = |height| Area {
            height,
            width: 80,
            ..Area::default()
        };
        for height in [8, 19, 31, 35] {
            for (waiting, done) in [(0, 200), (1, 200), (40, 200), (40, 1), (3, 3), (40, 0)] {
                let areas = changes_areas(main(height), (waiting, done));
                let rows = usize::from(areas.waiting.height) - 1;
                assert!(rows >= waiting.min(4), "{height} {waiting} {done}");
                let below = usize::from(areas.done.height).saturating_sub(1);
                assert!(below >= done.min(1), "{height} {waiting} {done}");
                // Blank rows only where both lists are shown whole.
                if rows < waiting || below < done {
                    assert!(rows <= waiting && below <= done);
                    assert!(areas.detail.height <= DETAIL);
                }
                let all = areas.waiting.height + areas.done.height + areas.detail.height;
                assert_eq!(all, height);
            }
        }
    }
}
