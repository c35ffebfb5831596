//! Makes a user that fits a truth: the account, the licences, the plans, the row of Teams, the number, the place in a group.
//!
//! Ids are those of Microsoft's public lists, written down here a second time on purpose.

use serde_json::{Value, json};

use super::chance::Chance;
use super::truth::{
    ENABLED, Kind, LICENSED, Land, Mark, NO_CALLING, NO_CREDITS, NOT_GUEST, PHONE, Stand, Truth,
};

pub(super) const PHONE_PLANS: [&str; 3] = [
    "4828c8ec-dc2e-4779-b502-87ac9ce28ab7",
    "ed777b71-af04-42ca-9798-84344c66f7c6",
    "db23fce2-a974-42ef-9002-d78dd42a0f22",
];
/// All of them, among them one that is a product's id as well, and two whose names do not begin like the others'.
pub(super) const CALLING_PLANS: [&str; 11] = [
    "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8",
    "3c8a8792-7866-409b-bb61-1b20ace0368b",
    "5a10155d-f5c1-411a-a8ec-e99aae125390",
    "6b340437-d6f9-4dc5-8cc2-99163f7f83d6",
    "54a152dc-90de-4996-93d2-bc47e670fc06",
    "346d83bf-6fe6-42ca-b424-b9300d2e21bf",
    "16935b20-87c0-4908-934a-22aa267d0d26",
    "7861360b-dc3b-4eba-a3fc-0d323a035746",
    "156a1efe-17cd-4b03-9f17-2eb512298fb3",
    "1346d5e6-15a6-4b88-9693-806ff7296a7a",
    "9a0125a5-c8f8-4526-b231-49e2abe0ebce",
];
pub(super) const CREDITS: &str = "505e180f-f7e0-4b65-91d4-00d670bbd18c";
const VIRTUAL: [&str; 2] = [
    "f47330e9-c134-43b3-9993-e7f004506889",
    "0628a73f-3b4a-4989-bd7b-0f8823144313",
];
const TEAMS: [&str; 8] = [
    "57ff2da0-773e-42df-b2af-ffb7a2317929",
    "304767db-7d23-49e8-a945-4a7eb65f9f28",
    "9953b155-8aef-4c56-92f3-72b0487fce41",
    "fd500458-c24c-478e-856c-a6067a8376cd",
    "42a3ec34-28ba-46b6-992f-db53a675ac5b",
    "f4f2f6de-6830-442b-a433-e92249faebe2",
    "4fa4026d-ce74-4962-a151-8e96d57ea8e4",
    "a42de799-58ae-4e6a-aa1d-948e7abec726",
];
/// Plans that decide nothing: text messages, conferencing, mobile, Skype, and one that nobody knows.
const OTHERS: [&str; 7] = [
    "754aec36-45fc-4eaa-bcaf-44f6cb1f553c",
    "2b9bf4f4-ac52-42c5-8456-f70ee4924295",
    "3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40",
    "bb038288-76ab-49d6-afc1-eaa6c222c65a",
    "cb22fbd7-ed7d-4786-a27a-e4cd617b69c0",
    "0feaeb32-d00e-4d66-bd5a-43b5b83db82c",
    "d0d0d0d0-0000-4000-8000-00000000d0d0",
];
const TEAMS1: &str = TEAMS[0];
const MCOSTANDARD: &str = OTHERS[5];

/// Products with the voice plans inside: what brings a plan.
pub(super) const SKUS: &[(&str, &[&str])] = &[
    ("e43b5b99-8dfb-405f-9987-dc307f34bcbd", &[PHONE_PLANS[0]]),
    ("aa6791d3-bb09-4bc2-afed-c30c3fe26032", &[PHONE_PLANS[1]]),
    (
        "ae2343d1-0999-43f6-ae18-d816516f6e78",
        &[PHONE_PLANS[0], CALLING_PLANS[0]],
    ),
    ("0dab259f-bf13-4952-b7f8-7db8f131b28d", &[CALLING_PLANS[0]]),
    ("d3b4fe1f-9992-4930-8acb-ca6ec609365e", &[CALLING_PLANS[2]]),
    ("06b48c5f-01d9-4b18-9015-03b52040f51a", &[CALLING_PLANS[3]]),
    ("54a152dc-90de-4996-93d2-bc47e670fc06", &[CALLING_PLANS[4]]),
    ("729dbb8f-8d56-4994-8e33-2f218f549544", &[CALLING_PLANS[5]]),
    (
        "a91fc4e0-65e5-4266-aa76-4037509c1626",
        &[PHONE_PLANS[0], CALLING_PLANS[6], TEAMS1, MCOSTANDARD],
    ),
    (
        "dbd31205-338e-4dec-903d-44402e305e32",
        &[CALLING_PLANS[8], OTHERS[1]],
    ),
    ("d13e9d1b-316a-4946-98c6-362c97a4fdfe", &[CALLING_PLANS[9]]),
    ("d43177b5-475b-4880-92d4-d54c27b5efbd", &[CALLING_PLANS[10]]),
    ("47794cd0-f0e5-45c5-9033-2eb6b5fc84e0", &[CREDITS]),
    (
        "a6051f20-9cbc-47d2-930d-419183bf6cf1",
        &[PHONE_PLANS[0], CALLING_PLANS[0]],
    ),
    ("08d7bce8-6e16-490e-89db-1d508e5e9609", &[CALLING_PLANS[0]]),
    (
        "06ebc4ee-1bb5-47dd-8120-11324bc54e06",
        &[PHONE_PLANS[0], TEAMS1, MCOSTANDARD],
    ),
    ("440eaaa8-b3e0-484b-a8be-62870b9ba70a", &[VIRTUAL[0]]),
    (
        "05e9a617-0261-4cee-bb44-138d3ef5d965",
        &[TEAMS1, MCOSTANDARD],
    ),
    ("18a4bd3f-0b5b-4887-b04f-61dd0ee15f5e", &[PHONE_PLANS[0]]),
];
/// Room and shared-device products.
const ROOMS: [&str; 3] = [
    "295a8eb0-f78d-45c7-8b5b-1eed5ed02dff",
    "4cde982a-ede4-4409-9ae6-b003453c8ea6",
    "6070a4c8-34c6-4937-8dfb-39bbc6397a60",
];
const PLAIN_SKU: &str = "18181a46-0d4e-45cd-891e-60aabd171b4e";
const MARK: &str = "Microsoft Communication Application Instance";

const NAMES: [&str; 14] = [
    "Alex Wilber",
    "Zoë O'Brien",
    "=cmd|' /C calc'!A0",
    "Robert'); DROP TABLE users;--",
    "\u{202e}txt.exe",
    "Eve\u{1b}[2J\u{1b}]0;owned\u{7}",
    "line\nbreak\r\ttab",
    "\u{201c}Anna\u{201d} \u{2018}B\u{2019}",
    "李 小龍",
    "محمد علي",
    "$(Remove-Item -Recurse /)",
    "`whoami` ${env:PATH} %s %n",
    "\\u0000\\\\ \"quoted\" </script>",
    "🏳️‍🌈 e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
];

/// A user on the wire, with what goes with it.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) id: String,
    pub(super) upn: String,
    pub(super) user: Value,
    pub(super) numbers: Vec<Value>,
    /// Whether a usable plan of resource accounts is held.
    pub(super) virtual_plan: bool,
    /// Whether there is a usage location.
    pub(super) located: bool,
    /// Warnings that are surely told.
    pub(super) warned: Vec<&'static str>,
    /// Warnings that are surely not.
    pub(super) quiet: Vec<&'static str>,
}

/// Licences and plans under way.
#[derive(Default)]
struct Held {
    plans: Vec<Value>,
    usable: Vec<&'static str>,
    /// In a state that cannot be used, though the licence is there: its subscription was suspended or locked out.
    stopped: Vec<&'static str>,
}

impl Held {
    fn usable(&mut self, chance: &mut Chance, plan: &'static str) {
        let word = chance.pick(&["Enabled", "Enabled", "Enabled", "Warning"]);
        self.row(chance, plan, word);
        if chance.percent(15) {
            // The same once more, as when two products bring it.
            self.row(chance, plan, "Enabled");
        }
        if chance.percent(25) {
            // What was once held stays behind, before or after the one that counts.
            self.row(chance, plan, "Deleted");
            let last = self.plans.len() - 1;
            let to = chance.below(last + 1);
            self.plans.swap(last, to);
        }
        self.usable.push(plan);
    }

    fn decayed(&mut self, chance: &mut Chance, plan: &'static str) {
        let word = chance.pick(&[
            "Suspended",
            "LockedOut",
            "Deleted",
            "Deleted",
            "PendingRenewal",
        ]);
        self.row(chance, plan, word);
        if chance.percent(20) {
            self.row(chance, plan, "Deleted");
        }
        if chance.percent(50) {
            self.stopped.push(plan);
        }
    }

    fn row(&mut self, chance: &mut Chance, plan: &'static str, word: &str) {
        let day = 1 + chance.below(28);
        self.plans.push(json!({
            "assignedDateTime": format!("2025-0{}-{day:02}T08:00:00Z", 1 + chance.below(9)),
            "capabilityStatus": chance.cased(word),
            "service": "MicrosoftCommunicationsOnline",
            "servicePlanId": if chance.percent(10) { plan.to_uppercase() } else { plan.to_owned() },
        }));
    }
}

/// Makes user number `n` of a tenant.
pub(super) fn user(chance: &mut Chance, land: &Land, truth: &Truth, n: usize) -> Made {
    let id = chance.guid();
    let upn = format!("u{n}.{:x}@contoso.example", chance.next() & 0xfff);
    let mut made = Made {
        id: id.clone(),
        upn: upn.clone(),
        user: Value::Null,
        numbers: Vec::new(),
        virtual_plan: false,
        located: false,
        warned: Vec::new(),
        quiet: Vec::new(),
    };
    let name = match chance.below(30) {
        0 => Value::Null,
        1 => json!(""),
        _ => json!(format!("{} {n}", chance.pick(&NAMES))),
    };
    let named = name.as_str().is_some_and(|name| !name.is_empty());
    told(&mut made, "no_name", !named);
    let mail = if chance.percent(10) {
        Value::Null
    } else {
        json!(format!("m{n}@contoso.example"))
    };
    told(&mut made, "no_mail", mail.is_null());
    let held = plans(chance, truth);
    made.virtual_plan = held.usable.iter().any(|plan| VIRTUAL.contains(plan));
    let room = truth.passes(LICENSED) && chance.percent(6);
    told(&mut made, "room", room);
    let (licences, states) = licences(chance, truth, &held, room);
    let phone = truth.kind == Kind::Person && truth.passes(PHONE);
    let teams_plan = held.usable.iter().any(|plan| TEAMS.contains(plan));
    told(&mut made, "no_teams", phone && !teams_plan);
    let location = chance.pick(&["GB", "GB", "GB", "US", "DE", ""]);
    made.located = !location.is_empty();
    numbers(chance, &mut made, land, location, n);
    let (account, department) = teams(chance, land, truth);
    made.user = json!({
        "id": if chance.percent(5) { id.to_uppercase() } else { id },
        "userPrincipalName": upn,
        "displayName": name,
        "mail": mail,
        "proxyAddresses": [format!("smtp:p{n}@contoso.example"), format!("SIP:u{n}@contoso.example")],
        "accountEnabled": match truth.gates[ENABLED] {
            Stand::Passed => json!(true),
            Stand::Failed => json!(false),
            Stand::Unread => chance_of(chance, &[json!("yes"), Value::Null, json!(1)]),
        },
        "userType": match truth.gates[NOT_GUEST] {
            Stand::Passed => chance_of(chance, &[json!("Member"), json!("Member"), Value::Null, json!("Associate")]),
            Stand::Failed => json!("Guest"),
            Stand::Unread => chance_of(chance, &[json!(7), json!(["Guest"])]),
        },
        "usageLocation": if location.is_empty() { Value::Null } else { json!(location) },
        "department": department,
        "assignedLicenses": licences,
        "licenseAssignmentStates": states,
        "assignedPlans": if truth.gates[PHONE] == Stand::Unread {
            chance_of(chance, &[json!("none"), json!({ "a": 1 }), json!([{ "capabilityStatus": "Enabled" }])])
        } else {
            Value::Array(held.plans)
        },
        "onPremisesSyncEnabled": chance_of(chance, &[Value::Null, json!(true), json!(false)]),
        "_teams": account,
    });
    made
}

fn chance_of(chance: &mut Chance, list: &[Value]) -> Value {
    list[chance.below(list.len())].clone()
}

fn told(made: &mut Made, warning: &'static str, is: bool) {
    if is {
        made.warned.push(warning);
    } else {
        made.quiet.push(warning);
    }
}

fn plans(chance: &mut Chance, truth: &Truth) -> Held {
    let mut held = Held::default();
    if let Kind::Resource(mark) = truth.kind {
        if mark == Mark::Plan || chance.percent(60) {
            let plan = chance.pick(&VIRTUAL);
            held.usable(chance, plan);
        }
        // Whatever else it holds, it is a resource account.
        if chance.percent(20) {
            held.usable(chance, PHONE_PLANS[0]);
        }
        if chance.percent(10) {
            let plan = chance.pick(&CALLING_PLANS);
            held.usable(chance, plan);
        }
        return held;
    }
    if chance.percent(75) {
        let plan = chance.pick(&[
            TEAMS[0], TEAMS[0], TEAMS[0], TEAMS[1], TEAMS[2], TEAMS[3], TEAMS[4], TEAMS[5],
            TEAMS[6], TEAMS[7],
        ]);
        held.usable(chance, plan);
    }
    let phone = chance.pick(&PHONE_PLANS);
    match truth.gates[PHONE] {
        Stand::Passed => held.usable(chance, phone),
        Stand::Failed if truth.decayed => held.decayed(chance, phone),
        Stand::Failed | Stand::Unread => {}
    }
    let calling = chance.pick(&CALLING_PLANS);
    match truth.gates[NO_CALLING] {
        Stand::Failed => held.usable(chance, calling),
        Stand::Passed if chance.percent(25) => held.decayed(chance, calling),
        Stand::Passed | Stand::Unread => {}
    }
    match truth.gates[NO_CREDITS] {
        Stand::Failed => held.usable(chance, CREDITS),
        Stand::Passed if chance.percent(15) => held.decayed(chance, CREDITS),
        Stand::Passed | Stand::Unread => {}
    }
    if chance.percent(15) {
        let plan = chance.pick(&VIRTUAL);
        held.decayed(chance, plan);
    }
    for _ in 0..chance.below(4) {
        let plan = chance.pick(&OTHERS);
        held.usable(chance, plan);
    }
    held
}

/// `assignedLicenses` and `licenseAssignmentStates`, with what was not granted switched off inside.
fn licences(chance: &mut Chance, truth: &Truth, held: &Held, room: bool) -> (Value, Value) {
    match truth.gates[LICENSED] {
        Stand::Unread => {
            return (
                chance_of(chance, &[json!("none"), json!({}), json!([7])]),
                json!([]),
            );
        }
        Stand::Failed => {
            // A group that could not give it, for want of seats, leaves a state and no licence.
            let state = state(chance, PLAIN_SKU, &json!([]), "Error");
            return (
                json!([]),
                if chance.percent(40) {
                    json!([state])
                } else {
                    json!([])
                },
            );
        }
        Stand::Passed => {}
    }
    let mut skus: Vec<(&str, &[&str])> = Vec::new();
    for plan in held.usable.iter().chain(&held.stopped) {
        let bringing: Vec<(&str, &[&str])> = SKUS
            .iter()
            .copied()
            .filter(|(_, plans)| plans.contains(plan))
            .collect();
        if !bringing.is_empty() {
            let sku = chance.pick(&bringing);
            if !skus.contains(&sku) {
                skus.push(sku);
            }
        }
    }
    if room {
        skus.push((chance.pick(&ROOMS), &[PHONE_PLANS[0]]));
    }
    if skus.is_empty() || chance.percent(20) {
        skus.push((PLAIN_SKU, &[]));
    }
    if chance.percent(10) && !held.usable.contains(&CALLING_PLANS[4]) {
        // The product and the plan inside have one id; the plan is switched off.
        skus.retain(|(sku, _)| *sku != CALLING_PLANS[4]);
        skus.push((CALLING_PLANS[4], &[CALLING_PLANS[4]]));
    }
    let (mut licences, mut states) = (Vec::new(), Vec::new());
    let untold = chance.percent(8);
    for (sku, plans) in skus {
        let off: Vec<&&str> = plans
            .iter()
            .filter(|plan| !held.usable.contains(plan) && !held.stopped.contains(plan))
            .collect();
        let off = json!(off);
        licences.push(json!({ "skuId": chance.cased(sku), "disabledPlans": off }));
        if !untold {
            let word = chance.pick(&["Active", "Active", "active", "ActiveWithError"]);
            states.push(state(chance, sku, &off, word));
        }
    }
    (json!(licences), json!(states))
}

fn state(chance: &mut Chance, sku: &str, off: &Value, word: &str) -> Value {
    let error = match word {
        "Error" => json!("CountViolation"),
        "ActiveWithError" => json!("DependencyViolation"),
        _ => chance_of(chance, &[json!("None"), Value::Null]),
    };
    let group = if chance.percent(30) {
        json!(chance.guid())
    } else {
        Value::Null
    };
    json!({ "skuId": sku, "disabledPlans": off, "assignedByGroup": group, "state": word, "error": error, "lastUpdatedDateTime": "2026-01-01T00:00:00Z" })
}

/// The kind of account that Teams shows, and the department.
fn teams(chance: &mut Chance, land: &Land, truth: &Truth) -> (Value, Value) {
    let known = [
        json!("user"),
        json!("user"),
        json!("user"),
        json!("guest"),
        json!("sfbOnPremUser"),
    ];
    // Words that say nothing of what the account is, and no row at all.
    let silent = [
        Value::Null,
        json!("ineligibleUser"),
        json!("unknown"),
        json!("unknownFutureValue"),
        json!("aKindOfTomorrow"),
    ];
    let plain = [
        Value::Null,
        json!("Sales"),
        json!("microsoft communications"),
    ];
    match truth.kind {
        Kind::Resource(Mark::AccountType) => (
            json!("resourceAccount"),
            chance_of(chance, &[Value::Null, json!(MARK)]),
        ),
        Kind::Resource(Mark::Department) => {
            let account = if land.teams {
                chance_of(chance, &silent)
            } else {
                json!("user")
            };
            (account, json!(MARK))
        }
        Kind::Resource(Mark::Plan) => {
            let account = if land.teams {
                chance_of(chance, &silent)
            } else {
                Value::Null
            };
            (account, chance_of(chance, &plain))
        }
        // Teams knows better than a department that was copied.
        Kind::Person if land.teams && chance.percent(6) => (chance_of(chance, &known), json!(MARK)),
        Kind::Person if land.teams && chance.percent(80) => {
            (chance_of(chance, &known), chance_of(chance, &plain))
        }
        Kind::Person => (chance_of(chance, &silent), chance_of(chance, &plain)),
    }
}

fn numbers(chance: &mut Chance, made: &mut Made, land: &Land, location: &str, n: usize) {
    let holds = chance.percent(35);
    let on_premises = chance.percent(20);
    if holds || chance.percent(3) {
        // One that says to whom it belongs and that it is free belongs to nobody.
        let status = if holds { "userAssigned" } else { "unassigned" };
        made.numbers.push(json!({
            "telephoneNumber": format!("+44123512{n:04}"),
            "numberType": chance.pick(&["directRouting", "directRouting", "directRouting", "callingPlan", "operatorConnect", "typeOfTomorrow"]),
            "numberSource": if on_premises { "onPremises" } else { "online" },
            "assignmentStatus": status,
            "assignmentTargetId": made.id,
        }));
    }
    if land.teams {
        told(made, "dirsync_number", holds && on_premises);
        told(made, "country", holds && !["GB", ""].contains(&location));
    }
}
