//! A workbook (XLSX, ECMA-376): which of its sheets is meant, and where its parts are.

use std::io::{Cursor, Read};

use quick_xml::events::Event;
use zip::ZipArchive;

use super::strings::Strings;
use super::xml::{Part, attribute, says_yes};
use super::{Bounds, Broken};

/// Bytes of the parts that only say where the others are.
const INDEX: u64 = 4 * 1024 * 1024;

/// Entries of the archive: a workbook has tens.
const ENTRIES: usize = 10_000;

pub struct Workbook<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Days are counted from 1904 instead of 1900.
    pub date1904: bool,
    sheet: String,
    pub(super) strings: Strings,
}

struct Listed {
    name: String,
    hidden: bool,
    relation: String,
}

impl<'a> Workbook<'a> {
    /// Opens a workbook at the one sheet that is to be seen or, of several, at the one of these names.
    pub fn open(bytes: &'a [u8], names: &[&str], bounds: Bounds) -> Result<Workbook<'a>, Broken> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Broken::NotASheet)?;
        if archive.len() > ENTRIES {
            return Err(Broken::TooLarge);
        }
        let root = relations(&mut archive, "_rels/.rels", "")?;
        let main = root
            .iter()
            .find(|r| r.kind.ends_with("/officeDocument"))
            .map_or("xl/workbook.xml", |r| r.target.as_str())
            .to_owned();
        let (folder, file) = main.rsplit_once('/').unwrap_or(("", &main));
        let of_main = match folder {
            "" => format!("_rels/{file}.rels"),
            folder => format!("{folder}/_rels/{file}.rels"),
        };
        let (date1904, sheets) = sheets(&mut archive, &main)?;
        let relations = relations(&mut archive, &of_main, folder)?;
        let chosen = choose(sheets, names)?;
        let of = |id: &str| relations.iter().find(|r| r.id == id);
        let sheet = of(&chosen.relation)
            .ok_or(Broken::NotASheet)?
            .target
            .clone();
        let texts = relations
            .iter()
            .find(|r| r.kind.ends_with("/sharedStrings"));
        let strings = match texts {
            None => Strings::default(),
            Some(texts) => {
                let part = part(&mut archive, &texts.target)?;
                Strings::read(part, bounds)?
            }
        };
        Ok(Workbook {
            archive,
            date1904,
            sheet,
            strings,
        })
    }

    /// The sheet's own part, and the texts that it names.
    pub(super) fn sheet(&mut self) -> Result<(impl Read + '_, &Strings), Broken> {
        let part = part(&mut self.archive, &self.sheet)?;
        Ok((part, &self.strings))
    }
}

fn part<'z>(
    archive: &'z mut ZipArchive<Cursor<&[u8]>>,
    name: &str,
) -> Result<impl Read + 'z, Broken> {
    archive.by_name(name).map_err(|_| Broken::NotASheet)
}

fn choose(sheets: Vec<Listed>, names: &[&str]) -> Result<Listed, Broken> {
    if sheets.is_empty() {
        return Err(Broken::NotASheet);
    }
    let mut seen: Vec<Listed> = sheets.into_iter().filter(|s| !s.hidden).collect();
    let named = seen.iter().position(|s| names.contains(&s.name.trim()));
    match (seen.len(), named) {
        (0, _) => Err(Broken::Hidden),
        (1, _) => Ok(seen.remove(0)),
        (_, Some(at)) => Ok(seen.remove(at)),
        (_, None) => Err(Broken::Several),
    }
}

/// What the workbook says of its sheets, and how it counts days.
fn sheets(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    name: &str,
) -> Result<(bool, Vec<Listed>), Broken> {
    let mut part = Part::new(part(archive, name)?, INDEX);
    let (mut date1904, mut sheets) = (false, Vec::new());
    while let Some(event) = part.next()? {
        let (Event::Start(tag) | Event::Empty(tag)) = &event else {
            continue;
        };
        match tag.local_name().into_inner() {
            "workbookPr" => date1904 = says_yes(tag, "date1904"),
            "sheet" => sheets.push(Listed {
                name: attribute(tag, "name").unwrap_or_default(),
                hidden: attribute(tag, "state").is_some_and(|state| state != "visible"),
                // `r:id`: the sheet's own number is `sheetId`.
                relation: attribute(tag, "id").ok_or(Broken::NotASheet)?,
            }),
            _ => {}
        }
    }
    Ok((date1904, sheets))
}

struct Relation {
    id: String,
    kind: String,
    /// Where in the archive.
    target: String,
}

fn relations(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    name: &str,
    folder: &str,
) -> Result<Vec<Relation>, Broken> {
    let mut part = Part::new(part(archive, name)?, INDEX);
    let mut all = Vec::new();
    while let Some(event) = part.next()? {
        let (Event::Start(tag) | Event::Empty(tag)) = &event else {
            continue;
        };
        if tag.local_name().into_inner() != "Relationship" {
            continue;
        }
        let target = attribute(tag, "Target").unwrap_or_default();
        all.push(Relation {
            id: attribute(tag, "Id").unwrap_or_default(),
            kind: attribute(tag, "Type").unwrap_or_default(),
            target: match (target.strip_prefix('/'), folder) {
                (Some(whole), _) => whole.to_owned(),
                (None, "") => target,
                (None, folder) => format!("{folder}/{target}"),
            },
        });
    }
    Ok(all)
}
