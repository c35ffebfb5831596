//! The form for all marked users: numbers from a range, kind and country.

use crate::app::event::Key;
use crate::app::field::{Field as Line, Typed};
use crate::app::pane::verdict;
use crate::app::pane::{turned, turns};
use crate::domain::country::Country;
use crate::domain::phone::NumberKind;
use crate::domain::range::NumberRange;

use super::preview::Whom;

/// The form.
#[derive(Debug, Clone, PartialEq)]
pub struct ManyForm {
    /// Whom it is about, in the order in which numbers are given.
    pub whom: Vec<Whom>,
    /// The field that keys go to.
    pub focus: ManyField,
    /// A range of numbers; blank gives none.
    pub numbers: Line,
    /// The kind of number; `None` leaves it.
    pub kind: Option<NumberKind>,
    /// A country; blank leaves it.
    pub country: Line,
    /// What becomes of numbers that somebody has already.
    pub holders: Holders,
    /// What is wrong, by field.
    pub fault: Option<(ManyField, String)>,
}

/// A field, in the order of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManyField {
    /// Numbers.
    Numbers,
    /// Kind of number.
    Kind,
    /// Country.
    Country,
    /// Who has a number already.
    Holders,
}

/// What becomes of those who have a number when all get one of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Holders {
    /// They keep it, and are left out.
    #[default]
    Keep,
    /// They get one of the range; the number that they have comes free.
    Replace,
}

impl ManyField {
    /// All fields in order.
    pub const ALL: [Self; 4] = [Self::Numbers, Self::Kind, Self::Country, Self::Holders];

    /// Its label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Numbers => "Numbers from",
            Self::Kind => "Kind",
            Self::Country => "Country",
            Self::Holders => "Who has one",
        }
    }

    /// What may stand in it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Numbers => {
                "a range, +441235123400.. or +441235123400..499; what is taken is skipped; blank gives none"
            }
            Self::Kind => "ddi, extension or trunk; blank leaves what each has",
            Self::Country => "two letters; blank leaves what each has",
            Self::Holders => {
                "whoever has a number keeps it and gets none of the range, or gets one and the old number comes free"
            }
        }
    }
}

impl ManyForm {
    /// An empty form for these users.
    pub fn open(whom: Vec<Whom>) -> Self {
        Self {
            whom,
            focus: ManyField::Numbers,
            numbers: Line::default(),
            kind: None,
            country: Line::default(),
            holders: Holders::Keep,
            fault: None,
        }
    }

    /// Takes a key that is no action of the form.
    pub fn key(&mut self, key: Key) {
        let typed = match self.focus {
            ManyField::Numbers => self.numbers.key(key),
            ManyField::Country => self.country.key(key),
            ManyField::Kind => {
                self.turn_kind(key);
                Typed::Changed
            }
            ManyField::Holders => {
                self.turn_holders(key);
                Typed::Changed
            }
        };
        if typed == Typed::Changed {
            self.fault = None;
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        match self.focus {
            ManyField::Numbers => self.numbers.paste(text),
            ManyField::Country => self.country.paste(text),
            ManyField::Kind | ManyField::Holders => return,
        };
        self.fault = None;
    }

    fn turn_holders(&mut self, key: Key) {
        if turns(key).is_some() {
            self.holders = match self.holders {
                Holders::Keep => Holders::Replace,
                Holders::Replace => Holders::Keep,
            };
        }
    }

    fn turn_kind(&mut self, key: Key) {
        let kinds: Vec<Option<NumberKind>> = std::iter::once(None)
            .chain(NumberKind::ALL.into_iter().map(Some))
            .collect();
        let Some(by) = turns(key) else {
            return;
        };
        let here = kinds.iter().position(|kind| *kind == self.kind);
        self.kind = kinds[turned(here.unwrap_or_default(), by, kinds.len())];
    }

    /// Goes to another field.
    pub fn turn(&mut self, by: isize) {
        let all = ManyField::ALL;
        let here = all.iter().position(|field| *field == self.focus);
        self.focus = all[turned(here.unwrap_or_default(), by, all.len())];
    }

    /// Takes over the country that was meant.
    pub fn take_proposal(&mut self) {
        if let Some(country) = self.proposal() {
            self.country.set(country.as_str());
            self.fault = None;
        }
    }

    /// The country that was probably meant.
    pub fn proposal(&self) -> Option<Country> {
        let error = verdict::country(self.country.text()).err()?;
        verdict::country_meant(&error)
    }

    /// Whether something was typed.
    pub fn is_dirty(&self) -> bool {
        !self.numbers.text().is_empty() || !self.country.text().is_empty() || self.kind.is_some()
    }

    /// What is to become of them; what is wrong stays on its field.
    pub fn finish(&mut self) -> Option<Change> {
        self.fault = None;
        let text = self.numbers.text().trim().to_owned();
        let numbers = match NumberRange::parse(&text) {
            _ if text.is_empty() => None,
            Some(Ok(range)) => Some(range),
            Some(Err(error)) => return self.wrong(ManyField::Numbers, error.to_string()),
            None => {
                let text =
                    "a range is needed, so that each gets a number of their own: +441235123400..";
                return self.wrong(ManyField::Numbers, text.to_owned());
            }
        };
        let country = match verdict::country(self.country.text()) {
            Ok(country) => country,
            Err(error) => return self.wrong(ManyField::Country, error.to_string()),
        };
        if numbers.is_none() && country.is_none() && self.kind.is_none() {
            let text = "nothing is changed yet: numbers, a kind or a country";
            return self.wrong(self.focus, text.to_owned());
        }
        Some(Change::Edit {
            numbers,
            kind: self.kind,
            country,
            holders: self.holders,
        })
    }

    fn wrong(&mut self, field: ManyField, text: String) -> Option<Change> {
        self.focus = field;
        self.fault = Some((field, text));
        None
    }
}

/// What is to become of all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Fields.
    Edit {
        /// Each gets the next free number.
        numbers: Option<NumberRange>,
        /// Kind of number.
        kind: Option<NumberKind>,
        /// Country.
        country: Option<Country>,
        /// Who has a number already.
        holders: Holders,
    },
    /// They are removed here; their numbers stay in the tenant.
    Remove,
}
