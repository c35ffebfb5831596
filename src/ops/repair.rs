//! Repairs and moves as console and command line ask for them: checked against what is known, queued, never written here.
//!
//! What silences a number is queued only with the user's name typed, and then for that number alone.

use crate::domain::country::Country;
use crate::domain::directory::{Sku, TenantNumber};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::{ObjectId, TenantId};
use crate::domain::mending;
use crate::domain::outbox::{EntryId, Giver, NewEntry, Written};
use crate::domain::phone::PhoneNumber;
use crate::domain::repair::Repair;
use crate::domain::text::Label;
use crate::domain::user::{Field, Patch, User, Value};
use crate::domain::words;
use crate::store::cache::StoredUser;
use crate::store::ledger::LedgerPicture;
use crate::store::{Stamp, Store};

use super::change;

/// What goes with the wish for a repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct With<'a> {
    /// The country, for a usage location.
    pub country: Option<Country>,
    /// The name that was typed, for what silences a number.
    pub typed: Option<&'a str>,
    /// Whether the user is to be put on the list as soon as all gates pass.
    pub then_add: bool,
}

/// Somebody with all that a repair looks at.
struct Subject {
    picture: LedgerPicture,
    tenant: TenantId,
    stored: StoredUser,
    numbers: Vec<TenantNumber>,
    skus: Vec<Sku>,
}

impl Subject {
    async fn read(store: &Store, id: ObjectId) -> Result<Self, Failure> {
        let failed = |error: crate::store::error::StoreError| error.failure();
        let picture = store.ledger.load().await.map_err(failed)?;
        let outline = store.cache.outline().await.map_err(failed)?;
        let stored = store.cache.user(id).await.map_err(failed)?;
        let (Some(pin), Some(outline), Some(stored)) = (&picture.pin, outline, stored) else {
            return Err(refused(
                "This user has not been read from the tenant",
                "Sync first, then repair.",
            ));
        };
        Ok(Self {
            tenant: pin.tenant,
            numbers: store.cache.numbers_of(id).await.map_err(failed)?,
            skus: outline.skus,
            stored,
            picture,
        })
    }

    fn id(&self) -> ObjectId {
        self.stored.user.id
    }

    fn name(&self) -> &str {
        let user = &self.stored.user;
        if user.name.is_empty() {
            &user.upn
        } else {
            &user.name
        }
    }

    fn configured(&self) -> Option<&User> {
        configured(&self.picture, self.id())
    }

    fn entry(&self, base: Value, wanted: Value) -> NewEntry {
        NewEntry {
            user: None,
            directory_id: self.id(),
            name: self.name().to_owned(),
            base,
            wanted,
            takes_from: None,
            silences: None,
            gives_back: false,
        }
    }
}

fn configured(picture: &LedgerPicture, id: ObjectId) -> Option<&User> {
    picture
        .users
        .iter()
        .find(|user| user.association.id() == Some(id))
}

fn refused(headline: impl Into<String>, hint: &str) -> Failure {
    Failure::new(FailureKind::Refused, headline, "", hint)
}

fn field_of(repair: &Repair) -> Option<Field> {
    match repair {
        Repair::SwitchOff { sku, plan } => Some(Field::Plan {
            sku: *sku,
            plan: *plan,
        }),
        Repair::RemoveLicence { sku } => Some(Field::Licence(*sku)),
        Repair::SetLocation => Some(Field::Country),
        Repair::Release { .. } => Some(Field::Number),
        Repair::ClearGroupFilter => None,
    }
}

/// Queues repairs of one user, all or none; what was queued, in a line.
pub async fn repair(
    store: &Store,
    target: ObjectId,
    repairs: &[Repair],
    with: With<'_>,
    stamp: Stamp,
) -> Result<String, Failure> {
    let subject = Subject::read(store, target).await?;
    let mut new = Vec::new();
    for repair in repairs {
        new.push(entry_of(&subject, repair, with)?);
    }
    confirm_silence(&subject, &mut new, with.typed)?;
    if with.then_add {
        if subject.configured().is_some() {
            return Err(refused(
                format!("{} is on the list already", Label::new(subject.name())),
                "Repair without adding.",
            ));
        }
        new.push(subject.entry(Value::Added(false), Value::Added(true)));
    }
    let words: Vec<String> = new.iter().map(words).collect();
    let name = Label::new(subject.name()).to_string();
    store
        .ledger
        .queue(new, subject.tenant, stamp)
        .await
        .map_err(|error| error.failure())?;
    Ok(format!("{name}: queued: {}", words.join("; ")))
}

fn words(entry: &NewEntry) -> String {
    let what = match &entry.wanted {
        Value::Country(_) => format!("country {}", entry.wanted.shown()),
        Value::Number(None) => format!("release of {}", entry.base.shown()),
        Value::Added(_) => words::WHEN_ELIGIBLE.to_owned(),
        Value::Number(Some(_)) | Value::Plan { .. } | Value::Licence { .. } => entry.wanted.shown(),
    };
    match &entry.silences {
        Some(number) => format!("{what} (stops {})", number.spaced()),
        None => what,
    }
}

fn entry_of(subject: &Subject, repair: &Repair, with: With<'_>) -> Result<NewEntry, Failure> {
    let name = Label::new(subject.name());
    let user = &subject.stored.user;
    let mut entry = match repair {
        Repair::SwitchOff { .. } | Repair::RemoveLicence { .. } => {
            let wanted = Value::blank(field_of(repair).expect("both are about a licence"));
            let base = mending::held(wanted.field(), &user.licences)
                .expect("the field is one of a licence");
            if let Err(why) = mending::write_of(&wanted, &user.licences) {
                return Err(refused(
                    format!("{name}: {why}"),
                    "Change the group's licence or its members; `script` prints the PowerShell.",
                ));
            }
            if base == wanted {
                return Err(refused(
                    format!("{name}: {} already", wanted.shown()),
                    "Nothing is to be done; Teams may take up to 24 hours to see it.",
                ));
            }
            subject.entry(base, wanted)
        }
        Repair::SetLocation => {
            let Some(country) = with.country else {
                return Err(refused(
                    format!("{name}: which country?"),
                    "Give two letters, such as GB.",
                ));
            };
            if user.location == Some(country) {
                return Err(refused(
                    format!("{name}: the usage location is {country} already"),
                    "It takes up to an hour to spread; sync then.",
                ));
            }
            subject.entry(Value::Country(user.location), Value::Country(Some(country)))
        }
        Repair::Release { number } => {
            let holds = subject
                .numbers
                .iter()
                .any(|record| record.number == *number && record.holder() == Some(user.id));
            if !holds {
                return Err(refused(
                    format!("{name} does not hold {}", number.spaced()),
                    "Sync, and look again.",
                ));
            }
            subject.entry(Value::Number(Some(number.clone())), Value::Number(None))
        }
        Repair::ClearGroupFilter => {
            return Err(refused(
                "The group filter is a setting of this side",
                "Clear it in the tenant's settings; nothing is written to the tenant.",
            ));
        }
    };
    if entry.wanted.field().is_two_way() {
        entry.user = subject.configured().map(|user| user.id);
    }
    if let Repair::Release { number } = repair {
        confirm_by_name(subject, number, with.typed)?;
        entry.silences = Some(number.clone());
    }
    Ok(entry)
}

/// The number that all changes of licences together silence, those that are queued already among them: it needs the name.
fn confirm_silence(
    subject: &Subject,
    new: &mut [NewEntry],
    typed: Option<&str>,
) -> Result<(), Failure> {
    let queued = subject
        .picture
        .entries
        .iter()
        .filter(|entry| entry.directory_id == Some(subject.id()))
        .map(|entry| &entry.wanted);
    let together: Vec<&Value> = new
        .iter()
        .map(|entry| &entry.wanted)
        .chain(queued)
        .filter(|wanted| wanted.field().is_licence())
        .collect();
    let (user, numbers, skus) = (&subject.stored.user, &subject.numbers, &subject.skus);
    let stops = mending::stops(&together, user, numbers, skus);
    if stops.len() > 1 {
        let all: Vec<String> = stops.iter().map(PhoneNumber::spaced).collect();
        return Err(refused(
            format!("This stops several numbers at once: {}", all.join(" and ")),
            "Nothing was queued. Release them one by one first; each is asked for by name.",
        ));
    }
    let Some(number) = stops.into_iter().next() else {
        return Ok(());
    };
    for entry in new
        .iter_mut()
        .filter(|entry| entry.wanted.field().is_licence())
    {
        confirm_by_name(subject, &number, typed)?;
        entry.silences = Some(number.clone());
    }
    Ok(())
}

fn confirm_by_name(
    subject: &Subject,
    number: &PhoneNumber,
    typed: Option<&str>,
) -> Result<(), Failure> {
    if typed.is_some_and(|typed| is_name(typed, subject.name())) {
        return Ok(());
    }
    let name = Label::new(subject.name());
    Err(refused(
        format!("This stops {}, which {name} uses today", number.spaced()),
        "Nothing was queued. It is done only with the user's name typed.",
    ))
}

/// Whether what was typed is the name, small and capital letters and spaces around aside.
pub fn is_name(typed: &str, name: &str) -> bool {
    let plain = |text: &str| Label::new(text).to_string().trim().to_lowercase();
    !name.trim().is_empty() && plain(typed) == plain(name)
}

/// Queues the move of a number from whoever holds it to somebody else, as one change.
pub async fn move_number(
    store: &Store,
    number: &PhoneNumber,
    to: ObjectId,
    stamp: Stamp,
) -> Result<String, Failure> {
    let subject = Subject::read(store, to).await?;
    let record = store
        .cache
        .number(number)
        .await
        .map_err(|error| error.failure())?;
    let Some(from) = record.and_then(|record| record.holder()) else {
        return Err(refused(
            format!("Nobody in the tenant holds {}", number.spaced()),
            "Give it by an edit; there is nobody to move it from.",
        ));
    };
    if from == to {
        return Err(refused(
            format!("{} holds it already", Label::new(subject.name())),
            "Nothing is to be done.",
        ));
    }
    if let Some(held) = &subject.stored.number {
        return Err(refused(
            format!(
                "{} has {} already, and a user has one number",
                Label::new(subject.name()),
                held.spaced()
            ),
            "Release that one first, or use a resource account that forwards.",
        ));
    }
    let giver = Giver {
        id: from,
        name: store
            .cache
            .name_of(from)
            .await
            .map_err(|error| error.failure())?
            .unwrap_or_else(|| from.to_string()),
    };
    let own = configured(&subject.picture, from).map(|user| user.id);
    let queued = subject.picture.entries.iter().find(|entry| {
        entry.field() == Field::Number
            && (entry.user.is_some() && entry.user == own || entry.directory_id == Some(from))
    });
    if let Some(entry) = queued {
        return Err(refused(
            format!(
                "{}: a change of this number is {} already",
                Label::new(&giver.name),
                entry.state.word()
            ),
            "Undo that change first.",
        ));
    }
    let promised = subject
        .picture
        .entries
        .iter()
        .find(|entry| entry.wanted.number() == Some(number));
    if let Some(entry) = promised {
        return Err(refused(
            change::promised(number, entry),
            "Undo that change first.",
        ));
    }
    let words = format!(
        "{} moves from {} to {}: queued",
        number.spaced(),
        Label::new(&giver.name),
        Label::new(subject.name())
    );
    let new = NewEntry {
        user: subject.configured().map(|user| user.id),
        takes_from: Some(giver),
        ..subject.entry(Value::Number(None), Value::Number(Some(number.clone())))
    };
    store
        .ledger
        .queue(vec![new], subject.tenant, stamp)
        .await
        .map_err(|error| error.failure())?;
    Ok(words)
}

/// Queues the counter-change of one that was written and read back.
pub async fn take_back(
    store: &Store,
    entry: EntryId,
    typed: Option<&str>,
    stamp: Stamp,
) -> Result<String, Failure> {
    let written = store
        .ledger
        .written(entry)
        .await
        .map_err(|error| error.failure())?;
    let Some(written) = written else {
        return Err(Failure::new(
            FailureKind::Config,
            format!(
                "Change {} was not written from here, so there is nothing to take back",
                entry.0
            ),
            "",
            "Only a change that was confirmed in the tenant can be taken back: `outbox list --done` shows them.",
        ));
    };
    let Some(directory_id) = written.directory_id else {
        return Err(refused(
            "The user of this change is not associated any more",
            "Enter the old value by hand.",
        ));
    };
    let subject = Subject::read(store, directory_id).await?;
    if written.tenant != subject.tenant {
        return Err(refused(
            "This change was written to another tenant",
            "It is never sent here.",
        ));
    }
    if let (Value::Number(Some(number)), Some(giver)) = (&written.wanted, &written.takes_from) {
        let holds = subject
            .numbers
            .iter()
            .any(|record| record.number == *number && record.holder() == Some(directory_id));
        if !holds {
            return Err(refused(
                format!(
                    "{} does not hold {} any more",
                    Label::new(&written.name),
                    number.spaced()
                ),
                "Somebody has moved it on since; look where it is now.",
            ));
        }
        return Box::pin(move_number(store, number, giver.id, stamp)).await;
    }
    still_so(&subject, &written)?;
    let words = format!(
        "{}: {} goes back to {}: queued",
        Label::new(&written.name),
        written.wanted.field().as_str(),
        written.base.shown()
    );
    counter(store, &subject, &written, typed, stamp).await?;
    Ok(words)
}

/// Queues the opposite of each of these: what cannot be taken back is told with the reason of the first, and the others are queued.
pub async fn take_back_many(
    store: &Store,
    entries: Vec<EntryId>,
    stamp: Stamp,
) -> Result<String, Failure> {
    let (mut queued, mut failed) = (0, Vec::new());
    for entry in entries {
        match take_back(store, entry, None, stamp.clone()).await {
            Ok(_) => queued += 1,
            Err(failure) => failed.push(failure),
        }
    }
    let (words, it) = match queued {
        1 => (
            "1 change goes back: its opposite is queued".to_owned(),
            "it",
        ),
        n => (
            format!("{n} changes go back: their opposites are queued"),
            "them",
        ),
    };
    match failed.first() {
        None => Ok(format!("{words}; {{plan}} plans {it}")),
        Some(first) if queued == 0 => Err(first.clone()),
        Some(first) => Ok(format!(
            "{queued} queued to go back, {{plan}} plans {it}; {} not: {}",
            failed.len(),
            first.headline
        )),
    }
}

/// That what was written is what the user has, and that nobody has queued another change of it since.
fn still_so(subject: &Subject, written: &Written) -> Result<(), Failure> {
    let field = written.wanted.field();
    let own = subject.configured();
    let queued = subject.picture.entries.iter().find(|entry| {
        entry.field() == field
            && (entry.user.is_some() && entry.user == own.map(|user| user.id)
                || entry.directory_id == Some(subject.id()))
    });
    if let Some(entry) = queued {
        return Err(refused(
            format!(
                "{}: a change of this {} is {} already: {}",
                Label::new(&written.name),
                field.as_str(),
                entry.state.word(),
                entry.wanted.shown()
            ),
            "Undo that change first.",
        ));
    }
    let has = own.and_then(|user| match field {
        Field::Number => Some(Value::Number(user.number.clone())),
        Field::Country => Some(Value::Country(user.country)),
        Field::Plan { .. } | Field::Licence(_) | Field::Added => None,
    });
    match has {
        Some(has) if has != written.wanted => Err(refused(
            format!(
                "{}: the {} is {} now, not what that change wrote",
                Label::new(&written.name),
                field.as_str(),
                has.shown()
            ),
            "Enter the value that you want by hand.",
        )),
        _ => Ok(()),
    }
}

async fn counter(
    store: &Store,
    subject: &Subject,
    written: &Written,
    typed: Option<&str>,
    stamp: Stamp,
) -> Result<(), Failure> {
    let (base, wanted) = (written.wanted.clone(), written.base.clone());
    if wanted.field() == Field::Added {
        return Err(refused(
            "Somebody who was added is taken off the list by removing",
            "Remove that user ({remove}).",
        ));
    }
    let configured = subject.configured().filter(|_| wanted.field().is_two_way());
    if let Some(user) = configured {
        let patch = Patch {
            two_way: vec![(base, wanted)],
            ..Patch::default()
        };
        return change::save(store, user.id, patch, stamp).await.map(drop);
    }
    let mut new = vec![subject.entry(base, wanted)];
    confirm_silence(subject, &mut new, typed)?;
    // What the repair has silenced on the way rings again when the plan is back.
    if let Some(number) = written.released.clone() {
        new.push(NewEntry {
            user: subject.configured().map(|user| user.id),
            gives_back: true,
            ..subject.entry(Value::Number(None), Value::Number(Some(number)))
        });
    }
    store
        .ledger
        .queue(new, subject.tenant, stamp)
        .await
        .map(drop)
        .map_err(|error| error.failure())
}
