//! Consent (同意): per purpose, to a versioned text, given and withdrawn freely.
//!
//! Withdrawing `registration` restricts the person at once: stored, and nothing else.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::model::*;
use super::store;
use crate::audit::{self, Entry};
use crate::auth::{Action, Place, Who};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::{Tagged, changed, created};
use crate::http::text::{Int, Note, not_null};
use crate::page_of;
use crate::residents;
use crate::state::App;
use crate::sync::{self, Change, Kind};

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

/// List the consent texts
///
/// What to show before asking: purpose, manner, kinds of data and recipient, in zh-CN and en.
#[utoipa::path(tag = "consents", responses((status = 200, description = "The texts in force", body = ConsentTextList)))]
#[get("/consent-texts")]
pub async fn list_consent_texts(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::ConsentTextRead)?;
    let today = Day(who.at.china_day());
    let rows = app
        .db
        .read(move |c| store::texts_in_force(c, today))
        .await?;
    let items = rows
        .into_iter()
        .map(|r| ConsentText {
            purpose: r.purpose,
            text_version: r.text_version,
            language: r.language,
            purpose_text: r.purpose_text,
            manner_text: r.manner_text,
            kinds_text: r.kinds_text,
            recipient_text: r.recipient_text,
        })
        .collect();
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
    pub channel: ConsentChannel,
    pub given_by: GivenBy,
}

/// Stores a consent; the caller's write holds the person's lock.
pub fn give(
    c: &mut DbConn,
    who: &Who,
    person: Uid,
    place: Place,
    new: &NewConsent,
    at: &str,
) -> AppResult<ConsentRow> {
    let today = Day(who.at.china_day());
    if !store::text_in_force(c, new.purpose, new.language, new.text_version.0, today)? {
        return Err(AppError::field(
            format!("{at}/text_version"),
            Fault::OldText,
        ));
    }
    let row = ConsentRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        person_id: person,
        purpose: new.purpose,
        text_version: new.text_version.0,
        language: new.language,
        channel: new.channel,
        given_by: new.given_by,
        given_at: who.at,
        witnessed_by: who.user,
        withdrawn_at: None,
        withdrawn_channel: None,
        withdrawal_recorded_by: None,
    };
    store::insert_consent(c, &row)?;
    audit::record(
        c,
        who,
        Entry::new(Action::ConsentWrite, "consent", row.id, place).because(new.purpose.as_str()),
    )?;
    Ok(row)
}

/// Under 14 a guardian decides; with a year of birth alone until the end of the year they turn 14.
pub fn check_guardian(
    birth_year: Option<i64>,
    today: jiff::civil::Date,
    given: &NewConsent,
    at: &str,
) -> AppResult<()> {
    let minor = birth_year.is_some_and(|year| i64::from(today.year()) <= year + 14);
    if minor && given.given_by != GivenBy::Guardian {
        return Err(AppError::field(format!("{at}/given_by"), Fault::NotFitting));
    }
    Ok(())
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
    pub witnessed_by: Uid,
    pub withdrawn_at: Option<Micros>,
    pub withdrawn_channel: Option<ConsentChannel>,
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
        }
    }
}

/// List a resident's consents
///
/// All of them, withdrawn ones too, newest first.
#[utoipa::path(tag = "consents", params(PageParams, ("id" = Uid, Path, description = "The resident's id")),
    responses((status = 200, description = "A page of consents", body = ConsentPage)))]
#[get("/residents/{id}/consents")]
pub async fn list_consents(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConsentRead)?;
    let id = path_id(id)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_consents {id}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app
        .db
        .read(move |c| {
            let resident = residents::store::visible(c, &who, Action::ConsentRead, id)?;
            store::consents_of(c, resident.person_id, page)
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| Ok(Consent::from(r)))?;
    Ok(HttpResponse::Ok().json(ConsentPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Record a consent
///
/// To one purpose, to the text now in force. One consent a purpose is alive at a time.
#[utoipa::path(tag = "consents", request_body = NewConsent, params(("id" = Uid, Path, description = "The resident's id")),
    responses((status = 201, description = "The consent", body = Consent)))]
#[post("/residents/{id}/consents")]
pub async fn create_consent(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewConsent>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConsentWrite)?;
    let resident = path_id(id)?;
    let once = key.bind(&app.vault, who.user, "create_consent", &body.raw);
    let new = body.value;
    let row = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| {
                let (row, person) =
                    residents::store::locked(c, &who, Action::ConsentWrite, resident)?;
                check_guardian(person.birth_year, who.at.china_day(), &new, "")?;
                let consent = give(
                    c,
                    &who,
                    person.id,
                    crate::auth::Placed::place(&*person),
                    &new,
                    "",
                )?;
                sync::record_change(c, change(&row, &consent, who.at))?;
                Ok(consent.id)
            })?;
            if let Made::Before(_) = made {
                residents::store::visible(c, &who, Action::ConsentRead, resident)?;
            }
            let (Made::New(id) | Made::Before(id)) = made;
            store::lock_consent(c, id)?.ok_or_else(AppError::not_found)
        })
        .await?;
    Ok(created(
        &format!("residents/{resident}/consents"),
        &Consent::from(row),
    ))
}

fn change(resident: &residents::model::ResidentRow, consent: &ConsentRow, at: Micros) -> Change {
    Change::upsert(
        Kind::Consent,
        consent.id,
        consent.version,
        crate::auth::Placed::place(resident),
        at,
    )
    .assigned(resident.assignee)
}

/// How a consent was withdrawn.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    channel: ConsentChannel,
}

/// Withdraw a consent
///
/// The purpose ends at once. Withdrawing `registration` restricts the resident: the record is kept out
/// of every list, look-up and phone, and its deletion begins.
#[utoipa::path(tag = "consents", request_body = Withdrawal,
    params(("id" = Uid, Path, description = "The resident's id"), ("consent_id" = Uid, Path, description = "The consent's id")),
    responses((status = 200, description = "The withdrawn consent", body = Consent)))]
#[post("/residents/{id}/consents/{consent_id}/withdrawal")]
pub async fn withdraw_consent(
    app: web::Data<App>,
    who: Who,
    ids: web::Path<(String, String)>,
    body: Body<Withdrawal>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConsentWrite)?;
    let (resident, consent) = ids.into_inner();
    let parse = |text: &str| text.parse::<Uid>().map_err(|_| AppError::not_found());
    let (resident, consent) = (parse(&resident)?, parse(&consent)?);
    let channel = body.value.channel;
    let row = app
        .db
        .write(move |c| {
            let (row, person) = residents::store::locked(c, &who, Action::ConsentWrite, resident)?;
            let found = store::lock_consent(c, consent)?
                .filter(|k| k.person_id == person.id)
                .ok_or_else(AppError::not_found)?;
            if found.withdrawn_at.is_some() {
                return Err(AppError::state_forbids("withdrawn", [""; 0]));
            }
            store::withdraw_consent(c, &found, channel, who.user, who.at)?;
            let place = crate::auth::Placed::place(&*person);
            audit::record(
                c,
                &who,
                Entry::new(Action::ConsentWrite, "consent", found.id, place).because("withdrawn"),
            )?;
            let found = store::lock_consent(c, consent)?.ok_or_else(AppError::not_found)?;
            sync::record_change(c, change(&row, &found, who.at))?;
            if found.purpose == Purpose::Registration {
                store::set_state(c, &person, PersonState::Restricted, who.at)?;
                residents::store::restrict(c, &row, who.at)?;
                let gone = Change::upsert(Kind::Resident, row.id, row.version + 1, place, who.at)
                    .assigned(row.assignee);
                sync::record_change(c, gone.about_people().deleted())?;
            }
            Ok(found)
        })
        .await?;
    Ok(changed(&Consent::from(row)))
}
