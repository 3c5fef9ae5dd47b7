//! `push-gateway`: the providers' side of the wire, on loopback.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::push::gateway::{
    ApnsKey, Gateway, GatewayOptions, JPushApp, Running, ServiceAccount, WeComApp,
};

/// What the gateway's made-up project is called.
const PROJECT: &str = "qianshou-local";
/// The bundle id of its made-up iPhone app.
const TOPIC: &str = "cn.example.qianshou";
/// Its app of JPush, the same at every start: nobody outside this machine can reach it.
const JPUSH_APP: &str = "0123456789abcdef01234567";
const JPUSH_SECRET: &str = "89abcdef0123456789abcdef";

/// Its organisation of WeCom and the app there, the same at every start, too.
const WECOM_CORP: &str = "ww0123456789abcdef";
const WECOM_AGENT: u32 = 1_000_002;
const WECOM_SECRET: &str = "0123456789abcdef0123456789abcdef0123456789A";

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Address of the gateway; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8090")]
    bind: SocketAddr,
    /// The service account to give to `push.fcm_account`; made when the file is not there.
    #[arg(long, default_value = "keys/fcm-account.json")]
    account: PathBuf,
    /// Address of its APNs; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8091")]
    apns_bind: SocketAddr,
    /// The signing key to give to `push.apns_key`; made when the file is not there. The certificate to trust
    /// (`push.apns_root`) is written beside it, another one at each start.
    #[arg(long, default_value = "keys/apns-key.p8")]
    apns_key: PathBuf,
}

pub fn run(options: &Options) -> Result<(), String> {
    crate::telemetry::init("warn", false)?;
    actix_web::rt::System::new().block_on(async {
        let signals = super::serve::Signals::listen()?;
        let gateway = listen(GatewayOptions {
            bind: options.bind,
            apns_bind: options.apns_bind,
            ..GatewayOptions::default()
        })?;
        serve_fcm(&gateway, &options.account)?;
        println!(
            "Push gateway on {0} (open it in a browser)",
            gateway.base_url()
        );
        println!("  QIANSHOU_PUSH__FCM_ACCOUNT={}", options.account.display());
        println!("  QIANSHOU_PUSH__FCM_BASE_URL={}", gateway.base_url());
        println!("  QIANSHOU_PUSH__WEB_CONTACT=mailto:you@example.org");
        println!("  QIANSHOU_PUSH__WEB_ALLOW={}", gateway.base_url());
        for (name, value) in apns(&gateway, &options.apns_key)? {
            println!("  QIANSHOU_PUSH__APNS_{name}={value}");
        }
        for (name, value) in jpush(&gateway) {
            println!("  QIANSHOU_PUSH__JPUSH_{name}={value}");
        }
        register_wecom(&gateway);
        for (name, value) in wecom(&gateway.base_url()) {
            println!("  QIANSHOU_PUSH__WECOM_{}={value}", name.to_uppercase());
        }
        signals.asked_to_stop().await;
        gateway.stop().await;
        Ok(())
    })
}

/// Starts the gateway and gives it the account of this file, which is made when it is not there, and an organisation
/// of WeCom.
pub fn start(bind: SocketAddr, account: &Path) -> Result<Running, String> {
    let gateway = listen(GatewayOptions {
        bind,
        ..GatewayOptions::default()
    })?;
    serve_fcm(&gateway, account)?;
    register_wecom(&gateway);
    Ok(gateway)
}

fn listen(options: GatewayOptions) -> Result<Running, String> {
    let (bind, apns) = (options.bind, options.apns_bind);
    Gateway::start(options)
        .map_err(|e| format!("the push gateway cannot listen on {bind} and {apns}: {e}"))
}

fn serve_fcm(gateway: &Running, account: &Path) -> Result<(), String> {
    let at = account.display();
    let made = match read(account)? {
        Some(text) => ServiceAccount::from_json(&text)
            .map_err(|e| format!("{at}: {e}"))?
            .moved_to(&gateway.base_url()),
        None => {
            ServiceAccount::generate(PROJECT, &gateway.base_url()).map_err(|e| e.to_string())?
        }
    };
    gateway
        .register_service_account(&made)
        .map_err(|e| e.to_string())?;
    // Written each time: the gateway may have another port than the last time.
    write(account, &made.to_json())
}

/// Gives the gateway the signing key of this file, made when it is not there; answers what a server is told.
fn apns(gateway: &Running, file: &Path) -> Result<[(&'static str, String); 6], String> {
    let key = match read(file)? {
        Some(text) => ApnsKey::from_pem(TOPIC, &text),
        None => ApnsKey::generate(TOPIC),
    }
    .map_err(|e| format!("{}: {e}", file.display()))?;
    gateway.register_apns_key(&key);
    let root = file.with_extension("root.pem");
    write(file, key.pem())?;
    write(&root, gateway.apns_root())?;
    Ok([
        ("KEY", file.display().to_string()),
        ("KEY_ID", key.key_id().to_owned()),
        ("TEAM_ID", key.team_id().to_owned()),
        ("TOPIC", TOPIC.to_owned()),
        ("BASE_URL", gateway.apns_base_url()),
        ("ROOT", root.display().to_string()),
    ])
}

fn jpush(gateway: &Running) -> [(&'static str, String); 3] {
    if let Some(app) = JPushApp::of(JPUSH_APP, JPUSH_SECRET) {
        gateway.register_jpush_app(&app);
    }
    [
        ("APP_KEY", JPUSH_APP.to_owned()),
        ("MASTER_SECRET", JPUSH_SECRET.to_owned()),
        ("BASE_URL", gateway.base_url()),
    ]
}

fn register_wecom(gateway: &Running) {
    gateway.register_wecom_app(&WeComApp::of(WECOM_CORP, WECOM_AGENT, WECOM_SECRET));
}

/// What a server is told of the organisation of WeCom, by the last words of the keys, of a gateway at this address.
pub fn wecom(base_url: &str) -> [(&'static str, String); 5] {
    [
        ("corp_id", WECOM_CORP.to_owned()),
        ("agent_id", WECOM_AGENT.to_string()),
        ("secret", WECOM_SECRET.to_owned()),
        ("base_url", base_url.to_owned()),
        (
            "authorize_url",
            format!("{base_url}/connect/oauth2/authorize"),
        ),
    ]
}

/// A file's text; nothing when it is not there.
fn read(path: &Path) -> Result<Option<String>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("cannot read {}: {e}", path.display())),
    }
}

/// For its owner alone: it holds a private key, if only a made-up one.
fn write(path: &Path, text: &str) -> Result<(), String> {
    write_private(path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        // It may be where a server keeps its keys, which refuses a folder that others may enter.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

/// The wanted address, or a free port of it when that one is taken or 0.
pub fn free(wanted: SocketAddr) -> Result<SocketAddr, String> {
    let bound = TcpListener::bind(wanted).or_else(|_| {
        let other = TcpListener::bind(SocketAddr::new(wanted.ip(), 0))?;
        eprintln!("{wanted} is taken; using {}", other.local_addr()?);
        Ok::<_, std::io::Error>(other)
    });
    bound
        .and_then(|listener| listener.local_addr())
        .map_err(|e| format!("no free port on {}: {e}", wanted.ip()))
}
