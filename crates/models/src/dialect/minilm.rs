//! The model that makes embeddings in this process, as a provider: `minilm/all-MiniLM-L6-v2`. It has
//! no answers, no connection and no price; see [`crate::local`] for how it is run.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;

use super::{
    Complaint, Decoder, Dialect, Rates, Unreadable, Unsupported, Wire,
    offline::{IN_PROCESS, Silence},
};
use crate::{
    Usage,
    chat::{Answer, Request},
    quirk::Quirks,
    settings::ProviderSettings,
};

/// The word for it.
pub const KIND: &str = "minilm";
/// Its model.
pub const MODEL: &str = "all-MiniLM-L6-v2";
/// How many numbers a vector of it has.
pub const DIMENSIONS: u32 = 384;

pub(crate) const ONLY_MODEL: &str = "its only model is `all-MiniLM-L6-v2`";
pub(crate) const ONLY_DIMENSIONS: &str = "its vectors have 384 numbers; leave the field out";

/// The provider whose model is in this process.
pub struct Minilm;

impl Dialect for Minilm {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn wire(&self) -> Wire {
        Wire::InProcess
    }

    fn converses(&self) -> bool {
        false
    }

    fn built_in(&self) -> Option<&'static [&'static str]> {
        Some(&[MODEL])
    }

    fn address(&self) -> Option<&'static str> {
        // Nowhere: a name that no network knows, should anybody ask for it.
        Some("http://minilm.invalid/v1")
    }

    fn check(&self, settings: &ProviderSettings) -> Vec<(&'static str, String)> {
        let given =
            [("base_url", settings.base_url.is_some()), ("api_key", settings.api_key.is_some())];
        let of_no_use = "is of no use: the model is in this process";
        given.into_iter().filter(|it| it.1).map(|it| (it.0, of_no_use.into())).collect()
    }

    fn headers(&self, _key: Option<&str>) -> Vec<(HeaderName, HeaderValue)> {
        Vec::new()
    }

    fn chat_path(&self, _model: &str, _stream: bool) -> String {
        String::new()
    }

    fn chat_body(&self, _: &Request, _: &str, _: Quirks) -> Result<Json, Unsupported> {
        let why = "it makes embeddings and nothing else";
        Err(Unsupported { field: "model", kind: KIND, why })
    }

    fn read_answer(&self, _body: &[u8]) -> Result<Answer, Unreadable> {
        Err(IN_PROCESS)
    }

    fn read_usage(&self, _body: &[u8]) -> Option<Usage> {
        None
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(Silence)
    }

    fn complaint(&self, _status: u16, _headers: &HeaderMap, _body: &[u8]) -> Complaint {
        Complaint::default()
    }

    fn rates(&self, _headers: &HeaderMap) -> Rates {
        Rates::default()
    }

    fn models_path(&self) -> &'static str {
        ""
    }

    /// Its model, whatever the bytes are.
    fn read_models(&self, _body: &[u8]) -> Result<Vec<String>, Unreadable> {
        Ok(vec![MODEL.into()])
    }

    fn embed(&self, _: &str, _: &[String], _: Option<u32>) -> Option<(String, Json)> {
        None
    }

    fn read_embeddings(
        &self,
        _: &[u8],
        _: usize,
    ) -> Result<(Vec<Vec<f32>>, Option<Usage>), Unreadable> {
        Err(IN_PROCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{dialect::find, local::package::MINILM};

    #[test]
    fn it_needs_nothing_and_has_no_use_for_an_address_or_a_key() {
        let found = find(KIND).unwrap();
        assert_eq!((found.wire(), found.converses()), (Wire::InProcess, false));
        assert_eq!(found.check(&ProviderSettings::default()), []);
        let settings = ProviderSettings { base_url: Some("http://h".into()), ..Default::default() };
        assert_eq!(found.check(&settings)[0].0, "base_url");
        assert_eq!(found.built_in(), Some(&[MINILM.model][..]));
        assert_eq!(KIND, MINILM.name);
        assert!(ONLY_MODEL.contains(MODEL) && ONLY_DIMENSIONS.contains(&DIMENSIONS.to_string()));
    }
}
