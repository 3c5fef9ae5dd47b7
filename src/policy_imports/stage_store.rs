//! All SQL about what a confirmed import makes ready, and the short write that makes records of it.
//!
//! What is made ready stands where no query of the service looks: policies in tables of their own, new people and new
//! households in theirs, out of use. The write that brings all of it into use copies within the database, so that it is
//! as short as it can be.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::model::{Counts, ImportRow};
use crate::db::schema::{
    households, persons, policies, policy_import_beneficiaries, policy_import_insured,
    policy_import_people, policy_import_policies,
};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::households::model::HouseholdRow;
use crate::insurance::model::PolicyRow;
use crate::people::model::{ConsentChannel, ConsentRow, GivenBy, PersonRow};
use crate::sync::fields;
use crate::{all_locked, each_backend};

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = policy_import_policies, treat_none_as_default_value = false)]
pub struct StagedPolicy {
    pub import_id: Uid,
    pub unit: i64,
    pub id: Uid,
    pub household_id: Uid,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub product: Vec<u8>,
    pub policy_number: Option<Vec<u8>>,
    pub insurer_code: String,
    pub holder_person_id: Uid,
    pub payer_person_id: Uid,
    pub starts_on: Day,
    pub ends_on: Day,
    pub registered_by: Uid,
    pub assignee: Option<Uid>,
    pub at: Micros,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = policy_import_insured, treat_none_as_default_value = false)]
pub struct StagedInsured {
    pub import_id: Uid,
    pub unit: i64,
    pub policy_id: Uid,
    pub person_id: Uid,
    pub position: i64,
    pub sum_agreed: Vec<u8>,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = policy_import_beneficiaries, treat_none_as_default_value = false)]
pub struct StagedBeneficiary {
    pub import_id: Uid,
    pub unit: i64,
    pub policy_id: Uid,
    pub person_id: Uid,
    pub position: i64,
    pub share: i64,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = policy_import_people, treat_none_as_default_value = false)]
pub struct StagedPerson {
    pub import_id: Uid,
    pub unit: i64,
    pub person_id: Uid,
    pub household_id: Uid,
    /// Nobody knew them before.
    pub fresh: bool,
    pub fresh_household: bool,
    /// As all stood when the rows were checked.
    pub person_version: i64,
    pub household_version: i64,
    pub answers: i64,
    pub agreed: bool,
    pub household_policies: i64,
    /// What they agree to by the sheet.
    pub consent_id: Option<Uid>,
    pub text_version: Option<i64>,
    pub channel: Option<ConsentChannel>,
    pub given_by: Option<GivenBy>,
    pub given_at: Option<Micros>,
}

/// Rows of some units, made ready.
#[derive(Default)]
pub struct Staged {
    pub households: Vec<HouseholdRow>,
    pub persons: Vec<PersonRow>,
    pub policies: Vec<StagedPolicy>,
    pub insured: Vec<StagedInsured>,
    pub beneficiaries: Vec<StagedBeneficiary>,
    pub people: Vec<StagedPerson>,
}

pub fn put(c: &mut DbConn, staged: &Staged) -> AppResult<()> {
    macro_rules! all {
        ($($table:ident $rows:ident;)+) => {$(
            each_backend!(c, |c| diesel::insert_into($table::table)
                .values(&staged.$rows)
                .execute(c))?;
        )+};
    }
    all! {
        households households;
        persons persons;
        policy_import_policies policies;
        policy_import_insured insured;
        policy_import_beneficiaries beneficiaries;
        policy_import_people people;
    }
    Ok(())
}

/// An id as each database writes it. It is ours, and nothing but hexadecimal digits.
fn written(c: &DbConn, id: Uid) -> String {
    match c {
        DbConn::Sqlite(_) => format!("x'{}'", id.0.simple()),
        DbConn::Pg(_) => format!("'{}'::uuid", id.0),
    }
}

fn run(c: &mut DbConn, sql: String) -> AppResult<usize> {
    Ok(diesel::sql_query(sql).execute(c)?)
}

/// Units of one answer.
pub const STALE_AT_ONCE: usize = 200;

#[derive(QueryableByName)]
struct Stale {
    #[diesel(sql_type = BigInt)]
    unit: i64,
}

/// Units of which somebody changed, moved, answered otherwise, or has another policy since they were checked.
pub fn stale(c: &mut DbConn, import: Uid) -> AppResult<Vec<i64>> {
    let of_theirs = "FROM consents k WHERE k.person_id = p.person_id AND k.purpose = 'insurance'";
    let sql = format!(
        "SELECT DISTINCT p.unit AS unit FROM policy_import_people p \
         LEFT JOIN persons q ON q.id = p.person_id LEFT JOIN households h ON h.id = p.household_id \
         WHERE p.import_id = {} AND (q.id IS NULL OR h.id IS NULL \
         OR q.household_id IS NULL OR q.household_id <> p.household_id OR q.version <> p.person_version \
         OR q.state <> CASE WHEN p.fresh THEN 'restricted' ELSE 'active' END \
         OR h.version <> p.household_version \
         OR h.state <> CASE WHEN p.fresh_household THEN 'erased' ELSE 'active' END \
         OR (SELECT count(*) {of_theirs}) <> p.answers \
         OR (p.agreed AND NOT EXISTS (SELECT 1 {of_theirs} AND k.withdrawn_at IS NULL)) \
         OR (SELECT count(*) FROM policies l WHERE l.household_id = p.household_id) <> p.household_policies) \
         ORDER BY p.unit LIMIT {STALE_AT_ONCE}",
        written(c, import)
    );
    let rows: Vec<Stale> = diesel::sql_query(sql).load(c)?;
    Ok(rows.into_iter().map(|row| row.unit).collect())
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    policies: i64,
    #[diesel(sql_type = BigInt)]
    people: i64,
    #[diesel(sql_type = BigInt)]
    households: i64,
    #[diesel(sql_type = BigInt)]
    consents: i64,
}

/// What was made ready.
pub fn counts(c: &mut DbConn, import: Uid) -> AppResult<Counts> {
    let of = format!("WHERE import_id = {}", written(c, import));
    let people = format!("FROM policy_import_people {of}");
    let sql = format!(
        "SELECT (SELECT count(*) FROM policy_import_policies {of}) AS policies, \
         (SELECT count(*) {people} AND fresh) AS people, \
         (SELECT count(DISTINCT household_id) {people} AND fresh_household) AS households, \
         (SELECT count(DISTINCT person_id) {people} AND consent_id IS NOT NULL) AS consents"
    );
    let counted: Counted = diesel::sql_query(sql).get_result(c)?;
    Ok(Counts {
        policies: counted.policies,
        people: counted.people,
        households: counted.households,
        consents: counted.consents,
    })
}

/// Holds everybody whom the import names, so that nothing of them changes until this write ends. Households first, as
/// everywhere. SQLite has one writer.
pub fn hold(c: &mut DbConn, import: Uid) -> AppResult<()> {
    if c.is_sqlite() {
        return Ok(());
    }
    // Of a hundred thousand rows; the usual limit is for a request.
    run(c, "SET LOCAL statement_timeout = '120s'".into())?;
    let id = written(c, import);
    for (table, column) in [("households", "household_id"), ("persons", "person_id")] {
        run(
            c,
            format!(
                "SELECT 1 FROM {table} WHERE id IN (SELECT {column} FROM policy_import_people \
                 WHERE import_id = {id}) ORDER BY id FOR UPDATE"
            ),
        )?;
    }
    Ok(())
}

/// Brings all that was made ready into use.
pub fn flip(c: &mut DbConn, import: &ImportRow, by: Uid) -> AppResult<()> {
    let (id, by) = (written(c, import.id), written(c, by));
    let people = "policy_import_people";
    for (table, column, fresh) in [
        ("households", "household_id", "fresh_household"),
        ("persons", "person_id", "fresh"),
    ] {
        run(
            c,
            format!(
                "UPDATE {table} SET state = 'active' WHERE id IN (SELECT {column} FROM {people} \
                 WHERE import_id = {id} AND {fresh})"
            ),
        )?;
    }
    // Somebody may be insured in several units, and agrees once.
    run(
        c,
        format!(
            "INSERT INTO consents (id, version, person_id, purpose, text_version, language, channel, given_by, \
             given_at, witnessed_by, refused) SELECT p.consent_id, 1, p.person_id, 'insurance', p.text_version, \
             'zh-CN', p.channel, p.given_by, p.given_at, {by}, FALSE FROM {people} p WHERE p.import_id = {id} \
             AND p.consent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {people} e WHERE e.import_id = {id} \
             AND e.person_id = p.person_id AND e.consent_id IS NOT NULL AND e.unit < p.unit)"
        ),
    )?;
    let new = fields::NEW;
    run(
        c,
        format!(
            "INSERT INTO policies (id, version, field_versions, household_id, county, town, village, product, \
             policy_number, insurer_code, holder_person_id, payer_person_id, starts_on, ends_on, registered_by, \
             assignee, created_at, updated_at) SELECT id, 1, '{new}', household_id, county, town, village, product, \
             policy_number, insurer_code, holder_person_id, payer_person_id, starts_on, ends_on, registered_by, \
             assignee, at, at FROM policy_import_policies WHERE import_id = {id}"
        ),
    )?;
    run(
        c,
        format!(
            "INSERT INTO policy_insured (policy_id, person_id, position, sum_agreed) SELECT policy_id, person_id, \
             position, sum_agreed FROM policy_import_insured WHERE import_id = {id}"
        ),
    )?;
    run(
        c,
        format!(
            "INSERT INTO policy_beneficiaries (policy_id, person_id, position, share) SELECT policy_id, person_id, \
             position, share FROM policy_import_beneficiaries WHERE import_id = {id}"
        ),
    )?;
    Ok(())
}

/// Units of an import.
pub enum Units<'a> {
    These(&'a [i64]),
    UpTo(i64),
}

impl Units<'_> {
    fn written(&self) -> String {
        match self {
            Units::UpTo(last) => format!("unit <= {last}"),
            Units::These(units) => {
                let units: Vec<String> = units.iter().map(i64::to_string).collect();
                format!("unit IN ({})", units.join(", "))
            }
        }
    }
}

/// Removes what was made ready of some units: of new people and households those that never came into use.
pub fn unstage(c: &mut DbConn, import: Uid, units: Units<'_>) -> AppResult<()> {
    let of = format!("import_id = {} AND {}", written(c, import), units.written());
    for (table, column, fresh, state) in [
        ("persons", "person_id", "fresh", "restricted"),
        ("households", "household_id", "fresh_household", "erased"),
    ] {
        run(
            c,
            format!(
                "DELETE FROM {table} WHERE id IN (SELECT {column} FROM policy_import_people \
                 WHERE {of} AND {fresh}) AND state = '{state}' AND version = 1"
            ),
        )?;
    }
    for table in [
        "policy_import_policies",
        "policy_import_insured",
        "policy_import_beneficiaries",
        "policy_import_people",
    ] {
        run(c, format!("DELETE FROM {table} WHERE {of}"))?;
    }
    Ok(())
}

/// The last of the first units that have about so many people; nothing where nobody is left.
pub fn first_units(c: &mut DbConn, import: Uid, about: i64) -> AppResult<Option<i64>> {
    use policy_import_people::dsl as t;
    let of = t::policy_import_people.filter(t::import_id.eq(import));
    let at = of.order(t::unit).select(t::unit).offset(about - 1).first(c);
    match at.optional()? {
        Some(unit) => Ok(Some(unit)),
        None => Ok(of.select(diesel::dsl::max(t::unit)).first(c)?),
    }
}

// --- what is told of it afterwards ---

/// The people of units after the first one and up to the last.
pub fn people(c: &mut DbConn, import: Uid, after: i64, last: i64) -> AppResult<Vec<StagedPerson>> {
    use policy_import_people::dsl as t;
    Ok(t::policy_import_people
        .filter(t::import_id.eq(import))
        .filter(t::unit.gt(after))
        .filter(t::unit.le(last))
        .select(StagedPerson::as_select())
        .order((t::unit, t::person_id))
        .load(c)?)
}

/// Their policies as they are now, locked.
pub fn policies(c: &mut DbConn, import: Uid, after: i64, last: i64) -> AppResult<Vec<PolicyRow>> {
    use policy_import_policies::dsl as t;
    let ids: Vec<Uid> = t::policy_import_policies
        .filter(t::import_id.eq(import))
        .filter(t::unit.gt(after))
        .filter(t::unit.le(last))
        .select(t::id)
        .load(c)?;
    Ok(all_locked!(
        c,
        policies::table
            .filter(policies::id.eq_any(ids.clone()))
            .select(PolicyRow::as_select())
            .order(policies::id)
    )?)
}

/// These households as they are now, locked.
pub fn homes(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<HouseholdRow>> {
    Ok(all_locked!(
        c,
        households::table
            .filter(households::id.eq_any(ids.to_vec()))
            .select(HouseholdRow::as_select())
            .order(households::id)
    )?)
}

/// These people as they are now, locked.
pub fn persons(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<PersonRow>> {
    Ok(all_locked!(
        c,
        persons::table
            .filter(persons::id.eq_any(ids.to_vec()))
            .select(PersonRow::as_select())
            .order(persons::id)
    )?)
}

/// These consents, those that were withdrawn at once too.
pub fn consents(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<ConsentRow>> {
    crate::people::store::consents_among(c, ids)
}
