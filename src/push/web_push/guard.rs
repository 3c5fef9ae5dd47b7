//! Which endpoints may be asked at all: https on the public internet, or what the operator lists.

use reqwest::Url;
use std::net::IpAddr;

use super::address::{local_name, public};

/// Why an endpoint is never asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// No address of a push service.
    Malformed,
    NotHttps,
    /// It leads to what only we reach.
    Private,
}

impl Bar {
    pub fn code(self) -> &'static str {
        match self {
            Bar::Malformed => "endpoint_malformed",
            Bar::NotHttps => "endpoint_not_https",
            Bar::Private => "endpoint_private",
        }
    }
}

/// An endpoint that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub url: Url,
    /// The operator lists its origin: it may be on this machine, and is not counted as abroad.
    pub listed: bool,
}

impl Endpoint {
    /// Reads an endpoint as a phone gave it. Numbers in any of their spellings are judged here, since no
    /// resolver is asked for them; names by what they resolve to, when they are asked.
    pub fn read(text: &str, allowed: &Allowed) -> Result<Endpoint, Bar> {
        // The parser knows the hexadecimal, octal and short spellings that the system's would take, too.
        let url = Url::parse(text).map_err(|_| Bar::Malformed)?;
        let plain =
            url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() || !plain {
            return Err(match url.scheme() {
                "https" | "http" => Bar::Malformed,
                _ => Bar::NotHttps,
            });
        }
        if allowed.lists(&url) {
            return Ok(Endpoint { url, listed: true });
        }
        if url.scheme() != "https" {
            return Err(Bar::NotHttps);
        }
        let private = match url.domain() {
            Some(name) => local_name(name),
            None => !literal(&url).is_some_and(public),
        };
        match private {
            true => Err(Bar::Private),
            false => Ok(Endpoint { url, listed: false }),
        }
    }

    /// `https://push.example.org`, with the port where it is not the usual one.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

/// Push services that may be asked wherever they are: `push.web_allow`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed(Vec<String>);

impl Allowed {
    /// Comma-separated hosts (`push.example.cn`, `10.0.0.7:8443`: https) and origins (`http://127.0.0.1:8090`).
    pub fn parse(text: &str) -> Result<Allowed, String> {
        let entries = text.split(',').map(str::trim).filter(|e| !e.is_empty());
        let origins = entries.map(|entry| {
            let whole = match entry.contains("://") {
                true => entry.to_owned(),
                false => format!("https://{entry}"),
            };
            let url = Url::parse(&whole).ok().filter(|url| {
                matches!(url.scheme(), "https" | "http")
                    && url.path() == "/"
                    && url.query().is_none()
                    && url.fragment().is_none()
                    && url.username().is_empty()
                    && url.password().is_none()
            });
            url.map(|url| url.origin().ascii_serialization())
                .ok_or_else(|| {
                    format!(
                        "'{entry}' is neither a host nor an origin such as http://127.0.0.1:8090"
                    )
                })
        });
        Ok(Allowed(origins.collect::<Result<_, _>>()?))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn lists(&self, url: &Url) -> bool {
        !self.0.is_empty() && self.0.contains(&url.origin().ascii_serialization())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<bool, Bar> {
        let allowed =
            Allowed::parse("push.example.cn, http://127.0.0.1:8090, 10.0.0.7:8443").unwrap();
        Endpoint::read(text, &allowed).map(|e| e.listed)
    }

    #[test]
    fn what_only_we_reach_is_barred_however_it_is_written() {
        for text in [
            "https://127.0.0.1/x",
            "https://127.1/x",
            "https://2130706433/x",
            "https://0x7f000001/x",
            "https://0x7f.1/x",
            "https://0177.0.0.1/x",
            "https://127.0.0.1./x",
            "https://[::1]/x",
            "https://[::ffff:127.0.0.1]/x",
            "https://[::ffff:7f00:1]/x",
            "https://[0:0:0:0:0:ffff:10.0.0.1]/x",
            "https://[2002:7f00:1::]/x",
            "https://[64:ff9b::a00:1]/x",
            "https://10.0.0.1/x",
            "https://0/x",
            "https://169.254.169.254/latest",
            "https://[fd00::1]/x",
            "https://localhost/x",
            "https://LOCALHOST./x",
            "https://a.localhost/x",
            "https://gateway/x",
            "https://１２７.0.0.1/x",
            "https://127。0。0。1/x",
        ] {
            assert_eq!(read(text), Err(Bar::Private), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_push_service_is_barred() {
        for text in [
            "",
            "push",
            "https://",
            "https://a:b@push.example.org/x",
            "https://user@push.example.org/x",
            "https://push.example.org/x#y",
            "https://256.1.1.1/x",
            "https://1.2.3.4.5/x",
        ] {
            assert_eq!(read(text), Err(Bar::Malformed), "{text}");
        }
        for text in [
            "http://push.example.org/x",
            "ftp://push.example.org/x",
            "file:///etc/passwd",
            "data:,x",
        ] {
            assert_eq!(read(text), Err(Bar::NotHttps), "{text}");
        }
    }

    #[test]
    fn the_public_internet_may_be_asked_and_what_is_listed() {
        for text in [
            "https://push.example.org/x",
            "https://push.example.org:8443/x?up=1",
            "https://8.8.8.8/x",
            "https://[2606:4700::1111]/x",
            "https://127.0.0.1.example.org/x",
        ] {
            assert_eq!(read(text), Ok(false), "{text}");
        }
        for text in [
            "https://push.example.cn/x",
            "https://PUSH.example.cn:443/x",
            "http://127.0.0.1:8090/wp/1",
            "http://127.1:8090/wp/1",
            "https://10.0.0.7:8443/x",
        ] {
            assert_eq!(read(text), Ok(true), "{text}");
        }
        // Another port and another scheme are another door.
        for (text, bar) in [
            ("http://127.0.0.1:8091/x", Bar::NotHttps),
            ("https://127.0.0.1:8090/x", Bar::Private),
            ("https://10.0.0.7/x", Bar::Private),
            ("http://push.example.cn/x", Bar::NotHttps),
        ] {
            assert_eq!(read(text), Err(bar), "{text}");
        }
        assert_eq!(read("https://push.example.cn:8443/x"), Ok(false));
    }

    #[test]
    fn a_list_with_something_else_in_it_is_refused() {
        for text in [
            "ftp://a.example",
            "https://a.example/path",
            "https://u@a.example",
            "a b",
            "http://",
        ] {
            assert!(Allowed::parse(text).is_err(), "{text}");
        }
        assert!(Allowed::parse(" , ").unwrap().is_empty());
    }
}
