//! Push: what waits goes to the server, and each result back to its operation.

use super::account::{from_json, to_json};
use super::error::{Error, Result};
use super::merge;
use super::store::operations::{self, Operation};
use super::store::{Db, Id, Json, Record, State, book, meta, records};
use super::transport::Method;
use super::wire::{self, OperationResult, Outcome, Problem};
use super::{Moment, Phone};

/// Room for what is not an operation, and around each one, in a request.
pub const ENVELOPE: usize = 1024;

/// What became of an operation.
#[derive(Debug, Clone)]
pub struct Settled {
    pub operation: Operation,
    /// The server had seen it before: `result` is what became of it then or since.
    pub duplicate: bool,
    pub result: OperationResult,
}

impl Phone {
    /// Sends what waits, oldest first, one request after the other until nothing waits.
    pub async fn push(&mut self) -> Result<Vec<Settled>> {
        let mut settled = Vec::new();
        loop {
            let request = self.next_request()?;
            if request.is_empty() {
                return Ok(settled);
            }
            match self.send(&request).await {
                Ok(answer) => settled.extend(self.take_results(request, answer)?),
                Err(Error::Refused(problem)) => {
                    settled.extend(self.take_apart(request, *problem)?);
                }
                // Everything stays marked as sent, and goes again as it was.
                Err(e) => return Err(e),
            }
        }
    }

    /// The operations of the next request, marked as sent. A request that was not answered is repeated as it
    /// was: the server may have done it, and takes the operations of one request together.
    fn next_request(&mut self) -> Result<Vec<Operation>> {
        let asked_before = self.server_now()?.plus(-Moment::HOUR);
        let (most, bytes) = (self.settings.push_operations, self.settings.push_bytes);
        self.db.immediate_transaction(|c| {
            let unanswered = operations::in_states(c, &[State::Sent])?;
            if !unanswered.is_empty() {
                return Ok(unanswered);
            }
            let mut request = operations::due(c, asked_before, most as i64)?;
            let mut size = ENVELOPE;
            let fits = request.iter().take_while(|o| {
                size += to_json(&o.to_wire()).map_or(0, |json| json.len() + 1);
                size <= bytes
            });
            // One at least, or nothing would ever go.
            let fits = fits.count().max(1);
            request.truncate(fits);
            operations::mark_sent(c, &request)?;
            Ok(request)
        })
    }

    async fn send(&mut self, request: &[Operation]) -> Result<wire::PushAnswer> {
        let body = wire::PushRequest {
            sent_at: self.clock.now(),
            backlog: operations::count(&mut self.db, State::Waiting)?,
            app_version: self.settings.app_version.clone(),
            operations: request.iter().map(Operation::to_wire).collect(),
        };
        let body = to_json(&body)?;
        let answer: wire::PushAnswer =
            from_json(&self.call(Method::Post, "/v1/sync/push", Some(body)).await?)?;
        let in_order = answer.results.len() == request.len()
            && answer.results.iter().zip(request).all(|(result, sent)| {
                // A server that does not repeat the ids is taken at its word.
                result.op_id.is_none_or(|id| id == sent.op_id)
            });
        if !in_order {
            let what = "results that are not those of the operations, in their order";
            return Err(Error::NotAsPromised(what.into()));
        }
        Ok(answer)
    }

    /// Stores all results of a request at once: after a crash it is repeated as a whole, which is safe.
    fn take_results(
        &mut self,
        request: Vec<Operation>,
        answer: wire::PushAnswer,
    ) -> Result<Vec<Settled>> {
        let now = self.clock.now();
        if let Some(server) = answer.server_time {
            Phone::note_server_time(&mut self.db, server, now)?;
        }
        let answered_at = self.server_now()?;
        let kinds = self.settings.kinds.clone();
        let device = self.device_id()?;
        self.db.immediate_transaction(|c| {
            let mut settled = Vec::with_capacity(request.len());
            for (operation, result) in request.into_iter().zip(answer.results) {
                let duplicate = result.outcome == Outcome::Duplicate;
                let result = result.settled();
                if let Some(at) = result.arrived_at {
                    book::note(c, operation.op_id, device, at)?;
                }
                take_result(c, &operation, &result, now, answered_at)?;
                settled.push(Settled {
                    operation,
                    duplicate,
                    result,
                });
            }
            // Of kinds that are made here and never pulled, nothing would tell what becomes of them.
            records::drop_other_kinds(c, &kinds)?;
            Ok(settled)
        })
    }

    /// A request was refused as a whole, and nothing of it was done. So that one operation does not block all
    /// others for ever: too large a request is sent in halves, and an operation that is named as the fault is
    /// put aside like any that is rejected. What is left is an error for a person to look at.
    fn take_apart(&mut self, request: Vec<Operation>, problem: Problem) -> Result<Vec<Settled>> {
        let at_fault = |n: usize| {
            let pointer = format!("/operations/{n}");
            let below = format!("{pointer}/");
            let named = |p: &str| p == pointer || p.starts_with(&below);
            problem.errors.iter().any(|e| named(&e.pointer))
                || (problem.status == 413 && request.len() == 1)
        };
        let (faulty, sound): (Vec<_>, Vec<_>) = request
            .iter()
            .cloned()
            .enumerate()
            .partition(|(n, _)| at_fault(*n));
        let put_back = match (faulty.is_empty(), problem.status) {
            (false, _) => &sound[..],
            (true, 413) => &sound[sound.len() / 2..],
            _ => return Err(Error::Refused(Box::new(problem))),
        };
        let rejected = OperationResult {
            problem: Some(problem),
            ..OperationResult::of(Outcome::Rejected)
        };
        let (now, answered_at) = (self.clock.now(), self.server_now()?);
        self.db.immediate_transaction(|c| {
            for (_, operation) in put_back {
                operations::set_state(c, operation.op_id, state_before(operation))?;
            }
            let mut settled = Vec::with_capacity(faulty.len());
            for (_, operation) in faulty {
                take_result(c, &operation, &rejected, now, answered_at)?;
                settled.push(Settled {
                    operation,
                    duplicate: false,
                    result: rejected.clone(),
                });
            }
            Ok(settled)
        })
    }
}

/// Where an operation was before it was sent: what the last answer says, if there was one.
fn state_before(operation: &Operation) -> State {
    match operation.result.as_ref().map(|result| result.0.outcome) {
        Some(Outcome::Held | Outcome::Unknown) => State::Held,
        Some(Outcome::Quarantined) => State::Quarantined,
        _ => State::Waiting,
    }
}

fn take_result(
    c: &mut Db,
    operation: &Operation,
    result: &OperationResult,
    now: Moment,
    answered_at: Moment,
) -> Result<()> {
    let state = match result.outcome {
        Outcome::Applied | Outcome::Merged => State::Acknowledged,
        Outcome::Conflict => State::Conflict,
        Outcome::Rejected => State::Rejected,
        Outcome::Quarantined => State::Quarantined,
        // What an older app does not understand is kept and asked about again, too.
        Outcome::Held | Outcome::Duplicate | Outcome::Unknown => State::Held,
    };
    if matches!(state, State::Acknowledged | State::Conflict) {
        take_record(c, operation, result, now)?;
        raise_later(c, operation, result)?;
    }
    // The record stands in its own table.
    let result = OperationResult {
        record: None,
        ..result.clone()
    };
    operations::settle(c, operation.seq, state, result, answered_at)
}

/// The server's record is what counts now. Without one, the next pull says what became of it.
fn take_record(
    c: &mut Db,
    operation: &Operation,
    result: &OperationResult,
    now: Moment,
) -> Result<()> {
    let (Some(version), Some(body)) = (result.version, &result.record) else {
        return Ok(());
    };
    let era = meta::era(c)?;
    // It was merged into another one, which the next pull would say as well: that one is held from now on.
    let id = result.merged_into.unwrap_or(operation.record_id);
    if id != operation.record_id {
        records::drop_one(c, &operation.kind, operation.record_id)?;
    }
    let known = records::find(c, &operation.kind, id)?;
    if known
        .as_ref()
        .is_some_and(|known| known.era == era && known.version > version)
    {
        return Ok(());
    }
    let view = body.get("view").and_then(|view| view.as_str());
    let (old_view, areas, brought) = known.map_or_else(
        || ("full".to_owned(), Json(Vec::<Id>::new()), 0),
        |known| (known.view, known.areas, known.brought),
    );
    records::put(
        c,
        &Record {
            kind: operation.kind.clone(),
            id,
            version,
            view: view.map_or(old_view, str::to_owned),
            // Which areas it lies in comes with the next pull, which brings the phone's own changes as well.
            areas,
            body: Json(body.clone()),
            pulled_at: now,
            era,
            brought,
        },
    )
}

/// Moves up what later updates of the record start from. Those that were sent are as they were sent.
fn raise_later(c: &mut Db, earlier: &Operation, result: &OperationResult) -> Result<()> {
    // What is to be done to a merged record starts from nothing that this phone has: the server does it to the
    // kept one as that is then.
    if result.merged_into.is_some() {
        return Ok(());
    }
    for later in operations::open_of(c, &earlier.kind, Some(earlier.record_id))? {
        if later.seq > earlier.seq
            && later.state == State::Waiting
            && !later.ever_sent
            && let Some((version, before)) = merge::raised(earlier, result, &later)
        {
            operations::set_base(c, later.seq, version, before)?;
        }
    }
    Ok(())
}
