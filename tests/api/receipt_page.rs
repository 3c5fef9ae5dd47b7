//! The page that a receipt opens, in a real browser of an old phone's size.

use crate::receipts::consent_of;
use crate::support::browser::Browser;
use crate::support::make::at;
use crate::support::*;

/// What the page keeps on the phone: nothing, anywhere.
const KEPT: &str = "return [localStorage.length, sessionStorage.length, document.cookie.length, history.length > 3 ? 1 : 0]";

/// No line is wider than the screen.
const FITS: &str = "return document.documentElement.scrollWidth <= window.innerWidth";

#[test]
fn a_person_sees_and_decides_by_their_own_receipt() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move { sees_and_decides(app).await })
    });
}

async fn sees_and_decides(app: &TestApp) {
    let Some(browser) = Browser::start("zh-CN,zh").await else {
        return;
    };
    let (member, coordinator) = (app.member().await, app.coordinator().await);
    let consents = [
        make::consent("registration"),
        make::consent("service_follow_up"),
    ];
    let body = make::resident_with(
        json!({ "name": "欧阳慧敏", "sex": "female", "birth_year": null, "consents": consents,
        "document": { "kind": "resident_id", "number": "330499198506150126" } }),
    );
    let resident = member.post("/v1/residents", body).await.expect(201);
    let path = at("residents", &resident);
    let reveal = json!({ "reason": "claim_help" });
    coordinator
        .post(&format!("{path}/reveal"), reveal)
        .await
        .expect(200);
    let made = member
        .post(&format!("{path}/receipts"), json!({}))
        .await
        .expect(201);
    let code = made["code"].as_str().unwrap();
    // The link as it stands in the QR code, at the port that this server took.
    let (_, link) = made["url"].as_str().unwrap().split_once("/r#").unwrap();
    browser.open(&format!("{}/r#{link}", app.url)).await;

    // In the phone's language: the name, who looked, nobody's name of the staff; the number is not whole.
    let shown = browser.until("欧阳慧敏").await;
    assert!(
        shown.contains("我的记录") && shown.contains("协调员") && shown.contains("帮助理赔"),
        "{shown}"
    );
    assert!(
        !shown.contains("330499198506150126")
            && !shown.contains("测试用户")
            && !shown.contains(&member.login)
    );
    assert!(
        !shown.contains("undefined") && !shown.contains("[object"),
        "{shown}"
    );
    // The code is gone from the address, and stands nowhere in the page.
    assert_eq!(browser.url().await, format!("{}/r", app.url));
    let source = browser
        .run("return document.documentElement.outerHTML")
        .await;
    for hidden in [code.to_owned(), code.replace('-', "")] {
        assert!(!source.as_str().unwrap().contains(&hidden));
    }
    assert_eq!(browser.run(KEPT).await, json!([0, 0, 0, 0]));
    assert_eq!(browser.run(FITS).await, true);
    let shot = scratch().join("receipt-page.png");
    std::fs::write(&shot, browser.screenshot().await).unwrap();

    // The other language, one touch away.
    browser.click("#language").await;
    let shown = browser.until("My record").await;
    assert!(
        shown.contains("Who looked") && shown.contains("coordinator") && shown.contains("欧阳慧敏"),
        "{shown}"
    );
    assert_eq!(
        browser.run("return document.documentElement.lang").await,
        "en"
    );
    assert_eq!(browser.run(FITS).await, true);

    browser
        .run("document.getElementById('consents').scrollIntoView()")
        .await;
    let shot = scratch().join("receipt-page-consents.png");
    std::fs::write(&shot, browser.screenshot().await).unwrap();

    // A consent is withdrawn by two touches, and REST says so.
    browser.click("#withdraw-service_follow_up").await;
    browser.click("#sure-withdraw-service_follow_up").await;
    browser.until("It holds from now on").await;
    let consents = member.get(&format!("{path}/consents")).await.expect(200);
    let follow_up = |k: &&Value| k["purpose"] == "service_follow_up";
    let withdrawn = consents["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(follow_up)
        .unwrap()
        .clone();
    assert_eq!(withdrawn["withdrawn_channel"], "receipt");
    assert!(!withdrawn["withdrawn_at"].is_null());
    // And given again, in the language that was read.
    browser.click("#agree-service_follow_up").await;
    browser.until("You may withdraw it at any time").await;
    let record = crate::receipts::view(app, code).await;
    let given = consent_of(&record, "service_follow_up");
    let consents = member.get(&format!("{path}/consents")).await.expect(200);
    let anew = consents["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|k| k["id"] == given)
        .unwrap()
        .clone();
    assert_eq!(
        (&anew["language"], &anew["witnessed_by"]),
        (&json!("en"), &Value::Null)
    );

    // A correction wants a field; then it is asked, and erasure, too.
    browser.click("#send").await;
    browser.until("Choose at least one").await;
    browser.click("#field-phone").await;
    browser.write("#told", "我的电话换了").await;
    browser.click("#send").await;
    browser.until("Received").await;
    browser
        .run("var k = document.getElementById('kind'); k.value = 'erasure'; k.onchange()")
        .await;
    browser.click("#send").await;
    browser.until("Erase it – received").await;
    let asked = coordinator.get("/v1/privacy-requests").await.expect(200);
    let kinds: Vec<&Value> = asked["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["kind"])
        .collect();
    assert_eq!(kinds, [&json!("erasure"), &json!("correction")]);
    assert_eq!(asked["items"][1]["told"], "我的电话换了");

    browser
        .run("document.getElementById('kind').scrollIntoView()")
        .await;
    let shot = scratch().join("receipt-page-ask.png");
    std::fs::write(&shot, browser.screenshot().await).unwrap();

    // On paper: the record without its buttons.
    let paper = browser.print().await;
    assert!(paper.starts_with(b"%PDF") && paper.len() > 2000);
    std::fs::write(scratch().join("receipt-page.pdf"), paper).unwrap();

    // So far nothing went wrong, and nobody else was asked for anything.
    assert_eq!(browser.console().await, Vec::<String>::new());
    let asked = browser.requested().await;
    let inline = |url: &&String| url.starts_with("data:");
    assert!(asked.len() >= 8);
    assert!(
        asked
            .iter()
            .all(|url| url.starts_with(&format!("{}/", app.url)) || inline(&url)),
        "{asked:?}"
    );
    assert!(
        asked
            .iter()
            .all(|url| !url.replace('-', "").contains(&code.replace('-', ""))),
        "{asked:?}"
    );

    // A wrong code, typed by hand: a plain word, and nothing shown of anybody.
    browser.open(&format!("{}/r", app.url)).await;
    browser.until("编码").await;
    browser
        .write("#code", "2222-3333-4444-5555-6666-7777-8888")
        .await;
    browser.click("#open").await;
    let shown = browser.until("这个编码打不开记录").await;
    assert!(!shown.contains("欧阳慧敏"));
    // The right one, typed without hyphens and in small letters.
    browser.open("about:blank").await;
    browser.open(&format!("{}/r", app.url)).await;
    browser
        .write("#code", &code.replace('-', "").to_lowercase())
        .await;
    browser.click("#open").await;
    browser.until("欧阳慧敏").await;
    // The receipt is ended by two touches, and opens nothing any more.
    let opened = crate::receipts::view(app, code).await["opened_by"].clone();
    let end = format!("end-{}", opened.as_str().unwrap());
    browser.click(&format!("[id='{end}']")).await;
    browser.until("再也打不开").await;
    browser.click(&format!("[id='sure-{end}']")).await;
    let shown = browser.until("已作废").await;
    assert!(!shown.contains("欧阳慧敏"), "{shown}");
    let who = app.anonymous();
    let gone = who.post("/v1/receipt/view", json!({ "code": code })).await;
    gone.problem(401, "code_not_valid");
    assert_eq!(
        browser
            .run("return [localStorage.length, sessionStorage.length, document.cookie.length]")
            .await,
        json!([0, 0, 0])
    );
    browser.stop().await;
}

#[test]
fn the_page_is_guarded() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move { guarded(app).await })
    });
}

async fn guarded(app: &TestApp) {
    let who = app.anonymous();
    for (path, media) in [
        ("/r", "text/html"),
        ("/r/receipt.css", "text/css"),
        ("/r/receipt.js", "text/javascript"),
    ] {
        let answer = who.get(path).await;
        assert_eq!(answer.status, 200);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'")
                && !policy.contains("unsafe")
                && !policy.contains('*')
        );
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.header("content-type").unwrap().starts_with(media));
        // Nothing of anybody else's, and no style or script inside the page.
        assert!(!answer.text.contains("http://") && !answer.text.contains("https://"));
        assert!(
            !answer.text.contains("innerHTML")
                && !answer.text.contains(" style=")
                && !answer.text.contains(" onclick=")
        );
    }
    let asked = |language: &'static str| {
        let request = who
            .request(reqwest::Method::GET, "/r")
            .header("accept-language", language);
        async move { Answer::of(request).await.text }
    };
    assert!(
        asked("zh-CN,zh;q=0.9,en;q=0.8")
            .await
            .contains("<html lang=\"zh-CN\">")
    );
    assert!(asked("en-GB,en").await.contains("<html lang=\"en\">"));
}
