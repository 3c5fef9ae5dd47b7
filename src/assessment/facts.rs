//! The facts behind a figure.

use serde::Serialize;
use utoipa::ToSchema;

use super::reckon;
use super::sources::store::{self, FactRow, Looks, Wanted};
use super::sources::tally::{Areas, Figure, Figures};
use super::sources::{self, FactKind, Hides, Source, SourceBasis};
use super::span::Span;
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::page::Page;
use crate::http::text::{AreaCode, Label, WebPath};
use crate::page_of;
use crate::statistics::query::{level, refused};

/// One fact that a figure was counted from: a unit, or something that it did.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentFact {
    pub kind: FactKind,
    pub id: Uid,
    pub area: AreaCode,
    #[schema(value_type = Option<Label>, example = "建设街道计划生育协会")]
    pub label: Option<String>,
    pub on: Option<Day>,
    /// What it adds to the number; null where that is hidden, or was not recorded.
    #[schema(minimum = -9_000_000_000_000_000i64, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub n: Option<i64>,
    /// What it adds to that which the number is a share of; null where that is hidden, or was not recorded.
    #[schema(minimum = -9_000_000_000_000_000i64, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub of: Option<i64>,
    /// Where it is read.
    pub link: WebPath,
}

page_of! {
    /// A page of the facts behind a figure.
    AssessmentFactPage of AssessmentFact
}

/// The source, if the year's scheme asks it for this indicator.
pub fn source_of(
    c: &mut DbConn,
    span: Span,
    indicator: &str,
    source: Option<&str>,
) -> AppResult<&'static Source> {
    let (_, scheme) = reckon::scheme_of(c, span.year)?;
    let found = scheme
        .indicator(indicator)
        .ok_or_else(AppError::not_found)?;
    let mut names = (found.formula.sources.0.iter()).map(|clause| clause.source.as_str());
    let name = match source {
        Some(asked) => names
            .find(|name| *name == asked)
            .ok_or_else(|| refused("/source", Fault::NotOneOf))?,
        None => names.next().ok_or_else(AppError::not_found)?,
    };
    sources::named(name).ok_or_else(AppError::not_found)
}

/// A fact with the code of its area; hidden figures are none.
pub struct Found {
    pub id: Uid,
    pub kind: FactKind,
    pub area: String,
    pub label: Option<String>,
    pub on: Option<Day>,
    pub n: Option<i64>,
    pub of: Option<i64>,
}

pub fn of(
    c: &mut DbConn,
    vault: &Vault,
    source: &Source,
    area: &AreaRow,
    span: Span,
    lacking: bool,
    page: Page,
) -> AppResult<Vec<Found>> {
    if source.hides != Hides::Nothing {
        if lacking {
            return Err(refused("/lacking", Fault::NotFitting));
        }
        return parts(c, vault, source, area, span, page);
    }
    let looks = match source.basis {
        SourceBasis::Own => Looks::Alone,
        SourceBasis::Within => Looks::Within,
    };
    let wanted = Wanted { looks, lacking };
    let rows = store::page(c, source, area, wanted, span, page)?;
    let codes = areas::store::codes_of(c, rows.iter().map(|row| row.area_id).collect())?;
    let found = |row: FactRow| {
        Ok(Found {
            id: row.id,
            area: codes.get(&row.area_id).cloned().unwrap_or_default(),
            kind: row.kind.parse().map_err(AppError::internal)?,
            label: row.label,
            on: row.on_day,
            n: row.n,
            of: row.of_n,
        })
    };
    rows.into_iter().map(found).collect()
}

/// Of people: what stands at the area itself, then the areas next below, in the order of their codes.
fn parts(
    c: &mut DbConn,
    vault: &Vault,
    source: &Source,
    area: &AreaRow,
    span: Span,
    page: Page,
) -> AppResult<Vec<Found>> {
    let Some(below) = level(area, None)? else {
        return Ok(Vec::new());
    };
    let rows = areas::store::parts(c, area, below, page)?;
    let areas = reckon::areas_around(c, area)?;
    let figures = reckon::count(c, vault, source, &areas, area, span)?;
    let found = |row: AreaRow, figure: Option<Figure>| Found {
        id: row.id,
        kind: FactKind::Area,
        area: row.code,
        label: Some(row.name),
        on: None,
        n: figure.map(|f| f.n),
        of: figure.map(|f| f.of),
    };
    let mut all = Vec::new();
    if page.after.is_none() {
        let here = at_itself(&areas, &figures, area, below);
        if here.is_none_or(|figure| figure != Figure::default()) {
            all.push(found(area.clone(), here));
        }
    }
    let parts = rows.into_iter().map(|row| {
        let figure = figures.of(row.id);
        found(row, figure)
    });
    all.extend(parts);
    // One more than was asked for says that there are more.
    all.truncate(usize::try_from(page.limit + 1).unwrap_or(0));
    Ok(all)
}

/// What stands at an area and in none of its parts; none where one of these is hidden, or all of it.
fn at_itself(areas: &Areas, figures: &Figures, area: &AreaRow, below: AreaLevel) -> Option<Figure> {
    let inside = |part: &&AreaRow| part.level == below && part.chain().any(|id| id == area.id);
    let mut here = figures.of(area.id)?;
    for part in areas.iter().filter(inside) {
        let figure = figures.of(part.id)?;
        here.n -= figure.n;
        here.of -= figure.of;
        here.missing -= figure.missing;
    }
    Some(here)
}

pub fn show(year: i64, row: Found) -> AppResult<AssessmentFact> {
    let mut link = row.kind.path(row.id, &row.area, year);
    if row.kind == FactKind::Village {
        // How a village stands is of a year, too, and of this one where nobody says.
        link = format!("{link}?year={year}");
    }
    Ok(AssessmentFact {
        kind: row.kind,
        id: row.id,
        link: WebPath::parse(link).map_err(|_| AppError::internal("a link that is none"))?,
        area: AreaCode::stored(row.area)?,
        label: row.label,
        on: row.on,
        n: row.n,
        of: row.of,
    })
}
