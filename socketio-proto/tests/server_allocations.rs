//! What a connection takes from the allocator, once it is warm: nothing for what it receives and passes on, one buffer for
//! what it encodes. The goals are 1 for an event that is received, 1 for an emit, 1 for an acknowledgement, and 0 for each receiver of a
//! broadcast.

#[path = "../../engineio-proto/tests/support/counting.rs"]
mod counting;
mod support;

use std::hint::black_box;

use bytes::BytesMut;
use bytestring::ByteString;
use counting::{allocations, kept};
use engineio_proto::server::Transmit;
use engineio_proto::{ExchangeId, Message, TransportKind};
use socketio_proto::server::{Connection, Event};
use socketio_proto::{AckId, Encoded, Parser};
use support::{Client, ms};

const ROUNDS: usize = 1_000;

/// The WebSocket of every [`Client`].
const SOCKET: ExchangeId = ExchangeId(1);

/// Packets as a WebSocket's reader has them: slices of the buffer that it reads into.
fn received(packet: &str) -> Vec<Message> {
    let mut buffer = BytesMut::new();
    for _ in 0..ROUNDS {
        buffer.extend_from_slice(packet.as_bytes());
    }
    let slice = |_| ByteString::try_from(buffer.split_to(packet.len()).freeze()).unwrap();
    (0..ROUNDS).map(slice).map(Message::Text).collect()
}

/// Packets as the same reader has them that came alone: each in memory of its own, which nobody has counted yet.
fn received_alone(packet: &str) -> Vec<Message> {
    let own = |_| Message::Text(Box::<str>::from(packet).into());
    (0..ROUNDS).map(own).collect()
}

/// A client on a WebSocket that has been used for a while, in `/chat`.
fn warm() -> Client {
    warm_in("/chat")
}

/// The same in another namespace.
fn warm_in(namespace: &str) -> Client {
    let mut client = Client::over(TransportKind::WebSocket);
    let key = client.join(namespace);
    for n in 0..8 {
        client.say(&format!(r#"2{namespace},["hello",1]"#));
        client.emit(key, "hello", (1,)).unwrap();
        client.ask(key, n, "hello", (), Some(ms(1_000))).unwrap();
        client.say(&format!("3{namespace},{n}[]"));
    }
    client.events();
    client.hear();
    client
}

fn fetch(connection: &mut Connection) -> Message {
    match connection.poll_transmit(true) {
        Some(Transmit::Frame { message, .. }) => message,
        other => panic!("{other:?} is no frame"),
    }
}

/// The allocations of receiving these events, reading their second argument and dropping them.
fn reading(client: &mut Client, messages: Vec<Message>) -> usize {
    let mut sum = 0;
    let count = allocations(|| {
        for message in messages {
            client.connection.handle_message(client.now, SOCKET, message);
            let Some(Event::Event { name, args, .. }) = client.connection.poll_event() else {
                panic!("a message is an event")
            };
            let number: u64 = args.get(1).unwrap().parse().unwrap();
            sum += number as usize + name.len();
        }
    });
    assert_eq!(sum, ROUNDS * (7 + 12));
    count
}

#[test]
fn counting_counts() {
    assert_eq!(allocations(|| drop(black_box(vec![0u8; 100]))), 1);
}

#[test]
fn an_event_is_received_read_and_dropped_without_an_allocation() {
    let mut client = warm();
    let messages = received(r#"42/chat,["chat message",{"to":"all","text":"hello"},7]"#);
    let count = reading(&mut client, messages);
    assert_eq!(count, 0);
}

#[test]
fn an_event_that_came_alone_is_received_read_and_dropped_without_an_allocation() {
    let mut client = warm_in("/");
    let messages = received_alone(r#"42["chat message",{"to":"all","text":"hello"},7]"#);
    let count = reading(&mut client, messages);
    assert_eq!(count, 0);
}

#[test]
fn an_event_with_an_attachment_costs_a_place_to_wait_for_it_and_what_shares_it() {
    let mut client = warm();
    let packets = received(r#"451-/chat,["file",{"_placeholder":true,"num":0}]"#);
    let attachment = Message::Binary(vec![7; 100].into());
    drop(attachment.clone());
    let count = allocations(|| {
        for packet in packets {
            client.connection.handle_message(client.now, SOCKET, packet);
            client.connection.handle_message(client.now, SOCKET, attachment.clone());
            let Some(Event::Event { args, .. }) = client.connection.poll_event() else {
                panic!("both messages are an event")
            };
            assert_eq!(args.get(0).unwrap().as_bytes().unwrap().len(), 100);
        }
    });
    assert_eq!(count, 2 * ROUNDS);
}

#[test]
fn an_event_whose_name_has_escapes_costs_the_name() {
    let mut client = warm();
    let messages = received(r#"42/chat,["chat \"message\"",1]"#);
    let count = allocations(|| {
        for message in messages {
            client.connection.handle_message(client.now, SOCKET, message);
            assert!(client.connection.poll_event().is_some());
        }
    });
    println!("{count} allocations for {ROUNDS} escaped names");
    assert!(
        count <= 3 * ROUNDS,
        "{count}: it is unescaped to be checked, and once more to be kept"
    );
}

#[test]
fn an_acknowledgement_is_asked_for_and_received_without_an_allocation() {
    let mut client = warm();
    let key = client.key(0);
    let packet = Encoded::event("/chat", Some(AckId(7)), "question", &("?",)).unwrap();
    drop(packet.clone());
    let messages = received(r#"43/chat,7["answer"]"#);
    let deadline = Some(client.now + ms(1_000));
    let count = allocations(|| {
        for message in messages {
            client
                .connection
                .send_with_ack(key, AckId(7), &packet, deadline)
                .unwrap();
            black_box(fetch(&mut client.connection));
            client.connection.handle_message(client.now, SOCKET, message);
            assert!(matches!(client.connection.poll_event(), Some(Event::Ack { .. })));
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_packet_that_was_encoded_before_is_sent_and_transmitted_without_an_allocation() {
    let mut client = warm();
    let key = client.key(0);
    let packet = Encoded::event("/chat", None, "news", &("for all",)).unwrap();
    drop(packet.frames().collect::<Vec<_>>()); // the first clone of a fresh buffer makes it a shared one
    let count = allocations(|| {
        for _ in 0..ROUNDS {
            client.connection.send(key, &packet).unwrap();
            black_box(fetch(&mut client.connection));
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_broadcast_costs_its_encoding_and_nothing_for_each_receiver() {
    let mut clients: Vec<_> = (0..100).map(|_| warm()).collect();
    let count = allocations(|| {
        let packet = Encoded::event("/chat", None, "news", &("for all",)).unwrap();
        for client in &mut clients {
            let key = client.key(0);
            client.connection.send(key, &packet).unwrap();
        }
        for client in &mut clients {
            black_box(fetch(&mut client.connection));
        }
    });
    assert_eq!(count, 2, "the text, and what makes it shared");
}

#[test]
fn an_emit_costs_the_text_it_writes() {
    let mut client = warm();
    let key = client.key(0);
    let count = allocations(|| {
        for n in 0..ROUNDS {
            client.connection.emit(key, "news", ("for you", n)).unwrap();
            black_box(fetch(&mut client.connection));
        }
    });
    assert_eq!(count, ROUNDS, "one for each text");
}

#[test]
fn an_emit_that_wants_an_acknowledgement_costs_the_text_it_writes() {
    let mut client = warm();
    let key = client.key(0);
    let messages = received(r#"43/chat,7["answer"]"#);
    let deadline = Some(client.now + ms(1_000));
    let count = allocations(|| {
        for message in messages {
            let connection = &mut client.connection;
            connection
                .emit_with_ack(key, AckId(7), "question", ("?",), deadline)
                .unwrap();
            black_box(fetch(connection));
            connection.handle_message(client.now, SOCKET, message);
            assert!(matches!(connection.poll_event(), Some(Event::Ack { .. })));
        }
    });
    assert_eq!(count, ROUNDS, "one for each text");
}

#[test]
fn an_acknowledgement_costs_the_text_it_writes() {
    let mut client = warm();
    let messages = received(r#"42/chat,5["question"]"#);
    let count = allocations(|| {
        for message in messages {
            client.connection.handle_message(client.now, SOCKET, message);
            let Some(Event::Event {
                args,
                reply: Some(reply),
                ..
            }) = client.connection.poll_event()
            else {
                panic!("a message asks for an acknowledgement")
            };
            client.connection.ack(reply, &args).unwrap();
            black_box(fetch(&mut client.connection));
        }
    });
    assert_eq!(count, ROUNDS, "one for each text");
}

#[test]
fn a_packet_that_waits_takes_hardly_more_memory_than_its_bytes() {
    for length in [10, 500, 2_000, 4_090, 4_096, 5_000, 70_000, 1_000_000] {
        let text = "x".repeat(length);
        for parser in [Parser::default(), Parser::msgpack()] {
            let (packet, kept) = kept(|| parser.event("/chat", None, "hello", &(&text, 7)).unwrap());
            assert!(kept <= packet.len() + 1_200, "{kept} for {} bytes", packet.len());
        }
    }
}
