//! Apple Push Notification service: HTTP/2 over TLS, provider tokens, Apple's own words for what is wrong.
//!
//! It stands on a port of its own with a self-signed certificate, made anew at each start; a sender is told
//! to trust that one (`push.apns_root`) and switches no verification off. HTTP/2 is the h2 crate's, since
//! actix-web can neither refuse a stream nor leave in the middle of one.

mod check;
mod key;
mod reason;
mod send;
mod serve;
mod token;

pub use key::{ApnsKey, ApnsKeyError};
pub use reason::ApnsReason;
pub(super) use send::{knows, says_when};
pub(super) use serve::Listener;

/// The state of this provider.
#[derive(Default)]
pub(super) struct Apns {
    keys: token::Keys,
}

impl Apns {
    pub(super) fn register(&self, key: &ApnsKey) {
        self.keys.register(key);
    }
}

impl std::fmt::Debug for Apns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Apns").finish_non_exhaustive()
    }
}
