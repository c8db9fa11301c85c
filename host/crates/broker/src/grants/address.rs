//! What kind of place an IP address is. Pure: a table of ranges and no I/O.
//!
//! Addresses that carry another one inside (v4-mapped, v4-compatible, NAT64, 6to4, Teredo, ISATAP)
//! are unwrapped, and the worse of the two classes counts: no spelling of an address is more
//! welcome than the plainest. Sources: IANA special-purpose registries, RFC 6890, 6052, 3056, 4380.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// In rising order of distrust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AddressClass {
    /// Reachable by anyone.
    Global,
    /// This machine or a network of one's own: loopback, RFC 1918, ULA, link-local, CGNAT.
    Private,
    /// Gives credentials to whoever asks: a cloud's metadata service.
    Metadata,
    /// No peer that a provider could be: unspecified, multicast, broadcast, reserved.
    Never,
}

/// What an instance may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressPolicy {
    /// `add` recorded private networks for the instance.
    pub private_networks: bool,
    /// The operator typed this very address as a literal into the settings.
    pub typed_literal: bool,
}

impl AddressPolicy {
    /// Whether an address of this class may be connected to.
    pub fn permits(self, class: AddressClass) -> bool {
        match class {
            AddressClass::Global => true,
            AddressClass::Private => self.private_networks,
            AddressClass::Metadata => self.private_networks && self.typed_literal,
            AddressClass::Never => false,
        }
    }
}

/// Metadata services of AWS (instances, containers, pods), Alibaba, Oracle, Azure, Tencent and
/// Scaleway.
const METADATA_V4: [Ipv4Addr; 9] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(169, 254, 0, 23),
    Ipv4Addr::new(169, 254, 10, 10),
    Ipv4Addr::new(169, 254, 42, 42),
];

/// The same of AWS (instances, pods), Google, Oracle, Linode, Scaleway and OpenStack.
const METADATA_V6: [Ipv6Addr; 7] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
    Ipv6Addr::new(0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1),
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

/// The class of an address.
pub fn address_class(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(v4) => class_v4(v4),
        IpAddr::V6(v6) => class_v6(v6),
    }
}

fn class_v4(address: Ipv4Addr) -> AddressClass {
    if METADATA_V4.contains(&address) {
        return AddressClass::Metadata;
    }
    match address.octets() {
        [10 | 127, ..] | [192, 168, ..] | [169, 254, ..] => AddressClass::Private,
        [172, b, ..] if (16..32).contains(&b) => AddressClass::Private,
        [100, b, ..] if (64..128).contains(&b) => AddressClass::Private,
        [198, 18 | 19, ..] => AddressClass::Private, // benchmarking: laboratories use it
        [0 | 224..=255, ..] => AddressClass::Never,
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => {
            AddressClass::Never
        }
        _ => AddressClass::Global,
    }
}

fn class_v6(address: Ipv6Addr) -> AddressClass {
    if METADATA_V6.contains(&address) {
        return AddressClass::Metadata;
    }
    if address == Ipv6Addr::LOCALHOST {
        return AddressClass::Private;
    }
    let outer = match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => AddressClass::Global,
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => AddressClass::Global,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressClass::Never, // documentation
        [0x2001, 2, 0, ..] => AddressClass::Private,                          // benchmarking
        // The rest of RFC 2928's block: the anycast of one's own router (RFC 7723) and relays,
        // identifiers (ORCHID, DET), sinks; no provider is there.
        [0x2001, 1..=0x1ff, ..] => AddressClass::Never,
        [0xfe80..=0xfeff, ..] | [0xfc00..=0xfdff, ..] => AddressClass::Private,
        [0x2000..=0x3fff, ..] => AddressClass::Global,
        _ => AddressClass::Never,
    };
    inner_v4(address).into_iter().map(class_v4).fold(outer, AddressClass::max)
}

/// IPv4 addresses that this IPv6 address leads to.
fn inner_v4(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    let mut found = Vec::new();
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low]                    // v4-mapped
        | [0, 0, 0, 0, 0, 0, high, low]                       // v4-compatible
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => found.push(v4(high, low)), // NAT64
        [0x2002, high, low, ..] => found.push(v4(high, low)), // 6to4
        [0x2001, 0, high, low, _, _, client_high, client_low] => {
            found.push(v4(high, low)); // Teredo: server, then the obfuscated client
            found.push(v4(!client_high, !client_low));
        }
        _ => {}
    }
    if let [_, _, _, _, 0 | 0x200, 0x5efe, high, low] = address.segments() {
        found.push(v4(high, low)); // ISATAP
    }
    found
}

#[cfg(test)]
mod tests {
    use super::AddressClass::{Global, Metadata, Never, Private};
    use super::*;

    const TABLE: &[(&str, AddressClass)] = &[
        ("1.1.1.1", Global),
        ("8.8.8.8", Global),
        ("100.63.255.255", Global),
        ("100.128.0.0", Global),
        ("172.15.0.1", Global),
        ("172.32.0.1", Global),
        ("192.167.1.1", Global),
        ("198.20.0.1", Global),
        ("223.255.255.255", Global),
        ("127.0.0.1", Private),
        ("127.255.255.254", Private),
        ("10.0.0.1", Private),
        ("172.16.0.1", Private),
        ("172.31.255.255", Private),
        ("192.168.178.20", Private),
        ("169.254.1.1", Private),
        ("100.64.0.1", Private),
        ("100.127.255.255", Private),
        ("198.18.0.1", Private),
        ("169.254.169.254", Metadata),
        ("169.254.170.2", Metadata),
        ("100.100.100.200", Metadata),
        ("192.0.0.192", Metadata),
        ("168.63.129.16", Metadata),
        ("0.0.0.0", Never),
        ("0.1.2.3", Never),
        ("224.0.0.1", Never),
        ("239.255.255.250", Never),
        ("240.0.0.1", Never),
        ("255.255.255.255", Never),
        ("192.0.2.1", Never),
        ("198.51.100.7", Never),
        ("203.0.113.9", Never),
        ("192.88.99.1", Never),
        ("2606:4700:4700::1111", Global),
        ("2a00:1450:4001:82a::200e", Global),
        ("::1", Private),
        ("fe80::1", Private),
        ("fec0::1", Private),
        ("fc00::1", Private),
        ("fd12:3456::1", Private),
        ("fd00:ec2::254", Metadata),
        ("fd00:ec2::23", Metadata),
        ("fd20:ce::254", Metadata),
        ("::", Never),
        ("ff02::1", Never),
        ("ff0e::1", Never),
        ("2001:db8::1", Never),
        ("3fff::1", Never),
        ("100::1", Never),
        ("4000::1", Never),
        ("64:ff9b:1::1", Never),
        // One address inside another: the worse class counts.
        ("::ffff:8.8.8.8", Global),
        ("::ffff:127.0.0.1", Private),
        ("::ffff:10.1.2.3", Private),
        ("::ffff:169.254.169.254", Metadata),
        ("::ffff:0.0.0.0", Never),
        ("::ffff:255.255.255.255", Never),
        ("::8.8.8.8", Global),
        ("::127.0.0.1", Private),
        ("::169.254.169.254", Metadata),
        ("64:ff9b::8.8.8.8", Global),
        ("64:ff9b::10.0.0.1", Private),
        ("64:ff9b::169.254.169.254", Metadata),
        ("2002:0808:0808::1", Global),
        ("2002:7f00:0001::", Private),
        ("2002:a9fe:a9fe::1", Metadata),
        ("2002:e000:0001::1", Never),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Never), // client 192.0.2.45
        ("2001:0:4136:e378:8000:63bf:f7f7:f7f7", Global), // client 8.8.8.8
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", Private), // client 127.0.0.1
        ("2001:0:a9fe:a9fe:8000:63bf:f7f7:f7f7", Metadata), // server is the metadata address
        ("fe80::5efe:169.254.169.254", Metadata),
        ("2606:4700::200:5efe:10.0.0.1", Private),
    ];

    #[test]
    fn every_range_has_its_class() {
        for (text, class) in TABLE {
            assert_eq!(address_class(text.parse().unwrap()), *class, "{text}");
        }
    }

    #[test]
    fn private_needs_the_record_and_metadata_also_the_typed_literal() {
        let policy =
            |private_networks, typed_literal| AddressPolicy { private_networks, typed_literal };
        let rows = [
            (policy(false, false), [true, false, false, false]),
            (policy(false, true), [true, false, false, false]),
            (policy(true, false), [true, true, false, false]),
            (policy(true, true), [true, true, true, false]),
        ];
        for (policy, expect) in rows {
            let got = [Global, Private, Metadata, Never].map(|class| policy.permits(class));
            assert_eq!(got, expect, "{policy:?}");
        }
    }
}
