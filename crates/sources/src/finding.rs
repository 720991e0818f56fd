//! What a run found to say: what was refused, what was set aside, what a person should look at.

use serde::{Deserialize, Serialize};

/// The most findings that a run keeps; with `debug` it keeps ten times as many.
pub const FINDINGS_MAX: usize = 100;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// For programs.
    pub code: Code,
    /// For people.
    pub message: String,
    /// What it is about: a record's key, a step, a field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

/// What kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The site does not look as the description says. Nothing of it was taken.
    StructureChanged,
    /// There are rows that were not read. Nothing was taken.
    CountMismatch,
    /// The document breaks off. Nothing was taken.
    CutOff,
    /// Far fewer records than last time. Nothing was taken.
    SuddenLoss,
    /// Too many records do not fit the collection. Nothing was taken.
    TooManyInvalid,
    /// Nothing came back. Nothing was taken.
    FetchFailed,
    /// A row could not be read, and was set aside.
    RowAside,
    /// A record does not fit the collection, and was set aside.
    RecordAside,
    /// A row that resisted was read by a task.
    ReadByTask,
    /// Nobody answered for fields that nobody wrote down.
    NotCompleted,
    /// Fields that somebody changed by hand were left as they are.
    FieldsLocked,
    /// Records that somebody deleted were left so.
    RecordDeleted,
    /// Records that the source no longer has were marked.
    Gone,
    /// A record that the source no longer has does not take the mark.
    NotMarked,
    /// Nothing was marked as gone: rows could not be read that may be what is missing.
    GoneUnknown,
    /// Rows of a page were not in their order.
    Unordered,
    /// The source does not go on behind the last row.
    Stuck,
    /// There is more than one run may read; the next one goes on.
    MoreToCome,
    /// What somebody wants to know who looks for a fault.
    Note,
}

impl Code {
    /// Does it mean that nothing was taken?
    pub fn refuses(self) -> bool {
        matches!(
            self,
            Self::StructureChanged
                | Self::CountMismatch
                | Self::CutOff
                | Self::SuddenLoss
                | Self::TooManyInvalid
                | Self::FetchFailed
        )
    }

    /// The name used in rows, answers, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::StructureChanged => "structure_changed",
            Self::CountMismatch => "count_mismatch",
            Self::CutOff => "cut_off",
            Self::SuddenLoss => "sudden_loss",
            Self::TooManyInvalid => "too_many_invalid",
            Self::FetchFailed => "fetch_failed",
            Self::RowAside => "row_aside",
            Self::RecordAside => "record_aside",
            Self::ReadByTask => "read_by_task",
            Self::NotCompleted => "not_completed",
            Self::FieldsLocked => "fields_locked",
            Self::RecordDeleted => "record_deleted",
            Self::Gone => "gone",
            Self::NotMarked => "not_marked",
            Self::GoneUnknown => "gone_unknown",
            Self::Unordered => "unordered",
            Self::Stuck => "stuck",
            Self::MoreToCome => "more_to_come",
            Self::Note => "note",
        }
    }
}

impl Finding {
    /// A finding about the whole.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: cut(&message.into()), about: None }
    }

    /// The same about one thing.
    #[must_use]
    pub fn about(self, what: impl Into<String>) -> Self {
        Self { about: Some(cut(&what.into())), ..self }
    }
}

/// Words for a person: without control characters, which PostgreSQL refuses in part, and not too long.
pub(crate) fn cut(text: &str) -> String {
    text.chars().filter(|it| !it.is_control() || *it == '\n').take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_named_in_rows_as_in_answers() {
        for code in [
            Code::StructureChanged,
            Code::SuddenLoss,
            Code::RowAside,
            Code::NotMarked,
            Code::GoneUnknown,
        ] {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }

    #[test]
    fn what_goes_into_a_row_has_no_null_byte() {
        assert_eq!(Finding::new(Code::Note, "a\0b").message, "ab");
    }
}
