//! Rows and levels of areas.

use diesel::prelude::*;

use crate::auth::Place;
use crate::db::schema::areas;
use crate::db::{Day, Uid};
use crate::text_enum;

text_enum! {
    /// The level of an area: province, city, county, town (or street), village (or community).
    AreaLevel { Province = "province", City = "city", County = "county", Town = "town", Village = "village" }
}

text_enum! {
    /// What became of an area between two editions.
    ChangeKind { Rename = "rename", Recode = "recode", Merge = "merge", Split = "split", Transfer = "transfer", Abolish = "abolish" }
}
text_enum! {
    /// Whether a change holds, or a person has yet to decide.
    ChangeState { Applied = "applied", WaitsForPerson = "waits_for_person" }
}

impl ChangeKind {
    /// The id of this change of an area in an edition: one of a kind, however often it is imported.
    pub fn of(self, area: Uid, edition: i64) -> Uid {
        Uid(uuid::Uuid::new_v5(
            &area.0,
            format!("qianshou:area-change:{edition}:{self}").as_bytes(),
        ))
    }
}

impl AreaLevel {
    /// Levels at which the files of a city are complete.
    pub fn below_city(self) -> bool {
        matches!(
            self,
            AreaLevel::County | AreaLevel::Town | AreaLevel::Village
        )
    }

    /// Codes have 2, 4, 6, 9 or 12 digits.
    pub fn of_code(code: &str) -> Option<AreaLevel> {
        match code.len() {
            2 => Some(AreaLevel::Province),
            4 => Some(AreaLevel::City),
            6 => Some(AreaLevel::County),
            9 => Some(AreaLevel::Town),
            12 => Some(AreaLevel::Village),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = areas, treat_none_as_default_value = false)]
pub struct AreaRow {
    pub id: Uid,
    pub level: AreaLevel,
    pub code: String,
    pub name: String,
    pub parent_id: Option<Uid>,
    pub province: Uid,
    pub city: Option<Uid>,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub official: bool,
    pub abolished_on: Option<Day>,
}

impl AreaRow {
    pub fn place(&self) -> Place {
        Place {
            county: self.county,
            town: self.town,
            village: self.village,
        }
    }

    /// The area itself and every area it lies in, by their ids.
    pub fn chain(&self) -> impl Iterator<Item = Uid> {
        let around = [
            Some(self.province),
            self.city,
            self.county,
            self.town,
            self.village,
        ];
        std::iter::once(self.id).chain(around.into_iter().flatten())
    }
}

/// The id of an area that first appeared under `code` in `edition`.
pub fn area_id(edition: i64, code: &str) -> Uid {
    Uid(uuid::Uuid::new_v5(
        &uuid::Uuid::NAMESPACE_URL,
        format!("qianshou:area:{edition}:{code}").as_bytes(),
    ))
}
