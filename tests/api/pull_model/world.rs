//! People at work: who they are, and what they do next.

use reqwest::Method;

use super::Dice;
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Uid;

/// Where work is done; the coordinators of some reach over others.
const PLACES: &[&str] = &[VILLAGE, SECOND_VILLAGE, OTHER_TOWN];

/// What somebody may come to be.
const POSTS: &[(&str, &str)] = &[
    ("field_member", VILLAGE),
    ("field_member", SECOND_VILLAGE),
    ("field_member", TOWN),
    ("field_member", OTHER_TOWN),
    ("coordinator", VILLAGE),
    ("coordinator", TOWN),
    ("coordinator", OTHER_TOWN),
    ("coordinator", COUNTY),
    ("campaign_organiser", TOWN),
    ("campaign_organiser", COUNTY),
    ("campaign_organiser", CITY),
    ("officer", COUNTY),
];

const PURPOSES: &[&str] = &["registration", "insurance", "service_follow_up"];

/// How an activity went.
fn held() -> Value {
    json!({ "starts_at": "2026-05-29T01:00:00Z", "ends_at": "2026-05-29T02:00:00Z", "participants": 30,
        "leaflets": 50, "households_informed": 10,
        "media": [{ "channel": "radio", "outlet": "南湖之声", "title": "活动日", "published_on": "2026-05-29" }] })
}

#[derive(Default)]
pub struct World {
    pub users: Vec<Client>,
    /// What was done, for whoever reads a failure.
    pub told: Vec<String>,
    admin: Option<Client>,
    residents: Vec<Value>,
    households: Vec<Value>,
    /// Paths of people in their households.
    people: Vec<String>,
    visits: Vec<Value>,
    follow_ups: Vec<Value>,
    services: Vec<Value>,
    claims: Vec<Value>,
    homes: Vec<Value>,
    campaigns: Vec<Value>,
    activities: Vec<Value>,
    /// Both sides' copies.
    notices: Vec<Value>,
    /// Stays and departures go on from day to day.
    day: usize,
}

impl World {
    pub async fn new(app: &TestApp) -> World {
        use Role::*;
        let posts: &[&[(Role, &str)]] = &[
            &[(FieldMember, VILLAGE)],
            &[(FieldMember, SECOND_VILLAGE), (FieldMember, OTHER_TOWN)],
            &[(Coordinator, TOWN)],
            &[(Coordinator, COUNTY)],
            &[(FieldMember, OTHER_TOWN), (Coordinator, VILLAGE)],
            &[(CampaignOrganiser, COUNTY)],
            &[(CampaignOrganiser, CITY), (FieldMember, VILLAGE)],
        ];
        let mut world = World::default();
        for posts in posts {
            world.users.push(app.user_with(posts).await);
        }
        world.admin = Some(app.user(Administrator, CITY).await);
        world
    }

    /// Somebody does something. What they are not allowed to do changes nothing.
    async fn does(
        &mut self,
        who: &Client,
        method: Method,
        path: &str,
        body: Value,
    ) -> Option<Value> {
        let mut request = who.request(method.clone(), path);
        if method == Method::PATCH {
            let read = who.get(path).await;
            request = request.header("if-match", read.header("etag")?);
        }
        let sent = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        let answer = Answer::of(sent).await;
        assert!(answer.status < 500, "{method} {path}: {}", answer.text);
        let (status, code) = (answer.status, answer.json["code"].as_str());
        self.told.push(format!(
            "{}: {method} {path} {body} → {status} {}",
            who.login,
            code.unwrap_or_default()
        ));
        (status < 300).then_some(answer.json)
    }

    async fn posts(&mut self, who: &Client, path: &str, body: Value) -> Option<Value> {
        self.does(who, Method::POST, path, body).await
    }

    fn next_day(&mut self) -> String {
        self.day += 1;
        format!("2026-{:02}-{:02}", 6 + self.day / 28, 1 + self.day % 28)
    }

    pub async fn step(&mut self, app: &TestApp, dice: &mut Dice) {
        let who = dice.pick(&self.users).unwrap().clone();
        let area = *dice.pick(PLACES).unwrap();
        // At first there has to be something to work with.
        let what = if self.told.len() < 16 {
            dice.below(10)
        } else {
            dice.below(34)
        };
        match what {
            0..=2 => self.registers(&who, area).await,
            3 if dice.once_in(2) => self.serves(dice, &who).await,
            3..=6 => self.takes_in(dice, &who, area).await,
            7..=8 => self.visits(dice, &who).await,
            9..=10 => self.insures(dice, &who).await,
            11 => self.opens_a_home(&who, area).await,
            12..=13 => self.plans(app, dice, &who).await,
            14..=16 => self.cares(dice, &who).await,
            17..=18 => self.moves(dice, &who, area).await,
            19..=20 => self.consents(dice, &who).await,
            21 => self.joins(dice, &who).await,
            22 => self.amends(dice, &who).await,
            23 => self.marks(app, dice, &who).await,
            24..=25 => self.holds_an_activity(dice, &who, area).await,
            26..=27 => self.writes_elsewhere(dice, &who).await,
            _ => self.reassigns(dice).await,
        }
    }

    async fn registers(&mut self, who: &Client, area: &str) {
        let consents = ["registration", "liaison_with_home_area"].map(make::consent);
        let body =
            make::resident_with(json!({ "area": area, "home_area": COUNTY, "consents": consents }));
        let made = self.posts(who, "/v1/residents", body).await;
        self.residents.extend(made);
    }

    /// A resident is offered something, or what they were offered goes a step on.
    async fn serves(&mut self, dice: &mut Dice, who: &Client) {
        if let Some(service) = dice.pick(&self.services) {
            let step = *dice.pick(&["acceptance", "refusal"]).unwrap();
            let path = format!("{}/{step}", at("services", service));
            self.posts(who, &path, json!({})).await;
        }
        let Some(resident) = dice.pick(&self.residents) else {
            return;
        };
        let path = format!("{}/services", at("residents", resident));
        let made = self.posts(who, &path, json!({ "kind": "schooling" })).await;
        self.services.extend(made);
    }

    async fn takes_in(&mut self, dice: &mut Dice, who: &Client, area: &str) {
        if self.households.is_empty() || dice.once_in(2) {
            let body = json!({ "kind": "migrant", "area": area });
            let made = self.posts(who, "/v1/households", body).await;
            self.households.extend(made);
        }
        let Some(home) = dice.pick(&self.households) else {
            return;
        };
        let path = format!("{}/people", at("households", home));
        let consents: Vec<Value> = PURPOSES.iter().map(|p| make::consent(p)).collect();
        let body = json!({ "name": "李芳", "sex": "female", "birth_year": 1988, "phone": make::phone(), "consents": consents });
        if let Some(made) = self.posts(who, &path, body).await {
            self.people
                .push(format!("{path}/{}", made["id"].as_str().unwrap()));
        }
    }

    async fn visits(&mut self, dice: &mut Dice, who: &Client) {
        if let Some(visit) = dice.pick(&self.visits).filter(|_| self.visits.len() > 3) {
            let step = *dice
                .pick(&["submission", "confirmation", "return"])
                .unwrap();
            let body = if step == "return" {
                json!({ "note": "再写清楚些" })
            } else {
                json!({})
            };
            let path = format!("{}/{step}", at("visits", visit));
            self.posts(who, &path, body).await;
        }
        if let Some(planned) = dice.pick(&self.follow_ups).filter(|_| dice.once_in(4)) {
            let path = format!("{}/completion", at("follow-ups", planned));
            self.posts(who, &path, json!({ "outcome": "solved" })).await;
        }
        let Some(home) = dice.pick(&self.households) else {
            return;
        };
        let logged = make::home_visit(home);
        if let Some(made) = self.posts(who, "/v1/visits", logged).await {
            self.follow_ups.push(made["follow_ups"][0].clone());
            self.visits.push(made);
        }
    }

    async fn insures(&mut self, dice: &mut Dice, who: &Client) {
        if let Some(claim) = dice.pick(&self.claims) {
            let path = format!("{}/acceptance", at("claims", claim));
            let body = json!({ "on": "2026-03-03", "received_on": "2026-03-03" });
            self.posts(who, &path, body).await;
        }
        let Some(path) = dice.pick(&self.people).cloned() else {
            return;
        };
        let parts: Vec<&str> = path.split('/').collect();
        let (home, person) = (json!({ "id": parts[3] }), json!({ "id": parts[5] }));
        let body = make::policy(&home, &person);
        let Some(policy) = self.posts(who, "/v1/policies", body).await else {
            return;
        };
        let made = self
            .posts(who, "/v1/claims", make::claim(&policy, &person))
            .await;
        self.claims.extend(made);
    }

    async fn opens_a_home(&mut self, who: &Client, area: &str) {
        let body = json!({ "area": area, "title": "会员之家", "site_address": "百福弄1号" });
        let made = self.posts(who, "/v1/member-homes", body).await;
        self.homes.extend(made);
    }

    /// A notice to the other township goes a step on, and another is drafted.
    async fn writes_elsewhere(&mut self, dice: &mut Dice, who: &Client) {
        let steps = [
            ("dispatch", Value::Null),
            ("dispatch", Value::Null),
            ("reception", json!({})),
            ("acceptance", json!({})),
            ("closure", json!({})),
        ];
        for _ in 0..3 {
            let Some(notice) = dice.pick(&self.notices) else {
                break;
            };
            let (step, body) = dice.pick(&steps).unwrap().clone();
            let path = format!("{}/{step}", at("liaison-notices", notice));
            let sent = self.posts(who, &path, body).await.is_some() && step == "dispatch";
            if sent {
                let county = &self.users[3];
                let came = county.get("/v1/liaison-notices?side=in&limit=1").await;
                let came = came.json["items"][0].clone();
                self.notices.extend(came.is_object().then_some(came));
            }
        }
        let Some(resident) = dice.pick(&self.residents) else {
            return;
        };
        let here = resident["area"]
            .as_str()
            .is_some_and(|a| a.starts_with(TOWN));
        let to = if here { OTHER_TOWN } else { TOWN };
        let body = json!({ "kind": "registration_notice", "person_id": resident["person_id"],
            "to_area": to, "fields": ["name", "phone"] });
        let made = self.posts(who, "/v1/liaison-notices", body).await;
        self.notices.extend(made);
    }

    /// One is planned, and another goes a step on.
    async fn holds_an_activity(&mut self, dice: &mut Dice, who: &Client, area: &str) {
        let steps = [
            ("report", held()),
            ("return", json!({ "reason": "incomplete" })),
            ("confirmation", json!({})),
            ("cancellation", json!({})),
        ];
        if let Some(activity) = dice.pick(&self.activities) {
            let (step, body) = dice.pick(&steps).unwrap().clone();
            let path = format!("{}/{step}", at("activities", activity));
            self.posts(who, &path, body).await;
        }
        let body = json!({ "area": area, "venue": "小广场", "kind": "lecture", "title": "讲座",
            "starts_at": "2026-05-29T01:00:00Z", "ends_at": "2026-05-29T02:00:00Z" });
        let made = self.posts(who, "/v1/activities", body).await;
        self.activities.extend(made);
    }

    async fn plans(&mut self, app: &TestApp, dice: &mut Dice, who: &Client) {
        if let Some(campaign) = dice.pick(&self.campaigns).cloned() {
            let path = at("campaigns", &campaign);
            if dice.once_in(2) {
                self.does(who, Method::PATCH, &path, json!({ "title": "活动日" }))
                    .await;
            } else {
                let answer = who.approve(&path).await;
                self.told.push(format!(
                    "{}: approves {path} → {}",
                    who.login, answer.status
                ));
            }
        }
        let area = *dice.pick(&[CITY, CITY, COUNTY, TOWN]).unwrap();
        let text = json!({ "title": "{campaign}", "body": "{day}" });
        let body = json!({
            "area": area, "starts_on": "2099-05-29", "theme": "members_day", "title": "会员活动日",
            "audience": { "areas": [TOWN], "roles": ["field_member"] }, "message_zh": text, "message_en": text
        });
        let made = self.posts(who, "/v1/campaigns", body).await;
        if let Some(campaign) = made.as_ref().filter(|_| dice.once_in(2)) {
            self.announces(&at("campaigns", campaign)).await;
        }
        // What follows from it is there at once, or a phone would hear of it in the midst of a comparison.
        while qianshou::campaigns::alarms::run(&app.data).await.unwrap() {}
        self.campaigns.extend(made);
    }

    /// Whoever may approves a campaign and schedules it.
    async fn announces(&mut self, path: &str) {
        for user in self.users.clone() {
            if user.approve(path).await.status == 200 {
                let scheduled = format!("{path}/schedule");
                self.posts(&user, &scheduled, json!({})).await;
            }
        }
    }

    /// A resident or a household is given to another, or to nobody.
    async fn cares(&mut self, dice: &mut Dice, who: &Client) {
        let worker: Option<Uid> = dice
            .pick(&self.users)
            .map(|u| u.id)
            .filter(|_| !dice.once_in(4));
        let path = match dice.below(2) {
            0 => dice.pick(&self.residents).map(|r| at("residents", r)),
            _ => dice.pick(&self.households).map(|h| at("households", h)),
        };
        if let Some(path) = path {
            let body = json!({ "assignee": worker });
            self.does(who, Method::PUT, &format!("{path}/assignee"), body)
                .await;
        }
    }

    async fn moves(&mut self, dice: &mut Dice, who: &Client, area: &str) {
        let Some(path) = dice.pick(&self.residents).map(|r| at("residents", r)) else {
            return;
        };
        let day = self.next_day();
        if dice.once_in(4) {
            let body = json!({ "left_on": day });
            self.posts(who, &format!("{path}/departure"), body).await;
        } else {
            let body = json!({ "area": area, "from_day": day, "reason": "work" });
            self.posts(who, &format!("{path}/residences"), body).await;
        }
    }

    async fn consents(&mut self, dice: &mut Dice, who: &Client) {
        let person = match dice.below(2) {
            0 => dice.pick(&self.residents).map(|r| at("residents", r)),
            _ => dice.pick(&self.people).cloned(),
        };
        let Some(path) = person.map(|p| format!("{p}/consents")) else {
            return;
        };
        // To withdraw the first purpose takes the whole record along.
        let purpose = if dice.once_in(2) {
            0
        } else {
            1 + dice.below(2)
        };
        let purpose = PURPOSES[purpose];
        let all = who.get(&path).await;
        let live = all.json["items"].as_array().and_then(|items| {
            let mut items = items.iter();
            items.find(|k| k["purpose"] == purpose && k["withdrawn_at"].is_null())
        });
        let live = live.map(|k| k["id"].as_str().unwrap().to_owned());
        match live.filter(|_| !dice.once_in(3)) {
            Some(id) => {
                let body = json!({ "channel": "in_person" });
                self.posts(who, &format!("{path}/{id}/withdrawal"), body)
                    .await;
            }
            None => {
                let again = make::consent_again(purpose);
                drop(self.posts(who, &path, again).await);
            }
        }
    }

    async fn joins(&mut self, dice: &mut Dice, who: &Client) {
        let home = dice.pick(&self.households).map(|h| at("households", h));
        let person = match dice.below(2) {
            0 => dice
                .pick(&self.residents)
                .map(|r| r["person_id"].as_str().unwrap().to_owned()),
            _ => dice
                .pick(&self.people)
                .and_then(|p| p.rsplit('/').next().map(str::to_owned)),
        };
        if let (Some(home), Some(person)) = (home, person) {
            let path = format!("{home}/people/{person}");
            if self
                .does(who, Method::PUT, &path, Value::Null)
                .await
                .is_some()
            {
                self.people.push(path);
            }
        }
    }

    async fn amends(&mut self, dice: &mut Dice, who: &Client) {
        let (path, body) = match dice.below(4) {
            0 => (
                dice.pick(&self.people).cloned(),
                json!({ "phone": make::phone() }),
            ),
            1 => (
                dice.pick(&self.homes).map(|h| at("member-homes", h)),
                json!({ "opening_hours": "8:30-17:00" }),
            ),
            2 => (
                dice.pick(&self.households).map(|h| at("households", h)),
                json!({ "kind": "local" }),
            ),
            _ => (
                dice.pick(&self.residents).map(|r| at("residents", r)),
                json!({ "phone": make::phone() }),
            ),
        };
        if let Some(path) = path {
            self.does(who, Method::PATCH, &path, body).await;
        }
    }

    /// Somebody is told something, or reads what they were told.
    async fn marks(&mut self, app: &TestApp, dice: &mut Dice, who: &Client) {
        use qianshou::notifications::model::NotificationKind;
        let inbox = who.get("/v1/notifications").await;
        let unread = inbox.json["items"].as_array().and_then(|all| all.first());
        if let Some(id) = unread.map(|n| n["id"].clone()).filter(|_| dice.once_in(2)) {
            let body = json!({ "marks": [{ "id": id, "mark": "opened" }] });
            self.posts(who, "/v1/notifications/marks", body).await;
        } else {
            let kind = NotificationKind::ALL[0];
            let day = 24 * 3600 * 1_000_000;
            pushing::tell(app, kind, "通知", &[who.id], day).await;
            self.told.push(format!("{} is told something", who.login));
        }
    }

    /// Somebody gets an assignment, or loses one.
    async fn reassigns(&mut self, dice: &mut Dice) {
        let user = dice.pick(&self.users).unwrap().clone();
        let (admin, path) = (
            self.admin.clone().unwrap(),
            format!("/v1/users/{}/assignments", user.id),
        );
        let all = admin.get(&path).await;
        let live: Vec<&Value> = all.json["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|a| a["ends_at"].is_null())
            .collect();
        let ended = dice
            .pick(&live)
            .filter(|_| dice.once_in(2))
            .map(|a| format!("{path}/{} {}", a["id"].as_str().unwrap(), a["area"]));
        match ended {
            Some(one) => {
                let (one, area) = one.split_once(' ').unwrap();
                self.told.push(format!("{} loses {area}", user.login));
                self.does(&admin, Method::DELETE, one, Value::Null).await;
            }
            None => {
                let (role, area) = *dice.pick(POSTS).unwrap();
                self.told
                    .push(format!("{} becomes {role} of {area}", user.login));
                self.posts(&admin, &path, json!({ "role": role, "area": area }))
                    .await;
            }
        }
    }
}
