//! Talks to any Socket.IO server from the command line: `cargo run -p socketio-tokio --example cat -- http://localhost:3000/chat`.
//!
//! What the server emits is printed. A line that is typed is emitted: the event's name, then its arguments, each of them JSON or a plain
//! word; `?` before the name waits for an acknowledgement. See `options.rs`, or `--help`, for the rest.

mod line;
mod options;
mod show;
mod trace;

use std::process::ExitCode;

use options::{Options, USAGE};
use show::Show;
use socketio_tokio::{BoxError, Client, ClientEvent, Events, Tokio};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            return ExitCode::from(64);
        }
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            let mut source = error.source();
            while let Some(error) = source {
                eprintln!("  {error}");
                source = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), BoxError> {
    let show = Show::new(options.colours);
    let client = options.client(show)?;
    let events = client.events();
    let result = tokio::select! {
        biased;
        result = talk(&client, &options, show) => result,
        () = print(&client, &events, show) => Err("the connection is gone for good".into()),
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    client.close().await;
    print(&client, &events, show).await; // what is left
    result
}

/// Prints what happens, until nothing happens any more by itself.
async fn print(client: &Client, events: &Events<Tokio>, show: Show) {
    while let Some(event) = events.next().await {
        show.event(&event);
        match event {
            // The server need not wait for an answer that nobody types.
            ClientEvent::Event { ack, .. } => drop(ack.send(())),
            ClientEvent::Disconnected(_) | ClientEvent::ConnectError(_) if !client.is_active() => return,
            _ => {}
        }
    }
}

/// Emits what is typed, to the end of it.
async fn talk(client: &Client, options: &Options, show: Show) -> Result<(), BoxError> {
    client.open().await?;
    let mut lines = lines();
    let mut answers = JoinSet::new();
    while let Some(text) = lines.recv().await {
        if let Err(error) = say(client, &text, show, &mut answers) {
            show.problem(&error.to_string());
        }
    }
    let _ = tokio::time::timeout(options.ack_timeout, async {
        while answers.join_next().await.is_some() {}
    })
    .await;
    tokio::time::sleep(options.wait).await;
    Ok(())
}

/// Emits what was typed.
fn say(client: &Client, text: &str, show: Show, answers: &mut JoinSet<()>) -> Result<(), BoxError> {
    let Some(line) = line::parse(text)? else { return Ok(()) };
    if line.ack {
        let answer = client.emit_with_ack(&line.event, &line.args)?;
        answers.spawn(async move { show.answer(&line.event, answer.await) });
    } else {
        client.emit(&line.event, &line.args)?;
    }
    Ok(())
}

/// What is typed. A thread waits for it, because the runtime could not end while it does.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break; // nobody wants more
            }
        }
    });
    receiver
}
