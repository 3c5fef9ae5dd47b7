//! What WeCom's `errcode` means: <https://developer.work.weixin.qq.com/document/path/90313>.

use reqwest::StatusCode;
use serde_json::Value;
use std::time::Duration;

use crate::push::provider::{Attempt, Verdict};

/// WeCom is busy: to be tried again three times at the most.
pub(super) const BUSY: i64 = -1;
pub(super) const BAD_CODE: i64 = 40029;
/// Every receiver is unknown, or none the app may write to.
pub(super) const NOBODY: i64 = 81013;
pub(super) const NO_PRIVILEGE: i64 = 60011;
/// Invalid, and expired.
const BAD_TOKEN: [i64; 2] = [40014, 42001];

/// Ours to mend: secret, organisation, app, token, address, rights.
const OURS: &[i64] = &[
    40001, 40013, 40014, 40056, 40082, 40085, 41001, 41002, 41004, 41011, 42001, 48001, 48002,
    48003, 48004, 48005, 48006, 50001, 50003, 60011, 60020, 301_002, 301_023,
];

/// After a busy or unclear answer.
pub(super) const AFTER_TROUBLE: Duration = Duration::from_secs(10);
/// Calls are counted by the minute.
const AFTER_TOO_OFTEN: Duration = Duration::from_secs(60);
/// Too many calls at the same time.
const AFTER_TOO_MANY: Duration = Duration::from_secs(2);

/// Whether an answer says that the token is no good, and nothing else.
pub(super) fn is_about_the_token(answer: &Value) -> bool {
    let code = answer["errcode"].as_i64();
    code.is_some_and(|code| BAD_TOKEN.contains(&code))
}

/// What an answer means for everybody it was about. Who of them is unknown, and how often `-1` may come, is its
/// caller's to look at.
pub(super) fn judge(status: StatusCode, answer: &Value) -> Attempt {
    let number = answer["errcode"].as_i64();
    let verdict = match (status.as_u16(), number) {
        (200..=299, Some(0)) => Verdict::Accepted,
        (_, Some(BUSY)) => Verdict::Later(AFTER_TROUBLE),
        // How often the interface may be called, by the minute and by the day of an app.
        (_, Some(45009 | 45011)) | (429, _) => Verdict::Later(AFTER_TOO_OFTEN),
        (_, Some(45033)) => Verdict::Later(AFTER_TOO_MANY),
        (_, Some(NOBODY)) => Verdict::DeadToken,
        (_, Some(code)) if OURS.contains(&code) => Verdict::Refused,
        // What is written in no table concerns this message: it is set aside, where an administrator sees its code.
        (_, Some(_)) => Verdict::Malformed,
        (500.. | 408 | 200..=299, None) => Verdict::Later(AFTER_TROUBLE),
        (_, None) => Verdict::Refused,
    };
    let code = match (verdict, number) {
        (Verdict::Accepted, _) => "ok".to_owned(),
        (_, Some(number)) => number.to_string(),
        (_, None) if status.is_success() => "answer_unreadable".to_owned(),
        (_, None) => format!("http_{}", status.as_u16()),
    };
    // The next message would be answered alike.
    let holds_all =
        status == StatusCode::TOO_MANY_REQUESTS || matches!(number, Some(BUSY | 45009 | 45011));
    Attempt::new(verdict, code)
        .with_status(status.as_u16())
        .with_good_token(verdict == Verdict::Malformed)
        .holding_all(holds_all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_gateway_can_be_told_to_give_each_answer_that_stands_in_a_table() {
        let known: Vec<i64> = crate::push::gateway::WeComCode::ALL
            .iter()
            .map(|code| i64::from(code.number()))
            .collect();
        let ours = OURS.iter().chain(&BAD_TOKEN);
        for code in ours.chain(&[BUSY, BAD_CODE, NOBODY, NO_PRIVILEGE, 45009, 45011, 45033]) {
            assert!(known.contains(code), "the gateway never answers {code}");
        }
    }

    #[test]
    fn what_is_no_answer_of_wecoms_is_judged_by_its_status() {
        let of = |status: u16, answer: Value| {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            let found = judge(status, &answer);
            (found.verdict, found.code)
        };
        let later = Verdict::Later(AFTER_TROUBLE);
        assert_eq!(of(502, Value::Null), (later, "http_502".to_owned()));
        assert_eq!(
            of(200, Value::Null),
            (later, "answer_unreadable".to_owned())
        );
        assert_eq!(
            of(404, Value::Null),
            (Verdict::Refused, "http_404".to_owned())
        );
        assert_eq!(
            of(200, json!({ "errcode": 99_999 })),
            (Verdict::Malformed, "99999".to_owned())
        );
    }
}
