//! The companion: how a claim stands, told to the family in plain words.
//!
//! By the code of somebody's own receipt, without an account: what happened, who has to act, which papers are
//! missing, how many days are left, what the insurer decided and why, what is late, and what one can do about it.
//! The insurer decides and the clocks bind it; here a family sees both.
//!
//! Whose claims (`whose`): the person's own. Those of a child under fourteen and of somebody who died are shown to
//! whoever stands by the contract in their place, by the contract's own names: the holder, who lives with the child,
//! and those who benefit by a death. Paying is no right to look. Each claim is shown as long as its insured consents
//! to `insurance` and is in use; who took their own consent back is told nothing of insurance at all.
//!
//! What is never told: the product of a cover, which may say what befell a family, and names of others in clear. A
//! phone may lie open on a table.
//!
//! `stand` decides where a claim stands for a family, `says`, `nouns` and `insurers` hold every sentence in both languages,
//! `told` puts them together with days and sums (`view`), `api` and `page` hand them out, the page as `paper` writes
//! it.

pub mod api;
pub mod html;
pub mod insurers;
pub mod nouns;
pub mod page;
pub mod paper;
pub mod says;
pub mod stand;
pub mod store;
pub mod told;
pub mod view;
pub mod whose;

use actix_web::HttpRequest;

use crate::audit::{self, Entry};
use crate::auth::rights::By;
use crate::auth::{Action, Placed, Who};
use crate::error::AppResult;
use crate::http::house::RequestId;
use crate::people;
use crate::privacy::{receipt_public, receipts};
use crate::state::App;
use view::OwnClaims;

/// Whether somebody looks, or goes on looking: at the next page, or at the other language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    First,
    Again,
}

/// What whoever holds a code of this hash is told. That they look is noted before, of the people too for whom they
/// look; that they go on looking is the same look.
pub async fn read(
    app: &App,
    req: &HttpRequest,
    id: RequestId,
    hash: Vec<u8>,
    look: Look,
) -> AppResult<OwnClaims> {
    let request = id.0.clone();
    let person = receipt_public::by_hash(app, req, id, hash, move |c, who, receipt, person| {
        if look == Look::First {
            receipts::looked(c, who, Action::OwnClaimsRead, receipt, person)?;
        }
        Ok(person.id)
    })
    .await?;
    let (vault, now) = (app.vault.clone(), app.clock.now());
    let told = app
        .db
        .read(move |c| told::of(c, &vault, person, now))
        .await?;
    let others = told.about_others.clone();
    if look == Look::First && !others.is_empty() {
        let who = Who::without_account(By::Person, now, request);
        app.db
            .write(move |c| {
                for row in people::store::these(c, &others)? {
                    let entry = Entry::new(Action::OwnClaimsRead, "person", row.id, row.place());
                    let facts = serde_json::json!({ "person": person });
                    audit::record(c, &who, entry.because("by_relative").with(&facts))?;
                }
                Ok(())
            })
            .await?;
    }
    Ok(told)
}
