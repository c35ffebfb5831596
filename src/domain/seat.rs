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
    let used = u32::try_from(users.len())
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
                .map(|bought| UnlicensedCause::NoSeat { used, bought })
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
