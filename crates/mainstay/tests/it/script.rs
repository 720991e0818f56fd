//! The programs under `scripts/` that bring real servers and disks.

use std::path::{Path, PathBuf};

use tokio::process::Command;

/// Where a script is.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts").join(name)
}

/// Runs a command that must succeed, and gives what it printed.
pub(crate) async fn done(command: &mut Command) -> String {
    let shown = format!("{:?}", command.as_std());
    let ended = command.output().await.unwrap_or_else(|error| panic!("{shown}: {error}"));
    assert!(ended.status.success(), "{shown}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).expect("a script prints text").trim().to_owned()
}

/// A port at which nobody listens.
pub(crate) async fn free_port() -> String {
    done(&mut Command::new(script("free-port"))).await
}
