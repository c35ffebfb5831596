//! What differs between the lists of the snapshot and those that were just read, row by row as they lie: neither is copied.

use std::collections::BTreeSet;
use std::iter::Peekable;

use rusqlite::Connection;

use crate::domain::directory::{GroupFilter, TenantNumber};
use crate::domain::guid::ObjectId;
use crate::domain::lists::{TeamsUsers, TenantNumbers};
use crate::domain::phone::PhoneNumber;

use super::super::error::StoreError;
use super::Reference;
use super::reference::{self, Printed, is_printed, number_row, teams_row};

/// Whose class may differ because the reference data differ; `None` when it may be anybody's.
pub(super) fn differing(
    connection: &Connection,
    now: &Reference,
) -> Result<Option<Vec<ObjectId>>, StoreError> {
    let Some(before) = reference::lists_known(connection)? else {
        return Ok(None);
    };
    let Some(outline) = reference::outline(connection)? else {
        return Ok(None);
    };
    if before != (now.teams.is_some(), now.numbers.is_some()) {
        return Ok(None);
    }
    let mut whose: BTreeSet<ObjectId> = BTreeSet::new();
    if let Some(teams) = &now.teams {
        whose.extend(teams_differing(connection, teams)?);
    }
    if let Some(numbers) = &now.numbers {
        for number in numbers_differing(connection, numbers)? {
            let records = reference::records_of(connection, &number)?;
            let both = records.into_iter().chain(numbers.of(&number));
            whose.extend(both.filter_map(|record| record.holder()));
        }
    }
    if !joined_or_left(&outline.group, &now.group, &mut whose) {
        return Ok(None);
    }
    Ok(Some(whose.into_iter().collect()))
}

/// Adds who joined or left the group; false where the filter is another one.
fn joined_or_left(before: &GroupFilter, now: &GroupFilter, whose: &mut BTreeSet<ObjectId>) -> bool {
    match (before, now) {
        (
            GroupFilter::Members {
                group: a,
                members: old,
            },
            GroupFilter::Members {
                group: b,
                members: new,
            },
        ) if a.id == b.id => {
            whose.extend(old.iter().filter(|id| new.binary_search(id).is_err()));
            whose.extend(new.iter().filter(|id| old.binary_search(id).is_err()));
            true
        }
        (
            GroupFilter::Unreadable { .. } | GroupFilter::Hidden { .. },
            GroupFilter::Unreadable { .. } | GroupFilter::Hidden { .. },
        )
        | (
            GroupFilter::Missing { .. } | GroupFilter::Ambiguous { .. },
            GroupFilter::Missing { .. } | GroupFilter::Ambiguous { .. },
        )
        | (GroupFilter::Off, GroupFilter::Off) => true,
        _ => false,
    }
}

/// The users whose row of Teams is another, is new, or is gone.
pub(super) fn teams_differing(
    connection: &Connection,
    new: &TeamsUsers,
) -> Result<Vec<ObjectId>, StoreError> {
    if is_printed(connection, Printed::Teams, new.print())? {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {} FROM teams ORDER BY id", reference::TEAMS);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut new = new.iter().peekable();
    let mut differing = Vec::new();
    while let Some(row) = rows.next()? {
        let old = teams_row(row)?;
        while let Some(added) = new.next_if(|row| row.id < old.id) {
            differing.push(added.id);
        }
        match new.next_if(|row| row.id == old.id) {
            Some(row) if row.is(&old) => {}
            Some(_) | None => differing.push(old.id),
        }
    }
    differing.extend(new.map(|row| row.id));
    Ok(differing)
}

/// The numbers whose records are others, are new, or are gone.
pub(super) fn numbers_differing(
    connection: &Connection,
    new: &TenantNumbers,
) -> Result<Vec<PhoneNumber>, StoreError> {
    if is_printed(connection, Printed::Numbers, new.print())? {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {} FROM numbers ORDER BY number, n",
        reference::NUMBERS
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query_map([], number_row)?.peekable();
    let mut new = new.iter().peekable();
    let mut differing = Vec::new();
    while let Some(first) = rows.next() {
        let first = first?;
        let number = first.number.clone();
        let mut old = vec![first];
        while let Some(more) =
            rows.next_if(|row| row.as_ref().map_or(true, |record| record.number == number))
        {
            old.push(more?);
        }
        while let Some(records) = group(&mut new, |other| *other < number) {
            differing.push(records);
        }
        let mut theirs = Vec::new();
        while let Some(record) = new.next_if(|record| record.number == number) {
            theirs.push(record);
        }
        if theirs != old {
            differing.push(number);
        }
    }
    while let Some(number) = group(&mut new, |_| true) {
        differing.push(number);
    }
    Ok(differing)
}

/// Passes over the records of the next number, if it is one of those.
fn group(
    records: &mut Peekable<impl Iterator<Item = TenantNumber>>,
    is_one: impl Fn(&PhoneNumber) -> bool,
) -> Option<PhoneNumber> {
    let number = records.next_if(|record| is_one(&record.number))?.number;
    while records.next_if(|record| record.number == number).is_some() {}
    Some(number)
}
