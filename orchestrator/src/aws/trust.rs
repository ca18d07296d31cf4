//! Whose certificates are believed.

use std::path::Path;
use std::sync::Arc;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The certificate in a file. What cannot be read is believed no more than before: the connection then fails and says why.
pub(super) fn read(file: &Path) -> Option<Vec<u8>> {
    let read = std::fs::read(file);
    read.inspect_err(|error| tracing::warn!(%error, file = %file.display(), "the certificate cannot be read")).ok()
}

/// TLS for the SDK's own connections that believes this certificate, in PEM, and no other.
pub(super) fn only(pem: Vec<u8>) -> TlsContext {
    let store = TrustStore::empty().with_pem_certificate(pem);
    TlsContext::builder().with_trust_store(store).build().expect("a trust store is all that it needs")
}

/// TLS that believes this certificate alone; without one, the authorities of the system or of `SSL_CERT_FILE`.
pub(super) fn client_config(authority: Option<&Path>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    match authority.and_then(read) {
        Some(pem) => roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten()),
        None => roots.add_parsable_certificates(of_the_system()),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn of_the_system() -> Vec<CertificateDer<'static>> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a certificate authority cannot be read");
    }
    found.certs
}
