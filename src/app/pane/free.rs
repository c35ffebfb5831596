//! The tenant's free numbers, offered to the number field of a form: those that the field would take, the person's own country first.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::app::cursor::{Cursor, Move};
use crate::app::field::Field;
use crate::domain::country::Country;
use crate::domain::directory::NumberType;
use crate::domain::phone::{NumberKind, PhoneNumber};
use crate::roster::inventory::{Inventory, NumberRow, Standing, kind_code, kind_words};
use crate::roster::query::Query;

/// For whom numbers are looked for, as the form has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeker {
    /// The name in the form.
    pub name: String,
    /// The kind of number that is chosen there.
    pub kind: NumberKind,
    /// The country there: its numbers come first.
    pub country: Option<Country>,
}

/// A number that may be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The number.
    pub number: PhoneNumber,
    /// Its country, by the numbering plans.
    pub country: Option<Country>,
    /// Where it comes from: Direct Routing, Operator Connect.
    pub from: NumberType,
    folded: Box<str>,
}

/// The modal, over the form.
#[derive(Debug, Clone, PartialEq)]
pub struct FreeBox {
    /// For whom.
    pub seeker: Seeker,
    /// What was typed to search.
    pub field: Field,
    /// All numbers that may be had, in order.
    pub offers: Vec<Offer>,
    /// Those that the search finds, by their places.
    pub shown: Vec<usize>,
    /// The cursor.
    pub cursor: Cursor<usize>,
    /// Numbers that the rows beside this one want.
    pub beside: Vec<PhoneNumber>,
}

impl FreeBox {
    /// What the inventory has free, without the numbers that are taken otherwise: here, queued, or by somebody in the directory.
    pub fn open<'a>(
        seeker: Seeker,
        inventory: &Inventory,
        taken: impl Iterator<Item = Cow<'a, PhoneNumber>>,
    ) -> Self {
        let taken: HashSet<Cow<'_, PhoneNumber>> = taken.collect();
        let mut offers: Vec<Offer> = inventory
            .numbers
            .iter()
            .filter(|row| {
                suits(row, &seeker) && !taken.contains(&Cow::Borrowed(&row.record.number))
            })
            .map(offer)
            .collect();
        offers.dedup_by(|one, other| one.number == other.number);
        let own = |offer: &Offer| seeker.country.is_some() && offer.country == seeker.country;
        offers.sort_by_key(|offer| !own(offer));
        let mut open = Self {
            seeker,
            field: Field::default(),
            offers,
            shown: Vec::new(),
            cursor: Cursor::default(),
            beside: Vec::new(),
        };
        open.search();
        open
    }

    /// What is free by now, for the same person and the same search; the cursor stays on its number where that is still there.
    pub fn renew(&mut self, mut now: Self, height: usize) {
        let here = self.chosen().map(|offer| offer.number.clone());
        now.field = self.field.clone();
        now.beside = std::mem::take(&mut self.beside);
        now.search();
        let place = |offer: &Offer| Some(&offer.number) == here.as_ref();
        now.cursor.key = now.offers.iter().position(place);
        now.settle(height);
        *self = now;
    }

    /// Searches again after the text has changed; the cursor goes to the first that is found.
    pub fn search(&mut self) {
        let query = Query::parse(self.field.text());
        self.shown = (0..self.offers.len())
            .filter(|&n| query.is_empty() || query.matches(&self.offers[n].folded))
            .collect();
        self.cursor.key = None;
        self.cursor.index = 0;
    }

    /// Keeps the cursor on its row.
    pub fn settle(&mut self, height: usize) {
        let shown = &self.shown;
        self.cursor.settle(
            (shown.len(), height),
            |key| shown.binary_search(&key).ok(),
            |n| shown.get(n).copied(),
        );
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, height: usize) {
        let shown = &self.shown;
        self.cursor
            .step(step, (shown.len(), height), |n| shown.get(n).copied());
    }

    /// The number under the cursor.
    pub fn chosen(&self) -> Option<&Offer> {
        self.offers.get(*self.shown.get(self.cursor.index)?)
    }
}

/// Whether the number is of the kind that is wanted, and one that Teams gives to somebody of Direct Routing.
fn suits(row: &NumberRow, seeker: &Seeker) -> bool {
    let record = &row.record;
    let has_extension = record.number.extension().is_some();
    row.standing() == Standing::Free
        && row.blocked().is_none()
        && record.kind != NumberType::CallingPlan
        && has_extension == (seeker.kind == NumberKind::Extension)
}

fn offer(row: &NumberRow) -> Offer {
    let kind = row.record.kind;
    let country = row.country.map(|country| country.to_string());
    let words = [
        row.record.number.as_str(),
        kind_words(kind),
        kind_code(kind),
        country.as_deref().unwrap_or_default(),
    ];
    Offer {
        number: row.record.number.clone(),
        country: row.country,
        from: kind,
        folded: words.join("\u{1f}").to_lowercase().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixture;

    fn seeker(kind: NumberKind, country: &str) -> Seeker {
        Seeker {
            name: "Ben".to_owned(),
            kind,
            country: fixture::country(country),
        }
    }

    fn numbers(open: &FreeBox) -> Vec<String> {
        let shown = open.shown.iter();
        shown.map(|&n| open.offers[n].number.to_string()).collect()
    }

    #[test]
    fn the_numbers_of_ones_own_country_come_first_and_no_other_is_left_out() {
        let inventory = fixture::inventory(1);
        let none = std::iter::empty;
        let gb = FreeBox::open(seeker(NumberKind::Ddi, "GB"), &inventory, none());
        assert_eq!(numbers(&gb), ["+441235123474", "+14255550199"]);
        let us = FreeBox::open(seeker(NumberKind::Ddi, "US"), &inventory, none());
        assert_eq!(numbers(&us), ["+14255550199", "+441235123474"]);
        let taken = [fixture::number("+14255550199")];
        let us = FreeBox::open(
            seeker(NumberKind::Ddi, "US"),
            &inventory,
            taken.iter().map(Cow::Borrowed),
        );
        assert_eq!(numbers(&us), ["+441235123474"]);
    }

    #[test]
    fn what_the_field_would_refuse_is_not_offered() {
        let mut inventory = fixture::inventory(1);
        let none = std::iter::empty;
        let open = FreeBox::open(seeker(NumberKind::Extension, "GB"), &inventory, none());
        assert_eq!(
            numbers(&open),
            Vec::<String>::new(),
            "none has an extension"
        );
        inventory.numbers[2].record.kind = NumberType::CallingPlan;
        let open = FreeBox::open(seeker(NumberKind::Trunk, "GB"), &inventory, none());
        assert_eq!(numbers(&open), ["+441235123474"], "a Calling Plan number");
    }

    #[test]
    fn digits_are_found_whatever_the_spacing_and_countries_by_their_letters() {
        let inventory = fixture::inventory(1);
        let mut open = FreeBox::open(
            seeker(NumberKind::Ddi, "GB"),
            &inventory,
            std::iter::empty(),
        );
        for (typed, found) in [
            ("555 01", vec!["+14255550199"]),
            ("gb", vec!["+441235123474"]),
            ("direct", vec!["+441235123474", "+14255550199"]),
            ("99999", vec![]),
        ] {
            open.field.set(typed);
            open.search();
            open.settle(5);
            assert_eq!(numbers(&open), found, "{typed}");
            assert_eq!(
                open.chosen().map(|offer| offer.number.to_string()),
                found.first().map(|text| (*text).to_owned())
            );
        }
    }
}
