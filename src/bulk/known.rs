//! What an import is judged against: the list, the directory, the numbers, the seats. A picture, made once.

use crate::domain::country::Country;
use crate::domain::guid::ObjectId;
use crate::domain::phone::PhoneNumber;
use crate::domain::user::User;

use super::index::{Index, same};
use super::verdict::Owner;

/// A configured user with what waits for its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownUser {
    /// The row.
    pub user: User,
    /// The change of its number that waits, if one does.
    pub waiting: Option<Waiting>,
}

/// A change of a number that waits or is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// From what.
    pub base: Option<PhoneNumber>,
    /// To what.
    pub wanted: Option<PhoneNumber>,
    /// The state in a word while it is being written, when nobody may replace it.
    pub under_way: Option<&'static str>,
}

impl KnownUser {
    /// The number that the user has, or will have once what waits is written.
    pub fn number(&self) -> Option<&PhoneNumber> {
        match &self.waiting {
            Some(waiting) => waiting.wanted.as_ref(),
            None => self.user.number.as_ref(),
        }
    }
}

/// A directory user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Object id.
    pub id: ObjectId,
    /// Name.
    pub name: String,
    /// Sign-in name.
    pub upn: String,
    /// Mail.
    pub mail: Option<String>,
    /// Number held in the tenant.
    pub number: Option<PhoneNumber>,
    /// Usage location.
    pub country: Option<Country>,
}

/// A number of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantHeld {
    /// The number.
    pub number: PhoneNumber,
    /// Who or what holds it: its id, and the words for it; `None` when nobody does.
    pub by: Option<(ObjectId, String)>,
}

/// Everything that a file is judged against.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Configured users.
    pub users: Vec<KnownUser>,
    /// Directory users.
    pub people: Vec<Person>,
    /// Further addresses of directory users: the address, and the place in `people`.
    pub addresses: Vec<(String, u32)>,
    /// The tenant's inventory of numbers.
    pub numbers: Vec<TenantHeld>,
    /// Numbers whose release is queued for somebody who is not on the list.
    pub released: Vec<PhoneNumber>,
    /// Numbers that somebody who is not on the list is to get: the number, and who.
    pub promised: Vec<(PhoneNumber, String)>,
    /// Seats bought; `None` is no limit.
    pub seats: Option<u32>,
    /// The country whose national numbers are proposed with their country code.
    pub country: Option<Country>,
}

/// The facts, indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    facts: Facts,
    by_mail: Index,
    by_sip: Index,
    by_external: Index,
    by_number: Index,
    by_person: std::collections::HashMap<ObjectId, u32>,
    people_by_upn: Index,
    people_by_mail: Index,
    people_by_address: Index,
    tenant_numbers: Index,
}

/// Which directory user an e-mail means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Matched {
    /// The row has no e-mail, or was not asked for.
    #[default]
    Unsaid,
    /// This one, by its place.
    One(u32),
    /// So many: a person chooses later.
    Several(u32),
    /// Nobody in the tenant.
    Nobody,
}

impl Known {
    /// Indexes the facts.
    pub fn new(facts: Facts) -> Self {
        let mut known = Self {
            by_mail: Index::with_capacity(facts.users.len()),
            by_sip: Index::with_capacity(facts.users.len()),
            by_external: Index::with_capacity(facts.users.len()),
            by_number: Index::with_capacity(facts.users.len()),
            by_person: std::collections::HashMap::with_capacity(facts.users.len()),
            people_by_upn: Index::with_capacity(facts.people.len()),
            people_by_mail: Index::with_capacity(facts.people.len()),
            people_by_address: Index::with_capacity(facts.addresses.len()),
            tenant_numbers: Index::with_capacity(facts.numbers.len()),
            facts: Facts::default(),
        };
        for (place, known_user) in (0..).zip(&facts.users) {
            known.index_user(place, known_user);
        }
        for (place, person) in (0..).zip(&facts.people) {
            known.people_by_upn.put(&person.upn, place);
            known
                .people_by_mail
                .put(person.mail.as_deref().unwrap_or_default(), place);
        }
        for (place, (address, _)) in (0..).zip(&facts.addresses) {
            known.people_by_address.put(address, place);
        }
        for (place, held) in (0..).zip(&facts.numbers) {
            known.tenant_numbers.put(held.number.as_str(), place);
        }
        known.facts = facts;
        known
    }

    fn index_user(&mut self, place: u32, known: &KnownUser) {
        let user = &known.user;
        self.by_mail.put(user.mail.trim(), place);
        self.by_sip.put(
            user.sip_username.as_deref().unwrap_or_default().trim(),
            place,
        );
        self.by_external.put(
            user.external_id.as_deref().unwrap_or_default().trim(),
            place,
        );
        let waiting = known
            .waiting
            .as_ref()
            .and_then(|waiting| waiting.wanted.as_ref());
        for number in user.number.iter().chain(waiting) {
            self.by_number.put(number.as_str(), place);
        }
        if let Some(id) = user.association.id() {
            self.by_person.insert(id, place);
        }
    }

    /// The same, with the country whose national numbers are proposed where a row's own person tells none.
    #[must_use]
    pub fn in_country(mut self, country: Option<Country>) -> Self {
        self.facts.country = country;
        self
    }

    /// The facts.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(super) fn user(&self, place: u32) -> &KnownUser {
        &self.facts.users[place as usize]
    }

    /// A directory user by its place.
    pub fn person(&self, place: u32) -> &Person {
        &self.facts.people[place as usize]
    }

    pub(super) fn with_mail(&self, mail: &str) -> Option<u32> {
        let places = self.by_mail.of(mail).iter().copied();
        places
            .into_iter()
            .find(|&n| same(self.user(n).user.mail.trim(), mail))
    }

    /// Everybody on the list with an e-mail.
    pub(super) fn all_with_mail(&self, mail: &str) -> Vec<u32> {
        let places = self.by_mail.of(mail).iter().copied();
        places
            .filter(|&n| same(self.user(n).user.mail.trim(), mail))
            .collect()
    }

    pub(super) fn with_sip(&self, sip: &str) -> Vec<u32> {
        let is = |n: &u32| {
            self.user(*n)
                .user
                .sip_username
                .as_deref()
                .is_some_and(|has| same(has.trim(), sip))
        };
        self.by_sip
            .of(sip)
            .iter()
            .copied()
            .filter(|n| is(n))
            .collect()
    }

    pub(super) fn with_external(&self, id: &str) -> Vec<u32> {
        let is = |n: &u32| {
            self.user(*n)
                .user
                .external_id
                .as_deref()
                .is_some_and(|has| same(has.trim(), id))
        };
        self.by_external
            .of(id)
            .iter()
            .copied()
            .filter(|n| is(n))
            .collect()
    }

    /// Users who have the number, or are to get it.
    pub(super) fn with_number(&self, number: &PhoneNumber) -> Vec<u32> {
        let is = |n: &u32| {
            let known = self.user(*n);
            known.user.number.as_ref() == Some(number) || known.number() == Some(number)
        };
        let places = self.by_number.of(number.as_str());
        places.iter().copied().filter(|n| is(n)).collect()
    }

    pub(super) fn configured_as(&self, person: ObjectId) -> Option<u32> {
        self.by_person.get(&person).copied()
    }

    /// Against the sign-in name, then the mail, then the other addresses, as a run matches.
    pub(super) fn matched(&self, mail: &str) -> Matched {
        if mail.is_empty() {
            return Matched::Unsaid;
        }
        let by_upn = self.people_by_upn.of(mail).iter().copied();
        let hits: Vec<u32> = by_upn
            .filter(|&n| same(&self.person(n).upn, mail))
            .collect();
        if let Some(matched) = of_hits(&hits) {
            return matched;
        }
        let has = |n: u32| {
            self.person(n)
                .mail
                .as_deref()
                .is_some_and(|has| same(has, mail))
        };
        let by_mail = self.people_by_mail.of(mail).iter().copied();
        let hits: Vec<u32> = by_mail.filter(|&n| has(n)).collect();
        if let Some(matched) = of_hits(&hits) {
            return matched;
        }
        let places = self.people_by_address.of(mail).iter();
        let addresses = places.map(|&n| &self.facts.addresses[n as usize]);
        let mut hits: Vec<u32> = addresses
            .filter(|(has, _)| same(has, mail))
            .map(|(_, person)| *person)
            .collect();
        hits.sort_unstable();
        hits.dedup();
        of_hits(&hits).unwrap_or(Matched::Nobody)
    }

    /// The tenant's record of a number.
    pub(super) fn in_tenant(&self, number: &PhoneNumber) -> Option<&TenantHeld> {
        let places = self.tenant_numbers.of(number.as_str()).iter();
        places
            .map(|&n| &self.facts.numbers[n as usize])
            .find(|held| held.number == *number)
    }

    /// Who else holds the number or has it queued, by the rules of one edit: a holder whose release is queued does not count, nor one
    /// whom `leaves` says to give it up.
    pub(super) fn holder(
        &self,
        number: &PhoneNumber,
        (me, person): (Option<u32>, Option<ObjectId>),
        mut leaves: impl FnMut(u32) -> bool,
    ) -> Option<Owner> {
        let released = |place: u32| {
            let waiting = self.user(place).waiting.as_ref();
            waiting.is_some_and(|waiting| {
                waiting.base.as_ref() == Some(number) && waiting.wanted.as_ref() != Some(number)
            })
        };
        let mut leaving = false;
        for place in self.with_number(number) {
            if Some(place) == me || released(place) {
                continue;
            }
            if leaves(place) {
                leaving = true;
                continue;
            }
            return Some(Owner::User(self.user(place).user.name.clone()));
        }
        let mut promised = self.facts.promised.iter();
        if let Some((_, name)) = promised.find(|(promised, _)| promised == number) {
            return Some(Owner::Tenant(name.clone()));
        }
        let (holder, words) = self.in_tenant(number)?.by.as_ref()?;
        if Some(*holder) == person || self.facts.released.contains(number) {
            return None;
        }
        if let Some(place) = self.configured_as(*holder)
            && (released(place) || leaving || leaves(place))
        {
            return None;
        }
        Some(Owner::Tenant(words.clone()))
    }
}

fn of_hits(hits: &[u32]) -> Option<Matched> {
    match hits {
        [] => None,
        [one] => Some(Matched::One(*one)),
        several => Some(Matched::Several(
            u32::try_from(several.len()).unwrap_or(u32::MAX),
        )),
    }
}
