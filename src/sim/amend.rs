//! `PATCH /users/{id}`: what may be changed of a user, and by whom it is mastered.

use serde_json::Value;

use super::wire::{Call, Refusal, Reply};
use super::world::World;

/// Properties that the synchronisation masters.
const MASTERED: &[&str] = &[
    "businessPhones",
    "mobilePhone",
    "displayName",
    "givenName",
    "surname",
    "jobTitle",
    "department",
    "officeLocation",
    "mail",
    "userPrincipalName",
    "accountEnabled",
    "country",
    "otherMails",
];

/// Changes what is named, and nothing else.
pub(super) fn patch(world: &mut World, call: &Call, key: &str) -> Result<Reply, Refusal> {
    let place = world
        .tenant
        .place_of(key)
        .ok_or_else(|| Refusal::no_resource(key))?;
    let synced = world
        .tenant
        .person(place)
        .is_some_and(|person| person.is_synced());
    let mut body = call.object()?;
    // Typed clients always say of what type the object is; annotations are no properties.
    body.retain(|name, _| !name.contains("@odata."));
    for (name, value) in &body {
        if name == "usageLocation" {
            check_location(value)?;
        } else if MASTERED.contains(&name.as_str()) {
            if synced {
                return Err(Refusal::bad(
                    "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.",
                ));
            }
        } else if name == "proxyAddresses"
            || name == "assignedPlans"
            || name == "assignedLicenses"
            || name == "id"
        {
            return Err(Refusal::bad(format!(
                "Property '{name}' is read-only and cannot be set."
            )));
        } else {
            return Err(Refusal::bad(format!(
                "Property '{name}' does not exist or is not updatable on resource 'User'."
            )));
        }
    }
    super::control::merge_person(world, place, &body).map_err(Refusal::bad)?;
    Ok(Reply::empty(204))
}

fn check_location(value: &Value) -> Result<(), Refusal> {
    let wrong =
        || Refusal::bad("Invalid value specified for property 'usageLocation' of resource 'User'.");
    let code = value.as_str().ok_or_else(wrong)?;
    // `UK` looks like a country and is none; so do a few others that people type.
    let is_code = code.len() == 2
        && code.bytes().all(|byte| byte.is_ascii_uppercase())
        && COUNTRIES.split(' ').any(|country| country == code);
    if is_code { Ok(()) } else { Err(wrong()) }
}

/// ISO 3166-1 alpha-2.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF \
CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS \
GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD \
ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE \
RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC \
VE VG VI VN VU WF WS YE YT ZA ZM ZW";
