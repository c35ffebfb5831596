//! Where a cloud's sign-in and Graph live, and which addresses belong to it.
//!
//! Invariant: no address outside the Graph origin ever passes `Endpoints::checked`, and nothing is sent to one that did not.

use std::net::IpAddr;

use url::{Host, Url};

use super::error::GraphError;

pub use crate::domain::script::Cloud;

/// The addresses of one cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Entra ID.
    pub login: Url,
    /// Microsoft Graph.
    pub graph: Url,
    /// Whether the Teams administration namespace exists there (it does in the worldwide cloud alone).
    pub teams_api: bool,
    /// Which cloud that is; own addresses count as the worldwide one.
    pub cloud: Cloud,
    resource: String,
}

/// Why an address is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL.
    #[error("{text} is not an address: {source}")]
    NotAnAddress {
        /// What was given.
        text: String,
        /// What the parser said.
        source: url::ParseError,
    },
    /// A scheme other than http and https.
    #[error("{text} must begin with https://")]
    Scheme {
        /// What was given.
        text: String,
    },
    /// A token would travel in the clear.
    #[error("{text}: plain http is allowed only on loopback (127.0.0.1, [::1], localhost)")]
    PlainHttp {
        /// What was given.
        text: String,
    },
    /// A user name or password in an address.
    #[error("{text} must not hold a user name")]
    UserName {
        /// What was given.
        text: String,
    },
}

const LONGEST_LINK: usize = 32 * 1024;
/// What of each part of a link is told, in characters.
const LONGEST_PART: usize = 40;

impl Endpoints {
    /// The addresses of one of Microsoft's clouds.
    pub fn cloud(cloud: Cloud) -> Self {
        let (login, graph) = match cloud {
            Cloud::Global => (
                "https://login.microsoftonline.com",
                "https://graph.microsoft.com",
            ),
            Cloud::UsGov => (
                "https://login.microsoftonline.us",
                "https://graph.microsoft.us",
            ),
            Cloud::UsDod => (
                "https://login.microsoftonline.us",
                "https://dod-graph.microsoft.us",
            ),
            Cloud::China => (
                "https://login.chinacloudapi.cn",
                "https://microsoftgraph.chinacloudapi.cn",
            ),
        };
        Self {
            login: Url::parse(login).expect("the addresses above are URLs"),
            graph: Url::parse(graph).expect("the addresses above are URLs"),
            teams_api: cloud == Cloud::Global,
            cloud,
            resource: graph.to_owned(),
        }
    }

    /// Addresses for tests and proxies. Scopes are still asked for as those of the worldwide Graph.
    pub fn custom(login: &str, graph: &str) -> Result<Self, EndpointError> {
        Ok(Self {
            login: address(login)?,
            graph: address(graph)?,
            teams_api: true,
            cloud: Cloud::Global,
            resource: "https://graph.microsoft.com".to_owned(),
        })
    }

    /// What scopes begin with.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The page on which an administrator of `tenant` consents to all permissions of the application. It leads back to
    /// wherever the application's registration says.
    pub fn admin_consent(&self, tenant: &str, client_id: &str) -> Url {
        let mut url = self.sign_in(tenant, &["adminconsent"]);
        url.query_pairs_mut().append_pair("client_id", client_id);
        url
    }

    /// An address of Entra ID that belongs to a tenant.
    pub(super) fn sign_in(&self, tenant: &str, path: &[&str]) -> Url {
        let mut url = self.login.clone();
        url.path_segments_mut()
            .expect("http and https addresses have a path")
            .pop_if_empty()
            .push(tenant)
            .extend(path);
        url
    }

    /// Whether any of the addresses is plain http: then all of them are on loopback or one is, and no proxy may see the traffic.
    pub(super) fn any_plain(&self) -> bool {
        self.login.scheme() == "http" || self.graph.scheme() == "http"
    }

    /// Whether any of the addresses needs certificates.
    pub(super) fn any_tls(&self) -> bool {
        self.login.scheme() == "https" || self.graph.scheme() == "https"
    }

    /// A link that a reply holds, once it is known to lead back to this Graph.
    pub(super) fn checked(&self, link: &str) -> Result<Url, GraphError> {
        if link.len() > LONGEST_LINK {
            return Err(self.hostile(link));
        }
        let url = Url::parse(link).map_err(|_| self.hostile(link))?;
        // Beside Graph's own tree there is nothing that a link of Graph's leads to, on whichever host.
        let tree = format!("{}/v1.0/", self.graph.path().trim_end_matches('/'));
        if self.admits(&url) && url.path().starts_with(&tree) {
            Ok(url)
        } else {
            Err(self.hostile(link))
        }
    }

    /// The error for a link that does not lead to this Graph.
    pub(super) fn hostile(&self, link: &str) -> GraphError {
        GraphError::Hostile {
            link: told(link),
            host: {
                let origin = self.graph.origin().ascii_serialization();
                format!("{origin}{}/v1.0/", self.graph.path().trim_end_matches('/'))
            },
        }
    }

    /// Whether a token may be sent there: same scheme, host and port as Graph, and no user name.
    pub(super) fn admits(&self, url: &Url) -> bool {
        url.scheme() == self.graph.scheme()
            && url.host() == self.graph.host()
            && url.port_or_known_default() == self.graph.port_or_known_default()
            && url.username().is_empty()
            && url.password().is_none()
    }
}

fn address(text: &str) -> Result<Url, EndpointError> {
    let url = Url::parse(text.trim()).map_err(|source| EndpointError::NotAnAddress {
        text: text.to_owned(),
        source,
    })?;
    let text = text.to_owned();
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointError::UserName {
            text: url.host_str().unwrap_or_default().to_owned(),
        });
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(EndpointError::PlainHttp { text }),
        _ => Err(EndpointError::Scheme { text }),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

/// As much of a link as says where it leads: what follows may hold what is nobody's business.
fn told(link: &str) -> String {
    let way = link.split(['?', '#']).next().unwrap_or_default();
    let parts: Vec<String> = way
        .split('/')
        .map(|part| match part.char_indices().nth(LONGEST_PART) {
            Some((end, _)) => format!("{}...", &part[..end]),
            None => part.to_owned(),
        })
        .collect();
    parts.join("/").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for good in [
            "http://127.0.0.1:18080",
            "http://localhost:1",
            "http://[::1]:8080",
            "https://graph.example.org",
        ] {
            assert!(Endpoints::custom(good, good).is_ok(), "{good}");
        }
        assert_eq!(
            Endpoints::custom("http://10.0.0.1", "http://127.0.0.1")
                .unwrap_err()
                .to_string(),
            "http://10.0.0.1: plain http is allowed only on loopback (127.0.0.1, [::1], localhost)"
        );
        for bad in [
            "http://127.0.0.1.evil.com",
            "http://localhost.evil.com",
            "ftp://127.0.0.1",
            "127.0.0.1:80",
            "https://a:b@graph.example.org",
            "",
        ] {
            assert!(Endpoints::custom(bad, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn clouds_have_their_own_addresses() {
        let dod = Endpoints::cloud(Cloud::UsDod);
        assert_eq!(dod.graph.as_str(), "https://dod-graph.microsoft.us/");
        assert_eq!(dod.resource(), "https://dod-graph.microsoft.us");
        assert!(!dod.teams_api);
        assert!(Endpoints::cloud(Cloud::Global).teams_api);
        let china = Endpoints::cloud(Cloud::China);
        assert_eq!(
            china.admin_consent("contoso.cn", "app 1").as_str(),
            "https://login.chinacloudapi.cn/contoso.cn/adminconsent?client_id=app+1"
        );
        assert_eq!(china.resource(), "https://microsoftgraph.chinacloudapi.cn");
        assert!(!china.teams_api);
    }

    #[test]
    fn hostile_links_are_refused() {
        let graph = Endpoints::cloud(Cloud::Global);
        for link in [
            "http://graph.microsoft.com/v1.0/users?$skiptoken=x",
            "https://graph.microsoft.com@evil.example/v1.0/users",
            "https://user@graph.microsoft.com/v1.0/users",
            "https://graph.microsoft.com:8443/v1.0/users",
            "https://graph.microsoft.com.evil.example/v1.0/users",
            "https://graph.micros\u{043e}ft.com/v1.0/users",
            "https://evil.example/graph.microsoft.com",
            "https://evil.example\\@graph.microsoft.com/",
            "//evil.example/v1.0/users",
            "/v1.0/users",
            // The parser reads a backslash as a slash: a path on our own host, but not of Graph.
            "https://graph.microsoft.com\\@evil.example",
            "https://graph.microsoft.com/v1.0/../other.tenant/users",
            "https://graph.microsoft.com/v1.0/%2e%2e/other.tenant/users",
            "https://graph.microsoft.com/beta/users",
            "https://graph.microsoft.com./v1.0/users",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "",
        ] {
            assert!(
                matches!(graph.checked(link), Err(GraphError::Hostile { .. })),
                "{link}"
            );
        }
        let told = graph.hostile("https://graph.microsoft.com:8443/v1.0/users");
        assert_eq!(
            told.to_string(),
            "the reply holds a link that does not lead to https://graph.microsoft.com/v1.0/: https://graph.microsoft.com:8443/v1.0/users"
        );
        let secret = "s".repeat(90);
        let told = graph.hostile(&format!(
            "https://evil.example/{secret}/users?t={secret}#{secret}"
        ));
        let start = "s".repeat(LONGEST_PART);
        assert!(
            told.to_string()
                .ends_with(&format!(": https://evil.example/{start}.../users")),
            "{told}"
        );
        let long = format!("https://graph.microsoft.com/{}", "x".repeat(LONGEST_LINK));
        assert!(graph.checked(&long).is_err());
    }

    #[test]
    fn our_own_links_pass() {
        let graph = Endpoints::cloud(Cloud::Global);
        for link in [
            "https://graph.microsoft.com/v1.0/users?$skiptoken=abc",
            "https://GRAPH.microsoft.com:443/v1.0/users",
        ] {
            assert_eq!(
                graph.checked(link).unwrap().host_str(),
                Some("graph.microsoft.com"),
                "{link}"
            );
        }
    }
}
