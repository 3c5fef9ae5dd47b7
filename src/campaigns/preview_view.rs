//! What the preview of an audience looks like outside.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::preview::{Preview, Sample};
use crate::auth::policy::Role;
use crate::crypto::Vault;
use crate::db::Uid;
use crate::error::{AppError, AppResult};
use crate::http::page::Cursor;
use crate::http::text::{AreaCode, Label, Limit};
use crate::people::masks;

/// How many people of one area.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaAudience {
    /// A village, or a wider area for those who work for the whole of it.
    #[schema(value_type = AreaCode, example = "330402007024")]
    pub area: String,
    #[schema(value_type = Label, example = "百福社区")]
    pub name: String,
    #[schema(minimum = 0, maximum = 100_000_000, example = 12)]
    pub targeted: i64,
    #[schema(minimum = 0, maximum = 100_000_000, example = 3)]
    pub without_push: i64,
}

/// Somebody of an audience: a colleague, by role and area.
#[derive(Debug, Serialize, ToSchema)]
pub struct AudienceSample {
    pub user_id: Uid,
    /// Masked.
    #[schema(value_type = Label, example = "林*")]
    pub display_name: String,
    pub role: Role,
    pub area: AreaCode,
    #[schema(example = true)]
    pub with_push: bool,
}

/// An assignment of the caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountedBy {
    pub role: Role,
    pub area: AreaCode,
}

/// How many a campaign would reach if it were sent now.
#[derive(Debug, Serialize, ToSchema)]
pub struct AudiencePreview {
    /// Each person once.
    #[schema(minimum = 0, maximum = 100_000_000, example = 120)]
    pub targeted: i64,
    /// Of those, without a phone that a push can reach: they find it in the inbox.
    #[schema(minimum = 0, maximum = 100_000_000, example = 12)]
    pub without_push: i64,
    /// In the order of the areas' codes; none for more than 50,000 people. Who works for more than a county counts
    /// in the whole alone.
    #[schema(max_items = 2000)]
    pub by_area: Vec<AreaAudience>,
    /// Where the next page of the areas starts; null on the last one. Counts are of all.
    pub next_cursor: Option<Cursor>,
    /// As many as were asked for.
    #[schema(max_items = 20)]
    pub samples: Vec<AudienceSample>,
    /// By which assignments of the caller it was counted.
    #[schema(max_items = 200)]
    pub counted_by: Vec<CountedBy>,
}

fn area_code(code: String) -> AppResult<AreaCode> {
    AreaCode::stored(code)
}

impl AudiencePreview {
    pub fn of(
        vault: &Vault,
        found: Preview,
        next_cursor: Option<Cursor>,
    ) -> AppResult<AudiencePreview> {
        let sample = |sample: Sample| {
            let name = vault
                .open_sealed("users.display_name", sample.user.0, &sample.sealed_name)
                .map_err(AppError::internal)?;
            Ok(AudienceSample {
                user_id: sample.user,
                display_name: masks::name(&name),
                role: sample.role,
                area: area_code(sample.area)?,
                with_push: sample.with_push,
            })
        };
        let counted = |(role, area)| {
            Ok(CountedBy {
                role,
                area: area_code(area)?,
            })
        };
        Ok(AudiencePreview {
            targeted: found.count.targeted,
            without_push: found.count.without_push,
            by_area: found
                .by_area
                .into_iter()
                .map(|(area, name, count)| AreaAudience {
                    area,
                    name,
                    targeted: count.targeted,
                    without_push: count.without_push,
                })
                .collect(),
            next_cursor,
            samples: found
                .samples
                .into_iter()
                .map(sample)
                .collect::<AppResult<_>>()?,
            counted_by: found
                .counted_by
                .into_iter()
                .take(200)
                .map(counted)
                .collect::<AppResult<_>>()?,
        })
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PreviewQuery {
    /// How many people to show as samples; none when left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 20, example = 5)]
    pub samples: Option<Limit>,
    /// How many areas at most; 2,000 when left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, example = 50)]
    pub limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    pub cursor: Option<String>,
}
