//! Spreadsheets (表格): read and written as streams, within bounds, and never as a file of ours.
//!
//! An uploaded sheet is somebody else's file. It may be cut short, say that it has a million columns, or hold a few
//! kilobytes that grow to gigabytes. So whatever a reader takes is counted first: bytes that come out of the
//! compression, rows, columns, the length of a cell. The libraries that read whole workbooks hold every text of one in
//! memory and know no such bound, and the one that writes them in little memory does so by temporary files, where
//! nothing about anybody may rest in clear. What is needed of the format is little: one sheet of cells.

pub mod cell;
pub mod csv_in;
pub mod csv_out;
mod strings;
pub mod workbook;
pub mod xlsx_in;
pub mod xlsx_out;
mod xml;

pub use cell::{Cell, Line, letters};

/// What a sheet may be at most.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Rows that hold anything, the header among them.
    pub rows: u32,
    pub columns: usize,
    /// Characters of a cell.
    pub text: usize,
    /// Bytes of one part of a workbook once they are inflated.
    pub inflated: u64,
    /// Bytes of all texts that a workbook keeps beside its sheet.
    pub strings: usize,
}

/// Why a sheet cannot be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// It is cut short, damaged, or something else altogether.
    NotASheet,
    /// It grows past its bounds.
    TooLarge,
    /// More rows than a sheet may have.
    TooManyRows,
    /// Bytes that are no text in its encoding, in this row.
    Encoding(u32),
    /// Every sheet of the workbook is hidden.
    Hidden,
    /// Several sheets are to be seen, and none has the name that was asked for.
    Several,
}

/// What the reader of a sheet wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    More,
    Enough,
}
