//! `mainstay vectors`: the index over what chunks mean; how it is, kept in a file, made anew.

use std::{path::Path, process::ExitCode};

use anyhow::{bail, ensure};
use knowledge::vector::{Generation, Health, Vectors, archive::Backup};
use serde_json::{Value as Json, json};

use crate::{
    args::{self, vectors::VectorsAct},
    environment::Environment,
    output::{self, Output},
    wire::House,
};

pub(crate) async fn run(
    args: args::vectors::Vectors,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match args.act {
        VectorsAct::Status { application } => {
            let house = House::find(&application, &environment).await?;
            let code = status(&house, output).await?;
            house.leave().await;
            Ok(code)
        }
        VectorsAct::Rebuild { application } => {
            let house = House::find(&application, &environment).await?;
            let vectors = house.knowledge.vectors();
            let Some(serving) = vectors.serving().await? else {
                bail!("no vectors serve yet, so there is nothing to make anew");
            };
            vectors.rebuild().await?;
            output.show(&json!({"model": serving.model, "state": "building"}), || {
                format!(
                    "the index of {} is made anew beside the one that serves; a running server \
                     fills it and lets it take over, see `mainstay vectors status`",
                    serving.model
                )
            });
            house.leave().await;
            Ok(ExitCode::SUCCESS)
        }
        VectorsAct::BackUp { application, file } => {
            let house = House::find(&application, &environment).await?;
            let now = house.site.clock.now();
            let made = house.knowledge.vectors().back_up(&file, now).await?;
            output.show(&held(&file, &made), || {
                format!("wrote {}: {}", file.display(), described(&made))
            });
            house.leave().await;
            Ok(ExitCode::SUCCESS)
        }
        VectorsAct::Restore { application, file, dry_run } => {
            let seen = Vectors::look_at(&file).await?;
            if dry_run {
                output.show(&held(&file, &seen), || {
                    format!("{} is whole: {}", file.display(), described(&seen))
                });
                return Ok(ExitCode::SUCCESS);
            }
            let house = House::find(&application, &environment).await?;
            restore(&house, &file, &seen, output).await?;
            house.leave().await;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn status(house: &House, output: Output) -> anyhow::Result<ExitCode> {
    let vectors = house.knowledge.vectors();
    let (health, generations) = (vectors.health().await, vectors.generations().await?);
    let rows: Vec<Json> = generations.iter().map(row).collect();
    let set_up = house.models.can_embed();
    let value = json!({
        "engine": health.engine, "model": health.model, "building": health.building,
        "degraded": health.degraded, "embedding": set_up, "generations": rows,
    });
    output.show(&value, || {
        let mut text = told(&health, set_up.as_deref());
        if !rows.is_empty() {
            let columns =
                ["id", "state", "engine", "model", "dimensions", "created_at", "switched_at"];
            text.push_str(&format!("\n\n{}", output::table(&rows, &columns)));
        }
        text
    });
    Ok(if health.degraded.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn told(health: &Health, set_up: Option<&str>) -> String {
    let mut lines = vec![match &health.model {
        Some(model) => format!("{} serves vectors of {model}.", health.engine),
        None => format!("{} is set up; nothing has vectors yet.", health.engine),
    }];
    if let Some(building) = &health.building {
        lines.push(format!("Vectors of {building} are being made beside them."));
    }
    lines.push(match set_up {
        Some(model) => format!("The embedding model is {model}."),
        None => "No embedding model is set up: documents are found by words alone.".to_owned(),
    });
    lines.extend(health.degraded.iter().map(|it| format!("DEGRADED: {it}")));
    lines.join("\n")
}

async fn restore(house: &House, file: &Path, seen: &Backup, output: Output) -> anyhow::Result<()> {
    let set_up = house.models.can_embed();
    let model = &seen.head.model;
    // Vectors of another model would be given up again at once.
    ensure!(
        set_up.as_ref() == Some(model),
        "the backup holds vectors of {model}, and the embedding model is {}; set up the same, then \
         restore",
        set_up.as_deref().unwrap_or("not set up")
    );
    let restored = house.knowledge.vectors().restore(file).await?;
    let value = json!({
        "model": model, "kept": restored.kept, "passed_over": restored.passed_over,
        "state": "building",
    });
    output.show(&value, || {
        format!(
            "{} vectors are back, {} were passed over: their texts are gone or have changed. A \
             running server fills a new index with them and lets it take over",
            restored.kept, restored.passed_over
        )
    });
    Ok(())
}

fn row(generation: &Generation) -> Json {
    json!({
        "id": generation.id, "state": generation.state.name(), "engine": generation.engine,
        "model": generation.model, "dimensions": generation.dimensions,
        "created_at": generation.created_at, "switched_at": generation.switched_at,
    })
}

fn held(file: &Path, backup: &Backup) -> Json {
    let head = &backup.head;
    json!({
        "file": file, "vectors": backup.vectors, "model": head.model,
        "dimensions": head.dimensions, "made_at": head.made_at,
    })
}

fn described(backup: &Backup) -> String {
    let head = &backup.head;
    format!(
        "{} vectors of {} numbers by {}, made at {}",
        backup.vectors, head.dimensions, head.model, head.made_at
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_amiss_is_told_in_a_line_of_its_own() {
        let mut health = Health {
            engine: "builtin".into(),
            model: None,
            degraded: Vec::new(),
            building: None,
            behind: 0,
        };
        let nothing = told(&health, None);
        assert!(nothing.starts_with("builtin is set up; nothing has vectors yet"), "{nothing}");
        assert!(nothing.contains("by words alone"), "{nothing}");
        health.model = Some("a/b".into());
        health.building = Some("c/d".into());
        health.degraded.push("it is away".into());
        let lines = told(&health, Some("c/d"));
        assert_eq!(lines.lines().count(), 4, "{lines}");
        assert!(lines.ends_with("DEGRADED: it is away"), "{lines}");
    }
}
