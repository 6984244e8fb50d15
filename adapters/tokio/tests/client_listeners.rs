//! Listeners of a client, as they come and go.

mod support;

use socketio_tokio::{Ack, Client};
use support::{Running, reports};

#[test]
fn who_listens_once_hears_one_event_and_who_is_taken_away_none() {
    let server = Running::new();
    let (report, reported) = reports();
    server.block_on(async {
        let client = Client::builder(format!("http://{}/", server.address)).build().unwrap();
        let (once, again, any) = (report.clone(), report.clone(), report.clone());
        client
            .once("turn", move |client: Client, number: u32| {
                once(format!("once {number}"));
                let again = again.clone();
                client.once("turn", move |number: u32| {
                    again(format!("again {number}"));
                    async {}
                });
                async {}
            })
            .on("end", async |ack: Ack| ack.send(()))
            .on_any(move |_, event, _| any(format!("any {event}")));
        client.open().await.unwrap();
        let socket = server.io.of("/").sockets().remove(0);
        socket.emit("turn", 1).unwrap();
        socket.emit_with_ack("end", ()).unwrap().await.unwrap();
        client.off_any();
        socket.emit("turn", 2).unwrap();
        socket.emit("turn", 3).unwrap();
        socket.emit_with_ack("end", ()).unwrap().await.unwrap();
        client.close().await;
    });
    let expected = ["any turn", "once 1", "any end", "again 2"];
    assert_eq!(reported.so_far(), expected);
}
