//! The three things asked of the operating system before a byte leaves: the addresses of a name, a
//! connection to an address, a socket for datagrams to one.
//!
//! Nothing is decided here, and nothing here knows a name and a connection at once: who connects
//! gets an address, so a name cannot be looked up a second time on the way.

use if_core::BoxFuture;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::{TcpStream, UdpSocket};

/// Names and sockets.
pub trait System: Send + Sync {
    /// All addresses of a name, as the machine's resolver gives them.
    fn look_up<'a>(
        &'a self,
        name: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;

    /// A TCP connection to this very address.
    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>>;

    /// A UDP socket that hears and speaks to this very address only.
    fn datagrams(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<UdpSocket>>;
}

/// This machine.
pub struct Machine;

impl System for Machine {
    fn look_up<'a>(
        &'a self,
        name: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, port)).await?.collect()) })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(address))
    }

    fn datagrams(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<UdpSocket>> {
        Box::pin(async move {
            let any: SocketAddr = match address {
                SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
                SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
            };
            let socket = UdpSocket::bind(any).await?;
            socket.connect(address).await?;
            Ok(socket)
        })
    }
}
