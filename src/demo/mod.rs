//! `demo`: one real city's divisions, believable people for every role, and a tour to copy.
//!
//! Everything is made by the same commands that the API calls, so the demo's
//! audit and feed are those of real work. Running it again goes on with the
//! same data. While it is served already, the city's last year fills up behind
//! it (`year`).

mod cast;
mod page;
mod reset;
mod scenes;
mod tour;
pub mod year;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::sync::watch;

use crate::areas::import;
use crate::cli::{gateway, serve};
use crate::config::Config;
use crate::crypto::Vault;
use crate::db::{Target, connect, meta};
use crate::jobs::background;
use crate::telemetry;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Where the embedded database lies.
    #[arg(long, default_value = "data")]
    data_dir: PathBuf,
    /// Where the keys lie; apart from the data.
    #[arg(long, default_value = "keys")]
    keys_dir: PathBuf,
    /// Address of the API, on this machine alone; a taken port gives a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    bind: SocketAddr,
    /// Address of the push gateway; a taken port gives a free one.
    #[arg(long, default_value = "127.0.0.1:8090")]
    gateway_bind: SocketAddr,
    /// Throw the demo's data and keys away and begin anew; asks first.
    #[arg(long)]
    reset: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Leave the city's last year empty.
    #[arg(long)]
    without_year: bool,
}

impl Options {
    fn database(&self) -> PathBuf {
        self.data_dir.join("qianshou.db")
    }
}

pub fn run(file: Option<&Path>, options: Options) -> Result<(), String> {
    if !options.bind.ip().is_loopback() {
        return Err(format!(
            "the demo's password is printed and known to everybody, so it is served on this machine alone: give --bind a loopback address such as 127.0.0.1:{}, or use `serve`",
            options.bind.port()
        ));
    }
    if options.reset {
        reset::reset(&options)?;
    }
    let bind = gateway::free(options.bind)?;
    let gateway_bind = gateway::free(options.gateway_bind)?;
    let account = options.keys_dir.join("fcm-account.json");
    let database = options.database();
    not_anothers(&database, &options.keys_dir)?;
    let mut overrides = vec![
        ("server.bind", bind.to_string()),
        ("server.public_url", format!("http://{bind}")),
        ("database.url", format!("sqlite:{}", database.display())),
        ("keys.dir", options.keys_dir.display().to_string()),
        ("push.fcm_account", account.display().to_string()),
        ("push.fcm_base_url", format!("http://{gateway_bind}")),
        // Its own gateway stands on this machine; browsers' push services stand abroad.
        (
            "push.web_contact",
            "mailto:demo@qianshou.example".to_owned(),
        ),
        ("push.web_allow", format!("http://{gateway_bind}")),
        // Right for thousands of phones that ring in people's evenings; whoever tries the demo waits for a push.
        ("push.ramp_seconds", "0".to_owned()),
        ("push.quiet_hours", String::new()),
        ("push.daily_cap", "0".to_owned()),
        ("push.daily_campaigns", "0".to_owned()),
        ("push.digest_seconds", "5".to_owned()),
        ("log.json", "false".to_owned()),
        ("log.filter", "warn".to_owned()),
    ];
    let [corp_id, agent_id, secret, base_url, authorize_url] =
        gateway::wecom(&format!("http://{gateway_bind}"));
    overrides.extend([
        ("push.wecom_corp_id", corp_id.1),
        ("push.wecom_agent_id", agent_id.1),
        ("push.wecom_secret", secret.1),
        ("push.wecom_base_url", base_url.1),
        ("push.wecom_authorize_url", authorize_url.1),
    ]);
    let config = Config::load(file, &overrides)?;
    telemetry::init(&config.log, config.log_json)?;
    serve::migrate(&config)?;
    let mut c = connect(&config.target()?, true)?;
    let vault = serve::open_vault(&config, &mut c)?;
    let fresh = !cast::present(&mut c).map_err(|e| e.to_string())?;
    if !fresh && !cast::whole(&mut c).map_err(|e| e.to_string())? {
        return Err(format!(
            "the demo in {} was interrupted while it was filled; `demo --reset --yes` begins anew",
            options.data_dir.display()
        ));
    }
    if fresh {
        let (rows, _) = import::load_built_in()?;
        let now = crate::state::Clock::default().now();
        import::store(&mut c, &rows, now, "built in: city 3304", |_| ())?;
        // Whoever agreed to something last year was shown these.
        let texts = year::texts_from(now).map_err(|e| e.to_string())?;
        crate::people::texts::seed_from(&mut c, texts).map_err(|e| e.to_string())?;
        cast::hire(&mut c, &vault, config.argon_memory_kib)
            .map_err(|e| format!("cannot make the demo's people: {e:?}"))?;
    }
    drop((c, vault));
    let app = serve::prepare(config)?;
    actix_web::rt::System::new().block_on(async move {
        let signals = serve::Signals::listen()?;
        let gateway = gateway::start(gateway_bind, &account)?;
        if fresh {
            let records = async {
                cast::work(&app).await?;
                scenes::play(&app).await?;
                cast::filled(&app).await
            };
            records
                .await
                .map_err(|e| format!("cannot make the demo's records: {e:?}"))?;
        }
        let board = year::Board::default();
        let (pages, told) = (
            page::routes(gateway.base_url())?,
            year::routes(board.clone()),
        );
        let more = move |routes: &mut actix_web::web::ServiceConfig| {
            routes.configure(pages.clone()).configure(told.clone());
        };
        let (server, address) = serve::listen_with(&app, bind, more)?;
        let (stop, stopped) = watch::channel(false);
        let workers = background::start(&app, &stopped)?;
        tour::print(&tour::Standing {
            address,
            gateway: &gateway.base_url(),
            database: &database,
            keys: &options.keys_dir,
            fresh,
            year: (!options.without_year).then(|| year::last(&app)),
        });
        let filling = (!options.without_year).then(|| {
            let (app, stopped) = (app.clone(), stopped.clone());
            actix_web::rt::spawn(async move {
                tour::filled(&year::fill(&app, year::PEOPLE, stopped, &board).await);
            })
        });
        let result = signals.until(server).await;
        stop.send_replace(true);
        if let Some(filling) = filling {
            // A step that is under way ends; the one after it is the next start's.
            drop(tokio::time::timeout(app.config.shutdown, filling).await);
        }
        serve::end(workers, &app).await;
        gateway.stop().await;
        result
    })
}

/// `demo` and `serve` have the same folders by default: an installation's database never gets
/// people whose password everybody knows, and its keys never become a demo's, which `--reset` removes.
fn not_anothers(database: &Path, keys: &Path) -> Result<(), String> {
    let mut named = None;
    if database.exists() {
        let mut c = connect(&Target::Sqlite(database.display().to_string()), false)?;
        // Before its first migration a database has no tables, and nobody's people either.
        let present = cast::present(&mut c).unwrap_or(false);
        if !present && cast::anybody(&mut c).unwrap_or(false) {
            return Err(format!(
                "{} is an installation of its own, not a demo's database: give --data-dir and --keys-dir other folders",
                database.display()
            ));
        }
        named = meta::known_keys(&mut c).unwrap_or(None);
    }
    if Vault::exists(keys) && named.is_none() {
        return Err(format!(
            "{} holds keys that no demo's database names: give --keys-dir another folder",
            keys.display()
        ));
    }
    Ok(())
}
