//! How a service is shown: in full, or without what was written about the provider.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::*;
use crate::auth::Who;
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::precondition::Tagged;
use crate::http::text::Address;
use crate::page_of;
use crate::people::model::PersonRow;
use crate::residents::model::ResidentRow;
use crate::residents::view::View;

/// A service that a resident was offered. Of a health service it says no more than that it was one.
/// `x-masked` fields come masked when `view` is `masked`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Service {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub view: View,
    pub resident_id: Uid,
    pub kind: ServiceKind,
    pub state: ServiceState,
    pub offered_on: Day,
    /// To what sort of provider they were referred.
    pub provider: Option<ProviderKind>,
    /// Its name and how to reach it. Only in the full view.
    #[schema(value_type = Option<Address>, extensions(("x-masked" = json!(true))))]
    pub provider_contact: Option<String>,
    pub delivered_on: Option<Day>,
    /// When somebody means to come back, with the person's consent to `service_follow_up`.
    pub follow_up_on: Option<Day>,
    pub recorded_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of services.
    ServicePage of Service
}

impl Tagged for Service {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn view(&self) -> &str {
        match self.view {
            View::Full => "f",
            View::Masked => "m",
        }
    }
}

/// The name under which a provider's contact is sealed.
pub const CONTACT: &str = "services.provider_contact";

/// Opens and shows a service as this caller may see it.
pub fn show(
    vault: &Vault,
    who: &Who,
    row: ServiceRow,
    resident: &ResidentRow,
    person: &PersonRow,
) -> AppResult<Service> {
    let full = who.owns(resident);
    let contact = match &row.provider_contact {
        // What was sealed for somebody who was merged is shown again once that is undone.
        Some(sealed) if full && row.sealed_as.is_none() => {
            let key = vault
                .open_data_key(person.id.0, &person.data_key)
                .map_err(AppError::internal)?;
            let text = key.open(CONTACT, row.id.0, sealed);
            Some(text.map_err(AppError::internal)?)
        }
        _ => None,
    };
    Ok(Service {
        id: row.id,
        version: row.version,
        view: if full { View::Full } else { View::Masked },
        resident_id: row.resident_id,
        kind: row.kind,
        state: row.state,
        offered_on: row.offered_on,
        provider: row.provider,
        provider_contact: contact,
        delivered_on: row.delivered_on,
        follow_up_on: row.follow_up_on,
        recorded_by: row.recorded_by,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
