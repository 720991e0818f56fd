//! Keys of the environment go only to where the operator put their providers.
//!
//! Whoever may change `config/llm.yaml` while the application runs can write any address into it, and any proxy.
//! The keys of the environment are not theirs to send there: a provider that such a change moved has the key that
//! the document itself gives it, or none. Where the operator put it is what the file and the environment say
//! without the change. Nothing here does I/O.

use base::Secret;
use indexmap::IndexMap;
use reqwest::Url;

use super::{EnvValues, ProviderSettings, Settings};

/// The keys that documents give their providers themselves, by the names of these.
pub(super) type OwnKeys = IndexMap<String, Secret<String>>;

/// The keys in a document.
pub(super) fn own_keys(document: Option<&Settings>) -> OwnKeys {
    let providers = document.iter().flat_map(|it| &it.providers);
    providers.filter_map(|(name, it)| Some((name.clone(), it.api_key.clone()?))).collect()
}

/// Takes the keys of the environment from the providers that are not where `operators` has them.
pub(super) fn hold_back(
    settings: &mut Settings,
    mut own: OwnKeys,
    operators: &Settings,
    env: &EnvValues,
) {
    for (name, provider) in &mut settings.providers {
        if !env.has_key_of(name) {
            continue;
        }
        let theirs = operators.providers.get(name);
        if theirs.is_some_and(|it| is_same_way(name, it, provider)) {
            continue;
        }
        provider.api_key = own.shift_remove(name);
        provider.held_back = provider.api_key.is_none().then(|| told(name));
    }
}

/// Do requests go to the same server, and the same way?
fn is_same_way(name: &str, one: &ProviderSettings, other: &ProviderSettings) -> bool {
    let (Ok(here), Ok(there)) = (one.address(name), other.address(name)) else { return false };
    here.origin() == there.origin() && is_same_proxy(one, other)
}

/// Without encryption a proxy reads what passes it, and with it, it may claim to be anybody.
fn is_same_proxy(one: &ProviderSettings, other: &ProviderSettings) -> bool {
    let read = |it: &ProviderSettings| it.proxy.as_deref().map(|it| Url::parse(it.trim()).ok());
    match (read(one), read(other)) {
        (Some(Some(one)), Some(Some(other))) => one == other,
        _ => one.proxy == other.proxy,
    }
}

fn told(name: &str) -> String {
    format!(
        "the key of the environment is not sent to an address, or through a proxy, that a change of the \
         document named: give this provider an `api_key` of its own there, or have the operator name the \
         address in the file or in {}_BASE_URL",
        name.to_ascii_uppercase().replace('-', "_")
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value as Json, json};

    use super::*;

    fn document(providers: Json) -> Settings {
        serde_json::from_value(json!({"providers": providers})).expect("settings")
    }

    fn env() -> EnvValues {
        let given = |name: &str| match name {
            "OPENAI_API_KEY" => Some("sk-operators".to_owned()),
            "GROQ_API_KEY" => Some("gsk-operators".to_owned()),
            _ => None,
        };
        EnvValues::read(given)
    }

    fn key(settings: &Settings, name: &str) -> Option<String> {
        settings.providers[name].api_key.as_ref().map(|it| it.reveal().clone())
    }

    /// The key that `openai` has when the file says one thing and a change of it another.
    #[track_caller]
    fn check(file: Json, changed: Json, expected: Option<&str>) {
        let told = format!("{file} {changed}");
        let settings = Settings::changed(Some(document(changed)), Some(document(file)), &env());
        assert_eq!(key(&settings, "openai").as_deref(), expected, "{told}");
        assert_eq!(settings.providers["openai"].held_back.is_some(), expected.is_none(), "{told}");
        assert_eq!(key(&settings, "groq").as_deref(), Some("gsk-operators"), "it was not moved");
    }

    const OPERATORS: Option<&str> = Some("sk-operators");

    #[rstest]
    #[case(json!({}), json!({}))]
    #[case(json!({}), json!({"openai": {"timeout": "5s"}}))]
    #[case(json!({}), json!({"openai": {"base_url": "https://API.openai.com:443/v2"}}))]
    #[case(
        json!({"openai": {"base_url": "http://gateway:8080"}}),
        json!({"openai": {"base_url": "http://gateway:8080/v1", "timeout": "5s"}})
    )]
    #[case(
        json!({"openai": {"proxy": "http://proxy:3128"}}),
        json!({"openai": {"proxy": "http://proxy:3128/", "concurrency": 3}})
    )]
    fn a_key_goes_to_where_the_operator_put_its_provider(
        #[case] file: Json,
        #[case] changed: Json,
    ) {
        check(file, changed, OPERATORS);
    }

    #[rstest]
    #[case(json!({}), json!({"openai": {"base_url": "https://evil.example/v1"}}))]
    #[case(json!({}), json!({"openai": {"base_url": "http://api.openai.com/v1"}}))]
    #[case(json!({}), json!({"openai": {"base_url": "https://api.openai.com:8443/v1"}}))]
    #[case(json!({}), json!({"openai": {"base_url": "https://api.openai.com.evil.example"}}))]
    #[case(json!({}), json!({"openai": {"base_url": "evil.example"}}))]
    #[case(json!({}), json!({"openai": {"proxy": "http://evil.example:3128"}}))]
    #[case(
        json!({"openai": {"base_url": "http://gateway:8080"}}),
        json!({"openai": {"base_url": "http://gateway:8081"}})
    )]
    // What was meant for a gateway is not for anybody else either.
    #[case(json!({"openai": {"base_url": "http://gateway:8080"}}), json!({}))]
    fn a_key_goes_nowhere_else(#[case] file: Json, #[case] changed: Json) {
        check(file, changed, None);
    }

    #[test]
    fn a_key_of_the_documents_own_goes_to_where_it_says() {
        let changed = json!({"openai": {"base_url": "https://other.example", "api_key": "sk-own"}});
        check(json!({}), changed, Some("sk-own"));
    }

    #[test]
    fn what_the_environment_says_of_the_address_is_not_changed_by_a_document() {
        let at = |it: EnvValues| EnvValues { openai_base_url: Some("http://house:1".into()), ..it };
        let changed = document(json!({"openai": {"base_url": "https://evil.example"}}));
        let settings = Settings::changed(Some(changed), None, &at(env()));
        assert_eq!(key(&settings, "openai").as_deref(), OPERATORS);
        assert_eq!(settings.providers["openai"].base_url.as_deref(), Some("http://house:1"));
    }

    #[test]
    fn a_provider_that_needs_the_key_says_why_it_has_none() {
        let changed = document(json!({"openai": {"proxy": "http://evil.example:1"}}));
        let found = Settings::changed(Some(changed), None, &env()).check();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].path, "providers.openai.api_key");
        assert!(found[0].message.starts_with("is missing"), "{found:?}");
        assert!(found[0].message.contains("OPENAI_BASE_URL"), "{found:?}");
    }
}
