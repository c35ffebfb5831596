//! Which servers are trusted: those whose certificates the system's roots vouch for, or a file of the company's own.
//!
//! There is no switch that turns this off. A certificate that is not trusted is told with who issued it, since that names the
//! proxy or the server that is really there.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};

use super::local::{LocalError, read_whole};

/// How a server is to prove itself.
pub(super) fn config(extra: Vec<CertificateDer<'static>>) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let inner =
        rustls_platform_verifier::Verifier::new_with_extra_roots(extra, Arc::clone(&provider))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Witness { inner }))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates in a PEM file. They are no secret: anybody may be able to read it.
pub(super) fn extra_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, LocalError> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(LocalError::NotAFile);
    }
    let text = read_whole(file)?;
    let roots: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| LocalError::NoCertificate)?;
    if roots.is_empty() {
        return Err(LocalError::NoCertificate);
    }
    Ok(roots)
}

/// Asks the system's own check, and adds to its refusal who the certificate is from. It decides nothing itself.
#[derive(Debug)]
struct Witness {
    inner: rustls_platform_verifier::Verifier,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|why| {
                let chain = std::iter::once(end_entity).chain(intermediates);
                let untrusted = Untrusted {
                    why,
                    chain: chain.map(|one| Names::of(one.as_ref())).collect(),
                };
                rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(
                    untrusted,
                ))))
            })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// A certificate that was shown and not accepted, with all that came with it.
#[derive(Debug)]
pub(super) struct Untrusted {
    why: rustls::Error,
    chain: Vec<Names>,
}

impl Untrusted {
    /// The refusal in a chain of errors, if that is what is in it.
    pub(super) fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            if let Some(rustls::Error::InvalidCertificate(CertificateError::Other(other))) =
                error.downcast_ref::<rustls::Error>()
            {
                return other.0.downcast_ref::<Self>();
            }
            // An I/O error names what is inside of what it wraps, and not the thing itself.
            next = match error.downcast_ref::<std::io::Error>() {
                Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
                None => error.source(),
            };
        }
        None
    }

    /// Who issued the certificate that was shown.
    pub(super) fn issuer(&self) -> &str {
        self.chain.first().map_or("nobody", |first| &first.issuer)
    }

    /// What about it is not as it should be.
    pub(super) fn fault(&self) -> Fault {
        let rustls::Error::InvalidCertificate(why) = &self.why else {
            return Fault::Other;
        };
        match why {
            CertificateError::UnknownIssuer => Fault::Issuer,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Fault::Name
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Fault::Time,
            _ if format!("{why:?}").contains(AUTHORITY) => Fault::Authority,
            _ => Fault::Other,
        }
    }
}

/// What the check below ours calls the certificate of an authority in the place of a server's: it has no name of its own here.
const AUTHORITY: &str = "CaUsedAsEndEntity";

/// What about a certificate is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nobody who is trusted issued it.
    Issuer,
    /// It is for another server.
    Name,
    /// It is not valid now.
    Time,
    /// It is that of an authority, which is nobody's own.
    Authority,
    /// Something else.
    Other,
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault() {
            Fault::Authority => f.write_str(
                "invalid peer certificate: an authority's certificate in the place of a server's",
            )?,
            _ => write!(f, "{}", self.why)?,
        }
        f.write_str("; the server showed")?;
        for (place, one) in self.chain.iter().enumerate() {
            let and = if place == 0 { "" } else { "," };
            write!(f, "{and} {} issued by {}", one.subject, one.issuer)?;
        }
        Ok(())
    }
}

impl Error for Untrusted {}

/// Who issued a certificate, by its DER.
pub(super) fn issuer(certificate: &[u8]) -> String {
    Names::of(certificate).issuer
}

/// Who a certificate is for, and who it is from.
#[derive(Debug, PartialEq, Eq)]
struct Names {
    subject: String,
    issuer: String,
}

impl Names {
    fn of(certificate: &[u8]) -> Self {
        let unreadable = || "(unreadable)".to_owned();
        let (subject, issuer) = names(certificate).unwrap_or_default();
        Self {
            subject: subject.unwrap_or_else(unreadable),
            issuer: issuer.unwrap_or_else(unreadable),
        }
    }
}

type Both = (Option<String>, Option<String>);

/// Subject and issuer, read from the certificate's DER: they are told, and decide nothing.
fn names(certificate: &[u8]) -> Option<Both> {
    const VERSION: u8 = 0xa0;
    let (_, outer, _) = element(certificate)?;
    let (_, mut rest, _) = element(outer)?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest)?.2;
    }
    // Serial number, then algorithm; between the two names stands the time of validity.
    rest = element(rest)?.2;
    rest = element(rest)?.2;
    let (_, issuer, rest) = element(rest)?;
    let rest = element(rest)?.2;
    let (_, subject, _) = element(rest)?;
    Some((name(subject), name(issuer)))
}

/// Common name and organisation of a distinguished name.
fn name(mut sets: &[u8]) -> Option<String> {
    const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
    let (mut common, mut organisation) = (None, None);
    while !sets.is_empty() {
        let (_, set, rest) = element(sets)?;
        sets = rest;
        let (_, pair, _) = element(set)?;
        let (_, kind, value) = element(pair)?;
        let (_, text, _) = element(value)?;
        let text: String = String::from_utf8_lossy(text)
            .chars()
            .filter(|c| !c.is_control())
            .take(80)
            .collect();
        if kind == COMMON_NAME {
            common = Some(text);
        } else if kind == ORGANISATION {
            organisation = Some(text);
        }
    }
    match (common, organisation) {
        (Some(common), Some(organisation)) => Some(format!("\"{common}\" ({organisation})")),
        (Some(one), None) | (None, Some(one)) => Some(format!("\"{one}\"")),
        (None, None) => None,
    }
}

/// One element of DER: its tag, what is in it, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let length = if first < 0x80 {
        usize::from(first)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (digits, after) = rest.split_at_checked(count)?;
        rest = after;
        digits
            .iter()
            .fold(0, |length, &digit| length << 8 | usize::from(digit))
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_a_certificate() {
        let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let name = &mut parameters.distinguished_name;
        name.push(rcgen::DnType::CommonName, "Gate\u{7}way");
        name.push(rcgen::DnType::OrganizationName, "Contoso");
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let names = Names::of(certificate.der());
        assert_eq!(names.subject, "\"Gateway\" (Contoso)");
        assert_eq!(names.issuer, names.subject);
        for cut in 0..certificate.der().len() {
            // Whatever is cut off, nothing panics.
            let _ = Names::of(&certificate.der()[..cut]);
        }
        assert_eq!(Names::of(b"").issuer, "(unreadable)");
    }
}
