//! Where WeCom sends a member back to: a page that asks, and the binding.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

use super::binding::{self, Returned};
use super::model::ChannelName;
use super::page::{self, Shown};
use crate::auth::users::display_name;
use crate::error::{AppError, AppResult, Code};
use crate::http::house::RequestId;
use crate::http::json::Params;
use crate::http::problem::{wants_chinese, wants_page};
use crate::push::wecom::{Api, Visitor};
use crate::state::App;

/// Seconds after which WeCom may be asked again.
const AGAIN: u32 = 10;
/// Somebody stands there with a phone: WeCom is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(6);
/// Characters of any member that is looked at.
const LONGEST: usize = 600;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CallbackQuery {
    /// As WeCom gives it to whoever comes back.
    #[param(value_type = Option<String>, max_length = 600, pattern = r"^[!-~]+$", example = "Kx3vF0a9QmZ1")]
    code: Option<String>,
    /// Of the link that was opened.
    #[param(value_type = Option<String>, max_length = 128, pattern = r"^[A-Za-z0-9]+$", example = "5f0c3e9b")]
    state: Option<String>,
    /// The page's own answer.
    #[param(value_type = Option<String>, max_length = 64, pattern = r"^[0-9a-f]+$", example = "9f86d081884c7d65")]
    confirm: Option<String>,
}

/// A page of HTML for whoever holds the phone.
#[derive(ToSchema)]
#[schema(
    value_type = String,
    max_length = 20_000,
    pattern = "^<!doctype html>",
    example = "<!doctype html><html lang=\"zh-CN\"></html>"
)]
#[allow(dead_code)] // what stands in the document
pub struct BindingPage(String);

/// Come back from WeCom
///
/// For browsers, which WeCom sends here with a code after somebody opened a link of `create_channel_binding`. The first
/// answer is a page that says whose account it is and asks; what its button sends binds the account. Links that are
/// wrong, used or expired are refused alike.
#[utoipa::path(tag = "devices", params(CallbackQuery), security(()),
    responses((status = 200, description = "A page", content((BindingPage = "text/html")))))]
#[get("/channels/wecom/callback")]
pub async fn finish_wecom_binding(
    app: web::Data<App>,
    req: HttpRequest,
    id: RequestId,
    Params(query): Params<CallbackQuery>,
) -> AppResult<HttpResponse> {
    let zh = wants_chinese(req.headers());
    match came_back(&app, id, query).await {
        Ok(shown) => Ok(page::answer(&shown, zh)),
        // Who asks as a program hears the problem itself.
        Err(AppError::Problem(problem)) if wants_page(req.headers()) => {
            Ok(page::refusal(&problem, zh))
        }
        Err(e) => Err(e),
    }
}

async fn came_back(app: &App, id: RequestId, query: CallbackQuery) -> AppResult<Shown> {
    let refused = || AppError::of(Code::BindingNotValid);
    let wecom = app.wecom.clone();
    let wecom = wecom.ok_or_else(|| AppError::of(Code::ChannelOff))?;
    let given = |text: Option<String>| text.filter(|t| !t.is_empty() && t.len() <= LONGEST);
    let (Some(state), Some(code)) = (given(query.state), given(query.code)) else {
        return Err(refused());
    };
    let state_hash = binding::hash(&app.vault, &state);
    let (asked, now) = (state_hash.clone(), app.clock.now());
    let user = app
        .db
        .read(move |c| binding::asker(c, ChannelName::WeCom, &asked, now))
        .await?;
    let tag = binding::tag(&app.vault, &state, &code);
    if query.confirm.as_deref() != Some(tag.as_str()) {
        return Ok(Shown::Question {
            name: display_name(&app.vault, &user)?.as_str().to_owned(),
            login: user.login,
            code,
            state,
            confirm: tag,
        });
    }
    let account = account(&wecom, &code).await?;
    let returned = Returned {
        state_hash,
        account,
        at: app.clock.now(),
        request_id: id.0,
    };
    let vault = app.vault.clone();
    app.db
        .write(move |c| binding::make(c, &vault, &returned))
        .await?;
    app.outbox.notify_waiters();
    Ok(Shown::Bound)
}

/// The account of whoever holds the code. Outside any transaction: it is a network.
async fn account(wecom: &Arc<Api>, code: &str) -> AppResult<String> {
    let visitor = tokio::time::timeout(PATIENCE, wecom.visitor(code)).await;
    match visitor.unwrap_or(Visitor::Unknown) {
        Visitor::Member(account) => Ok(account),
        Visitor::Stranger => Err(AppError::of(Code::ChannelNoMember)),
        Visitor::CodeNotValid => Err(AppError::of(Code::BindingNotValid)),
        Visitor::Unknown => Err(AppError::later(Code::ChannelUnavailable, AGAIN)),
    }
}
