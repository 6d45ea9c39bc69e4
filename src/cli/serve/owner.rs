//! Which process has a port, as far as the system tells: `/proc` shows the sockets of the same user's processes only.

use std::fmt;
use std::net::SocketAddr;

/// The process that listens on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Owner {
    pid: u32,
    name: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} ({})", self.pid, self.name)
    }
}

/// The process that keeps others from listening on `address`; none where that is not known.
#[cfg(target_os = "linux")]
pub(in crate::cli) fn of(address: SocketAddr) -> Option<Owner> {
    use procfs::net::{TcpState, tcp, tcp6};
    use procfs::process::{FDTarget, all_processes};

    let listening = tcp().into_iter().chain(tcp6()).flatten().filter(|entry| entry.state == TcpState::Listen);
    let inodes: Vec<u64> = listening.filter(|entry| collide(entry.local_address, address)).map(|entry| entry.inode).collect();
    let has_it = |process: &procfs::process::Process| {
        let sockets = process.fd().into_iter().flatten().flatten();
        sockets.into_iter().any(|descriptor| matches!(descriptor.target, FDTarget::Socket(inode) if inodes.contains(&inode)))
    };
    let process = all_processes().ok()?.flatten().find(has_it)?;
    Some(Owner { pid: u32::try_from(process.pid).ok()?, name: process.stat().ok()?.comm })
}

#[cfg(not(target_os = "linux"))]
pub(in crate::cli) fn of(_address: SocketAddr) -> Option<Owner> {
    None
}

/// Whether two listeners cannot have both addresses.
#[cfg(target_os = "linux")]
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let (one_ip, other_ip) = (one.ip().to_canonical(), other.ip().to_canonical());
    one.port() == other.port() && (one_ip == other_ip || one_ip.is_unspecified() || other_ip.is_unspecified())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_process_that_listens_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        assert_eq!(of(address).expect("it is this one").pid, std::process::id());
        assert_eq!(of(SocketAddr::from(([0, 0, 0, 0], address.port()))).expect("it collides").pid, std::process::id());
    }
}
