//! What `demo` prints: addresses, sign-ins, and a few lines to copy.

use std::net::SocketAddr;
use std::path::Path;

use super::cast::{PASSWORD, STAFF};

/// Where everything is.
pub struct Standing<'a> {
    pub address: SocketAddr,
    pub gateway: &'a str,
    pub database: &'a Path,
    pub keys: &'a Path,
    pub fresh: bool,
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
         curl -s \"$B/festivals?enabled=true\" -H \"authorization: Bearer $WANG\" # 5.29 and 7.11, two years ahead\n\
         README.md walks a whole day, to a push that arrives. Stop with Ctrl-C; start again to go on; --reset begins anew."
    );
}
