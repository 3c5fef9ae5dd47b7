//! The font of papers: a subset of Noto Sans SC, of which a paper again holds only the characters that stand in it
//! (`font/README.md` says how it was made, `font/OFL.txt` is its licence).

use std::collections::BTreeMap;

use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId, RawFace, Tag};

use crate::error::{AppError, AppResult};

const DATA: &[u8] = include_bytes!("font/NotoSansSC-subset.otf");
/// Units of the font in an em.
const EM: f32 = 1000.0;

/// The font while a paper is written.
pub struct Font {
    face: Face<'static>,
    glyphs: GlyphRemapper,
    /// New number of a glyph → its character and its width.
    used: BTreeMap<u16, (char, f32)>,
    missing: Vec<char>,
}

/// A character as it stands on a paper.
pub enum Glyph {
    Known(u16),
    /// It has no outline here: a box stands for it.
    Missing,
}

/// Characters that are told of one by one at most.
const TOLD: usize = 50;

impl Font {
    pub fn open() -> AppResult<Font> {
        Ok(Font {
            face: Face::parse(DATA, 0).map_err(AppError::internal)?,
            glyphs: GlyphRemapper::new(),
            used: BTreeMap::new(),
            missing: Vec::new(),
        })
    }

    fn id(&self, c: char) -> Option<GlyphId> {
        self.face.glyph_index(c).filter(|id| id.0 != 0)
    }

    /// How wide a character is, in ems; a missing one as its box.
    pub fn width(&self, c: char) -> f32 {
        let advance = self.id(c).and_then(|id| self.face.glyph_hor_advance(id));
        advance.map_or(1.0, |units| f32::from(units) / EM)
    }

    /// Takes a character into the paper.
    pub fn take(&mut self, c: char) -> Glyph {
        let Some(id) = self.id(c) else {
            if self.missing.len() < TOLD && !self.missing.contains(&c) {
                self.missing.push(c);
            }
            return Glyph::Missing;
        };
        let number = self.glyphs.remap(id.0);
        let width = self.width(c) * 1000.0;
        self.used.entry(number).or_insert((c, width));
        Glyph::Known(number)
    }

    /// Characters that have no outline here.
    pub fn missing(&self) -> &[char] {
        &self.missing
    }

    /// Glyphs by their new numbers, with character and width in thousandths of an em.
    pub fn used(&self) -> &BTreeMap<u16, (char, f32)> {
        &self.used
    }

    /// The outlines of what was taken (CFF).
    pub fn outlines(&self) -> AppResult<Vec<u8>> {
        let whole = subsetter::subset(DATA, 0, &self.glyphs)
            .map_err(|e| AppError::internal(format!("{e:?}")))?;
        let raw = RawFace::parse(&whole, 0).map_err(AppError::internal)?;
        let cff = raw
            .table(Tag::from_bytes(b"CFF "))
            .ok_or_else(|| AppError::internal("the font has no outlines"))?;
        Ok(cff.to_vec())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_forms_need_is_there_and_what_is_not_is_told() {
        let mut font = Font::open().unwrap();
        let text = "嘉兴市计划生育协会年终考核表 0123456789 ABC abc ≥ ≤ % “”（）、。：；";
        for c in text.chars() {
            assert!(matches!(font.take(c), Glyph::Known(_)), "{c}");
        }
        assert!(font.missing().is_empty());
        assert!(matches!(font.take('\u{2348D}'), Glyph::Missing));
        assert!(matches!(font.take('ア'), Glyph::Missing));
        assert!(matches!(font.take('ア'), Glyph::Missing));
        assert_eq!(font.missing(), ['\u{2348D}', 'ア']);
        assert!(!font.outlines().unwrap().is_empty());
        assert!((font.width('嘉') - 1.0).abs() < 0.001);
        assert!(font.width('1') < 0.7);
    }
}
