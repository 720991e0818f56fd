//! Whose texts come next. A long list of texts takes many rounds, and whoever brings one text more in
//! the meantime is in the next round: nobody waits for the end of somebody else's list.

use std::collections::VecDeque;

/// A round is full when it has this many tokens: enough for products of matrices to be worth their
/// while, and done in some tenths of a second on one slow processor.
const TOKENS_PER_ROUND: usize = 256;

/// Those who wait, in the order in which they are served.
pub(super) struct Line<A> {
    askers: VecDeque<Asker<A>>,
    count: u64,
}

/// Somebody who waits for vectors of texts.
struct Asker<A> {
    number: u64,
    texts: Vec<String>,
    /// How many of the texts are in a round, or were.
    taken: usize,
    vectors: Vec<Vec<f32>>,
    tokens: u64,
    /// Where the vectors go.
    answer: A,
}

/// A text of a round.
pub(super) struct Pick<T> {
    asker: u64,
    pub(super) tokens: T,
}

/// What somebody waited for.
pub(super) struct Served<A> {
    pub(super) vectors: Vec<Vec<f32>>,
    pub(super) tokens: u64,
    pub(super) answer: A,
}

impl<A> Default for Line<A> {
    fn default() -> Self {
        Self { askers: VecDeque::new(), count: 0 }
    }
}

impl<A> Line<A> {
    /// Somebody more waits.
    pub(super) fn join(&mut self, texts: Vec<String>, answer: A) {
        self.count += 1;
        let vectors = Vec::with_capacity(texts.len());
        let asker = Asker { number: self.count, texts, taken: 0, vectors, tokens: 0, answer };
        self.askers.push_back(asker);
    }

    pub(super) fn len(&self) -> usize {
        self.askers.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.askers.is_empty()
    }

    /// Whoever does not want to wait any more leaves.
    pub(super) fn keep(&mut self, is_waiting: impl Fn(&A) -> bool) {
        self.askers.retain(|it| is_waiting(&it.answer));
    }

    /// Everybody leaves.
    pub(super) fn leave(&mut self) -> impl Iterator<Item = A> {
        std::mem::take(&mut self.askers).into_iter().map(|it| it.answer)
    }

    /// The texts of the next round: one of each in turn, until it is full. `read` makes tokens of a
    /// text and says how many.
    ///
    /// # Errors
    /// A text cannot be read. The line is of no use then: everybody has to leave.
    pub(super) fn round<T, E>(
        &mut self,
        read: impl Fn(&str) -> Result<(T, usize), E>,
    ) -> Result<Vec<Pick<T>>, E> {
        let (mut picks, mut tokens, mut in_vain) = (Vec::new(), 0, 0);
        while tokens < TOKENS_PER_ROUND && in_vain < self.askers.len() {
            let Some(mut asker) = self.askers.pop_front() else { break };
            match asker.texts.get(asker.taken).map(|it| read(it)) {
                Some(Ok((found, count))) => {
                    asker.taken += 1;
                    tokens += count;
                    in_vain = 0;
                    picks.push(Pick { asker: asker.number, tokens: found });
                }
                Some(Err(why)) => {
                    self.askers.push_back(asker);
                    return Err(why);
                }
                None => in_vain += 1,
            }
            self.askers.push_back(asker);
        }
        Ok(picks)
    }

    /// The vectors of a round, in its order, are handed out. Returns those who have all of theirs.
    pub(super) fn served<T>(
        &mut self,
        round: impl IntoIterator<Item = (Pick<T>, Vec<f32>, u64)>,
    ) -> Vec<Served<A>> {
        for (pick, vector, tokens) in round {
            if let Some(asker) = self.askers.iter_mut().find(|it| it.number == pick.asker) {
                asker.vectors.push(vector);
                asker.tokens += tokens;
            }
        }
        let (done, waiting): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut self.askers)
            .into_iter()
            .partition(|it| it.vectors.len() == it.texts.len());
        self.askers = waiting;
        let served =
            |it: Asker<A>| Served { vectors: it.vectors, tokens: it.tokens, answer: it.answer };
        done.into_iter().map(served).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays rounds until nobody waits; a text is as long as its number says. Returns who was in which
    /// round, and who was done after it.
    fn play(line: &mut Line<&'static str>) -> Vec<(Vec<u64>, Vec<&'static str>)> {
        let mut rounds = Vec::new();
        while !line.is_empty() {
            let read = |text: &str| Ok::<_, ()>(((), text.parse().unwrap()));
            let round = line.round(read).unwrap();
            let who = round.iter().map(|it| it.asker).collect();
            let done = line.served(round.into_iter().map(|it| (it, vec![1.0], 1)));
            rounds.push((who, done.into_iter().map(|it| it.answer).collect()));
        }
        rounds
    }

    fn texts(count: usize, tokens: usize) -> Vec<String> {
        vec![tokens.to_string(); count]
    }

    #[test]
    fn short_texts_of_several_share_a_round() {
        let mut line = Line::default();
        line.join(texts(2, 10), "a");
        line.join(texts(1, 10), "b");
        assert_eq!(play(&mut line), [(vec![1, 2, 1], vec!["b", "a"])]);
    }

    #[test]
    fn who_comes_while_a_long_list_is_served_is_in_the_next_round() {
        let mut line = Line::default();
        line.join(texts(100, 200), "list");
        let read = |text: &str| Ok::<_, ()>(((), text.parse().unwrap()));
        let first = line.round(read).unwrap();
        line.join(texts(1, 9), "question");
        assert!(line.served(first.into_iter().map(|it| (it, vec![], 200))).is_empty());
        let second = line.round(read).unwrap();
        assert!(second.iter().any(|it| it.asker == 2));
        let done = line.served(second.into_iter().map(|it| (it, vec![], 200)));
        assert_eq!(done.iter().map(|it| it.answer).collect::<Vec<_>>(), ["question"]);
    }

    #[test]
    fn a_round_is_full_with_the_text_that_reaches_its_measure() {
        let mut line = Line::default();
        line.join(texts(5, 100), "a");
        let rounds = play(&mut line);
        assert_eq!(rounds.iter().map(|it| it.0.len()).collect::<Vec<_>>(), [3, 2]);
    }

    #[test]
    fn vectors_are_in_the_order_of_the_texts_and_no_texts_have_none() {
        let mut line = Line::default();
        line.join((1..=9).map(|it| it.to_string()).collect(), "a");
        line.join(Vec::new(), "b");
        let round = line.round(|text| Ok::<_, ()>((text.to_owned(), 1))).unwrap();
        let vectors = round.into_iter().map(|it| {
            let vector = vec![it.tokens.parse().unwrap()];
            (it, vector, 2)
        });
        let mut done = line.served(vectors);
        done.sort_by_key(|it| it.answer);
        assert_eq!(done[0].vectors, (1..=9_u8).map(|it| vec![f32::from(it)]).collect::<Vec<_>>());
        assert_eq!((done[0].tokens, done[1].vectors.len()), (18, 0));
    }

    #[test]
    fn who_left_is_not_served_and_keeps_nobody_waiting() {
        let mut line = Line::default();
        line.join(texts(100, 200), "gone");
        line.join(texts(1, 5), "here");
        line.keep(|it| *it == "here");
        assert_eq!(play(&mut line), [(vec![2], vec!["here"])]);
    }
}
