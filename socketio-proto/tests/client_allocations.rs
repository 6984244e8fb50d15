//! What a client takes from the allocator, once it is warm: nothing for what it receives and passes on, one buffer for what it encodes.
//! The goals are 1 for an event that is received, 1 for an emit and 1 for an acknowledgement.

mod client_support;
#[path = "../../engineio-proto/tests/support/counting.rs"]
mod counting;

use std::hint::black_box;

use bytes::BytesMut;
use bytestring::ByteString;
use client_support::{Script, ms};
use counting::allocations;
use engineio_proto::client::Transmit;
use engineio_proto::{ExchangeId, Message};
use socketio_proto::Encoded;
use socketio_proto::client::{Connection, Event, SocketKey};

const ROUNDS: usize = 1_000;

/// Packets as a WebSocket's reader has them: slices of the buffer that it reads into.
fn received(packet: impl Fn(usize) -> String) -> Vec<Message> {
    let mut buffer = BytesMut::new();
    let packets: Vec<_> = (0..ROUNDS).map(packet).collect();
    packets
        .iter()
        .for_each(|packet| buffer.extend_from_slice(packet.as_bytes()));
    let slice = |packet: &String| ByteString::try_from(buffer.split_to(packet.len()).freeze()).unwrap();
    packets.iter().map(slice).map(Message::Text).collect()
}

/// A client that has been used for a while, in `/chat`, where it could be restored.
fn warm() -> (Script, SocketKey, ExchangeId) {
    let (mut script, _) = Script::connected();
    let key = script.connect("/chat");
    script.say(r#"0/chat,{"sid":"x","pid":"secret"}"#);
    for n in 0..8 {
        script.say(&format!(r#"2/chat,["hello",1,"x7Gk_2Qa.10{n}"]"#));
        script.emit(key, "hello", (1,)).unwrap();
        script.ask(key, "hello", Some(ms(1_000))).unwrap();
        script.say(&format!("3/chat,{n}[]"));
    }
    let websocket = script.websocket();
    (script, key, websocket)
}

fn fetch(client: &mut Connection) -> Message {
    match client.poll_transmit(true) {
        Some(Transmit::Frame { message, .. }) => message,
        other => panic!("{other:?} is no frame"),
    }
}

#[test]
fn counting_counts() {
    assert_eq!(allocations(|| drop(black_box(vec![0u8; 100]))), 1);
}

#[test]
fn an_event_is_received_read_and_dropped_without_an_allocation() {
    let (mut script, _, websocket) = warm();
    let messages = received(|_| r#"42/chat,["chat message",{"to":"all","text":"hello"},7]"#.to_owned());
    let mut sum = 0;
    let count = allocations(|| {
        for message in messages {
            script.client.handle_message(script.now, websocket, message);
            let Some(Event::Event { name, args, .. }) = script.client.poll_event() else {
                panic!("a message is an event")
            };
            let number: u64 = args.get(1).unwrap().parse().unwrap();
            sum += number as usize + name.len();
        }
    });
    assert_eq!(sum, ROUNDS * (7 + 12));
    assert_eq!(count, 0);
}

#[test]
fn an_offset_is_taken_off_and_remembered_without_an_allocation() {
    let (mut script, _, websocket) = warm();
    let messages = received(|n| format!(r#"42/chat,["chat message","hello","x7Gk_2Qa.{:x}"]"#, 0x200 + n));
    let count = allocations(|| {
        for message in messages {
            script.client.handle_message(script.now, websocket, message);
            let Some(Event::Event { offset: Some(_), .. }) = script.client.poll_event() else {
                panic!("an event has an offset")
            };
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn what_was_encoded_before_is_sent_and_transmitted_without_an_allocation() {
    let (mut script, key, _) = warm();
    let packet = Encoded::event("/chat", None, "news", &("for all",)).unwrap();
    drop(packet.frames().collect::<Vec<_>>()); // the first clone of a fresh buffer makes it a shared one
    let count = allocations(|| {
        for _ in 0..ROUNDS {
            script.client.send(key, &packet).unwrap();
            black_box(fetch(&mut script.client));
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn an_emit_costs_the_text_it_writes() {
    let (mut script, key, _) = warm();
    let count = allocations(|| {
        for n in 0..ROUNDS {
            script.client.emit(key, "news", ("for you", n)).unwrap();
            black_box(fetch(&mut script.client));
        }
    });
    assert_eq!(count, ROUNDS, "one for each text");
}

#[test]
fn an_acknowledgement_that_is_awaited_costs_the_text_of_its_question() {
    let (mut script, key, websocket) = warm();
    let messages = received(|n| format!(r#"43/chat,{}["answer"]"#, 8 + n));
    let deadline = Some(script.now + ms(1_000));
    let count = allocations(|| {
        for message in messages {
            script.client.emit_with_ack(key, "question", (), deadline).unwrap();
            black_box(fetch(&mut script.client));
            script.client.handle_message(script.now, websocket, message);
            assert!(matches!(script.client.poll_event(), Some(Event::Ack { .. })));
        }
    });
    assert_eq!(count, ROUNDS, "one for each text");
}

#[test]
fn an_acknowledgement_costs_the_text_it_writes() {
    let (mut script, _, websocket) = warm();
    let messages = received(|_| r#"42/chat,5["question"]"#.to_owned());
    let count = allocations(|| {
        for message in messages {
            script.client.handle_message(script.now, websocket, message);
            let Some(Event::Event {
                args,
                reply: Some(reply),
                ..
            }) = script.client.poll_event()
            else {
                panic!("a message asks for an acknowledgement")
            };
            script.client.ack(reply, &args).unwrap();
            black_box(fetch(&mut script.client));
        }
    });
    assert_eq!(count, ROUNDS, "one for each text");
}
