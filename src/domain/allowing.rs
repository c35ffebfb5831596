//! Whether one change may be written, seen by what was just read: pure, and each "no" says why.
//!
//! Knows one entry at a time, with what the rest of the plan frees and repairs; the plan itself is made in `planning`.

use std::collections::HashSet;

use super::directory::{NumberSource, NumberType};
use super::gate::Facts;
use super::guid::ObjectId;
use super::mending;
use super::outbox::{Entry, Giver};
use super::phone::PhoneNumber;
use super::plan_ids::{self, PlanClass};
use super::planning::{PlanInput, TouchedUser, Written};
use super::text::Label;
use super::user::Value;
use super::words;

/// What is to be known of a change of number, and whether a repair of this plan has released the old one already.
pub(super) fn number_note(
    input: &PlanInput<'_>,
    entry: &Entry,
    target: ObjectId,
    (freed, ours): Written<'_>,
) -> Result<(String, bool), String> {
    let touched = &input.touched.users[&target];
    let facts = touched.facts().ok_or(words::GONE)?;
    on_premises(touched)?;
    let Value::Number(Some(number)) = &entry.wanted else {
        may_fall_silent(touched, entry)?;
        return Ok(("would be released".to_owned(), false));
    };
    if entry.gives_back {
        let free = holder_of(input, number, target, freed)?;
        return Ok((format!("given back: {free}"), false));
    }
    if ours.clear_calling(target, facts.user, &input.touched.skus) {
        usable_licence(&facts)?;
        number_is_free(input, number, target, freed)?;
        // The repair releases a number of the Calling Plan alone: another one would be replaced without a release.
        let stays = touched
            .numbers
            .iter()
            .find(|held| held.kind != NumberType::CallingPlan && held.number != *number);
        if let Some(held) = stays {
            return Err(format!(
                "holds {}, which no Calling Plan has brought: switch the plan off first, and change the number then",
                held.number.spaced()
            ));
        }
        return Ok(("after the Calling Plan is off".to_owned(), true));
    }
    not_calling_plan(touched)?;
    may_hold(&facts)?;
    Ok((number_is_free(input, number, target, freed)?, false))
}

/// A release that was confirmed by name is for that number alone; one that was not never takes a Calling Plan number.
fn may_fall_silent(touched: &TouchedUser, entry: &Entry) -> Result<(), String> {
    match &entry.silences {
        None => not_calling_plan(touched),
        Some(number) if entry.base.number() == Some(number) => Ok(()),
        Some(number) => Err(format!(
            "{} was confirmed by name, and the user has another number now: drop it and release again",
            number.spaced()
        )),
    }
}

/// A change of a licence: what it does to the other plans, and the number that it stops.
pub(super) fn licence(
    input: &PlanInput<'_>,
    entry: &Entry,
    touched: &TouchedUser,
    together: &[&Value],
) -> Result<(String, Option<PhoneNumber>), String> {
    let licences = touched
        .licences()
        .ok_or("the user's licences could not be read whole")?;
    let user = touched.directory.as_ref().ok_or(words::GONE)?;
    mending::write_of(&entry.wanted, licences)?;
    let stops = mending::stops(together, user, &touched.numbers, &input.touched.skus);
    if stops.len() > 1 {
        let all: Vec<String> = stops.iter().map(PhoneNumber::spaced).collect();
        return Err(format!(
            "it would stop several numbers, {}: release them one by one first",
            all.join(" and ")
        ));
    }
    let stops = stops.into_iter().next();
    if let Some(number) = &stops
        && entry.silences.as_ref() != Some(number)
    {
        return Err(format!(
            "it would stop {}, which was not confirmed by name: drop it and repair again",
            number.spaced()
        ));
    }
    let stays = mending::stays(&entry.wanted, licences, &input.touched.skus);
    let note = match &entry.wanted {
        Value::Plan { sku, .. } => {
            let name = plan_ids::sku_name(*sku).unwrap_or("the licence");
            let tail = if stays.is_empty() {
                stays
            } else {
                format!("; {stays}")
            };
            format!("in \"{name}\" (direct){tail}")
        }
        _ => "the whole licence (direct)".to_owned(),
    };
    Ok((note, stops))
}

/// A move: the number goes from one to the other, and whoever gets it is looked at before anything is released.
pub(super) fn moving(
    input: &PlanInput<'_>,
    (entry, target): (&Entry, ObjectId),
    giver: &Giver,
    wanted: Option<&PhoneNumber>,
) -> Result<(String, Option<PhoneNumber>), String> {
    let number = wanted.ok_or("a move needs a number")?;
    if giver.id == target {
        return Err("the number is to move to the one who has it".to_owned());
    }
    let name = Label::new(&giver.name);
    let from = input
        .touched
        .users
        .get(&giver.id)
        .ok_or("the record of the one who gives the number could not be read")?;
    let record = from
        .numbers
        .iter()
        .find(|record| record.number == *number && record.holder() == Some(giver.id));
    // After a move that stopped half-way the number is free: then it is only given.
    let Some(record) = record else {
        if entry.released.as_ref() == Some(number) {
            successor(&input.touched.users[&target])?;
            number_is_free(input, number, target, &HashSet::new())?;
            return Ok((format!("released by {name} already"), None));
        }
        return Err(format!("{name} does not hold it any more"));
    };
    match (record.source, record.kind) {
        (NumberSource::OnPremises, _) => on_premises(from)?,
        (_, NumberType::CallingPlan) => {
            return Err(words::NOT_MOVED.to_owned());
        }
        _ => {}
    }
    successor(&input.touched.users[&target])?;
    let list = if entry.user.is_none() {
        ", but is not on the list of users"
    } else {
        ""
    };
    Ok((
        format!(
            "moves from {name}; {} can take it{list}",
            Label::new(&entry.name)
        ),
        Some(number.clone()),
    ))
}

/// Whether somebody can be given a number at once: what is checked of a successor before anybody loses one.
pub fn successor(touched: &TouchedUser) -> Result<(), String> {
    let facts = touched
        .facts()
        .ok_or("the successor is gone from the tenant")?;
    on_premises(touched)?;
    if let Some(held) = facts.number() {
        return Err(format!(
            "the successor has {} already, and one user has one number: release that first",
            held.spaced()
        ));
    }
    may_hold(&facts)?;
    match touched.teams.as_ref() {
        Some(teams) if !facts.is_resource() && teams.features.calling_plan => {
            Err("Teams still lists a Calling Plan for the successor: not spread yet".to_owned())
        }
        Some(teams) if !facts.is_resource() && !teams.features.phone_system => Err(
            "Teams does not see the successor's Phone System yet: a licence takes up to 24 hours to spread"
                .to_owned(),
        ),
        Some(_) => Ok(()),
        None => Err("Teams does not know the successor yet, or could not be read".to_owned()),
    }
}

fn on_premises(touched: &TouchedUser) -> Result<(), String> {
    if touched
        .numbers
        .iter()
        .any(|n| n.source == NumberSource::OnPremises)
    {
        return Err("DirSync'd user: the number is in Active Directory; clear msRTCSIP-Line and run the directory sync".to_owned());
    }
    Ok(())
}

fn not_calling_plan(touched: &TouchedUser) -> Result<(), String> {
    let held = touched
        .numbers
        .iter()
        .find(|n| n.kind == NumberType::CallingPlan);
    match held {
        Some(number) => Err(format!(
            "holds the Calling Plan number {}",
            number.number.spaced()
        )),
        None => Ok(()),
    }
}

/// Whether Teams would let this user hold a Direct Routing number.
fn may_hold(facts: &Facts<'_>) -> Result<(), String> {
    usable_licence(facts)?;
    if !facts.is_resource() && facts.usable(PlanClass::Calling) {
        return Err("has a Calling Plan: switch it off first".to_owned());
    }
    Ok(())
}

/// The licence that a telephone number needs.
fn usable_licence(facts: &Facts<'_>) -> Result<(), String> {
    let (class, words) = if facts.is_resource() {
        (PlanClass::Resource, "no usable resource account licence")
    } else {
        (PlanClass::Phone, "no usable Phone System licence")
    };
    if facts.usable(class) {
        Ok(())
    } else {
        Err(words.to_owned())
    }
}

fn number_is_free(
    input: &PlanInput<'_>,
    number: &PhoneNumber,
    target: ObjectId,
    freed: &HashSet<PhoneNumber>,
) -> Result<String, String> {
    let record = input.touched.numbers.get(number).and_then(Option::as_ref);
    if record.is_some_and(|record| record.kind == NumberType::CallingPlan) {
        return Err("a Calling Plan number: never sent as Direct Routing".to_owned());
    }
    holder_of(input, number, target, freed)
}

/// Whether a number can be had, whatever its type.
fn holder_of(
    input: &PlanInput<'_>,
    number: &PhoneNumber,
    target: ObjectId,
    freed: &HashSet<PhoneNumber>,
) -> Result<String, String> {
    let Some(record) = input.touched.numbers.get(number).and_then(Option::as_ref) else {
        return Ok("new to the tenant".to_owned());
    };
    match record.holder() {
        None => Ok("free".to_owned()),
        Some(holder) if holder == target => Ok("held already".to_owned()),
        Some(_) if freed.contains(number) => Ok("comes free by this plan".to_owned()),
        Some(holder) => {
            let name = input
                .touched
                .names
                .get(&holder)
                .map_or_else(|| holder.to_string(), |name| Label::new(name).to_string());
            Err(format!("held by {name}: release it there first"))
        }
    }
}
