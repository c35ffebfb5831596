//! Many users at once, as an import brings them: all or none, each by the rules of one edit.

use rusqlite::{Connection, params};

use crate::domain::guid::TenantId;

use super::super::Stamp;
use super::super::audit::{Said, append};
use super::super::error::StoreError;
use super::users::{self, Taken};
use super::{Import, Imported, ImportedEdit};

/// Changes first, so that an e-mail that one user gives up is free for a new one.
pub(super) fn import(
    tx: &Connection,
    import: &Import,
    tenant: TenantId,
    stamp: &Stamp,
) -> Result<Imported, StoreError> {
    let mut taken = Taken::read(tx)?;
    let mut queued = 0;
    for edit in &import.edits {
        identifiers(tx, edit, stamp)?;
        queued += users::edit_beside(tx, (edit.user, &edit.patch), &mut taken, stamp)?.len();
    }
    let wanting = |user: &&crate::domain::user::NewUser| {
        user.wanted_number.is_some() && user.wanted_number != user.number
    };
    queued += import.add.iter().filter(wanting).count();
    users::check_pin(tx, tenant)?;
    let added = users::add_beside(tx, &import.add, &mut taken, (tenant, stamp))?;
    Ok(Imported {
        added: added.len(),
        changed: import.edits.len(),
        queued,
    })
}

fn identifiers(tx: &Connection, edit: &ImportedEdit, stamp: &Stamp) -> Result<(), StoreError> {
    let user = users::known(tx, edit.user)?;
    let fields = [
        ("sip_username", &user.sip_username, &edit.sip_username),
        ("external_id", &user.external_id, &edit.external_id),
    ];
    for (field, before, after) in fields {
        let Some(after) = after
            .as_ref()
            .filter(|after| Some(*after) != before.as_ref())
        else {
            continue;
        };
        tx.prepare_cached(&format!("UPDATE users SET {field} = ?1 WHERE id = ?2"))?
            .execute(params![after, user.id.0])?;
        let said = Said {
            action: "edited",
            tenant: Some(user.tenant),
            user: Some((user.id, &user.name)),
            field,
            before: before.clone().unwrap_or_default(),
            after: after.clone(),
            ..Said::default()
        };
        append(tx, stamp, said)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outbox::Removal;
    use crate::domain::user::{Patch, UserId, Value};
    use crate::store::fixtures::{OURS, new_user, num, stamp, store_with};

    fn edit(user: i64, patch: Patch) -> ImportedEdit {
        ImportedEdit {
            user: UserId(user),
            patch,
            sip_username: Some(format!("sip{user}")),
            external_id: None,
        }
    }

    #[test]
    fn everything_goes_in_at_once_or_nothing_does() {
        let (_root, store) = store_with(2);
        let mail = Patch {
            mail: Some("other@contoso.example".into()),
            two_way: vec![(num("+14255550001"), num("+14255550100"))],
            ..Patch::default()
        };
        let mut heir = new_user(5);
        heir.mail = "USER1@contoso.example".into();
        let good = Import {
            add: vec![heir],
            edits: vec![edit(1, mail), edit(2, Patch::default())],
        };
        let mut bad = good.clone();
        bad.edits.push(edit(9, Patch::default()));
        let before = store.ledger.load().wait().unwrap();
        let refused = store.ledger.import(bad, OURS, stamp(2)).wait();
        assert!(matches!(refused, Err(StoreError::NoSuchUser(UserId(9)))));
        assert_eq!(store.ledger.load().wait().unwrap(), before);
        let done = store.ledger.import(good, OURS, stamp(3)).wait().unwrap();
        let wanted = Imported {
            added: 1,
            changed: 2,
            queued: 1,
        };
        assert_eq!(done, wanted);
        let after = store.ledger.load().wait().unwrap();
        assert_eq!(after.users.len(), 3);
        assert_eq!(after.users[0].sip_username.as_deref(), Some("sip1"));
        assert_eq!(
            (after.entries.len(), &after.entries[0].wanted),
            (
                1,
                &Value::Number(crate::domain::phone::PhoneNumber::from_tenant(
                    "+14255550100"
                ))
            )
        );
        let fields: Vec<String> = store
            .ledger
            .audit_of("2", 9)
            .wait()
            .unwrap()
            .into_iter()
            .map(|line| line.field)
            .collect();
        assert_eq!(fields, ["", "sip_username"]);
    }

    #[test]
    fn many_are_removed_or_none() {
        let (_root, store) = store_with(3);
        let before = store.ledger.load().wait().unwrap();
        let all_of = |ids: &[i64]| {
            let ids = ids.iter().map(|id| UserId(*id));
            ids.map(|id| Removal::of(id, None, &before.entries))
                .collect()
        };
        let refused = store.ledger.remove_users(all_of(&[1, 9]), stamp(2)).wait();
        assert!(matches!(refused, Err(StoreError::NoSuchUser(UserId(9)))));
        assert_eq!(store.ledger.load().wait().unwrap(), before);
        let done = store.ledger.remove_users(all_of(&[3, 1]), stamp(3)).wait();
        done.unwrap();
        let after = store.ledger.load().wait().unwrap();
        let left: Vec<UserId> = after.users.iter().map(|user| user.id).collect();
        assert_eq!((left, after.entries.len()), (vec![UserId(2)], 0));
    }
}
