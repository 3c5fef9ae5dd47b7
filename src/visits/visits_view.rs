//! How a visit is shown: whole when read by itself, without its texts in lists.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::follow_ups_api::{self, FollowUp};
use super::model::*;
use super::rules::{self, Part, VisitState, VisitStep};
use super::texts::{self, Sealer};
use super::visits_api::Position;
use super::{follow_ups_store, visits_store as store};
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Micros, Uid, groups};
use crate::error::AppResult;
use crate::http::precondition::Tagged;
use crate::http::text::{AreaCode, Note};
use crate::page_of;
use crate::residents::model::Need;

/// An opinion or suggestion that was voiced.
#[derive(Debug, Serialize, ToSchema)]
pub struct Opinion {
    pub topic: OpinionTopic,
    /// Null once the household was erased.
    #[schema(value_type = Option<Note>)]
    pub text: Option<String>,
    /// Whether an answer was promised.
    #[schema(example = true)]
    pub answer_owed: bool,
}

/// A visit (走访) to one member home or one household.
#[derive(Debug, Serialize, ToSchema)]
pub struct Visit {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub state: VisitState,
    /// What the caller may do with it now.
    #[schema(max_items = 4)]
    pub allowed_actions: Vec<VisitStep>,
    /// The area of the home or household.
    pub area: AreaCode,
    /// One of `member_home_id` and `household_id` is set.
    pub member_home_id: Option<Uid>,
    pub household_id: Option<Uid>,
    /// The author.
    pub visited_by: Uid,
    pub purpose: VisitPurpose,
    pub started_at: Micros,
    pub ended_at: Option<Micros>,
    /// The day in China on which it started.
    pub visit_day: Day,
    /// Users who came along.
    #[schema(max_items = 10)]
    pub companions: Vec<Uid>,
    /// Rounded to about 100 m.
    pub position: Option<Position>,
    /// Services that were offered.
    #[schema(max_items = 20)]
    pub offered: Vec<Need>,
    #[schema(max_items = 20)]
    pub needs_voiced: Vec<VoicedNeed>,
    #[schema(value_type = Option<Note>)]
    pub needs_note: Option<String>,
    #[schema(max_items = 10)]
    pub opinions: Vec<Opinion>,
    #[schema(max_items = 20)]
    pub photos: Vec<PhotoSlot>,
    #[schema(max_items = 200)]
    pub follow_ups: Vec<FollowUp>,
    /// Why it was last returned.
    pub return_reason: Option<ReturnReason>,
    #[schema(value_type = Option<Note>)]
    pub return_note: Option<String>,
    pub submitted_at: Option<Micros>,
    /// The coordinator who last confirmed or returned it.
    pub reviewed_by: Option<Uid>,
    pub reviewed_at: Option<Micros>,
    /// Only in the answer to a create or change.
    #[schema(max_items = 10)]
    pub warnings: Vec<VisitWarning>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Tagged for Visit {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// What the caller may do differs from one to another, and follow-ups go on without a new version of
    /// the visit: some go altogether, the versions of the others only grow, and between two of those only more become
    /// overdue.
    fn etag(&self) -> String {
        let view = match self.allowed_actions.is_empty() {
            true => "r",
            false => "f",
        };
        let steps: i64 = self.follow_ups.iter().map(|f| f.version).sum();
        let overdue = self.follow_ups.iter().filter(|f| f.overdue).count();
        let all = self.follow_ups.len();
        format!("\"{}-{view}-{all}-{steps}-{overdue}\"", self.version)
    }
}

/// A visit in a list: without the texts, which are read one by one.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitSummary {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub state: VisitState,
    pub area: AreaCode,
    /// One of `member_home_id` and `household_id` is set.
    pub member_home_id: Option<Uid>,
    pub household_id: Option<Uid>,
    /// The author.
    pub visited_by: Uid,
    pub purpose: VisitPurpose,
    pub started_at: Micros,
    /// The day in China on which it started.
    pub visit_day: Day,
    pub submitted_at: Option<Micros>,
    pub updated_at: Micros,
}

page_of! {
    /// A page of visits.
    VisitPage of VisitSummary
}

/// What hangs on some visits, as read in one snapshot.
pub struct Hung {
    opinions: HashMap<Uid, Vec<OpinionRow>>,
    follow_ups: HashMap<Uid, Vec<FollowUpRow>>,
    keys: Vec<(Uid, Vec<u8>)>,
}

/// Everything needed to show visits the caller may see.
pub fn load(c: &mut DbConn, visits: &[VisitRow]) -> AppResult<Hung> {
    let ids: Vec<Uid> = visits.iter().map(|v| v.id).collect();
    let households = visits.iter().filter_map(|v| v.household_id);
    Ok(Hung {
        opinions: groups(store::opinions_of(c, &ids)?, |o| o.visit_id),
        follow_ups: groups(follow_ups_store::of_visits(c, &ids)?, |f| f.visit_id),
        keys: texts::keys(c, households)?,
    })
}

/// More follow-ups than this are not shown with a visit.
const MOST: usize = 200;

fn area(code: String) -> AppResult<AreaCode> {
    AreaCode::stored(code)
}

pub fn summary(v: VisitRow) -> AppResult<VisitSummary> {
    Ok(VisitSummary {
        id: v.id,
        version: v.version,
        state: v.state,
        area: area(v.area_code)?,
        member_home_id: v.member_home_id,
        household_id: v.household_id,
        visited_by: v.registered_by,
        purpose: v.purpose,
        started_at: v.started_at,
        visit_day: v.visit_day,
        submitted_at: v.submitted_at,
        updated_at: v.updated_at,
    })
}

/// The steps that the table and the caller's role leave open.
fn allowed(who: &Who, v: &VisitRow) -> Vec<VisitStep> {
    let part = v.part_of(who.user);
    rules::allowed(v.state)
        .into_iter()
        .filter(|step| match rules::party(*step) {
            rules::Party::Author => part == Part::Author && who.can(Action::VisitWrite, v),
            rules::Party::Reviewer => part == Part::None && who.can(Action::VisitReview, v),
        })
        .collect()
}

/// Opens and shows a visit.
pub fn show(vault: &Vault, who: &Who, hung: &mut Hung, v: VisitRow) -> AppResult<Visit> {
    let sealer = Sealer::among(vault, v.household_id, &hung.keys)?;
    let opinions = hung.opinions.remove(&v.id).unwrap_or_default();
    let opinions = opinions
        .into_iter()
        .map(|o| {
            Ok(Opinion {
                topic: o.topic,
                text: sealer.open(texts::OPINION, o.id, &o.opinion)?,
                answer_owed: o.answer_owed,
            })
        })
        .collect::<AppResult<Vec<_>>>()?;
    let follow_ups = hung.follow_ups.remove(&v.id).unwrap_or_default();
    let follow_ups = follow_ups
        .into_iter()
        .take(MOST)
        .map(|f| follow_ups_api::show(&sealer, who, f))
        .collect::<AppResult<Vec<_>>>()?;
    Ok(Visit {
        id: v.id,
        version: v.version,
        state: v.state,
        allowed_actions: allowed(who, &v),
        member_home_id: v.member_home_id,
        household_id: v.household_id,
        visited_by: v.registered_by,
        purpose: v.purpose,
        started_at: v.started_at,
        ended_at: v.ended_at,
        visit_day: v.visit_day,
        position: v
            .lat_milli
            .zip(v.lng_milli)
            .map(|(lat, lng)| Position::coarse(lat, lng)),
        needs_note: sealer.open_some(texts::NEEDS, v.id, v.needs_note.as_deref())?,
        return_note: sealer.open_some(texts::RETURN, v.id, v.return_note.as_deref())?,
        area: area(v.area_code)?,
        companions: v.companions.0,
        offered: v.offered.0,
        needs_voiced: v.needs_voiced.0,
        opinions,
        photos: v.photos.0,
        follow_ups,
        return_reason: v.return_reason,
        submitted_at: v.submitted_at,
        reviewed_by: v.reviewed_by,
        reviewed_at: v.reviewed_at,
        warnings: Vec::new(),
        created_at: v.created_at,
        updated_at: v.updated_at,
    })
}
