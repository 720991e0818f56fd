//! What the command line prints: text for people or JSON for programs, errors with their causes.

use std::{io::Write, process::ExitCode};

use serde_json::Value as Json;

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// For programs.
    pub(crate) json: bool,
}

impl Output {
    /// Prints `value` for programs, or what `text` makes of it for people.
    #[expect(clippy::print_stdout, reason = "this is what a command line is for")]
    pub(crate) fn show(self, value: &Json, text: impl FnOnce() -> String) {
        if self.json { println!("{value}") } else { println!("{}", text().trim_end()) }
    }

    /// Prints rows under their headers, the columns aligned.
    pub(crate) fn table(self, rows: &[Json], columns: &[&str]) {
        self.show(&Json::Array(rows.to_vec()), || table(rows, columns));
    }
}

/// Prints a line.
#[expect(clippy::print_stdout, reason = "this is what a command line is for")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// Prints words at once, and does not end the line.
///
/// # Errors
/// When nobody takes them any more.
pub(crate) fn piece(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// What somebody else wrote, without what would steer a terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|it| !it.is_control() || matches!(it, '\n' | '\t')).collect()
}

/// Prints a line for people who watch, where it does not get into a pipe.
#[expect(clippy::print_stderr, reason = "this is what a command line is for")]
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

/// Prints an error with everything that led to it.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    let mut text = format!("error: {error}");
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !last.contains(&cause) {
            text.push_str(&format!("\n  because: {cause}"));
        }
        last = cause;
    }
    note(&base::redact::text(&text));
    ExitCode::FAILURE
}

/// Prints what was said wrong on the command line, where its parts are right by themselves.
pub(crate) fn misused(message: &str) -> ExitCode {
    note(&format!("error: {message}\n\nFor more information, try '--help'."));
    ExitCode::from(MISUSED)
}

/// The exit code of wrong usage, as the parser of the command line has it.
const MISUSED: u8 = 2;

/// Rows under their headers, the columns aligned.
pub(crate) fn table(rows: &[Json], columns: &[&str]) -> String {
    if rows.is_empty() {
        return "nothing here".into();
    }
    let cell = |row: &Json, column: &str| match &row[column] {
        Json::Null => String::from("-"),
        Json::String(text) => text.clone(),
        Json::Array(list) => list
            .iter()
            .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(","),
        other => other.to_string(),
    };
    let mut widths: Vec<usize> = columns.iter().map(|it| it.chars().count()).collect();
    for row in rows {
        for (width, column) in widths.iter_mut().zip(columns) {
            *width = (*width).max(cell(row, column).chars().count()).min(60);
        }
    }
    let aligned = |cells: Vec<String>| {
        let padded = cells.into_iter().zip(&widths).map(|(text, width)| format!("{text:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head = aligned(columns.iter().map(|it| it.to_uppercase().replace('_', " ")).collect());
    let lines = rows.iter().map(|row| aligned(columns.iter().map(|it| cell(row, it)).collect()));
    std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_steers_a_terminal_is_left_out() {
        assert_eq!(plain("a\u{1b}[2Jb\r\n\tc\u{9b}d"), "a[2Jb\n\tcd");
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [json!({"name": "a", "count": 10}), json!({"name": "long name", "count": null})];
        assert_eq!(
            table(&rows, &["name", "count"]),
            "NAME       COUNT\na          10\nlong name  -"
        );
    }
}
