//! The job that looks for duplicates, after the answer to whoever registered somebody.
//!
//! It follows the feed, in which every record that is new, amended or moved has a row: what it has looked at is
//! one position, moved in the write that stores what was found. A kill loses nothing, two nodes find the same,
//! and registering costs nothing for it, match or not. Names are opened outside any transaction.

use std::collections::HashMap;

use super::alike::{self, Indexes, Known};
use super::model::*;
use super::{search_store, store};
use crate::audit::{self, Entry};
use crate::auth::rights::By;
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::notifications::announce::{Announcement, Recipient, Text, announce};
use crate::notifications::model::NotificationKind;
use crate::people::fields;
use crate::people::model::{PersonRow, PersonState, Purpose};
use crate::state::App;
use crate::sync::Kind;
use crate::{people, residents};

/// Rows of the feed looked at in one step.
const ROWS: i64 = 200;
/// Names that are compared with one at most.
const NAMES: i64 = 50_000;
/// Pairs that one record makes at most in one step: a queue of everybody is none.
const PAIRS: usize = 10;
/// Records elsewhere that are told of because of what one user registered, in a day: nobody finds out by trying.
const TOLD_A_DAY: i64 = 20;
/// Coordinators told of one pair.
const RECIPIENTS: i64 = 20;
/// How long such a notice is worth a push.
const NOTICE: i64 = 3 * Micros::DAY;

/// Looks at the next part of the feed; true when more may wait.
pub async fn run(app: &actix_web::web::Data<App>) -> AppResult<bool> {
    let part = app.db.read(|c| search_store::next(c, ROWS)).await?;
    if part.to == part.from {
        return Ok(false);
    }
    let mut found: HashMap<(Uid, Uid), PairRow> = HashMap::new();
    let now = app.clock.now();
    for person in part.people {
        let vault = app.vault.clone();
        let (asked, opened) = (
            person.clone(),
            actix_web::web::block(move || {
                let indexes = indexes(&vault, &person);
                (person, indexes)
            }),
        );
        let (person, indexes) = opened.await.map_err(AppError::internal)?;
        let indexes = match indexes {
            Ok(indexes) => indexes,
            Err(cause) => {
                // One damaged record keeps nobody else from being looked at.
                tracing::error!(person = %asked.id, ?cause, "this record cannot be opened");
                continue;
            }
        };
        let by = indexes.clone();
        let others = app.db.read(move |c| candidates(c, &asked, &by)).await?;
        let vault = app.vault.clone();
        // Opening many names is work for another thread than the one that answers.
        let pairs =
            actix_web::web::block(move || compare(&vault, &person, &indexes, others, now)).await;
        for pair in pairs.map_err(AppError::internal)?? {
            found.insert((pair.person_id, pair.other_person_id), pair);
        }
    }
    let (from, to) = (part.from, part.to);
    let mut found: Vec<PairRow> = found.into_values().collect();
    found.sort_unstable_by_key(|pair| pair.people());
    let told = app
        .db
        .write(move |c| {
            if !search_store::passed(c, from, to)? {
                return Ok(false);
            }
            let mut told = false;
            for pair in &found {
                told |= keep(c, pair, now)?;
            }
            Ok(told)
        })
        .await?;
    if told {
        app.outbox.notify_waiters();
    }
    // A pause lets others have the database: what waits is a second late.
    Ok(false)
}

/// Those who may be the same person by an index, or who were born in the same year in the same township.
fn candidates(c: &mut DbConn, person: &PersonRow, indexes: &Indexes) -> AppResult<Vec<PersonRow>> {
    let mut all = Vec::new();
    if !indexes.documents.is_empty() {
        all.extend(people::store::by_index(
            c,
            None,
            None,
            Some(&indexes.documents),
        )?);
    }
    if !indexes.phones.is_empty() {
        all.extend(people::store::by_index(
            c,
            None,
            Some(&indexes.phones),
            None,
        )?);
    }
    // Few of a township's many names have to be opened for one: most people gave the same kind of document.
    all.extend(people::store::alike_but_for_the_name(c, person, NAMES)?);
    Ok(all)
}

/// All indexes under which this person's phone and document may stand.
fn indexes(vault: &Vault, person: &PersonRow) -> AppResult<Indexes> {
    let (_, clear) = fields::open(vault, person)?;
    let phone = clear.phone.as_deref();
    let document = clear.document.as_ref();
    Ok(Indexes {
        phones: phone.map_or_else(Vec::new, |p| fields::phone_indexes(vault, p)),
        documents: document.map_or_else(Vec::new, |(kind, number)| {
            fields::document_indexes(vault, *kind, number)
        }),
    })
}

/// The pairs among these, the strongest reasons first.
fn compare(
    vault: &Vault,
    person: &PersonRow,
    indexes: &Indexes,
    others: Vec<PersonRow>,
    now: Micros,
) -> AppResult<Vec<PairRow>> {
    let name = |row: &PersonRow| -> AppResult<String> {
        let key = vault.open_data_key(row.id.0, &row.data_key);
        let key = key.map_err(AppError::internal)?;
        key.open("persons.name", row.id.0, &row.name)
            .map_err(AppError::internal)
    };
    let own = name(person)?;
    let mut pairs: Vec<PairRow> = Vec::new();
    let mut looked = vec![person.id];
    for other in &others {
        if looked.contains(&other.id) {
            continue;
        }
        looked.push(other.id);
        // What cannot be opened any more was erased a moment ago.
        let Ok(theirs) = name(other) else { continue };
        let known = |row, name| Known { row, name };
        let own = known(person, own.as_str());
        let why = alike::why(&own, indexes, &known(other, theirs.as_str()));
        if let Some(why) = why {
            pairs.push(pair(person, other, why, now));
        }
    }
    pairs.sort_by_key(|pair| pair.why);
    pairs.truncate(PAIRS);
    Ok(pairs)
}

fn pair(a: &PersonRow, b: &PersonRow, why: DuplicateReason, now: Micros) -> PairRow {
    let a_first = (a.created_at, a.id) <= (b.created_at, b.id);
    let (older, newer) = if a_first { (a, b) } else { (b, a) };
    PairRow {
        id: Uid::new(now),
        version: 1,
        person_id: older.id,
        other_person_id: newer.id,
        why,
        state: DuplicateState::Open,
        reason: None,
        told: false,
        county: older.county,
        town: older.town,
        village: older.village,
        other_county: newer.county,
        other_town: newer.town,
        other_village: newer.village,
        asked_by: newer.registered_by,
        found_on: Day(now.china_day()),
        kept_person_id: None,
        settled_by: None,
        settled_at: None,
        created_at: now,
        updated_at: now,
    }
}

/// Stores a pair, and tells the older record's coordinators when it is of two areas and both people agreed to
/// that; true when somebody was told.
fn keep(c: &mut DbConn, pair: &PairRow, now: Micros) -> AppResult<bool> {
    let ids = pair.people();
    let people = people::store::these(c, &ids)?;
    let of = |id: Uid| people.iter().find(|p| p.id == id);
    let (Some(older), Some(newer)) = (of(ids[0]), of(ids[1])) else {
        return Ok(false);
    };
    // Somebody withdrew, or was merged, since they were compared.
    if people.iter().any(|p| p.state != PersonState::Active) {
        return Ok(false);
    }
    let (one_county, one_town) = (older.county == newer.county, older.town == newer.town);
    let agreed = people::store::agreed(c, &ids, Purpose::LiaisonWithHomeArea)?;
    let known = store::known(c, older.id, newer.id)?;
    let untold = known != Some(true);
    let tells = !(one_county && one_town)
        && agreed.len() == 2
        && untold
        && store::told_on(c, pair.asked_by, pair.found_on)? < TOLD_A_DAY;
    // What no coordinator of a county could see, and nobody agreed to, is not kept at all.
    if !one_county && !tells && known.is_none() {
        return Ok(false);
    }
    let row = PairRow {
        told: tells,
        ..pair.clone()
    };
    if !store::put(c, &row)? && tells {
        store::tell(c, older.id, newer.id, pair.found_on, now)?;
    }
    if tells {
        tell(c, older, now)?;
    }
    Ok(tells)
}

/// The notice to the coordinators, in nobody's words and about nobody; and the entry by which the person can see
/// that it was given.
fn tell(c: &mut DbConn, older: &PersonRow, now: Micros) -> AppResult<()> {
    let place = older.place();
    let (kind, record) = match residents::store::of_person(c, older.id)? {
        Some(resident) => (Kind::Resident, resident.id),
        None => (Kind::HouseholdPerson, older.id),
    };
    let announcement = Announcement {
        kind: NotificationKind::DuplicateSuspected,
        title: Text::of("可能存在重复登记", "A record may exist twice"),
        body: Text::of(
            "您辖区内的一条记录可能在其他地区也有登记，请打开重复记录列表核对。",
            "A record of your area may also exist elsewhere. Open the list of duplicates and decide.",
        ),
        subject: Some((kind, record)),
        campaign: None,
        occurrence: Uid::new(now),
        not_before: now,
        ramp: None,
        expires_at: now.plus(NOTICE),
    };
    let recipients: Vec<Recipient> = search_store::coordinators(c, &place, now, RECIPIENTS)?
        .into_iter()
        .map(|user| Recipient { user, place })
        .collect();
    announce(c, now, &announcement, &recipients)?;
    let who = Who::without_account(By::Service, now, "".into());
    let facts = serde_json::json!({ "what": "told_of_elsewhere" });
    let entry = Entry::new(Action::DuplicateTell, kind.as_str(), record, place);
    audit::record(c, &who, entry.with(&facts))
}
