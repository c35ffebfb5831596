//! `users`: list, show, add, edit, remove. Changes of number and country are queued, like an edit in the console.

use crate::domain::country::Country;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::outbox::Removal;
use crate::domain::phone::{NumberKind, PhoneNumber};
use crate::domain::text::{Label, counted};
use crate::domain::user::{Association, LicenseStatus, NewUser, Own, Patch, User, Value};
use crate::domain::words;
use crate::ops::holder::{self, Me};
use crate::ops::whom;
use crate::ops::{change, desk, newcomer};
use crate::record::json::{self, UserJson};
use crate::roster::desk::{Desk, DeskUser};
use crate::store::cache::StoredUser;

use super::args::{Global, Kind, UserSet, Users, UsersWhat};
use super::doubt::Doubts;
use super::exit::Exit;
use super::open::{Opened, open};
use super::print;

pub(super) async fn run(global: &Global, args: Users) -> anyhow::Result<Exit> {
    let mut opened = open(global).await?;
    opened.need_snapshot().await?;
    let damaged = opened.was_damaged();
    match args.what {
        UsersWhat::List => list(&opened, global).await?,
        UsersWhat::Show { user } => show(&opened, global, &user).await?,
        UsersWhat::Add { user, set } => add(&opened, &user, &set).await?,
        UsersWhat::Edit { user, set } => edit(&opened, &user, &set).await?,
        UsersWhat::Adopt { take, queue } => {
            super::adopt::run(&opened, global, (take.as_deref(), queue)).await?;
        }
        UsersWhat::Remove { user, release, yes } => {
            if !remove(&opened, &user, (release, yes)).await? {
                return Ok(Exit::Refused);
            }
        }
    }
    Ok(Exit::Done.or_damaged(damaged))
}

pub(super) async fn desk_of(opened: &Opened) -> anyhow::Result<Desk> {
    Ok(desk::load_desk(&opened.world.store, opened.clock.now())
        .await
        .map_err(|error| error.failure())?)
}

async fn list(opened: &Opened, global: &Global) -> anyhow::Result<()> {
    let desk = desk_of(opened).await?;
    if global.json {
        let rows: Vec<UserJson> = desk.users.iter().map(as_json).collect();
        return print::data(&json::listing("users", &rows)?);
    }
    let doubts = Doubts::of(opened).await?;
    let rows: Vec<Vec<String>> = desk
        .users
        .iter()
        .map(|row| {
            vec![
                doubts.called(row.user.association.id(), &row.user.name),
                row.user
                    .number
                    .as_ref()
                    .map_or_else(|| "-".to_owned(), PhoneNumber::spaced),
                row.user
                    .country
                    .map_or_else(|| "-".to_owned(), |country| country.to_string()),
                state(row),
                row.user.mail.clone(),
            ]
        })
        .collect();
    print::table(&["NAME", "NUMBER", "CC", "STATE", "E-MAIL"], &rows)?;
    let users = desk.users.iter().map(|row| &row.user);
    doubts.tell(users.map(|user| (user.association.id(), &*user.name)));
    Ok(())
}

fn as_json(row: &DeskUser) -> UserJson {
    UserJson::new(&row.user, row.status, &row.entries, row.upn.as_deref())
}

fn state(row: &DeskUser) -> String {
    if let LicenseStatus::Unlicensed(cause) = row.status {
        return format!("Unlicensed: {cause}");
    }
    if row.entries.is_empty() {
        return "licensed".to_owned();
    }
    let changes = row.entries.iter();
    let told = changes.map(|entry| format!("{} -> {}", entry.state.word(), entry.wanted.shown()));
    told.collect::<Vec<_>>().join(", ")
}

/// A user in one sentence.
pub(super) fn spoken(row: &DeskUser) -> String {
    let number = row.user.number.as_ref();
    let country = row.user.country;
    format!(
        "{}, {}, {}, {}, {}",
        row.user.name,
        number.map_or_else(|| "no number".to_owned(), PhoneNumber::spaced),
        country.map_or_else(|| "no country".to_owned(), |country| country.to_string()),
        state(row),
        row.user.mail
    )
}

async fn show(opened: &Opened, global: &Global, text: &str) -> anyhow::Result<()> {
    let desk = desk_of(opened).await?;
    let row = find(&desk, text)?;
    if global.json {
        return print::data(&json::listing("users", &[as_json(row)])?);
    }
    let user = &row.user;
    let line =
        |label: &str, text: String| print::data(&format!("{label:<12} {}", Label::new(&text)));
    line("name", user.name.clone())?;
    if let Some(text) = Doubts::of(opened).await?.sentence(user.association.id()) {
        line("beware", text)?;
    }
    line("e-mail", user.mail.clone())?;
    line(
        "number",
        user.number
            .as_ref()
            .map_or_else(|| "none".to_owned(), PhoneNumber::spaced),
    )?;
    line("kind", user.kind.as_str().to_owned())?;
    line(
        "country",
        user.country
            .map_or_else(|| "none".to_owned(), |country| country.to_string()),
    )?;
    line("state", state(row))?;
    line(
        "associated",
        row.upn.clone().unwrap_or_else(|| "with nobody".to_owned()),
    )?;
    for entry in &row.entries {
        let text = format!(
            "{} {} -> {} ({})",
            entry.field().as_str(),
            entry.base.shown(),
            entry.wanted.shown(),
            entry.state.word()
        );
        line("change", text)?;
    }
    Ok(())
}

pub(super) fn find<'a>(desk: &'a Desk, text: &str) -> anyhow::Result<&'a DeskUser> {
    let is = |candidate: &str| candidate.eq_ignore_ascii_case(text.trim());
    let hits: Vec<&DeskUser> = desk
        .users
        .iter()
        .filter(|row| {
            is(&row.user.mail)
                || is(&row.user.name)
                || row.upn.as_deref().is_some_and(is)
                || row.user.sip_username.as_deref().is_some_and(is)
                || row.user.external_id.as_deref().is_some_and(is)
                || text.parse() == Ok(row.user.id.0)
        })
        .collect();
    match hits.as_slice() {
        [row] => Ok(row),
        [] => Err(Failure::new(
            FailureKind::Config,
            format!("Nobody who is configured has the name, e-mail or id {text}"),
            "",
            format!(
                "`users list` shows who is configured; `why {text}` finds anyone in the tenant."
            ),
        )
        .into()),
        several => Err(Failure::new(
            FailureKind::Config,
            format!("{} configured users are meant by {text}", several.len()),
            several
                .iter()
                .map(|row| format!("{} <{}> id {}", row.user.name, row.user.mail, row.user.id.0))
                .collect::<Vec<_>>()
                .join("; "),
            "Give the e-mail or the id.",
        )
        .into()),
    }
}

fn usage(headline: impl Into<String>) -> anyhow::Error {
    Failure::new(FailureKind::Config, headline, "", words::UNCHANGED).into()
}

/// The number that was asked for.
enum Wanted {
    /// Nothing was said of it.
    Same,
    /// `none`.
    Blank,
    /// This one.
    Number(PhoneNumber),
}

fn number(set: &UserSet, country: Option<Country>) -> anyhow::Result<Wanted> {
    let Some(text) = &set.number else {
        return Ok(Wanted::Same);
    };
    if text.eq_ignore_ascii_case("none") {
        return Ok(Wanted::Blank);
    }
    let number =
        PhoneNumber::parse(text, kind(set), country).map_err(|error| usage(error.to_string()))?;
    if let Some(doubt) = number.doubt().filter(|_| kind(set) == NumberKind::Ddi) {
        print::tell(&format!("warning: {doubt}"));
    }
    Ok(Wanted::Number(number))
}

fn kind(set: &UserSet) -> NumberKind {
    match set.kind {
        Some(Kind::Extension) => NumberKind::Extension,
        Some(Kind::Trunk) => NumberKind::Trunk,
        Some(Kind::Ddi) | None => NumberKind::Ddi,
    }
}

fn country(set: &UserSet) -> anyhow::Result<Option<Country>> {
    set.country
        .as_deref()
        .map(|text| {
            text.parse::<Country>()
                .map_err(|error| usage(error.to_string()))
        })
        .transpose()
}

/// Refuses a number that somebody else holds, here or in the tenant, unless its release is queued.
async fn check_holder(
    opened: &Opened,
    desk: &Desk,
    number: &PhoneNumber,
    me: Me,
) -> anyhow::Result<()> {
    let holder = holder::holder(&opened.world.store, desk, number, me)
        .await
        .map_err(|error| error.failure())?;
    let Some(holder) = holder else { return Ok(()) };
    let headline = format!("{} is held by {holder}", number.spaced());
    let hint = "Release it there first (users edit … --number none), or choose another number.";
    Err(Failure::new(FailureKind::Refused, headline, "", hint).into())
}

/// A row without a name is found by nobody, and the console would not save its form.
fn check_name(set: &UserSet) -> anyhow::Result<()> {
    match &set.name {
        Some(name) if name.trim().is_empty() => Err(usage("A user has a name")),
        _ => Ok(()),
    }
}

async fn add(opened: &Opened, text: &str, set: &UserSet) -> anyhow::Result<()> {
    check_name(set)?;
    let wanted_country = country(set)?;
    let desk = desk_of(opened).await?;
    let wanted = set.associate.as_deref().unwrap_or(text);
    let found = whom::maybe_person(&opened.world.store, wanted).await?;
    let mut user = match (&found, &set.name) {
        (Some(stored), _) => of_directory(stored, set),
        (None, Some(name)) if text.contains('@') => NewUser::by_mail(name, text),
        (None, _) => {
            return Err(usage(format!(
                "Nobody in the tenant is called {text}; give the address, or --name and an address to add by hand"
            )));
        }
    };
    if let Some(mail) = &set.mail {
        user.mail.clone_from(mail);
    }
    user.kind = kind(set);
    match number(set, wanted_country.or(user.country))? {
        Wanted::Same => {}
        Wanted::Blank => {
            return Err(usage(
                "Somebody who is added keeps the number of the tenant; release it by an edit",
            ));
        }
        Wanted::Number(number) => {
            let me = Me {
                user: None,
                directory: found.as_ref().map(|stored| stored.user.id),
            };
            check_holder(opened, &desk, &number, me).await?;
            user.wanted_number = Some(number).filter(|number| user.number.as_ref() != Some(number));
        }
    }
    user.wanted_country = wanted_country.filter(|country| Some(*country) != user.country);
    let number = user.wanted_number.as_ref();
    let number = number.map(|number| format!("number {}", number.spaced()));
    let country = user
        .wanted_country
        .map(|country| format!("country {country}"));
    let user_wants: Vec<String> = number.into_iter().chain(country).collect();
    let (store, stamp) = (&opened.world.store, opened.stamp());
    let done = match found {
        Some(_) => change::add(store, vec![user], stamp).await?,
        None => newcomer::add(store, user, stamp).await?,
    };
    let plans = match user_wants {
        wanted if wanted.is_empty() => String::new(),
        wanted => format!("; queued, {{plan}} plans it: {}", wanted.join(", ")),
    };
    print::tell(&format!("{done}{plans}"));
    if let Some(stored) = found {
        let cause = crate::domain::gate::FirstCause::from_byte(stored.class);
        if !cause.is_candidate() {
            print::tell(&format!("warning: not a candidate: {}", cause.words()));
        }
    }
    Ok(())
}

fn of_directory(stored: &StoredUser, set: &UserSet) -> NewUser {
    let user = &stored.user;
    let mut new = NewUser::of(user, stored.number.clone());
    if set.associate.is_some() {
        new.association = Association::Manual(user.id);
    }
    if let Some(name) = &set.name {
        new.name.clone_from(name);
    }
    new
}

async fn edit(opened: &Opened, text: &str, set: &UserSet) -> anyhow::Result<()> {
    check_name(set)?;
    let desk = desk_of(opened).await?;
    let row = find(&desk, text)?;
    let user = &row.user;
    let mut patch = own_fields(user, set);
    if let Some(who) = &set.associate {
        let Some(stored) = whom::maybe_person(&opened.world.store, who).await? else {
            return Err(usage(format!(
                "Nobody in the tenant is called {who}; give the address or the id"
            )));
        };
        patch.association = Some(Association::Manual(stored.user.id));
    }
    let wanted_country = country(set)?;
    let seen = Value::Number(user.number.clone());
    match number(set, wanted_country.or(user.country))? {
        Wanted::Same => {}
        Wanted::Blank => patch.two_way.push((seen, Value::Number(None))),
        Wanted::Number(number) => {
            let me = Me {
                user: Some(user.id),
                directory: user.association.id(),
            };
            check_holder(opened, &desk, &number, me).await?;
            patch.two_way.push((seen, Value::Number(Some(number))));
        }
    }
    if wanted_country.is_some() {
        patch
            .two_way
            .push((Value::Country(user.country), Value::Country(wanted_country)));
    }
    if patch.is_empty() {
        print::tell("Nothing to change.");
        return Ok(());
    }
    let done = change::edit(&opened.world.store, user.id, patch, opened.stamp()).await?;
    print::tell(&done);
    Ok(())
}

/// Own fields that change, with those that were shown, or that are read now: what another has saved by then is not put over.
fn own_fields(user: &User, set: &UserSet) -> Patch {
    let read = || Box::new(Own::of(user));
    Patch {
        name: set.name.clone().filter(|name| *name != user.name),
        mail: set.mail.clone().filter(|mail| *mail != user.mail),
        kind: set
            .kind
            .map(|_| kind(set))
            .filter(|kind| *kind != user.kind),
        seen: Some(set.seen.clone().unwrap_or_else(read)),
        ..Patch::default()
    }
}

/// Whether the user was removed: who sits at a terminal is asked first, as in the console.
async fn remove(opened: &Opened, text: &str, (release, yes): (bool, bool)) -> anyhow::Result<bool> {
    let desk = desk_of(opened).await?;
    let row = find(&desk, text)?;
    let number = row.user.number.clone().filter(|_| release);
    // Past the limit no switch will do, as for what is written.
    let past_limit = desk.removals_left() == 0;
    if past_limit && !print::is_interactive() {
        let gone = counted(desk.removed_lately as u64, "user has", "users have");
        return Err(Failure::new(
            FailureKind::Refused,
            format!(
                "{} is not removed: {gone} left the list within half an hour",
                row.user.name
            ),
            "more than a tenth, and more than 5, want the tenant's name to be typed",
            "Nothing was changed. Remove further users in the console or at a terminal, or later.",
        )
        .into());
    }
    if past_limit || (!yes && print::is_interactive()) {
        for line in removal_words(row, release) {
            print::tell(&line);
        }
        let pinned = desk.pin.as_ref().map(|(_, name)| name.as_str());
        let named = opened.config.display.as_deref().or(pinned);
        let tenant = named.unwrap_or_default().trim();
        let (question, agreed) = if past_limit {
            let question = format!(
                "Remove {} of {tenant} here, after {} others within half an hour? Type the tenant's name, {tenant}:",
                row.user.name, desk.removed_lately
            );
            (question, tenant)
        } else {
            (format!("Remove {} here? Type yes:", row.user.name), "yes")
        };
        if print::ask(&question)? != agreed {
            print::tell("The user stays: nothing was changed.");
            return Ok(false);
        }
    }
    let removal = Removal::of(row.user.id, number, &row.entries);
    let done = change::remove(&opened.world.store, removal, opened.stamp()).await?;
    print::tell(&done);
    Ok(true)
}

/// What a removal does to somebody, line by line.
fn removal_words(row: &DeskUser, release: bool) -> Vec<String> {
    let user = &row.user;
    let mut lines = vec![format!(
        "{} <{}>: the seat goes back; nothing is written to the tenant by this alone.",
        user.name, user.mail
    )];
    lines.extend(match (&user.number, release) {
        (Some(number), true) => Some(format!(
            "The release of {} is queued: it then rings nowhere.",
            number.spaced()
        )),
        (Some(number), false) => Some(format!(
            "{} stays with this user in the tenant (--release queues its release).",
            number.spaced()
        )),
        (None, _) => None,
    });
    let drops = row.entries.iter();
    lines.extend(drops.map(|entry| format!("Queued, and dropped by it: {}", entry.whose())));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixture::desk;

    #[test]
    fn what_is_compared_is_what_was_shown_or_read() {
        let mut user = desk().users[0].user.clone();
        let mut set = UserSet {
            name: Some("Pat".to_owned()),
            ..UserSet::default()
        };
        let patch = own_fields(&user, &set);
        assert_eq!(patch.name.as_deref(), Some("Pat"));
        let words = |patch: &Patch, now: &User| {
            let moved = patch.moved(&Own::of(now)).into_iter();
            moved
                .map(|(_, words, now)| (words, now))
                .collect::<Vec<_>>()
        };
        let read = user.clone();
        user.name = "Pia".to_owned();
        assert_eq!(words(&patch, &read), []);
        assert_eq!(words(&patch, &user), [("the name", "Pia".to_owned())]);
        // Between the question and its answer.
        set.seen = Some(Box::new(Own::of(&read)));
        let patch = own_fields(&user, &set);
        assert_eq!(words(&patch, &user), [("the name", "Pia".to_owned())]);
        set.name = None;
        assert!(own_fields(&user, &set).is_empty());
    }
}
