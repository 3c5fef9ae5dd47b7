//! What the handlers share.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;

use super::GatewayOptions;
use super::apns::Apns;
use super::faults::Faults;
use super::fcm::Fcm;
use super::jpush::JPush;
use super::received::{Received, Stats};
use super::webpush::WebPush;
use super::wecom::WeCom;

/// The state of one gateway. Every lock in it is held for a few map operations
/// and never across an await.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) fcm: Fcm,
    pub(super) web_push: WebPush,
    pub(super) apns: Apns,
    pub(super) jpush: JPush,
    pub(super) wecom: WeCom,
    pub(super) faults: Faults,
    pub(super) received: Received,
    base_url: OnceLock<String>,
    stopping: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn new(options: &GatewayOptions) -> Self {
        Self {
            fcm: Fcm::new(options.token_lifetime_s),
            web_push: WebPush::default(),
            apns: Apns::default(),
            jpush: JPush::default(),
            wecom: WeCom::default(),
            faults: Faults::default(),
            received: Received::new(options.max_messages, options.remember_ids),
            base_url: OnceLock::new(),
            stopping: watch::Sender::new(false),
        }
    }

    pub(super) fn set_base_url(&self, url: String) {
        // It is set once, before the first request.
        let _ = self.base_url.set(url);
    }

    pub(super) fn base_url(&self) -> String {
        self.base_url.get().cloned().unwrap_or_default()
    }

    pub(super) fn begin_stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Resolves when the gateway is being stopped.
    pub(super) async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        // The sender lives as long as `self`: an error cannot come.
        let _ = stopping.wait_for(|s| *s).await;
    }

    pub(super) fn stats(&self) -> Stats {
        let mut stats = self.received.stats();
        stats.token_grants = self.fcm.grants_issued() + self.wecom.tokens_issued();
        stats
    }
}

/// Locks; a panic elsewhere does not make the data unreadable.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
