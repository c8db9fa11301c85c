//! Which addresses may be asked at all: those of the machine's own private networks, few enough
//! that a look is a matter of seconds, and the machine itself. Pure but for [`own`].

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

/// Most addresses of one network: a /24 without its ends. A larger network is asked only around the
/// own address.
pub const ADDRESSES_MAX: usize = 254;
/// Most networks: containers and virtual machines bring a dozen that hold no device.
const NETWORKS_MAX: usize = 8;
/// The widest range that is asked.
const PREFIX_MIN: u8 = 24;

/// A range of addresses, `192.168.1.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subnet {
    base: Ipv4Addr,
    prefix: u8,
}

/// One of the machine's own addresses with the network it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    pub address: Ipv4Addr,
    pub prefix: u8,
}

impl FromStr for Subnet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no IPv4 network such as 192.168.1.0/24");
        let (address, prefix) = text.split_once('/').unwrap_or((text, "32"));
        let address = address.parse::<Ipv4Addr>().map_err(|_| wrong())?;
        let prefix = prefix.parse::<u8>().ok().filter(|prefix| *prefix <= 32).ok_or_else(wrong)?;
        Ok(Self::around(address, prefix))
    }
}

impl Subnet {
    fn around(address: Ipv4Addr, prefix: u8) -> Self {
        Self { base: Ipv4Addr::from_bits(address.to_bits() & mask(prefix)), prefix }
    }

    /// Whether an address is in it.
    pub fn holds(self, address: Ipv4Addr) -> bool {
        address.to_bits() & mask(self.prefix) == self.base.to_bits()
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0)
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Subnet { base, prefix } = self.range();
        if self.address.is_loopback() {
            f.write_str("this machine")
        } else {
            write!(f, "{base}/{prefix}")
        }
    }
}

impl Network {
    /// The part of the network that is asked.
    fn range(&self) -> Subnet {
        Subnet::around(self.address, self.prefix.max(PREFIX_MIN))
    }

    /// Whether an address is in the network, all of it.
    pub fn holds(&self, address: Ipv4Addr) -> bool {
        Subnet::around(self.address, self.prefix).holds(address)
    }

    /// Whether any of `only` reaches into it; everything does when there is none.
    pub fn touches(&self, only: &[Subnet]) -> bool {
        let whole = Subnet::around(self.address, self.prefix);
        only.is_empty()
            || only.iter().any(|subnet| whole.holds(subnet.base) || subnet.holds(self.address))
    }

    /// The addresses to ask: the machine itself, or all others of the range without its ends.
    pub fn addresses(&self, only: &[Subnet]) -> Vec<Ipv4Addr> {
        let wanted = |address: &Ipv4Addr| {
            only.is_empty() || only.iter().any(|subnet| subnet.holds(*address))
        };
        if self.address.is_loopback() {
            return [self.address].into_iter().filter(wanted).collect();
        }
        let Subnet { base, prefix } = self.range();
        let first = base.to_bits();
        let last = first | !mask(prefix);
        let ends = if prefix < 31 { [first, last] } else { [self.address.to_bits(); 2] };
        (first..=last)
            .filter(|bits| !ends.contains(bits) && *bits != self.address.to_bits())
            .map(Ipv4Addr::from_bits)
            .filter(wanted)
            .take(ADDRESSES_MAX)
            .collect()
    }
}

/// This machine's, loopback first. Public and link-local networks are nobody's to be asked: the
/// first are other people's, the second hold the metadata services of clouds.
pub fn own() -> std::io::Result<Vec<Network>> {
    let interfaces = if_addrs::get_if_addrs()?;
    let addresses = interfaces.into_iter().filter_map(|interface| match interface.addr {
        if_addrs::IfAddr::V4(v4) => Some(Network { address: v4.ip, prefix: prefix(v4.netmask) }),
        if_addrs::IfAddr::V6(_) => None,
    });
    Ok(private(addresses))
}

fn prefix(netmask: Ipv4Addr) -> u8 {
    // At most 32: it fits.
    u8::try_from(netmask.to_bits().leading_ones()).unwrap_or(32)
}

fn private(addresses: impl Iterator<Item = Network>) -> Vec<Network> {
    let is_own = |it: &Network| it.address.is_private() || it.address == Ipv4Addr::LOCALHOST;
    let mut networks: Vec<Network> = Vec::new();
    for network in addresses.filter(is_own) {
        if !networks.iter().any(|known| known.range() == network.range()) {
            networks.push(network);
        }
    }
    networks.sort_by_key(|network| (!network.address.is_loopback(), network.address));
    networks.truncate(NETWORKS_MAX);
    networks
}

/// Whether an announced address is one that the operator's own network could have.
pub fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        let (address, prefix) = text.split_once('/').unwrap();
        Network { address: address.parse().unwrap(), prefix: prefix.parse().unwrap() }
    }

    #[test]
    fn only_own_private_networks_are_asked_and_each_once() {
        let all = [
            "203.0.113.7/24",
            "10.1.2.3/8",
            "169.254.3.4/16",
            "127.0.0.1/8",
            "100.64.0.1/10",
            "192.168.1.10/24",
            "192.168.1.11/24",
            "172.31.0.1/16",
            "0.0.0.0/0",
        ];
        let kept: Vec<_> = private(all.iter().map(|text| network(text)));
        let expect = ["127.0.0.1/8", "10.1.2.3/8", "172.31.0.1/16", "192.168.1.10/24"];
        assert_eq!(kept, expect.map(network));
        let many = (0..50).map(|n| network(&format!("10.{n}.0.1/24")));
        assert_eq!(private(many).len(), NETWORKS_MAX);
    }

    #[test]
    fn a_large_network_is_asked_around_the_own_address() {
        for (text, count, first, last) in [
            ("192.168.1.10/24", 253, "192.168.1.1", "192.168.1.254"),
            ("10.1.2.3/8", 253, "10.1.2.1", "10.1.2.254"),
            ("172.16.5.1/30", 1, "172.16.5.2", "172.16.5.2"),
            ("172.16.5.1/31", 1, "172.16.5.0", "172.16.5.0"),
            ("127.0.0.1/8", 1, "127.0.0.1", "127.0.0.1"),
        ] {
            let addresses = network(text).addresses(&[]);
            assert!(addresses.len() <= ADDRESSES_MAX);
            assert_eq!(addresses.len(), count, "{text}");
            assert_eq!(addresses.first().unwrap().to_string(), first);
            assert_eq!(addresses.last().unwrap().to_string(), last);
        }
        assert!(network("172.16.5.1/32").addresses(&[]).is_empty());
    }

    #[test]
    fn subnets_narrow_and_never_widen() {
        let only = |text: &str| vec![text.parse::<Subnet>().unwrap()];
        let studio = network("192.168.1.10/24");
        assert_eq!(studio.addresses(&only("192.168.1.64/30")).len(), 4);
        assert_eq!(studio.addresses(&only("192.168.1.20")).len(), 1);
        assert_eq!(studio.addresses(&only("0.0.0.0/0")).len(), 253);
        assert!(studio.addresses(&only("192.168.2.0/24")).is_empty());
        assert!(
            studio.touches(&only("192.168.1.64/30")) && studio.touches(&only("192.168.0.0/16"))
        );
        assert!(!studio.touches(&only("192.168.2.0/24")));
        for wrong in ["", "192.168.1.0/33", "192.168.1", "fd00::/8", "192.168.1.0/x"] {
            assert!(wrong.parse::<Subnet>().is_err(), "{wrong}");
        }
    }
}
