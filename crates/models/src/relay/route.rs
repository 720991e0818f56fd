//! From a model's name to those who may be asked for it, in order. A pure function of the settings.
//!
//! A name is an alias, a priority (`speed`, `balanced`, `accuracy`), `provider/model`, or a model's
//! bare name, which goes to the provider that is known for it. Start at [`route`].

use base::TenantId;
use indexmap::IndexMap;

use super::policy::{self, Concerned, Rules};
use crate::{Priority, Settings, dialect::Wire, settings::ModelRef};

/// Who asks for what, as far as the way depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The model, as it is asked for. None: whatever serves the priority.
    pub(crate) model: Option<&'a str>,
    pub(crate) priority: Priority,
    pub(crate) tenant: TenantId,
    /// The key or the user, as the ledger knows them.
    pub(crate) caller: Option<&'a str>,
    /// What is asked for: a task of the house, or the kind of call, whatever the caller names it.
    pub(crate) operation: &'a str,
    /// In whose bytes it is asked, when it comes through the gateway.
    pub(crate) speaks: Option<Wire>,
    /// About how many tokens question and answer may have.
    pub(crate) tokens: u64,
}

/// Who is asked, in order, and what holds for the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) rules: Rules,
}

impl Way {
    /// To this model and no other.
    pub(crate) fn to(to: ModelRef) -> Self {
        let candidate = Candidate { to, context: None, max_output: None };
        Self { candidates: vec![candidate], rules: Rules::default() }
    }
}

/// A model that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) to: ModelRef,
    pub(crate) context: Option<u64>,
    pub(crate) max_output: Option<u64>,
}

/// Why nobody can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoWay {
    /// There is no provider.
    NotConfigured,
    /// A policy does not allow this model.
    NotAllowed(String),
}

/// Who may be asked, in order.
pub(crate) fn route(settings: &Settings, wanted: Wanted<'_>) -> Result<Way, NoWay> {
    let concerned =
        Concerned { tenant: wanted.tenant, caller: wanted.caller, operation: wanted.operation };
    let (rules, allowed) = policy::rules(&settings.policies, concerned);
    let asked = rules.model.as_deref().or(wanted.model);
    let name = asked.unwrap_or(wanted.priority.name());
    let (first, known_as) = resolve(settings, name, wanted).ok_or(NoWay::NotConfigured)?;
    let mut all = vec![first];
    let fallbacks = known_as.iter().find_map(|it| find(&settings.fallbacks, it));
    for other in fallbacks.into_iter().flatten() {
        if let Some((other, _)) = resolve(settings, other, wanted)
            && !all.contains(&other)
        {
            all.push(other);
        }
    }
    // A name that is allowed may lead where the settings send it. A policy's own model too.
    let is_name_allowed = rules.model.is_some() || allows(&allowed, name);
    if !is_name_allowed {
        all.retain(|it| allows(&allowed, &it.text()) || allows(&allowed, &it.model));
    }
    if all.is_empty() {
        return Err(NoWay::NotAllowed(name.to_owned()));
    }
    let mut candidates: Vec<_> = all.into_iter().map(|it| candidate(settings, it)).collect();
    // Those that take so much come first. Tokens are estimated: nobody is left out for them.
    candidates.sort_by_key(|it| it.context.is_some_and(|context| context < wanted.tokens));
    Ok(Way { candidates, rules })
}

/// Names that callers may ask for beside the providers' own: priorities and aliases without `*`.
pub(crate) fn names(settings: &Settings) -> Vec<String> {
    let aliases = settings.aliases.keys().filter(|it| !it.ends_with('*')).cloned();
    let priorities = [Priority::Speed, Priority::Balanced, Priority::Accuracy];
    let served = priorities.into_iter().filter(|it| settings.choose(*it, None).is_some());
    served.map(|it| it.name().to_owned()).chain(aliases).collect()
}

/// The model behind a name, whatever policies and fallbacks say. None when there is no provider.
pub(crate) fn named(settings: &Settings, name: &str) -> Option<ModelRef> {
    let wanted = Wanted {
        model: Some(name),
        priority: Priority::Balanced,
        tenant: TenantId::DEFAULT,
        caller: None,
        operation: "",
        speaks: None,
        tokens: 0,
    };
    resolve(settings, name, wanted).map(|it| it.0)
}

/// Does every list allow this name? An empty list is none.
fn allows(lists: &[&[String]], name: &str) -> bool {
    lists.iter().all(|list| list.iter().any(|it| fits(it, name)))
}

/// The model behind a name, and the names under which its fallbacks may stand.
fn resolve(settings: &Settings, name: &str, wanted: Wanted<'_>) -> Option<(ModelRef, Vec<String>)> {
    let mut known_as = vec![name.to_owned()];
    let mut name = name;
    // An alias may lead to an alias; one that leads to itself leads nowhere.
    for _ in 0..4 {
        match find(&settings.aliases, name).filter(|it| *it != name) {
            Some(target) => {
                known_as.push(target.clone());
                name = target;
            }
            None => break,
        }
    }
    let known = |it: &ModelRef| settings.providers.contains_key(&it.provider);
    if name == "embedding" {
        return settings.embedding().map(|it| (it, known_as));
    }
    let found = match Priority::of_name(name) {
        Some(priority) => settings.choose(priority, None)?,
        None => match ModelRef::parse(name).filter(known) {
            Some(named) => named,
            None => ModelRef { provider: home(settings, name, wanted)?, model: name.to_owned() },
        },
    };
    known_as.push(found.text());
    Some((found, known_as))
}

/// The provider of a model that is asked for by its bare name: the one that the settings name with
/// it; the one whose family it is by its looks; the usual one, if it speaks as the caller does; else
/// the first that does.
fn home(settings: &Settings, model: &str, wanted: Wanted<'_>) -> Option<String> {
    let providers = &settings.providers;
    let named = mentions(settings).find_map(|text| {
        let it = ModelRef::parse(text)?;
        (it.model == model && providers.contains_key(&it.provider)).then_some(it.provider)
    });
    if named.is_some() {
        return named;
    }
    let wire_of = |name: &str| providers.get(name)?.dialect(name).map(|it| it.wire());
    let speaking = |wire: Wire| providers.keys().find(|it| wire_of(it) == Some(wire)).cloned();
    let by_looks = [("claude", Wire::AnthropicMessages), ("gemini", Wire::Gemini)];
    if let Some((_, wire)) = by_looks.iter().find(|it| model.starts_with(it.0))
        && let Some(found) = speaking(*wire)
    {
        return Some(found);
    }
    let usual = settings.choose(wanted.priority, None).map(|it| it.provider);
    let usual = usual.or_else(|| providers.keys().next().cloned())?;
    let wire = match wanted.speaks {
        // Who takes `responses` takes `chat/completions` too.
        Some(Wire::OpenaiResponses) => Some(Wire::OpenaiChat),
        other => other,
    };
    match wire {
        Some(wire) if wire_of(&usual) != Some(wire) => speaking(wire).or(Some(usual)),
        _ => Some(usual),
    }
}

/// Every text of the settings that may be `provider/model`.
pub(crate) fn mentions(settings: &Settings) -> impl Iterator<Item = &str> {
    let priorities = &settings.priorities;
    let priorities = [&priorities.balanced, &priorities.speed, &priorities.accuracy];
    priorities
        .into_iter()
        .flatten()
        .chain(settings.embedding.as_ref())
        .chain(settings.aliases.values())
        .chain(settings.fallbacks.values().flatten())
        .chain(settings.models.keys())
        .chain(settings.prices.iter().map(|it| &it.model))
        .map(String::as_str)
}

/// A model, and what the settings know of it.
pub(crate) fn candidate(settings: &Settings, to: ModelRef) -> Candidate {
    let known = find(&settings.models, &to.text()).or_else(|| find(&settings.models, &to.model));
    let known = known.cloned().unwrap_or_default();
    Candidate { to, context: known.context, max_output: known.max_output }
}

/// The entry of this name, else the one of the longest beginning of it.
fn find<'a, T>(map: &'a IndexMap<String, T>, name: &str) -> Option<&'a T> {
    map.get(name).or_else(|| {
        let patterns = map.iter().filter(|it| it.0.ends_with('*') && fits(it.0, name));
        patterns.max_by_key(|it| it.0.len()).map(|it| it.1)
    })
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::settings::Disconnect;

    fn settings() -> Settings {
        serde_json::from_value(json!({
            "providers": {"openai": {}, "groq": {}, "anthropic": {}, "local": {"base_url": "http://h"}},
            "priorities": {"balanced": "openai/gpt-4o", "speed": "groq/llama-8b"},
            "aliases": {"fast": "groq/llama-8b", "smart": "accuracy", "claude-3*": "openai/gpt-4o"},
            "fallbacks": {
                "fast": ["openai/gpt-4o-mini", "balanced", "groq/llama-8b"],
                "openai/*": ["anthropic/claude-4"],
                "openai/gpt-4o": ["local/big", "local/huge"],
            },
            "models": {
                "gpt-4o": {"context": 1000, "max_output": 10},
                "local/big": {"context": 1000},
                "local/huge": {"context": 9000},
            },
            "prices": [{"model": "local/odd", "input_per_million_usd": 1.0}],
        }))
        .unwrap()
    }

    fn wanted(model: &str) -> Wanted<'_> {
        Wanted {
            model: Some(model),
            priority: Priority::Balanced,
            tenant: TenantId::DEFAULT,
            caller: Some("key_1"),
            operation: "chat",
            speaks: Some(Wire::OpenaiChat),
            tokens: 0,
        }
    }

    fn told(settings: &Settings, wanted: Wanted<'_>) -> String {
        match route(settings, wanted) {
            Ok(way) => way.candidates.iter().map(|it| it.to.text()).collect::<Vec<_>>().join(" "),
            Err(why) => format!("{why:?}"),
        }
    }

    #[rstest]
    #[case::whole("groq/any", "groq/any")]
    #[case::alias("fast", "groq/llama-8b openai/gpt-4o-mini openai/gpt-4o")]
    #[case::alias_of_a_priority("smart", "openai/gpt-4o local/big local/huge")]
    #[case::alias_with_a_star("claude-3-opus", "openai/gpt-4o local/big local/huge")]
    #[case::priority("speed", "groq/llama-8b")]
    #[case::fallbacks_of_a_family("openai/o3", "openai/o3 anthropic/claude-4")]
    #[case::bare_by_mention("odd", "local/odd")]
    #[case::bare_by_looks("claude-9", "anthropic/claude-9")]
    #[case::bare_to_the_usual("gpt-9", "openai/gpt-9 anthropic/claude-4")]
    #[case::a_slash_of_its_own("org/model", "openai/org/model anthropic/claude-4")]
    fn a_name_leads_to_those_who_may_be_asked(#[case] model: &str, #[case] expected: &str) {
        assert_eq!(told(&settings(), wanted(model)), expected);
    }

    #[test]
    fn a_bare_name_goes_to_a_provider_that_speaks_as_the_caller_does() {
        let anthropic = Wanted { speaks: Some(Wire::AnthropicMessages), ..wanted("sonnet") };
        assert_eq!(told(&settings(), anthropic), "anthropic/sonnet");
        let responses = Wanted { speaks: Some(Wire::OpenaiResponses), ..wanted("gpt-9") };
        assert_eq!(told(&settings(), responses), "openai/gpt-9 anthropic/claude-4");
    }

    #[test]
    fn without_a_name_the_priority_decides() {
        let speed = Wanted { model: None, priority: Priority::Speed, ..wanted("") };
        assert_eq!(told(&settings(), speed), "groq/llama-8b");
        assert_eq!(told(&Settings::default(), wanted("gpt-4o")), "NotConfigured");
    }

    #[test]
    fn what_is_too_long_for_a_model_goes_to_a_larger_one_first() {
        let long = Wanted { tokens: 5000, ..wanted("openai/gpt-4o") };
        assert_eq!(told(&settings(), long), "local/huge openai/gpt-4o local/big");
    }

    fn with(policies: serde_json::Value) -> Settings {
        Settings { policies: serde_json::from_value(policies).unwrap(), ..settings() }
    }

    #[rstest]
    #[case(json!(["fast"]), "fast", "groq/llama-8b openai/gpt-4o-mini openai/gpt-4o")]
    #[case(json!(["groq/*"]), "fast", "groq/llama-8b")]
    #[case(json!(["gpt-4o"]), "openai/gpt-4o", "openai/gpt-4o")]
    #[case(json!(["gpt-4o"]), "groq/any", "NotAllowed(\"groq/any\")")]
    fn a_list_of_allowed_models_is_kept(
        #[case] allow: serde_json::Value,
        #[case] model: &str,
        #[case] expected: &str,
    ) {
        let settings = with(json!([{"key": "key_1", "allow": allow}]));
        assert_eq!(told(&settings, wanted(model)), expected);
        let other = Wanted { caller: Some("key_2"), ..wanted(model) };
        assert!(!told(&settings, other).contains("NotAllowed"));
    }

    #[test]
    fn a_policy_may_name_the_model_of_an_operation() {
        let settings = with(json!([
            {"operation": "refactor", "model": "local/big", "max_tokens": 9},
            {"max_tokens": 5, "cache": false, "on_disconnect": "drain"},
        ]));
        let refactor = Wanted { operation: "refactor", ..wanted("fast") };
        let way = route(&settings, refactor).unwrap();
        assert_eq!(way.candidates[0].to.text(), "local/big");
        assert_eq!(
            (way.rules.max_tokens, way.rules.cache, way.rules.on_disconnect),
            (Some(9), Some(false), Some(Disconnect::Drain))
        );
    }

    #[test]
    fn callers_are_told_the_names_they_may_use() {
        assert_eq!(names(&settings()), ["speed", "balanced", "accuracy", "fast", "smart"]);
    }
}
