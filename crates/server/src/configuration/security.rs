//! What browsers are told to be careful with, and how long a text may be: the typed form of
//! `config/security.yaml`.

use apps::configuration::Finding;
use axum::http::HeaderValue;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{argument::escaped, problem::Fault};

/// What the server is careful with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Security {
    /// Headers of every answer.
    pub headers: Headers,
    /// Texts that are sent in.
    pub texts: Texts,
    /// Requests that a browser was made to send (cross-site request forgery).
    pub csrf: Csrf,
}

/// Headers that keep browsers careful. `X-Content-Type-Options: nosniff` and a policy of what a page may
/// load are always there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Headers {
    /// For how long browsers shall use nothing but HTTPS (`Strict-Transport-Security`): `8760h` is a
    /// year. Not said when left out.
    pub hsts: Option<SignedDuration>,
    /// Whether that holds for names below this one too.
    pub hsts_subdomains: bool,
    /// Who may show pages of this server within theirs.
    pub frame: Frame,
    /// What other servers learn of where somebody comes from.
    pub referrer: Referrer,
}

/// Who may show pages of this server within theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    /// Nobody.
    #[default]
    Deny,
    /// This server itself.
    SameOrigin,
}

/// What other servers learn of where somebody comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Referrer {
    /// Nothing.
    #[default]
    NoReferrer,
    /// Only this server learns it.
    SameOrigin,
    /// The name of this server, over HTTPS.
    StrictOrigin,
}

/// Texts that are sent in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Texts {
    /// The longest text anywhere in what is sent, in characters. Files, documents, requests to models and
    /// the texts of this configuration have bounds of their own. No limit when left out.
    pub chars_max: Option<usize>,
}

/// The tokens that a change by cookie needs (`cookie` of `config/auth.yaml`); without cookies there are none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Csrf {
    /// How long one is good for.
    pub ttl: SignedDuration,
}

impl Default for Csrf {
    fn default() -> Self {
        Self { ttl: SignedDuration::from_hours(1) }
    }
}

impl Security {
    /// What cannot work in it; empty when all can.
    pub fn check(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut say = |path: &str, message: &str| {
            found.push(Finding { path: path.to_owned(), message: message.to_owned() });
        };
        if self.headers.hsts.is_some_and(|it| it < SignedDuration::ZERO) {
            say("headers.hsts", "must not be negative");
        }
        if self.headers.hsts_subdomains && self.headers.hsts.is_none() {
            say("headers.hsts_subdomains", "means nothing without `hsts`");
        }
        if self.texts.chars_max.is_some_and(|it| it < CHARS_LEAST) {
            say("texts.chars_max", "must be at least 255: names and addresses are texts too");
        }
        if !(CSRF_LEAST..=CSRF_MOST).contains(&self.csrf.ttl) {
            say("csrf.ttl", "must be at least one minute, and at most 30 days");
        }
        found
    }
}

/// What every name and address needs room for.
const CHARS_LEAST: usize = 255;

/// A form takes longer to fill in than less.
const CSRF_LEAST: SignedDuration = SignedDuration::from_mins(1);
const CSRF_MOST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What pages may load: this server's own files. Styles may be inline, because the drawing of
/// plots and menus sets them.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
     worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors ";
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors ";

/// The headers, written once.
#[derive(Debug, Clone)]
pub(crate) struct WrittenHeaders {
    pub(crate) page_policy: HeaderValue,
    pub(crate) data_policy: HeaderValue,
    pub(crate) frame: HeaderValue,
    pub(crate) referrer: HeaderValue,
    pub(crate) hsts: Option<HeaderValue>,
}

impl Headers {
    /// Writes them.
    pub(crate) fn written(&self) -> WrittenHeaders {
        let (ancestors, frame) = match self.frame {
            Frame::Deny => ("'none'", "DENY"),
            Frame::SameOrigin => ("'self'", "SAMEORIGIN"),
        };
        let referrer = match self.referrer {
            Referrer::NoReferrer => "no-referrer",
            Referrer::SameOrigin => "same-origin",
            Referrer::StrictOrigin => "strict-origin",
        };
        let value = |text: &str| {
            HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
        };
        let hsts = self.hsts.map(|it| {
            let below = if self.hsts_subdomains { "; includeSubDomains" } else { "" };
            value(&format!("max-age={}{below}", it.as_secs().max(0)))
        });
        WrittenHeaders {
            page_policy: value(&format!("{PAGE_POLICY}{ancestors}")),
            data_policy: value(&format!("{DATA_POLICY}{ancestors}")),
            frame: value(frame),
            referrer: value(referrer),
            hsts,
        }
    }
}

impl Texts {
    /// Texts that are too long, each with where it stands.
    pub(crate) fn faults(&self, body: &Json) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Some(most) = self.chars_max {
            too_long(body, "", most, &mut faults);
        }
        faults
    }
}

fn too_long(value: &Json, pointer: &str, most: usize, faults: &mut Vec<Fault>) {
    match value {
        // Fewer bytes than that are never more characters.
        Json::String(text) if text.len() > most => {
            let chars = text.chars().count();
            if chars > most {
                let message = format!("is longer than {most} characters (it has {chars})");
                faults.push(Fault::new(pointer, message));
            }
        }
        Json::Array(entries) => {
            for (at, inner) in entries.iter().enumerate() {
                too_long(inner, &format!("{pointer}/{at}"), most, faults);
            }
        }
        Json::Object(object) => {
            for (name, inner) in object {
                too_long(inner, &format!("{pointer}/{}", escaped(name)), most, faults);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_that_is_too_long_is_named_wherever_it_stands() {
        let texts = Texts { chars_max: Some(3) };
        let faults = texts.faults(&json!({"a": "äöü", "b": [{"c/d": "four"}], "e": 12345}));
        let told: Vec<_> = faults.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(told, ["/b/0/c~1d"]);
        assert!(Texts::default().faults(&json!({"a": "x".repeat(10_000)})).is_empty());
    }

    #[test]
    fn a_year_of_https_is_said_in_seconds() {
        let headers = Headers {
            hsts: Some(SignedDuration::from_hours(24 * 365)),
            hsts_subdomains: true,
            frame: Frame::SameOrigin,
            ..Headers::default()
        };
        let written = headers.written();
        assert_eq!(written.hsts.expect("a header"), "max-age=31536000; includeSubDomains");
        assert_eq!(written.frame, "SAMEORIGIN");
        assert!(
            written.page_policy.to_str().is_ok_and(|it| it.ends_with("frame-ancestors 'self'"))
        );
        assert_eq!(Headers::default().written().hsts, None);
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let security = Security {
            headers: Headers { hsts_subdomains: true, ..Headers::default() },
            texts: Texts { chars_max: Some(10) },
            csrf: Csrf { ttl: SignedDuration::ZERO },
        };
        let paths: Vec<String> = security.check().into_iter().map(|it| it.path).collect();
        assert_eq!(paths, ["headers.hsts_subdomains", "texts.chars_max", "csrf.ttl"]);
    }
}
