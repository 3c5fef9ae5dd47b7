//! What is held of somebody as a member, holder of posts and nominee, as they themselves see it.

use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

use super::members::model::LeaveReason;
use super::members::view::CardNumber;
use super::posts::model::{PostEnd, PostKind, PublicPosition};
use super::selections::model::{NominationState, SelectionCategory};
use super::subsidies::model::PaidFrom;
use super::{members, posts, selections, store, subsidies};
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
    /// What is or was paid after it.
    #[schema(max_items = 100)]
    pub subsidies: Vec<HeldSubsidy>,
}

/// What is paid a month after a post.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldSubsidy {
    pub monthly: Money,
    pub paid_from: PaidFrom,
    pub from_on: Day,
    pub until_on: Option<Day>,
}

/// A selection of the best in which somebody is or was nominated.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldNomination {
    /// The association that selects.
    #[schema(value_type = Label, example = "嘉兴市计划生育协会")]
    pub association: String,
    #[schema(minimum = 1990, maximum = 2999, example = 2025)]
    pub year: i64,
    pub category: SelectionCategory,
    pub state: NominationState,
    /// When they agreed to be published.
    pub agreed_on: Option<Day>,
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
    let paid = subsidies::store::of_posts(c, rows.iter().map(|row| row.id).collect())?;
    let paid_after = |post: Uid| {
        let after = paid.iter().filter(|one| one.post_id == post).take(100);
        let shown = after.map(|one| HeldSubsidy {
            monthly: Money(one.monthly),
            paid_from: one.paid_from,
            from_on: one.from_on,
            until_on: one.until_on,
        });
        shown.collect()
    };
    let show = |row: posts::model::PostRow| HeldPost {
        subsidies: paid_after(row.id),
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

/// The newest nominations of somebody.
pub fn nominations(c: &mut DbConn, person: Uid, most: i64) -> AppResult<Vec<HeldNomination>> {
    let rows = selections::store::of_person(c, person, most)?;
    let titles = titles(c, rows.iter().map(|row| row.1.association_id).collect())?;
    let selecting = |id: &Uid| titles.get(id).cloned().unwrap_or_default();
    let show = |(row, selection): (
        selections::model::NominationRow,
        selections::model::SelectionRow,
    )| HeldNomination {
        association: selecting(&selection.association_id),
        year: selection.year,
        category: selection.category,
        state: row.state,
        agreed_on: row.agreed_on,
    };
    Ok(rows.into_iter().map(show).collect())
}
