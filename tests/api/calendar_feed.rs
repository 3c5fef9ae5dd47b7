//! A calendar of one's own by its address: made once, revoked at once, and right for any calendar program.

use crate::activities::{activity, with};
use crate::both;
use crate::campaigns::{campaign, campaign_with, organisers, scheduled};
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

/// The path of a new address.
pub async fn address(who: &Client) -> String {
    let made = who
        .post("/v1/me/calendar-feed", json!({}))
        .await
        .expect(201);
    let url = made["url"].as_str().unwrap().to_owned();
    assert!(url.ends_with(".ics"));
    url[url.find("/v1/").unwrap()..].to_owned()
}

/// The calendar's lines as a program reads them; it is right as a whole.
pub async fn lines(app: &TestApp, path: &str) -> Vec<String> {
    let answer = app.anonymous().get(path).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("text/calendar; charset=utf-8")),
        "{}",
        answer.text
    );
    for line in answer.text.split("\r\n") {
        assert!(line.len() <= 75 && !line.contains('\n'), "{line}");
    }
    let text = answer.text.replace("\r\n ", "");
    let lines: Vec<String> = text.split_terminator("\r\n").map(str::to_owned).collect();
    assert_eq!(
        (
            lines[0].as_str(),
            lines[1].as_str(),
            lines.last().unwrap().as_str()
        ),
        ("BEGIN:VCALENDAR", "VERSION:2.0", "END:VCALENDAR")
    );
    lines
}

/// The lines of the event of a record.
pub fn event(lines: &[String], id: &Value) -> Option<Vec<String>> {
    let uid = id.as_str().unwrap();
    lines
        .split(|l| l == "BEGIN:VEVENT")
        .skip(1)
        .find(|event| {
            event
                .iter()
                .any(|l| l.starts_with("UID:") && l.contains(uid))
        })
        .map(|event| {
            event
                .iter()
                .take_while(|l| *l != "END:VEVENT")
                .cloned()
                .collect()
        })
}

pub fn has(event: &[String], line: &str) -> bool {
    event.iter().any(|l| l == line)
}

both! {
    async fn a_calendar_holds_what_concerns_its_owner(app) {
        let (author, approver) = organisers(app).await;
        let (member, officer) = (app.member().await, app.user(Role::Auditor, TOWN).await);
        let long = "会员活动日，上午; 下午\\".repeat(5);
        let path = scheduled(&author, &approver, campaign_with(json!({ "title": long, "ends_on": "2099-05-30" }))).await;
        let id = json!(path.rsplit('/').next().unwrap());
        let draft = author.post("/v1/campaigns", campaign()).await.expect(201);
        let held = member.post("/v1/activities", with(activity(), json!({ "starts_at": "2028-05-29T01:00:00Z", "ends_at": "2028-05-29T03:30:00Z" }))).await.expect(201);
        let others = app.member().await.post("/v1/activities", activity()).await.expect(201);

        let calendar = lines(app, &address(&member).await).await;
        let found = event(&calendar, &id).unwrap();
        for line in ["DTSTART;VALUE=DATE:20990529", "DTEND;VALUE=DATE:20990531", "STATUS:CONFIRMED", "SEQUENCE:2", "TRANSP:TRANSPARENT"] {
            assert!(has(&found, line), "{line} in {found:?}");
        }
        let summary = found.iter().find_map(|l| l.strip_prefix("SUMMARY:")).unwrap();
        assert_eq!(summary, "会员活动日，上午\\; 下午\\\\".repeat(5));
        assert!(found.iter().any(|l| l.starts_with("DTSTAMP:") && l.ends_with('Z')));
        let own = event(&calendar, &held["id"]).unwrap();
        for line in ["DTSTART:20280529T010000Z", "DTEND:20280529T033000Z", "LOCATION:百福弄小广场", "SEQUENCE:0"] {
            assert!(has(&own, line), "{line} in {own:?}");
        }
        assert!(event(&calendar, &draft["id"]).is_none() && event(&calendar, &others["id"]).is_none());
        // Organisers see their areas' campaigns; who is in no audience sees none.
        assert!(event(&lines(app, &address(&approver).await).await, &id).is_some());
        let nothing = lines(app, &address(&officer).await).await;
        assert!(event(&nothing, &id).is_none() && nothing.iter().any(|l| l == "BEGIN:VTIMEZONE"));
        // No names, no accounts.
        let text = calendar.join("\n");
        assert!(!text.contains("测试用户") && !text.contains(&member.login) && !text.contains(&member.id.to_string()));
    }

    async fn other_areas_campaigns_crowd_nothing_out(app) {
        use qianshou::campaigns::store;
        let (author, approver) = organisers(app).await;
        let elsewhere = [app.user(Role::CampaignOrganiser, OTHER_COUNTY).await, app.user(Role::CampaignOrganiser, OTHER_COUNTY).await];
        let body = json!({ "area": OTHER_COUNTY, "starts_on": "2099-05-01", "audience": { "areas": [OTHER_COUNTY], "roles": ["field_member"] } });
        let other = scheduled(&elsewhere[0], &elsewhere[1], campaign_with(body)).await;
        let path = scheduled(&author, &approver, campaign()).await;
        let city = [app.user(Role::CampaignOrganiser, CITY).await, app.user(Role::CampaignOrganiser, CITY).await];
        let wide = scheduled(&city[0], &city[1], campaign_with(json!({ "area": CITY, "starts_on": "2099-06-01", "audience": { "areas": [CITY], "roles": ["field_member"] } }))).await;
        let id = |path: &String| path.rsplit('/').next().unwrap().to_owned();
        let copied: qianshou::db::Uid = id(&other).parse().unwrap();
        app.data.db.write(move |c| {
            use diesel::prelude::*;
            use qianshou::campaigns::model::CampaignRow;
            use qianshou::db::schema::campaigns;
            let row: CampaignRow = campaigns::table.find(copied).select(CampaignRow::as_select()).first(c)?;
            for _ in 0..500 {
                store::insert(c, &CampaignRow { id: qianshou::db::Uid::new(row.created_at), ..row.clone() })?;
            }
            Ok(())
        }).await.unwrap();
        for who in [app.member().await, author] {
            let calendar = lines(app, &address(&who).await).await;
            assert!(event(&calendar, &json!(id(&path))).is_some());
            assert!(event(&calendar, &json!(id(&other))).is_none());
        }
        let calendar = lines(app, &address(&app.member().await).await).await;
        assert!(event(&calendar, &json!(id(&wide))).is_some(), "of an area around one's own");
    }

    async fn what_was_called_off_says_so(app) {
        let (author, approver) = organisers(app).await;
        let member = app.member().await;
        let path = scheduled(&author, &approver, campaign()).await;
        let never = author.post("/v1/campaigns", campaign()).await.expect(201);
        let held = member.post("/v1/activities", activity()).await.expect(201);
        let held = at("activities", &held);
        let soon = with(activity(), json!({ "starts_at": "2028-05-29T01:00:00Z", "ends_at": "2028-05-29T02:00:00Z" }));
        let soon = member.post("/v1/activities", soon).await.expect(201);
        let feed = address(&member).await;
        for path in [path.clone(), at("campaigns", &never)] {
            author.post(&format!("{path}/cancellation"), json!({})).await.expect(200);
        }
        for path in [held, at("activities", &soon)] {
            member.post(&format!("{path}/cancellation"), json!({})).await.expect(200);
        }
        let calendar = lines(app, &feed).await;
        let off = event(&calendar, &json!(path.rsplit('/').next().unwrap())).unwrap();
        assert!(has(&off, "STATUS:CANCELLED") && has(&off, "SEQUENCE:3"), "{off:?}");
        assert!(has(&event(&calendar, &soon["id"]).unwrap(), "STATUS:CANCELLED"));
        assert!(event(&calendar, &never["id"]).is_none(), "nobody heard of it");
    }

    async fn an_address_opens_until_it_is_revoked_or_made_anew(app) {
        let member = app.member().await;
        let stands = member.get("/v1/me/calendar-feed").await.expect(200);
        assert_eq!(stands, json!({ "active": false, "made_at": null }));
        member.delete("/v1/me/calendar-feed").await.expect(204);
        let first = address(&member).await;
        assert_eq!(member.get("/v1/me/calendar-feed").await.expect(200)["active"], true);
        lines(app, &first).await;
        let second = address(&member).await;
        let anybody = app.anonymous();
        anybody.get(&first).await.problem(404, "not_found");
        // One's own, or nothing: a colleague's address is another one.
        let colleague = app.member().await;
        assert_ne!(address(&colleague).await, second);
        lines(app, &second).await;
        member.delete("/v1/me/calendar-feed").await.expect(204);
        anybody.get(&second).await.problem(404, "not_found");
        for bad in ["/v1/calendar/x.ics", "/v1/calendar/.ics", "/v1/calendar/AZ2kq0Yx7s1bq3lFvV0m", "/v1/calendar/a/b.ics"] {
            let answer = anybody.get(bad).await;
            assert!(matches!(answer.status, 401 | 404), "{bad}: {}", answer.status);
        }
        anybody.post("/v1/me/calendar-feed", json!({})).await.problem(401, "reauth_required");
        // Who may not sign in has no calendar either.
        let third = address(&member).await;
        let admin = app.user(Role::Administrator, CITY).await;
        let user = format!("/v1/users/{}", member.id);
        let etag = admin.get(&user).await.etag();
        admin.patch(&user, &etag, json!({ "state": "disabled" })).await.expect(200);
        anybody.get(&third).await.problem(404, "not_found");
    }

    async fn the_token_rests_as_a_hash_and_its_making_is_in_the_audit(app) {
        use diesel::prelude::*;
        use qianshou::db::schema::{audit_entries, calendar_feeds};
        let member = app.member().await;
        let path = address(&member).await;
        let token = path.rsplit('/').next().unwrap().trim_end_matches(".ics").to_owned();
        assert_eq!(token.len(), 43, "256 bits");
        let mut c = app.connection();
        let hash: Vec<u8> = calendar_feeds::table.find(member.id).select(calendar_feeds::token_hash).first(&mut c).unwrap();
        assert!(hash.len() == 32 && !token.as_bytes().windows(8).any(|w| hash.windows(8).any(|h| h == w)));
        member.delete("/v1/me/calendar-feed").await.expect(204);
        let facts: Vec<String> = audit_entries::table.filter(audit_entries::kind.eq("calendar_feed")).order(audit_entries::id).select(audit_entries::facts).load(&mut c).unwrap();
        assert_eq!(facts, [r#"{"what":"made"}"#, r#"{"what":"revoked"}"#]);
    }

    async fn a_program_asks_whether_anything_changed(app) {
        let (author, approver) = organisers(app).await;
        let path = scheduled(&author, &approver, campaign()).await;
        let feed = address(&app.member().await).await;
        let ask = |etag: String| Answer::of(app.anonymous().request(reqwest::Method::GET, &feed).header("if-none-match", etag));
        let first = app.anonymous().get(&feed).await;
        assert_eq!(first.header("cache-control"), Some("private, max-age=900"));
        let etag = first.etag();
        let same = ask(etag.clone()).await;
        assert_eq!((same.status, same.text.as_str(), same.etag()), (304, "", etag.clone()));
        author.post(&format!("{path}/cancellation"), json!({})).await.expect(200);
        let other = ask(etag.clone()).await;
        assert_eq!(other.status, 200);
        assert_ne!(other.etag(), etag);
    }
}

/// Guessing is slow, as at every public door.
#[test]
fn a_flood_of_guesses_is_429() {
    run_with(
        Backend::Sqlite,
        &[
            ("limits.public_per_second", "1"),
            ("limits.public_burst", "3"),
        ],
        |app| {
            Box::pin(async move {
                let anybody = app.anonymous();
                for _ in 0..3 {
                    anybody
                        .get("/v1/calendar/AZ2kq0Yx7s1bq3lFvV0mAZ2kq0Yx7s1bq3lFvV0mAZ2.ics")
                        .await
                        .problem(404, "not_found");
                }
                anybody
                    .get("/v1/calendar/AZ2kq0Yx7s1bq3lFvV0mAZ2kq0Yx7s1bq3lFvV0mAZ2.ics")
                    .await
                    .problem(429, "rate_limited");
            })
        },
    );
}
