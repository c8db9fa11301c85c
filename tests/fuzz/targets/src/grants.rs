//! Where a request may go: hosts, URLs and addresses, judged beside the readers that connect.

use crate::input::text;
use if_broker::grants::address::{AddressClass, AddressPolicy, address_class};
use if_broker::grants::host::HostName;
use if_broker::grants::target::{HttpTarget, split_port};
use if_core::Protocol;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};
use url::Url;

/// `host-name`: one spelling for one host, and no second reading of it.
pub fn host_name(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some((host, port)) = split_port(text) {
        assert!(text.starts_with(host) && port != Some(0));
    }
    let Ok(host) = HostName::parse(text) else { return };
    let shown = host.to_string();
    assert_eq!(HostName::parse(&shown).ok().as_ref(), Some(&host), "{shown} is another host");
    assert!(shown.is_ascii() && shown.len() <= 255);
    assert!(!shown.contains(|sign: char| sign.is_ascii_uppercase() || " %*/@\\#?".contains(sign)));
    match &host {
        HostName::Address(address) => assert!(shown.contains(&address.to_string())),
        // The resolver must not find an address in what passed as a name.
        HostName::Name(name) => assert!(!is_numeric(name), "{name} would connect to an address"),
    }
}

/// Whether the system's resolver would take it for an address: `127.1`, `0x7f000001`, `0177.1`.
fn is_numeric(name: &str) -> bool {
    let number = |part: &str| match part.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|digit| digit.is_ascii_hexdigit()),
        None => !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit()),
    };
    name.parse::<IpAddr>().is_ok() || (name.split('.').count() <= 4 && name.split('.').all(number))
}

/// `http-target`: what we classify is what the library sends.
pub fn http_target(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(target) = HttpTarget::parse(text) else { return };
    let url = Url::parse(text).expect("two readers agree that it is a URL");
    let host = url.host_str().map(|host| host.strip_suffix('.').unwrap_or(host).to_owned());
    assert_eq!(host, Some(target.host.to_string()), "two readers go to different hosts");
    assert_eq!(url.port_or_known_default(), Some(target.port));
    assert_eq!((url.path(), url.query()), (target.path.as_str(), target.query.as_deref()));
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    assert_eq!(url.scheme() == "https", target.protocol == Protocol::Https);
    let plain = |sign: char| sign.is_ascii_graphic();
    assert!(target.path_and_query().chars().all(plain), "{:?}", target.path_and_query());
    assert!(target.path.starts_with('/'));
    let anew = format!(
        "{}://{}{}",
        url.scheme(),
        target.host.with_port(target.port),
        target.path_and_query()
    );
    assert_eq!(HttpTarget::parse(&anew).ok().as_ref(), Some(&target), "{anew}");
}

/// `address`: 4 or 16 bytes. What the standard library calls one's own is never open to all.
pub fn address(data: &[u8]) {
    let address: IpAddr = if let Ok(bytes) = <[u8; 16]>::try_from(data) {
        Ipv6Addr::from(bytes).into()
    } else if let Ok(bytes) = <[u8; 4]>::try_from(data) {
        Ipv4Addr::from(bytes).into()
    } else {
        return;
    };
    let class = address_class(address);
    let everyone = AddressPolicy { private_networks: false, typed_literal: true };
    assert!(!everyone.permits(class) || !is_own(address), "{address} is open to everyone");
    // Wrapped into IPv6 it is no more welcome than bare.
    if let IpAddr::V4(bare) = address {
        let [a, b, c, d] = bare.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        for wrapped in [
            bare.to_ipv6_mapped(),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        ] {
            assert!(address_class(wrapped.into()) >= class, "{wrapped} is freer than {bare}");
        }
    }
    if class == AddressClass::Global {
        // A literal is read as the address it is.
        let host = HostName::parse(&address.to_string()).expect("an address is a host");
        assert_eq!(host, HostName::Address(address));
        let resolved = (address.to_string(), 1).to_socket_addrs().unwrap().next().unwrap();
        assert_eq!(resolved.ip(), address);
    }
}

fn is_own(address: IpAddr) -> bool {
    let v4 = |it: Ipv4Addr| {
        it.is_loopback()
            || it.is_private()
            || it.is_link_local()
            || it.is_unspecified()
            || it.is_broadcast()
            || it.is_multicast()
            || it.is_documentation()
    };
    match address {
        IpAddr::V4(it) => v4(it),
        IpAddr::V6(it) => {
            it.is_loopback()
                || it.is_unspecified()
                || it.is_multicast()
                || it.is_unique_local()
                || it.is_unicast_link_local()
                || it.to_ipv4().is_some_and(v4)
        }
    }
}
