//! A small tenant and a driver that types at the console: for the tests of the state machine and of the drawing.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::country::Country;
use crate::domain::directory::{
    Activation, AssignmentStatus, NumberSource, NumberType, PlanStatus, Sku, SkuPlan, TenantNumber,
};
use crate::domain::gate::{FirstCause, Gate, GateFinding, GateResult, Marks};
use crate::domain::guid::{Guid, ObjectId, SkuId, TenantId};
use crate::domain::outbox::{Entry, EntryId, EntryState};
use crate::domain::phone::{NumberKind, PhoneNumber};
use crate::domain::run::{Counters, RunHead, RunId, Summary};
use crate::domain::seat::Seats;
use crate::domain::user::{Association, LicenseStatus, UnlicensedCause, User, UserId, Value};
use crate::domain::why::{Fact, Why, WhyStep};
use crate::domain::writeplan::{PlanItem, WritePlan};
use crate::roster::desk::{AuditRow, Desk, DeskUser};
use crate::roster::inventory::{Fitness, Inventory, NumberRow, Owner};
use crate::roster::{Roster, Row, Spot};

use super::effect::Effect;
use super::event::{CacheEvent, Code, Event, Key, LedgerEvent, RequestId, What};
use super::{App, Settings, keymap};

/// The tenant.
pub(crate) fn tenant() -> TenantId {
    TenantId(Guid::from_bytes([0x11; 16]))
}

/// A directory user's id.
pub(crate) fn object(n: u8) -> ObjectId {
    ObjectId(Guid::from_bytes([n; 16]))
}

pub(crate) fn number(text: &str) -> PhoneNumber {
    PhoneNumber::from_tenant(text).expect("a fixture writes numbers well")
}

pub(crate) fn country(text: &str) -> Option<Country> {
    Country::from_tenant(text)
}

/// 2026-11-22 14:00:00Z and so many seconds.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_356_000 + seconds).expect("a time of this century")
}

pub(crate) fn row(n: u8, name: &str, cause: FirstCause, tel: Option<&str>) -> Row {
    let mail = format!("{}@contoso.example", name.to_lowercase().replace(' ', "."));
    Row {
        id: object(n),
        name: name.into(),
        upn: mail.as_str().into(),
        mail: Some(mail.as_str().into()),
        location: country("GB"),
        number: tel.map(number),
        cause,
        marks: Marks::default(),
    }
}

pub(crate) fn roster() -> Roster {
    use FirstCause as C;
    Roster::new(
        1,
        [
            row(1, "Adele Vance", C::Eligible, None),
            row(2, "Alex Wilber", C::CallingPlan, Some("+14255550100")),
            row(3, "Ben Walters", C::Eligible, None),
            row(4, "Diego Siciliani", C::Eligible, Some("+14255550101")),
            row(5, "Grady Archie", C::Guest, None),
            row(6, "Joni Sherman", C::Eligible, None),
            row(7, "Lee Gu", C::Eligible, Some("+441235123471")),
            row(8, "Main Reception", C::Resource, None),
            row(9, "Megan Bowen", C::Eligible, Some("+441235123470")),
            row(10, "Nestor Wilke", C::Unlicensed, None),
            row(11, "Pradeep Gupta", C::Eligible, Some("+441235123480")),
            row(12, "山田 太郎", C::Disabled, None),
            row(13, "Ελένη Παππά", C::Eligible, None),
            row(
                14,
                "Élodie e\u{301}te\u{301}\u{202e}",
                C::NoPhoneSystem,
                None,
            ),
        ],
    )
}

/// A number of the tenant: held by a directory user, by an id that nobody has (0 of a phantom), or by nobody.
fn record(tel: &str, target: Option<u8>) -> TenantNumber {
    TenantNumber {
        number: number(tel),
        kind: NumberType::DirectRouting,
        source: NumberSource::Online,
        status: match target {
            Some(_) => AssignmentStatus::User,
            None => AssignmentStatus::Unassigned,
        },
        target: target.map(object),
        primary: true,
        activation: Activation::Activated,
    }
}

fn sku(n: u8, part: &str, (enabled, consumed): (i64, i64), plans: &[(&str, &str)]) -> Sku {
    Sku {
        id: SkuId(Guid::from_bytes([n; 16])),
        part_number: part.to_owned(),
        status: PlanStatus::Enabled,
        enabled,
        warning: 0,
        suspended: 0,
        consumed,
        plans: plans
            .iter()
            .map(|(name, id)| SkuPlan {
                id: id.parse().expect("a fixture writes GUIDs well"),
                name: (*name).to_owned(),
                for_users: true,
            })
            .collect(),
    }
}

/// The product that Lee and Diego have; more of it is used than was bought.
pub(crate) const VOICE: u8 = 0xa1;

/// Numbers and products of the tenant.
pub(crate) fn inventory(loading: u64) -> Inventory {
    inventory_called(loading, str::to_owned)
}

/// The same, where everything has the name that this makes of its own.
pub(crate) fn inventory_called(loading: u64, mut called: impl FnMut(&str) -> String) -> Inventory {
    let mut owner = |n: u8, name: &str, fitness| {
        let upn = format!("{}@contoso.example", name.to_lowercase().replace(' ', "."));
        let owner = Owner {
            spot: Spot::called(object(n), &called(name), &called(&upn)),
            resource: false,
            fitness,
        };
        (object(n), owner)
    };
    let owners: HashMap<ObjectId, Owner> = [
        owner(4, "Diego Siciliani", Fitness::Fit),
        owner(7, "Lee Gu", Fitness::Fit),
        owner(9, "Megan Bowen", Fitness::Fit),
        owner(2, "Alex Wilber", Fitness::Fit),
        owner(12, "山田 太郎", Fitness::Disabled),
    ]
    .into();
    let mut megan = record("+441235123470", Some(9));
    megan.source = NumberSource::OnPremises;
    let numbers = vec![
        record("+14255550100", Some(2)),
        record("+14255550101", Some(4)),
        record("+14255550199", None),
        megan,
        record("+441235123471", Some(7)),
        record("+441235123472", Some(12)),
        record("+441235123473", Some(0xde)),
        record("+441235123474", None),
    ];
    let phone = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7";
    let calling = "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8";
    let mut skus = vec![
        sku(
            VOICE,
            "CONTOSO_VOICE",
            (10, 13),
            &[("MCOEV", phone), ("MCOPSTN1", calling)],
        ),
        sku(0xa2, "CONTOSO_MAIL", (25, 20), &[]),
    ];
    for sku in &mut skus {
        sku.part_number = called(&sku.part_number);
        for plan in &mut sku.plans {
            plan.name = called(&plan.name);
        }
    }
    let row = |record: TenantNumber| {
        let owner = record.target.and_then(|id| owners.get(&id)).cloned();
        NumberRow::new(record, owner)
    };
    let rows = numbers.into_iter().map(row).collect();
    Inventory::new(loading, Some(rows), skus)
}

pub(crate) fn user(id: i64, directory: u8, name: &str, tel: Option<&str>) -> DeskUser {
    DeskUser {
        user: User {
            id: UserId(id),
            tenant: tenant(),
            name: name.to_owned(),
            mail: format!("{}@contoso.example", name.to_lowercase().replace(' ', ".")),
            number: tel.map(number),
            kind: NumberKind::Ddi,
            country: country("GB"),
            sip_username: None,
            external_id: None,
            association: Association::Matched(object(directory)),
            waits: false,
            gone: false,
            rank: id,
            created_at: at(-3600),
        },
        status: LicenseStatus::Licensed,
        entries: Vec::new(),
        upn: None,
        cause: Some(FirstCause::Eligible),
        marks: Marks::default(),
    }
}

pub(crate) fn entry(id: i64, of: &DeskUser, wanted: Value, state: EntryState) -> Entry {
    let base = match &wanted {
        Value::Number(_) => Value::Number(of.user.number.clone()),
        Value::Country(_) => Value::Country(of.user.country),
        Value::Plan { .. } | Value::Licence { .. } | Value::Added(_) => {
            Value::blank(wanted.field())
        }
    };
    Entry {
        id: EntryId(id),
        user: Some(of.user.id),
        directory_id: of.user.association.id(),
        name: of.user.name.clone(),
        state,
        ..Entry::queued(tenant(), (base, wanted), ("j.smith", at(-120)))
    }
}

/// Users in every state.
pub(crate) fn desk() -> Desk {
    let mut ben = user(1, 3, "Ben Walters", None);
    ben.status = LicenseStatus::Unlicensed(UnlicensedCause::NoSeat { used: 3, bought: 3 });
    let mut diego = user(2, 4, "Diego Siciliani", Some("+14255550101"));
    diego.entries.push(entry(
        1,
        &diego,
        Value::Number(Some(number("+14255550199"))),
        EntryState::Queued,
    ));
    let mut lee = user(3, 7, "Lee Gu", Some("+441235123471"));
    lee.user.country = country("FR");
    lee.entries.push(entry(
        2,
        &lee,
        Value::Country(country("GB")),
        EntryState::Applied {
            visible_by: at(1200),
        },
    ));
    let mut megan = user(4, 9, "Megan Bowen", Some("+441235123470"));
    // DirSync'd: the mark of Warning::DirsyncNumber.
    megan.marks = Marks(1 << (8 + 4));
    megan.entries.push(entry(
        3,
        &megan,
        Value::Number(Some(number("+441235123490"))),
        EntryState::Rejected {
            cause: "number is in AD (DirSync'd)".to_owned(),
            raw: "400 BadRequest: OnPremises".to_owned(),
            hint: "clear msRTCSIP-Line".to_owned(),
        },
    ));
    let mut pradeep = user(5, 11, "Pradeep Gupta", Some("+441235123480"));
    pradeep.entries.push(entry(
        4,
        &pradeep,
        Value::Number(Some(number("+441235123481"))),
        EntryState::Conflict {
            theirs: Value::Number(Some(number("+441235123482"))),
        },
    ));
    let users = vec![ben, diego, lee, megan, pradeep];
    let entries = users.iter().flat_map(|row| row.entries.clone()).collect();
    Desk {
        pin: Some((tenant(), "Contoso Ltd".to_owned())),
        seats: Seats {
            bought: Some(25),
            ends: None,
        },
        users,
        entries,
        tickets: std::collections::BTreeMap::new(),
        audit: vec![AuditRow {
            seq: 7,
            at: at(-300),
            author: "j.smith".to_owned(),
            name: "Lee Gu".to_owned(),
            action: "edit".to_owned(),
            change: "country FR -> GB".to_owned(),
            outcome: "confirmed".to_owned(),
            entry: Some(EntryId(9)),
            ticket: String::new(),
        }],
        parked: 0,
        removed_lately: 0,
        history: vec![head(12, "done"), head(11, "failed")],
        read_at: Some(at(-60)),
        notes: Vec::new(),
    }
}

fn head(id: i64, outcome: &str) -> RunHead {
    RunHead {
        id: RunId(id),
        kind: "sync".to_owned(),
        debug: false,
        tenant: Some(tenant()),
        author: "j.smith".to_owned(),
        started_at: at(-90),
        ended_at: Some(at(-76)),
        outcome: outcome.to_owned(),
        failure: if outcome == "failed" {
            "the tenant could not be read: 503".to_owned()
        } else {
            String::new()
        },
        summary: Summary {
            counters: Counters {
                total: 399,
                licensed: 127,
                phone_system: 108,
                excluded_by_calling_plan: 104,
                resource: 0,
            },
            ..Summary::default()
        },
    }
}

/// The plan of the queued change of Diego.
pub(crate) fn plan() -> WritePlan {
    WritePlan {
        tenant: tenant(),
        tenant_name: "Contoso Ltd".to_owned(),
        read_at: at(0),
        items: vec![PlanItem {
            entry: EntryId(1),
            name: "Diego Siciliani".to_owned(),
            target: object(4),
            from: None,
            old: Value::Number(Some(number("+14255550101"))),
            new: Value::Number(Some(number("+14255550199"))),
            note: "free".to_owned(),
            takes_away: true,
            releases: Some(number("+14255550101")),
        }],
        left_out: Vec::new(),
        limit: 5,
    }
}

/// Why Alex is missing.
pub(crate) fn why_alex() -> Why {
    let gate = |gate, result, evidence: &str| GateFinding {
        gate,
        result,
        evidence: evidence.to_owned(),
    };
    Why {
        id: Some(object(2)),
        user: None,
        name: "Alex Wilber".to_owned(),
        upn: "alex.wilber@contoso.example".to_owned(),
        first_cause: FirstCause::CallingPlan,
        verdict: "NOT ADDABLE: Calling Plan inside \"Teams Phone with Calling Plan\" (direct)"
            .to_owned(),
        steps: vec![
            WhyStep::by_hand("disable MCOPSTN1 in that licence; MCOEV stays"),
            WhyStep::by_hand("the same as PowerShell"),
        ],
        gates: vec![
            gate(Gate::Enabled, GateResult::Passed, ""),
            gate(
                Gate::InGroup,
                GateResult::Unknown,
                "the group could not be read",
            ),
            gate(Gate::PhoneSystem, GateResult::Passed, "MCOEV Enabled"),
            gate(
                Gate::NoCallingPlan,
                GateResult::Failed,
                "MCOPSTN1 Enabled since 2026-03-02",
            ),
        ],
        warnings: Vec::new(),
        facts: vec![Fact {
            label: "Teams",
            text: "CallingPlan number, online; EV on".to_owned(),
            read_at: None,
        }],
        lately: vec!["run 12: licence added. Never written from here.".to_owned()],
        near: Vec::new(),
        also: Vec::new(),
        read_at: Some(at(-60)),
        tenant_read_at: Some(at(-60)),
        member_read_at: None,
        live: false,
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        tenant_label: "contoso".to_owned(),
        account: "j.smith@msp.example".to_owned(),
        author: "j.smith".to_owned(),
        mouse: true,
        shell: true,
        ..Settings::default()
    }
}

/// Types at the console and keeps what it asks for.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) app: App,
    /// Effects of the last call, wake-ups left out.
    pub(crate) effects: Vec<Effect>,
    seconds: i64,
}

impl Driver {
    /// An empty console.
    pub(crate) fn empty(settings: Settings, size: (u16, u16)) -> Self {
        let mut app = App::new(settings, size);
        // The files were read, and there is nothing in them.
        app.roster = Arc::default();
        app.opened = true;
        Self {
            app,
            effects: Vec::new(),
            seconds: 0,
        }
    }

    /// A console that shows the tenant, at 80x24.
    pub(crate) fn new() -> Self {
        Self::sized((80, 24))
    }

    pub(crate) fn sized(size: (u16, u16)) -> Self {
        Self::with(settings(), size)
    }

    pub(crate) fn with(settings: Settings, size: (u16, u16)) -> Self {
        let mut t = Self::empty(settings, size);
        t.event(What::Cache(CacheEvent::Roster(Arc::new(roster()))));
        t.event(What::Cache(CacheEvent::Inventory(Arc::new(inventory(1)))));
        t.desk(desk());
        t
    }

    pub(crate) fn desk(&mut self, desk: Desk) {
        self.event(What::Ledger(LedgerEvent::Desk(Arc::new(desk))));
    }

    /// Sends an event, a second after the last.
    pub(crate) fn event(&mut self, what: What) -> &mut Self {
        self.effects.clear();
        self.send(what);
        self
    }

    fn send(&mut self, what: What) {
        self.seconds += 1;
        let effects = self.app.update(Event {
            at: at(self.seconds),
            what,
        });
        self.effects.extend(
            effects
                .into_iter()
                .filter(|effect| !matches!(effect, Effect::Wake { .. })),
        );
        self.app.settle();
        self.effects.extend(self.app.take_wishes());
        self.app.drawn();
    }

    /// Types: keys apart by spaces, those with names in angle brackets: `/ a l e x <enter>`.
    pub(crate) fn keys(&mut self, script: &str) -> &mut Self {
        self.effects.clear();
        for name in script.split_whitespace() {
            let key = match name.strip_prefix('<').and_then(|n| n.strip_suffix('>')) {
                Some(name) => named(name),
                None => keymap::parse(name).expect("a script names keys"),
            };
            self.send(What::Key(key));
        }
        self
    }

    /// Types a text, letter by letter.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.effects.clear();
        for c in text.chars() {
            self.send(What::Key(Code::Char(c).into()));
        }
        self
    }

    /// The effects, but for the order and the filters of the tables that are kept beside.
    pub(crate) fn questions(&self) -> Vec<Effect> {
        let kept = |effect: &&Effect| matches!(effect, Effect::KeepDraft { key, .. } if key == super::tables::KEPT);
        let all = self.effects.iter().filter(|effect| !kept(effect));
        all.cloned().collect()
    }

    /// The request of the only effect.
    pub(crate) fn asked(&self) -> RequestId {
        match self.questions().as_slice() {
            [
                Effect::StartRun { req, .. }
                | Effect::CancelRun { req }
                | Effect::Ledger { req, .. }
                | Effect::LoadLog { req, .. }
                | Effect::Settings { req, .. }
                | Effect::Compare { req, .. }
                | Effect::Handover { req, .. }
                | Effect::Explain { req, .. }
                | Effect::LoadPerson { req, .. }
                | Effect::LoadMembers { req, .. }
                | Effect::AllowWriting { req }
                | Effect::SignIn { req, .. }
                | Effect::CancelSignIn { req }
                | Effect::SignOut { req }
                | Effect::ListTenants { req }
                | Effect::AddTenant { req, .. }
                | Effect::EditTenant { req, .. }
                | Effect::RemoveTenant { req, .. }
                | Effect::Judge { req, .. }
                | Effect::Export { req, .. }
                | Effect::Copy { req, .. },
            ] => *req,
            other => panic!("one question was expected: {other:?}"),
        }
    }

    /// The ledger has committed.
    pub(crate) fn saved(&mut self, req: RequestId) -> &mut Self {
        self.event(What::Ledger(LedgerEvent::Saved {
            req,
            notice: "saved".to_owned(),
        }))
    }

    /// The words of the notice.
    pub(crate) fn notice(&self) -> String {
        match &self.app.notice {
            Some(super::notice::Notice::Word { text, .. }) => text.clone(),
            Some(super::notice::Notice::Failed(failure)) => failure.headline.clone(),
            None => String::new(),
        }
    }
}

fn named(name: &str) -> Key {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    let name: String = first.into_iter().chain(letters).collect();
    let name = match name.as_str() {
        "Pageup" => "PageUp",
        "Pagedown" => "PageDown",
        "Backtab" => "BackTab",
        name => name,
    };
    keymap::parse(name).expect("a script names keys")
}
