//! The gateway's WeCom is as strict as WeCom: what it lets pass, WeCom would take.

use crate::support::*;
use std::pin::Pin;
use std::time::Duration;

use qianshou::push::gateway::{
    Endpoint, FaultKind, FaultRule, Gateway, GatewayOptions, Running, WeComApp, WeComCode,
};

type Body = for<'a> fn(&'a Running, WeComApp) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

fn in_gateway(body: Body) {
    actix_web::rt::System::new().block_on(async move {
        let gateway = Gateway::start(GatewayOptions::default()).unwrap();
        let app = gateway.create_wecom_app();
        body(&gateway, app).await;
        gateway.stop().await;
    });
}

async fn get(gateway: &Running, path: &str) -> Value {
    let answer = reqwest::get(format!("{}{path}", gateway.base_url()))
        .await
        .unwrap();
    assert_eq!(answer.status(), 200, "WeCom answers 200 whatever it thinks");
    answer.json().await.unwrap()
}

async fn token(gateway: &Running, app: &WeComApp) -> String {
    let path = format!(
        "/cgi-bin/gettoken?corpid={}&corpsecret={}",
        app.corp_id(),
        app.secret()
    );
    let granted = get(gateway, &path).await;
    assert_eq!(granted["errcode"], 0, "{granted}");
    granted["access_token"].as_str().unwrap().to_owned()
}

async fn send(gateway: &Running, token: &str, body: &str) -> Value {
    let url = format!(
        "{}/cgi-bin/message/send?access_token={token}",
        gateway.base_url()
    );
    let answer = reqwest::Client::new()
        .post(url)
        .body(body.to_owned())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

fn right(app: &WeComApp, users: &str) -> Value {
    json!({ "touser": users, "msgtype": "text", "agentid": app.agent_id(), "text": { "content": "会员活动日" },
        "enable_id_trans": 0, "enable_duplicate_check": 1, "duplicate_check_interval": 14_400 })
}

#[test]
fn a_message_is_held_to_the_letter() {
    in_gateway(|gateway, app| {
        Box::pin(async move {
            let token = token(gateway, &app).await;
            let with = |name: &str, value: Value| {
                let mut body = right(&app, "zhang.hui");
                body[name] = value;
                body.to_string()
            };
            let without = |name: &str| {
                let mut body = right(&app, "zhang.hui");
                body.as_object_mut().unwrap().remove(name);
                body.to_string()
            };
            let many = |n: usize| {
                let users: Vec<String> = (0..n).map(|n| format!("member-{n}")).collect();
                json!(users.join("|"))
            };
            for (name, body, code) in [
                ("no JSON", "{".to_owned(), 47001),
                ("an unknown key", with("urgent", json!(1)), 40035),
                ("no app", without("agentid"), 41011),
                (
                    "an app as text",
                    with("agentid", json!(app.agent_id().to_string())),
                    40056,
                ),
                ("an unknown app", with("agentid", json!(7)), 40056),
                ("no kind", without("msgtype"), 40008),
                ("another kind", with("msgtype", json!("news")), 40008),
                ("nobody", without("touser"), 40031),
                ("everybody", with("touser", json!("@all")), 40031),
                ("an empty name", with("touser", json!("zhang||li")), 40031),
                ("an odd name", with("touser", json!("张会")), 40031),
                ("a name twice", with("touser", json!("zhang|Zhang")), 40031),
                ("1,001 members", with("touser", many(1001)), 40031),
                ("no text", without("text"), 44004),
                (
                    "an empty text",
                    with("text", json!({ "content": "" })),
                    44004,
                ),
                (
                    "2,049 bytes",
                    with("text", json!({ "content": "x".repeat(2049) })),
                    45002,
                ),
                (
                    "more than a text",
                    with("text", json!({ "content": "x", "url": "y" })),
                    40035,
                ),
                (
                    "a flag of 2",
                    with("enable_duplicate_check", json!(2)),
                    40035,
                ),
                (
                    "past four hours",
                    with("duplicate_check_interval", json!(14_401)),
                    40035,
                ),
            ] {
                let answer = send(gateway, &token, &body).await;
                assert_eq!(answer["errcode"], code, "{name}: {answer}");
            }
            assert_eq!(gateway.stats().accepted, 0);
            let answer = send(gateway, &token, &with("touser", many(1000))).await;
            assert_eq!(
                (&answer["errcode"], answer["msgid"].is_string()),
                (&json!(0), true),
                "{answer}"
            );
            assert!(
                answer.get("invaliduser").is_none(),
                "named only where there are any"
            );
            assert_eq!(gateway.stats().accepted, 1000);
        })
    });
}

#[test]
fn a_token_is_of_its_app_and_the_same_while_it_is_good() {
    in_gateway(|gateway, app| {
        Box::pin(async move {
            let ask = |query: String| async move {
                get(gateway, &format!("/cgi-bin/gettoken?{query}")).await["errcode"].clone()
            };
            let (corp, secret) = (app.corp_id(), app.secret());
            assert_eq!(ask(format!("corpsecret={secret}")).await, 41002);
            assert_eq!(ask(format!("corpid={corp}")).await, 41004);
            assert_eq!(ask(format!("corpid={corp}&corpsecret=x")).await, 40001);
            assert_eq!(ask(format!("corpid=ww1&corpsecret={secret}")).await, 40013);
            let first = token(gateway, &app).await;
            assert_eq!(token(gateway, &app).await, first);
            let body = right(&app, "zhang.hui").to_string();
            assert_eq!(send(gateway, "", &body).await["errcode"], 41001);
            assert_eq!(send(gateway, "another", &body).await["errcode"], 40014);
            let stranger = gateway.create_wecom_app();
            let theirs = token(gateway, &stranger).await;
            assert_eq!(
                send(gateway, &theirs, &body).await["errcode"],
                40056,
                "an app of another organisation"
            );
            let sister = WeComApp::of(corp, app.agent_id() + 1000, "another-secret-of-another-app");
            gateway.register_wecom_app(&sister);
            let theirs = token(gateway, &sister).await;
            assert_eq!(send(gateway, &theirs, &body).await["errcode"], 301_002);
            gateway.revoke_tokens();
            assert_eq!(send(gateway, &first, &body).await["errcode"], 40014);
            assert_ne!(token(gateway, &app).await, first);
            let get = reqwest::get(format!("{}/cgi-bin/message/send", gateway.base_url()))
                .await
                .unwrap();
            assert_eq!(get.json::<Value>().await.unwrap()["errcode"], 43002);
        })
    });
}

#[test]
fn the_same_request_is_shown_once_and_a_flood_is_dropped_in_silence() {
    in_gateway(|gateway, app| {
        Box::pin(async move {
            let token = token(gateway, &app).await;
            let body = right(&app, "zhang.hui");
            for _ in 0..2 {
                assert_eq!(send(gateway, &token, &body.to_string()).await["errcode"], 0);
            }
            let stats = gateway.stats();
            assert_eq!((stats.accepted, stats.repeated), (1, 1));
            let mut unchecked = body.clone();
            unchecked["enable_duplicate_check"] = json!(0);
            for _ in 0..2 {
                send(gateway, &token, &unchecked.to_string()).await;
            }
            let stats = gateway.stats();
            assert_eq!(
                (stats.accepted, stats.duplicates),
                (3, 2),
                "shown each time"
            );
            // As many a minute as WeCom shows; the sender hears nothing of the others.
            for n in 0..40 {
                let mut other = right(&app, "Li.Ming|wang.fang");
                other["text"]["content"] = json!(format!("第 {n} 条"));
                assert_eq!(
                    send(gateway, &token, &other.to_string()).await["errcode"],
                    0
                );
            }
            let stats = gateway.stats();
            assert_eq!(
                (stats.accepted, stats.refused_by_code.get("DROPPED")),
                (3 + 60, Some(&20))
            );
            gateway.limit_wecom(2, Duration::from_millis(300));
            tokio::time::sleep(Duration::from_millis(350)).await;
            for n in 0..3 {
                let mut other = right(&app, "li.ming");
                other["text"]["content"] = json!(format!("再来 {n} 条"));
                send(gateway, &token, &other.to_string()).await;
            }
            assert_eq!(gateway.stats().refused_by_code.get("DROPPED"), Some(&21));
        })
    });
}

#[test]
fn whoever_comes_back_has_a_code_that_is_good_once() {
    in_gateway(|gateway, app| {
        Box::pin(async move {
            let token = token(gateway, &app).await;
            let back = "https://qianshou.example/v1/channels/wecom/callback";
            let query = |name: &str, value: &str| {
                let agent = app.agent_id().to_string();
                let right = [
                    ("appid", app.corp_id()),
                    ("redirect_uri", back),
                    ("response_type", "code"),
                    ("scope", "snsapi_base"),
                    ("state", "abc123"),
                    ("agentid", &agent),
                ];
                let given = right.map(|(n, v)| (n, if n == name { value } else { v }));
                let url = reqwest::Url::parse_with_params(&gateway.wecom_authorize_url(), given);
                url.unwrap()
            };
            for (name, value) in [
                ("appid", "ww1"),
                ("redirect_uri", "qianshou.example"),
                ("response_type", "token"),
                ("scope", "snsapi_privateinfo"),
                ("state", "a_b"),
                ("state", ""),
                ("agentid", "7"),
                ("agentid", "x"),
            ] {
                let answer = reqwest::get(query(name, value)).await.unwrap();
                assert_eq!(answer.status(), 400, "{name}={value}");
            }
            let page = reqwest::get(query("", "")).await.unwrap();
            assert!(page.text().await.unwrap().contains("zhang.hui"));
            let calm = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap();
            let come = |who: &'static str| {
                let url = query("", "").to_string();
                let url = url.replace("/authorize?", &format!("/approve?as={who}&"));
                let sent = calm.get(url).send();
                async move {
                    let answer = sent.await.unwrap();
                    let to = answer.headers()["location"].to_str().unwrap().to_owned();
                    assert!(
                        to.starts_with(back) && to.ends_with("&state=abc123"),
                        "{to}"
                    );
                    let code = to.split("code=").nth(1).unwrap();
                    code.split('&').next().unwrap().to_owned()
                }
            };
            let ask = |token: String, code: String| async move {
                let path = format!("/cgi-bin/auth/getuserinfo?access_token={token}&code={code}");
                get(gateway, &path).await
            };
            let code = come("zhang.hui").await;
            assert_eq!(ask(String::new(), code.clone()).await["errcode"], 41001);
            assert_eq!(ask(token.clone(), String::new()).await["errcode"], 41008);
            assert_eq!(ask(token.clone(), "another".into()).await["errcode"], 40029);
            assert_eq!(
                ask(token.clone(), code.clone()).await["userid"],
                "zhang.hui"
            );
            assert_eq!(
                ask(token.clone(), code).await["errcode"],
                40029,
                "good once"
            );
            let outside = ask(token.clone(), come("outside").await).await;
            assert!(
                outside["userid"].is_null() && outside["openid"].is_string(),
                "{outside}"
            );
            let stranger = gateway.create_wecom_app();
            let theirs = self::token(gateway, &stranger).await;
            assert_eq!(ask(theirs, come("zhang.hui").await).await["errcode"], 40029);
        })
    });
}

#[test]
fn it_fails_as_it_is_told() {
    in_gateway(|gateway, app| {
        Box::pin(async move {
            let token = token(gateway, &app).await;
            let body = right(&app, "zhang.hui|Li.Ming|wang.fang").to_string();
            for code in WeComCode::ALL {
                gateway
                    .add_faults(vec![FaultRule::wecom(*code).times(1)])
                    .unwrap();
                let answer = send(gateway, &token, &body).await;
                assert_eq!(answer["errcode"], code.number(), "{answer}");
            }
            let at = |member: &str, kind: FaultKind| FaultRule {
                token: Some(member.to_owned()),
                ..FaultRule::new(kind).at(Endpoint::WeCom)
            };
            gateway
                .add_faults(vec![
                    at("Li.Ming", FaultKind::Unregistered).times(1),
                    at("wang.fang", FaultKind::Unlicensed).times(1),
                ])
                .unwrap();
            let answer = send(gateway, &token, &body).await;
            assert_eq!(
                (&answer["invaliduser"], &answer["unlicenseduser"]),
                (&json!("li.ming"), &json!("wang.fang")),
                "in small letters"
            );
            assert_eq!(gateway.stats().accepted, 1);
            for bad in [
                FaultRule::new(FaultKind::WeCom(WeComCode::Busy)),
                FaultRule::new(FaultKind::Unlicensed),
                FaultRule::new(FaultKind::Gone).at(Endpoint::WeCom),
                FaultRule::new(FaultKind::LoseReply).at(Endpoint::WeComToken),
                FaultRule {
                    endpoint: Endpoint::WeComMember,
                    ..at("zhang.hui", FaultKind::WeCom(WeComCode::BadCode))
                },
                FaultRule {
                    retry_after_s: Some(1),
                    ..FaultRule::wecom(WeComCode::TooOften)
                },
            ] {
                assert!(gateway.add_faults(vec![bad.clone()]).is_err(), "{bad:?}");
            }
            // As the page and `curl` say it.
            let url = format!("{}/control/faults", gateway.base_url());
            for (fault, status) in [(json!(-1), 200), (json!(12_345), 400)] {
                let rule =
                    json!([{ "endpoint": "wecom", "fault": { "wecom": fault }, "times": 1 }]);
                let answer = reqwest::Client::new().post(&url).json(&rule).send().await;
                assert_eq!(answer.unwrap().status().as_u16(), status);
            }
            assert_eq!(send(gateway, &token, &body).await["errcode"], -1);
        })
    });
}
