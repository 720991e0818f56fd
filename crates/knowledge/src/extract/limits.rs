//! How much a process that reads files may use. It takes the limits upon itself before it reads the
//! first byte; after that it cannot raise them again.

use crate::settings::{Extraction, span};

/// How much one file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory, beside what the program has when it begins.
    pub memory_bytes: u64,
    /// Seconds of computing.
    pub cpu_s: u64,
    /// The longest text, in characters.
    pub chars: u64,
    /// The most pages.
    pub pages: u32,
    /// Milliseconds from the first byte to the last; kept by the parent.
    pub time_ms: u64,
}

impl Limits {
    /// As the settings say.
    pub fn of(settings: &Extraction) -> Self {
        Self {
            memory_bytes: settings.memory_bytes_max,
            cpu_s: settings.cpu_s_max,
            chars: settings.chars_max,
            pages: settings.pages_max,
            time_ms: u64::try_from(span(settings.time_max).as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// Lays the limits on this process: memory, computing, no new files or connections, and nothing left
/// on the disk when it dies.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub(super) fn take(limits: &Limits) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let at_most = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
    // The first signal comes at the soft limit, the one that cannot be ignored a second later.
    let cpu = Rlimit { current: Some(limits.cpu_s), maximum: Some(limits.cpu_s.saturating_add(1)) };
    setrlimit(Resource::Cpu, cpu)?;
    setrlimit(Resource::As, at_most(taken().saturating_add(limits.memory_bytes)))?;
    setrlimit(Resource::Core, at_most(0))?;
    // What is open stays open: standard input and output.
    setrlimit(Resource::Nofile, at_most(0))?;
    Ok(())
}

/// The address space that the process has taken already, which the system counts too: the program
/// itself, and what its allocator has set aside. 0 where the system does not tell.
#[cfg(unix)]
fn taken() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|it| it.strip_prefix("VmSize:")).unwrap_or_default();
    let kilobytes = line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap_or_default();
    kilobytes.saturating_mul(1024)
}

/// Elsewhere only the parent's clock holds.
#[cfg(not(unix))]
pub(super) fn take(_: &Limits) -> std::io::Result<()> {
    Ok(())
}
