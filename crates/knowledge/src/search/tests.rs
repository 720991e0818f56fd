use super::*;

#[test]
fn a_question_that_is_too_long_is_cut_at_a_word() {
    assert_eq!(cut("one two three", 9), "one two");
    assert_eq!(cut("one two three", 13), "one two three");
    assert_eq!(cut("überlänge", 4), "über");
    assert_eq!(cut("", 4), "");
}

#[test]
fn neither_question_nor_text_is_shown() {
    let ask = Ask::new(TenantId::DEFAULT, Sight::everything(), "what is the secret of the probe");
    assert!(!format!("{ask:?}").contains("secret"));
    let hit = Hit {
        chunk: ChunkId::generate(),
        document: DocumentId::generate(),
        title: "Secret title".into(),
        url: None,
        page: Some(3),
        start_char: 0,
        end_char: 9,
        text: "a secret text".into(),
        score: 0.5,
        semantic: None,
        lexical: Some(0.5),
    };
    let shown = format!("{hit:?}");
    assert!(!shown.to_lowercase().contains("secret") && shown.contains("0.5"), "{shown}");
}
