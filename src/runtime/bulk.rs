//! Imports and exports as the console asks for them: files are read and written here, and rows are judged beside the loop.

use std::collections::HashMap;
use std::fmt::Write as FmtWrite;
use std::hash::Hash;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::effect::{Exported, Extent};
use crate::app::event::{LedgerEvent, RequestId, SessionEvent, What};
use crate::app::pane::bulk::source::Source;
use crate::bulk::export::{Reader, Table, write};
use crate::bulk::review::{Ask, Review, Summary, judge};
use crate::bulk::sheet::Sheet;
use crate::domain::country::Country;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::text::counted;
use crate::ops::import::{self, Queued};
use crate::ops::{change, desk, export};

use super::perform::Shared;

impl Shared {
    /// Reads rows and judges them, and says what came of it.
    pub(super) async fn judge(
        self: Arc<Self>,
        req: RequestId,
        source: Source,
        how: (Ask, Option<Country>),
    ) {
        let event = match self.judged(source, how).await {
            Ok(review) => LedgerEvent::Judged {
                req,
                review: Arc::new(review),
            },
            Err(failure) => LedgerEvent::Refused { req, failure },
        };
        self.send(What::Ledger(event)).await;
    }

    async fn judged(
        &self,
        source: Source,
        (ask, country): (Ask, Option<Country>),
    ) -> Result<Review, Failure> {
        let sheet = match source {
            Source::Pasted(sheet) => Arc::unwrap_or_clone(sheet),
            Source::Again(review) => review.sheet().clone(),
            Source::File { path, encoding } => {
                apart(move || {
                    let (path, shown) = (expanded(&path), path);
                    let bytes = std::fs::read(&path).map_err(|error| unreadable(&shown, &error))?;
                    Sheet::read(&bytes, encoding).map_err(|error| {
                        Failure::new(
                            FailureKind::Config,
                            format!("{shown} is no table of users"),
                            error.to_string(),
                            "Nothing was queued. Put the file right, or choose another way to read its letters.",
                        )
                    })
                })
                .await?
            }
        };
        let known = import::known(&self.store, &sheet).await?;
        let known = known.in_country(country);
        apart(move || Ok(judge(sheet, Arc::new(known), ask))).await
    }

    /// Puts the rows of a review in, as far as they still stand as they were seen.
    pub(super) async fn import(
        self: Arc<Self>,
        req: RequestId,
        review: Arc<Review>,
        extent: Extent,
    ) {
        let how = match extent {
            Extent::All => import::Extent::AllOrNothing,
            Extent::Good => import::Extent::Partial,
        };
        let queued = import::queue(&self.store, &review, how, self.stamp()).await;
        let done = match queued {
            Ok(Queued::Done(done)) => Ok(change::imported(done) + &left_behind(&review.summary())),
            Ok(Queued::Moved(review)) => {
                let review = Arc::new(*review);
                let event = LedgerEvent::Moved { req, review };
                return self.send(What::Ledger(event)).await;
            }
            Ok(Queued::Bad(summary)) => Err(Failure::new(
                FailureKind::Refused,
                format!(
                    "{} cannot go in",
                    counted((summary.proposal + summary.refused) as u64, "row", "rows")
                ),
                "",
                "Nothing was queued. Put them right, or queue the good ones alone.",
            )),
            Err(failure) => Err(failure),
        };
        self.answer(req, done).await;
    }

    /// Writes a table to a file.
    pub(super) async fn export(
        self: Arc<Self>,
        req: RequestId,
        what: Exported,
        (reader, path): (Reader, String),
    ) {
        let event = match self.exported(what, reader, path).await {
            Ok(notice) => SessionEvent::Done { req, notice },
            Err(failure) => SessionEvent::Refused { req, failure },
        };
        self.send(What::Session(event)).await;
    }

    async fn exported(
        &self,
        what: Exported,
        reader: Reader,
        path: String,
    ) -> Result<String, Failure> {
        if let Exported::LogText(run) = what {
            let text = export::log_text(&self.store, run).await?;
            return apart(move || {
                let to = whole(&path);
                save(&to, &text)?;
                Ok(format!("the log of run {} is in {}", run.0, to.display()))
            })
            .await;
        }
        let shown = match &what {
            Exported::Reasons(ids) => Some(ids.len()),
            _ => None,
        };
        let table = self.table(what).await?;
        apart(move || {
            let to = whole(&path);
            save(&to, &write(&table, reader))?;
            let rows = table.rows.len() as u64;
            let what = match shown {
                Some(shown) if shown > table.rows.len() => {
                    format!("{rows} of the {shown} shown, those who are missing,")
                }
                Some(_) | None => counted(rows, "row", "rows"),
            };
            Ok(format!("{what} written to {}", to.display()))
        })
        .await
    }

    /// The rows that the pane showed, as the files have them now.
    async fn table(&self, what: Exported) -> Result<Table, Failure> {
        let store = &self.store;
        match what {
            Exported::Users(ids) => {
                let loaded = desk::load_desk(store, self.now()).await;
                let mut desk = loaded.map_err(|error| error.failure())?;
                as_shown(&mut desk.users, ids, |row| Some(row.user.id));
                Ok(export::users(&desk))
            }
            Exported::Candidates(ids) => {
                let keys = ids.iter().map(ToString::to_string);
                Ok(only(export::candidates(store).await?, "Id", keys))
            }
            Exported::Reasons(ids) => {
                let keys = ids.iter().map(ToString::to_string);
                Ok(only(export::reasons(store).await?, "Id", keys))
            }
            Exported::Numbers(numbers) => {
                let keys = numbers.iter().map(ToString::to_string);
                Ok(only(export::numbers(store).await?, "Number", keys))
            }
            Exported::Log(run) | Exported::LogText(run) => export::log(store, run).await,
            Exported::LeftOut(review) => Ok(review.left_out()),
        }
    }
}

/// The rows whose cell in a column is one of these, in their order.
fn only(mut table: Table, column: &str, keys: impl Iterator<Item = String>) -> Table {
    if let Some(at) = table.header.iter().position(|header| *header == column) {
        as_shown(&mut table.rows, keys, |row| row.get(at).cloned());
    }
    table
}

/// Leaves the rows that have one of these keys, in the order of the keys: a file has the rows as the screen had them.
fn as_shown<R, K: Eq + Hash>(
    rows: &mut Vec<R>,
    keys: impl IntoIterator<Item = K>,
    key: impl Fn(&R) -> Option<K>,
) {
    let places: HashMap<K, usize> = keys.into_iter().zip(0..).collect();
    let place = |row: &R| key(row).and_then(|key| places.get(&key).copied());
    rows.retain(|row| place(row).is_some());
    rows.sort_by_cached_key(place);
}

/// Work that takes the processor or the disk for a while.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            Err(Failure::new(
                FailureKind::Other,
                "This could not be finished: a fault of this program",
                error.to_string(),
                "Nothing was queued and nothing was written. Try again; if it comes back, report it.",
            ))
        })
}

/// A path as it is typed in a shell: `~/` is the home folder.
pub(super) fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// The same from the root: who is told of a bare name does not know in which folder the program was started.
fn whole(path: &str) -> PathBuf {
    let path = expanded(path);
    std::path::absolute(&path).unwrap_or(path)
}

fn unreadable(path: &str, error: &std::io::Error) -> Failure {
    Failure::new(
        FailureKind::Config,
        format!("{path} cannot be read"),
        error.to_string(),
        "Nothing was queued. Give another path, or paste the cells instead.",
    )
}

/// Beside the name first, then under it, for its owner alone: there is never half a file, and none is overwritten.
fn save(to: &Path, text: &str) -> Result<(), Failure> {
    let folder = match to.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let failed = |error: std::io::Error| {
        Failure::new(
            FailureKind::Store,
            format!("{} could not be written", to.display()),
            error.to_string(),
            "Nothing was left behind. Give a folder that can be written to.",
        )
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    match file.persist_noclobber(to) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Err(Failure::new(
            FailureKind::Config,
            format!("{} is there already", to.display()),
            "",
            "Nothing was written. Give another name.",
        )),
        Err(error) => Err(failed(error.error)),
    }
}

/// What did not go in with the good rows, and what those that did are short of.
fn left_behind(summary: &Summary) -> String {
    let mut text = String::new();
    for (n, one, many) in [
        (
            summary.proposal + summary.refused,
            "1 row left out",
            "rows left out",
        ),
        (summary.seats_missing, "1 without a seat", "without a seat"),
    ] {
        match n {
            0 => {}
            1 => {
                text += "; ";
                text += one;
            }
            n => {
                let _ = write!(text, "; {n} {many}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_for_its_owner_and_never_over_another() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let to = root.path().join("users.csv");
        save(&to, "Name\r\n").unwrap();
        let mode = std::fs::metadata(&to).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = save(&to, "other").unwrap_err();
        assert!(again.headline.ends_with("users.csv is there already"));
        assert_eq!(std::fs::read_to_string(&to).unwrap(), "Name\r\n");
        let nowhere = save(&root.path().join("none/users.csv"), "").unwrap_err();
        assert!(nowhere.headline.ends_with("could not be written"));
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_the_rows_that_were_shown_and_in_their_order() {
        let row = |id: &str| vec![format!("name of {id}"), id.to_owned()];
        let table = Table {
            header: vec!["Name", "Id"],
            rows: vec![row("1"), row("2"), row("3")],
        };
        let kept = only(table, "Id", ["3".to_owned(), "1".to_owned()].into_iter());
        assert_eq!(kept.rows, [row("3"), row("1")]);
    }
}
