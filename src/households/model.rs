//! Rows of households.

use diesel::prelude::*;

use crate::auth::{Place, Placed};
use crate::db::schema::households;
use crate::db::{Micros, Uid};
use crate::text_enum;

text_enum! {
    /// Whether the family's household registration is here, or it came from elsewhere.
    HouseholdKind { Local = "local", Migrant = "migrant" }
}
text_enum! {
    /// Whether a household's data may be used.
    HouseholdState { Active = "active", Erased = "erased" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = households, treat_none_as_default_value = false)]
pub struct HouseholdRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub kind: HouseholdKind,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub area_code: String,
    pub data_key: Vec<u8>,
    pub address: Option<Vec<u8>>,
    pub contact_person_id: Option<Uid>,
    pub state: HouseholdState,
    pub registered_by: Uid,
    pub assignee: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Placed for HouseholdRow {
    fn place(&self) -> Place {
        Place {
            county: Some(self.county),
            town: self.town,
            village: self.village,
        }
    }
    fn owners(&self) -> [Option<Uid>; 2] {
        [Some(self.registered_by), self.assignee]
    }
}
