//! A wire that is cut in the middle of answers: it stands between the server and a gateway.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub struct Cutter {
    pub url: String,
    answers: Arc<AtomicU64>,
    cut: Arc<AtomicU64>,
}

impl Cutter {
    /// Cuts every `nth` answer of the gateway at this address, so often at the most: by turns within the head and
    /// shortly before the end.
    pub async fn before(url: &str, nth: u64, times: u64) -> Cutter {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cutter = Cutter {
            url: format!("http://{}", listener.local_addr().unwrap()),
            answers: Arc::default(),
            cut: Arc::default(),
        };
        let upstream = url.trim_start_matches("http://").to_owned();
        let (answers, cut) = (cutter.answers.clone(), cutter.cut.clone());
        actix_web::rt::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let gateway = TcpStream::connect(&upstream).await.unwrap();
                let (answers, cut) = (answers.clone(), cut.clone());
                let cuts = move |bytes: &[u8]| {
                    let nth_one = answers.fetch_add(1, Ordering::Relaxed) % nth == nth - 1;
                    if !nth_one || cut.load(Ordering::Relaxed) >= times {
                        return None;
                    }
                    let even = cut.fetch_add(1, Ordering::Relaxed) % 2 == 0;
                    Some(if even {
                        bytes.len() / 3
                    } else {
                        bytes.len() - 4
                    })
                };
                actix_web::rt::spawn(wire(client, gateway, cuts));
            }
        });
        cutter
    }

    /// How many answers were cut so far.
    pub fn cut(&self) -> u64 {
        self.cut.load(Ordering::Relaxed)
    }
}

/// Carries bytes both ways, until one side ends or an answer is cut. An answer of the gateway is one write.
async fn wire(
    mut client: TcpStream,
    mut gateway: TcpStream,
    cuts: impl Fn(&[u8]) -> Option<usize>,
) {
    let (mut asked, mut answered) = ([0; 16 * 1024], [0; 16 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => match read {
                Ok(n) if n > 0 => if gateway.write_all(&asked[..n]).await.is_err() { return },
                _ => return,
            },
            read = gateway.read(&mut answered) => match read {
                Ok(n) if n > 0 => {
                    let cut = cuts(&answered[..n]);
                    let whole = client.write_all(&answered[..cut.unwrap_or(n)]).await;
                    if cut.is_some() || whole.is_err() { return }
                }
                _ => return,
            },
        }
    }
}
