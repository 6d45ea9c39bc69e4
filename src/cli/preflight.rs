//! What must hold before `serve` opens anything. `serve` and `check` both come through here, so that `check` refuses what
//! `serve` would refuse, and warns of what `serve` would warn of.

use std::path::Path;
use std::time::SystemTime;

use rustls_pki_types::CertificateDer;

use super::ServeArgs;
use super::serve::{descriptors, tls};
use crate::config::{Config, Fault, Loaded, Purpose};
use crate::control::Plan;
use crate::upstream::{RENEW_DAYS, Standing, Validity};

/// The configuration to serve with.
///
/// # Errors
/// Everything that keeps `serve` from starting with it: keys, and the files and variables that they name.
pub(super) fn load(args: &ServeArgs) -> Result<Loaded, Vec<Fault>> {
    Config::load_with(Purpose::Serve, &args.source(), unusable)
}

/// Files, keys and variables that the configuration names and that cannot be used.
fn unusable(config: &Config) -> Vec<(String, String)> {
    let of_plan = Plan::of(config, None).err().unwrap_or_default().into_iter().map(|fault| (fault.key, fault.reason));
    let of_tls = config.listen.tls.as_ref().and_then(|tls| tls::server(tls).err()).unwrap_or_default();
    of_plan.chain(of_tls.into_iter().map(|fault| (fault.key().to_owned(), fault.to_string()))).collect()
}

/// What does not keep `serve` from starting, and what the operator should know all the same.
pub(super) fn warnings(config: &Config) -> Vec<String> {
    let mut warnings: Vec<String> = descriptors::too_few(config.listen.max_connections, descriptors::raise()).into_iter().collect();
    let now = SystemTime::now();
    if let Some(tls) = &config.listen.tls {
        // The first certificate is the server's own; the others are those of authorities, which clients may have newer ones of.
        let own = tls::chain(&tls.cert_file).ok().and_then(|chain| chain.into_iter().next());
        warnings.extend(own.and_then(|own| dated(&own, now, "listen.tls.cert_file", &tls.cert_file)));
    }
    for (name, upstream) in &config.upstreams {
        let Some(file) = &upstream.ca_file else { continue };
        let certificates = tls::chain(file).unwrap_or_default();
        let key = format!("upstreams.{name}.ca_file");
        warnings.extend(certificates.iter().filter_map(|certificate| dated(certificate, now, &key, file)));
    }
    warnings
}

/// A warning, where the dates of a certificate ask for one.
fn dated(certificate: &CertificateDer<'_>, now: SystemTime, key: &str, file: &Path) -> Option<String> {
    let file = file.display();
    let standing = match Validity::of(certificate)?.at(now) {
        Standing::Valid { days } if days >= RENEW_DAYS => return None,
        Standing::Valid { days } => format!("expires in {days} d"),
        Standing::Expired { days } => format!("expired {days} d ago, and no connection is made with it"),
        Standing::NotYet { days } => format!("is valid in {days} d only, and no connection is made with it before"),
    };
    Some(format!("`{key}`: a certificate in {file} {standing}; put a renewed one into the file"))
}
