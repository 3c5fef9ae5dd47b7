//! Rows and words of programmes, projects and lessons.

use diesel::prelude::*;

use crate::db::schema::{care_programmes, care_projects, care_sessions};
use crate::db::{Day, Fen, Micros, Uid};
use crate::{stands_with_its_association, text_enum};

text_enum! {
    /// A care programme (生育关怀行动): 家庭牵手, 三结合, 幸福工程, 青春健康教育, 家庭保险.
    CareProgrammeKind {
        FamilyHoldingHands = "family_holding_hands",
        ThreeInOne = "three_in_one",
        HappinessProject = "happiness_project",
        AdolescentHealthEducation = "adolescent_health_education",
        FamilyInsurance = "family_insurance",
    }
}
text_enum! {
    /// Whether a programme is active.
    CareProgrammeState { Active = "active", Ended = "ended" }
}
text_enum! {
    /// Where a project stands, by its days.
    CareProjectState { Planned = "planned", Running = "running", Over = "over", Closed = "closed" }
}
text_enum! {
    /// Whether a lesson counts.
    CareSessionState { Recorded = "recorded", Cancelled = "cancelled" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = care_programmes, treat_none_as_default_value = false)]
pub struct ProgrammeRow {
    pub id: Uid,
    pub version: i64,
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub kind: CareProgrammeKind,
    pub year: i64,
    pub began_on: Day,
    pub evidence: String,
    pub ended_on: Option<Day>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

stands_with_its_association!(ProgrammeRow);

impl ProgrammeRow {
    pub fn state(&self) -> CareProgrammeState {
        match self.ended_on {
            None => CareProgrammeState::Active,
            Some(_) => CareProgrammeState::Ended,
        }
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = care_projects, treat_none_as_default_value = false)]
pub struct ProjectRow {
    pub id: Uid,
    pub version: i64,
    pub programme_id: Uid,
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub title: String,
    pub plan: Option<Vec<u8>>,
    pub budget: Fen,
    pub begins_on: Day,
    pub ends_on: Day,
    pub closed_on: Option<Day>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

stands_with_its_association!(ProjectRow);

impl ProjectRow {
    pub fn state(&self, today: jiff::civil::Date) -> CareProjectState {
        match self.closed_on {
            Some(_) => CareProjectState::Closed,
            None if today < self.begins_on.0 => CareProjectState::Planned,
            None if today <= self.ends_on.0 => CareProjectState::Running,
            None => CareProjectState::Over,
        }
    }

    /// Whether something may be done by it on a day.
    pub fn covers(&self, day: Day) -> bool {
        let last = self
            .closed_on
            .map_or(self.ends_on, |closed| closed.min(self.ends_on));
        self.begins_on <= day && day <= last
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = care_sessions, treat_none_as_default_value = false)]
pub struct SessionRow {
    pub id: Uid,
    pub version: i64,
    pub project_id: Uid,
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub held_on: Day,
    pub participants: i64,
    pub hours: i64,
    pub cancelled_at: Option<Micros>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

stands_with_its_association!(SessionRow);

impl SessionRow {
    pub fn state(&self) -> CareSessionState {
        match self.cancelled_at {
            None => CareSessionState::Recorded,
            Some(_) => CareSessionState::Cancelled,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_project_stands_where_its_days_say() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let project = |closed: Option<&str>| ProjectRow {
            id: Uid::NIL,
            version: 1,
            programme_id: Uid::NIL,
            association_id: Uid::NIL,
            county: None,
            town: None,
            village: None,
            area_id: Uid::NIL,
            title: "项目".into(),
            plan: None,
            budget: Fen(0),
            begins_on: day("2026-03-01"),
            ends_on: day("2026-06-30"),
            closed_on: closed.map(day),
            registered_by: Uid::NIL,
            created_at: Micros(0),
            updated_at: Micros(0),
        };
        for (today, state) in [
            ("2026-02-28", CareProjectState::Planned),
            ("2026-03-01", CareProjectState::Running),
            ("2026-06-30", CareProjectState::Running),
            ("2026-07-01", CareProjectState::Over),
        ] {
            assert_eq!(project(None).state(day(today).0), state, "{today}");
        }
        let closed = project(Some("2026-05-01"));
        assert_eq!(closed.state(day("2026-04-01").0), CareProjectState::Closed);
        assert!(closed.covers(day("2026-05-01")) && !closed.covers(day("2026-05-02")));
        assert!(!project(None).covers(day("2026-07-01")));
    }
}
