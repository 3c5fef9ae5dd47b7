//! Which proxies are believed, and whose request one passes on.

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;
use std::net::IpAddr;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The networks of our own proxies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Reads addresses and networks, separated by commas.
    pub fn parse(text: &str) -> Result<Proxies, String> {
        text.split(',')
            .map(str::trim)
            .filter(|t| !t.is_empty())
            .map(|t| {
                // An address alone is a network of one.
                t.parse::<IpAddr>()
                    .map(IpNet::from)
                    .or_else(|_| t.parse::<IpNet>())
                    .map_err(|_| {
                        format!("'{t}' is not an IP address or a network such as 172.30.0.0/24")
                    })
            })
            .collect::<Result<_, _>>()
            .map(Proxies)
    }

    fn hold(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }

    /// The client: the peer, or, where that is a proxy of ours, whom it says it got the request from.
    ///
    /// Every proxy adds the address of its own peer at the end, so the walk goes
    /// from the right for as long as it meets proxies of ours. What stands left
    /// of the first other address was written by that client, and so was
    /// everything left of an entry that cannot be read: there the walk ends at
    /// the last proxy known.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer.to_canonical();
        // A proxy may add a line of its own instead of appending: all lines are one list, in order.
        let lines: Vec<_> = headers.get_all(FORWARDED_FOR).collect();
        let entries = lines
            .iter()
            .rev()
            .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for entry in entries {
            if !self.hold(nearest) {
                break;
            }
            match std::str::from_utf8(entry)
                .ok()
                .and_then(|e| address(e.trim()))
            {
                Some(before) => nearest = before,
                None => break,
            }
        }
        nearest
    }
}

/// An address as proxies write it: alone, or with a port.
fn address(entry: &str) -> Option<IpAddr> {
    entry
        .parse()
        .or_else(|_| entry.parse().map(|a: std::net::SocketAddr| a.ip()))
        .ok()
        .map(|a: IpAddr| a.to_canonical())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn client(trusted: &str, peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(
                HeaderName::from_static(FORWARDED_FOR),
                HeaderValue::from_str(line).unwrap(),
            );
        }
        let proxies = Proxies::parse(trusted).unwrap();
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn nobody_but_our_proxies_is_believed() {
        let spoofed = &["9.9.9.9"];
        assert_eq!(client("", "1.2.3.4", spoofed), "1.2.3.4");
        assert_eq!(client("10.0.0.1", "1.2.3.4", spoofed), "1.2.3.4");
        assert_eq!(client("10.0.0.1", "10.0.0.2", spoofed), "10.0.0.2");
        assert_eq!(client("10.0.0.1", "10.0.0.1", spoofed), "9.9.9.9");
        assert_eq!(client("10.0.0.1", "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_walk_goes_from_the_right_over_all_lines() {
        let at = |lines: &[&str]| client("10.0.0.0/8, fd00::/8", "10.0.0.1", lines);
        assert_eq!(at(&["6.6.6.6, 5.5.5.5"]), "5.5.5.5");
        assert_eq!(at(&["6.6.6.6, 5.5.5.5, 10.9.9.9,fd00::1"]), "5.5.5.5");
        // Two lines are one list; the first is what the client sent.
        assert_eq!(at(&["6.6.6.6", "5.5.5.5"]), "5.5.5.5");
        assert_eq!(at(&["6.6.6.6", "5.5.5.5, 10.9.9.9", "10.9.9.8"]), "5.5.5.5");
        // Nothing but proxies: the farthest one asks for itself.
        assert_eq!(at(&["10.7.7.7, 10.9.9.9"]), "10.7.7.7");
        assert_eq!(at(&["5.5.5.5:4711"]), "5.5.5.5");
        assert_eq!(at(&["[2001:db8::7]:4711"]), "2001:db8::7");
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk() {
        let at = |lines: &[&str]| client("10.0.0.0/8", "10.0.0.1", lines);
        assert_eq!(at(&["5.5.5.5, unknown"]), "10.0.0.1");
        assert_eq!(at(&["5.5.5.5, _hidden, 10.9.9.9"]), "10.9.9.9");
        assert_eq!(at(&["5.5.5.5, "]), "10.0.0.1");
        assert_eq!(at(&[""]), "10.0.0.1");
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_the_same_address() {
        assert_eq!(
            client("10.0.0.0/8", "::ffff:10.0.0.1", &["5.5.5.5"]),
            "5.5.5.5"
        );
        assert_eq!(
            client("10.0.0.0/8", "10.0.0.1", &["::ffff:5.5.5.5"]),
            "5.5.5.5"
        );
    }

    #[test]
    fn what_is_no_network_is_refused_by_name() {
        assert_eq!(Proxies::parse(" , ").unwrap(), Proxies::default());
        for wrong in ["nowhere", "10.0.0.0/33", "10.0.0.0/", "10.0.0.1:80"] {
            assert!(Proxies::parse(wrong).unwrap_err().contains(wrong));
        }
    }
}
