//! Who can be taken for somebody else is marked in what is printed as it is on the screen: a sign before the name, and a sentence.

use crate::app::doubt::SIGN;
use crate::domain::guid::ObjectId;
use crate::domain::text::Label;
use crate::domain::why::{Fact, Why};
use crate::ops::desk;
use crate::roster::Roster;

use super::open::Opened;
use super::print;

/// What can mislead about the people of the last good picture; nobody has been looked at in one that is new.
#[derive(Default)]
pub(super) struct Doubts(Roster);

impl Doubts {
    /// Looks at everybody.
    pub(super) async fn of(opened: &Opened) -> anyhow::Result<Self> {
        let rows = desk::load_rows(&opened.world.store).await;
        let rows = rows.map_err(|error| error.failure())?;
        let roster = rows.map(|rows| Roster::sorted(1, rows).with_doubts());
        Ok(Self(roster.unwrap_or_default()))
    }

    /// A name as lists show it.
    pub(super) fn called(&self, who: Option<ObjectId>, name: &str) -> String {
        if who.is_some_and(|id| self.0.is_doubted(id)) {
            format!("{SIGN} {name}")
        } else {
            name.to_owned()
        }
    }

    /// What can mislead about somebody, in a sentence.
    pub(super) fn sentence(&self, who: Option<ObjectId>) -> Option<String> {
        self.0.doubt(who?)
    }

    /// Says beside a list what can mislead about those in it, a line for each.
    pub(super) fn tell<'a>(&self, all: impl Iterator<Item = (Option<ObjectId>, &'a str)>) {
        for (who, name) in all {
            if let Some(text) = self.sentence(who) {
                print::tell(&Label::new(&format!("{SIGN} {name}: {text}")).to_string());
            }
        }
    }

    /// Puts it first among the facts of an explanation.
    pub(super) fn put_into(&self, why: &mut Why) {
        if let Some(text) = self.sentence(why.id) {
            let fact = Fact {
                label: "Beware",
                text,
                read_at: None,
            };
            why.facts.insert(0, fact);
        }
    }
}
