//! What is printed.

use std::fmt::Display;

use socketio_tokio::{AckError, Args, ClientEvent};

const RED: &str = "31";
const GREEN: &str = "32";
const CYAN: &str = "36";
const GREY: &str = "90";

/// Prints lines, in colours for those who see them.
#[derive(Clone, Copy)]
pub(crate) struct Show {
    colours: bool,
}

impl Show {
    pub(crate) const fn new(colours: bool) -> Self {
        Self { colours }
    }

    pub(crate) fn event(self, event: &ClientEvent) {
        match event {
            ClientEvent::Connected { recovered: false } => self.line(GREEN, "connected"),
            ClientEvent::Connected { recovered: true } => self.line(GREEN, "connected, as who it was before"),
            ClientEvent::ConnectError(error) => self.problem(&error.to_string()),
            ClientEvent::Event { name, args, ack } => {
                let wants = if ack.is_expected() {
                    " (wants an acknowledgement)"
                } else {
                    ""
                };
                println!("{}{}{wants}", self.paint(CYAN, name), arguments(args));
            }
            ClientEvent::Disconnected(reason) => self.line(RED, format!("disconnected: {reason}")),
            ClientEvent::Reconnecting { attempt, delay } => {
                self.line(GREY, format!("attempt {attempt} to reconnect in {delay:.1?}"));
            }
            other => self.line(GREY, format!("{other:?}")),
        }
    }

    pub(crate) fn answer(self, event: &str, answer: Result<Args, AckError>) {
        match answer {
            Ok(args) => println!("{}{}", self.paint(CYAN, format!("? {event}")), arguments(&args)),
            Err(error) => self.problem(&format!("? {event}: {error}")),
        }
    }

    pub(crate) fn problem(self, what: &str) {
        self.line(RED, what);
    }

    pub(crate) fn aside(self, what: &str) {
        self.line(GREY, what);
    }

    fn line(self, colour: &str, what: impl Display) {
        println!("{}", self.paint(colour, what));
    }

    fn paint(self, colour: &str, what: impl Display) -> String {
        let what = printable(&what.to_string());
        if self.colours {
            format!("\x1b[{colour}m{what}\x1b[0m")
        } else {
            what
        }
    }
}

/// Each as JSON; of bytes, how many there are.
pub(crate) fn arguments(args: &Args) -> String {
    let mut text = String::new();
    for arg in args {
        text.push(' ');
        text.push_str(&printable(arg.as_json()));
    }
    for (number, bytes) in args.attachments().iter().enumerate() {
        text.push_str(&format!(" [{number}: {} bytes]", bytes.len()));
    }
    text
}

/// A server must not be able to move the cursor of whoever looks.
fn printable(text: &str) -> String {
    let escape = |c: char| match c {
        c if c.is_control() => c.escape_unicode().to_string(),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}
