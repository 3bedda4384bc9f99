//! Where a plugin may send: hosts that a deployment is granted by name, and networks that an operator opens by address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A granted `host:port`. The host may begin with `*.`, which stands for one label or more before the rest; a port is always
/// said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    /// In lower case, without brackets.
    host: String,
    port: u16,
}

impl HostPattern {
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = || {
            Error::invalid(
                "invalid-grant",
                format!(
                    "{text:?} is no host and port; write hooks.example.com:443, *.example.com:443, 127.0.0.1:8080 or [::1]:8080"
                ),
            )
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(invalid)?;
        let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(invalid)?;
        let host = host.to_ascii_lowercase();
        let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_valid = match address {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => is_host_name(host.strip_prefix("*.").unwrap_or(&host)),
        };
        if !is_valid {
            return Err(invalid());
        }
        Ok(Self { host: address.map(ToOwned::to_owned).unwrap_or(host), port })
    }

    /// Whether this is the place; `host` is without brackets.
    pub fn matches(&self, host: &str, port: u16) -> bool {
        if port != self.port {
            return false;
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        match self.host.strip_prefix("*.") {
            None => host.eq_ignore_ascii_case(&self.host),
            Some(rest) => {
                let Some(labels) = host.len().checked_sub(rest.len()) else { return false };
                // An address has no labels.
                labels > 1
                    && host.parse::<IpAddr>().is_err()
                    && host.is_char_boundary(labels)
                    && host[labels..].eq_ignore_ascii_case(rest)
                    && host.as_bytes()[labels - 1] == b'.'
            }
        }
    }
}

fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

impl std::fmt::Display for HostPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl TryFrom<String> for HostPattern {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

/// Networks that are not the internet's, and that plugins may reach all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenNetworks(Vec<IpNet>);

impl OpenNetworks {
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether a plugin may talk to the address, whatever name it came from.
    pub fn allow(&self, address: IpAddr) -> bool {
        let address = embedded_v4(address).map_or(address, IpAddr::V4);
        is_public(address) || self.0.iter().any(|network| network.contains(&address))
    }
}

/// The IPv4 address that an IPv6 address is another writing of.
fn embedded_v4(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = address else { return None };
    let segments = v6.segments();
    let last = || {
        let [.., a, b] = segments;
        Ipv4Addr::from((u32::from(a) << 16) | u32::from(b))
    };
    match segments {
        // Mapped, and NAT64.
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(last()),
        // 6to4.
        [0x2002, a, b, ..] => Some(Ipv4Addr::from((u32::from(a) << 16) | u32::from(b))),
        _ => None,
    }
}

/// Whether an address is one of the internet's, and of nobody's own network.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            let is_protocol = (a, b, c) == (192, 0, 0) || (a, b) == (198, 18) || (a, b) == (198, 19);
            !(a == 0
                || a >= 240
                || v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_documentation()
                || is_shared
                || is_protocol)
        }
        // What is given out for the internet is 2000::/3; of that, 2001:db8::/32 is for books, and 2001::/32 a tunnel.
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            first & 0xe000 == 0x2000 && !(first == 0x2001 && (second == 0xdb8 || second == 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_what_they_name() {
        let pattern = |text: &str| HostPattern::parse(text).unwrap();
        assert!(pattern("hooks.example.com:443").matches("HOOKS.example.com", 443));
        assert!(pattern("hooks.example.com:443").matches("hooks.example.com.", 443));
        assert!(!pattern("hooks.example.com:443").matches("hooks.example.com", 80));
        assert!(!pattern("example.com:443").matches("hooks.example.com", 443));
        assert!(pattern("*.example.com:443").matches("a.b.example.com", 443));
        assert!(!pattern("*.example.com:443").matches("example.com", 443));
        assert!(!pattern("*.example.com:443").matches("badexample.com", 443));
        assert!(!pattern("*.example.com:443").matches(".example.com", 443));
        assert!(!pattern("*.0.0.1:80").matches("127.0.0.1", 80), "an address has no labels");
        assert!(pattern("[::1]:8080").matches("::1", 8080));
        assert_eq!(pattern("[::1]:8080").to_string(), "[::1]:8080");
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in
            ["", "example.com", "example.com:", "example.com:0", ":443", "*:443", "a*.com:1", "http://a:1", "[x]:1"]
        {
            assert_eq!(HostPattern::parse(text).map_err(|error| error.code), Err("invalid-grant"), "{text}");
        }
    }

    #[test]
    fn only_the_internet_is_open() {
        let closed = OpenNetworks::default();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for public in ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "100.128.0.1"] {
            assert!(closed.allow(address(public)), "{public}");
        }
        for own in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!closed.allow(address(own)), "{own}");
        }
    }

    #[test]
    fn an_operator_opens_networks() {
        let open = OpenNetworks::new(vec!["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(open.allow(address("127.0.0.1")) && open.allow(address("::ffff:127.0.0.1")));
        assert!(open.allow(address("fd12::1")) && !open.allow(address("10.0.0.1")));
    }
}
