//! A terminal at its worst: one that nobody reads any more, one whose size never rests, and a mistake in drawing on any screen.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};
use teamsconnector::store::Store;

use crate::support::program::Tour;
use crate::support::pty::Terminal;
use crate::support::web;

/// A hard exit comes three seconds after the program was asked to end.
const GONE: Duration = Duration::from_secs(4);

const WIDE: (u16, u16) = (220, 60);

/// The tour with two people on the list.
async fn inhabited() -> Tour {
    let tour = Tour::new("group = \"Voice users\"\n").await;
    for who in ["joni@contoso.example", "benw@contoso.example"] {
        tour.good(&["users", "add", who]);
    }
    tour.good(&[
        "users",
        "edit",
        "benw@contoso.example",
        "--number",
        "+441235123480",
    ]);
    tour
}

/// This side of a terminal.
struct Line {
    master: Box<dyn MasterPty + Send>,
    reader: Box<dyn Read + Send>,
    writer: Box<dyn Write + Send>,
}

/// The console in a terminal whose reader can stop.
struct Stuck {
    /// Until the terminal is closed.
    line: Option<Line>,
    /// The program's side of the terminal, to ask whether it takes another byte.
    far: File,
    child: Box<dyn Child + Send + Sync>,
    screen: vt100::Parser,
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize {
        rows,
        cols,
        ..PtySize::default()
    }
}

impl Stuck {
    fn start(tour: &Tour) -> Self {
        let pair = native_pty_system().openpty(pty_size(WIDE)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_teamsconnector"));
        command.args(["--tenant", "contoso"]);
        command.env_clear();
        for (name, value) in [
            ("PATH", "/usr/bin:/bin"),
            ("LANG", "C.UTF-8"),
            ("TERM", "xterm-256color"),
            (
                "TEAMSCONNECTOR_CLIENT_SECRET",
                tour.bench.simulator.client_secret(),
            ),
        ] {
            command.env(name, value);
        }
        command.env("TEAMSCONNECTOR_HOME", tour.home.path());
        let child = pair.slave.spawn_command(command).unwrap();
        let not_ours = i32::try_from((OFlags::NOCTTY | OFlags::NONBLOCK).bits()).unwrap();
        let far = OpenOptions::new()
            .write(true)
            .custom_flags(not_ours)
            .open(pair.master.tty_name().expect("a terminal has a name"))
            .unwrap();
        drop(pair.slave);
        Self {
            line: Some(Line {
                reader: pair.master.try_clone_reader().unwrap(),
                writer: pair.master.take_writer().unwrap(),
                master: pair.master,
            }),
            far,
            child,
            screen: vt100::Parser::new(
                std::num::NonZero::new(WIDE.1).unwrap(),
                std::num::NonZero::new(WIDE.0).unwrap(),
                0,
            ),
        }
    }

    fn wait_for(&mut self, text: &str) {
        let mut buffer = vec![0; 65536];
        let line = self.line.as_mut().expect("the terminal is open");
        while !self.screen.screen().contents().contains(text) {
            let read = line.reader.read(&mut buffer).unwrap_or(0);
            let screen = self.screen.screen().contents();
            assert!(read > 0, "ended before {text:?}: {screen}");
            self.screen.process(&buffer[..read]);
        }
    }

    fn press(&mut self, keys: &str) {
        let line = self.line.as_mut().expect("the terminal is open");
        line.writer.write_all(keys.as_bytes()).unwrap();
        line.writer.flush().unwrap();
    }

    /// Whether the terminal takes no byte of the program any more.
    fn is_full(&self) -> bool {
        let mut fds = [PollFd::new(&self.far, PollFlags::OUT)];
        poll(&mut fds, Some(&Timespec::default())).unwrap();
        !fds[0].revents().contains(PollFlags::OUT)
    }

    /// Nobody reads, while the window changes its size again and again: the program draws until the terminal takes no byte more, or
    /// until it leaves frames out.
    fn fill(&self, base: &str) {
        let line = self.line.as_ref().expect("the terminal is open");
        for n in 0..200_u16 {
            if self.is_full() {
                return;
            }
            let size = (WIDE.0 - n % 2, WIDE.1 - n % 3);
            line.master.resize(pty_size(size)).unwrap();
            // Asking somebody else takes the time of a frame.
            web::ask(base, "GET", "/_sim/knobs", None);
        }
    }

    /// The exit code, where it ends in time; it is killed otherwise.
    fn ended(&mut self) -> Option<u32> {
        let (to, ended) = mpsc::channel();
        let mut killer = self.child.clone_killer();
        let child = &mut self.child;
        std::thread::scope(|scope| {
            scope.spawn(move || drop(to.send(child.wait())));
            let status = ended.recv_timeout(GONE);
            if status.is_err() {
                killer.kill().unwrap();
            }
            status.ok().map(|status| status.unwrap().exit_code())
        })
    }
}

/// How a line goes wrong while the program is stuck.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wrong {
    /// The terminal is closed.
    Closed,
    /// It stays, and nobody reads it; the system asks the program to end.
    Asked(Signal),
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_nobody_reads_holds_up_no_end_and_costs_no_draft() {
    let tour = inhabited().await;
    let folder = tour.home.path().join("tenants/contoso");
    for (number, (wrong, code)) in [
        (Wrong::Closed, 129),
        (Wrong::Asked(Signal::TERM), 143),
        (Wrong::Asked(Signal::HUP), 129),
        (Wrong::Asked(Signal::INT), 130),
    ]
    .into_iter()
    .enumerate()
    {
        let typed = format!("+44123512348{number}");
        let mut console = Stuck::start(&tour);
        console.wait_for("Enter edit");
        console.press("e");
        console.wait_for("EDIT  ");
        // The field is left, and so what is in it is kept; from a terminal that closes, also what is in the next.
        console.press("\x15");
        console.press(&typed);
        console.press("\t");
        console.wait_for(&typed[8..]);
        console.fill(&tour.bench.base());
        match wrong {
            Wrong::Closed => drop(console.line.take()),
            Wrong::Asked(signal) => {
                let id = i32::try_from(console.child.process_id().unwrap()).unwrap();
                kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
            }
        }
        assert_eq!(console.ended(), Some(code), "{wrong:?}");
        drop(console);
        let reports = fs::read_dir(tour.home.path().join("crash"))
            .unwrap()
            .count();
        assert_eq!(reports, 0, "{wrong:?}");
        let store = Store::open(&folder).unwrap();
        let drafts = store.ledger.drafts().await.unwrap();
        let kept: String = drafts.into_iter().map(|(_, text)| text).collect();
        let digits = |text: &str| {
            text.chars()
                .filter(char::is_ascii_digit)
                .collect::<String>()
        };
        assert!(digits(&kept).contains(&digits(&typed)), "{wrong:?}: {kept}");
        assert!(store.close());
    }
}

/// Screens, by the keys that lead to each from the first and by what it alone shows.
const SCREENS: [(&str, &str); 18] = [
    ("2", "f everyone"),
    ("3", "RUNS"),
    ("4", "DONE"),
    ("5", "bought"),
    ("6", "by number"),
    ("?", "type to search"),
    (":", "why TEXT explains"),
    ("/", "name: mail: upn"),
    ("e", "EDIT  "),
    ("w", "WHY  "),
    ("I", "IMPORT"),
    ("T", "TENANT SETTINGS"),
    ("A", "ADD BY HAND"),
    ("d", "The seat goes back"),
    ("p", "[x] Ben"),
    ("X", "To the file"),
    ("E", "THE TENANT BEFORE"),
    ("H", "HANDOVER"),
];

fn open(tour: &Tour, more: &[(&str, &str)], size: (u16, u16)) -> Terminal {
    let secret = tour.bench.simulator.client_secret();
    let mut variables = vec![("TEAMSCONNECTOR_CLIENT_SECRET", secret)];
    variables.extend(more);
    let args = ["--tenant", "contoso"];
    Terminal::start_with(tour.home.path(), &args, &variables, size)
}

/// The variable is only read in a build for development.
#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_drawing_gives_the_terminal_back_on_every_screen() {
    let tour = inhabited().await;
    let crashes = tour.home.path().join("crash");
    for (keys, text) in SCREENS {
        let at = format!("draw:{text}");
        let mut terminal = open(&tour, &[("TEAMSCONNECTOR_BREAK", &at)], (100, 30));
        terminal.wait_for("Enter edit");
        terminal.press(keys);
        let code = terminal.ended_within(Duration::from_secs(20));
        assert_eq!(code, Some(101), "{keys}: {}", terminal.screen().contents());
        terminal.wait_ended();
        let screen = terminal.screen();
        let left = screen.contents();
        let is_given_back =
            !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste();
        assert!(is_given_back, "{keys}: {left}");
        assert_eq!(terminal.mouse(), vt100::MouseProtocolMode::None, "{keys}");
        assert!(
            left.contains("This is a mistake of the program"),
            "{keys}: {left}"
        );
        let mut reports = fs::read_dir(&crashes).unwrap();
        let report = reports.next().expect("a report").unwrap().path();
        let told = fs::read_to_string(&report).unwrap();
        assert!(
            !told.contains("Joni") && !told.contains("contoso"),
            "{keys}: {told}"
        );
        fs::remove_file(report).unwrap();
    }
}

/// Whoever drags a window's edge: each size for as long as it lasts, keys between, and at the end the screen as it should be.
#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_sizes_leaves_a_console_that_works() {
    let tour = inhabited().await;
    let mut terminal = open(&tour, &[], (300, 100));
    terminal.wait_for("Enter edit");
    let mut chance = 7_u32;
    for n in 0..500_u32 {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let part = |of: u32, shift: u32| u16::try_from((chance >> shift) % of + 1).unwrap();
        terminal.resize((part(300, 16), part(100, 8)));
        // A key for each tenth size; where the window is too small for any it does not count.
        if n % 10 == 0 {
            terminal.press(["1", "2", "3", "4", "5", "6"][(n / 10 % 6) as usize]);
        }
    }
    terminal.resize((300, 100));
    terminal.press("1");
    terminal.wait_for("Enter edit");
    terminal.press("e");
    terminal.wait_for("EDIT  ");
    terminal.press("esc");
    terminal.wait_until("the form is closed", |screen| !screen.contains("EDIT  "));
    terminal.press("q");
    terminal.wait_for("Quit?");
    terminal.press("y");
    assert_eq!(terminal.ended_within(Duration::from_secs(20)), Some(0));
    assert_eq!(
        fs::read_dir(tour.home.path().join("crash"))
            .unwrap()
            .count(),
        0
    );
}

/// A key that comes in the same moment as another size waits for no later key.
#[tokio::test(flavor = "multi_thread")]
async fn no_key_is_lost_among_two_hundred_sizes() {
    let tour = inhabited().await;
    let mut terminal = open(&tour, &[], (300, 100));
    terminal.wait_for("Enter edit");
    terminal.press("/");
    terminal.wait_for("name: mail: upn");
    let mut typed = String::new();
    for n in 0..200_u16 {
        let size = (300 - n % 2, 100 - n % 3);
        let key = ["a", "b", "c", "d", "e", "f", "g"][usize::from(n % 7)];
        typed.push_str(key);
        if n % 2 == 0 {
            terminal.resize(size);
        }
        terminal.press(key);
        if n % 2 == 1 {
            terminal.resize(size);
        }
        // The field shows the end of what is long.
        terminal.wait_for(&typed[typed.len().saturating_sub(40)..]);
    }
}
