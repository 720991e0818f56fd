//! `mainstay blobs`: where the bytes of files lie, whether they are whole, and moving them.

use std::process::ExitCode;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value as Json, json};
use store::{
    Error, Store,
    blob::{self, Batch, Place, Status},
};

use crate::{
    args::{self, blobs::BlobsAct},
    environment::Environment,
    output::Output,
    wire::Site,
};

pub(crate) async fn run(
    args: args::blobs::Blobs,
    environment: &Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let (BlobsAct::Status { application }
    | BlobsAct::Move { application, .. }
    | BlobsAct::Verify { application }) = &args.act;
    let site = Site::find(application, environment)?;
    let store = site.open_checked().await?;
    let ended = match args.act {
        BlobsAct::Status { .. } => status(&store, output).await,
        BlobsAct::Move { to, .. } => transfer(&site, &store, to, output).await,
        BlobsAct::Verify { .. } => verify(&store, output).await,
    };
    store.close().await;
    ended
}

async fn status(store: &Store, output: Output) -> anyhow::Result<ExitCode> {
    let status = blob::status(store).await?;
    let fault = blob::look(store).await.err().map(|it| it.to_string());
    let held: Vec<Json> = status
        .held
        .iter()
        .map(|it| {
            json!({
                "place": it.place.name(), "count": it.count, "size_bytes": it.size_bytes,
                "is_set_up": it.is_set_up,
            })
        })
        .collect();
    let value = json!({
        "place": status.chosen.name(), "held": held, "leftovers": status.leftovers, "fault": fault,
    });
    output.show(&value, || {
        let mut lines = vec![format!("new bytes are put into: {}", status.chosen)];
        for held in &status.held {
            let amiss = if held.is_set_up { "" } else { ", and nothing says where that is" };
            let size = megabytes(held.size_bytes);
            lines.push(format!("{:<10} {:>8} blobs  {size}{amiss}", held.place.name(), held.count));
        }
        if status.leftovers > 0 {
            lines.push(format!("{} objects wait to be named or deleted", status.leftovers));
        }
        lines.extend(fault.as_ref().map(|it| format!("DEGRADED: {it}")));
        lines.join("\n")
    });
    let is_well = fault.is_none() && status.held.iter().all(|it| it.is_set_up);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn transfer(
    site: &Site,
    store: &Store,
    to: Place,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let before = blob::status(store).await?;
    if let Some(lost) = before.held.iter().find(|it| !it.is_set_up) {
        bail!("{} blobs lie in {}, and nothing says where that is", lost.count, lost.place);
    }
    let bar = bar(output, total(&before, Some(to)))?;
    let all = through(&bar, async |after| blob::transfer(store, to, after, site.clock.now()).await);
    let all = all.await;
    bar.finish_and_clear();
    let all = all.context("what was moved is moved; call it again for the rest")?;
    let value = json!({
        "to": to.name(), "moved": all.done, "size_bytes": all.size_bytes, "damaged": told(&all),
    });
    output.show(&value, || {
        let mut lines =
            vec![format!("moved {} blobs, {}, to: {to}", all.done, megabytes(all.size_bytes))];
        lines.extend(told(&all));
        if before.chosen != to {
            lines.push(format!(
                "new bytes still go to: {}; set BLOB_PLACE={to} where the server runs",
                before.chosen
            ));
        }
        lines.join("\n")
    });
    Ok(if all.damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn verify(store: &Store, output: Output) -> anyhow::Result<ExitCode> {
    let bar = bar(output, total(&blob::status(store).await?, None))?;
    let all = through(&bar, async |after| blob::verify(store, after).await).await;
    bar.finish_and_clear();
    let all = all?;
    let value = json!({
        "whole": all.done, "size_bytes": all.size_bytes, "damaged": told(&all),
    });
    output.show(&value, || {
        let mut lines =
            vec![format!("{} blobs are whole, {}", all.done, megabytes(all.size_bytes))];
        lines.extend(told(&all));
        lines.join("\n")
    });
    Ok(if all.damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One batch after the other, to the end.
async fn through(
    bar: &ProgressBar,
    next: impl AsyncFn(Option<blob::At>) -> Result<Batch, Error>,
) -> Result<Batch, Error> {
    let mut all = Batch::default();
    loop {
        let batch = next(all.next.take()).await?;
        bar.inc(batch.done + batch.damaged.len() as u64);
        all.done += batch.done;
        all.size_bytes += batch.size_bytes;
        all.damaged.extend(batch.damaged);
        all.next = batch.next;
        if all.next.is_none() {
            return Ok(all);
        }
    }
}

/// How many blobs there are, those in one place left out.
fn total(status: &Status, but: Option<Place>) -> u64 {
    status.held.iter().filter(|it| Some(it.place) != but).map(|it| it.count).sum()
}

fn told(batch: &Batch) -> Vec<String> {
    batch.damaged.iter().map(Error::to_string).collect()
}

fn bar(output: Output, total: u64) -> anyhow::Result<ProgressBar> {
    if output.json {
        return Ok(ProgressBar::hidden());
    }
    let bar = ProgressBar::new(total);
    bar.set_style(ProgressStyle::with_template("{bar:32} {pos} of {len} blobs, {eta} left")?);
    Ok(bar)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
