//! `why`, from the files: finds who is meant, gathers what is known, and lets the domain word it.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::directory::{TeamsUser, TenantNumber};
use crate::domain::evidence::Names;
use crate::domain::explain::{
    Configured, Near, Subject, explain, explain_stranger, explain_unmatched,
};
use crate::domain::gate::{Facts, FirstCause};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::Entry;
use crate::domain::phone::PhoneNumber;
use crate::domain::seat;
use crate::domain::text::Label;
use crate::domain::user::{LicenseStatus, User, UserId, Value};
use crate::domain::why::Why;
use crate::store::Store;
use crate::store::cache::{Outline, StoredRow, StoredUser};
use crate::store::error::StoreError;
use crate::store::ledger::{AuditLine, LedgerPicture};

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

/// What happened lately is told of so many events at most.
const EVENTS: u32 = 6;

/// Users that are explained at a time.
const BATCH: u32 = 1000;

/// Names that are offered at most.
const NEAREST: usize = 5;

/// Past this many people, only those who share a word with the question are compared.
const COMPARE_AT_MOST: u64 = 200_000;

/// What every answer stands on: this side's record, and what the tenant calls things.
struct Ground {
    picture: LedgerPicture,
    statuses: Vec<LicenseStatus>,
    /// Each user's place in the order of seats, from 1.
    places: Vec<usize>,
    outline: Option<Outline>,
    read_at: Option<Timestamp>,
}

impl Ground {
    async fn load(store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let picture = store.ledger.load().await?;
        let today = now.to_zoned(TimeZone::UTC).date();
        let statuses = seat::statuses(&picture.users, picture.seats, today);
        let mut order: Vec<usize> = (0..picture.users.len()).collect();
        order.sort_by_key(|&n| (picture.users[n].rank, picture.users[n].id));
        let mut places = vec![0; order.len()];
        for (place, n) in order.into_iter().enumerate() {
            places[n] = place + 1;
        }
        Ok(Self {
            picture,
            statuses,
            places,
            outline: store.cache.outline().await?,
            read_at: store.cache.head().await?.map(|head| head.read_at),
        })
    }

    fn user_of(&self, id: ObjectId) -> Option<&User> {
        self.picture
            .users
            .iter()
            .find(|user| user.association.id() == Some(id))
    }

    fn entries_of(&self, id: UserId) -> Vec<Entry> {
        self.picture
            .entries
            .iter()
            .filter(|entry| entry.user == Some(id))
            .cloned()
            .collect()
    }

    fn configured<'a>(&self, user: &'a User, entries: &'a [Entry]) -> Configured<'a> {
        let n = self
            .picture
            .users
            .iter()
            .position(|other| other.id == user.id);
        Configured {
            user,
            status: n.map_or(LicenseStatus::Licensed, |n| self.statuses[n]),
            seat: (n.map_or(0, |n| self.places[n]), self.picture.seats.bought),
            entries,
        }
    }
}

/// Explains somebody from what was last read. `live` says that it was read just now.
pub async fn why(
    store: &Store,
    whom: &Whom,
    now: Timestamp,
    live: bool,
) -> Result<Why, StoreError> {
    let ground = Ground::load(store, now).await?;
    match whom {
        Whom::Directory(id) => why_directory(store, &ground, *id, live).await,
        Whom::User(id) => why_user(store, &ground, *id, live).await,
        Whom::Text(text) => why_text(store, &ground, text, live).await,
    }
}

async fn why_user(
    store: &Store,
    ground: &Ground,
    id: UserId,
    live: bool,
) -> Result<Why, StoreError> {
    let Some(user) = ground.picture.users.iter().find(|user| user.id == id) else {
        return Ok(explain_stranger("", Vec::new(), ground.read_at, live));
    };
    match user.association.id() {
        Some(directory) => why_directory(store, ground, directory, live).await,
        None => unmatched(store, ground, user).await,
    }
}

async fn why_directory(
    store: &Store,
    ground: &Ground,
    id: ObjectId,
    live: bool,
) -> Result<Why, StoreError> {
    let user = ground.user_of(id);
    let (Some(stored), Some(outline)) = (store.cache.user(id).await?, &ground.outline) else {
        return match user {
            Some(user) => unmatched(store, ground, user).await,
            None => Ok(explain_stranger(
                &id.to_string(),
                Vec::new(),
                ground.read_at,
                live,
            )),
        };
    };
    let entries = user
        .map(|user| ground.entries_of(user.id))
        .unwrap_or_default();
    let teams = store.cache.teams_of(id).await?;
    let numbers = store.cache.numbers_of(id).await?;
    let own_read = store.cache.read_at_of(id).await?;
    let lately = lately(
        store,
        user.map(|user| user.id),
        (Some(id), &stored.user.name),
    )
    .await?;
    let holders = holders(store, &entries, id).await?;
    Ok(explain(&Subject {
        facts: Facts {
            user: &stored.user,
            group: &outline.group,
            teams: teams.as_ref(),
            numbers: outline.numbers_known.then_some(numbers.as_slice()),
        },
        names: Names {
            skus: &outline.skus,
            groups: &outline.groups,
        },
        tenant: Some(&outline.tenant),
        configured: user.map(|user| ground.configured(user, &entries)),
        holders: &holders,
        read_at: own_read.or(ground.read_at),
        teams_read: None,
        tenant_read_at: ground.read_at,
        live,
        lately: &lately,
    }))
}

/// Who else holds a number that is queued for somebody.
async fn holders(
    store: &Store,
    entries: &[Entry],
    me: ObjectId,
) -> Result<Vec<(PhoneNumber, String)>, StoreError> {
    let mut out = Vec::new();
    for entry in entries {
        let Value::Number(Some(number)) = &entry.wanted else {
            continue;
        };
        let record = store.cache.number(number).await?;
        let Some(holder) = record
            .and_then(|record| record.holder())
            .filter(|holder| *holder != me)
        else {
            continue;
        };
        let name = match store.cache.name_of(holder).await? {
            Some(name) => Label::new(&name).to_string(),
            None => format!("an object of the tenant that is no user ({holder})"),
        };
        out.push((number.clone(), name));
    }
    Ok(out)
}

async fn unmatched(store: &Store, ground: &Ground, user: &User) -> Result<Why, StoreError> {
    let entries = ground.entries_of(user.id);
    let near = nearest(store, &user.name, Some(&user.mail)).await?;
    let same = |text: &str, other: &str| text.trim().eq_ignore_ascii_case(other.trim());
    let recreated = near
        .iter()
        .find(|row| {
            Some(row.id) != user.association.id()
                && (same(&row.name, &user.name)
                    || same(&row.upn, &user.mail)
                    || row
                        .mail
                        .as_deref()
                        .is_some_and(|mail| same(mail, &user.mail)))
        })
        .map(row_words);
    let having = having(store, &user.mail).await?;
    let several: Vec<String> = match having.as_slice() {
        [_, _, ..] => having.iter().map(row_words).collect(),
        _ => Vec::new(),
    };
    let taken = match having.as_slice() {
        [only] => Some((
            row_words(only),
            ground.user_of(only.id).map(|other| other.name.clone()),
        )),
        _ => None,
    };
    let people: Vec<String> = near.iter().map(row_words).collect();
    let lately = lately(store, Some(user.id), (user.association.id(), &user.name)).await?;
    Ok(explain_unmatched(
        ground.configured(user, &entries),
        Near {
            people: &people,
            recreated: recreated.as_deref(),
            several: &several,
            only: taken
                .as_ref()
                .map(|(who, other)| (who.as_str(), other.as_deref())),
        },
        ground.read_at,
        &lately,
    ))
}

/// Who has exactly this address, as sign-in name, mail or proxy address.
async fn having(store: &Store, mail: &str) -> Result<Vec<StoredRow>, StoreError> {
    let mut out = Vec::new();
    for row in store.cache.find(mail, 12).await? {
        let Some(stored) = store.cache.user(row.id).await? else {
            continue;
        };
        let is = |text: &str| text.eq_ignore_ascii_case(mail.trim());
        let user = &stored.user;
        if is(&user.upn)
            || user.mail.as_deref().is_some_and(is)
            || user.addresses.iter().any(|address| is(address))
        {
            out.push(row);
        }
    }
    Ok(out)
}

async fn why_text(
    store: &Store,
    ground: &Ground,
    text: &str,
    live: bool,
) -> Result<Why, StoreError> {
    let wanted = text.trim();
    let users = &ground.picture.users;
    let is = |candidate: &str| candidate.eq_ignore_ascii_case(wanted);
    if let Some(user) = users.iter().find(|user| is(&user.mail) || is(&user.name)) {
        return why_user(store, ground, user.id, live).await;
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
        let mut why = why_directory(store, ground, row.id, live).await?;
        why.near = hits
            .iter()
            .filter(|other| other.id != row.id)
            .take(NEAREST)
            .map(row_words)
            .collect();
        return Ok(why);
    }
    if let Some(user) = users
        .iter()
        .find(|user| user.name.to_lowercase().contains(&wanted.to_lowercase()))
    {
        return why_user(store, ground, user.id, live).await;
    }
    let near = nearest(store, wanted, None).await?;
    let near = near.iter().map(row_words).collect();
    Ok(explain_stranger(wanted, near, ground.read_at, live))
}

/// What happened lately, the newest first: runs that saw somebody come, go or change the first cause, and our own writes.
async fn lately(
    store: &Store,
    user: Option<UserId>,
    (id, name): (Option<ObjectId>, &str),
) -> Result<Vec<String>, StoreError> {
    let mut events: Vec<(Timestamp, String)> = Vec::new();
    if let Some(id) = id {
        for change in store.history.changes_of(id, EVENTS).await? {
            let words = |class: Option<u8>, none: &str| {
                class.map_or_else(
                    || none.to_owned(),
                    |class| FirstCause::from_byte(class).words().to_owned(),
                )
            };
            events.push((
                change.at,
                format!(
                    "{} run {}: {} -> {}",
                    change.at.strftime("%Y-%m-%d %H:%MZ"),
                    change.run.0,
                    words(change.before, "not seen before"),
                    words(change.after, "gone")
                ),
            ));
        }
    }
    // Somebody who is not configured is on record by name alone, for repairs; two people may have one name.
    let key = user.map_or_else(|| name.to_owned(), |user| user.0.to_string());
    let mut lines = store.ledger.audit_of(&key, EVENTS).await?;
    lines.retain(|line| user.is_some() || line.user_id.is_none());
    let written = !lines.is_empty();
    events.extend(lines.iter().map(|line| (line.at, audit_words(line))));
    events.sort_by_key(|event| std::cmp::Reverse(event.0));
    let mut out: Vec<String> = events
        .into_iter()
        .take(EVENTS as usize)
        .map(|(_, text)| text)
        .collect();
    if !written {
        out.push("never written from here".to_owned());
    }
    Ok(out)
}

fn audit_words(line: &AuditLine) -> String {
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
}

fn row_words(row: &StoredRow) -> String {
    format!("{} <{}>", Label::new(&row.name), Label::new(&row.upn))
}

/// Explains everybody, a batch after the other: the reference data is read once, for ten thousand people in seconds.
pub struct Everyone<'a> {
    store: &'a Store,
    ground: Ground,
    teams: HashMap<ObjectId, TeamsUser>,
    numbers: HashMap<ObjectId, Vec<TenantNumber>>,
    configured: HashMap<ObjectId, usize>,
    after: i64,
}

impl std::fmt::Debug for Everyone<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Everyone")
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}

impl<'a> Everyone<'a> {
    /// Begins before the first.
    pub async fn new(store: &'a Store, now: Timestamp) -> Result<Self, StoreError> {
        let ground = Ground::load(store, now).await?;
        let reference = store.cache.reference().await?;
        let (teams, inventory) = match reference {
            Some(reference) => (
                reference.teams.unwrap_or_default(),
                reference.numbers.unwrap_or_default(),
            ),
            None => (Vec::new(), Vec::new()),
        };
        let mut numbers: HashMap<ObjectId, Vec<TenantNumber>> = HashMap::new();
        for row in inventory {
            if let Some(holder) = row.holder() {
                numbers.entry(holder).or_default().push(row);
            }
        }
        let configured = ground
            .picture
            .users
            .iter()
            .enumerate()
            .filter_map(|(n, user)| Some((user.association.id()?, n)))
            .collect();
        Ok(Self {
            store,
            teams: teams.into_iter().map(|user| (user.id, user)).collect(),
            numbers,
            configured,
            ground,
            after: 0,
        })
    }

    /// The next ones; empty at the end.
    pub async fn next(&mut self) -> Result<Vec<Why>, StoreError> {
        let batch = self.store.cache.visit_batch(self.after, BATCH).await?;
        let Some((last, _)) = batch.last() else {
            return Ok(Vec::new());
        };
        self.after = *last;
        let mut answers = Vec::with_capacity(batch.len());
        for (_, stored) in &batch {
            let own_read = self.store.cache.read_at_of(stored.user.id).await?;
            answers.extend(self.one(stored, own_read));
        }
        Ok(answers)
    }

    fn one(&self, stored: &StoredUser, own_read: Option<Timestamp>) -> Option<Why> {
        let outline = self.ground.outline.as_ref()?;
        let id = stored.user.id;
        let user = self
            .configured
            .get(&id)
            .map(|&n| &self.ground.picture.users[n]);
        let entries = user
            .map(|user| self.ground.entries_of(user.id))
            .unwrap_or_default();
        let numbers = self.numbers.get(&id).map_or(&[][..], Vec::as_slice);
        Some(explain(&Subject {
            facts: Facts {
                user: &stored.user,
                group: &outline.group,
                teams: self.teams.get(&id),
                numbers: outline.numbers_known.then_some(numbers),
            },
            names: Names {
                skus: &outline.skus,
                groups: &outline.groups,
            },
            tenant: Some(&outline.tenant),
            configured: user.map(|user| self.ground.configured(user, &entries)),
            holders: &[],
            read_at: own_read.or(self.ground.read_at),
            teams_read: None,
            tenant_read_at: self.ground.read_at,
            live: false,
            lately: &[],
        }))
    }
}

/// The people whose name or address is most like what was asked for.
async fn nearest(
    store: &Store,
    name: &str,
    mail: Option<&str>,
) -> Result<Vec<StoredRow>, StoreError> {
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
        .map(|(_, row)| row.clone())
        .collect())
}
