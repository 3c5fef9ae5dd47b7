//! Answers that are due: reminded of, ended when nobody gives one, and counted by area and quarter.

use crate::both;
use crate::support::make::renewed;
use crate::support::notices::*;
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;
use qianshou::statistics::quarter::Quarter;

const DAY: i64 = Micros::DAY;

both! {
    async fn an_answer_is_reminded_of_until_nobody_waits_any_more(app) {
        let s = sides(app).await;
        let county = app.user(Role::Coordinator, COUNTY).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let (out, came) = arrived(&s, &resident, &["name"]).await;
        let due_on: jiff::civil::Date = out["due_on"].as_str().unwrap().parse().unwrap();
        let days = due_on.since((jiff::Unit::Day, app.now().china_day())).unwrap().get_days();
        let looked = async || qianshou::reminders::run(&app.data).await.unwrap();
        let told = async |who: &Client| -> Vec<String> {
            let inbox = renewed(app, who).get("/v1/notifications?limit=200").await.expect(200);
            let items = inbox["items"].as_array().unwrap().iter().filter(|n| n["kind"] == "liaison_due");
            items.map(|n| n["title_zh"].as_str().unwrap().to_owned()).collect()
        };
        looked().await;
        assert_eq!(told(&s.home).await.len(), 0);
        app.advance(i64::from(days / 2 + 1) * DAY);
        looked().await;
        looked().await;
        assert_eq!(told(&s.home).await, ["协作通报期限已过半"]);
        app.advance(i64::from(days - days / 2 - 2) * DAY);
        looked().await;
        assert_eq!(told(&s.home).await[0], "协作通报期限将到");
        // Past its day: whoever must act, and whoever asked; then those above.
        app.advance(2 * DAY);
        looked().await;
        assert_eq!(told(&s.home).await[0], "协作通报逾期未答复");
        assert_eq!(told(&s.member).await, ["协作通报未获答复"]);
        assert_eq!((told(&county).await.len(), told(&s.coordinator).await.len()), (0, 0));
        app.advance(3 * DAY);
        looked().await;
        assert_eq!((told(&county).await, told(&s.coordinator).await), (vec!["协作通报逾期未答复".to_owned()], vec!["协作通报未获答复".to_owned()]));
        assert_eq!(told(&s.home).await.len(), 3);
        let member = renewed(app, &s.member);
        assert_eq!((&read(&member, &out).await["standing"], &read(&member, &out).await["allowed_actions"]), (&json!("overdue"), &json!(["expiry"])));
        // Ended by hand, or by itself a month past its day.
        let other = drafted(&member, about("registration_notice", &resident, &["phone"])).await;
        let other = sent(&renewed(app, &s.coordinator), &other).await;
        let expired = member.post(&step(&out, "expiry"), json!(null)).await.expect(200);
        assert_eq!((&expired["state"], &expired["told"]), (&json!("expired"), &json!([])));
        let home = renewed(app, &s.home);
        let gone = home.post(&step(&came, "acceptance"), json!({})).await.problem(409, "state_forbids");
        assert_eq!((&gone["state"], &gone["allowed_actions"]), (&json!("expired"), &json!([])));
        qianshou::liaison::ends::expire(&app.data).await.unwrap();
        assert_eq!(read(&member, &other).await["state"], "sent");
        app.advance(60 * DAY);
        while qianshou::liaison::ends::expire(&app.data).await.unwrap() {}
        assert_eq!(read(&renewed(app, &s.member), &other).await["state"], "expired");
        assert_eq!(values(app), 0);
    }

    async fn answers_in_time_are_counted_by_area_and_quarter(app) {
        // To the middle of a quarter, so that nothing falls into another one.
        let days = |to: jiff::civil::Date| to.since((jiff::Unit::Day, app.now().china_day())).unwrap().get_days();
        let quarter = Quarter::of(app.now().plus(100 * DAY).china_day());
        app.advance(i64::from(days(quarter.first_day()) + 20) * DAY);
        let s = sides(app).await;
        let far = app.user(Role::FieldMember, SECOND_VILLAGE).await;
        let mut out = Vec::new();
        for _ in 0..11 {
            let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
            out.push(sent(&s.coordinator, &drafted(&s.member, about("registration_notice", &resident, &["name"])).await).await);
        }
        let page = s.home.get(&format!("{NOTICES}?side=in")).await.expect(200);
        let came: Vec<Value> = page["items"].as_array().unwrap().clone();
        let answer = async |home: &Client, of: &[Value]| {
            for one in of {
                for name in ["reception", "acceptance"] {
                    home.post(&step(one, name), json!({})).await.expect(200);
                }
            }
        };
        // An acknowledgement is no notice to be answered.
        let ack = drafted(&s.home, json!({ "kind": "acknowledgement", "regards": came[0]["id"] })).await;
        s.home.post(&step(&ack, "dispatch"), json!(null)).await.expect(200);
        s.home.post(&step(&came[0], "acceptance"), json!({})).await.expect(200);
        answer(&s.home, &came[1..5]).await;
        app.advance(25 * DAY);
        let home = renewed(app, &s.home);
        answer(&home, &came[5..]).await;
        // Withdrawn before anybody answered, it is nobody's delay.
        let (member, coordinator) = (renewed(app, &s.member), renewed(app, &s.coordinator));
        let resident = migrant(&member, OTHER_TOWN, ALL).await;
        sent(&coordinator, &drafted(&member, about("registration_notice", &resident, &["name"])).await).await;
        crate::support::make::withdraw(&member, &format!("{}/consents", crate::support::make::at("residents", &resident)), "liaison_with_home_area").await;
        let path = |area: &str, quarter: Quarter| format!("/v1/statistics/liaison?area={area}&quarter={quarter}");
        let officer = app.user(Role::Officer, COUNTY).await;
        officer.get(&path(COUNTY, quarter)).await.problem(400, "malformed_query");
        app.advance(i64::from(days(quarter.last_day()) + 1) * DAY);
        let officer = renewed(app, &officer);
        let found = officer.get(&path(COUNTY, quarter)).await.expect(200);
        let answers = json!({ "in_time": 5, "late": 6, "open": 0 });
        let total = &found["total"];
        assert_eq!((&total["sent"], &total["received"], &total["answers_got"], &total["answers_given"]), (&json!(12), &json!(12), &answers, &answers));
        let row = |found: &Value, area: &str| found["rows"].as_array().unwrap().iter().find(|row| row["area"] == area).unwrap().clone();
        let (from, to) = (row(&found, TOWN), row(&found, OTHER_TOWN));
        assert_eq!((&from["sent"], &from["received"], &from["answers_got"]), (&json!(12), &json!(0), &answers));
        assert_eq!((&to["sent"], &to["received"], &to["answers_given"]), (&json!(0), &json!(12), &answers));
        // Of a few nobody learns how they were answered, nor of the others beside them.
        let far = renewed(app, &far);
        let next = Quarter::of(app.now().china_day());
        let resident = far.post("/v1/residents", make::resident_with(json!({ "area": SECOND_VILLAGE, "home_area": OTHER_TOWN,
            "consents": [make::consent("registration"), make::consent("liaison_with_home_area")] }))).await.expect(201);
        let coordinator = renewed(app, &s.coordinator);
        let draft = drafted(&far, about("registration_notice", &resident, &["name"])).await;
        sent(&coordinator, &draft).await;
        let member = renewed(app, &s.member);
        for _ in 0..6 {
            let resident = migrant(&member, OTHER_TOWN, ALL).await;
            sent(&coordinator, &drafted(&member, about("registration_notice", &resident, &["name"])).await).await;
        }
        app.advance(i64::from(days(next.last_day()) + 1) * DAY);
        let officer = renewed(app, &officer);
        let towns = officer.get(&path(COUNTY, next)).await.expect(200);
        assert_eq!((&row(&towns, TOWN)["sent"], &row(&towns, TOWN)["answers_got"]), (&json!(7), &json!({ "in_time": 0, "late": 0, "open": 7 })));
        let villages = officer.get(&format!("{}&by=village", path(COUNTY, next))).await.expect(200);
        for village in [VILLAGE, SECOND_VILLAGE] {
            let of = row(&villages, village);
            assert_eq!((&of["sent"], &of["answers_got"]), (&json!(null), &json!(null)), "{village}");
        }
        // A quarter that is over stays as it was counted.
        assert_eq!(officer.get(&path(COUNTY, quarter)).await.expect(200), found);
        let coordinator = renewed(app, &s.coordinator);
        assert_eq!(coordinator.get(&path(TOWN, next)).await.expect(200)["total"], row(&towns, TOWN));
        coordinator.get(&path(OTHER_TOWN, next)).await.problem(404, "not_found");
        coordinator.get(&format!("{}&by=county", path(TOWN, next))).await.problem(400, "malformed_query");
        coordinator.get("/v1/statistics/liaison?area=330402007").await.problem(400, "malformed_query");
        renewed(app, &s.member).get(&path(VILLAGE, next)).await.problem(403, "forbidden_action");
    }

}
