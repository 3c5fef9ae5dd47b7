//! Connections: TLS with a certificate of the gateway's own, and HTTP/2 that can end as Apple's does.
//!
//! The h2 crate's own GOAWAY names the newest stream as looked at, so that a sender cannot know whether to ask
//! again. Apple's may name an earlier one. That frame is written by hand when a fault rule asks for it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::server::TlsStream;

use super::super::state::{Shared, lock};
use super::send::{self, End};

/// Streams of a connection at once, as Apple allows.
const MAX_STREAMS: u32 = 1_000;
/// Connections at once.
const MAX_CONNECTIONS: usize = 256;
/// How long a client may take to speak TLS and HTTP/2.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a client is waited for to take the last frame.
const FAREWELL: Duration = Duration::from_secs(1);
/// Between two looks when no connection can be taken.
const AGAIN: Duration = Duration::from_millis(100);

/// A bound port with its certificate, not served yet.
pub(in super::super) struct Listener {
    pub(in super::super) addr: SocketAddr,
    /// The certificate as PEM, for a sender to trust.
    pub(in super::super) root_pem: String,
    tcp: tokio::net::TcpListener,
    tls: TlsAcceptor,
}

impl Listener {
    /// Binds; within a tokio runtime.
    pub(in super::super) fn bind(bind: SocketAddr) -> io::Result<Self> {
        let names = vec![
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
            bind.ip().to_string(),
        ];
        let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config
                    .with_no_client_auth()
                    .with_single_cert(vec![made.cert.der().clone()], key.into())
            })
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        let tcp = TcpListener::bind(bind)?;
        tcp.set_nonblocking(true)?;
        let tcp = tokio::net::TcpListener::from_std(tcp)?;
        Ok(Self {
            addr: tcp.local_addr()?,
            root_pem: made.cert.pem(),
            tcp,
            tls: TlsAcceptor::from(Arc::new(config)),
        })
    }

    /// Serves until the gateway stops.
    pub(in super::super) async fn serve(self, shared: Arc<Shared>) {
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let Ok(permit) = room.clone().acquire_owned().await else {
                return;
            };
            let taken = tokio::select! {
                taken = self.tcp.accept() => taken,
                () = shared.stopped() => return,
            };
            match taken {
                Ok((tcp, _)) => {
                    let (tls, shared) = (self.tls.clone(), shared.clone());
                    tokio::spawn(async move {
                        connection(tls, tcp, shared).await;
                        drop(permit);
                    });
                }
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
    }
}

async fn connection(tls: TlsAcceptor, tcp: TcpStream, shared: Arc<Shared>) {
    drop(tcp.set_nodelay(true));
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(tcp)).await else {
        return;
    };
    // Whoever speaks another protocol than HTTP/2 is not served.
    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return;
    }
    let mut line = Line(Arc::new(Mutex::new(stream)));
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(MAX_STREAMS);
    let shaken = tokio::time::timeout(HANDSHAKE, builder.handshake(line.clone())).await;
    let Ok(Ok(mut http)) = shaken else {
        return;
    };
    let (ends, mut ended) = mpsc::channel::<End>(1);
    let end = loop {
        tokio::select! {
            taken = http.accept() => match taken {
                Some(Ok((request, respond))) => {
                    tokio::spawn(send::answer(shared.clone(), request, respond, ends.clone()));
                }
                Some(Err(_)) | None => return,
            },
            end = ended.recv() => break end,
            () = shared.stopped() => return,
        }
    };
    drop(http);
    if let Some(End::GoAway(last)) = end {
        drop(tokio::time::timeout(FAREWELL, line.farewell(last)).await);
    }
}

/// A connection with two users: HTTP/2 while it lasts, then whoever writes the last frame.
#[derive(Clone)]
struct Line(Arc<Mutex<TlsStream<TcpStream>>>);

impl Line {
    /// GOAWAY without an error (RFC 9113, 6.8), then the end.
    async fn farewell(&mut self, last: u32) -> io::Result<()> {
        let mut frame = vec![0, 0, 8, 7, 0, 0, 0, 0, 0];
        frame.extend_from_slice(&last.to_be_bytes());
        frame.extend_from_slice(&0_u32.to_be_bytes());
        self.write_all(&frame).await?;
        self.flush().await?;
        self.shutdown().await?;
        // What the client still writes is read, or the frame could be lost with a reset.
        let mut rest = [0; 4096];
        while self.read(&mut rest).await? > 0 {}
        Ok(())
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.0)).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *lock(&self.0)).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.0)).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.0)).poll_shutdown(context)
    }
}
