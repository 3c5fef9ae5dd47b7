//! Rows and words of associations.

use diesel::prelude::*;

use crate::auth::{Place, Placed};
use crate::db::schema::associations;
use crate::db::{Day, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// The kind of an association: of a city, a county, a township or a village; of a non-public enterprise, of a
    /// market, or of migrants where they live.
    AssociationKind {
        Municipal = "municipal",
        County = "county",
        Township = "township",
        Village = "village",
        Enterprise = "enterprise",
        Market = "market",
        FloatingPopulation = "floating_population",
    }
}
text_enum! {
    /// Whether an association is.
    AssociationState { Living = "living", Dissolved = "dissolved" }
}
text_enum! {
    /// Why an association is no more.
    DissolutionReason {
        Merged = "merged",
        AreaAbolished = "area_abolished",
        EnterpriseClosed = "enterprise_closed",
        MarketClosed = "market_closed",
        Other = "other",
    }
}
text_enum! {
    /// The administrative rank of an office: division (处), section (科), subsection (股), and their deputies.
    OfficeRank {
        Division = "division",
        DeputyDivision = "deputy_division",
        Section = "section",
        DeputySection = "deputy_section",
        Subsection = "subsection",
        None = "none",
    }
}
text_enum! {
    /// Whose rooms an office is in: its own, another office's, or none.
    Premises { Own = "own", Shared = "shared", None = "none" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = associations, treat_none_as_default_value = false)]
pub struct AssociationRow {
    pub id: Uid,
    pub version: i64,
    pub kind: AssociationKind,
    pub title: String,
    pub parent_id: Option<Uid>,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    /// Its own, or that of its seat.
    pub area_id: Uid,
    pub area_code: String,
    pub founded_on: Day,
    pub dissolved_on: Option<Day>,
    pub dissolved_because: Option<DissolutionReason>,
    pub office_rank: Option<OfficeRank>,
    pub office_premises: Option<Premises>,
    pub office_equipped: Option<bool>,
    pub office_own_line: Option<bool>,
    pub staff_establishment: Option<i64>,
    pub staff_full_time: Option<i64>,
    pub staff_by_reference: Option<bool>,
    pub staff_fit: Option<bool>,
    pub staff_wages_budgeted: Option<bool>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl AssociationRow {
    pub fn state(&self) -> AssociationState {
        match self.dissolved_on {
            None => AssociationState::Living,
            Some(_) => AssociationState::Dissolved,
        }
    }
}

impl Placed for AssociationRow {
    fn place(&self) -> Place {
        Place {
            county: self.county,
            town: self.town,
            village: self.village,
        }
    }
    /// A municipal one is of an area wider than a county.
    fn area(&self) -> Option<Uid> {
        Some(self.area_id)
    }
    fn shared(&self) -> bool {
        true
    }
}
