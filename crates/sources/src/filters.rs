//! The filters that make clean values of what people wrote on pages.
//!
//! | in an expression | gives |
//! | --- | --- |
//! | `text\|clean` | its words with one blank between them; none when there are none |
//! | `text\|extract("regex")` | the first group (named ones as an object), else what is found, else none |
//! | `text\|unescape` | the text with its entities (`&amp;`, `&#39;`) decoded |
//! | `text\|date("%m/%d/%Y", …)` | `2027-03-28`, by the first form that fits; an error when none does |
//! | `text\|time("%I:%M %p", …)` | `14:30`, in the same way |
//! | `text\|datetime("%Y-%m-%d %H:%M:%S", "Europe/Amsterdam")` | a moment in UTC; UTC is its zone when left out |
//! | `date\|days_until(date)` | whole days between two dates |
//! | `text\|email` | the first e-mail address in it |
//! | `text\|phone` | the first telephone number in it, of ten digits or more, without brackets around it |
//! | `text\|coordinates` | `{latitude, longitude}` of the first pair in it, such as the link of a map |
//! | `link\|url(base)` | the whole address of a page that a link means; none where it means none |
//! | `text\|percent_encode` | the text as a part of an address: `a b` is `a%20b` |
//! | `table\|lookup(key, default)` | the value of a key, or the default |
//! | `list\|head` | its first entry, or none |
//!
//! Where a text is expected, none gives none.

mod address;

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use jiff::{
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};
use minijinja::{
    Environment, Error, ErrorKind, Value,
    value::{Rest, ValueKind},
};
use regex::Regex;

/// The names of the filters added here.
pub const NAMES: [&str; 14] = [
    "clean",
    "extract",
    "unescape",
    "date",
    "time",
    "datetime",
    "days_until",
    "email",
    "phone",
    "coordinates",
    "url",
    "percent_encode",
    "lookup",
    "head",
];

/// Adds them.
pub fn add(environment: &mut Environment<'static>) {
    environment.add_filter("clean", |text: Value| on_text(&text, |it| Ok(clean(it).into())));
    let kept = Patterns::default();
    environment.add_filter("extract", move |text: Value, pattern: String| {
        let pattern = kept.regex(&pattern)?;
        let text = text_of(&text)?;
        Ok::<_, Error>(crate::expression::value_of(&extract(&pattern, text.as_deref())))
    });
    environment.add_filter("unescape", |text: Value| on_text(&text, |it| Ok(unescape(it).into())));
    environment.add_filter("date", |text: Value, forms: Rest<String>| {
        on_text(&text, |it| date(it, &forms).map(|it| it.to_string().into()))
    });
    environment.add_filter("time", |text: Value, forms: Rest<String>| {
        on_text(&text, |it| time(it, &forms).map(|it| it.strftime("%H:%M").to_string().into()))
    });
    environment.add_filter("datetime", |text: Value, form: String, zone: Option<String>| {
        on_text(&text, |it| moment(it, &form, zone.as_deref()).map(Value::from))
    });
    environment.add_filter("days_until", |from: Value, to: Value| days_until(&from, &to));
    environment.add_filter("email", |text: Value| on_text(&text, |it| Ok(email(it).into())));
    environment.add_filter("phone", |text: Value| on_text(&text, |it| Ok(phone(it).into())));
    environment.add_filter("coordinates", |text: Value| {
        let text = text_of(&text)?;
        let found = text.as_deref().and_then(coordinates);
        let (latitude, longitude) = found.map_or((None, None), |it| (Some(it.0), Some(it.1)));
        let pairs = [("latitude", Value::from(latitude)), ("longitude", Value::from(longitude))];
        Ok::<_, Error>(Value::from_pairs(pairs))
    });
    environment.add_filter("url", |link: Value, base: Option<Value>| {
        let base = base.as_ref().map(text_of).transpose()?.flatten();
        on_text(&link, |it| Ok(address::whole(it, base.as_deref()).into()))
    });
    environment.add_filter("percent_encode", |text: Value| {
        on_text(&text, |it| Ok(address::encoded(it).into()))
    });
    environment.add_filter("lookup", |table: Value, key: Value, default: Option<Value>| {
        let found = match key.kind() {
            ValueKind::None | ValueKind::Undefined => Value::UNDEFINED,
            _ => table.get_item(&key)?,
        };
        let missing = || default.unwrap_or_else(|| Value::from(()));
        Ok::<_, Error>(if found.is_undefined() { missing() } else { found })
    });
    environment.add_filter("head", |list: Value| {
        Ok::<_, Error>(list.try_iter()?.next().unwrap_or_else(|| Value::from(())))
    });
}

/// Compiled patterns, kept for as long as the language is.
#[derive(Default)]
struct Patterns(Mutex<HashMap<String, Arc<Regex>>>);

/// More than any description has.
const PATTERNS_MAX: usize = 1_000;

impl Patterns {
    fn regex(&self, pattern: &str) -> Result<Arc<Regex>, Error> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = kept.get(pattern) {
            return Ok(Arc::clone(regex));
        }
        let no_regex = |_| refused(format!("`{}` is no regular expression", shown(pattern)));
        let regex = Arc::new(Regex::new(pattern).map_err(no_regex)?);
        if kept.len() >= PATTERNS_MAX {
            kept.clear();
        }
        kept.insert(pattern.to_owned(), Arc::clone(&regex));
        Ok(regex)
    }
}

/// What a pattern finds in a text, in the way of `find` of a field.
pub(crate) fn extract(pattern: &Regex, text: Option<&str>) -> serde_json::Value {
    use serde_json::{Map, Value as Json};
    let found = text.and_then(|it| pattern.captures(it));
    let group = |it: Option<regex::Match<'_>>| -> Json {
        it.and_then(|it| trimmed(it.as_str())).map_or(Json::Null, Json::String)
    };
    let names: Vec<&str> = pattern.capture_names().flatten().collect();
    if !names.is_empty() {
        let named = names.iter().map(|name| {
            let value = found.as_ref().map_or(Json::Null, |it| group(it.name(name)));
            ((*name).to_owned(), value)
        });
        return Json::Object(named.collect::<Map<_, _>>());
    }
    let at = usize::from(pattern.captures_len() > 1);
    found.as_ref().map_or(Json::Null, |it| group(it.get(at)))
}

/// A text's words with one blank between them; none when there are none.
pub(crate) fn clean(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    // `char::is_whitespace` counts the blank that does not break.
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    (!out.is_empty()).then_some(out)
}

/// Like [`clean`], but lines stay lines.
fn trimmed(text: &str) -> Option<String> {
    let lines = text.lines().filter_map(clean).collect::<Vec<_>>().join("\n");
    (!lines.is_empty()).then_some(lines)
}

fn text_of(value: &Value) -> Result<Option<Cow<'_, str>>, Error> {
    match value.kind() {
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::None => Ok(None),
        ValueKind::String => Ok(value.as_str().map(Cow::Borrowed)),
        _ => Ok(Some(Cow::Owned(value.to_string()))),
    }
}

fn on_text(value: &Value, make: impl FnOnce(&str) -> Result<Value, Error>) -> Result<Value, Error> {
    match text_of(value)?.as_deref().map(str::trim) {
        None | Some("") => Ok(Value::from(())),
        Some(text) => make(text),
    }
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// Short enough for a finding.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

fn date(text: &str, forms: &[String]) -> Result<Date, Error> {
    let found = forms.iter().find_map(|it| Date::strptime(it, text).ok());
    found.ok_or_else(|| {
        refused(format!("`{}` is no date written as {}", shown(text), forms.join(" or ")))
    })
}

fn time(text: &str, forms: &[String]) -> Result<Time, Error> {
    let found = forms.iter().find_map(|it| Time::strptime(it, text).ok());
    found.ok_or_else(|| {
        refused(format!("`{}` is no time written as {}", shown(text), forms.join(" or ")))
    })
}

fn moment(text: &str, form: &str, zone: Option<&str>) -> Result<String, Error> {
    let read = DateTime::strptime(form, text)
        .map_err(|_| refused(format!("`{}` is no moment written as {form}", shown(text))))?;
    let zone = match zone {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name)
            .map_err(|_| refused(format!("there is no time zone `{}`", shown(name))))?,
    };
    let moment = read.to_zoned(zone).map_err(|it| refused(it.to_string()))?;
    Ok(moment.timestamp().to_string())
}

fn days_until(from: &Value, to: &Value) -> Result<Value, Error> {
    let day = |it: &Value| -> Result<Option<Date>, Error> {
        let Some(text) = text_of(it)? else { return Ok(None) };
        let read = text.parse::<Date>();
        read.map(Some).map_err(|_| refused(format!("`{}` is no date", shown(&text))))
    };
    let (Some(from), Some(to)) = (day(from)?, day(to)?) else { return Ok(Value::from(())) };
    let span = from.until(to).map_err(|it| refused(it.to_string()))?;
    Ok(Value::from(i64::from(span.get_days())))
}

fn email(text: &str) -> Option<String> {
    static PATTERN: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"));
    PATTERN.find(text).map(|it| it.as_str().to_owned())
}

fn phone(text: &str) -> Option<String> {
    static PATTERN: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"\+?[(0-9][0-9().\- ]{7,}[0-9]\)?"));
    PATTERN.find_iter(text).find_map(|it| {
        let mut number = it.as_str().trim();
        // The whole number in brackets, not its area code.
        while let Some(inner) = number.strip_prefix('(').and_then(|it| it.strip_suffix(')'))
            && !inner.contains(')')
        {
            number = inner.trim();
        }
        let even = number.matches('(').count() == number.matches(')').count();
        let number =
            if even { number.to_owned() } else { number.replace(['(', ')'], "").trim().to_owned() };
        (number.bytes().filter(u8::is_ascii_digit).count() >= 10).then_some(number)
    })
}

fn coordinates(text: &str) -> Option<(f64, f64)> {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(-?\d{1,2}(?:\.\d+)?)\s*(?:,|%2[Cc])\s*(?:%20|\+)?(-?\d{1,3}(?:\.\d+)?)")
    });
    PATTERN.captures_iter(text).find_map(|found| {
        let number = |at: usize| found.get(at).and_then(|it| it.as_str().parse::<f64>().ok());
        let (latitude, longitude) = (number(1)?, number(2)?);
        let fits = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        fits.then_some((latitude, longitude))
    })
}

/// Decodes the entities that texts outside of pages still hold.
fn unescape(text: &str) -> String {
    static PATTERN: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-z]{2,6}));"));
    let decoded = PATTERN.replace_all(text, |found: &regex::Captures<'_>| {
        let number = |at: usize, radix: u32| {
            let code = found.get(at).and_then(|it| u32::from_str_radix(it.as_str(), radix).ok());
            code.and_then(char::from_u32).filter(|it| *it != '\0').map(String::from)
        };
        let named = || {
            let name = found.get(3)?.as_str();
            let letter = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                "nbsp" => ' ',
                "ndash" => '–',
                "mdash" => '—',
                "rsquo" => '’',
                "lsquo" => '‘',
                "rdquo" => '”',
                "ldquo" => '“',
                "hellip" => '…',
                "deg" => '°',
                _ => return None,
            };
            Some(letter.to_string())
        };
        number(1, 10)
            .or_else(|| number(2, 16))
            .or_else(named)
            .unwrap_or_else(|| found[0].to_owned())
    });
    decoded.into_owned()
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns of this file are regular expressions")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::expression::{Scope, eval, json_of, value_of};

    fn answer(expression: &str) -> Result<Json, String> {
        let mut language = Environment::new();
        add(&mut language);
        let mut scope = Scope::default();
        scope.set("nothing", Value::from(()));
        scope.set("codes", value_of(&json!({"AB": "Canada"})));
        eval(&language, expression, &scope).map(|it| json_of(&it)).map_err(|it| it.0)
    }

    #[track_caller]
    fn gives(expression: &str, expected: Json) {
        assert_eq!(answer(expression), Ok(expected), "{expression}");
    }

    #[test]
    fn dates_and_times_are_read_by_the_first_form_that_fits() {
        gives("'10/07/2026'|date('%m/%d/%Y')", json!("2026-10-07"));
        gives("'Aug 7, 2027'|date('%m/%d/%Y', '%b %d, %Y')", json!("2027-08-07"));
        gives("'07:00 am'|time('%I:%M %p')", json!("07:00"));
        gives("'1:30pm'|time('%I:%M %p', '%I:%M%p')", json!("13:30"));
        gives("nothing|date('%Y')", json!(null));
        gives("''|time('%H:%M')", json!(null));
        let refused = answer("'13/45/2027'|date('%m/%d/%Y')");
        assert!(refused.is_err_and(|it| it.contains("is no date written as %m/%d/%Y")));
    }

    #[test]
    fn a_moment_is_in_utc() {
        let form = "%Y-%m-%d %H:%M:%S";
        gives(&format!("'2026-09-21 08:16:00'|datetime('{form}')"), json!("2026-09-21T08:16:00Z"));
        gives(
            &format!("'2026-09-21 08:16:00'|datetime('{form}', 'Europe/Amsterdam')"),
            json!("2026-09-21T06:16:00Z"),
        );
    }

    #[test]
    fn days_are_counted_over_the_end_of_a_month() {
        gives("'2027-10-30'|days_until('2027-11-01')", json!(2));
        gives("'2027-10-30'|days_until('2027-10-30')", json!(0));
        gives("nothing|days_until('2027-10-30')", json!(null));
    }

    #[test]
    fn telephones_and_addresses_are_found_with_brackets_and_without() {
        gives("'Ann, (890-555-0184), (ann@ride.example)'|phone", json!("890-555-0184"));
        gives("'Ann, (890) 555-0184'|phone", json!("(890) 555-0184"));
        gives("'Ann 713.555.0196'|phone", json!("713.555.0196"));
        gives("'Hwy 854, County Rd 129'|phone", json!(null));
        gives("'Ann, (890-555-0184), (ann@ride.example)'|email", json!("ann@ride.example"));
        gives("'Ann at home'|email", json!(null));
    }

    #[test]
    fn coordinates_are_read_out_of_a_link() {
        let expected = json!({"latitude": 38.034581, "longitude": -120.166443});
        for link in [
            "https://maps.example/dir/?api=1&destination=38.034581,-120.166443",
            "https://maps.example/dir/?api=1&amp;destination=38.034581,-120.166443",
            "https://maps.example/dir/?destination=38.034581%2C-120.166443&api=1",
        ] {
            gives(&format!("'{link}'|coordinates"), expected.clone());
        }
        let none = json!({"latitude": null, "longitude": null});
        gives("nothing|coordinates", none.clone());
        gives("'https://maps.example/?q=Tarrow'|coordinates", none);
    }

    #[test]
    fn texts_are_cleaned_searched_and_looked_up() {
        gives("'  a\u{a0} b\\n c '|clean", json!("a b c"));
        gives("' '|clean", json!(null));
        gives("'mgr: Ann Lee'|extract('mgr: *(.+)')", json!("Ann Lee"));
        gives(
            "'Tarrow SC'|extract('(?P<city>.+) (?P<state>[A-Z]{2})$')",
            json!({"city": "Tarrow", "state": "SC"}),
        );
        gives("nothing|extract('(?P<a>x)')", json!({"a": null}));
        gives(
            "'Fools &amp; Angels &quot;Owl&quot; &#39;s &nope;'|unescape",
            json!("Fools & Angels \"Owl\" 's &nope;"),
        );
        gives(
            "'a b.pdf'|url('https://rides.example/x/')",
            json!("https://rides.example/x/a%20b.pdf"),
        );
        gives("nothing|url('https://rides.example/')", json!(null));
        gives("'a b'|url(nothing)", json!(null));
        gives("'a b'|percent_encode", json!("a%20b"));
        gives("codes|lookup('AB')", json!("Canada"));
        gives("codes|lookup('ZZ', 'USA')", json!("USA"));
        gives("codes|lookup(nothing)", json!(null));
        gives("[3, 4]|head", json!(3));
        gives("[]|head", json!(null));
    }
}
