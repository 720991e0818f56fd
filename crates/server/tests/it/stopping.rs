//! Stopping: nothing that was begun is lost.

use std::time::Duration;

use observe::Readiness;
use testkit::Database;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::house::House;

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
             content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len(),
        );
        slow.write_all(head.as_bytes()).await.expect("the head is sent");
        tokio::time::sleep(Duration::from_millis(100)).await;
        let finish = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(TcpStream::connect(address).await.is_err(), "a new connection was taken");
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
        let head = "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n";
        slow.write_all(head.as_bytes()).await.expect("the head is sent");
        tokio::time::sleep(Duration::from_millis(100)).await;
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
