//! A paper while it is laid out: lines, tables whose headers stand on every page, and the number of each page.

use super::font::Font;
use super::pdf::{HEIGHT, Sheet, WIDTH};
use crate::error::{AppError, AppResult};

const MARGIN: f32 = 42.0;
const SIZE: f32 = 8.5;
const LINE: f32 = 11.5;
const PAD: f32 = 3.0;
/// What is left free at the end of a page for its number.
const FOOT: f32 = 58.0;

/// A column of a table.
pub struct Column {
    pub title: &'static str,
    pub width: f32,
}

/// A paper while it is laid out.
pub struct Paper {
    pub font: Font,
    pub pages: Vec<Sheet>,
    /// Where the next line stands.
    pub y: f32,
}

impl Paper {
    pub fn begin() -> AppResult<Paper> {
        let mut paper = Paper {
            font: Font::open()?,
            pages: Vec::new(),
            y: 0.0,
        };
        paper.turn();
        Ok(paper)
    }

    fn sheet(&mut self) -> AppResult<(&mut Sheet, &mut Font)> {
        let sheet = self.pages.last_mut();
        let sheet = sheet.ok_or_else(|| AppError::internal("a paper without a page"))?;
        Ok((sheet, &mut self.font))
    }

    pub fn turn(&mut self) {
        self.pages.push(Sheet::default());
        self.y = HEIGHT - MARGIN;
    }

    /// Whether so much still stands on this page.
    pub fn holds(&self, height: f32) -> bool {
        self.y - height >= FOOT
    }

    fn width_of(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.font.width(c) * size).sum()
    }

    pub fn title(&mut self, text: &str, size: f32) -> AppResult<()> {
        self.y -= size;
        let x = ((WIDTH - self.width_of(text, size)) / 2.0).max(MARGIN);
        let y = self.y;
        let (sheet, font) = self.sheet()?;
        sheet.text(font, size, x, y, text);
        self.y -= size * 0.6;
        Ok(())
    }

    pub fn words(&mut self, text: &str) -> AppResult<()> {
        for line in self.broken(text, WIDTH - 2.0 * MARGIN) {
            if !self.holds(LINE) {
                self.turn();
            }
            self.y -= LINE;
            let y = self.y;
            let (sheet, font) = self.sheet()?;
            sheet.text(font, SIZE, MARGIN, y, &line);
        }
        Ok(())
    }

    /// Lines of text that are no wider than this. Chinese breaks anywhere but before what closes and behind what opens,
    /// words where they end or behind their hyphens.
    fn broken(&self, text: &str, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.split('\n') {
            let mut line = String::new();
            let mut used = 0.0;
            for word in words_of(paragraph) {
                // The blank behind a word needs no room where a line ends.
                let wide = self.width_of(word.trim_end(), SIZE);
                if used + wide > width && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                for c in word.chars() {
                    let wide = self.font.width(c) * SIZE;
                    let full = used + wide > width;
                    if c == ' ' && (full || line.is_empty()) {
                        continue;
                    }
                    if full && !line.is_empty() {
                        // A word that is wider than a line.
                        let next = carried(&mut line, c);
                        lines.push(std::mem::replace(&mut line, next));
                        used = self.width_of(&line, SIZE);
                    }
                    line.push(c);
                    used += wide;
                }
            }
            lines.push(line);
        }
        lines
    }

    /// How high a row of a table is.
    fn height_of(&self, columns: &[Column], cells: &[String]) -> f32 {
        let lines = columns.iter().zip(cells);
        let most = lines
            .map(|(column, cell)| self.broken(cell, column.width - 2.0 * PAD).len())
            .max();
        most.unwrap_or(1) as f32 * LINE + 2.0 * PAD
    }

    pub fn header(&mut self, columns: &[Column]) -> AppResult<()> {
        let titles: Vec<String> = columns.iter().map(|c| c.title.to_owned()).collect();
        let (y, height) = (self.y, self.height_of(columns, &titles));
        let whole: f32 = columns.iter().map(|c| c.width).sum();
        let (sheet, _) = self.sheet()?;
        sheet.shade(MARGIN, y - height, whole, height);
        sheet.line(MARGIN, y, MARGIN + whole, y);
        self.draw(columns, &titles)
    }

    /// A row of a table; one that does not fit stands on the next page, below the header.
    pub fn row(&mut self, columns: &[Column], cells: &[String]) -> AppResult<()> {
        let height = self.height_of(columns, cells);
        if !self.holds(height) {
            self.turn();
            self.header(columns)?;
        }
        self.draw(columns, cells)
    }

    fn draw(&mut self, columns: &[Column], cells: &[String]) -> AppResult<()> {
        let broken: Vec<Vec<String>> = (columns.iter().zip(cells))
            .map(|(column, cell)| self.broken(cell, column.width - 2.0 * PAD))
            .collect();
        let most = broken.iter().map(Vec::len).max().unwrap_or(1);
        let (top, height) = (self.y, most as f32 * LINE + 2.0 * PAD);
        let bottom = top - height;
        let (sheet, font) = self.sheet()?;
        let mut x = MARGIN;
        sheet.line(x, top, x, bottom);
        for (column, lines) in columns.iter().zip(&broken) {
            for (i, line) in lines.iter().enumerate() {
                let y = top - PAD - SIZE - i as f32 * LINE;
                sheet.text(font, SIZE, x + PAD, y, line);
            }
            x += column.width;
            sheet.line(x, top, x, bottom);
        }
        sheet.line(MARGIN, bottom, x, bottom);
        self.y = bottom;
        Ok(())
    }

    pub fn signatures(&mut self, chinese: bool) -> AppResult<()> {
        let lines = match chinese {
            true => [
                ["被考核单位（盖章）：", "负责人（签字）："],
                ["考核单位（盖章）：", "考核人（签字）："],
                [
                    "日期：        年    月    日",
                    "日期：        年    月    日",
                ],
            ],
            false => [
                ["Unit assessed (seal):", "Its head (signature):"],
                ["Assessed by (seal):", "Assessor (signature):"],
                ["Date:", "Date:"],
            ],
        };
        let step = 34.0;
        if !self.holds(step * 3.0 + 10.0) {
            self.turn();
        }
        let half = (WIDTH - 2.0 * MARGIN) / 2.0;
        for pair in lines {
            self.y -= step;
            let y = self.y;
            for (i, text) in pair.into_iter().enumerate() {
                let x = MARGIN + half * i as f32;
                let from = x + self.width_of(text, SIZE + 1.0) + 4.0;
                let (sheet, font) = self.sheet()?;
                sheet.text(font, SIZE + 1.0, x, y, text);
                if from < x + half - 24.0 {
                    sheet.line(from, y - 2.0, x + half - 14.0, y - 2.0);
                }
            }
        }
        Ok(())
    }

    /// The number of each page, and what the paper is of.
    pub fn feet(&mut self, chinese: bool, of: &str) {
        let all = self.pages.len();
        for (i, sheet) in self.pages.iter_mut().enumerate() {
            let number = match chinese {
                true => format!("第 {} 页 / 共 {all} 页", i + 1),
                false => format!("Page {} of {all}", i + 1),
            };
            let wide: f32 = (number.chars()).map(|c| self.font.width(c) * SIZE).sum();
            let x = WIDTH - MARGIN - wide;
            sheet.text(&mut self.font, SIZE, x, 34.0, &number);
            sheet.text(&mut self.font, 6.5, MARGIN, 34.0, of);
        }
    }
}

/// Words with the blank behind them; every wide character is one by itself, with what closes behind it and what opens
/// before it.
fn words_of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if joins(word, c) => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    words
}

/// Whether a character stands on the line of the word before it.
fn joins(word: &str, c: char) -> bool {
    let mut back = word.chars().rev();
    let (last, before) = (back.next(), back.next());
    let is_letter = |c: char| c.is_ascii_alphabetic();
    match last {
        None => false,
        Some(last) if opens(last) || closes(c) => true,
        Some('-') if before.is_some_and(is_letter) && is_letter(c) => false,
        Some(last) => last != ' ' && last.is_ascii() && c.is_ascii(),
    }
}

/// What no line begins with.
fn closes(c: char) -> bool {
    "，。、；：！？）》」』〉】〕”’…·％,.;:!?)]%".contains(c)
}

/// What no line ends with.
fn opens(c: char) -> bool {
    "（《「『〈【〔“‘([".contains(c)
}

/// Takes from the end of a full line what may not be parted from the character that no longer stands on it.
fn carried(line: &mut String, next: char) -> String {
    let mut carried = String::new();
    let mut first = next;
    while line.chars().count() > 1 && (closes(first) || line.ends_with(opens)) {
        let Some(last) = line.pop() else { break };
        carried.insert(0, last);
        first = last;
    }
    carried
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_with_nothing_that_closes_and_ends_with_nothing_that_opens() {
        let paper = Paper::begin().unwrap();
        let text = "协会（市级），办公、经费；人员：“专职”。1,200户（含vice-presidents），8%，另有《章程》；";
        for width in 60..160 {
            let lines = paper.broken(text, width as f32);
            assert_eq!(lines.concat(), text);
            for line in &lines {
                assert!(!line.starts_with(closes), "{width}: {lines:?}");
                assert!(!line.ends_with(opens), "{width}: {lines:?}");
            }
        }
    }

    #[test]
    fn words_break_where_they_end_or_behind_their_hyphens() {
        let paper = Paper::begin().unwrap();
        let lines = |text: &str, width: f32| -> Vec<String> {
            let lines = paper.broken(text, width);
            lines
                .iter()
                .map(|line| line.trim_end().to_owned())
                .collect()
        };
        assert_eq!(lines("last year", 40.0), ["last year"]);
        assert_eq!(
            lines("of vice-presidents and others", 62.0),
            ["of vice-", "presidents and", "others"]
        );
        // What is no word of letters keeps its hyphens.
        assert_eq!(lines("on 2025-12-31", 50.0), ["on", "2025-12-31"]);
    }
}
