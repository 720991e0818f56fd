//! Putting documents in, and waiting until nobody has to be at them any more.
//!
//! The jobs are done by whoever comes first: a running server, or this command itself.

use std::{fs, path::Path, process::ExitCode, time::Duration};

use anyhow::{Context, ensure};
use base::DocumentId;
use bytes::Bytes;
use indicatif::{ProgressBar, ProgressStyle};
use knowledge::{
    Act, Document, Sight,
    document::{
        self, DocumentError, State,
        upload::{NewDocument, UploadError, Uploaded},
    },
    web::NewPage,
};
use serde_json::{Value as Json, json};

use super::{operator, row, sight, table};
use crate::{
    args::documents::Add,
    command::queue::Hands,
    output::{self, Output},
    wire::House,
};

/// A file, an address or a line that was not taken in, and why.
pub(super) type Refused = (String, String);

pub(super) async fn run(house: &House, add: Add, output: Output) -> anyhow::Result<ExitCode> {
    let count = add.sources.len();
    ensure!(
        add.title.is_none() || count == 1,
        "--title names one document, and there are {count}; leave it out"
    );
    let tenant = house.tenant(add.tenant.as_deref()).await?;
    let act = Act { sight: Sight { tenant: Some(tenant), ..sight() }, ..operator() };
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for source in &add.sources {
        let document = NewDocument {
            title: add.title.clone(),
            tags: add.tag.clone(),
            shared: !add.private,
            ..NewDocument::new(tenant, Bytes::new())
        };
        match take(house, &act, document, source).await {
            Ok(uploaded) => taken.push(uploaded.document.id),
            Err(error) => refused.push((source.clone(), format!("{error:#}"))),
        }
    }
    end(house, &taken, &refused, add.no_wait, output).await
}

pub(super) async fn resume(
    house: &House,
    ids: &[DocumentId],
    no_wait: bool,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for id in ids {
        match house.knowledge.go_on(&operator(), *id).await {
            Ok(document) => taken.push(document.id),
            Err(error) => refused.push((id.to_string(), error.to_string())),
        }
    }
    end(house, &taken, &refused, no_wait, output).await
}

/// Takes in a file, or the page at an address.
async fn take(
    house: &House,
    act: &Act,
    new: NewDocument,
    source: &str,
) -> anyhow::Result<Uploaded> {
    if source.starts_with("http://") || source.starts_with("https://") {
        let page = NewPage {
            title: new.title,
            tags: new.tags,
            shared: Some(new.shared),
            ..NewPage::new(new.tenant, source)
        };
        return Ok(house.knowledge.page(act, page).await?);
    }
    let path = Path::new(source);
    // What is too large is not read at all.
    let size = fs::metadata(path).with_context(|| format!("cannot read {source}"))?.len();
    let bytes_max = house.knowledge.settings().uploads.bytes_max;
    if size > bytes_max {
        return Err(UploadError::TooLarge { bytes: size, bytes_max }.into());
    }
    let bytes = fs::read(path).with_context(|| format!("cannot read {source}"))?;
    let file_name = path.file_name().and_then(|it| it.to_str()).map(str::to_owned);
    let new = NewDocument { file_name, bytes: bytes.into(), ..new };
    Ok(house.knowledge.upload(act, new).await?)
}

/// Waits for the documents, unless nobody wants that, and tells how they are.
pub(super) async fn end(
    house: &House,
    taken: &[DocumentId],
    refused: &[Refused],
    no_wait: bool,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let documents = match no_wait || taken.is_empty() {
        true => looked_at(house, taken).await,
        false => Box::pin(waited_for(house, taken, output)).await,
    };
    house.leave().await;
    let documents = documents?;
    let rows: Vec<Json> = documents.iter().map(row).collect();
    let told: Vec<Json> =
        refused.iter().map(|(what, why)| json!({"source": what, "error": why})).collect();
    output.show(&json!({"documents": rows, "refused": told}), || {
        let mut text = if documents.is_empty() { String::new() } else { table(&documents) };
        for document in &documents {
            if let State::Failed(reason) = &document.state {
                text.push_str(&format!("\n{} failed: {}", document.title, reason.message));
            }
        }
        for (what, why) in refused {
            text.push_str(&format!("\n{what}: {why}"));
        }
        output::plain(text.trim_start())
    });
    let is_good = |it: &Document| it.state == State::Ready || no_wait && it.state.is_open();
    let is_well = refused.is_empty() && documents.iter().all(is_good);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Works on the queue until all of them are ready or failed, and shows how far they are.
async fn waited_for(
    house: &House,
    ids: &[DocumentId],
    output: Output,
) -> anyhow::Result<Vec<Document>> {
    let hands = Hands::start(house);
    let bar = if output.json { ProgressBar::hidden() } else { ProgressBar::new(100) };
    bar.set_style(ProgressStyle::with_template("{bar:32} {percent:>3} %  {msg}")?);
    let seen = tokio::select! {
        seen = watched(house, ids, &bar) => seen,
        _ = tokio::signal::ctrl_c() => looked_at(house, ids).await,
    };
    bar.finish_and_clear();
    hands.stop().await;
    if !output.json && seen.as_ref().is_ok_and(|it| it.iter().any(|it| it.state.is_open())) {
        output::note("not all are ready; a server that runs goes on with them");
    }
    seen
}

async fn watched(
    house: &House,
    ids: &[DocumentId],
    bar: &ProgressBar,
) -> anyhow::Result<Vec<Document>> {
    loop {
        let seen = looked_at(house, ids).await?;
        let progress = |it: &Document| document::view(it)["progress"].as_u64().unwrap_or_default();
        let sum: u64 = seen.iter().map(progress).sum();
        let open = seen.iter().filter(|it| it.state.is_open()).count();
        bar.set_position(sum / seen.len().max(1) as u64);
        bar.set_message(format!("{} of {} done", seen.len() - open, seen.len()));
        if open == 0 {
            return Ok(seen);
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

/// The documents as they are now; those that somebody took away meanwhile are left out.
async fn looked_at(house: &House, ids: &[DocumentId]) -> anyhow::Result<Vec<Document>> {
    let mut seen = Vec::with_capacity(ids.len());
    for id in ids {
        match house.knowledge.get(&sight(), *id).await {
            Ok(document) => seen.push(document),
            Err(DocumentError::NoSuch(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(seen)
}
