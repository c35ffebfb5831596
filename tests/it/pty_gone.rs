//! The ends that nobody asked for: a terminal that is gone, and a mistake of the program itself.

use std::fs;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::support::program::Tour;
use crate::support::pty::Terminal;

const SIZE: (u16, u16) = (100, 30);

/// A hard exit comes three seconds after the terminal has gone.
const GONE: Duration = Duration::from_secs(4);

/// A home with a person in the first pane.
async fn inhabited() -> Tour {
    let tour = Tour::new("group = \"Voice users\"\n").await;
    let mut terminal = open(&tour, &[]);
    terminal.wait_for("s sync");
    terminal.press("2");
    terminal.wait_for("may be added");
    terminal.wait_for("Joni Sherman");
    terminal.press("/ joni enter");
    terminal.wait_for("/joni");
    terminal.press("a");
    terminal.wait_for("Joni Sherman added");
    // The pane that is left is the one that is opened again.
    terminal.press("1");
    terminal.wait_for("Enter edit");
    terminal.press("q");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
    tour
}

fn open(tour: &Tour, more: &[(&str, &str)]) -> Terminal {
    let secret = tour.bench.simulator.client_secret();
    let mut variables = vec![("TEAMSCONNECTOR_CLIENT_SECRET", secret)];
    variables.extend(more);
    let args = ["--tenant", "contoso"];
    Terminal::start_with(tour.home.path(), &args, &variables, SIZE)
}

fn reports(home: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.join("crash")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The console ends as after a mistake of its own: the terminal as it was, one report, nothing in it of what it was about.
fn broke(tour: &Tour, terminal: &mut Terminal, at: &str) -> String {
    assert_eq!(
        terminal.ended_within(Duration::from_secs(20)),
        Some(101),
        "{at}"
    );
    let screen = terminal.screen();
    let text = screen.contents();
    assert!(!screen.alternate_screen(), "{at}: {text}");
    assert!(
        !screen.hide_cursor() && !screen.bracketed_paste(),
        "{at}: {text}"
    );
    assert_eq!(terminal.mouse(), vt100::MouseProtocolMode::None, "{at}");
    assert!(
        text.contains("This is a mistake of the program"),
        "{at}: {text}"
    );
    let reports = reports(tour.home.path());
    assert_eq!(reports.len(), 1, "{at}: {reports:?}");
    let mode = fs::metadata(&reports[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{at}");
    let report = fs::read_to_string(&reports[0]).unwrap();
    for secret in ["Joni", "contoso", tour.bench.simulator.client_secret()] {
        assert!(!report.contains(secret), "{at}: {report}");
    }
    fs::remove_file(&reports[0]).unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_behind_the_screen_ends_the_console_and_nothing_counts_as_saved() {
    let tour = inhabited().await;
    // In the state machine itself.
    let mut terminal = open(&tour, &[("TEAMSCONNECTOR_BREAK", "update:+44")]);
    terminal.wait_for("Enter edit");
    terminal.press("e");
    terminal.wait_for("EDIT  ");
    terminal.paste("+441235123480");
    broke(&tour, &mut terminal, "update");
    // In the threads that keep the files, as something is to be saved or run; and in the run itself.
    let edit = "Edit";
    for (place, with, keys) in [
        ("ledger", edit, "e"),
        ("cache", edit, "e"),
        ("history", "StartRun", "s"),
        ("run", "Finished", "s"),
        ("run", "Progress", "s"),
    ] {
        let at = format!("{place}:{with}");
        let mut terminal = open(&tour, &[("TEAMSCONNECTOR_BREAK", &at)]);
        terminal.wait_for("Enter edit");
        terminal.press(keys);
        if keys == "e" {
            terminal.wait_for("EDIT  ");
            terminal.press("+441235123481 enter");
        }
        let text = broke(&tour, &mut terminal, &at);
        assert!(!text.contains("queued"), "{at}: {text}");
        let queued = tour.good(&["outbox", "list", "--json"]);
        if place == "ledger" {
            assert!(!queued.contains("+441235123481"), "{at}: {queued}");
        }
        // Nothing is held, and what was under way is settled; an edit may be queued where only the picture broke.
        let ended = tour.call(&["sync"]);
        assert!([0, 5].contains(&ended.code), "{at}: {ended:?}");
    }
}

/// The console in a terminal that this test reads by itself, so that it can stop reading.
struct Bare {
    master: Box<dyn MasterPty + Send>,
    reader: Box<dyn std::io::Read + Send>,
    writer: Box<dyn std::io::Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    screen: vt100::Parser,
}

impl Bare {
    fn start(tour: &Tour) -> Self {
        Self::sized(tour, SIZE)
    }

    fn sized(tour: &Tour, (cols, rows): (u16, u16)) -> Self {
        let size = PtySize {
            rows,
            cols,
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_teamsconnector"));
        command.args(["--tenant", "contoso"]);
        command.env_clear();
        let secret = tour.bench.simulator.client_secret();
        for (name, value) in [
            ("PATH", "/usr/bin:/bin"),
            ("LANG", "C.UTF-8"),
            ("TERM", "xterm-256color"),
            ("TEAMSCONNECTOR_CLIENT_SECRET", secret),
        ] {
            command.env(name, value);
        }
        command.env("TEAMSCONNECTOR_HOME", tour.home.path());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        Self {
            reader: pair.master.try_clone_reader().unwrap(),
            writer: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            screen: vt100::Parser::new(
                rows.try_into().expect("a terminal has rows"),
                cols.try_into().expect("a terminal has columns"),
                0,
            ),
        }
    }

    /// Reads until this stands there, and not a byte more: the program is idle then, or nearly.
    fn wait_for(&mut self, text: &str) {
        let mut buffer = vec![0; 65536];
        while !self.screen.screen().contents().contains(text) {
            let read = self.reader.read(&mut buffer).unwrap_or(0);
            let screen = self.screen.screen().contents();
            assert!(read > 0, "ended before {text:?}: {screen}");
            self.screen.process(&buffer[..read]);
        }
    }

    fn id(&self) -> Pid {
        let id = i32::try_from(self.child.process_id().unwrap()).unwrap();
        Pid::from_raw(id).unwrap()
    }

    /// The terminal goes away; the hundredths of a second that were burnt until the end.
    fn gone(self) -> u64 {
        let id = self.id();
        let before = burnt(id);
        let Self {
            master,
            reader,
            writer,
            mut child,
            ..
        } = self;
        drop((master, reader, writer));
        let (to, ended) = mpsc::channel();
        std::thread::spawn(move || {
            // It is not collected yet, so that its figures can be read.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            to.send(waitid(WaitId::Pid(id), options).is_ok())
        });
        let in_time = ended.recv_timeout(GONE);
        let after = burnt(id);
        if in_time.is_err() {
            child.kill().unwrap();
        }
        let code = child.wait().unwrap().exit_code();
        assert_eq!(in_time, Ok(true), "it is still there after {GONE:?}");
        assert_eq!(code, 129);
        after - before
    }
}

/// Longer than the time between two frames.
const A_FRAME: Duration = Duration::from_millis(50);

/// Frames that are more than a terminal takes without anybody reading it.
const TOO_MANY: usize = 60;

impl Bare {
    /// Types so that much is drawn while nobody reads, until the terminal can take no more.
    fn stuff(&mut self) {
        let (_to, nothing) = mpsc::channel::<()>();
        for n in 0..TOO_MANY {
            let key = if n % 2 == 0 { b"?" } else { b"\x1b" };
            self.writer.write_all(key).unwrap();
            // Keys that come at once are drawn at once.
            assert!(nothing.recv_timeout(A_FRAME).is_err());
        }
    }

    /// Reads until this stands there; the bytes that it took.
    fn bytes_until(&mut self, text: &str) -> usize {
        let mut buffer = vec![0; 65536];
        let mut all = 0;
        while !self.screen.screen().contents().contains(text) {
            let read = self.reader.read(&mut buffer).unwrap_or(0);
            assert!(read > 0, "{}", self.screen.screen().contents());
            self.screen.process(&buffer[..read]);
            all += read;
        }
        all
    }
}

/// A line that is slow, or a terminal that has been stopped: frames are dropped, and what is typed is done.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_takes_nothing_holds_up_nothing_but_its_picture() {
    let tour = inhabited().await;
    let large = (250, 100);
    let mut console = Bare::sized(&tour, large);
    console.wait_for("Enter edit");
    console.stuff();
    // It is heard and kept, though nothing of it can be seen.
    console.writer.write_all(b"2").unwrap();
    console.writer.write_all(b"/nestor\r").unwrap();
    console.writer.write_all(b"a").unwrap();
    let is_kept = || tour.good(&["users", "list"]).contains("Nestor");
    assert!((0..200).any(|_| is_kept()));
    console.writer.write_all(b"5").unwrap();
    // What waits is what the terminal had room for, and the last frame: none of those between.
    let bytes = console.bytes_until("bought");
    assert!(bytes < 150_000, "{bytes}");
    console.stuff();
    let id = console.id();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let (to, ended) = mpsc::channel();
    let mut child = console.child;
    let mut killer = child.clone_killer();
    std::thread::spawn(move || to.send(child.wait().map(|status| status.exit_code())));
    let in_time = ended.recv_timeout(GONE);
    if in_time.is_err() {
        killer.kill().unwrap();
    }
    assert_eq!(in_time.unwrap().unwrap(), 143);
}

/// The processor's time that a process has had, in hundredths of a second.
fn burnt(id: Pid) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero())).unwrap();
    let rest = stat.rsplit_once(") ").unwrap().1;
    let fields: Vec<_> = rest.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_console_burns_nothing() {
    let tour = inhabited().await;
    let mut console = Bare::start(&tour);
    console.wait_for("Enter edit");
    let before = burnt(console.id());
    // What it does while nobody types: two seconds of waiting for an answer that does not come.
    let (_to, nothing) = mpsc::channel::<()>();
    assert!(nothing.recv_timeout(Duration::from_secs(2)).is_err());
    let burnt = burnt(console.id()) - before;
    let at_the_end = console.gone();
    assert!(burnt < 40, "{burnt} hundredths of a second in two seconds");
    assert!(at_the_end < 100, "{at_the_end} hundredths after a hang-up");
}

/// Wherever somebody is when the line breaks: it ends as it should, with nothing to report.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_goes_away_ends_every_screen_in_good_order() {
    let tour = inhabited().await;
    for (keys, text) in [
        ("2", "f everyone"),
        ("3", "RUNS"),
        ("4", "DONE"),
        ("5", "bought"),
        ("6", "by number"),
        ("?", "type to search"),
        ("e", "EDIT  "),
        ("w", "WHY  "),
        ("I", "IMPORT"),
        ("T", "TENANT SETTINGS"),
    ] {
        let mut console = Bare::start(&tour);
        console.wait_for("Enter edit");
        console.writer.write_all(keys.as_bytes()).unwrap();
        console.wait_for(text);
        console.gone();
        assert_eq!(
            reports(tour.home.path()),
            [""; 0].map(PathBuf::from),
            "{keys}"
        );
    }
}
