//! Texts as vectors.

use base::{TenantId, UsageId};

use crate::{Ask, Embeddings, ModelError, Models, settings::ModelRef, usage::Outcome};

/// How many texts go into one request: 64 vectors of 3,072 numbers are about 5 MB as JSON.
const TEXTS_PER_REQUEST: usize = 64;

impl Models {
    /// Makes embeddings of `texts`, in their order. Long lists are asked for in several requests.
    pub async fn embed(
        &self,
        tenant: TenantId,
        operation: &str,
        texts: Vec<String>,
    ) -> Result<Embeddings, ModelError> {
        let to = self.0.settings.embedding().ok_or(ModelError::NotConfigured)?;
        self.embed_by(to, tenant, operation, texts).await
    }

    /// Makes embeddings by a model, as `provider/model`, that need not be the one that is set up for
    /// them: while vectors are made anew by another, those that are there are asked in the old way.
    ///
    /// # Errors
    /// [`ModelError::NotConfigured`] when its provider is not there any more.
    pub async fn embed_as(
        &self,
        model: &str,
        tenant: TenantId,
        operation: &str,
        texts: Vec<String>,
    ) -> Result<Embeddings, ModelError> {
        let to = self.0.settings.provides(model).ok_or(ModelError::NotConfigured)?;
        self.embed_by(to, tenant, operation, texts).await
    }

    async fn embed_by(
        &self,
        to: ModelRef,
        tenant: TenantId,
        operation: &str,
        texts: Vec<String>,
    ) -> Result<Embeddings, ModelError> {
        let account = self.account_of(&Ask::new(tenant, operation, Vec::new()));
        let id = UsageId::generate();
        let mut vectors: Vec<Vec<f32>> = Vec::with_capacity(texts.len());
        for texts in texts.chunks(TEXTS_PER_REQUEST) {
            let made = self.vectors(&to, &account, id, texts).await?;
            made.attempt.ended(Outcome::Ok).await;
            vectors.extend(made.value);
        }
        let dimensions = vectors.first().map_or(0, Vec::len);
        if vectors.iter().any(|it| it.len() != dimensions) {
            let errors = vec!["the embeddings of one list differ in length".into()];
            return Err(ModelError::Unusable { errors });
        }
        Ok(Embeddings { model: to.model, dimensions, vectors })
    }
}
