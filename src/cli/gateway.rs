//! `push-gateway`: the providers' side of the wire, on loopback.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::push::gateway::{Gateway, GatewayOptions, Running, ServiceAccount};

/// What the gateway's made-up project is called.
const PROJECT: &str = "qianshou-local";

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Address of the gateway; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8090")]
    bind: SocketAddr,
    /// The service account to give to `push.fcm_account`; made when the file is not there.
    #[arg(long, default_value = "keys/fcm-account.json")]
    account: PathBuf,
}

pub fn run(options: &Options) -> Result<(), String> {
    crate::telemetry::init("warn", false)?;
    actix_web::rt::System::new().block_on(async {
        let signals = super::serve::Signals::listen()?;
        let gateway = start(options.bind, &options.account)?;
        println!(
            "Push gateway on {0} (open it in a browser)",
            gateway.base_url()
        );
        println!("  QIANSHOU_PUSH__FCM_ACCOUNT={}", options.account.display());
        println!("  QIANSHOU_PUSH__FCM_BASE_URL={}", gateway.base_url());
        println!("  QIANSHOU_PUSH__WEB_CONTACT=mailto:you@example.org");
        println!("  QIANSHOU_PUSH__WEB_ALLOW={}", gateway.base_url());
        signals.asked_to_stop().await;
        gateway.stop().await;
        Ok(())
    })
}

/// Starts the gateway and gives it the account of this file, which is made when it is not there.
pub fn start(bind: SocketAddr, account: &Path) -> Result<Running, String> {
    let gateway = Gateway::start(GatewayOptions {
        bind,
        ..GatewayOptions::default()
    })
    .map_err(|e| format!("the push gateway cannot listen on {bind}: {e}"))?;
    let at = account.display();
    let made = match std::fs::read_to_string(account) {
        Ok(text) => ServiceAccount::from_json(&text)
            .map_err(|e| format!("{at}: {e}"))?
            .moved_to(&gateway.base_url()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            ServiceAccount::generate(PROJECT, &gateway.base_url()).map_err(|e| e.to_string())?
        }
        Err(e) => return Err(format!("cannot read {at}: {e}")),
    };
    gateway
        .register_service_account(&made)
        .map_err(|e| e.to_string())?;
    // Written each time: the gateway may have another port than the last time.
    write(account, &made.to_json()).map_err(|e| format!("cannot write {at}: {e}"))?;
    Ok(gateway)
}

/// For its owner alone: it holds a private key, if only a made-up one.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
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
