//! November: how the grass-roots associations were rated, and what follows for those that are backward.

use serde_json::json;

use super::faults::{AWARDS_UNDECIDED, FEW_ADVANCED};
use super::scene::{Act, body};
use super::sites;
use super::world::{County, Town, Village};
use crate::associations::ratings::commands as ratings;
use crate::db::Uid;
use crate::error::AppResult;

/// One of so many is backward.
const BACKWARD: usize = 40;

/// Advanced are so many of twenty, evenly among neighbours.
fn grade(county: &County, nth: usize) -> &'static str {
    let advanced = if county.is(FEW_ADVANCED) { 6 } else { 12 };
    if nth % BACKWARD == 5 {
        "backward"
    } else if (nth * 7 % 20) < advanced {
        "advanced"
    } else {
        "ordinary"
    }
}

fn rated(act: &mut Act<'_>, association: Uid, grade: &str) -> AppResult<Uid> {
    let reasons = match grade {
        "advanced" => ["activities", "care"],
        "backward" => ["activities", "organisation"],
        _ => ["activities", "members"],
    };
    let rating = json!({ "association_id": association, "year": act.s.year, "grade": grade, "decided_by": "higher_association",
        "decided_on": act.s.day(11, 5)?.to_string(), "reasons": reasons });
    let who = act.s.officer(11, 6)?;
    ratings::decide(act.c, &who, &body(rating)?)
}

/// The association of one of a county's sites, of which none is backward.
pub fn of_site(act: &mut Act<'_>, county: &County, nth: usize) -> AppResult<()> {
    let Some(association) = sites::association_of(act, county, nth)? else {
        return Ok(());
    };
    let advanced = if county.is(FEW_ADVANCED) { 1 } else { 2 };
    let grade = if nth < advanced {
        "advanced"
    } else {
        "ordinary"
    };
    rated(act, association, grade).map(|_| ())
}

pub fn village(act: &mut Act<'_>, county: &County, _: &Town, village: &Village) -> AppResult<()> {
    let association = act.association(&village.area)?;
    let grade = grade(county, village.nth);
    let id = rated(act, association, grade)?;
    if grade != "backward" || county.is(AWARDS_UNDECIDED) {
        return Ok(());
    }
    let follows = json!({ "decided_on": act.s.day(11, 20)?.to_string(), "awards_withheld": true });
    let who = act.s.officer(11, 20)?;
    ratings::follow(act.c, &who, id, &body(follows)?)
}
