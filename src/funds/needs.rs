//! What villages ask for and are given: rows, words and commands.

use diesel::prelude::*;

use super::needs_api::{NeedAnswer, NewVillageNeed};
use super::needs_store as store;
use super::{association_of, years};
use crate::associations::commands::past;
use crate::associations::model::AssociationKind;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::schema::village_needs;
use crate::db::{Day, DbConn, Fen, Micros, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::{stands_with_its_association, text_enum};

text_enum! {
    /// What money is needed for.
    VillageNeedKind {
        Activities = "activities",
        Publicity = "publicity",
        Training = "training",
        Visits = "visits",
        Equipment = "equipment",
        Premises = "premises",
        Other = "other",
    }
}
text_enum! {
    /// Where it stands: not answered yet, met, met in part, or not met at all.
    NeedState { Asked = "asked", Met = "met", PartlyMet = "partly_met", NotMet = "not_met" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = village_needs, treat_none_as_default_value = false)]
pub struct NeedRow {
    pub id: Uid,
    pub version: i64,
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub need: VillageNeedKind,
    pub asked: Fen,
    pub asked_on: Day,
    pub met: Option<Fen>,
    pub answered_on: Option<Day>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

stands_with_its_association!(NeedRow);

impl NeedRow {
    pub fn state(&self) -> NeedState {
        match self.met {
            None => NeedState::Asked,
            Some(met) if met >= self.asked => NeedState::Met,
            Some(Fen(0)) => NeedState::NotMet,
            Some(_) => NeedState::PartlyMet,
        }
    }
}

/// Notes what a village asks for.
pub fn ask(c: &mut DbConn, who: &Who, new: &NewVillageNeed) -> AppResult<Uid> {
    let association = association_of(c, who, Action::BudgetWrite, new.association_id)?;
    if association.kind != AssociationKind::Village {
        return Err(AppError::field("/association_id", Fault::NotFitting));
    }
    past(who, new.asked_on, "/asked_on")?;
    if new.asked.0.0 <= 0 {
        return Err(AppError::field("/asked", Fault::OutOfRange));
    }
    years::refuse_frozen(c, association.id, years::year_of(new.asked_on), "/asked_on")?;
    let row = NeedRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        association_id: association.id,
        county: association.county,
        town: association.town,
        village: association.village,
        area_id: association.area_id,
        need: new.need,
        asked: new.asked.0,
        asked_on: new.asked_on,
        met: None,
        answered_on: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &association, &row)?;
    noted(c, who, &row, "asked")?;
    Ok(row.id)
}

/// Notes what a village was given, once.
pub fn answer(c: &mut DbConn, who: &Who, id: Uid, given: &NeedAnswer) -> AppResult<()> {
    let need = store::locked(c, who, Action::BudgetWrite, id)?;
    if need.state() != NeedState::Asked {
        return Err(AppError::state_forbids(need.state(), [""; 0]));
    }
    past(who, given.answered_on, "/answered_on")?;
    if given.answered_on < need.asked_on {
        return Err(AppError::field("/answered_on", Fault::BadOrder));
    }
    if given.met.0 > need.asked {
        return Err(AppError::field("/met", Fault::OutOfRange));
    }
    // It counts for the year in which it was asked.
    let year = years::year_of(need.asked_on);
    years::refuse_frozen(c, need.association_id, year, "/answered_on")?;
    store::answer(c, &need, given.met.0, given.answered_on, who.at)?;
    noted(c, who, &need, "answered")
}

fn noted(c: &mut DbConn, who: &Who, row: &NeedRow, what: &str) -> AppResult<()> {
    let facts = serde_json::json!({ "what": what, "kind": row.need });
    let entry = Entry::new(Action::BudgetWrite, "village_need", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(&facts))
}
