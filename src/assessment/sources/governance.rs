//! Self-governance of villages (H1).

use super::store::FactRow;
use super::{FactKind, Rows, Source, SourceUnit, TO_TOWNS, within};
use crate::areas::model::AreaRow;
use crate::assessment::span::Span;
use crate::db::DbConn;
use crate::error::AppResult;
use crate::self_governance::standing::count;

/// Every village, and whether it is qualified: as people decided, or as is counted where nobody has.
fn villages(c: &mut DbConn, area: &AreaRow, span: Span) -> AppResult<Vec<FactRow>> {
    let found = count::of(c, area, span.year)?;
    let row = |village: count::OfVillage| {
        let decided = village.decided.as_ref();
        let qualified = decided.map_or(village.qualified(), |decided| decided.qualified);
        FactRow {
            kind: FactKind::Village.as_str().to_owned(),
            id: village.area.id,
            area_id: village.area.id,
            on_day: decided.map(|decided| decided.decided_on),
            n: Some(i64::from(qualified)),
            of_n: Some(1),
            label: Some(village.area.name),
        }
    };
    Ok(found.villages.into_iter().map(row).collect())
}

pub const SOURCES: &[Source] = &[Source {
    rows: Rows::Found(villages),
    ..within(
        "villages_self_governing",
        SourceUnit::Village,
        "群众自治合格村",
        "Villages qualified in self-governance",
        "",
    )
    .share()
    .at(TO_TOWNS)
}];
