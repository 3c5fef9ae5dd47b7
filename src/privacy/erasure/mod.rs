//! Erasure (删除): what is known of a person goes from everywhere, and does not come back.
//!
//! It begins at once, by restricting: from the moment somebody withdraws, nobody sees or uses anything about
//! them. Some days later, or at once where they asked for it, a job ends whatever the register of what rests
//! (`resting`) says is theirs (`ends`): rows, blind indexes, inbox entries and queued pushes, work that waits;
//! phones are told by the feed. Their row stays as one of nobody, for what points at it, and its key is gone.
//!
//! Each erasure is written into a journal beside the keys (`journal`) before it is done. A database that was put
//! back to an older backup knows people again who were erased: they are erased again before anything is served.
//! The space that was freed is cleaned soon after (`scrub`).

pub mod ends;
pub mod journal;
pub mod purposes;
pub mod retention;
pub mod scrub;
pub mod store;

use actix_web::web;

use crate::audit::{self, Entry};
use crate::auth::rights::By;
use crate::auth::{Action, Handle, Place, Placed, Who};
use crate::db::{DbConn, Micros, Uid, transact};
use crate::error::{AppError, AppResult, Code};
use crate::people::consents;
use crate::people::model::{PersonRow, PersonState};
use crate::privacy::{requests, requests_store};
use crate::state::App;
use crate::{people, text_enum};
use journal::{Journal, Line};

text_enum! {
    /// Why somebody's data goes.
    Cause {
        Withdrawn = "withdrawn",
        Requested = "requested",
        Retention = "retention",
        Restored = "restored",
    }
}
text_enum! {
    /// How far an erasure is: it waits; it is written in the journal; the data is gone; its space is cleaned.
    State { Due = "due", Erasing = "erasing", Erased = "erased", Scrubbed = "scrubbed" }
}

/// People erased in one step of the job.
const AT_ONCE: i64 = 20;

/// Notes that a person's data is to go. Whoever asks has restricted the person by then, or does so in this write.
pub fn ask(c: &mut DbConn, person: &Handle<PersonRow>, cause: Cause, at: Micros) -> AppResult<()> {
    store::ask(c, person.id, cause, at)
}

/// Restricts somebody who asked to be erased, and has them erased at the next step of the job.
pub fn ask_now(c: &mut DbConn, who: &Who, person: &Handle<PersonRow>) -> AppResult<()> {
    if person.state == PersonState::Active {
        consents::restrict(c, who, person, "person_withdrew")?;
    }
    ask(c, person, Cause::Requested, who.at)
}

/// A phone that was away sends what it made once more: who was erased meanwhile stays so.
pub fn refuse_erased(c: &mut DbConn, id: Uid) -> AppResult<()> {
    match store::was_erased(c, id)? {
        true => Err(AppError::of(Code::AlreadyExists)),
        false => Ok(()),
    }
}

/// One step of the job: erases those whose time has come. True when more may be due.
pub async fn run(app: &web::Data<App>) -> AppResult<bool> {
    let now = app.clock.now();
    let before = now.plus(-app.config.erase_after_days * Micros::DAY);
    let due = app
        .db
        .read(move |c| store::due(c, now, before, AT_ONCE))
        .await?;
    let more = due.len() as i64 >= AT_ONCE;
    for person in due {
        // One that fails is tried again, and keeps no other one.
        if let Err(cause) = run_one(app, person, now).await {
            tracing::error!(%person, ?cause, "an erasure failed; it is tried again");
        }
    }
    Ok(more)
}

async fn run_one(app: &web::Data<App>, person: Uid, now: Micros) -> AppResult<()> {
    // From here on it will be done, whatever happens: the journal may say so.
    let Some(ids) = app.db.write(move |c| store::begin(c, person)).await? else {
        return Ok(());
    };
    let line = Line { at: now, ids };
    with_journal(app, move |journal| journal.note(&[line])).await?;
    app.db.write(move |c| erase(c, person, now)).await?;
    app.names.forget();
    Ok(())
}

/// Does something with the journal, a file, beside the threads that answer.
async fn with_journal<T: Send + 'static>(
    app: &web::Data<App>,
    f: impl FnOnce(&Journal) -> std::io::Result<T> + Send + 'static,
) -> AppResult<T> {
    let data = app.clone();
    let done = web::block(move || f(&data.journal)).await;
    done.map_err(AppError::internal)?
        .map_err(AppError::internal)
}

/// Ends what is known of a person: one transaction.
fn erase(c: &mut DbConn, id: Uid, now: Micros) -> AppResult<()> {
    let who = Who::without_account(By::Service, now, format!("erasure-{id}").into());
    // Under whichever ids phones know them.
    if let Some(ids) = store::begin(c, id)? {
        store::remember(c, &ids)?;
    }
    let row = people::store::lock(c, id)?.filter(|p| p.state != PersonState::Erased);
    let Some(row) = row else {
        answered(c, &who, &[id])?;
        return store::erased(c, id, now);
    };
    let mut person = who.authorise(Action::PersonErase, Some(row))?;
    if person.state == PersonState::Active {
        consents::restrict(c, &who, &person, "person_withdrew")?;
        let again = people::store::lock(c, id)?;
        person = who.authorise(Action::PersonErase, again)?;
    }
    let all = ends::of_person(c, &person, now)?;
    answered(c, &who, &all)?;
    // The county is all that is left of where they lived.
    let place = Place {
        county: person.place().county,
        ..Place::default()
    };
    audit::record(
        c,
        &who,
        Entry::new(Action::PersonErase, "person", id, place),
    )?;
    store::erased(c, id, now)?;
    // Whoever was merged into them went with them, and an older backup knows them as somebody of their own.
    for other in all.into_iter().filter(|other| *other != id) {
        store::gone_with(c, id, other, now)?;
    }
    Ok(())
}

/// Who asked to be erased has their answer, under whichever of their records they asked.
fn answered(c: &mut DbConn, who: &Who, people: &[Uid]) -> AppResult<()> {
    for person in people {
        for request in requests_store::erasures_of(c, *person)? {
            requests::carried_out(c, who, &request)?;
        }
    }
    Ok(())
}

/// Erases again whom the journal knows and this database has back: before anything is served, on a connection of
/// one's own. Answers how many there were.
pub fn replay(c: &mut DbConn, journal: &Journal, now: Micros) -> Result<usize, String> {
    let told = |e: AppError| format!("cannot erase again who was erased: {e}");
    let known = journal.all().map_err(|e| e.to_string())?;
    let mut again = 0;
    for some in known.chunks(500) {
        let back = transact(c, |c| store::back(c, some, now)).map_err(told)?;
        for person in back {
            transact(c, |c| erase(c, person, now)).map_err(told)?;
            again += 1;
        }
    }
    Ok(again)
}

/// The same under a running server, whose database was put back beneath it.
pub async fn replay_running(app: &web::Data<App>) -> AppResult<usize> {
    let now = app.clock.now();
    let known = with_journal(app, Journal::all).await?;
    let mut again = 0;
    for some in known.chunks(500) {
        let some = some.to_vec();
        let back = app.db.write(move |c| store::back(c, &some, now)).await?;
        again += back.len();
    }
    while run(app).await? {}
    Ok(again)
}

/// Writes into this machine's journal what other machines erased: after a start all of it, for this one may have
/// been away while it was done, and then what is new.
pub async fn keep_journal(app: &web::Data<App>) -> AppResult<()> {
    let since = app.journal.compared();
    let done = app.db.read(move |c| store::erased_since(c, since)).await?;
    with_journal(app, move |journal| journal.compare(&done)).await
}
