//! The mouse: a click selects a row or opens a tab, a second one on the same cell opens the row, the wheel scrolls. A click never answers a
//! question and never writes: what asks is answered by keys.

use jiff::SignedDuration;

use super::App;
use super::action::Action;
use super::bulk;
use super::chooser;
use super::cursor::Move;
use super::doc::Tone;
use super::effect::{Effect, Reporting};
use super::event::{Code, Did, Mouse};
use super::layout::{self, Area, too_small};
use super::lifecycle::Lifecycle;
use super::modal::Modal;
use super::pane::{Pane, plan};

/// Within this time a second press on the same cell opens.
const TWICE: SignedDuration = SignedDuration::from_millis(500);

/// Rows that one notch of the wheel moves.
const NOTCH: isize = 3;

/// A list on the screen: where its rows are, and which of them.
struct Rows {
    area: Area,
    /// The first row shown.
    top: usize,
    /// Where the list ends.
    end: usize,
}

impl Rows {
    /// The row at a place on the screen.
    fn at(&self, at: (u16, u16)) -> Option<usize> {
        let index = self.top + usize::from(at.1.checked_sub(self.area.y)?);
        (self.area.has(at) && index < self.end).then_some(index)
    }
}

impl App {
    pub(super) fn mouse(&mut self, mouse: Mouse) -> Vec<Effect> {
        if self.life != Lifecycle::Running || too_small(self.size) {
            return Vec::new();
        }
        self.finish_rows();
        match mouse.did {
            Did::Press => self.press(mouse.at),
            Did::WheelUp => self.wheel(mouse.at, -NOTCH),
            Did::WheelDown => self.wheel(mouse.at, NOTCH),
        }
    }

    /// Has the terminal tell of the mouse, or keep it to itself so that text can be selected.
    /// What the terminal is asked for.
    pub(super) fn ask_terminal(&mut self, action: Action) -> Vec<Effect> {
        if action == Action::Suspend {
            return vec![Effect::Suspend];
        }
        self.switch_mouse()
    }

    fn switch_mouse(&mut self) -> Vec<Effect> {
        self.settings.mouse = !self.settings.mouse;
        let key = self.settings.keys.first(Action::Mouse);
        let (reporting, text) = if self.settings.mouse {
            (
                Reporting::On,
                format!("mouse on: click, scroll, double-click; {key} switches it off"),
            )
        } else {
            (
                Reporting::Off,
                format!("mouse off: the terminal selects text again; {key} switches it on"),
            )
        };
        self.say(Tone::Plain, text);
        vec![Effect::Mouse(reporting)]
    }

    fn wheel(&mut self, at: (u16, u16), by: isize) -> Vec<Effect> {
        let (log, _) = layout::sync_areas(self.layout().body);
        let over_log = self.modals.is_empty() && self.pane == Pane::Sync && log.has(at);
        if over_log {
            self.scroll_log(Move::By(by));
            return Vec::new();
        }
        if self.list_in_front() {
            let code = if by < 0 { Code::Up } else { Code::Down };
            return (0..by.abs()).flat_map(|_| self.key(code.into())).collect();
        }
        self.move_cursor(Move::By(by))
    }

    /// Whether a list that is searched as one types stands over the panes: its cursor is moved by keys alone.
    fn list_in_front(&self) -> bool {
        matches!(
            self.modals.last(),
            Some(Modal::Palette(_) | Modal::Chooser(_) | Modal::Seat(_) | Modal::Free(_))
        )
    }

    fn press(&mut self, at: (u16, u16)) -> Vec<Effect> {
        let twice = self
            .pressed
            .is_some_and(|(when, where_)| where_ == at && self.now.duration_since(when) <= TWICE);
        self.pressed = (!twice).then_some((self.now, at));
        if self.modals.is_empty()
            && let Some(tab) = self.tabs().into_iter().find(|tab| tab.area.has(at))
        {
            self.end_typing();
            return self.act(tab.pane.action());
        }
        let Some(index) = self.rows().iter().find_map(|rows| rows.at(at)) else {
            return Vec::new();
        };
        if self.modals.is_empty() {
            self.end_typing();
        }
        let here = self.index();
        let by = index.cast_signed() - here.cast_signed();
        if self.list_in_front() {
            let code = if by < 0 { Code::Up } else { Code::Down };
            let mut effects: Vec<Effect> =
                (0..by.abs()).flat_map(|_| self.key(code.into())).collect();
            if twice {
                effects.extend(self.key(Code::Enter.into()));
            }
            return effects;
        }
        let mut effects = self.move_cursor(Move::By(by));
        if twice && self.modals.is_empty() {
            effects.extend(self.act(Action::Open));
        }
        effects
    }

    /// What was typed into a filter holds, and the next key is a command.
    fn end_typing(&mut self) {
        if self.is_typing() {
            self.settle();
            self.filter_mut().end();
        }
    }

    /// The row that the cursor of the list in front is on.
    fn index(&self) -> usize {
        match self.modals.last() {
            Some(Modal::Palette(open)) => open.cursor.index,
            Some(Modal::Chooser(open)) => open.cursor.index,
            Some(Modal::Seat(open)) => open.cursor.index,
            Some(Modal::Free(open)) => open.cursor.index,
            Some(Modal::Plan(open)) => open.cursor.index,
            Some(Modal::Bulk(open)) => open.list().map_or(0, |(_, index, _)| index),
            Some(_) => 0,
            None => match self.pane {
                Pane::Users => self.users.cursor.index,
                Pane::Candidates => self.candidates.cursor.index,
                Pane::Sync => self.sync.cursor.index,
                Pane::Changes => self.changes.cursor.index,
                Pane::Licences => match &self.licences.inside {
                    Some(inside) => inside.cursor.index,
                    None => self.licences.cursor.index,
                },
                Pane::Numbers => self.numbers.cursor.index,
            },
        }
    }

    /// The lists in front, as the view draws them.
    fn rows(&self) -> Vec<Rows> {
        let layout = self.layout();
        let list = |area: Area, titles: u16, top: usize, len: usize| Rows {
            area: area.split(titles).1,
            top,
            end: len,
        };
        let body = layout.body;
        match self.modals.last() {
            Some(Modal::Palette(open)) => {
                let (area, _) = body.split_end(layout::PALETTE_WHOLE.min(body.height));
                vec![list(area, 2, open.cursor.top, open.items.len())]
            }
            Some(Modal::Chooser(open)) => {
                vec![list(
                    body,
                    chooser::ABOVE,
                    open.cursor.top,
                    open.shown.len(),
                )]
            }
            Some(Modal::Seat(open)) => vec![list(body, 3, open.cursor.top, open.shown.len())],
            Some(Modal::Free(open)) => vec![list(body, 3, open.cursor.top, open.shown.len())],
            Some(Modal::Plan(open)) => {
                let len = self
                    .plan
                    .as_ref()
                    .map_or(0, |known| plan::rows(known, &self.desk).len());
                vec![list(body.split_end(2).0, 1, open.cursor.top, len)]
            }
            Some(Modal::Bulk(open)) => {
                let (area, _) = bulk::review_areas(&layout);
                let rows = open.list().zip(open.head(area.width));
                let rows = rows.map(|((top, _, len), head)| list(area, head, top, len));
                rows.into_iter().collect()
            }
            Some(_) => Vec::new(),
            None => self.rows_of_pane(&layout),
        }
    }

    fn rows_of_pane(&self, layout: &layout::Layout) -> Vec<Rows> {
        let main = layout.main;
        let list = |area: Area, titles: u16, top: usize, len: usize| Rows {
            area: area.split(titles).1,
            top,
            end: len,
        };
        let rows = match self.pane {
            Pane::Users => list(main, 1, self.users.cursor.top, self.users.shown.len()),
            Pane::Candidates => {
                let titles = 1 + self.counts_height(main.width);
                let pane = &self.candidates;
                list(main, titles, pane.cursor.top, pane.shown.len())
            }
            Pane::Sync => {
                let (_, history) = layout::sync_areas(layout.body);
                list(history, 1, self.sync.cursor.top, self.desk.history.len())
            }
            Pane::Changes => {
                let (waiting, done) = self.changes.counts();
                let areas = layout::changes_areas(main, (waiting, done));
                let tops = self.changes.tops;
                return vec![
                    list(areas.waiting, 1, tops.waiting, waiting),
                    list(areas.done, 1, waiting + tops.done, waiting + done),
                ];
            }
            Pane::Licences => {
                let pane = &self.licences;
                if let Some(inside) = &pane.inside {
                    list(main, 3, inside.cursor.top, inside.shown.len())
                } else {
                    let (area, _) = layout::with_detail(main);
                    list(area, 1, pane.cursor.top, pane.shown.len())
                }
            }
            Pane::Numbers => {
                let (area, _) = layout::with_detail(main);
                let pane = &self.numbers;
                list(area, 1, pane.cursor.top, pane.shown.len())
            }
        };
        vec![rows]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::event::{Event, What};
    use crate::app::fixture::Driver;
    use crate::view::screens::screen;

    fn press(x: u16, y: u16) -> Mouse {
        Mouse {
            at: (x, y),
            did: Did::Press,
        }
    }

    fn mouse(t: &mut Driver, mouse: Mouse) {
        t.event(What::Mouse(mouse));
    }

    /// The same, so soon after the last event.
    fn soon(t: &mut Driver, after: SignedDuration, mouse: Mouse) {
        t.app.update(Event {
            at: t.app.now + after,
            what: What::Mouse(mouse),
        });
        t.app.settle();
    }

    /// Column and row of a text on the screen.
    fn find(t: &Driver, text: &str) -> (u16, u16) {
        let rows = screen(&t.app);
        let (y, row) = rows
            .iter()
            .enumerate()
            .find(|(_, row)| row.contains(text))
            .unwrap_or_else(|| panic!("{text}: {rows:#?}"));
        let x = row.split(text).next().unwrap_or_default().chars().count();
        (u16::try_from(x).unwrap(), u16::try_from(y).unwrap())
    }

    fn click(t: &mut Driver, text: &str) {
        let (x, y) = find(t, text);
        mouse(t, press(x, y));
    }

    #[test]
    fn a_click_opens_a_tab_and_selects_the_row_that_is_there() {
        let mut t = Driver::new();
        for (tab, pane) in [
            ("6 Numbers", Pane::Numbers),
            ("4 Changes", Pane::Changes),
            ("5 Licences", Pane::Licences),
            ("2 Add users", Pane::Candidates),
            ("1 Users", Pane::Users),
        ] {
            click(&mut t, tab);
            assert_eq!(t.app.pane, pane);
        }
        // In every pane each row of the screen is the one that the click gets: the one that the cursor is drawn on then.
        for pane in ["1", "2", "4", "5", "6"] {
            t.keys(pane);
            let all: Vec<(u16, usize)> = (2..22)
                .filter_map(|y| {
                    let hit = t.app.rows().iter().find_map(|rows| rows.at((5, y)))?;
                    Some((y, hit))
                })
                .collect();
            assert!(all.len() > 1, "pane {pane}");
            for (y, index) in all {
                mouse(&mut t, press(5, y));
                assert_eq!(t.app.index(), index, "pane {pane}, row {y}");
                assert_eq!(
                    crate::view::screens::cursor_row(&t.app),
                    Some(y),
                    "pane {pane}"
                );
            }
        }
        let before = t.app.index();
        mouse(&mut t, press(5, 0));
        mouse(&mut t, press(5, 23));
        assert_eq!(t.app.index(), before);
    }

    #[test]
    fn a_second_press_on_the_same_cell_opens_and_a_slow_one_does_not() {
        let mut t = Driver::new();
        t.keys("2");
        let (x, y) = find(&t, "Joni");
        mouse(&mut t, press(x, y));
        soon(&mut t, SignedDuration::from_millis(900), press(x, y));
        assert!(t.app.modals.is_empty());
        soon(&mut t, SignedDuration::from_millis(200), press(x, y));
        assert!(matches!(t.app.modals.last(), Some(Modal::Why(_))));
    }

    #[test]
    fn the_wheel_moves_the_cursor_or_what_is_read() {
        let mut t = Driver::new();
        let wheel = |did| Mouse { at: (5, 5), did };
        mouse(&mut t, wheel(Did::WheelDown));
        assert_eq!(t.app.index(), 3);
        mouse(&mut t, wheel(Did::WheelUp));
        assert_eq!(t.app.index(), 0);
        t.keys("?");
        mouse(&mut t, wheel(Did::WheelDown));
        assert_eq!(t.app.index(), 3);
    }

    #[test]
    fn a_click_never_answers_a_question() {
        let mut t = Driver::new();
        t.keys("j d");
        let asked = t.app.modals.clone();
        assert!(matches!(asked.last(), Some(Modal::Confirm(_))));
        for y in 0..24 {
            for x in [0, 1, 5, 40] {
                mouse(&mut t, press(x, y));
                mouse(&mut t, press(x, y));
            }
        }
        assert_eq!(t.app.modals, asked);
        assert_eq!(t.app.pane, Pane::Users);
    }

    #[test]
    fn a_key_gives_the_mouse_back_to_the_terminal() {
        let mut t = Driver::new();
        t.keys("Ctrl-O");
        assert_eq!(t.effects, [Effect::Mouse(Reporting::Off)]);
        assert!(screen(&t.app)[22].contains("Ctrl-O switches it on"));
        t.keys("Ctrl-O");
        assert_eq!(t.effects, [Effect::Mouse(Reporting::On)]);
    }
}
