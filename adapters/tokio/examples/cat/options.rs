//! The command line.

use std::io::IsTerminal;
use std::time::Duration;

use serde_json::Value;
use socketio_tokio::{BoxError, Client, ClientTransports, Parser, Revision};

use crate::show::Show;
use crate::trace::Tracer;

pub(crate) const USAGE: &str = "\
usage: cat URL [options]

  --namespace NAME   which namespace to join; default: the path of the URL
  --auth JSON        what to show to be let in, an object
  --transport WAY    polling, websocket, or upgrade: polling first (default)
  --eio 3|4          the revision of Engine.IO; 3 for servers 1.x and 2.x
  --path PATH        the path of the server; default: /socket.io/
  --header 'A: b'    a header for each request; may be repeated
  --query A=B        a parameter for each request; may be repeated
  --parser WHICH     json (default) or msgpack
  --wait SECONDS     how long to stay after the last line of the input; default: 0
  --ack-timeout SECONDS
                     how long to wait then for acknowledgements; default: 10
  --trace            show each packet on the wire
  --no-reconnect     give up when the connection is lost
  --colour, --no-colour

then type: EVENT ARG ARG…   each argument JSON or a plain word
           ? EVENT ARG…     the same, and wait for an acknowledgement";

/// What the command line says.
pub(crate) struct Options {
    url: String,
    namespace: Option<String>,
    auth: Option<Value>,
    transports: ClientTransports,
    revision: Revision,
    path: Option<String>,
    headers: Vec<(String, String)>,
    query: Vec<(String, String)>,
    parser: Parser,
    trace: bool,
    reconnect: bool,
    pub(crate) wait: Duration,
    pub(crate) ack_timeout: Duration,
    pub(crate) colours: bool,
}

impl Options {
    /// Reads the command line; nothing if it asks for help.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, BoxError> {
        let mut options = Self {
            url: String::new(),
            namespace: None,
            auth: None,
            transports: ClientTransports::default(),
            revision: Revision::V4,
            path: None,
            headers: Vec::new(),
            query: Vec::new(),
            parser: Parser::default(),
            trace: false,
            reconnect: true,
            wait: Duration::ZERO,
            ack_timeout: Duration::from_secs(10),
            colours: std::io::stdout().is_terminal(),
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match &*word {
                "-h" | "--help" => return Ok(None),
                "--namespace" => options.namespace = Some(value()?),
                "--auth" => options.auth = Some(serde_json::from_str(&value()?)?),
                "--transport" => {
                    options.transports = match &*value()? {
                        "polling" => ClientTransports::Polling,
                        "websocket" => ClientTransports::WebSocket,
                        "upgrade" => ClientTransports::PollingThenWebSocket,
                        other => return Err(format!("no transport: {other}").into()),
                    };
                }
                "--eio" => {
                    options.revision = match &*value()? {
                        "3" => Revision::V3,
                        "4" => Revision::V4,
                        other => return Err(format!("no revision of Engine.IO: {other}").into()),
                    };
                }
                "--path" => options.path = Some(value()?),
                "--header" => options.headers.push(pair(&value()?, ':')?),
                "--query" => options.query.push(pair(&value()?, '=')?),
                "--parser" => {
                    options.parser = match &*value()? {
                        "json" => Parser::default(),
                        "msgpack" => Parser::msgpack(),
                        other => return Err(format!("no parser: {other}").into()),
                    };
                }
                "--wait" => options.wait = Duration::try_from_secs_f64(value()?.parse()?)?,
                "--ack-timeout" => options.ack_timeout = Duration::try_from_secs_f64(value()?.parse()?)?,
                "--trace" => options.trace = true,
                "--no-reconnect" => options.reconnect = false,
                "--colour" => options.colours = true,
                "--no-colour" => options.colours = false,
                _ if word.starts_with('-') => return Err(format!("no option: {word}").into()),
                _ if options.url.is_empty() => options.url = word,
                _ => return Err(format!("one URL, not two: {word}").into()),
            }
        }
        if options.url.is_empty() {
            return Err("which server?".into());
        }
        Ok(Some(options))
    }

    /// The client that they describe.
    pub(crate) fn client(&self, show: Show) -> Result<Client, BoxError> {
        let url = match self.url.contains("://") {
            true => self.url.clone(),
            false => format!("http://{}", self.url),
        };
        let mut builder = Client::builder(url).transports(self.transports).revision(self.revision);
        builder = builder.reconnection(self.reconnect).parser(self.parser.clone());
        if let Some(path) = &self.path {
            builder = builder.path(path);
        }
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        for (name, value) in &self.query {
            builder = builder.query(name, value);
        }
        if let Some(auth) = &self.auth {
            builder = builder.auth(auth);
        }
        if self.trace {
            let tracer = Tracer::new(show);
            builder = builder.trace(move |direction, transport, packet| tracer.packet(direction, transport, packet));
        }
        let client = builder.build()?;
        Ok(match &self.namespace {
            Some(namespace) => client.of(namespace),
            None => client,
        })
    }
}

fn pair(text: &str, between: char) -> Result<(String, String), BoxError> {
    let (name, value) = text
        .split_once(between)
        .ok_or_else(|| format!("no {between} in {text}"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
