//! What becomes of documents that are put in, and what is said about them.

use base::PageRequest;
use knowledge::{
    DocumentError,
    document::{
        Filter, State,
        change::Change,
        list::Bound,
        upload::{NewDocument, UploadError},
    },
    search::Ask,
};
use testkit::{Database, file, model::Script};

use crate::house::{House, embedded, scripted, sentences, settings, without_model};

const MANUAL: [&str; 3] = [
    "The probe must be calibrated every four weeks.\nUse the reference fluid for it.",
    "The seal is changed once a year.",
    "Call the laboratory when the light is red.",
];

testkit::on_both! {
    async fn a_manual_of_three_pages_is_pending_and_then_ready_with_its_pages(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        let uploaded = house.put(house.file("manual.pdf", file::pdf(&MANUAL))).await;
        assert_eq!((uploaded.document.state, uploaded.same_as), (State::Pending, None));
        assert_eq!(uploaded.document.title, "manual");

        let document = house.becomes_ready(uploaded.document.id).await;
        let made = &document.made;
        assert_eq!((made.pages, made.chunks_deduped), (3, 0));
        assert!(made.chunks >= 3, "{made:?}");
        assert_eq!((made.vectors_done, made.vectors_reused), (made.chunks, 0));
        assert_eq!((made.model.as_deref(), made.dimensions), (Some("local/embed"), Some(64)));
        let verdict = document.verdict.expect("a verdict");
        assert_eq!((verdict.pages, verdict.pages_without_text.len()), (3, 0));

        let content = house.knowledge.content(&house.ann.sight, document.id).await.unwrap();
        let letters: Vec<char> = content.text.chars().collect();
        assert_eq!(content.pages.len(), 3);
        let second = content.pages[1];
        let span = &letters[second.start_char as usize..second.end_char as usize];
        assert_eq!(span.iter().collect::<String>(), MANUAL[1]);
        let pages = house.count("SELECT count(DISTINCT page) AS total FROM knowledge_chunks").await;
        assert_eq!(pages, 3);
    }

    async fn the_same_file_again_is_known_and_embeds_nothing(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        let first = house.ready(house.file("manual.pdf", file::pdf(&MANUAL))).await;
        let asked = embedded(&script).len();
        let again = house.put(house.file("other name.pdf", file::pdf(&MANUAL))).await;
        assert_eq!(again.same_as, Some(first.id));
        let again = house.becomes_ready(again.document.id).await;
        assert_eq!(embedded(&script).len(), asked, "nothing is embedded twice");
        assert_eq!(again.made.chunks, first.made.chunks);
        assert_eq!((again.made.vectors_done, again.made.vectors_reused), (first.made.chunks, first.made.chunks));
        let blobs = house.count("SELECT count(*) AS total FROM blobs").await;
        assert_eq!(blobs, 1, "the same file is kept once");
    }

    async fn only_the_texts_that_are_new_are_embedded(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        house.ready(house.text(&sentences(10))).await;
        let before: usize = embedded(&script).iter().map(Vec::len).sum();
        let longer = house.ready(house.text(&sentences(13))).await;
        let after: usize = embedded(&script).iter().map(Vec::len).sum();
        assert_eq!((before, after - before), (10, 3));
        assert_eq!((longer.made.chunks, longer.made.vectors_reused), (13, 10));
    }

    async fn without_a_model_a_document_is_ready_and_found_by_words(db: Database) {
        let house = House::open(db, without_model()).await;
        let document = house.ready(house.text(&sentences(3))).await;
        assert_eq!((document.made.chunks, document.made.vectors_done), (3, 0));
        assert_eq!(document.made.model, None);
    }

    async fn what_a_file_is_is_decided_by_its_content(db: Database) {
        let house = House::open(db, without_model()).await;
        let page = "<!doctype html><title>A page</title><main><p>Words of a page.</p></main>";
        let document = house.ready(house.file("report.pdf", page)).await;
        assert_eq!(document.kind.name(), "html");
        let refused = |name: &str, bytes: Vec<u8>| {
            let (knowledge, ann, new) = (house.knowledge.clone(), house.ann.clone(), house.file(name, bytes));
            async move { knowledge.upload(&ann, new).await.map(|it| it.document.id) }
        };
        let picture = refused("a.pdf", b"\x89PNG\r\n\x1a\n0000".to_vec()).await.unwrap_err();
        assert_eq!(picture.code(), "invalid_file_type");
        let program = refused("a.txt", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0".to_vec()).await.unwrap_err();
        assert!(program.to_string().contains("a program"), "{program}");
        let empty = refused("a.txt", b" \n".to_vec()).await.unwrap_err();
        assert_eq!(empty.code(), "invalid_file");
        let large = refused("a.txt", vec![b'a'; 5 * 1024 * 1024 + 1]).await.unwrap_err();
        assert!(matches!(large, UploadError::TooLarge { bytes_max: 5_242_880, .. }), "{large}");
        assert_eq!(house.count("SELECT count(*) AS total FROM knowledge_documents").await, 1);
    }

    async fn every_kind_of_file_is_read(db: Database) {
        let house = House::open(db, without_model()).await;
        let files: [(&str, Vec<u8>); 8] = [
            ("a.pdf", file::pdf(&["The probe is calibrated."])),
            ("a.docx", file::docx(&["The probe is calibrated."])),
            ("a.xlsx", file::xlsx(&[&["part", "state"], &["The probe", "is calibrated."]])),
            ("a.html", b"<html><p>The probe is calibrated.</p></html>".to_vec()),
            ("a.md", b"# Care\n\nThe probe is calibrated.".to_vec()),
            ("a.txt", b"The probe is calibrated.".to_vec()),
            ("a.json", br#"{"care": "The probe is calibrated."}"#.to_vec()),
            ("a.csv", b"part,state\nThe probe,is calibrated.\n".to_vec()),
        ];
        for (name, bytes) in files {
            let document = house.ready(house.file(name, bytes)).await;
            assert!(name.ends_with(document.kind.name()), "{name}");
            let content = house.knowledge.content(&house.ann.sight, document.id).await.unwrap();
            let has = |words: &str| content.text.contains(words);
            assert!(has("probe") && has("calibrated."), "{name}");
            let kept = house.knowledge.file(&house.ann.sight, document.id).await.unwrap();
            assert_eq!(kept.len() as u64, document.size_bytes);
        }
    }

    async fn a_text_that_somebody_wrote_is_what_they_say(db: Database) {
        let house = House::open(db, without_model()).await;
        let new = NewDocument { title: Some("A note".into()), ..NewDocument::new(house.tenant, "<html> is how pages begin.") };
        let written = house.knowledge.write(&house.ann, new).await.unwrap();
        let document = house.becomes_ready(written.document.id).await;
        assert_eq!((document.kind.name(), document.origin.name()), ("txt", "text"));
    }

    async fn what_is_said_about_a_document_is_changed_by_its_owner(db: Database) {
        let house = House::open(db, without_model()).await;
        let document = house.ready(NewDocument { tags: vec!["draft".into()], ..house.text("Words.") }).await;
        let change = Change {
            title: Some("Better".into()),
            tags: Some(vec!["final".into(), "pump".into()]),
            shared: Some(true),
            ..Change::default()
        };
        let changed = house.knowledge.change(&house.ann, document.id, change.clone()).await.unwrap();
        assert_eq!((changed.title.as_str(), changed.shared), ("Better", true));
        assert_eq!(changed.tags, ["final", "pump"]);
        let others = house.knowledge.change(&house.bob, document.id, change).await;
        assert!(matches!(others, Err(DocumentError::NotYours(_))), "{others:?}");
        let nothing = house.knowledge.change(&house.ann, document.id, Change::default()).await;
        assert_eq!(nothing.unwrap_err().code(), "invalid_input");
    }

    async fn documents_are_listed_newest_first_page_by_page(db: Database) {
        let house = House::open(db, without_model()).await;
        let mut ids = Vec::new();
        for at in 0..5 {
            let tags = if at % 2 == 0 { vec!["even".to_owned()] } else { Vec::new() };
            let new = NewDocument { tags, ..house.text(&format!("Document number {at}.")) };
            ids.push(house.ready(new).await.id);
        }
        ids.reverse();
        let sight = &house.ann.sight;
        let (mut request, mut seen) = (PageRequest::first(2), Vec::new());
        loop {
            let page = house.knowledge.list(sight, &Filter::default(), &request).await.unwrap();
            seen.extend(page.items.iter().map(|it| it.id));
            match page.next {
                Some(cursor) => request.cursor = Some(cursor),
                None => break,
            }
        }
        assert_eq!(seen, ids);
        let even = Filter { tag: Some("even".into()), ..Filter::default() };
        assert_eq!(house.knowledge.count(sight, &even).await.unwrap(), 3);
        let page = house.knowledge.list(sight, &even, &PageRequest::first(10)).await.unwrap();
        assert!(page.items.iter().all(|it| it.tags == ["even"]));
        let failed = Filter { state: Some("failed".parse().unwrap()), ..Filter::default() };
        assert_eq!(house.knowledge.count(sight, &failed).await.unwrap(), 0);
        let unbound = Filter { bound: Bound::Nothing, ..Filter::default() };
        assert_eq!(house.knowledge.count(sight, &unbound).await.unwrap(), 5);
        let totals = house.knowledge.totals(Some(house.tenant)).await.unwrap();
        assert_eq!((totals.documents, totals.ready, totals.failed), (5, 5, 0));
    }

    async fn a_document_that_is_removed_leaves_nothing_behind(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        let document = house.ready(NewDocument { tags: vec!["a".into()], ..house.text(&sentences(3)) }).await;
        house.knowledge.remove(&house.ann, document.id).await.unwrap();
        for sql in [
            "SELECT count(*) AS total FROM knowledge_documents",
            "SELECT count(*) AS total FROM knowledge_tags",
            "SELECT count(*) AS total FROM knowledge_parts",
            "SELECT count(*) AS total FROM knowledge_chunks",
            "SELECT count(*) AS total FROM knowledge_vectors",
            "SELECT count(*) AS total FROM blobs WHERE uses > 0",
        ] {
            assert_eq!(house.count(sql).await, 0, "{sql}");
        }
        let again = house.knowledge.remove(&house.ann, document.id).await;
        assert!(matches!(again, Err(DocumentError::NoSuch(_))));
    }

    async fn what_is_not_allowed_here_is_refused_with_what_is(db: Database) {
        let mut settings = settings();
        settings.uploads.kinds = vec!["pdf".parse().unwrap()];
        let house = House::with(db, without_model(), settings).await;
        let refused = house.knowledge.upload(&house.ann, house.text("Words.")).await.unwrap_err();
        assert_eq!(refused.to_string(), "the file is a text; taken are: pdf");
        let written = NewDocument::new(house.tenant, "Words.");
        let refused = house.knowledge.write(&house.ann, written).await.unwrap_err();
        assert_eq!(refused.code(), "invalid_file_type");
    }

    async fn a_tag_that_no_database_takes_is_no_tag(db: Database) {
        let house = House::open(db, without_model()).await;
        house.ready(NewDocument { tags: vec!["pump".into()], ..house.text("Words of a pump.") }).await;
        let sight = &house.ann.sight;
        let with = async |tag: &str| {
            let filter = Filter { tag: Some(tag.into()), ..Filter::default() };
            let ask = Ask { tags: vec![tag.into()], ..Ask::new(house.tenant, sight.clone(), "pump") };
            let listed = house.knowledge.list(sight, &filter, &PageRequest::first(10)).await.unwrap();
            let found = house.knowledge.search(ask).await.unwrap();
            (listed.items.len(), found.hits.len())
        };
        assert_eq!(with("pump").await, (1, 1));
        assert_eq!(with("\0").await, (0, 0));
        assert_eq!(with("pump\0").await, (1, 1), "as it would be kept");
    }
}
