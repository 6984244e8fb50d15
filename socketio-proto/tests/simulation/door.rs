//! How clients that break the rules reach the server: requests of their own making, at once.

use bytes::Bytes;
use engineio_proto::ExchangeId;
use socketio_proto::server::Connection;

use crate::lies::{Knock, Sid};
use crate::world::World;

/// How many sessions one of them has at once.
const SESSIONS: usize = 3;

/// Without a session.
impl World {
    pub fn arrive(&mut self, client: usize, websocket: bool) {
        let sessions = &self.host.sessions;
        let mine = self
            .host
            .live
            .iter()
            .filter(|session| sessions[**session].client == client);
        if mine.count() >= SESSIONS {
            return;
        }
        let liar = client - self.script.settings.clients.len();
        let revision = self.script.settings.liars[liar].number();
        let transport = if websocket { "websocket" } else { "polling" };
        let exchange = self.exchange_of(client);
        let jsonp = self.script.settings.wide && revision == 3 && !websocket && self.chance.percent(50);
        let jsonp = if jsonp { "&j=0" } else { "" };
        let query = format!("EIO={revision}&transport={transport}{jsonp}");
        self.server_request(exchange, "GET", &query, websocket, false);
        self.pump();
    }

    /// A request that is refused, and does nothing to the session that it names.
    pub fn knock(&mut self, client: usize, knock: Knock, number: usize) {
        let own = self.session_of(client, number);
        let over = self.host.sessions.iter().find(|session| session.machine.is_none());
        let sid = match knock.sid {
            Sid::None => None,
            Sid::Never => Some("AAAAAAAAAAAAAAAAAAAA"),
            Sid::Over => over.map(|session| session.sid.as_str()),
            Sid::Own => own.map(|session| self.host.sessions[session].sid.as_str()),
        };
        if sid.is_none() && knock.sid != Sid::None {
            return;
        }
        let query = format!("{}&sid={}", knock.query, sid.unwrap_or_default());
        let was_open = own.map(|session| self.machine(session).is_open());
        let exchange = self.exchange_of(client);
        self.server_request(exchange, knock.method, &query, knock.websocket, false);
        let refused = self.host.refused.take();
        assert_eq!(refused, Some((exchange, knock.code)), "{knock:?} is refused");
        assert_eq!(
            was_open,
            own.map(|session| self.machine(session).is_open()),
            "{knock:?}"
        );
        self.counts.lies += 1;
    }
}

/// In a session.
impl World {
    pub fn post(&mut self, session: usize, mut body: Bytes) {
        if self.host.sessions[session].jsonp {
            let mut form = b"d=".to_vec();
            form.extend(form_urlencoded::byte_serialize(&body).flat_map(str::bytes));
            body = form.into();
        }
        let exchange = self.request(session, "POST", false);
        self.server_body(exchange, body);
    }

    pub fn request(&mut self, session: usize, method: &str, binary: bool) -> usize {
        let exchange = self.exchange_of(self.host.sessions[session].client);
        let query = self.query(session, "polling");
        self.server_request(exchange, method, &query, false, binary);
        exchange
    }

    /// One more WebSocket for a session.
    pub fn probe(&mut self, session: usize) {
        let exchange = self.exchange_of(self.host.sessions[session].client);
        let query = self.query(session, "websocket");
        self.server_request(exchange, "GET", &query, true, false);
    }

    /// The WebSocket that was opened for a session and is not its own.
    pub fn probe_of(&self, session: usize) -> Option<usize> {
        let own = self.machine(session).websocket();
        let is_it =
            |exchange: &usize| self.network.exchanges[*exchange].websocket && own != Some(ExchangeId(*exchange as u64));
        self.open_of(session).find(is_it)
    }

    /// Whether a request of long-polling waits.
    pub fn polls(&self, session: usize) -> bool {
        self.open_of(session)
            .any(|exchange| !self.network.exchanges[exchange].websocket)
    }

    /// The exchanges of a session that are not over.
    pub fn open_of(&self, session: usize) -> impl Iterator<Item = usize> {
        let exchanges = &self.network.exchanges;
        let is_open = move |exchange: &usize| {
            let exchange = &exchanges[*exchange];
            exchange.session == Some(session) && exchange.server_open
        };
        self.network.live.iter().copied().filter(is_open)
    }

    /// A session of a client.
    pub fn session_of(&self, client: usize, number: usize) -> Option<usize> {
        let sessions = &self.host.sessions;
        let live = self.host.live.iter().copied();
        let mine: Vec<_> = live.filter(|session| sessions[*session].client == client).collect();
        Some(mine[number.checked_rem(mine.len())?])
    }

    /// The socket that a session has in a namespace.
    pub fn place_in(&self, session: usize, namespace: usize) -> Option<usize> {
        let mut places = self.host.sessions[session].places.iter().map(|(_, place)| *place);
        places.find(|place| self.ledger.places[*place].live && self.ledger.places[*place].namespace == namespace)
    }

    pub fn machine(&self, session: usize) -> &Connection {
        let machine = self.host.sessions[session].machine.as_ref();
        machine.expect("a session that is not over")
    }

    /// An exchange of which its client hears nothing.
    pub fn exchange_of(&mut self, client: usize) -> usize {
        let id = ExchangeId(u64::MAX - self.network.exchanges.len() as u64);
        let exchange = self.network.begin(self.now, client, id);
        self.network.exchanges[exchange].client_open = false;
        exchange
    }

    fn query(&self, session: usize, transport: &str) -> String {
        let machine = self.machine(session);
        let (revision, sid) = (machine.revision().number(), machine.sid());
        format!("EIO={revision}&transport={transport}&sid={}", sid.as_str())
    }
}
