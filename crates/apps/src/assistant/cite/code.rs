//! Code in an answer: what stands between as many backticks, and blocks of lines. What lies in it is no
//! citation, so it counts as code only when it is closed.

/// Backticks within a line, and what came after them.
#[derive(Debug)]
pub(super) struct Code {
    /// How many backticks opened it.
    pub(super) ticks: usize,
    /// What came after them.
    pub(super) text: String,
}

impl Code {
    /// It was closed: all of it, as it stood.
    pub(super) fn whole(&self) -> String {
        let ticks = "`".repeat(self.ticks);
        format!("{ticks}{}{ticks}", self.text)
    }

    /// What came until now, as it stood.
    pub(super) fn opening(&self) -> String {
        format!("{}{}", "`".repeat(self.ticks), self.text)
    }

    /// Does it open a block, at the beginning of a line? Behind the backticks stands at most what
    /// language it is in.
    pub(super) fn opens_block(&self) -> bool {
        self.ticks >= 3 && !self.text.contains(['`', '[', '【'])
    }
}
