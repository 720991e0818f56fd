//! Who sees which documents: a stranger learns not even that one is there.

use base::{ChatId, PageRequest, TenantId};
use knowledge::{
    Act, DocumentError, Knowledge, Sight,
    document::{
        Filter,
        change::Change,
        list::Bound,
        remove,
        upload::{NewDocument, UploadError},
    },
};
use testkit::{Database, model::Script};

use crate::house::{House, embedded, person, scripted, sentences, without_model};

testkit::on_both! {
    async fn one_sees_ones_own_and_what_is_shared(db: Database) {
        let house = House::open(db, without_model()).await;
        let own = house.ready(house.text("Of Ann alone.")).await;
        let shared = house.ready(NewDocument { shared: true, ..house.text("For everybody.") }).await;
        let bob = &house.bob.sight;
        assert!(house.knowledge.get(bob, shared.id).await.is_ok());
        assert!(matches!(house.knowledge.get(bob, own.id).await, Err(DocumentError::NoSuch(_))));
        assert!(house.knowledge.content(bob, own.id).await.is_err());
        assert!(house.knowledge.file(bob, own.id).await.is_err());
        assert!(house.knowledge.carry_out(bob, own.id).await.is_err());
        assert_eq!(house.knowledge.count(bob, &Filter::default()).await.unwrap(), 1);
        let removed = house.knowledge.remove(&house.bob, shared.id).await;
        assert!(matches!(removed, Err(DocumentError::NotYours(_))));
        let gone_on = house.knowledge.go_on(&house.bob, own.id).await;
        assert!(matches!(gone_on, Err(DocumentError::NoSuch(_))));
    }

    async fn another_tenant_sees_nothing_and_an_administrator_everything(db: Database) {
        let house = House::open(db, without_model()).await;
        let shared = house.ready(NewDocument { shared: true, ..house.text("For everybody here.") }).await;
        let stranger = person(TenantId::generate());
        assert!(house.knowledge.get(&stranger.sight, shared.id).await.is_err());
        assert_eq!(house.knowledge.count(&stranger.sight, &Filter::default()).await.unwrap(), 0);
        let everybody = Sight::managing(house.tenant, house.bob.actor.who);
        let own = house.ready(house.text("Of Ann alone.")).await;
        assert!(house.knowledge.get(&everybody, own.id).await.is_ok());
        assert_eq!(house.knowledge.count(&everybody, &Filter::default()).await.unwrap(), 2);
    }

    async fn a_document_of_a_chat_is_nobody_elses_and_goes_with_it(db: Database) {
        let house = House::open(db, without_model()).await;
        let chat = ChatId::generate();
        let bound = house.ready(NewDocument { chat: Some(chat), ..house.text("Of the chat.") }).await;
        assert!(house.knowledge.get(&house.bob.sight, bound.id).await.is_err());
        let both = NewDocument { chat: Some(chat), shared: true, ..house.text("No.") };
        let refused = house.knowledge.upload(&house.ann, both).await.unwrap_err();
        assert!(matches!(refused, UploadError::Document(DocumentError::Invalid { field: "shared", .. })));
        let change = Change { shared: Some(true), ..Change::default() };
        assert!(house.knowledge.change(&house.ann, bound.id, change).await.is_err());

        let of_chat = Filter { bound: Bound::Chat(chat), ..Filter::default() };
        assert_eq!(house.knowledge.count(&house.ann.sight, &of_chat).await.unwrap(), 1);
        let (tenant, now) = (house.tenant, house.clock.now());
        let removed = house.store.bookkeep("remove a chat", move |tx| remove::of_chat(tx, tenant, chat, now)).await;
        let removed: Result<_, store::Error> = removed;
        let removed = removed.unwrap();
        house.knowledge.removed(tenant, &removed).await;
        assert_eq!(removed, [bound.id]);
        assert_eq!(house.count("SELECT count(*) AS total FROM knowledge_chunks").await, 0);
    }

    async fn who_manages_documents_neither_sees_nor_touches_those_of_another_ones_chat(db: Database) {
        let house = House::open(db, without_model()).await;
        let in_chat = |text: &str| NewDocument { chat: Some(ChatId::generate()), ..house.text(text) };
        let anns = house.ready(in_chat("Of her chat.")).await;
        let loose = house.ready(house.text("Of no chat.")).await;
        let bob = Act { sight: Sight::managing(house.tenant, house.bob.actor.who), ..house.bob.clone() };
        let own = house.knowledge.upload(&bob, in_chat("Of his chat.")).await.unwrap().document;
        house.becomes_ready(own.id).await;

        let (sight, knowledge) = (&bob.sight, &house.knowledge);
        assert!(matches!(knowledge.get(sight, anns.id).await, Err(DocumentError::NoSuch(_))));
        assert!(knowledge.content(sight, anns.id).await.is_err());
        assert!(knowledge.file(sight, anns.id).await.is_err());
        assert!(knowledge.carry_out(sight, anns.id).await.is_err());
        let renamed = Change { title: Some("Mine".into()), ..Change::default() };
        assert!(matches!(knowledge.change(&bob, anns.id, renamed).await, Err(DocumentError::NoSuch(_))));
        assert!(matches!(knowledge.go_on(&bob, anns.id).await, Err(DocumentError::NoSuch(_))));
        assert!(matches!(knowledge.remove(&bob, anns.id).await, Err(DocumentError::NoSuch(_))));

        let all = knowledge.list(sight, &Filter::default(), &PageRequest::first(10)).await.unwrap();
        let ids: Vec<_> = all.items.iter().map(|it| it.id).collect();
        assert_eq!(ids, [own.id, loose.id], "his own chat's and what lies in none");
        assert_eq!(knowledge.count(sight, &Filter::default()).await.unwrap(), 2);
        let of_hers = Filter { bound: Bound::Chat(anns.chat.unwrap()), ..Filter::default() };
        assert_eq!(knowledge.count(sight, &of_hers).await.unwrap(), 0);
        // Not even that there is the same file.
        let same = knowledge.upload(&bob, house.text("Of her chat.")).await.unwrap();
        assert_eq!(same.same_as, None);

        // The end of the tenant is the end of all of them.
        let tenant = house.tenant;
        let erased = house.store.bookkeep("erase", move |tx| Knowledge::erase(tx, tenant)).await;
        let erased: Result<(), store::Error> = erased;
        erased.unwrap();
        assert_eq!(house.count("SELECT count(*) AS total FROM knowledge_documents").await, 0);
    }

    async fn the_vectors_of_a_text_are_never_taken_from_another_tenant(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        house.ready(house.text(&sentences(4))).await;
        let stranger = TenantId::generate();
        let new = NewDocument { tenant: stranger, ..house.text(&sentences(4)) };
        let other = house.knowledge.upload(&person(stranger), new).await.unwrap();
        assert_eq!(other.same_as, None);
        let other = house.becomes_ready(other.document.id).await;
        assert_eq!(other.made.vectors_reused, 0);
        let texts: usize = embedded(&script).iter().map(Vec::len).sum();
        assert_eq!(texts, 8);
    }

    async fn nobody_learns_from_a_number_what_stands_in_anothers_document(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        let guessed = sentences(3);
        let own = house.ready(house.text(&guessed)).await;
        let put = async || {
            let taken = house.knowledge.upload(&house.bob, house.text(&guessed)).await.unwrap();
            house.becomes_ready(taken.document.id).await
        };
        let bobs = put().await;
        assert_eq!((bobs.made.vectors_done, bobs.made.vectors_reused), (3, 0));
        house.knowledge.remove(&house.bob, bobs.id).await.unwrap();
        // What he sees is reused, and told.
        let change = Change { shared: Some(true), ..Change::default() };
        house.knowledge.change(&house.ann, own.id, change).await.unwrap();
        assert_eq!(put().await.made.vectors_reused, 3);
    }

    async fn a_tenant_that_is_erased_leaves_nothing_and_others_keep_theirs(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        house.ready(house.text(&sentences(2))).await;
        let stranger = TenantId::generate();
        let new = NewDocument { tenant: stranger, ..house.text(&sentences(2)) };
        let kept = house.knowledge.upload(&person(stranger), new).await.unwrap().document;
        house.becomes_ready(kept.id).await;
        let tenant = house.tenant;
        let erased = house.store.bookkeep("erase", move |tx| Knowledge::erase(tx, tenant)).await;
        let erased: Result<(), store::Error> = erased;
        erased.unwrap();
        house.knowledge.forget(tenant).await;
        assert_eq!(house.count("SELECT count(*) AS total FROM knowledge_documents").await, 1);
        assert_eq!(house.count("SELECT count(*) AS total FROM knowledge_vectors").await, 2);
        assert_eq!(house.count("SELECT count(*) AS total FROM knowledge_chunks").await, 2);
    }
}
