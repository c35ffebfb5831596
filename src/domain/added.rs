//! What came of adding users, part by part: it is put into words where it is shown, and nobody looks for them in a sentence.

use std::fmt;

use super::matching::MatchedBy;
use super::text::{Label, counted};

/// Users that were added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// Who.
    pub who: Who,
    /// Whether somebody who came by hand was matched with a directory user; `None` where nobody had to be.
    pub tie: Option<Tie>,
    /// The seats, where there are fewer than users by now.
    pub short: Option<Short>,
}

/// Who was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// One, by name.
    One(String),
    /// So many.
    Many(usize),
}

/// Whom the e-mail of a newcomer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tie {
    /// One directory user, who is tied to it.
    One {
        /// Which of the addresses the e-mail is.
        by: MatchedBy,
        /// The sign-in name of the directory user.
        upn: String,
    },
    /// So many directory users: a person has to say which.
    Several(usize),
    /// Somebody who belongs to another user of the list.
    Taken,
    /// Nobody, as the tenant was read.
    Nobody,
}

/// More users than seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Short {
    /// Users on the list.
    pub users: usize,
    /// Seats that were bought.
    pub bought: usize,
}

impl Added {
    /// These users, of whom nothing else is to be said.
    pub fn of(who: Who) -> Self {
        Self {
            who,
            tie: None,
            short: None,
        }
    }
}

impl fmt::Display for Added {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.who {
            Who::One(name) => write!(f, "{} added", Label::new(name))?,
            Who::Many(n) => write!(f, "{n} users added")?,
        }
        if let Some(tie) = &self.tie {
            tie.fmt(f)?;
        }
        match &self.short {
            Some(short) => write!(f, "; {short}"),
            None => Ok(()),
        }
    }
}

/// What follows `Lee Gu added`.
impl fmt::Display for Tie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One { by, upn } => write!(
                f,
                " and matched: the e-mail is the {} of {}",
                by.words(),
                Label::new(upn)
            ),
            Self::Several(n) => write!(
                f,
                ", not matched: {n} people of the tenant have the e-mail; edit and associate one by hand"
            ),
            Self::Taken => f.write_str(
                ", not matched: whoever has the e-mail belongs to another user of the list",
            ),
            Self::Nobody => f.write_str(
                ", not matched yet: nobody had the e-mail when the tenant was read; the next sync looks again",
            ),
        }
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Unlicensed: {}, {}",
            counted(self.users as u64, "user", "users"),
            counted(self.bought as u64, "seat", "seats")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_said_in_its_place() {
        let mut added = Added::of(Who::One("Lee; Gu".to_owned()));
        assert_eq!(added.to_string(), "Lee; Gu added");
        added.short = Some(Short {
            users: 3,
            bought: 1,
        });
        assert_eq!(
            added.to_string(),
            "Lee; Gu added; Unlicensed: 3 users, 1 seat"
        );
        added.tie = Some(Tie::One {
            by: MatchedBy::Upn,
            upn: "lee@contoso.example".to_owned(),
        });
        assert_eq!(
            added.to_string(),
            "Lee; Gu added and matched: the e-mail is the sign-in name of lee@contoso.example; Unlicensed: 3 users, 1 seat"
        );
        added.who = Who::Many(2);
        added.tie = None;
        assert_eq!(
            added.to_string(),
            "2 users added; Unlicensed: 3 users, 1 seat"
        );
    }
}
