//! The one who has files read: starts the process, gives it the bytes, and waits for what it says,
//! but not for longer than allowed.

use std::{
    ffi::OsString,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    sync::Semaphore,
    time::timeout,
};

use super::{ExtractError, Extracted, Limits, Verdict, VerdictKind};
use crate::{metric, settings::Extraction, sniff::Kind};

/// The program that reads files: this one, with the command that does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// What comes before the kind of the file and the limits.
    pub arguments: Vec<OsString>,
}

/// Has files read. Clones share the room for how many are read at once.
#[derive(Debug, Clone)]
pub struct Extractor {
    program: Program,
    limits: Limits,
    room: Arc<Semaphore>,
}

/// What a process may say, for each character of text that is allowed: escapes and page numbers.
const BYTES_PER_CHAR: u64 = 8;
/// The allocator sets aside a gigabyte of addresses, which is more than a file may cost.
const ALLOCATOR: (&str, &str) = ("MIMALLOC_ARENA_RESERVE", "65536");

impl Extractor {
    /// Has files read by this program, within the bounds of the settings.
    pub fn new(program: Program, settings: &Extraction) -> Self {
        Self {
            program,
            limits: Limits::of(settings),
            room: Arc::new(Semaphore::new(settings.at_once.max(1))),
        }
    }

    /// What is in a file of this kind. Waits for its turn first.
    ///
    /// # Errors
    /// [`ExtractError`] says why there is no text; none of them names a word of it.
    pub async fn extract(&self, kind: Kind, bytes: Bytes) -> Result<Extracted, ExtractError> {
        let _turn = self.room.acquire().await.expect("nobody closes the room");
        let started = Instant::now();
        let found = self.read(kind, bytes).await;
        let outcome = found.as_ref().map_or_else(ExtractError::code, |_| "text");
        metric::EXTRACTED.increment(&[kind.name(), outcome]);
        metric::EXTRACT_SECONDS.observe(started.elapsed().as_secs_f64(), &[kind.name()]);
        found
    }

    async fn read(&self, kind: Kind, bytes: Bytes) -> Result<Extracted, ExtractError> {
        let mut child = self.start(kind)?;
        let time = Duration::from_millis(self.limits.time_ms);
        let Ok(said) = timeout(time, self.converse(&mut child, &bytes)).await else {
            // Killed and waited for, so that nothing is left of it.
            let _ = child.kill().await;
            return Err(ExtractError::TooLong { seconds: time.as_secs() });
        };
        let (said, status) = said.map_err(|it| ExtractError::NotStarted { why: it.to_string() })?;
        if !status.success() {
            return Err(self.died(status));
        }
        let broken = || ExtractError::Nothing { verdict: Verdict::of(VerdictKind::Broken) };
        // It may be tens of megabytes.
        let read = tokio::task::spawn_blocking(move || serde_json::from_slice::<Extracted>(&said));
        let found = read.await.ok().and_then(Result::ok).ok_or_else(broken)?;
        match found.verdict.kind {
            VerdictKind::Text => Ok(found),
            _ => Err(ExtractError::Nothing { verdict: found.verdict }),
        }
    }

    fn start(&self, kind: Kind) -> Result<Child, ExtractError> {
        let Limits { memory_bytes, cpu_s, chars, pages, .. } = self.limits;
        Command::new(&self.program.path)
            .args(&self.program.arguments)
            .arg(kind.name())
            .args([memory_bytes, cpu_s, chars, u64::from(pages)].map(|it| it.to_string()))
            // It is told nothing of this house: no addresses, no keys.
            .env_clear()
            .env(ALLOCATOR.0, ALLOCATOR.1)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|it| ExtractError::NotStarted { why: it.to_string() })
    }

    /// Gives the process the bytes while hearing what it says, then waits for its end.
    async fn converse(
        &self,
        child: &mut Child,
        bytes: &[u8],
    ) -> std::io::Result<(Vec<u8>, ExitStatus)> {
        let mut input = child.stdin.take().expect("it was piped");
        let output = child.stdout.take().expect("it was piped");
        let most = self.limits.chars.saturating_mul(BYTES_PER_CHAR).saturating_add(1 << 20);
        let give = async move {
            // A process that dies hangs up; how it died says more than that.
            let _ = input.write_all(bytes).await;
            let _ = input.shutdown().await;
        };
        let hear = async move {
            let mut said = Vec::new();
            output.take(most).read_to_end(&mut said).await.map(|_| said)
        };
        let ((), said) = tokio::join!(give, hear);
        Ok((said?, child.wait().await?))
    }

    fn died(&self, status: ExitStatus) -> ExtractError {
        /// Used up its seconds of computing.
        const SIGXCPU: i32 = 24;
        if signal(status) == Some(SIGXCPU) {
            return ExtractError::TooLong { seconds: self.limits.cpu_s };
        }
        match status.code() {
            // It could not lay the limits upon itself, or does not know the command.
            Some(code @ (1 | 2)) => {
                ExtractError::NotStarted { why: format!("it ended with code {code}") }
            }
            // Out of memory, out of stack, or killed for it: readers that break over a file panic,
            // and say so in good order.
            _ => ExtractError::TooMuch { megabytes: self.limits.memory_bytes >> 20 },
        }
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}
