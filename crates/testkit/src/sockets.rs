//! The sockets of this process, as the system has them: for what can be seen nowhere else. On Linux
//! only; elsewhere there are none.

use std::net::SocketAddr;

/// A connected socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connected {
    /// Our end.
    pub local: SocketAddr,
    /// The other end.
    pub peer: SocketAddr,
    /// Small pieces are sent at once (`TCP_NODELAY`).
    pub nodelay: bool,
}

/// The connections of this process whose other end is there.
pub fn connected_to(peer: SocketAddr) -> Vec<Connected> {
    all().into_iter().filter(|it| it.peer == peer).collect()
}

/// The connections of this process that were accepted there.
pub fn accepted_at(local: SocketAddr) -> Vec<Connected> {
    all().into_iter().filter(|it| it.local == local).collect()
}

fn all() -> Vec<Connected> {
    let Ok(files) = std::fs::read_dir("/proc/self/fd") else { return Vec::new() };
    let names = files.filter_map(|it| it.ok()?.file_name().to_str()?.parse().ok());
    names.filter_map(connected).collect()
}

#[expect(unsafe_code, reason = "a descriptor is looked at by its number")]
fn connected(descriptor: i32) -> Option<Connected> {
    use std::os::fd::BorrowedFd;
    // SAFETY: the number was open a moment ago and is borrowed for this function alone. Were it
    // closed meanwhile, the calls below would fail or tell of another socket; nothing is changed.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let socket = socket2::SockRef::from(&borrowed);
    Some(Connected {
        local: socket.local_addr().ok()?.as_socket()?,
        peer: socket.peer_addr().ok()?.as_socket()?,
        nodelay: socket.tcp_nodelay().ok()?,
    })
}
