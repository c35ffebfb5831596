//! Who is meant by a text: one answer for `why`, `repair`, `move`, `script` and `users`, so that no two of them mean different people.
//!
//! The tenant's own ids and addresses go before what this side calls people: a mail that was given to somebody else belongs to them.

use std::collections::HashSet;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::{Guid, ObjectId};
use crate::domain::text::Label;
use crate::domain::user::User;
use crate::store::Store;
use crate::store::cache::{StoredRow, StoredUser};
use crate::store::error::StoreError;

/// How near a name must be to be offered, from 0 to 1.
const NEAR: f64 = 0.72;

/// Names that are offered at most.
pub(super) const NEAREST: usize = 5;

/// Past this many people, only those who share a word with the question are compared.
const COMPARE_AT_MOST: u64 = 200_000;

/// Hits of a text that are looked at.
const HITS: u32 = 50;

/// Somebody who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A directory user.
    Directory(StoredRow),
    /// A configured user whom the tenant does not have.
    User(User),
}

impl Target {
    /// Name and address.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Directory(row) => row_words(row),
            Self::User(user) => format!("{} <{}>", Label::new(&user.name), Label::new(&user.mail)),
        }
    }
}

/// What is meant by what was typed or pasted: `{id}`, `tel:+44…`, `Name <address>`.
pub(super) fn clean(text: &str) -> String {
    let text = text.trim();
    let inner = match (text.rfind('<'), text.strip_suffix('>')) {
        (Some(from), Some(rest)) => &rest[from + 1..],
        _ => text,
    };
    let inner = inner.trim().trim_start_matches('{').trim_end_matches('}');
    match inner.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => inner[4..].to_owned(),
        _ => inner.to_owned(),
    }
}

/// All who are meant to the letter, by the first of these that fits anybody: id, sign-in name; mail, proxy address or number;
/// e-mail here; name, here or in the tenant, its words in any order.
pub(super) async fn exactly(
    store: &Store,
    users: &[User],
    text: &str,
) -> Result<Vec<Target>, StoreError> {
    let wanted = clean(text);
    let is = |candidate: &str| candidate.to_lowercase() == wanted.to_lowercase();
    if let Ok(id) = wanted.parse::<Guid>() {
        let id = ObjectId(id);
        let hits = store.cache.find(&wanted, 1).await?;
        let user = users.iter().find(|user| user.association.id() == Some(id));
        let hit = hits.into_iter().find(|row| row.id == id);
        return Ok(hit
            .map(Target::Directory)
            .or_else(|| user.cloned().map(Target::User))
            .into_iter()
            .collect());
    }
    let hits = store.cache.find(&wanted, HITS).await?;
    let mut found: Vec<StoredRow> = hits.iter().filter(|row| is(&row.upn)).cloned().collect();
    if found.is_empty() {
        found = having(store, &wanted).await?;
    }
    if found.is_empty() {
        let digits: String = wanted.chars().filter(char::is_ascii_digit).collect();
        let holds = |row: &&StoredRow| {
            row.number
                .as_ref()
                .is_some_and(|number| digits.len() > 6 && number.digits() == digits)
        };
        found = hits.iter().filter(holds).cloned().collect();
    }
    if !found.is_empty() {
        return Ok(found.into_iter().map(Target::Directory).collect());
    }
    let mut targets = here(store, users.iter().filter(|user| is(&user.mail))).await?;
    if targets.is_empty() {
        let ordered = in_order(&wanted.to_lowercase());
        let named = |name: &str| !ordered.is_empty() && in_order(&name.to_lowercase()) == ordered;
        targets = here(store, users.iter().filter(|user| named(&user.name))).await?;
        for row in by_words(store, &wanted).await? {
            let target = Target::Directory(row);
            let again = targets.contains(&target);
            if let Target::Directory(row) = &target
                && !again
                && named(&row.name)
            {
                targets.push(target);
            }
        }
    }
    Ok(targets)
}

/// Those who have the text in a name or an address, in any order of its words, or among the digits of a number.
pub(super) async fn partly(
    store: &Store,
    users: &[User],
    wanted: &str,
) -> Result<Vec<Target>, StoreError> {
    let mut rows = store.cache.find(wanted, HITS).await?;
    if rows.is_empty() {
        rows = by_words(store, wanted).await?;
    }
    let part = wanted.to_lowercase();
    let mine = users
        .iter()
        .filter(|user| !part.is_empty() && user.name.to_lowercase().contains(&part));
    let mut targets: Vec<Target> = rows.into_iter().map(Target::Directory).collect();
    for target in here(store, mine).await? {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    Ok(targets)
}

/// Exactly one directory user: nothing is done to somebody who was only nearly meant.
pub async fn person(store: &Store, text: &str) -> Result<StoredUser, Failure> {
    match maybe_person(store, text).await? {
        Some(stored) => Ok(stored),
        None => Err(nobody(store, text).await?),
    }
}

/// The same, where nobody is an answer too; several are none.
pub async fn maybe_person(store: &Store, text: &str) -> Result<Option<StoredUser>, Failure> {
    let failed = |error: StoreError| error.failure();
    let users = store.ledger.load().await.map_err(failed)?.users;
    let targets = exactly(store, &users, text).await.map_err(failed)?;
    match targets.as_slice() {
        [] | [Target::User(_)] => Ok(None),
        [Target::Directory(row)] => store.cache.user(row.id).await.map_err(failed),
        several => Err(Failure::new(
            FailureKind::Config,
            format!(
                "{} in the tenant are meant by {}",
                several.len(),
                Label::new(text)
            ),
            several
                .iter()
                .map(Target::words)
                .collect::<Vec<_>>()
                .join("; "),
            "Give the sign-in name or the id.",
        )),
    }
}

async fn nobody(store: &Store, text: &str) -> Result<Failure, Failure> {
    let failed = |error: StoreError| error.failure();
    let wanted = clean(text);
    let mut rows = store.cache.find(&wanted, HITS).await.map_err(failed)?;
    if rows.is_empty() {
        rows = nearest(store, &wanted, None).await.map_err(failed)?;
    }
    let near: Vec<String> = rows.iter().take(NEAREST).map(row_words).collect();
    let near = if near.is_empty() {
        String::new()
    } else {
        format!("nearest: {}", near.join("; "))
    };
    Ok(Failure::new(
        FailureKind::Config,
        format!("Nobody in the tenant is called {}", Label::new(text)),
        near,
        "Give the whole name, the sign-in name or the id; `candidates --everyone` lists all.",
    ))
}

/// Configured users as who they are in the tenant, where it has them.
async fn here<'a>(
    store: &Store,
    users: impl Iterator<Item = &'a User>,
) -> Result<Vec<Target>, StoreError> {
    let mut out = Vec::new();
    for user in users {
        let mut rows = match user.association.id() {
            Some(id) => store.cache.find(&id.to_string(), 1).await?,
            None => Vec::new(),
        };
        rows.retain(|row| Some(row.id) == user.association.id());
        out.push(match rows.pop() {
            Some(row) => Target::Directory(row),
            None => Target::User(user.clone()),
        });
    }
    Ok(out)
}

/// Directory users with all the words in their name or address.
async fn by_words(store: &Store, wanted: &str) -> Result<Vec<StoredRow>, StoreError> {
    let wanted = wanted.to_lowercase();
    let words: Vec<&str> = words(&wanted).collect();
    let Some(longest) = words.iter().max_by_key(|word| word.len()) else {
        return Ok(Vec::new());
    };
    let mut rows = store.cache.find(longest, 1000).await?;
    rows.retain(|row| {
        let (name, upn) = (row.name.to_lowercase(), row.upn.to_lowercase());
        words
            .iter()
            .all(|word| name.contains(word) || upn.contains(word))
    });
    Ok(rows)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
}

/// The words in the order of the alphabet: `Vance, Adele` and `Adele Vance` are one.
fn in_order(text: &str) -> String {
    let mut words: Vec<&str> = words(text).collect();
    words.sort_unstable();
    words.join(" ")
}

/// Who has exactly this address, as sign-in name, mail or proxy address.
pub(super) async fn having(store: &Store, mail: &str) -> Result<Vec<StoredRow>, StoreError> {
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

pub(super) fn row_words(row: &StoredRow) -> String {
    format!("{} <{}>", Label::new(&row.name), Label::new(&row.upn))
}

/// The people whose name or address is most like what was asked for.
pub(super) async fn nearest(
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
    let ordered = in_order(&name);
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
            // The surname may stand first.
            let by_words = strsim::jaro_winkler(&in_order(&row.name.to_lowercase()), &ordered);
            (by_name.max(by_local).max(by_words), row)
        })
        .filter(|(score, _)| *score >= NEAR)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut seen = HashSet::new();
    scored.retain(|(_, row)| seen.insert(row.id));
    Ok(scored
        .into_iter()
        .take(NEAREST)
        .map(|(_, row)| row.clone())
        .collect())
}
