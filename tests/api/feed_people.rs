//! Residents, households, their people and consents: whatever REST shows somebody anew, the feed tells them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use diesel::prelude::*;

use crate::both;
use crate::support::make::{
    at, consent, feed, household, household_person, phone, registered, withdraw,
};
use crate::support::phones::{id_of as id, pushed_under};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::auth::rights::By;
use qianshou::auth::{Place, Who, store};
use qianshou::db::schema::{changes, consents, households, persons, residence_episodes, residents};
use qianshou::db::{DbConn, Micros, Uid};
use qianshou::error::{AppError, Code};
use qianshou::sync::Kind;
use qianshou::sync::kinds;

const KINDS: &[Kind] = &[
    Kind::Resident,
    Kind::Residence,
    Kind::Consent,
    Kind::Household,
    Kind::HouseholdPerson,
];

fn who(app: &TestApp, client: &Client) -> Who {
    let rights = store::load_rights(&mut app.connection(), client.id, Micros(0)).unwrap();
    Who {
        by: By::Account,
        user: client.id,
        session: Uid::NIL,
        device: None,
        at: app.now(),
        request_id: Arc::from("test"),
        rights: Arc::new(rights),
    }
}

/// All there are, of each kind.
fn ids(c: &mut DbConn, kind: Kind) -> Vec<Uid> {
    match kind {
        Kind::Resident => residents::table.select(residents::id).load(c),
        Kind::Residence => residence_episodes::table
            .select(residence_episodes::id)
            .load(c),
        Kind::Consent => consents::table.select(consents::id).load(c),
        Kind::Household => households::table.select(households::id).load(c),
        _ => persons::table.select(persons::id).load(c),
    }
    .unwrap()
}

/// What somebody sees of a kind: each record's text.
type Seen = BTreeMap<(Kind, Uid), Value>;

fn seen(app: &TestApp, client: &Client) -> Seen {
    let (who, c) = (who(app, client), &mut app.connection());
    let mut seen = Seen::new();
    for kind in KINDS {
        let entry = kinds::of(*kind);
        let ids = ids(c, *kind);
        let loaded = (entry.load)(c, &app.data.vault, &who, &ids).unwrap();
        for one in loaded {
            let record: Value = serde_json::from_str(one.record.get()).unwrap();
            assert_eq!(record["version"], one.version);
            assert!(
                who.may_at(entry.read, &one.place),
                "a place of the caller's"
            );
            if entry.people {
                assert_eq!(record["view"] == "full", one.full, "{record}");
            }
            let stand = (entry.stand)(c, one.id).unwrap();
            assert_eq!(stand.unwrap().version, one.version);
            assert!(seen.insert((*kind, one.id), record).is_none());
        }
    }
    seen
}

#[derive(Debug, PartialEq, Eq, Hash, Queryable)]
struct Row {
    kind: String,
    record: Uid,
    audience: Uid,
    op: String,
    version: i64,
    county: Option<Uid>,
    town: Option<Uid>,
    village: Option<Uid>,
    at: i64,
}

fn rows(app: &TestApp) -> HashSet<Row> {
    let rows: Vec<Row> = changes::table
        .select((
            changes::kind,
            changes::record_id,
            changes::audience,
            changes::op,
            changes::version,
            changes::county,
            changes::town,
            changes::village,
            changes::at,
        ))
        .load(&mut app.connection())
        .unwrap();
    rows.into_iter().collect()
}

/// Whether somebody's phone pulls this row: it is their own, or of an area that they coordinate.
fn reaches(row: &Row, who: &Who) -> bool {
    let place = Place {
        county: row.county,
        town: row.town,
        village: row.village,
    };
    row.audience == who.user
        || who
            .grants()
            .any(|g| g.role == Role::Coordinator && g.covers(&place))
}

/// What everybody saw at one moment, and what stood in the feed.
struct Moment {
    step: &'static str,
    seen: Vec<Seen>,
    rows: HashSet<Row>,
}

struct Story<'a> {
    app: &'a TestApp,
    callers: Vec<(&'static str, Client)>,
    moments: Vec<Moment>,
}

impl Story<'_> {
    fn moment(&self, step: &'static str) -> Moment {
        let seen = |(_, client): &(_, Client)| seen(self.app, client);
        Moment {
            step,
            seen: self.callers.iter().map(seen).collect(),
            rows: rows(self.app),
        }
    }

    /// Phones that pulled at whichever moment before: each hears of all that it has no longer right.
    fn told(&mut self, step: &'static str) {
        let now = self.moment(step);
        let callers = self.callers.iter();
        let callers: Vec<_> = callers
            .map(|(name, one)| (name, who(self.app, one)))
            .collect();
        for (i, (name, who)) in callers.iter().enumerate() {
            let own = now.rows.iter().filter(|r| r.audience == who.user);
            for row in own.filter(|r| r.op == "upsert") {
                let kind = row.kind.parse().unwrap();
                let seen = now.seen[i].contains_key(&(kind, row.record));
                assert!(seen, "{name} does not see this after \"{step}\": {row:?}");
            }
        }
        for before in &self.moments {
            let fresh: Vec<&Row> = now
                .rows
                .iter()
                .filter(|r| !before.rows.contains(r))
                .collect();
            for (i, (name, who)) in callers.iter().enumerate() {
                let (had, has) = (&before.seen[i], &now.seen[i]);
                let keys: BTreeSet<_> = had.keys().chain(has.keys()).collect();
                for key in keys.into_iter().filter(|key| had.get(key) != has.get(key)) {
                    let (kind, record) = *key;
                    let of: Vec<&&Row> = fresh
                        .iter()
                        .filter(|r| r.record == record && r.kind == kind.as_str())
                        .filter(|r| reaches(r, who))
                        .collect();
                    let newest = of.iter().map(|r| r.at).max();
                    let told = of.iter().any(|r| {
                        Some(r.at) == newest && (r.op == "upsert") == has.contains_key(key)
                    });
                    assert!(
                        told,
                        "{kind} {record} of {name}, who pulled after \"{}\" and now after \"{step}\":\n{:?}\n{:?}\n{of:#?}",
                        before.step,
                        had.get(key),
                        has.get(key),
                    );
                    let version =
                        |r: &&&Row| has.get(key).is_some_and(|v| v["version"] == r.version);
                    assert!(
                        !has.contains_key(key) || of.iter().any(version),
                        "the version of {kind}"
                    );
                }
            }
        }
        self.moments.push(now);
    }
}

/// What REST answers somebody, record by record.
async fn answered(app: &TestApp, client: &Client) -> Seen {
    let mut seen = Seen::new();
    let mut put = |kind, items: Vec<Value>| {
        for one in items {
            seen.insert((kind, id(&one)), one);
        }
    };
    let list = async |path: String| {
        let answer = client.get(&format!("{path}?limit=200")).await;
        match answer.status {
            404 => Vec::new(),
            _ => answer.expect(200)["items"].as_array().unwrap().clone(),
        }
    };
    let one = async |path: String| {
        let answer = client.get(&path).await;
        match answer.status {
            404 => Vec::new(),
            _ => vec![answer.expect(200)],
        }
    };
    let c = &mut app.connection();
    for id in ids(c, Kind::Resident) {
        put(Kind::Resident, one(format!("/v1/residents/{id}")).await);
        put(
            Kind::Residence,
            list(format!("/v1/residents/{id}/residences")).await,
        );
        put(
            Kind::Consent,
            list(format!("/v1/residents/{id}/consents")).await,
        );
    }
    for id in ids(c, Kind::Household) {
        put(Kind::Household, one(format!("/v1/households/{id}")).await);
        for person in ids(c, Kind::HouseholdPerson) {
            let path = format!("/v1/households/{id}/people/{person}");
            put(Kind::HouseholdPerson, one(path.clone()).await);
            put(Kind::Consent, list(format!("{path}/consents")).await);
        }
    }
    seen
}

/// Runs a phone's command.
async fn push(
    app: &TestApp,
    client: &Client,
    (kind, action): (Kind, &str),
    record: Uid,
    parent: Option<&Value>,
    body: Value,
) -> Result<(), AppError> {
    pushed_under(app, client, kind, action, record, parent.map(id), body).await
}

/// The pointers of a refusal.
#[track_caller]
fn faults(answer: Result<(), AppError>) -> Vec<String> {
    match answer {
        Err(AppError::Problem(p)) => p.errors.iter().map(|e| e.pointer.clone()).collect(),
        other => panic!("{other:?}"),
    }
}

fn people(household: &Value) -> String {
    format!("{}/people", at("households", household))
}

both! {
    async fn whatever_rest_shows_anew_is_told(app) {
        let (field, lead) = (Role::FieldMember, Role::Coordinator);
        let first = app.user(field, VILLAGE).await;
        let second = app.user(field, VILLAGE).await;
        let wide = app.user(field, TOWN).await;
        let away = app.user(field, SECOND_VILLAGE).await;
        let town = app.user(lead, TOWN).await;
        let county = app.user(lead, COUNTY).await;
        let mut story = Story {
            app,
            callers: vec![
                ("the first member", first.clone()),
                ("the second member", second.clone()),
                ("a member of the whole town", wide.clone()),
                ("a member elsewhere", away.clone()),
                ("a member here, a coordinator there", app.user_with(&[(field, VILLAGE), (lead, OTHER_TOWN)]).await),
                ("the village's coordinator", app.user(lead, VILLAGE).await),
                ("the other village's coordinator", app.user(lead, SECOND_VILLAGE).await),
                ("the town's coordinator", town.clone()),
                ("the county's coordinator", county.clone()),
            ],
            moments: Vec::new(),
        };
        story.told("nothing");
        let home = household(&first).await;
        let other = household(&second).await;
        let far = away.post("/v1/households", json!({ "kind": "local", "area": SECOND_VILLAGE })).await.expect(201);
        let broad = town.post("/v1/households", json!({ "kind": "local", "area": TOWN })).await.expect(201);
        story.told("households were founded");
        let wife = household_person(&first, &home, &["insurance", "photos"]).await;
        let guest = household_person(&town, &home, &["registration"]).await;
        story.told("people were taken in");
        let worker = registered(&second).await;
        let tenant = registered(&first).await;
        let cook = registered(&wide).await;
        story.told("residents were registered");
        let person = |resident: &Value| resident["person_id"].as_str().unwrap().to_owned();
        let join = async |by: &Client, household: &Value, person: &str| {
            by.put(&format!("{}/{person}", people(household)), json!({})).await.expect(200);
        };
        for resident in [&worker, &tenant, &cook] {
            join(&town, &home, &person(resident)).await;
            story.told("a resident joined");
        }
        let path = at("residents", &worker);
        let etag = second.get(&path).await.etag();
        second.patch(&path, &etag, json!({ "phone": phone() })).await.expect(200);
        story.told("a resident was amended");
        for id in [person(&tenant), wife["id"].as_str().unwrap().to_owned()] {
            let path = format!("{}/{id}", people(&home));
            let etag = first.get(&path).await.etag();
            first.patch(&path, &etag, json!({ "birth_year": 1980 })).await.expect(200);
            story.told("a person was amended");
        }
        let path = at("households", &home);
        let etag = first.get(&path).await.etag();
        first.patch(&path, &etag, json!({ "address": "百福弄12号", "contact_person_id": guest["id"] })).await.expect(200);
        story.told("the household has an address");
        let given = format!("{}/consents", at("residents", &tenant));
        first.post(&given, consent("photos")).await.expect(201);
        story.told("a resident consents");
        withdraw(&first, &given, "photos").await;
        story.told("a resident does not");
        let given = format!("{}/{}/consents", people(&home), wife["id"].as_str().unwrap());
        town.post(&given, consent("service_follow_up")).await.expect(201);
        story.told("a person consents");
        withdraw(&town, &given, "photos").await;
        story.told("a person does not");

        for to in [json!(second.id), json!(wide.id), json!(first.id), Value::Null, json!(second.id)] {
            town.put(&format!("{path}/assignee"), json!({ "assignee": to })).await.expect(200);
            story.told("the household was assigned");
        }
        for (resident, to) in [(&tenant, &second), (&worker, &first), (&tenant, &wide)] {
            let path = format!("{}/assignee", at("residents", resident));
            town.put(&path, json!({ "assignee": to.id })).await.expect(200);
            story.told("a resident was assigned");
        }
        for client in [&first, &town] {
            assert_eq!(answered(app, client).await, seen(app, client), "sync and REST");
        }
        join(&town, &other, wife["id"].as_str().unwrap()).await;
        story.told("a person went to another household");
        join(&town, &broad, wife["id"].as_str().unwrap()).await;
        story.told("and to one of the whole town");
        join(&town, &home, wife["id"].as_str().unwrap()).await;
        story.told("and came back");

        let moved = async |resident: &Value, area: &str, day: &str| {
            let body = json!({ "area": area, "from_day": day, "reason": "work" });
            county.post(&format!("{}/residences", at("residents", resident)), body).await.expect(201);
        };
        moved(&worker, VILLAGE, "2026-03-02").await;
        story.told("somebody moved inside the village");
        moved(&tenant, SECOND_VILLAGE, "2026-03-03").await;
        story.told("somebody moved to the next village");
        join(&county, &far, &person(&tenant)).await;
        story.told("and lives with a family there");
        moved(&cook, OTHER_TOWN, "2026-03-03").await;
        story.told("somebody moved to the next town");
        moved(&tenant, VILLAGE, "2026-03-04").await;
        story.told("the tenant is back");
        join(&county, &home, &person(&tenant)).await;
        story.told("in the old household");
        town.post(&format!("{}/departure", at("residents", &worker)), json!({ "left_on": "2026-03-05" })).await.expect(200);
        story.told("the worker left");
        withdraw(&county, &format!("{}/consents", at("residents", &tenant)), "registration").await;
        story.told("the tenant withdrew");
        withdraw(&town, &format!("{}/{}/consents", people(&home), guest["id"].as_str().unwrap()), "registration").await;
        story.told("the guest withdrew");
        moved(&worker, SECOND_VILLAGE, "2026-03-06").await;
        story.told("the worker is back, elsewhere");
        for (name, client) in &story.callers {
            assert_eq!(answered(app, client).await, seen(app, client), "sync and REST of {name}");
        }
        // What comes masked differs in the fields that are named, and in no others.
        let all = story.moments.iter().enumerate().flat_map(|(i, m)| m.seen.iter().map(move |seen| (i, seen)));
        let mut views: BTreeMap<(usize, Kind, Uid), Vec<Value>> = BTreeMap::new();
        for (moment, seen) in all {
            for ((kind, id), record) in seen {
                views.entry((moment, *kind, *id)).or_default().push(record.clone());
            }
        }
        let mut masked: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
        for ((_, kind, _), views) in views {
            for view in &views[1..] {
                let both = views[0].as_object().unwrap().iter().zip(view.as_object().unwrap());
                let fields = both.filter(|(a, b)| a != b && a.0 != "view").map(|(a, _)| a.0.clone());
                masked.entry(kind).or_default().extend(fields);
            }
        }
        for (kind, fields) in masked {
            let named = kinds::of(kind).masked;
            assert!(fields.iter().all(|f| named.contains(&f.as_str())), "{kind}: {fields:?}");
        }
    }

    async fn a_registration_brings_its_stay_and_consents(app) {
        let member = app.member().await;
        let made = registered(&member).await;
        for of in ["residences", "consents"] {
            let path = format!("{}/{of}", at("residents", &made));
            let one = member.get(&path).await.expect(200)["items"][0].clone();
            let rows: Vec<_> = feed(app, &one).into_iter().map(|(audience, op, view, _)| (audience, op, view)).collect();
            let row = |audience| (audience, "upsert".to_owned(), "full".to_owned());
            assert_eq!(rows, [row(Uid::NIL), row(member.id)], "{of}");
        }
    }

    async fn a_person_is_held_where_the_household_is_seen_too(app) {
        let (first, second, coordinator) = (app.member().await, app.member().await, app.coordinator().await);
        let home = household(&first).await;
        let resident = registered(&second).await;
        let person = json!({ "id": resident["person_id"] });
        let ops = || -> BTreeMap<Uid, String> {
            feed(app, &person).into_iter().map(|(audience, op, ..)| (audience, op)).collect()
        };
        let of = |rows: &[(Uid, &str)]| -> BTreeMap<Uid, String> {
            rows.iter().map(|(audience, op)| (*audience, (*op).to_owned())).collect()
        };
        coordinator.put(&format!("{}/{}", people(&home), person["id"].as_str().unwrap()), json!({})).await.expect(200);
        assert_eq!(ops(), of(&[(Uid::NIL, "upsert")]), "the one owns the household, the other the resident");
        let assign = format!("{}/assignee", at("households", &home));
        coordinator.put(&assign, json!({ "assignee": second.id })).await.expect(200);
        assert_eq!(ops(), of(&[(Uid::NIL, "upsert"), (second.id, "upsert")]));
        coordinator.put(&assign, json!({})).await.expect(200);
        assert_eq!(ops(), of(&[(Uid::NIL, "upsert"), (second.id, "left")]));
        coordinator.put(&format!("{}/assignee", at("residents", &resident)), json!({ "assignee": first.id })).await.expect(200);
        assert_eq!(ops(), of(&[(Uid::NIL, "upsert"), (second.id, "left"), (first.id, "upsert")]));
        withdraw(&coordinator, &format!("{}/consents", at("residents", &resident)), "registration").await;
        assert_eq!(ops(), of(&[(Uid::NIL, "delete"), (second.id, "left"), (first.id, "delete")]));
    }

    async fn a_new_worker_and_an_amendment_at_once(app) {
        let (first, second, coordinator) = (app.member().await, app.member().await, app.coordinator().await);
        let home = household(&coordinator).await;
        let resident = registered(&first).await;
        let (assign, path) = (format!("{}/assignee", at("households", &home)), at("residents", &resident));
        coordinator.put(&format!("{path}/assignee"), json!({ "assignee": second.id })).await.expect(200);
        let person = json!({ "id": resident["person_id"] });
        coordinator.put(&format!("{}/{}", people(&home), person["id"].as_str().unwrap()), json!({})).await.expect(200);
        for round in 0..10 {
            let to = if round % 2 == 0 { &first } else { &second };
            let etag = coordinator.get(&path).await.etag();
            let (assigned, amended) = tokio::join!(
                coordinator.put(&assign, json!({ "assignee": to.id })),
                first.patch(&path, &etag, json!({ "birth_year": 1970 + round })),
            );
            assigned.expect(200);
            amended.expect(200);
            for worker in [&first, &second] {
                let holds = feed(app, &person).iter().any(|(audience, op, ..)| *audience == worker.id && op == "upsert");
                assert_eq!(holds, worker.id == to.id, "in round {round}");
            }
        }
    }

    async fn what_a_departed_person_took_along_is_a_conflict(app) {
        let member = app.member().await;
        let home = household(&member).await;
        let person = household_person(&member, &home, &["registration"]).await;
        let path = at("households", &home);
        let etag = member.get(&path).await.etag();
        member.patch(&path, &etag, json!({ "address": "百福弄12号", "contact_person_id": person["id"] })).await.expect(200);
        withdraw(&member, &format!("{}/{}/consents", people(&home), person["id"].as_str().unwrap()), "registration").await;
        let stand = (kinds::of(Kind::Household).stand)(&mut app.connection(), id(&home)).unwrap().unwrap();
        let fields: Value = serde_json::from_str(&stand.field_versions).unwrap();
        for field in ["people", "address", "contact_person_id"] {
            assert_eq!(fields[field], json!(stand.version), "{field}");
        }
    }

    async fn phones_do_what_rest_does(app) {
        let (member, coordinator, stranger) = (app.member().await, app.coordinator().await, app.member().await);
        let new = || Uid::new(app.now());
        let (home, person) = (json!({ "id": new() }), json!({ "id": new() }));
        let create = (Kind::Household, "create");
        push(app, &member, create, id(&home), None, json!({ "kind": "local", "area": VILLAGE })).await.unwrap();
        let refused = push(app, &member, create, new(), None, json!({ "kind": "local", "area": VILLAGE, "address": "百福弄" })).await;
        assert_eq!(refused.unwrap_err().code(), Code::ConsentRequired);
        let refused = push(app, &member, create, new(), None, json!({ "kind": "local", "area": SECOND_VILLAGE })).await;
        assert_eq!(faults(refused), ["/area"]);

        // People, with the household as parent.
        let create = (Kind::HouseholdPerson, "create");
        let body = json!({ "name": "李芳", "sex": "female", "consents": [consent("registration")] });
        assert_eq!(faults(push(app, &member, create, id(&person), None, body.clone()).await), ["../parent_id"]);
        let refused = push(app, &stranger, create, id(&person), Some(&home), body.clone()).await;
        assert_eq!(refused.unwrap_err().code(), Code::NotFound);
        push(app, &member, create, id(&person), Some(&home), body).await.unwrap();
        let update = (Kind::HouseholdPerson, "update");
        assert_eq!(faults(push(app, &member, update, id(&person), Some(&home), json!({ "birth_year": 2099 })).await), ["/birth_year"]);
        push(app, &member, update, id(&person), Some(&home), json!({ "birth_year": 1988 })).await.unwrap();
        let path = at("households", &home);
        let shown = member.get(&format!("{path}/people/{}", id(&person))).await.expect(200);
        assert_eq!((shown["birth_year"].as_i64(), shown["version"].as_i64()), (Some(1988), Some(2)));
        let update = (Kind::Household, "update");
        push(app, &member, update, id(&home), None, json!({ "address": "百福弄12号", "contact_person_id": person["id"] })).await.unwrap();
        assert_eq!(member.get(&path).await.expect(200)["address"], "百福弄12号");
        assert_eq!(faults(push(app, &member, update, id(&home), None, json!({ "contact_person_id": new() })).await), ["/contact_person_id"]);

        // A resident joins.
        let resident = registered(&member).await;
        let tenant: Uid = resident["person_id"].as_str().unwrap().parse().unwrap();
        let join = (Kind::HouseholdPerson, "join");
        assert_eq!(faults(push(app, &member, join, tenant, Some(&home), json!({ "area": VILLAGE })).await), ["/area"]);
        push(app, &member, join, tenant, Some(&home), json!({})).await.unwrap();
        assert_eq!(member.get(&at("residents", &resident)).await.expect(200)["household_id"], home["id"]);

        // Consents, of a resident and of a household's person alike.
        for of in [&resident, &person] {
            let given = new();
            let create = (Kind::Consent, "create");
            let refused = push(app, &stranger, create, given, Some(of), consent("photos")).await;
            assert_eq!(refused.unwrap_err().code(), Code::NotFound);
            push(app, &member, create, given, Some(of), consent("photos")).await.unwrap();
            let end = (Kind::Consent, "withdrawal");
            let other = if *of == resident { &person } else { &resident };
            let refused = push(app, &member, end, given, Some(other), json!({ "channel": "phone" })).await;
            assert_eq!(refused.unwrap_err().code(), Code::NotFound, "it is not theirs");
            push(app, &member, end, given, Some(of), json!({ "channel": "phone" })).await.unwrap();
            let again = push(app, &member, end, given, Some(of), json!({ "channel": "phone" })).await;
            assert_eq!(again.unwrap_err().code(), Code::StateForbids);
        }

        // And somebody else looks after it.
        let assign = (Kind::Household, "assignee");
        let refused = push(app, &member, assign, id(&home), None, json!({ "assignee": stranger.id })).await;
        assert_eq!(refused.unwrap_err().code(), Code::ForbiddenAction);
        push(app, &coordinator, assign, id(&home), None, json!({ "assignee": stranger.id })).await.unwrap();
        assert_eq!(stranger.get(&path).await.expect(200)["view"], "full");
    }
}
