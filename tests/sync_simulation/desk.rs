//! What is done at desks meanwhile, over REST: records change, people move, assignments come and go, and work
//! that rests is settled.

use crate::network::settle;
use crate::support::*;
use crate::work::LIAISON;
use crate::world::{World, Written};
use qianshou::auth::policy::Role;

/// What somebody may come to be: a role, and whether of a township or which village.
const POSTS: &[(&str, Option<usize>)] = &[
    ("field_member", Some(0)),
    ("field_member", Some(1)),
    ("field_member", Some(2)),
    ("field_member", None),
    ("coordinator", Some(0)),
    ("coordinator", Some(2)),
    ("coordinator", None),
];

impl World<'_> {
    /// Tells what the desk did, and lets the server's jobs do what follows.
    async fn noted(&mut self, what: String, answer: &Answer) {
        assert!(answer.status < 500, "{what}: {}", answer.text);
        let status = answer.status;
        let line = format!("desk: {what} → {status}");
        self.story.tell(line);
        if status < 300 {
            let word = what.split(' ').next().unwrap_or_default();
            self.tally.one("desk", word);
        }
        settle(&self.app.data).await;
    }

    pub async fn desk_works(&mut self) {
        if self.theme.contains(&"visit") && self.dice.once_in(2) {
            return self.desk_returns().await;
        }
        if self.theme.contains(&"liaison_notice") && !self.dice.once_in(3) {
            return self.desk_sends().await;
        }
        match self.dice.below(10) {
            0..=2 => self.desk_amends().await,
            3 => self.desk_moves().await,
            4 => self.desk_assigns().await,
            5..=6 => self.desk_returns().await,
            7 => self.desk_settles("quarantine").await,
            8 => self.desk_sends().await,
            _ => self.desk_settles("conflicts").await,
        }
    }

    /// One of those records that anybody made.
    fn one(&mut self, kind: &str) -> Option<String> {
        let all: Vec<String> = self
            .made
            .iter()
            .filter(|made| made.kind == kind)
            .map(|made| made.id.to_string())
            .collect();
        self.dice.pick(&all).cloned()
    }

    async fn desk_amends(&mut self) {
        let mark = self.mark();
        let (kind, collection, fields) = match self.dice.below(4) {
            0 => (
                "resident",
                "residents",
                json!({ "phone": self.new_number() }),
            ),
            1 => (
                "resident",
                "residents",
                json!({ "employer": format!("公司{mark}"), "reason": "business" }),
            ),
            2 => (
                "member_home",
                "member-homes",
                json!({ "title": format!("之家{mark}"), "opening_hours": format!("9:00-16:{:02}", mark % 60) }),
            ),
            _ => ("household", "households", json!({ "kind": "local" })),
        };
        let Some(id) = self.one(kind) else { return };
        let path = format!("/v1/{collection}/{id}");
        let read = self.desk.get(&path).await;
        let Some(etag) = read.header("etag").map(str::to_owned) else {
            return;
        };
        let answer = self.desk.patch(&path, &etag, fields.clone()).await;
        if let Some(version) = answer.json["version"]
            .as_i64()
            .filter(|_| answer.status < 300)
        {
            self.written.push(Written {
                kind,
                record: id.clone(),
                version,
                fields: fields.clone(),
            });
        }
        let what = format!("amends {} {fields}", self.called(&id));
        self.noted(what, &answer).await;
    }

    async fn desk_moves(&mut self) {
        let Some(id) = self.one("resident") else {
            return;
        };
        let day = format!("2026-05-{:02}", 1 + self.dice.below(28));
        let (path, body) = match self.dice.once_in(4) {
            true => ("departure", json!({ "left_on": day })),
            false => {
                let area = self.dice.pick(&self.places.villages.clone()).cloned();
                (
                    "residences",
                    json!({ "area": area, "from_day": day, "reason": "work" }),
                )
            }
        };
        let what = format!("moves {} {path} {body}", self.called(&id));
        let answer = self
            .desk
            .post(&format!("/v1/residents/{id}/{path}"), body)
            .await;
        self.noted(what, &answer).await;
    }

    async fn desk_assigns(&mut self) {
        let (kind, collection) = match self.dice.once_in(2) {
            true => ("resident", "residents"),
            false => ("household", "households"),
        };
        let Some(id) = self.one(kind) else { return };
        let worker = self.dice.below(self.users.len() + 1);
        let body = json!({ "assignee": self.users.get(worker).map(|user| user.id) });
        let path = format!("/v1/{collection}/{id}/assignee");
        let answer = self.desk.put(&path, body).await;
        let what = format!("assigns {} to user {worker}", self.called(&id));
        self.noted(what, &answer).await;
    }

    async fn desk_returns(&mut self) {
        let all = self.desk.get("/v1/visits?limit=200").await.expect(200);
        let all = all["items"].as_array().unwrap().iter();
        let submitted = all.filter(|visit| visit["state"] == "submitted");
        let mut ids: Vec<String> = submitted
            .map(|visit| visit["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort_by_cached_key(|id| self.called(id));
        let Some(id) = self.dice.pick(&ids).cloned() else {
            return;
        };
        let path = format!("/v1/visits/{id}/return");
        let body = json!({ "reason": "needs_unclear", "note": "请写明" });
        let answer = self.desk.post(&path, body).await;
        let what = format!("returns {}", self.called(&id));
        self.noted(what, &answer).await;
    }

    /// What goes from one hand to another is under way before phones make their own: a course of several days takes
    /// longer than a seed.
    pub async fn desk_begins(&mut self) {
        if self.theme == LIAISON {
            self.opens_notices().await;
        }
        if self.theme.contains(&"visit") {
            self.opens_visits().await;
        }
        if self.theme.contains(&"activity") {
            self.opens_activities().await;
        }
        if self.theme.contains(&"claim") {
            self.opens_claims().await;
        }
    }

    /// Somebody of the first village without a phone.
    async fn colleague(&self) -> Client {
        self.app
            .user(Role::FieldMember, &self.places.villages[0])
            .await
    }

    /// Visits that wait for the coordinator.
    async fn opens_visits(&mut self) {
        let member = self.colleague().await;
        for n in 0..4 {
            let home = json!({ "kind": "migrant", "area": self.places.villages[0] });
            let home = member.post("/v1/households", home).await.expect(201);
            make::household_person(&member, &home, &["registration", "service_follow_up"]).await;
            let mut visit = make::home_visit(&home);
            visit["opinions"] = json!([{ "topic": "activities", "text": format!("希望周末也开放{n}"), "answer_owed": true }]);
            let visit = member.post("/v1/visits", visit).await.expect(201);
            let path = format!("{}/submission", make::at("visits", &visit));
            let submitted = Answer::of(member.request(reqwest::Method::POST, &path)).await;
            self.noted(format!("opens visit {n}"), &submitted).await;
        }
    }

    /// Claims that the insurer examines, of families that a member with a phone looks after.
    async fn opens_claims(&mut self) {
        let member = self.colleague().await;
        for n in 0..4 {
            let home = json!({ "kind": "migrant", "area": self.places.villages[0] });
            let home = member.post("/v1/households", home).await.expect(201);
            let consents = ["registration", "insurance"];
            let person = make::household_person(&member, &home, &consents).await;
            let policy = make::policy(&home, &person);
            let policy = member.post("/v1/policies", policy).await.expect(201);
            let claim = make::claim(&policy, &person);
            let claim = member.post("/v1/claims", claim).await.expect(201);
            let path = make::at("claims", &claim);
            for step in ["acceptance", "review"] {
                let on = json!({ "on": "2026-03-10" });
                let taken = member.post(&format!("{path}/{step}"), on).await;
                taken.expect(200);
            }
            let path = format!("{}/assignee", make::at("households", &home));
            let worker = json!({ "assignee": self.users[0].id });
            let answer = self.desk.put(&path, worker).await;
            self.noted(format!("opens claim {n}"), &answer).await;
        }
    }

    /// Activities that are reported.
    async fn opens_activities(&mut self) {
        let member = self.colleague().await;
        for n in 0..4 {
            let plan = json!({ "area": self.places.villages[0], "venue": "小广场", "kind": "lecture", "title": format!("讲座{n}"),
                "starts_at": "2026-05-29T01:00:00Z", "ends_at": "2026-05-29T02:00:00Z" });
            let made = member.post("/v1/activities", plan).await.expect(201);
            let path = format!("{}/report", make::at("activities", &made));
            let report = json!({ "starts_at": "2026-05-29T01:00:00Z", "ends_at": "2026-05-29T02:00:00Z", "participants": 40,
                "leaflets": 50, "households_informed": 10 });
            let reported = member.post(&path, report).await;
            self.noted(format!("opens activity {n}"), &reported).await;
        }
    }

    /// Notices between the townships, in both directions.
    async fn opens_notices(&mut self) {
        let villages = self.places.villages.clone();
        for n in 0..6 {
            let (from, to) = match n % 2 {
                0 => (&villages[0], &self.places.towns[1]),
                _ => (&villages[2], &self.places.towns[0]),
            };
            let consents = ["registration", "liaison_with_home_area"].map(make::consent);
            let body = make::resident_with(
                json!({ "area": from, "phone": null, "home_area": self.places.county,
                "consents": consents }),
            );
            let notice =
                json!({ "kind": "registration_notice", "to_area": to, "fields": ["name"] });
            let resident = self.desk.post("/v1/residents", body).await.expect(201);
            let mut draft = notice;
            draft["person_id"] = resident["person_id"].clone();
            let draft = self
                .desk
                .post("/v1/liaison-notices", draft)
                .await
                .expect(201);
            let path = format!("{}/dispatch", make::at("liaison-notices", &draft));
            let sent = Answer::of(self.desk.request(reqwest::Method::POST, &path)).await;
            self.noted(format!("opens notice {n}"), &sent).await;
        }
    }

    /// Sends some of the notices that phones drafted.
    async fn desk_sends(&mut self) {
        for _ in 0..1 + self.dice.below(3) {
            self.desk_sends_one().await;
        }
    }

    async fn desk_sends_one(&mut self) {
        let drafts = "/v1/liaison-notices?state=draft&limit=200";
        let all = self.desk.get(drafts).await.expect(200);
        let mut ids: Vec<String> = all["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|notice| notice["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort_by_cached_key(|id| self.called(id));
        let Some(id) = self.dice.pick(&ids).cloned() else {
            return;
        };
        let path = format!("/v1/liaison-notices/{id}/dispatch");
        let answer = Answer::of(self.desk.request(reqwest::Method::POST, &path)).await;
        let what = format!("sends {}", self.called(&id));
        self.noted(what, &answer).await;
    }

    async fn desk_settles(&mut self, list: &str) {
        let path = format!("/v1/sync/{list}");
        let open = self
            .desk
            .get(&format!("{path}?limit=200"))
            .await
            .expect(200);
        // In the order in which they were done: ids of the server differ from run to run.
        let mut open = open["items"].as_array().unwrap().clone();
        open.sort_by_key(|work| {
            let op = work["op_id"].as_str();
            let place = self
                .queued
                .iter()
                .position(|q| op == Some(&q.op_id.to_string()));
            place.unwrap_or(usize::MAX)
        });
        let Some(work) = self.dice.pick(&open).cloned() else {
            return;
        };
        let id = work["id"].as_str().unwrap();
        let (word, body) = match (list, self.dice.below(4)) {
            ("conflicts", 0..=1) => ("resolution", json!({ "take": "server" })),
            ("conflicts", _) => ("resolution", json!({ "take": "phone" })),
            (_, 0) => ("decline", Value::Null),
            _ => ("release", Value::Null),
        };
        let path = format!("{path}/{id}/{word}");
        let answer = match body.is_null() {
            true => Answer::of(self.desk.request(reqwest::Method::POST, &path)).await,
            false => self.desk.post(&path, body.clone()).await,
        };
        let record = self.called(work["record_id"].as_str().unwrap());
        let what = format!("{word} {body} of {} {record}", work["action"]);
        self.noted(what, &answer).await;
    }

    /// Somebody gets an assignment, or loses one.
    pub async fn reassigns(&mut self) {
        let user = self.dice.below(self.users.len());
        let path = format!("/v1/users/{}/assignments", self.users[user].id);
        let all = self.admin.get(&path).await.expect(200);
        let mut live: Vec<(String, String)> = all["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|a| a["ends_at"].is_null())
            .map(|a| {
                let of = format!("{} of {}", a["role"], a["area"]);
                (of, a["id"].as_str().unwrap().to_owned())
            })
            .collect();
        live.sort();
        let ended = self.dice.pick(&live).cloned();
        if let Some((of, id)) = ended.filter(|_| self.dice.once_in(3)) {
            let answer = self.admin.delete(&format!("{path}/{id}")).await;
            return self.noted(format!("ends user {user}: {of}"), &answer).await;
        }
        let (role, village) = *self.dice.pick(POSTS).unwrap();
        let area = match village {
            Some(n) => self.places.villages[n].clone(),
            None => self.dice.pick(&self.places.towns.clone()).unwrap().clone(),
        };
        let body = json!({ "role": role, "area": area });
        let answer = self.admin.post(&path, body).await;
        self.noted(format!("begins user {user}: {role} of {area}"), &answer)
            .await;
    }
}
