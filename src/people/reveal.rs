//! Showing what is masked: to a named role, for a reason, audited.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::fields;
use super::model::{DocumentType, PersonRow};
use crate::crypto::Vault;
use crate::db::Uid;
use crate::error::{AppError, AppResult};
use crate::http::text::{Address, PersonName};
use crate::text_enum;

text_enum! {
    /// Why somebody needs to see what is masked.
    RevealReason {
        HomeVisit = "home_visit",
        ServiceDelivery = "service_delivery",
        ClaimHelp = "claim_help",
        Correction = "correction",
        AtPersonsRequest = "at_persons_request",
        AssociationWork = "association_work",
    }
}

/// Why the masked fields are needed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    pub reason: RevealReason,
}

/// The identity fields in clear. Show them, do not keep them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Revealed {
    pub id: Uid,
    pub name: PersonName,
    /// E.164.
    #[schema(
        min_length = 5,
        max_length = 20,
        pattern = r"^\+[0-9]+$",
        example = "+8613812345678"
    )]
    pub phone: Option<String>,
    #[schema(value_type = Option<Address>)]
    pub address: Option<String>,
    pub document: Option<RevealedDocument>,
}

/// A document with its number in clear.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevealedDocument {
    pub kind: DocumentType,
    /// The number.
    #[schema(
        min_length = 5,
        max_length = 25,
        pattern = r"^[A-Z0-9]+$",
        example = "330499198506150126"
    )]
    pub number: String,
}

impl Revealed {
    /// Opens a person's fields; the caller's audit entry is durable by now.
    pub fn of(vault: &Vault, id: Uid, person: &PersonRow) -> AppResult<Revealed> {
        let (_, clear) = fields::open(vault, person)?;
        Ok(Revealed {
            id,
            name: PersonName::parse(clear.name)
                .map_err(|_| AppError::internal("a stored name is not one"))?,
            phone: clear.phone,
            address: clear.address,
            document: clear
                .document
                .map(|(kind, number)| RevealedDocument { kind, number }),
        })
    }
}
