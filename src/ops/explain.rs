//! `why`, from the files: finds who is meant, gathers what is known, and lets the domain word it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::directory::GroupFilter;
use crate::domain::explain::{Configured, Subject, explain, explain_stranger, explain_unmatched};
use crate::domain::gate::Facts;
use crate::domain::guid::ObjectId;
use crate::domain::outbox::Entry;
use crate::domain::seat;
use crate::domain::text::Label;
use crate::domain::user::{LicenseStatus, User, UserId};
use crate::domain::why::Why;
use crate::store::Store;
use crate::store::cache::StoredRow;
use crate::store::error::StoreError;
use crate::store::ledger::LedgerPicture;

/// Whom to explain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// A directory user.
    Directory(ObjectId),
    /// A configured user.
    User(UserId),
    /// Anyone, by UPN, mail, name, number or id.
    Text(String),
}

/// How near a name must be to be offered, from 0 to 1.
const NEAR: f64 = 0.72;

/// Names that are offered at most.
const NEAREST: usize = 5;

/// Past this many people, only those who share a word with the question are compared.
const COMPARE_AT_MOST: u64 = 200_000;

/// Explains somebody from what was last read. `live` says that it was read just now.
pub async fn why(
    store: &Store,
    whom: &Whom,
    now: Timestamp,
    live: bool,
) -> Result<Why, StoreError> {
    let picture = store.ledger.load().await?;
    match whom {
        Whom::Directory(id) => why_directory(store, &picture, *id, now, live).await,
        Whom::User(id) => why_user(store, &picture, *id, now, live).await,
        Whom::Text(text) => why_text(store, &picture, text, now, live).await,
    }
}

async fn why_user(
    store: &Store,
    picture: &LedgerPicture,
    id: UserId,
    now: Timestamp,
    live: bool,
) -> Result<Why, StoreError> {
    let Some(user) = picture.users.iter().find(|user| user.id == id) else {
        return Ok(explain_stranger(
            "",
            Vec::new(),
            read_at(store).await?,
            live,
        ));
    };
    match user.association.id() {
        Some(directory) => why_directory(store, picture, directory, now, live).await,
        None => unmatched(store, picture, user, now).await,
    }
}

async fn why_directory(
    store: &Store,
    picture: &LedgerPicture,
    id: ObjectId,
    now: Timestamp,
    live: bool,
) -> Result<Why, StoreError> {
    let user = picture
        .users
        .iter()
        .find(|user| user.association.id() == Some(id));
    let (Some(stored), Some(reference)) =
        (store.cache.user(id).await?, store.cache.reference().await?)
    else {
        return match user {
            Some(user) => unmatched(store, picture, user, now).await,
            None => Ok(explain_stranger(
                &id.to_string(),
                Vec::new(),
                read_at(store).await?,
                live,
            )),
        };
    };
    let entries = user
        .map(|user| entries_of(picture, user.id))
        .unwrap_or_default();
    let configured = user.map(|user| Configured {
        user,
        status: status(picture, user, now),
        entries: &entries,
    });
    let teams = store.cache.teams_of(id).await?;
    let numbers = store.cache.numbers_of(id).await?;
    let own_read = store.cache.read_at_of(id).await?;
    let lately = match user {
        Some(user) => lately(store, user.id).await?,
        // Two people may have one name: without a record of our own there is nothing that is surely theirs.
        None => Vec::new(),
    };
    let group = if reference.group.name().is_some() {
        &reference.group
    } else {
        &GroupFilter::Off
    };
    Ok(explain(&Subject {
        facts: Facts {
            user: &stored.user,
            group,
            teams: teams.as_ref(),
            numbers: reference.numbers.is_some().then_some(numbers.as_slice()),
        },
        skus: &reference.skus,
        tenant: Some(&reference.tenant),
        configured,
        read_at: own_read.or(read_at(store).await?),
        live,
        lately: &lately,
    }))
}

async fn unmatched(
    store: &Store,
    picture: &LedgerPicture,
    user: &User,
    now: Timestamp,
) -> Result<Why, StoreError> {
    let entries = entries_of(picture, user.id);
    let configured = Configured {
        user,
        status: status(picture, user, now),
        entries: &entries,
    };
    let near = nearest(store, &user.name, Some(&user.mail)).await?;
    let lately = lately(store, user.id).await?;
    Ok(explain_unmatched(
        configured,
        near,
        read_at(store).await?,
        &lately,
    ))
}

async fn why_text(
    store: &Store,
    picture: &LedgerPicture,
    text: &str,
    now: Timestamp,
    live: bool,
) -> Result<Why, StoreError> {
    let wanted = text.trim();
    let is = |candidate: &str| candidate.eq_ignore_ascii_case(wanted);
    if let Some(user) = picture
        .users
        .iter()
        .find(|user| is(&user.mail) || is(&user.name))
    {
        return why_user(store, picture, user.id, now, live).await;
    }
    let hits = store.cache.find(wanted, 12).await?;
    let digits: String = wanted.chars().filter(char::is_ascii_digit).collect();
    let exact = hits.iter().find(|row| {
        is(&row.upn)
            || is(&row.name)
            || row.mail.as_deref().is_some_and(is)
            || is(&row.id.to_string())
            || row
                .number
                .as_ref()
                .is_some_and(|number| digits.len() > 6 && number.digits() == digits)
    });
    if let Some(row) = exact.or(hits.first()) {
        let mut why = why_directory(store, picture, row.id, now, live).await?;
        why.near = hits
            .iter()
            .filter(|other| other.id != row.id)
            .take(NEAREST)
            .map(row_words)
            .collect();
        return Ok(why);
    }
    if let Some(user) = picture
        .users
        .iter()
        .find(|user| user.name.to_lowercase().contains(&wanted.to_lowercase()))
    {
        return why_user(store, picture, user.id, now, live).await;
    }
    let near = nearest(store, wanted, None).await?;
    Ok(explain_stranger(wanted, near, read_at(store).await?, live))
}

async fn read_at(store: &Store) -> Result<Option<Timestamp>, StoreError> {
    Ok(store.cache.head().await?.map(|head| head.read_at))
}

fn entries_of(picture: &LedgerPicture, id: UserId) -> Vec<Entry> {
    picture
        .entries
        .iter()
        .filter(|entry| entry.user == Some(id))
        .cloned()
        .collect()
}

fn status(picture: &LedgerPicture, user: &User, now: Timestamp) -> LicenseStatus {
    let statuses = seat::statuses(
        &picture.users,
        picture.seats,
        now.to_zoned(TimeZone::UTC).date(),
    );
    picture
        .users
        .iter()
        .position(|other| other.id == user.id)
        .map_or(LicenseStatus::Licensed, |n| statuses[n])
}

async fn lately(store: &Store, user: UserId) -> Result<Vec<String>, StoreError> {
    let lines = store.ledger.audit_of(&user.0.to_string(), 5).await?;
    Ok(lines
        .into_iter()
        .rev()
        .map(|line| {
            let after = if line.after.is_empty() {
                String::new()
            } else {
                format!(" {}", line.after)
            };
            format!(
                "{} {} {}{after} {} ({})",
                line.at.strftime("%Y-%m-%d %H:%MZ"),
                line.action,
                line.field,
                line.outcome,
                line.author
            )
        })
        .collect())
}

fn row_words(row: &StoredRow) -> String {
    format!("{} <{}>", Label::new(&row.name), Label::new(&row.upn))
}

/// The people whose name or address is most like what was asked for.
async fn nearest(store: &Store, name: &str, mail: Option<&str>) -> Result<Vec<String>, StoreError> {
    let Some(head) = store.cache.head().await? else {
        return Ok(Vec::new());
    };
    let rows = if head.users <= COMPARE_AT_MOST {
        store.cache.all_rows().await?
    } else {
        let mut rows = Vec::new();
        for word in name.split_whitespace().filter(|word| word.len() >= 3) {
            rows.extend(store.cache.find(word, 200).await?);
        }
        rows
    };
    let name = name.to_lowercase();
    let local = mail
        .unwrap_or(&name)
        .split('@')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let mut scored: Vec<(f64, &StoredRow)> = rows
        .iter()
        .map(|row| {
            let by_name = strsim::jaro_winkler(&row.name.to_lowercase(), &name);
            let by_local =
                strsim::jaro_winkler(row.upn.split('@').next().unwrap_or_default(), &local);
            (by_name.max(by_local), row)
        })
        .filter(|(score, _)| *score >= NEAR)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.dedup_by_key(|(_, row)| row.id);
    Ok(scored
        .into_iter()
        .take(NEAREST)
        .map(|(_, row)| row_words(row))
        .collect())
}
