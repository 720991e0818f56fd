//! A round asks everyone at once and waits for nobody beyond their deadline.

use std::{collections::HashMap, pin::Pin, time::Duration};

use tokio::{task::JoinSet, time::Instant};

/// Something to wait for.
pub(crate) type Answering<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Why somebody has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    Late(Duration),
    Panicked,
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Late(deadline) => write!(f, "no answer within {} ms", deadline.as_millis()),
            Self::Panicked => f.write_str("the check itself failed"),
        }
    }
}

/// Asks everyone; gives the answers in the order of the questions, with the time each took.
///
/// Each runs as a task of its own, so that one that blocks its thread is late alone. Who is late is
/// stopped at its next pause; so is everyone when the round itself is dropped.
pub(crate) async fn ask<T: Send + 'static>(
    all: Vec<(Duration, Answering<T>)>,
) -> Vec<(Result<T, NoAnswer>, Duration)> {
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    let mut places = HashMap::new();
    let mut answers: Vec<_> =
        all.iter().map(|(deadline, _)| (Err(NoAnswer::Late(*deadline)), *deadline)).collect();
    let longest = all.iter().map(|(deadline, _)| *deadline).max().unwrap_or_default();
    for (place, (deadline, answering)) in all.into_iter().enumerate() {
        let task = tasks.spawn(async move {
            let answer = tokio::time::timeout(deadline, answering).await;
            (answer.map_err(|_| NoAnswer::Late(deadline)), started.elapsed())
        });
        places.insert(task.id(), place);
    }
    // A little more than the longest deadline: those who keep it answer for themselves.
    let end = started + longest + Duration::from_millis(50);
    while let Ok(Some(done)) = tokio::time::timeout_at(end, tasks.join_next_with_id()).await {
        let (id, answer) = match done {
            Ok((id, answer)) => (id, answer),
            Err(error) => (error.id(), (Err(NoAnswer::Panicked), started.elapsed())),
        };
        if let Some(place) = places.get(&id) {
            answers[*place] = answer;
        }
    }
    answers
}
