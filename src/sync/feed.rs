//! Feed rows: one per record and audience, always the newest.
//!
//! The audience of a record's area is NIL (people come masked there); whoever made the record or is
//! assigned to it has a row of their own, in full, under their user id. What REST shows, the feed
//! holds: a row of somebody who cannot see the record any more says `left`, and so does one that
//! stands under the id of an area the record was in.

use diesel::prelude::*;

use super::feed_rows::{Row, flush_of, put};
use crate::areas::model::AreaLevel;
use crate::areas::placed_store::Way;
use crate::auth::policy::Role;
use crate::auth::{self, Place, Who};
use crate::db::schema::changes;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::text_enum;

text_enum! {
    /// The kinds of records that phones hold.
    Kind {
        Resident = "resident",
        Household = "household",
        HouseholdPerson = "household_person",
        Consent = "consent",
        Residence = "residence",
        MemberHome = "member_home",
        Visit = "visit",
        FollowUp = "follow_up",
        Policy = "policy",
        Claim = "claim",
        Campaign = "campaign",
        Festival = "festival",
        Product = "insurance_product",
        Notification = "notification",
        Service = "service",
        Activity = "activity",
        CampaignAlarm = "campaign_alarm",
        LiaisonNotice = "liaison_notice",
        Concern = "concern",
    }
}

/// A record's newest state, for everybody who may hold it.
pub struct Change {
    pub kind: Kind,
    pub record: Uid,
    pub version: i64,
    pub place: Place,
    /// Who made it and who is assigned to it: each sees it in full while they work at its place.
    readers: Vec<Uid>,
    /// The caller, known to work there.
    by: Option<Uid>,
    /// Areas see people masked.
    pub(super) masked: bool,
    deleted: bool,
    /// Nobody holds it yet.
    fresh: bool,
    pub at: Micros,
}

impl Change {
    pub fn upsert(kind: Kind, record: Uid, version: i64, place: Place, at: Micros) -> Change {
        Change {
            kind,
            record,
            version,
            place,
            readers: Vec::new(),
            by: None,
            masked: false,
            deleted: false,
            fresh: version == 1,
            at,
        }
    }
    /// Whom REST shows the record because they made it or are assigned to it.
    pub fn seen_by(mut self, owners: [Option<Uid>; 2]) -> Self {
        self.readers = owners.into_iter().flatten().collect();
        self.readers.dedup();
        self
    }
    /// Saves the question whether the caller works there: they were allowed to do this.
    pub fn by(mut self, caller: Uid) -> Self {
        self.by = Some(caller);
        self
    }
    /// The same where the caller may do it from elsewhere, as far as their rights tell.
    pub fn by_worker(self, who: &Who) -> Self {
        let there = who
            .grants()
            .any(|g| WORKERS.contains(&g.role) && g.covers(&self.place));
        if there { self.by(who.user) } else { self }
    }
    pub fn about_people(mut self) -> Self {
        self.masked = true;
        self
    }
    pub fn deleted(mut self) -> Self {
        self.deleted = true;
        self
    }
    /// The record is what it was; who sees it is not.
    pub fn shown_anew(mut self) -> Self {
        self.fresh = false;
        self
    }
}

/// Everybody who sees the record because of its area.
const AREA: Uid = Uid::NIL;

/// Who sees what they made or are assigned to.
const WORKERS: &[Role] = &[Role::FieldMember, Role::Coordinator];

/// What phones hold of a record so far.
#[derive(Queryable)]
struct Held {
    audience: Uid,
    op: String,
    county: Option<Uid>,
    town: Option<Uid>,
    village: Option<Uid>,
    assignee: Option<Uid>,
}

/// The columns of [`Held`].
const HELD: (
    changes::audience,
    changes::op,
    changes::county,
    changes::town,
    changes::village,
    changes::assignee,
) = (
    changes::audience,
    changes::op,
    changes::county,
    changes::town,
    changes::village,
    changes::assignee,
);

impl Held {
    fn place(&self) -> Place {
        Place {
            county: self.county,
            town: self.town,
            village: self.village,
        }
    }
}

fn held(c: &mut DbConn, change: &Change) -> AppResult<Vec<Held>> {
    if change.fresh {
        return Ok(Vec::new());
    }
    flush_of(c, &[change.record])?;
    Ok(changes::table
        .filter(changes::record_id.eq(change.record))
        .filter(changes::kind.eq(change.kind.as_str()))
        .select(HELD)
        .load(c)?)
}

/// Those of these records that the feed has never told of: what an installation begins with is in no write.
pub fn untold(c: &mut DbConn, kind: Kind, ids: &[Uid]) -> AppResult<Vec<Uid>> {
    flush_of(c, ids)?;
    let told: Vec<Uid> = changes::table
        .filter(changes::kind.eq(kind.as_str()))
        .filter(changes::record_id.eq_any(ids.to_vec()))
        .select(changes::record_id)
        .load(c)?;
    Ok(ids
        .iter()
        .copied()
        .filter(|id| !told.contains(id))
        .collect())
}

/// Those of the readers who work at the record's place, and so see it.
fn present(c: &mut DbConn, change: &Change) -> AppResult<Vec<Uid>> {
    let mut there = Vec::new();
    for user in &change.readers {
        // What is in no area (a draft, an inbox) is its reader's wherever they work.
        let known = change.place == Place::default() || change.by == Some(*user);
        if known || auth::store::holds(c, *user, WORKERS, &change.place, change.at)? {
            there.push(*user);
        }
    }
    Ok(there)
}

/// The record is no more, for whoever holds it; where it was is told by the feed itself.
pub fn ended(c: &mut DbConn, kind: Kind, record: Uid, at: Micros) -> AppResult<()> {
    flush_of(c, &[record])?;
    let held: Vec<(Held, i64, String)> = changes::table
        .filter(changes::record_id.eq(record))
        .filter(changes::kind.eq(kind.as_str()))
        .filter(changes::op.eq("upsert"))
        .select((HELD, changes::version, changes::view))
        .load(c)?;
    let gone = held.into_iter().map(|(held, version, view)| {
        let place = held.place();
        let change = Change::upsert(kind, record, version + 1, place, at);
        let row = Row::of(&change, "delete", held.audience);
        match held.assignee {
            Some(_) => row.of_person(),
            None => row.in_area(place).viewed(&view),
        }
    });
    let gone = gone.collect();
    put(c, gone)
}

/// The levels of `was` that a record is in no longer; none when it is where it was.
fn levels_left(was: Place, now: Place) -> Option<Place> {
    let left = Place {
        county: was.county.filter(|id| now.county != Some(*id)),
        town: was.town.filter(|id| now.town != Some(*id)),
        village: was.village.filter(|id| now.village != Some(*id)),
    };
    (left != Place::default()).then_some(left)
}

/// Leaves a record's newest state in the feed: a row for its area, one for each person who looks after
/// it, and for whoever held it and does so no longer, area or person, a row that it left them.
pub fn record_change(c: &mut DbConn, change: Change) -> AppResult<()> {
    let readers = present(c, &change)?;
    let op = if change.deleted { "delete" } else { "upsert" };
    let held = held(c, &change)?;
    let mut rows = Vec::with_capacity(2);
    // Whoever looks after it and does not work there now may come back, and then no change would tell them.
    for user in change.readers.iter().filter(|user| !readers.contains(user)) {
        if !change.deleted && !held.iter().any(|row| row.audience == *user) {
            rows.push(Row::of(&change, "left", *user).of_person());
        }
    }
    for row in held {
        let gone = row.op == "upsert" && row.audience != AREA && !readers.contains(&row.audience);
        if gone && row.assignee.is_some() {
            let op = if change.deleted { "delete" } else { "left" };
            rows.push(Row::of(&change, op, row.audience).of_person());
        }
        let was = row.place();
        // One that was gone there and is back elsewhere, too: not everybody has heard yet.
        if row.audience == AREA
            && let Some(left) = levels_left(was, change.place)
        {
            // Named by the narrowest area it left.
            let audience = left.village.or(left.town).or(left.county).unwrap_or(AREA);
            rows.push(Row::of(&change, "left", audience).in_area(left));
        }
    }
    // What is in no area and has readers is theirs alone; without readers it is everybody's.
    if change.place != Place::default() || change.readers.is_empty() {
        rows.push(Row::of(&change, op, AREA).in_area(change.place));
    }
    for user in readers {
        rows.push(Row::of(&change, op, user).of_person());
    }
    put(c, rows)
}

/// What stood in an area that is elsewhere now, or another since: the rows of those who work there follow, at most
/// `limit` of them, or those of some records; how many. Nobody made a new version: the records are what they were.
pub fn carried(
    c: &mut DbConn,
    way: &Way,
    records: Option<&[Uid]>,
    limit: i64,
    at: Micros,
) -> AppResult<usize> {
    let query = changes::table
        .filter(changes::audience.eq(AREA))
        .filter(changes::op.eq("upsert"))
        .select((
            changes::kind,
            changes::record_id,
            changes::version,
            changes::view,
            changes::county,
            changes::town,
            changes::village,
        ))
        .limit(limit)
        .into_boxed();
    let to = way.to.place();
    let query = match way.level {
        AreaLevel::Province | AreaLevel::City => return Ok(0),
        AreaLevel::County => query
            .filter(changes::county.eq(way.from))
            .filter(changes::county.ne(to.county)),
        AreaLevel::Town => query
            .filter(changes::town.eq(way.from))
            .filter(changes::county.ne(to.county).or(changes::town.ne(to.town))),
        AreaLevel::Village => query.filter(changes::village.eq(way.from)).filter(
            changes::county
                .ne(to.county)
                .or(changes::town.ne(to.town))
                .or(changes::village.ne(to.village)),
        ),
    };
    let query = match records {
        Some(ids) => query.filter(changes::record_id.eq_any(ids.to_vec())),
        None => query,
    };
    let rows: Vec<Carried> = query.load(c)?;
    let found = rows.len();
    for row in rows {
        let was = Place {
            county: row.county,
            town: row.town,
            village: row.village,
        };
        let now = way.place(was);
        let change = Change::upsert(row.kind, row.record, row.version, now, at);
        let mut told = Vec::with_capacity(2);
        if let Some(left) = levels_left(was, now) {
            let audience = left.village.or(left.town).or(left.county).unwrap_or(AREA);
            told.push(
                Row::of(&change, "left", audience)
                    .in_area(left)
                    .viewed(&row.view),
            );
        }
        told.push(
            Row::of(&change, "upsert", AREA)
                .in_area(now)
                .viewed(&row.view),
        );
        put(c, told)?;
    }
    Ok(found)
}

/// A row that follows its area.
#[derive(Queryable)]
struct Carried {
    kind: Kind,
    record: Uid,
    version: i64,
    view: String,
    county: Option<Uid>,
    town: Option<Uid>,
    village: Option<Uid>,
}
