//! A network as there is one in the villages: requests are lost, or their answers; they come twice, or late
//! and after others; connections break in the middle. All by the seed.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web;

use crate::dice::Dice;
use crate::phone::{Answer, Http, Method, NoAnswer, Request, Sending, Transport};
use crate::story::Story;
use crate::support::feed_reader::waiting;
use crate::support::*;
use qianshou::jobs::sequencer;
use qianshou::state::App;
use qianshou::sync::resting::{settle, store};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request does not arrive.
    Dropped,
    /// The request arrives, and its answer does not.
    ReplyLost,
    /// The request arrives twice.
    Repeated,
    /// The request arrives some time later, after others.
    Delayed,
    /// The connection breaks when half of the request was sent.
    CutRequest,
    /// The connection breaks when the answer has begun to come.
    CutAnswer,
}

impl Fault {
    pub const ALL: [Fault; 6] = [
        Fault::Dropped,
        Fault::ReplyLost,
        Fault::Repeated,
        Fault::Delayed,
        Fault::CutRequest,
        Fault::CutAnswer,
    ];
    pub fn word(self) -> &'static str {
        match self {
            Fault::Dropped => "dropped",
            Fault::ReplyLost => "reply lost",
            Fault::Repeated => "repeated",
            Fault::Delayed => "delayed",
            Fault::CutRequest => "cut in the request",
            Fault::CutAnswer => "cut in the answer",
        }
    }
}

/// How often each happens, in a hundred requests.
const FAULTS: &[(usize, Option<Fault>)] = &[
    (60, None),
    (7, Some(Fault::Dropped)),
    (9, Some(Fault::ReplyLost)),
    (9, Some(Fault::Repeated)),
    (7, Some(Fault::Delayed)),
    (4, Some(Fault::CutRequest)),
    (4, Some(Fault::CutAnswer)),
];

pub struct Network {
    http: Http,
    app: web::Data<App>,
    /// Host and port.
    address: String,
    story: Story,
    now: Mutex<Now>,
}

struct Now {
    dice: Dice,
    whole: bool,
    /// Requests that are still on their way, and whose.
    late: Vec<(String, Request)>,
    faults: BTreeMap<&'static str, u64>,
    /// Answers that no server may give.
    broken: Vec<String>,
}

impl Network {
    pub fn new(app: &TestApp, seed: u64, story: &Story) -> Arc<Network> {
        Arc::new(Network {
            http: Http::new(&app.url).unwrap(),
            app: app.data.clone(),
            address: app.url.trim_start_matches("http://").to_owned(),
            story: story.clone(),
            now: Mutex::new(Now {
                dice: Dice::new(seed, 1),
                whole: true,
                late: Vec::new(),
                faults: BTreeMap::new(),
                broken: Vec::new(),
            }),
        })
    }

    /// The line of one phone.
    pub fn line(self: &Arc<Network>, name: &str) -> Arc<Line> {
        Arc::new(Line {
            network: self.clone(),
            name: name.to_owned(),
        })
    }

    /// From now on everything arrives, or not everything.
    pub fn set_whole(&self, whole: bool) {
        self.now.lock().unwrap().whole = whole;
    }

    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.now.lock().unwrap().faults.clone()
    }

    pub fn broken(&self) -> Vec<String> {
        self.now.lock().unwrap().broken.clone()
    }

    /// One of the late requests arrives now, whichever; answers whether there was one.
    pub async fn arrives(&self) -> bool {
        let (whose, request) = {
            let mut now = self.now.lock().unwrap();
            if now.late.is_empty() {
                return false;
            }
            let count = now.late.len();
            let which = now.dice.below(count);
            now.late.remove(which)
        };
        let answered = self.deliver(&request).await;
        let told = answered.map_or_else(|e| e.to_string(), |a| a.status.to_string());
        let line = format!("{whose}: late, {} arrives → {told}", call(&request));
        self.story.tell(line);
        true
    }

    async fn carry(&self, whose: &str, request: &Request) -> Result<Answer, NoAnswer> {
        let fault = {
            let mut now = self.now.lock().unwrap();
            let drawn = match now.whole {
                true => None,
                false => now.dice.weighed(FAULTS),
            };
            // What has no body cannot break off within it.
            let fault = drawn.map(|fault| match (fault, &request.body) {
                (Fault::CutRequest, None) => Fault::CutAnswer,
                (fault, _) => fault,
            });
            if let Some(fault) = fault {
                *now.faults.entry(fault.word()).or_default() += 1;
            }
            fault
        };
        let Some(fault) = fault else {
            return self.deliver(request).await;
        };
        self.story
            .tell(format!("{whose}: {} is {}", call(request), fault.word()));
        match fault {
            Fault::Dropped => {}
            Fault::ReplyLost => drop(self.deliver(request).await?),
            Fault::Repeated => {
                let first = self.deliver(request).await?;
                let second = self.deliver(request).await?;
                // Either may be the one that comes back.
                let first_comes = self.now.lock().unwrap().dice.once_in(2);
                return Ok(if first_comes { first } else { second });
            }
            Fault::Delayed => {
                let late = (whose.to_owned(), request.clone());
                self.now.lock().unwrap().late.push(late);
            }
            Fault::CutRequest | Fault::CutAnswer => {
                self.cut(request, fault == Fault::CutAnswer);
                self.settle_after(request).await;
            }
        }
        Err(NoAnswer(fault.word().to_owned()))
    }

    async fn deliver(&self, request: &Request) -> Result<Answer, NoAnswer> {
        let answered = self.http.send(request).await;
        let fault = match &answered {
            Ok(answer) if answer.status >= 500 && answer.status != 503 => {
                Some(String::from_utf8_lossy(&answer.body).into_owned())
            }
            Err(e) => Some(e.to_string()),
            Ok(_) => None,
        };
        if let Some(fault) = fault {
            let line = format!("{} is answered {fault}", call(request));
            self.now.lock().unwrap().broken.push(line);
        }
        self.settle_after(request).await;
        answered
    }

    async fn settle_after(&self, request: &Request) {
        if request.path.starts_with("/v1/sync/push") {
            settle(&self.app).await;
        }
    }

    /// Speaks HTTP by hand, and hangs up.
    fn cut(&self, request: &Request, in_the_answer: bool) {
        let body = request.body.as_deref().unwrap_or_default();
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        let token = request.token.as_deref().unwrap_or_default();
        let mut sent = format!(
            "{method} {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            request.path,
            self.address,
            body.len()
        )
        .into_bytes();
        let some = if in_the_answer {
            body
        } else {
            &body[..body.len() / 2]
        };
        sent.extend_from_slice(some);
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream.write_all(&sent).unwrap();
        if in_the_answer {
            // Once it answers it has done what it was asked.
            stream.read_exact(&mut [0; 12]).unwrap();
        }
    }
}

/// Lets the server's own jobs do what follows from a request, so that what happens next does not depend on
/// when they come round: rows of the feed get their positions, held work is tried.
pub async fn settle(app: &web::Data<App>) {
    loop {
        number(app).await;
        let now = app.clock.now();
        let due = app.db.read(move |c| store::to_try(c, now, 1));
        if due.await.unwrap().is_empty() {
            return;
        }
        settle::try_held(app).await.unwrap();
    }
}

async fn number(app: &web::Data<App>) {
    if app.db.is_sqlite() {
        return;
    }
    for _ in 0..1000 {
        let now = app.clock.now();
        let numbered = app.db.write(move |c| {
            sequencer::run(c, now)?;
            Ok(waiting(c))
        });
        if numbered.await.unwrap() == 0 {
            return;
        }
    }
    panic!("rows without a position");
}

fn call(request: &Request) -> String {
    let path = request.path.split('?').next().unwrap_or_default();
    let body = request.body.as_deref().unwrap_or_default();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match body["operations"].as_array() {
        Some(operations) => format!("{path} of {}", operations.len()),
        None => path.to_owned(),
    }
}

/// What a phone sees of the network.
pub struct Line {
    network: Arc<Network>,
    name: String,
}

impl Transport for Line {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a> {
        Box::pin(self.network.carry(&self.name, request))
    }
}
