//! Assigning and releasing numbers: accepted at once, done later.
//!
//! A request only leaves an operation behind. The inventory changes when the operation gets to running, and whether it
//! will succeed is found out then and not before. Work goes on with each look at the operation, and with each look at
//! what it will change, so that a client that drops the `Location` sees its number too. What the operation says of
//! itself goes one status on per look at it, and may be behind the work, but never ahead of it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::chance;
use super::inventory::{NumberRow, kept_form};
use super::teams;
use super::wire::{Call, Refusal, Reply};
use super::world::World;

/// An operation goes on by itself after this time, also if nobody looks.
const PATIENCE: SignedDuration = SignedDuration::from_secs(10);

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    Assign,
    Unassign,
}

/// How far an operation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Step {
    /// Accepted; nobody has looked yet.
    Accepted,
    /// Looked at once, and not started.
    NotStarted,
    /// Carried out.
    Running,
    /// Over.
    Done,
}

impl Step {
    fn first() -> Self {
        Self::Accepted
    }

    fn next(self) -> Self {
        match self {
            Self::Accepted => Self::NotStarted,
            Self::NotStarted => Self::Running,
            Self::Running | Self::Done => Self::Done,
        }
    }
}

/// One accepted request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Operation {
    pub kind: Kind,
    pub number: String,
    pub number_type: String,
    pub target: Option<String>,
    pub category: String,
    pub location: Option<String>,
    pub created: Timestamp,
    pub step: Step,
    /// The last step that was told to whoever asks for the operation itself.
    #[serde(default = "Step::first")]
    pub told: Step,
    /// Why it failed; known once it was carried out.
    pub failure: Option<String>,
}

/// `assignNumber` and `unassignNumber`.
pub(super) fn accept(world: &mut World, call: &Call, kind: Kind) -> Result<Reply, Refusal> {
    let body = call.object()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let wrong = |message: String| Refusal::new(400, "BadRequest", message).at_gateway();
    let given = text("telephoneNumber")
        .ok_or_else(|| wrong("The telephoneNumber field is required.".to_owned()))?;
    let number =
        kept_form(&given).ok_or_else(|| wrong(format!("Invalid telephone number '{given}'.")))?;
    let number_type =
        text("numberType").ok_or_else(|| wrong("The numberType field is required.".to_owned()))?;
    if !matches!(
        number_type.as_str(),
        "directRouting" | "callingPlan" | "operatorConnect"
    ) {
        return Err(wrong(format!(
            "The value '{number_type}' is not valid for numberType."
        )));
    }
    let target = text("assignmentTargetId");
    if kind == Kind::Assign {
        let id = target
            .as_deref()
            .ok_or_else(|| wrong("The assignmentTargetId field is required.".to_owned()))?;
        if id.len() != 36
            || !id
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        {
            return Err(wrong(format!(
                "The value '{id}' is not valid for assignmentTargetId: an object id is expected."
            )));
        }
    }
    let operation = Operation {
        kind,
        number,
        number_type,
        target,
        category: text("assignmentCategory").unwrap_or_else(|| "primary".to_owned()),
        location: text("locationId"),
        created: world.now(),
        step: Step::Accepted,
        told: Step::Accepted,
        failure: None,
    };
    let name = if kind == Kind::Assign {
        "Assignment"
    } else {
        "Unassignment"
    };
    let id = URL_SAFE_NO_PAD.encode(format!("{name}|{}", chance::guid()));
    let location = format!(
        "{}/v1.0/admin/teams/telephoneNumberManagement/operations('{id}')",
        call.base
    );
    world.tenant.operations.insert(id, operation);
    world.note_change();
    Ok(Reply::empty(202).with("Location", location))
}

/// `GET operations/{id}`: each look takes the operation one step on.
pub(super) fn look(world: &mut World, call: &Call, id: &str) -> Result<Reply, Refusal> {
    let told = world
        .tenant
        .operations
        .get(id)
        .ok_or_else(Refusal::not_found)?
        .told;
    tell(world, id, told.next());
    let operation = world
        .tenant
        .operations
        .get(id)
        .ok_or_else(Refusal::not_found)?;
    let status = match (operation.told, &operation.failure) {
        (Step::Accepted | Step::NotStarted, _) => "notStarted",
        (Step::Running, _) => "running",
        (Step::Done, None) => "succeeded",
        (Step::Done, Some(_)) => "failed",
    };
    let detail = operation.failure.as_ref().filter(|_| status == "failed");
    let resource = NumberRow {
        kind: operation.number_type.clone(),
        ..NumberRow::free(&operation.number)
    }
    .id();
    Ok(Reply::value(&json!({
        "@odata.context": format!("{}/v1.0/$metadata#admin/teams/telephoneNumberManagement/operations/$entity", call.base),
        "id": id,
        "createdDateTime": operation.created.to_string(),
        "status": status,
        "numbers": [{
            "resourceLocation": format!("{}/v1.0/admin/teams/telephoneNumberManagement/numberAssignments/{resource}", call.base),
            "status": status,
            "statusDetail": detail,
        }],
    })))
}

/// Takes what is under way one step on, since somebody looks at what it will change.
pub(super) fn advance(world: &mut World) {
    let open: Vec<(String, Step)> = world
        .tenant
        .operations
        .iter()
        .filter(|(_, operation)| operation.step != Step::Done)
        .map(|(id, operation)| (id.clone(), operation.step))
        .collect();
    for (id, step) in open {
        bring_to(world, &id, step.next());
    }
}

/// Carries out what has waited long enough, looked at or not.
pub(super) fn carry_out_late(world: &mut World) {
    let now = world.now();
    let late: Vec<String> = world
        .tenant
        .operations
        .iter()
        .filter(|(_, operation)| {
            operation.told < Step::Running && now.duration_since(operation.created) >= PATIENCE
        })
        .map(|(id, _)| id.clone())
        .collect();
    for id in late {
        tell(world, &id, Step::Running);
    }
}

/// Notes what is told of an operation, whose work must have come as far.
fn tell(world: &mut World, id: &str, told: Step) {
    bring_to(world, id, told);
    if let Some(operation) = world.tenant.operations.get_mut(id)
        && operation.told != told
    {
        operation.told = told;
        world.note_change();
    }
}

/// Brings an operation's work as far as a step, if it is not there yet. It is carried out once, on the way to running.
fn bring_to(world: &mut World, id: &str, step: Step) {
    let Some(before) = world.tenant.operations.get(id).map(|one| one.step) else {
        return;
    };
    if before >= step {
        return;
    }
    if before < Step::Running && step >= Step::Running {
        carry_out(world, id);
    }
    if let Some(operation) = world.tenant.operations.get_mut(id) {
        operation.step = step;
        world.note_change();
    }
}

fn carry_out(world: &mut World, id: &str) {
    let Some(operation) = world.tenant.operations.get(id).cloned() else {
        return;
    };
    let outcome = match operation.kind {
        Kind::Assign => assign(world, &operation),
        Kind::Unassign => unassign(world, &operation),
    };
    if let Some(operation) = world.tenant.operations.get_mut(id) {
        operation.failure = outcome.err();
    }
    world.note_change();
}

const ON_PREMISES: &str = "The user already has a telephone number set in the on-premises Active Directory and synchronized to the cloud. Please remove it from the on-premises Active Directory, or update it there.";

fn assign(world: &mut World, operation: &Operation) -> Result<(), String> {
    let id = operation.target.clone().unwrap_or_default();
    let not_found = || format!("The user '{id}' is not found");
    let place = world.tenant.place_of_id(&id).ok_or_else(not_found)?;
    let person = world
        .tenant
        .person(place)
        .ok_or_else(not_found)?
        .into_owned();
    let held = world.tenant.numbers_of(&person.id);
    if held.iter().any(|row| row.source == "onPremises") {
        return Err(ON_PREMISES.to_owned());
    }
    let row = match world.tenant.number(&operation.number) {
        Some(row) if row.kind != operation.number_type => {
            return Err(unknown_number(world, operation));
        }
        None if operation.number_type != "directRouting" => {
            return Err(unknown_number(world, operation));
        }
        Some(row) => row,
        None => NumberRow::free(&operation.number),
    };
    if row.status != "unassigned" && row.target.as_deref() != Some(person.id.as_str()) {
        return Err(format!(
            "Telephone Number '{}' has already been assigned to another user",
            operation.number
        ));
    }
    check_licences(world, &person, operation)?;

    world.remember_view(place);
    for mut old in held
        .into_iter()
        .filter(|old| old.number != operation.number && old.category == operation.category)
    {
        old.let_go();
        world.tenant.numbers.insert(old.number.clone(), old);
    }
    let is_resource = teams::view(world, &person)
        .features
        .iter()
        .any(|feature| feature == "VoiceApp")
        || person.account_type.as_deref() == Some("resourceAccount");
    let mut row = row;
    row.hold(
        &person.id,
        if is_resource {
            "voiceApplicationAssigned"
        } else {
            "userAssigned"
        },
    );
    row.category.clone_from(&operation.category);
    row.location.clone_from(&operation.location);
    world.tenant.numbers.insert(row.number.clone(), row);
    clear_voice(world, place);
    Ok(())
}

/// Teams decides by what it knows of the licences, which may be what was true a while ago.
fn check_licences(
    world: &World,
    person: &super::person::Person,
    operation: &Operation,
) -> Result<(), String> {
    let features = teams::view(world, person).features;
    let has = |feature: &str| features.iter().any(|known| known == feature);
    let shown = match operation.number_type.as_str() {
        "callingPlan" => "CallingPlan",
        "operatorConnect" => "OperatorConnect",
        _ => "DirectRouting",
    };
    let enough = match shown {
        _ if has("VoiceApp") => true,
        "CallingPlan" => has("PhoneSystem") && has("CallingPlan"),
        "DirectRouting" => has("PhoneSystem") && !has("CallingPlan"),
        _ => has("PhoneSystem"),
    };
    if enough {
        Ok(())
    } else {
        Err(format!(
            "User '{}' lacks appropriate licenses to assign a '{shown}' number.",
            person.id
        ))
    }
}

fn unassign(world: &mut World, operation: &Operation) -> Result<(), String> {
    let Some(mut row) = world
        .tenant
        .number(&operation.number)
        .filter(|row| row.kind == operation.number_type)
    else {
        return Err(unknown_number(world, operation));
    };
    if row.source == "onPremises" {
        return Err(ON_PREMISES.to_owned());
    }
    let Some(target) = row.target.clone() else {
        return Err(format!(
            "Telephone Number '{}' is not assigned to any user.",
            operation.number
        ));
    };
    let place = world.tenant.place_of_id(&target);
    if let Some(place) = place {
        world.remember_view(place);
    }
    row.let_go();
    world.tenant.numbers.insert(row.number.clone(), row);
    if let Some(place) = place {
        clear_voice(world, place);
    }
    Ok(())
}

/// Enterprise voice follows the number again, whatever was set by hand before.
fn clear_voice(world: &mut World, place: u64) {
    if let Some(person) = world.tenant.people.get_mut(&place) {
        person.voice = None;
    }
}

fn unknown_number(world: &World, operation: &Operation) -> String {
    format!(
        "Telephone Number '{}' is not found from tenant '{}'",
        operation.number,
        world.tenant_id()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Scenario;
    use crate::sim::wire::Payload;

    fn id(world: &World, upn: &str) -> String {
        world
            .tenant
            .find(&format!("{upn}@contoso.example"))
            .unwrap()
            .id
            .clone()
    }

    fn accepted(world: &mut World, kind: Kind, body: &Value) -> String {
        let mut call = Call::new("POST", "/v1.0/x", "http://h".to_owned());
        call.body = body.to_string().into_bytes();
        let reply = accept(world, &call, kind).unwrap();
        assert_eq!(reply.status, 202);
        let location = &reply.headers[0].1;
        location.split('\'').nth(1).unwrap().to_owned()
    }

    fn polled(world: &mut World, id: &str) -> (String, Option<String>) {
        let call = Call::new("GET", "/v1.0/x", "http://h".to_owned());
        let Payload::Json(text, _) = look(world, &call, id).unwrap().payload else {
            panic!("no body")
        };
        let value: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value["status"], value["numbers"][0]["status"]);
        (
            value["status"].as_str().unwrap().to_owned(),
            value["numbers"][0]["statusDetail"]
                .as_str()
                .map(str::to_owned),
        )
    }

    fn outcome(world: &mut World, kind: Kind, body: &Value) -> Option<String> {
        let id = accepted(world, kind, body);
        let steps: Vec<(String, Option<String>)> = (0..4).map(|_| polled(world, &id)).collect();
        assert_eq!(
            (steps[0].0.as_str(), steps[1].0.as_str()),
            ("notStarted", "running")
        );
        assert_eq!(steps[2], steps[3]);
        assert_eq!(steps[2].0 == "failed", steps[2].1.is_some());
        steps[2].1.clone()
    }

    fn assigning(number: &str, target: &str) -> Value {
        json!({ "telephoneNumber": number, "assignmentTargetId": target, "numberType": "directRouting" })
    }

    #[test]
    fn the_inventory_changes_when_the_operation_is_seen_running() {
        let mut world = World::for_test(&Scenario::Tour);
        let joni = id(&world, "joni");
        let operation = accepted(&mut world, Kind::Assign, &assigning("441235123480", &joni));
        assert_eq!(polled(&mut world, &operation).0, "notStarted");
        assert_eq!(world.tenant.number("+441235123480").unwrap().target, None);
        assert_eq!(polled(&mut world, &operation).0, "running");
        assert_eq!(
            world.tenant.number("+441235123480").unwrap().target,
            Some(joni.clone())
        );
        assert_eq!(
            polled(&mut world, &operation),
            ("succeeded".to_owned(), None)
        );
        let person = world.tenant.find(&joni).unwrap();
        let view = teams::view(&world, &person);
        assert!(view.voice);
        assert_eq!(
            view.numbers,
            [("+441235123480".to_owned(), "primary".to_owned())]
        );
    }

    #[test]
    fn an_operation_that_nobody_follows_is_done_by_looking_at_the_inventory() {
        let mut world = World::for_test(&Scenario::Tour);
        let joni = id(&world, "joni");
        let operation = accepted(&mut world, Kind::Assign, &assigning("441235123480", &joni));
        let holder = |world: &World| world.tenant.number("+441235123480").unwrap().target;
        advance(&mut world);
        assert_eq!(holder(&world), None);
        advance(&mut world);
        assert_eq!(holder(&world), Some(joni.clone()));
        assert_eq!(world.tenant.operations[&operation].step, Step::Running);
        advance(&mut world);
        assert_eq!(world.tenant.operations[&operation].step, Step::Done);
        let before = serde_json::to_value(&world.tenant).unwrap();
        advance(&mut world);
        assert_eq!(serde_json::to_value(&world.tenant).unwrap(), before);
        let told: Vec<String> = (0..4).map(|_| polled(&mut world, &operation).0).collect();
        assert_eq!(told, ["notStarted", "running", "succeeded", "succeeded"]);
        assert_eq!(holder(&world), Some(joni));
    }

    #[test]
    fn each_failure_has_its_words() {
        let mut world = World::for_test(&Scenario::Tour);
        let (joni, megan, alex, debra) = (
            id(&world, "joni"),
            id(&world, "megan"),
            id(&world, "alex"),
            id(&world, "debra"),
        );
        let lacks = |id: &str| {
            Some(format!(
                "User '{id}' lacks appropriate licenses to assign a 'DirectRouting' number."
            ))
        };
        assert_eq!(
            outcome(&mut world, Kind::Assign, &assigning("+441235123471", &joni)),
            Some(
                "Telephone Number '+441235123471' has already been assigned to another user"
                    .to_owned()
            )
        );
        assert_eq!(
            outcome(
                &mut world,
                Kind::Assign,
                &assigning("+441235123480", &debra)
            ),
            lacks(&debra)
        );
        assert_eq!(
            outcome(&mut world, Kind::Assign, &assigning("+14255550150", &alex)),
            lacks(&alex)
        );
        assert!(
            outcome(
                &mut world,
                Kind::Assign,
                &assigning("+441235123480", &megan)
            )
            .unwrap()
            .contains("set in the on-premises Active Directory")
        );
        let operator = json!({ "telephoneNumber": "+442079460099", "assignmentTargetId": joni, "numberType": "operatorConnect" });
        assert_eq!(
            outcome(&mut world, Kind::Assign, &operator),
            Some(format!(
                "Telephone Number '+442079460099' is not found from tenant '{}'",
                world.tenant.id
            ))
        );
        let release = json!({ "telephoneNumber": "+441235123470", "numberType": "directRouting" });
        assert!(
            outcome(&mut world, Kind::Unassign, &release)
                .unwrap()
                .contains("on-premises")
        );
        let nobody = "00000000-0000-4000-8000-000000000000";
        assert_eq!(
            outcome(
                &mut world,
                Kind::Assign,
                &assigning("+441235123480", nobody)
            ),
            Some(format!("The user '{nobody}' is not found"))
        );
    }

    #[test]
    fn a_number_moves_after_its_release_and_an_unknown_one_is_made() {
        let mut world = World::for_test(&Scenario::Tour);
        let (kim, pat) = (id(&world, "kim"), id(&world, "pat"));
        let release = json!({ "telephoneNumber": "+441235123472", "numberType": "directRouting" });
        assert_eq!(outcome(&mut world, Kind::Unassign, &release), None);
        assert!(world.tenant.numbers_of(&pat).is_empty());
        assert_eq!(
            outcome(&mut world, Kind::Assign, &assigning("+441235123472", &kim)),
            None
        );
        assert_eq!(world.tenant.numbers_of(&kim)[0].number, "+441235123472");
        let taro = id(&world, "taro");
        assert_eq!(
            outcome(&mut world, Kind::Assign, &assigning("+81312345678", &taro)),
            None
        );
        assert_eq!(
            world.tenant.number("+81312345678").unwrap().kind,
            "directRouting"
        );
        let reception = id(&world, "reception");
        assert_eq!(
            outcome(
                &mut world,
                Kind::Unassign,
                &json!({ "telephoneNumber": "+441235123400", "numberType": "directRouting" })
            ),
            None
        );
        assert_eq!(
            outcome(
                &mut world,
                Kind::Assign,
                &assigning("+441235123481", &reception)
            ),
            None
        );
        assert_eq!(
            world.tenant.number("+441235123481").unwrap().status,
            "voiceApplicationAssigned"
        );
    }

    #[test]
    fn malformed_requests_are_refused_at_once() {
        let mut world = World::for_test(&Scenario::Tour);
        let mut call = Call::new("POST", "/v1.0/x", "http://h".to_owned());
        for body in [
            json!({ "telephoneNumber": "tel:+44", "numberType": "directRouting", "assignmentTargetId": "x" }),
            json!({ "telephoneNumber": "+441235123480", "numberType": "DirectRouting", "assignmentTargetId": "x" }),
            json!({ "telephoneNumber": "+441235123480", "numberType": "directRouting", "assignmentTargetId": "joni@contoso.example" }),
            json!({ "numberType": "directRouting" }),
        ] {
            call.body = body.to_string().into_bytes();
            assert_eq!(
                accept(&mut world, &call, Kind::Assign).unwrap_err().status,
                400,
                "{body}"
            );
        }
    }
}
