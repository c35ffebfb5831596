//! Which permissions of Graph this program needs, and what for: one table for sign-in, refusals and diagnosis.
//!
//! The names are the same for a person's and an application's permissions. Invariant: without leave to write, nothing is asked
//! for that can write.

use crate::domain::planning::Allowed;

use super::Client;
use super::endpoints::Cloud;

/// A permission of Graph that is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// Its name, for a person and for an application.
    pub name: &'static str,
    /// What it is needed for.
    pub purpose: &'static str,
    /// Wider ones that do as well.
    pub wider: &'static [&'static str],
    /// A narrower one that it holds within itself.
    pub holds: Option<&'static str>,
    /// Whether it lets things be changed.
    pub writes: bool,
}

impl Permission {
    /// Whether it is for the Teams administration API, which the worldwide cloud alone has.
    pub fn is_of_teams(&self) -> bool {
        self.name.starts_with("Teams")
    }
}

pub(super) const USERS: Permission = Permission {
    name: "User.Read.All",
    purpose: "read users, their licences and their changes",
    wider: &[
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
    holds: None,
    writes: false,
};
pub(super) const USERS_WRITE: Permission = Permission {
    name: "User.ReadWrite.All",
    purpose: "write usage locations",
    wider: &["Directory.ReadWrite.All"],
    holds: Some("User.Read.All"),
    writes: true,
};
pub(super) const ORGANIZATION: Permission = Permission {
    name: "Organization.Read.All",
    purpose: "read the tenant's name, id and licences",
    wider: &[
        "Organization.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
    holds: None,
    writes: false,
};
pub(super) const GROUPS: Permission = Permission {
    name: "GroupMember.Read.All",
    purpose: "read who is in the group",
    wider: &[
        "Group.Read.All",
        "GroupMember.ReadWrite.All",
        "Group.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
    holds: None,
    writes: false,
};
pub(super) const TEAMS: Permission = Permission {
    name: "TeamsUserConfiguration.Read.All",
    purpose: "read how Teams sees its users",
    wider: &[],
    holds: None,
    writes: false,
};
pub(super) const NUMBERS: Permission = Permission {
    name: "TeamsTelephoneNumber.Read.All",
    purpose: "read the tenant's telephone numbers",
    wider: &["TeamsTelephoneNumber.ReadWrite.All"],
    holds: None,
    writes: false,
};
pub(super) const NUMBERS_WRITE: Permission = Permission {
    name: "TeamsTelephoneNumber.ReadWrite.All",
    purpose: "assign and release telephone numbers",
    wider: &[],
    holds: Some("TeamsTelephoneNumber.Read.All"),
    writes: true,
};
pub(super) const LICENCES_WRITE: Permission = Permission {
    name: "LicenseAssignment.ReadWrite.All",
    purpose: "assign licences and switch their plans",
    wider: &["User.ReadWrite.All", "Directory.ReadWrite.All"],
    holds: Some("LicenseAssignment.Read.All"),
    writes: true,
};

/// What is needed, for reading and for writing what is allowed.
pub fn needed(allowed: Allowed) -> Vec<Permission> {
    let mut all = vec![
        if allowed.location { USERS_WRITE } else { USERS },
        ORGANIZATION,
        GROUPS,
        TEAMS,
        if allowed.numbers {
            NUMBERS_WRITE
        } else {
            NUMBERS
        },
    ];
    if allowed.licences {
        all.push(LICENCES_WRITE);
    }
    all
}

impl Client {
    /// What reading needs here, and writing this. A cloud without the Teams administration API does not know its permissions
    /// either, and refuses a sign-in that asks for one.
    pub fn needed(&self, allowed: Allowed) -> Vec<Permission> {
        let mut all = needed(allowed);
        all.retain(|one| self.has_teams_api() || !one.is_of_teams());
        all
    }

    /// Whether the tenant's cloud has the Teams administration API: the worldwide one alone does.
    pub fn has_teams_api(&self) -> bool {
        self.0.endpoints.teams_api
    }

    /// The cloud that the tenant lies in.
    pub fn cloud(&self) -> Cloud {
        self.0.endpoints.cloud
    }

    /// Whether the application signs in for itself, with nobody behind it.
    pub fn is_app_only(&self) -> bool {
        self.0.credentials.sign_in.is_app_only()
    }
}

/// What is needed and not granted, not even by a wider permission.
pub fn lacking(granted: &[String], needed: &[Permission]) -> Vec<Permission> {
    let has = |name: &str| granted.iter().any(|one| one.eq_ignore_ascii_case(name));
    needed
        .iter()
        .copied()
        .filter(|one| !has(one.name) && !one.wider.iter().any(|wider| has(wider)))
        .collect()
}

/// What is granted and not needed. What every sign-in brings, and the narrower form of what is needed, is no excess.
pub fn excess(granted: &[String], needed: &[Permission]) -> Vec<String> {
    const ALWAYS: [&str; 5] = ["openid", "profile", "email", "offline_access", "User.Read"];
    let is_needed = |name: &str| {
        ALWAYS
            .into_iter()
            .chain(needed.iter().map(|one| one.name))
            .chain(needed.iter().filter_map(|one| one.holds))
            .any(|known| known.eq_ignore_ascii_case(name))
    };
    granted
        .iter()
        .filter(|name| !is_needed(name))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(allowed: Allowed) -> Vec<&'static str> {
        needed(allowed).into_iter().map(|one| one.name).collect()
    }

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn reading_asks_for_nothing_that_writes() {
        assert_eq!(
            names(Allowed::default()),
            [
                "User.Read.All",
                "Organization.Read.All",
                "GroupMember.Read.All",
                "TeamsUserConfiguration.Read.All",
                "TeamsTelephoneNumber.Read.All"
            ]
        );
        assert!(needed(Allowed::default()).iter().all(|one| !one.writes));
    }

    #[test]
    fn each_leave_brings_its_own_permission_alone() {
        let writing = |numbers, location, licences| {
            let allowed = Allowed {
                numbers,
                location,
                licences,
            };
            needed(allowed)
                .into_iter()
                .filter(|one| one.writes)
                .map(|one| one.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            writing(true, false, false),
            ["TeamsTelephoneNumber.ReadWrite.All"]
        );
        assert_eq!(writing(false, true, false), ["User.ReadWrite.All"]);
        assert_eq!(
            writing(false, false, true),
            ["LicenseAssignment.ReadWrite.All"]
        );
    }

    #[test]
    fn wider_permissions_do_and_what_is_beyond_is_excess() {
        let granted = words(&[
            "openid",
            "User.Read",
            "Directory.Read.All",
            "TeamsUserConfiguration.Read.All",
            "TeamsTelephoneNumber.Read.All",
            "TeamsTelephoneNumber.ReadWrite.All",
        ]);
        let read = Allowed::default();
        assert_eq!(lacking(&granted, &needed(read)), []);
        assert_eq!(
            excess(&granted, &needed(read)),
            ["Directory.Read.All", "TeamsTelephoneNumber.ReadWrite.All"]
        );
        let numbers = Allowed {
            numbers: true,
            ..read
        };
        assert_eq!(lacking(&granted, &needed(numbers)), []);
        assert_eq!(excess(&granted, &needed(numbers)), ["Directory.Read.All"]);
        let lacks: Vec<&str> = lacking(&words(&["user.read.all"]), &needed(numbers))
            .iter()
            .map(|one| one.name)
            .collect();
        assert_eq!(
            lacks,
            [
                "Organization.Read.All",
                "GroupMember.Read.All",
                "TeamsUserConfiguration.Read.All",
                "TeamsTelephoneNumber.ReadWrite.All"
            ]
        );
    }
}
