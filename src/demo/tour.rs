//! What `demo` prints: addresses, sign-ins, and a few lines to copy.

use std::net::SocketAddr;
use std::path::Path;

use super::cast::{PASSWORD, STAFF};

pub fn print(address: SocketAddr, database: &Path, keys: &Path, fresh: bool) {
    let state = if fresh { "new" } else { "continued" };
    println!(
        "Qianshou demo ({state}): data in {}, keys in {}",
        database.display(),
        keys.display()
    );
    println!("  API        http://{address}/v1");
    println!("  Reference  http://{address}/docs/");
    println!("\nSign-ins (password of all: {PASSWORD})");
    for (login, name, role, area) in STAFF {
        println!("  {login:<18} {name}  {role} in {area}");
    }
    println!(
        "\nA tour to copy:\n\
         B=http://{address}/v1\n\
         signin() {{ curl -s $B/auth/sessions -H 'content-type: application/json' -d \"{{\\\"login\\\":\\\"$1\\\",\\\"password\\\":\\\"{PASSWORD}\\\"}}\" | sed -n 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/p'; }}\n\
         ZHANG=$(signin member.zhang); ZHOU=$(signin coordinator.zhou)\n\
         curl -s $B/residents?limit=2 -H \"authorization: Bearer $ZHANG\"   # in clear: registered by this member\n\
         curl -s $B/residents?limit=2 -H \"authorization: Bearer $ZHOU\"    # masked: the area's coordinator\n\
         README.md walks a whole day. Stop with Ctrl-C; start again to go on; --reset to begin anew."
    );
}
