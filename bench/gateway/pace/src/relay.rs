//! The least that a process in between can do: two sockets, and bytes copied from the one to the other.

use tokio::net::{TcpListener, TcpStream};

/// Copies between callers and the port `to` of this machine until it is killed; says `ready` first.
pub fn run(to: u16) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let failed = |it: std::io::Error| it.to_string();
    runtime.map_err(failed)?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        println!("ready {}", listener.local_addr().map_err(failed)?);
        loop {
            let (caller, _) = listener.accept().await.map_err(failed)?;
            tokio::spawn(async move {
                // A connection that ends is no news.
                let _ = copy(caller, to).await;
            });
        }
    })
}

async fn copy(mut caller: TcpStream, to: u16) -> std::io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
    caller.set_nodelay(true)?;
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut caller, &mut server).await?;
    Ok(())
}
