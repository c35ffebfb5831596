//! Who is listed in pane 2 and in which order, as a question that the screen answers for its first rows and a worker for all.
//!
//! A small tenant is searched at once. Of a large one a key finds the first screenful, or looks at so many rows; the rest comes as an
//! answer to [`Ask`], and a key that acts on a row has it found out before it does.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::app::event::RequestId;
use crate::app::tables::Direction;
use crate::domain::gate::{FirstCause, Marks};
use crate::roster::query::Query;
use crate::roster::search::{Found, Looking, Scope};
use crate::roster::{Extent, Roster, order};

use super::candidates::{Sort, note};

/// So many rows are searched while a key waits: of a tenant that has no more, all.
pub const AT_ONCE: usize = 1 << 16;

/// Hits after which a screen is full, however large it is.
const SCREENFUL: usize = 200;

/// Rows that are looked at one by one, or by a pattern, while a key waits.
const SLOWLY: usize = 1 << 13;

/// What is to be found, and how it is to be arranged.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The text of the filter.
    pub text: String,
    /// Who is listed at all.
    pub scope: Scope,
    /// In which order.
    pub sort: Sort,
    /// In which direction.
    pub direction: Direction,
    /// The places of those who are configured, in order.
    pub configured: Arc<Vec<u32>>,
    /// All places in the order that is asked for, where it was computed before.
    pub order: Option<Arc<Vec<u32>>>,
    /// The hits of a query that this one narrows.
    pub among: Option<Arc<Vec<u32>>>,
}

/// What was found, arranged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listed {
    /// The hits in the order of the roster.
    pub hits: Arc<Vec<u32>>,
    /// The hits as they are shown.
    pub shown: Arc<Vec<u32>>,
    /// The one that a filter under way is about.
    pub first: Option<u32>,
    /// All places in this order.
    pub order: Option<Arc<Vec<u32>>>,
}

impl Ask {
    /// The query.
    pub fn query(&self) -> Query {
        Query::of_rows(&self.text)
    }

    /// Whether the order of all rows has to be computed first.
    fn wants_order(&self) -> bool {
        self.order.is_none() && matches!(self.sort, Sort::Number | Sort::SignIn)
    }

    /// The same in the order of the roster.
    fn by_name(&self) -> Self {
        Self {
            sort: Sort::Name,
            ..self.clone()
        }
    }

    /// All of it.
    pub fn answer(&self, roster: &Roster) -> Listed {
        let found = self.answer_unless(roster, &|| false);
        found.expect("only what is over has no answer")
    }

    /// All of it; `None` where it is over before it is found.
    pub fn answer_unless(
        &self,
        roster: &Roster,
        is_over: &(dyn Fn() -> bool + Sync),
    ) -> Option<Listed> {
        let query = self.query();
        let looking = Looking::new(roster, &query, &self.scope, &self.text);
        let found = match &self.among {
            Some(former) => {
                let mut found = Found::default();
                looking.among(former, &mut found);
                found
            }
            None => looking.through_all(is_over)?,
        };
        Some(self.arranged(roster, found))
    }

    /// What was found, in the order that is asked for.
    pub fn arranged(&self, roster: &Roster, found: Found) -> Listed {
        let Found { hits, named } = found;
        let hits = Arc::new(hits);
        let computed = || match self.sort {
            Sort::Number => Some(Arc::new(order::by_number(roster))),
            Sort::SignIn => Some(Arc::new(order::by_sign_in(roster))),
            Sort::Name | Sort::Cause | Sort::Country | Sort::Note => None,
        };
        let order = self.order.clone().or_else(computed);
        let sorted = match self.sort {
            Sort::Name => None,
            Sort::Number | Sort::SignIn => order.as_ref().map(|all| order::pick(all, &hits)),
            Sort::Cause => Some(order::bucketed(&hits, FirstCause::ALL.len(), |place| {
                usize::from(self.cause(roster, place).byte())
            })),
            Sort::Country => Some(order::bucketed(&hits, 26 * 26 + 1, |place| {
                country(roster, place)
            })),
            Sort::Note => Some(by_note(roster, &hits)),
        };
        let shown = match (sorted, self.direction) {
            (None, Direction::Up) => Arc::clone(&hits),
            (sorted, direction) => {
                let mut rows = sorted.unwrap_or_else(|| hits.to_vec());
                direction.apply(&mut rows, |place| self.is_blank(roster, *place));
                Arc::new(rows)
            }
        };
        let is_named = |place: &&u32| named.binary_search(place).is_ok();
        let first = match (named.is_empty(), self.sort, self.direction) {
            (true, _, _) => None,
            (false, Sort::Name, Direction::Up) => named.first(),
            (false, Sort::Name, Direction::Down) => named.last(),
            (false, _, _) => shown.iter().find(is_named),
        };
        let first = first.or(shown.first()).copied();
        Listed {
            hits,
            shown,
            first,
            order,
        }
    }

    fn cause(&self, roster: &Roster, place: u32) -> FirstCause {
        if self.configured.binary_search(&place).is_ok() {
            FirstCause::Configured
        } else {
            roster.cause(place)
        }
    }

    fn is_blank(&self, roster: &Roster, place: u32) -> bool {
        match self.sort {
            Sort::Name | Sort::Cause | Sort::SignIn => false,
            Sort::Number => !roster.has_number(place),
            Sort::Country => roster.location(place).is_none(),
            Sort::Note => {
                let marks = roster.marks(place);
                !marks.is_resource() && marks.warnings().next().is_none()
            }
        }
    }

    /// The first screenful, from a look at so many rows; whether that was all. `None` where this order has no beginning that can be
    /// found without all rows.
    fn beginning(&self, roster: &Roster) -> Option<(Listed, bool)> {
        let query = self.query();
        let looking = Looking::new(roster, &query, &self.scope, &self.text);
        let slow = looking.is_slow();
        let most = if slow { SLOWLY } else { AT_ONCE };
        if let Some(former) = &self.among
            && former.len() <= SLOWLY
            && !self.wants_order()
        {
            let mut found = Found::default();
            looking.among(former, &mut found);
            return Some((self.arranged(roster, found), true));
        }
        let mut found = Found::default();
        match (self.sort, &self.order) {
            (Sort::Name, _) => {
                let slices = most.div_ceil(crate::roster::table::CHUNK);
                let chunks = looking.chunks();
                let part = match self.direction {
                    Direction::Up => 0..slices.min(chunks),
                    Direction::Down => chunks.saturating_sub(slices)..chunks,
                };
                let whole = part.len() == chunks;
                let mut looked = 0;
                let mut parts = Vec::new();
                for n in 0..part.len() {
                    let n = match self.direction {
                        Direction::Up => part.start + n,
                        Direction::Down => part.end - 1 - n,
                    };
                    let mut here = Found::default();
                    looking.through(n..n + 1, &mut here);
                    looked += here.hits.len();
                    parts.push(here);
                    if looked >= SCREENFUL {
                        break;
                    }
                }
                let whole = whole && parts.len() == part.len();
                if self.direction == Direction::Down {
                    parts.reverse();
                }
                for part in parts {
                    found.extend(part);
                }
                Some((self.arranged(roster, found), whole))
            }
            (Sort::Number | Sort::SignIn, Some(order)) => {
                let rows = order.iter().copied().take(SLOWLY);
                let rows: Vec<u32> = match self.direction {
                    Direction::Up => rows.collect(),
                    Direction::Down => return None,
                };
                looking.among_any(&rows, &mut found);
                let mut hits = found.hits.clone();
                hits.sort_unstable();
                let listed = Listed {
                    first: found.named.first().or(found.hits.first()).copied(),
                    shown: Arc::new(found.hits),
                    hits: Arc::new(hits),
                    order: Some(Arc::clone(order)),
                };
                Some((listed, false))
            }
            (Sort::Number | Sort::SignIn | Sort::Cause | Sort::Country | Sort::Note, _) => None,
        }
    }
}

/// The hits by what is to be noted of them, blank last. There are few different notes, whatever the number of rows.
fn by_note(roster: &Roster, hits: &[u32]) -> Vec<u32> {
    let mut notes: BTreeMap<(bool, String), Vec<Marks>> = BTreeMap::new();
    let mut known = HashMap::new();
    for hit in hits {
        let marks = roster.marks(*hit);
        if known.insert(marks, 0).is_none() {
            let text = note(marks);
            notes
                .entry((text.is_empty(), text))
                .or_default()
                .push(marks);
        }
    }
    for (n, marks) in notes.values().enumerate() {
        known.extend(marks.iter().map(|marks| (*marks, n)));
    }
    order::bucketed(hits, notes.len(), |place| known[&roster.marks(place)])
}

/// A country as a number below 677; none is the last.
fn country(roster: &Roster, place: u32) -> usize {
    let Some(country) = roster.location(place) else {
        return 26 * 26;
    };
    let letters = country.as_str().bytes();
    letters.fold(0, |n, letter| {
        n * 26 + usize::from(letter.saturating_sub(b'A')).min(25)
    })
}

/// A question that is open.
#[derive(Debug, Clone, PartialEq)]
struct Open {
    ask: Ask,
    /// By which number it was asked; not yet where there is none.
    asked: Option<RequestId>,
    /// Whether what is shown is not the answer's beginning and end: a key that acts on a row waits for all of it.
    partial: bool,
}

/// The rows of pane 2, and the question about them that is open.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// The rows as they are shown.
    pub listed: Listed,
    /// Of which roster.
    of: (u64, usize, Extent),
    /// The last question that was answered to the end, and its hits.
    answered: Option<(Ask, Arc<Vec<u32>>)>,
    open: Option<Open>,
    /// Orders of the roster that were computed.
    orders: [Option<Arc<Vec<u32>>>; 2],
}

/// Why rows are listed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// A letter was typed: the first rows are wanted at once.
    Typed,
    /// Something else has changed: the cursor stays where it is.
    Changed,
    /// The filter was taken back: the cursor goes to a row that may be anywhere.
    TakenBack,
}

fn place_of(sort: Sort) -> Option<usize> {
    match sort {
        Sort::Number => Some(0),
        Sort::SignIn => Some(1),
        Sort::Name | Sort::Cause | Sort::Country | Sort::Note => None,
    }
}

impl Rows {
    /// Lists the rows again, or as many of them as can be found while somebody waits.
    pub fn list(&mut self, mut ask: Ask, roster: &Roster, since: Since) {
        let of = (roster.snapshot(), roster.len(), roster.extent());
        let scope = self.answered.as_ref().map(|(old, _)| &old.scope);
        let other = self.of != of || scope != Some(&ask.scope);
        if self.of != of {
            self.orders = [None, None];
            self.answered = None;
            self.of = of;
        }
        ask.order = place_of(ask.sort).and_then(|n| self.orders[n].clone());
        self.open = None;
        if let Some(order) = part_of(roster)
            && (ask.sort, ask.direction) != (Sort::Name, order)
        {
            // The first rows of this order are not known.
            self.take(ask, Listed::default());
            return;
        }
        if roster.len() <= AT_ONCE {
            let listed = ask.answer(roster);
            self.take(ask, listed);
            return;
        }
        let query = ask.query();
        ask.among = self
            .answered
            .as_ref()
            .filter(|(old, hits)| {
                hits.len() < roster.len() / 4
                    && old.scope == ask.scope
                    && query.narrows(&old.query())
            })
            .map(|(_, hits)| Arc::clone(hits));
        if query.is_empty() && !ask.wants_order() {
            let listed = ask.answer(roster);
            self.take(ask, listed);
            return;
        }
        let mut partial = false;
        match since {
            Since::Typed if !other => match ask.beginning(roster) {
                Some((listed, true)) => {
                    self.take(ask, listed);
                    return;
                }
                Some((listed, false)) => {
                    self.listed = listed;
                    partial = true;
                }
                None => partial = true,
            },
            Since::Changed if !other => {}
            Since::Typed | Since::Changed | Since::TakenBack => {
                let now = if ask.wants_order() {
                    ask.by_name()
                } else {
                    ask.clone()
                };
                let listed = now.answer(roster);
                let done = now.sort == ask.sort;
                self.take(now, listed);
                if done {
                    return;
                }
            }
        }
        self.open = Some(Open {
            ask,
            asked: None,
            partial,
        });
    }

    /// The question that nobody was asked yet, which this number is given to.
    pub fn ask(&mut self, req: RequestId) -> Option<Ask> {
        let open = self.open.as_mut().filter(|open| open.asked.is_none())?;
        open.asked = Some(req);
        Some(open.ask.clone())
    }

    /// Whether there is a question that nobody was asked yet.
    pub fn wants(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.asked.is_none())
    }

    /// The answer to the question of that number, if it is still open; whether the cursor goes to its first row.
    pub fn answer(&mut self, req: RequestId, listed: &Listed) -> Option<bool> {
        let open = self.open.take_if(|open| open.asked == Some(req))?;
        self.take(open.ask, listed.clone());
        Some(open.partial)
    }

    /// Finds out all of what is only begun; whether there was something.
    pub fn finish(&mut self, roster: &Roster) -> bool {
        let Some(open) = self.open.take_if(|open| open.partial) else {
            return false;
        };
        let unsorted = open.ask.wants_order();
        let now = if unsorted {
            open.ask.by_name()
        } else {
            open.ask.clone()
        };
        let listed = now.answer(roster);
        self.take(now, listed);
        if unsorted {
            // The order comes when it comes: what is listed is complete without it.
            self.open = Some(Open {
                partial: false,
                ..open
            });
        }
        true
    }

    /// Whether not all rows are found yet.
    pub fn is_partial(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.partial)
    }

    /// Whether the rows are not in the order yet that was asked for.
    pub fn is_being_sorted(&self) -> bool {
        self.open
            .as_ref()
            .is_some_and(|open| !open.partial && open.ask.wants_order())
    }

    fn take(&mut self, ask: Ask, listed: Listed) {
        if let Some(n) = place_of(ask.sort) {
            self.orders[n].clone_from(&listed.order);
        }
        let ask = Ask {
            among: None,
            order: None,
            ..ask
        };
        self.answered = Some((ask, Arc::clone(&listed.hits)));
        self.listed = listed;
    }
}

/// Of a part of the tenant: the direction in which it is known from its beginning.
fn part_of(roster: &Roster) -> Option<Direction> {
    match roster.extent() {
        Extent::Whole | Extent::Awaited => None,
        Extent::First => Some(Direction::Up),
        Extent::Last => Some(Direction::Down),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::app::filter::Filter;
    use crate::domain::guid::ObjectId;
    use crate::roster::search::tests::{rows, typed};

    /// The order as it would be written down by whoever has no million rows.
    fn plainly(roster: &Roster, ask: &Ask, configured: &HashSet<ObjectId>) -> Vec<u32> {
        let row = |place: u32| roster.get(place).unwrap();
        let cause = |place: u32| {
            if configured.contains(&row(place).id) {
                FirstCause::Configured
            } else {
                row(place).cause
            }
        };
        let mut shown = roster.search(&ask.query());
        match ask.sort {
            Sort::Name => {}
            Sort::Number => shown.sort_by_key(|place| {
                let number = row(*place).phone();
                (number.is_none(), number)
            }),
            Sort::Cause => shown.sort_by_key(|place| cause(*place)),
            Sort::Country => shown.sort_by_key(|place| {
                let country = row(*place).location;
                (country.is_none(), country)
            }),
            Sort::SignIn => shown.sort_by_key(|place| row(*place).upn.to_lowercase()),
            Sort::Note => shown.sort_by_key(|place| {
                let note = note(row(*place).marks);
                (note.is_empty(), note)
            }),
        }
        ask.direction.apply(&mut shown, |place| match ask.sort {
            Sort::Name | Sort::Cause | Sort::SignIn => false,
            Sort::Number => row(*place).number.is_none(),
            Sort::Country => row(*place).location.is_none(),
            Sort::Note => note(row(*place).marks).is_empty(),
        });
        shown
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn every_order_is_the_one_that_is_written_down_plainly(
            rows in rows(300),
            text in typed(),
            sort in select(&[Sort::Name, Sort::Number, Sort::Cause, Sort::Country, Sort::SignIn, Sort::Note][..]),
            direction in select(&[Direction::Up, Direction::Down][..]),
            configured in proptest::collection::btree_set(0..300_u32, 0..20),
        ) {
            let roster = Roster::new(1, rows);
            let configured: Vec<u32> =
                configured.into_iter().filter(|place| (*place as usize) < roster.len()).collect();
            let ids = configured.iter().filter_map(|place| roster.id(*place)).collect();
            let ask = Ask {
                text: text.clone(),
                scope: Scope::everyone(),
                sort,
                direction,
                configured: Arc::new(configured),
                order: None,
                among: None,
            };
            let listed = ask.answer(&roster);
            prop_assert_eq!(&*listed.shown, &plainly(&roster, &ask, &ids));
            prop_assert_eq!(&*listed.hits, &roster.search(&ask.query()));
            // A known order is picked from, and gives the same.
            let again = Ask { order: listed.order.clone(), ..ask };
            prop_assert_eq!(&again.answer(&roster), &listed);
            let mut filter = Filter::default();
            filter.field.set(&text);
            let first = filter.first(&listed.shown, |place| {
                filter.starts(roster.get(place).unwrap().name)
            });
            prop_assert_eq!(listed.first, first);
            if let Some((beginning, whole)) = again.beginning(&roster) {
                let len = beginning.shown.len();
                prop_assert!(len == listed.shown.len() || !whole);
                prop_assert_eq!(&beginning.shown[..], &listed.shown[..len]);
            }
        }
    }
}
