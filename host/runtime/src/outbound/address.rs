//! Which addresses are public, private, or nobody's business.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::IpNet;

/// Networks that belong to an operator: RFC 1918, shared (RFC 6598), loopback, unique local.
static PRIVATE: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    networks(&[
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "::1/128",
        "fc00::/7",
    ])
});

/// Everything that is not a host on the public internet, the private networks included: this network,
/// link-local with the metadata services of clouds, protocol assignments, documentation, benchmarking,
/// multicast, reserved (IANA special-purpose registries).
static SPECIAL: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    networks(&[
        "0.0.0.0/8",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ])
});

/// Addresses inside private networks that are metadata services all the same.
static METADATA: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    networks(&[
        "fd00:ec2::/32",
        "100.100.100.200/32",
        "192.0.0.192/32",
        "fd20:ce::254/128",
    ])
});

fn networks(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

fn among(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// A host on the public internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    spellings(address)
        .iter()
        .all(|&address| !among(&PRIVATE, address) && !among(&SPECIAL, address))
}

/// A host on a network of the operator, and not a metadata service.
pub(super) fn is_private(address: IpAddr) -> bool {
    let address = address.to_canonical();
    among(&PRIVATE, address) && !among(&METADATA, address)
}

/// This machine.
pub(super) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The address and every IPv4 address that it carries inside: mapped and compatible forms, NAT64, 6to4.
fn spellings(address: IpAddr) -> Vec<IpAddr> {
    let mut all = vec![address];
    if let IpAddr::V6(v6) = address {
        all.extend(embedded(v6).map(IpAddr::V4));
    }
    all
}

fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let o = address.octets();
    let tail = Ipv4Addr::new(o[12], o[13], o[14], o[15]);
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(tail),
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => Some(tail),
        [0x64, 0xff9b, 1, ..] => Some(tail),
        [0x2002, ..] => Some(Ipv4Addr::new(o[2], o[3], o[4], o[5])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn every_network_above_is_written_correctly() {
        assert_eq!((PRIVATE.len(), SPECIAL.len(), METADATA.len()), (7, 19, 4));
    }

    #[test]
    fn public_hosts_are_public() {
        for address in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::1.1.1.1"] {
            assert!(is_public(ip(address)), "{address}");
        }
    }

    #[test]
    fn no_spelling_makes_an_inner_address_public() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:7f00:0001::",
        ] {
            assert!(!is_public(ip(address)), "{address}");
        }
    }

    #[test]
    fn a_grant_for_private_networks_does_not_cover_metadata_services() {
        for address in ["10.1.2.3", "127.0.0.1", "fd12::1", "::ffff:192.168.0.1"] {
            assert!(is_private(ip(address)), "{address}");
        }
        for address in [
            "169.254.169.254",
            "fd00:ec2::254",
            "100.100.100.200",
            "fe80::1",
            "8.8.8.8",
        ] {
            assert!(!is_private(ip(address)), "{address}");
        }
    }
}
