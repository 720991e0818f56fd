//! Documents for people to keep: headings, texts, tables, bars and lines, set on pages of A4 (PDF).
//!
//! What is said is handed in as values ([`Sheet`]); the same values make the same bytes. There is no I/O,
//! no clock and no state here, and no text can make it fail: what cannot be drawn is drawn as an empty
//! box, what would steer a reader is left out. Documents are tagged, so that they can be read aloud.
//! Drawing takes a processor for some milliseconds to some seconds: callers choose the thread.
//!
//! Start at [`pdf`].

mod clean;
mod draw;
mod error;
mod layout;
mod letters;
mod lines;
mod sheet;

#[cfg(test)]
mod tests;

pub use error::PaperError;
pub use sheet::{Block, Chart, Fact, Moment, Passage, Point, Score, Sheet};

/// The most characters of one document.
pub const CHARS_MAX: usize = 100_000;

/// A sheet as PDF.
///
/// # Errors
/// [`PaperError::TooLong`] for more than [`CHARS_MAX`] characters.
pub fn pdf(sheet: &Sheet) -> Result<Vec<u8>, PaperError> {
    let chars = sheet.chars();
    if chars > CHARS_MAX {
        return Err(PaperError::TooLong { chars });
    }
    let letters = letters::Letters::open()?;
    let laid = layout::lay(sheet, &letters);
    draw::draw(sheet, &laid, &letters)
}
