//! Which registries are believed to be who they say: those that the machine's authorities vouch for, and those whose own
//! certificate Docker has been given.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

use super::place::{Place, Scheme};

/// Where Docker keeps the authorities of single registries, a directory a host.
const DOCKER_AUTHORITIES: &str = "/etc/docker/certs.d";

/// Returns how TLS is spoken with a registry.
pub(super) fn config(place: &Place) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    if place.scheme == Scheme::Http {
        let nobody = config.with_root_certificates(RootCertStore::empty());
        return Ok(nobody.with_no_client_auth());
    }
    let own = own_authorities(&place.host);
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(own.iter().cloned());
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let chain = chain.build();
    let chain = chain.map_err(|error| Error::Other(OtherError(Arc::new(error))))?;
    let verifier = Verifier {
        chain,
        own,
        provider,
    };
    Ok(config
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// Asks the chain of authorities, and lets pass the very certificate that Docker was given for the host: one that was made
/// for itself is often marked as an authority's, which a chain may not end in.
#[derive(Debug)]
struct Verifier {
    chain: Arc<WebPkiServerVerifier>,
    own: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.own.iter().any(|own| own == end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        let chain = &self.chain;
        chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let known = &self.provider.signature_verification_algorithms;
        known.supported_schemes()
    }
}

fn own_authorities(host: &str) -> Vec<CertificateDer<'static>> {
    let directory = Path::new(DOCKER_AUTHORITIES).join(host);
    let files = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let files = files.map(|entry| entry.path());
    let certificates = files.filter(|file| file.extension().is_some_and(|it| it == "crt"));
    certificates
        .flat_map(|file| CertificateDer::pem_file_iter(file).into_iter().flatten())
        .flatten()
        .collect()
}
