//! A program whose system calls are seen one by one, in the order of all its threads, and one of which can be made to fail, or be
//! its last.
//!
//! `strace` counts calls for each thread by itself, so that "the Nth write" of a program with one thread for each database is
//! never reached in most of them. Here they are counted together.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::support::program::Ended;

/// Where a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The ledger, its log, and the audit's mirror.
    Ledger,
    /// Any other file of the home.
    File,
    /// A connection.
    Net,
    /// Standard output or error: what the user has been told.
    Told,
}

/// What a call does to the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    Write {
        at: u64,
        bytes: Vec<u8>,
    },
    Cut(u64),
    Create,
    MakeFolder,
    Rename(PathBuf),
    Remove,
    Sync,
    /// The beginning of what goes over a connection.
    Send(Vec<u8>),
    Else,
}

/// One call that was seen before it was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    /// The file, or what the connection is.
    pub(crate) path: PathBuf,
    pub(crate) deed: Deed,
}

impl Call {
    /// `pwrite64 ledger.db-wal`.
    pub(crate) fn words(&self) -> String {
        let file = self.path.file_name().unwrap_or_default();
        format!("{} {}", self.name, file.to_string_lossy())
    }

    /// Whether it asks for room on the disk.
    pub(crate) fn grows(&self) -> bool {
        matches!(self.place, Place::Ledger | Place::File)
            && matches!(
                self.deed,
                Deed::Write { .. } | Deed::Create | Deed::MakeFolder
            )
    }
}

/// What happens at the call that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The program is killed before it.
    Kill,
    /// Half of it happens if it is a write, all of it if it is not; then the program is killed.
    Tear,
    /// From here on the disk is full.
    Full,
    /// It fails as a broken disk does, once.
    Broken,
}

/// At which call what happens; calls are counted from 0, those that `counts` says.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) counts: fn(&Call) -> bool,
    pub(crate) at: usize,
    pub(crate) fault: Fault,
}

/// When a program is killed, or what fails.
#[derive(Clone, Copy)]
pub(crate) enum Turn {
    Plan(Plan),
    /// It is killed at its nth instant: each call, of whatever kind, has one before it and one after it.
    Instant(usize),
}

/// What came of a traced program.
#[derive(Debug)]
pub(crate) struct Traced {
    pub(crate) ended: Ended,
    pub(crate) calls: Vec<Call>,
    /// The call that the plan has met.
    pub(crate) hit: Option<Call>,
    /// How many instants it had.
    pub(crate) instants: usize,
    /// The number of the system's call at which it was killed, where it was killed at an instant.
    pub(crate) number: Option<u64>,
}

struct Tracer<'a> {
    home: &'a Path,
    main: Pid,
    plan: Option<Plan>,
    last_instant: Option<usize>,
    instants: usize,
    number: Option<u64>,
    counted: usize,
    calls: Vec<Call>,
    hit: Option<Call>,
    /// What a thread's call is to answer instead of what it would.
    answers: HashMap<Pid, Errno>,
    /// Killed as soon as this thread's call has been carried out.
    last: Option<Pid>,
}

#[expect(clippy::zombie_processes, reason = "who traces waits for it himself")]
/// Runs a program under a home to its end, or to the fault's.
pub(crate) fn run(command: &Command, home: &Path, turn: Option<Turn>) -> Traced {
    // The shell waits until it is watched, then becomes the program: so nothing of it is missed.
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", "read go; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear();
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    let mut child = shell
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let main = Pid::from_raw(child.id().try_into().unwrap());
    ptrace::seize(
        main,
        Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_EXITKILL,
    )
    .expect("a program can be traced here; in a container that takes CAP_SYS_PTRACE");
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let out = thread::spawn(move || {
        let mut bytes = Vec::new();
        out.read_to_end(&mut bytes).map(|_| bytes)
    });
    let err = thread::spawn(move || {
        let mut bytes = Vec::new();
        err.read_to_end(&mut bytes).map(|_| bytes)
    });
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let mut tracer = Tracer {
        home,
        main,
        plan: match turn {
            Some(Turn::Plan(plan)) => Some(plan),
            _ => None,
        },
        last_instant: match turn {
            Some(Turn::Instant(at)) => Some(at),
            _ => None,
        },
        instants: 0,
        number: None,
        counted: 0,
        calls: Vec::new(),
        hit: None,
        answers: HashMap::new(),
        last: None,
    };
    let code = tracer.follow();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Traced {
        ended: Ended {
            code,
            out: text(out.join().unwrap().unwrap()),
            err: text(err.join().unwrap().unwrap()),
        },
        calls: tracer.calls,
        hit: tracer.hit,
        instants: tracer.instants,
        number: tracer.number,
    }
}

impl Tracer<'_> {
    fn follow(&mut self) -> i32 {
        // The children and tracees of this thread alone: other tests of this process have their own.
        let all = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        loop {
            // A thread that was killed meanwhile takes no orders any more.
            match waitpid(None, Some(all)).unwrap() {
                WaitStatus::Exited(pid, code) if pid == self.main => return code,
                WaitStatus::Signaled(pid, signal, _) if pid == self.main => {
                    return 128 + signal as i32;
                }
                WaitStatus::PtraceSyscall(pid) => {
                    let _ = self.stopped(pid);
                    let _ = ptrace::syscall(pid, None);
                }
                WaitStatus::PtraceEvent(pid, ..) => {
                    let _ = ptrace::syscall(pid, None);
                }
                WaitStatus::Stopped(pid, signal) => {
                    let _ = ptrace::syscall(pid, signal);
                }
                _ => {}
            }
        }
    }

    fn stopped(&mut self, pid: Pid) -> nix::Result<()> {
        const ENTRY: u8 = 1;
        self.instants += 1;
        if self.last_instant == Some(self.instants) {
            self.number = Some(ptrace::getregs(pid)?.orig_rax);
            return kill(self.main, Signal::SIGKILL);
        }
        if ptrace::syscall_info(pid)?.op == ENTRY {
            return self.entered(pid);
        }
        if let Some(answer) = self.answers.remove(&pid) {
            let mut registers = ptrace::getregs(pid)?;
            registers.rax = (-i64::from(answer as i32)).cast_unsigned();
            ptrace::setregs(pid, registers)?;
        }
        if self.last == Some(pid) {
            kill(self.main, Signal::SIGKILL)?;
        }
        Ok(())
    }

    fn entered(&mut self, pid: Pid) -> nix::Result<()> {
        let mut registers = ptrace::getregs(pid)?;
        let Some(call) = self.seen(pid, &registers) else {
            return Ok(());
        };
        self.calls.push(call.clone());
        let Some(plan) = self.plan else {
            return Ok(());
        };
        let met = (plan.counts)(&call) && {
            self.counted += 1;
            self.counted == plan.at + 1
        };
        if met {
            self.hit = Some(call.clone());
        }
        let full = plan.fault == Fault::Full && self.hit.is_some() && call.grows();
        let answer = match plan.fault {
            Fault::Kill if met => return kill(self.main, Signal::SIGKILL),
            Fault::Tear if met => {
                if let Deed::Write { bytes, .. } = &call.deed {
                    registers.rdx = (bytes.len() / 2).max(1) as u64;
                    ptrace::setregs(pid, registers)?;
                }
                self.last = Some(pid);
                return Ok(());
            }
            Fault::Full if full => Errno::ENOSPC,
            Fault::Broken if met => Errno::EIO,
            _ => return Ok(()),
        };
        // A call of no number is not carried out; what it answers is put in its place when it returns.
        registers.orig_rax = u64::MAX;
        ptrace::setregs(pid, registers)?;
        self.answers.insert(pid, answer);
        Ok(())
    }

    /// The call, if it is of a kind that counts.
    fn seen(&self, pid: Pid, registers: &libc::user_regs_struct) -> Option<Call> {
        let [first, second, third, fourth] =
            [registers.rdi, registers.rsi, registers.rdx, registers.r10];
        let text = |at: u64| Self::text(pid, at);
        let by_path = |name, path: Option<PathBuf>, deed| {
            let path = path.filter(|path| path.starts_with(self.home))?;
            Some((name, path, deed))
        };
        let by_file = |name, deed| {
            Some((name, Self::file(pid, first)?, deed)).filter(|(_, path, _)| self.known(path))
        };
        let bytes = || Self::bytes(pid, second, third);
        let (name, path, deed) = match registers.orig_rax.cast_signed() {
            libc::SYS_write => {
                let at = Self::position(pid, first);
                let deed = Deed::Write { at, bytes: bytes() };
                by_file("write", deed)
            }
            libc::SYS_pwrite64 => {
                let deed = Deed::Write {
                    at: fourth,
                    bytes: bytes(),
                };
                by_file("pwrite64", deed)
            }
            libc::SYS_writev => by_file("writev", Deed::Send(Self::first_part(pid, second))),
            libc::SYS_sendto => by_file("sendto", Deed::Send(bytes())),
            libc::SYS_sendmsg => by_file("sendmsg", Deed::Else),
            libc::SYS_recvfrom => by_file("recvfrom", Deed::Else),
            libc::SYS_connect => by_file("connect", Deed::Else),
            libc::SYS_fsync => by_file("fsync", Deed::Sync),
            libc::SYS_fdatasync => by_file("fdatasync", Deed::Sync),
            libc::SYS_ftruncate => by_file("ftruncate", Deed::Cut(second)),
            libc::SYS_fchmod => by_file("fchmod", Deed::Else),
            libc::SYS_rename => by_path("rename", text(first), Deed::Rename(text(second)?)),
            libc::SYS_unlink => by_path("unlink", text(first), Deed::Remove),
            libc::SYS_mkdir => {
                let path = text(first).filter(|path| !path.exists());
                by_path("mkdir", path, Deed::MakeFolder)
            }
            libc::SYS_openat => {
                let path = text(second)?;
                let flags = i32::try_from(third).ok()?;
                let is_new = flags & libc::O_CREAT != 0 && !path.exists();
                let is_cut = flags & libc::O_TRUNC != 0 && path.exists();
                let deed = match (is_new, is_cut) {
                    (true, _) => Deed::Create,
                    (_, true) => Deed::Cut(0),
                    _ => return None,
                };
                by_path("openat", Some(path), deed)
            }
            _ => None,
        }?;
        let place = Self::place(&path);
        Some(Call {
            name,
            place,
            path,
            deed,
        })
    }

    fn known(&self, path: &Path) -> bool {
        path.starts_with(self.home) || path.starts_with("told") || path.starts_with("connection")
    }

    fn place(path: &Path) -> Place {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match path {
            _ if path.starts_with("told") => Place::Told,
            _ if path.starts_with("connection") => Place::Net,
            _ if name.starts_with("ledger.db") || name.starts_with("audit.jsonl") => Place::Ledger,
            _ => Place::File,
        }
    }

    fn file(pid: Pid, number: u64) -> Option<PathBuf> {
        let link = fs::read_link(format!("/proc/{pid}/fd/{number}")).ok()?;
        let text = link.to_string_lossy();
        Some(match number {
            1 => PathBuf::from("told/stdout"),
            2 => PathBuf::from("told/stderr"),
            _ if text.starts_with("socket:") => PathBuf::from("connection"),
            _ => link,
        })
    }

    /// Where the next plain write of an open file goes.
    fn position(pid: Pid, number: u64) -> u64 {
        let told = fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).unwrap_or_default();
        let field = |name: &str| {
            let line = told.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim().to_owned())
        };
        let flags = field("flags:").and_then(|text| i32::from_str_radix(&text, 8).ok());
        if flags.is_some_and(|flags| flags & libc::O_APPEND != 0) {
            let path = format!("/proc/{pid}/fd/{number}");
            return fs::metadata(path).map_or(0, |found| found.len());
        }
        field("pos:")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    }

    fn bytes(pid: Pid, at: u64, len: u64) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0).min(1 << 24)];
        let read = File::open(format!("/proc/{pid}/mem"))
            .and_then(|memory| memory.read_exact_at(&mut bytes, at));
        if read.is_err() {
            bytes.clear();
        }
        bytes
    }

    /// The first of the parts that a call writes at once.
    fn first_part(pid: Pid, parts: u64) -> Vec<u8> {
        let first = Self::bytes(pid, parts, 16);
        let word = |at: usize| {
            let bytes = first.get(at..at + 8)?;
            Some(u64::from_ne_bytes(bytes.try_into().ok()?))
        };
        match (word(0), word(8)) {
            (Some(at), Some(len)) => Self::bytes(pid, at, len),
            _ => Vec::new(),
        }
    }

    fn text(pid: Pid, at: u64) -> Option<PathBuf> {
        let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
        let mut bytes = vec![0; 4096];
        // The end of the text may lie just before the end of what is mapped.
        let read = (1..=4096)
            .rev()
            .step_by(256)
            .find_map(|len| memory.read_at(&mut bytes[..len], at).ok())?;
        let end = bytes[..read].iter().position(|byte| *byte == 0)?;
        Some(PathBuf::from(
            String::from_utf8_lossy(&bytes[..end]).into_owned(),
        ))
    }
}
