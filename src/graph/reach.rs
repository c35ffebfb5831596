//! Whether the login and Graph hosts answer at all: without a sign-in and without a token, for `doctor`.

use super::Client;
use super::error::GraphError;
use super::exchange::Leave;
use super::trust;

/// A host that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Host and port.
    pub host: String,
    /// HTTP status of its answer.
    pub status: u16,
    /// From sending to the last byte, in milliseconds.
    pub millis: u64,
    /// Who issued the certificate that it showed; nobody where plain http is spoken.
    pub issuer: Option<String>,
}

impl Client {
    /// Host and port of login and Graph, for looking their names up.
    pub fn hosts(&self) -> [(String, u16); 2] {
        [&self.0.endpoints.login, &self.0.endpoints.graph].map(|url| {
            let host = url.host_str().unwrap_or_default().to_owned();
            (host, url.port_or_known_default().unwrap_or(443))
        })
    }

    /// Asks the login host for its public description of the tenant.
    pub async fn reach_login(&self) -> Result<Reached, GraphError> {
        let mut url = self.0.endpoints.login.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend([
                self.0.credentials.tenant.as_str(),
                "v2.0",
                ".well-known",
                "openid-configuration",
            ]);
        }
        self.reach(url).await
    }

    /// Asks Graph without a token: any answer shows that it is there.
    pub async fn reach_graph(&self) -> Result<Reached, GraphError> {
        let url = self.url(&["organization"], &[]);
        self.reach(url).await
    }

    async fn reach(&self, url: url::Url) -> Result<Reached, GraphError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let request = self
            .0
            .wire
            .http()
            .get(url)
            .build()
            .map_err(|error| GraphError::Setup {
                host: host.clone(),
                source: Some(error),
            })?;
        let (line, outcome) = self.0.wire.once(request, Leave::Unpacked).await;
        let answer = outcome?;
        Ok(Reached {
            host,
            status: answer.status.as_u16(),
            millis: line.millis,
            issuer: answer
                .shown
                .as_ref()
                .and_then(reqwest::tls::TlsInfo::peer_certificate)
                .map(trust::issuer),
        })
    }
}
