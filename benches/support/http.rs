//! HTTP that costs little: kept connections, prepared bytes, no HTTP library.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One HTTP/1.1 request as bytes.
pub fn request(method: &str, path: &str, token: &str, body: &[u8]) -> Vec<u8> {
    request_with(method, path, token, "", body)
}

/// The same with more headers, each with its end of line.
pub fn request_with(method: &str, path: &str, token: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-length: {}\r\n",
        body.len()
    )
    .into_bytes();
    if !token.is_empty() {
        out.extend_from_slice(format!("authorization: Bearer {token}\r\n").as_bytes());
    }
    if !body.is_empty() && !headers.contains("content-type:") {
        out.extend_from_slice(b"content-type: application/json\r\n");
    }
    out.extend_from_slice(headers.as_bytes());
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}

/// A kept connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: &str) -> Connection {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let buffer = Vec::with_capacity(64 * 1024);
        Connection { stream, buffer }
    }

    /// Sends a request and reads its answer, which names its length: the status and the body.
    pub async fn exchange(&mut self, bytes: &[u8]) -> (u16, &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        let (buffer, mut searched) = (&mut self.buffer, 0usize);
        buffer.clear();
        let end = loop {
            if let Some(at) = buffer[searched..].windows(4).position(|w| w == b"\r\n\r\n") {
                break searched + at + 4;
            }
            searched = buffer.len().saturating_sub(3);
            let more = self.stream.read_buf(buffer).await.unwrap();
            assert!(more > 0, "the connection ended");
        };
        let head = std::str::from_utf8(&buffer[..end]).unwrap();
        let status = head[9..12].parse().unwrap();
        let named = head.lines().find_map(|l| {
            let (name, value) = l.split_once(':')?;
            let found = name.eq_ignore_ascii_case("content-length");
            found.then(|| value.trim().parse::<usize>().unwrap())
        });
        let length = named.expect("an answer with a length");
        buffer.reserve((end + length).saturating_sub(buffer.len()));
        while buffer.len() < end + length {
            let more = self.stream.read_buf(buffer).await.unwrap();
            assert!(more > 0, "the connection ended");
        }
        (status, &buffer[end..end + length])
    }

    /// The same, where nothing but success will do.
    pub async fn expect(&mut self, bytes: &[u8]) -> &[u8] {
        let (status, body) = self.exchange(bytes).await;
        assert!(
            (200..300).contains(&status),
            "{status} {}",
            String::from_utf8_lossy(body)
        );
        body
    }
}
