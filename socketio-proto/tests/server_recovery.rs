//! A connection's part in bringing clients back: the name to come back under, and the end of the connection that is taken over.

mod support;

use socketio_proto::{PrivateId, SocketId};
use support::{Client, TRANSPORTS};

fn pid() -> PrivateId {
    PrivateId::from_entropy([3; 15])
}

#[test]
fn a_client_is_told_the_name_to_come_back_under() {
    for transport in TRANSPORTS {
        let mut client = Client::over(transport);
        client.say("0/a,");
        let (key, id) = (client.key(0), SocketId::new("the-id"));
        client.connection.accept_recoverable(key, id, &pid()).unwrap();
        client.pump();
        assert_eq!(client.hear(), [r#"0/a,{"sid":"the-id","pid":"AwMDAwMDAwMDAwMDAwMD"}"#]);
    }
}

#[test]
fn a_client_that_came_back_elsewhere_has_its_sockets_leave_and_its_connection_closed() {
    for transport in TRANSPORTS {
        let mut client = Client::joined(transport);
        client.join("/a");
        client.say("0/pending,");
        client.log();
        client.hear();
        client.supersede();
        assert_eq!(
            client.log(),
            [
                "disconnect 0 forced server close: the client has come back on another connection",
                "disconnect 1 forced server close: the client has come back on another connection",
                "closed forced close"
            ]
        );
        assert!(client.is_hung_up());
    }
}
