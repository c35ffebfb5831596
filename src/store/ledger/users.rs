//! Configured users: added, edited, removed, moved in rank. Own fields change at once, two-way fields become entries.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use crate::domain::guid::{ObjectId, TenantId};
use crate::domain::outbox::{Closing, Entry, EntryId, EntryState, Removal, person};
use crate::domain::phone::PhoneNumber;
use crate::domain::user::{Association, Field, NewUser, Own, Patch, User, UserId, Value};
use crate::roster::desk::AuditRow;

use super::super::Stamp;
use super::super::audit::{self, Said, append};
use super::super::error::StoreError;
use super::{entries, rows};

/// Who has which e-mail and which directory user.
pub(super) struct Taken {
    mails: HashMap<String, (UserId, String)>,
    directory: HashMap<ObjectId, (UserId, String)>,
}

impl Taken {
    pub(super) fn read(tx: &Connection) -> Result<Self, StoreError> {
        let mut taken = Self {
            mails: HashMap::new(),
            directory: HashMap::new(),
        };
        for user in rows::users(tx)? {
            taken.add(user.id, &user.name, &user.mail, user.association);
        }
        Ok(taken)
    }

    fn add(&mut self, id: UserId, name: &str, mail: &str, association: Association) {
        if !mail.is_empty() {
            self.mails
                .insert(mail.to_lowercase(), (id, name.to_owned()));
        }
        if let Some(directory_id) = association.id() {
            self.directory.insert(directory_id, (id, name.to_owned()));
        }
    }

    fn check_mail(&self, mail: &str, own: Option<UserId>) -> Result<(), StoreError> {
        match self.mails.get(&mail.to_lowercase()) {
            Some((id, name)) if Some(*id) != own => Err(StoreError::MailTaken {
                mail: mail.to_owned(),
                name: name.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn check_directory(
        &self,
        association: Association,
        own: Option<UserId>,
    ) -> Result<(), StoreError> {
        let Some(id) = association.id() else {
            return Ok(());
        };
        match self.directory.get(&id) {
            Some((user, name)) if Some(*user) != own => Err(StoreError::DirectoryUserTaken {
                id,
                name: name.clone(),
            }),
            _ => Ok(()),
        }
    }
}

/// Adds users, all or none.
pub(super) fn add(
    tx: &Connection,
    new: &[NewUser],
    tenant: TenantId,
    stamp: &Stamp,
) -> Result<Vec<UserId>, StoreError> {
    check_pin(tx, tenant)?;
    add_beside(tx, new, &mut Taken::read(tx)?, (tenant, stamp))
}

/// Refuses a tenant other than the pinned one.
pub(super) fn check_pin(tx: &Connection, tenant: TenantId) -> Result<(), StoreError> {
    match rows::pin(tx)? {
        Some(pin) if pin.tenant != tenant => Err(StoreError::OtherTenant {
            asked: tenant,
            pinned: pin.tenant,
        }),
        _ => Ok(()),
    }
}

/// Adds users beside those who are known to be there.
pub(super) fn add_beside(
    tx: &Connection,
    new: &[NewUser],
    taken: &mut Taken,
    (tenant, stamp): (TenantId, &Stamp),
) -> Result<Vec<UserId>, StoreError> {
    let mut ids = Vec::with_capacity(new.len());
    for user in new {
        taken.check_mail(&user.mail, None)?;
        taken.check_directory(user.association, None)?;
        let id = insert(tx, user, tenant, stamp)?;
        adopt(tx, id, user.association, stamp)?;
        taken.add(id, &user.name, &user.mail, user.association);
        ids.push(id);
    }
    Ok(ids)
}

/// Changes of number and country that were queued for the directory user are the new user's own from now on.
fn adopt(
    tx: &Connection,
    id: UserId,
    association: Association,
    stamp: &Stamp,
) -> Result<(), StoreError> {
    if let Some(directory_id) = association.id() {
        let condition = "user_id IS NULL AND directory_id = ?1 AND NOT parked";
        for entry in rows::entries(tx, condition, &[directory_id.0.bytes()])? {
            if !entry.field().is_two_way() || entry.only_releases() {
                continue;
            }
            let own = "user_id = ?1 AND field = ?2 AND NOT parked";
            if !rows::entries(tx, own, &[&id.0, &entry.field().key()])?.is_empty() {
                // What was asked for with the adding is newer.
                let ended = (Closing::Dropped.as_str(), "replaced");
                entries::leave(tx, &entry, ended, stamp)?;
                continue;
            }
            tx.prepare_cached("UPDATE outbox SET user_id = ?1 WHERE id = ?2")?
                .execute([id.0, entry.id.0])?;
        }
    }
    Ok(())
}

fn insert(
    tx: &Connection,
    user: &NewUser,
    tenant: TenantId,
    stamp: &Stamp,
) -> Result<UserId, StoreError> {
    let (association, directory_id) = rows::association_columns(user.association);
    tx.prepare_cached(
        "INSERT INTO users (tenant, name, mail, number, kind, country, sip_username, external_id,
                            association, directory_id, gone, rank, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, (SELECT coalesce(max(rank), 0) + 1 FROM users), ?11)",
    )?
    .execute(params![
        tenant.0.bytes(),
        user.name,
        user.mail,
        user.number.as_ref().map(PhoneNumber::as_str),
        user.kind.as_str(),
        user.country.map(|country| country.to_string()),
        user.sip_username,
        user.external_id,
        association,
        directory_id,
        stamp.at.to_string(),
    ])?;
    let id = UserId(tx.last_insert_rowid());
    let said = Said {
        action: "added",
        tenant: Some(tenant),
        user: Some((id, &user.name)),
        after: user.mail.clone(),
        note: user
            .association
            .id()
            .map(|id| format!("directory user {id}"))
            .unwrap_or_default(),
        ..Said::default()
    };
    append(tx, stamp, said)?;
    queue_wanted(tx, (id, user), tenant, stamp)?;
    Ok(id)
}

/// Queues what is wanted other than what the tenant has.
fn queue_wanted(
    tx: &Connection,
    (id, user): (UserId, &NewUser),
    tenant: TenantId,
    stamp: &Stamp,
) -> Result<(), StoreError> {
    let wanted = [
        (
            user.wanted_country
                .map(|country| Value::Country(Some(country))),
            Value::Country(user.country),
        ),
        (
            user.wanted_number
                .clone()
                .map(|number| Value::Number(Some(number))),
            Value::Number(user.number.clone()),
        ),
    ];
    for (wanted, base) in wanted {
        let Some(wanted) = wanted.filter(|wanted| *wanted != base) else {
            continue;
        };
        entries::queue(
            tx,
            &Entry {
                user: Some(id),
                directory_id: user.association.id(),
                name: user.name.clone(),
                ..Entry::queued(tenant, (base, wanted), (&stamp.author, stamp.at))
            },
            stamp,
        )?;
    }
    Ok(())
}

pub(super) fn known(tx: &Connection, id: UserId) -> Result<User, StoreError> {
    rows::user(tx, id)?.ok_or(StoreError::NoSuchUser(id))
}

/// Changes a user; the reply names the entries that were queued.
pub(super) fn edit(
    tx: &Connection,
    id: UserId,
    patch: &Patch,
    stamp: &Stamp,
) -> Result<Vec<EntryId>, StoreError> {
    edit_beside(tx, (id, patch), &mut Taken::read(tx)?, stamp)
}

/// Changes a user beside those who are known to be there.
pub(super) fn edit_beside(
    tx: &Connection,
    (id, patch): (UserId, &Patch),
    taken: &mut Taken,
    stamp: &Stamp,
) -> Result<Vec<EntryId>, StoreError> {
    let user = known(tx, id)?;
    if let Some(mail) = &patch.mail {
        taken.check_mail(mail, Some(id))?;
    }
    if let Some(association) = patch.association {
        taken.check_directory(association, Some(id))?;
    }
    as_it_was_seen(tx, &user, patch)?;
    own_fields(tx, &user, patch, stamp)?;
    taken.mails.remove(&user.mail.to_lowercase());
    let user = known(tx, id)?;
    taken.add(user.id, &user.name, &user.mail, user.association);
    let mut queued = Vec::new();
    for (base, wanted) in &patch.two_way {
        queued.extend(two_way(tx, &user, (base, wanted), stamp)?);
    }
    Ok(queued)
}

/// Refuses to put a value over one that nobody has looked at: another session saved it while this edit was being made.
fn as_it_was_seen(tx: &Connection, user: &User, patch: &Patch) -> Result<(), StoreError> {
    let Some((field, words, now)) = patch.moved(&Own::of(user)).into_iter().next() else {
        return Ok(());
    };
    let about: [&dyn rusqlite::ToSql; 2] = [&user.id.0, &field];
    let last = audit::lines(tx, "WHERE user_id = ?1 AND field = ?2", &about, 1)?.pop();
    let by = last.map_or("another session".to_owned(), |line| {
        format!(
            "{} ({})",
            person(&line.author),
            line.at.strftime("%m-%d %H:%MZ")
        )
    });
    Err(StoreError::OwnMoved {
        field: words,
        now,
        by,
    })
}

fn own_fields(
    tx: &Connection,
    user: &User,
    patch: &Patch,
    stamp: &Stamp,
) -> Result<(), StoreError> {
    if patch
        .association
        .is_some_and(|new| new.id() != user.association.id())
    {
        // A request that is under way belongs to the directory user that it was sent for.
        for field in [Field::Number, Field::Country] {
            if let Some(entry) = of_field(tx, user, field)?.filter(|entry| !entry.state.is_ours()) {
                return Err(settling(entry));
            }
        }
    }
    let association_text = |association: Association| match association {
        Association::None => String::new(),
        Association::Matched(id) => format!("{id} by e-mail"),
        Association::Manual(id) => format!("{id} by hand"),
    };
    let changes = [
        ("name", user.name.clone(), patch.name.clone()),
        ("mail", user.mail.clone(), patch.mail.clone()),
        (
            "kind",
            user.kind.as_str().to_owned(),
            patch.kind.map(|kind| kind.as_str().to_owned()),
        ),
        (
            "association",
            association_text(user.association),
            patch.association.map(association_text),
        ),
    ];
    for (field, before, after) in changes {
        let Some(after) = after.filter(|after| *after != before) else {
            continue;
        };
        if let ("association", Some(association)) = (field, patch.association) {
            let (code, directory_id) = rows::association_columns(association);
            tx.prepare_cached(
                "UPDATE users SET association = ?1, directory_id = ?2, gone = 0 WHERE id = ?3",
            )?
            .execute(params![code, directory_id, user.id.0])?;
        } else {
            tx.prepare_cached(&format!("UPDATE users SET {field} = ?1 WHERE id = ?2"))?
                .execute(params![after, user.id.0])?;
        }
        let said = Said {
            action: "edited",
            tenant: Some(user.tenant),
            user: Some((user.id, &user.name)),
            field,
            before,
            after,
            ..Said::default()
        };
        append(tx, stamp, said)?;
    }
    Ok(())
}

/// One entry for one field: it takes the place of one that waits, and its base where that one has not been decided yet.
fn two_way(
    tx: &Connection,
    user: &User,
    (shown, wanted): (&Value, &Value),
    stamp: &Stamp,
) -> Result<Option<EntryId>, StoreError> {
    let field = wanted.field();
    if let Some(id) = user.association.id() {
        super::queue::no_move_from(tx, id, field)?;
    }
    let mut base = shown.clone();
    let mut released = None;
    if let Some(old) = of_field(tx, user, field)? {
        // A move that has released the number of somebody else is first undone, so that this number is not forgotten.
        if !old.state.is_ours() || (old.takes_from.is_some() && old.released.is_some()) {
            return Err(settling(old));
        }
        // What waited for another directory user started from that one's value.
        let is_theirs = old.directory_id.is_some() && old.directory_id != user.association.id();
        if matches!(old.state, EntryState::Queued | EntryState::Held { .. }) && !is_theirs {
            base = old.base.clone();
        }
        released.clone_from(&old.released);
        let undone = *wanted == base;
        let outcome = match &released {
            // No number is wanted any more, and the old one is gone already: a person has seen that it is.
            Some(_) if undone => "stays released",
            _ if undone => "undone",
            _ => "replaced",
        };
        entries::leave(tx, &old, (Closing::Dropped.as_str(), outcome), stamp)?;
    }
    if *wanted == base {
        return Ok(None);
    }
    let entry = Entry {
        user: Some(user.id),
        directory_id: user.association.id(),
        name: user.name.clone(),
        released: released.filter(|number| *wanted != Value::Number(Some(number.clone()))),
        ..Entry::queued(
            user.tenant,
            (base, wanted.clone()),
            (&stamp.author, stamp.at),
        )
    };
    entries::queue(tx, &entry, stamp).map(Some)
}

fn of_field(tx: &Connection, user: &User, field: Field) -> Result<Option<Entry>, StoreError> {
    if let Some(id) = user.association.id() {
        return Ok(rows::of_field(tx, Some(user.id), id, field)?.pop());
    }
    let condition = "user_id = ?1 AND field = ?2 AND NOT parked";
    Ok(rows::entries(tx, condition, &[&user.id.0, &field.key()])?.pop())
}

fn settling(entry: Entry) -> StoreError {
    StoreError::Settling {
        entry: entry.id,
        field: entry.field(),
        word: entry.state.word(),
        name: entry.name,
    }
}

/// Refuses a removal that would end a request under way, or drop what was queued since it was agreed to. What was set aside with an
/// earlier tenant is never settled nor shown, and holds nobody back.
fn may_go(tx: &Connection, user: &User, removal: &Removal) -> Result<(), StoreError> {
    let own = rows::entries(tx, "user_id = ?1 AND NOT parked", &[&user.id.0])?;
    let unseen: Vec<String> = removal.unseen(&own).map(Entry::whose).collect();
    if let Some(entry) = own.into_iter().find(|entry| entry.state.needs_settling()) {
        return Err(settling(entry));
    }
    if unseen.is_empty() {
        return Ok(());
    }
    Err(StoreError::QueuedMeanwhile {
        name: user.name.clone(),
        what: unseen.join("; "),
    })
}

/// Removes a user with its entries; with `release`, queues that the number is taken away in the tenant.
pub(super) fn remove(tx: &Connection, removal: Removal, stamp: &Stamp) -> Result<(), StoreError> {
    let user = known(tx, removal.user)?;
    may_go(tx, &user, &removal)?;
    let (id, release) = (removal.user, removal.release);
    let mut of_its_own = Vec::new();
    for mut entry in rows::entries(tx, "user_id = ?1", &[&id.0])? {
        if entry.takes_from.is_some() && entry.owed().is_some() {
            entries::return_number(tx, &entry, Closing::Dropped.as_str(), stamp)?;
            continue;
        }
        // Who leaves the list keeps the number in the tenant, also one that a change of ours has taken on the way to another.
        if entry.owed().is_some() && release.is_none() {
            entry.directory_id = user.association.id().or(entry.directory_id);
            of_its_own.push(entry);
            continue;
        }
        let outcome = match entry.owed() {
            Some(_) => "stays released",
            None => "user removed",
        };
        entries::leave(tx, &entry, (Closing::Dropped.as_str(), outcome), stamp)?;
    }
    tx.prepare_cached("DELETE FROM users WHERE id = ?1")?
        .execute([id.0])?;
    for entry in of_its_own {
        entries::return_number(tx, &entry, Closing::Dropped.as_str(), stamp)?;
    }
    let said = Said {
        action: AuditRow::REMOVED,
        tenant: Some(user.tenant),
        user: Some((id, &user.name)),
        before: user.mail.clone(),
        ..Said::default()
    };
    append(tx, stamp, said)?;
    let Some(number) = release else {
        return Ok(());
    };
    let Some(directory_id) = user.association.id() else {
        return Err(StoreError::NotAssociated { name: user.name });
    };
    let entry = Entry {
        directory_id: Some(directory_id),
        name: user.name,
        ..Entry::queued(
            user.tenant,
            (Value::Number(Some(number)), Value::Number(None)),
            (&stamp.author, stamp.at),
        )
    };
    entries::queue(tx, &entry, stamp)?;
    Ok(())
}

/// Swaps the ranks of two users.
pub(super) fn move_seat(
    tx: &Connection,
    from: UserId,
    to: UserId,
    stamp: &Stamp,
) -> Result<(), StoreError> {
    let (from, to) = (known(tx, from)?, known(tx, to)?);
    for (user, rank) in [(&from, to.rank), (&to, from.rank)] {
        tx.prepare_cached("UPDATE users SET rank = ?1 WHERE id = ?2")?
            .execute([rank, user.id.0])?;
        let said = Said {
            action: "rank",
            tenant: Some(user.tenant),
            user: Some((user.id, &user.name)),
            before: user.rank.to_string(),
            after: rank.to_string(),
            ..Said::default()
        };
        append(tx, stamp, said)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outbox::Step;
    use crate::domain::phone::NumberKind;
    use crate::store::fixtures::{
        OURS, country, new_user, num, number, object, place, stamp, store_with,
    };

    fn change(base: Value, wanted: Value) -> Patch {
        Patch {
            two_way: vec![(base, wanted)],
            ..Patch::default()
        }
    }

    #[test]
    fn a_candidate_with_a_number_queues_nothing_and_what_is_wanted_is_queued() {
        let (_root, store) = store_with(1);
        let mut wanting = new_user(2);
        wanting.wanted_number = Some(number("+14255550777"));
        wanting.wanted_country = Some(country("GB"));
        let mut same = new_user(3);
        same.wanted_number.clone_from(&same.number);
        let ids = store
            .ledger
            .add_users(vec![wanting, same], OURS, stamp(2))
            .wait()
            .unwrap();
        assert_eq!(ids, [UserId(2), UserId(3)]);
        let picture = store.ledger.load().wait().unwrap();
        assert_eq!(
            picture
                .users
                .iter()
                .map(|user| user.rank)
                .collect::<Vec<_>>(),
            [1, 2, 3]
        );
        let queued: Vec<_> = picture
            .entries
            .iter()
            .map(|entry| (entry.user, entry.base.clone(), entry.wanted.clone()))
            .collect();
        assert_eq!(
            queued,
            [
                (Some(UserId(2)), place("US"), place("GB")),
                (Some(UserId(2)), num("+14255550002"), num("+14255550777")),
            ]
        );
        assert_eq!(picture.entries[1].directory_id, Some(object(2)));
    }

    #[test]
    fn removals_are_counted_from_a_time_on_however_they_were_asked_for() {
        let (_root, store) = store_with(4);
        let gone = |ids: &[i64], second| {
            let removals = ids.iter().map(|id| Removal::of(UserId(*id), None, &[]));
            let removed = store.ledger.remove_users(removals.collect(), stamp(second));
            removed.wait().unwrap();
        };
        gone(&[1], 10);
        gone(&[2, 3], 20);
        for (from, counted) in [(9, 3), (10, 3), (11, 2), (20, 2), (21, 0)] {
            let since = store.ledger.removed_since(stamp(from).at);
            assert_eq!(since.wait().unwrap(), counted, "{from}");
        }
    }

    #[test]
    fn who_is_configured_already_is_refused_and_nobody_is_added() {
        let (_root, store) = store_with(2);
        let mut mail = new_user(7);
        mail.mail = "USER2@Contoso.Example".into();
        let error = store
            .ledger
            .add_users(vec![new_user(6), mail], OURS, stamp(2))
            .wait()
            .unwrap_err();
        assert!(
            matches!(&error, StoreError::MailTaken { name, .. } if name == "User 2"),
            "{error}"
        );
        let mut directory = new_user(8);
        directory.association = Association::Manual(object(1));
        let error = store
            .ledger
            .add_users(vec![new_user(6), directory], OURS, stamp(2))
            .wait()
            .unwrap_err();
        assert!(
            matches!(&error, StoreError::DirectoryUserTaken { name, .. } if name == "User 1"),
            "{error}"
        );
        let twice = store
            .ledger
            .add_users(vec![new_user(6), new_user(6)], OURS, stamp(2))
            .wait();
        assert!(matches!(twice, Err(StoreError::MailTaken { .. })));
        assert_eq!(store.ledger.load().wait().unwrap().users.len(), 2);
        assert_eq!(store.ledger.audit_tail(99).wait().unwrap().len(), 3);
        let patch = Patch {
            mail: Some("user1@contoso.example".into()),
            ..Patch::default()
        };
        assert!(matches!(
            store
                .ledger
                .edit_user(UserId(2), patch.clone(), stamp(3))
                .wait(),
            Err(StoreError::MailTaken { .. })
        ));
        store
            .ledger
            .edit_user(UserId(1), patch, stamp(3))
            .wait()
            .unwrap();
    }

    #[test]
    fn an_own_field_that_another_session_has_saved_meanwhile_is_not_overwritten() {
        let (_root, store) = store_with(1);
        let shown = Own::of(&store.ledger.load().wait().unwrap().users[0]);
        let save = |patch: Patch, second| {
            let seen = Some(Box::new(shown.clone()));
            let patch = Patch { seen, ..patch };
            store
                .ledger
                .edit_user(UserId(1), patch, stamp(second))
                .wait()
        };
        let name = |name: &str| Patch {
            name: Some(name.to_owned()),
            ..Patch::default()
        };
        save(name("Pia"), 2).unwrap();
        // Another field, and the same value, are in nobody's way.
        let kind = Some(NumberKind::Trunk);
        let other = Patch {
            kind,
            ..Patch::default()
        };
        save(other, 3).unwrap();
        save(name("Pia"), 4).unwrap();
        let both = Patch {
            mail: Some("new@contoso.example".to_owned()),
            ..name("Pat")
        };
        let refused = save(both, 5).unwrap_err();
        let now = "the name of this user is now Pia";
        assert_eq!(
            refused.to_string(),
            format!("{now}: j.smith (11-04 13:46Z) changed it meanwhile")
        );
        let user = store.ledger.load().wait().unwrap().users[0].clone();
        assert_eq!((user.name.as_str(), user.kind), ("Pia", NumberKind::Trunk));
        assert_eq!(user.mail, shown.mail, "all or nothing");
    }

    #[test]
    fn own_fields_change_at_once_each_with_its_line() {
        let (_root, store) = store_with(1);
        let patch = Patch {
            name: Some("Diego".into()),
            mail: Some("user1@contoso.example".into()),
            kind: Some(NumberKind::Trunk),
            association: Some(Association::Manual(object(9))),
            ..Patch::default()
        };
        assert_eq!(
            store
                .ledger
                .edit_user(UserId(1), patch, stamp(2))
                .wait()
                .unwrap(),
            []
        );
        let user = store.ledger.load().wait().unwrap().users.remove(0);
        assert_eq!(user.name, "Diego");
        assert_eq!(
            (user.kind, user.association),
            (NumberKind::Trunk, Association::Manual(object(9)))
        );
        let fields: Vec<String> = store
            .ledger
            .audit_of("1", 99)
            .wait()
            .unwrap()
            .into_iter()
            .map(|line| line.field)
            .collect();
        assert_eq!(fields, ["", "name", "kind", "association"]);
        assert!(matches!(
            store
                .ledger
                .edit_user(UserId(9), Patch::default(), stamp(3))
                .wait(),
            Err(StoreError::NoSuchUser(UserId(9)))
        ));
    }

    #[test]
    fn a_second_edit_replaces_the_first_and_keeps_its_base() {
        let (_root, store) = store_with(1);
        let edit = |base: &str, wanted: &str, second| {
            store
                .ledger
                .edit_user(UserId(1), change(num(base), num(wanted)), stamp(second))
                .wait()
                .unwrap()
        };
        let first = edit("+14255550001", "+14255550100", 2);
        // Meanwhile a run has taken another number over, which is what the second edit was made against.
        let second = edit("+14255550999", "+14255550200", 3);
        assert_ne!(first, second);
        let entries = store.ledger.load().wait().unwrap().entries;
        assert_eq!(entries.len(), 1);
        assert_eq!(
            (entries[0].id, &entries[0].base, &entries[0].wanted),
            (second[0], &num("+14255550001"), &num("+14255550200"))
        );
        store
            .ledger
            .set_states(
                vec![(
                    second[0],
                    EntryState::Held {
                        why: "no seat".into(),
                    },
                )],
                stamp(4),
            )
            .wait()
            .unwrap();
        let third = edit("+14255550200", "+14255550300", 5);
        let entries = store.ledger.load().wait().unwrap().entries;
        assert_eq!(
            (&entries[0].base, &entries[0].state),
            (&num("+14255550001"), &EntryState::Queued)
        );
        // Back to the base: the change is undone.
        assert_eq!(edit("+14255550300", "+14255550001", 6), []);
        assert_eq!(store.ledger.load().wait().unwrap().entries, []);
        let last = store.ledger.audit_tail(1).wait().unwrap().remove(0);
        assert_eq!(
            (last.action.as_str(), last.outcome.as_str(), last.entry),
            ("dropped", "undone", Some(third[0]))
        );
    }

    #[test]
    fn after_a_conflict_or_a_refusal_the_base_is_what_was_shown() {
        let (_root, store) = store_with(1);
        let states = [
            EntryState::Conflict {
                theirs: num("+14255550500"),
            },
            EntryState::Rejected {
                cause: "c".into(),
                raw: "r".into(),
                hint: "h".into(),
            },
        ];
        for (n, state) in states.into_iter().enumerate() {
            let wanted = num(&format!("+1425555060{n}"));
            let id = store
                .ledger
                .edit_user(UserId(1), change(num("+14255550001"), wanted), stamp(2))
                .wait()
                .unwrap()[0];
            store
                .ledger
                .set_states(vec![(id, state)], stamp(3))
                .wait()
                .unwrap();
            let again = change(num("+14255550500"), num("+14255550700"));
            store
                .ledger
                .edit_user(UserId(1), again, stamp(4))
                .wait()
                .unwrap();
            let entries = store.ledger.load().wait().unwrap().entries;
            assert_eq!(
                (entries.len(), &entries[0].base, &entries[0].state),
                (1, &num("+14255550500"), &EntryState::Queued)
            );
            store
                .ledger
                .close(entries[0].id, Closing::Dropped, stamp(5))
                .wait()
                .unwrap();
        }
    }

    #[test]
    fn a_field_under_way_makes_the_edit_wait() {
        let (_root, store) = store_with(1);
        let id = store
            .ledger
            .edit_user(UserId(1), change(num("+14255550001"), num("")), stamp(2))
            .wait()
            .unwrap()[0];
        let states = [
            EntryState::InFlight {
                step: Step::Release,
                attempt: 1,
            },
            EntryState::Accepted {
                step: Step::Release,
                operation: "o".into(),
            },
            EntryState::Unknown {
                step: Step::Release,
            },
            EntryState::Applied {
                visible_by: crate::store::fixtures::at(9),
            },
        ];
        for state in states {
            store
                .ledger
                .set_states(vec![(id, state.clone())], stamp(3))
                .wait()
                .unwrap();
            let mut patch = change(num("+14255550001"), num("+14255550300"));
            patch.name = Some("renamed".into());
            let error = store
                .ledger
                .edit_user(UserId(1), patch, stamp(4))
                .wait()
                .unwrap_err();
            assert!(
                matches!(
                    error,
                    StoreError::Settling {
                        field: Field::Number,
                        ..
                    }
                ),
                "{error}"
            );
            let picture = store.ledger.load().wait().unwrap();
            assert_eq!(
                (&picture.entries[0].state, picture.users[0].name.as_str()),
                (&state, "User 1")
            );
            let removal = Removal::of(UserId(1), None, &picture.entries);
            let removed = store.ledger.remove_users(vec![removal], stamp(4));
            if state.needs_settling() {
                assert!(matches!(removed.wait(), Err(StoreError::Settling { .. })));
            }
        }
        assert_eq!(store.ledger.load().wait().unwrap().users, []);
    }

    #[test]
    fn removal_drops_what_is_queued_and_releases_on_demand() {
        let (_root, store) = store_with(2);
        store
            .ledger
            .edit_user(UserId(1), change(place("US"), place("GB")), stamp(2))
            .wait()
            .unwrap();
        let queued = store.ledger.load().wait().unwrap().entries;
        let removal = Removal::of(UserId(1), Some(number("+14255550001")), &queued);
        store
            .ledger
            .remove_users(vec![removal], stamp(3))
            .wait()
            .unwrap();
        let picture = store.ledger.load().wait().unwrap();
        assert_eq!(picture.users.len(), 1);
        let entry = &picture.entries[0];
        assert_eq!(
            (picture.entries.len(), entry.user, entry.directory_id),
            (1, None, Some(object(1)))
        );
        assert_eq!(
            (&entry.base, &entry.wanted, entry.name.as_str()),
            (&num("+14255550001"), &num(""), "User 1")
        );
        let patch = Patch {
            association: Some(Association::None),
            ..Patch::default()
        };
        store
            .ledger
            .edit_user(UserId(2), patch, stamp(4))
            .wait()
            .unwrap();
        let error = store
            .ledger
            .remove_users(
                vec![Removal::of(UserId(2), Some(number("+14255550002")), &[])],
                stamp(5),
            )
            .wait();
        assert!(matches!(error, Err(StoreError::NotAssociated { .. })));
        assert_eq!(store.ledger.load().wait().unwrap().users.len(), 1);
        // A row id is never given twice, since the audit names it.
        assert_eq!(
            store
                .ledger
                .add_users(vec![new_user(5)], OURS, stamp(6))
                .wait()
                .unwrap(),
            [UserId(3)]
        );
    }

    #[test]
    fn what_was_queued_after_the_removal_was_agreed_to_stops_all_of_it() {
        let (_root, store) = store_with(2);
        let queue = |user, change| {
            store
                .ledger
                .edit_user(UserId(user), change, stamp(2))
                .wait()
        };
        queue(1, change(place("US"), place("GB"))).unwrap();
        let seen = store.ledger.load().wait().unwrap().entries;
        let both = [2, 1]
            .map(|id| Removal::of(UserId(id), None, &seen))
            .to_vec();
        // Another window queues one more, and puts another in the place of the one that was seen.
        queue(1, change(num("+14255550001"), num("+14255550300"))).unwrap();
        queue(1, change(place("US"), place("FR"))).unwrap();
        let before = store.ledger.load().wait().unwrap();
        let refused = store.ledger.remove_users(both, stamp(3)).wait();
        let Err(error @ StoreError::QueuedMeanwhile { .. }) = refused else {
            panic!("{refused:?}");
        };
        let at = before.entries[0].created_at.strftime("%m-%d %H:%MZ");
        let who = person(&before.entries[0].author);
        assert_eq!(
            error.to_string(),
            format!(
                "User 1 is not removed: queued meanwhile by {who} {at}: number +1 425 555 0300; {who} {at}: country FR"
            )
        );
        assert_eq!(store.ledger.load().wait().unwrap(), before);
        // What has gone in the meantime holds nobody back.
        let removal = Removal::of(UserId(1), None, &before.entries);
        store
            .ledger
            .drop_many(vec![before.entries[0].id], stamp(4))
            .wait()
            .unwrap();
        store
            .ledger
            .remove_users(vec![removal], stamp(5))
            .wait()
            .unwrap();
        let after = store.ledger.load().wait().unwrap();
        assert_eq!((after.users.len(), after.entries), (1, vec![]));
    }

    #[test]
    fn who_leaves_the_list_gets_back_what_a_change_has_released_already() {
        let (_root, store) = store_with(2);
        for n in 1..=2 {
            let (old, new) = (format!("+1425555000{n}"), format!("+1425555900{n}"));
            let ids = store
                .ledger
                .edit_user(UserId(n), change(num(&old), num(&new)), stamp(2))
                .wait()
                .unwrap();
            store.ledger.released(ids[0], stamp(3)).wait().unwrap();
        }
        let queued = store.ledger.load().wait().unwrap().entries;
        let both = [1, 2].map(|id| Removal::of(UserId(id), None, &queued));
        store
            .ledger
            .remove_users(both.to_vec(), stamp(4))
            .wait()
            .unwrap();
        let picture = store.ledger.load().wait().unwrap();
        assert_eq!(picture.users, []);
        let back = |entry: &Entry| {
            let of = (entry.user, entry.directory_id, entry.gives_back);
            (of, entry.base.clone(), entry.wanted.clone())
        };
        assert_eq!(
            picture.entries.iter().map(back).collect::<Vec<_>>(),
            [
                ((None, Some(object(1)), true), num(""), num("+14255550001")),
                ((None, Some(object(2)), true), num(""), num("+14255550002")),
            ]
        );
    }

    #[test]
    fn moving_a_seat_swaps_ranks() {
        let (_root, store) = store_with(3);
        store
            .ledger
            .move_seat(UserId(3), UserId(1), stamp(2))
            .wait()
            .unwrap();
        let order: Vec<i64> = store
            .ledger
            .load()
            .wait()
            .unwrap()
            .users
            .iter()
            .map(|user| user.id.0)
            .collect();
        assert_eq!(order, [3, 2, 1]);
    }
}
