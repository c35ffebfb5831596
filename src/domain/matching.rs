//! E-mail association: which directory user a configured user belongs to, found while the pages stream by.
//!
//! Against the sign-in name, then the e-mail, then the other SMTP addresses; case does not count. An association that is
//! there is never touched.

use std::collections::{HashMap, HashSet};

use super::directory::DirectoryUser;
use super::guid::ObjectId;
use super::user::{Association, User, UserId};

/// By which of its addresses a directory user was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchedBy {
    /// `userPrincipalName`.
    Upn,
    /// `mail`.
    Mail,
    /// A further SMTP address.
    Proxy,
}

impl MatchedBy {
    /// The words of a log line.
    pub fn words(self) -> &'static str {
        match self {
            Self::Upn => "sign-in name",
            Self::Mail => "mail",
            Self::Proxy => "proxy address",
        }
    }
}

/// What came of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// One directory user: associate.
    One {
        /// The configured user.
        user: UserId,
        /// The directory user.
        id: ObjectId,
        /// By which address.
        by: MatchedBy,
    },
    /// Several: a person must choose.
    Several {
        /// The configured user.
        user: UserId,
        /// The directory users.
        ids: Vec<ObjectId>,
    },
    /// The only one there belongs to another configured user.
    Taken {
        /// The configured user.
        user: UserId,
        /// The directory user.
        id: ObjectId,
    },
    /// Nobody.
    Nobody {
        /// The configured user.
        user: UserId,
    },
}

/// Collects hits while directory users stream by.
#[derive(Debug)]
pub struct Matcher {
    /// Users by the address looked for, in lower case.
    wanted: HashMap<String, Vec<UserId>>,
    order: Vec<UserId>,
    hits: HashMap<UserId, Vec<(MatchedBy, ObjectId)>>,
    taken: HashSet<ObjectId>,
}

impl Matcher {
    /// Looks for everybody who has no association, and does not wait for somebody to take one over.
    pub fn new(users: &[User]) -> Self {
        Self::of(users, |user| !user.waits)
    }

    /// Looks for those who wait for somebody to take a match over.
    pub fn of_waiting(users: &[User]) -> Self {
        Self::of(users, |user| user.waits)
    }

    /// Looks for somebody who is to be added to these users: what comes of it is said of no user's id.
    pub fn of_newcomer(mail: &str, users: &[User]) -> Self {
        let nobody_yet = UserId(0);
        let mut matcher = Self::of(users, |_| false);
        matcher
            .wanted
            .insert(mail.trim().to_lowercase(), vec![nobody_yet]);
        matcher.order.push(nobody_yet);
        matcher
    }

    fn of(users: &[User], wanted_is: impl Fn(&User) -> bool) -> Self {
        let mut wanted: HashMap<String, Vec<UserId>> = HashMap::new();
        let mut order = Vec::new();
        for user in users
            .iter()
            .filter(|user| user.association == Association::None && wanted_is(user))
        {
            wanted
                .entry(user.mail.trim().to_lowercase())
                .or_default()
                .push(user.id);
            order.push(user.id);
        }
        let taken = users
            .iter()
            .filter_map(|user| user.association.id())
            .collect();
        Self {
            wanted,
            order,
            hits: HashMap::new(),
            taken,
        }
    }

    /// Whether nobody is looked for.
    pub fn is_idle(&self) -> bool {
        self.order.is_empty()
    }

    /// The addresses that are looked for.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.wanted.keys().map(String::as_str)
    }

    /// Looks at one directory user.
    pub fn see(&mut self, user: &DirectoryUser) {
        if self.wanted.is_empty() {
            return;
        }
        self.look(&user.upn, MatchedBy::Upn, user.id);
        if let Some(mail) = &user.mail {
            self.look(mail, MatchedBy::Mail, user.id);
        }
        for address in &user.addresses {
            self.look(address, MatchedBy::Proxy, user.id);
        }
    }

    fn look(&mut self, address: &str, by: MatchedBy, id: ObjectId) {
        let Some(users) = self.wanted.get(&address.to_lowercase()) else {
            return;
        };
        for user in users {
            let hits = self.hits.entry(*user).or_default();
            if !hits.iter().any(|(_, known)| *known == id) {
                hits.push((by, id));
            }
        }
    }

    /// What came of everybody, in the order in which they were given.
    pub fn finish(mut self) -> Vec<Match> {
        let mut out = Vec::with_capacity(self.order.len());
        for user in std::mem::take(&mut self.order) {
            let hits = self.hits.remove(&user).unwrap_or_default();
            let best = hits.iter().map(|(by, _)| *by).min();
            let ids: Vec<ObjectId> = hits
                .iter()
                .filter(|(by, _)| Some(*by) == best)
                .map(|(_, id)| *id)
                .collect();
            out.push(match (ids.as_slice(), best) {
                ([], _) | (_, None) => Match::Nobody { user },
                ([id], _) if self.taken.contains(id) => Match::Taken { user, id: *id },
                ([id], Some(by)) => {
                    self.taken.insert(*id);
                    Match::One { user, id: *id, by }
                }
                _ => Match::Several { user, ids },
            });
        }
        out
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::directory::UserFlags;
    use crate::domain::guid::{Guid, TenantId};
    use crate::domain::phone::NumberKind;

    pub(crate) fn id(n: u8) -> ObjectId {
        ObjectId(Guid::from_bytes([n; 16]))
    }

    pub(crate) fn person(n: u8, upn: &str) -> DirectoryUser {
        DirectoryUser {
            id: id(n),
            name: upn.to_owned(),
            upn: upn.to_owned(),
            mail: Some(upn.to_owned()),
            addresses: Vec::new(),
            location: None,
            flags: UserFlags {
                enabled: true,
                ..UserFlags::default()
            },
            licences: Vec::new(),
            plans: Vec::new(),
            flaw: None,
        }
    }

    pub(crate) fn user(n: i64, mail: &str) -> User {
        User {
            id: UserId(n),
            tenant: TenantId(Guid::from_bytes([1; 16])),
            name: mail.to_owned(),
            mail: mail.to_owned(),
            number: None,
            kind: NumberKind::Ddi,
            country: None,
            sip_username: None,
            external_id: None,
            association: Association::None,
            waits: false,
            gone: false,
            rank: n,
            created_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn upn_before_mail_before_proxy() {
        let users = [
            user(1, "Lee@Contoso.Example"),
            user(2, "pat@contoso.example"),
            user(3, "kim@contoso.example"),
        ];
        let mut matcher = Matcher::new(&users);
        matcher.see(&DirectoryUser {
            mail: Some("lee@contoso.example".into()),
            ..person(9, "other@contoso.example")
        });
        matcher.see(&person(8, "lee@contoso.example"));
        matcher.see(&DirectoryUser {
            addresses: vec!["PAT@contoso.example".into()],
            ..person(7, "patricia@contoso.example")
        });
        assert_eq!(
            matcher.finish(),
            [
                Match::One {
                    user: UserId(1),
                    id: id(8),
                    by: MatchedBy::Upn
                },
                Match::One {
                    user: UserId(2),
                    id: id(7),
                    by: MatchedBy::Proxy
                },
                Match::Nobody { user: UserId(3) },
            ]
        );
    }

    #[test]
    fn several_ask_and_nobody_is_taken_twice() {
        let mut taken = user(1, "x@contoso.example");
        taken.association = Association::Manual(id(5));
        let users = [
            taken,
            user(2, "desk@contoso.example"),
            user(3, "five@contoso.example"),
        ];
        let mut matcher = Matcher::new(&users);
        let desk = |n| DirectoryUser {
            mail: Some("desk@contoso.example".into()),
            ..person(n, &format!("u{n}@contoso.example"))
        };
        matcher.see(&desk(6));
        matcher.see(&desk(7));
        matcher.see(&person(5, "five@contoso.example"));
        assert_eq!(
            matcher.finish(),
            [
                Match::Several {
                    user: UserId(2),
                    ids: vec![id(6), id(7)]
                },
                Match::Taken {
                    user: UserId(3),
                    id: id(5)
                },
            ]
        );
    }
}
