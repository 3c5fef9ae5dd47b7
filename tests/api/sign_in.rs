//! Signing in, refresh tokens, one-use codes, devices, lockout and revocation.

use crate::both;
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::{Micros, Uid};

fn redemption(code: &str, installation: &str) -> Value {
    json!({ "code": code, "installation_id": installation, "device_name": "Redmi 12", "platform": "android", "app_version": "2.3.1" })
}

const PHONE: &str = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11";
const PASSWORD: &str = "hand in hand 2026";

/// A coordinator's code for this user.
async fn code(coordinator: &Client, user: &Client, purpose: &str) -> String {
    let made = coordinator
        .post(
            "/v1/enrolments",
            json!({ "user_id": user.id, "purpose": purpose }),
        )
        .await
        .expect(201);
    made["code"].as_str().unwrap().to_owned()
}

/// A user who can sign in with a password, by way of a recovery code.
async fn with_password(app: &TestApp, user: &Client) {
    let mut body = redemption(
        &code(&app.user(Role::Administrator, CITY).await, user, "recovery").await,
        PHONE,
    );
    body["new_password"] = json!(PASSWORD);
    app.anonymous()
        .post("/v1/enrolments/redemption", body)
        .await
        .expect(201);
}

async fn sign_in(app: &TestApp, user: &Client, password: &str) -> Answer {
    app.anonymous()
        .post(
            "/v1/auth/sessions",
            json!({ "login": user.login, "password": password }),
        )
        .await
}

async fn refresh(app: &TestApp, token: &Value) -> Answer {
    app.anonymous()
        .post("/v1/auth/refresh", json!({ "refresh_token": token }))
        .await
}

both! {
    async fn a_code_binds_a_phone_once(app) {
        let (coordinator, member) = (app.coordinator().await, app.member().await);
        let made = coordinator.post("/v1/enrolments", json!({ "user_id": member.id, "purpose": "enrolment" })).await.expect(201);
        assert!(made["qr_payload"].as_str().unwrap().contains(made["code"].as_str().unwrap()));
        assert!(made["qr_svg"].as_str().unwrap().starts_with("<svg"));
        let body = redemption(made["code"].as_str().unwrap(), PHONE);
        let session = app.anonymous().post("/v1/enrolments/redemption", body.clone()).await.expect(201);
        let phone = app.anonymous().with_token(session["access_token"].as_str().unwrap());
        let me = phone.get("/v1/me").await.expect(200);
        assert_eq!((me["id"].as_str(), me["device_id"].clone()), (Some(member.id.to_string().as_str()), session["device_id"].clone()));
        assert_eq!(me["assignments"][0]["role"], "field_member");
        app.anonymous().post("/v1/enrolments/redemption", body).await.problem(401, "code_not_valid");
        app.anonymous().post("/v1/enrolments/redemption", redemption("AAAA-BBBB-CC", PHONE)).await.problem(401, "code_not_valid");
    }

    async fn a_code_ends_after_a_day_or_with_a_newer_one(app) {
        let (coordinator, member) = (app.coordinator().await, app.member().await);
        let old = code(&coordinator, &member, "enrolment").await;
        let new = code(&coordinator, &member, "enrolment").await;
        app.anonymous().post("/v1/enrolments/redemption", redemption(&old, PHONE)).await.problem(401, "code_not_valid");
        app.advance(Micros::DAY + Micros::SECOND);
        app.anonymous().post("/v1/enrolments/redemption", redemption(&new, PHONE)).await.problem(401, "code_not_valid");
    }

    async fn codes_are_made_for_ones_own_area_and_not_for_oneself(app) {
        let member = app.member().await;
        let body = json!({ "user_id": member.id, "purpose": "enrolment" });
        app.user(Role::Coordinator, OTHER_TOWN).await.post("/v1/enrolments", body.clone()).await.problem(404, "not_found");
        member.post("/v1/enrolments", body).await.problem(403, "forbidden_action");
        let coordinator = app.coordinator().await;
        coordinator.post("/v1/enrolments", json!({ "user_id": coordinator.id, "purpose": "recovery" })).await.problem(403, "self_approval");
        coordinator.post("/v1/enrolments", json!({ "user_id": Uid::NIL, "purpose": "enrolment" })).await.problem(404, "not_found");
    }

    async fn the_same_phone_keeps_its_device(app) {
        let (coordinator, member) = (app.coordinator().await, app.member().await);
        let first = app.anonymous().post("/v1/enrolments/redemption", redemption(&code(&coordinator, &member, "enrolment").await, PHONE)).await.expect(201);
        let phone = app.anonymous().with_token(first["access_token"].as_str().unwrap());
        let device = first["device_id"].as_str().unwrap().to_owned();
        coordinator.delete(&format!("/v1/devices/{device}")).await.expect(204);
        phone.get("/v1/me").await.problem(401, "device_revoked");
        refresh(app, &first["refresh_token"]).await.problem(401, "device_revoked");
        let again = app.anonymous().post("/v1/enrolments/redemption", redemption(&code(&coordinator, &member, "enrolment").await, PHONE)).await.expect(201);
        assert_eq!(again["device_id"], first["device_id"]);
        app.anonymous().with_token(again["access_token"].as_str().unwrap()).get("/v1/me").await.expect(200);
        let other = app.anonymous().post("/v1/enrolments/redemption", redemption(&code(&coordinator, &member, "enrolment").await, "019a8c5e-7c00-7000-8000-5a1f0c3e9b12")).await.expect(201);
        assert_ne!(other["device_id"], first["device_id"]);
    }

    async fn a_phone_that_the_database_does_not_know_signs_in_anew(app) {
        let (coordinator, member) = (app.coordinator().await, app.member().await);
        member.get("/v1/me").await.expect(200);
        let stale = app.data.rights.user(member.id).unwrap();
        let session = app.anonymous().post("/v1/enrolments/redemption", redemption(&code(&coordinator, &member, "enrolment").await, PHONE)).await.expect(201);
        assert_eq!(session["user_id"], json!(member.id));
        // Bound at another node, of which this one has not heard yet.
        app.data.rights.keep_user(member.id, stale);
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        app.anonymous().with_token(session["access_token"].as_str().unwrap()).get("/v1/me").await.expect(200);
        // Bound after the backup to which the server was put back, when the token has minutes left.
        let (token, _) = qianshou::auth::tokens::sign(&app.data, member.id, Uid::new(app.now()), Some(Uid::new(app.now())), app.now()).unwrap();
        let phone = app.anonymous().with_token(&token);
        phone.get("/v1/me").await.problem(401, "reauth_required");
        let operations = json!({ "sent_at": app.now().to_string(), "operations": [] });
        phone.post("/v1/sync/push", operations).await.problem(401, "reauth_required");
    }

    async fn refresh_tokens_rotate_and_reuse_ends_the_family(app) {
        let (coordinator, member) = (app.coordinator().await, app.member().await);
        let first = app.anonymous().post("/v1/enrolments/redemption", redemption(&code(&coordinator, &member, "enrolment").await, PHONE)).await.expect(201);
        let second = refresh(app, &first["refresh_token"]).await.expect(200);
        // The answer was lost as coverage ended: days later the same token gives another pair, and the lost one is dead.
        app.advance(5 * Micros::DAY);
        let third = refresh(app, &first["refresh_token"]).await.expect(200);
        assert_ne!(second["refresh_token"], third["refresh_token"]);
        let fourth = refresh(app, &third["refresh_token"]).await.expect(200);
        let phone = app.anonymous().with_token(fourth["access_token"].as_str().unwrap());
        phone.get("/v1/me").await.expect(200);
        let fifth = refresh(app, &fourth["refresh_token"]).await.expect(200);
        // The fourth was used, so the third has had its answer: whoever brings it again is somebody else.
        refresh(app, &third["refresh_token"]).await.problem(401, "reauth_required");
        refresh(app, &fifth["refresh_token"]).await.problem(401, "reauth_required");
        phone.get("/v1/me").await.problem(401, "reauth_required");
        for made_up in ["019a8c5e7c00700080005a1f0c3e9b11.abcdefgh.ijklmnop", "no token at all"] {
            assert_ne!(refresh(app, &json!(made_up)).await.status, 200);
        }
    }

    async fn tokens_end(app) {
        let (coordinator, member) = (app.coordinator().await, app.member().await);
        let session = app.anonymous().post("/v1/enrolments/redemption", redemption(&code(&coordinator, &member, "enrolment").await, PHONE)).await.expect(201);
        let phone = app.anonymous().with_token(session["access_token"].as_str().unwrap());
        phone.get("/v1/me").await.expect(200);
        app.advance(15 * Micros::MINUTE + Micros::SECOND);
        phone.get("/v1/me").await.problem(401, "reauth_required");
        app.advance(59 * Micros::DAY);
        let session = refresh(app, &session["refresh_token"]).await.expect(200);
        // Its answer is lost; the token before is bounded by the same idle time.
        refresh(app, &session["refresh_token"]).await.expect(200);
        app.advance(60 * Micros::DAY + Micros::SECOND);
        refresh(app, &session["refresh_token"]).await.problem(401, "reauth_required");
    }

    async fn a_password_signs_in_and_wrong_ones_lock(app) {
        let staff = app.user(Role::Coordinator, TOWN).await;
        sign_in(app, &staff, PASSWORD).await.problem(401, "sign_in_failed");
        with_password(app, &staff).await;
        let session = sign_in(app, &staff, PASSWORD).await.expect(201);
        app.anonymous().with_token(session["access_token"].as_str().unwrap()).get("/v1/me").await.expect(200);
        for _ in 0..5 {
            sign_in(app, &staff, "not the password").await.problem(401, "sign_in_failed");
        }
        let locked = sign_in(app, &staff, PASSWORD).await;
        assert!(locked.header("retry-after").unwrap().parse::<u32>().unwrap() > 20);
        locked.problem(429, "account_locked");
        app.advance(31 * Micros::SECOND);
        sign_in(app, &staff, "not the password").await.problem(401, "sign_in_failed");
        app.advance(31 * Micros::SECOND);
        sign_in(app, &staff, PASSWORD).await.problem(429, "account_locked");
        app.advance(30 * Micros::SECOND);
        sign_in(app, &staff, PASSWORD).await.expect(201);
    }

    async fn a_login_that_nobody_has_rests_like_one_that_somebody_has(app) {
        let staff = app.user(Role::Coordinator, TOWN).await;
        with_password(app, &staff).await;
        let mut nobody = app.anonymous();
        nobody.login = "nobody.at.all".into();
        let mut seen = Vec::new();
        for who in [&staff, &nobody] {
            let mut answers = Vec::new();
            for _ in 0..7 {
                let answer = sign_in(app, who, "not the password").await;
                let waits = answer.header("retry-after").map(str::to_owned);
                answers.push((answer.status, answer.json["code"].clone(), waits.is_some()));
            }
            app.advance(31 * Micros::SECOND);
            answers.push((sign_in(app, who, "not the password").await.status, Value::Null, false));
            answers.push((sign_in(app, who, "not the password").await.status, Value::Null, true));
            seen.push(answers);
        }
        assert_eq!(seen[0], seen[1]);
        assert_eq!((seen[0][4].0, seen[0][5].0, seen[0][7].0, seen[0][8].0), (401, 429, 401, 429));
        sign_in(app, &app.user(Role::Coordinator, TOWN).await, "not the password").await.problem(401, "sign_in_failed");
    }

    async fn guesses_at_once_are_no_more_than_guesses_in_turn(app) {
        let staff = app.user(Role::Coordinator, TOWN).await;
        with_password(app, &staff).await;
        let guesses = futures_util::future::join_all((0..20).map(|_| sign_in(app, &staff, "not the password"))).await;
        let looked_at = guesses.iter().filter(|a| a.status == 401).count();
        assert_eq!((looked_at, guesses.iter().filter(|a| a.status == 429).count()), (5, 15));
        sign_in(app, &staff, PASSWORD).await.problem(429, "account_locked");
        app.advance(31 * Micros::SECOND);
        // A right one among wrong ones that are past the limit opens nothing once the login rests.
        sign_in(app, &staff, PASSWORD).await.expect(201);
    }

    async fn a_password_is_changed_by_its_owner_and_ends_other_sessions(app) {
        let staff = app.user(Role::Officer, TOWN).await;
        with_password(app, &staff).await;
        let here = app.anonymous().with_token(sign_in(app, &staff, PASSWORD).await.expect(201)["access_token"].as_str().unwrap());
        let there = app.anonymous().with_token(sign_in(app, &staff, PASSWORD).await.expect(201)["access_token"].as_str().unwrap());
        here.put("/v1/me/password", json!({ "current_password": "not the password", "new_password": "another one 2027" })).await.problem(401, "sign_in_failed");
        here.put("/v1/me/password", json!({ "current_password": PASSWORD, "new_password": "aaaaaaaaaaaa" })).await.fault("/new_password", "weak_password");
        here.put("/v1/me/password", json!({ "current_password": PASSWORD, "new_password": format!("xx{}xx 12", staff.login) })).await.fault("/new_password", "weak_password");
        here.put("/v1/me/password", json!({ "current_password": PASSWORD, "new_password": "another one 2027" })).await.expect(204);
        here.get("/v1/me").await.expect(200);
        there.get("/v1/me").await.problem(401, "reauth_required");
        sign_in(app, &staff, PASSWORD).await.problem(401, "sign_in_failed");
        sign_in(app, &staff, "another one 2027").await.expect(201);
        here.delete("/v1/auth/sessions/current").await.expect(204);
        here.get("/v1/me").await.problem(401, "reauth_required");
    }

    async fn assignments_begin_and_end(app) {
        let admin = app.user(Role::Administrator, CITY).await;
        let made = admin.post("/v1/users", json!({ "login": format!("new{}", make::unique()), "display_name": "新同事", "assignment": { "role": "field_member", "area": VILLAGE } })).await.expect(201);
        let path = make::at("users", &made);
        assert_eq!(admin.get(&path).await.expect(200)["display_name"], "新同事");
        let id: Uid = made["id"].as_str().unwrap().parse().unwrap();
        let (token, _) = qianshou::auth::tokens::sign(&app.data, id, Uid::new(app.now()), None, app.now()).unwrap();
        let colleague = app.anonymous().with_token(&token);
        colleague.post("/v1/residents", make::resident()).await.expect(201);
        let held = admin.get(&format!("{path}/assignments")).await.expect(200);
        admin.delete(&format!("{path}/assignments/{}", held["items"][0]["id"].as_str().unwrap())).await.expect(204);
        colleague.post("/v1/residents", make::resident()).await.problem(403, "forbidden_action");
        let starts_at = app.now().plus(5 * Micros::MINUTE).to_string();
        admin.post(&format!("{path}/assignments"), json!({ "role": "field_member", "area": VILLAGE, "starts_at": starts_at })).await.expect(201);
        colleague.post("/v1/residents", make::resident()).await.problem(403, "forbidden_action");
        app.advance(6 * Micros::MINUTE);
        colleague.post("/v1/residents", make::resident()).await.expect(201);
        let county = app.user(Role::Administrator, OTHER_COUNTY).await;
        county.get(&path).await.problem(404, "not_found");
        county.post("/v1/users", json!({ "login": "abc.def", "display_name": "甲", "assignment": { "role": "auditor", "area": CITY } })).await.fault("/assignment/area", "area_outside");
        admin.post("/v1/users", json!({ "login": made["login"], "display_name": "甲", "assignment": { "role": "auditor", "area": CITY } })).await.problem(409, "already_exists");
        assert!(admin.get("/v1/users").await.expect(200)["items"].as_array().unwrap().len() >= 2);
    }

    async fn a_coordinator_signs_a_colleague_out_everywhere(app) {
        let (coordinator, member) = (app.coordinator().await, app.member().await);
        let session = app.anonymous().post("/v1/enrolments/redemption", redemption(&code(&coordinator, &member, "enrolment").await, PHONE)).await.expect(201);
        let phone = app.anonymous().with_token(session["access_token"].as_str().unwrap());
        phone.get("/v1/me").await.expect(200);
        app.user(Role::Coordinator, OTHER_TOWN).await.delete(&format!("/v1/users/{}/sessions", member.id)).await.problem(404, "not_found");
        coordinator.delete(&format!("/v1/users/{}/sessions", member.id)).await.expect(204);
        phone.get("/v1/me").await.problem(401, "reauth_required");
        refresh(app, &session["refresh_token"]).await.problem(401, "reauth_required");
    }

    async fn another_node_knows_a_revocation_within_a_second(app) {
        let (coordinator, member) = (app.coordinator().await, app.member().await);
        let session = app.anonymous().post("/v1/enrolments/redemption", redemption(&code(&coordinator, &member, "enrolment").await, PHONE)).await.expect(201);
        let phone = app.anonymous().with_token(session["access_token"].as_str().unwrap());
        phone.get("/v1/me").await.expect(200);
        // As another node would: the rows alone, without this process's cache being told.
        let (user, device, now): (Uid, Uid, Micros) = (member.id, session["device_id"].as_str().unwrap().parse().unwrap(), app.now());
        app.data.db.write(move |c| {
            use diesel::prelude::*;
            diesel::update(qianshou::db::schema::devices::table.find(device)).set(qianshou::db::schema::devices::revoked_at.eq(now.0)).execute(c)?;
            qianshou::auth::store::rights_changed(c, user, now)
        }).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(1000)).await;
        phone.get("/v1/me").await.problem(401, "device_revoked");
    }

    async fn tokens_of_others_are_refused(app) {
        let member = app.member().await;
        let (head, rest) = member.token().split_once('.').unwrap();
        let forged = format!("{head}.{}", rest.replacen(|c: char| c.is_ascii_uppercase(), "z", 1));
        for token in ["", "x", "a.b.c", &forged] {
            app.anonymous().with_token(token).get("/v1/me").await.problem(401, "reauth_required");
        }
        let keys = app.anonymous().get("/v1/auth/jwks").await.expect(200);
        assert_eq!(keys["keys"][0]["alg"], "ES256");
        assert!(keys["keys"][0].get("d").is_none(), "the private half stays here");
    }

    async fn a_push_token_rests_sealed_and_belongs_to_the_newest_phone(app) {
        let (coordinator, member) = (app.coordinator().await, app.member().await);
        let mut phones = Vec::new();
        for installation in [PHONE, "019a8c5e-7c00-7000-8000-5a1f0c3e9b12"] {
            phones.push(app.anonymous().post("/v1/enrolments/redemption", redemption(&code(&coordinator, &member, "enrolment").await, installation)).await.expect(201));
        }
        let token = json!({ "provider": "fcm", "token": "a-registration-token-of-fcm" });
        for session in &phones {
            let phone = app.anonymous().with_token(session["access_token"].as_str().unwrap());
            let path = format!("/v1/devices/{}/push-subscription", session["device_id"].as_str().unwrap());
            assert_eq!(phone.put(&path, token.clone()).await.expect(200)["push_state"], "live");
            coordinator.put(&path, token.clone()).await.problem(404, "not_found");
        }
        let phone = app.anonymous().with_token(phones[1]["access_token"].as_str().unwrap());
        let states: Vec<_> = phone.get("/v1/devices").await.expect(200)["items"].as_array().unwrap().iter().map(|d| d["push_state"].clone()).collect();
        assert_eq!(states, ["live", "none"], "newest first");
        use diesel::prelude::*;
        let sealed: Vec<Option<Vec<u8>>> = qianshou::db::schema::devices::table.select(qianshou::db::schema::devices::push_token).load(&mut app.connection()).unwrap();
        assert!(sealed.iter().flatten().all(|s| !String::from_utf8_lossy(s).contains("registration-token")));
        assert_eq!(coordinator.get(&format!("/v1/devices?user_id={}", member.id)).await.expect(200)["items"].as_array().unwrap().len(), 2);
        app.user(Role::Coordinator, OTHER_TOWN).await.get(&format!("/v1/devices?user_id={}", member.id)).await.problem(404, "not_found");
    }
}

#[test]
fn an_old_signing_key_ends_an_hour_after_the_rotation() {
    let dir = scratch().join(format!("keys{}", make::unique()));
    let dir = dir.display().to_string();
    run_with(Backend::Sqlite, &[("keys.dir", &dir)], |app| {
        Box::pin(async move {
            let member = app.member().await;
            let before = app.data.vault.tokens();
            let rotated = qianshou::crypto::Vault::rotate(&app.data.config.keys_dir).unwrap();
            let signed = |keys: &qianshou::crypto::TokenKeys| {
                let now = app.now().unix_seconds();
                let claims = json!({ "iss": app.data.config.issuer, "aud": "qianshou-api", "sub": member.id,
                    "sid": member.id, "iat": now, "exp": now + 900 });
                member.with_token(&keys.sign(&claims).unwrap())
            };
            let published = || async {
                let keys = app.anonymous().get("/v1/auth/jwks").await.expect(200);
                keys["keys"].as_array().unwrap().len()
            };
            // Another node has the new key already; this one takes it up when it meets it.
            signed(&rotated.tokens()).get("/v1/me").await.expect(200);
            member.get("/v1/me").await.expect(200);
            assert_eq!(published().await, 2);
            make::renewed(app, &member).get("/v1/me").await.expect(200);
            app.advance(62 * Micros::MINUTE);
            signed(&before)
                .get("/v1/me")
                .await
                .problem(401, "reauth_required");
            signed(&rotated.tokens()).get("/v1/me").await.expect(200);
            assert_eq!(published().await, 1);
        })
    });
}
