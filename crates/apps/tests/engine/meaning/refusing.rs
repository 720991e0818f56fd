//! A model that refuses, fails or takes long: records wait for it, words find them meanwhile, and no text
//! keeps another from its vector.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use store::Tx;
use testkit::{
    Database,
    model::{Reply, Script},
};
use work::State;

use super::{COUNT, LEFT_TO_WORDS, OPEN, VECTORS, asked, calls};
use crate::centre::{Centre, Wanted, asked_for, writes};

testkit::on_both! {
    async fn a_model_that_refuses_stands_in_the_way_of_no_write_and_is_tried_again(db: Database) {
        let script = Script::start().await;
        for _ in 0..2 {
            script.answers_embeddings(Reply::status(401));
        }
        let centre = Centre::finding(db, &script).await;
        centre.gathered().await;
        for tenant in [centre.ours, centre.theirs] {
            let job = centre.job_of(tenant, |it| it.error.is_some()).await;
            assert_eq!(job.state, State::Pending);
            assert_eq!(job.error.expect("an error").code, "embedding_refused");
        }
        let id = centre.takes(centre.ours, calls(1)).await[0];
        assert_eq!(centre.jobs(centre.ours).await.len(), 1, "what is written waits with the rest");
        let (found, method) = centre.finds(&centre.ann, "matter0").await;
        assert_eq!((found[0], method.as_str()), (id, "words"));
        assert_eq!(centre.vectors_of(id).await, 0, "it rests");
        centre.clock.advance(SignedDuration::from_mins(2));
        centre.embedded().await;
        assert_eq!(centre.vectors_of(id).await, 1);
    }

    async fn a_text_that_the_model_does_not_take_is_left_to_words(db: Database) {
        let script = Script::start().await;
        let centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        // The two together, then each of them: the newest first.
        for _ in 0..2 {
            script.answers_embeddings(Reply::status(413));
        }
        let ids = centre.takes(centre.ours, calls(2)).await;
        centre.embedded().await;
        assert_eq!(centre.count(LEFT_TO_WORDS).await, 2, "one without a text, and one that was refused");
        let (found, _) = centre.finds(&centre.ann, "matter1").await;
        assert!(found.contains(&ids[1]), "{found:?}");
        centre.engine.tend_vectors(centre.clock.now()).await.expect("it is looked");
        assert_eq!(centre.count(OPEN).await, 0, "it is not asked of again");
    }

    async fn texts_are_not_given_up_while_the_model_refuses_whatever_it_is_asked(db: Database) {
        let script = Script::start().await;
        let centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        // The three together, two of them, each of them, and what any model takes.
        for _ in 0..6 {
            script.answers_embeddings(Reply::status(413));
        }
        let ids = centre.takes(centre.ours, calls(3)).await;
        centre.gathered().await;
        let job = centre.job_of(centre.ours, |it| it.error.is_some()).await;
        assert_eq!(job.state, State::Pending);
        assert_eq!(centre.count(LEFT_TO_WORDS).await, 1, "the one without a text");
        centre.clock.advance(SignedDuration::from_mins(2));
        centre.embedded().await;
        for id in ids {
            assert_eq!(centre.vectors_of(id).await, 1);
        }
        assert_eq!(centre.count(LEFT_TO_WORDS).await, 1);
    }

    async fn many_texts_that_the_model_does_not_take_keep_no_other_from_its_vector(db: Database) {
        let script = Script::start().await;
        let centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        // The halves of twelve, down to the tenth of them.
        for _ in 0..20 {
            script.answers_embeddings(Reply::status(413));
        }
        centre.takes(centre.ours, calls(12)).await;
        let before = centre.count(VECTORS).await;
        centre.embedded().await;
        assert_eq!(centre.count(VECTORS).await, before + 2);
        assert_eq!(centre.count(LEFT_TO_WORDS).await, 11, "ten, and the one without a text");
        let job = &centre.jobs(centre.ours).await[0];
        assert_eq!((job.state, job.retry_count), (State::Completed, 0), "{job:?}");
    }

    async fn a_text_at_which_the_model_fails_keeps_no_other_from_its_vector(db: Database) {
        let script = Script::start().await;
        let centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        let takes_it = || Reply::embeddings(vec![vec![1.0; testkit::model::DIMENSIONS]]);
        // The two together, and once more after a while; then one of them. What any model takes, it takes.
        for fails in [true, true, false, true, false] {
            script.answers_embeddings(if fails { Reply::status(500) } else { takes_it() });
        }
        let before = centre.count(VECTORS).await;
        centre.takes(centre.ours, calls(2)).await;
        centre.gathered().await;
        let job = centre.job_of(centre.ours, |it| it.error.is_some()).await;
        assert_eq!(job.state, State::Pending, "a model that failed once is left in peace");
        centre.embedded().await;
        assert_eq!(centre.count(VECTORS).await, before + 1);
        assert_eq!(centre.count(LEFT_TO_WORDS).await, 2, "one without a text, and one that was refused");
    }

    async fn a_model_that_refuses_once_is_asked_soon_however_often_the_job_went_on_before(db: Database) {
        let script = Script::start().await;
        let centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        script.answers_embeddings(Reply::status(401));
        centre.takes(centre.ours, calls(1)).await;
        let went_on = "UPDATE jobs SET attempts = 40 WHERE kind = 'embed' AND state = 'pending'";
        let write = move |tx: &Tx| tx.execute(went_on, &[]);
        centre.store.bookkeep("a job that went on", write).await.expect("it is written");
        centre.gathered().await;
        let job = centre.job_of(centre.ours, |it| it.error.is_some()).await;
        let rest = job.due_at.duration_since(centre.clock.now());
        assert!(rest <= SignedDuration::from_mins(2), "{rest:?}");
    }

    async fn a_question_is_answered_with_words_while_no_vector_of_it_can_be_made(db: Database) {
        let script = Script::start().await;
        let centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        writes(&script, COUNT);
        for _ in 0..5 {
            script.answers_embeddings(Reply::status(401));
        }
        let before = asked(&script);
        for number in 0..6 {
            let question = format!("How many of the calls about billing took more than {number} minutes?");
            centre.told(&centre.ann, &question, None).await;
            let prompt = asked_for(&script, Wanted::Query).pop().expect("a query is asked for").prompt();
            assert!(prompt.contains("The customer asked about billing"), "{prompt}");
        }
        assert_eq!(asked(&script) - before, 5, "after five failures it is left alone");
        assert_eq!(centre.finds(&centre.ann, "billing").await.1, "words");
        centre.clock.advance(SignedDuration::from_secs(31));
        assert_eq!(centre.finds(&centre.ann, "billing").await.1, "both");
        assert_eq!(asked(&script) - before, 6);
    }

    async fn a_search_is_answered_with_words_when_the_model_takes_too_long(db: Database) {
        let script = Script::start().await;
        let centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        script.answers_embeddings(Reply::hang());
        let began = Instant::now();
        assert_eq!(centre.finds(&centre.ann, "billing").await.1, "words");
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    }
}
