//! Which network addresses are of the open network, and which are somebody's own neighbourhood.
//!
//! Whatever fetches or delivers to an address that somebody else chose asks here, once the name is
//! resolved: a server must not become the way to what only it can see.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Is this an address that is not of the open network? (RFC 6890 and its successors.)
///
/// An IPv6 address that carries an IPv4 one inside (mapped, compatible, translated by NAT64, 6to4)
/// is judged by that: a gateway would take it there.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => is_private_v4(it),
        IpAddr::V6(it) => match inside(it) {
            Some(it) => is_private_v4(it),
            None => is_private_v6(it),
        },
    }
}

fn is_private_v4(it: Ipv4Addr) -> bool {
    let [a, b, c, _] = it.octets();
    it.is_private()
        || it.is_loopback()
        || it.is_link_local()
        || it.is_unspecified()
        || it.is_broadcast()
        || it.is_multicast()
        || it.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240
}

fn is_private_v6(it: Ipv6Addr) -> bool {
    let [first, second, ..] = it.segments();
    it.is_loopback()
        || it.is_unspecified()
        || it.is_multicast()
        // Unique local, link local, and what was called site local.
        || (first & 0xfe00) == 0xfc00
        || (first & 0xffc0) == 0xfe80
        || (first & 0xffc0) == 0xfec0
        // Discard only; Teredo and its neighbours; documentation, twice.
        || (first == 0x0100 && second == 0)
        || (first == 0x2001 && second < 0x0200)
        || (first == 0x2001 && second == 0x0db8)
        || (first == 0x3fff && second < 0x1000)
        // NAT64 for one's own network.
        || (first == 0x0064 && second == 0xff9b)
}

/// The IPv4 address that an IPv6 one carries, where its kind has one at a known place.
fn inside(it: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = it.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(v4(high, low)),
        // `::` and `::1` are no IPv4 addresses, though they look like compatible ones.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(v4(high, low)),
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(addresses: &[&str], expected: bool) {
        for address in addresses {
            let parsed: IpAddr = address.parse().unwrap();
            assert_eq!(is_private(parsed), expected, "{address}");
        }
    }

    #[test]
    fn the_open_network_is_not_private() {
        check(
            &["93.184.216.34", "8.8.8.8", "172.32.0.1", "192.1.0.1", "2606:2800:220:1::1"],
            false,
        );
    }

    #[test]
    fn ones_own_network_is_private() {
        check(
            &[
                "127.0.0.1",
                "10.1.2.3",
                "172.16.0.1",
                "192.168.1.1",
                "169.254.169.254",
                "100.64.0.1",
                "192.0.0.8",
                "198.18.0.1",
                "0.0.0.0",
                "0.1.2.3",
                "224.0.0.1",
                "255.255.255.255",
                "::",
                "::1",
                "fd00::1",
                "fe80::1",
                "fec0::1",
                "ff02::1",
                "2001:db8::1",
                "2001::1",
                "64:ff9b:1::1",
            ],
            true,
        );
    }

    #[test]
    fn an_address_is_judged_by_the_one_it_carries() {
        check(
            &["::ffff:192.168.1.1", "::10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:0:0"],
            true,
        );
        check(&["::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"], false);
    }
}
