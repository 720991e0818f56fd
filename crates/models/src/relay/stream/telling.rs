//! Handing an answer in pieces to its caller, for as long as they take it and are welcome.
//!
//! A caller who is not [`Welcome`] any longer is told so in the midst of the answer, and the provider is left at
//! once, whatever the settings say of callers who go.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use tokio::{sync::mpsc, time::timeout};
use tracing::Instrument as _;

use super::{Running, Source};
use crate::relay::Welcome;

/// The most pieces that wait for the caller.
const PIECES_AHEAD: usize = 8;

/// To whom an answer is told.
struct Telling {
    caller: mpsc::Sender<Bytes>,
    /// Until who takes nothing counts as gone.
    patience: Duration,
    welcome: Welcome,
}

impl Running {
    /// The pieces, for the caller. Those that are there already are given as soon as they are asked
    /// for, so that they go out with the head of the reply, and the first word not one waking later.
    ///
    /// An answer under way is driven by a task of its own: what it holds of limits, budgets and
    /// connections is given back in time, however slowly the caller reads.
    pub(crate) fn pieces(mut self, welcome: &Welcome) -> BoxStream<'static, Bytes> {
        let (tasks, patience, first) = match &mut self.0 {
            Source::Flow(flow) => match &flow.attempt {
                Some(attempt) => (attempt.tasks(), flow.times.caller, flow.first()),
                // It is settled, and nothing more is waited for.
                None => return self.rest(),
            },
            Source::Pieces(pieces) => {
                let pieces = std::mem::take(pieces);
                return futures::stream::iter(pieces).boxed();
            }
        };
        let (caller, pieces) = mpsc::channel(PIECES_AHEAD);
        let telling = Telling { caller, patience, welcome: welcome.clone() };
        drop(tasks.spawn(self.told(telling).in_current_span()));
        let taken = |mut pieces: mpsc::Receiver<Bytes>| async move {
            let piece = pieces.recv().await?;
            Some((piece, pieces))
        };
        futures::stream::iter(first).chain(futures::stream::unfold(pieces, taken)).boxed()
    }

    fn rest(self) -> BoxStream<'static, Bytes> {
        futures::stream::unfold(self, |mut running| async move {
            let piece = running.next().await?;
            Some((piece, running))
        })
        .boxed()
    }

    /// Hands the pieces over until there are no more, or nobody takes them, or may take them.
    async fn told(mut self, Telling { caller, patience, welcome }: Telling) {
        let mut over = welcome.over();
        loop {
            let piece = tokio::select! {
                biased;
                () = caller.closed() => return,
                () = &mut over => break,
                piece = self.next() => piece,
            };
            let Some(piece) = piece else { return };
            let room = tokio::select! {
                biased;
                () = &mut over => {
                    self.give_back(piece);
                    break;
                }
                room = timeout(patience, caller.reserve()) => room,
            };
            let Ok(Ok(room)) = room else { return };
            room.send(piece);
        }
        for piece in self.turned_out() {
            if !matches!(timeout(patience, caller.send(piece)).await, Ok(Ok(()))) {
                return;
            }
        }
    }

    /// The last that a caller is told who is not welcome any longer. The provider is left when this returns.
    fn turned_out(mut self) -> VecDeque<Bytes> {
        match &mut self.0 {
            Source::Flow(flow) => {
                flow.turn_out();
                std::mem::take(&mut flow.ready)
            }
            Source::Pieces(pieces) => std::mem::take(pieces),
        }
    }

    /// A piece that was not handed over is the next again.
    fn give_back(&mut self, piece: Bytes) {
        match &mut self.0 {
            Source::Flow(flow) => flow.ready.push_front(piece),
            Source::Pieces(pieces) => pieces.push_front(piece),
        }
    }
}
