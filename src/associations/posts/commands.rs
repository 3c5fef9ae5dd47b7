//! Filling a post, amending what is known of a term, ending it, electing somebody anew.

use super::api::{NewPost, PostPatch};
use super::former_store::{self, Otherwise};
use super::model::*;
use super::rules::{self, Holds, Term};
use super::steps_api::{PostEnding, ReElection};
use super::store::{self, Amendment, Ending};
use crate::associations::commands::{living, past};
use crate::associations::joining::{self, Joining};
use crate::associations::model::AssociationRow;
use crate::associations::store as associations;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError, Problem};
use crate::people::model::PersonRow;

/// Puts somebody into a post.
pub fn fill(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    new: &NewPost,
    holder: &Joining,
) -> AppResult<Uid> {
    let found = associations::locked(c, who, Action::PostWrite, new.association_id);
    let association = found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field("/association_id", Fault::NoSuchRecord),
        _ => e,
    })?;
    living(&association)?;
    past(who, new.begins_on, "/begins_on")?;
    if new.begins_on < association.founded_on {
        return Err(AppError::field("/begins_on", Fault::BadOrder));
    }
    let rules = store::rules_of(c, association.kind)?;
    let rule = rules::of_every(&rules, new.post)
        .ok_or_else(|| AppError::internal("a post without a rule"))?;
    let holds = Holds {
        position: new.holds_position,
        five_elders: new.five_elders,
        full_time: new.full_time,
        civil_servant: new.civil_servant,
    };
    keeps(rule, &holds)?;
    let ends_on = until(rule, new.begins_on, new.ends_on)?;
    let terms = store::of_association(c, association.id)?;
    let wanted = (new.begins_on, ends_on);
    room(&terms, rule, None, wanted, "/begins_on")?;
    let over = follows(c, who, rule, &terms, wanted)?;
    let person = joining::joined(c, vault, who, &association, holder)?;
    let row = PostRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        association_id: association.id,
        county: association.county,
        town: association.town,
        village: association.village,
        area_id: association.area_id,
        person_id: Some(person.id),
        post: new.post,
        holds_position: new.holds_position,
        full_time: new.full_time,
        civil_servant: new.civil_servant,
        managed_by_reference: new.managed_by_reference,
        five_elders: new.five_elders,
        retired: new.retired,
        allowance: new.allowance.map(|m| m.0),
        begins_on: new.begins_on,
        ends_on,
        ended_on: over,
        ended_because: over.map(|_| PostEnd::TermOver),
        term: 1,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &association, &row)?;
    noted(c, who, &row, &told("filled", &row))?;
    Ok(row.id)
}

/// Whether one more may hold the post on every day of a term: days are compared, and it does not matter whether
/// somebody said that a term is over. `but` is the term that is changed.
fn room(
    terms: &[PostRow],
    rule: &RuleRow,
    but: Option<Uid>,
    (begins, ends): (Day, Day),
    pointer: &str,
) -> AppResult<()> {
    let others = terms.iter().filter(|term| Some(term.id) != but);
    let others: Vec<Term> = others.map(Term::of).collect();
    if !rules::is_full(&others, rule.post, begins.0, ends.0, rule.most) {
        return Ok(());
    }
    Err(AppError::Problem(Box::new(Problem {
        errors: vec![FieldError::new(pointer, Fault::BadOrder)],
        ..Problem::new(Code::PostTaken)
    })))
}

/// Where one holds a post at a time a term that another follows is over on the day after its last: those that ran
/// out before this one, and, as is answered, this one itself where it is of the past.
fn follows(
    c: &mut DbConn,
    who: &Who,
    rule: &RuleRow,
    terms: &[PostRow],
    (begins, ends): (Day, Day),
) -> AppResult<Option<Day>> {
    if rule.most != 1 {
        return Ok(None);
    }
    let over = |last: Day| Day(last.0.tomorrow().unwrap_or(last.0));
    let of_post = || terms.iter().filter(|term| term.post == rule.post);
    let ran_out = |term: &&PostRow| term.ended_on.is_none() && term.ends_on < begins;
    for term in of_post().filter(ran_out) {
        let ending = Ending {
            on: over(term.ends_on),
            because: PostEnd::TermOver,
            at: who.at,
        };
        let before = who.authorise(Action::PostWrite, Some(term.clone()))?;
        store::end(c, &before, ending)?;
        ended(c, who, &before, ending.because)?;
    }
    let followed = of_post().any(|term| term.begins_on > ends);
    Ok(followed.then(|| over(ends)))
}

/// A refusal that names the rule.
fn against(rule: &RuleRow, pointer: &str, fault: Fault) -> AppError {
    AppError::Problem(Box::new(Problem {
        errors: vec![FieldError::new(pointer, fault)],
        rule: Some(rule.code.clone()),
        ..Problem::new(Code::PostRuleBroken)
    }))
}

fn keeps(rule: &RuleRow, holds: &Holds) -> AppResult<()> {
    match rules::broken_by(rule, holds) {
        None => Ok(()),
        Some(pointer) => Err(against(rule, pointer, Fault::NotFitting)),
    }
}

/// The last day of a term: as it was said, within the years of the rule.
fn until(rule: &RuleRow, begins: Day, said: Option<Day>) -> AppResult<Day> {
    let last = rules::last_day(begins.0, rule.term_years)
        .ok_or_else(|| AppError::field("/begins_on", Fault::OutOfRange))?;
    match said {
        None => Ok(Day(last)),
        Some(day) if day <= begins => Err(AppError::field("/ends_on", Fault::BadOrder)),
        Some(day) if day.0 > last => Err(against(rule, "/ends_on", Fault::OutOfRange)),
        Some(day) => Ok(day),
    }
}

/// A term that runs, or ran out.
fn open(post: &PostRow) -> AppResult<()> {
    match post.ended_on {
        None => Ok(()),
        Some(_) => Err(AppError::state_forbids(PostStanding::Ended, [""; 0])),
    }
}

/// The rule of a term's post.
fn rule_of(c: &mut DbConn, post: &PostRow) -> AppResult<(AssociationRow, RuleRow)> {
    let association = associations::find(c, post.association_id)?
        .ok_or_else(|| AppError::internal("a post without an association"))?;
    let rules = store::rules_of(c, association.kind)?;
    let rule = rules::of_every(&rules, post.post).cloned();
    let rule = rule.ok_or_else(|| AppError::internal("a post without a rule"))?;
    Ok((association, rule))
}

/// The term, locked after its association: no other term of it comes in meanwhile.
fn with_association(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
) -> AppResult<(Handle<PostRow>, Option<Handle<PersonRow>>)> {
    let (before, _) = store::visible(c, who, Action::PostWrite, id)?;
    associations::locked_row(c, before.association_id)?;
    store::locked(c, who, Action::PostWrite, id)
}

/// Applies a patch: `None` leaves a field, `Some(None)` empties it.
pub fn amend(c: &mut DbConn, who: &Who, id: Uid, version: i64, patch: &PostPatch) -> AppResult<()> {
    let (post, _) = with_association(c, who, id)?;
    if version != post.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    open(&post)?;
    let (_, rule) = rule_of(c, &post)?;
    let holds = Holds {
        position: patch.holds_position.unwrap_or(post.holds_position),
        five_elders: patch.five_elders.unwrap_or(post.five_elders),
        full_time: patch.full_time.unwrap_or(post.full_time),
        civil_servant: patch.civil_servant.unwrap_or(post.civil_servant),
    };
    keeps(&rule, &holds)?;
    if patch.ends_on.is_some() {
        let ends_on = until(&rule, post.begins_on, patch.ends_on)?;
        let terms = store::of_association(c, post.association_id)?;
        let wanted = (post.begins_on, ends_on);
        room(&terms, &rule, Some(post.id), wanted, "/ends_on")?;
    }
    let as_of = patch.as_of.unwrap_or(Day(who.at.china_day()));
    past(who, as_of, "/as_of")?;
    if patch.as_of.is_some_and(|day| day < post.begins_on) {
        return Err(AppError::field("/as_of", Fault::BadOrder));
    }
    let otherwise = Otherwise {
        ends_on: patch.ends_on,
        holds_position: patch.holds_position,
        full_time: patch.full_time,
        civil_servant: patch.civil_servant,
        five_elders: patch.five_elders,
        allowance: patch.allowance.map(|a| a.map(|m| m.0)),
    };
    if otherwise != Otherwise::default() {
        former_store::keep(c, &post, as_of, &otherwise)?;
    }
    let change = Amendment {
        version: post.version + 1,
        holds_position: patch.holds_position,
        full_time: patch.full_time,
        civil_servant: patch.civil_servant,
        managed_by_reference: patch.managed_by_reference,
        five_elders: patch.five_elders,
        retired: patch.retired,
        allowance: patch.allowance.map(|a| a.map(|m| m.0)),
        ends_on: patch.ends_on,
        updated_at: who.at,
    };
    store::amend(c, &post, &change)?;
    noted(
        c,
        who,
        &post,
        &serde_json::json!({ "fields": patch.fields() }),
    )
}

/// Ends a term on a day that has come.
pub fn end(c: &mut DbConn, who: &Who, id: Uid, given: &PostEnding) -> AppResult<()> {
    let (post, _) = store::locked(c, who, Action::PostWrite, id)?;
    open(&post)?;
    ends_on(who, &post, given.ended_on, "/ended_on")?;
    let ending = Ending {
        on: given.ended_on,
        because: given.reason.into(),
        at: who.at,
    };
    store::end(c, &post, ending)?;
    ended(c, who, &post, ending.because)
}

fn ends_on(who: &Who, post: &PostRow, day: Day, pointer: &str) -> AppResult<()> {
    past(who, day, pointer)?;
    match day < post.begins_on {
        true => Err(AppError::field(pointer, Fault::BadOrder)),
        false => Ok(()),
    }
}

/// The same holder is elected anew: the term ends, and another one begins on that day.
pub fn re_elect(c: &mut DbConn, who: &Who, id: Uid, given: &ReElection) -> AppResult<Uid> {
    let (post, person) = with_association(c, who, id)?;
    open(&post)?;
    ends_on(who, &post, given.elected_on, "/elected_on")?;
    if person.is_none() {
        return Err(AppError::state_forbids("nobody", [""; 0]));
    }
    let (association, rule) = rule_of(c, &post)?;
    if association.dissolved_on.is_some() {
        return Err(AppError::state_forbids(association.state(), [""; 0]));
    }
    let holds = Holds {
        position: post.holds_position,
        five_elders: post.five_elders,
        full_time: post.full_time,
        civil_servant: post.civil_servant,
    };
    // The level's rule may be another one since the last election.
    keeps(&rule, &holds)?;
    let ends_on = until(&rule, given.elected_on, given.ends_on)?;
    let terms = store::of_association(c, association.id)?;
    let wanted = (given.elected_on, ends_on);
    room(&terms, &rule, Some(post.id), wanted, "/elected_on")?;
    let ending = Ending {
        on: given.elected_on,
        because: PostEnd::ReElected,
        at: who.at,
    };
    store::end(c, &post, ending)?;
    let next = PostRow {
        id: Uid::new(who.at),
        version: 1,
        begins_on: given.elected_on,
        ends_on,
        term: post.term + 1,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
        ..PostRow::clone(&post)
    };
    store::insert_after(c, &post, &next)?;
    ended(c, who, &post, PostEnd::ReElected)?;
    noted(c, who, &next, &told("re_elected", &next))?;
    Ok(next.id)
}

fn told(what: &str, row: &PostRow) -> serde_json::Value {
    serde_json::json!({ "what": what, "kind": row.post, "person": row.person_id, "record": row.association_id })
}

/// The audit's entry of a term that ended.
pub fn ended(c: &mut DbConn, who: &Who, post: &PostRow, because: PostEnd) -> AppResult<()> {
    let facts = serde_json::json!({ "to": PostStanding::Ended, "person": post.person_id });
    let entry = Entry::new(Action::PostWrite, "post", post.id, post.place());
    let entry = entry.of(Some(post.area_id)).because(because.as_str());
    audit::record(c, who, entry.with(&facts))
}

fn noted(c: &mut DbConn, who: &Who, row: &PostRow, facts: &serde_json::Value) -> AppResult<()> {
    let entry = Entry::new(Action::PostWrite, "post", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(facts))
}

/// Whoever is shown in clear is noted before they are.
pub fn reveal(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    reason: &str,
) -> AppResult<crate::people::model::PersonRow> {
    let (post, _) = store::visible(c, who, Action::PostReveal, id)?;
    let person: Handle<_> = store::holder_of(c, &post)?;
    let entry = Entry::new(Action::PostReveal, "person", person.id, post.place());
    let entry = entry.of(Some(post.area_id)).because(reason);
    audit::record(c, who, entry)?;
    Ok(person.into_row())
}
