//! How a family is shown.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::commands::{CHANNEL, DOCTOR};
use super::model::*;
use super::store;
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::precondition::Tagged;
use crate::http::text::{AreaCode, Label};
use crate::page_of;
use crate::people::fields;
use crate::people::model::PersonRow;

/// Somebody of a family who agrees to be cared for. `x-masked` fields come masked; `reveal_care_family` alone shows
/// them.
#[derive(Debug, Serialize, ToSchema)]
pub struct CarePerson {
    #[schema(min_length = 1, max_length = 60, pattern = r"^[^\u0000]+$", example = "王*", extensions(("x-masked" = json!(true))))]
    pub name: String,
    #[schema(min_length = 5, max_length = 20, pattern = r"^[+0-9*]+$", example = "138****5678", extensions(("x-masked" = json!(true))))]
    pub phone: Option<String>,
}

/// A contact of a family.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactShown {
    pub user_id: Uid,
    pub since: Day,
}

/// Whom a family turns to: a family doctor's practice, a hospital's green channel.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderShown {
    #[schema(value_type = Label, example = "建设街道社区卫生服务中心")]
    pub provider: String,
    pub since: Day,
}

/// A family that is cared for. Why stands nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct CareFamily {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub area: AreaCode,
    pub state: CareFamilyState,
    pub began_on: Day,
    /// Since when it is entitled as a special family; null where it is not.
    pub special_since: Option<Day>,
    pub township_contact: Option<ContactShown>,
    pub village_contact: Option<ContactShown>,
    pub family_doctor: Option<ProviderShown>,
    pub green_channel: Option<ProviderShown>,
    /// By either contact.
    pub last_visited_on: Option<Day>,
    /// Those of its people who agree.
    #[schema(max_items = 50)]
    pub people: Vec<CarePerson>,
    pub ended_on: Option<Day>,
    pub ended_because: Option<CareEnd>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of families.
    CareFamilyPage of CareFamily
}

impl Tagged for CareFamily {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// A family with its people and its last visit.
pub struct Whole {
    pub family: Family,
    pub people: Vec<PersonRow>,
    pub visited: Option<Day>,
}

/// All that belongs to these families.
pub fn wholes(c: &mut DbConn, families: Vec<Family>) -> AppResult<Vec<Whole>> {
    let homes: Vec<Uid> = families.iter().map(|f| f.home.id).collect();
    let ids: Vec<Uid> = families.iter().map(|f| f.row.id).collect();
    let people = store::agreeing(c, &homes)?;
    let mut people = crate::db::groups(people, |p| p.household_id.unwrap_or(Uid::NIL));
    let visits: HashMap<Uid, Option<Day>> = store::last_visits(c, ids)?.into_iter().collect();
    let whole = |family: Family| Whole {
        people: people.remove(&family.home.id).unwrap_or_default(),
        visited: visits.get(&family.row.id).copied().flatten(),
        family,
    };
    Ok(families.into_iter().map(whole).collect())
}

pub fn show(vault: &Vault, whole: Whole) -> AppResult<CareFamily> {
    let (row, home) = (whole.family.row, whole.family.home);
    let key = vault.open_data_key(home.id.0, &home.data_key);
    let key = key.map_err(AppError::internal)?;
    let provider = |column, sealed: &Option<Vec<u8>>, since: Option<Day>| match (sealed, since) {
        (Some(sealed), Some(since)) => {
            let text = key.open(column, row.id.0, sealed);
            let provider = text.map_err(AppError::internal)?;
            AppResult::Ok(Some(ProviderShown { provider, since }))
        }
        _ => Ok(None),
    };
    let contact = |user: Option<Uid>, since: Option<Day>| {
        let (user_id, since) = user.zip(since)?;
        Some(ContactShown { user_id, since })
    };
    let person = |row: &PersonRow| {
        let clear = fields::open(vault, row)?.1.masked();
        AppResult::Ok(CarePerson {
            name: clear.name,
            phone: clear.phone,
        })
    };
    let people: AppResult<Vec<CarePerson>> = whole.people.iter().take(50).map(person).collect();
    Ok(CareFamily {
        area: AreaCode::stored(home.area_code)?,
        family_doctor: provider(DOCTOR, &row.doctor, row.doctor_since)?,
        green_channel: provider(CHANNEL, &row.channel, row.channel_since)?,
        township_contact: contact(row.township_contact, row.township_contact_since),
        village_contact: contact(row.village_contact, row.village_contact_since),
        state: row.state(),
        id: row.id,
        version: row.version,
        began_on: row.began_on,
        special_since: row.special_since,
        last_visited_on: whole.visited,
        people: people?,
        ended_on: row.ended_on,
        ended_because: row.ended_because,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
