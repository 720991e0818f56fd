//! `mainstay check`: every fault of an application folder at once, shown where it stands.

use std::{fs, path::Path, process::ExitCode};

use apps::check::{self, Fault, Level, Told};
use miette::{LabeledSpan, MietteDiagnostic, NamedSource, Report, Severity};
use serde_json::json;

use crate::{
    args::Check,
    output::{self, Output},
};

pub(crate) fn run(args: &Check, output: Output) -> anyhow::Result<ExitCode> {
    Ok(show(&args.app, &report(&args.app), output))
}

/// Everything that is wrong with an application's folder.
pub(crate) fn report(app: &Path) -> check::Report {
    let (operations, kinds) = (server::route::heads(), server::configuration::kinds());
    check::whole(app, &Told { operations: &operations, kinds: &kinds })
}

/// Prints what is wrong; the exit code says whether the application can run.
pub(crate) fn show(app: &Path, report: &check::Report, output: Output) -> ExitCode {
    let errors = report.faults.iter().filter(|it| it.level == Level::Error).count();
    let warnings = report.faults.len() - errors;
    if output.json {
        output.show(&json!({"fit": report.is_fit(), "errors": errors, "warnings": warnings, "faults": report.faults}), String::new);
    } else {
        for fault in &report.faults {
            output::line(&format!("{:?}", shown(app, fault)));
        }
        let name = app.display();
        output::line(&match (errors, warnings) {
            (0, 0) => format!("{name}: no fault found"),
            (0, warnings) => format!("{name}: can run, with {warnings} warnings"),
            (errors, 0) => format!("{name}: {errors} errors"),
            (errors, warnings) => format!("{name}: {errors} errors, {warnings} warnings"),
        });
    }
    if report.is_fit() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The fault with the lines around it.
fn shown(app: &Path, fault: &Fault) -> Report {
    let severity = if fault.level == Level::Error { Severity::Error } else { Severity::Warning };
    let mut diagnostic =
        MietteDiagnostic::new(fault.message.clone()).with_code(fault.code).with_severity(severity);
    if let Some(hint) = &fault.hint {
        diagnostic = diagnostic.with_help(hint.clone());
    }
    let place = format!("{}:{}:{}", fault.file, fault.line, fault.column);
    let Ok(text) = fs::read_to_string(app.join(&fault.file)) else {
        return Report::new(MietteDiagnostic {
            message: format!("{place}: {}", fault.message),
            ..diagnostic
        });
    };
    let offset = offset(&text, fault.line, fault.column);
    let length =
        text[offset..].chars().take_while(|it| !it.is_whitespace()).map(char::len_utf8).sum();
    let label = LabeledSpan::new(Some("here".into()), offset, length);
    Report::new(diagnostic.with_label(label))
        .with_source_code(NamedSource::new(fault.file.clone(), text))
}

/// Where a line and column begin, in bytes.
fn offset(text: &str, line: u32, column: u32) -> usize {
    let mut start = 0;
    for (at, content) in text.split_inclusive('\n').enumerate() {
        if at + 1 == line as usize {
            let within: usize =
                content.chars().take(column.saturating_sub(1) as usize).map(char::len_utf8).sum();
            return (start + within).min(text.len());
        }
        start += content.len();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_in_text_with_wide_letters() {
        let text = "a: ü\nbé: c\n";
        assert_eq!(&text[offset(text, 2, 1)..][..3], "bé");
        assert_eq!(&text[offset(text, 2, 5)..][..1], "c");
        assert_eq!(offset(text, 9, 1), text.len());
    }
}
