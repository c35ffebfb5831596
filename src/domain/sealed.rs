//! A plan as it was shown and kept: what exactly it was to write, so that it can be carried out later, and only that.
//!
//! Pure. Knows nothing of files: `record` writes it, and binds it to its content.

use jiff::Timestamp;

use super::guid::{ObjectId, TenantId};
use super::outbox::{Entry, EntryId, Giver};
use super::phone::PhoneNumber;
use super::user::Value;
use super::words;
use super::writeplan::{PlanItem, WritePlan};

/// A plan that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPlan {
    /// The tenant that it was made for.
    pub tenant: TenantId,
    /// Its name.
    pub tenant_name: String,
    /// When what it touches was read.
    pub read_at: Timestamp,
    /// When it was kept.
    pub made_at: Timestamp,
    /// Who kept it.
    pub author: String,
    /// The mass-change limit when it was made; the one that counts is that of the run.
    pub limit: usize,
    /// The ticket that it belongs to, or empty.
    pub ticket: String,
    /// What is to be written, in order.
    pub changes: Vec<SealedChange>,
    /// What stays queued, and why.
    pub held_back: Vec<SealedHeld>,
}

/// One change of a kept plan: all that may move under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedChange {
    /// The entry.
    pub entry: EntryId,
    /// Whose it is, by name.
    pub name: String,
    /// Who queued it.
    pub author: String,
    /// The directory user that it is written to.
    pub target: ObjectId,
    /// From whom the number is taken, when it is moved.
    pub from: Option<Giver>,
    /// What the tenant had.
    pub old: Value,
    /// What it is to have.
    pub new: Value,
    /// The number that it takes away.
    pub releases: Option<PhoneNumber>,
    /// Whether it counts towards the mass-change limit.
    pub takes_away: bool,
    /// What was known of it.
    pub note: String,
}

/// A queued change that a kept plan does not write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedHeld {
    /// The entry.
    pub entry: EntryId,
    /// Whose it is, by name.
    pub name: String,
    /// Who queued it.
    pub author: String,
    /// What would have been written.
    pub new: Value,
    /// Why it is not.
    pub why: String,
}

/// A change of a kept plan that is not written, because something has moved since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The entry.
    pub entry: EntryId,
    /// Whose it is, by name.
    pub name: String,
    /// What it was to write.
    pub new: Value,
    /// What has moved.
    pub why: String,
}

/// A kept plan beside the one of now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fit {
    /// What may still be written, in order.
    pub write: Vec<EntryId>,
    /// What may not, each with its reason.
    pub moved: Vec<Moved>,
}

impl SealedPlan {
    /// Keeps the chosen items of a plan; the other entries are noted as held back.
    pub fn of(
        plan: &WritePlan,
        entries: &[Entry],
        chosen: impl Fn(EntryId) -> bool,
        (author, made_at): (&str, Timestamp),
    ) -> Self {
        let author_of = |id: EntryId| {
            let found = entries.iter().find(|entry| entry.id == id);
            found.map_or_else(String::new, |entry| entry.author.clone())
        };
        let left_here = plan
            .items
            .iter()
            .filter(|item| !chosen(item.entry))
            .map(|item| (item.entry, &item.name, &item.new, words::HELD_BY_HAND));
        let left_out = plan
            .left_out
            .iter()
            .map(|left| (left.entry, &left.name, &left.new, left.why.as_str()));
        Self {
            tenant: plan.tenant,
            tenant_name: plan.tenant_name.clone(),
            read_at: plan.read_at,
            made_at,
            author: author.to_owned(),
            limit: plan.limit,
            ticket: String::new(),
            changes: plan
                .items
                .iter()
                .filter(|item| chosen(item.entry))
                .map(|item| SealedChange::of(item, author_of(item.entry)))
                .collect(),
            held_back: left_here
                .chain(left_out)
                .map(|(entry, name, new, why)| SealedHeld {
                    entry,
                    name: name.clone(),
                    author: author_of(entry),
                    new: new.clone(),
                    why: why.to_owned(),
                })
                .collect(),
        }
    }

    /// How many of its changes take something away.
    pub fn taking_away(&self) -> usize {
        self.changes
            .iter()
            .filter(|change| change.takes_away)
            .count()
    }

    /// What of it may be written now: every value that a change touches is as it was, or that change is refused, and no other.
    /// What was queued since is not in it, and so is not written.
    pub fn fit(&self, now: &WritePlan, entries: &[Entry]) -> Fit {
        let mut out = Fit::default();
        for change in &self.changes {
            match change.check(now, entries) {
                Ok(()) => out.write.push(change.entry),
                Err(why) => out.moved.push(Moved {
                    entry: change.entry,
                    name: change.name.clone(),
                    new: change.new.clone(),
                    why,
                }),
            }
        }
        out
    }
}

impl SealedChange {
    fn of(item: &PlanItem, author: String) -> Self {
        Self {
            entry: item.entry,
            name: item.name.clone(),
            author,
            target: item.target,
            from: item.from.clone(),
            old: item.old.clone(),
            new: item.new.clone(),
            releases: item.releases.clone(),
            takes_away: item.takes_away,
            note: item.note.clone(),
        }
    }

    fn check(&self, now: &WritePlan, entries: &[Entry]) -> Result<(), String> {
        let Some(entry) = entries.iter().find(|entry| entry.id == self.entry) else {
            return Err(
                "no longer in the outbox: it was written, dropped or edited since the plan was kept"
                    .to_owned(),
            );
        };
        if entry.wanted != self.new {
            return Err(format!("now wants {}", entry.wanted.shown()));
        }
        let Some(item) = now.items.iter().find(|item| item.entry == self.entry) else {
            let left = now.left_out.iter().find(|left| left.entry == self.entry);
            return Err(left.map_or_else(
                || "not in the plan of now".to_owned(),
                |left| left.why.clone(),
            ));
        };
        if item.target != self.target {
            return Err(format!(
                "now associated with another Teams user ({} instead of {})",
                item.target, self.target
            ));
        }
        if giver(item.from.as_ref()) != giver(self.from.as_ref()) {
            let whom = |from: Option<&Giver>| from.map_or("nobody", |giver| &giver.name).to_owned();
            return Err(format!(
                "the number was to be taken from {}, now from {}",
                whom(self.from.as_ref()),
                whom(item.from.as_ref())
            ));
        }
        if item.old != self.old {
            return Err(format!(
                "the tenant had {}, now has {}",
                self.old.shown(),
                item.old.shown()
            ));
        }
        if item.releases != self.releases {
            let number = |number: Option<&PhoneNumber>| {
                number.map_or_else(|| "nothing".to_owned(), PhoneNumber::spaced)
            };
            return Err(format!(
                "it was to take away {}, now takes away {}",
                number(self.releases.as_ref()),
                number(item.releases.as_ref())
            ));
        }
        Ok(())
    }
}

/// Who gives, whatever the name is by now.
fn giver(from: Option<&Giver>) -> Option<ObjectId> {
    from.map(|giver| giver.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::matching::tests::id;
    use crate::domain::user::UserId;
    use crate::domain::writeplan::LeftOut;

    fn number(text: &str) -> Value {
        Value::Number(PhoneNumber::from_tenant(text))
    }

    fn tenant() -> TenantId {
        "11111111-2222-3333-4444-555555555555".parse().unwrap()
    }

    fn entry(n: i64, wanted: Value) -> Entry {
        Entry {
            id: EntryId(n),
            user: Some(UserId(n)),
            name: format!("User {n}"),
            ..Entry::queued(
                tenant(),
                (Value::Number(None), wanted),
                (&format!("author {n}"), Timestamp::UNIX_EPOCH),
            )
        }
    }

    fn item(n: u8, old: Value, new: Value) -> PlanItem {
        PlanItem {
            entry: EntryId(i64::from(n)),
            name: format!("User {n}"),
            target: id(n),
            from: None,
            takes_away: !old.is_blank(),
            releases: old.number().cloned(),
            old,
            new,
            note: "free".into(),
        }
    }

    fn plan(items: Vec<PlanItem>) -> WritePlan {
        WritePlan {
            tenant: tenant(),
            tenant_name: "Contoso Ltd".into(),
            read_at: Timestamp::UNIX_EPOCH,
            items,
            left_out: vec![],
            limit: 5,
        }
    }

    fn two() -> (WritePlan, Vec<Entry>) {
        let (a, b) = (number("+14255550101"), number("+14255550102"));
        let items = vec![
            item(1, Value::Number(None), a.clone()),
            item(2, number("+14255550100"), b.clone()),
        ];
        (plan(items), vec![entry(1, a), entry(2, b)])
    }

    fn sealed(plan: &WritePlan, entries: &[Entry]) -> SealedPlan {
        SealedPlan::of(plan, entries, |_| true, ("kim", Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn what_has_not_moved_is_written_and_what_others_queued_since_is_not() {
        let (mut plan, mut entries) = two();
        let kept = sealed(&plan, &entries);
        assert_eq!(kept.taking_away(), 1);
        let later = number("+14255550103");
        plan.items.push(item(3, Value::Number(None), later.clone()));
        entries.push(entry(3, later));
        let fit = kept.fit(&plan, &entries);
        assert_eq!(fit.write, [EntryId(1), EntryId(2)]);
        assert_eq!(fit.moved, []);
    }

    /// What somebody does to the plan of now or to the outbox.
    type Move = fn(&mut WritePlan, &mut Vec<Entry>);

    #[test]
    fn each_value_that_moved_refuses_its_own_change_and_no_other() {
        let (plan, entries) = two();
        let kept = sealed(&plan, &entries);
        let cases: [(Move, &str); 8] = [
            (
                |_, entries| {
                    entries.remove(1);
                },
                "no longer in the outbox: it was written, dropped or edited since the plan was kept",
            ),
            (
                |_, entries| entries[1].wanted = number("+14255550199"),
                "now wants +1 425-555-0199",
            ),
            (
                |plan, _| plan.items[1].target = id(9),
                "now associated with another Teams user",
            ),
            (
                |plan, _| plan.items[1].old = number("+14255550177"),
                "the tenant had +1 425-555-0100, now has +1 425-555-0177",
            ),
            (
                |plan, _| plan.items[1].releases = None,
                "it was to take away +1 425-555-0100, now takes away nothing",
            ),
            (
                |plan, _| {
                    plan.items[1].from = Some(Giver {
                        id: id(4),
                        name: "Pat Old".into(),
                    });
                },
                "the number was to be taken from nobody, now from Pat Old",
            ),
            (
                |plan, _| {
                    plan.items.remove(1);
                },
                "not in the plan of now",
            ),
            (
                |plan, _| {
                    let gone = plan.items.remove(1);
                    plan.left_out.push(LeftOut {
                        entry: gone.entry,
                        name: gone.name,
                        new: gone.new,
                        why: "held by Pat Old".into(),
                    });
                },
                "held by Pat Old",
            ),
        ];
        for (change, why) in cases {
            let (mut now, mut entries) = (plan.clone(), entries.clone());
            change(&mut now, &mut entries);
            let fit = kept.fit(&now, &entries);
            assert_eq!(fit.write, [EntryId(1)], "{why}");
            let [moved] = fit.moved.as_slice() else {
                panic!("{why}: {fit:?}");
            };
            assert_eq!(moved.entry, EntryId(2));
            let said = moved.why.replace('-', " ");
            assert!(
                said.starts_with(&why.replace('-', " ")),
                "{why}: {}",
                moved.why
            );
        }
    }

    #[test]
    fn what_is_held_back_stays_with_who_and_why() {
        let (mut plan, mut entries) = two();
        let third = number("+14255550103");
        plan.left_out.push(LeftOut {
            entry: EntryId(3),
            name: "User 3".into(),
            new: third.clone(),
            why: "Unlicensed: no seat".into(),
        });
        entries.push(entry(3, third));
        let kept = SealedPlan::of(
            &plan,
            &entries,
            |id| id == EntryId(1),
            ("kim", Timestamp::UNIX_EPOCH),
        );
        assert_eq!(kept.changes.len(), 1);
        let held: Vec<(i64, &str, &str)> = kept
            .held_back
            .iter()
            .map(|held| (held.entry.0, held.author.as_str(), held.why.as_str()))
            .collect();
        assert_eq!(
            held,
            [
                (2, "author 2", "held back by hand"),
                (3, "author 3", "Unlicensed: no seat")
            ]
        );
        assert_eq!(kept.fit(&plan, &entries).write, [EntryId(1)]);
    }
}
