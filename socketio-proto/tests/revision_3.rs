//! Clients of Engine.IO revision 3 and Socket.IO protocol 4: one session over a WebSocket, packet by packet.

use std::sync::Arc;
use std::time::Duration;

use engineio_proto::server::{Request, Route, Server, Transmit};
use engineio_proto::{ExchangeId, Frame, Instant, Message, Revision, Sid};
use socketio_proto::server::{Config, Connection, Event, SocketKey};
use socketio_proto::{DisconnectReason, EncodeError, Encoded, Json, Parser, SocketId, Violation};

const WEBSOCKET: ExchangeId = ExchangeId(0);

struct Client {
    now: Instant,
    connection: Connection,
}

impl Client {
    fn new(eio: &str) -> Self {
        Self::with(eio, Config::default())
    }

    fn with(eio: &str, config: Config) -> Self {
        let now = Instant::ORIGIN;
        let mut engine = engineio_proto::Config::default();
        engine.allow_eio3 = true;
        let server: Server<()> = Server::new(Arc::new(engine));
        let query = format!("EIO={eio}&transport=websocket");
        let request = Request {
            method: "GET",
            query: &query,
            websocket: true,
            binary: false,
        };
        let Route::Incoming(incoming) = server.route(&request) else {
            panic!("it is in order");
        };
        let session = server.accept(now, incoming, sid());
        let mut connection = Connection::new(now, Arc::new(config), session);
        connection.handle_request(now, WEBSOCKET, incoming.exchange());
        let mut client = Self { now, connection };
        assert!(client.sent()[0].starts_with("0{"));
        client
    }

    /// A client of revision 3 that is in the main namespace.
    fn joined() -> (Self, SocketKey) {
        let mut client = Self::new("3");
        let main = client.asked("/", None);
        client.accept(main);
        assert_eq!(client.sent(), ["40"]);
        (client, main)
    }

    fn say(&mut self, packet: &str) {
        let message = Message::Text(packet.into());
        self.connection.handle_message(self.now, WEBSOCKET, message);
    }

    /// What it was sent since the last look.
    fn sent(&mut self) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some(transmit) = self.connection.poll_transmit(true) {
            match transmit {
                Transmit::Frame {
                    message: Message::Text(text),
                    ..
                } => sent.push(text.to_string()),
                Transmit::Frame {
                    message: Message::Binary(bytes),
                    ..
                } => sent.push(format!("{:?}", &bytes[..])),
                Transmit::Close { .. } => sent.push("close".to_owned()),
                Transmit::Upgrade { .. } | Transmit::Respond { .. } => {}
            }
        }
        sent
    }

    fn event(&mut self) -> Event {
        self.connection.poll_event().expect("something has happened")
    }

    /// It asks for a namespace and brings this.
    fn asked(&mut self, namespace: &str, auth: Option<&str>) -> SocketKey {
        match self.event() {
            Event::Connect {
                socket,
                namespace: name,
                auth: brought,
            } => {
                assert_eq!(&*name, namespace);
                assert_eq!(brought.as_ref().map(Json::as_str), auth);
                socket
            }
            other => panic!("{other:?}"),
        }
    }

    fn accept(&mut self, socket: SocketKey) {
        let id = self.connection.legacy_id(socket).expect("it is an old client");
        self.connection.accept(socket, id).expect("it waits");
    }

    /// It broke this rule, and everything ends.
    fn offended(&mut self, violation: Violation) {
        while let Some(event) = self.connection.poll_event() {
            match event {
                Event::Disconnect { reason, .. } => assert_eq!(reason, DisconnectReason::ForcedClose(violation)),
                Event::Closed(_) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(self.sent(), ["close"]);
    }
}

fn sid() -> Sid {
    Sid::from_entropy(*b"a session's key")
}

#[test]
fn it_is_in_the_main_namespace_without_asking() {
    let (client, main) = Client::joined();
    assert_eq!(client.connection.revision(), Revision::V3);
    assert_eq!(client.connection.socket_id(main), Some(&SocketId::new(sid().as_str())));
}

#[test]
fn its_id_is_a_secret_and_not_written_to_logs() {
    let (client, _) = Client::joined();
    let written = format!("{:?}", client.connection);
    assert!(
        written.contains("sockets") && !written.contains(sid().as_str()),
        "{written}"
    );
}

#[test]
fn asking_for_it_is_an_offence() {
    let (mut client, _) = Client::joined();
    client.say("40");
    client.offended(Violation::ConnectedTwice);

    let mut pending = Client::new("3");
    pending.asked("/", None);
    pending.say("40");
    pending.offended(Violation::ConnectedTwice);
}

#[test]
fn a_client_of_revision_4_asks_and_is_told_its_id() {
    let mut client = Client::new("4");
    assert!(client.connection.poll_event().is_none());
    client.say("40/a?x=1,");
    let socket = client.asked("/a?x=1", None);
    assert_eq!(client.connection.legacy_id(socket), None);
    client.connection.accept(socket, SocketId::new("id")).unwrap();
    assert_eq!(client.sent(), [r#"40/a?x=1,{"sid":"id"}"#]);
}

#[test]
fn the_id_elsewhere_is_the_namespace_and_the_session() {
    let (mut client, main) = Client::joined();
    client.say("40/chat,");
    let socket = client.asked("/chat", None);
    client.accept(socket);
    assert_eq!(client.sent(), ["40/chat,"]);
    let id = format!("/chat#{}", sid().as_str());
    assert_eq!(client.connection.socket_id(socket), Some(&SocketId::new(&id)));
    assert_eq!(client.connection.sockets().collect::<Vec<_>>(), [main, socket]);
}

#[test]
fn the_query_behind_a_namespace_is_what_it_brings() {
    for (namespace, auth) in [
        ("/a?token=1", r#"{"token":"1"}"#),
        ("/a?b=x%20%22y%22&a=%E2%82%AC+1", r#"{"a":"€ 1","b":"x \"y\""}"#),
        ("/a?x=1&y&x=2&x=3", r#"{"x":"3","y":""}"#),
        ("/a?", "{}"),
    ] {
        for comma in ["", ","] {
            let (mut client, _) = Client::joined();
            client.say(&format!("40{namespace}{comma}"));
            let socket = client.asked("/a", Some(auth));
            client.accept(socket);
            assert_eq!(client.sent(), ["40/a,"]);
        }
    }
}

#[test]
fn a_namespace_is_the_same_with_its_query() {
    let (mut client, _) = Client::joined();
    client.say("40/a?token=1,");
    let socket = client.asked("/a", Some(r#"{"token":"1"}"#));
    client.accept(socket);
    for namespace in ["/a", "/a?token=1", "/a?"] {
        client.say(&format!(r#"42{namespace},["hello"]"#));
        match client.event() {
            Event::Event { socket: of, name, .. } => assert_eq!((of, &*name), (socket, "hello")),
            other => panic!("{other:?}"),
        }
    }
    client.sent();
    client.say("40/a?token=2,");
    client.offended(Violation::ConnectedTwice);
}

#[test]
fn a_refusal_is_a_string_or_the_data() {
    let (mut client, _) = Client::joined();
    let data = Json::new(r#"{"code":401}"#).unwrap();
    for (data, reply) in [(None, r#"44/a,"not \"you\"""#), (Some(&data), r#"44/a,{"code":401}"#)] {
        client.say("40/a,");
        let socket = client.asked("/a", None);
        client.connection.refuse(socket, "not \"you\"", data).unwrap();
        assert_eq!(client.sent(), [reply]);
    }
}

#[test]
fn whom_the_main_namespace_refuses_may_ask_again() {
    let mut client = Client::new("3");
    let main = client.asked("/", None);
    client.connection.refuse(main, "no", None).unwrap();
    assert_eq!(client.sent(), [r#"44"no""#]);
    client.say("40");
    let main = client.asked("/", None);
    client.accept(main);
    assert_eq!(client.sent(), ["40"]);
}

#[test]
fn whoever_is_in_no_namespace_in_time_has_to_go() {
    let mut client = Client::new("3");
    let main = client.asked("/", None);
    client.connection.refuse(main, "no", None).unwrap();
    client.sent();
    client.now += Duration::from_secs(45);
    client.connection.handle_timeout(client.now);
    assert_eq!(client.sent(), ["close"]);
}

#[test]
fn speaking_where_one_is_not_is_an_offence() {
    let (mut client, _) = Client::joined();
    client.say(r#"42/a,["hello"]"#);
    client.offended(Violation::NotConnected);
}

#[test]
fn leaving_and_coming_back_keeps_the_id() {
    let (mut client, main) = Client::joined();
    client.connection.disconnect(main, false);
    assert!(matches!(client.event(), Event::Disconnect { socket, .. } if socket == main));
    assert_eq!(client.sent(), ["41"]);
    client.say("40");
    let again = client.asked("/", None);
    assert_ne!(again, main);
    client.accept(again);
    assert_eq!(client.connection.socket_id(again).unwrap().as_str(), sid().as_str());
}

#[test]
fn attachments_carry_their_packet_type() {
    let (mut client, main) = Client::joined();
    let bytes = bytes::Bytes::from_static(&[1, 2]);
    client.connection.emit(main, "data", bytes.clone()).unwrap();
    let packet = r#"451-["data",{"_placeholder":true,"num":0}]"#;
    assert_eq!(client.sent(), [packet, "[4, 1, 2]"]);

    client.say(packet);
    let attachment = Message::Binary(vec![4, 1, 2].into());
    client.connection.handle_message(client.now, WEBSOCKET, attachment);
    match client.event() {
        Event::Event { args, .. } => assert_eq!(args.parse::<(bytes::Bytes,)>().unwrap().0, bytes),
        other => panic!("{other:?}"),
    }
}

#[test]
fn messagepack_is_the_same_for_the_older_revision() {
    let mut config = Config::default();
    config.parser = Parser::msgpack();
    let bytes = |packet: Result<Encoded, EncodeError>| {
        let frames: Vec<_> = packet.unwrap().frames().map(Frame::into_message).collect();
        match &frames[..] {
            [Message::Binary(bytes)] => format!("{:?}", [&[4], &bytes[..]].concat()),
            other => panic!("{other:?} is not one binary message"),
        }
    };
    let parser = config.parser.clone();
    let mut client = Client::with("3", config);
    let main = client.asked("/", None);
    client.accept(main);
    assert_eq!(client.sent(), [bytes(parser.connect("/", None))]);

    // It joins a namespace by a text of JSON.
    client.say(r#"4{"type":0,"query":"token=1","nsp":"/adm?token=1"}"#);
    let admin = client.asked("/adm", Some(r#"{"token":"1"}"#));
    let data = Json::encode(&["more than", "a string"]).unwrap();
    client.connection.refuse(admin, "not you", Some(&data)).unwrap();
    let message = Json::encode("not you").unwrap();
    assert_eq!(client.sent(), [bytes(parser.connect_error_with("/adm", &message))]);

    // Its events with binary data are of a kind of their own.
    let packet = b"\x04\x83\xa4type\x05\xa4data\x92\xa2ev\xc4\x01\x07\xa3nsp\xa1/";
    let message = Message::Binary(bytes::Bytes::from_static(packet));
    client.connection.handle_message(client.now, WEBSOCKET, message);
    let Event::Event { name, args, .. } = client.event() else {
        panic!("it is an event");
    };
    assert_eq!(
        (&*name, args.get(0).unwrap().as_bytes().map(|bytes| bytes.to_vec())),
        ("ev", Some(vec![7]))
    );
}
