//! The rows of the Teams administration API, read into values of the domain. Words compare in any case of letters, and a word
//! that this version does not know is no error.

use std::borrow::Cow;

use serde::de::MapAccess;

use crate::domain::directory::{
    AccountType, Activation, AssignmentStatus, Features, NumberSource, NumberType, TeamsUser,
    TenantNumber,
};
use crate::domain::phone::PhoneNumber;

use super::error::DecodeError;
use super::teams::OperationState;
use super::wire::{Field, Soft, read_object};

/// The value that a word stands for.
fn meaning<T: Copy>(word: &Soft<Cow<'_, str>>, table: &[(&str, T)], other: T) -> T {
    let Soft::Is(word) = word else { return other };
    table
        .iter()
        .find(|(known, _)| word.eq_ignore_ascii_case(known))
        .map_or(other, |(_, meaning)| *meaning)
}

fn is_word(word: &Soft<Cow<'_, str>>, known: &str) -> bool {
    meaning(word, &[(known, true)], false)
}

fn text(text: Soft<Cow<'_, str>>) -> Option<String> {
    text.some()
        .filter(|text| !text.is_empty())
        .map(Cow::into_owned)
}

/// A row of `userConfigurations`.
#[derive(Debug, Default)]
pub(super) struct TeamsUserRow<'de> {
    id: Soft<Cow<'de, str>>,
    tenant: Soft<Cow<'de, str>>,
    account: Soft<Cow<'de, str>>,
    voice: Soft<bool>,
    features: Soft<Vec<Cow<'de, str>>>,
    numbers: Soft<Vec<LineRow<'de>>>,
    policies: Soft<Vec<PolicyRow<'de>>>,
}

impl<'de> Field<'de> for TeamsUserRow<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, {
            "id" => id,
            "tenantId" => tenant,
            "accountType" => account,
            "isEnterpriseVoiceEnabled" => voice,
            "featureTypes" => features,
            "telephoneNumbers" => numbers,
            "effectivePolicyAssignments" => policies,
        });
        Ok(Some(row))
    }
}

impl TeamsUserRow<'_> {
    pub(super) fn read(self) -> Option<TeamsUser> {
        let account = meaning(
            &self.account,
            &[
                ("user", AccountType::User),
                ("resourceAccount", AccountType::Resource),
                ("guest", AccountType::Guest),
                ("sfbOnPremUser", AccountType::OnPremises),
                ("ineligibleUser", AccountType::Ineligible),
            ],
            AccountType::Unknown,
        );
        let features = self.features.some().unwrap_or_default();
        let has = |name: &str| {
            features
                .iter()
                .any(|feature| feature.eq_ignore_ascii_case(name))
        };
        let features = Features {
            teams: has("Teams"),
            phone_system: has("PhoneSystem"),
            calling_plan: has("CallingPlan"),
            credits: has("CommunicationCredits"),
        };
        let mut policies = self.policies.some().unwrap_or_default();
        let mut policy = |kind: &str| {
            let found = policies
                .iter_mut()
                .find(|policy| is_word(&policy.kind, kind))?;
            text(std::mem::take(&mut found.assignment).some()?.name)
        };
        Some(TeamsUser {
            id: self.id.some()?.parse().ok()?,
            tenant: self.tenant.some().and_then(|id| id.parse().ok()),
            account,
            enterprise_voice: self.voice.some(),
            features,
            number: primary(self.numbers.some().unwrap_or_default()),
            voice_routing: policy("OnlineVoiceRoutingPolicy"),
            dial_plan: policy("TenantDialPlan"),
        })
    }
}

/// The primary line; where no line says what it is, the first.
fn primary(lines: Vec<LineRow<'_>>) -> Option<String> {
    let at = lines
        .iter()
        .position(|line| is_word(&line.category, "primary"))
        .or_else(|| {
            lines
                .iter()
                .position(|line| matches!(line.category, Soft::Absent | Soft::Null))
        })?;
    text(lines.into_iter().nth(at)?.number)
}

#[derive(Debug, Default)]
struct LineRow<'de> {
    number: Soft<Cow<'de, str>>,
    category: Soft<Cow<'de, str>>,
}

impl<'de> Field<'de> for LineRow<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, {
            "telephoneNumber" => number,
            "assignmentCategory" => category,
        });
        Ok(Some(row))
    }
}

#[derive(Debug, Default)]
struct PolicyRow<'de> {
    kind: Soft<Cow<'de, str>>,
    assignment: Soft<PolicyName<'de>>,
}

impl<'de> Field<'de> for PolicyRow<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, {
            "policyType" => kind,
            "policyAssignment" => assignment,
        });
        Ok(Some(row))
    }
}

#[derive(Debug, Default)]
struct PolicyName<'de> {
    name: Soft<Cow<'de, str>>,
}

impl<'de> Field<'de> for PolicyName<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, { "displayName" => name });
        Ok(Some(row))
    }
}

/// A row of `numberAssignments`.
#[derive(Debug, Default)]
pub(super) struct NumberRow<'de> {
    number: Soft<Cow<'de, str>>,
    kind: Soft<Cow<'de, str>>,
    source: Soft<Cow<'de, str>>,
    status: Soft<Cow<'de, str>>,
    target: Soft<Cow<'de, str>>,
    category: Soft<Cow<'de, str>>,
    activation: Soft<Cow<'de, str>>,
}

impl<'de> Field<'de> for NumberRow<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, {
            "telephoneNumber" => number,
            "numberType" => kind,
            "numberSource" => source,
            "assignmentStatus" => status,
            "assignmentTargetId" => target,
            "assignmentCategory" => category,
            "activationState" => activation,
        });
        Ok(Some(row))
    }
}

impl NumberRow<'_> {
    pub(super) fn read(self) -> Option<TenantNumber> {
        use Activation::{Activated, Failed, Pending};
        use AssignmentStatus::{Conference, Unassigned, User, VoiceApplication};
        let target = self.target.some().and_then(|id| id.parse().ok());
        // A record that does not say its state is free only if nobody holds it.
        let unsaid = if target.is_none() {
            Unassigned
        } else {
            AssignmentStatus::Other
        };
        let status = match &self.status {
            Soft::Is(_) => meaning(
                &self.status,
                &[
                    ("unassigned", Unassigned),
                    ("userAssigned", User),
                    ("conferenceAssigned", Conference),
                    ("voiceApplicationAssigned", VoiceApplication),
                ],
                AssignmentStatus::Other,
            ),
            Soft::Absent | Soft::Null | Soft::Wrong => unsaid,
        };
        Some(TenantNumber {
            number: PhoneNumber::from_tenant(&self.number.some()?)?,
            kind: meaning(
                &self.kind,
                &[
                    ("directRouting", NumberType::DirectRouting),
                    ("callingPlan", NumberType::CallingPlan),
                    ("operatorConnect", NumberType::OperatorConnect),
                ],
                NumberType::Unknown,
            ),
            source: meaning(
                &self.source,
                &[
                    ("online", NumberSource::Online),
                    ("onPremises", NumberSource::OnPremises),
                ],
                NumberSource::Unknown,
            ),
            status,
            target,
            // Only a word to the contrary makes a line secondary.
            primary: !matches!(&self.category, Soft::Is(word)
                if word.eq_ignore_ascii_case("private") || word.eq_ignore_ascii_case("alternate")),
            activation: meaning(
                &self.activation,
                &[
                    ("activated", Activated),
                    ("assignmentPending", Pending),
                    ("updatePending", Pending),
                    ("assignmentFailed", Failed),
                    ("updateFailed", Failed),
                ],
                Activation::Unknown,
            ),
        })
    }
}

/// A long-running operation.
#[derive(Debug, Default)]
pub(super) struct OperationRow<'de> {
    status: Soft<Cow<'de, str>>,
    numbers: Soft<Vec<OperationNumber<'de>>>,
}

impl<'de> Field<'de> for OperationRow<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, { "status" => status, "numbers" => numbers });
        Ok(Some(row))
    }
}

#[derive(Debug, Default)]
struct OperationNumber<'de> {
    status: Soft<Cow<'de, str>>,
    detail: Soft<Cow<'de, str>>,
}

impl<'de> Field<'de> for OperationNumber<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, { "status" => status, "statusDetail" => detail });
        Ok(Some(row))
    }
}

impl OperationRow<'_> {
    /// One failed number is a failed operation, whatever the whole says.
    pub(super) fn read(self) -> Result<OperationState, DecodeError> {
        let Soft::Is(status) = &self.status else {
            return Err(DecodeError::Missing("status"));
        };
        let numbers = self.numbers.some().unwrap_or_default();
        let has_failed = status.eq_ignore_ascii_case("failed")
            || numbers
                .iter()
                .any(|number| is_word(&number.status, "failed"));
        if has_failed {
            let details: Vec<String> = numbers
                .into_iter()
                .filter_map(|number| text(number.detail))
                .collect();
            return Ok(OperationState::Failed {
                detail: if details.is_empty() {
                    "Teams gave no reason".to_owned()
                } else {
                    details.join("; ")
                },
            });
        }
        Ok(if status.eq_ignore_ascii_case("succeeded") {
            OperationState::Succeeded
        } else {
            OperationState::Running
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::{read_page, read_single};
    use super::*;

    #[test]
    fn a_teams_user() {
        let text = r#"{"id":"00000000-0000-0000-0000-000000000001","userPrincipalName":"a@b","tenantId":"11111111-2222-3333-4444-555555555555","accountType":"IneligibleUser","isEnterpriseVoiceEnabled":null,"featureTypes":["Teams","PhoneSystem","CommunicationCredits","Brand new"],"telephoneNumbers":[{"telephoneNumber":"+4412","assignmentCategory":"alternate"},{"telephoneNumber":"+4413","assignmentCategory":"primary"}],"effectivePolicyAssignments":[{"policyType":"TeamsCallingPolicy","policyAssignment":{"displayName":"x","assignmentType":"direct","policyId":"y"}},{"policyType":"OnlineVoiceRoutingPolicy","policyAssignment":{"displayName":"UK","assignmentType":"group","policyId":"z","groupId":"g"}}],"createdDateTime":"2025-01-07T09:08:50.9115993Z","modifiedDateTime":"2025-01-07T09:08:50.9115993Z"}"#;
        let user = read_single::<TeamsUserRow<'_>>(text)
            .unwrap()
            .read()
            .unwrap();
        assert_eq!(
            user,
            TeamsUser {
                id: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
                tenant: "11111111-2222-3333-4444-555555555555".parse().ok(),
                account: AccountType::Ineligible,
                enterprise_voice: None,
                features: Features {
                    teams: true,
                    phone_system: true,
                    calling_plan: false,
                    credits: true
                },
                number: Some("+4413".into()),
                voice_routing: Some("UK".into()),
                dial_plan: None,
            }
        );
    }

    #[test]
    fn only_a_primary_or_unmarked_line_is_the_number() {
        let number = |lines: &str| {
            let text = format!(
                r#"{{"id":"00000000-0000-0000-0000-000000000001","telephoneNumbers":{lines}}}"#
            );
            read_single::<TeamsUserRow<'_>>(&text)
                .unwrap()
                .read()
                .unwrap()
                .number
        };
        let private = r#"[{"telephoneNumber":"+1","assignmentCategory":"private"}]"#;
        assert_eq!(number(private), None);
        assert_eq!(
            number(r#"[{"telephoneNumber":"+12"}]"#).as_deref(),
            Some("+12")
        );
        assert_eq!(number("null"), None);
    }

    fn numbers(rows: &str) -> Vec<TenantNumber> {
        let text = format!(r#"{{"value":[{rows}]}}"#);
        read_page::<NumberRow<'_>>(&text)
            .unwrap()
            .items
            .into_iter()
            .filter_map(NumberRow::read)
            .collect()
    }

    #[test]
    fn numbers_held_free_and_phantom() {
        let found = numbers(
            r#"{"telephoneNumber":"+12052582895","numberType":"DirectRouting","numberSource":"onPremises","assignmentStatus":"userAssigned","assignmentTargetId":"00000000-0000-0000-0000-000000000001","assignmentCategory":"primary","activationState":"assignmentPending"},
               {"telephoneNumber":"12052582896;ext=12","numberType":"carrierPigeon","numberSource":"online","assignmentStatus":"unassigned","assignmentTargetId":null,"activationState":"activated"},
               {"telephoneNumber":"+12052582897","numberType":"callingPlan","assignmentStatus":"voiceApplicationAssigned","assignmentTargetId":"","assignmentCategory":"alternate"},
               {"telephoneNumber":"+12052582898","assignmentStatus":"policyAssigned","assignmentTargetId":"00000000-0000-0000-0000-000000000002"},
               {"telephoneNumber":"hello"},{"telephoneNumber":null}"#,
        );
        assert_eq!(found.len(), 4);
        assert_eq!(
            found[0],
            TenantNumber {
                number: PhoneNumber::from_tenant("+12052582895").unwrap(),
                kind: NumberType::DirectRouting,
                source: NumberSource::OnPremises,
                status: AssignmentStatus::User,
                target: "00000000-0000-0000-0000-000000000001".parse().ok(),
                primary: true,
                activation: Activation::Pending,
            }
        );
        assert_eq!(found[1].number.as_str(), "+12052582896;ext=12");
        assert_eq!(found[1].kind, NumberType::Unknown);
        assert_eq!(found[1].holder(), None);
        assert_eq!(found[2].status, AssignmentStatus::VoiceApplication);
        assert_eq!(found[2].holder(), None);
        assert!(!found[2].primary);
        assert_eq!(found[3].status, AssignmentStatus::Other);
        assert!(found[3].holder().is_some());
    }

    fn operation(text: &str) -> Result<OperationState, DecodeError> {
        read_single::<OperationRow<'_>>(text).and_then(OperationRow::read)
    }

    #[test]
    fn operations_in_every_state() {
        for (text, state) in [
            (r#"{"status":"notStarted"}"#, OperationState::Running),
            (
                r#"{"status":"Running","numbers":[{"status":"running"}]}"#,
                OperationState::Running,
            ),
            (r#"{"status":"somethingNew"}"#, OperationState::Running),
            (
                r#"{"value":{"status":"succeeded","numbers":[]}}"#,
                OperationState::Succeeded,
            ),
            (
                r#"{"status":"running","numbers":[{"status":"failed","statusDetail":"no licence"},{"status":"succeeded","statusDetail":null}]}"#,
                OperationState::Failed {
                    detail: "no licence".into(),
                },
            ),
            (
                r#"{"status":"failed"}"#,
                OperationState::Failed {
                    detail: "Teams gave no reason".into(),
                },
            ),
        ] {
            assert_eq!(operation(text).unwrap(), state, "{text}");
        }
        assert!(operation("{}").is_err());
    }
}
