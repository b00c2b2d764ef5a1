//! Whom to trust: the system's certificate authorities, and a deployment's own on top.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::OutboundError;

/// The system's authorities, read once, when the first deployment needs them.
#[derive(Debug, Default)]
pub struct TrustedRoots(OnceLock<Arc<RootCertStore>>);

impl TrustedRoots {
    fn system(&self) -> Arc<RootCertStore> {
        let read = || {
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::warn!(%error, "a system certificate could not be read");
            }
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(found.certs);
            if store.is_empty() {
                tracing::warn!("the system has no trusted certificates; https upstreams need a `ca_file`");
            }
            Arc::new(store)
        };
        Arc::clone(self.0.get_or_init(read))
    }

    /// Trusts the system's authorities and those in `ca_pem`.
    pub(super) fn client_config(&self, ca_pem: Option<&[u8]>) -> Result<ClientConfig, OutboundError> {
        let mut roots = self.system();
        if let Some(pem) = ca_pem {
            let mut own = (*roots).clone();
            let mut found = 0;
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let bad = |e: String| OutboundError::BadCertificate(e);
                own.add(certificate.map_err(|e| bad(e.to_string()))?)
                    .map_err(|e| bad(e.to_string()))?;
                found += 1;
            }
            if found == 0 {
                return Err(OutboundError::NoCertificates);
            }
            roots = Arc::new(own);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| OutboundError::Tls(e.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(config)
    }
}
