//! What `demo` prints: addresses, sign-ins, and a few lines to copy.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use super::cast::{PASSWORD, STAFF};
use super::year;

/// Where everything is.
pub struct Standing<'a> {
    pub address: SocketAddr,
    pub gateway: &'a str,
    pub database: &'a Path,
    pub keys: &'a Path,
    pub fresh: bool,
    /// The year that is filled meanwhile, if it is.
    pub year: Option<i16>,
}

pub fn print(at: &Standing<'_>) {
    let state = if at.fresh { "new" } else { "continued" };
    let (address, gateway) = (at.address, at.gateway);
    println!(
        "Qianshou demo ({state}): data in {}, keys in {}",
        at.database.display(),
        at.keys.display()
    );
    println!("  API           http://{address}/v1");
    println!("  Reference     http://{address}/docs/");
    println!("  Browser push  http://{address}/demo/push");
    println!("  Push gateway  {gateway}  (a page that shows each push as it arrives)");
    println!(
        "  WeCom         POST http://{address}/v1/me/channels/wecom/binding answers a link: open it in a browser"
    );
    println!("\nSign-ins (password of all: {PASSWORD})");
    for (login, name, role, area) in STAFF {
        println!("  {login:<18} {name}  {role} in {area}");
    }
    println!(
        "\nA tour to copy:\n\
         B=http://{address}/v1\n\
         signin() {{ curl -s $B/auth/sessions -H 'content-type: application/json' -d \"{{\\\"login\\\":\\\"$1\\\",\\\"password\\\":\\\"{PASSWORD}\\\"}}\" | sed -n 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/p'; }}\n\
         ZHANG=$(signin member.zhang); ZHOU=$(signin coordinator.zhou); WANG=$(signin organiser.wang)\n\
         curl -s \"$B/residents?limit=2\" -H \"authorization: Bearer $ZHANG\"   # in clear: registered by this member\n\
         curl -s \"$B/residents?limit=2\" -H \"authorization: Bearer $ZHOU\"    # masked: the area's coordinator\n\
         curl -s \"$B/festivals?enabled=true\" -H \"authorization: Bearer $WANG\" # 5.29 and 7.11, two years ahead"
    );
    if let Some(year) = at.year {
        last_year(at, year);
    }
    println!(
        "README.md walks a whole day, to a push that arrives. Stop with Ctrl-C; start again to go on; --reset begins anew."
    );
}

/// How last year is looked at, and where it fell short.
fn last_year(at: &Standing<'_>, year: i16) {
    let address = at.address;
    println!(
        "\nThe year {year} of the city is filled in behind this, for a few minutes: curl -s http://{address}/demo/year\n\
         CHEN=$(signin officer.chen)\n\
         curl -s $B/assessments/{year}/areas/3304 -H \"authorization: Bearer $CHEN\"   # the year-end assessment of the city\n\
         curl -s \"$B/assessments/{year}/areas/3304/indicators/B1/facts?source=posts_filled\" -H \"authorization: Bearer $CHEN\"\n\
         What was not met, each at $B/assessments/{year}/areas/AREA/indicators/CODE/facts?source=SOURCE:"
    );
    for fault in year::faults::FAULTS {
        let (area, code, source) = (fault.area, fault.indicator, fault.source);
        println!("  {area:<10} {code} {source:<28} {}", fault.why);
    }
    println!(
        "Members were entered for one township alone ({}), so that counties without any have no figure of G5; households and\n\
         residents for one village of each county, so that townships without any have none of H2. Ratings fall as they fall.\n\
         The year is not frozen, that is yours to try:\n\
         curl -s $B/assessments/{year}/areas/3304/freeze -H \"authorization: Bearer $CHEN\" -H 'content-type: application/json' -d '{{\"because\":\"year_end\"}}'\n",
        year::faults::ALL_MEMBERS
    );
}

/// What the filling came to, once it ended. Whoever started the demo may have stopped listening.
pub fn filled(standing: &year::Standing) {
    let year = standing.year.unwrap_or_default();
    let (done, total, skipped) = (standing.done, standing.total, standing.skipped);
    let line = match standing.state {
        year::State::Complete if skipped > 0 => {
            format!("The year {year} is complete; {skipped} of its {total} steps were left out.")
        }
        year::State::Complete => format!("The year {year} is complete."),
        year::State::Filling | year::State::Interrupted => {
            format!("The year {year} came to {done} of {total} steps; the next start goes on.")
        }
        year::State::Failed => {
            let cause = standing.cause.as_deref().unwrap_or("the log tells why");
            format!(
                "The year {year} stopped at {done} of {total} steps, the next start tries again: {cause}"
            )
        }
    };
    drop(writeln!(std::io::stdout(), "{line}"));
}
