//! A server and a client on a runtime that is neither tokio nor smol: all that they need of it is in `runtime.rs`.

mod runtime;

use std::future::Future;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use runtime::Own;
use socketio_hyper::hyper::rt::Timer;
use socketio_hyper::{Ack, Client, Runtime, Server, TransportKind};
use tungstenite::{Message, WebSocket};

/// For what must not take long.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that adds, at once or after some time.
fn server() -> (Server<Own>, SocketAddr) {
    let io = Server::<Own>::builder()
        .ping_interval(Duration::from_millis(200))
        .build();
    let nsp = io.of("/");
    nsp.on("add", async |a: i64, b: i64, ack: Ack| ack.send(a + b));
    nsp.on("add slowly", async |a: i64, b: i64, ack: Ack| {
        Own.sleep(Duration::from_millis(20)).await;
        ack.send(a + b)
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = io.clone();
    Own.spawn(Box::pin(async move { serving.serve(listener).await.unwrap() }));
    (io, address)
}

/// Runs a future on the runtime, and waits for what it comes to.
fn run<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let (done, wait) = mpsc::channel();
    Own.spawn(Box::pin(async move { done.send(future.await).unwrap() }));
    wait.recv_timeout(PATIENCE).expect("it comes to an end in time")
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The body of the answer to a request on a connection of its own.
fn http(address: SocketAddr, method: &str, query: &str, body: &str) -> String {
    let mut stream = connect(address);
    let length = body.len();
    let head = format!("{method} /socket.io/?EIO=4&{query} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n");
    write!(stream, "{head}Connection: close\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
    body.to_owned()
}

/// The next message that is no ping, which is answered.
fn hear(socket: &mut WebSocket<TcpStream>) -> String {
    loop {
        match socket.read().unwrap() {
            Message::Text(text) if text == "2" => socket.send(Message::text("3")).unwrap(),
            message => return message.to_string(),
        }
    }
}

fn say(socket: &mut WebSocket<TcpStream>, packet: &str) {
    socket.send(Message::text(packet.to_owned())).unwrap();
}

#[test]
fn a_round_trip_over_polling_and_after_the_upgrade_over_websocket() {
    let (io, address) = server();
    let open = http(address, "GET", "transport=polling", "");
    let (_, sid) = open.split_once(r#""sid":""#).unwrap();
    let sid = &sid[..20];
    let polling = format!("transport=polling&sid={sid}");
    let poll = || loop {
        match &*http(address, "GET", &polling, "") {
            "2" => assert_eq!(http(address, "POST", &polling, "3"), "ok"),
            other => break other.to_owned(),
        }
    };
    assert_eq!(http(address, "POST", &polling, "40"), "ok");
    let connected = poll();
    assert!(connected.starts_with(r#"40{"sid":""#), "{connected}");
    assert_eq!(http(address, "POST", &polling, r#"421["add slowly",1,2]"#), "ok");
    assert_eq!(poll(), "431[3]");

    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket&sid={sid}");
    let (mut socket, _) = tungstenite::client(url, connect(address)).unwrap();
    say(&mut socket, "2probe");
    assert_eq!(hear(&mut socket), "3probe");
    say(&mut socket, "5");
    for id in 0..100 {
        say(&mut socket, &format!(r#"42{id}["add",{id},1]"#));
        assert_eq!(hear(&mut socket), format!("43{id}[{}]", id + 1));
    }
    assert_eq!((io.session_count(), io.socket_count()), (1, 1));
    run(async move { io.close().await });
}

#[test]
fn many_messages_larger_than_the_buffers_of_a_connection() {
    let (io, address) = server();
    io.of("/")
        .on("echo", async |text: String, ack: Ack| ack.send_when_ready(text).await);
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    let (mut socket, _) = tungstenite::client(url, connect(address)).unwrap();
    assert!(hear(&mut socket).starts_with("0{"));
    say(&mut socket, "40");
    assert!(hear(&mut socket).starts_with("40{"));
    let text = "x".repeat(500_000);
    for _ in 0..8 {
        say(&mut socket, &format!(r#"427["echo","{text}"]"#));
    }
    for _ in 0..8 {
        assert_eq!(hear(&mut socket), format!(r#"437["{text}"]"#));
    }
}

#[test]
fn the_heartbeat_is_on_its_timer() {
    let (io, address) = server();
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    let (mut socket, _) = tungstenite::client(url, connect(address)).unwrap();
    assert!(hear(&mut socket).starts_with("0{"));
    for _ in 0..3 {
        assert_eq!(socket.read().unwrap(), Message::text("2"));
        say(&mut socket, "3");
    }
    assert_eq!(io.session_count(), 1);
}

#[test]
fn our_client_runs_on_it_too() {
    let (_io, address) = server();
    let sum = run(async move {
        let client = Client::<Own>::connect(format!("http://{address}")).await.unwrap();
        let (sum,): (i64,) = client
            .emit_with_ack("add slowly", (20, 22))
            .unwrap()
            .await
            .unwrap()
            .parse()
            .unwrap();
        while client.transport() != Some(TransportKind::WebSocket) {
            Own.sleep(Duration::from_millis(5)).await; // until it has upgraded
        }
        client.close().await;
        sum
    });
    assert_eq!(sum, 42);
}
