//! How rankings become one: the section `search` of `config/knowledge.yaml`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::settings::Finding;

/// How what is asked for is found.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What a place in the ranking by meaning counts.
    pub meaning: f64,
    /// What a place in the ranking by words counts.
    pub words: f64,
    /// How deep each of the two is gone.
    pub depth: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { meaning: 1.0, words: 1.0, depth: 100 }
    }
}

impl Settings {
    /// What cannot work in them; empty when all can.
    pub fn check(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut expect = |is_so: bool, path, message: &str| {
            if !is_so {
                found.push(Finding { path, message: message.to_owned() });
            }
        };
        let is_weight = |it: f64| it.is_finite() && it >= 0.0;
        expect(is_weight(self.meaning), "search.meaning", "must be 0 or more");
        expect(is_weight(self.words), "search.words", "must be 0 or more");
        expect(self.meaning + self.words > 0.0, "search.words", "must not be 0 as `meaning` is");
        expect((10..=1_000).contains(&self.depth), "search.depth", "must be from 10 to 1000");
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_named() {
        assert_eq!(Settings::default().check(), []);
        let none = Settings { meaning: 0.0, words: 0.0, depth: 1 };
        let paths: Vec<_> = none.check().into_iter().map(|it| it.path).collect();
        assert_eq!(paths, ["search.words", "search.depth"]);
    }
}
