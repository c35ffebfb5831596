//! Why somebody is missing, with the ways out by number; and who the users of the tenant before are here.

use crate::domain::country::Country;
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Entry, EntryState};
use crate::domain::phone::PhoneNumber;
use crate::domain::repair::Repair;
use crate::domain::why::{Way, Why, WhyStep};
use crate::domain::words;
use crate::ops::adopt;
use crate::ops::repair::{self, With};

use super::super::args::{self, Command, Outbox, OutboxWhat, Script, Users, UsersWhat};
use super::super::open::open;
use super::super::{users, why};
use super::Plain;
use super::terminal::{self, line, tell};

impl Plain {
    /// Explains somebody, and goes the way whose number is given.
    pub(super) async fn why(&self) -> anyhow::Result<()> {
        let Some(user) = line("Why who? Name, e-mail, number or id; Enter goes back:")? else {
            return Ok(());
        };
        let mut live = false;
        while !user.is_empty() {
            let mut opened = open(&self.global).await?;
            opened.need_snapshot().await?;
            let why = why::one(&opened, &user, live).await?;
            drop(opened);
            why::text_of(&why)?;
            match self.asked(&why)? {
                Asked::Back => return Ok(()),
                Asked::Again => live = true,
                Asked::Add => return self.add(why.id).await,
                Asked::Step(step) => return self.go(&why, step).await,
            }
        }
        Ok(())
    }

    fn asked<'a>(&self, why: &'a Why) -> anyhow::Result<Asked<'a>> {
        let adds = why.first_cause.is_candidate() && why.user.is_none() && why.id.is_some();
        let mut words = Vec::new();
        if why.numbered().next().is_some() {
            words.push("A number goes that way".to_owned());
        }
        if adds {
            words.push(format!("a adds {}", why.name));
        }
        if self.global.bundle.is_none() {
            words.push("r reads this person again from the tenant".to_owned());
        }
        words.push("Enter goes back:".to_owned());
        let question = words.join("; ");
        loop {
            let Some(answer) = line(&question)? else {
                return Ok(Asked::Back);
            };
            let number = answer.trim_end_matches('.').parse::<usize>();
            let step = why.numbered().find(|(n, _)| Ok(*n) == number);
            match (answer.as_str(), step) {
                ("" | "0", _) => return Ok(Asked::Back),
                ("r", _) if self.global.bundle.is_none() => return Ok(Asked::Again),
                ("a", _) if adds => return Ok(Asked::Add),
                (_, Some((_, step))) if step.way == Way::Add => return Ok(Asked::Add),
                (_, Some((_, step))) => return Ok(Asked::Step(step)),
                _ => tell(&format!("{answer} is none of these. Nothing was done.")),
            }
        }
    }

    async fn add(&self, id: Option<ObjectId>) -> anyhow::Result<()> {
        let what = UsersWhat::Add {
            user: id.map(|id| id.to_string()).unwrap_or_default(),
            set: args::UserSet::default(),
        };
        self.call(Command::Users(Users { what })).await
    }

    async fn go(&self, why: &Why, step: &WhyStep) -> anyhow::Result<()> {
        match &step.way {
            Way::Here { repair, stops } => {
                self.mend(why, (repair, &step.text), stops.as_ref()).await
            }
            Way::Script => {
                let script = Script {
                    user: why.id.map(|id| id.to_string()),
                    ..Script::default()
                };
                self.call(Command::Script(script)).await
            }
            Way::Page(address) => {
                tell(&format!("The page is {address}"));
                Ok(())
            }
            Way::Add | Way::ByHand | Way::Beware => {
                tell(&format!(
                    "This is not done from here: {}. Nothing was done.",
                    step.text
                ));
                Ok(())
            }
        }
    }

    /// Queues a repair: asked about first, with the name typed where a number stops.
    async fn mend(
        &self,
        why: &Why,
        (wish, words): (&Repair, &str),
        stops: Option<&PhoneNumber>,
    ) -> anyhow::Result<()> {
        if self.global.bundle.is_some() {
            tell("A bundle is only looked at. Nothing was done.");
            return Ok(());
        }
        let Some(id) = why.id else {
            tell("Nobody of the directory is meant here. Nothing was done.");
            return Ok(());
        };
        if *wish == Repair::ClearGroupFilter {
            tell(&format!(
                "This is a setting of the whole tenant. The command is tenants set {} --no-group; it can be typed here.",
                self.name
            ));
            return Ok(());
        }
        let mut chosen = With::default();
        let typed = line(&question(why, (wish, words), stops))?.unwrap_or_default();
        if *wish == Repair::SetLocation && !typed.is_empty() {
            match typed.parse::<Country>() {
                Ok(country) => chosen.country = Some(country),
                Err(error) => {
                    tell(&format!("{error} Nothing was queued."));
                    return Ok(());
                }
            }
        } else if typed.is_empty() || (stops.is_none() && typed != "yes") {
            tell("Nothing was queued.");
            return Ok(());
        }
        chosen.typed = stops.map(|_| typed.as_str());
        if why.user.is_none() {
            let answer =
                line("yes also adds this user as soon as all gates pass; Enter does not:")?;
            chosen.then_add = answer.as_deref() == Some("yes");
        }
        let opened = open(&self.global).await?;
        let store = &opened.world.store;
        let done = repair::repair(
            store,
            id,
            std::slice::from_ref(wish),
            chosen,
            opened.stamp(),
        )
        .await?;
        tell(&format!(
            "{done}. Choice 1 shows it once more, and writes it."
        ));
        Ok(())
    }

    /// What waits, a sentence each; the one that is chosen is decided or dropped.
    pub(super) async fn waiting(&self) -> anyhow::Result<()> {
        let opened = open(&self.global).await?;
        let picture = opened.world.store.ledger.load().await;
        let entries = picture.map_err(|error| error.failure())?.entries;
        drop(opened);
        if entries.is_empty() {
            tell("Nothing waits to be written.");
            return Ok(());
        }
        let rows: Vec<(String, String)> = entries
            .iter()
            .map(|entry| (entry.id.0.to_string(), spoken(entry)))
            .collect();
        let Some(chosen) = terminal::pick("changes", &rows, "to decide or drop one")? else {
            return Ok(());
        };
        let Some(entry) = entries
            .iter()
            .find(|entry| entry.id.0.to_string() == chosen)
        else {
            return Ok(());
        };
        let id = entry.id.0;
        let conflict = matches!(entry.state, EntryState::Conflict { .. });
        let question = if conflict {
            "1. Keep what was entered here  2. Take what the tenant has  3. Drop it; Enter goes back:"
        } else {
            "1. Drop it; Enter goes back (choice 1 of the first list writes):"
        };
        let what = match (line(question)?.as_deref(), conflict) {
            (Some("1"), true) => OutboxWhat::Keep { id },
            (Some("2"), true) => OutboxWhat::Take { id },
            (Some("3"), true) | (Some("1"), false) => OutboxWhat::Drop { id },
            _ => {
                tell(words::UNCHANGED);
                return Ok(());
            }
        };
        self.call(Command::Outbox(Outbox { what })).await
    }

    /// Who the users of the tenant before are in this one, and the numbers that they had.
    pub(super) async fn earlier(&self) -> anyhow::Result<()> {
        let opened = open(&self.global).await?;
        let desk = users::desk_of(&opened).await?;
        let earlier = adopt::earlier(&opened.world.store, &desk).await?;
        drop(opened);
        if earlier.is_empty() {
            tell("Nothing is left of another tenant.");
            return Ok(());
        }
        if let Some(what) = matches(&earlier.matches)? {
            self.call(Command::Users(Users { what })).await?;
        }
        for offer in &earlier.offers {
            tell(&format!(
                "{}, {}: had {}, {}",
                offer.name,
                offer.mail,
                offer.old.spaced(),
                offer.state.words()
            ));
        }
        if !earlier.offers.is_empty() {
            let answer =
                line("yes queues the old numbers that are free; Enter changes no number:")?;
            if answer.as_deref() == Some("yes") {
                let what = UsersWhat::Adopt {
                    take: None,
                    queue: true,
                };
                self.call(Command::Users(Users { what })).await?;
            }
        }
        Ok(())
    }
}

fn question(why: &Why, (wish, words): (&Repair, &str), stops: Option<&PhoneNumber>) -> String {
    match (wish, stops) {
        (Repair::SetLocation, _) => "Which country? Two letters; Enter goes back:".to_owned(),
        (_, Some(number)) => format!(
            "To {words}. This stops {}, which {} uses today. The user's full name queues it; Enter goes back:",
            number.spaced(),
            why.name
        ),
        (_, None) => format!("To {words}. yes queues it; Enter goes back:"),
    }
}

/// What was answered below an explanation.
enum Asked<'a> {
    Back,
    Again,
    Add,
    Step(&'a WhyStep),
}

/// Reads the matches out, and asks which are taken over.
fn matches(rows: &[crate::domain::earlier::Rematch]) -> anyhow::Result<Option<UsersWhat>> {
    for (n, row) in rows.iter().enumerate() {
        let state = row.found.words();
        tell(&format!("{}. {}, {}: {state}", n + 1, row.name, row.mail));
    }
    if !rows.iter().any(|row| row.found.is_one()) {
        return Ok(None);
    }
    loop {
        let question = "A number takes that match over, all takes every one; Enter takes none:";
        let take = match line(question)?.as_deref() {
            None | Some("" | "0") => return Ok(None),
            Some("all") => Vec::new(),
            Some(answer) => {
                let number = answer.trim_end_matches('.').parse::<usize>().ok();
                match number.and_then(|n| rows.get(n.wrapping_sub(1))) {
                    Some(row) if row.found.is_one() => vec![row.mail.clone()],
                    Some(row) => {
                        tell(&format!(
                            "{} matches nobody alone. Nothing was taken over.",
                            row.name
                        ));
                        continue;
                    }
                    None => {
                        tell(&format!("{answer} is not a number of this list."));
                        continue;
                    }
                }
            }
        };
        return Ok(Some(UsersWhat::Adopt {
            take: Some(take),
            queue: false,
        }));
    }
}

fn spoken(entry: &Entry) -> String {
    let mut text = format!(
        "{}, {}, from {} to {}, {} by {}",
        entry.name,
        entry.field().as_str(),
        entry.base.shown(),
        entry.wanted.shown(),
        entry.state.word(),
        entry.author
    );
    match &entry.state {
        EntryState::Conflict { theirs } => {
            text.push_str(", the tenant has ");
            text.push_str(&theirs.shown());
        }
        EntryState::Rejected { cause, hint, .. } => {
            for part in [": ", cause, ". To do: ", hint] {
                text.push_str(part);
            }
        }
        _ => {}
    }
    text
}
