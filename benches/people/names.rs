//! A coordinator searches a township by name: first when nothing is opened, then again and again while somebody
//! registers there now and then.

use serde_json::{Value, json};

use super::city::City;
use super::desk::{Desk, Times, post};
use super::report::Report;
use super::settings::Settings;
use super::support::people;

/// A search in so many follows a registration.
const NOW_AND_THEN: usize = 5;
/// Milliseconds that a search may take.
const AIM: f64 = 150.0;

const PINYIN: &[&str] = &[
    "wangwei",
    "li fang",
    "zhangxy",
    "liu min",
    "ouyang",
    "zhoujing",
    "cq",
    "huang lei hong",
    "xiuying",
    "zhaoyj",
];

/// What a coordinator types: a whole name, a beginning, or a part.
fn typed(n: usize, people_there: usize, pinyin: bool) -> String {
    if pinyin {
        return PINYIN[n % PINYIN.len()].to_owned();
    }
    let name = people::name(n * 37 % people_there);
    let all = name.chars().count();
    match n % 3 {
        0 => name,
        1 => name.chars().take(all - 1).collect(),
        _ => name.chars().skip(1).collect(),
    }
}

fn search(city: &City, desk: &Desk, n: usize, pinyin: bool) -> std::time::Duration {
    let name = typed(n, city.area, pinyin);
    let body = json!({ "name": name });
    let (answer, took) = desk.post(&city.coordinator, "/v1/residents/search", &body);
    let found = answer["items"].as_array().map_or(0, Vec::len);
    assert!(found > 0, "{name}: nobody is called so");
    took
}

pub fn measure(name: &'static str, city: &mut City, settings: &Settings, report: &mut Report) {
    let what = format!(
        "search by name among {} people of {}",
        city.area, city.residents
    );
    let mut cold = Times::default();
    for n in 0..settings.cold {
        city.restart();
        let desk = city.desk();
        let _: Value = desk.get(&city.coordinator, "/v1/residents?limit=1");
        cold.add(search(city, &desk, n, n % 2 == 1));
    }
    let most = cold.at(1.0);
    report.tell(
        name,
        format!(
            "{what}, the first after the server's start, longest of {}",
            cold.count()
        ),
        format!("{most:.0} ms"),
    );
    let desk = city.desk();
    for (kind, pinyin) in [("characters", false), ("pinyin", true)] {
        let mut times = Times::default();
        for n in 0..settings.searches {
            if n % NOW_AND_THEN == 0 {
                let (member, body) = city.newcomer();
                desk.send(&post(member, "/v1/residents", &body));
            }
            times.add(search(city, &desk, n, pinyin));
        }
        report.aim(
            name,
            format!("… then, in {kind}, while somebody registers, p50 / p95"),
            times.told(),
            "p95 < 150 ms",
            times.p95() < AIM,
        );
    }
    city.at_rest();
}
