//! A PostgreSQL of one's own, to be stopped, started again, and set up as a test likes.

use tempfile::TempDir;
use tokio::process::Command;

use crate::script::{done, free_port, script};

/// The server. It is stopped when it is dropped.
pub(crate) struct Cluster {
    folder: TempDir,
    pub(crate) address: String,
}

impl Cluster {
    /// None where the tests have no PostgreSQL.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(tempfile::tempdir().expect("a temporary folder can be made"), &[]).await
    }

    /// With settings, which may name files in its folder. None where the tests have no PostgreSQL.
    pub(crate) async fn start_with(folder: TempDir, settings: &[String]) -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests are told by the environment where a server is"
        )]
        let has_one = std::env::var("MAINSTAY_TEST_POSTGRES").is_ok_and(|it| !it.is_empty());
        if !has_one {
            eprintln!("skipped: MAINSTAY_TEST_POSTGRES is not set");
            return None;
        }
        let mut start = Command::new(script("postgres"));
        start.arg("start").arg(folder.path()).arg(free_port().await).args(settings);
        let address = done(&mut start).await;
        Some(Self { folder, address })
    }

    /// `stop` ends it as a crash does, `again` starts it once more.
    pub(crate) async fn act(&self, act: &str) {
        done(Command::new(script("postgres")).arg(act).arg(self.folder.path())).await;
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = std::process::Command::new(script("postgres"));
        let _ = stop.arg("stop").arg(self.folder.path()).output();
    }
}
