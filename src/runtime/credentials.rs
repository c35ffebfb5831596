//! Whether what an app signs in with is at hand: its secret, in a file or in the variable, or its certificate. Neither is shown.

use crate::app::pane::tenant::{NotSaved, TenantField};
use crate::config::secret::{SECRET_VARIABLE, client_secret, secret_file};
use crate::config::{SignInWay, TenantConfig};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::words;
use crate::graph::certificate::Certificate;

use super::new_tenant::endpoints;

/// An application, and where it signs in: what a secret is the secret of.
pub fn app_of(client_id: &str, tenant: &TenantConfig) -> String {
    let login = endpoints(tenant).map(|endpoints| endpoints.login.to_string());
    format!("{client_id} at {}", login.unwrap_or_default())
}

/// The certificate of a tenant.
pub fn certificate(tenant: &TenantConfig) -> Result<Certificate, Failure> {
    let Some(file) = &tenant.certificate_file else {
        return Err(Failure::new(
            FailureKind::Config,
            "No certificate: set certificate_file in the tenant's table",
            "",
            "The file holds the certificate and its key (PEM), and only you can read it.",
        ));
    };
    let pem = secret_file(file).map_err(|error| error.failure())?;
    Certificate::from_pem(&pem).map_err(|error| {
        Failure::new(
            FailureKind::Config,
            format!("{} cannot be used: {error}", file.display()),
            "",
            "Correct certificate_file in the configuration.",
        )
    })
}

/// Whose secret the variable holds, as far as that is known.
#[derive(Debug, Clone, Copy)]
pub enum SecretOf<'a> {
    /// Of whichever app is opened.
    Whichever,
    /// Of this app alone (see [`app_of`]): the console was started for it.
    App(&'a str),
}

impl SecretOf<'_> {
    fn may_be(self, client_id: &str, tenant: &TenantConfig) -> bool {
        match self {
            Self::Whichever => true,
            Self::App(app) => app == app_of(client_id, tenant),
        }
    }
}

/// Whether the app can sign in with what the tenant's table names; what is missing otherwise, and where it is to go.
pub fn at_hand(
    (tenant, client_id): (&TenantConfig, &str),
    of: SecretOf<'_>,
) -> Result<(), NotSaved> {
    let missing = match tenant.sign_in {
        SignInWay::DeviceCode | SignInWay::Browser => return Ok(()),
        SignInWay::Certificate => match certificate(tenant) {
            Ok(_) => return Ok(()),
            Err(why) => Failure::new(
                FailureKind::Config,
                "The certificate cannot be read: the app could not sign in",
                why.lines().collect::<Vec<_>>().join("; "),
                words::UNCHANGED,
            ),
        },
        SignInWay::ClientSecret => match client_secret(tenant) {
            Ok(_) if tenant.secret_file.is_some() || of.may_be(client_id, tenant) => return Ok(()),
            Ok(_) => no_secret(
                "No secret yet: the app could not sign in",
                format!(
                    "No file is named, and {SECRET_VARIABLE} is of the app that this console was started for."
                ),
            ),
            Err(_) if tenant.secret_file.is_none() => no_secret(
                "No secret yet: the app could not sign in",
                format!("No file is named, and {SECRET_VARIABLE} is not set here."),
            ),
            Err(why) => no_secret(
                "The secret cannot be read: the app could not sign in",
                why.to_string(),
            ),
        },
    };
    Err(NotSaved::about(TenantField::File, missing))
}

fn no_secret(headline: &str, detail: String) -> Failure {
    Failure::new(
        FailureKind::Config,
        headline,
        detail,
        format!(
            "Put it into a file that only you can read (in a shell: umask 077; cat > FILE) and name the file here, or quit and start \
             with {SECRET_VARIABLE} set. It is never typed into this screen. {}",
            words::UNCHANGED
        ),
    )
}
