//! The sums of campaigns' results, whatever happened: people with and without phones, pushes that come to every end,
//! marks, and activities that come so far or so.

use std::collections::BTreeMap;

use crate::activities::{activity, confirmed, report, with};
use crate::campaigns::{campaign_with, inbox, scheduled, settled};
use crate::support::make::at;
use crate::support::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use qianshou::auth::policy::Role;

/// Where people work and activities are held.
const PLACES: &[(Role, &str)] = &[
    (Role::FieldMember, VILLAGE),
    (Role::FieldMember, SECOND_VILLAGE),
    (Role::FieldMember, "330402008016"),
    (Role::Coordinator, TOWN),
    (Role::Coordinator, OTHER_TOWN),
    (Role::Coordinator, COUNTY),
    (Role::Coordinator, OTHER_COUNTY),
    // More than a county: of the total alone.
    (Role::Coordinator, CITY),
];
/// How far a push may come.
const FATES: &[&str] = &[
    "pending",
    "suppressed",
    "accepted",
    "dead_token",
    "expired",
    "dead_letter",
];
const MARKS: &[&str] = &["displayed", "opened", "read", "done"];
const CHANNELS: &[&str] = &["radio", "television", "internet"];

/// What becomes of one reminder at one person: of the push to each of two phones, and what they do.
#[derive(Debug, Clone)]
struct Reminded {
    pushes: [usize; 2],
    mark: Option<usize>,
}

#[derive(Debug, Clone)]
struct Person {
    place: usize,
    phones: usize,
    /// Of each year two reminders.
    years: [[Reminded; 2]; 2],
}

/// An activity and how far it comes.
#[derive(Debug, Clone)]
struct Held {
    place: usize,
    far: usize,
    figure: i64,
    media: Vec<usize>,
}

#[derive(Debug, Clone)]
struct World {
    people: Vec<Person>,
    years: [Vec<Held>; 2],
}

fn reminded() -> impl Strategy<Value = Reminded> {
    let push = || 0..FATES.len();
    let mark = proptest::option::weighted(0.6, 0..MARKS.len());
    ([push(), push()], mark).prop_map(|(pushes, mark)| Reminded { pushes, mark })
}

fn person() -> impl Strategy<Value = Person> {
    let year = || [reminded(), reminded()];
    (0..PLACES.len(), 0..3usize, [year(), year()]).prop_map(|(place, phones, years)| Person {
        place,
        phones,
        years,
    })
}

fn held() -> impl Strategy<Value = Held> {
    // Nothing is held in a whole city.
    let place = 0..PLACES.len() - 1;
    let media = proptest::collection::vec(0..CHANNELS.len(), 0..4);
    (place, 0..5usize, 0..90i64, media).prop_map(|(place, far, figure, media)| Held {
        place,
        far,
        figure,
        media,
    })
}

fn world() -> impl Strategy<Value = World> {
    let people = proptest::collection::vec(person(), 1..7);
    let year = || proptest::collection::vec(held(), 0..5);
    (people, [year(), year()]).prop_map(|(people, years)| World { people, years })
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

pub async fn results(who: &Client, path: &str, level: &str) -> Value {
    who.get(&format!("{path}/results?level={level}"))
        .await
        .expect(200)
}

fn cleaned(mut model: Model) -> Model {
    model
        .values_mut()
        .for_each(|figures| figures.retain(|_, n| *n != 0));
    model.retain(|_, figures| !figures.is_empty());
    model
}

pub fn by_area(results: &Value) -> Model {
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

/// The deliveries of a notification, in the order of their phones, come so far.
fn pushed(app: &TestApp, notification: &Value, fates: &[usize]) {
    use diesel::prelude::*;
    use qianshou::db::Uid;
    use qianshou::db::schema::deliveries;
    let mut c = app.connection();
    let id: Uid = notification["id"].as_str().unwrap().parse().unwrap();
    let all: Vec<Uid> = deliveries::table
        .filter(deliveries::notification_id.eq(id))
        .select(deliveries::id)
        .order(deliveries::device_id)
        .load(&mut c)
        .unwrap();
    assert_eq!(all.len(), fates.len(), "one push a phone");
    for (delivery, fate) in all.into_iter().zip(fates) {
        let accepted = (FATES[*fate] == "accepted").then_some(app.now().0);
        let set = (
            deliveries::state.eq(FATES[*fate]),
            deliveries::accepted_at.eq(accepted),
        );
        diesel::update(deliveries::table.find(delivery))
            .set(set)
            .execute(&mut c)
            .unwrap();
    }
}

/// What one person's two reminders of a year come to: the better of them counts, once.
async fn followed(
    app: &TestApp,
    model: &mut Model,
    campaign: &Value,
    (who, person): (&Client, &Person),
    year: &[Reminded; 2],
) {
    let (_, area) = PLACES[person.place];
    let own: Vec<Value> = inbox(who)
        .await
        .into_iter()
        .filter(|n| n["subject_id"] == *campaign)
        .collect();
    assert_eq!(own.len(), 2, "two reminders");
    let mut marks: Vec<&str> = Vec::new();
    let mut fates: Vec<&str> = Vec::new();
    for (notification, reminded) in own.iter().zip(year) {
        let pushes = &reminded.pushes[..person.phones];
        pushed(app, notification, pushes);
        fates.extend(pushes.iter().map(|fate| FATES[*fate]));
        if let Some(mark) = reminded.mark {
            let mark = MARKS[mark];
            marks.push(mark);
            let body =
                json!({ "marks": [{ "notification_id": notification["id"], "mark": mark }] });
            who.post("/v1/notifications/marks", body).await.expect(200);
        }
    }
    let acknowledged = marks.iter().any(|mark| *mark != "displayed");
    for (figure, yes) in [
        ("targeted", true),
        ("without_push", person.phones == 0),
        ("suppressed", fates.contains(&"suppressed")),
        ("accepted", fates.contains(&"accepted")),
        ("displayed", !marks.is_empty()),
        ("opened", acknowledged),
        ("done", marks.contains(&"done")),
        ("acknowledged", acknowledged),
    ] {
        add(model, area, figure, i64::from(yes));
    }
}

/// An activity of a campaign that comes so far.
async fn came_to(model: &mut Model, staff: &[Client; 2], campaign: &Value, held: &Held) {
    let (_, area) = PLACES[held.place];
    let body = with(activity(), json!({ "area": area, "campaign_id": campaign }));
    let made = staff[0].post("/v1/activities", body).await.expect(201);
    let at = at("activities", &made);
    match held.far {
        0 => return add(model, area, "planned", 1),
        1 => {
            let path = format!("{at}/cancellation");
            staff[0].post(&path, json!({})).await.expect(200);
            return;
        }
        _ => {}
    }
    let n = held.figure;
    let media: Vec<&str> = held
        .media
        .iter()
        .map(|channel| CHANNELS[*channel])
        .collect();
    let told: Vec<Value> = media.iter().map(|c| json!({ "channel": c, "outlet": "南湖", "title": "活动日", "published_on": "2026-05-29" })).collect();
    let body = with(
        report(),
        json!({ "participants": n, "leaflets": 2 * n, "households_informed": n / 2, "media": told }),
    );
    staff[0]
        .post(&format!("{at}/report"), body)
        .await
        .expect(200);
    if held.far == 2 {
        // What was returned counts again when it was told anew.
        let back = json!({ "reason": "incomplete" });
        staff[1]
            .post(&format!("{at}/return"), back)
            .await
            .expect(200);
        return add(model, area, "planned", 1);
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
        add(model, area, channel, 1);
    }
    if held.far == 3 {
        confirmed(&staff[1], &at).await.expect(200);
        add(model, area, "confirmed", 1);
    }
}

/// Whatever happened: villages and what is of a whole township are the township's, those the county's, and everything
/// with what is of more than a county is the total; this year's and the year before's alike.
async fn adds_up(app: &TestApp, world: &World) {
    let organiser = || app.user(Role::CampaignOrganiser, CITY);
    let staff = [organiser().await, organiser().await];
    let mut people = Vec::new();
    for person in &world.people {
        let (role, area) = PLACES[person.place];
        let who = app.user(role, area).await;
        for _ in 0..person.phones {
            make::subscribed_phone(app, &who, &format!("fcm-token-{}", make::unique())).await;
        }
        people.push((who, person));
    }
    let festival = json!({ "code": "a-day", "title_zh": "服务日", "title_en": "A day", "rule": "solar:05-29" });
    let festival = staff[0].post("/v1/festivals", festival).await.expect(201);
    let now = app.now();
    let plan =
        json!([{ "send_at": now.plus(-2).to_string() }, { "send_at": now.plus(-1).to_string() }]);
    let mut models = [Model::new(), Model::new()];
    let mut paths = Vec::new();
    for (year, model) in models.iter_mut().enumerate() {
        let body = campaign_with(
            json!({ "area": CITY, "festival_id": festival["id"], "starts_on": festival["days"][year]["starts_on"],
                "audience": { "areas": [CITY], "roles": ["field_member", "coordinator"] }, "reminders": plan }),
        );
        let path = scheduled(&staff[0], &staff[1], body).await;
        while qianshou::campaigns::scheduler::run(&app.data)
            .await
            .unwrap()
        {}
        assert_eq!(settled(&staff[0], &path).await, ["sent", "sent"]);
        let id = json!(path.rsplit('/').next().unwrap());
        for (who, person) in &people {
            followed(app, model, &id, (who, person), &person.years[year]).await;
        }
        for held in &world.years[year] {
            came_to(model, &staff, &id, held).await;
        }
        paths.push(path);
    }
    for (level, digits) in [("village", 12), ("town", 9), ("county", 6)] {
        let found = results(&staff[0], &paths[1], level).await;
        assert_eq!(found["level"], level);
        assert_eq!(
            by_area(&found),
            cleaned(at_level(&models[1], digits)),
            "{level}"
        );
        assert_eq!(
            year_before(&found),
            cleaned(at_level(&models[0], digits)),
            "the year before, {level}"
        );
        assert_eq!(
            sums(&found["total"], &found["activities"]),
            total(&cleaned(models[1].clone()))
        );
        let before = &found["year_before"];
        assert_eq!(
            sums(&before["figures"], &before["activities"]),
            total(&cleaned(models[0].clone()))
        );
    }
    assert_eq!(
        results(&staff[0], &paths[0], "village").await["year_before"],
        Value::Null
    );
}

#[test]
fn sums_over_villages_are_the_townships_and_the_countys() {
    let config = Config {
        cases: 4,
        max_shrink_iters: 20,
        failure_persistence: None,
        ..Config::default()
    };
    for backend in pushing::backends() {
        let outcome = TestRunner::new(config.clone()).run(&world(), |world| {
            actix_web::rt::System::new().block_on(async move {
                let app = TestApp::start(backend, Vec::new()).await;
                adds_up(&app, &world).await;
                app.stop().await;
            });
            Ok(())
        });
        outcome.unwrap_or_else(|e| panic!("{backend:?}: {e}"));
    }
}
