//! The cursor in a log, of the run that goes or of one that is over: which line, which levels, whom the line names.

use crate::domain::guid::ObjectId;
use crate::domain::run::{LogLine, RunId};
use crate::domain::text::Label;

use super::App;
use super::action::Place;
use super::cursor::Move;
use super::doc::Tone;
use super::effect::{Effect, Who};
use super::layout;
use super::modal::Modal;
use super::pane::search::Search;
use super::pane::sync::{self, Focus, Tail, Window};
use super::sync::SyncState;

/// Names shorter than this are found in too many lines to be meant.
const SHORTEST_NAME: usize = 4;

impl App {
    /// Does something with the log in front; `None` while it is not read yet.
    pub(super) fn in_log<T>(
        &mut self,
        act: impl FnOnce(&mut Search, &mut Tail, &[LogLine], Window<'_>) -> T,
    ) -> Option<T> {
        let body = self.layout().body;
        if let Some(Modal::Log(view)) = self.modals.last_mut() {
            let lines = view.lines.clone()?;
            let floor = view.search.floor;
            let window = Window {
                len: lines.len(),
                height: layout::list_height(body, 1),
                rows: &|n| sync::height(lines.get(n), floor, body.width),
            };
            return Some(act(&mut view.search, &mut view.tail, &lines, window));
        }
        let (area, _) = layout::sync_areas(body);
        let log = &self.runs.log;
        let pane = &mut self.sync;
        let floor = pane.search.floor;
        let window = Window {
            len: log.len(),
            height: layout::list_height(area, 1),
            rows: &|n| sync::height(log.get(n), floor, area.width),
        };
        Some(act(&mut pane.search, &mut pane.tail, log, window))
    }

    /// Scrolls the log and leaves the cursor where it is.
    pub(super) fn scroll_log(&mut self, step: Move) {
        self.in_log(|_, tail, _, window| tail.step(step, window));
    }

    /// Moves the cursor of the log in front.
    pub(super) fn step_log(&mut self, step: Move) {
        let still = matches!(self.modals.last(), Some(Modal::Log(_)));
        self.in_log(|search, tail, _, window| {
            search.step(step, tail, window);
            // Nothing comes behind the end of a run that is over: the cursor stays on its last line.
            if still && search.here.is_none() {
                search.step(Move::By(-1), tail, window);
            }
        });
        if !still {
            self.sync.focus = Focus::Log;
        }
    }

    /// Shows the next choice of levels.
    pub(super) fn turn_levels(&mut self) {
        let floor = self.in_log(|search, _, log, _| {
            search.turn_floor(log);
            search.floor
        });
        // Lines have come or gone above the cursor's.
        self.in_log(|search, tail, _, window| {
            if let Some(here) = search.here {
                search.show(here, tail, window);
            }
        });
        if let Some(floor) = floor {
            self.say(Tone::Dim, format!("the log shows {}", floor.words()));
        }
    }

    /// Whether keys are read in a log that is open, or in pane 3 with the cursor in its log.
    pub(super) fn log_place(&self) -> bool {
        match self.place_below() {
            Place::Log => true,
            Place::Sync => self.sync.in_log(),
            _ => false,
        }
    }

    /// Whether Enter is about a line of a log.
    pub fn reads_line(&self) -> bool {
        self.log_place() && self.line_here().is_some()
    }

    /// The line under the cursor of the log in front.
    pub(super) fn line_here(&self) -> Option<&LogLine> {
        match self.over() {
            Some(Modal::Log(view)) => view.lines.as_ref()?.get(view.search.here?),
            Some(_) => None,
            None => self.runs.log.get(self.sync.search.here?),
        }
    }

    /// The run whose log is in front: the one that is open, or that of the log that the cursor is in.
    pub(super) fn log_run(&self) -> Option<RunId> {
        match (self.over(), &self.runs.state) {
            (Some(Modal::Log(view)), _) => Some(view.run),
            (Some(_), _) => None,
            (None, _) if !self.sync.in_log() => None,
            (None, SyncState::Running(run)) => run.number,
            (None, SyncState::Idle { last }) => last.as_ref()?.number,
        }
    }

    /// Why there is no line to copy.
    pub(super) fn no_line(&self) -> Option<String> {
        self.line_here().is_none().then(|| {
            let up = match self.over() {
                Some(_) => "{up}",
                None => "{log-up}",
            };
            format!("no line of the log is under the cursor: {up} goes to one")
        })
    }

    /// Why the line under the cursor explains nobody.
    pub(super) fn no_person(&self) -> Option<String> {
        self.no_line().or_else(|| {
            self.person_of_line()
                .is_none()
                .then(|| "this line names nobody; :why TEXT explains anyone".to_owned())
        })
    }

    /// Copies the line under the cursor.
    pub(super) fn copy_line(&mut self) -> Vec<Effect> {
        let Some(line) = self.line_here() else {
            return Vec::new();
        };
        let text = Label::new(&line.marked()).as_str().to_owned();
        self.copy_text(text)
    }

    /// Explains whom the line under the cursor names.
    pub(super) fn why_of_line(&mut self) -> Vec<Effect> {
        if let Some((who, name)) = self.person_of_line() {
            return self.explain(who, &name, false);
        }
        if let Some(reason) = self.no_person() {
            self.say(Tone::Warn, reason);
        }
        Vec::new()
    }

    /// Whom the line under the cursor names: by address, by id, or by the longest name that stands in it.
    pub(super) fn person_of_line(&self) -> Option<(Who, String)> {
        let text = &self.line_here()?.text;
        let word = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '"' | '\'');
        let words = || text.split(word).map(|w| w.trim_end_matches([':', '.']));
        if let Some(address) = words().find(|word| word.contains('@')) {
            return Some((self.who_has(address), address.to_owned()));
        }
        let ids = words().filter_map(|word| word.parse::<ObjectId>().ok());
        let mut known = ids.filter_map(|id| self.roster.find(id));
        if let Some(row) = known.next() {
            return Some((Who::Directory(row.id), row.name.to_string()));
        }
        self.longest_name_in(text)
    }

    fn who_has(&self, address: &str) -> Who {
        let same = |text: &str| text.eq_ignore_ascii_case(address);
        let user = self
            .desk
            .users
            .iter()
            .find(|row| same(&row.user.mail) || row.upn.as_deref().is_some_and(same));
        if let Some(row) = user {
            return Who::User(row.user.id);
        }
        match self.roster.rows().find(|row| same(row.upn)) {
            Some(row) => Who::Directory(row.id),
            None => Who::Text(address.to_owned()),
        }
    }

    fn longest_name_in(&self, text: &str) -> Option<(Who, String)> {
        let users = self.desk.users.iter();
        let users = users.map(|row| (Who::User(row.user.id), row.user.name.as_str()));
        let people = self.roster.rows();
        let people = people.map(|row| (Who::Directory(row.id), row.name));
        let named = users
            .chain(people)
            .filter(|(_, name)| stands_in(text, name));
        // Of two that are as long the configured user comes first.
        let longest = named.reduce(|best, next| {
            if next.1.len() > best.1.len() {
                next
            } else {
                best
            }
        });
        longest.map(|(who, name)| (who, name.to_owned()))
    }
}

/// Whether a name stands in a text with no letter beside it.
fn stands_in(text: &str, name: &str) -> bool {
    name.len() >= SHORTEST_NAME
        && text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            [before, after]
                .into_iter()
                .flatten()
                .all(|c| !c.is_alphanumeric())
        })
}
