//! The power goes: on a disk that forgets what was not synced, what was acknowledged is there again.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    task::JoinSet,
};

use crate::{
    place::{Asker, Place, Server, entries, list, text},
    script::script,
};

/// A disk. It is unmounted when it is dropped.
struct Disk {
    folder: TempDir,
    /// How likely a block that was not synced is there all the same, and which ones.
    luck: [String; 2],
    process: Option<Child>,
}

impl Disk {
    /// None where there are no such disks.
    async fn plugged_in(chance: f64, seed: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let folder_of = |name: &str| std::fs::create_dir(folder.path().join(name));
        folder_of("state").and_then(|()| folder_of("disk")).expect("a new folder is empty");
        let luck = [format!("--lucky={chance}"), format!("--seed={seed}")];
        let mut disk = Self { folder, luck, process: None };
        if let Err(why) = disk.plug_in().await {
            #[expect(clippy::disallowed_methods, reason = "tests are told by the environment")]
            let is_required = std::env::var_os("MAINSTAY_TEST_FUSE_REQUIRED").is_some();
            assert!(!is_required, "{why}");
            eprintln!(
                "skipped: no disk that forgets can be made here (`scripts/need fuse`): {why}"
            );
            return None;
        }
        Some(disk)
    }

    async fn plug_in(&mut self) -> Result<(), String> {
        let mut command = Command::new(script("forgetful-disk"));
        command.arg(self.folder.path().join("state")).arg(self.place()).args(&self.luck);
        command.stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().map_err(|it| it.to_string())?;
        let start = Instant::now();
        while !self.is_plugged_in() {
            if process.try_wait().map_err(|it| it.to_string())?.is_some() {
                let ended = process.wait_with_output().await.map_err(|it| it.to_string())?;
                return Err(String::from_utf8_lossy(&ended.stderr).trim().to_owned());
            }
            if start.elapsed() > Duration::from_secs(10) {
                return Err("the disk is not mounted within ten seconds".into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.process = Some(process);
        Ok(())
    }

    fn is_plugged_in(&self) -> bool {
        let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
        mounts.contains(&format!(" {} fuse", self.place().display()))
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// The power goes, and comes back.
    async fn lose_power(&mut self, server: Server) {
        server.kill().await;
        if let Some(mut process) = self.process.take() {
            process.kill().await.expect("it can be killed");
        }
        self.unmount();
        self.plug_in().await.expect("what could be plugged in can be again");
    }

    fn unmount(&self) {
        let mut unmount = std::process::Command::new("fusermount3");
        let _ = unmount.arg("-uz").arg(self.place()).stderr(Stdio::null()).status();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.process = None;
        self.unmount();
    }
}

/// What was acknowledged before the power went, and what is there afterwards.
struct Outcome {
    acknowledged: BTreeSet<String>,
    there: BTreeSet<String>,
}

/// Writes until the power goes, and looks what is left.
async fn lose_power(place: Place, disk: &mut Disk, after: Duration) -> Outcome {
    let data = disk.place().join("data").display().to_string();
    let on_disk = ["--data", data.as_str(), "--job-lease", "1"];
    let server = place.serve_with(&on_disk).await;
    let admin = server.admin().await;
    let client = admin.client("Acme").await;
    let path = format!("/v1/clients/{client}/codebooks/upload");
    let fields = [("name", "Pipes"), ("type", "material")];
    admin.upload(&path, &fields, "x.csv", &list(400)).await.is(202);
    let written = Arc::new(AtomicUsize::new(0));
    let mut busy = JoinSet::new();
    for worker in 0..4 {
        busy.spawn(write(admin.clone(), client.clone(), worker, written.clone()));
    }
    tokio::time::sleep(after).await;
    let start = Instant::now();
    while written.load(Ordering::Relaxed) <= 8 && start.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    disk.lose_power(server).await;
    let acknowledged: BTreeSet<String> = busy.join_all().await.into_iter().flatten().collect();
    assert!(acknowledged.len() > 8, "hardly anything was written: {}", acknowledged.len());

    let server = place.serve_with(&on_disk).await;
    let admin = server.admin().await;
    let rules = admin.get("/api/collections/rules?limit=500").await.is(200);
    let there = entries(&rules["items"]).iter().map(|it| text(&it["id"])).collect();
    let jobs = admin.get("/api/jobs?limit=50").await.is(200);
    for job in entries(&jobs["items"]) {
        assert_eq!(admin.finished(&job["id"]).await["state"], "completed");
    }
    assert!(server.stop().await.success());
    let verified = place.json(&["audit", "verify", "--data", &data]).await;
    assert_eq!(verified["whole"], true, "{verified}");
    let lists = place.json(&["blobs", "verify", "--data", &data]).await;
    assert_eq!(lists["damaged"], json!([]), "{lists}");
    Outcome { acknowledged, there }
}

/// Makes rules until the server is gone; gives those that were acknowledged.
async fn write(
    asker: Asker,
    client: String,
    worker: usize,
    written: Arc<AtomicUsize>,
) -> Vec<String> {
    let rules = json!({"ordering_strategy": "csi-first", "naming_template": "${material}"});
    let mut made = Vec::new();
    let path = format!("/v1/clients/{client}/rules");
    for at in 0..100 {
        let body =
            json!({"name": format!("rule {worker}-{at}"), "rules_json": rules, "is_active": false});
        match asker.try_ask(Method::POST, &path, Some(&body)).await {
            Ok(answer) => {
                made.push(text(&answer.is(201)["data"]["id"]));
                written.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => break,
        }
    }
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_loss_of_power() {
    for (seed, chance) in [(1, 0.0), (2, 0.3), (3, 0.7)] {
        let Some(mut disk) = Disk::plugged_in(chance, seed).await else { return };
        let place = Place::new().without_limits();
        let after = Duration::from_millis(400 + 300 * u64::from(seed));
        let Outcome { acknowledged, there } = lose_power(place, &mut disk, after).await;
        let lost: Vec<_> = acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "seed {seed}: {} of {} are lost", lost.len(), acknowledged.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_in_a_folder_outlives_a_loss_of_power() {
    for (seed, chance) in [(4, 0.0), (5, 0.5)] {
        let Some(mut disk) = Disk::plugged_in(chance, seed).await else { return };
        let place = Place::new().without_limits().with("BLOB_PLACE", "directory");
        // The list itself is read once more at the end.
        let Outcome { acknowledged, there } =
            lose_power(place, &mut disk, Duration::from_millis(250)).await;
        assert!(acknowledged.is_subset(&there), "seed {seed}: something acknowledged is lost");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_does_not_wait_for_the_disk_is_lost_with_the_power() {
    // That the disk forgets at all: without this, the test above would prove nothing.
    let Some(mut disk) = Disk::plugged_in(0.0, 1).await else { return };
    let place = Place::new().without_limits().with("MAINSTAY_DURABILITY", "normal");
    let outcome = lose_power(place, &mut disk, Duration::from_millis(600)).await;
    assert!(!outcome.acknowledged.is_subset(&outcome.there), "the disk forgets nothing");
}
