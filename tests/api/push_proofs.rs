//! `doctor` asks each provider whether it takes our credentials, and sends nobody anything.

use crate::support::process::Process;
use crate::support::pushing::*;
use crate::support::*;
use qianshou::auth::model::PushProvider;
use qianshou::push::gateway::{ApnsReason, Endpoint, FaultKind, FaultRule, JPushCode, WeComCode};

/// What `doctor` says of a provider under these settings.
async fn said(
    app: &TestApp,
    provider: PushProvider,
    settings: &[(&str, String)],
    more: &[&str],
) -> String {
    let mut command = Process::command(app, settings, &[]);
    command.arg("doctor").args(more);
    let asked = tokio::task::spawn_blocking(move || command.output());
    let output = asked.await.unwrap().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let name = format!("push by {provider}:");
    let line = output.lines().find(|line| line.contains(&name));
    line.unwrap_or_else(|| panic!("{output}")).to_owned()
}

#[test]
fn a_doctor_says_whether_a_provider_takes_our_credentials() {
    actix_web::rt::System::new().block_on(async {
        let off = vec![("push.worker", "false".to_owned())];
        let app = TestApp::start(Backend::Sqlite, off).await;
        let cases = [
            (
                PushProvider::Fcm,
                FaultRule::new(FaultKind::InvalidArgument).at(Endpoint::Token),
                "invalid_grant",
            ),
            (
                PushProvider::Apns,
                FaultRule::apns(ApnsReason::InvalidProviderToken),
                "InvalidProviderToken",
            ),
            (
                PushProvider::JPush,
                FaultRule::new(FaultKind::JPush(JPushCode::Unauthorized)).at(Endpoint::JPushCid),
                "1004",
            ),
            (
                PushProvider::WeCom,
                FaultRule::new(FaultKind::WeCom(WeComCode::BadSecret)).at(Endpoint::WeComToken),
                "40001",
            ),
        ];
        for (provider, fault, code) in cases {
            let (gateway, settings, _files) = gateway_for(provider);
            let ask = |more: &'static [&'static str]| said(&app, provider, &settings, more);
            if provider == PushProvider::Apns {
                // As Apple answers to a token that no phone has.
                gateway
                    .add_faults(vec![FaultRule::apns(ApnsReason::BadDeviceToken).times(1)])
                    .unwrap();
            }
            let good = ask(&[]).await;
            assert!(
                good.starts_with("ok") && good.contains("on, its credentials are taken"),
                "{good}"
            );
            if provider == PushProvider::Apns {
                // Busy, it says nothing of them.
                gateway
                    .add_faults(vec![FaultRule::apns(ApnsReason::TooManyRequests).times(1)])
                    .unwrap();
                let busy = ask(&[]).await;
                assert!(
                    busy.starts_with("ok") && busy.contains("its credentials are not checked"),
                    "{busy}"
                );
            }
            gateway.add_faults(vec![fault]).unwrap();
            let bad = ask(&[]).await;
            assert!(
                bad.starts_with("BAD") && bad.contains(&format!("refused with '{code}'")),
                "{bad}"
            );
            let unasked = ask(&["--offline"]).await;
            assert!(
                unasked.starts_with("ok") && !unasked.contains("taken"),
                "{unasked}"
            );
            assert_eq!(gateway.stats().accepted, 0, "nobody was sent anything");
            gateway.stop().await;
            let away = ask(&[]).await;
            assert!(
                away.starts_with("BAD") && away.contains("does not answer from here"),
                "{away}"
            );
        }
        app.stop().await;
    });
}
