//! What the demo's people have done already: a member home in each township, a visit to it, and a
//! campaign that waits for another person's approval.

use actix_web::web;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::cast::caller;
use crate::auth::Who;
use crate::campaigns::campaigns_api::CampaignPlan;
use crate::campaigns::drafts::{self, NewCampaign};
use crate::campaigns::festivals::built_in_id;
use crate::db::Micros;
use crate::error::{AppError, AppResult};
use crate::state::App;
use crate::visits::homes_api::{NewHome, PossessionCheck};
use crate::visits::visits_api::NewVisit;
use crate::visits::{homes, visits_log};

/// A request's body, as an app would send it.
fn body<T: DeserializeOwned>(value: Value) -> AppResult<T> {
    serde_json::from_value(value).map_err(AppError::internal)
}

/// (member, coordinator, village, home, address)
const HOMES: &[(&str, &str, &str, &str, &str)] = &[
    (
        "member.zhang",
        "coordinator.zhou",
        "330402007024",
        "百福社区会员之家",
        "百福弄1号",
    ),
    (
        "member.sun",
        "coordinator.wu",
        "330402008016",
        "邻里会员之家",
        "文化活动中心二楼",
    ),
];

/// Everything of this file, by the commands that the API calls.
pub async fn play(app: &web::Data<App>) -> AppResult<()> {
    for (n, (member, coordinator, village, title, address)) in HOMES.iter().enumerate() {
        let (member, coordinator) = (caller(app, member).await?, caller(app, coordinator).await?);
        let home = json!({ "area": village, "title": title, "site_address": address,
            "opening_hours": "周一至周五 8:30-17:00" });
        home_and_visit(app, &member, &coordinator, body(home)?, n == 0).await?;
    }
    let organiser = caller(app, "organiser.wang").await?;
    let plan: CampaignPlan = body(json!({
        "area": "330402", "festival_id": built_in_id("members_day"), "theme": "members_day",
        "title": "会员活动日", "goals": "每个会员之家举办一场活动。",
        "audience": { "areas": ["330402"], "roles": ["field_member", "coordinator"] },
        "message_zh": { "title": "{campaign}", "body": "{day} 举行，还有 {days_left} 天，请做好准备。" },
        "message_en": { "title": "{campaign}", "body": "On {day}, in {days_left} days. Please prepare." }
    }))?;
    let plan = NewCampaign::from(plan);
    app.db
        .write(move |c| drafts::draft(c, &organiser, &plan).map(|_| ()))
        .await
}

/// One of the two visits is confirmed; the other waits for its coordinator, with a follow-up.
async fn home_and_visit(
    app: &web::Data<App>,
    member: &Who,
    coordinator: &Who,
    home: NewHome,
    confirmed: bool,
) -> AppResult<()> {
    let (member, coordinator, vault) = (member.clone(), coordinator.clone(), app.vault.clone());
    let yesterday = member.at.plus(-Micros::DAY);
    let follow_ups = if confirmed {
        json!([])
    } else {
        json!([{ "task": "联系更换灯具", "due_on": member.at.plus(14 * Micros::DAY).china_day().to_string() }])
    };
    app.db
        .write(move |c| {
            let home = homes::open(c, &coordinator, &home)?;
            for kind in ["premises", "sign", "rules"] {
                let found: PossessionCheck = body(
                    json!({ "present": true, "checked_on": yesterday.china_day().to_string() }),
                )?;
                let kind = homes::kind(c, kind)?.ok_or_else(AppError::not_found)?;
                homes::check(c, &vault, &member, home, &kind, &found)?;
            }
            let visit: NewVisit = body(json!({
                "member_home_id": home, "purpose": "routine",
                "started_at": yesterday.to_string(),
                "ended_at": yesterday.plus(40 * Micros::MINUTE).to_string(),
                "offered": ["culture_and_sport"], "needs_voiced": ["equipment"],
                "follow_ups": follow_ups
            }))?;
            let visit = visits_log::log(c, &vault, &member, &visit)?.id;
            visits_log::submit(c, &vault, &member, visit)?;
            if confirmed {
                visits_log::confirm(c, &coordinator, visit)?;
            }
            Ok(())
        })
        .await
}
