//! An assessment on paper and in spreadsheets: comma-separated values, a workbook, and a PDF fit to print and sign.
//!
//! All are made of one `Printout`: what is counted now, or what was frozen, with what people found and the year before,
//! and on paper what a later revision corrects.
//! What would be more than `printout::MOST` areas is refused, and they are made on a thread that may wait.

pub mod api;
pub mod corrected;
pub mod font;
pub mod layout;
pub mod paper;
pub mod pdf;
pub mod printout;
pub mod table;
pub mod words;
