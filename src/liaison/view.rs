//! How a notice is shown: what was told in clear to whoever looks after it, masked to everybody else of the area.

use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

use super::disclosure::masked;
use super::model::*;
use super::steps::standing;
use super::values::{self, NOTE, REPLY};
use crate::auth::{Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::precondition::Tagged;
use crate::http::text::{Address, AreaCode, FactWord, Label, LiaisonCode, Note};
use crate::page_of;
use crate::privacy::requests_model::Standing as DueStanding;
use crate::residents::view::View;
use crate::sync::kinds::Loaded;
use crate::workdays;

/// A notice between the area where somebody lives and the one where they are registered: one side's copy.
/// `x-masked` fields come masked when `view` is `masked`.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiaisonNotice {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub view: View,
    /// Whose copy it is: `out` the sender's, `in` the receiver's.
    pub side: LiaisonSide,
    /// The same on both copies, for paper and telephone.
    #[schema(value_type = LiaisonCode)]
    pub code: String,
    pub kind: LiaisonKind,
    pub state: LiaisonState,
    /// How its day stands; null for a draft.
    pub standing: Option<DueStanding>,
    /// Whom it is about, on the copy of the side that has their record.
    pub person_id: Option<Uid>,
    /// The notice here that it answers or ends.
    pub regards: Option<Uid>,
    /// The side whose copy this is.
    pub area: AreaCode,
    /// The other side.
    pub other_area: AreaCode,
    /// The office of the other side, where it has no account here.
    #[schema(value_type = Option<Label>)]
    pub office: Option<String>,
    pub peer_id: Option<Uid>,
    /// What may be told; once it is sent, what was.
    #[schema(max_items = 20)]
    pub fields: Vec<LiaisonField>,
    /// The values, as long as consent stands and the notice is not over.
    #[schema(max_items = 20)]
    pub told: Vec<ToldField>,
    /// What is asked, of a request for information.
    #[schema(max_items = 10)]
    pub topics: Vec<LiaisonTopic>,
    /// Only in the full view.
    #[schema(value_type = Option<Note>, extensions(("x-masked" = json!(true))))]
    pub note: Option<String>,
    /// What the other side wrote with its answer. Only in the full view.
    #[schema(value_type = Option<Note>, extensions(("x-masked" = json!(true))))]
    pub reply_note: Option<String>,
    /// Working days for an answer, counted from the day after it was sent.
    #[schema(minimum = 1, maximum = 60, example = 10)]
    pub due_days: i64,
    pub due_on: Option<Day>,
    /// Not all working days on the way are published yet.
    #[schema(example = false)]
    pub due_provisional: bool,
    pub sent_on: Option<Day>,
    pub received_on: Option<Day>,
    pub answered_on: Option<Day>,
    pub closed_because: Option<LiaisonEnd>,
    /// What may be done next.
    #[schema(value_type = Vec<FactWord>, max_items = 8)]
    pub allowed_actions: Vec<&'static str>,
    /// Who drafted it; nobody of the receiving side.
    pub registered_by: Option<Uid>,
    pub assignee: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

/// A field that was told.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToldField {
    pub field: LiaisonField,
    /// Its value, or the mask of it: of words as the record has them, of days `YYYY-MM-DD`.
    #[schema(value_type = Address, extensions(("x-masked" = json!(true))))]
    pub value: String,
}

page_of! {
    /// A page of notices.
    LiaisonNoticePage of LiaisonNotice
}

impl Tagged for LiaisonNotice {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// How the date stands changes overnight, without a new version.
    fn view(&self) -> &str {
        let full = self.view == View::Full;
        match (full, self.standing) {
            (true, Some(DueStanding::Overdue)) => "fo",
            (true, Some(DueStanding::DueSoon)) => "fs",
            (true, _) => "f",
            (false, Some(DueStanding::Overdue)) => "mo",
            (false, Some(DueStanding::DueSoon)) => "ms",
            (false, _) => "m",
        }
    }
}

/// What notices are shown with.
#[derive(Debug, Default)]
pub struct Hung {
    fields: HashMap<Uid, Vec<FieldRow>>,
    /// The copy here of a thread, by thread and side.
    regarded: HashMap<(Uid, LiaisonSide), Uid>,
}

/// What hangs on these notices.
pub fn hung(c: &mut DbConn, rows: &[NoticeRow]) -> AppResult<Hung> {
    let ids: Vec<Uid> = rows.iter().map(|row| row.id).collect();
    let threads: Vec<Uid> = rows.iter().filter_map(|row| row.regards).collect();
    Ok(Hung {
        fields: super::store::fields_of(c, &ids)?,
        regarded: super::store::copies_of(c, &threads)?,
    })
}

fn code(text: String) -> AppResult<AreaCode> {
    AreaCode::stored(text)
}

/// Shows a copy as this caller may see it.
pub fn show(vault: &Vault, who: &Who, row: NoticeRow, hung: &Hung) -> AppResult<LiaisonNotice> {
    let full = who.owns(&row);
    render(vault, who, row, hung, full)
}

/// The same in clear, for whoever the audit says had a reason.
pub fn render(
    vault: &Vault,
    who: &Who,
    row: NoticeRow,
    hung: &Hung,
    full: bool,
) -> AppResult<LiaisonNotice> {
    let today = who.at.china_day();
    let key = values::key_of(vault, &row)?;
    let fields = hung.fields.get(&row.id).map_or(&[][..], Vec::as_slice);
    let told = values::opened(key.as_ref(), fields)?.into_iter();
    let shown = |one: values::Told| ToldField {
        field: one.field,
        value: match full {
            true => one.value,
            false => masked(one.field, &one.value),
        },
    };
    let text = |column, sealed: Option<&[u8]>| match full {
        true => values::open(key.as_ref(), column, row.id, sealed),
        false => Ok(None),
    };
    let days = u16::try_from(row.due_days).unwrap_or(u16::MAX);
    let provisional = row.sent_on.is_some_and(|on| workdays::due(on.0, days).1);
    // Whoever leaves ends what was told when they came, from the same side; whoever answers does so from the other.
    let of = match row.kind {
        LiaisonKind::DepartureNotice => row.side,
        _ => row.side.other(),
    };
    let regards = row
        .regards
        .and_then(|thread| hung.regarded.get(&(thread, of)));
    // The side that answers knows of a notice, and of no record.
    let known = row.side == LiaisonSide::Out && !row.answers();
    let person_id = row.person_id.filter(|_| known);
    Ok(LiaisonNotice {
        note: text(NOTE, row.note.as_deref())?,
        reply_note: text(REPLY, row.reply_note.as_deref())?,
        allowed_actions: standing(&row, today).allowed(),
        standing: row
            .due_on
            .map(|due| DueStanding::of(due, row.open(), today)),
        regards: regards.copied(),
        told: told.map(shown).collect(),
        view: if full { View::Full } else { View::Masked },
        id: row.id,
        version: row.version,
        side: row.side,
        code: row.code,
        kind: row.kind,
        state: row.state,
        person_id,
        area: code(row.area_code)?,
        other_area: code(row.other_area_code)?,
        office: row.office,
        peer_id: row.peer,
        fields: row.fields.0,
        topics: row.topics.0,
        due_days: row.due_days,
        due_on: row.due_on,
        due_provisional: provisional,
        sent_on: row.sent_on,
        received_on: row.received_on,
        answered_on: row.answered_on,
        closed_because: row.closed_because,
        registered_by: row.registered_by,
        assignee: row.assignee,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// The same as a phone is given it.
pub fn loaded(vault: &Vault, who: &Who, row: NoticeRow, hung: &Hung) -> AppResult<Loaded> {
    let (place, full) = (row.place(), who.owns(&row));
    let shown = show(vault, who, row, hung)?;
    Loaded::new(shown.id, shown.version, place, full, &shown)
}
