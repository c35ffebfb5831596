//! Words of causes, states and refusals that more than one part of the program says: each stands here, and nowhere else.
//!
//! Words that one table alone says stand with it: gates and first causes in `gate`, the states of a change in `outbox`, licence
//! statuses in `user`, actions in `app::action`. A test of the tree keeps a second copy of any word of this file out.

use super::guid::ObjectId;
use super::phone::PhoneNumber;
use super::seat::Seats;

/// Somebody is in no list of the tenant any more.
pub const GONE: &str = "the user is gone from the tenant";

/// A configured user without a directory user.
pub const NOT_ASSOCIATED: &str = "not associated with a Teams user";

/// The product, as Microsoft calls it.
pub const CREDITS: &str = "Communications Credits";

/// The evidence of a disabled account.
pub const DISABLED: &str = "accountEnabled is false in Entra ID";

/// Facts of a gate that are not known.
pub const PARTLY_READ: &str = "not all could be read";

/// Somebody for whom no country is set.
pub const NO_COUNTRY: &str = "no usage location";

/// The inventory could not be read.
pub const NO_NUMBERS: &str = "the tenant's numbers could not be read";

/// Nobody's token is here.
pub const SIGNED_OUT: &str = "nobody is signed in";

/// A Calling Plan number that is to move.
pub const NOT_MOVED: &str = "a Calling Plan number: it is not moved to a Direct Routing user";

/// The wish to add somebody as soon as that can be.
pub const WHEN_ELIGIBLE: &str = "add when eligible";

/// A change that an engineer has left out of a plan.
pub const HELD_BY_HAND: &str = "held back by hand";

/// The outbox is empty.
pub const NOTHING_WAITS: &str = "nothing waits to be written";

/// The group filter is blank.
pub const NO_FILTER: &str = "no group filter is set";

/// Nobody of the new tenant has the address of a user of before.
pub const NOBODY_MATCHES: &str = "nobody matches";

/// A review was judged on what is no more.
pub const JUDGED_ANEW: &str =
    "nothing was queued: the list or the tenant has changed since; look again";

/// Seconds by which two clocks may differ.
pub const CLOCKS_APART: i64 = 60;

/// How far this machine's clock is from the server's, which is ahead of it by so many seconds: `3 min behind`; `None` where they
/// agree well enough.
pub fn clock_away(ahead: i64) -> Option<String> {
    let seconds = ahead.abs();
    if seconds <= CLOCKS_APART {
        return None;
    }
    let amount = match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    };
    let side = if ahead > 0 { "behind" } else { "ahead" };
    Some(format!("{amount} {side}"))
}

/// A tenant to which nothing is written.
pub const READ_ONLY: &str = "read-only";

/// A tenant to which changes are written.
pub const READ_AND_WRITE: &str = "read and write";

/// What names a tenant.
pub const TENANT_ADDRESS: &str = "write the tenant's id (a GUID) or one of its verified domains";

/// An answer of something that found nothing to do.
pub const NOTHING_CHANGED: &str = "nothing was changed";

/// What a refusal ends with, where all is as it was.
pub const UNCHANGED: &str = "Nothing was changed.";

/// What failures of one request begin with: of what was done before it they know nothing.
pub const NOT_DONE: [&str; 3] = [
    UNCHANGED,
    "This request was not sent.",
    "This was not written.",
];

/// What to do where a sign-in has ended.
pub const SIGN_IN_AGAIN: &str = "Sign in again. What was read before stays readable.";

/// What to do where a sign-in was left.
pub const BEGIN_AGAIN: &str = "Begin the sign-in again if that was not meant.";

/// A plan of which everything is held back.
pub const NOTHING_CHOSEN: &str = "nothing is chosen: Space chooses";

/// A place without a row or text.
pub const NOTHING_TO_COPY: &str = "there is nothing to copy here";

/// A list of runs without one.
pub const NO_RUN_HERE: &str = "no run is under the cursor";

/// What to do for an account that was deleted.
pub const RESTORE: &str =
    "restore the account in Entra ID (Deleted users, within 30 days), then sync";

/// How a change that was refused is sent again.
pub const AGAIN: &str = "make the change again (a refused one is not sent by itself)";

/// How a queued change is dropped, for lines that are read in the console, in a shell and in a kept log.
pub const UNDO: &str = "undo it (`outbox drop ID` in a shell)";

/// How a number that was taken away is given back: giving back is a change like any other.
pub const GIVE_BACK: &str =
    "undo it (`outbox drop ID` in a shell), then apply the plan that gives it back";

/// A number that no change waits to give to anybody any more.
pub const RINGS_NOWHERE: &str = "RINGS NOWHERE now";

/// What holds a number and is nobody.
pub fn no_user(holder: ObjectId) -> String {
    format!("an object of the tenant that is no user ({holder})")
}

/// A number that a change has taken away and not given to anybody, and the two ways on from there.
pub fn is_released(number: &PhoneNumber) -> String {
    format!(
        "{} IS RELEASED and rings nowhere: applying the plan again goes on, unless it was refused; else {GIVE_BACK}",
        number.spaced()
    )
}

/// `5 marked, 3 not shown`; `None` when none is.
pub fn marked(marked: usize, hidden: usize) -> Option<String> {
    match (marked, hidden) {
        (0, _) => None,
        (marked, 0) => Some(format!("{marked} marked")),
        (marked, hidden) => Some(format!("{marked} marked, {hidden} not shown")),
    }
}

/// `25 seats until 2027-03-31`.
pub fn seats(seats: Seats) -> String {
    let bought = match seats.bought {
        None => "no limit of seats".to_owned(),
        Some(1) => "1 seat".to_owned(),
        Some(bought) => format!("{bought} seats"),
    };
    match seats.ends {
        Some(day) => format!("{bought} until {day}"),
        None => bought,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_agree_with_their_nouns() {
        let of = |bought, ends: Option<&str>| {
            seats(Seats {
                bought,
                ends: ends.map(|day| day.parse().unwrap()),
            })
        };
        assert_eq!(of(None, None), "no limit of seats");
        assert_eq!(of(Some(1), Some("2027-03-31")), "1 seat until 2027-03-31");
        assert_eq!(of(Some(25), None), "25 seats");
        assert_eq!(marked(0, 0), None);
        assert_eq!(marked(5, 3).as_deref(), Some("5 marked, 3 not shown"));
    }
}
