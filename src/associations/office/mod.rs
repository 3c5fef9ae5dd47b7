//! An association's office and staff by days: what stands in the association itself is the newest of these records.
//!
//! A record is whole: what was not told on its day stands in it as it was known before.

pub mod api;
pub mod store;

use utoipa_actix_web::service_config::ServiceConfig;

use super::model::AssociationRow;
use super::view::{AssociationOffice, Staffing};
use crate::auth::Who;
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use store::OfficeRow;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_office_record)
        .service(api::list_office_records);
}

/// A record of a day, as nothing is known yet.
fn empty(who: &Who, association: Uid, as_of: Day) -> OfficeRow {
    OfficeRow {
        id: Uid::new(who.at),
        association_id: association,
        as_of,
        office_rank: None,
        office_premises: None,
        office_equipped: None,
        office_own_line: None,
        staff_establishment: None,
        staff_full_time: None,
        staff_by_reference: None,
        staff_fit: None,
        staff_wages_budgeted: None,
        registered_by: who.user,
        created_at: who.at,
    }
}

impl OfficeRow {
    fn with(self, office: Option<&AssociationOffice>, staffing: Option<&Staffing>) -> OfficeRow {
        let row = match office {
            None => self,
            Some(office) => OfficeRow {
                office_rank: Some(office.rank),
                office_premises: Some(office.premises),
                office_equipped: Some(office.equipped),
                office_own_line: Some(office.own_line),
                ..self
            },
        };
        match staffing {
            None => row,
            Some(staffing) => OfficeRow {
                staff_establishment: Some(staffing.establishment.0),
                staff_full_time: Some(staffing.full_time.0),
                staff_by_reference: Some(staffing.managed_by_reference),
                staff_fit: Some(staffing.fit),
                staff_wages_budgeted: Some(staffing.wages_budgeted),
                ..row
            },
        }
    }
}

/// What stands in an association after a change is what is known of today.
pub fn keep(c: &mut DbConn, who: &Who, row: &AssociationRow) -> AppResult<()> {
    let today = Day(who.at.china_day());
    let record = OfficeRow {
        office_rank: row.office_rank,
        office_premises: row.office_premises,
        office_equipped: row.office_equipped,
        office_own_line: row.office_own_line,
        staff_establishment: row.staff_establishment,
        staff_full_time: row.staff_full_time,
        staff_by_reference: row.staff_by_reference,
        staff_fit: row.staff_fit,
        staff_wages_budgeted: row.staff_wages_budgeted,
        ..empty(who, row.id, today)
    };
    store::put(c, &record)
}
