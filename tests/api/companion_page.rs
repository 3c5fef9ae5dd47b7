//! The page of claims, in a real browser: a screen of 320 pixels, no script, and paper.

use crate::companion::{ago, person_path};
use crate::insurance::{Insured, insured, with, yuan};
use crate::receipts::code_for;
use crate::support::browser::Browser;
use crate::support::make::{at, renewed, withdraw};
use crate::support::*;
use diesel::prelude::*;
use qianshou::db::Micros;
use qianshou::db::schema::audit_entries;

/// No line is wider than the screen.
const FITS: &str =
    "return document.documentElement.scrollWidth <= window.innerWidth && window.innerWidth === 320";

/// Texts and fields that are smaller than sixteen pixels, or paler than seven to one on their ground.
const HARD_TO_READ: &str = r#"
    function light(color) {
        var parts = color.match(/[\d.]+/g).slice(0, 3).map(function (v) {
            v = v / 255;
            return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4);
        });
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    }
    function ground(e) {
        for (; e; e = e.parentElement) {
            var color = getComputedStyle(e).backgroundColor;
            if (color !== 'rgba(0, 0, 0, 0)') { return color; }
        }
        return 'rgb(255, 255, 255)';
    }
    var hard = [], seen = [], i, e, style, pair;
    var walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT, null);
    while (walker.nextNode()) {
        if (walker.currentNode.nodeValue.trim()) { seen.push(walker.currentNode.parentElement); }
    }
    var fields = document.querySelectorAll('input:not([type=hidden])');
    for (i = 0; i < fields.length; i++) { seen.push(fields[i]); }
    for (i = 0; i < seen.length; i++) {
        e = seen[i];
        style = getComputedStyle(e);
        pair = [light(style.color), light(ground(e))].sort(function (a, b) { return b - a; });
        if (parseFloat(style.fontSize) < 16 || (pair[0] + 0.05) / (pair[1] + 0.05) < 7) {
            hard.push(e.outerHTML + ' ' + style.fontSize + ' ' + style.color);
        }
    }
    return hard;
"#;

/// Three claims: papers are asked for; a part was refused and the rest paid with an advance; refused and late.
async fn three(app: &TestApp) -> Insured {
    let all = insured(app).await;
    let day = |days: i64| json!(ago(app, days));
    let cover = all.policy.clone();
    let mut paths = Vec::new();
    for days in [50, 60, 70] {
        let body = json!({ "policy_id": cover["id"], "event_on": day(days), "known_on": day(days), "reported_on": day(days), "claimed": yuan("6000.00") });
        let made = all.member.post("/v1/claims", with(all.claim(), body)).await;
        paths.push(at("claims", &made.expect(201)));
    }
    let reasons = "住院期间使用的自费药品<b>不在</b>保障范围；门诊费用没有提供发票原件，无法核对。";
    let decided = |decision: &str, days: i64| json!({ "decision": decision, "decided_on": day(days), "reasons": reasons, "insurer_reference": "D-1" });
    let paid = |kind: &str, sum: &str, days: i64| json!({ "kind": kind, "amount": yuan(sum), "paid_on": day(days), "insurer_reference": "Z-1" });
    let partly = with(
        decided("partly_approved", 30),
        json!({ "amount": yuan("4000.00") }),
    );
    let steps = [
        (0, "acceptance", json!({ "on": day(48) })),
        (0, "review", json!({ "on": day(47), "complex": true })),
        (
            0,
            "document-request",
            json!({ "on": day(40), "papers": ["invoices", "test_results", "proof_of_days"] }),
        ),
        (1, "acceptance", json!({ "on": day(58) })),
        (1, "review", json!({ "on": day(57) })),
        (1, "payment", paid("advance", "1000.00", 50)),
        (1, "determination", partly),
        (1, "agreement", json!({ "on": day(29) })),
        (1, "payment", paid("full", "3000.00", 5)),
        (2, "acceptance", json!({ "on": day(69) })),
        (2, "review", json!({ "on": day(68), "complex": true })),
        (2, "determination", decided("refused", 20)),
        (
            2,
            "dispute",
            json!({ "on": day(10), "way": "complaint_desk" }),
        ),
    ];
    for (claim, noun, body) in steps {
        let path = format!("{}/{noun}", paths[claim]);
        all.member.post(&path, body).await.expect(200);
    }
    all
}

/// What a phone without script sends.
async fn posted(app: &TestApp, fields: &[(&str, &str)]) -> Answer {
    let request = app.anonymous().request(reqwest::Method::POST, "/r/claims");
    Answer::of(request.form(fields)).await
}

/// The value of a hidden field of the page's first form.
fn hidden(page: &str, name: &str) -> String {
    let from = format!("name=\"{name}\" value=\"");
    let rest = page.split(&from).nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn a_family_follows_its_claims_on_an_old_phone() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move { on_an_old_phone(app).await })
    });
}

async fn on_an_old_phone(app: &TestApp) {
    let Some(browser) = Browser::sized("zh-CN,zh", 320, 480).await else {
        return;
    };
    browser.without_scripts().await;
    browser
        .open("data:text/html,<title>off</title><script>document.title='ran'</script>")
        .await;
    assert_eq!(browser.run("return document.title").await, "off");

    let all = three(app).await;
    let code = code_for(&all.member, &person_path(&all.household, &all.person)).await;
    browser.open(&format!("{}/r/claims", app.url)).await;
    let shown = browser.until("请输入回执上的编码").await;
    assert!(
        shown.contains("English") && shown.contains("我的记录"),
        "{shown}"
    );
    let nothing: Vec<String> = Vec::new();
    assert_eq!(browser.run(FITS).await, true);
    assert_eq!(browser.run(HARD_TO_READ).await, json!(nothing));

    // A wrong code first: a plain word, nothing of anybody, and the form once more.
    browser
        .write("#code", "2222-3333-4444-5555-6666-7777-8888")
        .await;
    browser.press("#open").await;
    let shown = browser.until("这个编码打不开记录").await;
    assert!(!shown.contains("理赔金") && !shown.contains("还缺的材料"));
    assert_eq!(browser.run(FITS).await, true);
    assert_eq!(browser.run(HARD_TO_READ).await, json!(nothing));

    // The right one, in small letters and without hyphens.
    browser
        .write("#code", &code.replace('-', "").to_lowercase())
        .await;
    browser.press("#open").await;
    let shown = browser.until("还缺的材料").await;
    for told in [
        "保险公司要求补充材料",
        "医疗费发票原件",
        "暂停计算",
        "谈定的金额已经付清",
        "预先支付 1000.00 元",
        "保险公司写的理由：住院期间使用的自费药品<b>不在</b>保障范围",
        "您提出了异议，正在处理中",
        "已经用过",
        "拨打金融监管热线 12378",
        "起诉的时间",
        "您申请 6000.00 元",
        "保险公司：中国人民保险 (picc-life)，客服电话 95518",
        "事发）",
    ] {
        assert!(shown.contains(told), "{told} is not told: {shown}");
    }
    assert!(!shown.contains("意外伤害保险") && !shown.contains("undefined"));
    // The code is in no address and nowhere in the page.
    assert_eq!(browser.url().await, format!("{}/r/claims", app.url));
    let source = browser
        .run("return document.documentElement.outerHTML")
        .await;
    for secret in [code.clone(), code.replace('-', "")] {
        let source = source.as_str().unwrap().to_uppercase();
        assert!(!source.contains(&secret.to_uppercase()));
    }
    assert_eq!(
        browser.run("return document.documentElement.lang").await,
        "zh-CN"
    );
    assert_eq!(browser.run(FITS).await, true);
    assert_eq!(browser.run(HARD_TO_READ).await, json!(nothing));
    let shot = scratch().join("companion.png");
    std::fs::write(&shot, browser.screenshot().await).unwrap();

    // On paper: a sheet for each claim.
    let (sheets, pdf) = browser.sheets().await;
    std::fs::write(scratch().join("companion-zh.pdf"), pdf).unwrap();
    assert_eq!(sheets, 3);

    // The other language, one touch away, without the code being typed again.
    browser.press("#language").await;
    let shown = browser.until("Papers that are missing").await;
    for told in [
        "The insurer asked for more papers",
        "Original invoices of the treatment",
        "In advance 1000.00 yuan",
        "Its reasons, in its own words: 住院",
        "You contested it",
        "Complain to the insurer",
        "Time for going to court",
    ] {
        assert!(shown.contains(told), "{told} is not told: {shown}");
    }
    assert_eq!(
        browser.run("return document.documentElement.lang").await,
        "en"
    );
    assert_eq!(browser.url().await, format!("{}/r/claims", app.url));
    assert_eq!(browser.run(FITS).await, true);
    assert_eq!(browser.run(HARD_TO_READ).await, json!(nothing));
    let (sheets, pdf) = browser.sheets().await;
    std::fs::write(scratch().join("companion-en.pdf"), pdf).unwrap();
    assert_eq!(sheets, 3);

    // To the record, which wants a script and says where none is needed.
    browser.press("#record").await;
    browser.until("This page needs JavaScript").await;
    assert_eq!(browser.url().await, format!("{}/r", app.url));
    browser.press("a[href='r/claims?lang=en']").await;
    let shown = browser.until("Type the code on your receipt").await;
    assert!(shown.contains("中文"));
    browser.press("#language").await;
    browser.until("请输入回执上的编码").await;

    // Nobody else was asked for anything, nothing went wrong, and nothing is kept.
    let wrong_code = |line: &String| line.contains("/r/claims") && line.contains("403");
    let console = browser.console().await;
    assert!(console.iter().all(wrong_code), "{console:?}");
    let asked = browser.requested().await;
    assert!(asked.len() >= 8, "{asked:?}");
    let ours = |url: &String| url.starts_with(&format!("{}/", app.url)) || url.starts_with("data:");
    assert!(asked.iter().all(ours), "{asked:?}");
    let bare = code.replace('-', "").to_lowercase();
    assert!(
        asked
            .iter()
            .all(|url| !url.replace('-', "").to_lowercase().contains(&bare))
    );
    browser.stop().await;
}

#[test]
fn the_receipts_page_leads_to_the_claims() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move { leads_to_the_claims(app).await })
    });
}

async fn leads_to_the_claims(app: &TestApp) {
    let Some(browser) = Browser::start("zh-CN,zh").await else {
        return;
    };
    let all = insured(app).await;
    all.reported().await;
    let code = code_for(&all.member, &person_path(&all.household, &all.person)).await;
    browser.open(&format!("{}/r#{code}", app.url)).await;
    browser.until("李芳").await;
    browser.press("#claims").await;
    let shown = browser.until("保险公司已经接到报案").await;
    assert!(shown.contains("我的理赔"), "{shown}");
    assert_eq!(browser.url().await, format!("{}/r/claims", app.url));
    let kept = "return [localStorage.length, sessionStorage.length, document.cookie.length]";
    assert_eq!(browser.run(kept).await, json!([0, 0, 0]));
    assert_eq!(browser.console().await, Vec::<String>::new());
    browser.stop().await;
}

#[test]
fn the_page_of_claims_is_guarded_and_small() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move { guarded_and_small(app).await })
    });
}

async fn guarded_and_small(app: &TestApp) {
    let all = three(app).await;
    let path = person_path(&all.household, &all.person);
    let code = code_for(&all.member, &path).await;
    let who = app.anonymous();
    let shown = posted(app, &[("code", &code), ("lang", "zh-CN")]).await;
    // In the language that the browser asks for, until another one is touched.
    for (asked, path, language) in [
        ("en-GB,en;q=0.9", "/r/claims", "en"),
        ("en-GB,en;q=0.9", "/r/claims?lang=zh-CN", "zh-CN"),
        ("zh-CN,zh;q=0.9,en;q=0.5", "/r/claims", "zh-CN"),
        ("zh-CN,zh;q=0.9,en;q=0.5", "/r/claims?lang=en", "en"),
    ] {
        let request = who.request(reqwest::Method::GET, path);
        let page = Answer::of(request.header("accept-language", asked)).await;
        let found = (page.header("content-language"), page.header("vary"));
        assert_eq!(
            found,
            (Some(language), Some("Accept-Language")),
            "{asked} {path}"
        );
    }
    let pages = [
        who.get("/r/claims").await,
        who.get("/r/claims?lang=en").await,
        who.get("/r/claims.css").await,
        shown,
    ];
    for page in &pages {
        assert_eq!(page.status, 200);
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"));
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("set-cookie"), None);
        for never in [
            "http://",
            "https://",
            "<script",
            " style=",
            " onclick=",
            "display: flex",
            "grid",
            "var(--",
        ] {
            assert!(!page.text.contains(never), "{never}");
        }
    }
    assert_eq!(pages[0].header("content-language"), Some("zh-CN"));
    assert!(
        pages[0].text.contains("<html lang=\"zh-CN\">")
            && pages[1].text.contains("<html lang=\"en\">")
    );
    let shown = &pages[3].text;
    assert!(shown.contains("&lt;b&gt;不在&lt;/b&gt;") && !shown.contains("<b>"));
    assert!(shown.len() < 30_000, "{}", shown.len());

    // More claims than a page takes, each as full as they come: the page stays small and the rest follows.
    for _ in 0..9 {
        let claim = all.reported().await;
        let long = "甲".repeat(500);
        for (noun, body) in [
            ("acceptance", json!({ "on": "2026-03-03" })),
            ("review", json!({ "on": "2026-03-03" })),
            (
                "determination",
                json!({ "decision": "refused", "decided_on": "2026-03-03", "reasons": long, "insurer_reference": "D" }),
            ),
        ] {
            all.member
                .post(&format!("{claim}/{noun}"), body)
                .await
                .expect(200);
        }
    }
    let mut page = posted(app, &[("code", &code), ("lang", "en")]).await;
    let (mut seen, mut pages) = (0, 1);
    loop {
        assert!(
            page.status == 200 && page.text.len() < 30_000,
            "{}",
            page.text.len()
        );
        seen += page.text.matches("<div class=\"claim\"").count();
        if !page.text.contains("id=\"more\"") {
            break;
        }
        let more = page.text.rsplit("name=\"from\" value=\"").next().unwrap();
        let from = more.split('"').next().unwrap().to_owned();
        let again = hidden(&page.text, "again");
        page = posted(app, &[("again", &again), ("lang", "en"), ("from", &from)]).await;
        pages += 1;
    }
    assert_eq!(seen, 12);
    // The code was typed twice; every other page and the other language are the same look.
    let looks: i64 = audit_entries::table
        .filter(audit_entries::action.eq("own_claims.read"))
        .count()
        .get_result(&mut app.connection())
        .unwrap();
    assert_eq!(looks, 2);
    assert!((2..6).contains(&pages), "{pages}");
    // A number that no page has is the end, and no bug.
    let again = hidden(&page.text, "again");
    let past = posted(app, &[("again", &again), ("from", "4000000000")]).await;
    assert!(past.status == 200 && !past.text.contains("class=\"claim\""));

    // What a page hands to the next is good for a while.
    app.advance(16 * Micros::MINUTE);
    let late = posted(app, &[("again", &again), ("lang", "en")]).await;
    assert_eq!(late.status, 422);
    assert!(
        late.text.contains("Type the code once more") && !late.text.contains("class=\"claim\"")
    );
    let forged = posted(app, &[("again", "AAAA"), ("lang", "zh-CN")]).await;
    assert_eq!(forged.status, 422);
    // And ends with the receipt.
    let page = posted(app, &[("code", &code)]).await;
    let again = hidden(&page.text, "again");
    let member = renewed(app, &all.member);
    withdraw(&member, &format!("{path}/consents"), "insurance").await;
    let gone = posted(app, &[("again", &again)]).await;
    assert!(gone.status == 200 && gone.text.contains("您已撤回对保险用途的同意"));
    let ended = json!({ "code": code });
    who.post("/v1/receipt/revocation", ended).await.expect(200);
    let gone = posted(app, &[("again", &again)]).await;
    assert_eq!(gone.status, 403);
    assert!(gone.text.contains("这个编码打不开记录"));
}

/// Refusals are pages, too: a phone without script shows no JSON.
#[test]
fn refusals_are_pages() {
    let limits = [
        ("limits.public_per_second", "1"),
        ("limits.public_burst", "24"),
    ];
    run_with(Backend::Sqlite, &limits, |app| {
        Box::pin(async move { refused(app).await })
    });
}

async fn refused(app: &TestApp) {
    let html = |page: &Answer| page.header("content-type") == Some("text/html; charset=utf-8");
    let short = posted(app, &[("code", "2222"), ("lang", "en")]).await;
    assert!(short.status == 422 && html(&short));
    assert!(short.text.contains("it has 28 letters and digits"));
    let empty = posted(app, &[]).await;
    assert!(empty.status == 422 && html(&empty));
    assert_eq!(empty.header("cache-control"), Some("no-store"));
    let unknown = "2222-3333-4444-5555-6666-7777-8888";
    for _ in 0..20 {
        let wrong = posted(app, &[("code", unknown)]).await;
        assert!(wrong.status == 403 && html(&wrong), "{}", wrong.status);
        assert_eq!(wrong.header("www-authenticate"), None);
        assert!(!wrong.text.contains(unknown) && wrong.text.contains("id=\"code\""));
    }
    // Twenty wrong ones rest; a flood is refused before anything is looked at.
    for _ in 0..8 {
        let late = posted(app, &[("code", unknown), ("lang", "en")]).await;
        assert!(late.status == 429 && html(&late));
        assert!(late.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
        assert!(late.text.contains("Too many tries"));
    }
}
