//! `doctor`: what an operator should look at, one line each; fails when something is wrong.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::auth::model::PushProvider;
use crate::auth::push_tokens_store;
use crate::channels;
use crate::config::Config;
use crate::crypto::{OFFICE_FILE, Vault, WEB_PUSH_FILE};
use crate::db::{DbConn, Target, Uid, connect, meta, migrate};
use crate::liaison::peers::keys as office;
use crate::privacy::erasure::{self, journal::Journal};
use crate::push::provider::{Provider, Verdict};
use crate::push::web_push::key::{self, Fit};
use crate::push::{self, Configured, wire};
use crate::state::Clock;

struct Findings {
    bad: usize,
}

impl Findings {
    fn note(&mut self, what: &str, found: Result<String, String>) {
        match found {
            Ok(text) => println!("ok    {what}: {text}"),
            Err(text) => {
                self.bad += 1;
                println!("BAD   {what}: {text}");
            }
        }
    }
}

/// `asks`: providers are called, with our credentials and no message.
pub fn run(config: &Config, asks: bool) -> Result<(), String> {
    let mut findings = Findings { bad: 0 };
    let target = config.target()?;
    findings.note("keys apart from data", apart(config, &target));
    match reached(&target) {
        Err(e) => findings.note("database", Err(e)),
        Ok(mut c) => {
            findings.note(
                "database",
                Ok(if c.is_sqlite() {
                    "SQLite answers".into()
                } else {
                    "PostgreSQL answers".into()
                }),
            );
            findings.note("migrations", migrations(&mut c));
            findings.note("keys", keys(config, &mut c));
            findings.note("moving to the newest key", moving(config, &mut c));
            findings.note("erasures", erasures(config, &mut c));
            findings.note("clock", clock(&mut c));
            findings.note("audit", audit(&mut c));
            findings.note("web push key", web_push_key(config, &mut c));
            findings.note("office keys", office_keys(config, &mut c));
            push(config, asks, &mut c, &mut findings);
        }
    }
    match findings.bad {
        0 => Ok(()),
        n => Err(format!("{n} of the checks failed")),
    }
}

/// A connection that reads. SQLite makes a file that is not there; a doctor makes nothing.
pub(super) fn reached(target: &Target) -> Result<DbConn, String> {
    if let Target::Sqlite(path) = target
        && !Path::new(path).is_file()
    {
        return Err(format!(
            "there is no file {path}; `qianshou migrate` makes it, or database.url means another one"
        ));
    }
    connect(target, false)
}

/// Each provider: off and why, on and working, or refused by whom it calls.
fn push(config: &Config, asks: bool, c: &mut DbConn, findings: &mut Findings) {
    let found = match push::configured(config) {
        Ok(found) => found,
        Err(e) => return findings.note("push", Err(e)),
    };
    let now = Clock::default().now();
    for (name, configured) in found {
        let finding = match (configured, push::standing_store::standing(c, name)) {
            (Configured::Off(why), _) => Ok(format!("off: {why}")),
            (Configured::On(_), Ok(Some(standing))) if standing.stopped() => Err(format!(
                "stopped since {}, refused with '{}': look at its credentials",
                standing.since,
                standing.reason.unwrap_or_default()
            )),
            (Configured::On(provider), Ok(standing)) => match standing.and_then(|s| s.held(now)) {
                Some(until) => Ok(format!(
                    "on; it asked us to wait until {until}, and is asked again then"
                )),
                None => {
                    let proved = if asks { proved(&*provider) } else { Ok(None) };
                    proved.and_then(|proof| on(config, c, &*provider, proof))
                }
            },
            // A database that is not migrated yet is another line's finding.
            (Configured::On(_), Err(_)) => Ok("on; the database could not be asked".to_owned()),
        };
        findings.note(&format!("push by {name}"), finding);
    }
}

/// How long a provider may take to say whether it takes our credentials.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a provider says of our credentials; nothing where there is no way to ask, an error where it refuses them or
/// cannot be reached from here.
fn proved(provider: &dyn Provider) -> Result<Option<&'static str>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    let asked = runtime.block_on(async { tokio::time::timeout(PATIENCE, provider.prove()).await });
    let attempt = match asked {
        Err(_) => return Err("it does not answer from here: timeout".to_owned()),
        Ok(None) => return Ok(None),
        Ok(Some(attempt)) => attempt,
    };
    match attempt.verdict {
        Verdict::Accepted => Ok(Some("its credentials are taken")),
        Verdict::Refused => Err(format!(
            "refused with '{}': look at its credentials",
            attempt.code
        )),
        // It answered, and is busy: that says nothing of our credentials.
        _ if attempt.status.is_some() => Ok(Some("busy now: its credentials are not checked")),
        _ => Err(format!("it does not answer from here: {}", attempt.code)),
    }
}

/// On, and how many phones this configuration does not let be asked.
fn on(
    config: &Config,
    c: &mut DbConn,
    provider: &dyn Provider,
    proof: Option<&str>,
) -> Result<String, String> {
    let name = provider.name();
    let on = proof.map_or_else(|| "on".to_owned(), |proof| format!("on, {proof}"));
    if name == PushProvider::WeCom {
        let back = channels::api::redirect(&config.public_url);
        if wire::abroad(&config.wecom.base_url) && !back.starts_with("https://") {
            return Err(format!(
                "members would come back to {back}, which no phone can open: set server.public_url to the https address"
            ));
        }
        return Ok(format!(
            "{on}; members come back to {back}, whose host must be a trusted domain of the app"
        ));
    }
    if !matches!(name, PushProvider::WebPush | PushProvider::UnifiedPush) {
        return Ok(on);
    }
    let vault = Vault::open(&config.keys_dir).map_err(|e| e.to_string())?;
    let mut withheld: BTreeMap<&str, usize> = BTreeMap::new();
    let mut after = Uid::NIL;
    loop {
        let some =
            push_tokens_store::live_tokens(c, name, after, 500).map_err(|e| e.to_string())?;
        let Some((last, _)) = some.last() else { break };
        after = *last;
        for (device, sealed) in &some {
            let sealed = sealed.as_deref().unwrap_or_default();
            // One that cannot be opened is another line's finding: keys.
            let token = vault.open_sealed("devices.push_token", device.0, sealed);
            if let Some(why) = token.ok().and_then(|token| provider.withheld(&token)) {
                *withheld.entry(why).or_default() += 1;
            }
        }
    }
    let told: Vec<String> = withheld
        .iter()
        .map(|(why, n)| format!("{n} {why}"))
        .collect();
    let reach = match config.push_abroad {
        true => "on",
        false => {
            "on for what push.web_allow lists; all others may lie abroad, and push.abroad is false"
        }
    };
    match told.is_empty() {
        true => Ok(reach.to_owned()),
        false => Ok(format!(
            "{reach}; phones that are not asked: {}",
            told.join(", ")
        )),
    }
}

/// Browsers subscribed for one key; with another one all push services refuse us.
fn web_push_key(config: &Config, c: &mut DbConn) -> Result<String, String> {
    match key::look(c, &config.keys_dir)? {
        Fit::Ours(_) => Ok("the one that browsers subscribe with".into()),
        Fit::NotYet => Ok("none yet; the first start makes it".into()),
        Fit::Missing => Err(format!(
            "{WEB_PUSH_FILE} is not in the folder: {}",
            key::LOST
        )),
        Fit::Other => Err(format!(
            "{WEB_PUSH_FILE} is not the key that browsers subscribed with: {}",
            key::LOST
        )),
    }
}

/// Other offices know us by one card; with other keys they refuse all that we sign.
fn office_keys(config: &Config, c: &mut DbConn) -> Result<String, String> {
    match office::look(c, &config.keys_dir)? {
        office::Fit::Ours(keys) => Ok(format!("those of the card {}", keys.card().fingerprint())),
        office::Fit::NotYet => Ok("none yet; they are made when somebody asks for the card".into()),
        office::Fit::Missing => Err(format!(
            "{OFFICE_FILE} is not in the folder: {}",
            office::LOST
        )),
        office::Fit::Other => Err(format!(
            "{OFFICE_FILE} holds other keys than other offices know: {}",
            office::LOST
        )),
    }
}

fn migrations(c: &mut DbConn) -> Result<String, String> {
    let pending = migrate::pending(c)?;
    if pending.is_empty() {
        Ok("all applied".into())
    } else {
        Err(format!(
            "missing {}; run `qianshou migrate`",
            pending.join(", ")
        ))
    }
}

/// A backup of the data that holds the keys, too, protects nothing.
fn apart(config: &Config, target: &Target) -> Result<String, String> {
    let Target::Sqlite(path) = target else {
        return Ok("the database is elsewhere".into());
    };
    let real = |p: &Path| std::fs::canonicalize(p).unwrap_or_else(|_| p.to_path_buf());
    let data = real(
        Path::new(path)
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new(".")),
    );
    let keys = real(&config.keys_dir);
    if keys.starts_with(&data) {
        return Err(format!(
            "{} lies inside {}: move the keys out of the data's folder",
            keys.display(),
            data.display()
        ));
    }
    Ok(format!("{} and {}", keys.display(), data.display()))
}

fn keys(config: &Config, c: &mut DbConn) -> Result<String, String> {
    let vault = Vault::open(&config.keys_dir).map_err(|e| e.to_string())?;
    let known = meta::known_keys(c)
        .map_err(|e| e.to_string())?
        .ok_or("the database names no keys yet; start the server once")?;
    let index = meta::index_keys(c).map_err(|e| e.to_string())?;
    super::keys::fit(&vault, &known, &index, &config.keys_dir)?;
    Ok(format!(
        "{} field keys, current {}",
        vault.key_ids().len(),
        vault.current_key_id()
    ))
}

fn moving(config: &Config, c: &mut DbConn) -> Result<String, String> {
    let vault = Vault::open(&config.keys_dir).map_err(|e| e.to_string())?;
    super::keys::moving(c, &vault)
}

/// Whether this database is behind its own journal: an older backup that no start has looked at.
fn erasures(config: &Config, c: &mut DbConn) -> Result<String, String> {
    let journal = Journal::beside(&config.keys_dir);
    let all = journal
        .all()
        .map_err(|e| format!("{}: {e}", journal.path().display()))?;
    let mut back = 0;
    for some in all.chunks(500) {
        let known = erasure::store::known(c, some).map_err(|e| e.to_string())?;
        back += known.len();
    }
    match back {
        0 => Ok(format!("{} in the journal, none to do again", all.len())),
        n => Err(format!(
            "{n} people are known again who were erased: start the server, which erases them before it serves"
        )),
    }
}

fn clock(c: &mut DbConn) -> Result<String, String> {
    #[derive(QueryableByName)]
    struct Now {
        #[diesel(sql_type = BigInt)]
        seconds: i64,
    }
    let sql = if c.is_sqlite() {
        "SELECT CAST(strftime('%s','now') AS INTEGER) AS seconds"
    } else {
        "SELECT extract(epoch FROM now())::bigint AS seconds"
    };
    let theirs: Now = diesel::sql_query(sql)
        .get_result(c)
        .map_err(|e| e.to_string())?;
    let skew = (theirs.seconds - jiff::Timestamp::now().as_second()).abs();
    if skew > 5 {
        Err(format!(
            "this machine and the database differ by {skew} s; tokens and deadlines go by time"
        ))
    } else {
        Ok(format!("within {skew} s of the database"))
    }
}

fn audit(c: &mut DbConn) -> Result<String, String> {
    match crate::audit::verify::verify(c, 1, None).map_err(|e| e.to_string())? {
        Ok(done) => Ok(format!("{} seals, all fit", done.seals)),
        Err(misfit) => Err(misfit.to_string()),
    }
}

/// For health checks of containers: asks the running server, and nothing else.
pub fn live(config: &Config) -> Result<(), String> {
    let mut address = config.bind;
    if address.ip().is_unspecified() {
        address = SocketAddr::from(([127, 0, 0, 1], address.port()));
    }
    let patience = Duration::from_secs(3);
    let mut stream = TcpStream::connect_timeout(&address, patience)
        .map_err(|e| format!("{address} does not answer: {e}"))?;
    stream
        .set_read_timeout(Some(patience))
        .map_err(|e| e.to_string())?;
    write!(
        stream,
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )
    .map_err(|e| e.to_string())?;
    let mut answer = String::new();
    stream
        .take(4096)
        .read_to_string(&mut answer)
        .map_err(|e| e.to_string())?;
    if answer.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(format!(
            "{address} answered {}",
            answer.lines().next().unwrap_or("nothing")
        ))
    }
}
