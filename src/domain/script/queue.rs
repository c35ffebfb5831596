//! Acts for what is queued. What a run would leave out is left out here too, with its reason, as far as the last picture of the
//! tenant can tell; the script itself looks again at what may have changed since.

use std::collections::HashMap;

use crate::domain::directory::{DirectoryUser, NumberSource, NumberType, Sku, TenantNumber};
use crate::domain::guid::{ObjectId, PlanId, SkuId, TenantId};
use crate::domain::mending;
use crate::domain::outbox::{Entry, EntryState, Giver};
use crate::domain::phone::PhoneNumber;
use crate::domain::plan_ids;
use crate::domain::text::Label;
use crate::domain::user::{Field, User, Value};
use crate::domain::words;

use super::stops::{Stops, calling_number, takes_calling};
use super::{Act, Person, Plan, Product, Successor, Turn};

/// A directory user in the last picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The facts.
    pub user: DirectoryUser,
    /// The numbers held; `None` when the inventory could not be read.
    pub numbers: Option<Vec<TenantNumber>>,
}

/// The outbox and what is known of those whom it touches.
#[derive(Debug, Clone, Copy)]
pub struct Queue<'a> {
    /// The pinned tenant.
    pub tenant: TenantId,
    /// Configured users.
    pub users: &'a [User],
    /// The outbox.
    pub entries: &'a [Entry],
    /// Those whom it touches, as far as they are in the last picture.
    pub known: &'a HashMap<ObjectId, Known>,
    /// Types of the numbers that are wanted; one that is not here is Direct Routing.
    pub kinds: &'a HashMap<PhoneNumber, NumberType>,
    /// The tenant's products.
    pub skus: &'a [Sku],
}

/// The acts, in the order in which they have to be done.
pub fn acts(queue: &Queue<'_>) -> Vec<Act> {
    let mut acts = Vec::new();
    for entry in queue.entries {
        // This side's own list: nothing of it is in the tenant.
        if entry.field() == Field::Added {
            continue;
        }
        match writable(queue, entry).and_then(|known| of_entry(queue, entry, known)) {
            Ok(of_entry) => acts.extend(of_entry),
            Err(why) => acts.push(Act::LeftOut(format!(
                "{}, {} to {}: {why}",
                entry.name,
                entry.field().as_str(),
                entry.wanted.shown()
            ))),
        }
    }
    // What takes away comes first, and numbers last: a number waits for its licence and its country.
    acts.sort_by_key(rank);
    acts
}

fn rank(act: &Act) -> u8 {
    match act {
        Act::ClearOnPremises { .. } | Act::ReleaseNumber { .. } => 0,
        Act::SetLocation { .. } => 1,
        Act::SwitchPlan { .. }
        | Act::RemoveLicence { .. }
        | Act::GiveLicence { .. }
        | Act::GroupLicence { .. } => 2,
        Act::CreateResourceAccount(_) | Act::AssignNumber { .. } => 3,
        Act::GrantVoiceRoute { .. } => 4,
        Act::Stated(_) | Act::LeftOut(_) => 5,
    }
}

/// Whom an entry is written to, or why it is not written.
fn writable<'a>(queue: &Queue<'a>, entry: &Entry) -> Result<&'a Known, String> {
    if entry.tenant != queue.tenant {
        return Err("made for another tenant: never written here".to_owned());
    }
    let word = entry.state.word();
    match &entry.state {
        EntryState::Queued => {}
        EntryState::Held { why } => return Err(format!("{word}: {why}")),
        EntryState::InFlight { .. } | EntryState::Accepted { .. } | EntryState::Unknown { .. } => {
            return Err(format!(
                "{word}: its outcome is not known yet, and a sync settles it by reading"
            ));
        }
        EntryState::Applied { visible_by } => {
            return Err(format!(
                "{word}: written already, visible by {}",
                visible_by.strftime("%m-%d %H:%MZ")
            ));
        }
        EntryState::Conflict { theirs } => {
            return Err(format!(
                "{word}: the tenant has {} now, so decide first whose value stays",
                theirs.shown()
            ));
        }
        EntryState::Rejected { cause, .. } => return Err(format!("{word}: {cause}")),
    }
    let target = entry
        .target(queue.users)
        .ok_or("not associated with anybody in the tenant: nothing can be written")?;
    queue
        .known
        .get(&target)
        .ok_or_else(|| "not in the last picture of the tenant: sync first".to_owned())
}

fn of_entry(queue: &Queue<'_>, entry: &Entry, known: &Known) -> Result<Vec<Act>, String> {
    let user = person(known);
    Ok(match &entry.wanted {
        Value::Number(wanted) => numbers(queue, entry, known, wanted.as_ref())?,
        Value::Country(Some(country)) => vec![Act::SetLocation {
            user,
            country: *country,
        }],
        Value::Country(None) => {
            return Err("a usage location cannot be cleared, only changed".to_owned());
        }
        Value::Plan { sku, plan, on } => vec![Act::SwitchPlan {
            user,
            product: product(*sku),
            plan: self::plan(*plan),
            turn: if *on { Turn::On } else { Turn::Off },
            stops: stops(queue, entry, known),
        }],
        Value::Licence { sku, off: None } => vec![Act::RemoveLicence {
            user,
            product: product(*sku),
            stops: stops(queue, entry, known),
        }],
        Value::Licence {
            sku,
            off: Some(off),
        } => vec![Act::GiveLicence {
            user,
            product: product(*sku),
            off: off.clone(),
        }],
        Value::Added(_) => Vec::new(),
    })
}

/// The changes of one user's licences that are written.
fn together<'a>(queue: &Queue<'a>, known: &Known) -> Vec<&'a Value> {
    queue
        .entries
        .iter()
        .filter(|entry| {
            entry.field().is_licence()
                && writable(queue, entry).is_ok_and(|other| other.user.id == known.user.id)
        })
        .map(|entry| &entry.wanted)
        .collect()
}

fn stops(queue: &Queue<'_>, entry: &Entry, known: &Known) -> Stops {
    if !takes_calling(&entry.wanted, queue.skus) {
        return Stops::Nothing;
    }
    let together = together(queue, known);
    match (
        Stops::of(&together, &known.user, known.numbers.as_deref(), queue.skus),
        &entry.silences,
    ) {
        // The number that was confirmed is known by name, even when the inventory is not.
        (Stops::Unread | Stops::Nothing, Some(number)) => Stops::Number(number.clone()),
        (stops, _) => stops,
    }
}

/// A move takes the number from its giver; any other change gives up what the user had when it was queued.
fn numbers(
    queue: &Queue<'_>,
    entry: &Entry,
    known: &Known,
    wanted: Option<&PhoneNumber>,
) -> Result<Vec<Act>, String> {
    on_premises(known)?;
    let user = person(known);
    let stops = given_up(queue, entry, known)?;
    let to = wanted.map(|number| Successor {
        user: user.clone(),
        number: number.clone(),
    });
    let mut acts = Vec::new();
    if let (Some(giver), Some(number)) = (&entry.takes_from, wanted) {
        acts.push(Act::ReleaseNumber {
            user: person(giving(queue, giver, number)?),
            number: number.clone(),
            stops: None,
            to,
        });
    } else if let Value::Number(Some(held)) = &entry.base {
        acts.push(Act::ReleaseNumber {
            user: user.clone(),
            number: held.clone(),
            stops,
            to,
        });
    }
    if let Some(number) = wanted {
        acts.push(Act::AssignNumber {
            user,
            number: number.clone(),
            kind: queue
                .kinds
                .get(number)
                .copied()
                .unwrap_or(NumberType::DirectRouting),
        });
    }
    Ok(acts)
}

/// The number that is silenced by a change of number, and so is asked about; or why nobody may change it.
fn given_up(
    queue: &Queue<'_>,
    entry: &Entry,
    known: &Known,
) -> Result<Option<PhoneNumber>, String> {
    let numbers = known.numbers.as_deref().unwrap_or_default();
    let Some(held) = calling_number(&known.user, numbers) else {
        return Ok(entry.silences.clone());
    };
    let may_go = match &entry.wanted {
        Value::Number(Some(_)) => {
            mending::clears_calling(&together(queue, known), &known.user, queue.skus)
        }
        _ => entry.silences.as_ref() == Some(held),
    };
    if may_go {
        return Ok(Some(held.clone()));
    }
    Err(format!(
        "holds the Calling Plan number {}: a repair takes the Calling Plan away first",
        held.spaced()
    ))
}

/// Whoever gives a number in a move.
fn giving<'a>(queue: &Queue<'a>, giver: &Giver, number: &PhoneNumber) -> Result<&'a Known, String> {
    let from = queue.known.get(&giver.id).ok_or_else(|| {
        format!(
            "{} is not in the last picture of the tenant: sync first",
            Label::new(&giver.name)
        )
    })?;
    on_premises(from)?;
    if calling_number(&from.user, from.numbers.as_deref().unwrap_or_default()) == Some(number) {
        return Err(words::NOT_MOVED.to_owned());
    }
    Ok(from)
}

fn on_premises(known: &Known) -> Result<(), String> {
    let is_there = known
        .numbers
        .iter()
        .flatten()
        .any(|number| number.source == NumberSource::OnPremises);
    if is_there {
        return Err(format!(
            "the number of {} is in Active Directory: `script {}` clears it there",
            Label::new(&known.user.name),
            Label::new(&known.user.upn)
        ));
    }
    Ok(())
}

fn person(known: &Known) -> Person {
    Person {
        id: known.user.id,
        upn: known.user.upn.clone(),
        name: known.user.name.clone(),
    }
}

fn product(sku: SkuId) -> Product {
    Product {
        sku,
        name: plan_ids::sku_name(sku).map_or_else(|| sku.to_string(), str::to_owned),
    }
}

fn plan(id: PlanId) -> Plan {
    Plan {
        id,
        name: plan_ids::code(id).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{
        Activation, AssignedPlan, AssignmentStatus, Licence, PlanStatus, SkuPlan,
    };
    use crate::domain::guid::Guid;
    use crate::domain::matching::tests::{id, person as somebody, user};
    use crate::domain::mending::tests::{ALONE, BUNDLE, MCOEV, MCOPSTN1};
    use crate::domain::outbox::{EntryId, Step};
    use crate::domain::user::{Association, UserId};

    const CALLING: &str = "+14255550100";

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::from_tenant(text).unwrap()
    }

    fn held(n: u8, text: &str, kind: NumberType) -> TenantNumber {
        TenantNumber {
            number: number(text),
            kind,
            source: NumberSource::Online,
            status: AssignmentStatus::User,
            target: Some(id(n)),
            primary: true,
            activation: Activation::Activated,
        }
    }

    fn entry(n: i64, (base, wanted): (Value, Value)) -> Entry {
        Entry {
            id: EntryId(n),
            user: Some(UserId(1)),
            directory_id: Some(id(1)),
            name: "Kim".to_owned(),
            ..Entry::queued(
                tenant(),
                (base, wanted),
                ("test", jiff::Timestamp::UNIX_EPOCH),
            )
        }
    }

    fn tenant() -> TenantId {
        TenantId(Guid::from_bytes([1; 16]))
    }

    fn change(from: Option<&str>, to: Option<&str>) -> (Value, Value) {
        (
            Value::Number(from.map(number)),
            Value::Number(to.map(number)),
        )
    }

    fn off(n: i64, sku: &str) -> Entry {
        let (sku, plan) = (sku.parse().unwrap(), MCOPSTN1.parse().unwrap());
        let switched = |on| Value::Plan { sku, plan, on };
        Entry {
            user: None,
            ..entry(n, (switched(true), switched(false)))
        }
    }

    /// Kim, who is configured and associated with 1, and Diego, who is 2.
    struct Desk {
        users: Vec<User>,
        known: HashMap<ObjectId, Known>,
        skus: Vec<Sku>,
    }

    impl Desk {
        fn new(numbers: Option<&[TenantNumber]>, skus: &[&str]) -> Self {
            let licences = skus.iter().map(|sku| Licence {
                sku: sku.parse().unwrap(),
                group: None,
                disabled: Vec::new(),
                error: None,
            });
            let kim = DirectoryUser {
                licences: licences.collect(),
                plans: vec![AssignedPlan {
                    plan: MCOPSTN1.parse().unwrap(),
                    status: PlanStatus::Enabled,
                    since: None,
                }],
                ..somebody(1, "kim@contoso.example")
            };
            let known = [kim, somebody(2, "diego@contoso.example")].map(|user| {
                let numbers = numbers.map(<[_]>::to_vec);
                (user.id, Known { user, numbers })
            });
            Self {
                users: vec![User {
                    association: Association::Matched(id(1)),
                    ..user(1, "kim@contoso.example")
                }],
                known: known.into(),
                skus: [BUNDLE, ALONE].map(sku).to_vec(),
            }
        }

        fn acts(&self, entries: &[Entry]) -> Vec<Act> {
            acts(&Queue {
                tenant: tenant(),
                users: &self.users,
                entries,
                known: &self.known,
                kinds: &HashMap::new(),
                skus: &self.skus,
            })
        }
    }

    fn sku(id: &str) -> Sku {
        Sku {
            id: id.parse().unwrap(),
            part_number: "X".into(),
            status: PlanStatus::Enabled,
            enabled: 5,
            warning: 0,
            suspended: 0,
            consumed: 1,
            plans: [MCOPSTN1, MCOEV]
                .iter()
                .map(|id| SkuPlan {
                    id: id.parse().unwrap(),
                    name: "P".into(),
                    for_users: true,
                })
                .collect(),
        }
    }

    fn calling() -> [TenantNumber; 1] {
        [held(1, CALLING, NumberType::CallingPlan)]
    }

    #[test]
    fn a_calling_plan_number_is_replaced_only_when_its_plan_goes_too() {
        let desk = Desk::new(Some(&calling()), &[BUNDLE]);
        let wish = entry(1, change(Some(CALLING), Some("+441235123499")));
        assert_eq!(
            desk.acts(std::slice::from_ref(&wish)),
            [Act::LeftOut(
                "Kim, number to +44 1235 123499: holds the Calling Plan number +1 425 555 0100: a repair takes the Calling Plan away first"
                    .to_owned()
            )]
        );
        let acts = desk.acts(&[wish, off(2, BUNDLE)]);
        assert!(
            matches!(&acts[0], Act::ReleaseNumber { stops: Some(asked), .. } if *asked == number(CALLING)),
            "{acts:?}"
        );
        assert!(matches!(&acts[1], Act::SwitchPlan { .. }), "{acts:?}");
        assert!(matches!(&acts[2], Act::AssignNumber { .. }), "{acts:?}");
        let given_up = entry(1, change(Some(CALLING), None));
        assert!(
            matches!(
                desk.acts(std::slice::from_ref(&given_up))[..],
                [Act::LeftOut(_)]
            ),
            "not confirmed by name"
        );
        let confirmed = Entry {
            silences: Some(number(CALLING)),
            ..given_up
        };
        assert!(matches!(
            &desk.acts(&[confirmed])[..],
            [Act::ReleaseNumber { stops: Some(asked), to: None, .. }] if *asked == number(CALLING)
        ));
    }

    #[test]
    fn the_person_is_whoever_is_associated_now() {
        let mut desk = Desk::new(Some(&[]), &[]);
        let wish = entry(1, change(None, Some("+441235123499")));
        desk.users[0].association = Association::Manual(id(2));
        let acts = desk.acts(std::slice::from_ref(&wish));
        assert!(
            matches!(&acts[..], [Act::AssignNumber { user, .. }] if user.id == id(2) && user.upn == "diego@contoso.example"),
            "{acts:?}"
        );
        desk.users[0].association = Association::None;
        assert_eq!(
            desk.acts(std::slice::from_ref(&wish)),
            [Act::LeftOut("Kim, number to +44 1235 123499: not associated with anybody in the tenant: nothing can be written".to_owned())]
        );
        desk.users[0].association = Association::Manual(id(7));
        assert_eq!(
            desk.acts(&[wish]),
            [Act::LeftOut(
                "Kim, number to +44 1235 123499: not in the last picture of the tenant: sync first"
                    .to_owned()
            )]
        );
    }

    #[test]
    fn only_what_is_queued_is_a_step() {
        let desk = Desk::new(Some(&[]), &[]);
        let step = Step::Assign;
        let unknown = "its outcome is not known yet, and a sync settles it by reading";
        for (state, words) in [
            (
                EntryState::Held {
                    why: "later".into(),
                },
                "held: later".to_owned(),
            ),
            (
                EntryState::InFlight { step, attempt: 1 },
                format!("sending: {unknown}"),
            ),
            (
                EntryState::Accepted {
                    step,
                    operation: "x".into(),
                },
                format!("accepted: {unknown}"),
            ),
            (EntryState::Unknown { step }, format!("unknown: {unknown}")),
            (
                EntryState::Applied {
                    visible_by: jiff::Timestamp::UNIX_EPOCH,
                },
                "waiting: written already, visible by 01-01 00:00Z".to_owned(),
            ),
            (
                EntryState::Conflict {
                    theirs: Value::Number(Some(number(CALLING))),
                },
                "conflict: the tenant has +1 425 555 0100 now, so decide first whose value stays"
                    .to_owned(),
            ),
            (
                EntryState::Rejected {
                    cause: "no licence".into(),
                    raw: String::new(),
                    hint: String::new(),
                },
                "refused: no licence".to_owned(),
            ),
        ] {
            let wish = Entry {
                state,
                ..entry(1, change(None, Some("+441235123499")))
            };
            assert_eq!(
                desk.acts(&[wish]),
                [Act::LeftOut(format!(
                    "Kim, number to +44 1235 123499: {words}"
                ))]
            );
        }
        let elsewhere = Entry {
            tenant: TenantId(Guid::from_bytes([9; 16])),
            ..entry(1, change(None, Some("+441235123499")))
        };
        assert_eq!(
            desk.acts(&[elsewhere]),
            [Act::LeftOut(
                "Kim, number to +44 1235 123499: made for another tenant: never written here"
                    .to_owned()
            )]
        );
    }

    #[test]
    fn a_release_that_makes_room_knows_for_whom() {
        let desk = Desk::new(
            Some(&[held(1, "+441235123498", NumberType::DirectRouting)]),
            &[],
        );
        let acts = desk.acts(&[entry(
            1,
            change(Some("+441235123498"), Some("+441235123499")),
        )]);
        assert!(
            matches!(&acts[0], Act::ReleaseNumber { user, to: Some(to), stops: None, .. } if user.id == id(1) && to.user.id == id(1) && to.number == number("+441235123499")),
            "{acts:?}"
        );
        let moved = Entry {
            takes_from: Some(Giver {
                id: id(2),
                name: "Diego".into(),
            }),
            ..entry(1, change(None, Some("+441235123499")))
        };
        let acts = desk.acts(&[moved]);
        assert!(
            matches!(&acts[0], Act::ReleaseNumber { user, to: Some(to), .. } if user.id == id(2) && to.user.id == id(1)),
            "{acts:?}"
        );
    }

    fn all_stops(acts: &[Act]) -> Vec<Stops> {
        acts.iter()
            .map(|act| match act {
                Act::SwitchPlan { stops, .. } => stops.clone(),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn two_calling_plans_stop_a_number_only_together() {
        let desk = Desk::new(Some(&calling()), &[BUNDLE, ALONE]);
        assert_eq!(all_stops(&desk.acts(&[off(1, BUNDLE)])), [Stops::Nothing]);
        let both = [off(1, BUNDLE), off(2, ALONE)];
        let asked = Stops::Number(number(CALLING));
        assert_eq!(all_stops(&desk.acts(&both)), [asked.clone(), asked]);
        // A second change that is held back counts for nothing.
        let [first, second] = both;
        let second = Entry {
            state: EntryState::Held { why: "x".into() },
            ..second
        };
        let acts = desk.acts(&[first, second]);
        assert_eq!(all_stops(&acts[..1]), [Stops::Nothing]);
    }

    #[test]
    fn what_could_not_be_read_is_asked() {
        let desk = Desk::new(None, &[BUNDLE, ALONE]);
        assert_eq!(all_stops(&desk.acts(&[off(1, BUNDLE)])), [Stops::Nothing]);
        assert_eq!(
            all_stops(&desk.acts(&[off(1, BUNDLE), off(2, ALONE)])),
            [Stops::Unread, Stops::Unread]
        );
    }
}
