//! The commands: `serve`, `migrate`, `demo` and the operator's tools.

use clap::{Parser, Subcommand};
use std::path::PathBuf;

use crate::auth::policy::Role;
use crate::config::Config;

pub mod areas;
pub mod audit;
pub mod doctor;
pub mod gateway;
pub mod keys;
mod office_keys;
pub mod push;
pub mod serve;
pub mod tools;
pub mod web_push_key;

#[derive(Debug, Parser)]
#[command(
    name = "qianshou",
    version,
    about = "Field-work backend of a Family Planning Association"
)]
struct Cli {
    /// A TOML file with the configuration; see `config --explain`.
    #[arg(long, global = true, env = "QIANSHOU_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fill an embedded database with one real city and believable people, and serve it on loopback.
    Demo(crate::demo::Options),
    /// Run the API and its workers.
    Serve,
    /// Run the workers alone, beside servers on PostgreSQL.
    Worker,
    /// Stand in for the push providers on loopback, for development and tests.
    PushGateway(gateway::Options),
    /// Apply the migrations that are missing.
    Migrate,
    /// Print the OpenAPI document.
    Openapi,
    /// Show the configuration.
    Config {
        /// Every key with its meaning, value and source.
        #[arg(long)]
        explain: bool,
    },
    /// Check database, migrations, keys, clock and audit.
    Doctor {
        /// Only ask the running server whether it is alive (for health checks).
        #[arg(long)]
        live: bool,
        /// Ask no push provider whether it takes our credentials.
        #[arg(long)]
        offline: bool,
    },
    /// Accounts.
    #[command(subcommand)]
    User(UserCommand),
    /// Keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// The audit.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Pushes.
    #[command(subcommand)]
    Push(PushCommand),
    /// Reference data from files.
    #[command(subcommand)]
    Import(ImportCommand),
    /// What became of administrative divisions since their edition.
    #[command(subcommand)]
    Areas(AreasCommand),
}

#[derive(Debug, Subcommand)]
enum AreasCommand {
    /// Change events from a CSV or JSON file: renamed, recoded, merged, split, transferred, abolished.
    Apply {
        file: PathBuf,
        /// Tell by row what would be done or what is wrong, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Leave the records to `areas recode`.
        #[arg(long)]
        no_recode: bool,
    },
    /// Carry records along to where their areas are now; killed, it goes on where it was.
    Recode {
        /// Rows of one transaction.
        #[arg(long, default_value_t = crate::areas::carry::AT_ONCE, value_parser = clap::value_parser!(i64).range(1..=5000))]
        at_once: i64,
    },
    /// Add an area that stands in no published edition; it is marked unofficial.
    Add {
        code: String,
        name: String,
        /// The code of the area it lies in, where its own digits do not begin with it.
        #[arg(long)]
        parent: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum PushCommand {
    /// Push to somebody's phones, beside a running server, and tell what each provider said.
    Test {
        /// Whose phones.
        #[arg(long = "to", value_name = "LOGIN")]
        login: String,
        /// How many seconds to wait for its end.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
        wait: u64,
    },
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Walk the hash chain over all sealed entries; fails and says which batch and entry does not fit.
    Verify {
        /// Begin with the batch that holds this entry, by its number.
        #[arg(long, default_value_t = 1)]
        from: i64,
        /// A newest seal that was printed before: it has to be among the seals.
        #[arg(long, value_parser = audit::known)]
        known: Option<crate::audit::verify::Known>,
    },
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make an account, for example the first administrator.
    Create {
        #[arg(long)]
        login: String,
        /// How colleagues know this person.
        #[arg(long)]
        name: String,
        #[arg(long, value_parser = role)]
        role: Role,
        /// The code of the area it holds in.
        #[arg(long)]
        area: String,
        /// Read the password from standard input; without it a one-use code is printed.
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Add a new current field key and a new token key; the old ones go on reading, and verify for an hour.
    Rotate {
        /// Instead add new keys of the blind indexes; what older ones indexed is found all the while.
        #[arg(long)]
        index: bool,
    },
    /// Which rows are sealed under which key, and how far moving them to the newest has come.
    Status,
    /// The keys by which other installations know this one: the digest of its card.
    Office {
        /// Make new ones in their place: every other office has to register the new card.
        #[arg(long)]
        anew: bool,
    },
    /// The key by which browsers' push services know this installation.
    WebPush {
        /// Make a new one in its place: every browser has to subscribe anew.
        #[arg(long)]
        anew: bool,
    },
    /// Take an older key out of the folder; refused while any row needs it.
    Retire {
        /// Its number, as `keys status` shows it.
        id: u32,
    },
}

#[derive(Debug, Subcommand)]
enum ImportCommand {
    /// New versions of the texts that people are asked to agree to, from a JSON file.
    ConsentTexts { file: PathBuf },
    /// A year's arrangement of holidays and working weekends, from a CSV file; it takes the place of what is known of
    /// that year.
    Calendar { file: PathBuf },
    /// Administrative divisions from the published CSV files of a folder.
    Areas {
        dir: PathBuf,
        /// The year of the edition: a later one renames, adds and abolishes areas.
        #[arg(long, default_value_t = crate::areas::import::EDITION, value_parser = clap::value_parser!(i64).range(2009..=2100))]
        edition: i64,
    },
}

fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|_| {
        let all: Vec<_> = Role::ALL.iter().map(|r| r.as_str()).collect();
        format!("one of {}", all.join(", "))
    })
}

/// Runs one command; the error is for people.
pub fn run() -> Result<(), String> {
    let cli = Cli::parse();
    let config = || Config::load(cli.config.as_deref(), &Vec::new());
    match cli.command {
        Command::Demo(options) => crate::demo::run(cli.config.as_deref(), options),
        Command::Serve => serve::run(config()?),
        Command::Worker => serve::work(config()?),
        Command::PushGateway(options) => gateway::run(&options),
        Command::Migrate => serve::migrate(&config()?).map(|names| match names.len() {
            0 => println!("nothing to migrate"),
            _ => names.iter().for_each(|n| println!("applied {n}")),
        }),
        Command::Openapi => {
            print!("{}", crate::app::contract().json);
            Ok(())
        }
        Command::Config { explain } => {
            let config = config()?;
            if explain {
                print!("{}", config.explain());
            } else {
                println!("the configuration is valid; --explain shows it");
            }
            Ok(())
        }
        Command::Doctor { live: true, .. } => doctor::live(&config()?),
        Command::Doctor { offline, .. } => doctor::run(&config()?, !offline),
        Command::User(UserCommand::Create {
            login,
            name,
            role,
            area,
            password_stdin,
        }) => tools::create_user(config()?, &login, &name, role, &area, password_stdin),
        Command::Keys(KeysCommand::Rotate { index: false }) => keys::rotate(&config()?),
        Command::Keys(KeysCommand::Rotate { index: true }) => keys::rotate_index(&config()?),
        Command::Keys(KeysCommand::Status) => keys::status(&config()?),
        Command::Keys(KeysCommand::WebPush { anew }) => web_push_key::run(&config()?, anew),
        Command::Keys(KeysCommand::Office { anew }) => office_keys::run(&config()?, anew),
        Command::Keys(KeysCommand::Retire { id }) => keys::retire(&config()?, id),
        Command::Audit(AuditCommand::Verify { from, known }) => {
            audit::run(&config()?, from, known.as_ref())
        }
        Command::Push(PushCommand::Test { login, wait }) => push::test(&config()?, &login, wait),
        Command::Import(ImportCommand::ConsentTexts { file }) => {
            tools::import_consent_texts(&config()?, &file)
        }
        Command::Import(ImportCommand::Calendar { file }) => {
            tools::import_calendar(&config()?, &file)
        }
        Command::Import(ImportCommand::Areas { dir, edition }) => {
            areas::import(&config()?, &dir, edition)
        }
        Command::Areas(AreasCommand::Apply {
            file,
            dry_run,
            no_recode,
        }) => areas::apply(&config()?, &file, dry_run, !no_recode),
        Command::Areas(AreasCommand::Recode { at_once }) => areas::recode(&config()?, at_once),
        Command::Areas(AreasCommand::Add { code, name, parent }) => {
            areas::add(&config()?, &code, &name, parent.as_deref())
        }
    }
}
