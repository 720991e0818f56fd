//! Carrying documents from one house to another: one line of JSON for each, with its file, text, chunks
//! and vectors.
//!
//! What is there already (the same file under the same title) is left alone, so an import that was broken
//! off is simply begun anew. What lies in chats is its owner's alone and is not carried.

use std::{
    collections::HashSet,
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use base::{PageRequest, TenantId};
use knowledge::{
    Act, Document, Sight,
    document::{DocumentError, Filter, carry::Carried},
};
use serde_json::json;
use store::blob::BlobId;

use super::{add, operator, sight};
use crate::{
    command::own_file::OwnFile,
    output::{self, Output},
    wire::House,
};

/// Documents of one page of a list.
const AT_ONCE: u32 = 500;

/// Writes the documents of a tenant out. Beside its place first: a reader never sees half of them.
pub(super) async fn out(
    house: &House,
    tenant: Option<&str>,
    file: &Path,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let tenant = house.tenant(tenant).await?;
    let sight = Sight { tenant: Some(tenant), ..sight() };
    let cannot = || format!("cannot write {}", file.display());
    let mut lines = OwnFile::create(file).with_context(cannot)?;
    let mut carried = 0_u64;
    let all = documents(house, &sight).await?;
    for document in &all {
        let line = match house.knowledge.carry_out(&sight, document.id).await {
            Ok(line) => line,
            // Somebody took it away meanwhile.
            Err(DocumentError::NoSuch(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        serde_json::to_writer(&mut lines, &line)?;
        lines.write_all(b"\n").with_context(cannot)?;
        carried += 1;
    }
    lines.keep().with_context(cannot)?;
    house.leave().await;
    output.show(&json!({"file": file, "documents": carried}), || {
        format!("wrote {carried} documents to {}", file.display())
    });
    Ok(ExitCode::SUCCESS)
}

/// Takes the documents of a file in, and waits until what they lack is made.
pub(super) async fn into(
    house: &House,
    tenant: Option<&str>,
    file: &Path,
    no_wait: bool,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let tenant = house.tenant(tenant).await?;
    let act = Act { sight: Sight { tenant: Some(tenant), ..sight() }, ..operator() };
    let mut there = known(house, tenant).await?;
    let cannot = || format!("cannot read {}", file.display());
    let lines = BufReader::new(File::open(file).with_context(cannot)?).lines();
    let (mut taken, mut refused, mut left) = (Vec::new(), Vec::new(), 0_u64);
    for (at, line) in lines.enumerate() {
        let line = line.with_context(cannot)?;
        if line.trim().is_empty() {
            continue;
        }
        let source = format!("line {}", at + 1);
        let carried: Carried = match serde_json::from_str(&line) {
            Ok(carried) => carried,
            Err(error) => {
                refused.push((source, format!("is no document that was written out: {error}")));
                continue;
            }
        };
        if carried.blob().is_some_and(|it| !there.insert((it, carried.title.clone()))) {
            left += 1;
            continue;
        }
        match house.knowledge.carry_in(&act, tenant, None, carried).await {
            Ok(document) => taken.push(document.id),
            Err(error) => refused.push((source, error.to_string())),
        }
    }
    if left > 0 && !output.json {
        output::note(&format!("{left} documents are there already, and were left alone"));
    }
    Box::pin(add::end(house, &taken, &refused, no_wait, output)).await
}

/// What the tenant has: each file under each title.
async fn known(house: &House, tenant: TenantId) -> anyhow::Result<HashSet<(BlobId, String)>> {
    let all = documents(house, &Sight { tenant: Some(tenant), ..sight() }).await?;
    Ok(all.into_iter().map(|it| (it.blob, it.title)).collect())
}

async fn documents(house: &House, sight: &Sight) -> anyhow::Result<Vec<Document>> {
    let (mut all, mut page) = (Vec::new(), PageRequest::first(AT_ONCE));
    loop {
        let found = house.knowledge.list(sight, &Filter::default(), &page).await?;
        all.extend(found.items.into_iter().filter(|it| it.chat.is_none()));
        match found.next {
            Some(cursor) => page.cursor = Some(cursor),
            None => return Ok(all),
        }
    }
}
