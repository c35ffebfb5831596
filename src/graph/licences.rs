//! What the tenant is and what it has bought.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::MapAccess;
use serde_json::json;

use crate::domain::directory::{Licence, PlanStatus, Sku, SkuPlan, Tenant};
use crate::domain::guid::ObjectId;
use crate::domain::mending::LicenceWrite;

use super::Client;
use super::error::{DecodeError, GraphError};
use super::page::Pages;
use super::scopes;
use super::send::{Ask, PLAIN, body_text, unreadable};
use super::wire::{Field, Soft, read_object};

const ORGANIZATION: &[&str] = &[scopes::ORGANIZATION.name, "Directory.Read.All"];
const SKUS: &[&str] = &[
    scopes::ORGANIZATION.name,
    "LicenseAssignment.Read.All",
    "Directory.Read.All",
];

impl Client {
    /// The tenant as it describes itself.
    pub async fn organization(&self) -> Result<Tenant, GraphError> {
        let select =
            "id,displayName,verifiedDomains,onPremisesSyncEnabled,onPremisesLastSyncDateTime";
        let ask = Ask::get(
            self.url(&["organization"], &[("$select", select)]),
            PLAIN,
            ORGANIZATION,
        );
        let path = ask.url.path().to_owned();
        let mut pages = Pages::new(self, ask);
        let missing = |request_id: &str| GraphError::Decode {
            path,
            why: DecodeError::Missing("the organization's id"),
            accepted: false,
            request_id: request_id.to_owned(),
        };
        let Some(answer) = pages.fetch().await? else {
            return Err(missing(""));
        };
        let page = pages.read::<OrganizationRow<'_>>(&answer)?;
        page.items
            .into_iter()
            .find_map(OrganizationRow::read)
            .ok_or_else(|| missing(answer.request_id()))
    }

    /// Whether a tenant is the one that the configuration names: by its id, or by a domain that is verified there. One that tells no
    /// domain is believed.
    pub fn is_asked_for(&self, tenant: &Tenant) -> bool {
        let asked = &self.0.credentials.tenant;
        match asked.parse::<crate::domain::guid::TenantId>() {
            Ok(id) => id == tenant.id,
            Err(_) => {
                tenant.domains.is_empty()
                    || tenant
                        .domains
                        .iter()
                        .any(|domain| domain.eq_ignore_ascii_case(asked))
            }
        }
    }

    /// The products that the tenant has bought.
    pub async fn subscribed_skus(&self) -> Result<Vec<Sku>, GraphError> {
        let select = "skuId,skuPartNumber,capabilityStatus,consumedUnits,prepaidUnits,servicePlans";
        let ask = Ask::get(
            self.url(&["subscribedSkus"], &[("$select", select)]),
            PLAIN,
            SKUS,
        );
        let mut pages = Pages::new(self, ask);
        let mut skus = Vec::new();
        while let Some(answer) = pages.fetch().await? {
            for row in pages.read::<SkuRow<'_>>(&answer)?.items {
                let Some(sku) = row.read() else {
                    tracing::warn!("a product without a readable id was dropped");
                    continue;
                };
                skus.push(sku);
            }
        }
        Ok(skus)
    }
}

const NEEDS_WRITE: &[&str] = &[
    scopes::LICENCES_WRITE.name,
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
];

impl Client {
    /// The licences of one user by who gives them, straight before one of them is written: a list that cannot be read whole is an
    /// error here, since what is missing in it would be switched on again.
    pub async fn licences_of(&self, id: ObjectId) -> Result<Vec<Licence>, GraphError> {
        let select = "id,licenseAssignmentStates";
        let ask = Ask::get(
            self.url(&["users", &id.to_string()], &[("$select", select)]),
            PLAIN,
            super::users::NEEDS,
        );
        let answer = self.send(&ask).await?;
        let path = ask.url.path();
        let missing = || {
            unreadable(
                &answer,
                path,
                DecodeError::Missing("the assignment states of the user's licences"),
            )
        };
        let states: States =
            serde_json::from_str(body_text(&answer, path)?).map_err(|_| missing())?;
        states
            .states
            .into_iter()
            .filter(|state| !state.failed())
            .map(StateForm::read)
            .collect::<Option<Vec<_>>>()
            .ok_or_else(missing)
    }

    /// Gives or takes one licence. The list of plans that are off replaces the one that the user has.
    pub async fn assign_licence(
        &self,
        id: ObjectId,
        write: &LicenceWrite,
    ) -> Result<(), GraphError> {
        let body = match write {
            LicenceWrite::Give { sku, off } => {
                let off: Vec<String> = off.iter().map(ToString::to_string).collect();
                json!({
                    "addLicenses": [{"skuId": sku.to_string(), "disabledPlans": off}],
                    "removeLicenses": [],
                })
            }
            LicenceWrite::Take { sku } => {
                json!({"addLicenses": [], "removeLicenses": [sku.to_string()]})
            }
        };
        // Sent once: between two tries somebody else may have changed the list that the request replaces.
        let ask = Ask::post(
            self.url(&["users", &id.to_string(), "assignLicense"], &[]),
            body,
            NEEDS_WRITE,
        );
        self.send(&ask).await.map(drop)
    }
}

#[derive(Debug, Deserialize)]
struct States {
    #[serde(rename = "licenseAssignmentStates")]
    states: Vec<StateForm>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StateForm {
    sku_id: String,
    disabled_plans: Vec<String>,
    assigned_by_group: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

impl StateForm {
    /// Whether the licence is only wished for: Graph could not give it.
    fn failed(&self) -> bool {
        self.state
            .as_deref()
            .is_some_and(|state| state.eq_ignore_ascii_case("error"))
    }

    fn read(self) -> Option<Licence> {
        Some(Licence {
            sku: self.sku_id.parse().ok()?,
            group: match self.assigned_by_group {
                Some(id) => Some(id.parse().ok()?),
                None => None,
            },
            disabled: self
                .disabled_plans
                .iter()
                .map(|id| id.parse().ok())
                .collect::<Option<_>>()?,
            error: self
                .error
                .filter(|error| !error.is_empty() && !error.eq_ignore_ascii_case("none")),
        })
    }
}

#[derive(Debug, Default)]
struct OrganizationRow<'de> {
    id: Soft<Cow<'de, str>>,
    name: Soft<Cow<'de, str>>,
    domains: Soft<Vec<DomainRow<'de>>>,
    dir_sync: Soft<bool>,
    last_dir_sync: Soft<Cow<'de, str>>,
}

impl<'de> Field<'de> for OrganizationRow<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, {
            "id" => id,
            "displayName" => name,
            "verifiedDomains" => domains,
            "onPremisesSyncEnabled" => dir_sync,
            "onPremisesLastSyncDateTime" => last_dir_sync,
        });
        Ok(Some(row))
    }
}

impl OrganizationRow<'_> {
    fn read(self) -> Option<Tenant> {
        let mut domains = self.domains.some().unwrap_or_default();
        // A stable sort: the default one to the front, the others as they came.
        domains.sort_by_key(|domain| domain.default != Soft::Is(true));
        Some(Tenant {
            id: self.id.some()?.parse().ok()?,
            name: self.name.some().unwrap_or_default().into_owned(),
            domains: domains
                .into_iter()
                .filter_map(|domain| Some(domain.name.some()?.into_owned()))
                .collect(),
            dir_sync: self.dir_sync.some(),
            last_dir_sync: self.last_dir_sync.some().and_then(|text| text.parse().ok()),
        })
    }
}

#[derive(Debug, Default)]
struct DomainRow<'de> {
    name: Soft<Cow<'de, str>>,
    default: Soft<bool>,
}

impl<'de> Field<'de> for DomainRow<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, { "name" => name, "isDefault" => default });
        Ok(Some(row))
    }
}

#[derive(Debug, Default)]
struct SkuRow<'de> {
    id: Soft<Cow<'de, str>>,
    part_number: Soft<Cow<'de, str>>,
    status: Soft<Cow<'de, str>>,
    consumed: Soft<i64>,
    units: Soft<UnitsRow>,
    plans: Soft<Vec<PlanRow<'de>>>,
}

impl<'de> Field<'de> for SkuRow<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, {
            "skuId" => id,
            "skuPartNumber" => part_number,
            "capabilityStatus" => status,
            "consumedUnits" => consumed,
            "prepaidUnits" => units,
            "servicePlans" => plans,
        });
        Ok(Some(row))
    }
}

impl SkuRow<'_> {
    fn read(self) -> Option<Sku> {
        let units = self.units.some().unwrap_or_default();
        Some(Sku {
            id: self.id.some()?.parse().ok()?,
            part_number: self.part_number.some().unwrap_or_default().into_owned(),
            status: self
                .status
                .some()
                .map_or(PlanStatus::Unknown, |word| PlanStatus::from_graph(&word)),
            enabled: units.enabled.some().unwrap_or_default(),
            warning: units.warning.some().unwrap_or_default(),
            suspended: units.suspended.some().unwrap_or_default(),
            consumed: self.consumed.some().unwrap_or_default(),
            plans: self
                .plans
                .some()
                .unwrap_or_default()
                .into_iter()
                .filter_map(PlanRow::read)
                .collect(),
        })
    }
}

#[derive(Debug, Default)]
struct UnitsRow {
    enabled: Soft<i64>,
    warning: Soft<i64>,
    suspended: Soft<i64>,
}

impl<'de> Field<'de> for UnitsRow {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, {
            "enabled" => enabled,
            "warning" => warning,
            "suspended" => suspended,
        });
        Ok(Some(row))
    }
}

#[derive(Debug, Default)]
struct PlanRow<'de> {
    id: Soft<Cow<'de, str>>,
    name: Soft<Cow<'de, str>>,
    applies_to: Soft<Cow<'de, str>>,
}

impl<'de> Field<'de> for PlanRow<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, {
            "servicePlanId" => id,
            "servicePlanName" => name,
            "appliesTo" => applies_to,
        });
        Ok(Some(row))
    }
}

impl PlanRow<'_> {
    fn read(self) -> Option<SkuPlan> {
        Some(SkuPlan {
            id: self.id.some()?.parse().ok()?,
            name: self.name.some().unwrap_or_default().into_owned(),
            for_users: self
                .applies_to
                .some()
                .is_none_or(|word| !word.eq_ignore_ascii_case("Company")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::read_page;
    use super::*;

    #[test]
    fn a_tenant_with_its_default_domain_first() {
        let text = r#"{"value":[{"id":"11111111-2222-3333-4444-555555555555","displayName":"Contoso","verifiedDomains":[{"name":"contoso.onmicrosoft.com","isDefault":false,"isInitial":true},{"name":"contoso.com","isDefault":true}],"onPremisesSyncEnabled":null,"onPremisesLastSyncDateTime":"2026-01-07T09:08:50.9115993Z"}]}"#;
        let tenant = read_page::<OrganizationRow<'_>>(text)
            .unwrap()
            .items
            .pop()
            .unwrap()
            .read()
            .unwrap();
        assert_eq!(tenant.name, "Contoso");
        assert_eq!(tenant.domains, ["contoso.com", "contoso.onmicrosoft.com"]);
        assert_eq!(tenant.dir_sync, None);
        assert_eq!(
            tenant.last_dir_sync.unwrap().to_string(),
            "2026-01-07T09:08:50.9115993Z"
        );
    }

    #[test]
    fn seats_and_company_plans() {
        let text = r#"{"value":[{"skuId":"06ebc4ee-1bb5-47dd-8120-11324bc54e06","skuPartNumber":"SPE_E5","capabilityStatus":"warning","consumedUnits":12,"prepaidUnits":{"enabled":10,"suspended":1,"warning":1,"lockedOut":0},"servicePlans":[{"servicePlanId":"4828c8ec-dc2e-4779-b502-87ac9ce28ab7","servicePlanName":"MCOEV","provisioningStatus":"Success","appliesTo":"User"},{"servicePlanId":"9974d6cf-cd24-4ba2-921c-e2aa687da846","servicePlanName":"X","appliesTo":"Company"}]},{"skuId":"broken"}]}"#;
        let skus: Vec<Sku> = read_page::<SkuRow<'_>>(text)
            .unwrap()
            .items
            .into_iter()
            .filter_map(SkuRow::read)
            .collect();
        assert_eq!(skus.len(), 1);
        assert_eq!(skus[0].free(), -1);
        assert_eq!(skus[0].status, PlanStatus::Warning);
        assert_eq!(skus[0].suspended, 1);
        let for_users: Vec<bool> = skus[0].plans.iter().map(|plan| plan.for_users).collect();
        assert_eq!(for_users, [true, false]);
    }
}
