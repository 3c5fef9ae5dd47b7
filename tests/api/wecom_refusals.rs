//! What each answer of WeCom means: for the member, for the message, for all of us.

use crate::pushing;
use crate::support::pushing::*;
use crate::support::*;
use qianshou::auth::model::PushProvider;
use qianshou::db::{Micros, Uid};
use qianshou::notifications::model::NotificationKind::VisitReturned;
use qianshou::push::gateway::{Endpoint, FaultKind, FaultRule, Running, WeComCode};
use std::time::Duration;

use WeComCode::*;

const DAY: i64 = Micros::DAY;
const WECOM: PushProvider = PushProvider::WeCom;

async fn told(app: &TestApp, member: &Client) -> Uid {
    tell(app, VisitReturned, "走访记录已退回", &[member.id], DAY).await
}

fn rule(kind: FaultKind) -> FaultRule {
    FaultRule::new(kind).at(Endpoint::WeCom)
}

fn at_token(code: WeComCode) -> FaultRule {
    FaultRule::new(FaultKind::WeCom(code)).at(Endpoint::WeComToken)
}

/// Something passes: the settings are right.
async fn one_passes(app: &TestApp) -> Client {
    let member = member_on_wecom(app, "somebody").await;
    let occurrence = told(app, &member).await;
    stands(app, occurrence, "accepted").await;
    member
}

/// The strikes against somebody's account.
async fn struck(app: &TestApp, member: &Client) -> i64 {
    let mut account = member.clone();
    account.device = wecom(app, member).await["device_id"]
        .as_str()
        .map(|id| id.parse().unwrap());
    strikes(app, &account)
}

fn refused(gateway: &Running, code: WeComCode) -> u64 {
    let stats = gateway.stats();
    stats.refused_by_code.get(code.name()).copied().unwrap_or(0)
}

pushing! { by PushProvider::WeCom;
    async fn a_member_who_is_none_is_retired_while_others_pass(app, gateway) {
        one_passes(app).await;
        let gone = member_on_wecom(app, "zhang.hui").await;
        // Asked for alone everybody of the call is invalid: 81013.
        gateway.add_faults(vec![rule(FaultKind::Unregistered).times(1)]).unwrap();
        let occurrence = told(app, &gone).await;
        assert_eq!(stands(app, occurrence, "dead_token").await.code.as_deref(), Some("81013"));
        let stands = wecom(app, &gone).await;
        assert_eq!((&stands["state"], stands["device_id"].is_string()), (&json!("dead"), true), "its owner sees it");
        assert_eq!(standing_of(app, WECOM), None);
    }

    async fn before_anything_passed_an_invalid_member_waits_for_proof(app, gateway) {
        let member = member_on_wecom(app, "zhang.hui").await;
        gateway.add_faults(vec![rule(FaultKind::Unregistered)]).unwrap();
        let before = app.now();
        let occurrence = told(app, &member).await;
        let waits = stands(app, occurrence, "retry").await;
        assert_eq!(waits.code.as_deref(), Some("81013"));
        assert!(waits.next_at.0 - before.0 >= 60 * Micros::SECOND);
        assert_eq!(wecom_state(app, &member).await, "live");
        gateway.clear_faults();
        app.advance(90 * Micros::SECOND);
        stands(app, occurrence, "accepted").await;
    }

    async fn many_invalid_members_at_once_stop_the_provider_and_retire_none(app, gateway) {
        one_passes(app).await;
        let mut members = Vec::new();
        for n in 0..9 {
            members.push(member_on_wecom(app, &format!("member-{n}")).await);
        }
        // As when an administrator of WeCom narrows whom the app may write to.
        gateway.add_faults(vec![rule(FaultKind::Unregistered)]).unwrap();
        let ids: Vec<Uid> = members.iter().map(|m| m.id).collect();
        let occurrence = tell(app, VisitReturned, "走访记录已退回", &ids, DAY).await;
        assert_eq!(comes_to(app, WECOM, "stopped").await.as_deref(), Some("81013"));
        for member in &members {
            assert_eq!(wecom_state(app, member).await, "live");
        }
        gateway.clear_faults();
        app.advance(20 * Micros::MINUTE);
        arrived(gateway, 10).await;
        comes_to(app, WECOM, "working").await;
        assert!(outbox(app, occurrence).iter().all(|d| d.state != "dead_token"));
    }

    async fn a_member_without_a_licence_is_set_aside_at_the_third_time(app, gateway) {
        let other = one_passes(app).await;
        let member = member_on_wecom(app, "zhang.hui").await;
        gateway.add_faults(vec![FaultRule { token: Some("zhang.hui".into()), ..rule(FaultKind::Unlicensed) }]).unwrap();
        for n in 1..=3 {
            let occurrence = told(app, &member).await;
            assert_eq!(stands(app, occurrence, "dead_letter").await.code.as_deref(), Some("unlicenseduser"));
            assert_eq!(wecom_state(app, &member).await, if n < 3 { "live" } else { "dead" }, "after {n}");
        }
        assert_eq!(wecom_state(app, &other).await, "live");
    }

    async fn a_token_that_ended_is_renewed_once(app, gateway) {
        let member = one_passes(app).await;
        let grants = gateway.stats().token_grants;
        // Ended before its time: 40014.
        gateway.revoke_tokens();
        let occurrence = told(app, &member).await;
        assert_eq!(stands(app, occurrence, "accepted").await.attempts, 1);
        assert_eq!((refused(gateway, BadToken), gateway.stats().token_grants), (1, grants + 1));
        for code in [Expired, BadToken] {
            app.advance(2 * Micros::SECOND);
            let before = (refused(gateway, code), gateway.stats().token_grants);
            gateway.add_faults(vec![FaultRule::wecom(code).times(1)]).unwrap();
            let occurrence = told(app, &member).await;
            assert_eq!(stands(app, occurrence, "accepted").await.attempts, 1, "it costs no try");
            assert_eq!((refused(gateway, code), gateway.stats().token_grants), (before.0 + 1, before.1 + 1));
        }
        // Refused again it is not the token: a loop of renewals would be our own doing.
        app.advance(2 * Micros::SECOND);
        let before = refused(gateway, Expired);
        gateway.add_faults(vec![FaultRule::wecom(Expired)]).unwrap();
        let occurrence = told(app, &member).await;
        assert_eq!(comes_to(app, WECOM, "stopped").await.as_deref(), Some("42001"));
        assert_eq!(refused(gateway, Expired), before + 2);
        gateway.clear_faults();
        app.advance(61 * Micros::SECOND);
        stands(app, occurrence, "accepted").await;
        comes_to(app, WECOM, "working").await;
    }

    async fn what_may_succeed_later_is_tried_again_and_arrives(app, gateway) {
        let member = member_on_wecom(app, "zhang.hui").await;
        let cases = [
            (FaultRule::wecom(Busy), "-1", 10),
            (FaultRule::wecom(TooOften), "45009", 60),
            (FaultRule::wecom(TooOftenToday), "45011", 60),
            (FaultRule::wecom(TooMany), "45033", 2),
            (rule(FaultKind::CloseConnection), "connection_lost", 2),
            (at_token(Busy), "-1", 10),
            (at_token(TooOften), "45009", 60),
            (FaultRule::new(FaultKind::CloseConnection).at(Endpoint::WeComToken), "connection_lost", 2),
        ];
        for (n, (rule, code, least)) in (1..).zip(cases) {
            // So that the token is asked for, too.
            gateway.revoke_tokens();
            gateway.add_faults(vec![rule.times(1)]).unwrap();
            let before = app.now();
            let occurrence = told(app, &member).await;
            let waits = stands(app, occurrence, "retry").await;
            assert_eq!((waits.code.as_deref(), waits.attempts), (Some(code), 1), "case {n}");
            let wait = (waits.next_at.0 - before.0) / Micros::SECOND;
            assert!(wait >= least && wait <= least + 10, "case {n}: waits {wait} s, asked for {least}");
            app.advance(200 * Micros::SECOND);
            assert_eq!(stands(app, occurrence, "accepted").await.attempts, 2, "case {n}");
        }
        assert_eq!((gateway.stats().duplicates, wecom_state(app, &member).await.as_str()), (0, "live"));
        assert_eq!(standing_of(app, WECOM), Some(("working".to_owned(), None)), "two of them held all; none refused us");
    }

    async fn a_slow_answer_is_waited_for(app, gateway) {
        let member = member_on_wecom(app, "zhang.hui").await;
        gateway.add_faults(vec![FaultRule { ms: Some(3_000), ..rule(FaultKind::Slow) }]).unwrap();
        let occurrence = told(app, &member).await;
        assert_eq!(stands(app, occurrence, "accepted").await.attempts, 1);
    }

    async fn too_many_calls_hold_every_message(app, gateway) {
        let (one, other) = (member_on_wecom(app, "zhang.hui").await, member_on_wecom(app, "li.ming").await);
        gateway.add_faults(vec![FaultRule::wecom(TooOften).times(1)]).unwrap();
        let first = told(app, &one).await;
        stands(app, first, "retry").await;
        let second = told(app, &other).await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let waits = outbox(app, second)[0].clone();
        assert_eq!((waits.state.as_str(), waits.attempts), ("pending", 0), "it is not even tried");
        app.advance(70 * Micros::SECOND);
        stands(app, first, "accepted").await;
        stands(app, second, "accepted").await;
        assert_eq!(gateway.stats().refused, 1);
    }

    async fn a_busy_answer_is_followed_by_three_tries_and_no_more(app, gateway) {
        let member = one_passes(app).await;
        gateway.add_faults(vec![FaultRule::wecom(Busy)]).unwrap();
        let occurrence = told(app, &member).await;
        for attempts in 1..=3 {
            for _ in 0..300 {
                if outbox(app, occurrence)[0].attempts == attempts { break; }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let waits = stands(app, occurrence, "retry").await;
            assert_eq!((waits.attempts, waits.code.as_deref()), (attempts, Some("-1")));
            app.advance(60 * Micros::SECOND);
        }
        let ended = stands(app, occurrence, "dead_letter").await;
        assert_eq!((ended.attempts, ended.code.as_deref()), (4, Some("-1")));
        assert_eq!((refused(gateway, Busy), struck(app, &member).await), (4, 0), "it is nobody's fault but WeCom's");
        assert_ne!(standing_of(app, WECOM).map(|s| s.0).as_deref(), Some("stopped"));
    }

    async fn tries_that_failed_otherwise_are_no_busy_answers(app, gateway) {
        let member = one_passes(app).await;
        gateway.add_faults(vec![rule(FaultKind::CloseConnection).times(3), FaultRule::wecom(Busy).times(1)]).unwrap();
        let occurrence = told(app, &member).await;
        for attempts in 1..=4 {
            for _ in 0..300 {
                if outbox(app, occurrence)[0].attempts == attempts { break; }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let waits = stands(app, occurrence, "retry").await;
            let code = if attempts < 4 { "connection_lost" } else { "-1" };
            assert_eq!((waits.attempts, waits.code.as_deref()), (attempts, Some(code)));
            app.advance(300 * Micros::SECOND);
        }
        assert_eq!(stands(app, occurrence, "accepted").await.attempts, 5);
    }

    async fn a_wrong_secret_is_shown_once_however_many_wait_for_a_token(app, gateway) {
        let member = member_on_wecom(app, "zhang.hui").await;
        gateway.revoke_tokens();
        let before = refused(gateway, BadSecret);
        let slow = FaultRule { ms: Some(700), ..FaultRule::new(FaultKind::Slow).at(Endpoint::WeComToken) };
        gateway.add_faults(vec![slow, at_token(BadSecret)]).unwrap();
        for n in 0..20 {
            // A text each: none shares a call with another.
            tell(app, VisitReturned, &format!("走访记录已退回{n}"), &[member.id], DAY).await;
        }
        assert_eq!(comes_to(app, WECOM, "stopped").await.as_deref(), Some("40001"));
        assert_eq!(refused(gateway, BadSecret) - before, 1);
    }

    async fn a_code_that_stands_in_no_table_stops_us_when_it_comes_to_all(app, gateway) {
        let member = one_passes(app).await;
        gateway.add_faults(vec![FaultRule::wecom(NotPost)]).unwrap();
        let mut told = Vec::new();
        for n in 0..12 {
            app.advance(2 * Micros::SECOND);
            told.push(tell(app, VisitReturned, &format!("走访记录已退回{n}"), &[member.id], DAY).await);
        }
        assert_eq!(comes_to(app, WECOM, "stopped").await.as_deref(), Some("43002"));
        let lost = |app: &TestApp| told.iter().filter(|o| outbox(app, **o)[0].state == "dead_letter").count();
        assert_eq!(lost(app), 7, "eight are no chance");
        gateway.clear_faults();
        app.advance(20 * Micros::MINUTE);
        comes_to(app, WECOM, "working").await;
        assert_eq!(lost(app), 7);
    }

    async fn a_refusal_of_ours_stops_the_provider_alone_until_it_works(app, gateway) {
        let member = one_passes(app).await;
        let sends = [
            Forbidden, NoPrivilege, BadAddress, BadAgent, NoAgent, OtherAgent, NoToken, Unauthorized, SuiteUnauthorized,
            AuthorizationFailed, Deprecated, NotOpen, NoSending, NoCorp, NoSecret, BadSuiteToken, BadSuiteTicket, BadRedirect,
            MemberDisabled,
        ];
        let sends = sends.map(FaultRule::wecom);
        let tokens = [BadSecret, BadCorp, BadAddress, NoCorp, NoSecret, BadValue].map(at_token);
        for rule in sends.into_iter().chain(tokens) {
            let Some(FaultKind::WeCom(code)) = rule.fault else { panic!("no code") };
            gateway.revoke_tokens();
            gateway.add_faults(vec![rule]).unwrap();
            let occurrence = told(app, &member).await;
            assert_eq!(comes_to(app, WECOM, "stopped").await.as_deref(), Some(code.name()));
            assert_eq!(stands(app, occurrence, "retry").await.attempts, 0, "it costs no message a try");
            gateway.clear_faults();
            app.advance(20 * Micros::MINUTE);
            stands(app, occurrence, "accepted").await;
            comes_to(app, WECOM, "working").await;
        }
        assert_eq!(wecom_state(app, &member).await, "live");
    }

    async fn what_is_wrong_with_a_message_is_not_its_members_fault(app, gateway) {
        let member = one_passes(app).await;
        for code in [BadKind, BadUsers, BadValue, Empty, TooLong, BadJson, NotPost] {
            app.advance(2 * Micros::SECOND);
            gateway.add_faults(vec![FaultRule::wecom(code).times(1)]).unwrap();
            let occurrence = told(app, &member).await;
            let ended = stands(app, occurrence, "dead_letter").await;
            assert_eq!((ended.code.as_deref(), struck(app, &member).await), (Some(code.name()), 0));
        }
        assert_eq!(wecom_state(app, &member).await, "live");
    }

    async fn what_was_never_a_members_name_is_retired_without_a_call(app, gateway) {
        let member = app.member().await;
        let device = bind_wecom(app, &member, "zhang.hui").await;
        let mut account = member.clone();
        account.device = Some(device);
        spoil_token(app, &account, "zhang.hui|@all");
        let occurrence = told(app, &member).await;
        assert_eq!(stands(app, occurrence, "dead_token").await.code.as_deref(), Some("token_not_wecoms"));
        assert_eq!((gateway.stats().accepted, gateway.stats().refused), (0, 0));
    }
}

/// The others go on.
#[test]
fn where_wecom_refuses_us_phones_are_reached_all_the_same() {
    for backend in backends() {
        actix_web::rt::System::new().block_on(async move {
            let (gateway, mut settings, _files) = gateway_for(PushProvider::Fcm);
            settings.extend(wecom_settings(&gateway));
            let app = TestApp::start(backend, settings).await;
            let member = app.member().await;
            bind_wecom(&app, &member, "zhang.hui").await;
            let phone = make::subscribed_phone(&app, &member, "token-of-a-phone").await;
            gateway.revoke_tokens();
            gateway.add_faults(vec![at_token(BadSecret)]).unwrap();
            let occurrence = told(&app, &member).await;
            arrived(&gateway, 1).await;
            assert_eq!(accepted(&gateway)[0]["token"], "token-of-a-phone");
            assert_eq!(
                comes_to(&app, WECOM, "stopped").await.as_deref(),
                Some("40001")
            );
            assert_eq!(standing_of(&app, PushProvider::Fcm), None);
            assert_eq!(push_state(&app, &phone).await, "live");
            gateway.clear_faults();
            app.advance(2 * Micros::MINUTE);
            arrived(&gateway, 2).await;
            assert!(
                outbox(&app, occurrence)
                    .iter()
                    .all(|d| d.state == "accepted" || d.state == "leased")
            );
            app.stop().await;
            gateway.stop().await;
        });
    }
}
