//! Plans as files: written once, for their owner's eyes, and read again only as they were written.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::outbox::EntryId;
use crate::domain::sealed::SealedPlan;
use crate::domain::writeplan::WritePlan;
use crate::record::plan;
use crate::store::keeping::Keeping;
use crate::store::{Stamp, Store};

/// More than this is no plan of ours: a change takes some four hundred bytes.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Writes a plan into a new file, mode 0600. A file that is there is never written over.
pub fn save(path: &Path, sealed: &SealedPlan) -> Result<(), Failure> {
    let failed = |error: &std::io::Error| {
        let hint = if error.kind() == ErrorKind::AlreadyExists {
            "Nothing was written over it. Name another file, or remove that one first."
        } else {
            "The plan was not kept; nothing else has changed. Name a file in a folder of yours."
        };
        Failure::new(
            FailureKind::Config,
            format!("The plan could not be written to {}", path.display()),
            error.to_string(),
            hint,
        )
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = Keeping::Private
        .open(&mut options, path)
        .map_err(|error| failed(&error))?;
    let written = file
        .write_all(plan::write(sealed).as_bytes())
        .and_then(|()| file.sync_all());
    written.map_err(|error| {
        // Half a plan is none; what is left of it would only be in the way of the next try.
        drop(std::fs::remove_file(path));
        failed(&error)
    })
}

/// Keeps the chosen changes of a plan that was shown, with their ticket where all have the same; the line to show.
pub async fn keep(
    store: &Store,
    path: &str,
    (plan, chosen): (&WritePlan, &[EntryId]),
    stamp: Stamp,
) -> Result<String, Failure> {
    let picture = store.ledger.load().await.map_err(|e| e.failure())?;
    let tickets = store.ledger.tickets().await.map_err(|e| e.failure())?;
    let mut sealed = SealedPlan::of(
        plan,
        &picture.entries,
        |entry| chosen.contains(&entry),
        (&stamp.author, stamp.at),
    );
    let of = |entry: &EntryId| {
        let found = tickets.iter().find(|(known, _)| known == entry);
        found.map(|(_, ticket)| ticket.as_str())
    };
    if let Some(ticket) = chosen.first().and_then(of)
        && chosen.iter().all(|entry| of(entry) == Some(ticket))
    {
        ticket.clone_into(&mut sealed.ticket);
    }
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    save(&path, &sealed)?;
    let noun = if chosen.len() == 1 {
        "change"
    } else {
        "changes"
    };
    Ok(format!(
        "{} {noun} kept in {}",
        chosen.len(),
        path.display()
    ))
}

/// Reads a plan that was kept, and refuses one that was changed since.
pub fn load(path: &Path) -> Result<SealedPlan, Failure> {
    let failed = |detail: String| {
        Failure::new(
            FailureKind::Config,
            format!("{} cannot be applied", path.display()),
            detail,
            "Nothing was read from the tenant and nothing was written. `sync --plan --out FILE` makes a new one.",
        )
    };
    let len = std::fs::metadata(path)
        .map_err(|error| failed(error.to_string()))?
        .len();
    if len > LONGEST {
        return Err(failed(format!("it has {len} bytes: no plan is that long")));
    }
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| failed("it is no text".to_owned()))?;
    plan::read(&text).map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use jiff::Timestamp;

    use super::*;

    fn empty() -> SealedPlan {
        SealedPlan {
            tenant: "11111111-2222-3333-4444-555555555555".parse().unwrap(),
            tenant_name: "Contoso Ltd".into(),
            read_at: Timestamp::UNIX_EPOCH,
            made_at: Timestamp::UNIX_EPOCH,
            author: "kim".into(),
            limit: 5,
            ticket: String::new(),
            changes: vec![],
            held_back: vec![],
        }
    }

    #[test]
    fn a_plan_is_for_its_owner_and_never_written_over() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("plan.json");
        save(&path, &empty()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(load(&path), Ok(empty()));
        let again = save(&path, &empty()).unwrap_err();
        assert!(again.hint.starts_with("Nothing was written over it."));
        std::fs::write(&path, "x").unwrap();
        let refused = load(&path).unwrap_err();
        assert_eq!(refused.kind, FailureKind::Config);
        assert!(refused.detail.starts_with("it is no plan"), "{refused:?}");
    }
}
