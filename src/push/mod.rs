//! Push: a hint that something waits in the inbox, carried by a provider to a phone.
//!
//! What happens is first a row in somebody's inbox (`notifications`); for each of their phones with a
//! live token a row goes into the outbox (`deliveries`) in the same transaction. The engine takes what
//! is due by lease, sends it outside any transaction, and notes each try.
//!
//! Whose turn it is (`turn`) goes by the receiver's own `manners`, how much goes out at once by what the provider
//! takes (`room`, `pace`). A clock that was ahead and is put right holds nothing up (`ahead`). What was set aside is
//! seen and sent once more by administrators (`dead_letters`).
//!
//! `provider` is what every provider does, `wire` what their senders share; one room is one provider (`fcm`, `apns`,
//! `jpush`, `web_push`, to browsers and by UnifiedPush, and `wecom`, to members' accounts). `gateway` is the other side
//! of the wire for development and tests, and shares nothing with them.

pub mod ahead;
pub mod ahead_store;
pub mod api;
pub mod apns;
mod candidates_store;
pub mod dead_letters;
pub mod dead_letters_api;
pub mod dead_letters_store;
pub mod depth;
pub mod doubt;
pub mod engine;
pub mod fate;
pub mod fcm;
pub mod gateway;
pub mod jpush;
pub mod manners;
mod members_store;
pub mod model;
mod noting;
pub mod outbox;
pub mod pace;
mod phones_store;
pub mod provider;
pub mod quarters;
pub mod receipts_store;
pub mod room;
pub mod settle_store;
pub mod standing_api;
pub mod standing_store;
pub mod store;
pub mod trial;
pub mod turn;
pub mod web_push;
pub mod wecom;
pub mod wire;

use std::sync::Arc;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::model::PushProvider;
use crate::config::Config;
use crate::crypto::{WEB_PUSH_FILE, WebPushKey};
use crate::db::connect;
use provider::Provider;
use web_push::key;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::get_web_push_key)
        .service(standing_api::list_push_providers)
        .service(dead_letters_api::list_dead_letters)
        .service(dead_letters_api::resend_dead_letters)
        .service(dead_letters_api::resend_dead_letter)
        .service(trial::test_push);
}

/// A provider as this configuration has it: ready, or off and why.
pub enum Configured {
    On(Arc<dyn Provider>),
    Off(&'static str),
}

/// Every provider there is; an error names the key that is wrong.
pub fn configured(config: &Config) -> Result<Vec<(PushProvider, Configured)>, String> {
    let mut all = vec![
        (PushProvider::Fcm, fcm(config)?),
        (PushProvider::Apns, apns(config)?),
    ];
    all.extend(browsers(config)?);
    all.push((PushProvider::JPush, jpush(config)?));
    all.push((PushProvider::WeCom, wecom(config)?));
    Ok(all)
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

/// Its servers lie in mainland China, too.
fn wecom(config: &Config) -> Result<Configured, String> {
    let Some(corp_id) = &config.wecom.corp_id else {
        return Ok(Configured::Off("push.wecom_corp_id names no organisation"));
    };
    let wecom = wecom::WeCom::open(corp_id, &config.wecom)?;
    Ok(Configured::On(Arc::new(wecom)))
}

/// Web Push, under both of its names.
fn browsers(config: &Config) -> Result<[(PushProvider, Configured); 2], String> {
    let names = [PushProvider::WebPush, PushProvider::UnifiedPush];
    let off = |why| Ok(names.map(|name| (name, Configured::Off(why))));
    let Some(contact) = &config.push_web_contact else {
        return off(
            "push.web_contact names nobody, and push services want to know whom to write to",
        );
    };
    let key = match WebPushKey::open(&config.keys_dir) {
        Ok(Some(key)) => key,
        Ok(None) => return off("the key folder holds no web-push.pem; the first start makes one"),
        Err(e) => return Err(e.to_string()),
    };
    let ways = web_push::open(web_push::Settings {
        key,
        contact: contact.clone(),
        allowed: config.push_web_allow.clone(),
        abroad: config.push_abroad,
    })?;
    Ok(ways.map(|way| (way.name(), Configured::On(Arc::new(way)))))
}

/// Before anything is sent or subscribed: the key of Web Push stands in the folder and is named by the database.
pub fn prepare(config: &Config) -> Result<(), String> {
    let mut c = connect(&config.target()?, true)?;
    key::settle(&mut c, &config.keys_dir)
}

/// Those that are on.
pub fn providers(config: &Config) -> Result<Vec<Arc<dyn Provider>>, String> {
    let on = |(_, found)| match found {
        Configured::On(provider) => Some(provider),
        Configured::Off(_) => None,
    };
    let mut on: Vec<_> = configured(config)?.into_iter().filter_map(on).collect();
    let of_browsers = |provider: &Arc<dyn Provider>| {
        matches!(
            provider.name(),
            PushProvider::WebPush | PushProvider::UnifiedPush
        )
    };
    // With another key than browsers subscribed with, every push service would refuse us.
    if on.iter().any(of_browsers) {
        let mut c = connect(&config.target()?, false)?;
        if !matches!(key::look(&mut c, &config.keys_dir)?, key::Fit::Ours(_)) {
            tracing::error!(
                "Web Push is off on this machine, whose {WEB_PUSH_FILE} is not the key that browsers subscribed with: {}",
                key::LOST
            );
            on.retain(|provider| !of_browsers(provider));
        }
    }
    Ok(on)
}
