//! What to do next, by the code that came back: the sentences for sign-in refusals, missing permissions and dead networks.
//!
//! The numbers are hints only: what the program does is decided by OAuth's words and HTTP's statuses.

use super::error::{GraphError, Stage};

const UNCHANGED: &str = "Nothing was changed.";

/// What state is left, and what to do next.
pub(super) fn next_step(error: &GraphError) -> String {
    match error {
        GraphError::Unauthorized { .. } => format!("{UNCHANGED} Sign in again."),
        GraphError::Forbidden { scopes, reply } => forbidden(scopes, &reply.code),
        GraphError::NotFound { .. } => {
            format!("{UNCHANGED} It may be deleted, or not yet known to Teams: sync, and look again.")
        }
        GraphError::Gone { .. } => format!("{UNCHANGED} The next run reads all users instead."),
        GraphError::Conflict { .. } => format!("{UNCHANGED} Sync, and try again."),
        GraphError::Throttled { after, .. } => format!(
            "{UNCHANGED} Nothing is sent before {} s have passed; other tenants are not affected.",
            after.as_secs()
        ),
        GraphError::Server { .. } => {
            "Whether a change went through is settled by reading. Try again in a few minutes, and quote the request-id if it stays.".to_owned()
        }
        GraphError::BadRequest { reply } => bad_request(&reply.message),
        GraphError::NotGraph { reply, .. } => format!(
            "A proxy or a sign-in portal of the network answered (status {}, {}). Check HTTPS_PROXY and NO_PROXY, or open a page in a browser on this network.",
            reply.status,
            reply.foreign.as_deref().unwrap_or("no content type")
        ),
        GraphError::Transport { host, stage, .. } => transport(host, *stage),
        GraphError::Decode { accepted: true, .. } => {
            "The change was accepted; whether it went through is settled by reading.".to_owned()
        }
        GraphError::Decode { .. } => {
            format!("{UNCHANGED} What was read before is kept. If it stays, report it with the request-id.")
        }
        GraphError::SignIn { aadsts, error, .. } => sign_in(*aadsts, error).to_owned(),
        GraphError::SignedOut => "Sign in; what was read before stays readable.".to_owned(),
        GraphError::WrongTenant { wanted, .. } => format!(
            "{UNCHANGED} Sign in with an account of {wanted}, or add the other tenant under its own name."
        ),
        GraphError::Hostile { .. } => {
            format!("{UNCHANGED} Nothing was sent there. A proxy may rewrite answers: check the endpoints of the tenant.")
        }
        GraphError::Endless { .. } => {
            format!("{UNCHANGED} What was read before is kept. Sync again.")
        }
        GraphError::Ambiguous { .. } => "Name the user by sign-in name or object id.".to_owned(),
        GraphError::NoTeamsApi => {
            "Use Teams PowerShell for numbers in this cloud; users and licences are read as usual.".to_owned()
        }
        GraphError::Setup { .. } => {
            "Check the endpoints and the identifiers of the tenant, and that the system has CA certificates.".to_owned()
        }
    }
}

fn forbidden(scopes: &[String], code: &str) -> String {
    if code.eq_ignore_ascii_case("Authorization_IdentityNotFound") {
        return format!(
            "{UNCHANGED} The application or account is not known in this tenant: check the tenant and give consent there."
        );
    }
    match scopes {
        [] => format!(
            "{UNCHANGED} Check the application's permissions and the account's role (Teams Administrator to write numbers)."
        ),
        [one] => format!(
            "{UNCHANGED} Add {one} to the application, let an administrator consent, then sign in again. A signed-in person also needs the role for it."
        ),
        several => format!(
            "{UNCHANGED} Add one of {} to the application, let an administrator consent, then sign in again. A signed-in person also needs the role for it.",
            several.join(", ")
        ),
    }
}

fn bad_request(message: &str) -> String {
    if message.contains("not supported for AAD accounts") {
        return format!("{UNCHANGED} The tenant is not provisioned for Teams.");
    }
    if message.contains("on-premises mastered") {
        return format!(
            "{UNCHANGED} Change it in the on-premises directory, and let it synchronise."
        );
    }
    if message.contains("usageLocation") {
        return format!(
            "{UNCHANGED} Use a two-letter country code that Microsoft knows, such as GB."
        );
    }
    format!("{UNCHANGED} The same request will be refused again.")
}

fn transport(host: &str, stage: Stage) -> String {
    match stage {
        Stage::NotSent => format!(
            "Nothing was sent. Check the network, name resolution of {host}, HTTPS_PROXY, and the certificates that this system trusts."
        ),
        Stage::NoReply | Stage::CutReply => {
            "Whether a change went through is settled by reading. Check the network, and try again."
                .to_owned()
        }
    }
}

/// Whether Entra says, in whatever way, that it is only a matter of time.
pub(super) fn is_transient(aadsts: Option<u32>, error: &str) -> bool {
    matches!(error, "temporarily_unavailable" | "server_error")
        || matches!(aadsts, Some(90033 | 90024 | 50033 | 90006 | 90012))
}

fn sign_in(aadsts: Option<u32>, error: &str) -> &'static str {
    match aadsts {
        Some(7_000_215 | 70002) => {
            "The client secret is wrong. Use the secret's value, not its id, and check that it belongs to this application."
        }
        Some(7_000_222) => {
            "The client secret has expired. Make a new one for the application, and store it where this tenant reads its secret."
        }
        Some(700_016 | 700_011) => {
            "The application is not known in this tenant: check client id, tenant and cloud, or give consent there."
        }
        Some(7_000_112 | 70001) => {
            "The application is disabled in this tenant: an administrator has to enable it."
        }
        Some(7_000_218) => {
            "The application wants a secret: enable \"Allow public client flows\" for it, or sign in with a client secret."
        }
        Some(700_025) => {
            "This application is a public client: sign in by device code, without a secret."
        }
        Some(700_027 | 50012 | 700_030) => {
            "The certificate is not the one that the application knows."
        }
        Some(90002 | 900_023 | 50059) => {
            "No tenant has this name: check the tenant id or domain, and the cloud."
        }
        Some(50194 | 9_001_023 | 90130) => {
            "Name the tenant by its id: this application cannot sign in without one."
        }
        Some(65001 | 65004 | 90094 | 90095) => {
            "Consent is missing: an administrator of the tenant has to grant the application its permissions."
        }
        Some(50020 | 50034 | 51004 | 50014) => {
            "The account is not in this tenant: sign in with one that is."
        }
        Some(50076 | 50079 | 50074 | 50158 | 50078) => {
            "A second factor is needed: sign in interactively."
        }
        Some(50057 | 50055 | 50126 | 50053) => {
            "The account is disabled or locked, or its password is wrong or expired."
        }
        Some(50105) => "The account is not assigned to this application in the tenant.",
        Some(50173 | 700_082 | 70008 | 700_084 | 70043) => {
            "The sign-in has ended: sign in again. What was read before stays readable."
        }
        Some(530_033) => {
            "The tenant's policy does not allow device codes: sign in with the browser, or with a client secret."
        }
        Some(53000 | 53001 | 53003 | 530_003 | 530_032 | 530_034 | 530_035) => {
            "A Conditional Access policy of the tenant blocks this sign-in: its administrator has to allow it."
        }
        Some(70011 | 28002 | 700_022) => {
            "The permissions that were asked for are not valid in this cloud."
        }
        Some(500_011 | 650_057 | 65005) => {
            "The tenant does not know the resource: check the cloud and the application's manifest."
        }
        Some(50196) => "Entra ID sees a loop of sign-ins: wait a while before the next try.",
        _ => sign_in_word(error),
    }
}

fn sign_in_word(error: &str) -> &'static str {
    match error {
        "authorization_declined" | "access_denied" => "The sign-in was declined in the browser.",
        "expired_token" => "The code has expired: start the sign-in again.",
        "bad_verification_code" => "The code is not known: start the sign-in again.",
        "invalid_client" => "Check the client id and the client secret.",
        "invalid_grant" | "interaction_required" => {
            "Sign in again. What was read before stays readable."
        }
        "unauthorized_client" => "The application may not sign in this way: check its settings.",
        "personal_account" => "Sign in with a work or school account.",
        _ => "Check tenant, client id and cloud, and try again.",
    }
}
