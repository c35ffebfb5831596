//! The licences and plans of a directory user in a few bytes: GUIDs are places in a dictionary, numbers have variable length.
//!
//! A tenant has tens of SKUs and plans and a million users, so that a licence costs three bytes instead of sixteen and more.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::directory::{AssignedPlan, Licence, PlanStatus};
use crate::domain::guid::{GroupId, Guid, PlanId, SkuId};

use super::Unreadable;

const VERSION: u8 = 1;
/// What hardly any user's facts go beyond.
const USUAL_LENGTH: usize = 64;
const NANOS: i128 = 1_000_000_000;

/// GUIDs by place. It only grows, since rows refer to it.
#[derive(Debug, Clone, Default)]
pub struct Dictionary {
    ids: Vec<Guid>,
    places: HashMap<Guid, usize>,
}

impl Dictionary {
    /// How many it holds.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The place of a GUID, a new one if need be.
    pub fn place(&mut self, id: Guid) -> usize {
        let ids = &mut self.ids;
        *self.places.entry(id).or_insert_with(|| {
            ids.push(id);
            ids.len() - 1
        })
    }

    /// Those from a place on.
    pub fn from_place(&self, place: usize) -> &[Guid] {
        self.ids.get(place..).unwrap_or_default()
    }

    /// Forgets those from a place on.
    pub fn truncate(&mut self, len: usize) {
        for id in self.ids.drain(len.min(self.ids.len())..) {
            self.places.remove(&id);
        }
    }

    fn at(&self, place: u64) -> Option<Guid> {
        self.ids.get(usize::try_from(place).ok()?).copied()
    }
}

/// What the bytes hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Licences.
    pub licences: Vec<Licence>,
    /// Deciding plans.
    pub plans: Vec<AssignedPlan>,
    /// What was wrong with the record.
    pub flaw: Option<String>,
}

/// Writes facts; a user without any takes no byte.
pub fn write(
    licences: &[Licence],
    plans: &[AssignedPlan],
    flaw: Option<&str>,
    dictionary: &mut Dictionary,
) -> Vec<u8> {
    if licences.is_empty() && plans.is_empty() && flaw.is_none() {
        return Vec::new();
    }
    let mut bytes = Vec::with_capacity(USUAL_LENGTH);
    bytes.push(VERSION);
    let mut out = Writer { bytes, dictionary };
    out.count(licences.len());
    for licence in licences {
        out.guid(licence.sku.0);
        match licence.group {
            Some(group) => {
                out.bytes.push(1);
                out.guid(group.0);
            }
            None => out.bytes.push(0),
        }
        out.count(licence.disabled.len());
        for plan in &licence.disabled {
            out.guid(plan.0);
        }
        out.text(licence.error.as_deref());
    }
    out.count(plans.len());
    for plan in plans {
        out.guid(plan.plan.0);
        out.bytes.push(status_code(plan.status));
        out.moment(plan.since);
    }
    out.text(flaw);
    out.bytes
}

/// Reads what [`write()`] wrote, with a dictionary that holds at least what it held then.
pub fn read(bytes: &[u8], dictionary: &Dictionary) -> Result<Facts, Unreadable> {
    const BAD: Unreadable = Unreadable::of("a user's licences");
    if bytes.is_empty() {
        return Ok(Facts::default());
    }
    let mut from = Reader { bytes, dictionary };
    if from.byte() != Some(VERSION) {
        return Err(BAD);
    }
    let facts = from.facts().ok_or(BAD)?;
    if from.bytes.is_empty() {
        Ok(facts)
    } else {
        Err(BAD)
    }
}

fn status_code(status: PlanStatus) -> u8 {
    match status {
        PlanStatus::Enabled => 0,
        PlanStatus::Warning => 1,
        PlanStatus::Suspended => 2,
        PlanStatus::LockedOut => 3,
        PlanStatus::Deleted => 4,
        PlanStatus::Unknown => 5,
    }
}

fn status_of(code: u8) -> Option<PlanStatus> {
    Some(match code {
        0 => PlanStatus::Enabled,
        1 => PlanStatus::Warning,
        2 => PlanStatus::Suspended,
        3 => PlanStatus::LockedOut,
        4 => PlanStatus::Deleted,
        5 => PlanStatus::Unknown,
        _ => return None,
    })
}

struct Writer<'a> {
    bytes: Vec<u8>,
    dictionary: &'a mut Dictionary,
}

impl Writer<'_> {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push((number & 0x7f) as u8);
    }

    fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    fn guid(&mut self, id: Guid) {
        let place = self.dictionary.place(id);
        self.count(place);
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => {
                self.count(text.len() + 1);
                self.bytes.extend_from_slice(text.as_bytes());
            }
            None => self.bytes.push(0),
        }
    }

    /// Two low bits: there is a moment; it has a part of a second. Above them the seconds, with their sign in the lowest bit.
    fn moment(&mut self, at: Option<Timestamp>) {
        let Some(at) = at else {
            self.bytes.push(0);
            return;
        };
        // Rounded down, so that the part of a second is never negative.
        let second = at.as_nanosecond().div_euclid(NANOS);
        let nanos = at.as_nanosecond().rem_euclid(NANOS);
        let seconds =
            i64::try_from(second).expect("a timestamp has fewer seconds than an i64 holds");
        let folded = (seconds.unsigned_abs() << 1) | u64::from(seconds < 0);
        self.number(folded << 2 | u64::from(nanos != 0) << 1 | 1);
        if nanos != 0 {
            self.number(u64::try_from(nanos).expect("a remainder of a thousand million is small"));
        }
    }
}

/// The bytes end too soon, or are no form.
#[derive(Debug, PartialEq, Eq)]
struct Cut;

struct Reader<'a> {
    bytes: &'a [u8],
    dictionary: &'a Dictionary,
}

impl Reader<'_> {
    fn facts(&mut self) -> Option<Facts> {
        let mut facts = Facts::default();
        for _ in 0..self.count()? {
            let sku = SkuId(self.guid()?);
            let group = match self.byte()? {
                0 => None,
                1 => Some(GroupId(self.guid()?)),
                _ => return None,
            };
            let disabled = (0..self.count()?)
                .map(|_| self.guid().map(PlanId))
                .collect::<Option<_>>()?;
            let error = self.text().ok()?;
            facts.licences.push(Licence {
                sku,
                group,
                disabled,
                error,
            });
        }
        for _ in 0..self.count()? {
            facts.plans.push(AssignedPlan {
                plan: PlanId(self.guid()?),
                status: status_of(self.byte()?)?,
                since: self.moment().ok()?,
            });
        }
        facts.flaw = self.text().ok()?;
        Some(facts)
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A count is never more than the bytes that are left, so that a damaged one asks for no memory.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.bytes.len() + 1).then_some(count)
    }

    fn guid(&mut self) -> Option<Guid> {
        let place = self.number()?;
        self.dictionary.at(place)
    }

    fn text(&mut self) -> Result<Option<String>, Cut> {
        let Some(len) = self.count().ok_or(Cut)?.checked_sub(1) else {
            return Ok(None);
        };
        let (text, rest) = self.bytes.split_at_checked(len).ok_or(Cut)?;
        self.bytes = rest;
        let text = std::str::from_utf8(text).map_err(|_| Cut)?;
        Ok(Some(text.to_owned()))
    }

    fn moment(&mut self) -> Result<Option<Timestamp>, Cut> {
        let number = self.number().ok_or(Cut)?;
        if number & 1 == 0 {
            return if number == 0 { Ok(None) } else { Err(Cut) };
        }
        let seconds = i64::try_from(number >> 3).map_err(|_| Cut)?;
        let seconds = if number & 4 == 0 { seconds } else { -seconds };
        let nanos = if number & 2 == 0 {
            0
        } else {
            self.number().ok_or(Cut)?
        };
        let nanos = i128::from(nanos) + i128::from(seconds) * NANOS;
        Timestamp::from_nanosecond(nanos).map(Some).map_err(|_| Cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guid(n: u8) -> Guid {
        Guid::from_bytes([n; 16])
    }

    fn sample() -> Facts {
        let at = |text: &str| Some(text.parse().unwrap());
        Facts {
            licences: vec![
                Licence {
                    sku: SkuId(guid(1)),
                    group: None,
                    disabled: vec![PlanId(guid(2)), PlanId(guid(3))],
                    error: None,
                },
                Licence {
                    sku: SkuId(guid(4)),
                    group: Some(GroupId(guid(5))),
                    disabled: vec![],
                    error: Some("CountViolation".into()),
                },
            ],
            plans: vec![
                AssignedPlan {
                    plan: PlanId(guid(2)),
                    status: PlanStatus::Suspended,
                    since: at("2026-03-02T09:15:01Z"),
                },
                AssignedPlan {
                    plan: PlanId(guid(6)),
                    status: PlanStatus::Unknown,
                    since: at("2026-03-02T09:15:01.1234567Z"),
                },
                AssignedPlan {
                    plan: PlanId(guid(7)),
                    status: PlanStatus::Enabled,
                    since: None,
                },
            ],
            flaw: Some("no name".into()),
        }
    }

    fn written(facts: &Facts, dictionary: &mut Dictionary) -> Vec<u8> {
        write(
            &facts.licences,
            &facts.plans,
            facts.flaw.as_deref(),
            dictionary,
        )
    }

    #[test]
    fn there_and_back() {
        let mut dictionary = Dictionary::default();
        let facts = sample();
        let bytes = written(&facts, &mut dictionary);
        assert_eq!(read(&bytes, &dictionary), Ok(facts));
        assert_eq!(dictionary.len(), 7);
        assert!(bytes.len() < 70, "{} bytes", bytes.len());
        assert_eq!(
            written(&Facts::default(), &mut dictionary),
            Vec::<u8>::new()
        );
        assert_eq!(read(&[], &dictionary), Ok(Facts::default()));
    }

    #[test]
    fn moments_of_every_kind() {
        let dictionary = Dictionary::default();
        let mut own = Dictionary::default();
        for text in [
            "1970-01-01T00:00:00Z",
            "1969-12-31T23:59:59.5Z",
            "1969-12-31T23:59:58.25Z",
            "0001-01-01T00:00:00Z",
            "9999-12-30T22:00:00.999999999Z",
        ] {
            let at: Timestamp = text.parse().unwrap();
            let mut out = Writer {
                bytes: vec![],
                dictionary: &mut own,
            };
            out.moment(Some(at));
            let mut from = Reader {
                bytes: &out.bytes,
                dictionary: &dictionary,
            };
            assert_eq!(from.moment(), Ok(Some(at)), "{text}");
        }
    }

    #[test]
    fn damage_is_an_error_never_a_panic() {
        let mut dictionary = Dictionary::default();
        let bytes = written(&sample(), &mut dictionary);
        for end in 1..bytes.len() {
            assert!(read(&bytes[..end], &dictionary).is_err(), "cut at {end}");
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut bad = bytes.clone();
                bad[at] ^= 1 << bit;
                // A flipped bit may still be a form, but never one that asks for what is not there.
                drop(read(&bad, &dictionary));
            }
        }
        assert!(read(&bytes, &Dictionary::default()).is_err());
    }

    #[test]
    fn the_dictionary_forgets_what_was_not_kept() {
        let mut dictionary = Dictionary::default();
        assert_eq!(dictionary.place(guid(1)), 0);
        assert_eq!(dictionary.place(guid(2)), 1);
        dictionary.truncate(1);
        assert_eq!(dictionary.place(guid(3)), 1);
        assert_eq!(dictionary.place(guid(2)), 2);
        assert_eq!(dictionary.from_place(1), [guid(3), guid(2)]);
    }
}
