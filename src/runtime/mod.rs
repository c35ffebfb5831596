//! The shell around the state machine: one loop that hears, updates, performs and draws. It never waits for network or disk.

pub mod broken;
mod bulk;
mod change;
mod clipboard;
pub mod clock;
pub mod credentials;
mod elsewhere;
mod first_start;
mod frames;
mod hangup;
mod input;
pub mod interrupt;
mod keys;
pub mod leaving;
mod neighbours;
pub mod new_tenant;
mod outlet;
mod perform;
mod roster;
mod script;
mod sequences;
mod settings;
mod sign_in;
pub mod terminal;

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::app::App;
use crate::app::effect::{Effect, Reporting};
use crate::app::event::{Event, What};
use crate::app::session::Session;
use crate::config::surroundings::{Multiplexer, breaks_with};
use crate::domain::failure::Failure;
use crate::domain::pace::Clock;
use crate::view;
use crate::view::theme::Theme;

use frames::{Asks, Frames};
pub use hangup::has_shell;
pub use neighbours::{Neighbours, accent};
use outlet::OUTLET;
use perform::Performer;
pub use perform::Workbench;
pub use settings::Choices;
use terminal::Screen;

/// Events that are taken in before a frame is drawn.
const BATCH: usize = 256;

/// How long tasks have to close what was begun when the program ends.
const CLOSING: Duration = Duration::from_secs(2);

/// How the console is to be run.
#[derive(Debug)]
pub struct Console {
    /// What the core starts with.
    pub settings: crate::app::Settings,
    /// What effects work on.
    pub workbench: Workbench,
    /// Colours and signs.
    pub theme: Theme,
    /// The clock.
    pub clock: Clock,
}

/// How a console ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The program ends with this exit code.
    Exit(u8),
    /// Another tenant is to be opened.
    Switch {
        /// Its name in the configuration.
        name: String,
        /// What was to be written to the tenant that is left, and was not.
        left: Option<Failure>,
        /// What was done to it just now.
        after: After,
    },
}

/// What was done to a tenant before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Nothing.
    Nothing,
    /// It was added.
    Added,
    /// Its configuration was changed, while it was open.
    Edited,
}

impl After {
    fn of(session: &Session, name: &str) -> Self {
        if session.added.as_deref() == Some(name) {
            Self::Added
        } else if session.edited.as_deref() == Some(name) {
            Self::Edited
        } else {
            Self::Nothing
        }
    }
}

/// The terminal with its keys and signals, for one tenant after another.
#[derive(Debug)]
pub struct Seat {
    screen: Screen,
    from_outside: mpsc::UnboundedReceiver<What>,
    /// How many tenants were opened here.
    opened: u64,
    _panics: broken::Watch,
}

impl Seat {
    /// Takes the terminal. So long after a lone ESC it is the key, and not the beginning of another.
    pub fn take(through: Multiplexer, esc_wait: Duration) -> io::Result<Self> {
        let (keys, from_outside) = mpsc::unbounded_channel();
        let screen = Screen::take(through)?;
        input::start(keys.clone(), esc_wait);
        hangup::watch_terminal(keys.clone());
        let panics = broken::Watch::of(keys.clone());
        spawn_signals(keys);
        Ok(Self {
            screen,
            from_outside,
            opened: 0,
            _panics: panics,
        })
    }

    /// Runs the console of a tenant until it ends.
    pub async fn run(&mut self, console: Console) -> io::Result<Ended> {
        self.opened += 1;
        let missed = if self.opened > 1 {
            not_typed(&mut self.from_outside)
        } else {
            Vec::new()
        };
        let size = Screen::size()?;
        // Answers to one tenant's screen have other numbers than those to the next one's.
        let app = App::new(console.settings.clone(), size).numbered_from(self.opened << 32);
        run(self, console, app, missed).await
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is waited for afterwards is asked anew before the thread rests"
)]
/// What came while no screen was there to be typed at: keys that were meant for the tenant before are not for this one.
fn not_typed(from_outside: &mut mpsc::UnboundedReceiver<What>) -> Vec<What> {
    let mut rest = Vec::new();
    while let Ok(what) = from_outside.try_recv() {
        if !matches!(what, What::Key(_) | What::Paste(_)) {
            rest.push(what);
        }
    }
    rest
}

#[expect(
    clippy::disallowed_methods,
    reason = "all that is waited for is asked anew before the thread rests"
)]
async fn run(
    seat: &mut Seat,
    console: Console,
    mut app: App,
    missed: Vec<What>,
) -> io::Result<Ended> {
    let Console {
        workbench,
        theme,
        clock,
        ..
    } = console;
    let Seat {
        screen,
        from_outside,
        ..
    } = seat;
    let (tasks, mut from_tasks) = mpsc::channel(64);
    let mut performer = Performer::new(workbench, tasks, clock.clone());
    let mut shell = Shell {
        screen,
        theme,
        title: String::new(),
        frames: Frames::default(),
        asks: Asks::default(),
        wake: None,
    };
    shell.mouse(if app.settings.mouse {
        Reporting::On
    } else {
        Reporting::Off
    });
    performer.load_all();
    let effects = app.start(clock.now());
    let mut exit = shell.perform(&mut performer, effects);
    for what in missed {
        let effects = shell.take(&mut app, what, clock.now());
        exit = exit.or(shell.perform(&mut performer, effects));
    }
    loop {
        if let Some(ended) = exit {
            if matches!(ended, Ended::Switch { .. }) {
                app.settle();
                shell.draw_now(&mut app, clock.now());
            }
            // Nobody hears the tasks any more; one that waits to be heard would never end.
            drop(from_tasks);
            performer.close(CLOSING).await;
            return Ok(match ended {
                Ended::Switch { name, .. } => Ended::Switch {
                    after: After::of(&app.session, &name),
                    name,
                    left: app.runs.not_written(&app.session.tenant),
                },
                exit @ Ended::Exit(_) => exit,
            });
        }
        if let Some(resize) = shell.missed_resize(app.size) {
            let effects = shell.take(&mut app, resize, clock.now());
            exit = exit.or(shell.perform(&mut performer, effects));
        }
        app.settle();
        let wishes = app.take_wishes();
        exit = exit.or(shell.perform(&mut performer, wishes));
        shell.draw(&mut app, clock.now());
        let sleep = shell.until_next(&app, clock.now());
        let mut what = tokio::select! {
            biased;
            Some(what) = from_outside.recv() => Some(what),
            Some(what) = from_tasks.recv() => Some(what),
            () = sleep_for(sleep) => shell.woken(clock.now()),
            () = OUTLET.freed() => None,
        };
        let mut taken = 0;
        while let Some(next) = what {
            let effects = shell.take(&mut app, next, clock.now());
            exit = exit.or(shell.perform(&mut performer, effects));
            taken += 1;
            what = if taken < BATCH {
                from_outside
                    .try_recv()
                    .ok()
                    .or_else(|| from_tasks.try_recv().ok())
            } else {
                None
            };
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the runtime starts the tasks")]
fn spawn_signals(keys: mpsc::UnboundedSender<What>) {
    tokio::spawn(async move {
        // Without the handlers the signals do what they always do: end the process.
        let _ = hangup::watch_signals(keys).await;
    });
}

async fn sleep_for(sleep: Option<Duration>) {
    match sleep {
        Some(sleep) => tokio::time::sleep(sleep).await,
        None => std::future::pending().await,
    }
}

/// Breaks a build for development where it was asked to: at this place, once this is in what it is about.
pub(super) fn breaks(place: &str, about: impl FnOnce() -> String) {
    if let Some(with) = is_to_break(place)
        && about().contains(&with)
    {
        panic!("broken with {with}, as asked");
    }
}

/// What a place is to break with, where it is asked for.
fn is_to_break(place: &str) -> Option<String> {
    let asked = breaks_with()?;
    let (at, with) = asked.split_once(':')?;
    (at == place).then(|| with.to_owned())
}

/// What belongs to the screen and to time.
struct Shell<'a> {
    screen: &'a mut Screen,
    theme: Theme,
    title: String,
    frames: Frames,
    /// What asks for the next frame.
    asks: Asks,
    wake: Option<Timestamp>,
}

impl Shell<'_> {
    /// What happened, told to the core. What a key means depends on the window that it was typed at: a size that has not been told yet
    /// goes before it.
    fn take(&mut self, app: &mut App, what: What, at: Timestamp) -> Vec<Effect> {
        let is_typed = matches!(what, What::Key(_) | What::Paste(_));
        let resize = is_typed.then(|| self.missed_resize(app.size)).flatten();
        let mut effects = resize.map_or_else(Vec::new, |resize| self.tell(app, resize, at));
        effects.extend(self.tell(app, what, at));
        effects
    }

    fn tell(&mut self, app: &mut App, what: What, at: Timestamp) -> Vec<Effect> {
        self.asks = self.asks.max(match what {
            What::Run { .. } => Asks::Run,
            What::Wake => Asks::Time,
            _ => Asks::Somebody,
        });
        if matches!(what, What::Hangup) {
            self.screen.is_gone();
        }
        if matches!(what, What::Resize { .. }) {
            // Terminals cut, wrap and shift what they show, each in its way, even where the size is the old one again.
            self.screen.forget();
        }
        if matches!(what, What::Continued) {
            return self.come_back(app, at);
        }
        if let What::Paste(text) = &what {
            breaks("update", || text.clone());
        }
        app.update(Event { at, what })
    }

    /// The window's size where it is another one than the screen was told: a key can be there before the signal that tells of a size.
    fn missed_resize(&self, (width, height): (u16, u16)) -> Option<What> {
        let (columns, rows) = self.screen.seen_size()?;
        ((columns, rows) != (width, height)).then_some(What::Resize {
            width: columns,
            height: rows,
        })
    }

    /// Takes the terminal again after a stop. The window may have another size: nobody told a stopped program.
    fn come_back(&mut self, app: &mut App, at: Timestamp) -> Vec<Effect> {
        let back = self.screen.come_back().and_then(|()| Screen::size());
        let Ok((width, height)) = back else {
            self.screen.is_gone();
            return Vec::new();
        };
        // The shell had a title of its own.
        self.title.clear();
        let mut effects = app.update(Event {
            at,
            what: What::Resize { width, height },
        });
        let what = What::Continued;
        effects.extend(app.update(Event { at, what }));
        effects
    }

    fn perform(&mut self, performer: &mut Performer, effects: Vec<Effect>) -> Option<Ended> {
        let mut exit = None;
        for effect in effects {
            match effect {
                Effect::Quit { code } => exit = Some(Ended::Exit(code)),
                Effect::OpenTenant { name } => {
                    exit = Some(Ended::Switch {
                        name,
                        left: None,
                        after: After::Nothing,
                    });
                }
                Effect::Wake { at } => {
                    self.wake = Some(self.wake.map_or(at, |known| known.min(at)));
                }
                Effect::Mouse(reporting) => self.mouse(reporting),
                Effect::Bell => {
                    if self.screen.bell().is_err() {
                        self.screen.is_gone();
                    }
                }
                Effect::Suspend => {
                    if self.screen.step_aside(hangup::stop).is_err() {
                        self.screen.is_gone();
                    }
                }
                Effect::Copy { req, text } => {
                    let sent = self.screen.copy(&text);
                    performer.copied(req, sent);
                }
                effect => performer.perform(effect),
            }
        }
        exit
    }

    fn mouse(&mut self, reporting: Reporting) {
        if self.screen.mouse(reporting).is_err() {
            self.screen.is_gone();
        }
    }

    /// Draws when something has changed, the last frame is long enough ago, and the terminal has taken it.
    fn draw(&mut self, app: &mut App, now: Timestamp) {
        if !app.is_dirty() || !self.screen.is_free() {
            return;
        }
        if !self.frames.wait(now, self.asks).is_zero() {
            return;
        }
        self.draw_now(app, now);
    }

    fn draw_now(&mut self, app: &mut App, now: Timestamp) {
        app.take_dirty();
        let drawn = self.screen.draw(app.size, |buffer| {
            let cursor = view::paint(app, &self.theme, buffer);
            let shown = buffer.content();
            breaks("draw", || {
                shown.iter().map(ratatui::buffer::Cell::symbol).collect()
            });
            cursor
        });
        if drawn.is_err() {
            self.screen.is_gone();
        }
        app.drawn();
        self.frames.drawn(now);
        self.asks = Asks::default();
        let title = app.title();
        if title != self.title {
            let _ = self.screen.title(&title);
            self.title = title;
        }
    }

    /// How long nothing needs to be done.
    fn until_next(&self, app: &App, now: Timestamp) -> Option<Duration> {
        // A terminal that has not taken the last frame says when it has.
        let frame =
            (app.is_dirty() && self.screen.is_free()).then(|| self.frames.wait(now, self.asks));
        let wake = self
            .wake
            .map(|at| Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO));
        match (frame, wake) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    fn woken(&mut self, now: Timestamp) -> Option<What> {
        let due = self.wake.is_some_and(|at| at <= now);
        if due {
            self.wake = None;
        }
        due.then_some(What::Wake)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::event::Code;

    #[test]
    fn keys_that_were_typed_at_the_tenant_before_do_not_count() {
        let (keys, mut from_outside) = mpsc::unbounded_channel();
        let (width, height) = (80, 24);
        for what in [
            What::Key(Code::Char('A').into()),
            What::Resize { width, height },
            What::Paste("y".to_owned()),
            What::Hangup,
        ] {
            keys.send(what).unwrap();
        }
        assert_eq!(
            not_typed(&mut from_outside),
            [What::Resize { width, height }, What::Hangup]
        );
    }
}
