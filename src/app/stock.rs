//! Panes 5 and 6 in the console: what Enter opens there, the jump between a number and its user, and what is loaded for them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::bulk::columns::Column;
use crate::domain::gate::FirstCause;
use crate::domain::guid::ObjectId;
use crate::domain::phone::{NumberKind, PhoneNumber};
use crate::domain::words;
use crate::roster::inventory::{Inventory, NumberRow, Owner};
use crate::roster::products::Members;
use crate::roster::wishes::Wishes;

use super::App;
use super::action::Action;
use super::cursor::Move;
use super::doc::Tone;
use super::effect::{Effect, Who};
use super::event::RequestId;
use super::event::{Code, Key};
use super::field::Typed;
use super::layout::{self, Area};
use super::modal::Modal;
use super::pane::Pane;
use super::pane::bulk::Bulk;
use super::pane::candidates::Listing;
use super::pane::editor::range::taken;
use super::pane::free::{FreeBox, Seeker};
use super::pane::numbers;
use super::pane::text::Text;

impl App {
    /// What this side wants of numbers.
    pub fn wishes(&self) -> Wishes<'_> {
        Wishes::of(&self.desk)
    }

    /// The number under the cursor of pane 6.
    pub fn number_row(&self) -> Option<&NumberRow> {
        self.numbers.row(&self.inventory)
    }

    /// Whom the number under the cursor belongs to.
    pub(super) fn number_holder(&self) -> Option<Who> {
        let row = self.number_row()?;
        let owner = row.holder()?;
        let user = self.wishes().user(row).map(|user| user.user.id);
        super::filter::who(Some(owner.id()), user)
    }

    /// Another inventory came.
    pub(super) fn inventory_is(&mut self, inventory: Arc<Inventory>) {
        let marked = |app: &Self| app.numbers.marks.count() + app.licences.marks.count();
        let before = marked(self);
        self.numbers.follow(&self.inventory, &inventory);
        let sku = |id| inventory.product(id).map(|product| product.sku.id);
        self.licences.marks.follow(sku);
        self.marks_gone(before - marked(self));
        self.inventory = inventory;
        self.renew_free();
        self.licences.stale = true;
        self.licences.asked = None;
        self.outdate_form();
    }

    /// Lists the free numbers for the form's number, or says why there are none.
    pub(super) fn open_free(&mut self) -> Vec<Effect> {
        let Some(Modal::Form(form)) = self.modals.last() else {
            return Vec::new();
        };
        if !form.takes_free() {
            let text = if form.number_locked.is_some() {
                "this number cannot be changed here: the form says why"
            } else {
                "free numbers are for the number: Tab goes to its field"
            };
            self.say(Tone::Dim, text);
            return Vec::new();
        }
        let seeker = Seeker {
            name: form.text.name.text().trim().to_owned(),
            kind: form.text.kind,
            country: form.country(),
        };
        self.offer_free(seeker, Vec::new())
    }

    /// The same for the number of an import's row: those of its other rows are not to be had either.
    pub(super) fn open_free_for_row(&mut self) -> Vec<Effect> {
        let rows = self.modals.iter().rev().filter_map(|modal| match modal {
            Modal::Bulk(open) => Some(open.as_ref()),
            _ => None,
        });
        let (mut row, mut review) = (None, None);
        for open in rows {
            match open {
                Bulk::Row(form) => row = row.or(Some(form)),
                Bulk::Review(open) => review = review.or(Some(&open.review)),
                Bulk::Source(_) | Bulk::Many(_) | Bulk::Preview(_) | Bulk::Export(_) => {}
            }
        }
        let (Some(form), Some(review)) = (row, review) else {
            let text = "free numbers are offered in the form of one row, and in that of a user";
            self.say(Tone::Dim, text);
            return Vec::new();
        };
        if !form.takes_free() {
            let text = "free numbers are for PhoneNumber: Tab goes to its field";
            self.say(Tone::Dim, text);
            return Vec::new();
        }
        let others = (0..review.sheet().len()).filter(|other| *other != form.row);
        let wanted: Vec<PhoneNumber> = others.flat_map(|other| review.wants(other)).collect();
        let seeker = Seeker {
            name: form.text(Column::Name).to_owned(),
            kind: NumberKind::Ddi,
            country: review.person(form.row).and_then(|person| person.country),
        };
        self.offer_free(seeker, wanted)
    }

    /// Lists what is free and wanted by nobody else, or says why there is nothing.
    fn offer_free(&mut self, seeker: Seeker, beside: Vec<PhoneNumber>) -> Vec<Effect> {
        if !self.inventory.known {
            let unread = !self.roster.is_empty() && self.inventory.loading() == 0;
            let text = if !self.roster.is_whole() || unread {
                "the tenant's numbers are still being loaded: a moment, then again"
            } else {
                "which numbers are free is not known: the tenant's numbers could not be read"
            };
            self.say(Tone::Warn, text);
            return Vec::new();
        }
        let open = self.free_for(seeker, beside);
        if open.offers.is_empty() {
            let kind = open.seeker.kind.as_str();
            let text = format!(
                "no free number ({kind}): {{numbers}} lists all, also those of Calling Plans"
            );
            self.say(Tone::Warn, text);
            return Vec::new();
        }
        self.modals.push(Modal::Free(Box::new(open)));
        vec![Effect::LookForOthers]
    }

    fn free_for(&self, seeker: Seeker, beside: Vec<PhoneNumber>) -> FreeBox {
        let taken = taken(&self.desk, &self.roster, &self.inventory);
        let taken = taken.chain(beside.iter().map(Cow::Borrowed));
        let open = FreeBox::open(seeker, &self.inventory, taken);
        FreeBox { beside, ..open }
    }

    /// What another session has taken, or given back, while the numbers are looked at.
    pub(super) fn renew_free(&mut self) {
        let Some(Modal::Free(open)) = self.modals.last() else {
            return;
        };
        let now = self.free_for(open.seeker.clone(), open.beside.clone());
        let height = layout::list_height(self.layout().body, 3);
        if let Some(Modal::Free(open)) = self.modals.last_mut() {
            open.renew(now, height);
        }
    }

    pub(super) fn free_key(&mut self, key: Key, action: Option<Action>) -> Vec<Effect> {
        let height = layout::list_height(self.layout().body, 3);
        let Some(Modal::Free(open)) = self.modals.last_mut() else {
            return Vec::new();
        };
        if action == Some(Action::Leave) {
            self.modals.pop();
            return Vec::new();
        }
        match key.code {
            Code::Enter => {
                open.settle(height);
                let Some(number) = open.chosen().map(|offer| offer.number.clone()) else {
                    self.say(Tone::Dim, "no free number has all of these words or digits");
                    return Vec::new();
                };
                self.modals.pop();
                match self.modals.last_mut() {
                    Some(Modal::Form(form)) => form.put_number(&number, &self.roster),
                    Some(Modal::Bulk(open)) => {
                        if let Bulk::Row(form) = open.as_mut() {
                            form.put(&number.spaced());
                        }
                    }
                    _ => {}
                }
            }
            code => match Move::under_a_field(code) {
                Some(step) => open.step(step, height),
                None if open.field.key(key) == Typed::Changed => open.search(),
                None => {}
            },
        }
        Vec::new()
    }

    fn outdate_form(&mut self) {
        if let Some(Modal::Form(form)) = self.modals.last_mut() {
            form.outdate();
        }
    }

    /// Who has which product is known.
    pub(super) fn members_are(&mut self, req: RequestId, members: Arc<Members>) {
        if self.licences.asked == Some(req) {
            self.licences.members = members;
            self.licences.asked = None;
            self.licences.stale = true;
        }
    }

    /// Asks who has which product, once for each inventory, when somebody looks at the products.
    pub(super) fn want_members(&mut self) -> Option<Effect> {
        let loading = self.inventory.loading();
        if self.pane != Pane::Licences
            || self.licences.asked.is_some()
            || self.licences.members.loading() == loading
        {
            return None;
        }
        let req = self.ask();
        self.licences.asked = Some(req);
        Some(Effect::LoadMembers { req, loading })
    }

    /// Rows of pane 6, or of the products and of what is inside one.
    pub(super) fn stock_heights(main: Area) -> (usize, usize) {
        let (list, _) = layout::with_detail(main);
        let inside = layout::list_height(main, 3);
        (layout::list_height(list, 1), inside)
    }

    /// Enter in pane 5: looks into a product, or explains one of its people.
    pub(super) fn open_licence(&mut self) -> Vec<Effect> {
        if self.licences.inside.is_some() {
            return self.why_here(false);
        }
        self.licences.look_into(&self.inventory);
        Vec::new()
    }

    /// Enter in pane 6: explains the holder; where there is none, shows all of the number.
    pub(super) fn open_number(&mut self) -> Vec<Effect> {
        if let (Some(who), Some(name)) = (self.number_holder(), self.holder_name()) {
            return self.explain(who, &name, false);
        }
        let text = self.number_row().map(|row| {
            let wishes = self.wishes();
            let title = format!("NUMBER  {}", row.record.number.spaced());
            Text::new(title, numbers::detail(row, &wishes))
        });
        self.modals.extend(text.map(Modal::Text));
        Vec::new()
    }

    /// The number under the cursor of pane 6, with who has it.
    pub(super) fn held_number_here(&self) -> Option<(PhoneNumber, String, Option<ObjectId>)> {
        let row = self.number_row()?;
        let holder = row.record.holder()?;
        let name = self.holder_name().unwrap_or_else(|| holder.to_string());
        Some((row.record.number.clone(), name, Some(holder)))
    }

    /// The name of who holds the number under the cursor.
    pub(super) fn holder_name(&self) -> Option<String> {
        Some(self.number_row()?.holder()?.name().to_owned())
    }

    /// The number of the person under the cursor: what the tenant has, else what is queued.
    fn number_here(&self) -> Option<PhoneNumber> {
        match self.pane {
            Pane::Users => {
                let row = self.users.row(&self.desk)?;
                let queued = || {
                    row.entries
                        .iter()
                        .find_map(|entry| entry.wanted.number().cloned())
                };
                row.user.number.clone().or_else(queued)
            }
            Pane::Candidates => self.candidates.row(&self.roster)?.phone(),
            Pane::Licences => self.licences.person(&self.roster)?.phone(),
            Pane::Sync | Pane::Changes | Pane::Numbers => None,
        }
    }

    /// Why there is nothing to jump to; `None` when there is.
    pub(super) fn no_jump(&self) -> Option<String> {
        if self.pane == Pane::Numbers {
            let row = self.number_row();
            let Some(row) = row else {
                return Some("no number is under the cursor".to_owned());
            };
            let somebody = row.holder().is_some() || !self.wishes().wanted(row).is_empty();
            return (!somebody).then(|| "nobody has this number".to_owned());
        }
        let Some(number) = self.number_here() else {
            return Some("nobody with a number is under the cursor".to_owned());
        };
        self.inventory.place_of(&number).is_none().then(|| {
            if self.inventory.known {
                format!(
                    "{} is not among the tenant's numbers (6) of the last read",
                    number.spaced()
                )
            } else {
                words::NO_NUMBERS.to_owned()
            }
        })
    }

    /// From a person to the number in pane 6, or from a number to its user in pane 1, else in pane 2.
    pub(super) fn jump_across(&mut self) {
        if self.pane == Pane::Numbers {
            self.jump_to_user();
            return;
        }
        let place = self
            .number_here()
            .and_then(|number| self.inventory.place_of(&number));
        if let Some(place) = place {
            self.pane = Pane::Numbers;
            self.numbers.filter.clear();
            self.numbers.cursor.key = u32::try_from(place).ok();
            self.numbers.stale = true;
        }
    }

    fn jump_to_user(&mut self) {
        let Some(row) = self.number_row() else {
            return;
        };
        let wishes = self.wishes();
        let wanted = wishes.wanted(row).iter().find_map(|entry| entry.user);
        let user = wishes.user(row).map(|user| user.user.id).or(wanted);
        let owner = row.holder().map(Owner::id);
        match (user, owner) {
            (Some(id), _) => {
                self.pane = Pane::Users;
                self.users.filter.clear();
                self.users.cursor.key = Some(id);
                self.users.stale = true;
            }
            (None, Some(id)) => {
                let candidate = self.roster.find(id).is_some_and(|row| {
                    let cause = self.tenant().cause(row);
                    cause.is_candidate() && cause != FirstCause::Configured
                });
                if !candidate || self.settings.manual_mode {
                    self.candidates.listing = Listing::Everyone;
                }
                self.pane = Pane::Candidates;
                self.candidates.filter.clear();
                self.candidates.cursor.key = Some(id);
                self.candidates.stale = true;
            }
            (None, None) => self.say(Tone::Dim, "nobody has this number"),
        }
    }
}
