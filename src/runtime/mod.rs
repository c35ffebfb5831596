//! The shell around the state machine: one loop that hears, updates, performs and draws. It never waits for network or disk.

pub mod clock;
mod hangup;
mod input;
mod perform;
mod settings;
pub mod terminal;

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::app::App;
use crate::app::effect::Effect;
use crate::app::event::{Event, What};
use crate::domain::pace::Clock;
use crate::view;
use crate::view::theme::Theme;

use perform::Performer;
pub use perform::Workbench;
pub use settings::Choices;
use terminal::Screen;

/// No more than thirty frames a second.
const FRAME: Duration = Duration::from_millis(33);

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

/// Runs the console until it ends; the exit code.
pub async fn run(console: Console) -> io::Result<u8> {
    let Console {
        settings,
        workbench,
        theme,
        clock,
    } = console;
    let (keys, mut from_outside) = mpsc::unbounded_channel();
    let (tasks, mut from_tasks) = mpsc::channel(64);
    let mut screen = Screen::take()?;
    input::start(keys.clone());
    hangup::watch_terminal(keys.clone());
    spawn_signals(keys);
    let size = screen.size()?;
    let mut app = App::new(settings, size);
    let mut performer = Performer::new(workbench, tasks, clock.clone());
    let mut shell = Shell {
        screen: &mut screen,
        theme,
        title: String::new(),
        drawn_at: None,
        wake: None,
    };
    performer.load_all();
    let effects = app.start(clock.now());
    let mut exit = shell.perform(&mut performer, effects);
    loop {
        if let Some(code) = exit {
            // Nobody hears the tasks any more; one that waits to be heard would never end.
            drop(from_tasks);
            performer.close(CLOSING).await;
            return Ok(code);
        }
        app.settle();
        shell.draw(&mut app, clock.now());
        let sleep = shell.until_next(&app, clock.now());
        let mut what = tokio::select! {
            biased;
            Some(what) = from_outside.recv() => Some(what),
            Some(what) = from_tasks.recv() => Some(what),
            () = sleep_for(sleep) => shell.woken(clock.now()),
        };
        let mut taken = 0;
        while let Some(next) = what {
            if matches!(next, What::Hangup) {
                shell.screen.is_gone();
            }
            let effects = app.update(Event {
                at: clock.now(),
                what: next,
            });
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

/// What belongs to the screen and to time.
struct Shell<'a> {
    screen: &'a mut Screen,
    theme: Theme,
    title: String,
    drawn_at: Option<Timestamp>,
    wake: Option<Timestamp>,
}

impl Shell<'_> {
    fn perform(&mut self, performer: &mut Performer, effects: Vec<Effect>) -> Option<u8> {
        let mut exit = None;
        for effect in effects {
            match effect {
                Effect::Quit { code } => exit = Some(code),
                Effect::Wake { at } => {
                    self.wake = Some(self.wake.map_or(at, |known| known.min(at)));
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

    /// Draws when something has changed and the last frame is long enough ago.
    fn draw(&mut self, app: &mut App, now: Timestamp) {
        if !app.is_dirty() {
            return;
        }
        // A clock that was set back makes no frame wait.
        let since = self.drawn_at.map(|at| now.duration_since(at));
        if since.is_some_and(|since| {
            !since.is_negative() && since < FRAME.try_into().unwrap_or_default()
        }) {
            return;
        }
        app.take_dirty();
        let drawn = self
            .screen
            .draw(|frame| view::draw(app, &self.theme, frame));
        if drawn.is_err() {
            self.screen.is_gone();
        }
        app.drawn();
        self.drawn_at = Some(now);
        let title = app.title();
        if title != self.title {
            let _ = self.screen.title(&title);
            self.title = title;
        }
    }

    /// How long nothing needs to be done.
    fn until_next(&self, app: &App, now: Timestamp) -> Option<Duration> {
        let frame = app.is_dirty().then(|| {
            let since = self.drawn_at.map_or(FRAME, |at| {
                Duration::try_from(now.duration_since(at)).unwrap_or(FRAME)
            });
            FRAME.saturating_sub(since)
        });
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
