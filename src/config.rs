//! Typed configuration: defaults, then one TOML file, then the environment.
//!
//! Every key stands once in [`KEYS`], from which `config --explain` prints and
//! by which unknown ones are refused. `QIANSHOU_SECTION__KEY` sets a key,
//! `QIANSHOU_SECTION__KEY_FILE` reads it from a file (secrets of containers).

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::auth::model::PushProvider;
use crate::db::{DbOptions, Micros, Target};
use crate::http::proxies::Proxies;
use crate::push;
use crate::push::manners::{House, Quiet};
use crate::push::web_push::Allowed;

#[derive(Debug, Clone)]
pub struct Config {
    pub bind: SocketAddr,
    pub admin_bind: Option<SocketAddr>,
    pub public_url: String,
    pub http_workers: usize,
    pub shutdown: Duration,
    pub trusted_proxies: Proxies,
    pub rate_per_second: u32,
    pub rate_burst: u32,
    pub public_rate_per_second: u32,
    pub public_rate_burst: u32,
    pub database_url: Secret,
    pub readers: usize,
    pub writers: usize,
    pub queue: usize,
    pub deadline: Duration,
    pub statement_timeout: Duration,
    pub lock_timeout: Duration,
    pub keys_dir: PathBuf,
    pub key_moves_after: i64,
    pub objection_days: i64,
    pub issuer: String,
    pub access_minutes: i64,
    pub refresh_idle_days: i64,
    pub argon_memory_kib: u32,
    pub push_worker: bool,
    pub push_abroad: bool,
    pub fcm_account: Option<PathBuf>,
    pub fcm_base_url: String,
    pub push_web_contact: Option<String>,
    pub push_web_allow: Allowed,
    pub apns: push::apns::Settings,
    pub jpush: push::jpush::Settings,
    pub wecom: push::wecom::Settings,
    pub push_ramp_micros: i64,
    pub push_concurrency: usize,
    pub push_lease_micros: i64,
    pub push_keep_micros: i64,
    /// Sends a second; a provider that is not here has no limit.
    pub push_per_second: BTreeMap<PushProvider, u32>,
    pub push_house: House,
    pub sync_keep_days: i64,
    pub sync_member_days: i64,
    pub sync_coordinator_days: i64,
    pub erase_after_days: i64,
    pub keep_stays_years: i64,
    pub scrub_minutes: i64,
    pub audit_keep_months: i64,
    pub receipt_days: i64,
    pub import_bytes: usize,
    pub import_rows: u32,
    pub import_days: i64,
    pub log: String,
    pub log_json: bool,
    shown: Vec<(&'static str, String, Source)>,
}

/// Printed as `***` wherever it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Default,
    File,
    Environment,
    CommandLine,
}

struct Key {
    name: &'static str,
    default: &'static str,
    secret: bool,
    about: &'static str,
}

macro_rules! keys {
    ($($name:literal = $default:literal $(, $secret:ident)? : $about:literal;)+) => {
        const KEYS: &[Key] = &[$(Key { name: $name, default: $default, secret: keys!(@ $($secret)?), about: $about },)+];
    };
    (@ secret) => { true };
    (@) => { false };
}

keys! {
    "server.bind" = "127.0.0.1:8080": "Address and port of the API; port 0 takes a free one.";
    "server.admin_bind" = "": "Address of /metrics for the operator; empty: off. Keep it off the public network.";
    "server.public_url" = "": "How clients reach this server; in QR codes. Empty: http:// and server.bind.";
    "server.workers" = "0": "HTTP threads; 0: one a core.";
    "server.shutdown_seconds" = "20": "How long running requests may take to end after SIGTERM.";
    "server.trusted_proxies" = "": "Comma-separated addresses and networks (172.30.0.0/24) whose X-Forwarded-For is believed.";
    "limits.per_second" = "50": "Requests a signed-in user regains each second.";
    "limits.burst" = "200": "Requests a signed-in user may make at once.";
    "limits.public_per_second" = "2": "Requests an address regains each second at sign-in and other public paths.";
    "limits.public_burst" = "30": "Requests an address may make at once at public paths.";
    "database.url" = "sqlite:data/qianshou.db", secret: "sqlite:PATH, or postgres://user:password@host/name?sslmode=verify-full.";
    "database.readers" = "0": "Connections that read; 0: twice the cores.";
    "database.writers" = "8": "Connections that write (PostgreSQL; SQLite has one).";
    "database.queue" = "2048": "Reads, and writes, that may wait; the next one is answered 503.";
    "database.deadline_ms" = "1500": "How long a job may wait before it is answered 503 without running.";
    "database.statement_timeout_ms" = "15000": "How long one statement may run before it is 503 (PostgreSQL).";
    "database.lock_timeout_ms" = "5000": "How long a statement may wait for a lock before it is 503 (PostgreSQL).";
    "keys.dir" = "keys": "Folder of the keys; never inside the data's folder, never in the same backup.";
    "keys.move_after_seconds" = "3600": "How long after a rotation what is sealed moves under the new key; every machine and the recovery kit need the folder by then.";
    "auth.issuer" = "qianshou": "`iss` of access tokens.";
    "auth.access_minutes" = "15": "Lifetime of an access token.";
    "auth.refresh_idle_days" = "60": "How long a refresh token lives unused.";
    "auth.argon_memory_kib" = "19456": "Memory of one password hash (argon2id, 2 passes).";
    "push.worker" = "true": "Send pushes from this process.";
    "push.abroad" = "false": "Allow providers whose servers lie abroad (FCM, APNs, browsers); PIPL Arts. 38-40.";
    "push.fcm_account" = "": "Google service-account file; empty: FCM is off.";
    "push.fcm_base_url" = "https://fcm.googleapis.com": "Where FCM HTTP v1 is.";
    "push.web_contact" = "": "Whom push services may write to about Web Push, mailto:… or https://…; empty: Web Push and UnifiedPush are off.";
    "push.web_allow" = "": "Comma-separated push services that may be asked wherever they are: hosts (https), or origins such as http://127.0.0.1:8090.";
    "push.apns_key" = "": "Apple's signing key, a .p8 file; empty: APNs is off.";
    "push.apns_key_id" = "": "Its key id, ten letters and digits.";
    "push.apns_team_id" = "": "The developer team's id, ten letters and digits.";
    "push.apns_topic" = "": "The iPhone app's bundle id.";
    "push.apns_base_url" = "https://api.push.apple.com": "Where APNs is; https://api.sandbox.push.apple.com for builds from Xcode.";
    "push.apns_root" = "": "A further root certificate (PEM) that APNs' address may have, as the local gateway's; empty: none.";
    "push.jpush_app_key" = "": "AppKey of JPush's console; empty: JPush is off.";
    "push.jpush_master_secret" = "", secret: "Master Secret of JPush's console.";
    "push.jpush_base_url" = "https://api.jpush.cn": "Where JPush's REST API v3 is.";
    "push.wecom_corp_id" = "": "The organisation's id in WeCom (企业ID); empty: WeCom is off.";
    "push.wecom_agent_id" = "": "The number of the organisation's app there (AgentId).";
    "push.wecom_secret" = "", secret: "That app's Secret.";
    "push.wecom_base_url" = "https://qyapi.weixin.qq.com": "Where WeCom's API is.";
    "push.wecom_authorize_url" = "https://open.weixin.qq.com/connect/oauth2/authorize": "Where members of WeCom say who they are, to bind their account; server.public_url has to be a trusted domain of the app.";
    "push.wecom_link" = "": "Address that a message of WeCom links to, such as the app's page; empty: none.";
    "push.ramp_seconds" = "60": "Over how long the pushes of one campaign reminder are spread, clear of the quarter hours; 0: all at once.";
    "push.concurrency" = "64": "Sends in flight at once, by provider, at the most; fewer while it is slow or refuses.";
    "push.per_second" = "": "Sends a second of this process, such as fcm=600; a provider that is not named has no limit.";
    "push.quiet_hours" = "21:00-08:00": "When nothing but the urgent rings, for who sets nothing else; empty: no quiet hours.";
    "push.daily_cap" = "8": "Pushes a day to one person, urgent ones aside, each once however many phones they have; 0: as many as there are.";
    "push.daily_campaigns" = "2": "Of those, of campaigns: vendors take about two marketing messages a device a day.";
    "push.digest_seconds" = "60": "So long after a push for somebody's work the next ones wait and become one; 0: no digests.";
    "push.keep_tries_days" = "90": "How long each single try of a push is remembered; what became of the push stays.";
    "push.lease_seconds" = "60": "How long a worker may hold a push; after a crash another one takes it over then.";
    "sync.keep_days" = "30": "How long a phone may keep people's data without a pull.";
    "sync.member_days" = "730": "How old visits, claims and other work of a moment are that a field member's first pull brings.";
    "sync.coordinator_days" = "365": "The same for coordinators and other staff.";
    "privacy.erase_after_days" = "7": "How long after somebody withdrew what is known of them is erased; until then it is restricted.";
    "privacy.keep_stays_years" = "2": "How long stays that ended are kept, and households of nobody.";
    "privacy.scrub_minutes" = "10": "How soon after an erasure the space that it freed is cleaned.";
    "audit.keep_months" = "36": "How long entries of the audit are kept, in months; at least 6.";
    "privacy.receipt_days" = "730": "How long a person's receipt code is good, in days.";
    "imports.max_mib" = "32": "How large an uploaded spreadsheet may be, in MiB; it is held in memory while it is read.";
    "imports.max_rows" = "200000": "How many rows an uploaded spreadsheet may have.";
    "imports.keep_days" = "7": "How long an uploaded spreadsheet waits to be imported; then its rows are removed.";
    "assessment.objection_days" = "15": "So many days an association may object to what the superior found of its year.";
    "log.filter" = "info": "What to log, for example info,qianshou=debug.";
    "log.json" = "true": "Log lines as JSON; false: for people.";
}

/// What the command line overrides, as (key, value).
pub type Overrides = Vec<(&'static str, String)>;

impl Config {
    /// Reads the configuration; the error names the key and what it should hold.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Config, String> {
        Self::from_parts(file, &std::env::vars().collect(), overrides)
    }

    pub fn from_parts(
        file: Option<&Path>,
        env: &BTreeMap<String, String>,
        overrides: &Overrides,
    ) -> Result<Config, String> {
        let mut values: BTreeMap<&'static str, (String, Source)> = KEYS
            .iter()
            .map(|k| (k.name, (k.default.to_owned(), Source::Default)))
            .collect();
        if let Some(path) = file {
            for (name, value) in read_file(path)? {
                set(&mut values, &name, value, Source::File)?;
            }
        }
        for (name, value) in env {
            let Some(rest) = name.strip_prefix("QIANSHOU_") else {
                continue;
            };
            let Some((section, key)) = rest.split_once("__") else {
                continue;
            };
            let key = format!("{}.{}", section.to_lowercase(), key.to_lowercase());
            match key.strip_suffix("_file") {
                Some(key) if !values.contains_key(format!("{key}_file").as_str()) => {
                    let text = std::fs::read_to_string(value)
                        .map_err(|e| format!("{name}: cannot read {value}: {e}"))?;
                    set(
                        &mut values,
                        key,
                        text.trim_end().to_owned(),
                        Source::Environment,
                    )?;
                }
                _ => set(&mut values, &key, value.clone(), Source::Environment)?,
            }
        }
        for (name, value) in overrides {
            set(&mut values, name, value.clone(), Source::CommandLine)?;
        }
        Self::build(&values)
    }

    fn build(values: &BTreeMap<&'static str, (String, Source)>) -> Result<Config, String> {
        let text = |name: &str| values.get(name).map(|v| v.0.clone()).unwrap_or_default();
        fn parsed<T: std::str::FromStr>(
            name: &str,
            text: String,
            expected: &str,
        ) -> Result<T, String> {
            text.parse()
                .map_err(|_| format!("{name}: '{text}' is not {expected}"))
        }
        let number = |name: &str, low: u64, high: u64| -> Result<u64, String> {
            let n: u64 = parsed(name, text(name), "a whole number")?;
            if (low..=high).contains(&n) {
                Ok(n)
            } else {
                Err(format!("{name}: {n} is not between {low} and {high}"))
            }
        };
        let yes = |name: &str| parsed::<bool>(name, text(name), "true or false");
        let address = |name: &str| {
            parsed::<SocketAddr>(
                name,
                text(name),
                "an address and port such as 127.0.0.1:8080",
            )
        };
        let optional = |name: &str| Some(text(name)).filter(|t| !t.is_empty());

        let bind = address("server.bind")?;
        let database_url = Secret(text("database.url"));
        Target::parse(&database_url.0).map_err(|e| format!("database.url: {e}"))?;
        let trusted_proxies = Proxies::parse(&text("server.trusted_proxies"))
            .map_err(|e| format!("server.trusted_proxies: {e}"))?;
        let push_web_allow =
            Allowed::parse(&text("push.web_allow")).map_err(|e| format!("push.web_allow: {e}"))?;
        let web_contact = optional("push.web_contact");
        if let Some(other) = web_contact.as_deref().filter(|c| !is_contact(c)) {
            return Err(format!(
                "push.web_contact: '{other}' is neither mailto:… nor https://…"
            ));
        }
        let cores = std::thread::available_parallelism().map_or(2, |n| n.get());
        let or_cores = |n: u64, times: usize| if n == 0 { cores * times } else { n as usize };
        let shown = KEYS
            .iter()
            .map(|k| {
                let (value, source) = &values[k.name];
                let value = if k.secret && *source != Source::Default {
                    "***".to_owned()
                } else {
                    value.clone()
                };
                (k.name, value, *source)
            })
            .collect();
        Ok(Config {
            bind,
            admin_bind: optional("server.admin_bind")
                .map(|_| address("server.admin_bind"))
                .transpose()?,
            public_url: optional("server.public_url").unwrap_or_else(|| format!("http://{bind}")),
            http_workers: or_cores(number("server.workers", 0, 256)?, 1),
            shutdown: Duration::from_secs(number("server.shutdown_seconds", 1, 600)?),
            trusted_proxies,
            rate_per_second: number("limits.per_second", 1, 1_000_000)? as u32,
            rate_burst: number("limits.burst", 1, 1_000_000)? as u32,
            public_rate_per_second: number("limits.public_per_second", 1, 1_000_000)? as u32,
            public_rate_burst: number("limits.public_burst", 1, 1_000_000)? as u32,
            database_url,
            readers: or_cores(number("database.readers", 0, 512)?, 2),
            writers: number("database.writers", 1, 512)? as usize,
            queue: number("database.queue", 1, 1_000_000)? as usize,
            deadline: Duration::from_millis(number("database.deadline_ms", 10, 60_000)?),
            statement_timeout: Duration::from_millis(number(
                "database.statement_timeout_ms",
                10,
                600_000,
            )?),
            lock_timeout: Duration::from_millis(number("database.lock_timeout_ms", 10, 600_000)?),
            keys_dir: text("keys.dir").into(),
            key_moves_after: number("keys.move_after_seconds", 0, 604_800)? as i64,
            objection_days: number("assessment.objection_days", 1, 365)? as i64,
            issuer: text("auth.issuer"),
            access_minutes: number("auth.access_minutes", 1, 60)? as i64,
            refresh_idle_days: number("auth.refresh_idle_days", 1, 400)? as i64,
            argon_memory_kib: number("auth.argon_memory_kib", 8, 1_048_576)? as u32,
            push_worker: yes("push.worker")?,
            push_abroad: yes("push.abroad")?,
            fcm_account: optional("push.fcm_account").map(Into::into),
            fcm_base_url: text("push.fcm_base_url"),
            push_web_contact: web_contact,
            push_web_allow,
            apns: push::apns::Settings {
                key: optional("push.apns_key").map(Into::into),
                key_id: text("push.apns_key_id"),
                team_id: text("push.apns_team_id"),
                topic: text("push.apns_topic"),
                base_url: text("push.apns_base_url"),
                root: optional("push.apns_root").map(Into::into),
            },
            jpush: push::jpush::Settings {
                app_key: optional("push.jpush_app_key"),
                master_secret: Secret(text("push.jpush_master_secret")),
                base_url: text("push.jpush_base_url"),
            },
            wecom: push::wecom::Settings {
                corp_id: optional("push.wecom_corp_id"),
                agent_id: text("push.wecom_agent_id"),
                secret: Secret(text("push.wecom_secret")),
                base_url: text("push.wecom_base_url"),
                authorize_url: text("push.wecom_authorize_url"),
                link: optional("push.wecom_link"),
            },
            push_ramp_micros: number("push.ramp_seconds", 0, 86_400)? as i64 * 1_000_000,
            push_concurrency: number("push.concurrency", 1, 4096)? as usize,
            push_lease_micros: number("push.lease_seconds", 1, 3600)? as i64 * 1_000_000,
            push_keep_micros: number("push.keep_tries_days", 1, 3650)? as i64 * Micros::DAY,
            push_per_second: per_second(&text("push.per_second"))?,
            push_house: House {
                quiet: optional("push.quiet_hours")
                    .map(|hours| {
                        Quiet::parse(&hours).ok_or_else(|| {
                            format!(
                                "push.quiet_hours: '{hours}' is not two times such as 21:00-08:00"
                            )
                        })
                    })
                    .transpose()?,
                daily: number("push.daily_cap", 0, 1000)? as i64,
                campaigns: number("push.daily_campaigns", 0, 1000)? as i64,
                window: number("push.digest_seconds", 0, 3600)? as i64 * Micros::SECOND,
            },
            sync_keep_days: number("sync.keep_days", 1, 365)? as i64,
            sync_member_days: number("sync.member_days", 1, 36_500)? as i64,
            sync_coordinator_days: number("sync.coordinator_days", 1, 36_500)? as i64,
            erase_after_days: number("privacy.erase_after_days", 0, 90)? as i64,
            keep_stays_years: number("privacy.keep_stays_years", 1, 100)? as i64,
            scrub_minutes: number("privacy.scrub_minutes", 0, 1440)? as i64,
            audit_keep_months: number("audit.keep_months", 6, 1200)? as i64,
            receipt_days: number("privacy.receipt_days", 1, 3650)? as i64,
            import_bytes: number("imports.max_mib", 1, 256)? as usize * 1024 * 1024,
            import_rows: number("imports.max_rows", 1, 1_000_000)? as u32,
            import_days: number("imports.keep_days", 1, 30)? as i64,
            log: text("log.filter"),
            log_json: yes("log.json")?,
            shown,
        })
    }

    pub fn target(&self) -> Result<Target, String> {
        Target::parse(&self.database_url.0)
    }

    pub fn db_options(&self) -> Result<DbOptions, String> {
        Ok(DbOptions {
            target: self.target()?,
            readers: self.readers,
            writers: self.writers,
            queue: self.queue,
            deadline: self.deadline,
            statement_timeout: self.statement_timeout,
            lock_timeout: self.lock_timeout,
        })
    }

    /// Every key with what it means, what holds and where that came from; secrets are stars.
    pub fn explain(&self) -> String {
        let mut out = String::new();
        for key in KEYS {
            let (value, source) = self
                .shown
                .iter()
                .find(|s| s.0 == key.name)
                .map_or(("", Source::Default), |s| (s.1.as_str(), s.2));
            let (section, name) = key.name.split_once('.').unwrap_or(("", key.name));
            let env = format!(
                "QIANSHOU_{}__{}",
                section.to_uppercase(),
                name.to_uppercase()
            );
            out.push_str(&format!(
                "{} = {:?}   ({:?}; default {:?})\n    {}\n    {}\n",
                key.name, value, source, key.default, key.about, env
            ));
        }
        out
    }
}

/// As push services take it (RFC 8292); what else it is shows in no other way than that they refuse us.
fn is_contact(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_graphic());
    let mail = text
        .strip_prefix("mailto:")
        .is_some_and(|a| a.contains('@'));
    plain
        && (mail
            || text
                .strip_prefix("https://")
                .is_some_and(|rest| !rest.is_empty()))
}

/// `fcm=600,apns=1000`.
fn per_second(text: &str) -> Result<BTreeMap<PushProvider, u32>, String> {
    let wrong = |part: &str| {
        let all: Vec<_> = PushProvider::ALL.iter().map(|p| p.as_str()).collect();
        let all = all.join(", ");
        format!(
            "push.per_second: '{part}' is not a provider ({all}) and a number from 1, such as fcm=600"
        )
    };
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, rate) = part.split_once('=').ok_or_else(|| wrong(part))?;
            let rate: u32 = rate.trim().parse().map_err(|_| wrong(part))?;
            match (name.trim().parse(), rate) {
                (Ok(name), 1..) => Ok((name, rate)),
                _ => Err(wrong(part)),
            }
        })
        .collect()
}

fn set(
    values: &mut BTreeMap<&'static str, (String, Source)>,
    name: &str,
    value: String,
    source: Source,
) -> Result<(), String> {
    match KEYS.iter().find(|k| k.name == name) {
        Some(key) => {
            values.insert(key.name, (value, source));
            Ok(())
        }
        None => Err(format!(
            "there is no configuration key '{name}'; see `qianshou config --explain`"
        )),
    }
}

fn read_file(path: &Path) -> Result<Vec<(String, String)>, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let table: toml::Table = text
        .parse()
        .map_err(|e| format!("{}: {e}", path.display()))?;
    let mut out = Vec::new();
    for (section, inner) in table {
        let toml::Value::Table(inner) = inner else {
            return Err(format!(
                "{}: '{section}' stands outside a [section]",
                path.display()
            ));
        };
        for (key, value) in inner {
            let text = match value {
                toml::Value::String(s) => s,
                toml::Value::Array(items) => items
                    .iter()
                    .map(|i| i.as_str().map_or_else(|| i.to_string(), str::to_owned))
                    .collect::<Vec<_>>()
                    .join(","),
                other => other.to_string(),
            };
            out.push((format!("{section}.{key}"), text));
        }
    }
    Ok(out)
}
