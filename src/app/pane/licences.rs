//! Pane 5: the tenant's products with their seats; inside one of them, who has it and which plans it has.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::app::cursor::{Cursor, Move};
use crate::app::doc::{Doc, Tone};
use crate::app::event::RequestId;
use crate::app::filter::Filter;
use crate::app::marks::Marks;
use crate::app::tables::Direction;
use crate::domain::guid::{ObjectId, SkuId};
use crate::domain::{plan_ids, text};
use crate::roster::inventory::Inventory;
use crate::roster::products::{Member, Members, Product, class_words};
use crate::roster::query::Field;
use crate::roster::{Person, Roster};

use super::candidates::Tenant;

/// State of the pane.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Licences {
    /// Its filter.
    pub filter: Filter,
    /// Its order.
    pub sort: Sort,
    /// Its direction.
    pub direction: Direction,
    /// The products that are marked, to be copied.
    pub marks: Marks<SkuId>,
    /// Its cursor.
    pub cursor: Cursor<SkuId>,
    /// Places in the inventory of the products shown, in order.
    pub shown: Vec<usize>,
    /// The product that is looked into.
    pub inside: Option<Inside>,
    /// Who has which product.
    pub members: Arc<Members>,
    /// The question for it that is open, or was answered with a failure.
    pub asked: Option<RequestId>,
    /// Whether rows, filter or order have changed since they were computed.
    pub stale: bool,
}

/// A product that is looked into.
#[derive(Debug, Clone, PartialEq)]
pub struct Inside {
    /// Which.
    pub sku: SkuId,
    /// The filter of its rows.
    pub filter: Filter,
    /// The order of its people.
    pub order: Order,
    /// Its direction.
    pub direction: Direction,
    /// The cursor.
    pub cursor: Cursor<Item>,
    /// The rows shown.
    pub shown: Vec<Item>,
}

/// A row inside a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// Somebody who has it.
    Person(ObjectId),
    /// The plan at a place of it.
    Plan(usize),
}

/// Order of the people inside a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By name.
    #[default]
    Name,
    /// By first cause.
    Cause,
    /// By the way in which they have it.
    How,
    /// By sign-in name.
    SignIn,
}

impl Order {
    /// The next order.
    #[must_use]
    fn next(self) -> Self {
        match self {
            Self::Name => Self::Cause,
            Self::Cause => Self::How,
            Self::How => Self::SignIn,
            Self::SignIn => Self::Name,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Cause => "first cause",
            Self::How => "how",
            Self::SignIn => "user name",
        }
    }
}

/// Order of the products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By name.
    #[default]
    Name,
    /// The fewest free seats first.
    Free,
    /// What decides here first.
    Brings,
    /// The most seats first.
    Bought,
    /// The most seats in use first.
    Used,
    /// The most users first.
    Users,
    /// By the state of the subscription.
    Status,
}

impl Sort {
    /// The next order.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Name => Self::Free,
            Self::Free => Self::Brings,
            Self::Brings => Self::Bought,
            Self::Bought => Self::Used,
            Self::Used => Self::Users,
            Self::Users => Self::Status,
            Self::Status => Self::Name,
        }
    }

    /// The order of a word.
    pub fn of(word: &str) -> Option<Self> {
        let all = [
            Self::Name,
            Self::Free,
            Self::Brings,
            Self::Bought,
            Self::Used,
            Self::Users,
            Self::Status,
        ];
        all.into_iter().find(|sort| sort.word() == word)
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Free => "free seats",
            Self::Brings => "brings",
            Self::Bought => "seats bought",
            Self::Used => "seats used",
            Self::Users => "users",
            Self::Status => "status",
        }
    }
}

impl Licences {
    /// Computes the rows again if something has changed.
    pub fn settle(
        &mut self,
        inventory: &Inventory,
        tenant: Tenant<'_>,
        (products, inside): (usize, usize),
    ) {
        if std::mem::take(&mut self.stale) {
            self.fill(inventory);
            let seek = std::mem::take(&mut self.filter.seek);
            let products = &inventory.products;
            self.cursor.seek(seek, || {
                let filter = &self.filter;
                let first = filter.first(&self.shown, |n| filter.starts(&products[n].name))?;
                Some(products[first].sku.id)
            });
            let members = self.members.clone();
            if let Some(open) = &mut self.inside
                && let Some(product) = inventory.product(open.sku)
            {
                open.fill(product, &members, tenant);
            }
        }
        let shown = &self.shown;
        let key = |n: usize| Some(inventory.products.get(*shown.get(n)?)?.sku.id);
        self.cursor.settle(
            (shown.len(), products),
            |id| (0..shown.len()).find(|n| key(*n) == Some(id)),
            key,
        );
        if let Some(open) = &mut self.inside {
            let shown = &open.shown;
            open.cursor.settle(
                (shown.len(), inside),
                |item| shown.iter().position(|other| *other == item),
                |n| shown.get(n).copied(),
            );
        }
    }

    fn fill(&mut self, inventory: &Inventory) {
        let query = self.filter.row_query();
        let products = &inventory.products;
        self.shown = (0..products.len())
            .filter(|n| {
                let product = &products[*n];
                query.is_empty()
                    || query.matches_row(&folded(product), |field| cell(product, field))
            })
            .collect();
        match self.sort {
            Sort::Name => self
                .shown
                .sort_by_cached_key(|n| products[*n].name.to_lowercase()),
            Sort::Free => self.shown.sort_by_key(|n| products[*n].sku.free()),
            Sort::Brings => self.shown.sort_by_cached_key(|n| {
                let product = &products[*n];
                let brings = product.brings.clone();
                (brings.is_empty(), brings, product.name.to_lowercase())
            }),
            Sort::Bought => self.most(|n| products[n].bought()),
            Sort::Used => self.most(|n| products[n].sku.consumed),
            Sort::Users => {
                let members = self.members.clone();
                self.most(|n| i64::try_from(members.of(products[n].sku.id).len()).unwrap_or(0));
            }
            Sort::Status => self.shown.sort_by_cached_key(|n| products[*n].state()),
        }
        let sort = self.sort;
        self.direction.apply(&mut self.shown, |n| {
            sort == Sort::Brings && products[*n].brings.is_empty()
        });
    }

    /// Those with the most first.
    fn most(&mut self, count: impl Fn(usize) -> i64) {
        self.shown.sort_by_key(|n| std::cmp::Reverse(count(*n)));
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, inventory: &Inventory, (products, inside): (usize, usize)) {
        if let Some(open) = &mut self.inside {
            let shown = &open.shown;
            open.cursor
                .step(step, (shown.len(), inside), |n| shown.get(n).copied());
            return;
        }
        let shown = &self.shown;
        self.cursor.step(step, (shown.len(), products), |n| {
            Some(inventory.products.get(*shown.get(n)?)?.sku.id)
        });
    }

    /// The product under the cursor, or the one that is looked into.
    pub fn product<'a>(&self, inventory: &'a Inventory) -> Option<&'a Product> {
        match &self.inside {
            Some(open) => inventory.product(open.sku),
            None => inventory.products.get(*self.shown.get(self.cursor.index)?),
        }
    }

    /// The person under the cursor.
    pub fn person<'a>(&self, roster: &'a Roster) -> Option<Person<'a>> {
        match self.item()? {
            Item::Person(id) => roster.find(id),
            Item::Plan(_) => None,
        }
    }

    /// The row under the cursor inside a product.
    pub fn item(&self) -> Option<Item> {
        let open = self.inside.as_ref()?;
        open.shown.get(open.cursor.index).copied()
    }

    /// Looks into the product under the cursor.
    pub fn look_into(&mut self, inventory: &Inventory) {
        if let Some(product) = self.product(inventory) {
            self.inside = Some(Inside {
                sku: product.sku.id,
                filter: Filter::default(),
                order: Order::default(),
                direction: Direction::default(),
                cursor: Cursor::default(),
                shown: Vec::new(),
            });
            self.stale = true;
        }
    }

    /// The next order of what is shown, and the word for it.
    pub fn turn_order(&mut self) -> &'static str {
        let Some(open) = &mut self.inside else {
            self.sort = self.sort.next();
            return self.sort.word();
        };
        open.order = open.order.next();
        open.order.word()
    }

    /// Turns what is shown round: the word of its order, and its direction.
    pub fn reverse(&mut self) -> (&'static str, Direction) {
        let (word, direction) = match &mut self.inside {
            Some(open) => (open.order.word(), &mut open.direction),
            None => (self.sort.word(), &mut self.direction),
        };
        *direction = direction.turned();
        (word, *direction)
    }

    /// The products shown, in order.
    pub fn keys(&self, inventory: &Inventory) -> Vec<SkuId> {
        let products = self.shown.iter().filter_map(|n| inventory.products.get(*n));
        products.map(|product| product.sku.id).collect()
    }

    /// How many users have a product; `None` until it is known.
    pub fn users(&self, product: &Product, inventory: &Inventory) -> Option<usize> {
        (self.members.loading() == inventory.loading() && inventory.loading() > 0)
            .then(|| self.members.of(product.sku.id).len())
    }
}

impl Inside {
    fn fill(&mut self, product: &Product, members: &Members, tenant: Tenant<'_>) {
        let query = self.filter.row_query();
        let mut people: Vec<(u32, ObjectId)> = members
            .of(self.sku)
            .iter()
            .filter_map(|member| {
                let place = tenant.roster.place_of(member.user)?;
                let row = tenant.roster.get(place)?;
                let found = query.is_empty()
                    || query.matches_row(&folded_person(row, member, tenant), |field| {
                        person_cell(row, member, tenant, field)
                    });
                found.then_some((place, member.user))
            })
            .collect();
        people.sort_unstable();
        let row = |place: u32| tenant.roster.get(place);
        match self.order {
            Order::Name => {}
            Order::Cause => {
                people.sort_by_key(|(place, _)| row(*place).map(|row| tenant.cause(row)));
            }
            Order::SignIn => {
                people
                    .sort_by_cached_key(|(place, _)| row(*place).map(|row| row.upn.to_lowercase()));
            }
            Order::How => {
                let ways: HashMap<ObjectId, &str> = members
                    .of(self.sku)
                    .iter()
                    .map(|member| (member.user, by(member)))
                    .collect();
                people.sort_by_key(|(_, id)| ways.get(id).copied());
            }
        }
        self.direction.apply(&mut people, |_| false);
        let plans = (0..product.sku.plans.len()).filter(|n| {
            query.is_empty()
                || query.matches_row(&folded_plan(product, *n), |field| {
                    plan_cell(product, *n, field)
                })
        });
        self.shown = people
            .into_iter()
            .map(|(_, id)| Item::Person(id))
            .chain(plans.map(Item::Plan))
            .collect();
        let seek = std::mem::take(&mut self.filter.seek);
        self.cursor.seek(seek, || {
            let filter = &self.filter;
            filter.first(&self.shown, |item| match item {
                Item::Person(id) => {
                    let row = tenant.roster.find(id);
                    row.is_some_and(|row| filter.starts(row.name))
                }
                Item::Plan(place) => filter.starts(plan_words(product, place).0),
            })
        });
    }

    /// How many people are shown.
    pub fn people(&self) -> usize {
        self.shown
            .iter()
            .filter(|item| matches!(item, Item::Person(_)))
            .count()
    }
}

fn folded(product: &Product) -> String {
    let odd = if product.is_odd() { "warning" } else { "" };
    format!(
        "{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{odd}",
        product.name,
        product.sku.part_number,
        product.state(),
        product.marks()
    )
    .to_lowercase()
}

/// The columns that the filter of the products can name.
pub const FIELDS: [Field; 3] = [Field::Name, Field::State, Field::Kind];

/// The columns that the filter inside a product can name.
pub const FIELDS_INSIDE: [Field; 5] = [
    Field::Name,
    Field::SignIn,
    Field::Number,
    Field::Cause,
    Field::Kind,
];

/// What stands in a column of a product, in lower case.
fn cell(product: &Product, field: Field) -> Option<Cow<'static, str>> {
    let text = match field {
        Field::Name => format!("{} {}", product.name, product.sku.part_number),
        Field::State => product.state(),
        Field::Kind => product.marks(),
        _ => return None,
    };
    Some(Cow::Owned(text.to_lowercase()))
}

/// What stands in a column of somebody who has a product, in lower case.
fn person_cell(
    row: Person<'_>,
    member: &Member,
    tenant: Tenant<'_>,
    field: Field,
) -> Option<Cow<'static, str>> {
    let text = match field {
        Field::Name => row.name.to_owned(),
        Field::SignIn => row.upn.to_string(),
        Field::Number => row.number.unwrap_or_default().to_owned(),
        Field::Cause => tenant.cause(row).words().to_owned(),
        Field::Kind => by(member).to_owned(),
        _ => return None,
    };
    Some(Cow::Owned(text.to_lowercase()))
}

/// What stands in a column of a plan, in lower case.
fn plan_cell(product: &Product, place: usize, field: Field) -> Option<Cow<'static, str>> {
    let (name, friendly, class) = plan_words(product, place);
    let text = match field {
        Field::Name => format!("{name} {friendly}"),
        Field::Kind => class.to_owned(),
        _ => return None,
    };
    Some(Cow::Owned(text.to_lowercase()))
}

fn folded_person(row: Person<'_>, member: &Member, tenant: Tenant<'_>) -> String {
    let number = row.number.unwrap_or_default();
    format!(
        "{}\u{1f}{}\u{1f}{number}\u{1f}{}\u{1f}{}",
        row.name,
        row.upn,
        tenant.cause(row).words(),
        by(member)
    )
    .to_lowercase()
}

fn folded_plan(product: &Product, place: usize) -> String {
    let (name, friendly, class) = plan_words(product, place);
    format!("plan\u{1f}{name}\u{1f}{friendly}\u{1f}{class}").to_lowercase()
}

/// How somebody has a product: `direct`, `by a group`.
pub fn by(member: &Member) -> &'static str {
    match (member.direct, member.groups.is_empty()) {
        (true, true) => "direct",
        (true, false) => "direct and by a group",
        (false, _) => "by a group",
    }
}

/// A plan of a product: its name, its friendly name, and what it is here.
pub fn plan_words(product: &Product, place: usize) -> (&str, &'static str, &'static str) {
    let Some(plan) = product.sku.plans.get(place) else {
        return ("", "", "");
    };
    let class = plan_ids::class(plan.id).map_or("", class_words);
    (&plan.name, plan_ids::plan_name(plan.id), class)
}

/// Everything about a product, in a few lines.
pub fn detail(product: &Product, users: Option<usize>) -> Doc {
    let mut doc = Doc::default();
    let sku = &product.sku;
    let tone = if product.is_odd() {
        Tone::Warn
    } else {
        Tone::Strong
    };
    doc.line(tone, &format!("{}  {}", product.name, sku.part_number));
    let mut seats = vec![format!(
        "{} bought, {} used, {} free, subscription {}",
        product.bought(),
        sku.consumed,
        sku.free(),
        sku.status.as_str()
    )];
    if sku.warning > 0 {
        seats.push(format!("{} in their grace period", sku.warning));
    }
    if sku.suspended > 0 {
        seats.push(format!("{} suspended", sku.suspended));
    }
    if let Some(users) = users {
        let have = if users == 1 { "user has" } else { "users have" };
        seats.push(format!("{users} {have} it"));
    }
    doc.line(Tone::Plain, &seats.join("; "));
    if sku.free() < 0 {
        doc.line(
            Tone::Warn,
            "More seats are used than were bought: buy more, or take the licence from somebody.",
        );
    }
    let deciding: Vec<&str> = sku
        .plans
        .iter()
        .filter(|plan| plan_ids::class(plan.id).is_some())
        .map(|plan| plan.name.as_str())
        .collect();
    let others = sku.plans.len() - deciding.len();
    let more = text::counted(others as u64, "other", "others");
    let text = match (deciding.is_empty(), others) {
        (true, 0) => "none".to_owned(),
        (true, _) => format!("none that decides here, {more}"),
        (false, 0) => deciding.join(", "),
        (false, _) => format!("{} and {more}", deciding.join(", ")),
    };
    doc.item(Tone::Plain, "plans  ", &text);
    doc.item(Tone::Dim, "id     ", &sku.id.to_string());
    doc
}
