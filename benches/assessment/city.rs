//! A city with an association in each of its areas, and what they did in a year.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::report::step;
use super::settings::Settings;
use super::support::filler::{Filler, Seal};
use super::support::{Account, Database, Fixture, Running};
use qianshou::activities::rules::ActivityState;
use qianshou::areas::model::{AreaLevel, AreaRow};
use qianshou::associations::members::model::MembershipRow;
use qianshou::associations::model::*;
use qianshou::associations::posts::model::*;
use qianshou::associations::ratings::model::*;
use qianshou::associations::works::model::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::*;
use qianshou::db::{Day, DbConn, Json, Micros, Uid};
use qianshou::sync;
use qianshou::visits::homes_store;
use qianshou::visits::model::*;
use qianshou::visits::rules::VisitState;

/// Written at once.
pub const AT_ONCE: usize = 500;

pub struct City {
    pub officer: Account,
    pub year: i64,
    server: Running,
    // Dropped last: its folder holds the database.
    _fixture: Fixture,
}

pub struct Filling<'a> {
    pub fixture: &'a Fixture,
    pub c: DbConn,
    pub areas: Vec<AreaRow>,
    pub by: Uid,
    pub year: i16,
    pub at: Micros,
}

/// Writes all of these in parts.
macro_rules! written {
    ($c:expr, $table:ident, $rows:expr) => {
        qianshou::each_backend!(
            &mut $c,
            |c| for part in $rows.chunks($crate::city::AT_ONCE) {
                diesel::insert_into($table::table)
                    .values(part)
                    .execute(c)
                    .unwrap();
            }
        )
    };
}

pub(crate) use written;

impl City {
    pub fn new(database: &Database, settings: &Settings) -> City {
        let what = format!(
            "{}: a city of {} members and {} visits is filled",
            database.name(),
            settings.members,
            settings.visits
        );
        step(&what, || City::fill(database, settings))
    }

    pub fn address(&self) -> &str {
        &self.server.address
    }

    fn fill(database: &Database, settings: &Settings) -> City {
        let fixture = Fixture::new(database, "assessment");
        let mut c = fixture.connect();
        let city = qianshou::areas::store::by_code(&mut c, "3304")
            .unwrap()
            .unwrap();
        let officer = Account::new(&fixture, &mut c, Role::Officer, &city);
        let fast = match &c {
            DbConn::Sqlite(_) => "PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;",
            DbConn::Pg(_) => "SET synchronous_commit=off; SET statement_timeout=0;",
        };
        c.batch_execute(fast).unwrap();
        let all = areas::table
            .filter(areas::city.eq(city.id))
            .order((areas::level, areas::code))
            .select(AreaRow::as_select())
            .load(&mut c)
            .unwrap();
        let now = fixture.app.clock.now();
        let year = now.china_day().year();
        let mut filling = Filling {
            fixture: &fixture,
            c,
            areas: all,
            by: officer.id,
            year,
            at: now.plus(-5 * Micros::DAY),
        };
        let made = filling.associations();
        filling.posts(&made);
        filling.works(&made);
        filling.offices(&made);
        filling.leading(&made);
        filling.money(&made);
        filling.sites(&made);
        filling.governance();
        filling.members(&made, settings.members);
        filling.households(settings.households);
        filling.notices(settings.households / 10);
        filling.tallies();
        filling.homes(settings.visits);
        filling.activities(settings.activities);
        let Filling { mut c, .. } = filling;
        c.batch_execute("ANALYZE").unwrap();
        drop(c);
        City {
            officer,
            year: i64::from(year),
            server: fixture.serve(),
            _fixture: fixture,
        }
    }
}

impl Filling<'_> {
    pub fn id(&mut self) -> Uid {
        self.at = self.at.plus(10);
        Uid::new(self.at)
    }

    pub fn day(&self, n: usize) -> Day {
        Day(jiff::civil::date(
            self.year,
            1 + (n % 4) as i8,
            1 + (n % 28) as i8,
        ))
    }

    pub fn villages(&self) -> Vec<AreaRow> {
        let some = self.areas.iter().filter(|a| a.level == AreaLevel::Village);
        some.cloned().collect()
    }

    fn associations(&mut self) -> Vec<AssociationRow> {
        let mut rows: Vec<AssociationRow> = Vec::new();
        // The widest first, so that each finds the one it stands under.
        for level in [
            AreaLevel::City,
            AreaLevel::County,
            AreaLevel::Town,
            AreaLevel::Village,
        ] {
            let areas: Vec<AreaRow> = self
                .areas
                .iter()
                .filter(|a| a.level == level)
                .cloned()
                .collect();
            for area in areas {
                let kind = match level {
                    AreaLevel::City => AssociationKind::Municipal,
                    AreaLevel::County => AssociationKind::County,
                    AreaLevel::Town => AssociationKind::Township,
                    _ => AssociationKind::Village,
                };
                let above = rows.iter().find(|r| Some(r.area_id) == area.parent_id);
                let (parent_id, id) = (above.map(|r| r.id), self.id());
                rows.push(AssociationRow {
                    id,
                    version: 1,
                    kind,
                    title: format!("{}计划生育协会", area.name),
                    parent_id,
                    county: area.county,
                    town: area.town,
                    village: area.village,
                    area_id: area.id,
                    area_code: area.code,
                    founded_on: Day(jiff::civil::date(1990, 5, 29)),
                    dissolved_on: None,
                    dissolved_because: None,
                    office_rank: Some(OfficeRank::Section),
                    office_premises: Some(Premises::Own),
                    office_equipped: Some(true),
                    office_own_line: Some(true),
                    staff_establishment: Some(3),
                    staff_full_time: Some(2),
                    staff_by_reference: Some(true),
                    staff_fit: Some(true),
                    staff_wages_budgeted: Some(true),
                    registered_by: self.by,
                    created_at: self.at,
                    updated_at: self.at,
                });
            }
        }
        written!(self.c, associations, rows);
        rows
    }

    fn posts(&mut self, made: &[AssociationRow]) {
        let mut rows = Vec::new();
        for of in made {
            for post in PostKind::ALL {
                rows.push(PostRow {
                    id: self.id(),
                    version: 1,
                    association_id: of.id,
                    county: of.county,
                    town: of.town,
                    village: of.village,
                    area_id: of.area_id,
                    person_id: None,
                    post: *post,
                    holds_position: PublicPosition::BranchSecretary,
                    full_time: true,
                    civil_servant: true,
                    managed_by_reference: false,
                    five_elders: true,
                    retired: false,
                    allowance: None,
                    begins_on: Day(jiff::civil::date(self.year - 1, 3, 1)),
                    ends_on: Day(jiff::civil::date(self.year + 4, 2, 28)),
                    ended_on: None,
                    ended_because: None,
                    term: 1,
                    registered_by: self.by,
                    created_at: self.at,
                    updated_at: self.at,
                });
            }
        }
        written!(self.c, posts, rows);
    }

    fn works(&mut self, made: &[AssociationRow]) {
        let (mut works, mut rated) = (Vec::new(), Vec::new());
        for (n, of) in made.iter().enumerate() {
            for kind in WorkKind::ALL {
                works.push(WorkRow {
                    id: self.id(),
                    version: 1,
                    association_id: of.id,
                    county: of.county,
                    town: of.town,
                    village: of.village,
                    area_id: of.area_id,
                    kind: *kind,
                    title: "年度工作".into(),
                    held_on: self.day(n),
                    participants: Some(60),
                    hours: None,
                    groups_commended: None,
                    people_commended: None,
                    channel: None,
                    outlet: None,
                    link: None,
                    cancelled_because: None,
                    cancelled_at: None,
                    registered_by: self.by,
                    created_at: self.at,
                    updated_at: self.at,
                });
            }
            if of.kind == AssociationKind::Village {
                let grade = match n % 20 {
                    0 => RatingGrade::Backward,
                    1..9 => RatingGrade::Advanced,
                    _ => RatingGrade::Ordinary,
                };
                rated.push(RatingRow {
                    id: self.id(),
                    version: 1,
                    association_id: of.id,
                    county: of.county,
                    town: of.town,
                    village: of.village,
                    area_id: of.area_id,
                    year: i64::from(self.year),
                    decided: grade,
                    grade,
                    decided_by: RatingBody::HigherAssociation,
                    decided_on: self.day(n),
                    reasons: Json(vec![RatingReason::Activities]),
                    state: RatingState::Decided,
                    appealed_on: None,
                    appeal: None,
                    settled_on: None,
                    outcome: None,
                    answer: None,
                    awards_withheld: None,
                    awards_decided_on: None,
                    registered_by: self.by,
                    created_at: self.at,
                    updated_at: self.at,
                });
            }
        }
        written!(self.c, association_works, works);
        written!(self.c, ratings, rated);
    }

    fn members(&mut self, of: &[AssociationRow], count: usize) {
        let villages = self.villages();
        let mut filler = Filler::new(self.fixture);
        for n in 0..count {
            filler.add(&villages[n % villages.len()], self.by, Seal::Shared);
        }
        filler.finish();
        let people: Vec<(Uid, Option<Uid>)> = persons::table
            .select((persons::id, persons::village))
            .load(&mut self.c)
            .unwrap();
        let mut rows = Vec::new();
        for (n, (person, village)) in people.into_iter().enumerate() {
            let of = of.iter().find(|a| Some(a.area_id) == village).unwrap();
            rows.push(MembershipRow {
                id: self.id(),
                version: 1,
                association_id: of.id,
                county: of.county,
                town: of.town,
                village: of.village,
                area_id: of.area_id,
                person_id: person,
                joined_on: Day(jiff::civil::date(self.year - 1, 3, 1)),
                backbone_since: (n % 3 == 0).then(|| self.day(n)),
                left_on: None,
                left_because: None,
                registered_by: self.by,
                created_at: self.at,
                updated_at: self.at,
            });
        }
        written!(self.c, memberships, rows);
    }

    /// A home in each village, with visits dealt out to them.
    fn homes(&mut self, visited: usize) {
        let kinds: Vec<String> = possession_kinds::table
            .select(possession_kinds::kind)
            .load(&mut self.c)
            .unwrap();
        let villages = self.villages();
        let mut homes = Vec::new();
        for village in &villages {
            let row = HomeRow {
                id: self.id(),
                version: 1,
                field_versions: sync::fields::NEW.into(),
                county: village.county.unwrap(),
                town: village.town,
                village: village.village,
                area_id: village.id,
                area_code: village.code.clone(),
                title: "会员之家".into(),
                site_address: "百福弄1号".into(),
                opening_hours: None,
                keeper_id: None,
                state: HomeState::Open,
                registered_by: self.by,
                created_at: self.at,
                updated_at: self.at,
            };
            homes_store::insert(&mut self.c, &row).unwrap();
            for kind in &kinds {
                diesel::insert_into(home_possessions::table)
                    .values((
                        home_possessions::id.eq(self.id()),
                        home_possessions::home_id.eq(row.id),
                        home_possessions::kind.eq(kind),
                        home_possessions::present.eq(true),
                        home_possessions::checked_on.eq(self.day(3)),
                        home_possessions::checked_by.eq(self.by),
                        home_possessions::updated_at.eq(self.at.0),
                    ))
                    .execute(&mut self.c)
                    .unwrap();
                diesel::insert_into(possession_checks::table)
                    .values((
                        possession_checks::home_id.eq(row.id),
                        possession_checks::kind.eq(kind),
                        possession_checks::checked_on.eq(self.day(3)),
                        possession_checks::present.eq(true),
                    ))
                    .execute(&mut self.c)
                    .unwrap();
            }
            homes.push(row.id);
        }
        let mut rows = Vec::new();
        for n in 0..visited {
            let village = &villages[n % villages.len()];
            rows.push(VisitRow {
                id: self.id(),
                version: 2,
                field_versions: sync::fields::NEW.into(),
                state: VisitState::Submitted,
                county: village.county.unwrap(),
                town: village.town,
                village: village.village,
                area_code: village.code.clone(),
                registered_by: self.by,
                assignee: None,
                member_home_id: Some(homes[n % homes.len()]),
                household_id: None,
                purpose: VisitPurpose::Routine,
                started_at: self.at,
                ended_at: None,
                visit_day: self.day(n),
                companions: Json(Vec::new()),
                lat_milli: None,
                lng_milli: None,
                offered: Json(Vec::new()),
                needs_voiced: Json(Vec::new()),
                needs_note: None,
                photos: Json(Vec::new()),
                return_reason: None,
                return_note: None,
                submitted_at: Some(self.at),
                reviewed_by: None,
                reviewed_at: None,
                created_at: self.at,
                updated_at: self.at,
            });
        }
        written!(self.c, visits, rows);
    }

    fn activities(&mut self, count: usize) {
        let villages = self.villages();
        let mut rows = Vec::new();
        for n in 0..count {
            let village = &villages[n % villages.len()];
            rows.push((
                activities::id.eq(self.id()),
                activities::version.eq(2i64),
                activities::field_versions.eq(sync::fields::NEW),
                activities::state.eq(ActivityState::Reported),
                activities::county.eq(village.county.unwrap()),
                activities::town.eq(village.town),
                activities::village.eq(village.village),
                activities::area_code.eq(village.code.clone()),
                activities::venue.eq("文化广场"),
                activities::kind.eq("on_the_spot"),
                activities::title.eq("保险宣传"),
                activities::starts_at.eq(self.at.0),
                activities::ends_at.eq(self.at.0 + 1),
                activities::activity_day.eq(self.day(n)),
                activities::registered_by.eq(self.by),
                activities::assignee.eq(self.by),
                activities::participants.eq(80i64),
                activities::households_informed.eq(40i64),
                activities::photos.eq("[]"),
                activities::created_at.eq(self.at.0),
                activities::updated_at.eq(self.at.0),
            ));
        }
        written!(self.c, activities, rows);
    }
}
