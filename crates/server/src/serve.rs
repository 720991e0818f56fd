//! Serving: a socket, the connections on it, and stopping without losing a request.
//!
//! Start at [`bind`]; end with [`Serving::stop`]: readiness goes off, no new connection is taken,
//! streams end with an event, what is being answered is waited for until the deadline.

use std::{convert::Infallible, io, net::SocketAddr, time::Duration};

use axum::{body::Body, http::Request};
use hyper::{body::Incoming, rt::Executor, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use observe::Readiness;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{App, front::Front};

/// How long a caller may take to send the head of a request.
const HEAD_WITHIN: Duration = Duration::from_secs(15);

/// A server that serves.
pub struct Serving {
    app: App,
    address: SocketAddr,
    stop: CancellationToken,
    cut: CancellationToken,
    connections: TaskTracker,
}

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}; is another server running there?")]
pub struct BindError {
    /// Where.
    pub address: SocketAddr,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// How stopping went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Everything was answered.
    Drained,
    /// The deadline came first; what was open was cut off.
    CutOff,
}

/// Listens and begins to serve. Readiness is the caller's to switch on: it knows when the rest of
/// the house stands.
///
/// # Errors
/// [`BindError`] when the address cannot be had.
pub async fn bind(app: App) -> Result<Serving, BindError> {
    let wanted = app.settings.listen;
    let failed = |source| BindError { address: wanted, source };
    let listener = listen(wanted).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let serving = Serving {
        app: app.clone(),
        address,
        stop: CancellationToken::new(),
        cut: CancellationToken::new(),
        connections: TaskTracker::new(),
    };
    let accept = Accept {
        front: Front::new(app),
        listener,
        stop: serving.stop.clone(),
        cut: serving.cut.clone(),
        connections: serving.connections.clone(),
    };
    serving.connections.spawn(accept.run());
    Ok(serving)
}

impl Serving {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops: finishes what is being answered, until the deadline of the settings.
    pub async fn stop(self) -> Stopped {
        let Self { app, stop, cut, connections, .. } = self;
        app.health.set_readiness(Readiness::Draining);
        stop.cancel();
        app.stopping.cancel();
        connections.close();
        app.changes.close();
        let drained = async {
            connections.wait().await;
            app.changes.wait().await;
        };
        let deadline = Duration::from_secs(app.settings.drain_s);
        match tokio::time::timeout(deadline, drained).await {
            Ok(()) => Stopped::Drained,
            Err(_) => {
                let open = connections.len();
                tracing::warn!(
                    connections.open = open,
                    "Cut off what was open: the deadline came first"
                );
                cut.cancel();
                connections.wait().await;
                Stopped::CutOff
            }
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    TcpListener::from_std(socket.into())
}

struct Accept {
    front: Front,
    listener: TcpListener,
    stop: CancellationToken,
    cut: CancellationToken,
    connections: TaskTracker,
}

impl Accept {
    async fn run(self) {
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.serve(stream, peer),
                Err(error) => {
                    // Out of file descriptors, or a caller that left at once. Trying again without
                    // a rest would only burn the processor.
                    tracing::warn!(error = %error, "Could not take a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        // Small answers must not wait for more to send.
        let _ = stream.set_nodelay(true);
        let front = self.front.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let front = front.clone();
            async move { Ok::<_, Infallible>(front.answer(request.map(Body::new), peer).await) }
        });
        let mut builder = auto::Builder::new(Tracked(self.connections.clone()));
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
        builder.http2().timer(TokioTimer::new()).keep_alive_interval(Some(Duration::from_secs(30)));
        let (stop, cut) = (self.stop.clone(), self.cut.clone());
        self.connections.spawn(async move {
            // A connection may become a WebSocket, which then is waited for by itself.
            let io = TokioIo::new(stream);
            let connection = builder.serve_connection_with_upgrades(io, service);
            tokio::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stop.cancelled() => {
                    // What is being answered goes on; then the connection closes.
                    connection.as_mut().graceful_shutdown();
                    tokio::select! {
                        ended = connection => ended,
                        () = cut.cancelled() => return,
                    }
                }
            };
            if let Err(error) = ended {
                tracing::debug!(error = %error, "A connection broke");
            }
        });
    }
}

/// Spawns what HTTP/2 needs where stopping waits for it.
#[derive(Clone)]
struct Tracked(TaskTracker);

impl<F> Executor<F> for Tracked
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, task: F) {
        self.0.spawn(task);
    }
}
