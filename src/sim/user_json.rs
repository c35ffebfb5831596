//! A person as the directory writes it, and as a filter asks it.

use jiff::Timestamp;

use super::catalogue::Catalogue;
use super::filter::{Fact, Facts};
use super::json::Json;
use super::person::{Grant, Person, PlanRow, Plans};
use super::properties::{Property, property};
use super::tenant::Tenant;

/// Writes the members of a user object: the caller opens and closes it.
pub(super) fn members(json: &mut Json, properties: &[Property], person: &Person, tenant: &Tenant) {
    for property in properties {
        json.name(property.name());
        value(json, *property, person, tenant);
    }
}

/// Writes the value of one property.
pub(super) fn value(json: &mut Json, property: Property, person: &Person, tenant: &Tenant) {
    if let Some(odd) = person.odd.get(property.name()) {
        json.raw(odd.to_string().as_bytes());
        return;
    }
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
            json.text_or_null(synced.map(|synced| synced.last.to_string()).as_deref());
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
    fn the_gateway_writes_seven_digits() {
        let at: Timestamp = "2025-01-07T09:08:50.9115993Z".parse().unwrap();
        assert_eq!(long_moment(at), "2025-01-07T09:08:50.9115993Z");
    }
}
