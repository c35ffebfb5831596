//! The program in a real pseudo-terminal, its screen emulated. Nothing sleeps: who waits, waits for the screen.

use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Whether a console's head says when its tenant was read.
pub(crate) fn is_read(screen: &str) -> bool {
    let head = screen.lines().next().unwrap_or_default();
    head.contains("  read ")
}

/// Generous: a busy machine is no failure.
const PATIENCE: Duration = Duration::from_mins(1);

type Shared = Arc<(Mutex<State>, Condvar)>;

/// What the program told the terminal beside its screen.
#[derive(Default)]
struct Told {
    titles: Vec<String>,
    copied: Vec<Vec<u8>>,
    /// The screen as it was when the last frame was whole.
    frame: Option<vt100::Screen>,
}

impl vt100::Callbacks for Told {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.titles
            .push(String::from_utf8_lossy(title).into_owned());
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.copied.push(data.to_vec());
    }

    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        first: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        end: char,
    ) {
        if (first, params, end) == (Some(b'?'), &[&[2026]], 'l') {
            self.frame = Some(screen.clone());
        }
    }
}

struct State {
    parser: vt100::Parser<Told>,
    /// Every byte, as it came.
    came: Vec<u8>,
    ended: bool,
    /// The terminal is to go away: the reader lets go of it at its next byte.
    leaving: bool,
}

/// The end of a frame.
const END: &[u8] = b"\x1b[?2026l";

fn frames(came: &[u8]) -> Vec<usize> {
    let ends = memchr::memmem::find_iter(came, END).map(|at| at + END.len());
    let ends: Vec<_> = std::iter::once(0).chain(ends).collect();
    ends.windows(2).map(|ends| ends[1] - ends[0]).collect()
}

fn cells(n: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(n).expect("a terminal has a size")
}

/// A terminal with the program in it.
pub(crate) struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    state: Shared,
    pub(crate) keys: usize,
}

impl Terminal {
    /// Starts the program at this size, under this home.
    pub(crate) fn start(
        home: &Path,
        args: &[&str],
        secret: Option<&str>,
        size: (u16, u16),
    ) -> Self {
        let secret = secret.map(|secret| ("TEAMSCONNECTOR_CLIENT_SECRET", secret));
        Self::start_with(home, args, secret.as_slice(), size)
    }

    /// The same with variables of the environment.
    pub(crate) fn start_with(
        home: &Path,
        args: &[&str],
        variables: &[(&str, &str)],
        (cols, rows): (u16, u16),
    ) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize {
                rows,
                cols,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_teamsconnector"));
        command.args(args);
        command.env_clear();
        for (name, value) in [
            ("PATH", "/usr/bin:/bin"),
            ("LANG", "C.UTF-8"),
            ("TERM", "xterm-256color"),
        ] {
            command.env(name, value);
        }
        command.env("TEAMSCONNECTOR_HOME", home);
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let writer = pair.master.take_writer().unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let state: Shared = Arc::new((
            Mutex::new(State {
                parser: vt100::Parser::new_with_callbacks(
                    cells(rows),
                    cells(cols),
                    0,
                    Told::default(),
                ),
                came: Vec::new(),
                ended: false,
                leaving: false,
            }),
            Condvar::new(),
        ));
        let shared = state.clone();
        std::thread::spawn(move || {
            let mut buffer = vec![0u8; 65536];
            loop {
                let read = reader.read(&mut buffer).unwrap_or(0);
                let mut state = shared.0.lock().unwrap();
                if read == 0 || state.leaving {
                    state.ended = true;
                    shared.1.notify_all();
                    return;
                }
                state.parser.process(&buffer[..read]);
                state.came.extend_from_slice(&buffer[..read]);
                shared.1.notify_all();
            }
        });
        Self {
            master: Some(pair.master),
            writer: Some(writer),
            child,
            state,
            keys: 0,
        }
    }

    /// Waits until the screen contains this.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    /// Waits until the screen is so.
    pub(crate) fn wait_until(&self, what: &str, is: impl Fn(&str) -> bool) -> String {
        let (lock, changed) = &*self.state;
        let state = lock.lock().unwrap();
        let (state, waited) = changed
            .wait_timeout_while(state, PATIENCE, |state| {
                !is(&state.parser.screen().contents()) && !state.ended
            })
            .unwrap();
        let screen = state.parser.screen().contents();
        assert!(
            is(&screen),
            "waited for {what:?} (timed out: {}, ended: {}); the screen:\n{screen}",
            waited.timed_out(),
            state.ended
        );
        screen
    }

    /// Waits until all of this stands in a frame that is whole; that frame.
    pub(crate) fn frame_with(&self, words: &[&str]) -> vt100::Screen {
        let (lock, changed) = &*self.state;
        let has = |screen: &vt100::Screen| {
            let text = screen.contents();
            words.iter().all(|word| text.contains(word))
        };
        let found = |state: &State| state.parser.callbacks().frame.as_ref().is_some_and(has);
        let state = lock.lock().unwrap();
        let (state, _) = changed
            .wait_timeout_while(state, PATIENCE, |state| !found(state) && !state.ended)
            .unwrap();
        let frame = state.parser.callbacks().frame.clone();
        assert!(
            found(&state),
            "waited for {words:?}; the last frame:\n{}",
            frame.map(|frame| frame.contents()).unwrap_or_default()
        );
        frame.expect("a frame was found")
    }

    /// The screen as it is now: whole once the program has ended.
    pub(crate) fn screen(&self) -> vt100::Screen {
        self.state.0.lock().unwrap().parser.screen().clone()
    }

    /// The bytes that came.
    pub(crate) fn bytes(&self) -> usize {
        self.state.0.lock().unwrap().came.len()
    }

    /// Bytes of each frame since the start.
    pub(crate) fn frames(&self) -> Vec<usize> {
        frames(&self.state.0.lock().unwrap().came)
    }

    /// Waits until there have been so many frames.
    pub(crate) fn wait_frames(&self, wanted: usize) -> Vec<usize> {
        let (lock, changed) = &*self.state;
        let state = lock.lock().unwrap();
        let (state, _) = changed
            .wait_timeout_while(state, PATIENCE, |state| {
                frames(&state.came).len() < wanted && !state.ended
            })
            .unwrap();
        let frames = frames(&state.came);
        let screen = state.parser.screen().contents();
        assert!(frames.len() >= wanted, "{wanted} frames: {screen}");
        frames
    }

    /// The titles that the window has had, in order.
    pub(crate) fn titles(&self) -> Vec<String> {
        let state = self.state.0.lock().unwrap();
        state.parser.callbacks().titles.clone()
    }

    /// The texts that were sent to the clipboard, as they were sent: in base64.
    pub(crate) fn copied(&self) -> Vec<Vec<u8>> {
        let state = self.state.0.lock().unwrap();
        state.parser.callbacks().copied.clone()
    }

    /// Waits until something was sent to the clipboard; the last of it.
    pub(crate) fn copied_text(&self) -> String {
        let (lock, changed) = &*self.state;
        let state = lock.lock().unwrap();
        let (state, _) = changed
            .wait_timeout_while(state, PATIENCE, |state| {
                state.parser.callbacks().copied.is_empty() && !state.ended
            })
            .unwrap();
        let copied = state.parser.callbacks().copied.last();
        let text = STANDARD.decode(copied.expect("it was copied")).unwrap();
        String::from_utf8(text).unwrap()
    }

    /// Waits until the console is there, and has read its tenant once.
    pub(crate) fn read_first(&mut self) {
        self.wait_for("s sync");
        self.press("s");
        self.wait_until("the first read", is_read);
    }

    /// Presses keys: each word of `keys` is one, such as `a`, `enter`, `esc`, `down`, `space`; other words are typed letter by letter.
    pub(crate) fn press(&mut self, keys: &str) {
        for key in keys.split(' ').filter(|key| !key.is_empty()) {
            let bytes: &[u8] = match key {
                "enter" => b"\r",
                "esc" => b"\x1b",
                "tab" => b"\t",
                "space" => b" ",
                "up" => b"\x1b[A",
                "down" => b"\x1b[B",
                "ctrl-d" => b"\x04",
                "ctrl-e" => b"\x05",
                "ctrl-f" => b"\x06",
                "ctrl-n" => b"\x0e",
                "ctrl-t" => b"\x14",
                "ctrl-u" => b"\x15",
                "ctrl-x" => b"\x18",
                other => other.as_bytes(),
            };
            let named = matches!(
                key,
                "enter"
                    | "esc"
                    | "tab"
                    | "space"
                    | "up"
                    | "down"
                    | "ctrl-d"
                    | "ctrl-e"
                    | "ctrl-f"
                    | "ctrl-n"
                    | "ctrl-t"
                    | "ctrl-u"
                    | "ctrl-x"
            );
            self.keys += if named { 1 } else { key.chars().count() };
            let writer = self.writer.as_mut().expect("the terminal is open");
            writer.write_all(bytes).unwrap();
            writer.flush().unwrap();
        }
    }

    /// Sends bytes so that the program reads each by itself, as a slow line brings them.
    pub(crate) fn send_apart(&mut self, bytes: &[u8]) {
        let master = self.master.as_ref().expect("the terminal is open");
        let line = master.tty_name().expect("it has a name");
        let line = std::fs::File::open(line).unwrap();
        let writer = self.writer.as_mut().expect("the terminal is open");
        for byte in bytes {
            writer.write_all(&[*byte]).unwrap();
            writer.flush().unwrap();
            while rustix::io::ioctl_fionread(&line).unwrap() > 0 {
                std::thread::yield_now();
            }
        }
    }

    /// Pastes as a terminal does: between brackets, a carriage return for each line end. It counts as one key.
    pub(crate) fn paste(&mut self, text: &str) {
        self.keys += 1;
        let text = format!("\x1b[200~{}\x1b[201~", text.replace('\n', "\r"));
        let writer = self.writer.as_mut().expect("the terminal is open");
        writer.write_all(text.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Gives the window another size; what is emulated stays as large as it was at the beginning, and must be the largest.
    pub(crate) fn resize(&self, (cols, rows): (u16, u16)) {
        let size = PtySize {
            rows,
            cols,
            ..PtySize::default()
        };
        let master = self.master.as_ref().expect("the terminal is open");
        master.resize(size).unwrap();
    }

    /// The terminal goes away, as when an SSH connection is lost.
    pub(crate) fn hang_up(&mut self) {
        self.writer = None;
        self.master = None;
        let (lock, changed) = &*self.state;
        let mut state = lock.lock().unwrap();
        state.leaving = true;
        // The program draws its progress; with those bytes the reader ends, and with it the last hold on the terminal.
        let waited = changed
            .wait_timeout_while(state, PATIENCE, |state| !state.ended)
            .unwrap();
        assert!(waited.0.ended, "the reader lets go");
    }

    /// What the terminal was asked to tell of the mouse.
    pub(crate) fn mouse(&self) -> vt100::MouseProtocolMode {
        let state = self.state.0.lock().unwrap();
        state.parser.screen().mouse_protocol_mode()
    }

    /// Waits until everything that the program wrote was read.
    pub(crate) fn wait_ended(&self) {
        let (lock, changed) = &*self.state;
        let state = lock.lock().unwrap();
        let waited = changed
            .wait_timeout_while(state, PATIENCE, |state| !state.ended)
            .unwrap();
        assert!(waited.0.ended, "the terminal is closed");
    }

    /// That the program, which has ended, has left the terminal as it found it; what stands there.
    #[track_caller]
    pub(crate) fn given_back(&self, about: &str) -> String {
        self.wait_ended();
        let screen = self.screen();
        let left = screen.contents();
        let modes = [
            ("the alternate screen", screen.alternate_screen()),
            ("a hidden cursor", screen.hide_cursor()),
            ("bracketed paste", screen.bracketed_paste()),
            ("arrows of an application", screen.application_cursor()),
            ("a keypad of an application", screen.application_keypad()),
            ("the mouse", self.mouse() != vt100::MouseProtocolMode::None),
        ];
        let kept = modes.iter().filter(|(_, is_on)| *is_on);
        let kept: Vec<&str> = kept.map(|(mode, _)| *mode).collect();
        assert!(kept.is_empty(), "{about}: it keeps {kept:?}: {left}");
        left
    }

    /// Waits until the terminal is in this state.
    pub(crate) fn wait_screen(&self, what: &str, is: impl Fn(&vt100::Screen) -> bool) {
        let (lock, changed) = &*self.state;
        let state = lock.lock().unwrap();
        let (state, _) = changed
            .wait_timeout_while(state, PATIENCE, |state| {
                !is(state.parser.screen()) && !state.ended
            })
            .unwrap();
        let screen = state.parser.screen();
        assert!(is(screen), "waited for {what}; {}", screen.contents());
    }

    /// Asks the program to end, as the system does.
    pub(crate) fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// Sends a signal to the program alone.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.id(), signal).unwrap();
    }

    /// Waits until the program is stopped.
    pub(crate) fn wait_stopped(&self) {
        let options = rustix::process::WaitOptions::UNTRACED;
        let status = rustix::process::waitpid(Some(self.id()), options).unwrap();
        assert!(status.is_some_and(|(_, status)| status.stopped()));
    }

    fn id(&self) -> rustix::process::Pid {
        let id = self.child.process_id().expect("the program runs");
        rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
    }

    /// Kills the program as no handler can see.
    pub(crate) fn kill_hard(&mut self) {
        self.signal(rustix::process::Signal::KILL);
        self.child.wait().unwrap();
    }

    /// Waits for the end, at most that long, and until all that was written before it was read; the exit code.
    pub(crate) fn ended_within(&mut self, limit: Duration) -> Option<u32> {
        let (to, ended) = std::sync::mpsc::channel();
        let mut killer = self.child.clone_killer();
        let code = std::thread::scope(|scope| {
            let child = &mut self.child;
            scope.spawn(move || {
                let _ = to.send(child.wait());
            });
            if let Ok(status) = ended.recv_timeout(limit) {
                status.ok().map(|status| status.exit_code())
            } else {
                let _ = killer.kill();
                None
            }
        });
        if code.is_some() {
            self.wait_ended();
        }
        code
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
