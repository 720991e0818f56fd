//! Answers kept for repetition: the same tenant that asks the same again gets the same, for a while,
//! and pays nothing. Never across tenants.
//!
//! What counts as the same is the whole request but for how it is delivered (`stream`) and whose it
//! is said to be (`user`). Kept in memory, within a bound, in the bytes that the caller got.

use base::{TenantId, metric::Counter};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use moka::sync::Cache as Moka;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::{
    Usage,
    dialect::Wire,
    settings::{CacheSettings, ModelRef, std},
};

static LOOKED_UP: Counter = Counter::new(
    "model_cache_lookups_total",
    "Requests for which a kept answer was looked for, by whether there was one.",
    &["outcome"],
);

/// The largest answer that is kept.
pub(crate) const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// About what an entry weighs beside its bytes.
const ENTRY_BYTES: usize = 512;
/// Headers of callers that go to providers.
const SHAPING: [&str; 5] = [
    "openai-organization",
    "openai-project",
    "anthropic-beta",
    "anthropic-version",
    "accept-language",
];
/// Fields that change how an answer is delivered or whose it is said to be, not what it says.
pub(crate) const BESIDE: [&str; 6] =
    ["model", "stream", "stream_options", "user", "safety_identifier", "metadata"];

/// What counts as the same request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

/// An answer as a caller got it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    pub(crate) form: Form,
    pub(crate) bytes: Vec<Bytes>,
    /// Who gave it.
    pub(crate) by: ModelRef,
    /// What it used when it was made.
    pub(crate) usage: Usage,
}

/// How an answer was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// In one piece.
    Whole,
    /// As frames; the caller was told the use or not.
    Frames { with_usage: bool },
}

/// The answers that are kept.
pub(crate) struct Cache(Option<Moka<Key, Kept>>);

impl Cache {
    pub(crate) fn new(settings: &CacheSettings) -> Self {
        Self(settings.enabled.then(|| {
            Moka::builder()
                .max_capacity(settings.bytes_max)
                .weigher(|_, kept: &Kept| u32::try_from(kept.weight()).unwrap_or(u32::MAX))
                .time_to_live(std(settings.ttl))
                .build()
        }))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// How many answers are kept, and about how many bytes they weigh.
    pub(crate) fn size(&self) -> (u64, u64) {
        let Some(cache) = &self.0 else { return (0, 0) };
        // Entries that are over are counted until somebody looks.
        cache.run_pending_tasks();
        (cache.entry_count(), cache.weighted_size())
    }

    /// How many lookups of this process found an answer, and how many found none.
    pub(crate) fn looked_up() -> (u64, u64) {
        (LOOKED_UP.value(&["hit"]), LOOKED_UP.value(&["miss"]))
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Kept> {
        let found = self.0.as_ref()?.get(key);
        LOOKED_UP.increment(&[if found.is_some() { "hit" } else { "miss" }]);
        found
    }

    pub(crate) fn keep(&self, key: Key, kept: Kept) {
        if let Some(cache) = self.0.as_ref().filter(|_| kept.weight() <= ANSWER_BYTES_MAX) {
            cache.insert(key, kept.by_itself());
        }
    }
}

impl Kept {
    fn weight(&self) -> usize {
        let pieces = self.bytes.iter().map(|it| it.len() + size_of::<Bytes>());
        ENTRY_BYTES + pieces.sum::<usize>()
    }

    /// Pieces in memory of their own: as they came they are parts of what was read from the network,
    /// and would keep all of that.
    fn by_itself(self) -> Self {
        let mut all = BytesMut::with_capacity(self.bytes.iter().map(Bytes::len).sum());
        self.bytes.iter().for_each(|it| all.extend_from_slice(it));
        let mut all = all.freeze();
        let bytes = self.bytes.iter().map(|it| all.split_to(it.len())).collect();
        Self { bytes, ..self }
    }
}

/// Whose answers may be repeated for whom: what shapes an answer beside its request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) wire: Wire,
    /// Where policies tell callers apart: who asks, and for what.
    pub(crate) apart: Option<(&'a str, &'a str)>,
    /// The most tokens that a policy gives to one answer.
    pub(crate) cap: Option<u64>,
    /// The headers that go to the provider.
    pub(crate) headers: &'a HeaderMap,
}

/// The key of a request. None when it is no JSON object.
pub(crate) fn key(of: &Shared<'_>, to: &ModelRef, body: &[u8]) -> Option<Key> {
    let Ok(Json::Object(mut fields)) = serde_json::from_slice(body) else { return None };
    for name in BESIDE {
        fields.remove(name);
    }
    let mut hash = Sha256::new();
    hash.update(of.tenant.uuid().as_bytes());
    hash.update([of.wire as u8]);
    for part in of.apart.map_or([""; 2], |it| [it.0, it.1]) {
        text(&mut hash, part);
    }
    hash.update(of.cap.map_or([0xff; 8], u64::to_le_bytes));
    for name in SHAPING {
        text(&mut hash, of.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default());
    }
    text(&mut hash, &to.provider);
    text(&mut hash, &to.model);
    feed(&mut hash, &Json::Object(fields));
    Some(Key(hash.finalize().into()))
}

/// The same for values that mean the same: the order of fields says nothing.
fn feed(hash: &mut Sha256, value: &Json) {
    match value {
        Json::Null => hash.update([0]),
        Json::Bool(it) => hash.update([1, u8::from(*it)]),
        Json::Number(it) => {
            hash.update([2]);
            text(hash, &it.to_string());
        }
        Json::String(it) => {
            hash.update([3]);
            text(hash, it);
        }
        Json::Array(list) => {
            hash.update([4]);
            hash.update(list.len().to_le_bytes());
            list.iter().for_each(|it| feed(hash, it));
        }
        Json::Object(fields) => {
            hash.update([5]);
            hash.update(fields.len().to_le_bytes());
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|it| it.0);
            for (name, value) in fields {
                text(hash, name);
                feed(hash, value);
            }
        }
    }
}

/// With its length, so that two texts never run into each other.
fn text(hash: &mut Sha256, text: &str) {
    hash.update(text.len().to_le_bytes());
    hash.update(text);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn to(model: &str) -> ModelRef {
        ModelRef { provider: "p".into(), model: model.into() }
    }

    fn shared(tenant: TenantId, wire: Wire) -> Shared<'static> {
        static NONE: std::sync::LazyLock<HeaderMap> = std::sync::LazyLock::new(HeaderMap::new);
        Shared { tenant, wire, apart: None, cap: None, headers: &NONE }
    }

    fn of(tenant: TenantId, body: Json) -> Key {
        key(&shared(tenant, Wire::OpenaiChat), &to("m"), body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_order_of_fields_the_delivery_and_the_user_change_nothing() {
        let tenant = TenantId::DEFAULT;
        let one = json!({"messages": [{"role": "user", "content": "a"}], "temperature": 0, "stream": true,
                         "stream_options": {"include_usage": true}, "user": "x", "model": "fast"});
        let other =
            json!({"temperature": 0, "model": "m", "messages": [{"content": "a", "role": "user"}]});
        assert_eq!(of(tenant, one), of(tenant, other));
    }

    #[test]
    fn everything_else_does_and_the_tenant_above_all() {
        let tenant = TenantId::DEFAULT;
        let base = json!({"messages": ["a", "b"], "temperature": 0});
        let key_of_base = of(tenant, base.clone());
        for other in [
            json!({"messages": ["ab"], "temperature": 0}),
            json!({"messages": ["a", "b"], "temperature": 0.1}),
            json!({"messages": ["a", "b"], "temperature": "0"}),
            json!({"messages": ["a", "b"], "temperature": 0, "unknown": 1}),
        ] {
            assert_ne!(of(tenant, other.clone()), key_of_base, "{other}");
        }
        assert_ne!(of(TenantId::generate(), base.clone()), key_of_base);
        let body = base.to_string();
        let of =
            |wire, model: &str| key(&shared(tenant, wire), &to(model), body.as_bytes()).unwrap();
        assert_ne!(of(Wire::OpenaiChat, "other"), key_of_base);
        assert_ne!(of(Wire::AnthropicMessages, "m"), key_of_base);
    }

    #[test]
    fn what_shapes_an_answer_beside_its_request_tells_it_apart() {
        let plain = shared(TenantId::DEFAULT, Wire::AnthropicMessages);
        let key = |of: Shared<'_>| super::key(&of, &to("m"), b"{}").unwrap();
        let beta = HeaderMap::from_iter([(
            http::HeaderName::from_static("anthropic-beta"),
            http::HeaderValue::from_static("long"),
        )]);
        assert_eq!(key(plain), key(plain));
        assert_ne!(key(Shared { cap: Some(100), ..plain }), key(plain));
        assert_ne!(key(Shared { apart: Some(("key_1", "chat")), ..plain }), key(plain));
        assert_ne!(key(Shared { headers: &beta, ..plain }), key(plain));
    }

    #[test]
    fn what_is_kept_keeps_nothing_else_in_memory() {
        let read = Bytes::from(vec![b'x'; 64 * 1024]);
        let bytes = vec![read.slice(10..20), read.slice(30..35)];
        let (form, by, usage) = (Form::Frames { with_usage: false }, to("m"), Usage::default());
        let kept = Kept { form, bytes: bytes.clone(), by, usage }.by_itself();
        assert_eq!(kept.bytes, bytes);
        drop(bytes);
        assert!(read.is_unique(), "what was read is given back");
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let cache = Cache::new(&CacheSettings::default());
        let key = of(TenantId::DEFAULT, json!({}));
        let kept = |bytes: usize| Kept {
            form: Form::Whole,
            bytes: vec![vec![0; bytes].into()],
            by: to("m"),
            usage: Usage::default(),
        };
        cache.keep(key, kept(ANSWER_BYTES_MAX));
        assert_eq!(cache.get(&key), None);
        cache.keep(key, kept(10));
        assert_eq!(cache.get(&key), Some(kept(10)));
        let off = Cache::new(&CacheSettings { enabled: false, ..CacheSettings::default() });
        off.keep(key, kept(10));
        assert_eq!((off.get(&key), off.is_on()), (None, false));
    }
}
