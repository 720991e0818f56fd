use base::ChatId;
use testkit::Database;

use super::*;
use crate::vector::{
    Metric,
    fixture::{Clusters, DIMENSIONS, House, MODEL, Wish, nearest, seen, tenant},
    label,
    space::Kind,
};

fn space(of_chats: bool) -> Space {
    Space {
        name: "of_a_test".into(),
        model: MODEL.into(),
        dimensions: DIMENSIONS,
        metric: Metric::Cosine,
        kind: Kind::Ivf { lists: 128 },
        of_chats,
    }
}

async fn asked(house: &House, space: Space, query: &[f32], filter: Filter) -> Vec<ChunkId> {
    let query = query.to_vec();
    let found = house.store.read(move |db| search(db, &space, &query, &filter, 10)).await;
    found.expect("the rows answer").into_iter().map(|it| it.chunk).collect()
}

testkit::on_both! {
    async fn the_rows_alone_give_the_nearest(db: Database) {
        let house = House::on(&db).await;
        let mut clusters = Clusters::new(5, DIMENSIONS, 1);
        let mut all = Vec::new();
        // More documents than are read each for itself.
        for number in 0..FEW + 10 {
            let wish = Wish {
                owner: if number % 2 == 0 { "usr_ann" } else { "usr_bob" },
                vectors: (0..3).map(|_| clusters.vector()).collect(),
                ..Wish::default()
            };
            all.push(house.put(wish).await);
        }
        let other = Wish { tenant: tenant(2), vectors: vec![clusters.vector()], ..Wish::default() };
        house.put(other).await;
        let query = clusters.vector();
        let truth = |documents: Vec<_>| -> Vec<ChunkId> {
            let points: Vec<_> =
                documents.into_iter().flat_map(|it: &crate::vector::fixture::Put| it.chunks.clone()).collect();
            nearest(&points, &query, 10).into_iter().map(|it| it.0).collect()
        };
        let every = asked(&house, space(false), &query, seen(tenant(1), None)).await;
        assert_eq!(every, truth(all.iter().collect()));
        let anns = asked(&house, space(false), &query, seen(tenant(1), Some("usr_ann"))).await;
        assert_eq!(anns, truth(all.iter().step_by(2).collect()));
        let mut one = seen(tenant(1), None);
        one.documents = Some(vec![all[4].document]);
        assert_eq!(asked(&house, space(false), &query, one).await, truth(vec![&all[4]]));
    }

    async fn documents_of_chats_lie_apart(db: Database) {
        let house = House::on(&db).await;
        let mut clusters = Clusters::new(5, DIMENSIONS, 1);
        let (chat, vector) = (ChatId::generate(), clusters.vector());
        let wish = Wish { chat: Some(chat), vectors: vec![vector.clone()], ..Wish::default() };
        let put = house.put(wish).await;
        assert_eq!(asked(&house, space(false), &vector, seen(tenant(1), None)).await, []);
        let filter = Filter { groups: vec![label::within(chat, Some("usr_ann"))], ..Filter::of(tenant(1)) };
        assert_eq!(asked(&house, space(true), &vector, filter).await, [put.chunks[0].0]);
    }

    async fn a_row_that_is_no_vector_is_passed_over(db: Database) {
        let house = House::on(&db).await;
        let mut clusters = Clusters::new(5, DIMENSIONS, 1);
        let put = house.put(Wish { vectors: vec![clusters.vector(), clusters.vector()], ..Wish::default() }).await;
        house
            .execute(
                "UPDATE knowledge_vectors SET vector = $2 WHERE chunk = $1",
                store::params![put.chunks[0].0, vec![0u8; DIMENSIONS * 4]].to_vec(),
            )
            .await;
        let found = asked(&house, space(false), &clusters.vector(), seen(tenant(1), None)).await;
        assert_eq!(found, [put.chunks[1].0], "one without a direction is nowhere");
    }
}
