//! `sync`: the log as it happens, the plan, and with `--yes` the writing.

mod every;
mod narrator;
mod picks;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::outbox::{Entry, EntryId, EntryState};
use crate::domain::run::{Outcome, RunKind, Summary};
use crate::domain::sealed::SealedPlan;
use crate::domain::text::Label;
use crate::domain::writeplan::WritePlan;
use crate::ops::planfile;
use crate::record::json::{self, SummaryJson};

use super::args::{Global, Sync};
use super::doubt::Doubts;
use super::exit::Exit;
use super::open::{Opened, open};
use super::print;

use narrator::Narrator;
use picks::Picks;

pub(super) async fn run(global: &Global, args: &Sync) -> anyhow::Result<Exit> {
    if args.all_tenants {
        return every::run(global, args).await;
    }
    let sealed = args.apply.as_deref().map(planfile::load).transpose()?;
    let mut opened = open(global).await?;
    let damaged = opened.was_damaged();
    let exit = Box::pin(both(&mut opened, (global.json, args), sealed.as_ref())).await;
    if let Some(simulator) = opened.simulator.take() {
        simulator.stop().await;
    }
    Ok(exit?.or_damaged(damaged))
}

async fn both(
    opened: &mut Opened,
    (json, args): (bool, &Sync),
    sealed: Option<&SealedPlan>,
) -> anyhow::Result<Exit> {
    before(opened, args, sealed).await?;
    let mut narrator = Narrator::new(json);
    // A plan that is kept says what it touches: only that is read.
    let kind = sealed.map_or(RunKind::Sync, |_| RunKind::Plan);
    let (outcome, mut summary) = narrator.follow(opened, kind, args.debug).await?;
    let mut exit = Exit::of_run(&outcome, &summary);
    let mut last = outcome;
    // What was asked for and is left out is told, also where it is all of the plan.
    let some_asked = args.mine || !args.only.is_empty();
    let plan = narrator.plan.take().or_else(|| sealed.map(nothing_now));
    let plan = plan.filter(|plan| !plan.is_empty() || sealed.is_some() || some_asked);
    let nothing_planned = plan.is_none();
    let mut some = args.mine;
    if let Some(plan) = plan.filter(|_| matches!(exit, Exit::Done | Exit::Partly)) {
        let entries = entries(opened).await?;
        let mut picks = picks::pick(&plan, &entries, (args, sealed), &opened.settings.author);
        if opened.config.require_ticket
            && may_write(args, json)
            && ticket_of(args, sealed).is_none()
        {
            let tickets = opened.world.store.ledger.tickets().await;
            let tickets = tickets.map_err(|error| error.failure())?;
            picks::want_tickets(&mut picks, &plan, &tickets);
        }
        some = picks.some;
        if !json {
            // Who writes unasked reads nobody's name: not all of a large tenant is compared for it.
            let doubts = if args.yes {
                Doubts::default()
            } else {
                Doubts::of(opened).await?
            };
            show(called(opened, &plan), &plan, &picks, &doubts);
        }
        for line in &picks.refused {
            print::tell(line);
        }
        match decide(opened, args, (&plan, &picks, &entries), json)? {
            Decision::Keep(path) => {
                keep(opened, &path, (&plan, &picks, &entries), args)?;
                exit = Exit::Planned;
            }
            Decision::Leave => exit = Exit::Planned,
            Decision::Nothing => {}
            Decision::Refused(why) => {
                print::tell(&why);
                exit = Exit::Refused;
            }
            Decision::Apply { past_limit } => {
                opened.settings.past_limit = past_limit;
                if let Some(ticket) = ticket_of(args, sealed) {
                    set_ticket(opened, &picks.write, ticket).await?;
                }
                let kind = RunKind::Apply {
                    entries: picks.write.clone(),
                };
                let (outcome, written) = narrator.follow(opened, kind, args.debug).await?;
                exit = Exit::of_run(&outcome, &written);
                last = outcome;
                summary = Summary {
                    counters: summary.counters,
                    unlicensed: summary.unlicensed,
                    ..written
                };
                if exit == Exit::Done && waits(opened, &picks.write).await? {
                    exit = Exit::Planned;
                }
            }
        }
        exit = with_refusals(exit, &picks);
    }
    if nothing_planned && args.out.is_some() && exit == Exit::Done {
        print::tell("Nothing is queued: there is no plan to keep, and no file was made.");
    }
    if exit == Exit::Done && summary.left > 0 && !some {
        exit = Exit::Planned;
    }
    if json {
        let object = serde_json::json!({ "summary": SummaryJson::new(&last, &summary) });
        print::data(&json::line(&object)?)?;
    } else if args.yes {
        let entries = entries(opened).await?;
        let owed: Vec<&Entry> = entries
            .iter()
            .filter(|entry| entry.owed().is_some())
            .collect();
        print::tell(&one_line((&opened.name, owed.len()), &last, &summary, exit));
        for line in owed.into_iter().filter_map(|entry| goes_on(entry, &last)) {
            print::tell(&line);
        }
    }
    Ok(exit)
}

/// What can be known to be wrong before the tenant is asked.
async fn before(opened: &Opened, args: &Sync, sealed: Option<&SealedPlan>) -> Result<(), Failure> {
    let picture = opened.world.store.ledger.load().await;
    let picture = picture.map_err(|error| error.failure())?;
    picks::named(args, &picture.entries)?;
    if let Some(path) = args.out.as_ref().filter(|path| path.exists()) {
        return Err(Failure::new(
            FailureKind::Config,
            format!("{} is there already", path.display()),
            "",
            "Nothing was read and nothing was written over it. Name another file, or remove that one first.",
        ));
    }
    let Some(sealed) = sealed else { return Ok(()) };
    let pinned = picture.pin.map(|pin| (pin.name, pin.tenant));
    if pinned
        .as_ref()
        .is_some_and(|(_, tenant)| *tenant == sealed.tenant)
    {
        return Ok(());
    }
    let here = match pinned {
        Some((name, tenant)) => format!("{} is tied to {name} ({tenant})", opened.name),
        None => format!("{} is tied to no tenant yet", opened.name),
    };
    Err(Failure::new(
        FailureKind::Refused,
        "This plan was made for another tenant",
        format!(
            "the plan is for {} ({}); {here}",
            sealed.tenant_name, sealed.tenant
        ),
        "Nothing was read from the tenant and nothing was written. Name the plan's tenant with --tenant.",
    ))
}

/// The plan of an empty outbox: what a kept plan is held against when nothing is queued any more.
fn nothing_now(sealed: &SealedPlan) -> WritePlan {
    WritePlan {
        tenant: sealed.tenant,
        tenant_name: sealed.tenant_name.clone(),
        read_at: sealed.read_at,
        items: Vec::new(),
        left_out: Vec::new(),
        limit: sealed.limit,
    }
}

async fn entries(opened: &Opened) -> Result<Vec<Entry>, Failure> {
    let picture = opened.world.store.ledger.load().await;
    Ok(picture.map_err(|error| error.failure())?.entries)
}

/// Whether something of what was to be written has stayed queued.
async fn waits(opened: &Opened, chosen: &[EntryId]) -> Result<bool, Failure> {
    let entries = entries(opened).await?;
    Ok(entries
        .iter()
        .any(|entry| chosen.contains(&entry.id) && entry.state == EntryState::Queued))
}

/// The exit code when something that was asked for was not written.
fn with_refusals(exit: Exit, picks: &Picks) -> Exit {
    if picks.refused.is_empty() || !matches!(exit, Exit::Done | Exit::Planned) {
        return exit;
    }
    match (exit, picks.of_others && picks.write.is_empty()) {
        // Nothing was to be written but what somebody else has queued.
        (Exit::Done, true) => Exit::Refused,
        (Exit::Done, false) => Exit::Partly,
        (other, _) => other,
    }
}

enum Decision {
    Apply {
        past_limit: bool,
    },
    Keep(std::path::PathBuf),
    Leave,
    /// There is nothing to be written.
    Nothing,
    Refused(String),
}

/// A plan, what was picked of it, and the outbox.
type Choice<'a> = (&'a WritePlan, &'a Picks, &'a [Entry]);

fn decide(
    opened: &Opened,
    args: &Sync,
    (plan, picks, _): Choice<'_>,
    json: bool,
) -> anyhow::Result<Decision> {
    if args.plan {
        return Ok(match &args.out {
            Some(path) if !picks.write.is_empty() => Decision::Keep(path.clone()),
            Some(_) => {
                print::tell("Nothing of it can be written: no file was made.");
                Decision::Leave
            }
            None => Decision::Leave,
        });
    }
    if picks.write.is_empty() {
        return Ok(if picks.no_ticket {
            Decision::Refused(no_ticket(opened))
        } else {
            Decision::Nothing
        });
    }
    let taking = plan.taking_away(|entry| picks.write.contains(&entry));
    if args.yes {
        if opened.settings.read_only {
            let why = "This tenant is read-only: nothing was written. Set `read_only = false` for it in the configuration.";
            return Ok(Decision::Refused(why.to_owned()));
        }
        if taking > plan.limit {
            let why = format!(
                "{taking} changes take something away, the limit is {}: nothing was written. Apply it in the console.",
                plan.limit
            );
            return Ok(Decision::Refused(why));
        }
        if print::is_unheard() {
            print::tell("Nothing was written: nobody reads the output any more.");
            return Ok(Decision::Leave);
        }
        return Ok(Decision::Apply { past_limit: false });
    }
    if opened.settings.read_only || !may_write(args, json) {
        let way = match &args.apply {
            Some(file) => {
                let file = file.to_string_lossy();
                let word = shlex::try_quote(&file).unwrap_or_else(|_| file.clone());
                format!("`sync --apply {word} --yes`")
            }
            None => "`sync --yes`".to_owned(),
        };
        print::tell(&format!("Nothing was written; {way} writes it."));
        return Ok(Decision::Leave);
    }
    let past_limit = taking > plan.limit;
    let tenant = called(opened, plan);
    let agreed = if past_limit {
        let question = format!(
            "{taking} changes take something away, more than {}. Type the tenant's name, {tenant}, to write:",
            plan.limit
        );
        print::ask(&question)? == Label::new(tenant).as_str()
    } else {
        print::ask(&format!("Write this to {tenant}? Type yes:"))? == "yes"
    };
    Ok(if agreed {
        Decision::Apply { past_limit }
    } else {
        Decision::Leave
    })
}

/// The ticket of this call: the one that was given, or that of the kept plan.
fn ticket_of<'a>(args: &'a Sync, sealed: Option<&'a SealedPlan>) -> Option<&'a str> {
    let of_plan = sealed.map(|sealed| sealed.ticket.as_str());
    args.ticket
        .as_deref()
        .or(of_plan)
        .map(str::trim)
        .filter(|ticket| !ticket.is_empty())
}

/// Whether a call may come to writing: it was told to, or somebody can be asked.
fn may_write(args: &Sync, json: bool) -> bool {
    !args.plan && (args.yes || !json && print::is_interactive())
}

/// Why a tenant that wants a ticket is not written to without one.
fn no_ticket(opened: &Opened) -> String {
    format!(
        "{} wants a ticket for each change (`require_ticket`): nothing was written. Name one for all with --ticket, or note each in \
         the console's plan (T).",
        opened.name
    )
}

async fn set_ticket(opened: &Opened, entries: &[EntryId], ticket: &str) -> Result<(), Failure> {
    let (ledger, stamp) = (&opened.world.store.ledger, opened.stamp());
    ledger
        .set_ticket(entries.to_vec(), ticket.to_owned(), stamp)
        .await
        .map_err(|error| error.failure())
}

fn keep(
    opened: &Opened,
    path: &std::path::Path,
    (plan, picks, entries): Choice<'_>,
    args: &Sync,
) -> Result<(), Failure> {
    let mut sealed = SealedPlan::of(
        plan,
        entries,
        |entry| picks.write.contains(&entry),
        (&opened.settings.author, opened.clock.now()),
    );
    if let Some(ticket) = ticket_of(args, None) {
        ticket.clone_into(&mut sealed.ticket);
    }
    planfile::save(path, &sealed)?;
    print::tell(&format!(
        "Kept in {}: {} to write, {} held back; {}. `sync --apply FILE --yes` writes it.",
        path.display(),
        sealed.changes.len(),
        sealed.held_back.len(),
        plan.limit_words(sealed.taking_away())
    ));
    if sealed.taking_away() > plan.limit {
        print::tell(
            "It is past the mass-change limit: applying it asks for the tenant's name, and a script is refused.",
        );
    }
    Ok(())
}

/// What an unattended run comes to.
fn one_line(
    (name, owed): (&str, usize),
    outcome: &Outcome,
    summary: &Summary,
    exit: Exit,
) -> String {
    let owed = match owed {
        0 => String::new(),
        1 => ", 1 NUMBER RELEASED and not given again".to_owned(),
        n => format!(", {n} NUMBERS RELEASED and not given again"),
    };
    let counts = format!(
        "{} written, {} refused, {} in conflict, {} left in the outbox{owed}",
        summary.written, summary.refused, summary.conflicts, summary.left
    );
    let word = match (exit, outcome) {
        (Exit::Refused, Outcome::Done) => "not written",
        (Exit::Planned, Outcome::Done) if summary.written == 0 => "not written",
        (Exit::Planned | Exit::Partly, Outcome::Done) => "partly",
        _ => outcome.word(),
    };
    format!("{name}: {word}: {counts}; exit {}", exit.code())
}

/// A number that rings nowhere: why it was not given again, and the two ways on.
fn goes_on(entry: &Entry, last: &Outcome) -> Option<String> {
    let owed = entry.owed_words()?;
    let why = match (&entry.state, last) {
        (EntryState::Rejected { cause, .. }, _) => format!(": {cause}"),
        (EntryState::Held { why }, _) => format!(": {why}"),
        (EntryState::Queued, Outcome::Failed(failure)) => format!(": {}", failure.headline),
        (EntryState::Queued, _) => String::new(),
        (state, _) => format!(": {}", state.word()),
    };
    let text = format!(
        "  {}: {owed}; {} was not assigned{why}. {}.",
        entry.name,
        entry.wanted.shown(),
        ways_on(entry)
    );
    Some(Label::new(&text).as_str().to_owned())
}

/// The two ways on from a number that rings nowhere. Giving it back is a change like any other: a sync alone writes nothing.
pub(super) fn ways_on(entry: &Entry) -> String {
    let back = format!(
        "`outbox drop {}`, then `sync --yes`, gives it back",
        entry.id.0
    );
    entry.ways_on("`sync --yes`", &back)
}

/// The tenant's name as the console shows it: that of the configuration, else the tenant's own.
fn called<'a>(opened: &'a Opened, plan: &'a WritePlan) -> &'a str {
    let named = opened.config.display.as_deref();
    named.unwrap_or(&plan.tenant_name).trim()
}

fn show(tenant: &str, plan: &WritePlan, picks: &Picks, doubts: &Doubts) {
    print::tell(&format!(
        "PLAN  {tenant}  {}",
        plan.chosen_words(picks.write.len())
    ));
    let chosen = |entry: EntryId| picks.write.contains(&entry);
    for item in plan.items.iter().filter(|item| chosen(item.entry)) {
        let (field, old, new) = (
            item.new.field().as_str(),
            item.old.shown(),
            item.new.shown(),
        );
        print::tell(&format!(
            "  {}: {field} {old} -> {new}  {}",
            doubts.called(Some(item.target), &item.name),
            item.note
        ));
        doubts.tell([(Some(item.target), &*item.name)].into_iter());
    }
    for number in plan.silenced(chosen) {
        print::tell(&format!(
            "  ! stops ringing: {} (nobody gets it)",
            number.spaced()
        ));
    }
    if let Some(gap) = plan.gap(chosen) {
        print::tell(&format!("  ! {gap}"));
    }
    let takes = plan.taking_away(chosen);
    if takes > 0 {
        // Nobody is asked here who is not at a terminal.
        let words = plan.limit_words(takes);
        let words = words.replace(
            "would ask for the tenant's name",
            "are refused without a terminal",
        );
        print::tell(&format!("  {words}"));
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::guid::{Guid, TenantId};
    use crate::domain::phone::PhoneNumber;
    use crate::domain::user::Value;

    #[test]
    fn a_number_that_rings_nowhere_says_why_and_both_ways_on() {
        let number = |text: &str| Value::Number(PhoneNumber::from_tenant(text));
        let pair = (number("+441235123501"), number("+441235123511"));
        let tenant = TenantId(Guid::from_bytes([1; 16]));
        let queued = Entry {
            id: EntryId(7),
            name: "Amy Apple".to_owned(),
            ..Entry::queued(tenant, pair, ("kim", Timestamp::UNIX_EPOCH))
        };
        assert_eq!(goes_on(&queued, &Outcome::Done), None, "nothing is owed");
        let entry = Entry {
            released: PhoneNumber::from_tenant("+441235123501"),
            ..queued
        };
        let failure = Failure::new(FailureKind::TryAgain, "The token has expired", "", "");
        assert_eq!(
            goes_on(&entry, &Outcome::Failed(failure)).unwrap(),
            "  Amy Apple: +44 1235 123501 IS RELEASED and rings nowhere; +44 1235 123511 was not assigned: The token has \
             expired. `sync --yes` goes on; `outbox drop 7`, then `sync --yes`, gives it back."
        );
        let state = EntryState::Held {
            why: "held back by pat".to_owned(),
        };
        let held = goes_on(&Entry { state, ..entry }, &Outcome::Partly).unwrap();
        assert!(
            held.contains("was not assigned: held back by pat. "),
            "{held}"
        );
    }

    #[test]
    fn only_what_is_done_says_so() {
        let summary = |written| Summary {
            written,
            left: 2,
            ..Summary::default()
        };
        for (written, exit, word) in [
            (0, Exit::Refused, "not written"),
            (0, Exit::Planned, "not written"),
            (1, Exit::Planned, "partly"),
            (1, Exit::Partly, "partly"),
            (1, Exit::Done, "done"),
        ] {
            let line = one_line(("contoso", 0), &Outcome::Done, &summary(written), exit);
            let begins = format!("contoso: {word}: {written} written");
            assert!(line.starts_with(&begins), "{line}");
        }
        let line = one_line(
            ("contoso", 2),
            &Outcome::Cancelled,
            &summary(0),
            Exit::Other(130),
        );
        assert!(line.starts_with("contoso: cancelled: "), "{line}");
        assert!(
            line.contains("2 left in the outbox, 2 NUMBERS RELEASED and not given again; exit 130"),
            "{line}"
        );
    }
}
