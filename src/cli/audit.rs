//! `audit` and `changes`: what was done, by whom, for which ticket; and what the next shift has to know.

use serde_json::json;

use crate::domain::failure::Failure;
use crate::domain::outbox::EntryState;
use crate::domain::phone::PhoneNumber;
use crate::domain::text::{Label, counted};
use crate::ops::handover::{self, Handover, Open, Wanted, change_words};
use crate::record::json::{self, EntryJson};
use crate::store::Store;
use crate::store::health;
use crate::store::ledger::{AuditFault, AuditLine, AuditVerdict};

use super::args::Global;
use super::args::looking_back::{Audit, AuditWhat, Changes};
use super::exit::Exit;
use super::find::chosen;
use super::open::{Opened, kept_stores, located, open};
use super::print;

pub(super) async fn run(global: &Global, args: &Audit) -> anyhow::Result<Exit> {
    let before = match &args.what {
        AuditWhat::Verify { .. } => unopened(global),
        AuditWhat::Show { .. } => None,
    };
    let opened = open(global).await?;
    let store = &opened.world.store;
    let exit = match &args.what {
        AuditWhat::Show {
            user,
            since,
            ticket,
        } => {
            let now = opened.clock.now();
            let since = since.as_deref().map(|text| handover::since(text, now));
            let wanted = Wanted {
                user: user.clone(),
                since: since.transpose()?,
                ticket: ticket.clone(),
            };
            show(global, &handover::audit(store, &wanted).await?)?;
            Exit::Done
        }
        AuditWhat::Verify { head, seen } => {
            if *seen {
                say_seen(&opened).await?;
            }
            let verdict = handover::verify(store, head.as_deref()).await?;
            let verdict = match before {
                // What the file lacked is what was just seen.
                Some(before) if !*seen => verdict.since(before),
                _ => verdict,
            };
            verified(global, &verdict, head.is_some())?
        }
    };
    Ok(exit.or_damaged(opened.was_damaged()))
}

async fn say_seen(opened: &Opened) -> anyhow::Result<()> {
    let seen = opened.world.store.ledger.audit_seen(opened.stamp()).await;
    let text = match seen.map_err(|error| error.failure())? {
        Some(from) => format!(
            "Noted in the audit: {} has seen that audit.jsonl had lost its lines from {from} on.",
            opened.stamp().author
        ),
        None => "audit.jsonl has not lost lines: nothing was noted.".to_owned(),
    };
    print::tell(&text);
    Ok(())
}

/// The audit as it lies there before anything is opened. A bundle and a demo have none of their own; what cannot be found is told by
/// opening it.
fn unopened(global: &Global) -> Option<AuditVerdict> {
    if global.bundle.is_some() || global.demo.is_some() {
        return None;
    }
    let (places, config) = located(global).ok()?;
    let name = chosen(global, &config, &places).ok()?;
    health::audit_unopened(&places.tenant_dir(&name))
}

fn show(global: &Global, lines: &[AuditLine]) -> anyhow::Result<()> {
    if global.json {
        let rows: Vec<_> = lines.iter().map(line_json).collect();
        return print::data(&json::listing("lines", &rows)?);
    }
    let rows: Vec<Vec<String>> = lines.iter().map(cells).collect();
    let header = [
        "SEQ", "AT", "BY", "ACTION", "ENTRY", "USER", "CHANGE", "TICKET", "NOTE",
    ];
    print::table(&header, &rows)
}

fn line_json(line: &AuditLine) -> serde_json::Value {
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "seq": line.seq,
        "at": line.at.to_string(),
        "by": line.author,
        "tenant": line.tenant.map(|id| id.to_string()),
        "user_id": line.user_id.map(|id| id.0),
        "user": filled(&line.user),
        "action": line.action,
        "field": filled(&line.field),
        "before": filled(&line.before),
        "after": filled(&line.after),
        "outcome": filled(&line.outcome),
        "entry": line.entry.map(|id| id.0),
        "run": line.run.map(|id| id.0),
        "note": filled(&line.note),
        "ticket": filled(&line.ticket),
        "hash": line.hash,
    })
}

fn cells(line: &AuditLine) -> Vec<String> {
    vec![
        line.seq.to_string(),
        line.at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        line.author.clone(),
        line.action.clone(),
        line.entry.map(|id| id.0.to_string()).unwrap_or_default(),
        line.user.clone(),
        change_words(line),
        line.ticket.clone(),
        line.note.clone(),
    ]
}

fn verified(global: &Global, verdict: &AuditVerdict, with_head: bool) -> anyhow::Result<Exit> {
    let faults: Vec<String> = verdict.faults.iter().map(ToString::to_string).collect();
    let head = verdict
        .head
        .as_ref()
        .map(|(seq, hash)| format!("{seq}:{hash}"));
    if global.json {
        let object = json!({
            "lines": verdict.lines, "head": head, "intact": verdict.is_intact(), "torn": verdict.torn,
            "completed_from": verdict.completed, "faults": faults,
        });
        print::data(&json::single(&object)?)?;
    } else {
        let how = if verdict.is_intact() {
            "each in its place"
        } else {
            "and not as they were written:"
        };
        let lines = counted(verdict.lines, "line", "lines");
        print::data(&format!("{lines}, {how}"))?;
        for fault in &faults {
            print::data(&format!("  {fault}"))?;
        }
        let cut = |fault: &AuditFault| matches!(fault, AuditFault::Cut { .. });
        let cut = verdict.faults.iter().any(cut);
        if verdict.torn {
            let how = if cut { "" } else { ", as after a crash" };
            print::data(&format!(
                "audit.jsonl ended in half a line{how}; ledger.db has it whole"
            ))?;
        }
        if let Some(seq) = verdict.completed {
            print::data(&format!(
                "audit.jsonl was shorter than ledger.db: it has been completed from line {seq} on"
            ))?;
        }
        if cut {
            print::data("This is told until `audit verify --seen` says that somebody knows why")?;
        }
        if let Some(head) = &head {
            print::data(&format!("head {head}"))?;
        }
        if !with_head {
            print::tell(
                "A chain cannot see that its own end was cut off: note the head elsewhere, and give it with --head.",
            );
        }
    }
    Ok(if verdict.is_intact() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

pub(super) async fn changes(global: &Global, args: &Changes) -> anyhow::Result<Exit> {
    let now = crate::runtime::clock::system().now();
    let since = handover::since(&args.since, now)?;
    let mut exit = Exit::Done;
    let mut all = Vec::new();
    if args.all_tenants {
        for (name, store) in kept_stores(global)? {
            let seen = match store {
                Ok(store) => handover::handover(&store, since, now).await,
                Err(failure) => Err(failure),
            };
            match seen {
                Ok(seen) => all.push((name, Ok(seen))),
                Err(failure) => {
                    exit = Exit::of_failure(&failure);
                    all.push((name, Err(failure)));
                }
            }
        }
    } else {
        let opened = open(global).await?;
        let store: &Store = &opened.world.store;
        let seen = handover::handover(store, since, now).await?;
        all.push((opened.name.clone(), Ok(seen)));
        exit = exit.or_damaged(opened.was_damaged());
    }
    if global.json {
        let rows: Vec<_> = all
            .iter()
            .map(|(name, seen)| tenant_json(name, seen))
            .collect();
        print::data(&json::listing("tenants", &rows)?)?;
        return Ok(exit);
    }
    for (name, seen) in &all {
        match seen {
            Ok(seen) => tell(name, seen)?,
            Err(failure) => {
                let lines: Vec<&str> = failure.lines().collect();
                let text = format!("{name}: cannot be told: {}", lines.join("; "));
                print::data(Label::new(&text).as_str())?;
            }
        }
    }
    Ok(exit)
}

fn tenant_json(name: &str, seen: &Result<Handover, Failure>) -> serde_json::Value {
    let seen = match seen {
        Ok(seen) => seen,
        Err(failure) => return json!({ "tenant": name, "failure": failure.headline }),
    };
    let turns: Vec<_> = seen
        .turns
        .iter()
        .map(|turn| {
            let kind = turn.kind().word();
            json!({ "id": turn.id.to_string(), "name": turn.name, "kind": kind, "change": turn.words() })
        })
        .collect();
    let people: Vec<_> = seen
        .people
        .iter()
        .map(|change| {
            let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            json!({ "id": change.id.to_string(), "name": change.name, "field": change.field,
                    "before": filled(&change.before), "after": filled(&change.after) })
        })
        .collect();
    let open: Vec<_> = seen
        .open
        .iter()
        .map(
            |Open {
                 entry,
                 ticket,
                 waits,
             }| {
                let mut row = json!(EntryJson::new(entry));
                row["waits"] = json!(waits);
                row["released"] = json!(entry.owed().map(PhoneNumber::as_str));
                row["ticket"] = json!((!ticket.is_empty()).then_some(ticket));
                row["due"] = match &entry.state {
                    EntryState::Applied { visible_by } => json!(visible_by.to_string()),
                    _ => serde_json::Value::Null,
                };
                row
            },
        )
        .collect();
    json!({
        "tenant": name,
        "since": seen.since.to_string(),
        "ours": seen.ours.iter().map(line_json).collect::<Vec<_>>(),
        "theirs": { "values": seen.moved.iter().map(moved_json).collect::<Vec<_>>(), "people": people, "users": turns,
                    "runs": seen.compared.map(|(from, to)| [from.0, to.0]) },
        "open": open,
    })
}

fn moved_json(line: &AuditLine) -> serde_json::Value {
    let mut row = line_json(line);
    row["by"] = serde_json::Value::Null;
    row["found_by"] = json!(line.author);
    row
}

fn tell(name: &str, seen: &Handover) -> anyhow::Result<()> {
    let since = seen.since.strftime("%Y-%m-%d %H:%MZ");
    print::data(Label::new(&format!("{name}, since {since}")).as_str())?;
    for line in seen.words() {
        print::data(&format!("  {}", Label::new(&line)))?;
    }
    Ok(())
}
