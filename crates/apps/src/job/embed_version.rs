//! Vectors for a version, when a provider makes them. Without one, or when it fails, the records are
//! found by words, and the result says so.

use base::VersionId;
use serde_json::{Value as Json, json};
use tracing::warn;
use work::Failure;

use super::steps::Steps;
use crate::{record::CollectionKit, vector};

/// Makes the vectors that are missing. Returns what to tell about it: nothing when there is no
/// provider or nothing to embed.
pub(crate) async fn run(
    steps: &Steps,
    version: VersionId,
    children: &CollectionKit,
    percent: u8,
) -> Result<Option<Json>, Failure> {
    let models = steps.engine.models();
    let Some(model) = models.can_embed() else { return Ok(None) };
    if children.spec.embedded().is_empty() {
        return Ok(None);
    }
    let (tenant, fields, name) =
        (steps.job().tenant, children.spec.embedded().to_vec(), model.clone());
    let missing =
        steps.build(move |tx, _| Ok(vector::missing(tx, tenant, version, &name, &fields)?)).await?;
    let total = missing.len();
    let mut done = 0;
    for batch in missing.chunks(vector::BATCH) {
        steps.progress(percent, &format!("Embedding {done} of {total}")).await?;
        let texts = batch.iter().map(|it| it.text.clone()).collect();
        let made = match models.embed(tenant, "embed", texts).await {
            Ok(made) => made,
            Err(error) => {
                warn!(job.id = %steps.job().id, error = %error, "Embedding stopped; records are found by words");
                return Ok(Some(json!({"done": done, "of": total, "error": error.to_string()})));
            }
        };
        done += batch.len();
        let (batch, name) = (batch.to_vec(), model.clone());
        steps
            .build(move |tx, _| {
                Ok(vector::keep(tx, tenant, version, &name, &batch, &made.vectors)?)
            })
            .await?;
    }
    Ok(Some(json!({"done": done, "of": total, "model": model})))
}
