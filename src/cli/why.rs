//! `why`: the whole truth about one user, or one object a line about everybody.

use crate::app::zone::Zone;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::GateResult;
use crate::domain::text::Label;
use crate::domain::why::{Way, Why};
use crate::ops::explain::{self, Everyone, Whom};
use crate::record::json::{self, WhyJson};
use crate::store::error::StoreError;
use crate::sync::{ReadAgain, Reading, read_again};

use super::args::{self, Global};
use super::doubt::Doubts;
use super::exit::Exit;
use super::open::{Opened, open};
use super::print;

pub(super) async fn run(global: &Global, args: &args::Why) -> anyhow::Result<Exit> {
    if args.all && !global.json {
        return Err(Failure::new(
            FailureKind::Config,
            "`why --all` is only there with --json",
            "",
            "Give --json: one object a line. `candidates --everyone` is the table.",
        )
        .into());
    }
    let mut opened = open(global).await?;
    opened.need_snapshot().await?;
    if args.all {
        all(&opened).await?;
    } else {
        let text = args.user.as_deref().unwrap_or_default();
        if text.trim().is_empty() {
            return Err(Failure::new(
                FailureKind::Config,
                "Why who?",
                "",
                "Give a name, an address, a number or an id.",
            )
            .into());
        }
        let mut why = one(&opened, text, args.live).await?;
        Doubts::of(&opened).await?.put_into(&mut why);
        if global.json {
            print::data(&json::single(&WhyJson::new(&why))?)?;
        } else {
            text_of(&why)?;
        }
    }
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}

pub(super) async fn one(opened: &Opened, text: &str, live: bool) -> anyhow::Result<Why> {
    let store = &opened.world.store;
    let now = opened.clock.now();
    let mut whom = Whom::Text(text.to_owned());
    let (mut read, mut also) = (false, Vec::new());
    if live {
        // Whom the files know by name is read by id; everybody else is looked for in the tenant.
        let known = explain::why(store, &whom, now, false)
            .await
            .map_err(|error| error.failure())?;
        let again = known
            .id
            .map_or_else(|| ReadAgain::Text(text.to_owned()), ReadAgain::Id);
        match read_again(&opened.world.client, store, &again, now).await? {
            Reading::Read(id) => {
                whom = Whom::Directory(id);
                read = true;
                also = known.also;
            }
            Reading::Gone(id) => {
                return Ok(explain::why_gone(store, id, now)
                    .await
                    .map_err(|error| error.failure())?);
            }
            Reading::Nobody => {}
        }
    }
    let mut why = explain::why(store, &whom, now, read)
        .await
        .map_err(|error| error.failure())?;
    if read {
        why.also = also;
    }
    Ok(why)
}

async fn all(opened: &Opened) -> anyhow::Result<()> {
    let failed = |error: StoreError| error.failure();
    let mut everyone = Everyone::new(&opened.world.store, opened.clock.now())
        .await
        .map_err(failed)?;
    loop {
        let answers = everyone.next().await.map_err(failed)?;
        if answers.is_empty() {
            return Ok(());
        }
        let mut lines = String::new();
        for why in &answers {
            lines.push_str(&json::line(&WhyJson::new(why))?);
            lines.push('\n');
        }
        print::data(lines.trim_end())?;
    }
}

/// Columns of a line, where the words of the left column end.
const LEFT: usize = 12;

pub(super) fn text_of(why: &Why) -> anyhow::Result<()> {
    for line in lines(why, &print::zone()) {
        print::data(&Label::new(&line).to_string())?;
    }
    Ok(())
}

/// The lines, with the local time of a zone beside each time.
fn lines(why: &Why, zone: &Zone) -> Vec<String> {
    let mut out = vec![title(why, zone), why.verdict.clone()];
    out.extend(steps(why));
    for finding in &why.gates {
        let mark = match finding.result {
            GateResult::Passed => "ok",
            GateResult::Failed => "NO",
            GateResult::Unknown => "??",
        };
        let (words, evidence) = (finding.gate.words(), &finding.evidence);
        out.push(format!("{mark}  {words:<16} {evidence}"));
    }
    out.extend(
        why.warnings
            .iter()
            .map(|warning| format!("!   {}", warning.words())),
    );
    for fact in &why.facts {
        out.push(format!("{:<LEFT$} {}", fact.label, fact.text));
    }
    out.extend(why.lately.iter().enumerate().map(|(n, text)| {
        let label = if n == 0 { "Lately" } else { "" };
        format!("{label:<LEFT$} {text}")
    }));
    for (label, people) in [("Also matches", &why.also), ("Near", &why.near)] {
        if !people.is_empty() {
            out.push(format!("{label:<LEFT$} {}", people.join(", ")));
        }
    }
    // Times without a year are of the time at which it was read.
    let now = why.read_at.unwrap_or_default();
    out.iter().map(|line| zone.told(line, now)).collect()
}

fn title(why: &Why, zone: &Zone) -> String {
    let who = if why.upn.is_empty() {
        why.name.clone()
    } else {
        format!("{} <{}>", why.name, why.upn)
    };
    let read = match (why.read_at, why.live) {
        (Some(at), true) => {
            let utc = at.strftime("%Y-%m-%d %H:%M:%SZ");
            format!("read live {utc}{}", zone.beside(at))
        }
        (Some(at), false) => format!("read {}", at.strftime("%Y-%m-%d %H:%MZ")),
        (None, _) => "never read".to_owned(),
    };
    format!("WHY  {who}  {read}")
}

/// Each step with its number; the address of a page stands behind it, since there is no key that copies it.
fn steps(why: &Why) -> Vec<String> {
    why.numbering()
        .map(|(number, step)| {
            let Some(number) = number else {
                return format!("   ! {}", step.text);
            };
            match &step.way {
                Way::Page(address) => format!("{number:>2} {}: {address}", step.text),
                Way::Script => format!("{number:>2} {}: the command script prints it", step.text),
                Way::Here { .. } | Way::Add | Way::ByHand | Way::Beware => {
                    format!("{number:>2} {}", step.text)
                }
            }
        })
        .collect()
}
