//! Both sides, the network between them, and time.

use std::sync::Arc;
use std::time::Duration;

use engineio_proto::Instant;
use engineio_proto::client::{Config as EngineConfig, Transports};
use socketio_proto::Parser;
use socketio_proto::client::{Config, Connection};
use socketio_proto::server;
use socketio_proto::server::hub::recovery::RecoveryConfig;

use crate::chance::Chance;
use crate::client::Client;
use crate::counts::Counts;
use crate::ledger::Ledger;
use crate::network::Network;
use crate::script::Script;
use crate::server::Host;
use crate::trace::Trace;

/// More than anything puts out at once.
pub const TOO_MANY: usize = 20_000;

#[derive(Debug)]
pub struct World {
    pub script: Script,
    pub now: Instant,
    pub clients: Vec<Client>,
    pub host: Host,
    pub network: Network,
    pub ledger: Ledger,
    pub trace: Trace,
    pub chance: Chance,
    /// Nobody lets anybody wait for an answer any more.
    pub is_prompt: bool,
    /// From when on nothing has gone wrong on the network.
    pub calm_since: Option<Instant>,
    pub counts: Counts,
}

/// How a run begins, goes and ends.
impl World {
    pub fn new(script: Script) -> Self {
        let now = Instant::ORIGIN;
        let settings = &script.settings;
        let parser = if settings.msgpack {
            Parser::msgpack()
        } else {
            Parser::default()
        };
        let mut engine = engineio_proto::Config::default();
        engine.allow_eio3 = true;
        engine.allow_upgrades = settings.upgrades;
        engine.ping_interval = settings.ping_interval;
        engine.ping_timeout = settings.ping_timeout;
        engine.max_payload = settings.max_payload;
        engine.send_capacity = settings.send_capacity;
        engine.receive_capacity = settings.receive_capacity;
        engine.volatile_capacity = settings.volatile_capacity;
        engine.upgrade_timeout = settings.upgrade_timeout;
        engine.close_timeout = settings.close_timeout;
        let mut config = server::Config::default();
        config.connect_timeout = settings.connect_timeout;
        config.max_attachments = settings.max_attachments;
        config.parser = parser.clone();
        config.max_pending_acks = settings.max_pending_acks;
        let mut chance = Chance::new(!script.seed);
        let mut world = Self {
            now,
            clients: Vec::new(),
            host: Host::new(Arc::new(config), Arc::new(engine)),
            network: Network::new(settings.latency, Chance::new(chance.draw())),
            ledger: Ledger::default(),
            trace: Trace::new(),
            chance,
            is_prompt: false,
            calm_since: script.calm.then_some(now),
            counts: Counts::default(),
            script,
        };
        // Those who break the rules have a machine, too, but do not use it.
        let count = world.script.settings.clients.len() + world.script.settings.liars.len();
        let clients = (0..count).map(|client| Client::new(now, world.machine_of_client(client, 0)));
        world.clients = clients.collect();
        world.begin_host();
        world
    }

    /// The machine of a client that begins now, for the first time or again.
    pub fn machine_of_client(&self, client: usize, lives: u64) -> Connection {
        let settings = &self.script.settings;
        let liar = || (Transports::Polling, settings.liars[client - settings.clients.len()]);
        let (transports, revision) = settings.clients.get(client).copied().unwrap_or_else(liar);
        let mut engine = EngineConfig::default();
        engine.transports = transports;
        engine.revision = revision;
        engine.receive_capacity = settings.receive_capacity;
        engine.send_capacity = settings.send_capacity;
        engine.volatile_capacity = settings.volatile_capacity;
        let mut config = Config::default();
        config.engine = Arc::new(engine);
        config.parser = self.host.config.parser.clone();
        config.buffer_capacity = settings.buffer_capacity;
        config.max_pending_acks = settings.max_pending_acks;
        config.reconnection_attempts = settings.reconnection_attempts;
        config.retries = 2;
        config.ack_timeout = Some(Duration::from_secs(1));
        let ahead = self.clients.get(client).map_or(Duration::ZERO, |client| client.ahead);
        let seed = self.script.seed ^ client as u64 ^ (lives << 32);
        Connection::new(self.now + ahead, Arc::new(config), seed)
    }

    /// The whole run. It panics where something does not hold.
    pub fn run(&mut self) {
        for index in 0..self.script.steps.len() {
            let step = self.script.steps[index];
            self.advance(step.wait);
            self.apply(step.action);
            self.pump();
        }
        self.heal();
        self.part();
    }

    pub fn begin_host(&mut self) {
        let settings = &self.script.settings;
        let recovery = settings.recovery.then(|| {
            let mut config = RecoveryConfig::default();
            config.capacity = settings.recovery_capacity;
            config.max_disconnection_duration = settings.recovery_window;
            config.detection = settings.ping_interval + settings.ping_timeout;
            config
        });
        let entropy = self.chance.draw();
        self.host.begin(recovery, entropy);
    }
}
