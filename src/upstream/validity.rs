//! When a certificate is valid. `cli` asks it for the warnings of `check` and `serve`, and for what `check --connect` prints.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage};

const DAY: u64 = 86_400;

/// A certificate that ends within so many days is to be renewed: that takes people time.
pub(crate) const RENEW_DAYS: u64 = 14;

/// Seconds since 1970 of the first and the last moment of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    not_before: u64,
    not_after: u64,
}

/// How a certificate stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    NotYet { days: u64 },
    Valid { days: u64 },
    Expired { days: u64 },
}

impl Validity {
    /// None where the certificate cannot be read, or ends before it begins.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let parsed = EndEntityCert::try_from(certificate).ok()?;
        // webpki looks at the dates before anything else, and says them in its refusals of a time before and a time after.
        let refused = |seconds| {
            let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
            parsed.verify_for_usage(&[], &[], &[], time, KeyUsage::server_auth(), None, None).err()
        };
        let Some(Error::CertExpired { not_after, .. }) = refused(u64::MAX) else { return None };
        let not_before = match refused(0) {
            Some(Error::CertNotValidYet { not_before, .. }) => not_before.as_secs(),
            _ => 0,
        };
        Some(Self { not_before, not_after: not_after.as_secs() })
    }

    pub(crate) fn at(self, now: SystemTime) -> Standing {
        let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        match self {
            Self { not_before, .. } if now < not_before => Standing::NotYet { days: (not_before - now).div_ceil(DAY) },
            Self { not_after, .. } if now > not_after => Standing::Expired { days: (now - not_after) / DAY },
            Self { not_after, .. } => Standing::Valid { days: (not_after - now) / DAY },
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn moment(days: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(days * DAY)
    }

    #[test]
    fn the_dates_of_a_certificate_are_read() {
        let mut params = CertificateParams::new(vec!["q.example".to_owned()]).expect("a name");
        (params.not_before, params.not_after) = (date_time_ymd(1970, 1, 11), date_time_ymd(1970, 1, 31));
        let certificate = params.self_signed(&KeyPair::generate().expect("a key")).expect("signed");
        let validity = Validity::of(certificate.der()).expect("it can be read");
        assert_eq!(validity.at(moment(8)), Standing::NotYet { days: 2 });
        assert_eq!(validity.at(moment(10)), Standing::Valid { days: 20 });
        assert_eq!(validity.at(moment(35)), Standing::Expired { days: 5 });
    }

    #[test]
    fn what_is_no_certificate_has_no_dates() {
        assert_eq!(Validity::of(&CertificateDer::from(vec![0x30, 0])), None);
    }
}
