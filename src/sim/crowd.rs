//! A tenant of any size, made from numbers.
//!
//! Person n follows from n alone, so that a million of them take no memory; only those who were changed are kept,
//! elsewhere. The plans of all who are of one kind are alike, and are rendered and packed once.

use std::fmt;

use flate2::{Compress, Compression, FlushCompress};
use jiff::{SignedDuration, Timestamp};

use super::catalogue::Catalogue;
use super::chance;
use super::inventory::NumberRow;
use super::mix::{self, Kind, MIX, ROUND, holders_of_a_round, holds_number};
use super::names::Name;
use super::person::{self, Grant, Person, PlanRow, Plans, Status, Synced};
use super::user_json;

/// How many different sets of dates there are for a kind.
const VARIANTS: u64 = 8;
/// The plans of one kind of person, ready to be sent.
pub(super) struct Pattern {
    /// The entries.
    pub rows: Vec<PlanRow>,
    /// The names of those plans that work.
    pub usable: Vec<&'static str>,
    /// The entries as JSON.
    pub text: Vec<u8>,
    /// The same, deflated, ending at a whole byte and looking back at nothing before it.
    pub packed: Vec<u8>,
}

/// A tenant of `size` people.
pub(super) struct Crowd {
    size: u64,
    domain: String,
    born: Timestamp,
    patterns: Vec<Pattern>,
    products: Vec<Vec<String>>,
}

impl fmt::Debug for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crowd")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Crowd {
    /// Makes the patterns. `born` is the moment that all dates are counted back from.
    pub(super) fn new(size: u64, domain: &str, born: Timestamp, catalogue: &Catalogue) -> Self {
        let ids = |kind: &Kind| -> Vec<String> {
            kind.products()
                .iter()
                .filter_map(|name| catalogue.sku_named(name))
                .map(|sku| sku.guid.to_owned())
                .collect()
        };
        let products: Vec<Vec<String>> = MIX.iter().map(|(kind, _)| ids(kind)).collect();
        let mut crowd = Self {
            size,
            domain: domain.to_owned(),
            born,
            patterns: Vec::new(),
            products,
        };
        for (place, (kind, _)) in MIX.iter().enumerate() {
            for variant in 0..VARIANTS {
                let at = crowd.day(variant * 31 + 3);
                let mut rows = person::settled(Vec::new(), &crowd.grants(place, at), catalogue, at);
                if *kind == Kind::Office && variant % 2 == 0 {
                    // Someone who once had a Phone System: the entry stays behind.
                    let stale = catalogue
                        .plan_named("MCOEV")
                        .map(|plan| plan.guid.to_owned());
                    rows.extend(stale.map(|plan| PlanRow {
                        plan,
                        status: Status::Deleted,
                        at,
                    }));
                }
                crowd.patterns.push(Pattern::new(rows, catalogue));
            }
        }
        crowd
    }

    /// How many people there are.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The plans that a pattern stands for.
    pub(super) fn pattern(&self, pattern: u16) -> &Pattern {
        &self.patterns[usize::from(pattern)]
    }

    /// All patterns.
    pub(super) fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// The id of person n.
    pub(super) fn id(n: u64) -> String {
        mix::id(n)
    }

    /// The number of the person with an id.
    pub(super) fn with_id(&self, id: &str) -> Option<u64> {
        let n = mix::undone(id)?;
        (n < self.size && Self::id(n).eq_ignore_ascii_case(id)).then_some(n)
    }

    /// The number of the person with a sign-in name.
    pub(super) fn with_upn(&self, upn: &str) -> Option<u64> {
        let local = upn.split('@').next()?;
        let local = local.split("_partner").next()?;
        let digits = local.len()
            - local
                .trim_end_matches(|letter: char| letter.is_ascii_digit())
                .len();
        let n = local.get(local.len() - digits..)?.parse().ok()?;
        (n < self.size && self.upn(n).eq_ignore_ascii_case(upn)).then_some(n)
    }

    /// Person n.
    pub(super) fn person(&self, n: u64) -> Person {
        let kind = Kind::of(n);
        let name = Name::of_many(n);
        let upn = self.upn(n);
        let variant = n / ROUND % VARIANTS;
        let at = self.day(variant * 31 + 3);
        let guest = kind == Kind::Guest;
        let resource = kind == Kind::Resource;
        let mail = match kind {
            Kind::Resource => None,
            Kind::Guest => Some(format!("{}{n}@partner.example", name.given_letters)),
            _ => Some(upn.clone()),
        };
        let proxies = mail
            .iter()
            .filter(|_| !guest)
            .map(|mail| format!("SMTP:{mail}"))
            .collect();
        Person {
            id: Self::id(n),
            name: Some(Self::shown_name(n)),
            given: (!resource).then(|| name.given.to_owned()),
            family: (!resource).then(|| name.family.to_owned()),
            proxies,
            sip: if kind.products().is_empty() || resource {
                Vec::new()
            } else {
                vec![upn.clone()]
            },
            upn,
            mail,
            enabled: !matches!(kind, Kind::Left | Kind::Resource),
            guest,
            department: Some(department(n, kind).to_owned()),
            title: (n.is_multiple_of(3) && !resource).then(|| "Consultant".to_owned()),
            location: (!kind.products().is_empty() && !n.is_multiple_of(97))
                .then(|| LOCATIONS[place(n, LOCATIONS.len())].to_owned()),
            language: n.is_multiple_of(2).then(|| "en-GB".to_owned()),
            grants: self.grants(
                usize::try_from(kind.place()).expect("there are eleven kinds"),
                at,
            ),
            plans: Plans::Pattern(
                u16::try_from(kind.place() * VARIANTS + variant).expect("there are 88 patterns"),
            ),
            synced: (n % 3 == 1 && !guest && !resource).then(|| self.synced(n)),
            created: self.day(400 + n % 800),
            ..Person::default()
        }
    }

    /// How many people hold a product.
    pub(super) fn holders(&self, sku: &str) -> u64 {
        let kinds: Vec<Kind> = MIX
            .iter()
            .zip(&self.products)
            .filter(|(_, products)| products.iter().any(|held| held == sku))
            .map(|((kind, _), _)| *kind)
            .collect();
        let in_round: u64 = MIX
            .iter()
            .filter(|(kind, _)| kinds.contains(kind))
            .map(|(_, count)| count)
            .sum();
        let rest = (self.size / ROUND * ROUND..self.size)
            .filter(|n| kinds.contains(&Kind::of(*n)))
            .count();
        self.size / ROUND * in_round + rest as u64
    }

    /// All products that anyone may hold.
    pub(super) fn products(&self) -> Vec<String> {
        let mut all: Vec<String> = self.products.concat();
        all.sort();
        all.dedup();
        all
    }

    /// Whether person n has a Phone System: the members of the large group.
    pub(super) fn has_phone(n: u64) -> bool {
        Kind::of(n).has_phone()
    }

    /// How many numbers the inventory holds.
    pub(super) fn numbers(&self) -> u64 {
        self.held() + self.free()
    }

    /// The k-th number, in ascending order: first those in use, then the free ones.
    pub(super) fn number(&self, k: u64) -> NumberRow {
        if k < self.held() {
            let slots = holders_of_a_round();
            let n = k / slots.len() as u64 * ROUND + slots[place(k, slots.len())];
            return self
                .number_of(n)
                .expect("the slots are those whose people hold a number");
        }
        NumberRow::free(&format!("+4420{}", 80_000_000 + (k - self.held())))
    }

    /// The number that person n holds when nobody has changed it.
    pub(super) fn number_of(&self, n: u64) -> Option<NumberRow> {
        if !holds_number(n) || n >= self.size {
            return None;
        }
        let mut row = NumberRow::free(&format!("+4420{}", 30_000_000 + n));
        if Kind::of(n).has_calling_plan() {
            "callingPlan".clone_into(&mut row.kind);
            row.country = Some("GB".to_owned());
            row.city = Some("London".to_owned());
        }
        row.hold(&Self::id(n), "userAssigned");
        Some(row)
    }

    fn held(&self) -> u64 {
        let slots = holders_of_a_round();
        let rest = slots
            .iter()
            .filter(|slot| **slot < self.size % ROUND)
            .count();
        self.size / ROUND * slots.len() as u64 + rest as u64
    }

    fn free(&self) -> u64 {
        100 + self.size / 20
    }

    fn shown_name(n: u64) -> String {
        match Kind::of(n) {
            Kind::Resource => format!("Queue {n}"),
            _ => Name::of_many(n).shown(),
        }
    }

    fn synced(&self, n: u64) -> Synced {
        Synced {
            enabled: true,
            last: self.born - SignedDuration::from_mins(25),
            anchor: format!("{n:022x}=="),
            account: format!("{}{n}", Name::of_many(n).given_letters),
        }
    }

    fn upn(&self, n: u64) -> String {
        let name = Name::of_many(n);
        match Kind::of(n) {
            Kind::Guest => format!(
                "{}{n}_partner.example#EXT#@{}",
                name.given_letters, self.domain
            ),
            Kind::Resource => format!("queue{n}@{}", self.domain),
            _ => format!(
                "{}.{}{n}@{}",
                name.given_letters, name.family_letters, self.domain
            ),
        }
    }

    fn grants(&self, kind: usize, at: Timestamp) -> Vec<Grant> {
        self.products[kind]
            .iter()
            .map(|sku| Grant {
                sku: sku.clone(),
                disabled: Vec::new(),
                group: None,
                at,
            })
            .collect()
    }

    fn day(&self, back: u64) -> Timestamp {
        let hours = i64::try_from(back * 24).unwrap_or(0);
        self.born - SignedDuration::from_hours(hours)
    }
}

impl Pattern {
    fn new(rows: Vec<PlanRow>, catalogue: &Catalogue) -> Self {
        let text = user_json::plans(&rows, catalogue);
        let mut packed = Vec::with_capacity(text.len() + 64);
        let mut deflate = Compress::new(Compression::new(9), false);
        deflate
            .compress_vec(&text, &mut packed, FlushCompress::Full)
            .expect("there is room for the whole pattern");
        let usable = person::usable(&rows, catalogue);
        Self {
            rows,
            usable,
            text,
            packed,
        }
    }
}

const DEPARTMENTS: &[&str] = &[
    "Sales",
    "Finance",
    "Support",
    "Logistics",
    "Legal",
    "Engineering",
    "Marketing",
];
const LOCATIONS: &[&str] = &["GB", "GB", "GB", "US", "DE", "GR", "JP", "AE", "FR"];

fn department(n: u64, kind: Kind) -> &'static str {
    match kind {
        Kind::Resource => "Microsoft Communication Application Instance",
        _ => DEPARTMENTS[place(n, DEPARTMENTS.len())],
    }
}

fn place(n: u64, length: usize) -> usize {
    usize::try_from(n % length as u64).expect("a remainder by a small length is small")
}

/// A name for the group of all who have a Phone System.
pub(super) fn group_id() -> String {
    chance::guid_from("group of the crowd")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(size: u64) -> Crowd {
        Crowd::new(
            size,
            "contoso.example",
            "2026-11-01T00:00:00Z".parse().unwrap(),
            &Catalogue::read(),
        )
    }

    #[test]
    fn the_mix_is_that_of_a_real_tenant() {
        assert_eq!(MIX.iter().map(|(_, count)| count).sum::<u64>(), ROUND);
        let kinds: Vec<Kind> = (0..2_000).map(Kind::of).collect();
        let share = |test: &dyn Fn(&Kind) -> bool| kinds.iter().filter(|kind| test(kind)).count();
        assert_eq!(share(&|kind| !kind.products().is_empty()), 1_840);
        assert_eq!(share(&|kind| kind.has_phone()), 760);
        assert_eq!(share(&|kind| kind.has_calling_plan()), 340);
        assert_eq!(share(&|kind| *kind == Kind::Left), 10);
    }

    #[test]
    fn people_are_found_by_id_and_by_name() {
        let crowd = crowd(1_000_000);
        for n in [0, 1, 17, 4_711, 999_999] {
            let person = crowd.person(n);
            assert_eq!(crowd.with_id(&person.id), Some(n));
            assert_eq!(crowd.with_upn(&person.upn.to_uppercase()), Some(n));
            assert_eq!(person.id.len(), 36);
        }
        assert_eq!(crowd.with_id(&Crowd::id(1_000_000)), None);
        assert_eq!(crowd.with_upn("nobody@contoso.example"), None);
    }

    #[test]
    fn numbers_ascend_and_belong_to_their_people() {
        let crowd = crowd(1_050);
        let rows: Vec<NumberRow> = (0..crowd.numbers()).map(|k| crowd.number(k)).collect();
        assert!(rows.is_sorted_by(|left, right| left.number < right.number));
        let held = rows.iter().filter(|row| row.target.is_some()).count() as u64;
        assert_eq!(held, crowd.held());
        assert_eq!(
            held,
            (0..1_050).filter(|n| crowd.number_of(*n).is_some()).count() as u64
        );
        for row in rows.iter().filter(|row| row.target.is_some()) {
            let n = crowd.with_id(row.target.as_deref().unwrap()).unwrap();
            assert_eq!(crowd.number_of(n).unwrap().number, row.number);
        }
    }

    #[test]
    fn holders_are_counted_without_walking() {
        let crowd = crowd(1_234);
        let sku = Catalogue::read().sku_named("MCOPSTN1").unwrap().guid;
        let walked = (0..1_234)
            .filter(|n| crowd.person(*n).skus().contains(&sku))
            .count() as u64;
        assert_eq!(crowd.holders(sku), walked);
    }

    #[test]
    fn a_pattern_unpacks_to_its_text() {
        let crowd = crowd(10);
        let pattern = crowd
            .patterns
            .iter()
            .max_by_key(|pattern| pattern.text.len())
            .unwrap();
        assert!(pattern.rows.len() >= 59, "{}", pattern.rows.len());
        let mut back = Vec::with_capacity(pattern.text.len() + 16);
        flate2::Decompress::new(false)
            .decompress_vec(&pattern.packed, &mut back, flate2::FlushDecompress::Sync)
            .unwrap();
        assert_eq!(back, pattern.text);
    }
}
