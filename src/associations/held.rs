//! What is held of somebody as a member and holder of posts, as they themselves see it.

use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

use super::members::model::LeaveReason;
use super::members::view::CardNumber;
use super::posts::model::{PostEnd, PostKind, PublicPosition};
use super::{members, posts, store};
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use crate::http::text::{Label, Money};

/// An association that somebody is or was a member of.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldMembership {
    #[schema(value_type = Label, example = "建设街道计划生育协会")]
    pub association: String,
    pub joined_on: Day,
    /// The day on which it was decided that they are of the backbone.
    pub backbone_since: Option<Day>,
    pub left_on: Option<Day>,
    pub left_because: Option<LeaveReason>,
    /// The card that is good.
    #[schema(value_type = Option<CardNumber>)]
    pub card_number: Option<String>,
}

/// A post that somebody has or had.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldPost {
    #[schema(value_type = Label, example = "建设街道计划生育协会")]
    pub association: String,
    pub post: PostKind,
    pub holds_position: PublicPosition,
    #[schema(example = false)]
    pub five_elders: bool,
    #[schema(example = false)]
    pub retired: bool,
    /// A month.
    pub allowance: Option<Money>,
    pub begins_on: Day,
    pub ends_on: Day,
    pub ended_on: Option<Day>,
    pub ended_because: Option<PostEnd>,
}

fn titles(c: &mut DbConn, ids: Vec<Uid>) -> AppResult<HashMap<Uid, String>> {
    let rows = store::these(c, ids)?;
    Ok(rows.into_iter().map(|row| (row.id, row.title)).collect())
}

/// The newest memberships of somebody.
pub fn memberships(c: &mut DbConn, person: Uid, most: i64) -> AppResult<Vec<HeldMembership>> {
    let rows = members::store::of_person(c, person, most)?;
    let titles = titles(c, rows.iter().map(|row| row.association_id).collect())?;
    let cards = members::store::cards_of(c, rows.iter().map(|row| row.id).collect())?;
    let show = |row: members::model::MembershipRow| {
        let card = cards.iter().find(|card| card.membership_id == row.id);
        HeldMembership {
            association: titles.get(&row.association_id).cloned().unwrap_or_default(),
            joined_on: row.joined_on,
            backbone_since: row.backbone_since,
            left_on: row.left_on,
            left_because: row.left_because,
            card_number: card.map(|card| card.number.clone()),
        }
    };
    Ok(rows.into_iter().map(show).collect())
}

/// The newest posts of somebody.
pub fn posts(c: &mut DbConn, person: Uid, most: i64) -> AppResult<Vec<HeldPost>> {
    let rows = posts::store::of_person(c, person, most)?;
    let titles = titles(c, rows.iter().map(|row| row.association_id).collect())?;
    let show = |row: posts::model::PostRow| HeldPost {
        association: titles.get(&row.association_id).cloned().unwrap_or_default(),
        post: row.post,
        holds_position: row.holds_position,
        five_elders: row.five_elders,
        retired: row.retired,
        allowance: row.allowance.map(Money),
        begins_on: row.begins_on,
        ends_on: row.ends_on,
        ended_on: row.ended_on,
        ended_because: row.ended_because,
    };
    Ok(rows.into_iter().map(show).collect())
}
