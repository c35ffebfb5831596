//! Printing: data on standard output, narration on standard error. A reader that has gone away ends the printing and nothing else:
//! the command goes on to its end, and its code says how it went.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::app::cells;
use crate::app::zone::Zone;
use crate::domain::failure::Failure;
use crate::domain::text::{Label, escaped};
use crate::runtime::interrupt;

use super::exit::Exit;

/// One line of data, or a document: what no terminal may be sent is escaped in it.
pub(super) fn data(line: &str) -> anyhow::Result<()> {
    text(&format!("{}\n", escaped(line)))
}

/// A text as it stands, as data.
pub(super) fn text(text: &str) -> anyhow::Result<()> {
    if is_unheard() {
        return Ok(());
    }
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if nobody_reads(&error) => {
            UNHEARD.store(true, Ordering::SeqCst);
            Ok(())
        }
        done => Ok(done?),
    }
}

/// Whether whoever read the data has gone away.
static UNHEARD: AtomicBool = AtomicBool::new(false);

/// Whether something was to be printed that nobody reads any more.
pub(super) fn is_unheard() -> bool {
    UNHEARD.load(Ordering::SeqCst)
}

/// Whether an error of standard output means that nobody is there: a pipe that was closed, a terminal that is gone.
fn nobody_reads(error: &io::Error) -> bool {
    let out = io::stdout();
    let mut fds = [PollFd::new(&out, PollFlags::empty())];
    let mut gone = || {
        let looked = poll(&mut fds, Some(&Timespec::default()));
        let ends = PollFlags::HUP | PollFlags::ERR;
        looked.is_ok() && fds[0].revents().intersects(ends)
    };
    error.kind() == io::ErrorKind::BrokenPipe || gone()
}

/// One line of narration. Nobody reading it is no error.
pub(super) fn tell(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", Label::new(&filled(line)));
}

/// The clock of whoever reads this.
pub(super) fn zone() -> Zone {
    Zone::new(jiff::tz::TimeZone::system())
}

/// What does here what an action of the console does there. Sentences that both say name the action, as `{sync}`.
const COMMANDS: &[(&str, &str)] = &[
    ("{sync}", "`sync`"),
    ("{plan}", "`sync --plan`"),
    ("{apply}", "`sync --yes`"),
    ("{undo}", "`outbox drop`"),
    ("{edit}", "`users edit`"),
    ("{remove}", "`users remove`"),
    ("{changes}", "`outbox list`"),
    ("{sign-in}", "`login`"),
    ("{settings}", "`seats set`"),
    ("{tenant-before}", "`users adopt`"),
    ("{allow-writing}", "`read_only = false`"),
];

/// A text in which each action in braces has become its command.
pub(super) fn filled(text: &str) -> String {
    let said = |text: String, (action, command): &(&str, &str)| text.replace(action, command);
    COMMANDS.iter().fold(text.to_owned(), said)
}

/// What the command line says of words that it does not know, or of its help: for a reader to whom colours are nothing but noise.
pub(super) fn words_of(error: &clap::Error) {
    let text = escaped(&error.render().to_string()).to_string();
    // Nobody is left to tell when the terminal is gone.
    let _ = if error.use_stderr() {
        write!(io::stderr().lock(), "{text}")
    } else {
        write!(io::stdout().lock(), "{text}")
    };
}

/// A picture in half blocks, on standard error: dark on light, whatever the terminal's own colours are. The rows are the
/// program's own, so nothing in them can lead a terminal astray.
pub(super) fn picture(rows: &[String]) {
    let mut err = io::stderr().lock();
    for row in rows {
        let _ = writeln!(err, "  \u{1b}[30;107m{row}\u{1b}[0m");
    }
}

/// The parts of a failure, on standard error; the exit code that it means.
pub(super) fn failure(failure: &Failure) -> Exit {
    for line in failure.lines() {
        tell(line);
    }
    Exit::of_failure(failure)
}

/// An error that ended the program; the exit code.
pub(super) fn failed(error: &anyhow::Error) -> Exit {
    for cause in error.chain() {
        if let Some(known) = cause.downcast_ref::<Failure>() {
            tracing::info!(failure = known.headline.as_str(), "ended with a failure");
            return failure(known);
        }
        if let Some(cut) = cause.downcast_ref::<Interrupted>() {
            tell(&cut.to_string());
            return Exit::Other(interrupt::code());
        }
    }
    tell(&format!("{error:#}"));
    Exit::Failed
}

/// Whether somebody can be asked.
pub(super) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on standard error and reads one line. What was typed or pasted before the question was there does not answer it.
pub(super) fn ask(question: &str) -> anyhow::Result<String> {
    interrupt::listen()?;
    if io::stdin().is_terminal() {
        // A terminal that cannot forget what was typed is asked all the same.
        let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
    }
    {
        let mut err = io::stderr().lock();
        write!(err, "{} ", Label::new(question))?;
        err.flush()?;
    }
    Ok(answer()?.unwrap_or_default())
}

/// Ctrl-C at a question, or another signal that ends the program: it is answered by nothing, and what would have followed is not done.
#[derive(Debug, thiserror::Error)]
#[error("Interrupted: nothing was written.")]
pub(super) struct Interrupted;

/// One line of what is typed; `None` at the end of input.
///
/// # Errors
///
/// [`Interrupted`], and what reading ends with.
pub(super) fn answer() -> anyhow::Result<Option<String>> {
    let read = interrupt::or_asked_to_end(|| {
        let mut answer = Vec::new();
        let read = io::stdin().lock().read_until(b'\n', &mut answer)?;
        Ok((read > 0).then_some(answer))
    });
    let Some(answer) = read? else {
        tell("");
        return Err(Interrupted.into());
    };
    Ok(answer.map(|answer| String::from_utf8_lossy(&answer).trim().to_owned()))
}

/// Rows as aligned columns with a header; the last column is not padded.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|cell| Label::new(cell).to_string())
                .collect()
        })
        .collect();
    let width = |n: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(n))
            .map(|cell| cells::width(cell));
        cells.chain([cells::width(header[n])]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut out = String::new();
        for (n, cell) in cells.enumerate() {
            out.push_str(cell);
            if n + 1 < widths.len() {
                out.push_str(&" ".repeat(widths[n].saturating_sub(cells::width(cell)) + 2));
            }
        }
        out.trim_end().to_owned()
    };
    data(&line(&mut header.iter().copied()))?;
    for row in &rows {
        data(&line(&mut row.iter().map(String::as_str)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn what_a_key_does_there_a_command_does_here() {
        assert_eq!(
            filled("Ann queued, {plan} plans it: {plan} {Ann} {"),
            "Ann queued, `sync --plan` plans it: `sync --plan` {Ann} {"
        );
    }

    #[test]
    fn every_action_that_is_filled_in_is_one() {
        for (action, _) in super::COMMANDS {
            let name = action.trim_matches(['{', '}']);
            let known = crate::app::action::TABLE.iter().any(|row| row.name == name);
            assert!(known, "{action}");
        }
    }
}
