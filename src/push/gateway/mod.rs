//! The local push gateway: stands in for the push providers on loopback.
//!
//! It speaks each provider's real protocol and refuses what the provider would
//! refuse, so that a mistake of our sender fails in development as it would
//! fail at Google. It can be told to fail ([`FaultRule`]), keeps the latest
//! messages in a bounded memory and shows them on a page at `/`. It shares no
//! code with the senders beyond public crates.
//!
//! One provider is one folder: [`fcm`] (HTTP v1 and its token endpoint), [`apns`] (HTTP/2 over TLS, on a port of its
//! own), [`jpush`] (REST API v3), [`wecom`] (application messages, and the page on which members say who they are),
//! [`webpush`] (a browser's push service, and the browser).

pub mod apns;
mod control;
mod cut;
mod faults;
pub mod fcm;
pub mod jpush;
mod pem;
mod received;
mod record;
mod state;
pub mod webpush;
pub mod wecom;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};

pub use apns::{ApnsKey, ApnsKeyError, ApnsReason};
pub use faults::{Endpoint, FaultKind, FaultRule, InvalidRule};
pub use fcm::{AccountError, ServiceAccount};
pub use jpush::{JPushApp, JPushCode};
pub use received::{Query, Stats, Which};
pub use webpush::{SubscriptionError, WebSubscription};
pub use wecom::{WeComApp, WeComCode};

use state::Shared;

/// How a [`Gateway`] is started.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// Where it listens; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Where APNs listens; port 0 takes a free one.
    pub apns_bind: SocketAddr,
    /// How many arrived messages are kept, and as many refused ones; the
    /// oldest are dropped.
    pub max_messages: usize,
    /// How many message ids are remembered (as hashes of 8 bytes) to count
    /// duplicates.
    pub remember_ids: usize,
    /// Threads that answer requests.
    pub workers: usize,
    /// How long an access token lives, in seconds; Google's live 3,599.
    pub token_lifetime_s: u64,
    /// Listen on an address that is not loopback. The gateway has no sign-in
    /// and shows every message it was sent.
    pub allow_remote: bool,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            apns_bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            max_messages: 2_000,
            remember_ids: 1_000_000,
            workers: 1,
            token_lifetime_s: 3_599,
            allow_remote: false,
        }
    }
}

/// The gateway; [`Gateway::start`] runs it.
#[derive(Debug, Clone, Copy)]
pub struct Gateway;

impl Gateway {
    /// Starts the gateway on its own threads and returns at once.
    ///
    /// # Errors
    /// When called outside a tokio runtime, when an address is taken, or when
    /// one is not loopback and [`GatewayOptions::allow_remote`] is not set.
    pub fn start(options: GatewayOptions) -> io::Result<Running> {
        for bind in [options.bind, options.apns_bind] {
            if !options.allow_remote && !bind.ip().is_loopback() {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("{bind} is not a loopback address"),
                ));
            }
        }
        let runtime = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        let shared = Arc::new(Shared::new(&options));
        let data = web::Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .configure(fcm::routes)
                .configure(webpush::routes)
                .configure(jpush::routes)
                .configure(wecom::routes)
                .configure(control::routes)
                .default_service(web::to(control::not_found))
        })
        .workers(options.workers.max(1))
        .backlog(4_096)
        .keep_alive(Duration::from_secs(75))
        .shutdown_timeout(2)
        .disable_signals()
        .bind(options.bind)?;
        let addr = server
            .addrs()
            .first()
            .copied()
            .ok_or_else(|| io::Error::other("no address was bound"))?;
        shared.set_base_url(format!("http://{addr}"));
        let apns = apns::Listener::bind(options.apns_bind)?;
        let (apns_addr, apns_root) = (apns.addr, apns.root_pem.clone());
        runtime.spawn(apns.serve(Arc::clone(&shared)));
        let server = server.run();
        let handle = server.handle();
        runtime.spawn(server);
        tracing::info!(%addr, "push gateway listens");
        Ok(Running {
            addr,
            apns_addr,
            apns_root,
            shared,
            handle,
        })
    }
}

/// A gateway that runs. It stops when this is dropped, or by [`Running::stop`].
#[derive(Debug)]
pub struct Running {
    /// The address it listens on.
    pub addr: SocketAddr,
    apns_addr: SocketAddr,
    apns_root: String,
    shared: Arc<Shared>,
    handle: ServerHandle,
}

impl Running {
    /// `http://127.0.0.1:4001`, without a slash at the end: what stands for
    /// `https://fcm.googleapis.com`.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.shared.base_url()
    }

    /// What stands for `https://oauth2.googleapis.com/token`.
    #[must_use]
    pub fn token_uri(&self) -> String {
        format!("{}{}", self.base_url(), fcm::TOKEN_PATH)
    }

    /// Makes a service account of `project_id`, registers its public key here
    /// and yields the file a sender reads ([`ServiceAccount::to_json`]).
    ///
    /// # Errors
    /// When the project's name is empty or the key cannot be made.
    pub fn create_service_account(&self, project_id: &str) -> Result<ServiceAccount, AccountError> {
        let account = ServiceAccount::generate(project_id, &self.base_url())?;
        self.register_service_account(&account)?;
        Ok(account)
    }

    /// Registers an account made earlier ([`ServiceAccount::from_json`]), so
    /// that a restarted gateway goes on with the same one. Only its public key
    /// is kept.
    ///
    /// # Errors
    /// When the private key cannot be read.
    pub fn register_service_account(&self, account: &ServiceAccount) -> Result<(), AccountError> {
        self.shared.fcm.register(account)
    }

    /// A browser made up here, subscribed for the application server of this key (base64url); for any, without
    /// one.
    ///
    /// # Errors
    /// When the key is none, or there are too many.
    pub fn create_subscription(
        &self,
        application_server_key: Option<&str>,
    ) -> Result<WebSubscription, SubscriptionError> {
        let base_url = self.base_url();
        let shared = &self.shared.web_push;
        shared.subscribe(&base_url, application_server_key, None)
    }

    /// What stands for `https://api.push.apple.com`.
    #[must_use]
    pub fn apns_base_url(&self) -> String {
        format!("https://{}", self.apns_addr)
    }

    /// The certificate of [`Self::apns_base_url`] as PEM: what a sender is told
    /// to trust. It is another one at each start.
    #[must_use]
    pub fn apns_root(&self) -> &str {
        &self.apns_root
    }

    /// Makes a signing key for the app of this bundle id and registers its
    /// public part here.
    ///
    /// # Errors
    /// When the key cannot be made.
    pub fn create_apns_key(&self, topic: &str) -> Result<ApnsKey, ApnsKeyError> {
        let key = ApnsKey::generate(topic)?;
        self.register_apns_key(&key);
        Ok(key)
    }

    /// Registers a signing key made earlier; only its public part is kept.
    pub fn register_apns_key(&self, key: &ApnsKey) {
        self.shared.apns.register(key);
    }

    /// Makes an app of JPush with a Master Secret and registers it here.
    #[must_use]
    pub fn create_jpush_app(&self) -> JPushApp {
        let app = JPushApp::generate();
        self.register_jpush_app(&app);
        app
    }

    /// Lets an app of JPush call so often in each window, in place of 600 times a minute.
    pub fn limit_jpush(&self, app: &JPushApp, calls: u32, window: Duration) {
        self.shared.jpush.limit(app, calls, window);
    }

    /// Registers an app of JPush made earlier.
    pub fn register_jpush_app(&self, app: &JPushApp) {
        self.shared.jpush.register(app);
    }

    /// Makes an organisation of WeCom with an app and registers it here.
    #[must_use]
    pub fn create_wecom_app(&self) -> WeComApp {
        let app = WeComApp::generate();
        self.register_wecom_app(&app);
        app
    }

    /// Registers an app of WeCom made earlier.
    pub fn register_wecom_app(&self, app: &WeComApp) {
        self.shared.wecom.register(app);
    }

    /// Shows a member of WeCom so many messages within so long, in place of thirty a minute.
    pub fn limit_wecom(&self, messages: usize, within: Duration) {
        self.shared.wecom.limit(messages, within);
    }

    /// What stands for `https://open.weixin.qq.com/connect/oauth2/authorize`.
    #[must_use]
    pub fn wecom_authorize_url(&self) -> String {
        format!("{}{}", self.base_url(), wecom::AUTHORIZE_PATH)
    }

    /// Appends rules; the first that matches a request decides.
    ///
    /// # Errors
    /// When a rule contradicts itself; then none is added.
    pub fn add_faults(&self, rules: Vec<FaultRule>) -> Result<(), InvalidRule> {
        self.shared.faults.add(rules)
    }

    /// Forgets every rule.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// Makes every access token granted so far worthless (a sender is expected
    /// to get a new one after the 401).
    pub fn revoke_tokens(&self) {
        self.shared.fcm.revoke_tokens();
        self.shared.wecom.revoke_tokens();
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// The same items as `GET /received`, oldest first.
    #[must_use]
    pub fn received(&self, query: Query) -> Vec<serde_json::Value> {
        let page = self.shared.received.page(&query);
        page.records.iter().map(|r| r.to_json()).collect()
    }

    /// Forgets the messages, the remembered ids and the counts of sends.
    pub fn clear_received(&self) {
        self.shared.received.clear();
    }

    /// Waits until at least `count` messages were accepted in all; false when
    /// `patience` ran out first.
    pub async fn wait_for_accepted(&self, count: u64, patience: Duration) -> bool {
        let mut changes = self.shared.received.changes();
        let reached = async {
            loop {
                if self.shared.received.accepted() >= count {
                    return true;
                }
                if changes.changed().await.is_err() {
                    return false;
                }
            }
        };
        tokio::time::timeout(patience, reached)
            .await
            .unwrap_or(false)
    }

    /// Ends the live streams and what is slow on purpose, then the server.
    pub async fn stop(self) {
        self.shared.begin_stop();
        self.handle.stop(true).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.begin_stop();
        // The command is sent by the call; nobody waits for its answer.
        drop(self.handle.stop(false));
    }
}
