//! Where the gateways of organizations may be: on the internet, and in networks that the operator lets them reach.
//!
//! Their administrators name the address, the portal connects: it must not carry anybody into the operator's own
//! network, to this machine, or to what a cloud tells its machines (169.254.169.254). A name proves nothing, because
//! whoever owns it decides at any moment where it leads: what is looked at is each address that a connection is about
//! to be made to (`Way`), after the name was looked up for it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::time::Duration;

use tokio::time::timeout;
use url::{Host, Url};

use super::way::look_up;

/// How long the look-up of a name may take while somebody waits for the page.
const LOOK_UP: Duration = Duration::from_secs(2);

/// IPv4 addresses that are not on the internet (the registry of IANA, with multicast and what is reserved).
const NOT_PUBLIC: [Range; 15] = [
    Range::v4([0, 0, 0, 0], 8),
    Range::v4([10, 0, 0, 0], 8),
    Range::v4([100, 64, 0, 0], 10),
    Range::v4([127, 0, 0, 0], 8),
    Range::v4([169, 254, 0, 0], 16),
    Range::v4([172, 16, 0, 0], 12),
    Range::v4([192, 0, 0, 0], 24),
    Range::v4([192, 0, 2, 0], 24),
    Range::v4([192, 88, 99, 0], 24),
    Range::v4([192, 168, 0, 0], 16),
    Range::v4([198, 18, 0, 0], 15),
    Range::v4([198, 51, 100, 0], 24),
    Range::v4([203, 0, 113, 0], 24),
    Range::v4([224, 0, 0, 0], 4),
    Range::v4([240, 0, 0, 0], 4),
];

/// All of IPv6 that is given out for the internet; the rest is local, multicast, or not in use.
const GLOBAL: Range = Range::v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// What is not the internet of that: the registry of special purposes with Teredo, examples, and 6to4, which hides an
/// IPv4 address.
const NOT_GLOBAL: [Range; 4] = [
    Range::v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    Range::v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    Range::v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    Range::v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

/// IPv4 addresses behind a translator (NAT64).
const TRANSLATED: Range = Range::v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// Addresses that begin alike: `10.20.0.0/16`, `fd12:3456::/32`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    first: IpAddr,
    bits: u8,
}

impl Range {
    pub(super) const fn v4(octets: [u8; 4], bits: u8) -> Self {
        let [a, b, c, d] = octets;
        Self { first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits }
    }

    pub(super) const fn v6(groups: [u16; 8], bits: u8) -> Self {
        let [g0, g1, g2, g3, g4, g5, g6, g7] = groups;
        Self { first: IpAddr::V6(Ipv6Addr::new(g0, g1, g2, g3, g4, g5, g6, g7)), bits }
    }

    /// Whether the address is in it.
    fn holds(self, ip: IpAddr) -> bool {
        // A shift by all bits is the range of everything.
        match (self.first, ip) {
            (IpAddr::V4(first), IpAddr::V4(ip)) => {
                (first.to_bits() ^ ip.to_bits()).checked_shr(32 - u32::from(self.bits)).is_none_or(|rest| rest == 0)
            }
            (IpAddr::V6(first), IpAddr::V6(ip)) => {
                (first.to_bits() ^ ip.to_bits()).checked_shr(128 - u32::from(self.bits)).is_none_or(|rest| rest == 0)
            }
            _ => false,
        }
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{text} is no range of addresses: write 10.20.0.0/16, fd12:3456::/32 or one address");
        let (first, bits) =
            text.trim().split_once('/').map_or((text.trim(), None), |(first, bits)| (first, Some(bits)));
        let first: IpAddr = first.parse().map_err(|_| wrong())?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > most { Err(wrong()) } else { Ok(Self { first, bits }) }
    }
}

/// Where gateways of organizations may be.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Beside the internet.
    allowed: Vec<Range>,
}

impl Reach {
    /// The internet, and these ranges.
    #[must_use]
    pub const fn new(allowed: Vec<Range>) -> Self {
        Self { allowed }
    }

    /// Whether a connection may be made to this address.
    #[must_use]
    pub fn permits(&self, ip: IpAddr) -> bool {
        let ip = plain(ip);
        self.allowed.iter().any(|range| range.holds(ip)) || is_public(ip)
    }

    /// The address of a gateway as an administrator may name it: https, and a host that may be reached as far as its
    /// name says. Without TLS only on this machine, where the operator lets them reach it.
    #[must_use]
    pub fn address(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok().filter(|_| text.chars().count() <= 500)?;
        let (fits, near) = match url.host()? {
            Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                let last = name.rsplit_once('.').map(|(_, last)| last);
                let near = name == "localhost" && self.permits(IpAddr::V4(Ipv4Addr::LOCALHOST));
                (near || last.is_some_and(|last| !["local", "localhost", "internal"].contains(&last)), near)
            }
            Host::Ipv4(ip) => (self.permits(ip.into()), ip == Ipv4Addr::LOCALHOST),
            Host::Ipv6(ip) => (self.permits(ip.into()), ip == Ipv6Addr::LOCALHOST),
        };
        let scheme = url.scheme() == "https" || (url.scheme() == "http" && near);
        (fits && scheme && url.username().is_empty() && url.password().is_none()).then_some(url)
    }

    /// Whether the name of an address leads, now, to nothing but where it must not. One that leads nowhere yet may be
    /// kept: it is looked at again for every connection.
    pub async fn leads_astray(&self, url: &Url) -> bool {
        let (Some(host), port) = (url.host_str(), url.port_or_known_default().unwrap_or(443)) else { return true };
        let Ok(Ok(found)) = timeout(LOOK_UP, look_up(host, port)).await else { return false };
        !found.is_empty() && !found.iter().any(|address| self.permits(address.ip()))
    }
}

/// The IPv4 address that an IPv6 one stands for; else the address.
fn plain(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(six) if TRANSLATED.holds(ip) => {
            let [.., a, b, c, d] = six.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        // ::ffff:127.0.0.1, which the machine takes for 127.0.0.1.
        _ => ip.to_canonical(),
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(_) => !NOT_PUBLIC.iter().any(|range| range.holds(ip)),
        IpAddr::V6(_) => GLOBAL.holds(ip) && !NOT_GLOBAL.iter().any(|range| range.holds(ip)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn with(ranges: &[&str]) -> Reach {
        Reach::new(ranges.iter().map(|range| range.parse().unwrap()).collect())
    }

    #[test]
    fn only_the_internet_may_be_reached() {
        let reach = Reach::default();
        for inside in [
            "0.0.0.0",
            "10.0.0.7",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.192",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.7",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.7",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!reach.permits(ip(inside)), "{inside}");
        }
        for outside in
            ["1.1.1.1", "172.32.0.1", "100.128.0.1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2606:4700::1111", "2a00::1"]
        {
            assert!(reach.permits(ip(outside)), "{outside}");
        }
    }

    #[test]
    fn the_operator_lets_ranges_in() {
        let reach = with(&["10.20.0.0/16", "fd12:3456::/32", "127.0.0.1"]);
        for (address, fits) in [
            ("10.20.255.1", true),
            ("::ffff:10.20.0.1", true),
            ("10.21.0.1", false),
            ("fd12:3456:1::1", true),
            ("fd12:3457::1", false),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("::1", false),
        ] {
            assert_eq!(reach.permits(ip(address)), fits, "{address}");
        }
        assert!(with(&["0.0.0.0/0"]).permits(ip("127.0.0.1")) && with(&["::/0"]).permits(ip("::1")));
        for wrong in ["", "10.0.0.0/33", "fd00::/129", "10.0.0/8", "localhost", "10.0.0.0/-1", "10.0.0.0/8/8"] {
            assert!(wrong.parse::<Range>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn gateways_of_organizations_are_outside() {
        let reach = Reach::default();
        assert!(reach.address("https://sms.gateway.example/send?x=1").is_some());
        assert!(reach.address("https://1.1.1.1/").is_some());
        for bad in [
            "http://sms.gateway.example/",
            "https://localhost/",
            "https://localhost./",
            "https://a.localhost/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://10.0.0.7/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[fe80::1]/",
            "https://169.254.169.254/latest",
            "https://metadata.internal/",
            "https://metadata.google.internal./",
            "https://gateway/",
            "https://user:word@sms.gateway.example/",
            "ftp://sms.gateway.example/",
            "file:///etc/passwd",
            "https://",
            "",
        ] {
            assert!(reach.address(bad).is_none(), "{bad}");
        }
        let near = with(&["127.0.0.0/8", "10.0.0.7"]);
        for good in ["http://127.0.0.1:9/", "http://localhost:9/", "https://10.0.0.7/"] {
            assert!(near.address(good).is_some(), "{good}");
        }
        assert!(near.address("http://10.0.0.7/").is_none(), "in the clear on this machine only");
    }
}
