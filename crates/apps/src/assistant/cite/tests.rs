//! What becomes of markers, however the pieces are cut.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn source(score: f32) -> Source {
    Source {
        number: 0,
        kind: Kind::Rag,
        title: "Manual".into(),
        url: None,
        document: None,
        chunk: None,
        record: None,
        page: Some(2),
        start_char: None,
        end_char: None,
        score,
        excerpt: "The probe is calibrated each day.".into(),
    }
}

fn checked(given: u32, pieces: &[&str]) -> (String, Vec<u32>) {
    let mut checker = Checker::new(given);
    let mut out: String = pieces.iter().map(|it| checker.push(it)).collect();
    out.push_str(&checker.finish());
    (out, checker.cited().collect())
}

#[track_caller]
fn check(given: u32, text: &str, expected: &str, cited: &[u32]) {
    assert_eq!(checked(given, &[text]), (expected.to_owned(), cited.to_vec()), "{text}");
    // Letter by letter it is the same.
    let letters: Vec<String> = text.chars().map(String::from).collect();
    let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
    assert_eq!(checked(given, &letters).0, expected, "{text}");
}

#[test]
fn a_marker_of_a_source_stays_and_any_other_goes() {
    check(2, "Daily [1].", "Daily [1].", &[1]);
    check(2, "Daily [3].", "Daily.", &[]);
    check(0, "Daily [1].", "Daily.", &[]);
    check(2, "Daily.[2] Then [7] stop", "Daily.[2] Then stop", &[2]);
    check(2, "as it is written[2], or not[9].", "as it is written[2], or not.", &[2]);
    check(2, "Zero is none [0].", "Zero is none.", &[]);
}

#[test]
fn several_numbers_become_markers_of_their_own() {
    check(3, "So [1, 3].", "So [1][3].", &[1, 3]);
    check(3, "So [1-3].", "So [1][2][3].", &[1, 2, 3]);
    check(3, "So [2; 9].", "So [2].", &[2]);
    check(3, "So [^1] and 【2†source】.", "So [1] and [2].", &[1, 2]);
}

#[test]
fn what_only_looks_like_a_marker_is_left_alone() {
    check(2, "In [2024] and [a] and [ ] and []", "In [2024] and [a] and [ ] and []", &[]);
    check(2, "- [ ] to do\n- [x] done", "- [ ] to do\n- [x] done", &[]);
    check(2, "an open [1", "an open [1", &[]);
    check(2, "[[1]]", "[[1]]", &[1]);
    check(2, "trailing  ", "trailing  ", &[]);
}

#[test]
fn an_interval_an_index_and_a_value_are_no_citations() {
    // Six sources: each of these numbers could be one of them.
    let same = |text: &str| check(6, text, text, &[]);
    same("between [1, 5] bar");
    same("in the range [0, 10], or [2, 50].");
    same("p = [1, 5], q=[2], x ∈ [3, 4]");
    same("a[0] and x[1], a[1][2], reg_3[4], R2[1]");
    same("f[1, 2] is a list");
    same("[1-5] °C, [1-3] mm, [1, 2] and so on");
    check(0, "x[1] of [0, 10]", "x[1] of [0, 10]", &[]);
    // A list behind a whole sentence is one, whatever comes next.
    check(6, "Weekly. [1, 5] Then daily [2, 3]", "Weekly. [1][5] Then daily [2][3]", &[1, 2, 3, 5]);
    check(
        6,
        "Weekly [1, 5]\nDaily [2-4], or not [6].",
        "Weekly [1][5]\nDaily [2][3][4], or not [6].",
        &[1, 2, 3, 4, 5, 6],
    );
}

#[test]
fn code_holds_no_citations() {
    check(1, "use `a[5]` here [5]", "use `a[5]` here", &[]);
    check(1, "```\na[9] = 1\n```\nso [1]", "```\na[9] = 1\n```\nso [1]", &[1]);
    check(1, "``a`[7]`` then [7]", "``a`[7]`` then", &[]);
    check(1, "```a[7]``` then [7]", "```a[7]``` then", &[]);
    check(1, "```c\na[9]\n  ```\nthen [9]", "```c\na[9]\n  ```\nthen", &[]);
}

#[test]
fn code_that_nobody_closes_is_none() {
    check(1, "press the ` key [9].", "press the ` key.", &[]);
    check(1, "press the ` key [1].", "press the ` key [1].", &[1]);
    check(1, "an odd `tick [7]\nthen [7]", "an odd `tick\nthen", &[]);
    check(1, "`` one ` two [7] `a[5]` [7]", "`` one ` two [7] `a[5]`", &[]);
    check(1, "a fence ``` in a line [9]\nand more [9]", "a fence ``` in a line\nand more", &[]);
    check(1, "``` [9]\nand more [9]", "```\nand more", &[]);
    let long = format!("`{}[9]. {}", "word ".repeat(300), "word ".repeat(300));
    check(1, &long, &long.replace(" [9]", ""), &[]);
    // Nor is it held any longer than that.
    let mut checker = Checker::new(1);
    assert!(checker.push(&long).len() > 1_000);
}

#[test]
fn an_entry_of_the_list_of_sources_that_stands_for_none_goes_as_a_whole() {
    check(
        1,
        "Daily [1].\n\n## References\n[1] Manual\n[2] Made up, https://no.where\n[1] again",
        "Daily [1].\n\n## References\n[1] Manual\n\n[1] again",
        &[1],
    );
}

#[test]
fn a_marker_that_is_cut_by_pieces_is_still_one() {
    assert_eq!(checked(1, &["Daily [", "1", "]", "."]).0, "Daily [1].");
    assert_eq!(checked(1, &["Daily", " ", "[9", "]."]).0, "Daily.");
    assert_eq!(checked(1, &["Daily [1"]).0, "Daily [1");
}

#[test]
fn sources_are_numbered_from_one_and_those_of_the_web_come_first() {
    let web = Source { kind: Kind::Web, ..source(0.1) };
    let numbered = numbered(vec![source(0.5), web, source(0.9)], 6, 900, 4_000);
    let seen: Vec<_> = numbered.iter().map(|it| (it.number, it.kind, it.score)).collect();
    assert_eq!(seen, [(1, Kind::Web, 0.1), (2, Kind::Rag, 0.9), (3, Kind::Rag, 0.5)]);
}

#[test]
fn what_finds_no_room_gets_no_number() {
    let long = |score| Source { excerpt: "word ".repeat(300), ..source(score) };
    let numbered = numbered(vec![long(0.9), long(0.8), long(0.7)], 6, 900, 1_900);
    assert_eq!(numbered.len(), 2);
    assert!(numbered.iter().all(|it| it.excerpt.chars().count() <= 900));
    assert!(context(&numbered).contains("[2] (Manual, page 2)"));
}

#[test]
fn what_it_is_asked_about_comes_first_and_only_once() {
    let record = base::RecordId::generate();
    let about = Source { record: Some(record), excerpt: "word ".repeat(300), ..source(0.2) };
    let again = Source { record: Some(record), ..source(0.9) };
    let web = Source { kind: Kind::Web, ..source(0.5) };
    let numbered = numbered_behind(Some(about), vec![again, web], 6, 900, 4_000);
    let seen: Vec<_> = numbered.iter().map(|it| (it.number, it.kind, it.record)).collect();
    assert_eq!(seen, [(1, Kind::Rag, Some(record)), (2, Kind::Web, None)]);
    assert_eq!(numbered[0].excerpt.chars().count(), 1_499, "it is not cut like a passage");
}

#[test]
fn the_model_is_not_shown_markers_of_the_sources_themselves_and_nothing_is_left_out() {
    let words = "As Smith showed [12] and [1], a[0] holds [0, 10] bar: see register [3].";
    let own = Source { excerpt: words.into(), title: "Notes [4]".into(), ..source(0.9) };
    let numbered = numbered(vec![own], 6, 900, 4_000);
    assert_eq!(numbered[0].excerpt, words, "who reads it sees what stands there");
    let shown = "As Smith showed (12) and (1), a[0] holds [0, 10] bar: see register (3).";
    assert_eq!(context(&numbered), format!("{shown} [1] (Notes (4), page 2)"));
    // What a model copies of it is no citation, and goes through as it is.
    check(6, shown, shown, &[]);
    assert_eq!(harmless("## Sources\n[7] Smith, `b[2]`"), "## Sources\n(7) Smith, `b[2]`");
}

#[test]
fn confidence_is_the_nearness_of_what_is_cited_and_the_share_of_sentences_that_cite() {
    let mut sources = numbered(vec![source(0.8), source(0.6)], 6, 900, 4_000);
    let of = |text: &str, sources: &[Source]| {
        let mut checker = Checker::new(sources.len() as u32);
        checker.push(text);
        checker.finish();
        confidence(text, sources, &checker.cited().collect::<BTreeSet<_>>())
    };
    assert_eq!(of("Each day [1]. By hand. [2]", &sources), 0.85);
    assert_eq!(of("Each day [1]. By hand.", &sources), 0.65);
    assert_eq!(of("Nothing is cited here.", &sources), 0.0);
    assert_eq!(of("Each day [1].\n\nReferences:\n[1] Manual", &sources), 0.9);
    sources.clear();
    assert_eq!(of("Each day.", &sources), 0.0);
}

proptest! {
    /// However an answer is cut, the same comes out, and no number without a source with it.
    #[test]
    fn no_number_without_a_source(text in "[a-z \\[\\]0-9,.`\n-]{0,80}", cuts in proptest::collection::vec(1usize..6, 0..40)) {
        let whole = checked(3, &[&text]);
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        for cut in cuts {
            let at = rest.floor_char_boundary(cut.min(rest.len()));
            let (piece, after) = rest.split_at(at);
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        prop_assert_eq!(&whole, &checked(3, &pieces));
        prop_assert!(whole.1.iter().all(|it| (1..=3).contains(it)));
        // What came out, read again, names nothing that is not given.
        prop_assert!(checked(3, &[&whole.0]).1.iter().all(|it| (1..=3).contains(it)));
    }
}
