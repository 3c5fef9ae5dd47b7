//! How a member home is shown: with the last evidence of each possession.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::homes_api::PossessionWord;
use super::homes_store as store;
use super::model::*;
use super::texts::{self, Sealer};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Micros, Uid, groups};
use crate::error::AppResult;
use crate::http::precondition::Tagged;
use crate::http::text::{Address, AreaCode, Label, Note};
use crate::page_of;

/// One possession of a home, as last checked.
#[derive(Debug, Serialize, ToSchema)]
pub struct Possession {
    #[schema(value_type = PossessionWord)]
    pub kind: String,
    pub status: PossessionStatus,
    /// Null while nobody has looked.
    pub checked_on: Option<Day>,
    pub checked_by: Option<Uid>,
    #[schema(value_type = Option<Note>)]
    pub note: Option<String>,
    /// The photo that was taken of it.
    pub photo: Option<PhotoSlot>,
}

/// A member home (会员之家).
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberHome {
    pub id: Uid,
    /// Grows with every change, of a possession too.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub state: HomeState,
    pub area: AreaCode,
    /// What the home is called.
    #[schema(value_type = Label, example = "百福社区会员之家")]
    pub title: String,
    /// Where the public finds it.
    #[schema(value_type = Address)]
    pub site_address: String,
    #[schema(value_type = Option<Label>, example = "周一至周五 8:30-17:00")]
    pub opening_hours: Option<String>,
    /// The user who looks after it.
    pub keeper_id: Option<Uid>,
    /// Each kind once, in the usual order.
    #[schema(max_items = 20)]
    pub possessions: Vec<Possession>,
    /// Whether every possession was found present at its last check.
    #[schema(example = false)]
    pub complete: bool,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of member homes.
    MemberHomePage of MemberHome
}

impl Tagged for MemberHome {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// What was found of the possessions of some homes.
pub struct Evidence {
    kinds: Vec<PossessionKindRow>,
    checked: HashMap<Uid, Vec<PossessionRow>>,
}

/// Everything needed to show homes the caller may see.
pub fn load(c: &mut DbConn, homes: &[HomeRow]) -> AppResult<Evidence> {
    let ids: Vec<Uid> = homes.iter().map(|h| h.id).collect();
    Ok(Evidence {
        kinds: store::kinds(c)?,
        checked: groups(store::possessions_of(c, &ids)?, |p| p.home_id),
    })
}

/// Opens and shows a home.
pub fn show(vault: &Vault, evidence: &Evidence, home: HomeRow) -> AppResult<MemberHome> {
    let checked = evidence
        .checked
        .get(&home.id)
        .map_or(&[] as &[_], Vec::as_slice);
    let possessions = evidence
        .kinds
        .iter()
        .map(|k| {
            let row = checked.iter().find(|p| p.kind == k.kind);
            let note = row.and_then(|p| p.note.as_deref().map(|note| (p.id, note)));
            Ok(Possession {
                kind: k.kind.clone(),
                status: match row.map(|p| p.present) {
                    Some(true) => PossessionStatus::Present,
                    Some(false) => PossessionStatus::Missing,
                    None => PossessionStatus::Unchecked,
                },
                checked_on: row.map(|p| p.checked_on),
                checked_by: row.map(|p| p.checked_by),
                photo: row.and_then(|p| p.photo.as_ref().map(|photo| photo.0.clone())),
                note: match note {
                    Some((id, sealed)) => Sealer::House(vault).open(texts::EVIDENCE, id, sealed)?,
                    None => None,
                },
            })
        })
        .collect::<AppResult<Vec<_>>>()?;
    Ok(MemberHome {
        id: home.id,
        version: home.version,
        state: home.state,
        area: AreaCode::stored(home.area_code)?,
        title: home.title,
        site_address: home.site_address,
        opening_hours: home.opening_hours,
        keeper_id: home.keeper_id,
        complete: possessions
            .iter()
            .all(|p| p.status == PossessionStatus::Present),
        possessions,
        created_at: home.created_at,
        updated_at: home.updated_at,
    })
}
