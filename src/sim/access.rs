//! Which permission opens which door, and how each part of Graph says no.

use super::token::Caller;
use super::wire::Refusal;

/// What an administrator has consented to for people, and what no application can have on its own.
pub(super) const DELEGATED_ONLY: &[&str] = &["User.Read"];

/// What the application has been granted, and what an administrator has consented to for people as well.
pub(super) const GRANTED: &[&str] = &[
    "User.Read.All",
    "User.ReadWrite.All",
    "Organization.Read.All",
    "LicenseAssignment.Read.All",
    "LicenseAssignment.ReadWrite.All",
    "GroupMember.Read.All",
    "TeamsUserConfiguration.Read.All",
    "TeamsTelephoneNumber.Read.All",
    "TeamsTelephoneNumber.ReadWrite.All",
];

/// A door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Me,
    Organization,
    Users,
    BasicUsers,
    WriteUser,
    Skus,
    LicenceDetails,
    WriteLicence,
    Groups,
    HiddenMembers,
    TeamsUsers,
    Numbers,
    WriteNumbers,
}

impl Need {
    /// Any one of these is enough; the least comes first.
    fn any_of(self) -> &'static [&'static str] {
        match self {
            Self::Me => &["User.Read", "User.Read.All", "User.ReadWrite.All"],
            Self::Organization => &[
                "User.Read",
                "Organization.Read.All",
                "Directory.Read.All",
                "Directory.ReadWrite.All",
            ],
            Self::Users => &[
                "User.Read.All",
                "User.ReadWrite.All",
                "Directory.Read.All",
                "Directory.ReadWrite.All",
            ],
            Self::BasicUsers => &["User.ReadBasic.All"],
            Self::WriteUser => &["User.ReadWrite.All", "Directory.ReadWrite.All"],
            Self::Skus => &[
                "LicenseAssignment.Read.All",
                "LicenseAssignment.ReadWrite.All",
                "Organization.Read.All",
                "Directory.Read.All",
                "Directory.ReadWrite.All",
            ],
            Self::LicenceDetails => &[
                "LicenseAssignment.Read.All",
                "LicenseAssignment.ReadWrite.All",
                "User.Read.All",
                "User.ReadWrite.All",
                "Directory.Read.All",
                "Directory.ReadWrite.All",
            ],
            Self::WriteLicence => &[
                "LicenseAssignment.ReadWrite.All",
                "User.ReadWrite.All",
                "Directory.ReadWrite.All",
            ],
            Self::Groups => &[
                "Group.ReadBasic.All",
                "GroupMember.ReadBasic.All",
                "GroupMember.Read.All",
                "Group.Read.All",
                "Directory.Read.All",
                "Directory.ReadWrite.All",
            ],
            Self::HiddenMembers => &["Member.Read.Hidden"],
            Self::TeamsUsers => &["TeamsUserConfiguration.Read.All"],
            Self::Numbers => &[
                "TeamsTelephoneNumber.ReadWrite.All",
                "TeamsTelephoneNumber.Read.All",
            ],
            Self::WriteNumbers => &["TeamsTelephoneNumber.ReadWrite.All"],
        }
    }

    fn is_teams(self) -> bool {
        matches!(self, Self::TeamsUsers | Self::Numbers | Self::WriteNumbers)
    }
}

/// Lets a caller pass, or refuses in the words of the part of Graph that is asked. `denied` was taken from the
/// application since the token was made.
pub(super) fn check(caller: &Caller, denied: &[String], need: Need) -> Result<(), Refusal> {
    let holds = |wanted: &str| {
        caller
            .scopes
            .iter()
            .any(|scope| scope.eq_ignore_ascii_case(wanted))
            && !denied
                .iter()
                .any(|scope| scope.eq_ignore_ascii_case(wanted))
    };
    if need.any_of().iter().any(|wanted| holds(wanted)) {
        return Ok(());
    }
    if need.is_teams() {
        let message = format!(
            "Insufficient permission(s) for the request. API requires any of the following permission(s): {}.",
            need.any_of().join(",")
        );
        return Err(Refusal::new(403, "forbidden", message).at_gateway());
    }
    Err(Refusal::new(
        403,
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(scopes: &[&str]) -> Caller {
        Caller {
            user: None,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        }
    }

    #[test]
    fn any_of_several_permissions_opens_a_door() {
        assert_eq!(
            check(&caller(&["Directory.Read.All"]), &[], Need::Users),
            Ok(())
        );
        assert_eq!(check(&caller(&["user.read.all"]), &[], Need::Users), Ok(()));
        assert_eq!(
            check(&caller(&["User.Read.All"]), &[], Need::WriteUser)
                .unwrap_err()
                .code,
            "Authorization_RequestDenied"
        );
    }

    #[test]
    fn the_gateway_names_what_it_wants() {
        let refusal = check(&caller(&[]), &[], Need::Numbers).unwrap_err();
        assert_eq!(refusal.code, "forbidden");
        assert!(refusal.gateway);
        assert!(
            refusal
                .message
                .ends_with("TeamsTelephoneNumber.ReadWrite.All,TeamsTelephoneNumber.Read.All.")
        );
    }

    #[test]
    fn a_permission_that_was_taken_away_opens_nothing() {
        let denied = vec!["User.ReadWrite.All".to_owned()];
        assert!(check(&caller(&["User.ReadWrite.All"]), &denied, Need::WriteUser).is_err());
        assert!(
            check(
                &caller(&["User.Read.All", "User.ReadWrite.All"]),
                &denied,
                Need::Users
            )
            .is_ok()
        );
    }
}
