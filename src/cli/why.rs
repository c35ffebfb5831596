//! `why`: the whole truth about one user, or one object a line about everybody.

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::GateResult;
use crate::domain::text::Label;
use crate::domain::why::Why;
use crate::ops::explain::{self, Whom};
use crate::record::json::{self, WhyJson};
use crate::sync::{ReadAgain, read_again};

use super::args::{self, Global};
use super::exit::Exit;
use super::open::{Opened, open};
use super::print;

pub(super) async fn run(global: &Global, args: &args::Why) -> anyhow::Result<Exit> {
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
        let why = one(&opened, text, args.live).await?;
        if global.json {
            print::data(&json::single(&WhyJson::new(&why))?)?;
        } else {
            text_of(&why)?;
        }
    }
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}

async fn one(opened: &Opened, text: &str, live: bool) -> anyhow::Result<Why> {
    let store = &opened.world.store;
    let now = opened.clock.now();
    let mut whom = Whom::Text(text.to_owned());
    let mut read = false;
    if live {
        // Whom the files know by name is read by id; everybody else is looked for in the tenant.
        let known = explain::why(store, &whom, now, false)
            .await
            .map_err(|error| error.failure())?;
        let again = known
            .id
            .map_or_else(|| ReadAgain::Text(text.to_owned()), ReadAgain::Id);
        if let Some(id) = read_again(&opened.world.client, store, &again, now).await? {
            whom = Whom::Directory(id);
            read = true;
        }
    }
    Ok(explain::why(store, &whom, now, read)
        .await
        .map_err(|error| error.failure())?)
}

async fn all(opened: &Opened) -> anyhow::Result<()> {
    let store = &opened.world.store;
    let now = opened.clock.now();
    for row in store
        .cache
        .all_rows()
        .await
        .map_err(|error| error.failure())?
    {
        let why = explain::why(store, &Whom::Directory(row.id), now, false)
            .await
            .map_err(|error| error.failure())?;
        print::data(&json::line(&WhyJson::new(&why))?)?;
    }
    Ok(())
}

fn text_of(why: &Why) -> anyhow::Result<()> {
    let line = |text: String| print::data(&Label::new(&text).to_string());
    let who = if why.upn.is_empty() {
        why.name.clone()
    } else {
        format!("{} <{}>", why.name, why.upn)
    };
    let read = match (why.read_at, why.live) {
        (Some(at), true) => format!("read live {}", at.strftime("%Y-%m-%d %H:%M:%SZ")),
        (Some(at), false) => format!("read {}", at.strftime("%Y-%m-%d %H:%MZ")),
        (None, _) => "never read".to_owned(),
    };
    line(format!("WHY  {who}  {read}"))?;
    line(why.verdict.clone())?;
    for (n, step) in why.steps.iter().enumerate() {
        line(format!(" {} {}", n + 1, step.text))?;
    }
    for finding in &why.gates {
        let mark = match finding.result {
            GateResult::Passed => "ok",
            GateResult::Failed => "NO",
            GateResult::Unknown => "??",
        };
        line(format!(
            "{mark}  {:<17} {}",
            finding.gate.words(),
            finding.evidence
        ))?;
    }
    for fact in &why.facts {
        line(format!("    {:<17} {}", fact.label, fact.text))?;
    }
    for text in &why.lately {
        line(format!("    lately            {text}"))?;
    }
    for text in why.near.iter().filter(|_| why.id.is_some()) {
        line(format!("    also matches      {text}"))?;
    }
    Ok(())
}
