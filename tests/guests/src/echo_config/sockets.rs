//! Raw sockets by WASI's own interfaces: not every C library for the target can link std's.

#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    unused_lifetimes,
    elided_lifetimes_in_paths,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "most of this file is generated"
)]

use std::net::SocketAddrV4;

wit_bindgen::generate!({
    path: "../../wit",
    inline: "
        package wharf:sockets-test;
        world sockets {
            import wasi:sockets/instance-network@0.2.12;
            import wasi:sockets/ip-name-lookup@0.2.12;
            import wasi:sockets/tcp-create-socket@0.2.12;
            import wasi:sockets/udp-create-socket@0.2.12;
        }
    ",
    world: "wharf:sockets-test/sockets",
    generate_all,
});

use wasi::sockets::network::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use wasi::sockets::{instance_network, ip_name_lookup, tcp_create_socket, udp_create_socket};

fn wire(address: SocketAddrV4) -> IpSocketAddress {
    let [a, b, c, d] = address.ip().octets();
    IpSocketAddress::Ipv4(Ipv4SocketAddress {
        port: address.port(),
        address: (a, b, c, d),
    })
}

pub fn connect(address: SocketAddrV4) -> Result<&'static str, String> {
    let failed = |step: &str, code| format!("{step}: {code:?}");
    let network = instance_network::instance_network();
    let socket = tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4).map_err(|e| failed("create", e))?;
    socket
        .start_connect(&network, wire(address))
        .map_err(|e| failed("start", e))?;
    socket.subscribe().block();
    socket
        .finish_connect()
        .map(|_| "connected")
        .map_err(|e| failed("finish", e))
}

pub fn bind(address: SocketAddrV4) -> Result<&'static str, String> {
    let failed = |step: &str, code| format!("{step}: {code:?}");
    let network = instance_network::instance_network();
    let socket = udp_create_socket::create_udp_socket(IpAddressFamily::Ipv4).map_err(|e| failed("create", e))?;
    socket
        .start_bind(&network, wire(address))
        .map_err(|e| failed("start", e))?;
    socket.subscribe().block();
    socket.finish_bind().map(|()| "bound").map_err(|e| failed("finish", e))
}

pub fn resolve(name: &str) -> Result<usize, String> {
    let network = instance_network::instance_network();
    let found = ip_name_lookup::resolve_addresses(&network, name).map_err(|e| format!("{e:?}"))?;
    found.subscribe().block();
    match found.resolve_next_address() {
        Ok(address) => Ok(usize::from(address.is_some())),
        Err(code) => Err(format!("{code:?}")),
    }
}
