//! `mainstay tenant`: everything that a tenant has, taken elsewhere.
//!
//! The form is that of `GET /api/tenants/{tenant}/export`, and no part is left out: the operator has the
//! database anyway, and whoever leaves is to be given what is theirs. What lies in archives is brought back
//! before. That it was done is in the audit log.

use std::{io::Write, path::Path, process::ExitCode};

use anyhow::Context;
use apps::tenant::{self as kept, Part, Scope};
use base::{Actor, TenantId};
use identity::tenant;
use serde_json::{Map, Value as Json, json};
use store::audit;

use super::own_file::OwnFile;
use crate::{
    args::tenant::{Tenant, TenantAct},
    environment::Environment,
    output::Output,
    wire::House,
};

/// Rows that are read at once.
const CHUNK: u32 = 500;

pub(crate) async fn run(
    args: Tenant,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let TenantAct::Export { application, tenant, file } = args.act;
    let house = House::find(&application, &environment).await?;
    let id = house.tenant(tenant.as_deref()).await?;
    let written = Box::pin(write(&house, id, &file)).await;
    house.leave().await;
    let counts = written?;
    output.show(&json!({"file": file, "tenant": id, "rows": counts}), || {
        let told = counts.iter().map(|(part, count)| format!("{count} {}", part.replace('_', " ")));
        format!("wrote {}: {}", file.display(), told.collect::<Vec<_>>().join(", "))
    });
    Ok(ExitCode::SUCCESS)
}

/// Writes one part after the other, as it is read: beside its place first, so that nobody ever sees half of
/// it. Says how many rows there are of each.
async fn write(house: &House, id: TenantId, file: &Path) -> anyhow::Result<Map<String, Json>> {
    let cannot = || format!("cannot write {}", file.display());
    let found = house.store.read(move |db| tenant::get(db, id)).await?;
    let now = house.site.clock.now();
    let head = json!({
        "id": id,
        "slug": found.as_ref().map(|it| it.slug.as_str()),
        "name": found.as_ref().map(|it| it.name.as_str()),
        "data": found.as_ref().map(|it| &it.data),
    });
    let mut out = OwnFile::create(file).with_context(cannot)?;
    write!(out, "{{\"exported_at\":{},\"tenant\":{head},\"left_out\":[]", json!(now))
        .with_context(cannot)?;
    let mut counts = Map::new();
    for part in Part::ALL {
        write!(out, ",\n\"{}\":[", part.name()).with_context(cannot)?;
        let (mut count, mut after) = (0_u64, None::<String>);
        loop {
            let from = after.take();
            let read = move |db: &store::Db| {
                kept::export(db, &Scope::whole(), id, part, from.as_deref(), CHUNK)
            };
            let chunk = house.store.read_long(read).await?;
            for row in &chunk.rows {
                let comma = if count == 0 { "" } else { "," };
                write!(out, "{comma}\n{row}").with_context(cannot)?;
                count += 1;
            }
            match chunk.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        write!(out, "]").with_context(cannot)?;
        counts.insert(part.name().to_owned(), json!(count));
    }
    writeln!(out, "}}").with_context(cannot)?;
    out.sync().with_context(cannot)?;
    let told = json!(counts);
    let note = move |tx: &store::Tx| {
        let subject = format!("tenants/{id}");
        let entry = audit::Entry::new(id, "tenant_exported", subject, "Wrote everything out");
        tx.audit(entry.after(told));
        Ok::<_, store::Error>(())
    };
    // Before it is in its place: nobody takes everything along without a word about it.
    house.store.write(&Actor::operator(), now, note).await?;
    out.keep().with_context(cannot)?;
    Ok(counts)
}
