//! `why`, from the files: finds who is meant, gathers what is known, and lets the domain word it.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::evidence::Names;
use crate::domain::explain::{
    Configured, Gone, Near, Subject, explain, explain_gone, explain_stranger, explain_unmatched,
};
use crate::domain::gate::Facts;
use crate::domain::guid::ObjectId;
use crate::domain::lists::{TeamsUsers, TeamsView, TenantNumbers};
use crate::domain::outbox::Entry;
use crate::domain::phone::PhoneNumber;
use crate::domain::seat;
use crate::domain::text::Label;
use crate::domain::user::{LicenseStatus, User, UserId, Value};
use crate::domain::why::Why;
use crate::domain::words;
use crate::store::Store;
use crate::store::cache::{LiveReading, Outline, StoredUser};
use crate::store::error::StoreError;
use crate::store::ledger::LedgerPicture;

use super::lately::lately;
use super::whom::{self, NEAREST, Target, row_words};

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

/// Users that are explained at a time.
const BATCH: u32 = 1000;

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

    /// Changes of somebody, on the list or not.
    fn entries_of(&self, user: Option<&User>, directory: Option<ObjectId>) -> Vec<Entry> {
        let is = |entry: &&Entry| match user {
            Some(user) => entry.is_of(user),
            None => entry.user.is_none() && directory.is_some() && entry.directory_id == directory,
        };
        self.picture.entries.iter().filter(is).cloned().collect()
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
    let entries = ground.entries_of(user, Some(id));
    let teams = store.cache.teams_of(id).await?;
    let numbers = store.cache.numbers_of(id).await?;
    let own_read = store.cache.read_at_of(id).await?;
    let reading = store.cache.live_of(id).await?;
    let (stale, member) = match &reading {
        Some(reading) => (reading.teams.as_ref(), reading.member),
        None => (None, None),
    };
    let group = outline.group.knowing(id, member);
    let lately = lately(
        store,
        &ground.picture.entries,
        (user.map(|user| user.id), Some(id), &stored.user.name),
    )
    .await?;
    let holders = holders(store, &entries, id).await?;
    Ok(explain(&Subject {
        facts: Facts {
            user: &stored.user,
            group: &group,
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
        teams_read: stale.map(|stale| (stale.read_at, stale.why.as_str())),
        tenant_read_at: ground.read_at,
        member_read_at: member.and(own_read),
        entries: &entries,
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
            None => words::no_user(holder),
        };
        out.push((number.clone(), name));
    }
    Ok(out)
}

async fn unmatched(store: &Store, ground: &Ground, user: &User) -> Result<Why, StoreError> {
    let entries = ground.entries_of(Some(user), None);
    let near = whom::nearest(store, &user.name, Some(&user.mail)).await?;
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
    let having = whom::having(store, &user.mail).await?;
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
    let lately = lately(
        store,
        &ground.picture.entries,
        (Some(user.id), user.association.id(), &user.name),
    )
    .await?;
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

async fn why_text(
    store: &Store,
    ground: &Ground,
    text: &str,
    live: bool,
) -> Result<Why, StoreError> {
    let wanted = whom::clean(text);
    let mut hits = whom::exactly(store, &ground.picture.users, text).await?;
    if hits.is_empty() {
        hits = whom::partly(store, &ground.picture.users, &wanted).await?;
    }
    let mut hits = hits.into_iter();
    let Some(first) = hits.next() else {
        let near = whom::nearest(store, &wanted, None).await?;
        let near = near.iter().map(row_words).collect();
        return Ok(explain_stranger(&wanted, near, ground.read_at, live));
    };
    let mut why = match first {
        Target::Directory(row) => why_directory(store, ground, row.id, live).await?,
        Target::User(user) => why_user(store, ground, user.id, live).await?,
    };
    let others: Vec<String> = hits.take(NEAREST).map(|other| other.words()).collect();
    if !others.is_empty() {
        why.also = others;
    }
    Ok(why)
}

/// Explains somebody whom the tenant, asked just now, does not have any more.
pub async fn why_gone(store: &Store, id: ObjectId, now: Timestamp) -> Result<Why, StoreError> {
    let ground = Ground::load(store, now).await?;
    let user = ground.user_of(id);
    let entries = ground.entries_of(user, Some(id));
    let stored = store.cache.user(id).await?;
    let seen_at = match stored {
        Some(_) => store.cache.read_at_of(id).await?,
        None => None,
    };
    let shown = id.to_string();
    let name = match (&stored, user) {
        (Some(stored), _) => (stored.user.name.as_str(), stored.user.upn.as_str()),
        (None, Some(user)) => (user.name.as_str(), user.mail.as_str()),
        (None, None) => (shown.as_str(), ""),
    };
    let about = user.map(|user| user.id);
    let lately = lately(store, &ground.picture.entries, (about, Some(id), name.0)).await?;
    Ok(explain_gone(&Gone {
        id,
        name,
        user: about,
        entries: &entries,
        asked_at: now,
        seen_at,
        lately: &lately,
    }))
}

/// Explains everybody, a batch after the other: the reference data is read once, for ten thousand people in seconds.
pub struct Everyone<'a> {
    store: &'a Store,
    ground: Ground,
    teams: Arc<TeamsUsers>,
    numbers: Arc<TenantNumbers>,
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
        let (teams, numbers) = reference.map_or((None, None), |r| (r.teams, r.numbers));
        let configured = ground
            .picture
            .users
            .iter()
            .enumerate()
            .filter_map(|(n, user)| Some((user.association.id()?, n)))
            .collect();
        Ok(Self {
            store,
            teams: teams.unwrap_or_default(),
            numbers: numbers.unwrap_or_default(),
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
            // Hardly anybody has been read alone since the run: the others are not asked about.
            let reading = if own_read == self.ground.read_at {
                None
            } else {
                self.store.cache.live_of(stored.user.id).await?
            };
            answers.extend(self.one(stored, (own_read, reading.as_ref())));
        }
        Ok(answers)
    }

    fn one(
        &self,
        stored: &StoredUser,
        (own_read, reading): (Option<Timestamp>, Option<&LiveReading>),
    ) -> Option<Why> {
        let outline = self.ground.outline.as_ref()?;
        let id = stored.user.id;
        let user = self
            .configured
            .get(&id)
            .map(|&n| &self.ground.picture.users[n]);
        let entries = self.ground.entries_of(user, Some(id));
        let stale = reading.and_then(|reading| reading.teams.as_ref());
        let member = reading.and_then(|reading| reading.member);
        let known = member.map(|_| outline.group.knowing(id, member));
        let numbers = self.numbers.held_by(id);
        let teams = self.teams.get(id).map(TeamsView::to_user);
        Some(explain(&Subject {
            facts: Facts {
                user: &stored.user,
                group: known.as_ref().unwrap_or(&outline.group),
                teams: teams.as_ref(),
                numbers: outline.numbers_known.then_some(numbers.as_slice()),
            },
            names: Names {
                skus: &outline.skus,
                groups: &outline.groups,
            },
            tenant: Some(&outline.tenant),
            configured: user.map(|user| self.ground.configured(user, &entries)),
            holders: &[],
            read_at: own_read.or(self.ground.read_at),
            teams_read: stale.map(|stale| (stale.read_at, stale.why.as_str())),
            tenant_read_at: self.ground.read_at,
            member_read_at: member.and(own_read),
            entries: &entries,
            live: false,
            lately: &[],
        }))
    }
}
