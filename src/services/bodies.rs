//! What is sent about services, by REST and sync alike.
//!
//! `health_kind` is counted and forgotten: it is in no row, no digest of a request and no body that rests.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::model::*;
use super::steps::Told;
use crate::db::{Day, Uid};
use crate::http::text::{Address, not_null};

/// Fields that are counted and kept nowhere: left out of every digest and copy of a body.
pub const FORGOTTEN: &[&str] = &["health_kind"];

/// A service offered to a resident.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "health", "health_kind": "health_education", "offered_on": "2026-05-29"}))]
pub struct NewService {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub kind: ServiceKind,
    /// Which health service it is, where `kind` is `health`: counted in the quarter's tally and forgotten.
    /// Without it the tally counts a health service whose kind nobody said.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub health_kind: Option<HealthKind>,
    /// Today without it; never in the future.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub offered_on: Option<Day>,
    /// When to come back: today or later, with the person's consent to `service_follow_up`
    /// (`consent_required`, `consent_withdrawn`).
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub follow_up_on: Option<Day>,
}

/// The resident accepts.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct ServiceAcceptance {
    /// Told again to be counted, where the service's kind is `health`: the server does not know it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub health_kind: Option<HealthKind>,
    /// When to come back, with consent to `service_follow_up`; as it was without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub follow_up_on: Option<Day>,
}

/// The resident declines. Nobody comes back to ask again.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct ServiceRefusal {
    /// Told again to be counted, where the service's kind is `health`: the server does not know it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub health_kind: Option<HealthKind>,
}

/// The resident is referred to somebody who gives the service.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"provider": "health_facility", "contact": "建设街道社区卫生服务中心，0573-00000000"}))]
pub struct ServiceReferral {
    pub provider: ProviderKind,
    /// Its name and how to reach it; never what somebody is to be treated for.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub contact: Option<Address>,
    /// When to come back, with consent to `service_follow_up`; as it was without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub follow_up_on: Option<Day>,
}

/// The service was given.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"delivered_on": "2026-05-29"}))]
pub struct ServiceDelivery {
    /// Not before it was offered, not in the future.
    pub delivered_on: Day,
    /// Told again to be counted, where the service's kind is `health`: the server does not know it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub health_kind: Option<HealthKind>,
    /// When to come back, with consent to `service_follow_up`; as it was without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub follow_up_on: Option<Day>,
}

/// When somebody means to come back.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"follow_up_on": "2099-06-12"}))]
pub struct ServiceFollowUp {
    /// Today or later, with the person's consent to `service_follow_up`; null: not any more.
    pub follow_up_on: Option<Day>,
}

impl ServiceAcceptance {
    pub fn told(self) -> Told {
        Told {
            health_kind: self.health_kind,
            follow_up_on: self.follow_up_on.map(Some),
            ..Told::only(ServiceStep::Acceptance)
        }
    }
}
impl ServiceRefusal {
    pub fn told(self) -> Told {
        Told {
            health_kind: self.health_kind,
            ..Told::only(ServiceStep::Refusal)
        }
    }
}
impl ServiceReferral {
    pub fn told(self) -> Told {
        Told {
            provider: Some((self.provider, self.contact)),
            follow_up_on: self.follow_up_on.map(Some),
            ..Told::only(ServiceStep::Referral)
        }
    }
}
impl ServiceDelivery {
    pub fn told(self) -> Told {
        Told {
            health_kind: self.health_kind,
            delivered_on: Some(self.delivered_on),
            follow_up_on: self.follow_up_on.map(Some),
            ..Told::only(ServiceStep::Delivery)
        }
    }
}
impl ServiceFollowUp {
    pub fn told(self) -> Told {
        Told {
            follow_up_on: Some(self.follow_up_on),
            ..Told::only(ServiceStep::FollowUp)
        }
    }
}
