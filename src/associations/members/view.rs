//! How a member and a card are shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::*;
use super::store::Found;
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::AppResult;
use crate::http::precondition::Tagged;
use crate::page_of;
use crate::people::fields;
use crate::text_type;

text_type! {
    /// The number of a member card.
    CardNumber 14..=14 WORD check_word "HY7KQM3TXP9AWE";
}

/// A member of an association. `x-masked` fields come masked; they are seen by `reveal_member` alone.
#[derive(Debug, Serialize, ToSchema)]
pub struct Member {
    pub id: Uid,
    /// Grows with every change, of the card too.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub association_id: Uid,
    pub person_id: Uid,
    #[schema(min_length = 1, max_length = 60, pattern = r"^[^\u0000]+$", example = "王*", extensions(("x-masked" = json!(true))))]
    pub name: String,
    #[schema(min_length = 5, max_length = 20, pattern = r"^[+0-9*]+$", example = "138****5678", extensions(("x-masked" = json!(true))))]
    pub phone: Option<String>,
    pub state: MemberState,
    pub joined_on: Day,
    /// The day on which it was decided that they are of the backbone; null for whoever is not.
    pub backbone_since: Option<Day>,
    pub left_on: Option<Day>,
    pub left_because: Option<LeaveReason>,
    /// The card that is good.
    #[schema(value_type = Option<CardNumber>)]
    pub card_number: Option<String>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of members.
    MemberPage of Member
}

impl Tagged for Member {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

pub fn show(vault: &Vault, (row, person, card): Found) -> AppResult<Member> {
    let clear = fields::open(vault, &person)?.1.masked();
    Ok(Member {
        state: row.state(),
        id: row.id,
        version: row.version,
        association_id: row.association_id,
        person_id: row.person_id,
        name: clear.name,
        phone: clear.phone,
        joined_on: row.joined_on,
        backbone_since: row.backbone_since,
        left_on: row.left_on,
        left_because: row.left_because,
        card_number: card.map(|card| card.number),
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// A member card.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberCard {
    pub id: Uid,
    #[schema(value_type = CardNumber)]
    pub number: String,
    pub issued_on: Day,
    /// Null while it is good.
    pub voided_on: Option<Day>,
    pub voided_because: Option<CardVoid>,
}

impl From<CardRow> for MemberCard {
    fn from(r: CardRow) -> MemberCard {
        MemberCard {
            id: r.id,
            number: r.number,
            issued_on: r.issued_on,
            voided_on: r.voided_on,
            voided_because: r.voided_because,
        }
    }
}

impl Tagged for MemberCard {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        if self.voided_on.is_some() { 2 } else { 1 }
    }
}
