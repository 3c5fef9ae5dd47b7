//! Push: a hint that something waits in the inbox, carried by a provider to a phone.
//!
//! What happens is first a row in somebody's inbox (`notifications`); for each of their phones with a
//! live token a row goes into the outbox (`deliveries`) in the same transaction. The engine takes what
//! is due by lease, sends it outside any transaction, and notes each try.
//!
//! `provider` is what every provider does, `wire` what their senders share; one room is one provider (`fcm`,
//! `apns`, `jpush`). `gateway` is the other side of the wire for development and tests, and shares nothing with them.

pub mod apns;
pub mod engine;
pub mod fate;
pub mod fcm;
pub mod gateway;
pub mod jpush;
pub mod model;
pub mod outbox;
pub mod provider;
pub mod receipts_store;
pub mod settle_store;
pub mod standing_store;
pub mod store;
pub mod wire;

use std::sync::Arc;

use crate::auth::model::PushProvider;
use crate::config::Config;
use provider::Provider;

/// A provider as this configuration has it: ready, or off and why.
pub enum Configured {
    On(Arc<dyn Provider>),
    Off(&'static str),
}

/// Every provider there is; an error names the key that is wrong.
pub fn configured(config: &Config) -> Result<Vec<(PushProvider, Configured)>, String> {
    Ok(vec![
        (PushProvider::Fcm, fcm(config)?),
        (PushProvider::Apns, apns(config)?),
        (PushProvider::JPush, jpush(config)?),
    ])
}

const ABROAD: Configured = Configured::Off("its servers lie abroad and push.abroad is false");

fn fcm(config: &Config) -> Result<Configured, String> {
    let Some(file) = &config.fcm_account else {
        return Ok(Configured::Off("push.fcm_account names no service account"));
    };
    Ok(match fcm::Fcm::open(file, &config.fcm_base_url)? {
        fcm if fcm.abroad() && !config.push_abroad => ABROAD,
        fcm => Configured::On(Arc::new(fcm)),
    })
}

fn apns(config: &Config) -> Result<Configured, String> {
    let Some(key) = &config.apns.key else {
        return Ok(Configured::Off("push.apns_key names no signing key"));
    };
    Ok(match apns::Apns::open(key, &config.apns)? {
        apns if apns.abroad() && !config.push_abroad => ABROAD,
        apns => Configured::On(Arc::new(apns)),
    })
}

/// Its servers lie in mainland China.
fn jpush(config: &Config) -> Result<Configured, String> {
    let Some(app_key) = &config.jpush.app_key else {
        return Ok(Configured::Off("push.jpush_app_key names no app"));
    };
    let jpush = jpush::JPush::open(app_key, &config.jpush)?;
    Ok(Configured::On(Arc::new(jpush)))
}

/// Those that are on.
pub fn providers(config: &Config) -> Result<Vec<Arc<dyn Provider>>, String> {
    let on = |(_, found)| match found {
        Configured::On(provider) => Some(provider),
        Configured::Off(_) => None,
    };
    Ok(configured(config)?.into_iter().filter_map(on).collect())
}
