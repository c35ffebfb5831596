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
            Some(if user.waits {
                UnlicensedCause::MatchWaits
            } else {
                UnlicensedCause::NotAssociated
            })
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

/// Who holds a seat, in the order given: by rank, whatever else a user lacks.
pub fn holders(users: &[User], seats: Seats) -> Vec<bool> {
    let mut by_rank: Vec<usize> = (0..users.len()).collect();
    by_rank.sort_by_key(|&n| (users[n].rank, users[n].id));
    let bought = seats.bought.map_or(usize::MAX, |bought| bought as usize);
    let mut out = vec![false; users.len()];
    for &n in by_rank.iter().take(bought) {
        out[n] = true;
    }
    out
}

/// What other seats would mean: who would lose the license, and who would get it back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preview<'a> {
    /// Licensed now and Unlicensed then, the last to come first.
    pub lose: Vec<&'a User>,
    /// Unlicensed now and licensed then, the first to come first.
    pub gain: Vec<&'a User>,
}

/// Who would lose or get back the license with other seats.
pub fn preview(users: &[User], now: Seats, then: Seats, today: Date) -> Preview<'_> {
    let before = statuses(users, now, today);
    let after = statuses(users, then, today);
    let mut out = Preview::default();
    for ((user, before), after) in users.iter().zip(before).zip(after) {
        match (before, after) {
            (LicenseStatus::Licensed, LicenseStatus::Unlicensed(_)) => out.lose.push(user),
            (LicenseStatus::Unlicensed(_), LicenseStatus::Licensed) => out.gain.push(user),
            (LicenseStatus::Licensed, LicenseStatus::Licensed)
            | (LicenseStatus::Unlicensed(_), LicenseStatus::Unlicensed(_)) => {}
        }
    }
    out.lose
        .sort_by_key(|user| std::cmp::Reverse((user.rank, user.id)));
    out.gain.sort_by_key(|user| (user.rank, user.id));
    out
}

/// From so many days before the end it is warned of.
const WARN_DAYS: i32 = 14;

/// The end of a trial or contract, when it is near or past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// So many days are left after today; 0 is its last day.
    Soon {
        /// The last day.
        on: Date,
        /// Days left.
        days: i32,
    },
    /// The last day is over: everybody is Unlicensed.
    Over {
        /// The last day.
        on: Date,
    },
}

impl Ending {
    /// For the header, in few cells: `ends in 9 d`, `ends today`, `ended 2026-11-20`.
    pub fn short(self) -> String {
        match self {
            Self::Soon { days: 0, .. } => "ends today".to_owned(),
            Self::Soon { days, .. } => format!("ends in {days} d"),
            Self::Over { on } => format!("ended {on}"),
        }
    }
}

/// What to do about an end.
const RENEW: &str = ": renew, then set the new last day in the tenant settings or with `seats set`";

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Soon { on, days: 0 } => {
                write!(
                    f,
                    "The trial or contract ends today, {on}: from tomorrow everybody is Unlicensed{RENEW}"
                )
            }
            Self::Soon { on, days: 1 } => {
                write!(
                    f,
                    "The trial or contract ends tomorrow, {on}: then everybody is Unlicensed{RENEW}"
                )
            }
            Self::Soon { on, days } => write!(
                f,
                "The trial or contract ends on {on}, in {days} days: then everybody is Unlicensed{RENEW}"
            ),
            Self::Over { on } => write!(
                f,
                "The trial or contract ended on {on}: everybody is Unlicensed{RENEW}"
            ),
        }
    }
}

/// Whether an end is near enough to be warned of, or past.
pub fn ending(seats: Seats, today: Date) -> Option<Ending> {
    let on = seats.ends?;
    if on < today {
        return Some(Ending::Over { on });
    }
    let days = today.until(on).map_or(i32::MAX, |span| span.get_days());
    (days <= WARN_DAYS).then_some(Ending::Soon { on, days })
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
    fn a_lower_count_names_the_last_to_come_and_a_higher_one_who_gets_back() {
        let mut stranger = user(4, "dan@contoso.example");
        stranger.rank = 15;
        let users = [
            associated(1, 30),
            associated(2, 10),
            associated(3, 20),
            stranger,
        ];
        let today = "2026-11-20".parse().unwrap();
        let seats = |bought| Seats { bought, ends: None };
        let ids = |users: Vec<&User>| users.iter().map(|user| user.id.0).collect::<Vec<_>>();
        // By rank: 2, 4 (who is in no list: not associated either way), 3, 1.
        let lower = preview(&users, seats(None), seats(Some(1)), today);
        assert_eq!((ids(lower.lose), ids(lower.gain)), (vec![1, 3], vec![]));
        let back = preview(&users, seats(Some(1)), seats(Some(3)), today);
        assert_eq!((ids(back.lose), ids(back.gain)), (vec![], vec![3]));
        let ended = Seats {
            bought: None,
            ends: Some("2026-11-19".parse().unwrap()),
        };
        let all = preview(&users, seats(Some(2)), ended, today);
        assert_eq!(ids(all.lose), [2]);
        assert_eq!(
            holders(&users, seats(Some(2))),
            [false, true, false, true],
            "a seat is held by rank, associated or not"
        );
        assert_eq!(holders(&users, seats(None)), [true; 4]);
    }

    #[test]
    fn an_end_is_warned_of_from_14_days_before() {
        let seats = Seats {
            bought: Some(5),
            ends: Some("2026-12-31".parse().unwrap()),
        };
        let on = |day: &str| ending(seats, day.parse().unwrap());
        assert_eq!(on("2026-12-16"), None);
        assert_eq!(on("2026-10-01"), None, "months are no days");
        assert_eq!(on("2026-12-17").unwrap().short(), "ends in 14 d");
        assert_eq!(on("2026-12-31").unwrap().short(), "ends today");
        assert_eq!(on("2027-01-01").unwrap().short(), "ended 2026-12-31");
        assert_eq!(
            on("2026-12-22").unwrap().to_string(),
            "The trial or contract ends on 2026-12-31, in 9 days: then everybody is Unlicensed: renew, then set the new last day in the tenant settings or with `seats set`"
        );
        assert_eq!(
            ending(Seats::default(), "2026-12-31".parse().unwrap()),
            None
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
