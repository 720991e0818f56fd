//! The checks of structure: floors, room headers, tables and their owners, both dialects, names, and
//! that there is one stack of each kind.

mod floors;
mod rooms;
mod sources;
mod stacks;
mod tables;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// One fault: where, and what is wrong with the way out.
pub(crate) struct Fault {
    place: String,
    message: String,
}

impl Fault {
    pub(crate) fn at(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

type Check = fn(&Path) -> anyhow::Result<Vec<Fault>>;

/// Runs every check and prints what it finds.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is what a command line is for")]
pub(crate) fn run() -> ExitCode {
    let root = root();
    let checks: [(&str, Check); 6] = [
        ("floors", floors::check),
        ("rooms", rooms::check),
        ("tables", tables::check),
        ("stacks", stacks::check),
        ("names", sources::check_names),
        ("applications", sources::check_applications),
    ];
    let mut found = 0;
    for (name, check) in checks {
        match check(&root) {
            Ok(faults) => {
                for fault in &faults {
                    println!("{name}: {}: {}", fault.place, fault.message);
                }
                found += faults.len();
            }
            Err(error) => {
                eprintln!("{name}: {error:#}");
                found += 1;
            }
        }
    }
    for (lines, file) in sources::longest(&root, 10) {
        println!("{lines:>5} lines  {file}");
    }
    if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map_or_else(|| here.to_path_buf(), Path::to_path_buf)
}
