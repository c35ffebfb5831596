//! A page of users without the plans that decide nothing: nineteen in twenty bytes of a page are `assignedPlans`, and one plan in
//! twenty is looked at.
//!
//! Works on bytes and knows one layout of a plan, the one that Graph sends. Whatever looks otherwise is copied, so that the reader
//! behind it decides: it reads the same of both pages, and only sooner of this one.

use memchr::memmem::Finder;

use crate::domain::guid::PlanId;
use crate::domain::plan_ids;

const KEY: &[u8] = br#""assignedPlans":["#;

/// A GUID as it is written.
const GUID: usize = 36;

/// A moment as Graph writes it, in seconds.
const MOMENT: usize = "2026-01-07T09:08:50Z".len();

/// Places for what has been found out about plans: several times as many as Microsoft has.
const PLACES: usize = 4_096;

/// Leaves plans out, and remembers which ones decide nothing.
pub(super) struct Lean {
    key: Finder<'static>,
    /// By the place of an id.
    known: Vec<Option<Known>>,
    /// The place of the plan that was read last.
    last: usize,
}

/// A plan that was met before.
struct Known {
    id: [u8; GUID],
    kind: Kind,
    /// What it looked like from its service on, to its end.
    tail: Vec<u8>,
    /// The place of the plan that came after it: users with one product have the same plans in the same order, so that most plans
    /// are known by one comparison.
    next: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Deciding,
    Idle,
}

impl Default for Lean {
    fn default() -> Self {
        Self {
            key: Finder::new(KEY),
            known: std::iter::repeat_with(|| None).take(PLACES).collect(),
            last: 0,
        }
    }
}

impl std::fmt::Debug for Lean {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lean").finish_non_exhaustive()
    }
}

impl Lean {
    /// Copies a page to `out`, which is emptied first.
    pub(super) fn copy(&mut self, page: &[u8], out: &mut Vec<u8>) {
        out.clear();
        let (mut copied, mut here) = (0, 0);
        while let Some(found) = self.key.find(&page[here..]) {
            let at = here + found;
            here = at + KEY.len();
            // With a backslash before it, it is the end of a longer key.
            if at > 0 && page[at - 1] == b'\\' {
                continue;
            }
            out.extend_from_slice(&page[copied..here]);
            here += self.list(&page[here..], out);
            copied = here;
        }
        out.extend_from_slice(&page[copied..]);
    }

    /// Copies of a list of plans what decides, up to its end or to something that has another form; how much was read.
    fn list(&mut self, list: &[u8], out: &mut Vec<u8>) -> usize {
        let (mut here, mut is_first) = (0, true);
        let mut part = |out: &mut Vec<u8>| {
            if !std::mem::take(&mut is_first) {
                out.push(b',');
            }
        };
        while let Some((length, kind)) = self.plan(&list[here..]) {
            let end = here + length;
            let next = match list.get(end..) {
                Some([b',', b'{', ..]) => end + 1,
                Some([b']', ..]) => end,
                _ => break,
            };
            if kind == Kind::Deciding {
                part(out);
                out.extend_from_slice(&list[here..end]);
            }
            if next == end {
                return end;
            }
            here = next;
        }
        if here > 0 {
            part(out);
        }
        here
    }

    /// The plan at the start of a text, in the one layout that is known: its length, and what it does. `None` for anything else.
    fn plan(&mut self, text: &[u8]) -> Option<(usize, Kind)> {
        let rest = service_of(text)?;
        let begun = text.len() - rest.len();
        let guess = self.known[self.last].as_ref().map_or(0, |last| last.next);
        if let Some(known) = &self.known[guess]
            && rest.starts_with(&known.tail)
        {
            self.last = guess;
            return Some((begun + known.tail.len(), known.kind));
        }
        let (tail, id) = tail_of(rest)?;
        let place = place(id);
        let kind = match &self.known[place] {
            Some(known) if known.id == *id => known.kind,
            _ => kind(id)?,
        };
        let next = self.known[place].as_ref().map_or(0, |known| known.next);
        self.known[place] = Some(Known {
            id: *id,
            kind,
            tail: tail.to_vec(),
            next,
        });
        if let Some(last) = &mut self.known[self.last] {
            last.next = place;
        }
        self.last = place;
        Some((begun + tail.len(), kind))
    }
}

/// What a plan does; `None` for what is no id.
fn kind(id: &[u8; GUID]) -> Option<Kind> {
    let plan: PlanId = std::str::from_utf8(id).ok()?.parse().ok()?;
    Some(if plan_ids::class(plan).is_some() {
        Kind::Deciding
    } else {
        Kind::Idle
    })
}

/// The place of an id: two that share one take turns.
fn place(id: &[u8; GUID]) -> usize {
    let (mut low, mut high) = ([0; 8], [0; 8]);
    low.copy_from_slice(&id[..8]);
    high.copy_from_slice(&id[GUID - 8..]);
    let mixed = u64::from_le_bytes(low) ^ u64::from_le_bytes(high).rotate_left(29);
    let spread = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
    usize::try_from(spread).unwrap_or_default() % PLACES
}

/// The plan at the start of a text from the name of its service on.
fn service_of(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(br#"{"assignedDateTime":""#)?;
    let rest = match rest.split_at_checked(MOMENT) {
        Some((moment, [b'"', rest @ ..])) if is_plain(moment) => rest,
        _ => behind(rest)?,
    };
    let rest = rest.strip_prefix(br#","capabilityStatus":""#)?;
    let rest = match rest.strip_prefix(br#"Enabled""#) {
        Some(rest) => rest,
        None => behind(rest)?,
    };
    rest.strip_prefix(br#","service":""#)
}

/// A plan from the name of its service to its end, and its id.
fn tail_of(text: &[u8]) -> Option<(&[u8], &[u8; GUID])> {
    let rest = behind(text)?.strip_prefix(br#","servicePlanId":""#)?;
    let (id, rest) = rest.split_first_chunk::<GUID>()?;
    let rest = rest.strip_prefix(br#""}"#)?;
    Some((&text[..text.len() - rest.len()], id))
}

/// What follows a text of plain letters and its closing quote.
fn behind(text: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b'"', text)?;
    let (letters, rest) = text.split_at(end);
    is_plain(letters).then(|| &rest[1..])
}

/// Whether each byte stands for itself in a text, which may still end among them.
fn is_plain(letters: &[u8]) -> bool {
    // All of them are looked at, since that takes sixteen at a time.
    let plain = letters.iter().fold(1, |plain, letter| {
        plain & u8::from(!matches!(letter, b'\\' | b'"') && (0x20..0x7f).contains(letter))
    });
    plain == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::body::readable;
    use super::super::user_rows::{Record, UserRow};
    use super::super::wire::read_page;
    use super::*;

    const PHONE: &str = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7";
    const IDLE: &str = "13696edf-5a08-49f6-8134-03083ed8ba30";

    fn lean(page: &[u8]) -> Vec<u8> {
        let mut out = b"left over".to_vec();
        Lean::default().copy(page, &mut out);
        out
    }

    fn row(plan: &str) -> String {
        format!(
            r#"{{"assignedDateTime":"2026-01-07T09:08:50Z","capabilityStatus":"Enabled","service":"exchange","servicePlanId":"{plan}"}}"#
        )
    }

    /// What the reader makes of a page; errors are all alike, since places in the text differ.
    fn read(page: Vec<u8>) -> Option<(Vec<String>, u32, String)> {
        let text = String::from_utf8(readable(page)).unwrap();
        let page = read_page::<UserRow<'_>>(&text).ok()?;
        let told = format!("{:?} {:?} {:?}", page.count, page.next, page.delta);
        let records = page.items.into_iter().map(|row| match row.read() {
            Record::User(user) => format!("{user:?}"),
            other => format!("{other:?}"),
        });
        Some((records.collect(), page.dropped, told))
    }

    #[test]
    fn what_decides_nothing_is_left_out_and_nothing_else() {
        let (idle, phone) = (row(IDLE), row(PHONE));
        let shouted = row(&PHONE.to_uppercase());
        for (plans, left) in [
            (String::new(), String::new()),
            (idle.clone(), String::new()),
            (format!("{idle},{idle}"), String::new()),
            (phone.clone(), phone.clone()),
            (format!("{idle},{phone},{idle}"), phone.clone()),
            (
                format!("{phone},{idle},{shouted}"),
                format!("{phone},{shouted}"),
            ),
            // Another form: from there on all of it is copied.
            (format!("{idle},7,{idle}"), format!("{idle},7,{idle}")),
            (format!("{idle},{{}},{idle}"), format!("{{}},{idle}")),
            (format!("{phone},{idle},{{}}"), format!("{phone},{{}}")),
            (format!("{idle},"), format!("{idle},")),
            (format!("{idle} ,{idle}"), format!("{idle} ,{idle}")),
            (row("no id"), row("no id")),
            (row(&"x".repeat(36)), row(&"x".repeat(36))),
            (
                idle.replace("exchange", "ex\\u0063"),
                idle.replace("exchange", "ex\\u0063"),
            ),
        ] {
            let page = format!(r#"{{"value":[{{"assignedPlans":[{plans}],"id":"x"}}]}}"#);
            let want = format!(r#"{{"value":[{{"assignedPlans":[{left}],"id":"x"}}]}}"#);
            assert_eq!(String::from_utf8(lean(page.as_bytes())).unwrap(), want);
        }
        let tricky = format!(r#"{{"value":[{{"x\"assignedPlans":[{idle}]}}]}}"#);
        assert_eq!(lean(tricky.as_bytes()), tricky.as_bytes());
    }

    #[test]
    fn two_plans_of_one_place_are_told_apart() {
        let twin = (0u32..1 << 24)
            .map(|n| format!("{n:08x}-5a08-49f6-8134-03083ed8ba30"))
            .find(|id| {
                place(id.as_bytes().try_into().unwrap())
                    == place(PHONE.as_bytes().try_into().unwrap())
            })
            .unwrap();
        let page = format!(
            r#"{{"value":[{{"assignedPlans":[{0},{1},{0},{1}]}}]}}"#,
            row(&twin),
            row(PHONE)
        );
        let want = format!(r#"{{"value":[{{"assignedPlans":[{0},{0}]}}]}}"#, row(PHONE));
        assert_eq!(String::from_utf8(lean(page.as_bytes())).unwrap(), want);
    }

    /// A plan as Graph sends it, or nearly so.
    fn plans() -> impl Strategy<Value = String> {
        let id = prop_oneof![
            Just(PHONE.to_owned()),
            Just(IDLE.to_owned()),
            Just(PHONE.to_uppercase()),
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "[0-9a-fx-]{34,38}",
        ];
        let text = prop_oneof![
            Just("exchange".to_owned()),
            "[ -~]{0,8}",
            Just("caf\u{e9}".to_owned()),
            Just("\\\"".to_owned()),
        ];
        (id, text, "(Enabled|Deleted|odd)", 0..12u8).prop_map(|(id, text, status, form)| {
            let plain = format!(
                r#"{{"assignedDateTime":"2026-01-07T09:08:50Z","capabilityStatus":"{status}","service":"{text}","servicePlanId":"{id}"}}"#
            );
            match form {
                0 => plain.replace(':', ": "),
                1 => format!(
                    r#"{{"servicePlanId":"{id}","capabilityStatus":"{status}"}}"#
                ),
                2 => plain.replace("\"2026-01-07T09:08:50Z\"", "null"),
                3 => "null".to_owned(),
                4 => plain.replace("\"}", "\",\"servicePlanId\":\"x\"}"),
                5 => plain.replace("2026-01-07T09:08:50Z", "2026\",\"a\":\"789012345"),
                6 => plain.replace("2026-01-07T09:08:50Z", "2026-01-07"),
                _ => plain,
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn the_reader_reads_the_same_of_both(
            users in prop::collection::vec(prop::collection::vec(plans(), 0..9), 0..4),
            cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 0..3),
        ) {
            let users: Vec<String> = users
                .iter()
                .enumerate()
                .map(|(n, plans)| format!(
                    r#"{{"id":"00000000-0000-0000-0000-00000000000{n}","displayName":"a \"assignedPlans\":[","assignedPlans":[{}],"mail":null}}"#,
                    plans.join(",")
                ))
                .collect();
            let whole = format!(
                r#"{{"@odata.count":3,"value":[{}],"@odata.nextLink":"https://g/x"}}"#,
                users.join(",")
            )
            .into_bytes();
            let mut page = whole.clone();
            for (at, byte, how) in cuts {
                let at = at.index(page.len());
                match how {
                    0 => page[at] = byte,
                    1 => page.insert(at, b"\",{}[]:\\ \x01\xff"[usize::from(byte) % 11]),
                    2 => drop(page.remove(at)),
                    _ => page.truncate(at.max(page.len() / 2)),
                }
            }
            prop_assert_eq!(read(lean(&page)), read(page.clone()));
            // With what is remembered of another page, too.
            let (mut lean, mut out) = (Lean::default(), Vec::new());
            lean.copy(&whole, &mut out);
            lean.copy(&page, &mut out);
            prop_assert_eq!(read(out), read(page));
        }
    }
}
