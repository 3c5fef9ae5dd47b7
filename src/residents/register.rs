//! Registering and amending residents: the commands that REST and sync share.

use super::model::*;
use super::view::Warning;
use super::{feed, store};
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::households;
use crate::people;
use crate::people::amend::PersonPatch;
use crate::people::consents::{Birth, NewConsent};
use crate::people::feed::Seen;
use crate::people::fields::Sealed;
use crate::people::intake::{self, NewPerson};
use crate::people::model::{PersonRow, Purpose, Sex};
use crate::privacy::erasure;
use crate::sync;

/// Where a person may be placed.
pub const PLACES: &[AreaLevel] = &[AreaLevel::Town, AreaLevel::Village];

/// A registration with everything sealed that will rest, ready for one write.
pub struct Registration {
    pub id: Uid,
    pub person_id: Uid,
    pub sealed: Sealed,
    /// All indexes under which the document may stand.
    pub document_indexes: Vec<Vec<u8>>,
    pub employer: Option<Vec<u8>>,
    pub sex: Sex,
    /// As the document tells it, with the year that was said.
    pub birth: Birth,
    pub language: Option<String>,
    pub contact_hours: Option<String>,
    pub area: String,
    pub home_area: Option<String>,
    pub arrived_on: Day,
    pub expected_stay: ExpectedStay,
    pub reason: StayReason,
    pub needs: Vec<Need>,
    pub consents: Vec<NewConsent>,
}

/// Stores a person and their registration. Without consent to registration nothing is stored.
pub fn register(
    c: &mut DbConn,
    who: &Who,
    new: &Registration,
) -> AppResult<(ResidentRow, PersonRow)> {
    who.may(Action::ResidentRegister)?;
    if !new
        .consents
        .iter()
        .any(|k| k.purpose == Purpose::Registration)
    {
        return Err(AppError::of(Code::ConsentRequired));
    }
    let area = place(c, who, Action::ResidentRegister, &new.area, "/area")?;
    let home = new
        .home_area
        .as_deref()
        .map(|code| home_area(c, code))
        .transpose()?;
    erasure::refuse_erased(c, new.id)?;
    let person = person_row(who, new, &area);
    people::store::insert(c, &person)?;
    let resident = resident_row(who, new, &person, home);
    store::insert(c, &resident)?;
    let episode = EpisodeRow {
        id: Uid::new(who.at),
        version: 1,
        field_versions: sync::fields::NEW.into(),
        resident_id: resident.id,
        person_id: person.id,
        area_id: area.id,
        area_code: area.code.clone(),
        address: None,
        from_day: new.arrived_on,
        to_day: None,
        reason: new.reason,
        left_reason: None,
        created_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert_episode(c, &episode)?;
    intake::consented(
        c,
        who,
        &person,
        Seen::as_it_stands(&person),
        new.birth,
        &new.consents,
    )?;
    audit::record(
        c,
        who,
        Entry::new(
            Action::ResidentRegister,
            "resident",
            resident.id,
            area.place(),
        ),
    )?;
    sync::record_change(c, feed::change(who, &resident, resident.version))?;
    let stay = feed::stay(who, &resident, episode.id, episode.version);
    sync::record_change(c, stay)?;
    Ok((resident, person))
}

/// An area of the caller's own, narrow enough to place somebody in.
pub fn place(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    code: &str,
    pointer: &str,
) -> AppResult<AreaRow> {
    let area = areas::store::placed(c, code, pointer, PLACES)?;
    if !who.may_at(action, &area.place()) {
        return Err(AppError::field(pointer, Fault::AreaOutside));
    }
    Ok(area)
}

/// The home area is named by the person, as narrow or wide as they like; any area of the country.
pub fn home_area(c: &mut DbConn, code: &str) -> AppResult<(Option<Uid>, String)> {
    let area = areas::store::today_of(c, code)?
        .ok_or_else(|| AppError::field("/home_area", Fault::NoSuchArea))?;
    Ok((Some(area.id), area.code))
}

fn person_row(who: &Who, new: &Registration, area: &AreaRow) -> PersonRow {
    let person = NewPerson {
        id: new.person_id,
        sealed: &new.sealed,
        sex: new.sex,
        birth_year: new.birth.year,
        language: new.language.clone(),
        contact_hours: new.contact_hours.clone(),
        household_id: None,
    };
    intake::row(who, person, area)
}

fn resident_row(
    who: &Who,
    new: &Registration,
    person: &PersonRow,
    home: Option<(Option<Uid>, String)>,
) -> ResidentRow {
    let (home_area_id, home_area_code) = home.map_or((None, None), |(id, code)| (id, Some(code)));
    ResidentRow {
        id: new.id,
        version: 1,
        field_versions: sync::fields::NEW.into(),
        person_id: person.id,
        county: person.county,
        town: person.town,
        village: person.village,
        assignee: None,
        registered_by: who.user,
        home_area_id,
        home_area_code,
        arrived_on: new.arrived_on,
        expected_stay: new.expected_stay,
        reason: new.reason,
        employer: new.employer.clone(),
        needs: Json(Need::once(&new.needs)),
        state: ResidentState::Active,
        created_at: who.at,
        updated_at: who.at,
        merged_into: None,
    }
}

/// Somebody with the same document is probably the same person. (A shared phone is a household.) Only a
/// warning, and only inside the caller's own area: that somebody lives elsewhere is never told. For whoever
/// answers the registration to its author.
pub fn suspected(
    c: &mut DbConn,
    who: &Who,
    person: &PersonRow,
    document_indexes: &[Vec<u8>],
) -> AppResult<Vec<Warning>> {
    let document = (!document_indexes.is_empty()).then_some(document_indexes);
    let here = who.scope(Action::ResidentRegister).shared();
    let found = people::store::by_index(c, Some(&here), None, document)?;
    let same = found.iter().any(|p| p.id != person.id);
    Ok(if same {
        vec![Warning::DuplicateSuspected]
    } else {
        Vec::new()
    })
}

/// What the document says against what the person says: a warning, never a refusal.
pub fn document_warnings(
    document: &people::documents::Document,
    sex: Sex,
    birth_year: Option<i64>,
) -> Vec<Warning> {
    let mut out = Vec::new();
    if document.sex_digit.is_some_and(|digit| {
        matches!(sex, Sex::Male | Sex::Female) && digit.as_str() != sex.as_str()
    }) {
        out.push(Warning::SexDiffersFromDocument);
    }
    if let (Some(date), Some(year)) = (document.birth_date, birth_year)
        && i64::from(date.year()) != year
    {
        out.push(Warning::BirthYearDiffersFromDocument);
    }
    out
}

/// A merge patch on a resident: `None` leaves a field, `Some(None)` empties it.
#[derive(Default)]
pub struct Patch {
    pub person: PersonPatch,
    pub home_area: Option<Option<String>>,
    pub arrived_on: Option<Day>,
    pub expected_stay: Option<ExpectedStay>,
    pub reason: Option<StayReason>,
    pub employer: Option<Option<String>>,
    pub needs: Option<Vec<Need>>,
}

/// Applies a patch to the person and to what belongs to the registration.
pub fn amend(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    version: Option<i64>,
    patch: &Patch,
) -> AppResult<()> {
    let (resident, person) = store::locked(c, who, Action::ResidentAmend, id)?;
    if version.is_some_and(|v| v != resident.version) {
        return Err(AppError::of(Code::VersionConflict));
    }
    let next = resident.version + 1;
    let changed = changed_fields(patch);
    let field_versions = sync::touch(&resident.field_versions, next, &changed);
    let key = people::amend::apply(c, vault, who, &person, &patch.person)?;
    let home = match &patch.home_area {
        None => (None, None),
        Some(None) => (Some(None), Some(None)),
        Some(Some(code)) => {
            let (id, code) = home_area(c, code)?;
            (Some(id), Some(Some(code)))
        }
    };
    let employer = match &patch.employer {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(Some(
            key.seal("residents.employer", resident.id.0, text)
                .map_err(AppError::internal)?,
        )),
    };
    let about_stay = store::Amendment {
        version: next,
        field_versions,
        home_area_id: home.0,
        home_area_code: home.1,
        arrived_on: patch.arrived_on,
        expected_stay: patch.expected_stay,
        reason: patch.reason,
        employer,
        needs: patch.needs.as_deref().map(Need::once).map(Json),
        updated_at: who.at,
    };
    store::amend(c, &resident, &about_stay)?;
    audit::record(
        c,
        who,
        Entry::new(Action::ResidentAmend, "resident", id, resident.place())
            .with(&serde_json::json!({ "fields": changed })),
    )?;
    sync::record_change(c, feed::change(who, &resident, next))?;
    households::feed::person_changed(c, who, &person, person.version + 1)
}

fn changed_fields(p: &Patch) -> Vec<&'static str> {
    let mut all = p.person.fields();
    let stay = [
        ("home_area", p.home_area.is_some()),
        ("arrived_on", p.arrived_on.is_some()),
        ("expected_stay", p.expected_stay.is_some()),
        ("reason", p.reason.is_some()),
        ("employer", p.employer.is_some()),
        ("needs", p.needs.is_some()),
    ];
    all.extend(
        stay.into_iter()
            .filter_map(|(name, changed)| changed.then_some(name)),
    );
    all
}
