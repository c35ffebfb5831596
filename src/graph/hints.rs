//! What to do next, by what came back: the sentences for missing permissions, foreign certificates and dead networks.
//!
//! Those for refusals of Entra ID stand in `aadsts`.

use crate::domain::words::UNCHANGED;

use super::error::{GraphError, Stage};
use super::local::LocalError;
use super::trust::{Fault, Untrusted};

/// What state is left, and what to do next.
pub(super) fn next_step(error: &GraphError) -> String {
    match error {
        GraphError::Lacking(why) => why.hint.clone(),
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
            // A write without a clear answer is settled by reading, and fails nothing: what failed here is a reading.
            format!("{UNCHANGED} Try again in a few minutes, and quote the request-id if it stays.")
        }
        GraphError::BadRequest { reply } => bad_request(&reply.message),
        GraphError::NotGraph { reply, .. } => format!(
            "A proxy or a sign-in portal of the network answered (status {}, {}). Check HTTPS_PROXY and NO_PROXY, or open a page in a browser on this network.",
            reply.status,
            reply.foreign.as_deref().unwrap_or("no content type")
        ),
        GraphError::Transport {
            host,
            stage,
            named,
            source,
        } => match Untrusted::within(source) {
            Some(untrusted) => certificate(host, untrusted),
            None if wants_to_know_who(source) => proxy(*named).to_owned(),
            None => transport(host, *stage),
        },
        GraphError::Decode { accepted: true, .. } => {
            "The change was accepted; whether it went through is settled by reading.".to_owned()
        }
        GraphError::Decode { .. } => {
            format!("{UNCHANGED} What was read before is kept. If it stays, report it with the request-id.")
        }
        GraphError::SignIn(refusal) => refusal.way_out(),
        GraphError::Local { source, .. } => local(source).to_owned(),
        GraphError::SignedOut => "Sign in; what was read before stays readable.".to_owned(),
        GraphError::NotAgreed { .. } => {
            "This was not written. Sign in for writing: `login --write`, or `:sign-in` in the console.".to_owned()
        }
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
            "Use Teams PowerShell for numbers in this cloud: `script` writes the queued changes as a script. Users and licences are read as usual.".to_owned()
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

fn certificate(host: &str, untrusted: &Untrusted) -> String {
    let issuer = untrusted.issuer();
    match untrusted.fault() {
        Fault::Issuer => format!(
            "This request was not sent. {issuer} issued what was shown for {host}. If that is your company's proxy, put its root certificate into a PEM file and name it as extra_ca at the top of config.toml (extra_ca = \"FILE\"); if not, somebody is in between."
        ),
        Fault::Name => format!(
            "This request was not sent. Another server than {host} answered, with a certificate of {issuer}: check name resolution, HTTPS_PROXY and the endpoints."
        ),
        Fault::Time => format!(
            "This request was not sent. The certificate, issued by {issuer}, is not valid at this machine's time: check the clock here first, then the server's certificate."
        ),
        Fault::Authority => format!(
            "This request was not sent. {host} showed the certificate of an authority where its own belongs, issued by {issuer}. If it is a server of yours, give it a certificate that this authority has signed; naming it as extra_ca does not mend this. If not, somebody is in between."
        ),
        Fault::Other => format!(
            "This request was not sent. The certificate was issued by {issuer}: give this whole message to whoever runs the network."
        ),
    }
}

fn local(why: &LocalError) -> &'static str {
    match why {
        LocalError::Mode { .. } => {
            "Run the chmod that is named, then try again. If others may have read it, sign out and in again."
        }
        LocalError::Owner { .. } => "Use a home of your own: tokens are never shared.",
        LocalError::Held { .. } => {
            "This request was not sent. End the other program (one that was stopped holds it, too), then try again."
        }
        LocalError::NoCertificate => {
            "The file has to hold certificates in PEM form, each from BEGIN CERTIFICATE to END CERTIFICATE."
        }
        LocalError::Io(_) | LocalError::NotAFile | LocalError::TooLarge => {
            "Check that it is there, and that this account may use it."
        }
    }
}

/// What to do when a proxy has answered 407.
fn proxy(named: bool) -> &'static str {
    if named {
        "This request was not sent. The proxy was given the name and the password of HTTPS_PROXY and refused them: they are wrong, expired or locked, or it wants another way than Basic. Signs such as @ : / in a password are written as %40 %3A %2F."
    } else {
        "This request was not sent. The proxy wants a name and a password, and HTTPS_PROXY gives none: HTTPS_PROXY=http://name:password@proxy:port, or ask whoever runs it to let this host through. NO_PROXY names hosts that need none."
    }
}

/// Whether a proxy has answered 407.
fn wants_to_know_who(error: &reqwest::Error) -> bool {
    std::iter::successors(Some(error as &dyn std::error::Error), |error| {
        error.source()
    })
    .any(|error| error.to_string().contains("proxy authorization required"))
}

fn transport(host: &str, stage: Stage) -> String {
    match stage {
        Stage::NotSent => format!(
            "This request was not sent. Check the network, name resolution of {host}, HTTPS_PROXY and NO_PROXY (a proxy that wants a name and a password gets them as http://name:password@proxy:port)."
        ),
        Stage::NoReply | Stage::CutReply => {
            format!("{UNCHANGED} Check the network, and try again.")
        }
    }
}
