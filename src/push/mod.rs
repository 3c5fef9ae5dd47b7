//! Push: a hint that something waits in the inbox, carried by a provider to a phone.
//!
//! What happens is first a row in somebody's inbox (`notifications`); for each of their phones with a
//! live token a row goes into the outbox (`deliveries`) in the same transaction. The engine takes what
//! is due by lease, sends it outside any transaction, and notes each try.
//!
//! Whose turn it is (`turn`) goes by the receiver's own `manners`, how much goes out at once by what the provider
//! takes (`room`, `pace`). What was set aside is seen and sent once more by administrators (`dead_letters`).
//!
//! `provider` is what every provider does, `wire` what their senders share; one file is one provider (`fcm`). `gateway` is the other side
//! of the wire for development and tests, and shares nothing with them.

mod candidates_store;
pub mod dead_letters;
pub mod dead_letters_api;
pub mod dead_letters_store;
pub mod depth;
pub mod engine;
pub mod fate;
pub mod fcm;
pub mod gateway;
pub mod manners;
pub mod model;
mod noting;
pub mod outbox;
pub mod pace;
mod phones_store;
pub mod provider;
pub mod quarters;
pub mod room;
pub mod settle_store;
pub mod standing_api;
pub mod standing_store;
pub mod store;
pub mod trial;
pub mod turn;
pub mod wire;

use std::sync::Arc;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::model::PushProvider;
use crate::config::Config;
use provider::Provider;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(standing_api::list_push_providers)
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
    let fcm = match &config.fcm_account {
        None => Configured::Off("push.fcm_account names no service account"),
        Some(file) => match fcm::Fcm::open(file, &config.fcm_base_url)? {
            fcm if fcm.abroad() && !config.push_abroad => {
                Configured::Off("its servers lie abroad and push.abroad is false")
            }
            fcm => Configured::On(Arc::new(fcm)),
        },
    };
    Ok(vec![(PushProvider::Fcm, fcm)])
}

/// Those that are on.
pub fn providers(config: &Config) -> Result<Vec<Arc<dyn Provider>>, String> {
    let on = |(_, found)| match found {
        Configured::On(provider) => Some(provider),
        Configured::Off(_) => None,
    };
    Ok(configured(config)?.into_iter().filter_map(on).collect())
}
