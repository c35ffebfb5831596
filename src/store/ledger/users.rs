//! Configured users: added, edited, removed, moved in rank. Own fields change at once, two-way fields become entries.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use crate::domain::guid::{ObjectId, TenantId};
use crate::domain::outbox::{Closing, Entry, EntryId, EntryState};
use crate::domain::phone::PhoneNumber;
use crate::domain::user::{Association, Field, NewUser, Patch, User, UserId, Value};

use super::super::Stamp;
use super::super::audit::{Said, append};
use super::super::error::StoreError;
use super::{entries, rows};

/// Who has which e-mail and which directory user.
struct Taken {
    mails: HashMap<String, (UserId, String)>,
    directory: HashMap<ObjectId, (UserId, String)>,
}

impl Taken {
    fn read(tx: &Connection) -> Result<Self, StoreError> {
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
    if let Some(pin) = rows::pin(tx)?
        && pin.tenant != tenant
    {
        return Err(StoreError::OtherTenant {
            asked: tenant,
            pinned: pin.tenant,
        });
    }
    let mut taken = Taken::read(tx)?;
    let mut ids = Vec::with_capacity(new.len());
    for user in new {
        taken.check_mail(&user.mail, None)?;
        taken.check_directory(user.association, None)?;
        let id = insert(tx, user, tenant, stamp)?;
        taken.add(id, &user.name, &user.mail, user.association);
        ids.push(id);
    }
    Ok(ids)
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
                id: EntryId(0),
                tenant,
                user: Some(id),
                directory_id: user.association.id(),
                name: user.name.clone(),
                base,
                wanted,
                state: EntryState::Queued,
                author: stamp.author.clone(),
                created_at: stamp.at,
                updated_at: stamp.at,
            },
            stamp,
        )?;
    }
    Ok(id)
}

fn known(tx: &Connection, id: UserId) -> Result<User, StoreError> {
    rows::user(tx, id)?.ok_or(StoreError::NoSuchUser(id))
}

/// Changes a user; the reply names the entries that were queued.
pub(super) fn edit(
    tx: &Connection,
    id: UserId,
    patch: &Patch,
    stamp: &Stamp,
) -> Result<Vec<EntryId>, StoreError> {
    let user = known(tx, id)?;
    let taken = Taken::read(tx)?;
    if let Some(mail) = &patch.mail {
        taken.check_mail(mail, Some(id))?;
    }
    if let Some(association) = patch.association {
        taken.check_directory(association, Some(id))?;
    }
    own_fields(tx, &user, patch, stamp)?;
    let user = known(tx, id)?;
    let mut queued = Vec::new();
    for (base, wanted) in &patch.two_way {
        queued.extend(two_way(tx, &user, (base, wanted), stamp)?);
    }
    Ok(queued)
}

fn own_fields(
    tx: &Connection,
    user: &User,
    patch: &Patch,
    stamp: &Stamp,
) -> Result<(), StoreError> {
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
    let mut base = shown.clone();
    if let Some(old) = of_field(tx, user.id, field)? {
        if !old.state.is_ours() {
            return Err(settling(old));
        }
        if matches!(old.state, EntryState::Queued | EntryState::Held { .. }) {
            base = old.base.clone();
        }
        let undone = *wanted == base;
        let outcome = if undone { "undone" } else { "replaced" };
        entries::leave(tx, &old, (Closing::Dropped.as_str(), outcome), stamp)?;
    }
    if *wanted == base {
        return Ok(None);
    }
    let entry = Entry {
        id: EntryId(0),
        tenant: user.tenant,
        user: Some(user.id),
        directory_id: user.association.id(),
        name: user.name.clone(),
        base,
        wanted: wanted.clone(),
        state: EntryState::Queued,
        author: stamp.author.clone(),
        created_at: stamp.at,
        updated_at: stamp.at,
    };
    entries::queue(tx, &entry, stamp).map(Some)
}

fn of_field(tx: &Connection, user: UserId, field: Field) -> Result<Option<Entry>, StoreError> {
    let condition = "user_id = ?1 AND field = ?2 AND NOT parked";
    Ok(rows::entries(tx, condition, &[&user.0, &field.as_str()])?.pop())
}

fn settling(entry: Entry) -> StoreError {
    StoreError::Settling {
        entry: entry.id,
        field: entry.field(),
        word: entry.state.word(),
        name: entry.name,
    }
}

/// Removes a user with its entries; with `release`, queues that the number is taken away in the tenant.
pub(super) fn remove(
    tx: &Connection,
    id: UserId,
    release: Option<PhoneNumber>,
    stamp: &Stamp,
) -> Result<(), StoreError> {
    let user = known(tx, id)?;
    for entry in rows::entries(tx, "user_id = ?1", &[&id.0])? {
        if entry.state.needs_settling() {
            return Err(settling(entry));
        }
        entries::leave(
            tx,
            &entry,
            (Closing::Dropped.as_str(), "user removed"),
            stamp,
        )?;
    }
    tx.prepare_cached("DELETE FROM users WHERE id = ?1")?
        .execute([id.0])?;
    let said = Said {
        action: "removed",
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
        id: EntryId(0),
        tenant: user.tenant,
        user: None,
        directory_id: Some(directory_id),
        name: user.name,
        base: Value::Number(Some(number)),
        wanted: Value::Number(None),
        state: EntryState::Queued,
        author: stamp.author.clone(),
        created_at: stamp.at,
        updated_at: stamp.at,
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
