//! How the providers stand, over HTTP: what an administrator asks when pushes do not come.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

use super::model::Lane;
use super::standing_store::{self as store, Standing};
use super::{Configured, configured};
use crate::auth::model::PushProvider;
use crate::auth::{Action, Who};
use crate::config::Config;
use crate::db::Micros;
use crate::error::{AppError, AppResult};
use crate::state::App;
use crate::text_enum;

text_enum! {
    /// Whether a provider takes our pushes. A waiting one asked all of us for a pause, a stopped one refused our
    /// credentials; both are asked again by themselves.
    ProviderState { Working = "working", Waiting = "waiting", Stopped = "stopped" }
}

/// What waits for a provider, by lane; each is counted to 100,000.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueuedPushes {
    #[schema(minimum = 0, maximum = 100_000, example = 0)]
    pub urgent: i64,
    #[schema(minimum = 0, maximum = 100_000, example = 12)]
    pub routine: i64,
    #[schema(minimum = 0, maximum = 100_000, example = 3_400)]
    pub campaign: i64,
}

/// How one provider stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderStanding {
    pub provider: PushProvider,
    /// It is configured on the node that answers.
    #[schema(example = true)]
    pub on: bool,
    /// Why it is not.
    #[schema(
        min_length = 1,
        max_length = 300,
        pattern = r"^[^\u0000-\u001f]+$",
        example = "push.fcm_account names no service account"
    )]
    pub why_off: Option<String>,
    pub state: ProviderState,
    /// Since when; null: it was never refused.
    pub since: Option<Micros>,
    /// What it said when it refused us.
    #[schema(
        min_length = 1,
        max_length = 60,
        pattern = r"^[^\u0000-\u001f]+$",
        example = "THIRD_PARTY_AUTH_ERROR"
    )]
    pub reason: Option<String>,
    /// When a waiting or stopped one is asked again.
    pub retry_at: Option<Micros>,
    pub queued: QueuedPushes,
    /// Messages it took within the last hour, from all workers together.
    #[schema(minimum = 0, maximum = 9_000_000_000_000_000i64, example = 5_200)]
    pub accepted_last_hour: i64,
}

/// How the providers stand.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderStandings {
    #[schema(max_items = 50)]
    pub items: Vec<ProviderStanding>,
}

/// Which are on, and why the others are not.
fn configuration(config: &Config) -> HashMap<PushProvider, Option<String>> {
    match configured(config) {
        Ok(all) => all
            .into_iter()
            .map(|(name, found)| match found {
                Configured::On(_) => (name, None),
                Configured::Off(why) => (name, Some(why.to_owned())),
            })
            .collect(),
        // The key that is wrong is named; what stands in a file is not.
        Err(_) => PushProvider::ALL
            .iter()
            .map(|name| {
                (
                    *name,
                    Some("the configuration is wrong; see doctor".to_owned()),
                )
            })
            .collect(),
    }
}

/// Read how the push providers stand
///
/// Each provider: whether it is on, whether it refuses us, what waits for it and what it took lately.
#[utoipa::path(tag = "pushes", responses((status = 200, description = "Every provider", body = ProviderStandings)))]
#[get("/push/providers")]
pub async fn list_push_providers(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::PushStanding)?;
    // Credentials are files.
    let config = app.config.clone();
    let on = web::block(move || configuration(&config))
        .await
        .map_err(AppError::internal)?;
    let now = app.clock.now();
    let found = app.db.read(move |c| {
        let lately = store::accepted_lately(c, now)?;
        let mut found = Vec::new();
        for name in PushProvider::ALL {
            let standing = store::standing(c, *name)?;
            let queued = QueuedPushes {
                urgent: store::waiting(c, *name, Lane::Urgent)?,
                routine: store::waiting(c, *name, Lane::Routine)?,
                campaign: store::waiting(c, *name, Lane::Campaign)?,
            };
            let accepted = lately.get(name).copied().unwrap_or(0);
            found.push((*name, standing, queued, accepted));
        }
        Ok(found)
    });
    let items = found
        .await?
        .into_iter()
        .map(|(provider, standing, queued, accepted_last_hour)| {
            // A provider that this version cannot configure yet is off.
            let why_off = match on.get(&provider) {
                Some(why) => why.clone(),
                None => Some("this version cannot send by it".to_owned()),
            };
            let stopped = standing.as_ref().is_some_and(Standing::stopped);
            let held = standing.as_ref().and_then(|s| s.held(now));
            ProviderStanding {
                provider,
                on: why_off.is_none(),
                why_off,
                state: match (stopped, held) {
                    (true, _) => ProviderState::Stopped,
                    (false, Some(_)) => ProviderState::Waiting,
                    (false, None) => ProviderState::Working,
                },
                since: standing.as_ref().map(|s| s.since),
                reason: standing.as_ref().and_then(|s| s.reason.clone()),
                retry_at: held.max(standing.and_then(|s| s.retry_at)),
                queued,
                accepted_last_hour,
            }
        })
        .collect();
    Ok(HttpResponse::Ok().json(ProviderStandings { items }))
}
