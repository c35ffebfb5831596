//! What the tenant said when it refused a change, turned into its true cause.
//!
//! Microsoft's texts mislead: the on-premises text also comes for users who merely lack a licence, so no text is believed
//! before the facts have been looked at.

use super::gate::Facts;
use super::plan_ids::PlanClass;

/// A refusal as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status; `None` when an operation failed after it had been accepted.
    pub status: Option<u16>,
    /// `error.code`, when there is one.
    pub code: String,
    /// `error.message` or `statusDetail`.
    pub text: String,
    /// For Microsoft's support.
    pub request_id: String,
}

impl Refusal {
    /// The refusal that the tenant would give for a number that is held: seen beforehand, so it is not asked for.
    pub fn held() -> Self {
        Self {
            status: None,
            code: String::new(),
            text: "already been assigned to another user".to_owned(),
            request_id: String::new(),
        }
    }

    /// All of it in one line, for those who want to see what came.
    pub fn raw(&self) -> String {
        let mut parts = Vec::new();
        if let Some(status) = self.status {
            parts.push(format!("HTTP {status}"));
        }
        for (label, text) in [
            ("", &self.code),
            ("", &self.text),
            ("request-id ", &self.request_id),
        ] {
            if !text.is_empty() {
                parts.push(format!("{label}{text}"));
            }
        }
        parts.join("; ")
    }
}

/// The true cause, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// One sentence.
    pub cause: String,
    /// What to do.
    pub hint: String,
}

/// Finds the true cause of a refusal. `facts` are the user's as just read; `holder` is who holds the number now.
pub fn diagnose(refusal: &Refusal, facts: Option<&Facts<'_>>, holder: Option<&str>) -> Diagnosis {
    let text = refusal.text.to_lowercase();
    let says = |fragment: &str| text.contains(fragment);
    let diagnosis = |cause: &str, hint: &str| Diagnosis {
        cause: cause.to_owned(),
        hint: hint.to_owned(),
    };
    let on_premises = facts.is_some_and(Facts::number_is_on_premises);
    let phone = facts.is_none_or(|f| {
        f.usable(if f.is_resource() {
            PlanClass::Resource
        } else {
            PlanClass::Phone
        })
    });
    let calling = facts.is_some_and(|f| f.usable(PlanClass::Calling));
    if on_premises && (says("on-premises active directory") || says("onpremlineuri")) {
        return diagnosis(
            "DirSync'd user: the number is mastered by on-premises Active Directory",
            "clear msRTCSIP-Line on-premises, run the directory sync, then sync here",
        );
    }
    if !phone {
        return diagnosis(
            "no usable Phone System licence",
            "assign Teams Phone Standard, wait until it has spread, then sync",
        );
    }
    if says("lacks appropriate licenses")
        || says("on-premises active directory")
        || says("onpremlineuri")
    {
        return if calling {
            diagnosis(
                "the user has a Calling Plan",
                "switch the Calling Plan off, wait until Teams no longer lists it, then sync",
            )
        } else {
            diagnosis(
                "Teams does not see the Phone System licence yet",
                "a licence takes up to 24 hours to spread to Teams; release the change again later",
            )
        };
    }
    if says("already been assigned to another user") || says("is assigned to another user") {
        return match holder {
            Some(name) => diagnosis(
                &format!("the number is held by {name}"),
                "release it there first, or choose another number",
            ),
            None => diagnosis(
                "the tenant says that the number is held by another object, which its inventory does not name",
                "look for it in the Teams admin centre under Phone numbers, or choose another number",
            ),
        };
    }
    if says("is not found from tenant") {
        return diagnosis(
            "the tenant's inventory does not have this number under this type",
            "acquire it, or correct its type; a Calling Plan number is not Direct Routing",
        );
    }
    if says("is not found") || refusal.status == Some(404) {
        return diagnosis(
            "Teams does not know this user yet",
            "a new or newly licensed user takes up to 24 hours; try later",
        );
    }
    if says("usage location") || says("usagelocation") {
        return diagnosis(
            "the usage location was refused",
            "choose a country that Microsoft 365 serves",
        );
    }
    if refusal.status == Some(403) {
        return diagnosis(
            "the app or account may not do this",
            "see the scopes that the raw text names, or ask for the Teams Administrator role",
        );
    }
    Diagnosis {
        cause: format!(
            "the tenant refused it: {}",
            super::text::Label::new(&refusal.text)
        ),
        hint: "see the raw text".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{AssignedPlan, DirectoryUser, GroupFilter, PlanStatus};
    use crate::domain::matching::tests::person;

    const AD: &str = "The user already has a telephone number set in the on-premises Active Directory and synchronized to the cloud.";

    fn refusal(text: &str) -> Refusal {
        Refusal {
            status: Some(400),
            code: "BadRequest".into(),
            text: text.into(),
            request_id: "r-1".into(),
        }
    }

    fn with_phone(status: PlanStatus) -> DirectoryUser {
        let plan = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7".parse().unwrap();
        DirectoryUser {
            plans: vec![AssignedPlan {
                plan,
                status,
                since: None,
            }],
            ..person(1, "lee@contoso.example")
        }
    }

    #[test]
    fn a_licence_problem_is_not_blamed_on_active_directory() {
        let user = with_phone(PlanStatus::Deleted);
        let facts = Facts {
            user: &user,
            group: &GroupFilter::Off,
            teams: None,
            numbers: Some(&[]),
        };
        assert_eq!(
            diagnose(&refusal(AD), Some(&facts), None).cause,
            "no usable Phone System licence"
        );
    }

    #[test]
    fn a_held_number_names_its_holder() {
        let user = with_phone(PlanStatus::Enabled);
        let facts = Facts {
            user: &user,
            group: &GroupFilter::Off,
            teams: None,
            numbers: Some(&[]),
        };
        let text = "Telephone Number '+1' has already been assigned to another user";
        assert_eq!(
            diagnose(&refusal(text), Some(&facts), Some("Pat Old")).cause,
            "the number is held by Pat Old"
        );
        assert_eq!(
            refusal("x").raw(),
            "HTTP 400; BadRequest; x; request-id r-1"
        );
    }
}
