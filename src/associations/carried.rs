//! What becomes of the tree of associations when areas change.
//!
//! An association stands where its area is. One whose area lies elsewhere now stands under the one of the area around
//! it; where there is none it stays where it was until somebody founds one and says so.

use super::model::AssociationRow;
use super::rules::Above;
use super::store;
use crate::areas;
use crate::areas::model::AreaRow;
use crate::audit;
use crate::auth::Action;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;

/// Those of an area, or within it, whose parent's area is not around theirs any more come under the one that is.
pub fn under_new_parents(c: &mut DbConn, area: &AreaRow, at: Micros) -> AppResult<()> {
    for row in store::astray(c, area)? {
        let Some(seat) = areas::store::by_id(c, row.area_id)? else {
            continue;
        };
        let around = store::around(c, &seat)?;
        let Some(parent) = above(&row, &around) else {
            continue;
        };
        store::put_under(c, &row, parent, at)?;
        let facts = serde_json::json!({ "what": "parent", "record": row.id, "area": seat.id });
        audit::record_own(c, at, Action::AreaChange, "association", &facts)?;
    }
    Ok(())
}

/// The one to be preferred among those around it; `None` where it can stand under none of them, and not alone.
fn above(row: &AssociationRow, around: &[Above]) -> Option<Option<Uid>> {
    let mut wanted = row.kind.stands_under().iter();
    let found = wanted.find_map(|kind| around.iter().find(|a| a.kind == *kind && a.id != row.id));
    match found {
        Some(parent) => Some(Some(parent.id)),
        None => row.kind.may_be_first().then_some(None),
    }
}
