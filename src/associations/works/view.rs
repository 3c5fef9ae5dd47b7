//! How what an association did is shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::*;
use crate::db::{Day, Micros, Uid};
use crate::http::precondition::Tagged;
use crate::http::text::{Label, WebLink};
use crate::page_of;

/// What an association did on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssociationWork {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub association_id: Uid,
    pub kind: WorkKind,
    #[schema(value_type = Label, example = "基层会员骨干培训")]
    pub title: String,
    pub held_on: Day,
    pub state: WorkState,
    #[schema(minimum = 1, maximum = 1_000_000, example = 60)]
    pub participants: Option<i64>,
    #[schema(minimum = 1, maximum = 1000, example = 8)]
    pub hours: Option<i64>,
    #[schema(minimum = 0, maximum = 10000, example = 6)]
    pub groups_commended: Option<i64>,
    #[schema(minimum = 0, maximum = 10000, example = 20)]
    pub people_commended: Option<i64>,
    pub channel: Option<PublicityChannel>,
    #[schema(value_type = Option<Label>, example = "南湖电视台")]
    pub outlet: Option<String>,
    #[schema(value_type = Option<WebLink>)]
    pub link: Option<String>,
    pub cancelled_because: Option<WorkCancelReason>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of what associations did.
    AssociationWorkPage of AssociationWork
}

impl Tagged for AssociationWork {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl From<WorkRow> for AssociationWork {
    fn from(r: WorkRow) -> AssociationWork {
        AssociationWork {
            state: r.state(),
            id: r.id,
            version: r.version,
            association_id: r.association_id,
            kind: r.kind,
            title: r.title,
            held_on: r.held_on,
            participants: r.participants,
            hours: r.hours,
            groups_commended: r.groups_commended,
            people_commended: r.people_commended,
            channel: r.channel,
            outlet: r.outlet,
            link: r.link,
            cancelled_because: r.cancelled_because,
            created_at: r.created_at,
            updated_at: r.updated_at,
        }
    }
}
