//! Two runs compared: their counters side by side, and who came, went, or changed the first cause between them.

use super::gate::FirstCause;
use super::guid::ObjectId;
use super::run::{RunHead, Summary};

/// A directory user who came, went, or changed the first cause. `None` stands for not being in the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub id: ObjectId,
    /// The name, as far as it is known.
    pub name: String,
    /// The first cause before.
    pub before: Option<FirstCause>,
    /// The first cause after.
    pub after: Option<FirstCause>,
}

/// What became of a directory user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Is new in the tenant.
    Came,
    /// Is no longer in the tenant.
    Went,
    /// Is stopped by another gate, or by none any more.
    Changed,
}

impl Kind {
    /// The word of a column and of `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Came => "came",
            Self::Went => "went",
            Self::Changed => "changed",
        }
    }
}

impl Turn {
    /// What became of this user.
    pub fn kind(&self) -> Kind {
        match (self.before, self.after) {
            (None, _) => Kind::Came,
            (Some(_), None) => Kind::Went,
            (Some(_), Some(_)) => Kind::Changed,
        }
    }

    /// The gate before and after, in the words of a column: `no Phone System -> can be added`.
    pub fn words(&self) -> String {
        let word = |cause: Option<FirstCause>| cause.map_or("not in the tenant", FirstCause::words);
        format!("{} -> {}", word(self.before), word(self.after))
    }
}

/// One number of both runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// Its name, as in the log.
    pub name: &'static str,
    /// In the earlier run.
    pub before: u64,
    /// In the later run.
    pub after: u64,
}

/// Two runs compared, the earlier first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The earlier run.
    pub from: RunHead,
    /// The later run.
    pub to: RunHead,
    /// The numbers of both, equal ones too: the first five are the counters of the log.
    pub counters: Vec<Counter>,
    /// Who came, went or changed: by what became of them, then by name.
    pub turns: Vec<Turn>,
}

impl Difference {
    /// Compares two runs; `turns` is what happened after the earlier, up to and with the later.
    pub fn new(from: RunHead, to: RunHead, mut turns: Vec<Turn>) -> Self {
        turns.retain(|turn| turn.before != turn.after);
        turns.sort_by(|a, b| (a.kind(), &a.name, a.id).cmp(&(b.kind(), &b.name, b.id)));
        let counters = numbers(&from.summary)
            .into_iter()
            .zip(numbers(&to.summary))
            .map(|((name, before), (_, after))| Counter {
                name,
                before,
                after,
            })
            .collect();
        Self {
            from,
            to,
            counters,
            turns,
        }
    }

    /// How many came, went, changed.
    pub fn counted(&self, kind: Kind) -> usize {
        self.turns.iter().filter(|turn| turn.kind() == kind).count()
    }

    /// What has to be known before the numbers are believed: runs that read nobody, or did not end well.
    pub fn caveats(&self) -> Vec<String> {
        let mut out = Vec::new();
        for run in [&self.from, &self.to] {
            if run.kind != "sync" {
                let only = match run.kind.as_str() {
                    "apply" => "only wrote",
                    "plan" => "only planned",
                    other => other,
                };
                out.push(format!(
                    "run {} {only} ({}): it read no users, so its counters are empty",
                    run.id.0, run.kind
                ));
            } else if run.outcome != "done" && run.outcome != "partly" {
                out.push(format!(
                    "run {} {}: it left the last good picture in place",
                    run.id.0, run.outcome
                ));
            }
        }
        if self.from.tenant.is_some()
            && self.to.tenant.is_some()
            && self.from.tenant != self.to.tenant
        {
            out.push("the runs read two different tenants".to_owned());
        }
        out
    }
}

fn numbers(summary: &Summary) -> [(&'static str, u64); 14] {
    let Summary {
        counters,
        written,
        refused,
        conflicts,
        held,
        left,
        unlicensed,
        taken_over,
        matched,
        released,
    } = *summary;
    [
        ("total", counters.total),
        ("licensed", counters.licensed),
        ("phoneSystem", counters.phone_system),
        ("excludedByCallingPlan", counters.excluded_by_calling_plan),
        ("resource", counters.resource),
        ("written", written.into()),
        ("refused", refused.into()),
        ("conflicts", conflicts.into()),
        ("held", held.into()),
        ("left", left.into()),
        ("Unlicensed", unlicensed.into()),
        ("taken over", taken_over.into()),
        ("matched", matched.into()),
        ("released", released.into()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::guid::Guid;
    use crate::domain::run::{Counters, RunId};

    fn head(id: i64, total: u64) -> RunHead {
        RunHead {
            id: RunId(id),
            kind: "sync".into(),
            debug: false,
            tenant: None,
            author: "k".into(),
            started_at: "2026-11-20T12:00:00Z".parse().unwrap(),
            ended_at: None,
            outcome: "done".into(),
            failure: String::new(),
            summary: Summary {
                counters: Counters {
                    total,
                    ..Counters::default()
                },
                ..Summary::default()
            },
        }
    }

    fn turn(n: u8, name: &str, before: Option<FirstCause>, after: Option<FirstCause>) -> Turn {
        Turn {
            id: ObjectId(Guid::from_bytes([n; 16])),
            name: name.into(),
            before,
            after,
        }
    }

    #[test]
    fn who_came_went_and_changed_stands_in_that_order() {
        use FirstCause as C;
        let turns = vec![
            turn(1, "Zoe", Some(C::Eligible), Some(C::CallingPlan)),
            turn(2, "Amy", Some(C::NoPhoneSystem), Some(C::Eligible)),
            turn(3, "Bob", None, Some(C::Unlicensed)),
            turn(4, "Cleo", Some(C::Guest), None),
            turn(5, "Dan", Some(C::Guest), Some(C::Guest)),
        ];
        let diff = Difference::new(head(3, 40), head(5, 41), turns);
        let lines: Vec<String> = diff
            .turns
            .iter()
            .map(|turn| format!("{} {} {}", turn.kind().word(), turn.name, turn.words()))
            .collect();
        assert_eq!(
            lines,
            [
                "came Bob not in the tenant -> no Microsoft licence",
                "went Cleo guest -> not in the tenant",
                "changed Amy no Phone System -> can be added",
                "changed Zoe can be added -> Calling Plan",
            ]
        );
        assert_eq!(
            (
                diff.counted(Kind::Came),
                diff.counted(Kind::Went),
                diff.counted(Kind::Changed)
            ),
            (1, 1, 2)
        );
        assert_eq!(
            diff.counters[0],
            Counter {
                name: "total",
                before: 40,
                after: 41
            }
        );
        assert_eq!(diff.counters.len(), 14);
        assert_eq!(diff.caveats(), Vec::<String>::new());
    }

    #[test]
    fn numbers_that_mean_nothing_are_told() {
        let mut from = head(1, 0);
        from.kind = "plan".into();
        let mut to = head(2, 0);
        to.outcome = "failed".into();
        assert_eq!(
            Difference::new(from, to, Vec::new()).caveats(),
            [
                "run 1 only planned (plan): it read no users, so its counters are empty",
                "run 2 failed: it left the last good picture in place"
            ]
        );
    }
}
