//! What comes over the wire and is not right: refused where it is at fault, told clearly, and nothing else is
//! lost or revealed by it.

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use std::io::Write;
use std::sync::{Arc, Mutex};

use crate::both;
use crate::support::make::resident;
use crate::support::syncing::*;
use crate::support::*;
use qianshou::auth::policy::Role::*;
use qianshou::db::DbConn;
use qianshou::db::schema::audit_entries;

const PUSH: &str = "/v1/sync/push";
const MIB: usize = 1024 * 1024;

fn envelope(app: &TestApp, operations: &[Value]) -> Value {
    json!({ "sent_at": app.now().to_string(), "operations": operations })
}

fn registration(app: &TestApp) -> Value {
    operation(app, "resident", "create", &new_id(app), resident())
}

/// Sends bytes as they are.
async fn sends(who: &Client, body: impl Into<reqwest::Body>, encoding: Option<&str>) -> Answer {
    let request = who.request(reqwest::Method::POST, PUSH);
    let request = request
        .header("content-type", "application/json")
        .body(body);
    let coded = match encoding {
        Some(encoding) => request.header("content-encoding", encoding),
        None => request,
    };
    Answer::of(coded).await
}

/// Pushes, and comes again as the server asks while it is too busy.
async fn insists(who: &Client, body: &Value) -> Value {
    for _ in 0..30 {
        let answer = who.post(PUSH, body.clone()).await;
        if answer.status != 503 {
            return answer.expect(200);
        }
        let wait = answer.header("retry-after").unwrap().parse().unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
    }
    panic!("never an answer");
}

/// What SQLite's one writer is asked, without the values.
struct Questions(Arc<Mutex<Vec<String>>>);

impl Questions {
    async fn of(app: &TestApp) -> Questions {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        if app.backend == Backend::Sqlite {
            let log = asked.clone();
            let listen = move |c: &mut DbConn| {
                let log = log.clone();
                c.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                    if let InstrumentationEvent::StartQuery { query, .. } = event {
                        let text = query.to_string();
                        // An empty list is written otherwise than one of one.
                        let text = text.split(" WHERE ").next().unwrap_or_default();
                        let text = text.split(" -- binds").next().unwrap_or_default();
                        log.lock().unwrap().push(text.to_owned());
                    }
                });
                Ok(())
            };
            app.data.db.write(listen).await.unwrap();
        }
        Questions(asked)
    }
    fn forget(&self) {
        self.0.lock().unwrap().clear();
    }
    /// The transaction of the push since then.
    fn of_push(&self) -> Vec<String> {
        let asked = self.0.lock().unwrap();
        let mut transactions = asked.split(|text| text.starts_with("BEGIN"));
        let of_push = |asked: &&[String]| asked.iter().any(|t| t.contains("sync_operations"));
        transactions.find(of_push).unwrap_or_default().to_vec()
    }
}

async fn residents(who: &Client) -> usize {
    let page = who.get("/v1/residents?limit=200").await.expect(200);
    page["items"].as_array().unwrap().len()
}

fn with(mut operation: Value, name: &str, value: Value) -> Value {
    operation[name] = value;
    operation
}

/// What an answer says, but for what is of the request alone: ids and times.
fn shape(result: &Value) -> Value {
    let mut shape = result.clone();
    for name in ["op_id", "record_id", "resting_id"] {
        assert!(shape[name].is_string(), "{result}");
        shape[name] = json!("…");
    }
    shape
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

both! {
    async fn what_is_too_much_is_refused_whole(app) {
        let member = app.member().await;
        let many: Vec<Value> = (0..501).map(|_| registration(app)).collect();
        member.post(PUSH, envelope(app, &many)).await.fault("/operations", "too_many");
        assert_eq!(residents(&member).await, 0);
        // Just within four mebibytes, and just past them.
        let sized = |size: usize| {
            let text = envelope(app, &[registration(app)]).to_string();
            format!("{text}{}", " ".repeat(size - text.len()))
        };
        sends(&member, sized(4 * MIB), None).await.expect(200);
        sends(&member, sized(4 * MIB + 1), None).await.problem(413, "payload_too_large");
        // Small on the wire, large when it is unpacked.
        let bomb = gzip(&vec![b' '; 300 * MIB]);
        assert!(bomb.len() < MIB);
        sends(&member, bomb, Some("gzip")).await.problem(413, "payload_too_large");
        let inner = gzip(sized(4 * MIB).as_bytes());
        sends(&member, inner.clone(), Some("gzip")).await.expect(200);
        sends(&member, gzip(sized(4 * MIB + 1).as_bytes()), Some("gzip")).await.problem(413, "payload_too_large");
        sends(&member, inner[..inner.len() / 2].to_vec(), Some("gzip")).await.problem(400, "malformed_json");
        // Other encodings it does not take, nor one in another.
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
        deflate.write_all(&vec![b' '; MIB]).unwrap();
        let deflated = deflate.finish().unwrap();
        for encoding in ["deflate", "br", "zstd", "gzip, gzip", "x"] {
            sends(&member, deflated.clone(), Some(encoding)).await.problem(415, "unsupported_media_type");
        }
        assert_eq!(residents(&member).await, 2);
        // One operation's body may not be larger than its REST operation takes; the others are done.
        let huge = with(registration(app), "changed", json!({ "name": "x".repeat(300 * 1024) }));
        let results = push(app, &member, &[registration(app), huge, registration(app)]).await;
        assert_eq!(results.iter().map(|r| r["outcome"].as_str().unwrap()).collect::<Vec<_>>(), ["applied", "rejected", "applied"]);
        assert_eq!((&results[1]["problem"]["code"], &results[1]["problem"]["errors"][0]["pointer"]), (&json!("payload_too_large"), &json!("/changed")));
        assert_eq!(residents(&member).await, 4);
    }

    async fn a_fault_of_the_envelope_is_named_and_nothing_is_done(app) {
        let member = app.member().await;
        let id = |text: &str| json!(text);
        let wrong = [
            ("op_id", id("3b241101-e2bb-4255-8caf-4136c566a962"), "bad_id"),
            ("op_id", id("00000000-0000-0000-0000-000000000000"), "bad_id"),
            ("op_id", id("x"), "bad_id"),
            ("op_id", Value::Null, "wrong_type"),
            ("op_id", json!(7), "wrong_type"),
            ("record_id", id("3b241101"), "bad_id"),
            ("parent_id", Value::Null, "not_null"),
            ("base_version", json!(0), "out_of_range"),
            ("base_version", json!(-1), "out_of_range"),
            ("base_version", json!(1.5), "wrong_type"),
            ("base_version", json!(9_000_000_000_000_001i64), "out_of_range"),
            ("kind", json!("re\u{0}sident"), "bad_pattern"),
            ("kind", json!("x".repeat(41)), "too_long"),
            ("action", json!(""), "too_short"),
            ("made_at", json!("yesterday"), "bad_instant"),
            ("made_at", json!(1_700_000_000), "wrong_type"),
            ("colour", json!("red"), "unknown_field"),
        ];
        let (mut told, mut wanted) = (Vec::new(), Vec::new());
        for (name, value, fault) in wrong {
            let operations = [registration(app), with(registration(app), name, value.clone())];
            let answer = member.post(PUSH, envelope(app, &operations)).await;
            let error = &answer.json["errors"][0];
            let words = [&error["pointer"], &error["code"]].map(|word| word.as_str().unwrap_or("nothing").to_owned());
            told.push((value.clone(), answer.status, words));
            wanted.push((value, 422, [format!("/operations/1/{name}"), fault.to_owned()]));
            assert!(!answer.text.contains("yesterday") && !answer.text.contains("4136c566a962"), "what was sent is not echoed");
        }
        assert_eq!(told, wanted);
        for (name, value) in [("sent_at", json!("2026-13-01T00:00:00Z")), ("backlog", json!(-1)), ("backlog", json!(1_000_001)), ("operations", json!({}))] {
            let body = with(envelope(app, &[registration(app)]), name, value);
            let answer = member.post(PUSH, body).await;
            assert_eq!((answer.status, &answer.json["errors"][0]["pointer"]), (422, &json!(format!("/{name}"))), "{}", answer.text);
        }
        let good = envelope(app, &[registration(app)]).to_string();
        let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let beside = |name: &str| good.replacen(&format!("\"{name}\":"), &format!("\"x\":{nested},\"{name}\":"), 1);
        // In a body it is a fault of that operation.
        let deep = sends(&member, beside("address"), None).await.expect(200);
        assert_eq!(deep["results"][0]["problem"]["errors"][0], json!({ "pointer": "/changed/x", "code": "unknown_field", "detail": "This operation does not know the field." }));
        for text in ["", "{", "null", "[]", "\u{0}", &good[..good.len() - 2], &format!("{good}{good}"), &beside("op_id"), &beside("sent_at")] {
            let answer = sends(&member, text.to_owned(), None).await;
            assert!(matches!(answer.status, 400 | 422), "{} {}", answer.status, answer.text);
        }
        let twice = good.replacen("{\"", "{\"operations\":[],\"", 1);
        assert_eq!(sends(&member, twice, None).await.json["errors"][0]["code"], "repeated");
        assert_eq!(residents(&member).await, 0);
    }

    async fn a_fault_of_one_operation_stops_no_other(app) {
        let member = app.member().await;
        let made = make::registered(&member).await;
        let changed = |name: &str, value: Value| with(registration(app), "changed", make::resident_with(json!({ name: value })));
        let wrong = [
            (with(registration(app), "kind", json!("dragon")), "/kind"),
            (with(registration(app), "kind", json!("area")), "/kind"),
            (with(registration(app), "action", json!("burn")), "/action"),
            (with(registration(app), "action", json!("look-up")), "/action"),
            (changed("hobby", json!("chess")), "/changed/hobby"),
            (changed("name", json!(7)), "/changed/name"),
            (changed("name", json!(["张伟"])), "/changed/name"),
            (changed("name", json!("张\u{0}伟")), "/changed/name"),
            (changed("birth_year", json!("1985")), "/changed/birth_year"),
            (changed("needs", json!("health")), "/changed/needs"),
            (changed("id", json!(new_id(app))), "/changed/id"),
            (changed("document", json!({ "kind": "resident_id", "number": "330499198506150127" })), "/changed/document/number"),
            (with(registration(app), "changed", json!([])), "/changed"),
            (with(registration(app), "changed", json!("text")), "/changed"),
            (with(registration(app), "changed", Value::Null), "/changed"),
            (amendment(app, &made, 1, json!({ "name": null })), "/changed/name"),
            (with(amendment(app, &made, 1, json!({ "reason": "study" })), "changed", json!([1])), "/changed"),
            (operation(app, "resident", "update", made["id"].as_str().unwrap(), json!({ "reason": "study" })), "/base_version"),
            (operation(app, "residence", "create", &new_id(app), json!({ "area": VILLAGE, "from_day": "2026-06-01", "reason": "work" })), "/parent_id"),
        ];
        let mut operations = vec![registration(app)];
        for (op, _) in &wrong {
            operations.extend([op.clone(), registration(app)]);
        }
        let results = push(app, &member, &operations).await;
        for (i, result) in results.iter().enumerate() {
            if i % 2 == 0 {
                assert_eq!(result["outcome"], "applied", "{result}");
                continue;
            }
            let (op, pointer) = &wrong[i / 2];
            let problem = &result["problem"];
            let codes = ["validation_failed", "unknown_field"];
            assert!(result["outcome"] == "rejected" && codes.contains(&problem["code"].as_str().unwrap()), "{op} {result}");
            assert_eq!(problem["errors"][0]["pointer"], *pointer, "{op} {result}");
            assert!(!result.to_string().contains("330499198506150127"), "what was sent is not echoed");
        }
        assert_eq!(residents(&member).await, operations.len().div_ceil(2) + 1);
        // As deep as JSON is read, and deeper than the field goes.
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        let text = envelope(app, &[registration(app), registration(app)]).to_string();
        let text = text.replacen("\"name\":\"张伟\"", &format!("\"name\":{deep}"), 1);
        let answer = sends(&member, text, None).await.expect(200);
        assert_eq!((&answer["results"][0]["problem"]["errors"][0]["pointer"], &answer["results"][1]["outcome"]), (&json!("/changed/name"), &json!("applied")));
    }

    async fn an_op_id_is_one_operation(app) {
        let (member, other) = (app.member().await, app.member().await);
        let op = registration(app);
        let mut altered = vec![
            with(op.clone(), "record_id", json!(new_id(app))),
            with(op.clone(), "kind", json!("household")),
            with(op.clone(), "action", json!("update")),
            with(op.clone(), "base_version", json!(3)),
            with(op.clone(), "parent_id", json!(new_id(app))),
            with(op.clone(), "changed", resident()),
        ];
        let mut all = vec![op.clone(), op.clone()];
        all.append(&mut altered);
        all.push(registration(app));
        for round in 0..2 {
            let results = push(app, &member, &all).await;
            let first = if round == 0 { "applied" } else { "duplicate" };
            assert_eq!((&results[0]["outcome"], &results[1]["outcome"], &results[1]["original"]), (&json!(first), &json!("duplicate"), &json!("applied")));
            for result in &results[2..8] {
                assert_eq!((&result["outcome"], &result["problem"]["code"]), (&json!("rejected"), &json!("op_id_reused")), "{result}");
                assert_eq!(result["record"], Value::Null);
            }
            assert_eq!(results[8]["outcome"], first);
        }
        assert_eq!(residents(&member).await, 2);
        // Another user's ids are their own.
        let theirs = with(op.clone(), "record_id", json!(new_id(app)));
        assert_eq!(push_one(app, &other, &theirs).await["outcome"], "applied");
    }

    async fn what_is_not_ones_own_is_as_if_it_were_not_there(app) {
        let (member, other) = (app.member().await, app.user(FieldMember, OTHER_TOWN).await);
        let theirs = other.post("/v1/residents", make::resident_with(json!({ "area": OTHER_TOWN }))).await.expect(201);
        let beside = make::registered(&app.member().await).await;
        let home = other.post("/v1/households", json!({ "kind": "local", "area": OTHER_TOWN })).await.expect(201);
        let person = make::household_person(&other, &home, &["service_follow_up"]).await;
        let visit = other.post("/v1/visits", make::home_visit(&home)).await.expect(201);
        let consents = other.get(&format!("{}/consents", make::at("residents", &theirs))).await.expect(200);
        let nothing = || json!({ "id": new_id(app) });
        let id = |record: &Value| record["id"].as_str().unwrap().to_owned();
        let under = |op: Value, parent: &Value| with(op, "parent_id", parent["id"].clone());
        type Make<'a> = Box<dyn Fn(&Value) -> Value + 'a>;
        let ways: Vec<(Value, Make)> = vec![
            (theirs.clone(), Box::new(|r| amendment(app, r, 1, json!({ "reason": "study" })))),
            (beside.clone(), Box::new(|r| amendment(app, r, 1, json!({ "reason": "study" })))),
            (theirs.clone(), Box::new(|r| amendment(app, r, 99, json!({ "reason": "study" })))),
            (theirs.clone(), Box::new(|r| operation(app, "resident", "departure", &id(r), json!({ "left_on": "2026-06-01" })))),
            (theirs.clone(), Box::new(|r| under(operation(app, "residence", "create", &new_id(app), json!({ "area": VILLAGE, "from_day": "2026-06-01", "reason": "work" })), r))),
            (theirs.clone(), Box::new(|r| under(operation(app, "consent", "create", &new_id(app), make::consent("insurance")), r))),
            (consents["items"][0].clone(), Box::new(|r| under(operation(app, "consent", "withdrawal", &id(r), json!({ "channel": "in_person" })), &theirs))),
            (visit.clone(), Box::new(|r| operation(app, "visit", "submission", &id(r), json!({})))),
            (visit["follow_ups"][0].clone(), Box::new(|r| operation(app, "follow_up", "completion", &id(r), json!({ "outcome": "solved" })))),
            (home.clone(), Box::new(|r| with(amendment(app, r, 1, json!({ "kind": "migrant" })), "kind", json!("household")))),
            (home.clone(), Box::new(|r| under(operation(app, "household_person", "create", &new_id(app), json!({ "name": "王小明", "sex": "male", "consents": [make::consent("insurance")] })), r))),
            (person.clone(), Box::new(|r| under(operation(app, "household_person", "join", &id(r), json!({})), &home))),
            (home.clone(), Box::new(|r| { let mut visit = make::home_visit(r); visit["started_at"] = json!("2026-05-29T01:00:00Z"); operation(app, "visit", "create", &new_id(app), visit) })),
        ];
        let questions = Questions::of(app).await;
        for (real, way) in &ways {
            // Nor does the time tell: the database is asked the same.
            let (mut alike, mut last) = (false, Vec::new());
            for _ in 0..20 {
                let mut asked = Vec::new();
                for record in [real, &nothing()] {
                    questions.forget();
                    push_one(app, &member, &way(record)).await;
                    asked.push(questions.of_push());
                }
                assert!(app.backend == Backend::Postgres || asked[0].len() > 3, "{asked:?}");
                // Other work may have come into the same transaction.
                alike = asked[0] == asked[1];
                last = asked;
                if alike {
                    break;
                }
            }
            assert!(alike, "{}: {last:#?}", way(real));
            let ops = [way(real), way(&nothing())];
            let results = push(app, &member, &ops).await;
            assert_eq!(shape(&results[0]), shape(&results[1]), "{}", ops[0]);
            assert_eq!(results[0]["outcome"], "held", "{}", results[0]);
            // The same when it is asked again, and in what the author then reads of it.
            let again = push(app, &member, &ops).await;
            assert_eq!(shape(&again[0]), shape(&again[1]));
            for result in &results {
                let shown = member.get(&format!("/v1/sync/held/{}", result["resting_id"].as_str().unwrap())).await.expect(200);
                assert_eq!(shown["server"], Value::Null, "{shown}");
            }
        }
        // A create under an id that is somebody's.
        for (taken, kind, body) in [(&theirs, "resident", resident()), (&home, "household", json!({ "kind": "local", "area": VILLAGE }))] {
            let result = push_one(app, &member, &operation(app, kind, "create", &id(taken), body)).await;
            assert_eq!((&result["outcome"], &result["record"]), (&json!("rejected"), &Value::Null), "{result}");
        }
        // An area never held is refused as any, whoever is there.
        for area in [OTHER_TOWN, OTHER_COUNTY, "330402999"] {
            let result = push_one(app, &member, &operation(app, "household", "create", &new_id(app), json!({ "kind": "local", "area": area }))).await;
            assert_eq!((&result["outcome"], &result["problem"]["errors"][0]["pointer"]), (&json!("rejected"), &json!("/changed/area")), "{result}");
        }
        assert_eq!(other.get(&make::at("residents", &theirs)).await.expect(200)["version"], 1);
    }

    async fn absurd_times_and_versions_do_no_harm(app) {
        let member = app.member().await;
        for time in ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
            let op = with(registration(app), "made_at", json!(time));
            let body = json!({ "sent_at": time, "operations": [op, registration(app)] });
            let answer = member.post(PUSH, body).await;
            assert!(matches!(answer.status, 200 | 422), "{}", answer.text);
            if answer.status == 200 {
                assert!(answer.json["results"].as_array().unwrap().iter().all(|r| r["outcome"] == "applied"));
            } else {
                assert!(["/sent_at", "/operations/0/made_at"].contains(&answer.json["errors"][0]["pointer"].as_str().unwrap()), "{}", answer.text);
            }
        }
        // A version that nobody has made yet: nothing is newer, so nothing conflicts, and nothing grows by it.
        let made = make::registered(&member).await;
        let future = push_one(app, &member, &amendment(app, &made, 9_000_000_000_000_000, json!({ "reason": "study" }))).await;
        assert_eq!((&future["outcome"], &future["version"]), (&json!("applied"), &json!(2)), "{future}");
        assert_eq!(push_one(app, &member, &amendment(app, &made, 2, json!({ "reason": "work" }))).await["version"], 3);
    }

    async fn a_cursor_holds_as_it_was_given_out_and_for_nobody_else(app) {
        let (member, other) = (app.member().await, app.member().await);
        let asked = async |who: &Client, cursor: &str| who.get(&format!("/v1/sync/pull?cursor={cursor}")).await;
        let mut phone = Pocket::new(&member);
        phone.limit = 3;
        phone.page().await;
        let midst = phone.cursor.clone().unwrap();
        phone.pull().await;
        let cursors = [midst, phone.cursor.clone().unwrap()];
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for cursor in &cursors {
            asked(&member, cursor).await.expect(200);
            asked(&other, cursor).await.problem(400, "cursor_invalid");
            for (at, letter) in cursor.bytes().enumerate() {
                // One bit of the six in each letter, another one from letter to letter.
                let value = LETTERS.iter().position(|l| *l == letter).unwrap() ^ (1 << (at % 6));
                let mut altered = cursor.clone().into_bytes();
                altered[at] = LETTERS[value];
                asked(&member, &String::from_utf8(altered).unwrap()).await.problem(400, "cursor_invalid");
            }
            for other in [&cursor[1..], &cursor[..cursor.len() - 1], &format!("{cursor}A"), &format!("{cursor}{cursor}"), "A", &"A".repeat(4097)] {
                asked(&member, other).await.problem(400, "cursor_invalid");
            }
        }
        for other in ["", "%00", "%FF", "a.b", "=="] {
            let answer = asked(&member, other).await;
            assert!(answer.status == 400, "{other}: {}", answer.text);
        }
        // Of another server, which has other keys.
        let keys = tempfile::tempdir().unwrap();
        let dir = keys.path().join("keys").display().to_string();
        let elsewhere = TestApp::start(app.backend, vec![("keys.dir", dir)]).await;
        let stranger = elsewhere.member().await;
        let (_, theirs) = pull(&stranger, None).await;
        asked(&member, &theirs).await.problem(400, "cursor_invalid");
        asked(&stranger, &cursors[1]).await.problem(400, "cursor_invalid");
        elsewhere.stop().await;
        asked(&member, &cursors[1]).await.expect(200);
    }

    async fn the_same_push_from_all_sides_at_once_is_done_once(app) {
        let member = app.member().await;
        let batch: Vec<Value> = (0..120).map(|_| registration(app)).collect();
        let body = envelope(app, &batch);
        let sent = (0..8).map(|_| insists(&member, &body));
        let answers = futures_util::future::join_all(sent).await;
        let mut applied = vec![0; batch.len()];
        for answer in answers {
            let results = answer["results"].as_array().unwrap();
            assert_eq!(results.len(), batch.len());
            for ((count, result), op) in applied.iter_mut().zip(results).zip(&batch) {
                assert_eq!((&result["op_id"], &result["version"], &result["record"]["id"]), (&op["op_id"], &json!(1), &op["record_id"]), "{result}");
                match result["outcome"].as_str().unwrap() {
                    "applied" => *count += 1,
                    "duplicate" => assert_eq!(result["original"], "applied"),
                    other => panic!("{other}: {result}"),
                }
            }
        }
        // Of one that was answered to be busy half way, the rest alone.
        assert!(applied.iter().all(|count| *count <= 1), "{applied:?}");
        assert_eq!(residents(&member).await, batch.len());
        let registered: i64 = audit_entries::table.filter(audit_entries::action.eq("resident.register")).count().get_result(&mut app.connection()).unwrap();
        assert_eq!(registered as usize, batch.len());
    }
}
