//! Stopping: nothing that was begun is lost.

use std::{net::SocketAddr, time::Duration};

use observe::Readiness;
use testkit::Database;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::house::House;

/// Waits until the server asks for the body: a handler has begun.
async fn until_begun(slow: &mut TcpStream) {
    const BEGUN: &str = "HTTP/1.1 100 Continue\r\n\r\n";
    let mut told = [0; BEGUN.len()];
    let read = tokio::time::timeout(Duration::from_secs(10), slow.read_exact(&mut told)).await;
    read.expect("the body is asked for in time").expect("the body is asked for");
    assert_eq!(String::from_utf8_lossy(&told), BEGUN);
}

/// Waits until no new connection is taken.
async fn until_closed(address: SocketAddr) {
    for _ in 0..1_000 {
        if TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a new connection was taken");
}

testkit::on_both! {
    async fn a_request_that_was_begun_is_answered(db: Database) {
        let mut house = House::open(&db).await;
        let key = house.key(&[base::Scope::Write]).await;
        let token = key.request(reqwest::Method::GET, "/").build().expect("a request");
        let token = token.headers()["authorization"].to_str().unwrap().to_owned();
        let serving = house.take_serving();
        let address = serving.addr();
        let mut slow = TcpStream::connect(address).await.expect("a connection");
        let body = r#"{"name": "slow"}"#;
        let head = format!(
            "POST /api/collections/shelves HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\n\
             content-type: application/json\r\nexpect: 100-continue\r\n\
             content-length: {}\r\n\r\n", body.len(),
        );
        slow.write_all(head.as_bytes()).await.expect("the head is sent");
        until_begun(&mut slow).await;
        let finish = async {
            until_closed(address).await;
            slow.write_all(body.as_bytes()).await.expect("the body is sent");
            let mut answer = String::new();
            slow.read_to_string(&mut answer).await.expect("an answer");
            answer
        };
        let (answer, stopped) = tokio::join!(finish, serving.stop());
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        assert_eq!(stopped, server::Stopped::Drained);
        assert_eq!(house.app.health.readiness(), Readiness::Draining);
    }

    async fn who_never_finishes_is_cut_off_at_the_deadline(db: Database) {
        let settings = server::Settings { drain_s: 1, ..server::Settings::default() };
        let mut house = House::open_with(&db, settings).await;
        let serving = house.take_serving();
        let mut slow = TcpStream::connect(serving.addr()).await.expect("a connection");
        let head = "POST /api/auth/login HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n";
        slow.write_all(head.as_bytes()).await.expect("the head is sent");
        until_begun(&mut slow).await;
        assert_eq!(serving.stop().await, server::Stopped::CutOff);
    }

    async fn what_takes_too_long_is_given_up_with_an_answer(db: Database) {
        let settings = server::Settings { time_limit_s: 1, ..server::Settings::default() };
        let mut house = House::open_with(&db, settings).await;
        let serving = house.take_serving();
        let mut slow = TcpStream::connect(serving.addr()).await.expect("a connection");
        let head = "POST /api/auth/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 10\r\n\r\n";
        slow.write_all(head.as_bytes()).await.expect("the head is sent");
        let mut answer = String::new();
        slow.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.contains("\"code\":\"timeout\""), "{answer}");
        serving.stop().await;
    }
}
