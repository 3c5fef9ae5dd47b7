//! Amending a draft, by REST and by phones that were away: the fields it may tell, to whom it goes, and its words. Its
//! kind and whom it is about stay, and once it is sent nothing of it changes.

use actix_web::{HttpResponse, patch, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::drafts::{self, Draft};
use super::model::*;
use super::steps::standing;
use super::values::{self, NOTE};
use super::view::LiaisonNotice;
use super::{drafts_store, feed, store};
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::{IfMatch, changed};
use crate::http::text::{AreaCode, Int, Label, Note, UpTo, not_null};
use crate::state::App;
use crate::sync;

/// A change of a draft (JSON Merge Patch). Its kind and whom it is about stay.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"fields": ["name"], "note": "请协助核对。"}))]
pub struct LiaisonNoticePatch {
    /// What it may tell, in the place of what it might before.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<Vec<LiaisonField>>, nullable = false, max_items = 20)]
    fields: Option<UpTo<20, LiaisonField>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    to_area: Option<AreaCode>,
    /// An office with an installation of its own. Named by itself it stands in the place of an office by letter.
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Uid>)]
    peer_id: Option<Option<Uid>>,
    /// An office without one. Named by itself it stands in the place of an installation.
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Label>)]
    office: Option<Option<Label>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<Vec<LiaisonTopic>>, nullable = false, max_items = 10)]
    topics: Option<UpTo<10, LiaisonTopic>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Note>)]
    note: Option<Option<Note>>,
    /// Working days for an answer.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 60, example = 10)]
    due_days: Option<Int<1, 60>>,
}

impl LiaisonNoticePatch {
    /// The names of the fields that it changes.
    fn names(&self) -> Vec<&'static str> {
        [
            ("fields", self.fields.is_some()),
            ("to_area", self.to_area.is_some()),
            ("peer_id", self.peer_id.is_some()),
            ("office", self.office.is_some()),
            ("topics", self.topics.is_some()),
            ("note", self.note.is_some()),
            ("due_days", self.due_days.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect()
    }

    /// To whom it goes after the change: an installation, or an office by letter. Where an answer goes follows from
    /// what it answers; of that only what is given stands here, to be refused.
    fn recipient(&self, row: &NoticeRow) -> (Option<Uid>, Option<String>) {
        let given = |office: &Option<Label>| office.as_ref().map(|text| text.as_str().to_owned());
        let by_letter = row.office.clone().filter(|_| row.peer.is_none());
        match (&self.peer_id, &self.office) {
            (None, None) if row.answers() => (None, None),
            (None, None) => (row.peer, by_letter),
            (Some(peer), None) => (
                *peer,
                by_letter.filter(|_| peer.is_none() && !row.answers()),
            ),
            (None, Some(office)) => {
                let peer = row.peer.filter(|_| office.is_none() && !row.answers());
                (peer, given(office))
            }
            (Some(peer), Some(office)) => (*peer, given(office)),
        }
    }

    /// The draft as it is after the change.
    fn onto(&self, row: &NoticeRow) -> Draft {
        let (peer_id, office) = self.recipient(row);
        let to_area = self.to_area.as_ref().map(|code| code.as_str().to_owned());
        let answers = row.answers();
        let fields = self.fields.as_ref().map(|given| given.0.clone());
        let topics = self.topics.as_ref().map(|given| given.0.clone());
        let note = self.note.as_ref().and_then(Option::as_ref);
        Draft {
            id: Some(row.id),
            kind: row.kind,
            person_id: row.person_id.filter(|_| !answers),
            regards: answers.then_some(row.id),
            to_area: to_area.or_else(|| (!answers).then(|| row.other_area_code.clone())),
            peer_id,
            office,
            fields: fields.unwrap_or_else(|| row.fields.0.clone()),
            topics: topics.unwrap_or_else(|| row.topics.0.clone()),
            note: note.map(|text| text.as_str().to_owned()),
            due_days: self.due_days.map_or(row.due_days, |days| days.0),
        }
    }
}

/// Applies a patch to a draft.
pub fn amend(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    version: Option<i64>,
    patch: &LiaisonNoticePatch,
) -> AppResult<()> {
    let row = store::locked(c, who, Action::LiaisonWrite, id)?.notice;
    if version.is_some_and(|v| v != row.version) {
        return Err(AppError::of(Code::VersionConflict));
    }
    if row.state != LiaisonState::Draft {
        let allowed = standing(&row, who.at.china_day()).allowed();
        return Err(AppError::state_forbids(row.state, allowed));
    }
    let new = patch.onto(&row);
    new.check()?;
    let after = drafts::again(c, who, &new, &row)?;
    let note = match (&patch.note, values::key_of(vault, &row)?) {
        (None, _) => None,
        (Some(None), _) => Some(None),
        (Some(Some(text)), Some(key)) => Some(Some(values::seal(&key, NOTE, id, text.as_str())?)),
        (Some(Some(_)), None) => return Err(AppError::internal("a draft without a key")),
    };
    let (names, next) = (patch.names(), row.version + 1);
    let change = store::Change {
        version: next,
        fields: Some(after.fields),
        topics: Some(after.topics),
        note,
        due_days: Some(after.due_days),
        regards: Some(after.regards),
        other_area_code: Some(after.other_area_code),
        other_area: Some(after.other_area),
        office: Some(after.office),
        peer: Some(after.peer),
        updated_at: who.at,
        ..store::Change::default()
    };
    store::change(c, &row, &change)?;
    let versions = drafts_store::field_versions(c, id)?;
    drafts_store::put_field_versions(c, &row, &sync::touch(&versions, next, &names))?;
    let entry = Entry::new(Action::LiaisonWrite, "liaison_notice", id, row.place());
    let facts = serde_json::json!({ "what": "amended", "fields": names });
    audit::record(c, who, entry.because(row.kind.as_str()).with(&facts))?;
    sync::record_change(c, feed::change(who, &row, next))
}

/// Amend a draft
///
/// JSON Merge Patch with `If-Match`, until it is sent: what it may tell, to whom it goes, and its words, by the rules of
/// `create_liaison_notice`.
#[utoipa::path(tag = "liaison", request_body = LiaisonNoticePatch, params(("id" = Uid, Path, description = "The notice's id")),
    responses((status = 200, description = "The draft after the change", body = LiaisonNotice)))]
#[patch("/liaison-notices/{id}")]
pub async fn update_liaison_notice(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<LiaisonNoticePatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonWrite)?;
    let id = path_id(id)?;
    let (vault, caller, patch) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| amend(c, &vault, &caller, id, Some(version.0), &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
