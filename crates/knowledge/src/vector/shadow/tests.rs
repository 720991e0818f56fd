use super::*;

fn generation(id: &str, engine: &str, model: &str) -> Generation {
    Generation {
        id: id.into(),
        engine: engine.into(),
        model: model.into(),
        dimensions: 4,
        state: State::Serving,
        position: 0,
        created_at: testkit::moment(testkit::START),
        switched_at: None,
        wanted_at: testkit::moment(testkit::START),
        has_served: false,
    }
}

fn wanted(engine: &str, model: &str, dimensions: usize) -> Wanted {
    Wanted { engine: engine.into(), model: model.into(), dimensions }
}

#[track_caller]
fn check(
    serving: Option<&Generation>,
    building: Option<&Generation>,
    model: Option<&str>,
    dimensions: Option<usize>,
    expected: Step,
) {
    let standing = Standing { serving, building, engine: "builtin", model, dimensions };
    assert_eq!(decide(standing), expected);
}

#[test]
fn with_nothing_there_and_nobody_to_make_it_there_is_nothing_to_do() {
    check(None, None, None, None, Step::Rest);
}

#[test]
fn a_model_that_has_made_nothing_yet_makes_the_first_vectors() {
    check(None, None, Some("a/new"), None, Step::Embed { model: "a/new".into() });
    let old = generation("v1", "builtin", "a/old");
    check(Some(&old), None, Some("a/new"), None, Step::Embed { model: "a/new".into() });
}

#[test]
fn vectors_that_are_there_are_served_even_when_nothing_was() {
    check(None, None, Some("a/one"), Some(8), Step::Begin(wanted("builtin", "a/one", 8)));
}

#[test]
fn what_serves_is_kept_when_it_is_what_is_wanted() {
    let one = generation("v1", "builtin", "a/one");
    let keep = Step::Keep(wanted("builtin", "a/one", 4));
    check(Some(&one), None, Some("a/one"), Some(4), keep.clone());
    check(Some(&one), None, None, None, keep);
}

#[test]
fn another_model_is_built_beside_and_then_finished() {
    let old = generation("v1", "builtin", "a/old");
    check(Some(&old), None, Some("a/new"), Some(8), Step::Begin(wanted("builtin", "a/new", 8)));
    let new = generation("v2", "builtin", "a/new");
    let finish = Step::Finish { id: "v2".into(), wanted: wanted("builtin", "a/new", 4) };
    check(Some(&old), Some(&new), Some("a/new"), Some(4), finish);
}

#[test]
fn another_engine_is_filled_beside_also_when_no_model_is_set_up() {
    let there = generation("v1", "qdrant", "a/one");
    check(Some(&there), None, None, None, Step::Begin(wanted("builtin", "a/one", 4)));
    let here = generation("v2", "builtin", "a/one");
    let finish = Step::Finish { id: "v2".into(), wanted: wanted("builtin", "a/one", 4) };
    check(Some(&there), Some(&here), None, None, finish);
}

#[test]
fn who_goes_back_to_the_old_model_gives_up_the_new_one() {
    let old = generation("v1", "builtin", "a/old");
    let new = generation("v2", "builtin", "a/new");
    check(Some(&old), Some(&new), Some("a/old"), Some(4), Step::GiveUp { id: "v2".into() });
}

#[test]
fn one_that_is_made_anew_takes_the_place_of_its_like() {
    let one = generation("v1", "builtin", "a/one");
    let again = generation("v2", "builtin", "a/one");
    let finish = Step::Finish { id: "v2".into(), wanted: wanted("builtin", "a/one", 4) };
    check(Some(&one), Some(&again), Some("a/one"), Some(4), finish);
}
