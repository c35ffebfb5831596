//! `import`: a file, a verdict per row, and the rows into the ledger, all or none.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::bulk::columns::Column;
use crate::bulk::decode::Encoding;
use crate::bulk::known::Matched;
use crate::bulk::review::{Ask, Mode, Review, Zeros, judge};
use crate::bulk::sheet::Sheet;
use crate::bulk::verdict::Verdict;
use crate::domain::country::Country;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::words;
use crate::ops::import::{self, Extent, Queued};
use crate::record::json::single;
use crate::store::ledger::Imported;

use super::args::Global;
use super::args::bulk::{Import, TextEncoding};
use super::exit::Exit;
use super::open::open;
use super::print;

/// Rows for which people with nearly the same e-mail are looked for: each takes a look at the whole directory.
const NEAR_LOOKED_FOR: usize = 50;

pub(super) async fn run(global: &Global, args: &Import) -> anyhow::Result<Exit> {
    let sheet = read(args)?;
    let country = country(args)?;
    let mut opened = open(global).await?;
    opened.need_snapshot().await?;
    let store = &opened.world.store;
    for header in sheet.ignored() {
        print::tell(&format!(
            "The column {header} is none of an import's: it is not read."
        ));
    }
    if sheet.had_passwords() {
        print::tell("The passwords were stepped over: none is kept, shown or logged.");
    }
    let known = import::known(store, &sheet).await?.in_country(country);
    let ask = Ask {
        mode: match (args.create, args.both) {
            (true, _) => Mode::Create,
            (false, true) => Mode::Both,
            (false, false) => Mode::Update,
        },
        zeros: if args.trust_zeros {
            Zeros::Trusted
        } else {
            Zeros::Doubted
        },
    };
    let mut review = judge(sheet, Arc::new(known), ask);
    if args.take_proposals {
        for row in 0..review.sheet().len() {
            review.take_proposals(row);
        }
    }
    let extent = if args.partial {
        Extent::Partial
    } else {
        Extent::AllOrNothing
    };
    let stops = extent == Extent::AllOrNothing && !review.summary().all_good();
    let queued = if args.plan || stops {
        None
    } else {
        let review = &review;
        Some(import::queue(store, review, extent, opened.stamp()).await?)
    };
    if let Some(Queued::Moved(again)) = queued {
        show(global, &again, None)?;
        return Err(moved().into());
    }
    let done = match queued {
        Some(Queued::Done(done)) => Some(done),
        Some(Queued::Bad(_) | Queued::Moved(_)) | None => None,
    };
    show(global, &review, done)?;
    Ok(told(args, &review, done).or_damaged(opened.was_damaged()))
}

fn moved() -> Failure {
    Failure::new(
        FailureKind::TryAgain,
        "The list has changed while the file was judged: nothing was imported",
        "",
        "These are the verdicts as they stand now. Import again.",
    )
}

/// The last words on standard error, and how it ends.
fn told(args: &Import, review: &Review, done: Option<Imported>) -> Exit {
    let summary = review.summary();
    let bad = summary.proposal + summary.refused;
    print::tell(&format!(
        "{} to create, {} to update, {} unchanged, {} with a proposal, {} refused.",
        summary.create, summary.update, summary.unchanged, summary.proposal, summary.refused
    ));
    if summary.seats_missing > 0 {
        print::tell(&format!(
            "warning: {} missing: the last of the new users stay Unlicensed.",
            count(summary.seats_missing, "seat is", "seats are")
        ));
    }
    if summary.unmatched > 0 {
        print::tell(&format!(
            "warning: {} nobody in the tenant: a number waits for a match.",
            count(summary.unmatched, "new user matches", "new users match")
        ));
    }
    if let Some(done) = done {
        print::tell(&format!(
            "{} added, {} changed, {} queued. The next sync plans what is queued.",
            count(done.added, "user", "users"),
            count(done.changed, "user", "users"),
            count(done.queued, "change of the tenant", "changes of the tenant"),
        ));
        return if bad > 0 { Exit::Partly } else { Exit::Done };
    }
    if bad > 0 && !args.partial {
        print::tell(
            "Nothing was imported: all rows go in, or none. Put the rows right, or let the good ones in with --partial.",
        );
        if summary.refused == 0 {
            print::tell("--take-proposals takes what is proposed.");
        }
        return Exit::Usage;
    }
    print::tell("Nothing was imported: --plan only shows.");
    if summary.changing() > 0 {
        Exit::Planned
    } else {
        Exit::Done
    }
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn read(args: &Import) -> anyhow::Result<Sheet> {
    let mut bytes = Vec::new();
    let read = if args.file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(&args.file).map(|read| bytes = read)
    };
    let failed = |why: String| {
        Failure::new(
            FailureKind::Config,
            format!("{} cannot be imported", args.file.display()),
            why,
            words::UNCHANGED,
        )
    };
    read.map_err(|error| failed(error.to_string()))?;
    let encoding = match args.encoding {
        Some(TextEncoding::Windows1252) => Encoding::Windows1252,
        None => Encoding::Detect,
    };
    Ok(Sheet::read(&bytes, encoding).map_err(|error| failed(error.to_string()))?)
}

fn country(args: &Import) -> anyhow::Result<Option<Country>> {
    let Some(text) = &args.country else {
        return Ok(None);
    };
    let wrong = |error: String| Failure::new(FailureKind::Config, error, "", words::UNCHANGED);
    let country: Country = text.parse().map_err(|error| wrong(format!("{error}")))?;
    Ok(Some(country))
}

fn show(global: &Global, review: &Review, done: Option<Imported>) -> anyhow::Result<()> {
    let mut looked = 0;
    let mut near = |row: usize| {
        let wanted = review.matched(row) == Matched::Nobody && looked < NEAR_LOOKED_FOR;
        looked += usize::from(wanted);
        if wanted { review.near(row) } else { Vec::new() }
    };
    let rows = 0..review.sheet().len();
    if global.json {
        let rows: Vec<Value> = rows
            .map(|row| {
                let near: Vec<&str> = near(row)
                    .into_iter()
                    .map(|person| person.upn.as_str())
                    .collect();
                as_json(review, row, &near)
            })
            .collect();
        let summary = review.summary();
        let text = single(&json!({
            "rows": rows,
            "summary": {
                "create": summary.create, "update": summary.update, "unchanged": summary.unchanged,
                "proposal": summary.proposal, "refused": summary.refused,
                "seats_missing": summary.seats_missing, "unmatched": summary.unmatched,
            },
            "imported": done.map(|done| json!({
                "added": done.added, "changed": done.changed, "queued": done.queued,
            })),
        }))?;
        return print::data(&text);
    }
    let rows: Vec<Vec<String>> = rows
        .map(|row| {
            let near: Vec<&str> = near(row)
                .into_iter()
                .map(|person| person.upn.as_str())
                .collect();
            cells(review, row, &near)
        })
        .collect();
    print::table(&["ROW", "VERDICT", "WHO", "WHAT"], &rows)
}

fn as_json(review: &Review, row: usize, near: &[&str]) -> Value {
    let verdict = review.verdict(row);
    let cells = review.sheet().row(row);
    let (user, changes) = match verdict {
        Verdict::Update { user, changes } => (Some(user.0), changes.as_slice()),
        Verdict::Unchanged { user } => (Some(user.0), [].as_slice()),
        Verdict::Create | Verdict::Proposal(_) | Verdict::Refused(_) => (None, [].as_slice()),
    };
    let changes: Vec<Value> = changes
        .iter()
        .map(|change| {
            json!({"column": change.column.header(), "before": change.before, "after": change.after})
        })
        .collect();
    let faults: Vec<Value> = verdict
        .faults()
        .iter()
        .map(|fault| {
            json!({
                "row": cells.number(), "column": fault.column.header(), "why": fault.why.to_string(),
                "proposal": fault.proposal().map(ToString::to_string),
            })
        })
        .collect();
    json!({
        "row": cells.number(), "verdict": verdict.word(), "email": cells.trimmed(Column::Email),
        "name": cells.trimmed(Column::Name), "number": review.number(row).map(ToString::to_string),
        "user_id": user, "changes": changes, "faults": faults,
        "matched": review.person(row).map(|person| person.upn.as_str()), "near": near,
        "seat": review.has_seat(row), "warning": review.doubt(row),
    })
}

fn cells(review: &Review, row: usize, near: &[&str]) -> Vec<String> {
    let cells = review.sheet().row(row);
    let who = [
        Column::Email,
        Column::TrunkNumber,
        Column::ExternalId,
        Column::SipUsername,
    ]
    .into_iter()
    .map(|column| cells.trimmed(column))
    .find(|text| !text.is_empty());
    vec![
        cells.number().to_string(),
        review.verdict(row).word().to_owned(),
        who.unwrap_or("-").to_owned(),
        what(review, row, near),
    ]
}

/// What becomes of the row, and what to know of it.
fn what(review: &Review, row: usize, near: &[&str]) -> String {
    let mut parts: Vec<String> = match review.verdict(row) {
        Verdict::Create => review
            .number(row)
            .map(crate::domain::phone::PhoneNumber::spaced)
            .into_iter()
            .collect(),
        Verdict::Update { changes, .. } => changes
            .iter()
            .map(|change| {
                let before = if change.before.is_empty() {
                    "none"
                } else {
                    &change.before
                };
                format!("{} {before} -> {}", change.column, change.after)
            })
            .collect(),
        Verdict::Unchanged { .. } => Vec::new(),
        Verdict::Proposal(faults) | Verdict::Refused(faults) => {
            faults.iter().map(ToString::to_string).collect()
        }
    };
    if review.found_by_mail(row) {
        parts.push("found by its e-mail".to_owned());
    }
    match review.matched(row) {
        Matched::One(_) => parts.extend(
            review
                .person(row)
                .map(|person| format!("matches {}", person.upn)),
        ),
        Matched::Several(count) => parts.push(format!(
            "the e-mail matches {count} people: associate by hand"
        )),
        Matched::Nobody => parts.push("the e-mail matches nobody in the tenant".to_owned()),
        Matched::Unsaid => {}
    }
    if !near.is_empty() {
        parts.push(format!("did you mean {}?", near.join(" or ")));
    }
    if !review.has_seat(row) {
        parts.push("no seat is left".to_owned());
    }
    parts.extend(review.doubt(row).map(|doubt| format!("warning: {doubt}")));
    parts.join("; ")
}
