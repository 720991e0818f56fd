//! The process and the machine under it, as metrics: read from the kernel when somebody looks.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use base::{
    Timestamp,
    metric::{self, Gauge, Meter},
};
use jiff::SignedDuration;
use sysinfo::{
    CpuRefreshKind, Disk, DiskRefreshKind, Disks, MemoryRefreshKind, Networks, Pid,
    ProcessRefreshKind, ProcessesToUpdate, System,
};

static CPU_SECONDS: Meter =
    Meter::new("process_cpu_seconds_total", "Processor time used by the process, in seconds.", &[]);
static RESIDENT: Gauge = Gauge::new(
    "process_resident_memory_bytes",
    "Memory of the process that is in RAM, in bytes.",
    &[],
);
static VIRTUAL: Gauge =
    Gauge::new("process_virtual_memory_bytes", "Address space of the process, in bytes.", &[]);
static OPEN_FILES: Gauge = Gauge::new("process_open_fds", "Open file descriptors.", &[]);
static OPEN_FILES_MAX: Gauge =
    Gauge::new("process_max_fds", "The most file descriptors that may be open.", &[]);
static THREADS: Gauge = Gauge::new("process_threads", "Threads of the process.", &[]);
static STARTED: Gauge = Gauge::new(
    "process_start_time_seconds",
    "When the process started, in seconds since 1970.",
    &[],
);
static BUILD: Gauge =
    Gauge::new("mainstay_build_info", "The version that runs, as a label of 1.", &["version"]);

static HOST_CPU: Gauge = Gauge::new(
    "host_cpu_usage_ratio",
    "Share of the machine's processors in use since the last look, 0 to 1.",
    &[],
);
static HOST_MEMORY: Gauge =
    Gauge::new("host_memory_size_bytes", "Memory of the machine, in bytes.", &[]);
static HOST_MEMORY_AVAILABLE: Gauge = Gauge::new(
    "host_memory_available_bytes",
    "Memory of the machine that is available, in bytes.",
    &[],
);
static DISK_SIZE: Gauge = Gauge::new(
    "disk_size_bytes",
    "Size of the file system of a directory, in bytes.",
    &["directory"],
);
static DISK_FREE: Gauge = Gauge::new(
    "disk_free_bytes",
    "Free space in the file system of a directory, in bytes.",
    &["directory"],
);
static RECEIVED: Meter = Meter::new(
    "network_received_bytes_total",
    "Bytes received by a network interface of the machine.",
    &["interface"],
);
static TRANSMITTED: Meter = Meter::new(
    "network_transmitted_bytes_total",
    "Bytes sent by a network interface of the machine.",
    &["interface"],
);

/// Looks are at least this far apart: scraping often must not cost much.
const REST: SignedDuration = SignedDuration::from_secs(1);

/// The process and the machine under it.
pub struct Machine {
    data_dir: PathBuf,
    process: Option<Pid>,
    looked: Mutex<Looked>,
}

struct Looked {
    at: Option<Timestamp>,
    /// None where the kernel shows nothing of itself.
    system: Option<System>,
    disks: Option<Disks>,
    networks: Option<Networks>,
}

/// How full the disk of the data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpace {
    /// All of it.
    pub size_bytes: u64,
    /// What is free for us.
    pub free_bytes: u64,
}

impl Machine {
    /// Prepares to look at this process and at the disk that `data_dir` is on.
    pub fn new(data_dir: impl Into<PathBuf>, version: &str) -> Self {
        BUILD.set(1.0, &[version]);
        let data_dir: PathBuf = data_dir.into();
        Self {
            data_dir: data_dir.canonicalize().unwrap_or(data_dir),
            process: sysinfo::get_current_pid().ok(),
            looked: Mutex::new(Looked {
                at: None,
                system: System::new().ok(),
                disks: Disks::new_with_refreshed_list_specifics(
                    DiskRefreshKind::nothing().with_storage(),
                )
                .ok(),
                networks: Networks::new_with_refreshed_list().ok(),
            }),
        }
    }

    /// All metrics of the process as text, these ones read just now.
    pub fn exposition(&self, now: Timestamp) -> String {
        self.refresh(now);
        metric::exposition()
    }

    /// Reads the numbers from the kernel into the metrics, unless that was done within a second.
    /// Takes about a millisecond and reads files of the kernel only.
    pub fn refresh(&self, now: Timestamp) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = looked.at
            && (SignedDuration::ZERO..REST).contains(&now.duration_since(at))
        {
            return;
        }
        looked.at = Some(now);
        let Looked { system, disks, networks, .. } = &mut *looked;
        if let Some(system) = system {
            self.read_system(system);
        }
        if let Some(space) = disks.as_mut().and_then(|it| space(it, &self.data_dir)) {
            DISK_SIZE.set(space.size_bytes as f64, &["data"]);
            DISK_FREE.set(space.free_bytes as f64, &["data"]);
        }
        if let Some(networks) = networks {
            networks.refresh(true);
            for (name, network) in networks.iter() {
                let name = name.to_string_lossy();
                RECEIVED.read(network.total_received() as f64, &[&name]);
                TRANSMITTED.read(network.total_transmitted() as f64, &[&name]);
            }
        }
    }

    /// How full the disk of the data is. None where that cannot be told, as on a network file system.
    pub fn disk_space(&self) -> Option<DiskSpace> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        space(looked.disks.as_mut()?, &self.data_dir)
    }

    fn read_system(&self, system: &mut System) {
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        system.refresh_cpu_specifics(CpuRefreshKind::nothing().with_usage());
        HOST_CPU.set(f64::from(system.global_cpu_usage()) / 100.0, &[]);
        HOST_MEMORY.set(system.total_memory() as f64, &[]);
        HOST_MEMORY_AVAILABLE.set(system.available_memory() as f64, &[]);
        let Some(pid) = self.process else { return };
        system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[pid]),
            true,
            ProcessRefreshKind::nothing().with_cpu().with_memory().with_tasks(),
        );
        let Some(process) = system.process(pid) else { return };
        CPU_SECONDS.read(process.accumulated_cpu_time() as f64 / 1e3, &[]);
        RESIDENT.set(process.memory() as f64, &[]);
        VIRTUAL.set(process.virtual_memory() as f64, &[]);
        STARTED.set(process.start_time() as f64, &[]);
        if let Some(threads) = process.tasks() {
            THREADS.set(threads.len() as f64, &[]);
        }
        if let Some(files) = process.open_files() {
            OPEN_FILES.set(files as f64, &[]);
        }
        if let Some(most) = process.open_files_limit() {
            OPEN_FILES_MAX.set(most as f64, &[]);
        }
    }
}

fn space(disks: &mut Disks, data_dir: &Path) -> Option<DiskSpace> {
    let disk = disks
        .iter_mut()
        .filter(|it| holds(it, data_dir))
        .max_by_key(|it| it.mount_point().as_os_str().len())?;
    disk.refresh_specifics(DiskRefreshKind::nothing().with_storage());
    Some(DiskSpace { size_bytes: disk.total_space(), free_bytes: disk.available_space() })
}

/// Is `data_dir` on this disk? The path alone does not tell: a file system that is not in the list
/// (memory, network) may be mounted in between, and then the numbers would be those of another disk.
fn holds(disk: &Disk, data_dir: &Path) -> bool {
    data_dir.starts_with(disk.mount_point()) && device(disk.mount_point()) == device(data_dir)
}

#[cfg(unix)]
fn device(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|it| it.dev())
}

#[cfg(not(unix))]
fn device(_: &Path) -> Option<u64> {
    None
}
