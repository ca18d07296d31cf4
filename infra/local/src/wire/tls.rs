//! TLS with a certificate authority that lives as long as the stand-in.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// Names that the certificate is good for.
const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];
/// Protocols that are offered, the one that AWS prefers first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What answers in TLS.
#[derive(Clone)]
pub(crate) struct Tls {
    pub acceptor: TlsAcceptor,
    /// Certificate of the authority, in PEM, which clients must trust.
    pub authority: Arc<str>,
}

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate or its key.
    #[error("no certificate could be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS does not take them.
    #[error("TLS could not be set up: {0}")]
    Setup(#[from] rustls::Error),
}

impl Tls {
    /// Makes an authority and a certificate of it. The key of the authority is forgotten at once.
    pub(crate) fn new() -> Result<Tls, TlsError> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, "coldwatch local cloud, thrown away when it ends");
        let key = KeyPair::generate()?;
        let authority = params.self_signed(&key)?;
        let issuer = Issuer::new(params, key);
        let server_key = KeyPair::generate()?;
        let certificate = CertificateParams::new(NAMES.map(str::to_owned))?.signed_by(&server_key, &issuer)?;
        let private =
            PrivateKeyDer::try_from(server_key.serialize_der()).map_err(|e| rustls::Error::General(e.to_owned()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), authority: authority.pem().into() })
    }
}
