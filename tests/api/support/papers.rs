//! What a paper says: its text, read back from the PDF by the map from glyphs to characters that stands in it.

use std::collections::HashMap;
use std::io::Read;

/// The streams of a file that are packed, unpacked.
fn streams(pdf: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = pdf;
    while let Some(at) = position(rest, b"stream\n") {
        rest = &rest[at + b"stream\n".len()..];
        let Some(end) = position(rest, b"\nendstream") else {
            break;
        };
        let mut text = Vec::new();
        if flate2::read::ZlibDecoder::new(&rest[..end])
            .read_to_end(&mut text)
            .is_ok()
        {
            found.push(text);
        }
        rest = &rest[end + b"\nendstream".len()..];
    }
    found
}

fn position(bytes: &[u8], of: &[u8]) -> Option<usize> {
    bytes.windows(of.len()).position(|w| w == of)
}

fn hex(text: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = text.iter().copied().filter(u8::is_ascii_hexdigit).collect();
    let pair = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

fn wide(bytes: &[u8]) -> Vec<u16> {
    let two = |b: &[u8]| u16::from_be_bytes([b[0], b[1]]);
    bytes.chunks_exact(2).map(two).collect()
}

/// Glyph → character, of every map in the file.
fn map(streams: &[Vec<u8>]) -> HashMap<u16, char> {
    let mut map = HashMap::new();
    for stream in streams {
        let text = String::from_utf8_lossy(stream);
        for part in text.split("beginbfchar").skip(1) {
            let lines = part.split("endbfchar").next().unwrap().lines();
            for line in lines.filter(|line| line.starts_with('<')) {
                let mut sides = line.split('>').map(|side| wide(&hex(side.as_bytes())));
                let (glyph, to) = (sides.next().unwrap(), sides.next().unwrap());
                let to = char::decode_utf16(to).next().unwrap().unwrap();
                map.insert(glyph[0], to);
            }
        }
    }
    map
}

/// A text in parentheses: its bytes, and where it ends.
fn literal(content: &[u8], from: usize) -> (Vec<u8>, usize) {
    let (mut bytes, mut at, mut open) = (Vec::new(), from + 1, 1);
    loop {
        let byte = content[at];
        at += 1;
        match byte {
            b'\\' if content[at].is_ascii_digit() => {
                let octal = std::str::from_utf8(&content[at..at + 3]).unwrap();
                bytes.push(u8::from_str_radix(octal, 8).unwrap());
                at += 3;
            }
            b'\\' => {
                bytes.push(match content[at] {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'f' => 12,
                    other => other,
                });
                at += 1;
            }
            b')' if open == 1 => return (bytes, at),
            other => {
                open += i32::from(other == b'(') - i32::from(other == b')');
                bytes.push(other);
            }
        }
    }
}

/// The bytes of every text that is shown, in their order.
fn shown(content: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < content.len() {
        let (bytes, next) = match content[at] {
            b'(' => literal(content, at),
            b'<' => {
                let end = at + content[at..].iter().position(|b| *b == b'>').unwrap();
                (hex(&content[at + 1..end]), end + 1)
            }
            _ => {
                at += 1;
                continue;
            }
        };
        at = next;
        if content[at..].trim_ascii_start().starts_with(b"Tj") {
            found.push(bytes);
        }
    }
    found
}

/// Its lines in the order in which they were written, each line of a cell by itself.
pub fn lines_of(pdf: &[u8]) -> Vec<String> {
    let streams = streams(pdf);
    let map = map(&streams);
    let read = |run: Vec<u8>| -> String {
        let glyphs = wide(&run).into_iter();
        glyphs
            .map(|glyph| map.get(&glyph).copied().unwrap_or('\u{fffd}'))
            .collect()
    };
    // As a page begins.
    let pages = streams.iter().filter(|s| s.starts_with(b"0.5 w"));
    pages.flat_map(|page| shown(page)).map(read).collect()
}

/// All text of a paper without its blanks, as lines break anywhere.
pub fn text_of(pdf: &[u8]) -> String {
    let mut text = lines_of(pdf).concat();
    text.retain(|c| c != ' ');
    text
}
