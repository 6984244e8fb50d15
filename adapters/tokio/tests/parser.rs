//! A parser of an application's own: whatever is sent goes through it, and whatever comes.

mod support;

use socketio_tokio::{
    Ack, DecodeError, Decoder, DecoderLimits, EncodeError, Encoded, Frame, Message, Packet, PacketDecoder,
    PacketParser, Parser, Revision, Socket,
};
use support::{PATIENCE, Running};

/// The default parser with an exclamation mark in front of each text.
#[derive(Debug)]
struct Loud;

impl PacketParser for Loud {
    fn encode(&self, packet: &Packet) -> Result<Encoded, EncodeError> {
        let mut frames = Parser::default()
            .encode(packet)?
            .frames()
            .collect::<Vec<_>>()
            .into_iter();
        let first = match frames.next().map(Frame::into_message) {
            Some(Message::Text(text)) => Frame::text(&format!("!{}", &text[1..])),
            other => panic!("{other:?} is no text"),
        };
        Ok(Encoded::from_frames(first, frames))
    }

    fn decoder(&self, _: Revision, limits: DecoderLimits) -> Box<dyn PacketDecoder> {
        Box::new(Hearing(Decoder::new(limits)))
    }
}

#[derive(Debug)]
struct Hearing(Decoder);

impl PacketDecoder for Hearing {
    fn decode(&mut self, message: Message) -> Result<Option<Packet>, DecodeError> {
        let Message::Text(text) = message else {
            return self.0.decode(message);
        };
        let packet = text.strip_prefix('!').ok_or(DecodeError::Malformed("too quiet"))?;
        self.0.decode(Message::Text(text.slice_ref(packet)))
    }
}

fn server() -> Running {
    Running::with(|builder| builder.parser(Parser::new(Loud)))
}

#[test]
fn everything_that_is_sent_goes_through_the_parser() {
    let server = server();
    server.io.of("/").on("all", async |socket: Socket, ack: Ack| {
        socket.emit("emit", 1)?;
        socket.volatile().emit("volatile", 2)?;
        socket.emit_when_ready("when ready", 3).await?;
        let everyone = socket.namespace().everyone();
        everyone.emit("broadcast", 4)?;
        everyone.emit_when_ready("broadcast when ready", 5, PATIENCE).await?;
        ack.send("acknowledged")?;
        let answer = socket.emit_with_ack("question", 6)?.await?;
        let answers = everyone
            .timeout(PATIENCE)
            .emit_with_ack("question to all", answer)?
            .await;
        assert_eq!(answers.len(), 1);
        socket.disconnect(false);
        Ok::<_, socketio_tokio::BoxError>(())
    });
    let mut client = server.open();
    client.send("!0");
    assert!(client.next().starts_with(r#"!0{"sid":""#));
    client.send("!0/nowhere,");
    client.expect(r#"!4/nowhere,{"message":"Invalid namespace"}"#);
    client.send(r#"!27["all"]"#);
    client.expect(r#"!2["emit",1]"#);
    client.expect(r#"!2["volatile",2]"#);
    client.expect(r#"!2["when ready",3]"#);
    client.expect(r#"!2["broadcast",4]"#);
    client.expect(r#"!2["broadcast when ready",5]"#);
    client.expect(r#"!37["acknowledged"]"#);
    client.expect(r#"!20["question",6]"#);
    client.send(r#"!30["answer"]"#);
    client.expect(r#"!21["question to all","answer"]"#);
    client.send("!31[]");
    client.expect("!1");
}

#[test]
fn namespaces_that_come_into_being_later_have_the_parser_too() {
    let server = server();
    server
        .io
        .of_matching(|name| name.starts_with("/room-"))
        .on_connect(async |socket: Socket| socket.emit("hello", ()));
    server
        .io
        .of("/late")
        .on_connect(async |socket: Socket| socket.emit("hello", ()));
    for name in ["/room-1", "/late"] {
        let mut client = server.open();
        client.send(&format!("!0{name},"));
        assert!(client.next().starts_with(&format!(r#"!0{name},{{"sid":""#)));
        client.expect(&format!(r#"!2{name},["hello"]"#));
    }
}

#[test]
fn what_the_parser_does_not_understand_ends_the_session() {
    let server = server();
    let mut client = server.open();
    client.send("!0");
    client.next();
    client.send(r#"2["quiet"]"#);
    assert_eq!(client.rest(), [""; 0]);
}
