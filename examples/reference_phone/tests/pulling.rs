use serde_json::json;

use super::support::{Field, done, gone, id, page, problem, upsert};
use crate::phone::{Error, Moment, State};

impl Field {
    fn versions(&mut self) -> Vec<(crate::phone::Id, i64)> {
        let records = self.phone.records(None).unwrap();
        records.iter().map(|r| (r.id, r.version)).collect()
    }
}

#[tokio::test]
async fn pages_follow_each_other_until_there_is_no_more() {
    let mut field = Field::new().await;
    field.phone.settings.page = Some(2);
    field.phone.settings.kinds = vec!["resident".into(), "area".into()];
    let mut first = page(
        json!([
            upsert("resident", id(1), 1, json!({})),
            upsert("resident", id(2), 1, json!({}))
        ]),
        "a+b/c=",
        true,
    );
    first["progress"] = json!({ "total": 3, "counts": [{ "kind": "resident", "count": 3 }] });
    field.script.answer(200, first);
    field.script.answer(
        200,
        page(
            json!([upsert("resident", id(3), 1, json!({}))]),
            "c2",
            false,
        ),
    );
    let pulled = field.phone.pull().await.unwrap();
    assert_eq!((pulled.pages, pulled.upserts), (2, 3));
    assert_eq!(pulled.progress.unwrap().total, 3);
    let asked: Vec<_> = field.script.asked().into_iter().map(|(p, _)| p).collect();
    let common = "limit=2&kinds=resident&kinds=area";
    assert_eq!(asked[0], format!("/v1/sync/pull?{common}"));
    assert_eq!(
        asked[1],
        format!("/v1/sync/pull?cursor=a%2Bb%2Fc%3D&{common}")
    );
    assert_eq!(field.phone.cursor().unwrap().as_deref(), Some("c2"));
    // Nothing new gives the cursor back as it was.
    field.script.answer(200, page(json!([]), "c2", false));
    assert_eq!(field.phone.pull().await.unwrap().pages, 1);
    // But not with more to come: that would never end.
    field.script.answer(200, page(json!([]), "c2", true));
    assert!(matches!(
        field.phone.pull().await,
        Err(Error::NotAsPromised(_))
    ));
}

#[tokio::test]
async fn each_op_does_what_it_says() {
    let mut field = Field::new().await;
    let five = (1..=5).map(|n| upsert("resident", id(n), 3, json!({})));
    field
        .script
        .answer(200, page(json!(five.collect::<Vec<_>>()), "c1", false));
    field.phone.pull().await.unwrap();
    let changes = json!([
        upsert("resident", id(1), 4, json!({"phone": "new"})),
        // Older than what is held, as when a page was long on its way.
        upsert("resident", id(2), 2, json!({"phone": "older"})),
        gone("resident", id(3), "left"),
        gone("resident", id(4), "revoked"),
        gone("resident", id(5), "delete"),
        gone("resident", id(1), "of_tomorrow"),
    ]);
    field.script.answer(200, page(changes, "c2", false));
    let pulled = field.phone.pull().await.unwrap();
    assert_eq!((pulled.upserts, pulled.dropped), (2, 3));
    assert_eq!(field.versions(), [(id(1), 4), (id(2), 3)]);
}

#[tokio::test]
async fn a_page_is_stored_with_its_cursor_or_not_at_all() {
    let mut field = Field::new().await;
    let broken = json!({ "kind": "resident", "id": id(2), "version": 1, "op": "upsert" });
    field.script.answer(
        200,
        page(
            json!([upsert("resident", id(1), 1, json!({})), broken]),
            "c1",
            false,
        ),
    );
    assert!(matches!(
        field.phone.pull().await,
        Err(Error::NotAsPromised(_))
    ));
    assert_eq!(field.phone.cursor().unwrap(), None);
    assert!(field.versions().is_empty());
}

#[tokio::test]
async fn an_area_that_is_taken_away_goes_and_the_queue_stays() {
    let mut field = Field::new().await;
    field.hold(id(1), 3, json!({})).await;
    field
        .phone
        .update("resident", id(1), json!({"phone": "new"}))
        .unwrap();
    let mut kept = upsert("resident", id(2), 1, json!({}));
    kept["areas"] = json!([id(0xa1), id(0xa3)]);
    field.script.answer(200, page(json!([kept]), "c1", false));
    field.phone.pull().await.unwrap();
    // What the caller still sees there comes again on the page that takes the area away.
    let again = upsert("resident", id(3), 1, json!({}));
    let mut purging = page(json!([again]), "c2", false);
    purging["purge_areas"] = json!([id(0xa2), id(0xa9)]);
    field.script.answer(200, purging);
    assert_eq!(field.phone.pull().await.unwrap().dropped, 1);
    assert_eq!(field.versions(), [(id(2), 1), (id(3), 1)]);
    assert_eq!(field.phone.operations(&[State::Waiting]).unwrap().len(), 1);
}

#[tokio::test]
async fn what_came_with_a_result_goes_with_any_area_unless_the_pull_brings_it() {
    let mut field = Field::new().await;
    let made = [json!({ "n": 1 }), json!({ "n": 2 })].map(|body| {
        let id = field.phone.create("member_home", body.clone()).unwrap();
        (id, body)
    });
    let results = made.clone().map(|(_, body)| done("applied", 1, body));
    field.script.answer(200, json!({ "results": results }));
    field.phone.push().await.unwrap();
    let pulled = upsert("resident", id(3), 1, json!({}));
    field.script.answer(200, page(json!([pulled]), "c1", false));
    // Nothing is taken away, so it stays until a pull brings it.
    field.phone.pull().await.unwrap();
    assert_eq!(field.versions().len(), 3);
    let [_, (stays, body)] = made;
    let brought = upsert("member_home", stays, 1, body);
    let mut purging = page(json!([brought]), "c2", false);
    purging["purge_areas"] = json!([id(0xa9)]);
    field.script.answer(200, purging);
    field.phone.pull().await.unwrap();
    assert_eq!(field.versions(), [(stays, 1), (id(3), 1)]);
}

#[tokio::test]
async fn records_go_when_their_term_has_passed_and_come_again_from_the_start() {
    let mut field = Field::new().await;
    // The phone's clock is a day ahead of the server's.
    field.clock.pass(Moment::DAY);
    field
        .script
        .answer(200, super::support::session("a2", "r2"));
    field.hold(id(1), 3, json!({})).await;
    field
        .phone
        .update("resident", id(1), json!({"phone": "new"}))
        .unwrap();
    field.clock.pass(30 * Moment::DAY - 1);
    assert!(!field.phone.purge_expired().unwrap());
    field.clock.pass(1);
    assert!(field.phone.purge_expired().unwrap());
    assert!(field.versions().is_empty());
    assert_eq!(field.phone.operations(&[State::Waiting]).unwrap().len(), 1);
    assert_eq!(
        (
            field.phone.cursor().unwrap(),
            field.phone.keep_until().unwrap()
        ),
        (None, None)
    );
    // An update alone is not a record to show.
    assert_eq!(field.phone.shown("resident", id(1)).unwrap(), None);
}

#[tokio::test]
async fn a_result_newer_than_the_page_is_kept() {
    let mut field = Field::new().await;
    field.hold(id(1), 3, json!({"phone": "old"})).await;
    field
        .phone
        .update("resident", id(1), json!({"phone": "new"}))
        .unwrap();
    field
        .script
        .results(json!([done("applied", 4, json!({"phone": "new"}))]));
    field.script.answer(
        200,
        page(
            json!([upsert("resident", id(1), 3, json!({"phone": "old"}))]),
            "c1",
            false,
        ),
    );
    field.phone.sync().await.unwrap();
    assert_eq!(field.versions(), [(id(1), 4)]);
}

#[tokio::test]
async fn what_was_erased_leaves_no_copy_among_what_was_sent() {
    let mut field = Field::new().await;
    let erased = field
        .phone
        .create("resident", json!({"name": "王小明"}))
        .unwrap();
    let other = field.phone.create("resident", json!({})).unwrap();
    field.script.results(json!([
        done("applied", 1, json!({})),
        done("applied", 1, json!({}))
    ]));
    field.script.answer(
        200,
        page(json!([gone("resident", erased, "delete")]), "c1", false),
    );
    field.phone.sync().await.unwrap();
    let kept = field.phone.operations(&[State::Acknowledged]).unwrap();
    assert_eq!(
        kept.iter().map(|o| o.record_id).collect::<Vec<_>>(),
        [other]
    );
    // After 30 days nothing of it is left.
    field.clock.pass(31 * Moment::DAY);
    field
        .script
        .answer(200, super::support::session("a2", "r2"));
    let mut later = page(json!([]), "c1", false);
    later["server_time"] = json!("2026-06-29T10:00:00Z");
    field.script.answer(200, later);
    field.phone.sync().await.unwrap();
    assert!(
        field
            .phone
            .operations(&[State::Acknowledged])
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_pull_that_is_refused_for_good_says_so() {
    let mut field = Field::new().await;
    field.script.answer(400, problem(400, "cursor_invalid"));
    field.script.answer(400, problem(400, "cursor_invalid"));
    let twice = field.phone.pull().await;
    assert!(matches!(twice, Err(Error::Refused(p)) if p.code == "cursor_invalid"));
}
