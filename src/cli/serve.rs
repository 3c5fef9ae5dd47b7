//! Running the server.

use actix_web::dev::Server;
use actix_web::{HttpServer, web};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::config::Config;
use crate::crypto::Vault;
use crate::db::{Db, DbConn, Target, connect, migrate as migrations, transact};
use crate::jobs::{background, sequencer};
use crate::privacy::erasure::{self, journal::Journal};
use crate::state::{App, Clock};
use crate::{app, telemetry};

/// Applies missing migrations and answers their names.
pub fn migrate(config: &Config) -> Result<Vec<String>, String> {
    let target = config.target()?;
    if let Target::Sqlite(path) = &target
        && let Some(folder) = Path::new(path)
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)
            .map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    }
    let mut c = connect(&target, true)?;
    migrations::run(&mut c)
}

/// Opens the keys; an empty database makes them, a database that names missing ones refuses.
pub fn open_vault(config: &Config, c: &mut DbConn) -> Result<Vault, String> {
    let dir = &config.keys_dir;
    let known = crate::db::meta::known_keys(c)
        .map_err(|e| format!("cannot read which keys the database names: {e}"))?;
    let vault = match (Vault::exists(dir), &known) {
        (true, _) => Vault::open(dir).map_err(|e| e.to_string())?,
        (false, None) => {
            let vault = Vault::create(dir).map_err(|e| e.to_string())?;
            eprintln!(
                "New keys were made in {}. Copy that folder to a safe place apart from the data's backups: without it nothing can be read.",
                dir.display()
            );
            vault
        }
        (false, Some(_)) => {
            return Err(format!(
                "the database names keys, and {} holds none. Put the copy of the key folder (the recovery kit) there and start again; without it the encrypted fields cannot be read.",
                dir.display()
            ));
        }
    };
    let named = crate::db::meta::index_keys(c).map_err(|e| e.to_string())?;
    if let Some(known) = known {
        super::keys::fit(&vault, &known, &named, dir)?;
    }
    // A folder that still holds retired ones does not bring them back.
    let ours: Vec<u32> = vault.index_keys().iter().map(|key| key.id).collect();
    if ours != named && ours.starts_with(&named) {
        crate::db::meta::remember_index_keys(c, &ours).map_err(|e| e.to_string())?;
    }
    crate::db::meta::remember_keys(c, &vault.fingerprint(), &vault.key_ids())
        .map_err(|e| e.to_string())?;
    Ok(vault)
}

/// Everything a server needs, migrated and opened.
pub fn prepare(config: Config) -> Result<web::Data<App>, String> {
    migrate(&config)?;
    let mut c = connect(&config.target()?, true)?;
    let vault = open_vault(&config, &mut c)?;
    let clock = Clock::default();
    // Before anything is written: what a restored database gets first belongs to the new lineage.
    let now = clock.now();
    transact(&mut c, |c| sequencer::note_start(c, now))
        .map_err(|e| format!("cannot note the start: {e}"))?;
    crate::people::texts::seed(&mut c)
        .map_err(|e| format!("cannot store the consent texts: {e}"))?;
    crate::insurance::catalogue::seed(&mut c)
        .map_err(|e| format!("cannot store the insurance products: {e}"))?;
    crate::campaigns::festivals::seed(&mut c, clock.now())
        .map_err(|e| format!("cannot store the festivals: {e}"))?;
    // Before anything is served: a restored backup has people back who were erased.
    let again = erasure::replay(&mut c, &Journal::beside(&config.keys_dir), now)?;
    if again > 0 {
        tracing::warn!(
            people = again,
            "the database had people back who were erased; they are erased again"
        );
    }
    drop(c);
    let db = Db::open(config.db_options()?)?;
    Ok(web::Data::new(App::new(
        db,
        Arc::new(vault),
        Arc::new(config),
        clock,
    )))
}

/// Binds the API; port 0 takes a free one. Signals are the caller's.
pub fn listen(app: &web::Data<App>, bind: SocketAddr) -> Result<(Server, SocketAddr), String> {
    listen_with(app, bind, |_| ())
}

/// The same with routes of the caller's own.
pub fn listen_with(
    app: &web::Data<App>,
    bind: SocketAddr,
    more: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
) -> Result<(Server, SocketAddr), String> {
    let (data, config) = (app.clone(), app.config.clone());
    let server = HttpServer::new(move || app::build_with(data.clone(), more.clone()))
        .workers(config.http_workers)
        .shutdown_timeout(config.shutdown.as_secs())
        .disable_signals()
        .client_request_timeout(Duration::from_secs(15))
        .keep_alive(Duration::from_secs(75))
        .max_connections(20_000)
        .backlog(2048)
        .bind(bind)
        .map_err(|e| format!("cannot listen on {bind}: {e}"))?;
    let address = server.addrs().first().copied().unwrap_or(bind);
    Ok((server.run(), address))
}

pub fn run(config: Config) -> Result<(), String> {
    telemetry::init(&config.log, config.log_json)?;
    let app = prepare(config)?;
    let bind = app.config.bind;
    actix_web::rt::System::new().block_on(async move {
        let signals = Signals::listen()?;
        let (server, address) = listen(&app, bind)?;
        let (stop, stopped) = watch::channel(false);
        let workers = background::start(&app, &stopped)?;
        serve_metrics(&app)?;
        tracing::info!(%address, "listening");
        let result = signals.until(server).await;
        stop.send_replace(true);
        end(workers, &app).await;
        result
    })
}

/// The loops without the API: another machine's share of the work, on PostgreSQL.
pub fn work(config: Config) -> Result<(), String> {
    telemetry::init(&config.log, config.log_json)?;
    if matches!(config.target()?, Target::Sqlite(_)) {
        return Err(
            "on SQLite the server works alone: a separate worker needs PostgreSQL (database.url)"
                .into(),
        );
    }
    let app = prepare(config)?;
    actix_web::rt::System::new().block_on(async move {
        let signals = Signals::listen()?;
        let (stop, stopped) = watch::channel(false);
        let workers = background::start(&app, &stopped)?;
        serve_metrics(&app)?;
        tracing::info!("working");
        signals.asked_to_stop().await;
        stop.send_replace(true);
        end(workers, &app).await;
        Ok(())
    })
}

/// Ctrl-C and SIGTERM, heard from the moment this is made: a program that says it stands and is
/// stopped in the same instant still ends in order.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Begins to listen; needs a running runtime.
    pub fn listen() -> Result<Signals, String> {
        let of = |kind| signal(kind).map_err(|e| format!("cannot listen for signals: {e}"));
        Ok(Signals {
            interrupt: of(SignalKind::interrupt())?,
            terminate: of(SignalKind::terminate())?,
        })
    }
    /// Ends when one of them comes.
    pub async fn asked_to_stop(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
    /// Runs the server until it is asked to stop; what it has begun to answer it answers.
    pub async fn until(self, server: Server) -> Result<(), String> {
        let handle = server.handle();
        let mut running = actix_web::rt::spawn(server);
        let ended = tokio::select! {
            ended = &mut running => ended,
            () = self.asked_to_stop() => {
                handle.stop(true).await;
                running.await
            }
        };
        ended.map_err(|e| e.to_string())?.map_err(|e| e.to_string())
    }
}

/// Waits for the loops, as long as requests were waited for.
pub async fn end(workers: background::Workers, app: &App) {
    if workers.ended(app.config.shutdown).await {
        tracing::info!("stopped");
    } else {
        tracing::warn!("stopped before the workers had ended; what they held is taken over");
    }
}

/// The operator's metrics, on a listener of their own.
fn serve_metrics(app: &web::Data<App>) -> Result<(), String> {
    let Some(admin) = app.config.admin_bind else {
        return Ok(());
    };
    let data = app.clone();
    let metrics = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(data.clone())
            .route("/metrics", web::get().to(metrics_text))
    });
    let metrics = metrics
        .workers(1)
        .disable_signals()
        .bind(admin)
        .map_err(|e| format!("cannot listen on {admin}: {e}"))?;
    actix_web::rt::spawn(metrics.run());
    Ok(())
}

async fn metrics_text(app: web::Data<App>) -> actix_web::HttpResponse {
    actix_web::HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(app.metrics.text())
}
