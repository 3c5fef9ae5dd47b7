//! What the results of a campaign look like outside.

use serde::{Deserialize, Serialize};
use std::ops::AddAssign;
use utoipa::{IntoParams, ToSchema};

use crate::activities::figures::ActivityFigures;
use crate::db::Uid;
use crate::http::page::Cursor;
use crate::http::text::{AreaCode, Label, Limit};
use crate::text_enum;

text_enum! {
    /// The areas that results are summed by: villages, with wider areas for those who work for the whole of
    /// them, townships, or counties.
    ResultLevel { Village = "village", Town = "town", County = "county" }
}

/// How far the reminders of a campaign came, in people: each counts once, however many reminders and phones,
/// where they worked when the first one came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReachFigures {
    /// Have it in their inbox.
    #[schema(minimum = 0, maximum = 100_000_000, example = 120)]
    pub targeted: i64,
    /// Had no phone that a push can reach.
    #[schema(minimum = 0, maximum = 100_000_000, example = 12)]
    pub without_push: i64,
    /// A push for one of their phones was held back.
    #[schema(minimum = 0, maximum = 100_000_000, example = 3)]
    pub suppressed: i64,
    /// A provider took a push for one of their phones.
    #[schema(minimum = 0, maximum = 100_000_000, example = 104)]
    pub accepted: i64,
    /// A phone showed it.
    #[schema(minimum = 0, maximum = 100_000_000, example = 80)]
    pub displayed: i64,
    #[schema(minimum = 0, maximum = 100_000_000, example = 41)]
    pub opened: i64,
    #[schema(minimum = 0, maximum = 100_000_000, example = 20)]
    pub done: i64,
    /// Opened, read or done.
    #[schema(minimum = 0, maximum = 100_000_000, example = 45)]
    pub acknowledged: i64,
}

impl AddAssign for ReachFigures {
    fn add_assign(&mut self, more: ReachFigures) {
        self.targeted += more.targeted;
        self.without_push += more.without_push;
        self.suppressed += more.suppressed;
        self.accepted += more.accepted;
        self.displayed += more.displayed;
        self.opened += more.opened;
        self.done += more.done;
        self.acknowledged += more.acknowledged;
    }
}

/// The same figures of the campaigns of the year before: of the same festival and the same area.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct YearBefore {
    pub figures: ReachFigures,
    pub activities: ActivityFigures,
}

/// The figures of one area: of the people who work in it, and of what was held there.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaReach {
    /// Of the level asked for, or a wider one for what is of the whole of it.
    #[schema(value_type = AreaCode, example = "330402007024")]
    pub area: String,
    #[schema(value_type = Label, example = "百福社区")]
    pub name: String,
    pub figures: ReachFigures,
    pub activities: ActivityFigures,
    /// Null where the whole campaign has none.
    pub year_before: Option<YearBefore>,
}

/// What a campaign reached and came to, in all and by area. Staff are counted, never a person served.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignResults {
    pub level: ResultLevel,
    pub total: ReachFigures,
    pub activities: ActivityFigures,
    /// Null for a campaign of no festival, or where there was none the year before.
    pub year_before: Option<YearBefore>,
    /// In the order of the areas' codes. Who works for more than a county counts in the total alone.
    #[schema(max_items = 2000)]
    pub by_area: Vec<AreaReach>,
    /// Where the next page of the areas starts; null on the last one. Totals are of all.
    pub next_cursor: Option<Cursor>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ResultsQuery {
    /// `village` when left out.
    #[param(inline, value_type = Option<ResultLevel>, example = "town")]
    pub level: Option<ResultLevel>,
    /// How many areas at most; 2,000 when left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, example = 50)]
    pub limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    pub cursor: Option<String>,
}

/// Somebody whom a campaign told, and how far they came.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignReceiver {
    pub user_id: Uid,
    /// Masked.
    #[schema(value_type = Label, example = "林*")]
    pub display_name: String,
    /// Where they worked when the first reminder came; null for who works for more than a county.
    pub area: Option<AreaCode>,
    #[schema(example = true)]
    pub with_push: bool,
    #[schema(example = true)]
    pub displayed: bool,
    #[schema(example = false)]
    pub opened: bool,
    #[schema(example = false)]
    pub done: bool,
    /// Opened, read or done.
    #[schema(example = false)]
    pub acknowledged: bool,
}

/// A page of those whom a campaign told.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignReceiverPage {
    /// In the order of their ids.
    #[schema(max_items = 200)]
    pub items: Vec<CampaignReceiver>,
    /// Where the next page starts; null on the last one.
    pub next_cursor: Option<Cursor>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReceiverQuery {
    /// Only those who have acknowledged, or only those who have not.
    #[param(value_type = Option<bool>, example = false)]
    pub acknowledged: Option<bool>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    pub cursor: Option<String>,
}
