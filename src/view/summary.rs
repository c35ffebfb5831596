//! The line that says what a pane holds: how many, in which order, what is marked.

use crate::app::App;
use crate::app::cells::thousands;
use crate::app::pane::Pane;
use crate::app::pane::candidates::Listing;
use crate::app::tables::Direction;
use crate::domain::text;
use crate::domain::user::LicenseStatus;
use crate::domain::words;

pub(super) fn marks(app: &App) -> Option<String> {
    match app.pane {
        Pane::Candidates => app.candidates.marks(&app.roster),
        Pane::Users => app.users.marks(&app.desk),
        Pane::Changes => app.changes.marks(&app.desk),
        Pane::Numbers => app.numbers.marks.words(&app.numbers.shown),
        Pane::Licences if app.licences.inside.is_some() => None,
        Pane::Licences => app.licences.marks.words(&app.licences.keys(&app.inventory)),
        Pane::Sync => None,
    }
}

/// What the pane holds, in one line.
pub(super) fn summary(app: &App) -> String {
    let mut parts = Vec::new();
    match app.pane {
        Pane::Users => {
            let unlicensed = app
                .desk
                .users
                .iter()
                .filter(|row| row.status != LicenseStatus::Licensed)
                .count();
            parts.push(counted(app.desk.users.len(), "user", "users"));
            if unlicensed > 0 {
                parts.push(format!("{unlicensed} Unlicensed"));
            }
            parts.push(ordered(app.users.sort.word(), app.users.direction));
            parts.extend(marks(app));
        }
        Pane::Candidates => {
            match app.candidates.listing {
                _ if app.being_loaded().is_some() => parts.extend(app.being_loaded()),
                Listing::Candidates if app.settings.manual_mode => {
                    parts.push("added by hand".to_owned());
                }
                Listing::Candidates => {
                    parts.push(format!("{} may be added", app.candidates.candidates()));
                    parts.push(app.settings.keys.fill("{everyone} everyone"));
                }
                Listing::Everyone => {
                    let of = thousands(app.roster.len() as u64);
                    parts.push(format!("everyone in the tenant: {of}"));
                    parts.push(app.settings.keys.fill("{everyone} candidates"));
                }
            }
            if let Some(group) = &app.settings.group {
                parts.push(format!("group {group}"));
            }
            let sorted = ordered(app.candidates.sort.word(), app.candidates.direction);
            parts.push(if app.candidates.rows.is_being_sorted() {
                format!("{sorted}, being sorted")
            } else {
                sorted
            });
            parts.extend(marks(app));
        }
        Pane::Sync => {
            parts.push(counted(app.runs.log.len(), "line", "lines"));
            if app.runs.dropped > 0 {
                parts.push(match app.runs.dropped {
                    1 => "1 older one is in the history".to_owned(),
                    n => format!("{n} older ones are in the history"),
                });
            }
            parts.push(counted(app.desk.history.len(), "run kept", "runs kept"));
        }
        Pane::Changes => {
            parts.push(match app.desk.entries.len() {
                0 => words::NOTHING_WAITS.to_owned(),
                n => counted(n, "change waits", "changes wait"),
            });
            if app.desk.parked > 0 {
                parts.push(format!(
                    "{} of the tenant before set aside: {}",
                    app.desk.parked,
                    app.settings.keys.fill("{tenant-before}")
                ));
            }
            parts.extend(marks(app));
        }
        Pane::Licences => licence_summary(app, &mut parts),
        Pane::Numbers => number_summary(app, &mut parts),
    }
    parts.join("   ")
}

fn licence_summary(app: &App, parts: &mut Vec<String>) {
    if let Some(open) = &app.licences.inside {
        let product = app.inventory.product(open.sku);
        let known = product.and_then(|product| app.licences.users(product, &app.inventory));
        // Before that is read, nobody is no number of users.
        if known.is_some() {
            parts.push(counted(open.people(), "user", "users"));
        }
        parts.push(ordered(open.order.word(), open.direction));
        parts.push("Esc goes back".to_owned());
        return;
    }
    parts.push(counted(app.inventory.products.len(), "licence", "licences"));
    // Before the seats, which are long: what a key has just changed is not cut off.
    parts.push(ordered(app.licences.sort.word(), app.licences.direction));
    parts.extend(marks(app));
    parts.push(super::licences::seats(app));
}

fn number_summary(app: &App, parts: &mut Vec<String>) {
    let counts = app.numbers.counts;
    parts.push(counted(app.inventory.numbers.len(), "number", "numbers"));
    // Before the counts: what a key has just changed is not cut off.
    parts.push(ordered(app.numbers.sort.word(), app.numbers.direction));
    parts.extend(marks(app));
    for (count, word) in [
        (counts.free, "free"),
        (counts.assigned, "assigned"),
        (counts.phantom, "phantom"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    // A blocked number is counted above already, as what it is.
    if counts.blocked > 0 {
        parts.push(format!("{} of them blocked", counts.blocked));
    }
}

/// What a table is ordered by.
fn ordered(by: &str, direction: Direction) -> String {
    format!("by {by}{}", direction.words())
}

/// A count with its noun.
pub(super) fn counted(n: usize, one: &str, many: &str) -> String {
    text::counted(n as u64, one, many)
}
