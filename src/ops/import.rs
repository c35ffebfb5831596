//! An import: what it is judged against, and the good rows into the ledger, in one transaction.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::bulk::columns::Column;
use crate::bulk::known::{Facts, Known, KnownUser, Person, TenantHeld, Waiting};
use crate::bulk::review::steps::Step;
use crate::bulk::review::{Review, Summary};
use crate::bulk::sheet::Sheet;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::Entry;
use crate::domain::phone::PhoneNumber;
use crate::domain::user::{Field, User, Value};
use crate::store::cache::StoredRow;
use crate::store::error::StoreError;
use crate::store::ledger::{Import, Imported, ImportedEdit, LedgerPicture};
use crate::store::{Stamp, Store};

/// Directory users that are read at once for their further addresses.
const BATCH: u32 = 2000;

/// Whether rows that cannot go in stop the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// One row that cannot go in stops all.
    AllOrNothing,
    /// The good rows go in.
    Partial,
}

/// What came of queueing a review.
#[derive(Debug)]
pub enum Queued {
    /// Done.
    Done(Imported),
    /// Rows that cannot go in: nothing was done.
    Bad(Summary),
    /// The list or the tenant has changed since, and with it a verdict: nothing was done, and this is how it stands now.
    Moved(Box<Review>),
}

/// What the sheet is judged against, as the files have it now.
pub async fn known(store: &Store, sheet: &Sheet) -> Result<Known, Failure> {
    facts(store, sheet)
        .await
        .map(Known::new)
        .map_err(|e| e.failure())
}

async fn facts(store: &Store, sheet: &Sheet) -> Result<Facts, StoreError> {
    let picture = store.ledger.load().await?;
    let rows = store.cache.all_rows().await?;
    let inventory = store.cache.all_numbers().await?;
    let mut facts = Facts {
        seats: picture.seats.bought,
        ..of_ledger(&picture)
    };
    let names: HashMap<ObjectId, &str> =
        rows.iter().map(|row| (row.id, row.name.as_str())).collect();
    let words = |id: ObjectId| match names.get(&id) {
        Some(name) => (*name).to_owned(),
        None => format!("an object that is no user ({id})"),
    };
    let mut listed: HashSet<PhoneNumber> = HashSet::new();
    for record in inventory.unwrap_or_default() {
        let by = record.holder().map(|id| (id, words(id)));
        listed.insert(record.number.clone());
        facts.numbers.push(TenantHeld {
            number: record.number,
            by,
        });
    }
    for row in &rows {
        if let Some(number) = row.number.clone().filter(|number| !listed.contains(number)) {
            let by = Some((row.id, row.name.clone()));
            facts.numbers.push(TenantHeld { number, by });
        }
    }
    facts.people = rows.into_iter().map(person).collect();
    facts.addresses = addresses(store, sheet, &facts.people).await?;
    Ok(facts)
}

fn person(row: StoredRow) -> Person {
    Person {
        id: row.id,
        name: row.name,
        upn: row.upn,
        mail: row.mail,
        number: row.number,
        country: row.location,
    }
}

/// Users, and what is queued for their numbers and for those of others.
fn of_ledger(picture: &LedgerPicture) -> Facts {
    let mut facts = Facts::default();
    let numbers: Vec<&Entry> = picture
        .entries
        .iter()
        .filter(|entry| entry.field() == Field::Number)
        .collect();
    let mut by_user: HashMap<_, &Entry> = HashMap::new();
    let mut by_person: HashMap<ObjectId, &Entry> = HashMap::new();
    for entry in &numbers {
        match (entry.user, entry.directory_id) {
            (Some(user), _) => drop(by_user.insert(user, *entry)),
            (None, Some(id)) => drop(by_person.insert(id, *entry)),
            (None, None) => {}
        }
    }
    let entry_of = |user: &User| {
        let own = by_user.get(&user.id).copied();
        own.or_else(|| by_person.get(&user.association.id()?).copied())
    };
    for user in &picture.users {
        facts.users.push(KnownUser {
            waiting: entry_of(user).map(waiting),
            user: user.clone(),
        });
    }
    let strangers = numbers
        .iter()
        .filter(|entry| !picture.users.iter().any(|user| entry.is_of(user)));
    for entry in strangers {
        if let Value::Number(Some(base)) = &entry.base {
            facts.released.push(base.clone());
        }
        if let Value::Number(Some(wanted)) = &entry.wanted {
            facts.promised.push((wanted.clone(), entry.name.clone()));
        }
    }
    facts
}

fn waiting(entry: &Entry) -> Waiting {
    let under_way = !entry.state.is_ours();
    Waiting {
        base: entry.base.number().cloned(),
        wanted: entry.wanted.number().cloned(),
        under_way: under_way.then(|| entry.state.word()),
    }
}

/// Further addresses of people, for those e-mails of the sheet that are nobody's first address: only then is everybody read.
async fn addresses(
    store: &Store,
    sheet: &Sheet,
    people: &[Person],
) -> Result<Vec<(String, u32)>, StoreError> {
    let mut wanted: HashSet<String> = sheet
        .rows()
        .map(|row| row.trimmed(Column::Email).to_lowercase())
        .filter(|mail| !mail.is_empty())
        .collect();
    for person in people {
        wanted.remove(&person.upn.to_lowercase());
        if let Some(mail) = &person.mail {
            wanted.remove(&mail.to_lowercase());
        }
    }
    let mut found = Vec::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    let places: HashMap<ObjectId, u32> = people.iter().map(|person| person.id).zip(0..).collect();
    let mut after = 0;
    loop {
        let batch = store.cache.visit_batch(after, BATCH).await?;
        let Some((last, _)) = batch.last() else {
            return Ok(found);
        };
        after = *last;
        for (_, stored) in batch {
            let Some(place) = places.get(&stored.user.id) else {
                continue;
            };
            for address in stored.user.addresses {
                if wanted.contains(&address.to_lowercase()) {
                    found.push((address, *place));
                }
            }
        }
    }
}

/// Puts the good rows into the ledger, all or none. What has changed since the review was made is seen first.
pub async fn queue(
    store: &Store,
    review: &Review,
    extent: Extent,
    stamp: Stamp,
) -> Result<Queued, Failure> {
    let country = review.known().facts().country;
    let now = known(store, review.sheet()).await?.in_country(country);
    let again = review.again(Arc::new(now));
    let rows = 0..review.sheet().len();
    if rows
        .into_iter()
        .any(|row| again.verdict(row) != review.verdict(row))
    {
        return Ok(Queued::Moved(Box::new(again)));
    }
    let summary = again.summary();
    if extent == Extent::AllOrNothing && !summary.all_good() {
        return Ok(Queued::Bad(summary));
    }
    let picture = store.ledger.load().await.map_err(|e| e.failure())?;
    let Some(pin) = picture.pin else {
        return Err(Failure::new(
            FailureKind::Refused,
            "No tenant has been read yet: nobody can be imported",
            "",
            "Nothing was changed. Sync first (s, or `teamsconnector sync`); then import.",
        ));
    };
    let mut import = Import::default();
    for step in again.steps() {
        match step {
            Step::Create(user) => import.add.push(*user),
            Step::Edit {
                user,
                patch,
                sip_username,
                external_id,
            } => import.edits.push(ImportedEdit {
                user,
                patch: *patch,
                sip_username,
                external_id,
            }),
        }
    }
    if import == Import::default() {
        return Ok(Queued::Done(Imported::default()));
    }
    let done = store.ledger.import(import, pin.tenant, stamp).await;
    Ok(Queued::Done(done.map_err(|e| refusal(&again, &e))?))
}

/// A refusal of the ledger with the rows that it is about: nobody finds a row by the id of a directory user.
fn refusal(review: &Review, error: &StoreError) -> Failure {
    let mut failure = error.failure();
    let is_it = |index: &usize| match error {
        StoreError::DirectoryUserTaken { id, .. } => {
            review.person(*index).is_some_and(|person| person.id == *id)
        }
        StoreError::MailTaken { mail, .. } => {
            let own = review.sheet().row(*index).trimmed(Column::Email);
            own.eq_ignore_ascii_case(mail)
        }
        _ => false,
    };
    let rows: Vec<usize> = (0..review.sheet().len()).filter(is_it).collect();
    let Some(first) = rows.first() else {
        return failure;
    };
    let numbers: Vec<String> = rows
        .iter()
        .map(|row| review.sheet().row(*row).number().to_string())
        .collect();
    let of = if rows.len() == 1 { "Row" } else { "Rows" };
    let what = match (error, review.person(*first)) {
        (StoreError::DirectoryUserTaken { name, .. }, Some(person)) => format!(
            "the directory user {} is associated already, with {name}",
            person.name
        ),
        _ => failure.headline.clone(),
    };
    failure.headline = format!("{of} {} (Email): {what}", numbers.join(", "));
    failure.hint = format!("Nothing of the file went in. {}", failure.hint);
    failure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bulk::decode::Encoding;
    use crate::bulk::review::{Ask, Mode, Zeros, judge};
    use crate::domain::guid::Guid;

    #[test]
    fn a_refusal_of_the_ledger_names_row_and_person() {
        let id = ObjectId(Guid::from_bytes([7; 16]));
        let known = Known::new(Facts {
            people: vec![Person {
                id,
                name: "Adele Vance".into(),
                upn: "adele@contoso.example".into(),
                mail: None,
                number: None,
                country: None,
            }],
            ..Facts::default()
        });
        let text = b"Name,Email\nKim,kim@contoso.example\nA,adele@contoso.example\n";
        let sheet = Sheet::read(text, Encoding::Detect).unwrap();
        let ask = Ask {
            mode: Mode::Create,
            zeros: Zeros::Doubted,
        };
        let review = judge(sheet, Arc::new(known), ask);
        let name = "Somebody".to_owned();
        let taken = StoreError::DirectoryUserTaken { id, name };
        let failure = refusal(&review, &taken);
        assert_eq!(
            failure.headline,
            "Row 3 (Email): the directory user Adele Vance is associated already, with Somebody"
        );
        assert!(failure.hint.starts_with("Nothing of the file went in. "));
    }
}
