//! Taking a record of a village out of all counts: it was a mistake, and stays readable.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::village::GovernanceCancelReason;

/// Why a record does not count.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "mistaken"}))]
pub struct GovernanceCancellation {
    pub reason: GovernanceCancelReason,
}
