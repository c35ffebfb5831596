//! An overview of many tenants, from their files alone: nothing is asked of a network, and no file is opened for writing.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::TenantId;
use crate::domain::outbox::EntryState;
use crate::domain::phone::PhoneNumber;
use crate::domain::seat;
use crate::domain::user::LicenseStatus;
use crate::store::error::StoreError;
use crate::store::peek::{self, Peek, Sought};

/// One tenant of the overview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantOverview {
    /// Its name in the configuration.
    pub name: String,
    /// What its files tell, or why they tell nothing.
    pub counts: Result<Counts, Failure>,
    /// Whether a file of it is damaged, and not only of a newer program, or not to be read.
    pub damaged: bool,
}

/// What the files of a tenant tell, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// The id of the pinned tenant.
    pub tenant: Option<TenantId>,
    /// Its name when it was pinned.
    pub tenant_name: String,
    /// When the last good run read the tenant.
    pub read_at: Option<Timestamp>,
    /// Configured users.
    pub users: usize,
    /// Those among them without a seat or an association.
    pub unlicensed: usize,
    /// Changes on their way: queued, held, sent and not yet settled.
    pub queued: usize,
    /// Changes that the tenant refused.
    pub refused: usize,
    /// Changes whose value moved in the tenant.
    pub conflicts: usize,
    /// Changes of which it is not known whether they took effect.
    pub unknown: usize,
    /// Changes of an earlier tenant, set aside.
    pub parked: u32,
}

impl Counts {
    /// Changes that need a person.
    pub fn failed(&self) -> usize {
        self.refused + self.conflicts + self.unknown
    }

    /// How long ago the last good run read the tenant: `4 min`, `3 h`, `12 d`.
    pub fn age(&self, now: Timestamp) -> Option<String> {
        let seconds = now.duration_since(self.read_at?).as_secs().max(0);
        Some(match seconds {
            0..60 => format!("{seconds} s"),
            60..3_600 => format!("{} min", seconds / 60),
            3_600..172_800 => format!("{} h", seconds / 3_600),
            _ => format!("{} d", seconds / 86_400),
        })
    }

    fn of(peek: Peek, now: Timestamp) -> Self {
        let today = now.to_zoned(TimeZone::UTC).date();
        let statuses = seat::statuses(&peek.users, peek.seats, today);
        let mut counts = Self {
            read_at: peek.read_at,
            users: peek.users.len(),
            unlicensed: statuses
                .iter()
                .filter(|status| matches!(status, LicenseStatus::Unlicensed(_)))
                .count(),
            parked: peek.parked,
            ..Self::default()
        };
        if let Some(pin) = peek.pin {
            (counts.tenant, counts.tenant_name) = (Some(pin.tenant), pin.name);
        }
        for state in peek.states {
            let slot = match state {
                EntryState::Rejected { .. } => &mut counts.refused,
                EntryState::Conflict { .. } => &mut counts.conflicts,
                EntryState::Unknown { .. } => &mut counts.unknown,
                EntryState::Queued
                | EntryState::Held { .. }
                | EntryState::InFlight { .. }
                | EntryState::Accepted { .. }
                | EntryState::Applied { .. } => &mut counts.queued,
            };
            *slot += 1;
        }
        counts
    }
}

/// Looks at each tenant's folder, in the order given. One that is broken says so, and stops no other. Blocks: a list of hundreds
/// takes a moment.
pub fn overview(
    tenants: impl IntoIterator<Item = (String, PathBuf)>,
    now: Timestamp,
) -> Vec<TenantOverview> {
    tenants
        .into_iter()
        .map(|(name, dir)| {
            let seen = peek::look(&dir);
            TenantOverview {
                name,
                damaged: seen.as_ref().is_err_and(StoreError::is_damage),
                counts: seen
                    .map(|peek| peek.map_or_else(Counts::default, |peek| Counts::of(peek, now)))
                    .map_err(|error| error.failure()),
            }
        })
        .collect()
}

/// The tenants whose files know a number, an e-mail or a domain. Nothing is found by a text that is none of them.
pub fn knowing<'a>(
    tenants: impl IntoIterator<Item = (&'a str, PathBuf)>,
    text: &str,
) -> Result<Vec<String>, Failure> {
    let Some(sought) = sought(text) else {
        return Ok(Vec::new());
    };
    let (mut found, mut broken) = (Vec::new(), None);
    for (name, dir) in tenants {
        match peek::has(&dir, &sought) {
            Ok(true) => found.push(name.to_owned()),
            Ok(false) => {}
            Err(error) => broken = Some((name, error)),
        }
    }
    // A file that cannot be read may know it as well, so one hit elsewhere is not certain to be the only one.
    match broken {
        Some((name, error)) => Err(Failure::new(
            FailureKind::Config,
            format!(
                "The files of {name} cannot be read, so it is not certain which tenant has {text}"
            ),
            error.to_string(),
            "Name the tenant as the configuration does.",
        )),
        None => Ok(found),
    }
}

fn sought(text: &str) -> Option<Sought> {
    let text = text.trim();
    if text.contains('@') {
        return Some(Sought::Mail(text.to_owned()));
    }
    let compact: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.'))
        .collect();
    if compact.starts_with('+') {
        return PhoneNumber::from_tenant(&compact).map(Sought::Number);
    }
    let is_domain = text.contains('.')
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
        && text.chars().any(char::is_alphabetic);
    is_domain.then(|| Sought::Domain(text.to_owned()))
}

/// Whether a tenant has files of its own already.
pub fn is_known(dir: &Path) -> bool {
    !matches!(peek::look(dir), Ok(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read_at_a_glance() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let age = |at: &str| {
            let counts = Counts {
                read_at: Some(at.parse().unwrap()),
                ..Counts::default()
            };
            counts.age(now).unwrap()
        };
        assert_eq!(age("2026-11-22T11:59:30Z"), "30 s");
        assert_eq!(age("2026-11-22T11:56:00Z"), "4 min");
        assert_eq!(age("2026-11-22T00:00:00Z"), "12 h");
        assert_eq!(age("2026-11-10T00:00:00Z"), "12 d");
        assert_eq!(age("2026-11-22T12:00:05Z"), "0 s");
        assert_eq!(Counts::default().age(now), None);
    }

    #[test]
    fn what_is_sought_is_told_by_its_form() {
        assert_eq!(
            sought(" Alex@Contoso.example "),
            Some(Sought::Mail("Alex@Contoso.example".to_owned()))
        );
        assert!(
            matches!(sought("+44 (1235) 123-465"), Some(Sought::Number(number)) if number.as_str() == "+441235123465")
        );
        assert_eq!(sought("contoso"), None);
        assert_eq!(sought("01235 123465"), None);
    }
}
