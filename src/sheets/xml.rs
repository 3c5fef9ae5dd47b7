//! XML of a workbook's part, event by event, with a bound on all of it and on each event.

use std::io::{BufRead, BufReader, Error, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::Broken;

/// Bytes of one event: of a text, or of a tag with its attributes. A cell holds 32,767 characters at most.
const EVENT: u64 = 256 * 1024;

/// Counts what comes out of the compression, and fails where that is too much.
struct Counted<R> {
    from: R,
    left: u64,
    /// Of the event being read.
    event: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let given = self.fill_buf()?;
        let some = given.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..some), given.get(..some)) {
            to.copy_from_slice(from);
        }
        self.consume(some);
        Ok(some)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.left == 0 || self.event == 0 {
            return Err(Error::other("past its bounds"));
        }
        self.from.fill_buf()
    }
    fn consume(&mut self, some: usize) {
        self.left = self.left.saturating_sub(some as u64);
        self.event = self.event.saturating_sub(some as u64);
        self.from.consume(some);
    }
}

/// A part of a workbook, read from its beginning.
pub(super) struct Part<R: Read> {
    reader: Reader<Counted<BufReader<R>>>,
    buffer: Vec<u8>,
}

impl<R: Read> Part<R> {
    pub(super) fn new(from: R, inflated: u64) -> Part<R> {
        let counted = Counted {
            from: BufReader::with_capacity(32 * 1024, from),
            left: inflated,
            event: EVENT,
        };
        Part {
            reader: Reader::from_reader(counted),
            buffer: Vec::new(),
        }
    }

    /// The next event; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Event<'_>>, Broken> {
        self.buffer.clear();
        self.reader.get_mut().event = EVENT;
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(Event::Eof) => Ok(None),
            Ok(event) => Ok(Some(event)),
            Err(quick_xml::Error::Io(_)) => {
                let counted = self.reader.get_ref();
                match counted.left == 0 || counted.event == 0 {
                    true => Err(Broken::TooLarge),
                    false => Err(Broken::NotASheet),
                }
            }
            Err(_) => Err(Broken::NotASheet),
        }
    }
}

/// An attribute by its name, whatever its prefix.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut all = tag.attributes().flatten();
    let found = all.find(|a| a.key.local_name().into_inner() == name)?;
    let value = found.normalized_value(quick_xml::XmlVersion::Implicit1_0);
    value.ok().map(|value| value.into_owned())
}

/// Whether an attribute says yes.
pub(super) fn says_yes(tag: &BytesStart<'_>, name: &str) -> bool {
    matches!(attribute(tag, name).as_deref(), Some("1" | "true" | "on"))
}

/// Adds what an event tells of a text.
pub(super) fn add_text(to: &mut String, event: &Event<'_>) {
    match event {
        Event::Text(text) => to.push_str(text),
        Event::CData(text) => to.push_str(text),
        Event::GeneralRef(name) => match name.resolve_char_ref() {
            Ok(Some(c)) => to.push(c),
            _ => {
                to.push_str(quick_xml::escape::resolve_predefined_entity(name).unwrap_or_default())
            }
        },
        _ => {}
    }
}
