//! A range in the number field: the next number of it that nobody has, held, wanted or configured.

use std::borrow::Cow;

use crate::domain::phone::PhoneNumber;
use crate::domain::range::{NumberRange, RangeError};
use crate::roster::Roster;
use crate::roster::desk::Desk;
use crate::roster::inventory::{Inventory, Standing};

use super::Editor;

/// What a range was looked up to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextFree {
    /// The text that it was looked up for.
    pub text: String,
    /// The number, or why there is none.
    pub found: Result<PhoneNumber, RangeError>,
    /// Whether the tenant's numbers were known, so that what is offered is surely free there.
    pub sure: bool,
}

impl Editor {
    /// Looks for the next free number when a range is typed; once for each text.
    pub(super) fn look_for_free(&mut self, desk: &Desk, roster: &Roster, inventory: &Inventory) {
        let text = self.text.number.text();
        if self
            .next_free
            .as_ref()
            .is_some_and(|known| known.text == text)
        {
            return;
        }
        let text = text.to_owned();
        self.next_free = NumberRange::parse(&text).map(|range| NextFree {
            found: range.and_then(|range| range.next_free(taken(desk, roster, inventory))),
            text,
            sure: inventory.known && roster.is_whole(),
        });
    }

    /// The next free number of the range that is typed.
    pub fn free_number(&self) -> Option<&PhoneNumber> {
        self.next_free.as_ref()?.found.as_ref().ok()
    }
}

/// Every number that is not to be had: held or phantom in the tenant, here, or queued.
pub(in crate::app) fn taken<'a>(
    desk: &'a Desk,
    roster: &'a Roster,
    inventory: &'a Inventory,
) -> impl Iterator<Item = Cow<'a, PhoneNumber>> {
    let in_tenant = inventory
        .numbers
        .iter()
        .filter(|row| row.standing() != Standing::Free)
        .map(|row| &row.record.number);
    let of_people = roster.rows().filter_map(|row| row.phone());
    let here = desk.users.iter().filter_map(|row| row.user.number.as_ref());
    let queued = desk
        .entries
        .iter()
        .filter_map(|entry| entry.wanted.number());
    let ours = in_tenant.chain(here).chain(queued);
    ours.map(Cow::Borrowed).chain(of_people.map(Cow::Owned))
}
