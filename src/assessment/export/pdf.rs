//! Pages of text and lines, as a PDF (ISO 32000). Characters are written by the numbers of their glyphs, with a map back
//! to text, so that a paper can be searched and copied from.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use super::font::{Font, Glyph};
use crate::error::{AppError, AppResult};

/// A4, in points.
pub const WIDTH: f32 = 595.0;
pub const HEIGHT: f32 = 842.0;
const FONT: Name<'static> = Name(b"F0");
const NAMED: Name<'static> = Name(b"QIANSH+NotoSansSC");
const SYSTEM: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// A page while it is written.
pub struct Sheet {
    content: Content,
}

impl Default for Sheet {
    fn default() -> Sheet {
        let mut content = Content::new();
        content.set_line_width(0.5);
        Sheet { content }
    }
}

impl Sheet {
    /// A line of text whose left end stands at a point, its base line there.
    pub fn text(&mut self, font: &mut Font, size: f32, x: f32, y: f32, text: &str) {
        let mut at = x;
        let mut run: Vec<u8> = Vec::new();
        let mut from = x;
        for c in text.chars() {
            let width = font.width(c) * size;
            match font.take(c) {
                Glyph::Known(number) => run.extend_from_slice(&number.to_be_bytes()),
                Glyph::Missing => {
                    self.run(size, from, y, &run);
                    run.clear();
                    self.content
                        .rect(at + size * 0.08, y - size * 0.1, size * 0.84, size * 0.9);
                    self.content.stroke();
                    from = at + width;
                }
            }
            at += width;
        }
        self.run(size, from, y, &run);
    }

    fn run(&mut self, size: f32, x: f32, y: f32, glyphs: &[u8]) {
        if glyphs.is_empty() {
            return;
        }
        self.content
            .begin_text()
            .set_font(FONT, size)
            .next_line(x, y)
            .show(Str(glyphs))
            .end_text();
    }

    pub fn line(&mut self, x1: f32, y1: f32, x2: f32, y2: f32) {
        self.content.move_to(x1, y1).line_to(x2, y2).stroke();
    }

    pub fn shade(&mut self, x: f32, y: f32, width: f32, height: f32) {
        self.content
            .set_fill_gray(0.92)
            .rect(x, y, width, height)
            .fill_nonzero()
            .set_fill_gray(0.0);
    }
}

fn packed(bytes: &[u8]) -> AppResult<Vec<u8>> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(bytes).map_err(AppError::internal)?;
    zlib.finish().map_err(AppError::internal)
}

/// The bytes of a paper.
pub fn write(title: &str, font: &Font, pages: Vec<Sheet>) -> AppResult<Vec<u8>> {
    let mut next = 0;
    let mut id = || {
        next += 1;
        Ref::new(next)
    };
    let mut pdf = Pdf::new();
    let (catalog, tree, info) = (id(), id(), id());
    let (whole, outlines, descriptor, file, to_text) = (id(), id(), id(), id(), id());
    pdf.catalog(catalog).pages(tree);
    pdf.document_info(info).title(TextStr(title));
    let kids: Vec<(Ref, Ref)> = pages.iter().map(|_| (id(), id())).collect();
    let count = i32::try_from(kids.len()).map_err(AppError::internal)?;
    pdf.pages(tree)
        .kids(kids.iter().map(|(page, _)| *page))
        .count(count);
    for ((page, body), sheet) in kids.into_iter().zip(pages) {
        let mut written = pdf.page(page);
        written
            .media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT))
            .parent(tree)
            .contents(body);
        written.resources().fonts().pair(FONT, whole);
        written.finish();
        let bytes = packed(&sheet.content.finish())?;
        pdf.stream(body, &bytes).filter(Filter::FlateDecode);
    }
    pdf.type0_font(whole)
        .base_font(NAMED)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(outlines)
        .to_unicode(to_text);
    let mut cid = pdf.cid_font(outlines);
    cid.subtype(CidFontType::Type0)
        .base_font(NAMED)
        .system_info(SYSTEM)
        .font_descriptor(descriptor)
        .default_width(1000.0);
    let mut widths = cid.widths();
    for (number, (_, width)) in font.used() {
        widths.consecutive(*number, [*width]);
    }
    widths.finish();
    cid.finish();
    pdf.font_descriptor(descriptor)
        .name(NAMED)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(-1002.0, -1048.0, 2928.0, 1808.0))
        .italic_angle(0.0)
        .ascent(1160.0)
        .descent(-288.0)
        .cap_height(733.0)
        .stem_v(80.0)
        .font_file3(file);
    let bytes = packed(&font.outlines()?)?;
    let mut stream = pdf.stream(file, &bytes);
    stream
        .filter(Filter::FlateDecode)
        .pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
    stream.finish();
    let mut map = UnicodeCmap::new(Name(b"Custom"), SYSTEM);
    for (number, (c, _)) in font.used() {
        map.pair(*number, *c);
    }
    let bytes = packed(&map.finish())?;
    pdf.stream(to_text, &bytes).filter(Filter::FlateDecode);
    Ok(pdf.finish())
}
