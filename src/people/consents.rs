//! Consent (同意): per purpose, to a versioned text, given and withdrawn freely.
//!
//! Withdrawing `registration` restricts the person at once: stored, and nothing else. The commands here
//! are those of every person; who asks for them, as a resident or as one of a household, stands in
//! `residents::consents` and `households::consents`.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::feed::{self, Seen};
use super::fields::{self, Clear};
use super::model::*;
use super::store::{self, Standing};
use crate::audit::{self, Entry};
use crate::auth::rights::By;
use crate::auth::{Action, Handle, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError, Problem};
use crate::http::page::Cursor;
use crate::http::precondition::Tagged;
use crate::http::text::{Int, Note, not_null};
use crate::privacy::erasure;
use crate::state::App;
use crate::sync::{self, Kind};
use crate::{
    associations, duplicates, households, insurance, liaison, page_of, residents, services, visits,
};

/// A text that people are asked to agree to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentText {
    pub purpose: Purpose,
    /// To be sent back with the consent.
    #[schema(minimum = 1, maximum = 100000, example = 1)]
    pub text_version: i64,
    pub language: TextLanguage,
    /// What the data is used for.
    #[schema(value_type = Note)]
    pub purpose_text: String,
    /// How it is used and kept.
    #[schema(value_type = Note)]
    pub manner_text: String,
    /// Which kinds of data.
    #[schema(value_type = Note)]
    pub kinds_text: String,
    /// To whom it is passed on, with contact; nobody, if so.
    #[schema(value_type = Note)]
    pub recipient_text: String,
}

/// The texts in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentTextList {
    /// One for each purpose and language.
    #[schema(max_items = 200)]
    pub items: Vec<ConsentText>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

/// The texts in force on a day.
pub fn texts(c: &mut DbConn, today: Day) -> AppResult<Vec<ConsentText>> {
    let rows = store::texts_in_force(c, today)?.into_iter();
    Ok(rows
        .map(|r| ConsentText {
            purpose: r.purpose,
            text_version: r.text_version,
            language: r.language,
            purpose_text: r.purpose_text,
            manner_text: r.manner_text,
            kinds_text: r.kinds_text,
            recipient_text: r.recipient_text,
        })
        .collect())
}

/// List the consent texts
///
/// What to show before asking: purpose, manner, kinds of data and recipient, in zh-CN and en.
#[utoipa::path(tag = "consents", responses((status = 200, description = "The texts in force", body = ConsentTextList)))]
#[get("/consent-texts")]
pub async fn list_consent_texts(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::ConsentTextRead)?;
    let today = Day(who.at.china_day());
    let items = app.db.read(move |c| texts(c, today)).await?;
    Ok(HttpResponse::Ok().json(ConsentTextList {
        items,
        next_cursor: None,
    }))
}

/// A consent as it was given.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub purpose: Purpose,
    /// The version of the text that was shown.
    #[schema(value_type = i64, minimum = 1, maximum = 100000, example = 1)]
    pub text_version: Int<1, 100000>,
    pub language: TextLanguage,
    #[serde(deserialize_with = "told_to_staff")]
    #[schema(value_type = StaffChannel)]
    pub channel: ConsentChannel,
    pub given_by: GivenBy,
    /// The person came back to it of their own accord. Without it a consent is not recorded within a year after
    /// they refused or withdrew, unless the text is another one: nobody is asked again and again.
    #[serde(default)]
    #[schema(example = false)]
    pub own_wish: bool,
}

/// That somebody was asked and said no.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRefusal {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub purpose: Purpose,
    /// The version of the text that was shown.
    #[schema(value_type = i64, minimum = 1, maximum = 100000, example = 1)]
    pub text_version: Int<1, 100000>,
    pub language: TextLanguage,
    #[serde(deserialize_with = "told_to_staff")]
    #[schema(value_type = StaffChannel)]
    pub channel: ConsentChannel,
    /// Who said so.
    pub given_by: GivenBy,
}

/// Stores a consent with its feed rows for those who see it; the caller's write holds the person's lock.
pub fn give(
    c: &mut DbConn,
    who: &Who,
    person: &PersonRow,
    seen: Seen,
    new: &NewConsent,
    at: &str,
) -> AppResult<ConsentRow> {
    check_text(c, who, new, at)?;
    let row = answered(who, person, new);
    // Afterwards it can be asked whether somebody came back to it, or was asked again.
    let facts = new
        .own_wish
        .then_some(serde_json::json!({ "what": "own_wish" }));
    keep(c, who, person, seen, row, (new.purpose.as_str(), facts))
}

/// Whoever answered was shown the text in force.
fn check_text(c: &mut DbConn, who: &Who, new: &NewConsent, at: &str) -> AppResult<()> {
    let today = Day(who.at.china_day());
    if store::text_in_force(c, new.purpose, new.language, new.text_version.0, today)? {
        return Ok(());
    }
    Err(AppError::field(
        format!("{at}/text_version"),
        Fault::OldText,
    ))
}

/// A consent as it is given now.
fn answered(who: &Who, person: &PersonRow, new: &NewConsent) -> ConsentRow {
    ConsentRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        person_id: person.id,
        purpose: new.purpose,
        text_version: new.text_version.0,
        language: new.language,
        channel: new.channel,
        given_by: new.given_by,
        given_at: who.at,
        witnessed_by: who.account(),
        withdrawn_at: None,
        withdrawn_channel: None,
        withdrawal_recorded_by: None,
        refused: false,
    }
}

fn keep(
    c: &mut DbConn,
    who: &Who,
    person: &PersonRow,
    seen: Seen,
    row: ConsentRow,
    (why, facts): (&str, Option<serde_json::Value>),
) -> AppResult<ConsentRow> {
    store::insert_consent(c, &row)?;
    let mut entry = Entry::new(Action::ConsentWrite, "consent", row.id, person.place());
    if let Some(facts) = &facts {
        entry = entry.with(facts);
    }
    audit::record(c, who, entry.because(why))?;
    sync::record_change(c, seen.change(who, Kind::Consent, row.id, row.version))?;
    Ok(row)
}

/// When somebody was born, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Birth {
    /// From the identity document, which alone knows the day.
    pub day: Option<jiff::civil::Date>,
    pub year: Option<i64>,
}

impl Birth {
    /// Of somebody whose fields are at hand in clear.
    pub fn of(clear: &Clear, year: Option<i64>, today: jiff::civil::Date) -> Birth {
        let day = clear
            .document
            .as_ref()
            .and_then(|(kind, number)| fields::birth_date(*kind, number, today));
        Birth { day, year }
    }

    /// Under 14; with a year of birth alone until the end of the year they turn 14.
    pub fn is_child(&self, today: jiff::civil::Date) -> bool {
        const AGE: i16 = 14;
        match (self.day, self.year) {
            (Some(day), _) => {
                let years = today.year() - day.year();
                let had_birthday = (today.month(), today.day()) >= (day.month(), day.day());
                years < AGE || (years == AGE && !had_birthday)
            }
            (None, Some(year)) => i64::from(today.year()) <= year + i64::from(AGE),
            (None, None) => false,
        }
    }
}

/// For a child a guardian decides.
pub fn check_guardian(
    birth: Birth,
    today: jiff::civil::Date,
    given: &NewConsent,
    at: &str,
) -> AppResult<()> {
    if birth.is_child(today) && given.given_by != GivenBy::Guardian {
        return Err(AppError::field(format!("{at}/given_by"), Fault::NotFitting));
    }
    Ok(())
}

/// Refuses what a purpose is needed for: `consent_required` of somebody who never agreed to it,
/// `consent_withdrawn` of somebody who no longer does.
pub fn require(
    c: &mut DbConn,
    person: &PersonRow,
    purpose: Purpose,
    pointer: Option<String>,
) -> AppResult<()> {
    let standing = match person.state {
        PersonState::Active => store::standing(c, person.id, purpose)?,
        // Restricted: stored, and nothing else.
        _ => Standing::Withdrawn,
    };
    answer(standing, pointer)
}

/// The same of a household: somebody of it agrees.
pub fn require_of_household(
    c: &mut DbConn,
    household: Uid,
    purpose: Purpose,
    pointer: Option<String>,
) -> AppResult<()> {
    answer(
        store::standing_of_household(c, household, purpose)?,
        pointer,
    )
}

fn answer(standing: Standing, pointer: Option<String>) -> AppResult<()> {
    let (code, fault) = match standing {
        Standing::Live => return Ok(()),
        Standing::Withdrawn => (Code::ConsentWithdrawn, Fault::NotFitting),
        Standing::Never => (Code::ConsentRequired, Fault::Required),
    };
    let errors = pointer.map(|at| vec![FieldError::new(at, fault)]);
    Err(AppError::Problem(Box::new(Problem {
        errors: errors.unwrap_or_default(),
        ..Problem::new(code)
    })))
}

/// How long nobody is asked again who said no.
const ASK_AGAIN: i64 = 365 * Micros::DAY;

/// Refuses what comes of asking somebody who said no less than a year ago, to this text or a newer one.
fn not_asked_again(
    c: &mut DbConn,
    who: &Who,
    person: &PersonRow,
    new: &NewConsent,
) -> AppResult<()> {
    let last = store::last_no(c, person.id, new.purpose)?;
    match last.is_some_and(|last| too_soon(last, new.text_version.0, who.at)) {
        true => Err(AppError::field("/purpose", Fault::AskedAgain)),
        false => Ok(()),
    }
}

/// Whether somebody who said no then, to that text, was not to be asked about this one yet.
pub fn too_soon(last_no: (Micros, i64), text: i64, at: Micros) -> bool {
    let (when, to) = last_no;
    when.plus(ASK_AGAIN) > at && text <= to
}

/// How an answer of somebody known is noted: [`record`] or [`refuse`].
pub type Noting<T> = fn(&mut DbConn, &Vault, &Who, &Handle<PersonRow>, &T) -> AppResult<ConsentRow>;

/// Notes that somebody known was asked and said no.
pub fn refuse(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    person: &Handle<PersonRow>,
    said: &NewRefusal,
) -> AppResult<ConsentRow> {
    let asked = NewConsent {
        id: said.id,
        purpose: said.purpose,
        text_version: said.text_version,
        language: said.language,
        channel: said.channel,
        given_by: said.given_by,
        own_wish: false,
    };
    let today = who.at.china_day();
    let (_, clear) = fields::open(vault, person)?;
    check_guardian(
        Birth::of(&clear, person.birth_year, today),
        today,
        &asked,
        "",
    )?;
    check_text(c, who, &asked, "")?;
    if store::consenting(c, person.id, said.purpose)? {
        return Err(AppError::state_forbids("given", ["withdrawal"]));
    }
    not_asked_again(c, who, person, &asked)?;
    let row = ConsentRow {
        withdrawn_at: Some(who.at),
        withdrawn_channel: Some(said.channel),
        withdrawal_recorded_by: who.account(),
        refused: true,
        ..answered(who, person, &asked)
    };
    let seen = feed::consents_seen(c, who, person)?;
    keep(c, who, person, seen, row, ("refused", None))
}

/// Records a consent of somebody known, with its feed rows.
pub fn record(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    person: &Handle<PersonRow>,
    new: &NewConsent,
) -> AppResult<ConsentRow> {
    let today = who.at.china_day();
    let (_, clear) = fields::open(vault, person)?;
    check_guardian(Birth::of(&clear, person.birth_year, today), today, new, "")?;
    // By their own receipt nobody asked them.
    if !new.own_wish && who.by == By::Account {
        not_asked_again(c, who, person, new)?;
    }
    let seen = feed::consents_seen(c, who, person)?;
    // Who agrees to a newer text no longer agrees to the older one; nothing else ends with that.
    let (purpose, text) = (new.purpose, new.text_version.0);
    if let Some(older) = store::live_to_older_text(c, person.id, purpose, text)? {
        store::withdraw_consent(c, &older, Some(new.channel), who.account(), who.at)?;
        let ended = seen.change(who, Kind::Consent, older.id, older.version + 1);
        sync::record_change(c, ended)?;
    }
    let consent = give(c, who, person, seen, new, "")?;
    if purpose == Purpose::Insurance {
        insurance::ends::shown_anew(c, who, person.id)?;
    }
    households::feed::person_changed(c, who, person, person.version)?;
    Ok(consent)
}

/// Ends a consent, and with that of `registration`, or the last one, the use of the person's data.
pub fn withdraw(
    c: &mut DbConn,
    who: &Who,
    person: &Handle<PersonRow>,
    consent: Uid,
    channel: ConsentChannel,
) -> AppResult<ConsentRow> {
    let found = store::lock_consent(c, consent)?
        .filter(|k| k.person_id == person.id)
        .ok_or_else(AppError::not_found)?;
    if found.withdrawn_at.is_some() {
        return Err(AppError::state_forbids("withdrawn", [""; 0]));
    }
    store::withdraw_consent(c, &found, Some(channel), who.account(), who.at)?;
    let entry = Entry::new(Action::ConsentWrite, "consent", found.id, person.place());
    audit::record(c, who, entry.because("withdrawn"))?;
    let found = store::lock_consent(c, consent)?.ok_or_else(AppError::not_found)?;
    let seen = feed::consents_seen(c, who, person)?;
    let told = seen.change(who, Kind::Consent, found.id, found.version);
    if person.state != PersonState::Active {
        // Kept out of use already: no phone holds anything of theirs.
        return sync::record_change(c, told.deleted()).map(|()| found);
    }
    sync::record_change(c, told)?;
    if found.purpose == Purpose::Registration || !store::consents_at_all(c, person.id)? {
        restrict(c, who, person, "person_withdrew")?;
        erasure::ask(c, person, erasure::Cause::Withdrawn, who.at)?;
    } else {
        if found.purpose == Purpose::LiaisonWithHomeArea {
            duplicates::store::untell(c, person.id)?;
            liaison::ends::withdrawn(c, who, person)?;
        }
        if found.purpose == Purpose::Membership {
            associations::members::ends::of_person(c, who, person)?;
        }
        if found.purpose == Purpose::ServiceFollowUp {
            services::feed::follow_ups_withdrawn(c, who, person)?;
            if let Some(household) = person.household_id {
                visits::follow_ups::if_nobody_agrees(c, who, household)?;
            }
        }
        if found.purpose == Purpose::Insurance {
            insurance::ends::shown_anew(c, who, person.id)?;
        }
        liaison::ends::purpose_withdrawn(c, who, person, found.purpose)?;
        households::feed::person_changed(c, who, person, person.version)?;
    }
    Ok(found)
}

/// Ends a consent whose purpose is over: nobody said no, and they may be asked again. With their last consent somebody
/// is kept out of use, and erased.
pub fn lapse(c: &mut DbConn, who: &Who, person: &Handle<PersonRow>, consent: Uid) -> AppResult<()> {
    let found = store::lock_consent(c, consent)?;
    let Some(found) = found.filter(|k| k.person_id == person.id && k.withdrawn_at.is_none()) else {
        return Ok(());
    };
    store::withdraw_consent(c, &found, None, None, who.at)?;
    let entry = Entry::new(Action::ConsentWrite, "consent", found.id, person.place());
    audit::record(c, who, entry.because("purpose_over"))?;
    let seen = feed::consents_seen(c, who, person)?;
    let told = seen.change(who, Kind::Consent, found.id, found.version + 1);
    sync::record_change(c, told)?;
    if store::consents_at_all(c, person.id)? {
        return households::feed::person_changed(c, who, person, person.version);
    }
    restrict(c, who, person, "purpose_over")?;
    erasure::ask(c, person, erasure::Cause::Withdrawn, who.at)
}

/// Keeps a person's data out of use from now on: stored, and nothing else, until it is erased.
pub fn restrict(c: &mut DbConn, who: &Who, person: &Handle<PersonRow>, why: &str) -> AppResult<()> {
    let seen = feed::consents_seen(c, who, person)?;
    store::set_state(c, person, PersonState::Restricted, who.at)?;
    liaison::ends::restricted(c, who, person)?;
    associations::members::ends::of_person(c, who, person)?;
    residents::feed::restrict(c, who, person)?;
    for (id, version) in store::consent_versions(c, person.id)? {
        let gone = seen.change(who, Kind::Consent, id, version).deleted();
        sync::record_change(c, gone)?;
    }
    households::people::leave(c, who, person, why)?;
    insurance::ends::shown_anew(c, who, person.id)?;
    match person.household_id {
        Some(household) => visits::follow_ups::if_nobody_agrees(c, who, household),
        None => Ok(()),
    }
}

/// A consent, live or withdrawn.
#[derive(Debug, Serialize, ToSchema)]
pub struct Consent {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub person_id: Uid,
    pub purpose: Purpose,
    /// The version of the text that was shown.
    #[schema(minimum = 1, maximum = 100000, example = 1)]
    pub text_version: i64,
    pub language: TextLanguage,
    pub channel: ConsentChannel,
    pub given_by: GivenBy,
    pub given_at: Micros,
    /// Null where the person gave it by their own receipt.
    pub witnessed_by: Option<Uid>,
    pub withdrawn_at: Option<Micros>,
    pub withdrawn_channel: Option<ConsentChannel>,
    /// The person was asked and said no: it was never given, and `given_at` is when they said so. For a year
    /// after that, and after a withdrawal, do not ask again.
    #[schema(example = false)]
    pub refused: bool,
}

page_of! {
    /// A page of consents.
    ConsentPage of Consent
}

impl Tagged for Consent {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl From<ConsentRow> for Consent {
    fn from(r: ConsentRow) -> Self {
        Consent {
            id: r.id,
            version: r.version,
            person_id: r.person_id,
            purpose: r.purpose,
            text_version: r.text_version,
            language: r.language,
            channel: r.channel,
            given_by: r.given_by,
            given_at: r.given_at,
            witnessed_by: r.witnessed_by,
            withdrawn_at: r.withdrawn_at,
            withdrawn_channel: r.withdrawn_channel,
            refused: r.refused,
        }
    }
}

/// How a consent was withdrawn.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    #[serde(deserialize_with = "told_to_staff")]
    #[schema(value_type = StaffChannel)]
    pub channel: ConsentChannel,
}
