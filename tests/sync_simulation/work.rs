//! What people do on their phones: every command of every kind that a phone may write.

use crate::phone::{Draft, Shown, store::Id};
use crate::support::*;
use crate::world::{COORDINATOR, FAR_COORDINATOR, Queued, World};

/// Commands by how often they are given.
pub const COMMANDS: &[(usize, (&str, &str))] = &[
    (7, ("resident", "create")),
    (9, ("resident", "update")),
    (2, ("resident", "departure")),
    (2, ("resident", "assignee")),
    (3, ("residence", "create")),
    (3, ("consent", "create")),
    (3, ("consent", "refusal")),
    (3, ("consent", "withdrawal")),
    (5, ("household", "create")),
    (4, ("household", "update")),
    (2, ("household", "assignee")),
    (6, ("household_person", "create")),
    (4, ("household_person", "update")),
    (2, ("household_person", "join")),
    (4, ("member_home", "create")),
    (6, ("member_home", "update")),
    (3, ("member_home", "possessions")),
    (9, ("visit", "create")),
    (4, ("visit", "update")),
    (20, ("visit", "submission")),
    (40, ("visit", "return")),
    (30, ("visit", "confirmation")),
    (12, ("follow_up", "update")),
    (7, ("follow_up", "completion")),
    (6, ("policy", "create")),
    (6, ("claim", "create")),
    (4, ("claim", "update")),
    (9, ("claim", "")),
    (5, ("claim", "obstacle")),
    (9, ("claim", "obstacle-end")),
    (3, ("claim", "interruption")),
    (6, ("service", "create")),
    (9, ("service", "")),
    (25, ("notification", "marks")),
    (4, ("activity", "create")),
    (3, ("activity", "update")),
    (6, ("activity", "report")),
    (8, ("activity", "return")),
    (8, ("activity", "confirmation")),
    (2, ("activity", "cancellation")),
    (6, ("liaison_notice", "create")),
    (14, ("liaison_notice", "reception")),
    (16, ("liaison_notice", "acceptance")),
    (6, ("liaison_notice", "rejection")),
    (4, ("liaison_notice", "closure")),
    (2, ("liaison_notice", "assignee")),
    (4, ("liaison_notice", "update")),
    (12, ("concern", "referral")),
    (12, ("concern", "answer")),
];

/// What people are busy with in a seed, so that long courses come to their end; with nothing named, with all.
pub const THEMES: &[&[&str]] = &[
    &[],
    &["resident", "residence", "consent", "member_home"],
    &["activity", "member_home", "notification"],
    HOUSEHOLDS,
    &["resident", "service", "consent"],
    LIAISON,
    &["household", "household_person", "policy", "claim"],
    HOUSEHOLDS,
];

/// The longest course of all: a visit goes from one phone to a coordinator's and back.
const HOUSEHOLDS: &[&str] = &[
    "household",
    "household_person",
    "visit",
    "follow_up",
    "concern",
    "notification",
];

/// A notice goes from one township's phones over a desk to the other's.
pub const LIAISON: &[&str] = &["resident", "liaison_notice", "notification"];

/// Whether this makes a record.
fn makes(kind: &str, action: &str) -> bool {
    action == "create" || (kind, action) == ("consent", "refusal")
}

/// The steps of a claim that its state allows, and the state that each leaves.
const COURSE: &[(&str, &[(&str, &str)])] = &[
    (
        "reported",
        &[("acceptance", "accepted"), ("withdrawal", "withdrawn")],
    ),
    (
        "accepted",
        &[
            ("document-request", "documents_requested"),
            ("documents", "accepted"),
            ("review", "under_review"),
        ],
    ),
    (
        "documents_requested",
        &[
            ("documents", "documents_requested"),
            ("documents-completion", "accepted"),
        ],
    ),
    (
        "under_review",
        &[
            ("investigation", "investigation"),
            ("dispute", "disputed"),
            ("dispute", "disputed"),
            ("determination", "approved"),
        ],
    ),
    ("disputed", &[("dispute-outcome", "under_review")]),
    ("investigation", &[("determination", "approved")]),
    ("approved", &[("agreement", "agreed")]),
    ("agreed", &[("payment", "paid")]),
    ("paid", &[("closure", "closed")]),
];

fn claim_body(action: &str) -> Value {
    let on = "2026-03-10";
    let sum = json!({ "amount": "1000.00", "currency": "CNY" });
    match action {
        "document-request" => json!({ "on": on, "papers": ["claim_form"] }),
        "documents" => json!({ "kind": "claim_form", "received_on": on }),
        "determination" => {
            json!({ "decision": "approved", "decided_on": on, "amount": sum, "insurer_reference": "D-1" })
        }
        "payment" => {
            json!({ "kind": "full", "amount": sum, "paid_on": on, "insurer_reference": "Z-1" })
        }
        "dispute" => json!({ "on": on, "way": "regulator" }),
        "dispute-outcome" => json!({ "on": on, "outcome": "back_to_review" }),
        _ => json!({ "on": on }),
    }
}

/// The same of a service.
const SERVED: &[(&str, &[(&str, &str)])] = &[
    (
        "offered",
        &[
            ("acceptance", "accepted"),
            ("acceptance", "accepted"),
            ("follow-up", "offered"),
            ("refusal", "declined"),
        ],
    ),
    (
        "accepted",
        &[
            ("referral", "referred"),
            ("delivery", "delivered"),
            ("follow-up", "accepted"),
        ],
    ),
    ("referred", &[("delivery", "delivered")]),
    ("delivered", &[("follow-up", "delivered")]),
];

fn service_body(action: &str) -> Value {
    match action {
        "acceptance" => json!({ "health_kind": "health_education" }),
        "referral" => json!({ "provider": "health_facility", "contact": "社区卫生服务中心" }),
        "delivery" => json!({ "delivered_on": "2026-06-01" }),
        "follow-up" => json!({ "follow_up_on": "2099-06-12" }),
        _ => json!({}),
    }
}

fn id_in(body: &Value, field: &str) -> Option<Id> {
    body[field].as_str()?.parse().ok()
}

impl World<'_> {
    /// Somebody does something on a phone, with coverage or without.
    pub fn works(&mut self, n: usize) {
        // Not everything can be done at any time.
        for _ in 0..24 {
            let (kind, action) = self.dice.weighed(COMMANDS);
            let fits = self.theme.is_empty() || self.theme.contains(&kind);
            if !fits && !self.dice.once_in(12) {
                continue;
            }
            if !self.usual(n, kind, action) && !self.dice.once_in(8) {
                continue;
            }
            let drafts = match (kind, action) {
                ("claim", "") => self.course(n, "claim", "reported", COURSE, claim_body),
                ("service", "") => self.course(n, "service", "offered", SERVED, service_body),
                _ => self.draft(n, kind, action).into_iter().collect(),
            };
            let some = !drafts.is_empty();
            for draft in drafts {
                self.queue(n, kind, draft);
            }
            if some {
                return;
            }
        }
    }

    /// Whether it is work of somebody like the owner of this phone; others try it seldom.
    fn usual(&self, n: usize, kind: &str, action: &str) -> bool {
        let coordinates = self.coordinates(n);
        match (kind, action) {
            ("visit", "return" | "confirmation") => coordinates,
            ("member_home", "create" | "update") => coordinates,
            ("activity", "return" | "confirmation") => coordinates,
            ("liaison_notice", action) => coordinates || matches!(action, "create" | "update"),
            ("concern", _) => coordinates,
            ("follow_up", "update") | (_, "assignee") => coordinates,
            _ => true,
        }
    }

    /// Whether the owner of this phone began as a coordinator: of one township, or in a seed about notices of the
    /// other one.
    fn coordinates(&self, n: usize) -> bool {
        let user = self.handsets[n].user;
        user == COORDINATOR || user == FAR_COORDINATOR && self.theme == LIAISON
    }

    fn queue(&mut self, n: usize, kind: &'static str, draft: Draft) {
        if makes(kind, &draft.action) {
            self.name(kind, draft.record_id, draft.parent_id);
        }
        let handset = &mut self.handsets[n];
        let (user, record, changed) = (handset.user, draft.record_id, draft.changed.clone());
        let action = draft.action.clone();
        let queued = handset.phone.queue(draft);
        self.lists.remove(&(n, kind.to_owned()));
        let line = format!(
            "{}: {} {action} {changed}",
            self.handsets[n].name,
            self.called(&record.to_string())
        );
        self.story.tell(line);
        self.tally.one("queued", format!("{kind} {action}"));
        self.queued.push(Queued {
            op_id: queued.unwrap(),
            phone: n,
            user,
            kind: kind.to_owned(),
            action,
            record,
            changed,
            dismissed: false,
        });
    }

    /// What a phone shows of a kind, in an order that a seed brings back: ids that the server makes differ
    /// from run to run.
    fn list(&mut self, n: usize, kind: &str) -> Vec<Shown> {
        let key = (n, kind.to_owned());
        if let Some(all) = self.lists.get(&key) {
            return all.clone();
        }
        let mut all = self.handsets[n].phone.list(kind).unwrap();
        let names = &self.names;
        all.sort_by_cached_key(|shown| {
            let body = &shown.body;
            let word = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
            match names.get(&shown.id.to_string()) {
                Some(name) => name.clone(),
                // Born with the submission of a visit, by the server.
                None if kind == "concern" => {
                    let visit = names.get(&word("visit_id")).cloned();
                    visit.unwrap_or_default() + &word("topic") + &word("need")
                }
                None => word("given_at") + &word("created_at") + &word("purpose") + &word("due_on"),
            }
        });
        self.lists.insert(key, all.clone());
        all
    }

    fn shown(&mut self, n: usize, kind: &str) -> Option<Shown> {
        let all = self.list(n, kind);
        self.dice.pick(&all).cloned()
    }

    /// A record to name in another one. Now and then one that this phone does not hold: its owner was told of
    /// it by a colleague.
    fn known(&mut self, n: usize, kind: &'static str) -> Option<Id> {
        if self.dice.once_in(10) {
            let all: Vec<Id> = self
                .made
                .iter()
                .filter(|made| made.kind == kind)
                .map(|made| made.id)
                .collect();
            return self.dice.pick(&all).copied();
        }
        self.shown(n, kind).map(|shown| shown.id)
    }

    fn area(&mut self, n: usize) -> String {
        // Where they work, mostly.
        let usual: &[usize] = match self.handsets[n].user {
            0 => &[0],
            1 => &[1, 2],
            FAR_COORDINATOR if self.theme == LIAISON => &[2],
            _ => &[0, 1],
        };
        let which = match self.dice.once_in(12) {
            true => self.dice.below(3),
            false => *self.dice.pick(usual).unwrap(),
        };
        self.places.villages[which].clone()
    }

    pub fn new_number(&mut self) -> String {
        let mark = self.mark();
        format!("13{:09}", self.seed % 1_000_000 * 1_000 + mark)
    }

    fn worker(&mut self) -> Value {
        let user = self.dice.below(self.users.len() + 1);
        self.users
            .get(user)
            .map_or(Value::Null, |user| json!(user.id))
    }

    fn draft(&mut self, n: usize, kind: &'static str, action: &'static str) -> Option<Draft> {
        let (record_id, parent_id, changed) = match makes(kind, action) {
            true => self.create(n, kind)?,
            false => self.change(n, kind, action)?,
        };
        Some(Draft {
            kind: kind.to_owned(),
            action: action.to_owned(),
            record_id,
            parent_id,
            changed,
        })
    }

    fn create(&mut self, n: usize, kind: &'static str) -> Option<(Id, Option<Id>, Value)> {
        let mark = self.mark();
        let mut parent = None;
        let body = match kind {
            "resident" => {
                let (area, phone) = (self.area(n), self.new_number());
                let consents = match self.dice.once_in(20) {
                    true => json!([]),
                    false => json!([
                        make::consent("registration"),
                        make::consent("service_follow_up"),
                        make::consent("liaison_with_home_area")
                    ]),
                };
                make::resident_with(
                    json!({ "area": area, "phone": phone, "home_area": self.places.county,
                    "address": format!("百福弄{mark}号"), "consents": consents }),
                )
            }
            "residence" => {
                parent = Some(self.known(n, "resident")?);
                let day = format!("2026-04-{:02}", 1 + self.dice.below(28));
                json!({ "area": self.area(n), "from_day": day, "reason": "work" })
            }
            "liaison_notice" => {
                let resident = self.shown(n, "resident")?;
                let person = id_in(&resident.body, "person_id")?;
                let [near, far] = &self.places.towns;
                let area = resident.body["area"].as_str().unwrap_or_default();
                let to = if area.starts_with(near) { far } else { near };
                json!({ "kind": "registration_notice", "person_id": person, "to_area": to, "fields": ["name"] })
            }
            "service" => {
                parent = Some(self.known(n, "resident")?);
                json!({ "kind": "health", "health_kind": "health_education", "offered_on": "2026-05-29" })
            }
            "consent" => {
                let of = match self.dice.once_in(2) {
                    true => "resident",
                    false => "household_person",
                };
                parent = Some(self.known(n, of)?);
                let purposes = ["registration", "membership", "photos", "care_support"];
                make::consent(self.dice.pick(&purposes).unwrap())
            }
            "household" => json!({ "kind": "migrant", "area": self.area(n) }),
            "household_person" => {
                parent = Some(self.known(n, "household")?);
                let purposes = ["registration", "insurance", "service_follow_up"];
                let consents: Vec<Value> = purposes.map(make::consent).to_vec();
                json!({ "name": "李芳", "sex": "female", "birth_year": 1988,
                        "phone": self.new_number(), "consents": consents })
            }
            "member_home" => json!({ "area": self.area(n), "title": format!("会员之家{mark}"),
                    "site_address": format!("百福弄{mark}号") }),
            "visit" => {
                let mut body = match self.dice.once_in(3) {
                    true => json!({ "member_home_id": self.known(n, "member_home")? }),
                    false => {
                        // Where somebody lives who may have consented to it.
                        let person = self.shown(n, "household_person")?;
                        json!({ "household_id": self.household_of(&person)? })
                    }
                };
                body["purpose"] = json!("routine");
                body["started_at"] = json!(format!("2026-05-{:02}T01:00:00Z", 1 + mark % 28));
                body["needs_note"] = json!(format!("需要{mark}"));
                let task = json!({ "due_on": "2099-06-12", "task": format!("再来看看{mark}") });
                body["follow_ups"] = json!([task]);
                if self.dice.once_in(2) {
                    body["needs_voiced"] = json!(["schooling"]);
                    let text = format!("希望周末也开放{mark}");
                    body["opinions"] =
                        json!([{ "topic": "activities", "text": text, "answer_owed": true }]);
                }
                body
            }
            "activity" => json!({ "area": self.area(n), "venue": format!("小广场{mark}"),
                    "kind": "lecture", "title": format!("讲座{mark}"),
                    "starts_at": "2026-05-29T01:00:00Z", "ends_at": "2026-05-29T02:00:00Z" }),
            "policy" => {
                let person = self.shown(n, "household_person")?;
                let home = self.household_of(&person)?;
                make::policy(&json!({ "id": home }), &json!({ "id": person.id }))
            }
            "claim" => {
                let policy = self.shown(n, "policy")?;
                let insured = id_in(&policy.body["insured"][0], "person_id")?;
                make::claim(&json!({ "id": policy.id }), &json!({ "id": insured }))
            }
            _ => return None,
        };
        Some((self.handsets[n].phone.new_id(), parent, body))
    }

    /// Where somebody lives, as the server says or as they were taken in here.
    fn household_of(&self, person: &Shown) -> Option<Id> {
        let made = || self.made.iter().find(|made| made.id == person.id)?.parent;
        id_in(&person.body, "household_id").or_else(made)
    }

    fn change(
        &mut self,
        n: usize,
        kind: &'static str,
        action: &'static str,
    ) -> Option<(Id, Option<Id>, Value)> {
        let one = match (kind, action) {
            // A resident or somebody of another household.
            ("household_person", "join") => {
                let home = self.known(n, "household")?;
                if self.dice.once_in(2) {
                    let person = self.shown(n, "household_person")?;
                    return Some((person.id, Some(home), json!({})));
                }
                let person = id_in(&self.shown(n, "resident")?.body, "person_id")?;
                return Some((person, Some(home), json!({})));
            }
            // Which state allows it; now and then another one.
            ("visit", _) if !self.dice.once_in(9) => {
                let states: &[&str] = match action {
                    "return" | "confirmation" => &["submitted"],
                    _ => &["draft", "returned", ""],
                };
                let mut all = self.list(n, kind);
                let me = json!(self.users[self.handsets[n].user].id);
                all.retain(|visit| {
                    let own = visit.version.is_none() || visit.body["visited_by"] == me;
                    let reviews = matches!(action, "return" | "confirmation");
                    states.contains(&visit.body["state"].as_str().unwrap_or("")) && own != reviews
                });
                self.dice.pick(&all).cloned()?
            }
            // Whose side and which state allow it.
            ("liaison_notice", _) if !self.dice.once_in(9) => {
                let fits: &[(&str, &str)] = match action {
                    "reception" => &[("in", "sent")],
                    "acceptance" | "rejection" => &[("in", "received")],
                    "closure" => &[("in", "accepted"), ("out", "draft"), ("", "")],
                    "update" => &[("out", "draft"), ("", "")],
                    _ => &[("in", "sent"), ("in", "received"), ("out", "sent")],
                };
                let mut all = self.list(n, kind);
                // What was received on this phone is answered there, before anybody heard of either.
                let received: Vec<Id> = self
                    .queued
                    .iter()
                    .filter(|q| q.phone == n && q.action == "reception" && q.kind == kind)
                    .map(|q| q.record)
                    .collect();
                all.retain(|one| {
                    let word = |field: &str| one.body[field].as_str().unwrap_or("").to_owned();
                    let (side, mut state) = (word("side"), word("state"));
                    if state == "sent" && received.contains(&one.id) {
                        "received".clone_into(&mut state);
                    }
                    fits.contains(&(side.as_str(), state.as_str()))
                });
                self.dice.pick(&all).cloned()?
            }
            ("concern", _) if !self.dice.once_in(9) => {
                let mut all = self.list(n, kind);
                all.retain(|one| one.body["state"] != "answered");
                self.dice.pick(&all).cloned()?
            }
            // The same of an activity.
            ("activity", _) if !self.dice.once_in(9) => {
                let states: &[&str] = match action {
                    "return" | "confirmation" => &["reported"],
                    _ => &["planned", "returned", ""],
                };
                let mut all = self.list(n, kind);
                all.retain(|one| states.contains(&one.body["state"].as_str().unwrap_or("")));
                self.dice.pick(&all).cloned()?
            }
            // What ends was noted on this phone before.
            ("claim", "obstacle-end") if !self.dice.once_in(9) => {
                let begun = |q: &&Queued| q.phone == n && q.kind == kind && q.action == "obstacle";
                let claim = self.queued.iter().rev().find(begun)?.record;
                let all = self.list(n, kind);
                all.into_iter().find(|shown| shown.id == claim)?
            }
            _ => self.shown(n, kind)?,
        };
        let (mark, on) = (self.mark(), "2026-05-29");
        let day = format!("2026-04-{:02}", 1 + mark % 28);
        let mut parent = None;
        let body = match (kind, action) {
            ("resident", "update") => {
                let mut body = json!({});
                for _ in 0..1 + self.dice.below(2) {
                    match self.dice.below(5) {
                        0 => body["phone"] = json!(self.new_number()),
                        1 => body["address"] = json!(format!("百福弄{mark}号")),
                        2 => body["employer"] = json!(format!("工厂{mark}")),
                        3 => {
                            let all = ["work", "study", "family"];
                            body["reason"] = json!(self.dice.pick(&all));
                        }
                        _ => {
                            let all = ["over_one_year", "unknown", "one_to_six_months"];
                            body["expected_stay"] = json!(self.dice.pick(&all));
                        }
                    }
                }
                body
            }
            ("resident", "departure") => json!({ "left_on": on, "reason": "work_ended" }),
            ("resident" | "household", "assignee") => json!({ "assignee": self.worker() }),
            ("consent", "withdrawal") => {
                let person = one.body["person_id"].as_str();
                let residents = self.list(n, "resident");
                let resident = residents
                    .iter()
                    .find(|r| person.is_some() && r.body["person_id"].as_str() == person);
                let made = || self.made.iter().find(|made| made.id == one.id)?.parent;
                let named = resident.map(|r| r.id);
                parent = named
                    .or_else(|| id_in(&one.body, "person_id"))
                    .or_else(made);
                // The first purpose takes the whole record along.
                if one.body["purpose"] == "registration" && !self.dice.once_in(4) {
                    return None;
                }
                json!({ "channel": "in_person" })
            }
            ("household", "update") => match self.dice.below(3) {
                0 => json!({ "kind": if self.dice.once_in(2) { "local" } else { "migrant" } }),
                1 => json!({ "address": format!("百福弄{mark}号") }),
                _ => json!({ "contact_person_id": self.known(n, "household_person")? }),
            },
            ("household_person", "update") => {
                parent = self.household_of(&one);
                match self.dice.once_in(2) {
                    true => json!({ "phone": self.new_number() }),
                    false => json!({ "birth_year": 1950 + mark % 50 }),
                }
            }
            ("member_home", "update") => match self.dice.below(3) {
                0 => json!({ "title": format!("会员之家{mark}") }),
                1 => json!({ "opening_hours": format!("8:30-17:{:02}", mark % 60) }),
                _ => {
                    json!({ "title": format!("家{mark}"), "site_address": format!("百福弄{mark}号") })
                }
            },
            ("member_home", "possessions") => {
                json!({ "kind": "sign", "present": mark % 2 == 0, "checked_on": on, "note": format!("{mark}") })
            }
            ("visit", "update") => match self.dice.once_in(2) {
                true => json!({ "needs_note": format!("需要{mark}") }),
                false => json!({ "purpose": "publicity", "needs_note": format!("要{mark}") }),
            },
            ("visit", "submission" | "confirmation") => json!({}),
            ("visit", "return") => json!({ "reason": "incomplete" }),
            ("follow_up", "update") => {
                json!({ "due_on": format!("2099-07-{:02}", 1 + mark % 28) })
            }
            ("follow_up", "completion") => {
                json!({ "outcome": "solved", "note": format!("{mark}") })
            }
            ("activity", "update") => json!({ "title": format!("讲座{mark}") }),
            ("activity", "report") => json!({ "starts_at": "2026-05-29T01:00:00Z",
                "ends_at": "2026-05-29T02:00:00Z", "participants": mark % 100, "leaflets": 50,
                "households_informed": 10 }),
            ("activity", "return") => json!({ "reason": "incomplete" }),
            ("activity", "confirmation" | "cancellation") => json!({}),
            ("liaison_notice", "rejection") => json!({ "note": format!("查无此人{mark}") }),
            ("liaison_notice", "update") => json!({ "due_days": 1 + mark % 60 }),
            ("concern", "referral") => {
                json!({ "referred_to": "other", "office": format!("办公室{mark}"), "referred_on": on })
            }
            ("concern", _) => json!({ "answer": format!("已答复{mark}"), "answered_on": on }),
            ("liaison_notice", "assignee") => json!({ "assignee": self.worker() }),
            ("liaison_notice", _) => json!({}),
            ("claim", "obstacle") => json!({ "kind": "force_majeure", "from": day }),
            ("claim", "obstacle-end") => json!({ "kind": "force_majeure", "on": on }),
            ("claim", "interruption") => json!({ "kind": "demand", "on": day }),
            ("claim", "update") => json!({ "description": format!("摔伤{mark}") }),
            ("notification", "marks") => {
                json!({ "mark": self.dice.pick(&["opened", "read", "done"]) })
            }
            _ => return None,
        };
        Some((one.id, parent, body))
    }

    /// One or more steps of a record, as if each had been done when the next one is queued.
    fn course(
        &mut self,
        n: usize,
        kind: &'static str,
        first: &str,
        course: &[(&str, &[(&str, &str)])],
        body: fn(&str) -> Value,
    ) -> Vec<Draft> {
        let Some(one) = self.shown(n, kind) else {
            return Vec::new();
        };
        let state = one.body["state"].as_str().unwrap_or(first);
        let (mut state, mut drafts) = (state.to_owned(), Vec::new());
        for _ in 0..2 + self.dice.below(8) {
            let Some((_, steps)) = course.iter().find(|(from, _)| *from == state) else {
                break;
            };
            let (action, next) = *self.dice.pick(steps).unwrap();
            next.clone_into(&mut state);
            drafts.push(Draft {
                kind: kind.to_owned(),
                action: action.to_owned(),
                record_id: one.id,
                parent_id: None,
                changed: body(action),
            });
        }
        drafts
    }
}
