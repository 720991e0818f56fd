//! `placeholders`: a keyword of this house for texts with `${name}` in them. Its value lists the
//! names that are known; at least one of them must be there, and none that is not.
//!
//! A pattern can say the same, but it cannot say which name is wrong.

use jsonschema::{Keyword, ValidationError};
use serde_json::Value as Json;

use crate::field;

/// What schemas call it.
pub(super) const KEYWORD: &str = "placeholders";

/// The names that a text may hold.
struct Placeholders(Vec<String>);

/// Makes the keyword out of its value in a schema.
pub(super) fn keyword<'a>(
    value: &Json,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    let names = value.as_array().map(|it| it.iter().map(|it| it.as_str().map(str::to_owned)));
    match names.and_then(Iterator::collect::<Option<Vec<String>>>) {
        Some(names) if !names.is_empty() => Ok(Box::new(Placeholders(names))),
        _ => Err(ValidationError::schema("`placeholders` must be a list of names")),
    }
}

impl<'i> Keyword<'i> for Placeholders {
    fn validate(&self, instance: &'i Json) -> Result<(), ValidationError<'i>> {
        let fault = instance.as_str().and_then(|it| fault(it, &self.0));
        fault.map_or(Ok(()), |it| Err(ValidationError::custom(it)))
    }

    fn is_valid(&self, instance: &'i Json) -> bool {
        instance.as_str().is_none_or(|it| fault(it, &self.0).is_none())
    }
}

/// What is wrong with the placeholders of a text, as the rest of a sentence.
fn fault(text: &str, known: &[String]) -> Option<String> {
    let (mut rest, mut wrong, mut found) = (text, Vec::new(), false);
    while let Some(at) = rest.find('$') {
        let after = &rest[at + 1..];
        let inner = after.strip_prefix('{').and_then(|it| it.split_once('}'));
        let Some((name, behind)) = inner else {
            let shown: String = rest[at..].chars().take(20).collect();
            return Some(format!("has a `$` that begins no placeholder: `{shown}`"));
        };
        match known.iter().any(|it| it == name) {
            true => found = true,
            false => wrong.push(name),
        }
        rest = behind;
    }
    let all = || known.iter().map(|it| format!("${{{it}}}")).collect::<Vec<_>>().join(" ");
    match wrong.as_slice() {
        [] if found => None,
        [] => Some(format!("holds no placeholder; known: {}", all())),
        wrong => {
            let shown: Vec<String> = wrong.iter().map(|it| format!("`${{{it}}}`")).collect();
            let shown = shown.join(" and ");
            let meant = field::nearest(wrong[0], known.iter().map(String::as_str));
            Some(match meant {
                Some(it) => {
                    format!("holds the unknown placeholder {shown}; did you mean `${{{it}}}`?")
                }
                None => format!("holds the unknown placeholder {shown}; known: {}", all()),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let known = ["family".to_owned(), "type_code".to_owned()];
        assert_eq!(fault(text, &known).as_deref(), expected, "{text}");
    }

    #[test]
    fn the_wrong_placeholder_is_named() {
        check("${family}-${type_code}", None);
        check(
            "${family}-${colour}",
            Some("holds the unknown placeholder `${colour}`; known: ${family} ${type_code}"),
        );
        check(
            "${famly}",
            Some("holds the unknown placeholder `${famly}`; did you mean `${family}`?"),
        );
        check(
            "${a}${family}${b}",
            Some("holds the unknown placeholder `${a}` and `${b}`; known: ${family} ${type_code}"),
        );
        check("plain", Some("holds no placeholder; known: ${family} ${type_code}"));
        check("$family", Some("has a `$` that begins no placeholder: `$family`"));
        check("${family", Some("has a `$` that begins no placeholder: `${family`"));
    }
}
