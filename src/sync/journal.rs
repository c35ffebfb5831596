//! The voice of a run: its log lines, made here and not scraped from traces, to whoever listens and into the history.

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use crate::domain::pace::Clock;
use crate::domain::run::{Level, LogLine, Phase, Progress, RunEvent, RunId, Source};
use crate::domain::text::Label;
use crate::graph::{Exchange, come};
use crate::store::history::History;

/// Lines that are kept back before they are written into the history in one go.
const BATCH: usize = 256;

/// A line that something beside the run has said: whoever watches has it already.
pub(super) type Aside = LogLine;

/// Says what a run does.
#[derive(Debug)]
pub(super) struct Journal {
    events: mpsc::Sender<RunEvent>,
    history: History,
    run: RunId,
    clock: Clock,
    began: Timestamp,
    debug: bool,
    traffic: Option<mpsc::UnboundedReceiver<Exchange>>,
    asides: mpsc::UnboundedReceiver<Aside>,
    pending: Vec<LogLine>,
}

/// Where a journal's lines go.
#[derive(Debug)]
pub(super) struct Listeners {
    /// To whoever watches.
    pub events: mpsc::Sender<RunEvent>,
    /// Into the history.
    pub history: History,
    /// What the client exchanged, for a debug sync.
    pub traffic: Option<mpsc::UnboundedReceiver<Exchange>>,
    /// What something beside the run has to say.
    pub asides: mpsc::UnboundedReceiver<Aside>,
}

impl Journal {
    /// A journal for a run that begins now.
    pub(super) fn new(listeners: Listeners, run: RunId, clock: Clock, debug: bool) -> Self {
        let Listeners {
            events,
            history,
            traffic,
            asides,
        } = listeners;
        let began = clock.now();
        Self {
            events,
            history,
            run,
            clock,
            began,
            debug,
            traffic,
            asides,
            pending: Vec::new(),
        }
    }

    /// The run's number.
    pub(super) fn run(&self) -> RunId {
        self.run
    }

    /// Sends an event that is no line. Nobody listening is no reason to stop.
    pub(super) async fn tell(&self, event: RunEvent) {
        let _ = self.events.send(event).await;
    }

    /// A phase begins.
    pub(super) async fn phase(&mut self, phase: Phase) {
        self.exchanges().await;
        self.tell(RunEvent::Phase(phase)).await;
    }

    /// Pages have come in.
    pub(super) async fn progress(&mut self, progress: Progress) {
        self.exchanges().await;
        self.tell(RunEvent::Progress(progress)).await;
    }

    /// An ordinary line.
    pub(super) async fn info(&mut self, source: Source, text: impl Into<String>) {
        self.line(source, Level::Info, text.into()).await;
    }

    /// A line with a triangle.
    pub(super) async fn warning(&mut self, source: Source, text: impl Into<String>) {
        self.line(source, Level::Warning, text.into()).await;
    }

    /// A line of failure.
    pub(super) async fn error(&mut self, source: Source, text: impl Into<String>) {
        self.line(source, Level::Error, text.into()).await;
    }

    /// A line that only a debug sync has.
    pub(super) async fn debug(&mut self, source: Source, text: impl FnOnce() -> String) {
        if self.debug {
            self.line(source, Level::Debug, text()).await;
        }
    }

    async fn line(&mut self, source: Source, level: Level, text: String) {
        self.exchanges().await;
        self.write(source, level, &text).await;
    }

    async fn write(&mut self, source: Source, level: Level, text: &str) {
        let line = line_at(&self.clock, self.began, (source, level), text);
        self.keep(line.clone());
        self.tell(RunEvent::Log(line)).await;
    }

    fn keep(&mut self, line: LogLine) {
        self.pending.push(line);
        if self.pending.len() >= BATCH {
            self.flush();
        }
    }

    /// What was said beside the run, and what the client has exchanged since the last line; that is dropped unless this is a debug sync, so that nothing piles up.
    async fn exchanges(&mut self) {
        while let Some(line) = come(&mut self.asides).await {
            self.keep(line);
        }
        let Some(traffic) = &mut self.traffic else {
            return;
        };
        let mut seen = Vec::new();
        while let Some(exchange) = come(traffic).await {
            if self.debug {
                seen.push(exchange);
            }
        }
        for exchange in seen {
            let source = if exchange.path.contains("/oauth2/") {
                Source::Auth
            } else {
                Source::Graph
            };
            self.write(source, Level::Debug, &exchange_words(&exchange))
                .await;
        }
    }

    /// Hands the lines to the history. Its thread writes them in order; a run does not wait for that.
    pub(super) fn flush(&mut self) {
        if !self.pending.is_empty() {
            drop(
                self.history
                    .lines(self.run, std::mem::take(&mut self.pending)),
            );
        }
    }

    /// Last lines out, and the receiver of exchanges back for the next run.
    pub(super) async fn finish(mut self) -> Option<mpsc::UnboundedReceiver<Exchange>> {
        self.exchanges().await;
        self.flush();
        self.traffic.take()
    }
}

/// A line of a run that began then.
pub(super) fn line_at(
    clock: &Clock,
    began: Timestamp,
    (source, level): (Source, Level),
    text: &str,
) -> LogLine {
    let since: SignedDuration = clock.now().duration_since(began);
    LogLine {
        at: u32::try_from(since.as_secs()).unwrap_or(0),
        source,
        level,
        text: Label::new(text).to_string(),
    }
}

fn exchange_words(exchange: &Exchange) -> String {
    let status = exchange
        .status
        .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let note = if exchange.note.is_empty() {
        String::new()
    } else {
        format!(", {}", exchange.note)
    };
    format!(
        "{} {} {status} in {} ms{note}, request-id {}",
        exchange.method, exchange.path, exchange.millis, exchange.request_id
    )
}
