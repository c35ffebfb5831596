//! The properties of a user: which there are, which come without asking, which a list does not have.

use super::filter::{Askable, Reach};
use super::person::Person;
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
pub(super) const ASKABLE: Askable = Askable {
    resource: "User",
    properties: &[
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
        ("assignedLicenses", Reach::AnyCounted),
        ("assignedPlans", Reach::AnyAdvanced),
    ],
};

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

/// A property by its name, or why there is none.
pub(super) fn property(name: &str) -> Result<Property, Refusal> {
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
}
