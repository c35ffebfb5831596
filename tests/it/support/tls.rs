//! A front that speaks TLS, with certificates of its own making, before a server that speaks plain HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// Somebody who issues certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// What has to be trusted, as PEM text.
    pub(crate) pem: String,
    own: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let own = parameters.self_signed(&key).unwrap();
        Self {
            pem: own.pem(),
            own: own.der().clone(),
            key: key.serialize_der(),
            issuer: Issuer::new(parameters, key),
        }
    }

    /// A certificate for a server, and how it is served. `until` is the year in which it ends.
    fn serves(&self, host: &str, until: i32) -> ServerConfig {
        let mut parameters = CertificateParams::new(vec![host.to_owned()]).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, host);
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        shows(certificate.der().clone(), key.serialize_der())
    }
}

fn shows(certificate: CertificateDer<'static>, key: Vec<u8>) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key).unwrap())
        .unwrap()
}

/// Stands before `behind` for as long as it is kept, as `host`.
pub(crate) struct Front {
    pub(crate) port: u16,
    _serving: JoinSet<()>,
}

impl Front {
    pub(crate) async fn before(
        behind: SocketAddr,
        authority: &Authority,
        host: &str,
        until: i32,
    ) -> Self {
        Self::showing(behind, authority.serves(host, until)).await
    }

    /// The same with the authority's own certificate.
    pub(crate) async fn authority_itself(behind: SocketAddr, authority: &Authority) -> Self {
        Self::showing(behind, shows(authority.own.clone(), authority.key.clone())).await
    }

    async fn showing(behind: SocketAddr, config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut visits = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                visits.spawn(async move {
                    let mut plain = TcpStream::connect(behind).await.unwrap();
                    // Whoever does not trust the certificate hangs up here.
                    if let Ok(mut secret) = acceptor.accept(stream).await {
                        let _ = tokio::io::copy_bidirectional(&mut secret, &mut plain).await;
                    }
                });
            }
        });
        Self {
            port,
            _serving: serving,
        }
    }
}
