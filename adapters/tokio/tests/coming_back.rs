//! A client that comes back while its former connection is being cleared away by another thread.

mod support;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use socketio_tokio::{ConnectionStateRecovery, DisconnectReason, Socket};
use support::{PATIENCE, Running, reports};

/// More than one client that is away takes, in bytes, and less than two.
const ROOM_FOR_ONE: usize = 700;

/// Belongs to a client that is forgotten as another one leaves: says so, and holds up whoever clears that one away.
struct Obstacle {
    reached: Sender<()>,
    released: Mutex<Receiver<()>>,
}

impl Drop for Obstacle {
    fn drop(&mut self) {
        let _ = self.reached.send(());
        let released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        // The thread has had other work, which somebody has to do meanwhile.
        let _ = tokio::task::block_in_place(|| released.recv_timeout(PATIENCE));
    }
}

#[test]
fn the_application_is_told_that_somebody_left_before_it_is_told_that_the_same_came_back() {
    let settings = ConnectionStateRecovery::new().capacity(ROOM_FOR_ONE);
    let server = Running::with(|builder| builder.connection_state_recovery(settings));
    let (report, reported) = reports();
    let main = server.io.of("/");
    main.on_connect({
        let report = report.clone();
        move |socket: Socket| {
            report(format!("connected, recovered: {}", socket.recovered()));
            async {}
        }
    });
    main.on_disconnect(move |_: Socket, _: DisconnectReason| {
        report("left".to_owned());
        async {}
    });
    let _other = server.io.of("/other");
    let (reached, reaches) = channel();
    let (release, released) = channel();

    let bob = server.join();
    assert_eq!(reported.next(), "connected, recovered: false");
    server.io.of("/").sockets()[0].data().insert(Obstacle {
        reached,
        released: Mutex::new(released),
    });
    drop(bob);
    assert_eq!(reported.next(), "left");

    let mut ada = server.open();
    ada.ask_to_join("/", &Value::Null);
    let welcome: Value = serde_json::from_str(&ada.next()[1..]).unwrap();
    assert_eq!(reported.next(), "connected, recovered: false");
    drop(ada);
    reaches.recv_timeout(PATIENCE).expect("bob is forgotten");

    let mut ada = server.open();
    ada.ask_to_join("/", &json!({ "pid": welcome["pid"] }));
    ada.join("/other");
    assert_eq!(reported.so_far(), [""; 0]);
    release.send(()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&ada.next()[1..]).unwrap(), welcome);
    assert_eq!(reported.next(), "left");
    assert_eq!(reported.next(), "connected, recovered: true");
}
