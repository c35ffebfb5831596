//! Power that goes away: a traced program's writes are played onto a copy of its home as a disk may have them afterwards, where what
//! was not yet synced is there, is missing, or is missing in part.
//!
//! A kill cannot show this, since the system keeps what a killed program has written.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::points::{Sweep, Wanted, copy, wanted};
use crate::trace::{Call, Deed, Place};
use tempfile::TempDir;

/// What of that which is not yet synced the disk has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    All,
    /// Nothing: neither contents nor names.
    Nothing,
    /// Names are on the disk before their contents.
    NamesOnly,
    /// All but one write, counted among those that are not synced.
    AllBut(usize),
    /// One write alone, and the names.
    Only(usize),
    /// All, but of the last write only its first sector.
    Torn,
}

const SECTOR: usize = 512;

/// How many disks of a job are looked at where all points are taken: where calls are many, each loses its power in so many ways that
/// every nth of them has to do.
const MOST: usize = 2500;

/// Lets the power go away after each call of a program that runs to its end, and looks at every disk that may be left. What is
/// looked at is told how often the program had said or sent these words by then.
pub(crate) fn lose(sweep: &Sweep<'_>, words: &str, look: &dyn Fn(&Path, usize) -> Vec<String>) {
    let (home, traced) = sweep.traced(None);
    let calls = that_matter(&traced.calls);
    let mut disks = Vec::new();
    for end in 0..=calls.len() {
        disks.extend(ways(&calls[..end]).into_iter().map(|kept| (end, kept)));
    }
    let wanted = match wanted() {
        Wanted::Count(count) => Wanted::Count(count * 16),
        piece @ Wanted::Piece { .. } => piece,
    };
    let (first, step) = wanted.of(disks.len(), MOST);
    let mut wrong = Vec::new();
    let mut looked = 0;
    for (end, kept) in disks.iter().skip(first).step_by(step) {
        let calls = &calls[..*end];
        let said = calls.iter().filter(|call| says(call, words)).count();
        let disk = after(sweep.home, home.path(), calls, *kept);
        let broken = look(disk.path(), said);
        looked += 1;
        if !broken.is_empty() {
            let last = calls.last().map(Call::words);
            wrong.push(format!("{end} {last:?} {kept:?}: {broken:#?}"));
        }
    }
    println!(
        "{}: no power: {looked} disks of {} after {} calls, {} of them wrong",
        sweep.name,
        disks.len(),
        calls.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}: {}", sweep.name, wrong.join("\n"));
}

fn says(call: &Call, words: &str) -> bool {
    match &call.deed {
        Deed::Write { bytes, .. } if call.place == Place::Told => holds(bytes, words),
        Deed::Send(bytes) => holds(bytes, words),
        _ => false,
    }
}

fn holds(bytes: &[u8], words: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(words)
}

/// Calls that change the disk, that say something or that send something, as they came.
fn that_matter(calls: &[Call]) -> Vec<Call> {
    let is_shared_memory = |call: &Call| call.path.to_string_lossy().ends_with("-shm");
    calls
        .iter()
        .filter(|call| call.place != Place::Net || matches!(call.deed, Deed::Send(_)))
        .filter(|call| !is_shared_memory(call))
        .cloned()
        .collect()
}

/// Every way in which a disk may be after these calls.
fn ways(calls: &[Call]) -> Vec<Kept> {
    let writes = loose(calls)
        .into_iter()
        .filter(|at| is_content(&calls[*at]))
        .count();
    let mut ways = vec![Kept::All, Kept::Nothing];
    if writes > 0 {
        ways.extend([Kept::NamesOnly, Kept::Torn]);
    }
    if writes > 1 {
        ways.extend((0..writes).flat_map(|n| [Kept::AllBut(n), Kept::Only(n)]));
    }
    ways
}

fn is_content(call: &Call) -> bool {
    matches!(call.deed, Deed::Write { .. } | Deed::Cut(_))
}

/// Those of the calls that nothing has synced. Names that were changed are on the disk when their folder was synced; a file's own
/// sync brings its name and its folders as well, as it does on the file systems of Linux.
fn loose(calls: &[Call]) -> Vec<usize> {
    let mut loose: Vec<usize> = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        match &call.deed {
            Deed::Sync if call.path.is_dir() => loose.retain(|old| {
                is_content(&calls[*old]) || calls[*old].path.parent() != Some(&call.path)
            }),
            Deed::Sync => loose.retain(|old| {
                let old = &calls[*old];
                let is_above = old.deed == Deed::MakeFolder && call.path.starts_with(&old.path);
                let is_it = old.path == call.path && (is_content(old) || old.deed == Deed::Create);
                !is_above && !is_it
            }),
            Deed::Write { .. }
            | Deed::Cut(_)
            | Deed::Create
            | Deed::MakeFolder
            | Deed::Rename(_)
            | Deed::Remove
                if call.place != Place::Told =>
            {
                loose.push(at);
            }
            _ => {}
        }
        // What is written to a file that gets another name belongs to that name from then on; nothing here writes on after it.
    }
    loose
}

/// The home as a disk has it that lost its power after these calls. The calls were made under `traced`.
fn after(home: &Path, traced: &Path, calls: &[Call], kept: Kept) -> TempDir {
    let disk = copy(home);
    let loose = loose(calls);
    let contents: Vec<usize> = loose
        .iter()
        .copied()
        .filter(|at| is_content(&calls[*at]))
        .collect();
    for (at, call) in calls.iter().enumerate() {
        let is_loose = loose.contains(&at);
        let nth = contents.iter().position(|content| *content == at);
        let is_kept = match (kept, nth) {
            _ if !is_loose => true,
            (Kept::Nothing, _) | (Kept::NamesOnly, Some(_)) => false,
            (Kept::AllBut(missing), Some(nth)) => nth != missing,
            (Kept::Only(only), Some(nth)) => nth == only,
            (Kept::All | Kept::Torn, _) | (_, None) => true,
        };
        let is_torn = kept == Kept::Torn && contents.last() == Some(&at);
        if is_kept && matches!(call.place, Place::Ledger | Place::File) {
            play(call, traced, disk.path(), is_torn);
        }
    }
    disk
}

fn play(call: &Call, traced: &Path, disk: &Path, is_torn: bool) {
    let there = |path: &Path| -> PathBuf { disk.join(path.strip_prefix(traced).unwrap()) };
    let path = there(&call.path);
    let open = || OpenOptions::new().write(true).open(&path);
    // What is not there was lost with its name.
    match &call.deed {
        Deed::Write { at, bytes } => {
            let bytes = if is_torn {
                &bytes[..bytes.len().min(SECTOR)]
            } else {
                bytes
            };
            if let Ok(file) = open() {
                file.write_all_at(bytes, *at).unwrap();
            }
        }
        Deed::Cut(len) => {
            if let Ok(file) = open() {
                file.set_len(*len).unwrap();
            }
        }
        Deed::Create => {
            let mut options = File::options();
            let made = options.write(true).create(true).truncate(false).mode(0o600);
            // Its folder was lost.
            drop(made.open(&path));
        }
        Deed::MakeFolder => {
            let private = fs::Permissions::from_mode(0o700);
            drop(fs::create_dir(&path).and_then(|()| fs::set_permissions(&path, private)));
        }
        Deed::Rename(to) => drop(fs::rename(&path, there(to))),
        Deed::Remove => drop(fs::remove_file(&path)),
        Deed::Send(_) | Deed::Sync | Deed::Else => {}
    }
}
