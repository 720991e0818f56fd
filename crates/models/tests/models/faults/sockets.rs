//! How connections are set up: small pieces must not wait for the acknowledgement of those before.

use crate::gateway::{chat, one, stream};
use testkit::model::Reply;

/// Nagle's algorithm and delayed acknowledgements together make pieces wait for 40 ms.
#[tokio::test(flavor = "multi_thread")]
async fn connections_to_providers_send_small_pieces_at_once() {
    let db = testkit::Database::sqlite();
    let (house, script) = one(&db).await;
    script.always(|_| Reply::text("one two"));
    house.relay(chat("local/small", "a")).await;
    house.relay(stream("local/small", "a")).await;
    let sockets = testkit::sockets::connected_to(script.socket());
    assert!(!sockets.is_empty(), "connections are kept");
    assert!(sockets.iter().all(|it| it.nodelay), "{sockets:?}");
}
