//! The reference phone on the command line, to try against `qianshou demo`. README.md beside it walks through it.

mod phone;
#[cfg(test)]
mod tests;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::{Value, json};

use phone::wire::OperationResult;
use phone::{About, Clock as _, DeviceClock, Error, Id, Phone, Result, Shown, State};

/// A phone that works offline and meets the others at a server.
#[derive(Parser)]
struct Arguments {
    /// The phone's own database.
    #[arg(long, default_value = "phone.db")]
    file: PathBuf,
    /// Where the server is.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    server: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Bind this phone with the coordinator's one-use code.
    Enrol { code: String },
    /// Register a resident who consents. Works offline.
    Register {
        #[arg(long)]
        name: String,
        #[arg(long)]
        phone: String,
        /// The village or community, 12 digits.
        #[arg(long, default_value = "330402007024")]
        area: String,
        #[arg(long, default_value_t = 1985)]
        birth_year: i64,
    },
    /// Log a visit to a member home and submit it. Works offline.
    Visit {
        /// The member home's id: see `list member_home`.
        home: Id,
        #[arg(long)]
        note: Option<String>,
    },
    /// Push what waits, then pull what changed.
    Sync,
    /// Get the signed receipt of a day and check it; without coverage, check the one that is kept.
    Receipt {
        /// A day in China, such as 2026-05-29; today without it.
        day: Option<String>,
    },
    /// Show what this phone holds of a kind, its own changes on top; without a kind, the queue.
    List { kind: Option<String> },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let mut phone = Phone::open(&arguments.file, &arguments.server)?;
    phone.settings.app_version = Some(this_phone().app_version);
    match arguments.command {
        Command::Enrol { code } => {
            phone.enrol(&code, &this_phone()).await?;
            say("enrolled; `sync` brings what you work with");
        }
        Command::Register {
            name,
            phone: number,
            area,
            birth_year,
        } => {
            let id = phone.create("resident", resident(&name, &number, &area, birth_year))?;
            say(&format!("resident {id} waits to be sent"));
        }
        Command::Visit { home, note } => {
            let id = phone.create("visit", visit(home, note))?;
            phone.act("visit", id, "submission", json!({}))?;
            say(&format!("visit {id} waits to be sent and submitted"));
        }
        Command::Sync => sync(&mut phone).await?,
        Command::Receipt { day } => {
            receipt(&mut phone, &day.unwrap_or_else(today_in_china)).await?;
        }
        Command::List { kind: Some(kind) } => phone.list(&kind)?.iter().for_each(print_record),
        Command::List { kind: None } => print_queue(&mut phone)?,
    }
    Ok(())
}

fn this_phone() -> About {
    About {
        device_name: "Reference phone".into(),
        platform: "android".into(),
        app_version: env!("CARGO_PKG_VERSION").into(),
    }
}

fn resident(name: &str, phone: &str, area: &str, birth_year: i64) -> Value {
    json!({
        "name": name, "sex": "female", "birth_year": birth_year, "phone": phone, "area": area,
        "arrived_on": today_in_china(), "expected_stay": "over_one_year", "reason": "work",
        "needs": ["health"],
        "consents": [{ "purpose": "registration", "text_version": 1, "language": "zh-CN",
                       "channel": "in_person", "given_by": "self" }],
    })
}

fn today_in_china() -> String {
    DeviceClock.now().day_in_china()
}

fn visit(home: Id, note: Option<String>) -> Value {
    let now = DeviceClock.now();
    let mut body = json!({
        "member_home_id": home, "purpose": "routine",
        "started_at": now.plus(-30 * 60 * phone::Moment::SECOND), "ended_at": now,
        "needs_voiced": ["equipment"],
    });
    if let Some(note) = note {
        phone::merge_patch(&mut body, &json!({ "needs_note": note }));
    }
    body
}

async fn sync(phone: &mut Phone) -> Result<()> {
    let done = match phone.sync().await {
        Err(Error::NoAnswer(why)) => {
            say(&format!("no coverage ({why}); what waits is kept"));
            return print_queue(phone);
        }
        done => done?,
    };
    if done.resynced {
        say("the server was restored from a backup: what it had lost was sent again");
    }
    for settled in &done.pushed {
        let operation = &settled.operation;
        let (kind, action, id) = (&operation.kind, &operation.action, operation.record_id);
        say(&format!(
            "{kind} {id} {action}: {}",
            in_words(&settled.result)
        ));
    }
    let (came, went) = (done.pulled.upserts, done.pulled.dropped);
    say(&format!("{came} records came, {went} went"));
    if let Some(keep_until) = phone.keep_until()? {
        say(&format!(
            "they are kept until {keep_until} unless you sync before"
        ));
    }
    Ok(())
}

async fn receipt(phone: &mut Phone, day: &str) -> Result<()> {
    let receipt = match phone.receipt(day).await {
        Err(Error::NoAnswer(why)) => {
            say(&format!("no coverage ({why}); what is kept of {day}:"));
            match phone.kept_receipt(day)? {
                Some(kept) => kept,
                None => {
                    say("nothing");
                    return Ok(());
                }
            }
        }
        receipt => receipt?,
    };
    let (n, at) = (receipt.operations, receipt.signed_at);
    say(&format!(
        "signed at {at}: {n} operations arrived on {}",
        receipt.day
    ));
    for count in &receipt.counts {
        let outcome = format!("{:?}", count.outcome).to_lowercase();
        say(&format!("{} {}: {outcome}", count.count, count.kind));
    }
    say(match (receipt.agrees, receipt.outdated) {
        (true, false) => "they are those of this phone's book",
        (true, true) => "they are those of this phone's book until then; more arrived since",
        (false, _) => "this phone's book says otherwise: ask again, then ask the coordinator",
    });
    say(&receipt.receipt);
    Ok(())
}

/// Prints a line. Whoever reads may have seen enough (`list visit | head`): then there is nobody to print for.
fn say(line: &str) {
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

fn in_words(result: &OperationResult) -> String {
    let word = format!("{:?}", result.outcome).to_lowercase();
    match &result.problem {
        Some(problem) => format!("{word} ({problem})"),
        None if result.fields.is_empty() => word,
        None => format!("{word} in {}", result.fields.join(", ")),
    }
}

fn print_record(shown: &Shown) {
    let version = shown
        .version
        .map_or_else(|| "new".to_owned(), |v| format!("v{v}"));
    let pending = match shown.pending.len() {
        0 => String::new(),
        n => format!("  ({n} not sent)"),
    };
    say(&format!("{} {version} {}{pending}", shown.id, shown.body));
}

fn print_queue(phone: &mut Phone) -> Result<()> {
    let of_interest = [
        State::Waiting,
        State::Sent,
        State::Held,
        State::Quarantined,
        State::Rejected,
        State::Conflict,
    ];
    let queue = phone.operations(&of_interest)?;
    say(&format!("{} operations in the queue", queue.len()));
    for operation in queue {
        let why = operation
            .result
            .map_or_else(String::new, |result| format!(": {}", in_words(&result.0)));
        say(&format!(
            "{} {} {} {}{why}",
            operation.state, operation.kind, operation.record_id, operation.action
        ));
    }
    Ok(())
}
