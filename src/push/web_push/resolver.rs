//! Names are resolved here and nowhere else, so that the address that was checked is the one connected to.
//!
//! Checking a name first and connecting to it afterwards asks the DNS twice, and its owner may answer
//! differently the second time. (reqwest asks no resolver for addresses: `guard` judges those.)

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use thiserror::Error;

use super::address::public;

/// The name leads to nothing that everybody reaches.
#[derive(Debug, Error)]
#[error("the name leads to no public address")]
pub struct NotPublic;

/// Whom the DNS is asked by: the system, or a test.
pub type LookUp =
    Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

pub fn system() -> LookUp {
    Arc::new(|name| {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
    })
}

/// Answers the public addresses of a name, and refuses one that has none.
pub struct PublicOnly {
    look_up: LookUp,
    permitted: fn(IpAddr) -> bool,
}

impl PublicOnly {
    pub fn new(look_up: LookUp) -> PublicOnly {
        PublicOnly {
            look_up,
            permitted: public,
        }
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let (asked, permitted) = ((self.look_up)(name.as_str().to_owned()), self.permitted);
        Box::pin(async move {
            let found = asked.await?;
            if found.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            let public: Vec<_> = found.into_iter().filter(|a| permitted(a.ip())).collect();
            match public.is_empty() {
                true => Err(NotPublic.into()),
                false => Ok(Box::new(public.into_iter()) as Addrs),
            }
        })
    }
}

/// Whether a request failed because of [`NotPublic`].
pub fn barred(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(e) = cause {
        if e.is::<NotPublic>() {
            return true;
        }
        cause = e.source();
    }
    false
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::net::TcpListener;

    /// A DNS that says this of every name.
    fn says(addresses: &[&str]) -> LookUp {
        let found: Vec<SocketAddr> = addresses
            .iter()
            .map(|a| SocketAddr::new(a.parse().unwrap(), 0))
            .collect();
        Arc::new(move |_| {
            let found = found.clone();
            Box::pin(async move { Ok(found) })
        })
    }

    async fn ask(resolver: PublicOnly, port: u16) -> reqwest::Error {
        let http = reqwest::Client::builder()
            .dns_resolver(Arc::new(resolver))
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build()
            .unwrap();
        http.get(format!("http://push.example.org:{port}/"))
            .send()
            .await
            .unwrap_err()
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_not_followed() {
        let home = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = home.local_addr().unwrap().port();
        for found in [
            &["127.0.0.1"][..],
            &["10.0.0.1", "::1"],
            &["::ffff:127.0.0.1"],
            &["169.254.169.254"],
        ] {
            let error = ask(PublicOnly::new(says(found)), port).await;
            assert!(barred(&error), "{found:?}: {error:?}");
        }
        // Nobody knocked; and somebody would have, had the address passed.
        let knock = tokio::time::timeout(Duration::from_millis(100), home.accept()).await;
        assert!(knock.is_err());
        let lax = PublicOnly {
            look_up: says(&["127.0.0.1"]),
            permitted: |_| true,
        };
        let (knocked, error) = tokio::join!(home.accept(), async {
            tokio::time::timeout(Duration::from_millis(500), ask(lax, port)).await
        });
        assert!(
            knocked.is_ok() && error.is_err(),
            "the resolver's answer is what is connected to"
        );
    }

    #[tokio::test]
    async fn private_ones_among_public_ones_are_left_out() {
        let resolver = PublicOnly::new(says(&["127.0.0.1", "8.8.8.8", "fd00::1"]));
        let found = resolver
            .resolve("push.example.org".parse().unwrap())
            .await
            .unwrap();
        assert_eq!(found.collect::<Vec<_>>(), ["8.8.8.8:0".parse().unwrap()]);
        let none = PublicOnly::new(says(&[]))
            .resolve("push.example.org".parse().unwrap())
            .await;
        assert!(
            !none.err().unwrap().is::<NotPublic>(),
            "no answer is trouble, not a bar"
        );
    }
}
