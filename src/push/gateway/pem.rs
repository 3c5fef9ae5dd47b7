//! Keys as text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// A private key (PKCS#8) as PEM.
pub(super) fn write(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("{BEGIN}\n");
    for (i, c) in text.chars().enumerate() {
        if i > 0 && i % 64 == 0 {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push_str(&format!("\n{END}\n"));
    pem
}

/// The key of a PEM; nothing when it is none.
pub(super) fn read(pem: &str) -> Option<Vec<u8>> {
    let inner = pem.split_once(BEGIN)?.1.split_once(END)?.0;
    let text: String = inner.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(text).ok()
}
