//! The console in a terminal whose other side is in the test's hand: it can stop reading, and it can go away.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::program::Tour;
use super::web;

/// A hard exit comes three seconds after the program was asked to end.
pub(crate) const GONE: Duration = Duration::from_secs(4);

/// Generous: a busy machine is no failure.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the program wrote, read only when it is asked for.
struct Reader {
    ask: mpsc::Sender<()>,
    came: mpsc::Receiver<Vec<u8>>,
    thread: JoinHandle<()>,
}

impl Reader {
    fn of(mut reader: Box<dyn Read + Send>) -> Self {
        let (ask, asked) = mpsc::channel();
        let (to, came) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            for () in asked {
                let read = reader.read(&mut buffer).unwrap_or(0);
                if to.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { ask, came, thread }
    }

    /// The next bytes; none where it ended, or wrote nothing for long.
    fn next(&self) -> Vec<u8> {
        self.ask.send(()).unwrap();
        self.came.recv_timeout(PATIENCE).unwrap_or_default()
    }

    fn close(self) {
        drop(self.ask);
        self.thread.join().unwrap();
    }
}

/// This side of a terminal.
struct End {
    master: Box<dyn MasterPty + Send>,
    reader: Reader,
    writer: Box<dyn Write + Send>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) code: u32,
    /// The hundredths of a second of a processor that it took from the moment when it was to end.
    pub(crate) burnt: u64,
}

/// The console, and the line to it.
pub(crate) struct Line {
    /// Until the terminal goes away.
    end: Option<End>,
    size: (u16, u16),
    child: Box<dyn Child + Send + Sync>,
    screen: vt100::Parser,
    /// What was burnt when it was asked to end.
    burnt: u64,
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize {
        rows,
        cols,
        ..PtySize::default()
    }
}

impl Line {
    pub(crate) fn start(tour: &Tour, size: (u16, u16)) -> Self {
        Self::of_tenant(tour, "contoso", size, true)
    }

    /// The console of a tenant. Whether the terminal is the one that controls the program decides whether the system sends a signal
    /// when it goes away.
    pub(crate) fn of_tenant(tour: &Tour, tenant: &str, size: (u16, u16), controls: bool) -> Self {
        let pair = native_pty_system().openpty(pty_size(size)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_teamsconnector"));
        command.args(["--tenant", tenant]);
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
        command.set_controlling_tty(controls);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let cells = |n| NonZero::new(n).expect("a terminal has a size");
        Self {
            end: Some(End {
                reader: Reader::of(pair.master.try_clone_reader().unwrap()),
                writer: pair.master.take_writer().unwrap(),
                master: pair.master,
            }),
            size,
            child,
            screen: vt100::Parser::new(cells(size.1), cells(size.0), 0),
            burnt: 0,
        }
    }

    fn end(&mut self) -> &mut End {
        self.end.as_mut().expect("the terminal is open")
    }

    /// Reads until this stands there, and not a byte more: the program is idle then, or nearly. How many bytes it took.
    pub(crate) fn wait_for(&mut self, text: &str) -> usize {
        let mut all = 0;
        while !self.screen.screen().contents().contains(text) {
            let came = self.end().reader.next();
            let screen = self.screen.screen().contents();
            assert!(!came.is_empty(), "nothing came before {text:?}: {screen}");
            self.screen.process(&came);
            all += came.len();
        }
        all
    }

    pub(crate) fn press(&mut self, keys: &str) {
        let writer = &mut self.end().writer;
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Whether the terminal takes no byte of the program any more.
    fn is_full(&mut self) -> bool {
        let not_ours = i32::try_from((OFlags::NOCTTY | OFlags::NONBLOCK).bits()).unwrap();
        let name = self.end().master.tty_name().expect("a terminal has a name");
        let far = OpenOptions::new()
            .write(true)
            .custom_flags(not_ours)
            .open(name)
            .unwrap();
        let mut fds = [PollFd::new(&far, PollFlags::OUT)];
        poll(&mut fds, Some(&Timespec::default())).unwrap();
        !fds[0].revents().contains(PollFlags::OUT)
    }

    /// Nobody reads, while the window changes its size again and again: the program draws until the terminal takes no byte more, or
    /// until it leaves frames out.
    pub(crate) fn fill(&mut self, base: &str) {
        for n in 0..200_u16 {
            if self.is_full() {
                return;
            }
            let size = (self.size.0 - n % 2, self.size.1 - n % 3);
            self.end().master.resize(pty_size(size)).unwrap();
            // Asking somebody else takes the time of a frame.
            web::ask(base, "GET", "/_sim/knobs", None);
        }
    }

    fn id(&self) -> Pid {
        let id = i32::try_from(self.child.process_id().unwrap()).unwrap();
        Pid::from_raw(id).unwrap()
    }

    /// The processor's time that it has had, in hundredths of a second.
    pub(crate) fn burnt(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id().as_raw_nonzero()));
        let stat = stat.unwrap();
        let rest = stat.rsplit_once(") ").unwrap().1;
        let fields: Vec<_> = rest.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    /// The terminal goes away.
    pub(crate) fn hang_up(&mut self) {
        self.burnt = self.burnt();
        let end = self.end.take().expect("the terminal is open");
        end.reader.close();
    }

    /// Somebody sends it a signal.
    pub(crate) fn signal(&mut self, signal: Signal) {
        self.burnt = self.burnt();
        kill_process(self.id(), signal).unwrap();
    }

    /// How it ended, where it has in time; it is killed otherwise.
    pub(crate) fn ended(mut self) -> Option<Ended> {
        let (to, ended) = mpsc::channel();
        let id = self.id();
        std::thread::spawn(move || {
            // It is not collected yet, so that its figures can be read.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            to.send(waitid(WaitId::Pid(id), options).is_ok())
        });
        let in_time = ended.recv_timeout(GONE) == Ok(true);
        let burnt = self.burnt() - self.burnt;
        if !in_time {
            self.child.kill().unwrap();
        }
        let code = self.child.wait().unwrap().exit_code();
        in_time.then_some(Ended { code, burnt })
    }
}
