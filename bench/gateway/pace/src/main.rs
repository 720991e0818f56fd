//! A clock at both ends of a gateway: a model server that says when it sent each piece, and a client
//! that says how long each piece took.
//!
//!     pace serve PORT
//!     pace relay TO
//!     pace whole   ADDRESS --body TEXT [--at-once N] [--seconds S] [--header 'name: value']…
//!     pace streams ADDRESS --body TEXT [--at-once N] [--count N] [--ramp-ms N] [--patience S] [--header …]…
//!
//! An address is `http://127.0.0.1:PORT/path`. Results are one line of JSON; times in them are
//! microseconds. Both ends run on one machine and read one clock, so what lies between two readings
//! is the way from the one to the other, and nothing of the model's own pace. It never speaks TLS and
//! never leaves this machine. `relay` copies bytes between two sockets and knows nothing of what they
//! mean: what it adds, any process in between adds on this machine. Start at [`serve::run`],
//! [`load::whole`], [`load::streams`] and [`relay::run`].

mod answer;
mod load;
mod relay;
mod serve;
mod times;

use std::{process::ExitCode, time::Duration};

use load::Order;

const USAGE: &str =
    "usage: pace serve PORT | pace relay TO | pace whole ADDRESS … | pace streams ADDRESS …";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["serve", port] => serve::run(port.parse().unwrap_or(0)),
        ["relay", to] => relay::run(to.parse().unwrap_or(0)),
        ["whole", address, options @ ..] => order(address, options).and_then(|it| load::whole(&it)),
        ["streams", address, options @ ..] => {
            order(address, options).and_then(|it| load::streams(&it))
        }
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(result) => {
            println!("{result}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("pace: {why}");
            ExitCode::FAILURE
        }
    }
}

fn order(address: &str, options: &[&str]) -> Result<Order, String> {
    let rest = address.strip_prefix("http://").ok_or("an address begins with http://")?;
    let (host, path) = rest.split_once('/').ok_or("an address has a path")?;
    let (mut headers, mut body) = (String::new(), "");
    let mut order = Order::default();
    for pair in options.chunks(2) {
        let [name, value] = *pair else { return Err(format!("{} wants a value", pair[0])) };
        let number = || value.parse::<f64>().map_err(|_| format!("{name} wants a number"));
        match name {
            "--header" => headers.extend([value, "\r\n"]),
            "--body" => body = value,
            "--at-once" => order.at_once = number()? as usize,
            "--count" => order.count = number()? as usize,
            "--seconds" => order.lasts = Duration::from_secs_f64(number()?),
            "--ramp-ms" => order.ramp = Duration::from_secs_f64(number()? / 1e3),
            "--patience" => order.patience = Duration::from_secs_f64(number()?),
            _ => return Err(format!("{name} is not known; {USAGE}")),
        }
    }
    let length = body.len();
    order.host = host.to_owned();
    order.request = format!(
        "POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes();
    order.frames = serve::Pace::of(body.as_bytes()).map_or(0, |it| it.frames);
    Ok(order)
}
