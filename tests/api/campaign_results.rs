//! Results of campaigns: people and activities counted once, by village, township and county, with the year
//! before beside them; and who has not acknowledged, for the organiser alone.

use std::collections::BTreeMap;

use crate::activities::{activity, report, with};
use crate::both;
use crate::campaigns::{campaign_with, inbox, organisers, scheduled, settled};
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

/// Randomness that a seed brings back.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }
}

const FIGURES: &[&str] = &[
    "targeted",
    "without_push",
    "suppressed",
    "accepted",
    "displayed",
    "opened",
    "done",
    "acknowledged",
];
const HELD: &[&str] = &[
    "planned",
    "held",
    "confirmed",
    "participants",
    "leaflets",
    "households_informed",
    "radio",
    "television",
    "internet",
];

/// What a test did itself, by the code of the narrowest area.
type Model = BTreeMap<String, BTreeMap<&'static str, i64>>;

fn add(model: &mut Model, area: &str, figure: &'static str, more: i64) {
    *model
        .entry(area.to_owned())
        .or_default()
        .entry(figure)
        .or_default() += more;
}

/// The model at a level: a code is that of its village, cut; wider codes stay.
fn at_level(model: &Model, digits: usize) -> Model {
    let mut out = Model::new();
    for (code, figures) in model {
        for (figure, n) in figures {
            add(&mut out, &code[..digits.min(code.len())], figure, *n);
        }
    }
    out.retain(|code, _| code.len() >= 6);
    out
}

fn numbers(value: &Value, names: &[&'static str]) -> BTreeMap<&'static str, i64> {
    names
        .iter()
        .map(|name| (*name, value[*name].as_i64().unwrap()))
        .filter(|(_, n)| *n != 0)
        .collect()
}

fn sums(figures: &Value, activities: &Value) -> BTreeMap<&'static str, i64> {
    let mut all = numbers(figures, FIGURES);
    all.extend(numbers(activities, HELD));
    all
}

async fn results(who: &Client, path: &str, level: &str) -> Value {
    who.get(&format!("{path}/results?level={level}"))
        .await
        .expect(200)
}

/// One year's campaign with random people who come so far, and random activities; answers its path.
async fn played(
    app: &TestApp,
    dice: &mut Dice,
    model: &mut Model,
    body: Value,
    people: &[(Client, String)],
) -> String {
    let (author, approver) = (
        app.user(Role::CampaignOrganiser, CITY).await,
        app.user(Role::CampaignOrganiser, CITY).await,
    );
    let path = scheduled(&author, &approver, body).await;
    let id = json!(path.rsplit('/').next().unwrap());
    for state in settled(&author, &path).await {
        assert_eq!(state, "sent");
    }
    for (person, area) in people {
        add(model, area, "targeted", 1);
        add(model, area, "without_push", 1);
        let own: Vec<Value> = inbox(person)
            .await
            .into_iter()
            .filter(|n| n["subject_id"] == id)
            .collect();
        assert_eq!(own.len(), 2, "two reminders");
        // The better of the two counts, once.
        let marks = ["displayed", "opened", "read", "done"];
        let mut best: Vec<&str> = Vec::new();
        for notification in own {
            if dice.below(3) > 0 {
                let mark = marks[dice.below(4)];
                best.push(mark);
                let mark =
                    json!({ "marks": [{ "notification_id": notification["id"], "mark": mark }] });
                person
                    .post("/v1/notifications/marks", mark)
                    .await
                    .expect(200);
            }
        }
        let acknowledged = best.iter().any(|m| *m != "displayed");
        for (figure, yes) in [
            ("displayed", !best.is_empty()),
            ("opened", acknowledged),
            ("done", best.contains(&"done")),
            ("acknowledged", acknowledged),
        ] {
            add(model, area, figure, i64::from(yes));
        }
    }
    let coordinators = [
        app.user(Role::CampaignOrganiser, CITY).await,
        app.user(Role::CampaignOrganiser, CITY).await,
    ];
    let villages = [
        VILLAGE,
        SECOND_VILLAGE,
        "330402008016",
        TOWN,
        OTHER_TOWN,
        COUNTY,
        OTHER_COUNTY,
    ];
    for _ in 0..8 {
        let area = villages[dice.below(villages.len())];
        let made = coordinators[0]
            .post(
                "/v1/activities",
                with(activity(), json!({ "area": area, "campaign_id": id })),
            )
            .await
            .expect(201);
        let at = at("activities", &made);
        let far = dice.below(5);
        if far == 0 {
            add(model, area, "planned", 1);
            continue;
        }
        if far == 1 {
            coordinators[0]
                .post(&format!("{at}/cancellation"), json!({}))
                .await
                .expect(200);
            continue;
        }
        let n = dice.below(90) as i64;
        let channels = ["radio", "television", "internet"];
        let media: Vec<&str> = (0..dice.below(4))
            .map(|_| channels[dice.below(3)])
            .collect();
        let told: Vec<Value> = media.iter().map(|c| json!({ "channel": c, "outlet": "南湖", "title": "活动日", "published_on": "2026-05-29" })).collect();
        let body = with(
            report(),
            json!({ "participants": n, "leaflets": 2 * n, "households_informed": n / 2, "media": told }),
        );
        coordinators[0]
            .post(&format!("{at}/report"), body)
            .await
            .expect(200);
        if far == 2 {
            // What was returned counts again when it was told anew.
            coordinators[1]
                .post(&format!("{at}/return"), json!({ "reason": "incomplete" }))
                .await
                .expect(200);
            add(model, area, "planned", 1);
            continue;
        }
        for (figure, more) in [
            ("held", 1),
            ("participants", n),
            ("leaflets", 2 * n),
            ("households_informed", n / 2),
        ] {
            add(model, area, figure, more);
        }
        for channel in media {
            add(
                model,
                area,
                channels.iter().find(|c| **c == channel).unwrap(),
                1,
            );
        }
        if far == 3 {
            coordinators[1]
                .post(&format!("{at}/confirmation"), json!({}))
                .await
                .expect(200);
            add(model, area, "confirmed", 1);
        }
    }
    path
}

fn cleaned(mut model: Model) -> Model {
    model
        .values_mut()
        .for_each(|figures| figures.retain(|_, n| *n != 0));
    model.retain(|_, figures| !figures.is_empty());
    model
}

fn by_area(results: &Value) -> Model {
    let rows = results["by_area"].as_array().unwrap();
    let model = rows.iter().map(|row| {
        (
            row["area"].as_str().unwrap().to_owned(),
            sums(&row["figures"], &row["activities"]),
        )
    });
    cleaned(model.collect())
}

fn year_before(results: &Value) -> Model {
    let rows = results["by_area"].as_array().unwrap();
    let model = rows.iter().map(|row| {
        let before = &row["year_before"];
        (
            row["area"].as_str().unwrap().to_owned(),
            sums(&before["figures"], &before["activities"]),
        )
    });
    cleaned(model.collect())
}

fn total(model: &Model) -> BTreeMap<&'static str, i64> {
    let mut out = BTreeMap::new();
    for (figure, n) in model.values().flatten() {
        *out.entry(*figure).or_default() += n;
    }
    out
}

both! {
    /// Whatever happened: villages and what is of a whole township are the township's, those the county's, and
    /// everything with what is of more than a county is the total; this year's and the year before's alike.
    async fn sums_over_villages_are_the_townships_and_the_countys(app) {
        for seed in [3, 11] {
            let mut dice = Dice(seed);
            let places = [(Role::FieldMember, VILLAGE), (Role::FieldMember, VILLAGE), (Role::FieldMember, SECOND_VILLAGE), (Role::Coordinator, TOWN),
                (Role::FieldMember, "330402008016"), (Role::Coordinator, OTHER_TOWN), (Role::Coordinator, COUNTY), (Role::Coordinator, OTHER_COUNTY), (Role::Coordinator, CITY)];
            let mut people = Vec::new();
            for (role, area) in places {
                people.push((app.user(role, area).await, area.to_owned()));
            }
            let festival = app.user(Role::CampaignOrganiser, CITY).await.post("/v1/festivals", json!({
                "code": format!("day-{seed}"), "title_zh": "服务日", "title_en": "A day", "rule": "solar:05-29" })).await.expect(201);
            let now = app.now();
            let plan = json!([{ "send_at": now.plus(-2).to_string() }, { "send_at": now.plus(-1).to_string() }]);
            let roles: Vec<&str> = vec!["field_member", "coordinator"];
            let body = |day: &Value| campaign_with(json!({ "area": CITY, "festival_id": festival["id"], "starts_on": day["starts_on"],
                "audience": { "areas": [CITY], "roles": roles }, "reminders": plan }));
            let mut models = [Model::new(), Model::new()];
            let mut paths = Vec::new();
            for (year, model) in models.iter_mut().enumerate() {
                paths.push(played(app, &mut dice, model, body(&festival["days"][year]), &people).await);
            }
            let organiser = app.user(Role::CampaignOrganiser, CITY).await;
            for (level, digits) in [("village", 12), ("town", 9), ("county", 6)] {
                let found = results(&organiser, &paths[1], level).await;
                assert_eq!(found["level"], level);
                assert_eq!(by_area(&found), cleaned(at_level(&models[1], digits)), "{level}, seed {seed}");
                assert_eq!(year_before(&found), cleaned(at_level(&models[0], digits)), "the year before, {level}, seed {seed}");
                assert_eq!(sums(&found["total"], &found["activities"]), total(&cleaned(models[1].clone())));
                let before = &found["year_before"];
                assert_eq!(sums(&before["figures"], &before["activities"]), total(&cleaned(models[0].clone())));
            }
            assert_eq!(results(&organiser, &paths[0], "village").await["year_before"], Value::Null);
            // Nobody of the audience is left for the next seed.
            for (person, _) in people {
                let admin = app.user(Role::Administrator, CITY).await;
                let path = format!("/v1/users/{}/assignments", person.id);
                let all = admin.get(&path).await.expect(200);
                admin.delete(&format!("{path}/{}", all["items"][0]["id"].as_str().unwrap())).await.expect(204);
            }
        }
    }

    async fn somebody_who_moved_counts_once_where_the_first_reminder_found_them(app) {
        let (author, approver) = organisers(app).await;
        let member = app.member().await;
        let (now, soon) = (app.now(), app.now().plus(qianshou::db::Micros::HOUR));
        let plan = json!([{ "send_at": now.to_string() }, { "send_at": soon.to_string() }]);
        let path = scheduled(&author, &approver, campaign_with(json!({ "reminders": plan }))).await;
        for _ in 0..200 {
            if !inbox(&member).await.is_empty() { break; }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let admin = app.user(Role::Administrator, CITY).await;
        let assignments = format!("/v1/users/{}/assignments", member.id);
        let old = admin.get(&assignments).await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
        admin.post(&assignments, json!({ "role": "field_member", "area": SECOND_VILLAGE })).await.expect(201);
        admin.delete(&format!("{assignments}/{old}")).await.expect(204);
        app.advance(soon.0 - app.now().0 + 1);
        let author = make::renewed(app, &author);
        assert_eq!(settled(&author, &path).await, ["sent", "sent"]);
        let found = results(&author, &path, "village").await;
        assert_eq!(found["total"]["targeted"], 1);
        assert_eq!(by_area(&found).keys().collect::<Vec<_>>(), [VILLAGE]);
        author.get(&format!("{path}/results?level=province")).await.problem(400, "malformed_query");
    }

    async fn who_has_not_acknowledged_is_the_organisers_to_see(app) {
        let (author, approver) = organisers(app).await;
        let (quick, slow) = (app.member().await, app.coordinator().await);
        make::subscribed_phone(app, &quick, "fcm-token-of-the-quick").await;
        let path = scheduled(&author, &approver, campaign_with(json!({ "reminders": [{ "send_at": app.now().to_string() }] }))).await;
        settled(&author, &path).await;
        let id = inbox(&quick).await[0]["id"].clone();
        quick.post("/v1/notifications/marks", json!({ "marks": [{ "notification_id": id, "mark": "read" }] })).await.expect(200);
        let list = format!("{path}/receivers");
        let all = author.get(&list).await.expect(200);
        assert_eq!(all["items"].as_array().unwrap().len(), 2);
        let not_yet = author.get(&format!("{list}?acknowledged=false")).await.expect(200);
        assert_eq!(not_yet["items"], json!([{ "user_id": slow.id, "display_name": "测*", "area": TOWN, "with_push": false, "displayed": false, "opened": false, "done": false, "acknowledged": false }]));
        let done = author.get(&format!("{list}?acknowledged=true")).await.expect(200);
        assert_eq!((&done["items"][0]["user_id"], &done["items"][0]["with_push"], &done["items"][0]["opened"]), (&json!(quick.id), &json!(true), &json!(true)));
        // Page by page, and with this caller's cursor alone.
        let first = author.get(&format!("{list}?limit=1")).await.expect(200);
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = author.get(&format!("{list}?limit=1&cursor={cursor}")).await.expect(200);
        assert_ne!(first["items"][0]["user_id"], second["items"][0]["user_id"]);
        assert_eq!(second["next_cursor"], Value::Null);
        // Counts are for every organiser of the area; names are not.
        approver.get(&format!("{path}/results")).await.expect(200);
        approver.get(&list).await.problem(403, "forbidden_action");
        quick.get(&list).await.problem(403, "forbidden_action");
    }
}
