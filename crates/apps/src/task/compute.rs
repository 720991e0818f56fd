//! Numbers of an answer that the house computes: the weighted mean of what was scored.
//!
//! A model is asked for the single numbers and never for what follows from them: what it says in that
//! place is dropped unread. It must answer for exactly the names that the weights have, so that no
//! criterion is left out and none is made up.
//!
//! Start at [`plan`]; [`asked`] is the schema that the model gets, [`compute`] the numbers.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::description::Task;

/// A number to be computed, with the weights as they are now.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    field: String,
    numbers: Star,
    weights: IndexMap<String, f64>,
    decimals: u32,
}

/// A number in each entry of an object: `rubric_scores.*.score`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Star {
    /// The object.
    pub object: String,
    /// The number in an entry.
    pub number: String,
}

/// Where the weights stand in a document of `config/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights {
    /// The document.
    pub document: String,
    /// The way to the list or object, by its steps.
    pub steps: Vec<String>,
    /// The field by which entries of a list are known; none for an object.
    pub key: Option<String>,
    /// The number in an entry.
    pub number: String,
}

impl Star {
    /// Reads `OBJECT.*.NUMBER`. None when it is not written so.
    pub fn parse(text: &str) -> Option<Self> {
        let (object, number) = text.split_once(".*.")?;
        (is_name(object) && is_name(number))
            .then(|| Self { object: object.to_owned(), number: number.to_owned() })
    }
}

impl Weights {
    /// Reads `config.DOCUMENT.PATH[KEY].NUMBER` or `config.DOCUMENT.PATH.*.NUMBER`. None when it is not
    /// written so.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("config.")?;
        let (path, key, number) = match text.split_once(".*.") {
            Some((path, number)) => (path, None, number),
            None => {
                let (path, rest) = text.split_once('[')?;
                let (key, number) = rest.split_once("].")?;
                (path, Some(key), number)
            }
        };
        let (document, steps) = path.split_once('.')?;
        let steps: Vec<String> = steps.split('.').map(str::to_owned).collect();
        let is_good = is_name(document)
            && is_name(number)
            && key.is_none_or(is_name)
            && steps.iter().all(|it| is_name(it));
        is_good.then(|| Self {
            document: document.to_owned(),
            steps,
            key: key.map(str::to_owned),
            number: number.to_owned(),
        })
    }

    /// The weights by their names.
    ///
    /// # Errors
    /// What is missing, or no weight.
    pub fn read(
        &self,
        document: impl Fn(&str) -> Option<Json>,
    ) -> Result<IndexMap<String, f64>, String> {
        let name = &self.document;
        let whole = document(name).ok_or_else(|| format!("there is no document `{name}`"))?;
        let at = self.steps.iter().try_fold(&whole, |it, step| it.get(step));
        let path = format!("{name}.{}", self.steps.join("."));
        let entries: Vec<(String, &Json)> = match (at, &self.key) {
            (Some(Json::Array(list)), Some(key)) => list
                .iter()
                .map(|it| {
                    let known_as = it.get(key).and_then(Json::as_str);
                    let missing = || format!("an entry of `{path}` has no `{key}`");
                    Ok::<_, String>((known_as.ok_or_else(missing)?.to_owned(), it))
                })
                .collect::<Result<_, _>>()?,
            (Some(Json::Object(all)), None) => {
                all.iter().map(|(name, it)| (name.clone(), it)).collect()
            }
            _ => return Err(format!("`{path}` holds no weights")),
        };
        let mut weights = IndexMap::new();
        for (known_as, entry) in entries {
            let weight = entry.get(&self.number).and_then(Json::as_f64);
            let weight = weight.filter(|it| it.is_finite() && *it >= 0.0);
            let weight = weight
                .ok_or_else(|| format!("`{known_as}` in `{path}` has no `{}`", self.number))?;
            if weights.insert(known_as.clone(), weight).is_some() {
                return Err(format!("`{known_as}` stands twice in `{path}`"));
            }
        }
        match weights.values().sum::<f64>() > 0.0 {
            true => Ok(weights),
            false => Err(format!("the weights in `{path}` sum to nothing")),
        }
    }
}

/// What is to be computed of an answer of this task.
///
/// # Errors
/// What is wrong with the description or the document.
pub fn plan(task: &Task, document: impl Fn(&str) -> Option<Json>) -> Result<Vec<Plan>, String> {
    let all = task.computed.iter().map(|(field, computed)| {
        let numbers = Star::parse(&computed.weighted_mean);
        let numbers = numbers.ok_or_else(|| format!("`{}` is no path", computed.weighted_mean))?;
        let weights = Weights::parse(&computed.weights);
        let weights = weights.ok_or_else(|| format!("`{}` is no path", computed.weights))?;
        let weights = weights.read(&document)?;
        Ok(Plan { field: field.clone(), numbers, weights, decimals: computed.decimals })
    });
    all.collect()
}

/// The schema that a model is asked to follow: it answers for exactly the names that have weights, and
/// may say whatever it likes where the house computes.
pub fn asked(output: &Json, plans: &[Plan]) -> Json {
    let mut schema = output.clone();
    for plan in plans {
        let Some(object) = schema.as_object_mut() else { continue };
        if let Some(required) = object.get_mut("required").and_then(Json::as_array_mut) {
            required.retain(|it| it != plan.field.as_str());
        }
        let properties = object.entry("properties").or_insert_with(|| json!({}));
        let Some(properties) = properties.as_object_mut() else { continue };
        properties.insert(plan.field.clone(), json!({}));
        if let Some(scores) = properties.get_mut(&plan.numbers.object).and_then(Json::as_object_mut)
        {
            only_these(scores, plan.weights.keys());
        }
    }
    schema
}

/// The object has exactly these fields.
fn only_these<'a>(schema: &mut Map<String, Json>, names: impl Iterator<Item = &'a String>) {
    let every = schema.get("additionalProperties").filter(|it| it.is_object()).cloned();
    let known = schema.get("properties").and_then(Json::as_object).cloned().unwrap_or_default();
    let mut properties = Map::new();
    for name in names {
        let entry = known.get(name).cloned().or_else(|| every.clone()).unwrap_or_else(|| json!({}));
        properties.insert(name.clone(), entry);
    }
    schema.insert("required".into(), properties.keys().cloned().map(Json::from).collect());
    schema.insert("properties".into(), Json::Object(properties));
    schema.insert("additionalProperties".into(), false.into());
}

/// Puts the numbers into an answer, in place of whatever it says there.
///
/// # Errors
/// What the answer lacks. One that fits [`asked`] and has numbers where numbers are lacks nothing.
pub fn compute(plans: &[Plan], answer: &mut Json) -> Result<(), String> {
    for plan in plans {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (name, weight) in &plan.weights {
            let entry = answer.get(&plan.numbers.object).and_then(|it| it.get(name));
            let number = entry.and_then(|it| it.get(&plan.numbers.number)).and_then(Json::as_f64);
            let number = number.ok_or_else(|| format!("`{name}` has no number"))?;
            sum += number * weight;
            weights += weight;
        }
        // The shift comes before the division, so that a half that can be written is a half.
        let shift = 10_f64.powi(i32::try_from(plan.decimals).unwrap_or(0).min(9));
        let mean = (sum * shift / weights).round() / shift;
        let Some(fields) = answer.as_object_mut() else { return Err("is no object".to_owned()) };
        fields.insert(plan.field.clone(), json!(mean));
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(['[', ']', '.', '*'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    fn rubric() -> Json {
        json!({"criteria": [
            {"key": "structure", "weight": 25}, {"key": "evidence", "weight": 30},
            {"key": "strategy", "weight": 25}, {"key": "risks", "weight": 20},
        ]})
    }

    fn output() -> Json {
        json!({
            "type": "object",
            "required": ["overall_score", "scores"],
            "additionalProperties": false,
            "properties": {
                "overall_score": {"type": "number", "minimum": 1, "maximum": 5},
                "scores": {"type": "object", "additionalProperties": {
                    "type": "object", "required": ["score"],
                    "properties": {"score": {"type": "integer", "minimum": 1, "maximum": 5}},
                }},
            },
        })
    }

    fn plans() -> Vec<Plan> {
        let task = json!({
            "title": "t", "on": "o", "prompt": "p", "output": "o",
            "computed": {"overall_score": {
                "weighted_mean": "scores.*.score", "weights": "config.rubric.criteria[key].weight",
            }},
        });
        let task: Task = serde_json::from_value(task).expect("a task");
        plan(&task, |name| (name == "rubric").then(rubric)).expect("a plan")
    }

    fn scores(four: [i64; 4]) -> Json {
        let [structure, evidence, strategy, risks] = four.map(|it| json!({"score": it}));
        json!({"structure": structure, "evidence": evidence, "strategy": strategy, "risks": risks})
    }

    #[test]
    fn the_mean_is_computed_whatever_the_model_says() {
        for (four, expected) in
            [([5, 5, 5, 5], 5.0), ([1, 2, 3, 4], 2.4), ([3, 4, 4, 4], 3.75), ([1, 1, 1, 2], 1.2)]
        {
            let mut answer = json!({"overall_score": "five!", "scores": scores(four)});
            compute(&plans(), &mut answer).expect("numbers");
            assert_eq!(answer["overall_score"], json!(expected), "{four:?}");
        }
    }

    #[test]
    fn a_half_is_rounded_up_and_not_what_binary_makes_of_it() {
        let weights = IndexMap::from([("a".to_owned(), 1.0), ("b".to_owned(), 199.0)]);
        let numbers = Star::parse("scores.*.score").expect("a path");
        let plan = Plan { field: "mean".into(), numbers, weights, decimals: 2 };
        let mut answer = json!({"scores": {"a": {"score": 2}, "b": {"score": 1}}});
        compute(&[plan], &mut answer).expect("numbers");
        assert_eq!(answer["mean"], json!(1.01), "1.005");
    }

    #[test]
    fn a_model_is_asked_for_exactly_the_criteria() {
        let asked = Schema::compile(&asked(&output(), &plans())).expect("a schema");
        let fits = |answer: Json| asked.check(&answer).is_ok();
        assert!(fits(json!({"scores": scores([1, 2, 3, 4])})), "the mean is not asked for");
        assert!(fits(json!({"scores": scores([1, 2, 3, 4]), "overall_score": "a lie"})));
        assert!(!fits(json!({"scores": {"structure": {"score": 3}}})), "one is left out");
        let mut more = scores([1, 2, 3, 4]);
        more["charm"] = json!({"score": 5});
        assert!(!fits(json!({"scores": more})), "one is made up");
        assert!(!fits(json!({"scores": scores([1, 2, 3, 9])})), "what an entry is stays");
    }

    #[test]
    fn weights_of_a_list_and_of_an_object_are_read_and_faults_are_named() {
        let read = |path: &str, document: Json| {
            Weights::parse(path).expect("a path").read(move |_| Some(document.clone()))
        };
        let list = "config.r.criteria[key].weight";
        let object = "config.r.criteria.*.weight";
        let two = json!({"criteria": {"a": {"weight": 1}, "b": {"weight": 3}}});
        assert_eq!(read(object, two).expect("weights")["b"], 3.0);
        for (document, fault) in [
            (json!({}), "`r.criteria` holds no weights"),
            (json!({"criteria": [{"weight": 1}]}), "an entry of `r.criteria` has no `key`"),
            (json!({"criteria": [{"key": "a"}]}), "`a` in `r.criteria` has no `weight`"),
            (
                json!({"criteria": [{"key": "a", "weight": 0}]}),
                "the weights in `r.criteria` sum to nothing",
            ),
            (
                json!({"criteria": [{"key": "a", "weight": 1}, {"key": "a", "weight": 1}]}),
                "`a` stands twice in `r.criteria`",
            ),
        ] {
            assert_eq!(read(list, document).expect_err("a fault"), fault);
        }
    }

    #[test]
    fn only_paths_of_these_two_forms_are_taken() {
        for wrong in ["rubric.criteria", "config.rubric", "config.rubric.criteria", "config.r[k].w"]
        {
            assert_eq!(Weights::parse(wrong), None, "{wrong}");
        }
        for wrong in ["scores", "scores.*", "*.score", "a.b.*.c", "scores.score"] {
            assert_eq!(Star::parse(wrong), None, "{wrong}");
        }
    }
}
