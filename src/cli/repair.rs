//! `repair` and `move`: queue what takes a cause away, or a number from one to another. Nothing is written before a run does it.

use crate::domain::country::Country;
use crate::domain::evidence::{self, Names};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::mending;
use crate::domain::outbox::EntryId;
use crate::domain::phone::PhoneNumber;
use crate::domain::plan_ids::PlanClass;
use crate::domain::repair::Repair;
use crate::domain::words;
use crate::ops::repair::{self, With};
use crate::ops::whom;
use crate::store::cache::StoredUser;

use super::args::{Global, Move, Repair as Asked};
use super::exit::Exit;
use super::open::{Opened, open};
use super::print;

pub(super) async fn run(global: &Global, asked: &Asked) -> anyhow::Result<Exit> {
    let mut opened = open(global).await?;
    opened.need_snapshot().await?;
    let stored = whom::person(&opened.world.store, &asked.user).await?;
    let country = asked
        .location
        .as_deref()
        .map(str::parse::<Country>)
        .transpose()
        .map_err(|error| Failure::new(FailureKind::Config, error.to_string(), "", ""))?;
    let repairs = wanted(&opened, asked, &stored).await?;
    let with = With {
        country,
        typed: asked.name.as_deref(),
        then_add: asked.add,
    };
    let done = repair::repair(
        &opened.world.store,
        stored.user.id,
        &repairs,
        with,
        opened.stamp(),
    )
    .await
    .map_err(|failure| {
        if failure.headline.starts_with("This stops") {
            Failure {
                hint: "Nothing was queued. To do it: the same command with --name and the user's full name.".to_owned(),
                ..failure
            }
        } else {
            failure
        }
    })?;
    print::tell(&format!("{done}; `sync --plan` plans it"));
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}

async fn wanted(
    opened: &Opened,
    asked: &Asked,
    stored: &StoredUser,
) -> anyhow::Result<Vec<Repair>> {
    if asked.location.is_some() {
        return Ok(vec![Repair::SetLocation]);
    }
    if asked.release_number {
        let Some(number) = stored.number.clone() else {
            return Err(refused("This user holds no number", "Nothing is to be done.").into());
        };
        return Ok(vec![Repair::Release { number }]);
    }
    let (class, words) = if asked.remove_credits {
        (PlanClass::Credits, words::CREDITS)
    } else {
        (PlanClass::Calling, "Calling Plan")
    };
    let outline = opened
        .world
        .store
        .cache
        .outline()
        .await
        .map_err(|error| error.failure())?;
    let (skus, groups) =
        outline.map_or_else(Default::default, |outline| (outline.skus, outline.groups));
    let (repairs, by_group) = mending::ways(class, &stored.user, &skus);
    if let Some(licence) = by_group.first() {
        let label = evidence::sku_label(
            licence,
            &Names {
                skus: &skus,
                groups: &groups,
            },
        );
        return Err(refused(
            format!("The {words} comes in {label}, which cannot be changed for one user"),
            "Take the user out of that group, or switch the plan off in the group's licence; `script USER` prints the PowerShell.",
        )
        .into());
    }
    if repairs.is_empty() {
        return Err(refused(
            format!("No licence of this user brings {words}"),
            "Nothing is to be done; if it was changed a moment ago, sync first.",
        )
        .into());
    }
    Ok(repairs)
}

pub(super) async fn move_number(global: &Global, asked: &Move) -> anyhow::Result<Exit> {
    let mut opened = open(global).await?;
    opened.need_snapshot().await?;
    let stored = whom::person(&opened.world.store, &asked.to).await?;
    let number = PhoneNumber::from_tenant(&asked.number.replace(' ', "")).ok_or_else(|| {
        let headline = format!("{} is no number in E.164", asked.number);
        Failure::new(
            FailureKind::Config,
            headline,
            "",
            "Write it as +441235123465.",
        )
    })?;
    let done =
        repair::move_number(&opened.world.store, &number, stored.user.id, opened.stamp()).await?;
    print::tell(&format!("{done}; `sync --plan` plans it"));
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}

/// Queues the counter-change of an entry that was written.
pub(super) async fn take_back(opened: &Opened, id: i64, name: Option<&str>) -> anyhow::Result<()> {
    let done = repair::take_back(&opened.world.store, EntryId(id), name, opened.stamp()).await?;
    print::tell(&format!("{done}; `sync --plan` plans it"));
    Ok(())
}

fn refused(headline: impl Into<String>, hint: &str) -> Failure {
    Failure::new(FailureKind::Refused, headline, "", hint)
}
