//! The pin and the seats: what ties the ledger to one tenant, and what was bought for it.

use std::fmt::Write as _;

use rusqlite::{Connection, params};

use crate::domain::guid::TenantId;
use crate::domain::outbox::EntryState;
use crate::domain::seat::Seats;

use super::super::Stamp;
use super::super::audit::{Said, append};
use super::super::error::StoreError;
use super::{PinOutcome, SettingChange, entries, rows};

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
    let (known, moved) = move_users(tx, tenant)?;
    let parked = tx.execute(
        "UPDATE outbox SET parked = 1 WHERE tenant <> ?1 AND NOT parked",
        params![id],
    )?;
    let again = come_back(tx, tenant, stamp)?;
    rows::set(tx, "pin_tenant", Some(&tenant.to_string()))?;
    rows::set(tx, "pin_name", Some(name))?;
    rows::set(tx, "pin_at", Some(&stamp.at.to_string()))?;
    let mut note = name.to_owned();
    if moved + parked > 0 {
        let _ = write!(
            note,
            "; associations dissolved: {moved}, changes set aside: {parked}"
        );
    }
    if known > 0 {
        let _ = write!(note, "; users as they were here before: {known}");
    }
    if again > 0 {
        let _ = write!(
            note,
            "; changes of its own that had been set aside: {again}"
        );
    }
    let said = Said {
        action: "pinned",
        tenant: Some(tenant),
        note,
        ..Said::default()
    };
    append(tx, stamp, said)?;
    Ok(PinOutcome::New)
}

/// Makes all users rows of this tenant: how many were in it before and are associated as they were, and how many wait for somebody
/// to look at who they match here.
fn move_users(tx: &Connection, tenant: TenantId) -> Result<(usize, usize), StoreError> {
    let id = tenant.0.bytes();
    let known = tx
        .prepare_cached("SELECT count(*) FROM users WHERE tenant <> ?1 AND left_tenant = ?1")?
        .query_row(params![id], |row| row.get::<_, i64>(0))?;
    let known = usize::try_from(known).unwrap_or(0);
    let all = tx.execute(
        "UPDATE users SET tenant = ?1, old_number = coalesce(number, old_number), number = NULL, country = NULL, gone = 0,
                association = CASE WHEN left_tenant = ?1 THEN left_association ELSE ?2 END,
                directory_id = CASE WHEN left_tenant = ?1 THEN left_id END,
                left_tenant = tenant, left_association = association, left_id = directory_id
         WHERE tenant <> ?1",
        params![id, rows::WAITS],
    )?;
    Ok((known, all.saturating_sub(known)))
}

/// What was set aside for another tenant's sake waits again, held back: nobody has looked at it since.
fn come_back(tx: &Connection, tenant: TenantId, stamp: &Stamp) -> Result<usize, StoreError> {
    let id = tenant.0.bytes();
    let back = rows::entries(tx, "parked AND tenant = ?1", &[id])?;
    tx.execute(
        "UPDATE outbox SET parked = 0 WHERE parked AND tenant = ?1",
        params![id],
    )?;
    for entry in &back {
        if entry.state == EntryState::Queued {
            let held = EntryState::Held {
                why: "it was set aside while another tenant was pinned; Space lets it go"
                    .to_owned(),
            };
            entries::set_state(tx, entry, &held, stamp)?;
        }
    }
    Ok(back.len())
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

/// Audits settings that stand in the configuration.
pub(super) fn note_settings(
    tx: &Connection,
    changes: Vec<SettingChange>,
    stamp: &Stamp,
) -> Result<(), StoreError> {
    let tenant = rows::pin(tx)?.map(|pin| pin.tenant);
    for (field, before, after) in changes {
        let said = Said {
            action: "settings",
            tenant,
            field,
            before,
            after,
            ..Said::default()
        };
        append(tx, stamp, said)?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::super::{Pin, PinOutcome};
    use crate::domain::outbox::{Closing, EntryId, EntryState};
    use crate::domain::seat::Seats;
    use crate::domain::user::{Association, Patch, UserId};
    use crate::store::error::StoreError;
    use crate::store::fixtures::{OTHER, OURS, at, new_user, num, number, stamp, store_with};

    #[test]
    fn the_first_pin_holds_until_it_is_removed() {
        let (_root, store) = store_with(0);
        let pin = Pin {
            tenant: OURS,
            name: "Contoso".into(),
            at: at(0),
        };
        let again = |tenant, name: &str| {
            store
                .ledger
                .pin(tenant, name.into(), stamp(5))
                .wait()
                .unwrap()
        };
        assert_eq!(again(OURS, "renamed"), PinOutcome::Same);
        assert_eq!(
            again(OTHER, "Fabrikam"),
            PinOutcome::Other {
                pinned: pin.clone()
            }
        );
        assert_eq!(store.ledger.load().wait().unwrap().pin, Some(pin));
        let error = store
            .ledger
            .add_users(vec![new_user(1)], OTHER, stamp(6))
            .wait()
            .unwrap_err();
        assert!(matches!(
            error,
            StoreError::OtherTenant {
                asked: OTHER,
                pinned: OURS
            }
        ));
    }

    #[test]
    fn the_same_tenant_again_finds_everything_as_it_was() {
        let (_root, store) = store_with(3);
        let patch = Patch {
            two_way: vec![(num("+14255550001"), num("+14255550199"))],
            ..Patch::default()
        };
        store
            .ledger
            .edit_user(UserId(1), patch, stamp(2))
            .wait()
            .unwrap();
        let before = store.ledger.load().wait().unwrap();
        store.ledger.unpin(stamp(3)).wait().unwrap();
        let unpinned = store.ledger.load().wait().unwrap();
        assert_eq!(
            (unpinned.pin, &unpinned.users, &unpinned.entries),
            (None, &before.users, &before.entries)
        );
        assert_eq!(
            store
                .ledger
                .pin(OURS, "Contoso".into(), stamp(4))
                .wait()
                .unwrap(),
            PinOutcome::New
        );
        let after = store.ledger.load().wait().unwrap();
        assert_eq!(
            (after.users, after.entries, after.parked),
            (before.users, before.entries, 0)
        );
    }

    #[test]
    fn another_tenant_dissolves_associations_and_sets_entries_aside() {
        let (_root, store) = store_with(2);
        let patch = Patch {
            two_way: vec![(num("+14255550001"), num("+14255550199"))],
            ..Patch::default()
        };
        let entry = store
            .ledger
            .edit_user(UserId(1), patch, stamp(2))
            .wait()
            .unwrap()[0];
        let before = store.ledger.load().wait().unwrap();
        store.ledger.unpin(stamp(3)).wait().unwrap();
        assert_eq!(
            store
                .ledger
                .pin(OTHER, "Fabrikam".into(), stamp(4))
                .wait()
                .unwrap(),
            PinOutcome::New
        );
        let after = store.ledger.load().wait().unwrap();
        assert_eq!(
            (after.users.len(), after.entries.len(), after.parked),
            (2, 0, 1)
        );
        for user in &after.users {
            assert_eq!((user.tenant, user.association), (OTHER, Association::None));
            assert!(user.waits, "{user:?}");
            assert_eq!((&user.number, user.country), (&None, None));
        }
        assert_eq!(
            store.ledger.old_numbers().wait().unwrap(),
            [
                (UserId(1), number("+14255550001")),
                (UserId(2), number("+14255550002"))
            ]
        );
        let parked = store.ledger.parked_entries().wait().unwrap();
        assert_eq!(
            (parked[0].id, parked[0].tenant, &parked[0].state),
            (entry, OURS, &EntryState::Queued)
        );
        // What is set aside is never sent. It waits again, held back, once its own tenant is pinned.
        let sent = store
            .ledger
            .set_states(vec![(entry, EntryState::Queued)], stamp(5))
            .wait();
        assert!(matches!(sent, Err(StoreError::NoSuchEntry(EntryId(1)))));
        store.ledger.unpin(stamp(6)).wait().unwrap();
        store
            .ledger
            .pin(OURS, "Contoso".into(), stamp(7))
            .wait()
            .unwrap();
        let back = store.ledger.load().wait().unwrap();
        let associations = |users: &[crate::domain::user::User]| -> Vec<_> {
            users
                .iter()
                .map(|user| (user.association, user.waits))
                .collect()
        };
        assert_eq!(associations(&back.users), associations(&before.users));
        assert_ne!(back.users[0].association, Association::None);
        assert_eq!((back.entries.len(), back.parked), (1, 0));
        assert_eq!(
            back.entries[0].state,
            EntryState::Held {
                why: "it was set aside while another tenant was pinned; Space lets it go".into()
            }
        );
        assert_eq!(store.ledger.old_numbers().wait().unwrap().len(), 2);
        store
            .ledger
            .close(entry, Closing::Dropped, stamp(8))
            .wait()
            .unwrap();
        assert_eq!(store.ledger.load().wait().unwrap().parked, 0);
    }

    #[test]
    fn settings_of_the_configuration_are_audited() {
        let (_root, store) = store_with(0);
        let changes = vec![
            ("group", "Voice users".to_owned(), "none".to_owned()),
            ("add_users", "sync".to_owned(), "manual".to_owned()),
        ];
        store
            .ledger
            .note_settings(changes, stamp(2))
            .wait()
            .unwrap();
        let lines = store.ledger.audit_tail(2).wait().unwrap();
        let said: Vec<_> = lines
            .iter()
            .map(|line| {
                format!(
                    "{} {} {} {}",
                    line.action, line.field, line.before, line.after
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                "settings group Voice users none",
                "settings add_users sync manual"
            ]
        );
        assert_eq!(lines[0].tenant, Some(OURS));
        assert!(store.ledger.verify_audit().wait().unwrap().is_intact());
    }

    #[test]
    fn seats_are_kept_and_audited_once() {
        let (_root, store) = store_with(0);
        let seats = Seats {
            bought: Some(25),
            ends: Some(jiff::civil::date(2027, 3, 31)),
        };
        store.ledger.set_seats(seats, stamp(2)).wait().unwrap();
        store.ledger.set_seats(seats, stamp(3)).wait().unwrap();
        assert_eq!(store.ledger.load().wait().unwrap().seats, seats);
        let lines = store.ledger.audit_tail(10).wait().unwrap();
        let last = lines.last().unwrap();
        assert_eq!(
            (lines.len(), last.before.as_str(), last.after.as_str()),
            (2, "no limit", "25 until 2027-03-31")
        );
        store
            .ledger
            .set_seats(Seats::default(), stamp(4))
            .wait()
            .unwrap();
        assert_eq!(store.ledger.load().wait().unwrap().seats, Seats::default());
    }
}
