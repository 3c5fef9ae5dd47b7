//! Freezing a year: its books are closed, then it is counted, then signed, then kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::document::{
    FactsDigest, FrozenFact, SheetDigest, SnapshotDocument, canonical, digest_of, read,
    signed_bytes,
};
use super::model::{FactsRow, FreezeReason, SheetRow, SnapshotRow};
use super::store;
use crate::areas::changes_store::lock_areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::assessment::above::set_from_above;
use crate::assessment::api::area;
use crate::assessment::cases::model::CaseState;
use crate::assessment::reckon::{self, Reckoned};
use crate::assessment::scheme::store as schemes;
use crate::assessment::sources::store::{self as rows, FactRow, Looks, Wanted};
use crate::assessment::sources::{self, Hides, Source, SourceBasis};
use crate::assessment::span::Span;
use crate::assessment::vetoes::store as vetoes;
use crate::assessment::view::{AreaResult, cases_of, show};
use crate::associations::model::AssociationRow;
use crate::associations::store as associations;
use crate::audit::{self, Entry};
use crate::auth::{Action, Who};
use crate::crypto::{OfficeKeys, Vault};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::funds::years;
use crate::http::page::Page;
use crate::http::text::{AreaCode, SourceName};

/// The area whose year the caller may freeze: from above, so that nobody ends their own year before it was looked at.
fn frozen_by(c: &mut DbConn, who: &Who, code: &str) -> AppResult<AreaRow> {
    let area = area(c, who, Action::AssessmentFreeze, code)?;
    set_from_above(who, Action::AssessmentFreeze, &area)?;
    Ok(area)
}

/// Refuses a year that runs, one of which a wider area's holds the sheet, and a reason that does not fit what was frozen
/// before; answers that.
fn before(
    c: &mut DbConn,
    who: &Who,
    area: &AreaRow,
    span: Span,
    because: FreezeReason,
) -> AppResult<Option<SnapshotRow>> {
    if !span.is_over(who.at.china_day()) {
        return Err(AppError::of(Code::YearRuns));
    }
    if store::is_held(c, area.id, span.year)? {
        return Err(AppError::of(Code::FrozenWider));
    }
    let last = store::newest(c, area.id, span.year)?;
    // The first is that of the year's end; those after it correct something.
    if last.is_some() == (because == FreezeReason::YearEnd) {
        return Err(AppError::field("/because", Fault::NotFitting));
    }
    Ok(last)
}

/// Closes the year's books of every association in the area, of whatever kind, dissolved ones too: before anything is
/// counted, so that what is counted cannot change behind it. They stay closed, even where nothing is frozen then. Refused
/// where no association was there to be assessed.
pub fn close(
    c: &mut DbConn,
    who: &Who,
    code: &str,
    span: Span,
    because: FreezeReason,
) -> AppResult<()> {
    let area = frozen_by(c, who, code)?;
    before(c, who, &area, span, because)?;
    let all = associations::all_within_locked(c, &area)?;
    let all = (all.into_iter())
        .map(|row| who.authorise(Action::AssessmentFreeze, Some(row)))
        .collect::<AppResult<Vec<_>>>()?;
    if !all.iter().any(|one| is_assessed(one, span)) {
        return Err(AppError::of(Code::NoAssociation));
    }
    let closed = years::freeze_all(c, &all, span.year, who.account(), who.at)?;
    if closed == 0 {
        return Ok(());
    }
    let entry = Entry::new(Action::AssessmentFreeze, "fund_year", area.id, area.place());
    let facts = serde_json::json!({ "what": "closed" });
    audit::record(c, who, entry.of(Some(area.id)).with(&facts))
}

/// Whether it was an area's association on the day for which everything is counted.
fn is_assessed(one: &AssociationRow, span: Span) -> bool {
    let is_no_more = one.dissolved_on.is_some_and(|day| day <= span.last);
    one.kind.has_an_area() && one.founded_on <= span.last && !is_no_more
}

/// What is to be frozen, as it was counted.
#[derive(Debug, Clone)]
pub struct Prepared {
    area: AreaRow,
    document: SnapshotDocument,
    sheets: Vec<(AreaRow, String)>,
    facts: Vec<(SourceName, String)>,
}

/// Counts the year of an area; refused while it runs, and where nothing would change.
pub fn prepare(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    code: &str,
    span: Span,
    because: FreezeReason,
) -> AppResult<Prepared> {
    let area = frozen_by(c, who, code)?;
    let last = before(c, who, &area, span, because)?;
    let reckoned = reckon::reckon(c, vault, &area, span)?;
    let within: Vec<&AreaRow> = (reckoned.areas.iter())
        .filter(|part| part.chain().any(|id| id == area.id))
        .collect();
    let cases = cases_of(c, &reckoned, within.iter().copied())?;
    let undecided = cases
        .values()
        .filter(|case| case.state != CaseState::Decided);
    let open_cases = count(undecided.count())?;
    let own = within.iter().filter_map(|part| reckoned.association(part));
    let open_appeals = vetoes::open_appeals(c, own.map(|own| own.id).collect(), span.year)?;
    // What was no more on the last day has no sheet, whoever holds its code now.
    let living = |part: &AreaRow| part.abolished_on.is_none_or(|day| day > span.last);
    let mut sheets = Vec::new();
    let mut digests = Vec::new();
    for part in within {
        let is_listed = part.level != AreaLevel::Village || part.id == area.id;
        // The cities of a municipality directly under the central government are none.
        let is_none = part.level == AreaLevel::City && reckon::widest(part).id != part.id;
        if !(is_listed && living(part)) || is_none {
            continue;
        }
        let result: AreaResult = show(&reckoned, &cases, part)?;
        let text = canonical(&result)?;
        digests.push(SheetDigest {
            area_id: part.id,
            area: result.area,
            digest: digest_of(&text),
        });
        sheets.push((part.clone(), text));
    }
    if !digests.iter().any(|sheet| sheet.area_id == area.id) {
        return Err(AppError::not_found());
    }
    digests.sort_by(|a, b| (&a.area, a.area_id).cmp(&(&b.area, b.area_id)));
    let (facts, listed) = facts(c, &reckoned, &area, &digests)?;
    let document = SnapshotDocument {
        format: 1,
        snapshot_id: Uid::new(who.at),
        year: span.year,
        revision: last.as_ref().map_or(1, |row| row.revision + 1),
        because,
        previous: last.as_ref().map(|row| digest_of(&row.document)),
        frozen_by: who.user,
        frozen_at: who.at,
        area_id: area.id,
        area: AreaCode::stored(area.code.as_str())?,
        as_of: span.last,
        scheme_id: reckoned.scheme_id,
        scheme: reckoned.scheme,
        open_cases,
        open_appeals,
        sheets: digests,
        facts: listed,
    };
    if let Some(row) = last {
        let before: SnapshotDocument = read(&row.document)?;
        if before.sheets == document.sheets && before.facts == document.facts {
            return Err(AppError::of(Code::NothingChanged));
        }
    }
    Ok(Prepared {
        area,
        document,
        sheets,
        facts,
    })
}

fn count(n: usize) -> AppResult<i64> {
    i64::try_from(n).map_err(AppError::internal)
}

/// Rows of a source that are asked for at once.
const AT_ONCE: i64 = 20_000;

/// The rows of a source in the area, newest first.
fn rows_of(c: &mut DbConn, source: &Source, area: &AreaRow, span: Span) -> AppResult<Vec<FactRow>> {
    let mut all: Vec<FactRow> = Vec::new();
    let wanted = Wanted {
        looks: Looks::Within,
        lacking: false,
    };
    loop {
        let page = Page {
            limit: AT_ONCE,
            after: all.last().map(|row| row.id),
        };
        let mut some = rows::page(c, source, area, wanted, span, page)?;
        let more = count(some.len())? > AT_ONCE;
        if more {
            some.pop();
        }
        all.append(&mut some);
        if !more {
            return Ok(all);
        }
    }
}

type Facts = (Vec<(SourceName, String)>, Vec<FactsDigest>);

/// The facts behind every source that does not count people: those behind the sheets that are kept.
fn facts(
    c: &mut DbConn,
    reckoned: &Reckoned,
    area: &AreaRow,
    sheets: &[SheetDigest],
) -> AppResult<Facts> {
    let kept: std::collections::HashSet<Uid> = sheets.iter().map(|sheet| sheet.area_id).collect();
    let (mut texts, mut digests) = (Vec::new(), Vec::new());
    for source in reckoned
        .scheme
        .sources()
        .into_iter()
        .filter_map(sources::named)
    {
        if source.hides != Hides::Nothing {
            continue;
        }
        let mut found = Vec::new();
        for row in rows_of(c, source, area, reckoned.span)? {
            let at = reckoned.areas.get(row.area_id);
            if source.basis == SourceBasis::Own && !kept.contains(&row.area_id) {
                continue;
            }
            found.push(FrozenFact {
                kind: row.kind.parse().map_err(AppError::internal)?,
                id: row.id,
                area_id: row.area_id,
                area: at.map(|at| at.code.clone()).unwrap_or_default(),
                county: at.and_then(|at| at.county),
                town: at.and_then(|at| at.town),
                label: row.label,
                on: row.on_day,
                n: row.n,
                of: row.of_n,
            });
        }
        let name = SourceName::parse(source.name)
            .map_err(|_| AppError::internal("a source has no name"))?;
        let text = canonical(&found)?;
        digests.push(FactsDigest {
            source: name.clone(),
            basis: source.basis,
            rows: count(found.len())?,
            digest: digest_of(&text),
        });
        texts.push((name, text));
    }
    Ok((texts, digests))
}

/// The prepared document with its signature.
#[derive(Debug, Clone)]
pub struct Signed {
    area: AreaRow,
    scheme_id: Option<Uid>,
    row: SnapshotRow,
    sheets: Vec<SheetRow>,
    facts: Vec<FactsRow>,
}

/// Signs what was counted; for a thread that may wait.
pub fn sign(prepared: Prepared, keys: &OfficeKeys) -> AppResult<Signed> {
    let Prepared {
        area,
        document,
        sheets,
        facts,
    } = prepared;
    let text = canonical(&document)?;
    let signature = keys
        .sign(&signed_bytes(&text))
        .map_err(AppError::internal)?;
    let place = area.place();
    let row = SnapshotRow {
        id: document.snapshot_id,
        area_id: area.id,
        county: place.county,
        town: place.town,
        village: place.village,
        year: document.year,
        revision: document.revision,
        because: document.because,
        digest: digest_of(&text),
        document: text,
        signature: URL_SAFE_NO_PAD.encode(signature),
        signed_with: URL_SAFE_NO_PAD.encode(keys.card().signing),
        signer: keys.card().fingerprint(),
        frozen_by: document.frozen_by,
        frozen_at: document.frozen_at,
    };
    let sheet = |(part, result): (AreaRow, String)| SheetRow {
        snapshot_id: row.id,
        area_id: part.id,
        county: part.county,
        town: part.town,
        village: part.village,
        year: row.year,
        result,
    };
    let behind = |(source, facts): (SourceName, String)| FactsRow {
        snapshot_id: row.id,
        source: source.into_string(),
        facts,
    };
    Ok(Signed {
        area,
        scheme_id: document.scheme_id,
        sheets: sheets.into_iter().map(sheet).collect(),
        facts: facts.into_iter().map(behind).collect(),
        row,
    })
}

/// Stores it, unless somebody froze the year, or that of a wider area, or put another scheme in force meanwhile.
pub fn freeze(c: &mut DbConn, who: &Who, signed: &Signed) -> AppResult<Uid> {
    let area = frozen_by(c, who, &signed.area.code)?;
    let row = &signed.row;
    // Whoever freezes a year around it, or in it, waits.
    lock_areas(c, &[reckon::widest(&area).id])?;
    if store::is_held(c, row.area_id, row.year)? {
        return Err(AppError::of(Code::FrozenWider));
    }
    let last = store::newest(c, row.area_id, row.year)?;
    let scheme = schemes::in_force(c, row.year)?.map(|scheme| scheme.id);
    if last.map_or(1, |last| last.revision + 1) != row.revision || scheme != signed.scheme_id {
        return Err(AppError::of(Code::VersionConflict));
    }
    store::insert(c, row, &signed.sheets, &signed.facts)?;
    let entry = Entry::new(Action::AssessmentFreeze, KIND, row.id, signed.area.place());
    let facts = serde_json::json!({ "record": row.area_id, "file_sha256": row.digest });
    let entry = entry.of(Some(row.area_id)).with(&facts);
    audit::record(c, who, entry.because(row.because.as_str()))?;
    Ok(row.id)
}

/// The word of a frozen year in the audit.
pub const KIND: &str = "assessment_snapshot";
