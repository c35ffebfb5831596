//! Which service plan decides what, by GUID, and the names of SKUs and plans, from `assets/service_plans.csv`.
//!
//! By GUID and never by prefix: `MCOPSTN…` would take Communications Credits for a Calling Plan, and two Calling Plans lack the prefix.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::guid::{Guid, PlanId, SkuId};

/// What a deciding plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlanClass {
    /// Phone System (now Teams Phone).
    Phone,
    /// The licence of resource accounts.
    Resource,
    /// A Calling Plan.
    Calling,
    /// Communications Credits.
    Credits,
    /// Teams itself.
    Teams,
    /// Teams Phone Mobile.
    Mobile,
}

/// What the plan of this code is, where it decides.
pub fn class_of_code(code: &str) -> Option<PlanClass> {
    let row = DECIDING.iter().find(|(_, name, _)| *name == code);
    row.map(|(class, _, _)| *class)
}

const DECIDING: &[(PlanClass, &str, &str)] = &[
    (
        PlanClass::Phone,
        "MCOEV",
        "4828c8ec-dc2e-4779-b502-87ac9ce28ab7",
    ),
    (
        PlanClass::Phone,
        "MCOEVSMB",
        "ed777b71-af04-42ca-9798-84344c66f7c6",
    ),
    (
        PlanClass::Phone,
        "MCOEV_GOV",
        "db23fce2-a974-42ef-9002-d78dd42a0f22",
    ),
    (
        PlanClass::Resource,
        "MCOEV_VIRTUALUSER",
        "f47330e9-c134-43b3-9993-e7f004506889",
    ),
    (
        PlanClass::Resource,
        "MCOEV_VIRTUALUSER_GOV",
        "0628a73f-3b4a-4989-bd7b-0f8823144313",
    ),
    (
        PlanClass::Calling,
        "MCOPSTN1",
        "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8",
    ),
    (
        PlanClass::Calling,
        "MCOPSTN1_GOV",
        "3c8a8792-7866-409b-bb61-1b20ace0368b",
    ),
    (
        PlanClass::Calling,
        "MCOPSTN2",
        "5a10155d-f5c1-411a-a8ec-e99aae125390",
    ),
    (
        PlanClass::Calling,
        "MCOPSTN3",
        "6b340437-d6f9-4dc5-8cc2-99163f7f83d6",
    ),
    (
        PlanClass::Calling,
        "MCOPSTN5",
        "54a152dc-90de-4996-93d2-bc47e670fc06",
    ),
    (
        PlanClass::Calling,
        "MCOPSTN6",
        "346d83bf-6fe6-42ca-b424-b9300d2e21bf",
    ),
    (
        PlanClass::Calling,
        "MCOPSTN8",
        "16935b20-87c0-4908-934a-22aa267d0d26",
    ),
    (
        PlanClass::Calling,
        "MCOPSTNEAU",
        "7861360b-dc3b-4eba-a3fc-0d323a035746",
    ),
    (
        PlanClass::Calling,
        "MCOPSTN_PAYG_1",
        "156a1efe-17cd-4b03-9f17-2eb512298fb3",
    ),
    (
        PlanClass::Calling,
        "PSTN5_US",
        "1346d5e6-15a6-4b88-9693-806ff7296a7a",
    ),
    (
        PlanClass::Calling,
        "PSTN Domestic Small",
        "9a0125a5-c8f8-4526-b231-49e2abe0ebce",
    ),
    (
        PlanClass::Credits,
        "MCOPSTNC",
        "505e180f-f7e0-4b65-91d4-00d670bbd18c",
    ),
    (
        PlanClass::Mobile,
        "MCOFMC1",
        "cb22fbd7-ed7d-4786-a27a-e4cd617b69c0",
    ),
    (
        PlanClass::Teams,
        "TEAMS1",
        "57ff2da0-773e-42df-b2af-ffb7a2317929",
    ),
    (
        PlanClass::Teams,
        "TEAMS_GOV",
        "304767db-7d23-49e8-a945-4a7eb65f9f28",
    ),
    (
        PlanClass::Teams,
        "TEAMS_AR_GCCHIGH",
        "9953b155-8aef-4c56-92f3-72b0487fce41",
    ),
    (
        PlanClass::Teams,
        "TEAMS_AR_DOD",
        "fd500458-c24c-478e-856c-a6067a8376cd",
    ),
    (
        PlanClass::Teams,
        "MCO_TEAMS_IW",
        "42a3ec34-28ba-46b6-992f-db53a675ac5b",
    ),
    (
        PlanClass::Teams,
        "TeamsEss",
        "f4f2f6de-6830-442b-a433-e92249faebe2",
    ),
    (
        PlanClass::Teams,
        "TEAMS_FREE",
        "4fa4026d-ce74-4962-a151-8e96d57ea8e4",
    ),
    (
        PlanClass::Teams,
        "TEAMS_DESKLESS",
        "a42de799-58ae-4e6a-aa1d-948e7abec726",
    ),
];

/// SKUs of rooms and shared devices: they bring Phone System, and are no people.
const ROOMS: &[&str] = &[
    "295a8eb0-f78d-45c7-8b5b-1eed5ed02dff",
    "4cde982a-ede4-4409-9ae6-b003453c8ea6",
    "6070a4c8-34c6-4937-8dfb-39bbc6397a60",
];

/// The rows of the table, by deciding plan: changing it changes what a stored classification means.
pub const TABLE_VERSION: u32 = 1;

struct Names {
    classes: HashMap<PlanId, (PlanClass, &'static str)>,
    plans: HashMap<PlanId, String>,
    skus: HashMap<SkuId, String>,
    /// Plans of each product, as Microsoft sells it.
    brings: HashMap<SkuId, Vec<PlanId>>,
    rooms: Vec<SkuId>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let classes = DECIDING
        .iter()
        .map(|(class, name, id)| {
            (
                id.parse().expect("the table above holds GUIDs"),
                (*class, *name),
            )
        })
        .collect();
    let rooms = ROOMS
        .iter()
        .map(|id| id.parse().expect("the table above holds GUIDs"))
        .collect();
    let (mut plans, mut skus) = (HashMap::new(), HashMap::new());
    let mut brings: HashMap<SkuId, Vec<PlanId>> = HashMap::new();
    let mut reader =
        csv::Reader::from_reader(include_bytes!("../../assets/service_plans.csv").as_slice());
    for row in reader.records().flatten() {
        let field = |n: usize| row.get(n).unwrap_or_default();
        if let Ok(id) = field(2).parse() {
            skus.entry(id).or_insert_with(|| field(0).to_owned());
        }
        if let (Ok(sku), Ok(plan)) = (field(2).parse(), field(4).parse()) {
            brings.entry(sku).or_default().push(plan);
        }
        if let Ok(id) = field(4).parse() {
            plans.entry(id).or_insert_with(|| field(5).to_owned());
        }
    }
    Names {
        classes,
        plans,
        skus,
        brings,
        rooms,
    }
});

/// What the plan decides; `None` for the many that decide nothing here.
pub fn class(plan: PlanId) -> Option<PlanClass> {
    NAMES.classes.get(&plan).map(|(class, _)| *class)
}

/// The short name of a deciding plan (`MCOPSTN1`); empty for others.
pub fn code(plan: PlanId) -> &'static str {
    NAMES.classes.get(&plan).map_or("", |(_, name)| name)
}

/// The friendly name of a plan, or its code.
pub fn plan_name(plan: PlanId) -> &'static str {
    NAMES
        .plans
        .get(&plan)
        .map_or_else(|| code(plan), String::as_str)
}

/// The friendly name of a SKU, if it is in the table.
pub fn sku_name(sku: SkuId) -> Option<&'static str> {
    NAMES.skus.get(&sku).map(String::as_str)
}

/// All products and plans of the table, by id and name: what is the same in every tenant.
pub fn public() -> impl Iterator<Item = (Guid, &'static str)> {
    let plans = NAMES.plans.iter().map(|(id, name)| (id.0, name.as_str()));
    let skus = NAMES.skus.iter().map(|(id, name)| (id.0, name.as_str()));
    let codes = NAMES.classes.iter().map(|(id, (_, code))| (id.0, *code));
    plans.chain(skus).chain(codes)
}

/// The plans of a SKU by the table: for a product that the tenant does not list, though somebody has it.
pub fn sold_with(sku: SkuId) -> &'static [PlanId] {
    NAMES.brings.get(&sku).map_or(&[], Vec::as_slice)
}

/// Whether the SKU is meant for a room or a shared device.
pub fn is_room(sku: SkuId) -> bool {
    NAMES.rooms.contains(&sku)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_no_calling_plan() {
        let class_of = |text: &str| class(text.parse().unwrap());
        assert_eq!(
            class_of("505e180f-f7e0-4b65-91d4-00d670bbd18c"),
            Some(PlanClass::Credits)
        );
        assert_eq!(
            class_of("1346d5e6-15a6-4b88-9693-806ff7296a7a"),
            Some(PlanClass::Calling)
        );
        assert_eq!(class_of("00000000-0000-0000-0000-000000000000"), None);
    }

    #[test]
    fn names_come_from_the_table() {
        let sku = "ae2343d1-0999-43f6-ae18-d816516f6e78".parse().unwrap();
        assert_eq!(sku_name(sku), Some("Teams Phone with Calling Plan"));
        assert!(is_room(
            "4cde982a-ede4-4409-9ae6-b003453c8ea6".parse().unwrap()
        ));
    }
}
