//! Why a client has left: each reason is told twice, before and after it left its rooms.

mod support;

use std::io::Write;
use std::time::Duration;

use socketio_tokio::{DisconnectReason, Socket};
use support::{Client, Reports, Running, eventually, reports};

/// The rooms of a socket that leaves, how many are in one of them, and why.
type Report = (&'static str, Vec<String>, usize, DisconnectReason);

struct Watched {
    server: Running,
    client: Client,
    id: String,
    socket: Socket,
    left: Reports<Report>,
}

/// A client in the room `x`, on a server that is patient unless the test is about that.
fn watched() -> Watched {
    watched_with(Duration::from_secs(60))
}

fn watched_with(ping: Duration) -> Watched {
    let server = Running::with(|builder| {
        builder
            .ping_interval(ping)
            .ping_timeout(ping)
            .max_http_buffer_size(1000)
            .close_timeout(Duration::from_millis(50))
    });
    let (report, left) = reports();
    let first = report.clone();
    let nsp = server.io.of("/");
    let seen = |socket: &Socket| (socket.rooms(), socket.namespace().to("x").sockets().len());
    nsp.on_disconnecting(move |socket, reason| {
        let (rooms, in_x) = seen(socket);
        first(("disconnecting", rooms, in_x, reason.clone()));
    });
    nsp.on_disconnect(move |socket: Socket, reason| {
        let (rooms, in_x) = seen(&socket);
        report(("disconnect", rooms, in_x, reason));
        async {}
    });
    let mut client = server.open();
    let id = client.join("/");
    let socket = nsp.sockets().remove(0);
    socket.join("x").unwrap();
    Watched {
        server,
        client,
        id,
        socket,
        left,
    }
}

impl Watched {
    /// The client has left for this reason, once.
    #[track_caller]
    fn expect(self, reason: &str) -> DisconnectReason {
        let mut rooms = vec![self.id.clone(), "x".to_owned()];
        rooms.sort();
        let (when, before, in_x, why) = self.left.next();
        assert_eq!((when, before, in_x, why.as_str()), ("disconnecting", rooms, 1, reason));
        let (when, after, in_x, again) = self.left.next();
        assert_eq!((when, after, in_x), ("disconnect", vec![], 0));
        assert_eq!(again, why);
        drop(self.client);
        eventually("the session is over", || self.server.io.session_count() == 0);
        assert!(self.left.so_far().is_empty());
        why
    }
}

#[test]
fn client_namespace_disconnect() {
    let mut watched = watched();
    watched.client.send("1");
    watched.expect("client namespace disconnect");
}

#[test]
fn server_namespace_disconnect() {
    for close in [false, true] {
        let watched = watched();
        watched.socket.disconnect(close);
        watched.expect("server namespace disconnect");
    }
}

#[test]
fn transport_close() {
    let mut closed = watched();
    closed.client.send_packet("1");
    closed.expect("transport close");
    let broken = watched();
    let stream = broken.client.websocket.get_ref();
    stream.shutdown(std::net::Shutdown::Both).unwrap();
    broken.expect("transport close");
}

#[test]
fn transport_error() {
    let watched_one = watched();
    let reserved_opcode = [0x8f, 0x80, 0, 0, 0, 0];
    watched_one
        .client
        .websocket
        .get_ref()
        .write_all(&reserved_opcode)
        .unwrap();
    watched_one.expect("transport error");
    let mut large = watched();
    large.client.send(&"x".repeat(2000));
    let reason = large.expect("transport error");
    assert_eq!(
        reason.to_string(),
        "transport error: message of 2001 bytes exceeds the limit of 1000"
    );
}

#[test]
fn ping_timeout() {
    watched_with(Duration::from_millis(50)).expect("ping timeout"); // the client does not read
}

#[test]
fn parse_error() {
    let mut packet = watched();
    packet.client.send("2[not json");
    packet.expect("parse error");
    let mut transport = watched();
    transport.client.send_packet("x");
    transport.expect("parse error");
}

#[test]
fn forced_close() {
    for violation in ["2/elsewhere,[\"event\"]", "0", "4{}"] {
        let mut watched = watched();
        watched.client.send(violation);
        watched.expect("forced close");
    }
}

#[test]
fn server_shutting_down() {
    let watched = watched();
    watched.server.block_on(watched.server.io.close());
    watched.expect("server shutting down");
}
