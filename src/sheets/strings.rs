//! The texts that a workbook keeps once and names by number, in one piece of memory.

use std::io::Read;

use quick_xml::events::Event;

use super::xml::{Part, add_text};
use super::{Bounds, Broken};

/// A text of a million rows is as little as that of one, if it is the same.
#[derive(Debug, Default)]
pub(super) struct Strings {
    all: String,
    /// Where each ends.
    ends: Vec<u32>,
}

impl Strings {
    pub(super) fn read(from: impl Read, bounds: Bounds) -> Result<Strings, Broken> {
        let mut part = Part::new(from, bounds.inflated);
        let (mut strings, mut text) = (Strings::default(), String::new());
        // Of how a text is read aloud nothing is taken.
        let (mut in_text, mut in_reading) = (false, false);
        while let Some(event) = part.next()? {
            match &event {
                Event::Start(tag) => match tag.local_name().into_inner() {
                    "si" => text.clear(),
                    "t" => in_text = !in_reading,
                    "rPh" => in_reading = true,
                    _ => {}
                },
                Event::End(tag) => match tag.local_name().into_inner() {
                    "si" => strings.add(&text, bounds)?,
                    "t" => in_text = false,
                    "rPh" => in_reading = false,
                    _ => {}
                },
                Event::Empty(tag) if tag.local_name().into_inner() == "si" => {
                    strings.add("", bounds)?;
                }
                other if in_text && text.len() <= bounds.text * 8 => add_text(&mut text, other),
                _ => {}
            }
        }
        Ok(strings)
    }

    fn add(&mut self, text: &str, bounds: Bounds) -> Result<(), Broken> {
        self.all.push_str(text);
        // The place of an empty one costs as much as that of another.
        if self.all.len() + 4 * self.ends.len() > bounds.strings {
            return Err(Broken::TooLarge);
        }
        self.ends
            .push(u32::try_from(self.all.len()).map_err(|_| Broken::TooLarge)?);
        Ok(())
    }

    pub(super) fn get(&self, number: &str) -> Option<&str> {
        let number: usize = number.parse().ok()?;
        let end = *self.ends.get(number)?;
        let start = match number {
            0 => 0,
            _ => *self.ends.get(number - 1)?,
        };
        self.all.get(start as usize..end as usize)
    }
}
