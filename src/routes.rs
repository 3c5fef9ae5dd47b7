//! The tree of routes: public ones, then everything behind a token.

use actix_web::middleware::from_fn;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::auth::{require_auth, throttle};
use crate::{
    activities, areas, assessment, associations, audit, auth, calendar_feed, campaigns, care,
    channels, concerns, duplicates, funds, households, insurance, liaison, notifications, people,
    policy_imports, privacy, push, residents, rights_requests, self_governance, services,
    supervision, sync, visits, workdays,
};

/// Everything under `/v1`.
pub fn v1(cfg: &mut ServiceConfig) {
    cfg.service(
        scope::scope("/v1")
            .service(
                scope::scope("")
                    .guard(crate::app::Public)
                    .wrap(from_fn(throttle))
                    .configure(public),
            )
            .service(
                scope::scope("")
                    .wrap(from_fn(require_auth))
                    .configure(signed_in),
            ),
    );
}

fn public(cfg: &mut ServiceConfig) {
    auth::public_routes(cfg);
    privacy::public_routes(cfg);
    sync::public_routes(cfg);
    calendar_feed::public_routes(cfg);
    channels::public_routes(cfg);
}

fn signed_in(cfg: &mut ServiceConfig) {
    auth::routes(cfg);
    areas::routes(cfg);
    people::routes(cfg);
    residents::routes(cfg);
    duplicates::routes(cfg);
    services::routes(cfg);
    liaison::routes(cfg);
    workdays::routes(cfg);
    households::routes(cfg);
    insurance::routes(cfg);
    policy_imports::routes(cfg);
    visits::routes(cfg);
    concerns::routes(cfg);
    associations::routes(cfg);
    assessment::routes(cfg);
    self_governance::routes(cfg);
    funds::routes(cfg);
    care::routes(cfg);
    supervision::routes(cfg);
    campaigns::routes(cfg);
    activities::routes(cfg);
    calendar_feed::routes(cfg);
    notifications::routes(cfg);
    channels::routes(cfg);
    push::routes(cfg);
    sync::routes(cfg);
    privacy::routes(cfg);
    rights_requests::routes(cfg);
    audit::routes(cfg);
}
