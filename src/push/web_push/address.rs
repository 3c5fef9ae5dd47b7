//! Which addresses a push may go to: those that everybody on the internet reaches, and no others.
//!
//! An endpoint comes from a phone, so whoever has an account chooses where this server sends to. What only we
//! reach (this machine, the network it stands in, a cloud's own services) is therefore never asked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Not of the public internet, by the registries of special addresses (RFC 6890).
const SPECIAL_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),       // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // carriers' own
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, and where clouds tell their secrets
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // of protocols
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // relays of 6to4
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, and broadcast
];

/// The same within 2000::/3; whatever lies outside that is none of the public internet.
const SPECIAL_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // of protocols, Teredo among them
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// Holds an IPv4 address in the bits that follow.
const SIX_TO_FOUR: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);
/// Holds one in its last bits: how a network without IPv4 reaches it (RFC 6052).
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Whether everybody reaches this address.
pub fn public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => public_v4(ip),
        IpAddr::V6(ip) => public_v6(ip),
    }
}

fn public_v4(ip: Ipv4Addr) -> bool {
    let within =
        |(net, bits): &(Ipv4Addr, u32)| (u32::from(ip) ^ u32::from(*net)).leading_zeros() >= *bits;
    !SPECIAL_V4.iter().any(within)
}

fn public_v6(ip: Ipv6Addr) -> bool {
    let within = |(net, bits): &(Ipv6Addr, u32)| {
        (u128::from(ip) ^ u128::from(*net)).leading_zeros() >= *bits
    };
    let bytes = ip.octets();
    if within(&NAT64) {
        return public_v4(Ipv4Addr::new(bytes[12], bytes[13], bytes[14], bytes[15]));
    }
    if within(&SIX_TO_FOUR) {
        return public_v4(Ipv4Addr::new(bytes[2], bytes[3], bytes[4], bytes[5]));
    }
    // IPv4 written as IPv6 (::ffff:10.0.0.1) lies outside, too: nobody's push service needs it.
    within(&GLOBAL_V6) && !SPECIAL_V6.iter().any(within)
}

/// Endings of names that mean nothing outside a house or a machine.
const LOCAL: &[&str] = &[
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
    "invalid",
    "test",
];

/// Whether a name is a local one whatever it leads to. What else leads to a private address is found when it is
/// asked for.
pub fn local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let ends = |end: &&str| {
        name.strip_suffix(*end)
            .is_some_and(|rest| rest.ends_with('.'))
    };
    !name.contains('.') || LOCAL.iter().any(ends)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_only_we_reach_is_not_public() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "2002:c0a8:101::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_everybody_reaches_is_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2400:3200::1",
            "2001:4860:4860::8888",
            "2002:808:808::1",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn names_of_a_house_are_local() {
        for name in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "router",
            "printer.local",
            "x.home.arpa.",
            "db.internal",
            "a.b.lan",
        ] {
            assert!(local_name(name), "{name}");
        }
        for name in [
            "push.example.org",
            "localhost.example.org",
            "mylocal.cn",
            "updates.push.services.mozilla.com.",
        ] {
            assert!(!local_name(name), "{name}");
        }
    }
}
