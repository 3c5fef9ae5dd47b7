//! What is asked of statistics: an area, a quarter, and the level of its parts.

use super::quarter::Quarter;
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::associations::rules::is_city_itself;
use crate::auth::{Action, Who};
use crate::db::DbConn;
use crate::error::{AppError, AppResult, Code, Fault, FieldError, Problem};
use crate::http::text::AreaCode;
use crate::text_enum;

text_enum! {
    /// The level of the areas that are counted one by one.
    PartLevel { County = "county", Town = "town", Village = "village" }
}

/// Levels, widest first.
const LEVELS: [AreaLevel; 5] = [
    AreaLevel::Province,
    AreaLevel::City,
    AreaLevel::County,
    AreaLevel::Town,
    AreaLevel::Village,
];

/// How many levels below an area its parts may be: its villages are not counted one by one for a city.
const DEEPEST: usize = 2;

fn depth(level: AreaLevel) -> usize {
    LEVELS.iter().position(|l| *l == level).unwrap_or(0)
}

pub fn refused(pointer: &str, fault: Fault) -> AppError {
    AppError::Problem(Box::new(Problem {
        errors: vec![FieldError::new(pointer, fault)],
        ..Problem::new(Code::MalformedQuery)
    }))
}

/// The quarter asked for, which has at least begun.
pub fn quarter(asked: Option<&str>, today: jiff::civil::Date) -> AppResult<Quarter> {
    let asked = asked.ok_or_else(|| refused("/quarter", Fault::Required))?;
    let quarter: Quarter = asked.parse().map_err(|f| refused("/quarter", f))?;
    match quarter > Quarter::of(today) {
        true => Err(refused("/quarter", Fault::InTheFuture)),
        false => Ok(quarter),
    }
}

/// The area asked for, all of which the caller may count.
pub fn area(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    asked: &Option<AreaCode>,
) -> AppResult<AreaRow> {
    let asked = asked
        .as_ref()
        .ok_or_else(|| refused("/area", Fault::Required))?;
    areas::store::by_code_ever(c, asked.as_str())?
        .filter(|area| who.may_within(action, area))
        .ok_or_else(AppError::not_found)
}

/// The level of the parts: the one next below where nobody says, none below a village.
pub fn level(area: &AreaRow, by: Option<PartLevel>) -> AppResult<Option<AreaLevel>> {
    let own = depth(area.level);
    let Some(by) = by else {
        // The cities of a municipality directly under the central government are none: it is one itself.
        if area.level == AreaLevel::Province && is_city_itself(&area.code) {
            return Ok(Some(AreaLevel::County));
        }
        return Ok(LEVELS.get(own + 1).copied());
    };
    let level = match by {
        PartLevel::County => AreaLevel::County,
        PartLevel::Town => AreaLevel::Town,
        PartLevel::Village => AreaLevel::Village,
    };
    match (1..=DEEPEST).contains(&depth(level).saturating_sub(own)) {
        true => Ok(Some(level)),
        false => Err(refused("/by", Fault::NotFitting)),
    }
}
