//! What a file unfolds to, counted while it is read, so that a small file never becomes a large one.
//!
//! A cell far from the others, a name that stands in one object only, a text that thousands of
//! cells share: each is a few bytes in a file and much more in memory.

use super::TableError;

/// Cells for each row allowed; a list of 10,000 rows may have 2,000,000.
const CELLS_PER_ROW: u64 = 200;
/// What a list of few rows may have all the same.
const CELLS_LEAST: u64 = 2_000_000;
/// Letters of all cells of a workbook.
const LETTERS_MAX: u64 = 64 << 20;

/// What may still be unfolded.
#[derive(Debug, Clone)]
pub(super) struct Cost {
    cells_max: u64,
    cells_left: u64,
    letters_left: u64,
}

impl Cost {
    /// The budget of a list of so many rows.
    pub(super) fn of(rows_max: u64) -> Self {
        let cells_max = rows_max.saturating_mul(CELLS_PER_ROW).max(CELLS_LEAST);
        Self { cells_max, cells_left: cells_max, letters_left: LETTERS_MAX }
    }

    /// Takes so many cells, with so many letters in them.
    ///
    /// # Errors
    /// [`TableError::TooManyCells`], [`TableError::Damaged`] when the budget is used up.
    pub(super) fn add(&mut self, cells: u64, letters: u64) -> Result<(), TableError> {
        let left = self.cells_left.checked_sub(cells);
        self.cells_left = left.ok_or_else(|| self.used_up())?;
        let left = self.letters_left.checked_sub(letters);
        self.letters_left = left.ok_or_else(|| TableError::Damaged {
            why: "its cells hold far more text than a list needs".into(),
        })?;
        Ok(())
    }

    /// There are too many cells.
    pub(super) fn used_up(&self) -> TableError {
        TableError::TooManyCells { cells_max: self.cells_max }
    }
}
