//! Making, listing, reading and amending households over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::feed::change;
use super::model::*;
use super::store;
use super::view::{Household, data_key, show};
use crate::areas::model::AreaRow;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError, Problem};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{Address, AreaCode, not_null};
use crate::page_of;
use crate::people;
use crate::residents::register::place;
use crate::state::App;
use crate::sync;

/// A new household. Its people follow, one by one, and its address after them: an address is kept only
/// while somebody of the household consents to registration.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "migrant", "area": "330402007024"}))]
pub struct NewHousehold {
    /// Made by the phone, if it likes.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    kind: HouseholdKind,
    /// The township or village where the household lives.
    area: AreaCode,
    /// Refused (`consent_required`), because nobody of a new household has consented yet: give it by
    /// `update_household` once somebody has.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    address: Option<Address>,
}

impl NewHousehold {
    /// Checks what needs no database and makes the key of what will rest.
    pub(super) fn seal(self, vault: &Vault, who: &Who) -> AppResult<Founding> {
        if self.address.is_some() {
            return Err(AppError::Problem(Box::new(Problem {
                errors: vec![FieldError::new("/address", Fault::Required)],
                ..Problem::new(Code::ConsentRequired)
            })));
        }
        let id = self.id.unwrap_or_else(|| Uid::new(who.at));
        Founding::new(vault, id, self.kind, self.area.into_string())
    }
}

/// A household with a data key of its own, ready for one write.
pub struct Founding {
    pub id: Uid,
    pub kind: HouseholdKind,
    pub area: String,
    pub data_key: Vec<u8>,
}

impl Founding {
    pub fn new(vault: &Vault, id: Uid, kind: HouseholdKind, area: String) -> AppResult<Founding> {
        let (_, data_key) = vault.new_data_key(id.0).map_err(AppError::internal)?;
        Ok(Founding {
            id,
            kind,
            area,
            data_key,
        })
    }

    /// The household's row, in the care of whoever founds it.
    pub fn row(&self, who: &Who, area: &AreaRow) -> HouseholdRow {
        HouseholdRow {
            id: self.id,
            version: 1,
            field_versions: sync::fields::NEW.into(),
            kind: self.kind,
            county: area.county.unwrap_or(Uid::NIL),
            town: area.town,
            village: area.village,
            area_id: area.id,
            area_code: area.code.clone(),
            data_key: self.data_key.clone(),
            address: None,
            contact_person_id: None,
            state: HouseholdState::Active,
            registered_by: who.user,
            assignee: None,
            created_at: who.at,
            updated_at: who.at,
        }
    }
}

/// Stores a household in an area of the caller's own.
pub fn establish(c: &mut DbConn, who: &Who, new: &Founding) -> AppResult<Uid> {
    who.may(Action::HouseholdWrite)?;
    let area = place(c, who, Action::HouseholdWrite, &new.area, "/area")?;
    let row = new.row(who, &area);
    store::insert(c, &row)?;
    let entry = Entry::new(Action::HouseholdWrite, "household", row.id, row.place());
    audit::record(c, who, entry.because("created"))?;
    sync::record_change(c, change(who, &row, row.version))?;
    Ok(row.id)
}

/// Found a household
///
/// At a township or village of one's own. People are added to it by `create_household_person` or
/// `join_household`, each by their own consent.
#[utoipa::path(tag = "households", request_body = NewHousehold, responses((status = 201, description = "The household", body = Household)))]
#[post("/households")]
pub async fn create_household(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewHousehold>,
) -> AppResult<HttpResponse> {
    who.may(Action::HouseholdWrite)?;
    let once = key.bind(&app.vault, who.user, "create_household", &body.raw);
    let new = body.value.seal(&app.vault, &who)?;
    let caller = who.clone();
    let row = app
        .db
        .write(move |c| {
            let made = once.run(c, caller.at, |c| establish(c, &caller, &new))?;
            let (Made::New(id) | Made::Before(id)) = made;
            Ok(store::visible(c, &caller, Action::HouseholdRead, id)?.into_row())
        })
        .await?;
    Ok(created("households", &show(&app.vault, &who, row)?))
}

page_of! {
    /// A page of households.
    HouseholdPage of Household
}

/// List households
///
/// Coordinators: those of their areas, masked. Field members: those they registered or are assigned to.
#[utoipa::path(tag = "households", params(PageParams), responses((status = 200, description = "A page of households", body = HouseholdPage)))]
#[get("/households")]
pub async fn list_households(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::HouseholdRead)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: "list_households".into(),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::HouseholdRead);
    let rows = app.db.read(move |c| store::list(c, &scope, page)).await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| show(&app.vault, &who, r))?;
    Ok(HttpResponse::Ok().json(HouseholdPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a household
///
/// As the caller may see it.
#[utoipa::path(tag = "households", params(("id" = Uid, Path, description = "The household's id")),
    responses((status = 200, description = "The household", body = Household)))]
#[get("/households/{id}")]
pub async fn get_household(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::HouseholdRead)?;
    let household = read(&app, &who, path_id(id)?).await?;
    Ok(found(&req, &household))
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Household> {
    let caller = who.clone();
    let row = app
        .db
        .read(move |c| Ok(store::visible(c, &caller, Action::HouseholdRead, id)?.into_row()))
        .await?;
    show(&app.vault, who, row)
}

/// A change of a household (JSON Merge Patch): absent members stay, `null` empties where that is allowed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "local", "address": "建设街道百福弄12号"}))]
pub struct HouseholdPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    kind: Option<HouseholdKind>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Address>)]
    address: Option<Option<Address>>,
    /// One of the household's people.
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Uid>)]
    contact_person_id: Option<Option<Uid>>,
}

/// Applies a patch to a household.
pub fn amend(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    version: Option<i64>,
    patch: &HouseholdPatch,
) -> AppResult<()> {
    let row = store::locked(c, who, Action::HouseholdWrite, id)?;
    if version.is_some_and(|v| v != row.version) {
        return Err(AppError::of(Code::VersionConflict));
    }
    if let Some(Some(person)) = patch.contact_person_id
        && !people::store::belongs(c, person, id)?
    {
        return Err(AppError::field("/contact_person_id", Fault::NoSuchRecord));
    }
    if let Some(Some(_)) = &patch.address {
        let purpose = people::model::Purpose::Registration;
        let at = Some("/address".to_owned());
        people::consents::require_of_household(c, id, purpose, at)?;
    }
    let address = match &patch.address {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(Some(
            data_key(vault, &row)?
                .seal("households.address", id.0, text.as_str())
                .map_err(AppError::internal)?,
        )),
    };
    let fields: Vec<&str> = [
        ("kind", patch.kind.is_some()),
        ("address", patch.address.is_some()),
        ("contact_person_id", patch.contact_person_id.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, given)| given.then_some(name))
    .collect();
    let next = row.version + 1;
    let amendment = store::Amendment {
        version: next,
        field_versions: sync::touch(&row.field_versions, next, &fields),
        kind: patch.kind,
        address,
        contact_person_id: patch.contact_person_id,
        updated_at: who.at,
    };
    store::amend(c, &row, &amendment)?;
    audit::record(
        c,
        who,
        Entry::new(Action::HouseholdWrite, "household", id, row.place())
            .with(&serde_json::json!({ "fields": fields })),
    )?;
    sync::record_change(c, change(who, &row, next))
}

/// Amend a household
///
/// JSON Merge Patch with `If-Match`. The contact is one of the household's people. An address needs
/// somebody of the household who consents to registration (`consent_required`, `consent_withdrawn`); it
/// is destroyed with the last such consent.
#[utoipa::path(tag = "households", request_body = HouseholdPatch, params(("id" = Uid, Path, description = "The household's id")),
    responses((status = 200, description = "The household after the change", body = Household)))]
#[patch("/households/{id}")]
pub async fn update_household(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<HouseholdPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::HouseholdWrite)?;
    let id = path_id(id)?;
    let (vault, caller, patch) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| amend(c, &vault, &caller, id, Some(version.0), &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
