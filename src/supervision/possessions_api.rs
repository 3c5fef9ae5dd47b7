//! What member homes lack of their possessions, over HTTP: by home, with the evidence there is.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::store;
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor};
use crate::http::text::{AreaCode, Label, Limit};
use crate::page_of;
use crate::state::App;
use crate::text_enum;
use crate::visits::homes_api::PossessionWord;
use crate::visits::homes_view::{self, Evidence, Possession};
use crate::visits::model::{HomeRow, PossessionStatus};

/// Years after which somebody should have looked again.
const STALE_YEARS: i64 = 1;

text_enum! {
    /// What is wrong with a possession: not there, never looked for, without a photo, looked for over a year ago.
    PossessionFinding { Missing = "missing", Unchecked = "unchecked", NoPhoto = "no_photo", Stale = "stale" }
}

/// A possession that a home lacks, or that nothing proves.
#[derive(Debug, Serialize, ToSchema)]
pub struct PossessionGap {
    #[schema(value_type = PossessionWord)]
    pub kind: String,
    #[schema(max_items = 4)]
    pub findings: Vec<PossessionFinding>,
    /// Null while nobody has looked.
    pub checked_on: Option<Day>,
    pub checked_by: Option<Uid>,
    /// The photo that was taken of it.
    pub photo_id: Option<Uid>,
}

/// What a member home lacks.
#[derive(Debug, Serialize, ToSchema)]
pub struct HomeGaps {
    pub home_id: Uid,
    pub area: AreaCode,
    #[schema(value_type = Label, example = "百福社区会员之家")]
    pub title: String,
    /// The user who looks after it.
    pub keeper_id: Option<Uid>,
    /// In the usual order; the others were seen within the year, with a photo.
    #[schema(max_items = 20)]
    pub gaps: Vec<PossessionGap>,
}

page_of! {
    /// A page of member homes that lack something.
    HomeGapsPage of HomeGaps
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PossessionGapQuery {
    /// One area of the caller's; all of them without it.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402007")]
    area: Option<AreaCode>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

fn findings(p: &Possession, stale_before: Day) -> Vec<PossessionFinding> {
    use PossessionFinding as F;
    let absent = match p.status {
        PossessionStatus::Unchecked => return vec![F::Unchecked],
        PossessionStatus::Missing => Some(F::Missing),
        PossessionStatus::Present => None,
    };
    // Of what is not there no photo is asked for.
    let photo = (absent.is_none() && p.photo.is_none()).then_some(F::NoPhoto);
    let stale = p.checked_on.is_some_and(|day| day < stale_before);
    let stale = stale.then_some(F::Stale);
    [absent, photo, stale].into_iter().flatten().collect()
}

fn show(
    vault: &Vault,
    evidence: &Evidence,
    stale_before: Day,
    home: HomeRow,
) -> AppResult<HomeGaps> {
    let home = homes_view::show(vault, evidence, home)?;
    let gap = |p: Possession| {
        let findings = findings(&p, stale_before);
        (!findings.is_empty()).then(|| PossessionGap {
            kind: p.kind,
            findings,
            checked_on: p.checked_on,
            checked_by: p.checked_by,
            photo_id: p.photo.map(|photo| photo.id),
        })
    };
    Ok(HomeGaps {
        home_id: home.id,
        area: home.area,
        title: home.title,
        keeper_id: home.keeper_id,
        gaps: home.possessions.into_iter().filter_map(gap).collect(),
    })
}

/// List what member homes lack
///
/// Open homes with a possession that is missing or that nobody looked for, that has no photo, or whose evidence is
/// older than a year; with who looked last, and when.
#[utoipa::path(tag = "supervision", params(PossessionGapQuery), responses((status = 200, description = "A page of homes that lack something", body = HomeGapsPage)))]
#[get("/supervision/possessions")]
pub async fn list_possession_gaps(
    app: web::Data<App>,
    who: Who,
    Params(asked): Params<PossessionGapQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SupervisionRead)?;
    let today = who.at.china_day();
    let stale_before = Day(today.saturating_sub(jiff::Span::new().years(STALE_YEARS)));
    let area = asked.area;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!(
            "list_possession_gaps {}",
            area.as_ref().map_or("", AreaCode::as_str)
        ),
    };
    let page = bound.open(asked.limit, asked.cursor.as_deref())?;
    let (rows, evidence) = app
        .db
        .read(move |c| {
            let scope = super::within(c, &who, area.as_ref())?;
            let rows = store::homes_with_gaps(c, &scope, stale_before, page)?;
            let evidence = homes_view::load(c, &rows)?;
            Ok((rows, evidence))
        })
        .await?;
    let render = |home| show(&app.vault, &evidence, stale_before, home);
    let (items, next) = bound.finish(page, rows, |home| home.id, render)?;
    Ok(HttpResponse::Ok().json(HomeGapsPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
