//! A test of a campaign's own words: to whoever asks, and to nobody else.

use actix_web::{HttpResponse, post, web};

use super::lifecycle::{today, zone};
use super::{store, texts};
use crate::areas;
use crate::auth::{Action, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::notifications::announce::Text;
use crate::push::trial::{self, PushTest};
use crate::state::App;
use crate::sync::Kind;

/// What stands before a title, so that nobody takes a test for the real thing.
const MARK: [&str; 2] = ["【试发】", "[Test] "];
/// The longest title of a notification.
const TITLE: usize = 80;

fn marked(mark: &str, title: &str) -> String {
    mark.chars().chain(title.chars()).take(TITLE).collect()
}

/// Sends the caller what the campaign would say today where they work.
fn send(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<PushTest> {
    let campaign = store::visible(c, who, Action::CampaignTest, id)?;
    trial::check_pace(c, who.user, who.at)?;
    let zone = zone(&campaign.zone)?;
    let facts = campaign.facts(today(&zone, who.at));
    let grant = who.acting(Action::CampaignTest, &campaign.place());
    let area = grant.map_or(campaign.area_id, |grant| grant.area);
    let named = areas::store::named(c, vec![area])?;
    let area = named.get(&area).map_or("", |(_, name)| name.as_str());
    let (zh, en) = (&campaign.message_zh.0, &campaign.message_en.0);
    let (title, body) = texts::render(zh, en, &facts, area);
    let title = Text {
        zh: marked(MARK[0], &title.zh),
        en: marked(MARK[1], &title.en),
    };
    let subject = Some((Kind::Campaign, campaign.id));
    trial::tell(c, who.user, who.at, title, body, subject)
}

/// Send oneself a test
///
/// Puts what the campaign's reminders would say today into the caller's own inbox and pushes it to their phones, as a
/// notification of kind `push_test` whose title is marked 【试发】. Nobody else is told, and the results do not count
/// it. With other tests of pushes three times within ten minutes.
#[utoipa::path(tag = "campaigns", params(("id" = Uid, Path, description = "The campaign's id")),
    responses((status = 200, description = "It is on its way", body = PushTest)))]
#[post("/campaigns/{id}/test-send")]
pub async fn test_send_campaign(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignTest)?;
    let id = path_id(id)?;
    let sent = app.db.write(move |c| send(c, &who, id)).await?;
    app.outbox.notify_waiters();
    Ok(HttpResponse::Ok().json(sent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_title_fits() {
        assert_eq!(marked(MARK[0], "会员活动日"), "【试发】会员活动日");
        let long = marked(MARK[1], &"x".repeat(80));
        assert_eq!((long.len(), &long[..7]), (80, "[Test] "));
    }
}
