//! One provider: where it is, how it is spoken to, and how long it is waited for.

use base::Secret;
use http::Uri;
use jiff::SignedDuration;
use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::dialect::{self, Dialect};

/// One provider.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderSettings {
    /// How it is spoken to: `openai`, `groq`, `huggingface`, `ollama`, `anthropic`, `gemini`,
    /// `offline` or `minilm`. Default: the one it is named after, else `openai`, which fits any
    /// compatible address.
    pub kind: Option<String>,
    /// Where it is, with or without its version (`/v1`). Known for every kind but an address of
    /// one's own.
    pub base_url: Option<String>,
    /// The key, when it needs one.
    #[schemars(with = "Option<String>")]
    pub api_key: Option<Secret<String>>,
    /// The longest one attempt at a whole answer may take, from connecting to the last byte.
    pub timeout: SignedDuration,
    /// The longest that connecting may take.
    pub connect_timeout: SignedDuration,
    /// The longest until a streamed answer begins to come: its head.
    pub first_byte_timeout: SignedDuration,
    /// The longest until a streamed answer says its first word, thought or call.
    pub first_token_timeout: SignedDuration,
    /// The longest silence within a streamed answer.
    pub stall_timeout: SignedDuration,
    /// The longest one streamed answer may take, from connecting to the last byte.
    pub stream_timeout: SignedDuration,
    /// The most requests at once. What comes after waits.
    pub concurrency: u32,
    /// How structured answers are asked for. `auto` finds out what the provider takes.
    pub json: JsonMode,
    /// A proxy to go through: `http://host:port`.
    pub proxy: Option<String>,
    /// Why the key that the environment has for it is not sent there; none when it is, or there is none.
    #[serde(skip)]
    pub held_back: Option<String>,
}

/// How a provider is asked for JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JsonMode {
    /// Try `json_schema`, then `json_object`, then `plain`, and remember what was taken.
    #[default]
    Auto,
    /// Send the schema with the request.
    JsonSchema,
    /// Ask for an object; the schema is in the question.
    JsonObject,
    /// Ask with words only.
    Plain,
}

impl Default for ProviderSettings {
    fn default() -> Self {
        Self {
            kind: None,
            base_url: None,
            api_key: None,
            timeout: SignedDuration::from_secs(120),
            connect_timeout: SignedDuration::from_secs(5),
            first_byte_timeout: SignedDuration::from_secs(60),
            first_token_timeout: SignedDuration::from_secs(120),
            stall_timeout: SignedDuration::from_secs(60),
            stream_timeout: SignedDuration::from_secs(600),
            concurrency: 256,
            json: JsonMode::Auto,
            proxy: None,
            held_back: None,
        }
    }
}

impl ProviderSettings {
    /// How a provider of this name is spoken to. None when its `kind` is none of the registry.
    pub fn dialect(&self, name: &str) -> Option<&'static dyn Dialect> {
        match &self.kind {
            Some(kind) => dialect::find(kind),
            None => dialect::find(name).or_else(|| dialect::find("openai")),
        }
    }

    /// What cannot work when it is spoken to in this dialect: field and message. Who needs no key in its own dialect needs
    /// none in another.
    pub(super) fn faults(&self, name: &str, dialect: &dyn Dialect) -> Vec<(&'static str, String)> {
        let wants_key = |it: &dyn Dialect| it.check(self).iter().any(|it| it.0 == "api_key");
        let needs_none = dialect::find(name).is_some_and(|own| !wants_key(own));
        let mut faults = dialect.check(self);
        faults.retain(|it| it.0 != "api_key" || !needs_none);
        faults
    }

    /// The address requests are made from; the paths of the dialect are appended to it.
    ///
    /// A path without the version segment of its dialect gets it. A path that ends in
    /// `/chat/completions` is taken as it is, for providers that have no version in their path.
    pub(crate) fn address(&self, name: &str) -> Result<Url, String> {
        let dialect = self.dialect(name).ok_or("is of no known kind")?;
        let known = match &self.kind {
            // A name that says more than the kind: `groq` spoken to as `openai`.
            Some(_) => dialect::find(name).and_then(Dialect::address).or(dialect.address()),
            None => dialect::find(name).and_then(Dialect::address),
        };
        let text =
            self.base_url.as_deref().or(known).ok_or("is missing: where is this provider?")?;
        let mut url = Url::parse(text.trim()).map_err(|why| format!("is not an address: {why}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err("must begin with `http://` or `https://`".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a password; use `api_key`".into());
        }
        url.set_query(None);
        url.set_fragment(None);
        let path = url.path().trim_end_matches('/').to_owned();
        let version = version_of(dialect);
        let has_version = path.split('/').any(|it| is_version(it) || it == version);
        let path = match path.strip_suffix("/chat/completions") {
            Some(exact) => exact.to_owned(),
            None if has_version => path,
            // The usual address of one who has several dialects is that of its own.
            None if self.base_url.is_none() => format!("/{version}"),
            None => format!("{path}/{version}"),
        };
        url.set_path(&format!("{path}/"));
        // A browser takes more for an address than HTTP does: `{resource}.example.com`.
        match url.as_str().parse::<Uri>() {
            Ok(_) => Ok(url),
            Err(why) => Err(format!("is not an address: {why}")),
        }
    }
}

/// The last segment of a dialect's own address: `v1`, `v1beta`, `api`.
fn version_of(dialect: &dyn Dialect) -> &'static str {
    let own = dialect.address().unwrap_or("v1").trim_end_matches('/');
    own.rsplit('/').next().unwrap_or("v1")
}

fn is_version(segment: &str) -> bool {
    let mut rest = segment.strip_prefix('v').unwrap_or_default().chars();
    rest.next().is_some_and(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("any", "http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/")]
    #[case("any", "http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1/")]
    #[case("any", "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/")]
    #[case("any", "http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1/")]
    #[case("any", "https://api.groq.com/openai", "https://api.groq.com/openai/v1/")]
    #[case("any", "https://x.example/v1beta/openai/", "https://x.example/v1beta/openai/")]
    #[case("any", "https://x.example/inference/chat/completions", "https://x.example/inference/")]
    #[case("any", " https://x.example/api/v3?a=b#c ", "https://x.example/api/v3/")]
    #[case("gemini", "http://127.0.0.1:8080", "http://127.0.0.1:8080/v1beta/")]
    #[case("anthropic", "http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/")]
    fn an_address_is_good_with_or_without_its_version(
        #[case] name: &str,
        #[case] given: &str,
        #[case] expected: &str,
    ) {
        let provider = ProviderSettings { base_url: Some(given.into()), ..Default::default() };
        assert_eq!(provider.address(name).map(String::from), Ok(expected.to_owned()));
    }

    #[rstest]
    #[case("groq", None, Some("https://api.groq.com/openai/v1/"))]
    #[case("groq", Some("openai"), Some("https://api.groq.com/openai/v1/"))]
    #[case("ollama", Some("openai"), Some("http://localhost:11434/v1/"))]
    #[case("second", Some("anthropic"), Some("https://api.anthropic.com/v1/"))]
    #[case("mine", None, None)]
    #[case("mine", Some("telepathy"), None)]
    fn a_provider_known_by_name_or_kind_needs_no_address(
        #[case] name: &str,
        #[case] kind: Option<&str>,
        #[case] expected: Option<&str>,
    ) {
        let provider = ProviderSettings { kind: kind.map(str::to_owned), ..Default::default() };
        assert_eq!(provider.address(name).ok().map(String::from).as_deref(), expected);
    }

    #[test]
    fn an_address_that_only_a_browser_takes_is_told_before_anybody_asks_there() {
        let address = |base_url: &str| {
            let it =
                ProviderSettings { base_url: Some(base_url.into()), ..ProviderSettings::default() };
            it.address("mine")
        };
        let refused = address("https://{resource}.example.com/v1").unwrap_err();
        assert!(refused.starts_with("is not an address: "), "{refused}");
        assert_eq!(address("http://h").unwrap().as_str(), "http://h/v1/");
    }
}
