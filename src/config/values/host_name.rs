//! Names by which browsers and clients may address the admin port.

use std::fmt;
use std::str::FromStr;

/// `name`, `name:port`, or `*.domain` for every name below a domain. Without a port, any port is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName {
    /// In lower case, without a final dot. Begins with a dot where it stands for all names below it.
    name: String,
    port: Option<u16>,
}

impl HostName {
    /// Whether a request for this host and port is meant. Letters are compared without case, a final dot is ignored.
    #[must_use]
    pub fn matches(&self, host: &str, port: Option<u16>) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let named = match self.name.strip_prefix('.') {
            Some(domain) => host.strip_suffix(domain).is_some_and(|below| below.len() > 1 && below.ends_with('.')),
            None => host == self.name,
        };
        named && self.port.is_none_or(|wanted| port == Some(wanted))
    }
}

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("`{text}` is not a host name such as pointsman.example, pointsman.example:7335 or *.svc.cluster.local");
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| fault())?)),
            None => (text, None),
        };
        let (below, host) = match host.strip_prefix("*.") {
            Some(domain) => (".", domain),
            None => ("", host),
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        let legal =
            |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if host.len() > 253 || !host.split('.').all(legal) {
            return Err(fault());
        }
        Ok(Self { name: format!("{below}{}", host.to_ascii_lowercase()), port })
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.name.starts_with('.') { "*" } else { "" };
        write!(formatter, "{star}{}", self.name)?;
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

super::as_text!(HostName, "a host name such as pointsman.example or *.svc.cluster.local", "^[^\\s/]+$");

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> HostName {
        text.parse().unwrap_or_else(|fault| panic!("{fault}"))
    }

    #[test]
    fn a_name_is_meant_whatever_its_case_and_port() {
        let plain = name("Pointsman.Example");
        assert!(plain.matches("pointsman.example", None) && plain.matches("POINTSMAN.example.", Some(443)));
        assert!(!plain.matches("a.pointsman.example", None) && !plain.matches("pointsman.example.org", None));
        let at_a_port = name("pointsman:7335");
        assert!(at_a_port.matches("pointsman", Some(7335)));
        assert!(!at_a_port.matches("pointsman", None) && !at_a_port.matches("pointsman", Some(80)));
    }

    #[test]
    fn a_star_stands_for_the_names_below_a_domain_and_not_for_the_domain() {
        let below = name("*.svc.cluster.local");
        assert!(below.matches("pointsman.svc.cluster.local", Some(7335)) && below.matches("a.b.svc.cluster.local", None));
        for other in ["svc.cluster.local", ".svc.cluster.local", "evilsvc.cluster.local", "svc.cluster.local.evil.example"] {
            assert!(!below.matches(other, None), "{other}");
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_what_is_no_name_is_refused() {
        for text in ["pointsman", "pointsman.example:7335", "*.svc.cluster.local"] {
            assert_eq!(name(text).to_string(), text);
        }
        for text in ["", "*", "*.", "a..b", "http://a", "a/b", "a b", "a:b", "a:70000", "*.*.a", "a*", "[::1]", "u@h"] {
            assert!(text.parse::<HostName>().is_err(), "{text}");
        }
    }
}
