//! A record outside the caller's areas does not exist for them: for every operation of the document.

use crate::both;
use crate::contract::{example, operations};
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::{self, Role};
use qianshou::db::schema::changes;
use qianshou::insurance::catalogue::built_in;

/// Collections whose records are everybody's, with the reason why no area hides them.
const EVERYBODYS: &[(&str, &str)] = &[
    ("areas", "reference data, imported"),
    ("festivals", "the calendar is the whole association's"),
    ("campaign-templates", "words are every organiser's"),
    ("calendar", "the address itself is the right to read"),
    ("insurance-products", "what is sold is the same everywhere"),
    ("liaison-peers", "offices elsewhere lie in nobody's area"),
    ("post-rules", "rules are the same everywhere"),
    ("assessment-schemes", "schemes are the same everywhere"),
    ("site-rules", "rules are the same everywhere"),
    ("haves", "what is asked of sites is the same everywhere"),
    ("area-changes", "reference data, imported"),
    (
        "self-governance-criteria",
        "what makes a village qualified is the same everywhere",
    ),
    ("fund-accounts", "the chart is the same everywhere"),
    ("me", "one's own, by the name of a channel"),
    ("work-years", "the working days are the same everywhere"),
];

/// One record of each kind, in the test's village, township or county.
pub struct Records {
    member: Client,
    coordinator: Client,
    administrator: Client,
    organiser: Client,
    officer: Client,
    care_officer: Client,
    /// (collection, parameter, value)
    ids: Vec<(&'static str, &'static str, String)>,
}

fn id(record: &Value) -> String {
    record["id"].as_str().unwrap().to_owned()
}

/// A draft of a notice, and a withdrawal that an office outside is owed of another one.
async fn liaison(member: &Client, coordinator: &Client) -> (Value, Value) {
    use crate::support::notices::{about, drafted, migrant, sent, step};
    let purposes = ["registration", "liaison_with_home_area"];
    let mut made = Vec::new();
    for _ in 0..2 {
        let resident = migrant(member, OTHER_COUNTY, &purposes).await;
        let mut body = about("registration_notice", &resident, &["name"]);
        body["office"] = json!("秀洲区计划生育协会");
        made.push((resident, drafted(member, body).await));
    }
    let (resident, notice) = &made[0];
    sent(coordinator, notice).await;
    let letter = coordinator.post(&step(notice, "letter"), json!(null)).await;
    assert_eq!(letter.status, 200);
    let consents = format!("{}/consents", make::at("residents", resident));
    make::withdraw(member, &consents, "liaison_with_home_area").await;
    let owed = coordinator.get("/v1/liaison-withdrawals").await.expect(200);
    (made[1].1.clone(), owed["items"][0].clone())
}

impl Records {
    pub async fn make(app: &TestApp) -> Records {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let administrator = app.user(Role::Administrator, CITY).await;
        let organiser = app.user(Role::CampaignOrganiser, COUNTY).await;
        let officer = app.user(Role::Officer, TOWN).await;
        let township = crate::associations::founded(&officer, "township", TOWN, None).await;
        let association =
            crate::associations::founded(&officer, "village", VILLAGE, Some(&township)).await;
        let president = crate::association_posts::president(&association);
        let post = crate::association_posts::filled(&officer, president).await;
        let study = crate::association_studies::study(&association);
        let study = officer.post("/v1/studies", study).await.expect(201);
        let item = crate::association_studies::items(&officer, "").await[0].clone();
        let training = crate::association_works::training(&association);
        let work = officer
            .post("/v1/association-works", training)
            .await
            .expect(201);
        let rating = crate::association_ratings::rating(&association);
        let rating = officer.post("/v1/ratings", rating).await.expect(201);
        let scheme = crate::assessment_schemes::scheme("1");
        let scheme = administrator
            .post("/v1/assessment-schemes", scheme)
            .await
            .expect(201);
        let veto = json!({ "association_id": association["id"], "year": 2025, "decided_by": "leading_group", "decided_on": "2026-01-20", "reasons": ["organisation"], "statement": "班子空缺。" });
        let veto = officer
            .post("/v1/assessment-vetoes", veto)
            .await
            .expect(201);
        let case = json!({ "association_id": association["id"], "year": 2025 });
        let case = officer.post("/v1/assessment-cases", case).await.expect(201);
        let frozen = format!("/v1/assessments/2025/areas/{VILLAGE}/freeze");
        let frozen = officer
            .post(&frozen, json!({ "because": "year_end" }))
            .await
            .expect(201);
        let village = crate::self_governance::chain(&officer, VILLAGE).await;
        let booked = crate::fund_ledger::entry(&association, "2026-03-12", 100);
        let booked = officer.post("/v1/fund-entries", booked).await.expect(201);
        // The whole is more than an example amends a part to.
        let budget = crate::budgets::budget(&association, 10, 1_000_000_000);
        let budget = officer.post("/v1/budgets", budget).await.expect(201);
        let need = crate::budgets::need(&association);
        let need = officer.post("/v1/village-needs", need).await.expect(201);
        let programme = crate::care::programme(&association, "adolescent_health_education");
        let programme = officer.post("/v1/care-programmes", programme).await;
        let programme = programme.expect(201);
        let project = crate::care::project(&programme);
        let project = officer.post("/v1/care-projects", project).await.expect(201);
        let lesson = json!({ "project_id": project["id"], "held_on": "2026-04-18", "participants": 45, "hours": 2 });
        let lesson = officer.post("/v1/care-sessions", lesson).await.expect(201);
        let care_officer = app.user(Role::CareOfficer, TOWN).await;
        let (cared_for, ..) = crate::care::agreeing(&member).await;
        let family = crate::care::family(&cared_for);
        let family = care_officer.post("/v1/care-families", family).await;
        let family = family.expect(201);
        let help = json!({ "family_id": family["id"], "association_id": association["id"], "kind": "goods",
            "value": { "amount": "300.00", "currency": "CNY" }, "given_on": "2026-05-20" });
        let help = care_officer
            .post("/v1/care-supports", help)
            .await
            .expect(201);
        let associate = crate::association_members::joined(&officer, &association).await;
        let associates = make::at("members", &associate);
        let card = json!({ "issued_on": "2026-05-29" });
        let cards = format!("{associates}/cards");
        officer.post(&cards, card).await.expect(201);
        let membership = officer.get(&format!("{associates}/consents")).await;
        let membership = membership.expect(200)["items"][0].clone();
        let associates_receipt = format!("{associates}/receipts");
        let associates_receipt = officer
            .post(&associates_receipt, json!({}))
            .await
            .expect(201);
        let site = json!({ "kind": "fixed_market", "title": "南湖市场", "area": TOWN, "people": 800, "counted_on": "2026-03-31", "counted_by": "own_report" });
        let site = officer.post("/v1/sites", site).await.expect(201);
        let nominated = crate::erasure::objected(&officer, &township, &associate).await;
        let selection = json!({ "id": nominated["selection_id"] });
        let objections = format!("{}/objections", make::at("selections", &selection));
        let objections = officer.get(&objections).await.expect(200);
        let mut led = crate::association_posts::president(&township);
        led["holds_position"] = json!("party_principal");
        let led = crate::association_posts::filled(&officer, led).await;
        let retired = json!({ "ended_on": "2026-03-01", "reason": "retired" });
        let ending = format!("{}/ending", make::at("posts", &led));
        officer.post(&ending, retired).await.expect(200);
        let paid = json!({ "monthly": { "amount": "200.00", "currency": "CNY" }, "paid_from": "budget", "from_on": "2026-03-01" });
        let subsidies = format!("{}/subsidies", make::at("posts", &led));
        let subsidy = officer.post(&subsidies, paid).await.expect(201);
        let resident = make::registered(&member).await;
        let consents = format!("{}/consents", make::at("residents", &resident));
        let consent = member
            .post(&consents, make::consent("service_follow_up"))
            .await
            .expect(201);
        let liaison_consent = make::consent("liaison_with_home_area");
        member.post(&consents, liaison_consent).await.expect(201);
        let number = crate::support::twins::document();
        for name in ["周丽华", "周立华"] {
            let body = json!({ "name": name, "document": number });
            let twin = member.post("/v1/residents", make::resident_with(body));
            twin.await.expect(201);
        }
        let pair = crate::support::twins::the_pair(app, &coordinator).await;
        let service = make::service(&member, &resident, json!({ "kind": "schooling" })).await;
        let household = make::household(&member).await;
        let person =
            make::household_person(&member, &household, &["registration", "insurance"]).await;
        let persons_consents = format!(
            "{}/people/{}/consents",
            make::at("households", &household),
            id(&person)
        );
        let persons_consents = member.get(&persons_consents).await.expect(200);
        let home =
            json!({ "area": VILLAGE, "title": "百福社区会员之家", "site_address": "百福弄1号" });
        let home = coordinator.post("/v1/member-homes", home).await.expect(201);
        let visit = json!({
            "member_home_id": home["id"], "purpose": "routine", "started_at": "2026-05-29T01:00:00Z",
            "ended_at": "2026-05-29T01:40:00Z", "offered": ["culture_and_sport"], "needs_voiced": ["equipment"],
            "needs_note": "更换灯具", "follow_ups": [{ "due_on": "2026-06-12", "task": "联系更换灯具" }]
        });
        let visit = member.post("/v1/visits", visit).await.expect(201);
        let other_visit = json!({
            "member_home_id": home["id"], "purpose": "routine", "started_at": "2026-05-30T01:00:00Z",
            "ended_at": "2026-05-30T01:40:00Z", "offered": ["culture_and_sport"], "needs_voiced": ["equipment"],
            "needs_note": "更换灯具", "follow_ups": [{ "due_on": "2026-06-12", "task": "联系更换灯具" }]
        });
        // Its follow-up is the coordinator's to move once the visit was submitted.
        let submitted = member.post("/v1/visits", other_visit).await.expect(201);
        let submission = format!("{}/submission", make::at("visits", &submitted));
        member.post(&submission, json!({})).await.expect(200);
        let voiced = coordinator.get("/v1/supervision/opinions").await;
        let voiced = voiced.expect(200)["items"][0].clone();
        let receipts = format!("{}/receipts", make::at("residents", &resident));
        let receipt = member.post(&receipts, json!({})).await.expect(201);
        let persons_receipts = format!(
            "{}/people/{}/receipts",
            make::at("households", &household),
            id(&person)
        );
        let persons_receipt = member.post(&persons_receipts, json!({})).await.expect(201);
        let asked = json!({ "person_id": resident["person_id"], "kind": "export", "asked_by": "self", "channel": "in_person" });
        let asked = member.post("/v1/privacy-requests", asked).await.expect(201);
        let right = json!({ "person_id": resident["person_id"], "topic": "wages", "asked_on": "2026-05-29" });
        let right = member.post("/v1/rights-requests", right).await.expect(201);
        let (notice, withdrawal) = liaison(&member, &coordinator).await;
        let policy = json!({
            "household_id": household["id"], "product_id": built_in("family-accident"),
            "holder_person_id": person["id"], "payer_person_id": person["id"],
            "insured": [{ "person_id": person["id"], "sum_agreed": true }],
            "beneficiaries": [{ "person_id": person["id"], "share": 100, "agreed_by_insured": true }],
            "starts_on": "2026-01-01", "ends_on": "2026-12-31", "insurer_code": "picc-life", "policy_number": "P-1"
        });
        let policy = member.post("/v1/policies", policy).await.expect(201);
        let claim = json!({
            "policy_id": policy["id"], "insured_person_id": person["id"], "claim_type": "medical",
            "event_on": "2026-03-01", "known_on": "2026-03-01", "reported_on": "2026-03-02", "description": "摔伤住院"
        });
        let claim = member.post("/v1/claims", claim).await.expect(201);
        let campaign = json!({
            "area": COUNTY, "starts_on": "2099-05-29", "theme": "members_day", "title": "第101个会员活动日",
            "audience": { "areas": [TOWN], "roles": ["field_member", "coordinator"] },
            "message_zh": { "title": "{campaign}", "body": "{day} 举行。" },
            "message_en": { "title": "{campaign}", "body": "On {day}." }
        });
        let campaign = organiser.post("/v1/campaigns", campaign).await.expect(201);
        let activity = json!({ "area": VILLAGE, "venue": "百福弄小广场", "kind": "lecture", "title": "讲座",
            "starts_at": "2026-05-29T01:00:00Z", "ends_at": "2026-05-29T02:00:00Z" });
        let activity = member.post("/v1/activities", activity).await.expect(201);
        let words = json!({ "title": "{title}", "body": "{day}" });
        let template = json!({ "code": "members-day", "theme": "members_day", "message_zh": words, "message_en": words });
        let template = organiser
            .post("/v1/campaign-templates", template)
            .await
            .expect(201);
        let phone = make::subscribed_phone(app, &member, "token-of-a-test-phone").await;
        let festivals = organiser.get("/v1/festivals?limit=200").await.expect(200);
        let festival = festivals["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f["code"] == "spring_festival")
            .unwrap();
        let user = app.member().await;
        let assignments = administrator
            .get(&format!("/v1/users/{}/assignments", user.id))
            .await
            .expect(200);
        let resting = crate::sync::resting(app, &member).await;
        let import = sheets::checked(&coordinator, &[sheets::Row::new()]).await;
        let ids = vec![
            ("sync", "conflict_id", resting[0].clone()),
            ("sync", "held_id", resting[1].clone()),
            ("sync", "work_id", resting[2].clone()),
            ("residents", "id", id(&resident)),
            ("residents", "consent_id", id(&consent)),
            ("duplicates", "id", id(&pair)),
            ("services", "id", id(&service)),
            ("households", "id", id(&household)),
            ("households", "person_id", id(&person)),
            (
                "households",
                "consent_id",
                id(&persons_consents["items"][0]),
            ),
            ("residents", "receipt_id", id(&receipt)),
            ("households", "receipt_id", id(&persons_receipt)),
            ("privacy-requests", "id", id(&asked)),
            ("rights-requests", "id", id(&right)),
            ("liaison-notices", "id", id(&notice)),
            ("liaison-withdrawals", "id", id(&withdrawal)),
            ("sites", "id", id(&site)),
            ("site-rules", "kind", "fixed_market".into()),
            ("haves", "code", "people".into()),
            ("selections", "id", id(&selection)),
            ("nominations", "id", id(&nominated)),
            ("objections", "id", id(&objections["items"][0])),
            ("retired-subsidies", "id", id(&subsidy)),
            ("associations", "id", id(&association)),
            ("posts", "id", id(&post)),
            ("associations", "year", "2018".into()),
            ("care-programmes", "id", id(&programme)),
            ("care-projects", "id", id(&project)),
            ("care-sessions", "id", id(&lesson)),
            ("care-families", "id", id(&family)),
            ("care-supports", "id", id(&help)),
            ("fund-entries", "id", id(&booked)),
            ("budgets", "id", id(&budget)),
            ("budgets", "kind", "own_line".into()),
            ("village-needs", "id", id(&need)),
            ("fund-accounts", "code", "1002".into()),
            ("association-works", "id", id(&work)),
            ("studies", "id", id(&study)),
            ("action-items", "id", id(&item)),
            ("ratings", "id", id(&rating)),
            ("assessment-schemes", "id", id(&scheme)),
            ("assessments", "year", "2025".into()),
            ("assessments", "code", VILLAGE.into()),
            ("assessments", "indicator", "H3".into()),
            ("assessment-vetoes", "id", id(&veto)),
            ("assessment-cases", "id", id(&case)),
            ("assessment-cases", "indicator", "H3".into()),
            ("assessment-snapshots", "id", id(&frozen)),
            ("assessment-snapshots", "code", VILLAGE.into()),
            ("assessment-snapshots", "indicator", "H3".into()),
            ("post-rules", "code", "village_president".into()),
            ("self-governance", "text_id", id(&village.charter)),
            (
                "self-governance",
                "deliberation_id",
                id(&village.deliberation),
            ),
            ("self-governance", "decision_id", id(&village.decision)),
            ("self-governance", "implementation_id", id(&village.work)),
            ("self-governance", "check_id", id(&village.check)),
            ("self-governance", "disclosure_id", id(&village.posting)),
            ("self-governance", "opinion_id", id(&village.opinion)),
            ("self-governance", "example_id", id(&village.example)),
            (
                "self-governance",
                "confirmation_id",
                id(&village.confirmation),
            ),
            ("self-governance", "code", VILLAGE.into()),
            ("self-governance", "criterion", "charter".into()),
            ("members", "id", id(&associate)),
            ("members", "consent_id", id(&membership)),
            ("members", "receipt_id", id(&associates_receipt)),
            ("member-homes", "id", id(&home)),
            ("member-homes", "kind", "premises".into()),
            ("visits", "id", id(&visit)),
            ("follow-ups", "id", id(&submitted["follow_ups"][0])),
            ("supervision", "id", id(&voiced)),
            ("policies", "id", id(&policy)),
            ("claims", "id", id(&claim)),
            ("claims", "kind", "invoices".into()),
            ("policy-imports", "id", id(&import)),
            ("campaigns", "id", id(&campaign)),
            ("activities", "id", id(&activity)),
            ("campaign-templates", "id", id(&template)),
            ("festivals", "id", id(festival)),
            ("devices", "id", phone.device.unwrap().to_string()),
            (
                "push",
                "id",
                make::dead_letter(app, &phone).await.to_string(),
            ),
            ("users", "id", user.id.to_string()),
            ("users", "assignment_id", id(&assignments["items"][0])),
        ];
        Records {
            member,
            coordinator,
            administrator,
            organiser,
            officer,
            care_officer,
            ids,
        }
    }

    /// The template with the ids of our records; nothing where one of them is unknown here.
    pub fn fill(&self, template: &str) -> Option<String> {
        let collection = template.split('/').nth(2)?;
        let parts: Option<Vec<&str>> = template
            .split('/')
            .map(
                |part| match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
                    None => Some(part),
                    Some(name) => self
                        .ids
                        .iter()
                        .find(|i| (i.0, i.1) == (collection, name))
                        .map(|i| i.2.as_str()),
                },
            )
            .collect();
        Some(parts?.join("/"))
    }

    /// Somebody who works with the records of a collection.
    pub fn owner(&self, template: &str) -> &Client {
        match template.split('/').nth(2).unwrap() {
            "sync" if template.contains("quarantine") => &self.coordinator,
            "member-homes"
            | "follow-ups"
            | "privacy-requests"
            | "duplicates"
            | "liaison-withdrawals"
            | "policy-imports"
            | "supervision" => &self.coordinator,
            "campaigns" | "festivals" | "campaign-templates" => &self.organiser,
            "assessments" | "assessment-vetoes" | "assessment-cases" | "assessment-snapshots" => {
                &self.officer
            }
            "sites" | "selections" | "nominations" | "objections" | "retired-subsidies" => {
                &self.officer
            }
            "associations" | "posts" | "members" | "studies" | "action-items" | "ratings"
            | "association-works" | "self-governance" | "fund-entries" | "budgets"
            | "village-needs" | "fund-accounts" | "care-programmes" | "care-projects"
            | "care-sessions" => &self.officer,
            "care-families" | "care-supports" => &self.care_officer,
            "users" | "push" | "assessment-schemes" | "post-rules" | "site-rules" | "haves" => {
                &self.administrator
            }
            _ => &self.member,
        }
    }

    /// All of them as those who work with them see them.
    async fn all(&self) -> Vec<(String, Value)> {
        let mut out = Vec::new();
        for (path, method, _) in operations() {
            let filled = match self.fill(&path) {
                Some(filled) if method == "get" && path.contains('{') => filled,
                _ => continue,
            };
            let seen = self.owner(&path).get(&filled).await.expect(200);
            out.push((path, seen));
        }
        out
    }
}

both! {
    async fn another_areas_records_are_404_for_every_operation(app) {
        let records = Records::make(app).await;
        let before = records.all().await;
        assert!(before.len() > 15);
        let feed = || changes::table.count().get_result::<i64>(&mut app.connection()).unwrap();
        let changed = feed();
        let mut asked = 0;
        for (path, method, op) in operations() {
            let name = op["operationId"].as_str().unwrap();
            let collection = path.split('/').nth(2).unwrap_or_default();
            if !path.contains('{') || EVERYBODYS.iter().any(|(c, _)| *c == collection) {
                continue;
            }
            let at = records.fill(&path).unwrap_or_else(|| {
                panic!("{name}: give Records a record for each parameter of {path}, or EVERYBODYS the reason why it needs none")
            });
            let action = policy::action_of(name).unwrap();
            for role in action.roles() {
                for area in [OTHER_TOWN, OTHER_COUNTY, SECOND_VILLAGE] {
                    let stranger = app.user(*role, area).await;
                    let mut request = stranger.request(method.to_uppercase().parse().unwrap(), &at).header("if-match", "\"1-f\"");
                    if !op["requestBody"].is_null() {
                        request = request.json(&example(op));
                    }
                    let answer = Answer::of(request).await;
                    assert_eq!((answer.status, answer.json["code"].as_str()), (404, Some("not_found")), "{name} as {role} of {area}: {}", answer.text);
                    asked += 1;
                }
            }
        }
        assert!(asked > 200, "{asked}");
        assert_eq!(feed(), changed, "nothing was written");
        for ((path, was), (_, is)) in before.into_iter().zip(records.all().await) {
            assert_eq!(was, is, "{path}");
        }
    }
}
