//! Seats: licences of this service. Who has one is computed from ranks, never stored; none bought on record means no limit.

use jiff::civil::Date;

use super::user::{Association, LicenseStatus, UnlicensedCause, User};

/// What was bought for a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seats {
    /// How many; `None` is no limit.
    pub bought: Option<u32>,
    /// The last day of a trial or contract.
    pub ends: Option<Date>,
}

/// The status of each user, in the order given. `today` decides whether a trial has ended.
///
/// Seats go to associated and unassociated users alike, by rank: a user who is matched later must not push out another.
pub fn statuses(users: &[User], seats: Seats, today: Date) -> Vec<LicenseStatus> {
    let ended = seats.ends.is_some_and(|ends| ends < today);
    let mut by_rank: Vec<usize> = (0..users.len()).collect();
    by_rank.sort_by_key(|&n| (users[n].rank, users[n].id));
    let in_use = u32::try_from(users.len())
        .unwrap_or(u32::MAX)
        .min(seats.bought.unwrap_or(u32::MAX));
    let mut out = vec![LicenseStatus::Licensed; users.len()];
    for (place, &n) in by_rank.iter().enumerate() {
        let user = &users[n];
        let cause = if user.association == Association::None {
            Some(UnlicensedCause::NotAssociated)
        } else if user.gone {
            Some(UnlicensedCause::UserGone)
        } else if ended {
            Some(UnlicensedCause::TrialEnded)
        } else {
            seats
                .bought
                .filter(|&bought| place >= bought as usize)
                .map(|bought| UnlicensedCause::NoSeat {
                    used: in_use,
                    bought,
                })
        };
        if let Some(cause) = cause {
            out[n] = LicenseStatus::Unlicensed(cause);
        }
    }
    out
}

/// Seats in use: users with a rank below the count, whatever else they lack.
pub fn used(users: usize, seats: Seats) -> u32 {
    let users = u32::try_from(users).unwrap_or(u32::MAX);
    seats.bought.map_or(users, |bought| users.min(bought))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::matching::tests::{id, user};

    fn associated(n: u8, rank: i64) -> User {
        User {
            association: Association::Matched(id(n)),
            rank,
            ..user(i64::from(n), &format!("u{n}@contoso.example"))
        }
    }

    #[test]
    fn the_last_to_come_lose_first_and_get_theirs_back() {
        let users = [associated(1, 30), associated(2, 10), associated(3, 20)];
        let today = "2026-11-20".parse().unwrap();
        let of = |bought| statuses(&users, Seats { bought, ends: None }, today);
        let short = LicenseStatus::Unlicensed(UnlicensedCause::NoSeat { used: 2, bought: 2 });
        assert_eq!(
            of(Some(2)),
            [short, LicenseStatus::Licensed, LicenseStatus::Licensed]
        );
        assert_eq!(of(Some(3)), [LicenseStatus::Licensed; 3]);
        assert_eq!(
            of(None),
            [LicenseStatus::Licensed; 3],
            "no count set is no limit"
        );
    }

    #[test]
    fn a_trial_ends_after_its_last_day() {
        let users = [associated(1, 1)];
        let seats = Seats {
            bought: Some(5),
            ends: Some("2026-11-20".parse().unwrap()),
        };
        assert_eq!(
            statuses(&users, seats, "2026-11-20".parse().unwrap()),
            [LicenseStatus::Licensed]
        );
        let ended = LicenseStatus::Unlicensed(UnlicensedCause::TrialEnded);
        assert_eq!(
            statuses(&users, seats, "2026-11-21".parse().unwrap()),
            [ended]
        );
    }

    #[test]
    fn without_an_association_nobody_is_licensed() {
        let mut gone = associated(2, 2);
        gone.gone = true;
        let users = [user(1, "ben@contoso.example"), gone];
        let causes = statuses(&users, Seats::default(), "2026-11-20".parse().unwrap());
        assert_eq!(
            causes,
            [
                LicenseStatus::Unlicensed(UnlicensedCause::NotAssociated),
                LicenseStatus::Unlicensed(UnlicensedCause::UserGone)
            ]
        );
    }
}
