//! The members of one township, all of them: about nine of a hundred people, three of ten of them of the backbone.
//! Elsewhere nobody was entered, so that the share of members is told of this township alone.

use serde_json::json;
use std::ops::Range;

use super::records::population;
use super::scene::{Act, body};
use super::world::{Town, Village};
use crate::areas::model::AreaRow;
use crate::associations::members::commands::join;
use crate::error::AppResult;

/// Numbers of their names.
const OF_MEMBERS: usize = 10_000;
/// Of each village so many are found again, to be nominated.
pub const KNOWN: usize = 2;

/// How many members a village of the township has.
pub fn of_village(people: i64, villages: usize) -> usize {
    let members = usize::try_from(people * 9 / 100).unwrap_or(0);
    members.div_ceil(villages.max(1)).max(5 * KNOWN)
}

pub fn name_of(village: &AreaRow, nth: usize) -> String {
    format!("member {nth} of {}", &*village.code)
}

pub fn joined(
    act: &mut Act<'_>,
    town: &Town,
    village: &Village,
    which: Range<usize>,
) -> AppResult<()> {
    let all = of_village(population(act.s.people, town), town.villages.len());
    let association = act.association(&village.area)?;
    let at_village = town.villages.iter().position(|v| v.is(&village.area.code));
    let first = OF_MEMBERS + at_village.unwrap_or(0) * all;
    for nth in which.start..which.end.min(all) {
        let years = i16::try_from(nth % 12).unwrap_or(0) + 1;
        let mut new = json!({ "association_id": association, "joined_on": act.s.day_before(years, 5, 29)?.to_string() });
        if nth % 10 < 3 {
            new["backbone_since"] = json!(act.s.day(1, 10)?.to_string());
        }
        if nth < KNOWN {
            new["id"] = json!(act.s.named(&name_of(&village.area, nth))?);
        }
        let who = act.s.officer(4, 15)?;
        let joining = act.s.joining(&who, first + nth, None, &["membership"])?;
        join(act.c, &act.s.vault, &who, &body(new)?, &joining)?;
    }
    Ok(())
}
