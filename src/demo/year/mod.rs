//! A believable last year, filled in behind the API's back.
//!
//! The city's associations stand at all levels, are led as the rules say, study, plan and promise, and are paid for.
//! Its villages deliberate and open member homes; large enterprises, markets and places where migrants gather get an
//! association with a home. Households are insured, visited and cared for, residents are offered what local households
//! are, and the home areas of some hear of them. On 29 May and 11 July campaigns are held and told of. In autumn the
//! grass-roots are rated, in winter the best are selected, counties say how their year was, and a veto stands. So the
//! year that is over can be assessed, and where it falls short (`faults`) the reason can be opened.
//!
//! Members are entered of one township alone (a whole city has half a million), households and residents of one village
//! of each county: elsewhere the figures of G4, G5 and H2 are nothing, and the tour says why.
//!
//! "Last year" is the one before the day on which the filling began, so it never goes stale. Every record is made by
//! the command that the API calls, by somebody of a staff that was hired before the year began (`staff`), at a moment
//! of that year: audit and feed tell of it in the order of the steps (`plan`).
//!
//! A step is one transaction with the note of how far the year came (`progress_store`), so that an interrupted filling
//! goes on where it stopped and a finished one is left alone. Between steps the others have their turn.

mod assessed;
mod associations;
mod campaigns;
pub mod faults;
mod governance;
mod homes;
mod households;
mod members;
mod money;
mod names;
mod plan;
mod progress_store;
mod ratings;
mod records;
mod residents;
mod scene;
mod selections;
mod sites;
mod staff;
mod studies;
mod world;

use actix_web::{HttpResponse, web};
use jiff::civil::Date;
use serde::Serialize;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::watch;

use self::plan::Step;
use self::progress_store::{self as store, Progress};
use self::scene::{Act, Scene, moment};
use self::staff::Staff;
use self::world::World;
use crate::db::{Day, DbConn, Micros};
use crate::error::{AppError, AppResult, Problem};
use crate::people::model::Purpose;
use crate::people::store::texts_in_force;
use crate::state::App;

/// How many people live in a village of the city, on average.
pub const PEOPLE: i64 = 4_500;
/// How often a step is tried that failed for no reason of its own.
const TRIES: u32 = 5;
/// How long a failed step rests.
const REST: Duration = Duration::from_secs(1);

/// How the filling stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Filling,
    Complete,
    /// It was asked to stop, and goes on at the next start.
    Interrupted,
    /// A step failed again and again; the next start tries it anew.
    Failed,
}

/// What is told of it.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    pub state: State,
    pub year: Option<i16>,
    pub done: usize,
    pub total: usize,
    /// Steps that were refused and left out.
    pub skipped: usize,
    /// What was refused last, or why it stopped.
    pub cause: Option<String>,
}

/// Where the filling tells how it stands.
#[derive(Debug, Clone)]
pub struct Board(Arc<RwLock<Standing>>);

impl Default for Board {
    fn default() -> Board {
        Board(Arc::new(RwLock::new(Standing {
            state: State::Filling,
            year: None,
            done: 0,
            total: 0,
            skipped: 0,
            cause: None,
        })))
    }
}

impl Board {
    pub fn read(&self) -> Standing {
        match self.0.read() {
            Ok(standing) => standing.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }

    fn tell(&self, change: impl FnOnce(&mut Standing)) {
        match self.0.write() {
            Ok(mut standing) => change(&mut standing),
            Err(poisoned) => change(&mut poisoned.into_inner()),
        }
    }

    fn came(&self, progress: &Progress) {
        self.tell(|standing| {
            standing.year = Some(progress.year);
            standing.done = progress.done;
            standing.total = progress.total;
            standing.skipped = progress.skipped;
        });
    }
}

/// `GET /demo/year`: how far the year came.
pub fn routes(board: Board) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static {
    move |config: &mut web::ServiceConfig| {
        config
            .app_data(web::Data::new(board.clone()))
            .route("/demo/year", web::get().to(standing));
    }
}

async fn standing(board: web::Data<Board>) -> HttpResponse {
    HttpResponse::Ok().json(board.read())
}

/// The year before this one.
pub fn last(app: &App) -> i16 {
    app.clock.now().china_day().year() - 1
}

/// The day from which on people are shown the texts that they agree to: before the year that is over, however late the
/// built-in ones come into force elsewhere.
pub fn texts_from(now: Micros) -> AppResult<Day> {
    hired(now.china_day().year() - 1)
}

/// The day on which the year's staff is hired.
fn hired(year: i16) -> AppResult<Day> {
    let day = Date::new(year - 1, 12, 1).map_err(AppError::internal)?;
    Ok(Day(day))
}

/// Fills the year until it is complete or `stop` turns true, and tells the board. It never fails: what goes wrong is
/// logged and told.
pub async fn fill(
    app: &web::Data<App>,
    people: i64,
    mut stop: watch::Receiver<bool>,
    board: &Board,
) -> Standing {
    let ended = match run(app, people, &mut stop, board).await {
        Ok(state) => state,
        Err(cause) => {
            tracing::error!(
                ?cause,
                "the demo's last year cannot be filled; the next start goes on"
            );
            board.tell(|standing| standing.cause = Some(in_words(&cause)));
            State::Failed
        }
    };
    board.tell(|standing| standing.state = ended);
    board.read()
}

/// Why it stopped, in words; the log has the rest.
fn in_words(cause: &AppError) -> String {
    match cause {
        AppError::Problem(refused) => refusal(refused),
        AppError::Db(_) | AppError::Internal(_) => cause.to_string(),
    }
}

/// What was refused, and what of it.
fn refusal(refused: &Problem) -> String {
    let mut said = vec![refused.code.title(false).to_owned()];
    let faults = refused.errors.iter();
    said.extend(faults.map(|e| format!("{}: {}", e.pointer, e.fault.title(false))));
    if let Some((state, _)) = &refused.state {
        said.push(format!("it stands at {state}"));
    }
    said.join("; ")
}

async fn run(
    app: &web::Data<App>,
    people: i64,
    stop: &mut watch::Receiver<bool>,
    board: &Board,
) -> AppResult<State> {
    let (scene, mut progress) = begin(app, people).await?;
    board.came(&progress);
    let scene = Arc::new(scene);
    let steps = plan::steps(&scene);
    if progress.total != steps.len() {
        return Err(AppError::internal("the year was begun by another program"));
    }
    for step in steps.iter().skip(progress.done) {
        if *stop.borrow() {
            return Ok(State::Interrupted);
        }
        let began = Instant::now();
        progress = patiently(app, &scene, step, progress, board).await?;
        board.came(&progress);
        let took = began.elapsed();
        tracing::debug!(
            done = progress.done,
            ?took,
            "a step of the demo's last year"
        );
        // Half of the time is the others'.
        tokio::select! {
            () = tokio::time::sleep(took) => {}
            _ = stop.changed() => {}
        }
    }
    Ok(State::Complete)
}

/// The scene of the year that was begun, or of last year with its staff.
async fn begin(app: &web::Data<App>, people: i64) -> AppResult<(Scene, Progress)> {
    let vault = app.vault.clone();
    let last = last(app);
    let (objection_days, now) = (app.config.objection_days, app.clock.now());
    let begun = move |c: &mut DbConn| {
        let known = store::find(c)?;
        let year = known.map_or(last, |progress| progress.year);
        let hired = hired(year)?;
        if !texts_in_force(c, hired)?
            .iter()
            .any(|text| text.purpose == Purpose::Membership)
        {
            return Err(AppError::internal(
                "this demo is older than its last year: `demo --reset` begins anew",
            ));
        }
        let hired = moment(hired.0, 9)?;
        let world = World::load(c)?;
        if known.is_none() {
            staff::hire(c, &vault, &world, hired)?;
        }
        let scene = Scene {
            vault: vault.clone(),
            staff: Staff::load(c, &world, hired)?,
            world,
            year,
            objection_days,
            begun: now,
            people,
        };
        let progress = match known {
            Some(progress) => progress,
            None => {
                let total = plan::steps(&scene).len();
                let new = Progress {
                    year,
                    done: 0,
                    total,
                    skipped: 0,
                };
                store::put(c, &new)?;
                new
            }
        };
        Ok((scene, progress))
    };
    app.db.write(begun).await
}

/// One step. What is refused is left out, for somebody made what stands in its way; what fails is tried again.
async fn patiently(
    app: &web::Data<App>,
    scene: &Arc<Scene>,
    step: &Step,
    before: Progress,
    board: &Board,
) -> AppResult<Progress> {
    let mut tries = 0;
    loop {
        let after = Progress {
            done: before.done + 1,
            ..before
        };
        let (doing, scene) = (step.clone(), scene.clone());
        let done = app.db.write(move |c| {
            doing.run(&mut Act { c, s: &scene })?;
            store::put(c, &after)
        });
        match done.await {
            Ok(()) => return Ok(after),
            Err(AppError::Problem(refused)) if refused.code.status() < 500 => {
                tracing::warn!(
                    step = before.done,
                    ?refused,
                    "a step of the demo's last year was refused and is left out"
                );
                let after = Progress {
                    skipped: before.skipped + 1,
                    ..after
                };
                let nth = after.done;
                let cause = format!("step {nth} was left out: {}", refusal(&refused));
                board.tell(|standing| standing.cause = Some(cause));
                app.db.write(move |c| store::put(c, &after)).await?;
                return Ok(after);
            }
            Err(cause) if tries < TRIES => {
                tracing::warn!(
                    step = before.done,
                    ?cause,
                    "a step of the demo's last year is tried again"
                );
                tries += 1;
                tokio::time::sleep(REST).await;
            }
            Err(cause) => return Err(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Fault};

    #[test]
    fn a_cause_is_told_in_words() {
        for (cause, words) in [
            (
                AppError::field("/booked_on", Fault::InTheFuture),
                "Content not valid; /booked_on: In the future",
            ),
            (
                AppError::state_forbids("dissolved", [""; 0]),
                "Not in this state; it stands at dissolved",
            ),
            (AppError::of(Code::Overdrawn), "Not as much is there"),
            (
                AppError::Db(diesel::result::Error::NotFound),
                "the database failed",
            ),
            (AppError::internal("begun elsewhere"), "begun elsewhere"),
        ] {
            assert_eq!(in_words(&cause), words);
        }
    }
}
