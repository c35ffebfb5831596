//! A person as the directory shows it: which properties there are, which come without asking, and how each is
//! written.

use jiff::Timestamp;

use super::catalogue::Catalogue;
use super::filter::{Fact, Facts, Reach};
use super::json::Json;
use super::person::{Grant, Person, PlanRow, Plans};
use super::tenant::Tenant;
use super::wire::Refusal;

/// A property of a user that is kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Property {
    Id,
    BusinessPhones,
    DisplayName,
    GivenName,
    JobTitle,
    Mail,
    MobilePhone,
    OfficeLocation,
    PreferredLanguage,
    Surname,
    UserPrincipalName,
    AccountEnabled,
    AssignedLicenses,
    AssignedPlans,
    Country,
    CreatedDateTime,
    Department,
    ImAddresses,
    LicenseAssignmentStates,
    SyncEnabled,
    SyncedAt,
    ImmutableId,
    SamAccountName,
    SyncedUpn,
    ProvisioningErrors,
    OtherMails,
    ProxyAddresses,
    UsageLocation,
    UserType,
    /// One that Graph knows and this tenant has nothing for.
    Nothing(&'static str),
}

use Property as P;

const NAMES: &[(&str, Property)] = &[
    ("businessPhones", P::BusinessPhones),
    ("displayName", P::DisplayName),
    ("givenName", P::GivenName),
    ("jobTitle", P::JobTitle),
    ("mail", P::Mail),
    ("mobilePhone", P::MobilePhone),
    ("officeLocation", P::OfficeLocation),
    ("preferredLanguage", P::PreferredLanguage),
    ("surname", P::Surname),
    ("userPrincipalName", P::UserPrincipalName),
    ("id", P::Id),
    ("accountEnabled", P::AccountEnabled),
    ("assignedLicenses", P::AssignedLicenses),
    ("assignedPlans", P::AssignedPlans),
    ("country", P::Country),
    ("createdDateTime", P::CreatedDateTime),
    ("department", P::Department),
    ("imAddresses", P::ImAddresses),
    ("licenseAssignmentStates", P::LicenseAssignmentStates),
    ("onPremisesSyncEnabled", P::SyncEnabled),
    ("onPremisesLastSyncDateTime", P::SyncedAt),
    ("onPremisesImmutableId", P::ImmutableId),
    ("onPremisesSamAccountName", P::SamAccountName),
    ("onPremisesUserPrincipalName", P::SyncedUpn),
    ("onPremisesProvisioningErrors", P::ProvisioningErrors),
    ("otherMails", P::OtherMails),
    ("proxyAddresses", P::ProxyAddresses),
    ("usageLocation", P::UsageLocation),
    ("userType", P::UserType),
];

/// How many of the names above come without `$select`.
const DEFAULT: usize = 11;

/// Known to Graph, empty here.
const NOTHING: &[&str] = &[
    "ageGroup",
    "city",
    "companyName",
    "creationType",
    "deletedDateTime",
    "employeeId",
    "externalUserState",
    "faxNumber",
    "isResourceAccount",
    "lastPasswordChangeDateTime",
    "mailNickname",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesSecurityIdentifier",
    "postalCode",
    "provisionedPlans",
    "refreshTokensValidFromDateTime",
    "securityIdentifier",
    "state",
    "streetAddress",
];

/// Kept in other stores: a list of users cannot show them.
const SINGLE_ONLY: &[&str] = &[
    "aboutMe",
    "birthday",
    "hireDate",
    "interests",
    "mailboxSettings",
    "mySite",
    "pastProjects",
    "preferredName",
    "responsibilities",
    "schools",
    "skills",
];

/// What a user list can be filtered by.
pub(super) const REACH: &[(&str, Reach)] = &[
    ("id", Reach::Always),
    ("userPrincipalName", Reach::Always),
    ("mail", Reach::Always),
    ("displayName", Reach::Always),
    ("givenName", Reach::Always),
    ("surname", Reach::Always),
    ("accountEnabled", Reach::Always),
    ("department", Reach::Always),
    ("usageLocation", Reach::Always),
    ("userType", Reach::Always),
    ("onPremisesSyncEnabled", Reach::Always),
    ("proxyAddresses", Reach::Any),
    ("assignedLicenses", Reach::Any),
    ("assignedPlans", Reach::AnyAdvanced),
];

/// The properties that an answer shows, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    /// The properties.
    pub properties: Vec<Property>,
    /// Whether the caller chose them.
    pub chosen: bool,
}

impl Selection {
    /// Reads `$select`; without names, the default set.
    pub(super) fn read(names: &[String]) -> Result<Self, Refusal> {
        if names.is_empty() || names.iter().any(|name| name == "*") {
            let properties = NAMES[..DEFAULT]
                .iter()
                .map(|(_, property)| *property)
                .collect();
            return Ok(Self {
                properties,
                chosen: false,
            });
        }
        let properties = names
            .iter()
            .map(|name| property(name))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            properties,
            chosen: true,
        })
    }

    /// The selection as it stands in `@odata.context`.
    pub(super) fn context(&self) -> String {
        if !self.chosen {
            return String::new();
        }
        let names: Vec<&str> = self
            .properties
            .iter()
            .map(|property| property.name())
            .collect();
        format!("({})", names.join(","))
    }

    /// Whether everything asked for is open to a caller who may read names only.
    pub(super) fn is_basic(&self) -> bool {
        use Property::{DisplayName, GivenName, Id, Mail, Surname, UserPrincipalName};
        self.chosen
            && self.properties.iter().all(|property| {
                matches!(
                    property,
                    Id | DisplayName | GivenName | Surname | Mail | UserPrincipalName
                )
            })
    }
}

impl Property {
    /// As it stands on the wire.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nothing(name) => name,
            known => NAMES
                .iter()
                .find(|(_, property)| *property == known)
                .map_or("", |(name, _)| name),
        }
    }

    /// Whether a person has ever had a value here. A delta leaves out what was never set.
    pub(super) fn is_set(self, person: &Person) -> bool {
        match self {
            Self::Nothing(_) | Self::ProvisioningErrors => false,
            Self::GivenName => person.given.is_some(),
            Self::Surname => person.family.is_some(),
            Self::JobTitle => person.title.is_some(),
            Self::Mail => person.mail.is_some(),
            Self::MobilePhone => person.mobile.is_some(),
            Self::OfficeLocation => person.office.is_some(),
            Self::PreferredLanguage => person.language.is_some(),
            Self::Country => person.country.is_some(),
            Self::Department => person.department.is_some(),
            Self::UsageLocation => person.location.is_some(),
            Self::DisplayName => person.name.is_some(),
            Self::SyncEnabled
            | Self::SyncedAt
            | Self::ImmutableId
            | Self::SamAccountName
            | Self::SyncedUpn => person.synced.is_some(),
            Self::ImAddresses => !person.sip.is_empty(),
            Self::OtherMails => !person.other_mails.is_empty(),
            Self::Id
            | Self::BusinessPhones
            | Self::UserPrincipalName
            | Self::AccountEnabled
            | Self::AssignedLicenses
            | Self::AssignedPlans
            | Self::CreatedDateTime
            | Self::LicenseAssignmentStates
            | Self::ProxyAddresses
            | Self::UserType => true,
        }
    }
}

fn property(name: &str) -> Result<Property, Refusal> {
    if let Some((_, property)) = NAMES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
    {
        return Ok(*property);
    }
    if let Some(known) = NOTHING
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))
    {
        return Ok(Property::Nothing(known));
    }
    if SINGLE_ONLY
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
    {
        return Err(Refusal::new(
            501,
            "NotImplemented",
            "This operation target is not yet supported.",
        ));
    }
    if name.eq_ignore_ascii_case("signInActivity") {
        return Err(Refusal::new(
            403,
            "Authentication_MSGraphPermissionMissing",
            "The principal does not have required Microsoft Graph permission(s): AuditLog.Read.All to call this API.",
        ));
    }
    Err(Refusal::bad(format!(
        "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type 'microsoft.graph.user'."
    )))
}

/// Writes the members of a user object: the caller opens and closes it.
pub(super) fn members(json: &mut Json, properties: &[Property], person: &Person, tenant: &Tenant) {
    for property in properties {
        json.name(property.name());
        value(json, *property, person, tenant);
    }
}

/// Writes the value of one property.
pub(super) fn value(json: &mut Json, property: Property, person: &Person, tenant: &Tenant) {
    let synced = person.synced.as_ref();
    match property {
        Property::Id => json.text(&person.id),
        Property::BusinessPhones => json.texts(&person.phones),
        Property::DisplayName => json.text_or_null(person.name.as_deref()),
        Property::GivenName => json.text_or_null(person.given.as_deref()),
        Property::JobTitle => json.text_or_null(person.title.as_deref()),
        Property::Mail => json.text_or_null(person.mail.as_deref()),
        Property::MobilePhone => json.text_or_null(person.mobile.as_deref()),
        Property::OfficeLocation => json.text_or_null(person.office.as_deref()),
        Property::PreferredLanguage => json.text_or_null(person.language.as_deref()),
        Property::Surname => json.text_or_null(person.family.as_deref()),
        Property::UserPrincipalName => json.text(&person.upn),
        Property::AccountEnabled => json.truth(person.enabled),
        Property::AssignedLicenses => licences(json, person),
        Property::AssignedPlans => match &person.plans {
            Plans::Pattern(pattern) => json.shared(*pattern),
            Plans::Own(rows) => plan_rows(json, rows, &tenant.catalogue),
        },
        Property::Country => json.text_or_null(person.country.as_deref()),
        Property::CreatedDateTime => json.text(&person.created.to_string()),
        Property::Department => json.text_or_null(person.department.as_deref()),
        Property::ImAddresses => json.texts(&person.sip),
        Property::LicenseAssignmentStates => states(json, &person.grants),
        Property::SyncEnabled => match synced {
            Some(synced) => json.truth(synced.enabled),
            None => json.null(),
        },
        Property::SyncedAt => {
            json.text_or_null(synced.map(|synced| synced.last.to_string()).as_deref())
        }
        Property::ImmutableId => json.text_or_null(synced.map(|synced| synced.anchor.as_str())),
        Property::SamAccountName => json.text_or_null(synced.map(|synced| synced.account.as_str())),
        Property::SyncedUpn => json.text_or_null(synced.map(|_| person.upn.as_str())),
        Property::ProvisioningErrors => json.raw(b"[]"),
        Property::OtherMails => json.texts(&person.other_mails),
        Property::ProxyAddresses => json.texts(&person.proxies),
        Property::UsageLocation => json.text_or_null(person.location.as_deref()),
        Property::UserType => json.text(if person.guest { "Guest" } else { "Member" }),
        Property::Nothing(_) => json.null(),
    }
}

/// The plan entries as a JSON list.
pub(super) fn plans(rows: &[PlanRow], catalogue: &Catalogue) -> Vec<u8> {
    let mut json = Json::default();
    plan_rows(&mut json, rows, catalogue);
    json.finish().0
}

fn plan_rows(json: &mut Json, rows: &[PlanRow], catalogue: &Catalogue) {
    json.open_list();
    for row in rows {
        json.open();
        json.name("assignedDateTime");
        json.text(&row.at.to_string());
        json.name("capabilityStatus");
        json.text(row.status.name());
        json.name("service");
        json.text(
            catalogue
                .plan(&row.plan)
                .map_or("Unknown", |plan| plan.service),
        );
        json.name("servicePlanId");
        json.text(&row.plan);
        json.close();
    }
    json.close_list();
}

fn licences(json: &mut Json, person: &Person) {
    json.open_list();
    for sku in person.skus() {
        json.open();
        json.name("disabledPlans");
        json.texts(&person.disabled_in(sku));
        json.name("skuId");
        json.text(sku);
        json.close();
    }
    json.close_list();
}

fn states(json: &mut Json, grants: &[Grant]) {
    json.open_list();
    for grant in grants {
        json.open();
        json.name("skuId");
        json.text(&grant.sku);
        json.name("disabledPlans");
        json.texts(&grant.disabled);
        json.name("assignedByGroup");
        json.text_or_null(grant.group.as_deref());
        json.name("state");
        json.text("Active");
        json.name("error");
        json.text("None");
        json.name("lastUpdatedDateTime");
        json.text(&grant.at.to_string());
        json.close();
    }
    json.close_list();
}

/// A person and the tenant around it, as a filter asks them.
pub(super) struct Asked<'a>(pub &'a Person, pub &'a Tenant);

impl Facts for Asked<'_> {
    fn fact(&self, name: &str) -> Fact<'_> {
        let Self(person, tenant) = self;
        let Ok(property) = property(name) else {
            return Fact::Null;
        };
        match property {
            Property::Id => Fact::text(Some(&person.id)),
            Property::UserPrincipalName => Fact::text(Some(&person.upn)),
            Property::Mail => Fact::text(person.mail.as_deref()),
            Property::DisplayName => Fact::text(person.name.as_deref()),
            Property::GivenName => Fact::text(person.given.as_deref()),
            Property::Surname => Fact::text(person.family.as_deref()),
            Property::Department => Fact::text(person.department.as_deref()),
            Property::UsageLocation => Fact::text(person.location.as_deref()),
            Property::UserType => Fact::text(Some(if person.guest { "Guest" } else { "Member" })),
            Property::AccountEnabled => Fact::Truth(person.enabled),
            Property::SyncEnabled => person
                .synced
                .as_ref()
                .map_or(Fact::Null, |synced| Fact::Truth(synced.enabled)),
            Property::ProxyAddresses => Fact::texts(&person.proxies),
            Property::AssignedLicenses => Fact::Items(
                person
                    .skus()
                    .iter()
                    .map(|sku| vec![("skuId", (*sku).to_owned())])
                    .collect(),
            ),
            Property::AssignedPlans => Fact::Items(
                tenant
                    .plan_rows(person)
                    .iter()
                    .map(|row| {
                        vec![
                            ("servicePlanId", row.plan.clone()),
                            ("capabilityStatus", row.status.name().to_owned()),
                        ]
                    })
                    .collect(),
            ),
            _ => Fact::Null,
        }
    }
}

/// A moment with seven digits after the point, as the Teams gateway writes it.
pub(super) fn long_moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%7fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_choice_eleven_properties_come() {
        let selection = Selection::read(&[]).unwrap();
        let names: Vec<&str> = selection
            .properties
            .iter()
            .map(|property| property.name())
            .collect();
        assert_eq!(
            names,
            [
                "businessPhones",
                "displayName",
                "givenName",
                "jobTitle",
                "mail",
                "mobilePhone",
                "officeLocation",
                "preferredLanguage",
                "surname",
                "userPrincipalName",
                "id"
            ]
        );
        assert_eq!(selection.context(), "");
    }

    #[test]
    fn a_choice_is_read_in_its_order_and_in_any_case() {
        let selection = Selection::read(&["ID".to_owned(), "city".to_owned()]).unwrap();
        assert_eq!(selection.context(), "(id,city)");
        assert_eq!(
            Selection::read(&["skills".to_owned()]).unwrap_err().status,
            501
        );
        assert_eq!(
            Selection::read(&["signInActivity".to_owned()])
                .unwrap_err()
                .status,
            403
        );
        assert_eq!(
            Selection::read(&["lineUri".to_owned()]).unwrap_err().code,
            "Request_BadRequest"
        );
    }

    #[test]
    fn the_gateway_writes_seven_digits() {
        let at: Timestamp = "2025-01-07T09:08:50.9115993Z".parse().unwrap();
        assert_eq!(long_moment(at), "2025-01-07T09:08:50.9115993Z");
    }
}
