//! A certificate with its key: what an application proves itself with, in place of a secret.
//!
//! Takes the text of a PEM file that somebody else has read; the key is never shown again.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The certificate of an application, and the key to it.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: CertificateDer<'static>,
    key: Arc<dyn SigningKey>,
}

/// Why a certificate cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// There is none in the text.
    #[error("there is no certificate in it (no BEGIN CERTIFICATE)")]
    NoCertificate,
    /// There is no key in the text.
    #[error(
        "there is no private key in it (no BEGIN PRIVATE KEY); a key with a passphrase is not taken"
    )]
    NoKey,
    /// The key is not one for this use.
    #[error("the private key is not an RSA key of at least 2048 bits in PKCS#8 form")]
    Key,
    /// The key is another certificate's.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
}

impl Certificate {
    /// Reads a certificate and its PKCS#8 key from the text of a PEM file, in whichever order they stand.
    pub fn from_pem(text: &SecretString) -> Result<Self, CertificateError> {
        let pem = text.expose_secret().as_bytes();
        let der =
            CertificateDer::from_pem_slice(pem).map_err(|_| CertificateError::NoCertificate)?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| CertificateError::NoKey)?;
        let key = rustls::crypto::ring::sign::any_supported_type(&PrivateKeyDer::Pkcs8(key))
            .map_err(|_| CertificateError::Key)?;
        if key.algorithm() != rustls::SignatureAlgorithm::RSA {
            return Err(CertificateError::Key);
        }
        let pair = CertifiedKey::new(vec![der.clone()], Arc::clone(&key));
        match pair.keys_match() {
            Ok(()) => Ok(Self(Arc::new(Inner { der, key }))),
            Err(_) => Err(CertificateError::Mismatch),
        }
    }

    /// A web token over `claims`, signed with the key (PS256); `None` if the key will not sign.
    pub(super) fn signed(&self, claims: &Value) -> Option<SecretString> {
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0.der));
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": digest });
        let text = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signer = self
            .0
            .key
            .choose_scheme(&[SignatureScheme::RSA_PSS_SHA256])?;
        let signature = signer.sign(text.as_bytes()).ok()?;
        Some(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("bytes", &self.0.der.len())
            .finish_non_exhaustive()
    }
}
