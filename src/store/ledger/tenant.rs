//! The pin and the seats: what ties the ledger to one tenant, and what was bought for it.

use rusqlite::{Connection, params};

use crate::domain::guid::TenantId;
use crate::domain::seat::Seats;

use super::super::Stamp;
use super::super::audit::{Said, append};
use super::super::error::StoreError;
use super::{PinOutcome, rows};

/// Pins a tenant, unless another is pinned.
pub(super) fn pin(
    tx: &Connection,
    tenant: TenantId,
    name: &str,
    stamp: &Stamp,
) -> Result<PinOutcome, StoreError> {
    match rows::pin(tx)? {
        Some(pinned) if pinned.tenant == tenant => return Ok(PinOutcome::Same),
        Some(pinned) => return Ok(PinOutcome::Other { pinned }),
        None => {}
    }
    let id = tenant.0.bytes();
    let moved = tx.execute(
        "UPDATE users SET tenant = ?1, old_number = coalesce(number, old_number), number = NULL, country = NULL,
                association = 0, directory_id = NULL, gone = 0
         WHERE tenant <> ?1",
        params![id],
    )?;
    let parked = tx.execute(
        "UPDATE outbox SET parked = 1 WHERE tenant <> ?1 AND NOT parked",
        params![id],
    )?;
    rows::set(tx, "pin_tenant", Some(&tenant.to_string()))?;
    rows::set(tx, "pin_name", Some(name))?;
    rows::set(tx, "pin_at", Some(&stamp.at.to_string()))?;
    let note = if moved + parked == 0 {
        name.to_owned()
    } else {
        format!("{name}; associations dissolved: {moved}, changes set aside: {parked}")
    };
    let said = Said {
        action: "pinned",
        tenant: Some(tenant),
        note,
        ..Said::default()
    };
    append(tx, stamp, said)?;
    Ok(PinOutcome::New)
}

/// Removes the pin; everything else stays.
pub(super) fn unpin(tx: &Connection, stamp: &Stamp) -> Result<(), StoreError> {
    let Some(pinned) = rows::pin(tx)? else {
        return Ok(());
    };
    for key in ["pin_tenant", "pin_name", "pin_at"] {
        rows::set(tx, key, None)?;
    }
    let said = Said {
        action: "unpinned",
        tenant: Some(pinned.tenant),
        note: pinned.name,
        ..Said::default()
    };
    append(tx, stamp, said)
}

/// Sets seats and their end.
pub(super) fn set_seats(tx: &Connection, seats: Seats, stamp: &Stamp) -> Result<(), StoreError> {
    let before = rows::seats(tx)?;
    if before == seats {
        return Ok(());
    }
    let bought = seats.bought.map(|count| count.to_string());
    let ends = seats.ends.map(|day| day.to_string());
    rows::set(tx, "seats_bought", bought.as_deref())?;
    rows::set(tx, "seats_end", ends.as_deref())?;
    let said = Said {
        action: "seats",
        tenant: rows::pin(tx)?.map(|pin| pin.tenant),
        before: worded(before),
        after: worded(seats),
        ..Said::default()
    };
    append(tx, stamp, said)
}

fn worded(seats: Seats) -> String {
    let bought = seats
        .bought
        .map_or("no limit".to_owned(), |count| count.to_string());
    match seats.ends {
        Some(day) => format!("{bought} until {day}"),
        None => bought,
    }
}
