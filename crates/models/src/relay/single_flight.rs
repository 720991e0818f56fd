//! The same request twice at the same moment: the second waits for the answer of the first.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

/// The requests under way by their keys, each with what it brings.
pub(crate) struct Flights<K, T>(Arc<Mutex<HashMap<K, watch::Receiver<Option<T>>>>>);

/// What a request finds.
pub(crate) enum Boarded<K: Eq + Hash, T> {
    /// Nobody asks this at the moment: ask, and land with the answer.
    Lead(Flight<K, T>),
    /// Somebody asked, and this is the answer.
    Shared(T),
}

/// A request that others may wait for. Dropped without an answer, one of those asks instead.
pub(crate) struct Flight<K: Eq + Hash, T> {
    all: Arc<Mutex<HashMap<K, watch::Receiver<Option<T>>>>>,
    key: K,
    answer: watch::Sender<Option<T>>,
}

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Clone, T: Clone> Flights<K, T> {
    /// Waits for whoever asks the same, or leads.
    pub(crate) async fn board(&self, key: &K) -> Boarded<K, T> {
        loop {
            let mut waiting = {
                let mut all = lock(&self.0);
                match all.get(key) {
                    Some(flight) => flight.clone(),
                    None => {
                        let (answer, waiting) = watch::channel(None);
                        all.insert(key.clone(), waiting);
                        let flight = Flight { all: self.0.clone(), key: key.clone(), answer };
                        return Boarded::Lead(flight);
                    }
                }
            };
            // The sender goes away without an answer when its caller does: then somebody else leads.
            if let Ok(landed) = waiting.wait_for(Option::is_some).await
                && let Some(answer) = landed.clone()
            {
                return Boarded::Shared(answer);
            }
        }
    }
}

impl<K: Eq + Hash, T> Flight<K, T> {
    /// Gives everybody the answer.
    pub(crate) fn land(self, answer: T) {
        self.answer.send_replace(Some(answer));
    }
}

impl<K: Eq + Hash, T> Drop for Flight<K, T> {
    fn drop(&mut self) {
        lock(&self.all).remove(&self.key);
    }
}

fn lock<T>(all: &Mutex<T>) -> MutexGuard<'_, T> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_gets_the_answer_of_the_first_and_the_third_asks_anew() {
        let flights: Flights<u8, &str> = Flights::default();
        let Boarded::Lead(flight) = flights.board(&1).await else { panic!("nobody asks") };
        let (second, ()) = tokio::join!(flights.board(&1), async {
            tokio::task::yield_now().await;
            flight.land("answer");
        });
        assert!(matches!(second, Boarded::Shared("answer")));
        assert!(matches!(flights.board(&1).await, Boarded::Lead(_)));
    }

    #[tokio::test]
    async fn when_the_first_gives_up_the_second_asks() {
        let flights: Flights<u8, &str> = Flights::default();
        let Boarded::Lead(flight) = flights.board(&1).await else { panic!("nobody asks") };
        let (second, ()) = tokio::join!(flights.board(&1), async {
            tokio::task::yield_now().await;
            drop(flight);
        });
        assert!(matches!(second, Boarded::Lead(_)));
        assert!(lock(&flights.0).is_empty() || matches!(second, Boarded::Lead(_)));
    }
}
