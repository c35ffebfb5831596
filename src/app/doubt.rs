//! Who can be taken for somebody else is marked wherever a person is chosen. Nothing is blocked by it.

use crate::domain::guid::ObjectId;
use crate::domain::why::{Fact, Why};

use super::App;
use super::pane::confirm::{Leaving, Question};

/// Stands before a name that can mislead.
pub const SIGN: char = '≈';

impl App {
    /// A name as lists show it: marked where the directory user can be taken for another.
    pub fn called(&self, who: Option<ObjectId>, name: &str) -> String {
        if who.is_some_and(|id| self.roster.is_doubted(id)) {
            format!("{SIGN} {name}")
        } else {
            name.to_owned()
        }
    }

    /// What can mislead about those whom a question is about, a line for each.
    pub fn doubts(&self, question: &Question) -> Vec<String> {
        let user = |id| {
            let user = self.desk.users.iter().find(|row| row.user.id == id);
            user.and_then(|row| row.user.association.id())
        };
        let who: Vec<ObjectId> = match question {
            Question::Remove { id, .. } | Question::Release { id, .. } => {
                user(*id).into_iter().collect()
            }
            Question::MassRemoval {
                who: Leaving::One { removal, .. },
                ..
            } => user(removal.user).into_iter().collect(),
            Question::MoveSeat { from, to, .. } => {
                [*from, *to].into_iter().filter_map(user).collect()
            }
            Question::AddAnyway { users, .. } => users
                .iter()
                .filter_map(|user| user.association.id())
                .collect(),
            Question::Tie { to, .. } => to.id().into_iter().collect(),
            Question::Mend(mend) => vec![mend.target],
            Question::MoveTo(open) => open
                .hits
                .get(open.at)
                .map(|hit| hit.id)
                .into_iter()
                .collect(),
            _ => Vec::new(),
        };
        let lines = who.into_iter().filter_map(|id| self.roster.doubt(id));
        lines.map(|line| format!("{SIGN} {line}")).take(3).collect()
    }

    /// An explanation with what can mislead about its user said first among the facts.
    pub(super) fn with_doubt(&self, mut why: Box<Why>) -> Box<Why> {
        if let Some(text) = why.id.and_then(|id| self.roster.doubt(id)) {
            let fact = Fact {
                label: "Beware",
                text,
                read_at: None,
            };
            why.facts.insert(0, fact);
        }
        why
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::app::event::{CacheEvent, What};
    use crate::app::fixture::{Driver, desk, object, plan, roster, row, why_alex};
    use crate::domain::gate::FirstCause;
    use crate::domain::run::RunEvent;
    use crate::roster::Roster;
    use crate::view::screens::screen;

    /// Diego's double, with a Cyrillic letter, and a second Alex whose l is a capital i.
    fn doubles() -> Driver {
        let mut t = Driver::new();
        let more = [
            row(20, "Di\u{435}go Siciliani", FirstCause::Eligible, None),
            row(21, "AIex Wilber", FirstCause::Eligible, None),
        ];
        let rows = roster().rows().map(|row| row.to_row()).collect::<Vec<_>>();
        let rows = rows.into_iter().chain(more);
        t.event(What::Cache(CacheEvent::Roster(Arc::new(Roster::new(
            2, rows,
        )))));
        t.desk(desk());
        t
    }

    #[track_caller]
    fn shows(t: &Driver, words: &[&str]) {
        let screen = screen(&t.app).join("\n");
        for word in words {
            assert!(screen.contains(word), "{word}\n{screen}");
        }
    }

    #[test]
    fn who_can_be_taken_for_another_is_marked_where_people_are_chosen() {
        let mut t = doubles();
        shows(&t, &["≈ Diego Siciliani", "o Lee Gu"]);
        t.keys("2");
        shows(
            &t,
            &["≈ Di\u{435}go Siciliani", "≈ AIex Wilber", "  Adele Vance"],
        );
        t.keys("1 j d");
        shows(
            &t,
            &[
                "Remove Diego Siciliani here?",
                "≈ Looks like Di\u{435}go Siciliani <di\u{435}go.siciliani@contoso.example>",
            ],
        );
        t.keys("<esc> / a l e x <enter>");
        let req = t.asked();
        let why = Box::new(why_alex());
        t.event(What::Cache(CacheEvent::Why { req, why }));
        shows(
            &t,
            &[
                "Beware",
                "Looks like AIex Wilber <aiex.wilber@contoso.example>",
            ],
        );
        t.keys("<esc> <esc> <esc> p");
        let req = t.app.runs.active().expect("a plan is made").req;
        let event = RunEvent::PlanReady(Box::new(plan()));
        t.event(What::Run { req, event });
        shows(&t, &["[x] ≈ Diego Sicil", "Looks like"]);
    }

    #[test]
    fn nobody_is_marked_without_a_reason() {
        let t = Driver::new();
        assert!(!t.app.roster.is_doubted(object(4)));
        assert!(!screen(&t.app).join("").contains(super::SIGN));
        // Namesakes in one script, and names in any script, are ordinary.
        for n in 1..=14 {
            assert_eq!(t.app.roster.doubt(object(n)), None, "{n}");
        }
    }
}
