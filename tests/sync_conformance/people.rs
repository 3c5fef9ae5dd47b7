//! What cases start from: people with rights and phones, made through the API as an operator makes them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::handset::Handset;
use crate::line::{Address, Line};
use crate::phone::store::Id;
use crate::support::*;
use crate::target::{Backup, Power, Target, Villages};

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: String,
    pub login: String,
}

/// A server, and what a case needs of it.
pub struct Kit {
    pub target: Target,
    pub http: reqwest::Client,
    pub villages: Villages,
    address: Arc<Address>,
    case: &'static str,
    names: Cell<u32>,
    people: RefCell<Vec<Person>>,
    left_out: RefCell<BTreeSet<String>>,
}

impl Kit {
    pub async fn open(target: Target, case: &'static str) -> Kit {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(std::time::Duration::from_secs(60))
            .build()
            .unwrap();
        let address = Address::new(&target.base());
        let mut kit = Kit {
            target,
            http,
            villages: Villages::default(),
            address,
            case,
            names: Cell::new(0),
            people: RefCell::default(),
            left_out: RefCell::default(),
        };
        kit.villages = kit.target.villages(&kit.administrator().await).await;
        kit
    }

    pub fn base(&self) -> String {
        self.address.base()
    }

    /// Says that a part of a case was not tried here, once.
    pub fn left_out(&self, what: &str) {
        let mut said = self.left_out.borrow_mut();
        if said.insert(what.to_owned()) {
            loud(&format!("{}: LEFT OUT here: {what}", self.case));
        }
    }

    pub fn has(&self, power: Power) -> bool {
        self.target.has(power)
    }

    pub async fn administrator(&self) -> Client {
        let token = self.target.administrator(&self.http).await;
        Client::to(&self.http, &self.base(), Some(token))
    }

    /// Somebody new with one assignment.
    pub async fn person(&self, role: &str, area: &str) -> Person {
        let login = format!("test.{}", uuid::Uuid::now_v7().simple());
        let new = json!({ "login": login, "display_name": "测试用户",
            "assignment": { "role": role, "area": area } });
        let made = self.administrator().await.post("/v1/users", new).await;
        let id = made.expect(201)["id"].as_str().unwrap().to_owned();
        let person = Person { id, login };
        self.people.borrow_mut().push(person.clone());
        person
    }

    pub async fn field_member(&self) -> Person {
        self.person("field_member", &self.villages[0]).await
    }

    /// Somebody who works in both villages.
    pub async fn field_member_of_both(&self) -> Person {
        let person = self.field_member().await;
        self.assign(&person, "field_member", &self.villages[1])
            .await;
        person
    }

    /// A code that binds a phone.
    pub async fn code(&self, person: &Person) -> String {
        let body = json!({ "user_id": person.id, "purpose": "enrolment" });
        let made = self
            .administrator()
            .await
            .post("/v1/enrolments", body)
            .await;
        made.expect(201)["code"].as_str().unwrap().to_owned()
    }

    /// A phone that is bound to somebody and has nothing yet.
    pub async fn phone(&self, person: &Person) -> Handset {
        let n = self.names.replace(self.names.get() + 1) + 1;
        let name = format!("phone {n} of {}", self.case);
        let (line, clock) = (Line::new(&self.address), self.target.clock());
        let mut handset = Handset::new(&name, person, line, clock);
        let code = self.code(person).await;
        let enrolled = handset.enrol(&code).await;
        enrolled.unwrap_or_else(|e| panic!("{name}: {e}"));
        handset
    }

    /// A phone that is bound and holds what its user may see.
    pub async fn synced_phone(&self, person: &Person) -> Handset {
        let mut handset = self.phone(person).await;
        handset.sync().await;
        handset
    }

    /// What this phone's user asks of the API beside sync.
    pub async fn client(&self, handset: &mut Handset) -> Client {
        handset.client(&self.http, &self.base()).await
    }

    pub async fn assign(&self, person: &Person, role: &str, area: &str) {
        let path = format!("/v1/users/{}/assignments", person.id);
        let new = json!({ "role": role, "area": area });
        let admin = self.administrator().await;
        admin.post(&path, new).await.expect(201);
    }

    /// Ends somebody's assignments to this area.
    pub async fn unassign(&self, person: &Person, area: &str) {
        let path = format!("/v1/users/{}/assignments", person.id);
        let admin = self.administrator().await;
        let all = admin.get(&path).await.expect(200);
        for one in all["items"].as_array().unwrap() {
            if one["area"] == area && one["ends_at"].is_null() {
                let id = one["id"].as_str().unwrap();
                admin.delete(&format!("{path}/{id}")).await.expect(204);
            }
        }
    }

    /// Ends the sessions of a phone, as when it was lost.
    pub async fn revoke(&self, device: &str) {
        let admin = self.administrator().await;
        let path = format!("/v1/devices/{device}");
        admin.delete(&path).await.expect(204);
    }

    /// Puts the server back to a backup; every line leads to it from now on.
    pub async fn restore(&self, backup: Backup) {
        let base = self.target.restore(backup).await;
        self.address.moves_to(&base);
    }

    /// Disables the accounts that a case made on a server that stays.
    pub async fn close(self) {
        if matches!(self.target, Target::Foreign(_)) {
            let admin = self.administrator().await;
            for person in self.people.take() {
                let path = format!("/v1/users/{}", person.id);
                let etag = admin.get(&path).await.etag();
                let disabled = json!({ "state": "disabled" });
                admin.patch(&path, &etag, disabled).await.expect(200);
            }
        }
        self.target.stop().await;
    }
}

/// A mobile number that nobody else of a run has.
fn number() -> String {
    let random = rand::random_range(0..100_000_000);
    format!("139{random:08}")
}

/// Somebody to register, marked as a test in the name.
pub fn resident(area: &str) -> Value {
    json!({ "name": "测试张伟", "sex": "male", "birth_year": 1985, "phone": number(), "area": area,
        "address": "测试路12号", "home_area": "3304", "arrived_on": "2025-03-01",
        "expected_stay": "over_one_year", "reason": "work", "needs": ["health"],
        "consents": [make::consent("registration")] })
}

pub fn household(area: &str) -> Value {
    json!({ "kind": "migrant", "area": area })
}

/// Somebody of a household.
pub fn member_of_it() -> Value {
    json!({ "name": "测试李芳", "sex": "female", "birth_year": 1988, "phone": number(),
        "consents": [make::consent("service_follow_up")] })
}

pub fn visit(household: Id) -> Value {
    json!({ "household_id": household, "purpose": "routine", "started_at": "2025-05-29T01:00:00Z",
        "follow_ups": [{ "due_on": "2099-01-15", "task": "测试：再来看看" }] })
}

/// What a field member does in a day: a household with somebody in it, a visit to it, somebody registered and
/// looked at again. Answers the records: household, person, visit, resident.
pub fn a_day(phone: &mut Handset, area: &str) -> [Id; 4] {
    let home = phone.makes("household", household(area));
    let person = phone.makes_under(home, "household_person", member_of_it());
    let logged = phone.makes("visit", visit(home));
    phone.acts("visit", logged, "submission", json!({}));
    let somebody = phone.makes("resident", resident(area));
    phone.amends("resident", somebody, json!({ "reason": "study" }));
    [home, person, logged, somebody]
}

/// Operations of such a day.
pub const A_DAY: usize = 6;
